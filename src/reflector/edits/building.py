"""From one suggestion to one draft of an edit."""

from __future__ import annotations

from reflector.edits.additions import draft_addition, unplaced
from reflector.edits.drafts import Draft
from reflector.edits.passages import Passages
from reflector.edits.removals import draft_removal
from reflector.edits.replacements import draft_modification
from reflector.edits.restructuring import draft_restructuring
from reflector.reflection.models import Suggestion, SuggestionType

__all__ = ["build_draft"]

_MAX_TEXT = 100_000


def build_draft(passages: Passages, index: int, suggestion: Suggestion) -> Draft:
    """Return the edit that a suggestion asks for, or a closed draft that says why there is none."""
    size = len(suggestion.specific_text or "")
    if size > _MAX_TEXT + 2 * len(passages.prompt):
        return unplaced(index, suggestion, f"its text of {size} characters is too long for this prompt", "")
    builder = {
        SuggestionType.ADD: draft_addition,
        SuggestionType.MODIFY: draft_modification,
        SuggestionType.REMOVE: draft_removal,
        SuggestionType.RESTRUCTURE: draft_restructuring,
    }[suggestion.type]
    return builder(passages, index, suggestion)
