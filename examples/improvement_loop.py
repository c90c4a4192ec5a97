"""An improvement loop of your own: run, score, reflect, keep what scores better."""

import anyio

import reflector as rf


def run_agent(prompt: str, question: str) -> list[dict[str, str]]:
    """Stand in for your agent: it answers with a unit only when its prompt asks for one."""
    answer = "42 km" if "unit" in prompt else "42"
    return [
        {"role": "system", "content": prompt},
        {"role": "user", "content": question},
        {"role": "assistant", "content": answer},
    ]


def score(run: list[dict[str, str]]) -> float:
    return float(run[-1]["content"].endswith("km"))


async def critic(messages: list[dict[str, str]]) -> str:
    """Stand in for a language model: any function from messages to text is one."""
    return """{"analysis": "The answer 42 lacks its unit because the prompt never asks for one.",
        "root_causes": ["The prompt does not say that answers need a unit."],
        "suggestions": [{"type": "add", "category": "constraint", "priority": "high",
            "description": "Ask for the unit.", "rationale": "Step 2 answers 42 without km.",
            "specific_text": "Always state the unit."}],
        "expected_improvement": "Answers carry their unit."}"""


async def main() -> None:
    prompt, question = "You are a travel guide. Answer briefly.", "How far is it from Aarhus to Horsens?"
    best = score(run_agent(prompt, question))
    while best < 1.0:
        run = rf.Trajectory.from_openai_messages(run_agent(prompt, question))
        failed = run.with_outcome("failure", feedback="the unit is missing")
        candidate = (await rf.reflect(failed, model=critic)).improved_prompt
        if (result := score(run_agent(candidate, question))) <= best:
            break
        prompt, best = candidate, result
    print(f"score {best}\n{prompt}")


anyio.run(main)
