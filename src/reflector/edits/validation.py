"""Whether a draft may be made: what it costs the prompt is checked before anything is changed."""

from __future__ import annotations

from collections import Counter

from reflector.edits.drafts import Draft
from reflector.edits.edit import EditStatus
from reflector.edits.passages import Span, spans_overlap
from reflector.edits.structure import find_placeholders

__all__ = ["lost_placeholders", "validated"]


def validated(draft: Draft, prompt: str, placeholders: list[Span]) -> Draft:
    """Return the draft, closed if it would cost the prompt a placeholder."""
    if not draft.is_open or draft.span is None or draft.place is not None:
        return draft
    lost = lost_placeholders(prompt, draft.span, draft.content, placeholders)
    if not lost:
        return draft
    names = ", ".join(dict.fromkeys(lost))
    return draft.closed(EditStatus.DROPPED, f"it would remove the placeholder {names}, which must stay")


def lost_placeholders(prompt: str, span: Span, content: str, placeholders: list[Span]) -> list[str]:
    """Return the placeholders that stand in `span`, or are cut by it, and are missing from `content`.

    A tag that is only mentioned, and stands elsewhere too, may go; half of a pair may not.
    """
    touched = [place for place in placeholders if spans_overlap(place, span)]
    if not touched:
        return []
    kept = Counter(content[a:b] for a, b in find_placeholders(content))
    inside = Counter(prompt[a:b] for a, b in touched)
    everywhere = Counter(prompt[a:b] for a, b in placeholders)
    lost: list[str] = []
    for start, end in touched:
        name = prompt[start:end]
        is_cut = start < span[0] or end > span[1]
        if is_cut or (not kept[name] and not (name[0] == "<" and _may_go(name, inside, everywhere))):
            lost.append(name)
    return lost


def _may_go(tag: str, inside: Counter[str], everywhere: Counter[str]) -> bool:
    bare = tag.strip("</>")
    opening, closing = f"<{bare}>", f"</{bare}>"
    stays = everywhere[tag] > inside[tag]
    is_pair = everywhere[closing] > 0
    leaves_balance = (
        not is_pair or everywhere[opening] - inside[opening] >= everywhere[closing] - inside[closing]
    )
    return stays and leaves_balance and (inside[closing] == 0 or inside[opening] >= inside[closing])
