"""An open conflict in words: what clashes, what each edit does, and what has to be decided."""

from __future__ import annotations

from collections.abc import Sequence

from reflector._text import fenced, one_line, shorten
from reflector.edits.drafts import Draft
from reflector.edits.edit import ConflictType

__all__ = ["question_about", "what_clashes"]

_LONGEST = 2_000
_WHY = {
    ConflictType.OVERLAPPING: "they change the same text",
    ConflictType.CONTRADICTORY: "one asks for what another forbids or removes",
    ConflictType.DEPENDENT: "one stands beside a text that another removes",
}


def what_clashes(type: ConflictType, winner: Draft, loser: Draft) -> str:
    """Return what the loser of a conflict does to the winner."""
    if type is ConflictType.DEPENDENT and loser.span is not None:
        return f"would take away the text that {winner.id} belongs to"
    return {
        ConflictType.OVERLAPPING: f"changes the same text as {winner.id}",
        ConflictType.CONTRADICTORY: f"contradicts {winner.id}",
        ConflictType.DEPENDENT: f"cannot stand beside {winner.id}, which removes the text it belongs to",
    }[type]


def question_about(type: ConflictType, drafts: Sequence[Draft], prompt: str) -> str:
    """Return the question which of several edits should be made."""
    names = [draft.id for draft in drafts]
    either = f"{', '.join(names[:-1])} or {names[-1]}"
    told = "\n\n".join(_told(draft, prompt) for draft in drafts)
    return (
        f"These edits of one prompt cannot all be made: {_WHY[type]}.\n\n{told}\n\n"
        f"Which one should be made: {either}, or none of them?"
    )


def _told(draft: Draft, prompt: str) -> str:
    old = fenced(shorten(prompt[slice(*draft.span)], _LONGEST)) if draft.span else ""
    new = fenced(shorten(draft.content or draft.text, _LONGEST))
    if draft.place:
        what = f"adds this text ({one_line(draft.reason, 120)}):\n{new}"
    elif draft.content:
        what = f"replaces this passage:\n{old}\nby this one:\n{new}"
    else:
        what = f"removes this passage:\n{old}"
    why = one_line(draft.suggestion.rationale, 300)
    return f"{draft.id} (priority {draft.priority.value}) {what}" + (f"\nIts reason: {why}" if why else "")
