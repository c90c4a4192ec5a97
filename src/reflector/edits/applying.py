"""Carrying out edits: exact spans of the original are replaced, everything else is copied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from reflector.edits.edit import Edit
from reflector.errors import InvalidEditError

__all__ = ["Change", "apply_changes", "changes_of"]


@dataclass(frozen=True, slots=True)
class Change:
    """One replacement of characters. Several may begin at the same offset; their order is kept."""

    start: int
    end: int
    text: str
    edit: Edit
    order: int = 0


def changes_of(prompt: str, edits: Iterable[Edit]) -> list[Change]:
    """Return what the applied edits change in `prompt`, by offset; insertions at one offset in their order.

    Raises:
        InvalidEditError: If an edit's target text does not stand at its place, or two edits overlap.
    """
    changes: list[Change] = []
    for edit in edits:
        place = edit.location
        if not edit.is_made or place is None:
            continue
        if prompt[place.start : place.end] != edit.target_text:
            raise InvalidEditError(
                f"{edit.id}: expected {edit.target_text[:60]!r} at {place.start}:{place.end}, found "
                f"{prompt[place.start : place.end][:60]!r}. Plan the edits again for this prompt."
            )
        changes.append(Change(place.start, place.end, edit.content, edit, place.order))
    # At one offset insertions come before what replaces the characters behind it.
    changes.sort(key=lambda change: (change.start, change.end, change.order))
    for left, right in pairwise(changes):
        if left.end > right.start:
            raise InvalidEditError(
                f"{left.edit.id} and {right.edit.id} change the same characters "
                f"({left.start}:{left.end} and {right.start}:{right.end}); apply only one of them."
            )
    return changes


def apply_changes(prompt: str, changes: Sequence[Change]) -> str:
    """Return `prompt` with ordered, disjoint changes made."""
    pieces: list[str] = []
    at = 0
    for change in changes:
        pieces += (prompt[at : change.start], change.text)
        at = change.end
    return "".join((*pieces, prompt[at:])) if changes else prompt
