"""Answer instead of the model: spawn an agent for its requests. Nothing else changes."""

from pathlib import Path

import anyio

import reflector as rf


async def my_model(signal: rf.Signal, context: object) -> dict[str, str]:
    """Look at the question, and answer as text: a reflection is read from JSON and from text."""
    print("asked:", signal.data["messages"][-1]["content"].splitlines()[0])
    return {
        "content": "Root causes:\n- The limits of the tool are unknown.\n\n"
        "Suggestions:\n- Add a sentence that says each python call starts a new interpreter."
    }


async def main() -> None:
    async with rf.Runtime() as runtime:
        await runtime.spawn(my_model, name="my-model", handles="reflector.model.requested")
        reflection = await rf.reflect(Path(__file__).with_name("failed_run.json"), model="openai/any")
    print(reflection.root_causes)
    print(reflection.suggestions[0].description)


anyio.run(main)
