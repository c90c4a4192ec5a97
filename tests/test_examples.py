"""Every example runs offline and prints what it promises."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"

# Lines that each example must print, in this order.
EXPECTED = {
    "reflect_on_a_run.py": ["confidence: high", "- [high]", "+"],
    "improvement_loop.py": ["score 1.0", "You are a travel guide. Answer briefly.", "Always state the unit."],
    "feedback_over_runs.py": [
        "currency",
        "5 of 5 runs: run-1, run-2, run-3, run-4, run-5",
        "Give one total, not its parts.",
        "1 of 5 runs: run-2",
        "no currency: 100% of the runs, p = 0.00001",
    ],
    "resolve_conflicts.py": [
        "open: contradictory, edit_1 came first and both weigh the same",
        "decided: edit_2 was chosen: Prices change every hour.",
        "Never name the price.",
    ],
    "seed_usage.py": [
        "add - reasoning",
        "  Description: Ask for a check",
        "  Rationale:",
        "  Specific text: After each",
    ],
    "budget_and_ledger.py": [
        "reflection",
        "task",
        "total",
        " of $0.12; ",
        "a call to model_function (task) may take cost_usd=0.003038",
    ],
    "conversation.py": [
        "asked: These suggestions do not say exactly what to change: “Explain the tool”. Look at step 3",
        "turn (3,): Forbid to repeat what timed out",
        "turn (2,): Explain that each call starts anew",
        "+Never repeat a call that timed out",
        "the end: 3 turns",
    ],
    "pipeline.py": [
        "clifford_operation -> algebra",
        "code_evolution -> echo",
        "code_reflection -> model",
        "rollout -> program",
        "Say in the docstring what is returned",
        "model: the best of 2 capable providers, of quality 0.9",
        "team-a",
        "total",
    ],
    "replay_a_run.py": [
        "asked\nread_write: cached=False, calls=1",
        "replay: cached=True, calls=0",
        "the same: True",
    ],
    "record_your_agent.py": ["tool_failure", "+"],
    "your_own_model_agent.py": [
        "asked: # Failed Prompt Execution Analysis",
        "('The limits of the tool are unknown.',)",
        "each python call starts a new interpreter",
    ],
    "agents_and_signals.py": [
        "so far: 4",
        "so far: 9",
        "words.count.completed 9 | DONE by shout - the only capable provider",
    ],
    "journal_of_a_run.py": [
        "reflector.reflection.requested\n",
        "    reflector.model.requested\n",
        "        reflector.model.completed\n",
        "    reflector.reflection.completed\n",
    ],
    "simulated_world.py": [
        "seed prompt: 0.17   oracle: 0.92",
        "normalised gain: 0.9",
        "80 rollouts, 5 reflections",
    ],
    "optimize.py": [
        "- accepted",
        "validation: seed 0.",
        "test on 40 rows",
        "exact: 0.17 before, 0.9",
    ],
    "your_own_cluster.py": [
        "seed: 12 rollouts",
        "0.00 before, 1.00 after",
        "Follow rule 0.",
    ],
    "search_code.py": [
        "'wait before the next attempt' -> retry.py Retrier._wait",
        "'RetryBudget.take' -> retry.py RetryBudget.take",
        "references stay inside of a group",
    ],
    "read_the_signals.py": [
        "reflector.reflection.requested     caused by -",
        "reflector.model.requested          caused by reflector.reflection.requested",
        "reflector.model.completed          caused by reflector.model.requested",
        "reflector.reflection.completed     caused by reflector.reflection.requested",
        "one conversation: True",
    ],
}


def test_every_example_is_checked() -> None:
    assert {file.name for file in EXAMPLES.glob("*.py")} == set(EXPECTED)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_the_example_prints_what_it_promises(name: str, tmp_path: Path) -> None:
    environ = {
        key: value for key, value in os.environ.items() if not key.startswith(("REFLECTOR_", "OPENAI_"))
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name],
        cwd=tmp_path,
        env=environ | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rest = done.stdout
    for line in EXPECTED[name]:
        assert line in rest, f"{line!r} is not in what follows: {rest}"
        rest = rest.split(line, 1)[1]
