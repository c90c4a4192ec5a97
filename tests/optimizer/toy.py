"""A toy world: a row needs two of eight rules in the prompt; the reflecting model reads them out of the feedback."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import anyio.lowlevel

import reflector as rf

RULES = 8
ROWS = [{"input": f"task {row}", "rules": random.Random(row).sample(range(RULES), 2)} for row in range(40)]
SEED = "Answer the question."


async def rollout(candidate: Any, example: dict[str, Any]) -> list[int]:
    """Return the rules that the candidate does not tell of."""
    await anyio.lowlevel.checkpoint()
    return [rule for rule in example["rules"] if f"rule {rule}." not in candidate.text]


def score(example: dict[str, Any], missing: list[int]) -> rf.Score:
    return rf.Score(1 - len(missing) / 2, " ".join(f"Broken: rule {rule}." for rule in missing))


def model(messages: list[dict[str, str]]) -> str:
    """Suggest the rules that the runs broke and the prompt lacks."""
    text = messages[-1]["content"]
    told = set(re.findall(r"You must follow (rule \d\.)", text))
    broken = [rule for rule in dict.fromkeys(re.findall(r"Broken: (rule \d\.)", text)) if rule not in told]
    suggestions = [
        {
            "type": "add", "category": "constraint", "priority": "high", "description": f"Add {rule}",
            "rationale": "a run broke it", "specific_text": f"You must follow {rule}",
        }
        for rule in broken[:2]
    ]  # fmt: skip
    analysis = "The prompt does not tell the rules that the feedback names."
    return json.dumps(
        {"analysis": analysis, "root_causes": ["rules are missing"], "suggestions": suggestions}
    )
