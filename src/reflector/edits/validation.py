"""Whether a draft may be made: what it costs the prompt is checked before anything is changed."""

from __future__ import annotations

from collections import Counter

from reflector.edits.drafts import Draft
from reflector.edits.edit import EditStatus
from reflector.edits.passages import Span, spans_overlap
from reflector.edits.structure import find_placeholders

__all__ = ["jointly_validated", "lost_placeholders", "validated"]


def validated(draft: Draft, prompt: str, placeholders: list[Span]) -> Draft:
    """Return the draft, closed if it would cost the prompt a placeholder."""
    if not draft.is_open or draft.span is None or draft.place is not None:
        return draft
    lost = lost_placeholders(prompt, draft.span, draft.content, placeholders)
    if not lost:
        return draft
    names = ", ".join(dict.fromkeys(lost))
    return draft.closed(EditStatus.DROPPED, f"it would remove the placeholder {names}, which must stay")


def jointly_validated(drafts: list[Draft], prompt: str, placeholders: list[Span]) -> list[Draft]:
    """Return the drafts; the weakest are closed until every placeholder has one occurrence left.

    A tag that stands twice may be removed once, but not by two edits that each rely on the other one.
    """
    drafts = list(drafts)
    changing = [
        d for d in drafts if d.is_open and d.span is not None and d.place is None and not d.is_whole_prompt
    ]
    if len(changing) < 2:
        return drafts
    touched = [
        (place, d) for d in changing for place in placeholders if d.span and spans_overlap(place, d.span)
    ]
    everywhere = Counter(prompt[a:b] for a, b in placeholders)
    while touched:
        gone = Counter(prompt[a:b] for (a, b), _ in touched)
        kept = Counter(d.content[a:b] for d in changing for a, b in find_placeholders(d.content))
        lost = [name for name in gone if gone[name] >= everywhere[name] and not kept[name]]
        if not lost:
            break
        weakest = min(
            (d for (a, b), d in touched if prompt[a:b] == lost[0]), key=lambda d: (d.impact, -d.index)
        )
        reason = f"together with another edit it would remove the placeholder {lost[0]}, which must stay"
        drafts = [d.closed(EditStatus.DROPPED, reason) if d.index == weakest.index else d for d in drafts]
        changing = [d for d in changing if d.index != weakest.index]
        touched = [(place, d) for place, d in touched if d.index != weakest.index]
    return drafts


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
