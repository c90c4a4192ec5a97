"""Feedback over many runs: what several runs say in other words counts as one, and weighs more."""

import json

import anyio

import reflector as rf

PROMPT = "You are a bookkeeper. Answer questions about invoices."
ANSWERS = ["The total is 42.", "Total: 17 and 25", "It is 99.", "The sum is 12", "Please ask the shop."]


def critic(messages: list[dict[str, str]]) -> str:
    """Stand in for a language model: it words its advice differently for each run."""
    question = messages[-1]["content"]
    said = [
        "State the currency of every amount."
        if "Total" in question
        else "Always state the currency of each amount!"
    ]
    if "17 and 25" in question:
        said.append("Give one total, not its parts.")
    suggestions = [
        {
            "type": "add",
            "category": "constraint",
            "description": text,
            "rationale": "Step 2.",
            "specific_text": text,
        }
        for text in said
    ]
    return json.dumps(
        {
            "analysis": "The amounts have no currency.",
            "root_causes": ["no currency"],
            "suggestions": suggestions,
        }
    )


async def reflect(number: int, answer: str) -> rf.Reflection:
    messages = [{"role": "user", "content": "What does it cost?"}, {"role": "assistant", "content": answer}]
    run = rf.Trajectory.from_openai_messages(messages, id=f"run-{number}").with_outcome("failure")
    return await rf.reflect(run, prompt=PROMPT, model=critic)


async def main() -> None:
    reflections = [await reflect(number, answer) for number, answer in enumerate(ANSWERS[:4], 1)]
    feedback = rf.aggregate(reflections)
    stored = feedback.to_json()  # … and tomorrow, with one more run:
    feedback = rf.Feedback.from_json(stored).add(await reflect(5, ANSWERS[4]))
    for each in feedback.suggestions:
        print(f"{each.weight:.2f} {each.level}: {each.suggestion.description}")
        print(f"     {each.frequency} of {feedback.total} runs: {', '.join(each.sources)}")
    for pattern in feedback.failure_patterns:
        print(f"{pattern.description}: {pattern.frequency:.0%} of the runs, p = {pattern.p_value:.5f}")


anyio.run(main)
