"""Pay for a reflection once, then replay it: no server, no cost, the same result."""

import tempfile
from pathlib import Path

import anyio

import reflector as rf

RUN = Path(__file__).with_name("failed_run.json")
ANSWER = '{"analysis": "The prompt hides the limits of its tools.", "suggestions": ["Say that calls share nothing."]}'


async def expensive(messages: list[dict[str, str]]) -> str:
    print("asked")
    return ANSWER


async def reflect(mode: str, path: Path) -> rf.Reflection:
    with rf.AnswerStore(path, mode=mode) as store:
        model = rf.Model(expensive, store=store)
        reflection = await rf.Reflector(model).reflect(RUN)
        print(f"{mode}: cached={reflection.cached}, calls={reflection.usage.calls}")
        return reflection


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.db"
        recorded = await reflect("read_write", path)
        replayed = await reflect("replay", path)
    print("the same:", recorded.improved_prompt == replayed.improved_prompt)


anyio.run(main)
