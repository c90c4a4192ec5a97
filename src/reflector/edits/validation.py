"""What edits may not cost the prompt, nor bring to it: its placeholders, and the balance of its tags."""

from __future__ import annotations

import re
from collections import Counter

from reflector.edits.drafts import Draft, made
from reflector.edits.passages import Passages
from reflector.edits.sections import SectionKind
from reflector.edits.template import Placeholder
from reflector.edits.units import overlap

__all__ = ["Placeholders"]

_CONTEXT = 200
"""Characters beside an edit that are looked at: longer than any placeholder."""


class Placeholders:
    """The placeholders and tags of a prompt, and which edits they survive."""

    def __init__(self, passages: Passages) -> None:
        self._prompt = passages.prompt
        self._find = passages.template.find
        found = passages.template.found
        self._count = Counter(each.text for each in found)
        self._fields = {each.text: each for each in found if each.kind != "tag"}
        self._names = {(each.kind, each.name) for each in self._fields.values()}
        self._kinds = {each.kind for each in self._fields.values() if each.kind != "block"}
        self._elements = [s for s in passages.sections if s.kind is SectionKind.XML] if found else []

    def checked(self, drafts: list[Draft], *, together: bool) -> list[Draft]:
        """Return the drafts: a misspelt placeholder is put right; what would cost or invent one is dropped.

        Each is looked at alone, or together with all that are stronger: a tag that stands twice may be
        removed once, but not by two edits that each rely on the other one.
        """
        if not self._count:
            return drafts
        left = self._count
        checked: dict[str, Draft] = {}
        for draft in made(drafts):
            draft = draft if together else self._put_right(draft)
            lost, new = self._exchange(draft)
            why = self._why_not(draft, lost, new, left)
            if together and not why:
                left = Counter({text: left[text] + new[text] - lost[text] for text in left})
            checked[draft.id] = draft.dropped(why) if why else draft
        return [checked.get(draft.id, draft) for draft in drafts]

    def _why_not(self, draft: Draft, lost: Counter[str], new: Counter[str], left: Counter[str]) -> str | None:
        """Return why an edit must not be made, or None."""
        if gone := self._half(draft, new) or self._gone(lost, new, left):
            return f"it would remove the placeholder {gone}, which must stay"
        for each in self._find(" ".join(new)):
            if each.kind in self._kinds and (each.kind, each.name) not in self._names:
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
        before = Counter(each.text for each in self._find(head + prompt[start:end] + tail))
        after = Counter(each.text for each in self._find(head + draft.content + tail))
        return before - after, after - before

    def _put_right(self, draft: Draft) -> Draft:
        """Return the draft, a placeholder that is one of the prompt's but for its spelling written as there."""
        lost, new = self._exchange(draft)
        for each in self._find(" ".join(new)):
            if each.kind == "tag" or each.text in self._fields:
                continue
            alike = [own for text, own in self._fields.items() if _is_meant(own, each, text in lost)]
            if len(alike) == 1:
                right, wrong = alike[0].text, re.compile(re.escape(each.text) + r"(?!\w)")
                text, content = (
                    wrong.sub(right.replace("\\", "\\\\"), old) for old in (draft.text, draft.content)
                )
                told = f"{draft.reason}; {each.text} put right to {right}"
                draft = draft.replace(text=text, content=content, reason=told)
        return draft

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


def _is_meant(own: Placeholder, other: Placeholder, is_lost: bool) -> bool:
    """Whether another placeholder is a misspelling: the same but for syntax, case and signs, or part of one lost."""
    first, second = (re.sub(r"[\W_]+", "", each.name).lower() for each in (own, other))
    if first == second:
        return is_lost or (own.kind, own.name) != (other.kind, other.name)
    return is_lost and min(len(first), len(second)) >= 3 and (first in second or second in first)


def _imbalance(tag: str, count: Counter[str]) -> int:
    bare = tag.strip("</>")
    return abs(count[f"<{bare}>"] - count[f"</{bare}>"]) if count[f"</{bare}>"] else 0
