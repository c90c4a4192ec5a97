"""Run the rollouts yourself: the optimizer says what it wants run, you report what came of it, in any order."""

import json
import re

import anyio

import reflector as rf

ROWS = [{"input": f"order {number}", "needs": f"rule {number % 3}"} for number in range(12)]


def reflecting_model(messages):
    """Stands in for a model: suggest the rules that the runs lacked."""
    missing = sorted(set(re.findall(r"lacks (rule \d)", messages[-1]["content"])))
    suggestions = [
        {"type": "add", "category": "constraint", "priority": "high", "description": f"Add {rule}",
         "rationale": "a run lacked it", "specific_text": f"Follow {rule}."}
        for rule in missing
    ]  # fmt: skip
    return json.dumps(
        {"analysis": "Rules are missing.", "root_causes": ["no rules"], "suggestions": suggestions}
    )


def run_somewhere(prompt, example):
    """Stands in for a job of your cluster."""
    is_right = example["needs"] in prompt
    return rf.Rollout(
        "done", score=rf.Score(is_right, "" if is_right else f"The prompt lacks {example['needs']}.")
    )


async def main():
    async with (
        rf.Optimizer(
            "Handle the order.",
            rf.Examples(train=ROWS, val=ROWS),
            reflector=rf.Reflector(reflecting_model),
            budget=rf.Budget(rollouts=100),
        ) as optimizer,
        anyio.create_task_group() as jobs,
    ):
        async for work in optimizer.work():
            print(f"{work.purpose}: {len(work.examples)} rollouts")
            rollouts = [run_somewhere(work.candidate.text, example) for example in work.examples]
            jobs.start_soon(optimizer.report, work, rollouts)
        result = optimizer.result()
    print(f"{result.seed_score:.2f} before, {result.best_score:.2f} after")
    print(result.best.text)


anyio.run(main)
