"""Which edits are too weak, too many, or make the prompt too long."""

from __future__ import annotations

from collections.abc import Sequence

from reflector.edits.drafts import Draft, made
from reflector.edits.edit import Edit, EditConfig

__all__ = ["allowed_growth", "beyond_growth", "limited"]


def limited(drafts: list[Draft], config: EditConfig) -> list[Draft]:
    """Return the drafts; those below the least impact, or beyond the number allowed, are dropped."""
    dropped: dict[str, Draft] = {}
    for rank, draft in enumerate(made(drafts)):
        if draft.impact < config.min_impact:
            why = f"its impact {draft.impact:.2f} is below the minimum of {config.min_impact:.2f}"
        elif rank >= config.max_edits:
            why = f"more than {config.max_edits} edits; its impact {draft.impact:.2f} ranks behind theirs"
        else:
            continue
        dropped[draft.id] = draft.dropped(why)
    return [dropped.get(d.id, d) for d in drafts] if dropped else drafts


def allowed_growth(prompt: str, config: EditConfig) -> int | None:
    """Return how many characters longer the prompt may become; None for any number."""
    ratio = config.max_growth_ratio
    limits = (config.max_growth_chars, None if ratio is None else int(ratio * len(prompt)))
    return min((limit for limit in limits if limit is not None), default=None)


def beyond_growth(edits: Sequence[Edit], allowed: int) -> dict[str, str]:
    """Return the edits that do not fit into the growth allowed, each with the reason.

    What shortens the prompt makes room; the rest is taken by impact, so that the weakest additions are left out.
    """
    growth = {edit.id: len(edit.content) - len(edit.target_text) for edit in edits if edit.is_made}
    room = allowed - sum(by for by in growth.values() if by < 0)
    beyond: dict[str, str] = {}
    for id, by in growth.items():  # strongest first, as the edits of a plan are
        if by > 0 and by > room:
            beyond[id] = (
                f"it would make the prompt {by} characters longer, and only {max(room, 0)} are left for it"
            )
        elif by > 0:
            room -= by
    return beyond
