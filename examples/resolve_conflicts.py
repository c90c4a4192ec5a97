"""Two suggestions contradict each other: the plan says so, and a model decides."""

import anyio

import reflector as rf


def suggest(text: str, why: str) -> rf.Suggestion:
    return rf.Suggestion(
        type="add", category="constraint", description=text, specific_text=text, rationale=why
    )


async def judge(messages: list[dict[str, str]]) -> str:
    """Stand in for a language model: it reads the question and keeps one edit."""
    assert "edit_1 or edit_2" in messages[-1]["content"]
    return '{"keep": "edit_2", "text": "", "reason": "Prices change every hour."}'


async def main() -> None:
    reflection = rf.ParsedReflection(
        analysis="Some callers got a wrong price, some got none.",
        suggestions=(
            suggest("Always name the price.", "Run 1 was asked for it and gave none."),
            suggest("Never name the price.", "Run 2 gave one of yesterday."),
        ),
    )
    plan = rf.plan_edits(reflection, "You keep a shop. Call the caller {name}.")
    print(f"open: {plan.open_conflicts[0].type}, {plan.open_conflicts[0].reason}")
    decided = await rf.resolve_conflicts(plan, judge, max_calls=1)
    print(f"decided: {decided.conflicts[0].reason}")
    print(decided.apply())


anyio.run(main)
