"""Short ways to make suggestions and plans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reflector.edits.edit import EditConfig
from reflector.edits.plan import EditPlan
from reflector.edits.planning import plan_edits
from reflector.reflection.models import ParsedReflection, Suggestion

Suggest = Callable[..., Suggestion]
Plan = Callable[..., EditPlan]


@pytest.fixture
def suggest() -> Suggest:
    """Return a function that makes a suggestion: type, text, target section, and anything else by name."""

    def make(type: str, text: str | None = None, section: str | None = None, **fields: Any) -> Suggestion:
        given = {
            "category": "constraint",
            "description": text or "",
            "rationale": "because",
            "priority": "medium",
        }
        return Suggestion(type=type, specific_text=text, target_section=section, **(given | fields))

    return make


@pytest.fixture
def plan() -> Plan:
    """Return a function that plans suggestions for a prompt; options of `EditConfig` by name."""

    def make(prompt: str, *suggestions: Suggestion, **options: Any) -> EditPlan:
        reflection = ParsedReflection(analysis="", suggestions=suggestions)
        return plan_edits(reflection, prompt, config=EditConfig(**options))

    return make
