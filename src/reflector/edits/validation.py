"""What edits may not cost the prompt, nor bring to it: its placeholders, and the balance of its tags."""

from __future__ import annotations

from collections import Counter

from reflector.edits.drafts import Draft, made
from reflector.edits.lines import overlap
from reflector.edits.passages import Passages
from reflector.edits.sections import SectionKind

__all__ = ["Placeholders"]

_CONTEXT = 200
"""Characters beside an edit that are looked at: longer than any placeholder."""


class Placeholders:
    """The placeholders and tags of a prompt, and which edits they survive."""

    def __init__(self, passages: Passages) -> None:
        self._prompt = passages.prompt
        self._find = passages.template.find
        self._found = found = passages.template.found
        if not found:
            return
        self._count = Counter(each.text for each in found)
        self._fields = {each.text: each for each in found if each.kind != "tag"}
        self._names = {each.name for each in self._fields.values()}
        self._kinds = passages.template.kinds
        self._elements = [section for section in passages.sections if section.kind is SectionKind.XML]

    def drop_unsafe(self, drafts: list[Draft], *, together: bool) -> bool:
        """Drop the drafts that would cost the prompt a placeholder, or bring one; return whether there was any.

        Each is looked at alone, or together with all that are stronger: a tag that stands twice may be
        removed once, but not by two edits that each rely on the other one.
        """
        if not self._found:
            return False
        left, is_any = self._count, False
        for draft in made(drafts):
            lost, new = self._exchange(draft)
            if why := self._why_not(draft, lost, new, left):
                draft.drop(why)
                is_any = True
            elif together:
                left = Counter({text: left[text] + new[text] - lost[text] for text in left})
        return is_any

    def _why_not(self, draft: Draft, lost: Counter[str], new: Counter[str], left: Counter[str]) -> str | None:
        """Return why an edit must not be made, or None."""
        if gone := self._half(draft, new) or self._gone(lost, new, left):
            return f"it would remove the placeholder {gone}, which must stay"
        for each in self._find(" ".join(new)):
            if each.kind in self._kinds and each.name not in self._names:
                own = ", ".join(self._fields)
                return f"it would bring the placeholder {each.text}, which nothing fills in; the prompt has {own}"
        for element in self._elements:
            if new[f"</{element.name}>"] > new[f"<{element.name}>"]:
                return f"it would bring a second </{element.name}>, and so unbalance its tags"
        return None

    def _exchange(self, draft: Draft) -> tuple[Counter[str], Counter[str]]:
        """Return the placeholders that there are less of after an edit, and those that there are more of."""
        if draft.span is None:
            return Counter(), Counter(each.text for each in self._find(draft.text))
        (start, end), prompt = draft.span, self._prompt
        head, tail = prompt[max(0, start - _CONTEXT) : start], prompt[end : end + _CONTEXT]
        around = self._find(head + prompt[start:end] + tail)
        before = Counter(each.text for each in around)
        after = Counter(each.text for each in self._find(head + draft.content + tail))
        first, last = len(head), len(head) + end - start
        cut = Counter(each.text for each in around if each.is_cut_at(first) or each.is_cut_at(last))
        return (before - after) | cut, after - before

    def _half(self, draft: Draft, new: Counter[str]) -> str | None:
        """Return a tag of an element whose other tag an edit leaves."""
        for element in self._elements if draft.span else ():
            span = draft.span or (0, 0)
            opening = overlap((element.start, element.body_start), span)
            tag = f"<{element.name}>" if opening else f"</{element.name}>"
            if opening != overlap((element.body_end, element.end), span) and not new[tag]:
                return tag
        return None

    def _gone(self, lost: Counter[str], new: Counter[str], left: Counter[str]) -> str | None:
        """Return a placeholder that there is one less of, or a tag that is gone or has lost its partner."""
        after = Counter({text: left[text] + new[text] - lost[text] for text in left}) if lost else left
        for text in lost:
            is_loose = _imbalance(text, after) > _imbalance(text, self._count)
            if text in self._fields or after[text] <= 0 or is_loose:
                return text
        return None


def _imbalance(tag: str, count: Counter[str]) -> int:
    bare = tag.strip("</>")
    return abs(count[f"<{bare}>"] - count[f"</{bare}>"]) if count[f"</{bare}>"] else 0
