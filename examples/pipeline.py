"""From code to suggestions: index, plan, and one batch of many kinds for many providers. Offline; takes seconds."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import anyio

import reflector as rf

TREE = Path(rf.__file__).parent / "tasks"


def model(messages: list[dict[str, str]]) -> str:
    """Stand in for a language model: it answers in its format, and always says the same."""
    suggestion = {
        "type": "modify",
        "category": "clarity",
        "description": "Say in the docstring what is returned when nothing is found.",
        "rationale": "Callers have to read the code to know it.",
        "priority": "low",
    }
    return json.dumps(
        {"analysis": "It does what it says.", "suggestions": [suggestion], "confidence": "medium"}
    )


PROVIDERS = [
    rf.ProviderSpec(
        name="model", kind="model", model=model, accepts=["code_reflection"], quality=0.9, cost_in=1e-6, cost_out=4e-6,
        context_window=16_000, account="team-a",
    ),
    rf.ProviderSpec(name="rules", kind="rules"),  # where the model fails
    rf.ProviderSpec(name="algebra", kind="clifford"),
    rf.ProviderSpec(
        name="program", kind="stdio", accepts=["rollout"],
        command=[sys.executable, "-m", "reflector.cli", "provider", "echo", "--session"],
    ),
    rf.ProviderSpec(name="echo", kind="echo", accepts=["code_evolution"]),
]  # fmt: skip


async def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        await rf.CodeIndex.build(TREE, store=f"{folder}/i.db") as index,
    ):
        plan = rf.plan(
            index, task_type="code_reflection", similarity_threshold=0.7, max_tokens=4000, limit=20
        )
    batch = [
        *plan,
        rf.CliffordOperation(operation="create_vector_multivector", vector_values=[1, 2, 3]),
        rf.CodeEvolutionTask(code_snippet="x = 1\n"),
        rf.RolloutTask(components={"prompt": "Answer briefly."}, example={"n": 1}),
    ]
    ledger = rf.Ledger(names=("kind", "provider", "account"))
    done: dict[str, str] = {}
    async for result in rf.execute_all(batch, providers=PROVIDERS, policy="quality", ledger=ledger):
        done[result.task_type] = result.provider if result.status == "completed" else str(result.error)
        if result.id == plan[0].id:
            said, why = result.value.suggestions[0], result.decision
    for kind, provider in sorted(done.items()):
        print(f"{kind} -> {provider}")
    print(f"{said.place}: {said.description}")
    print(why)
    print(ledger)


anyio.run(main)
