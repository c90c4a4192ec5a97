"""What edits may not cost the prompt: its placeholders, and the balance of its tags."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter

from reflector.edits.drafts import Draft
from reflector.edits.passages import Passages
from reflector.edits.sections import SectionKind
from reflector.edits.structure import find_placeholders
from reflector.edits.units import overlap

__all__ = ["Placeholders"]


class Placeholders:
    """The placeholders and tags of a prompt, and which edits they survive."""

    def __init__(self, passages: Passages) -> None:
        places = find_placeholders(passages.prompt)
        self._starts = [start for start, _ in places]
        self._ends = [end for _, end in places]
        self._names = [passages.text(place) for place in places]
        self._count = Counter(self._names)
        self._elements = [s for s in passages.sections if s.kind is SectionKind.XML]

    def checked(self, drafts: list[Draft], *, together: bool) -> list[Draft]:
        """Return the drafts, those dropped that would cost a placeholder.

        Each is looked at alone, or together with all that are stronger: a tag that stands twice may be
        removed once, but not by two edits that each rely on the other one.
        """
        left = self._count
        dropped: dict[str, Draft] = {}
        for draft in sorted((d for d in drafts if d.is_made and d.span), key=lambda d: d.strength):
            taken = Counter(self._names[n] for n in self._touched(draft))
            given = Counter(draft.content[a:b] for a, b in find_placeholders(draft.content))
            after = Counter({name: left[name] + given[name] - taken[name] for name in left})
            if lost := self._broken(draft, given) or self._lost(taken, given, after):
                other = " together with another edit" if together else ""
                why = f"it would remove the placeholder {lost}{other}, which must stay"
                dropped[draft.id] = draft.dropped(why)
            elif together:
                left = after
        return [dropped.get(draft.id, draft) for draft in drafts]

    def _touched(self, draft: Draft) -> range:
        """Return the numbers of the placeholders that share characters with the span of an edit."""
        start, end = draft.span or (0, 0)
        return range(bisect_right(self._ends, start), bisect_left(self._starts, end))

    def _broken(self, draft: Draft, given: Counter[str]) -> str | None:
        """Return a placeholder that an edit cuts, or a tag of an element whose other tag it leaves."""
        span = draft.span or (0, 0)
        for number in self._touched(draft):
            if self._starts[number] < span[0] or self._ends[number] > span[1]:
                return self._names[number]
        for element in self._elements:
            opening = overlap((element.start, element.body_start), span)
            tag = f"<{element.name}>" if opening else f"</{element.name}>"
            if opening != overlap((element.body_end, element.end), span) and not given[tag]:
                return tag
        return None

    def _lost(self, taken: Counter[str], given: Counter[str], after: Counter[str]) -> str | None:
        """Return a placeholder that is not given back, or a tag that is gone or has lost its partner."""
        for name in taken:
            is_tag = name.startswith("<")
            if after[name] <= 0 or (not is_tag and not given[name]):
                return name
            if is_tag and _imbalance(name, after) > _imbalance(name, self._count):
                return name
        return None


def _imbalance(tag: str, count: Counter[str]) -> int:
    bare = tag.strip("</>")
    return abs(count[f"<{bare}>"] - count[f"</{bare}>"]) if count[f"</{bare}>"] else 0
