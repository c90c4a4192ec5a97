"""What tags and labels say about a suggestion in passing: `[HIGH]`, `(clarity, low)`, `P1:`, `🔴`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reflector.reflection.headings import Field, field_of
from reflector.reflection.models import Priority, SuggestionCategory, SuggestionType
from reflector.reflection.text_lines import split_label, strip_emphasis
from reflector.reflection.vocabulary import match_category, match_priority, match_type

__all__ = [
    "NO_HINTS",
    "QUOTES",
    "Hints",
    "clean_value",
    "group_hints",
    "hint_for",
    "hints_of",
    "opens_with_tag",
    "take_tags",
]


@dataclass(frozen=True, slots=True)
class Hints:
    """What headings and tags say about the suggestions below them."""

    type: SuggestionType | None = None
    category: SuggestionCategory | None = None
    priority: Priority | None = None

    def over(self, other: Hints) -> Hints:
        """Return these hints, and `other`'s where these say nothing."""
        return Hints(
            self.type or other.type, self.category or other.category, self.priority or other.priority
        )

    def __bool__(self) -> bool:
        return bool(self.type or self.category or self.priority)


NO_HINTS = Hints()
_WRAPPED = re.compile(r"^(?:\"\"\"|'''|```\w*)\s*|\s*(?:\"\"\"|'''|```)$")
QUOTES = {
    '"': '"',
    "'": "'",
    "“": "”",
    "„": "“",
    "«": "»",
    "「": "」",
    "『": "』",
    "`": "`",
    "‘": "’",
    "”": "”",
}


def clean_value(value: str) -> str:
    """Return a field's value without block marks, surrounding quotes and emphasis."""
    value = value.strip()
    if value and value[0] in "|>" and (value[1:2] in "\n-+" or len(value) == 1):
        folded, _, rest = value.partition("\n")
        value = rest.strip() if folded[0] == "|" else " ".join(rest.split())
    value = _WRAPPED.sub("", value).strip()
    value = strip_emphasis(value.removesuffix(",") if value[:1] in QUOTES else value)
    closing = QUOTES.get(value[:1])
    if closing and len(value) > 1 and value[-1] in (closing, "”") and closing not in value[1:-1]:
        value = value[1:-1].strip()
        if "\\" in value:
            value = value.replace("\\n", "\n").replace('\\"', '"')
    return value


_OPEN_TAG = re.compile(
    r"\s*(?:\*\*|`)?\s*(?:[\[(【（{]([^\[\](){}【】（）]{1,60})[\])】）}]|(P[0-4])\b)\s*(?:\*\*|"
    r"`)?\s*(?:[:：–—-]+(?=\s))?\s*",
    re.IGNORECASE,
)
_CLOSE_TAG = re.compile(
    r"\s*(?:[\[(【（]([^\[\](){}【】（）]{1,60})[\])】）]|\s[–—|-]+\s*((?:[\w ]+:\s*)?\w+(?: priority|"
    r" impact)?))\s*\.?$",
    re.IGNORECASE,
)
_COLOUR = re.compile(r"\s*([🔴🟠🟡🟢🔵🟥🟧🟨🟩🟦⚪🔥🚨⬆⬇🔺🔻])\ufe0f?\s*")
_TAG_PARTS = re.compile(r"[,;/|·•&+，、；]|\s[–—-]\s|\s(?:and|und|et|y|e|и)\s")
_TAG_NOISE = re.compile(
    r"\b(?:priority|impact|importance|severity|type|category|prioridad|prioridade|priorité|priorität|"
    r"приоритет\w*|suggestion|change)\b|优先级?|優先度|الأولوية|أولوية|प्राथमिकता|:|：|=",
    re.IGNORECASE,
)


def hints_of(tag: str) -> Hints | None:
    """Return what a tag such as `high, clarity` or `type: add` names; None if any part names nothing."""
    found = Hints()
    parts = [part.strip() for part in _TAG_PARTS.split(tag) if part.strip()]
    if not parts or len(parts) > 4:
        return None
    for part in parts:
        hint = _hint_of(part)
        if hint is None:
            return None
        found = found.over(hint)
    return found


def _hint_of(part: str) -> Hints | None:
    label = split_label(part)
    named = field_of(label[0]) if label else None
    if label and named in (Field.TYPE, Field.CATEGORY, Field.PRIORITY):
        return hint_for(named, label[1])
    word = " ".join(_TAG_NOISE.sub(" ", part).split()).strip("*_`#\"' ")
    if (
        not word
        or len(word.split()) > 1
        or word.isdigit()
        or (word > "\u2e80" and len(word) > _LONGEST_IDEOGRAPHS)
    ):
        return None
    if priority := match_priority(word):
        return Hints(priority=priority)
    if word.casefold() not in _NO_TYPE and (kind := match_type(word)):
        return Hints(type=kind)
    if category := match_category(word):
        return Hints(category=category)
    return None


_LONGEST_IDEOGRAPHS = 5
_NO_TYPE = frozenset({"new", "neu", "structure", "structural", "clarification", "improvement"})


def hint_for(named: Field, value: str) -> Hints:
    value = clean_value(value)
    if named is Field.PRIORITY:
        return Hints(priority=match_priority(value) if len(value) <= 40 else None)
    if named is Field.TYPE:
        kind = match_type(value)
        return Hints(type=kind, category=None if kind else match_category(value))
    category = match_category(value)
    return Hints(category=category, type=None if category else match_type(value))


def group_hints(title: str) -> Hints:
    """Return what the heading of a group says about its members: `High priority:`, `Clarity`, `Additions`."""
    bare = _COLOUR.sub(" ", strip_emphasis(title)).strip(" :：#*")
    colour = match_priority(title) if _COLOUR.match(title.lstrip("#* ")) else None
    return (
        (hints_of(bare) or Hints()).over(Hints(priority=colour))
        if len(bare) <= 48
        else Hints(priority=colour)
    )


def take_tags(text: str) -> tuple[str, Hints]:
    """Return `text` without the tags at its two ends, and what they say."""
    hints = Hints()
    for _ in range(4):
        if found := _COLOUR.match(text):
            hints = hints.over(Hints(priority=match_priority(found[1])))
        elif not (found := _OPEN_TAG.match(text)) or not (hint := hints_of(found[1] or found[2])):
            break
        else:
            hints = hints.over(hint)
        text = text[found.end() :]
    label = split_label(text)
    if label and label[1] and (hint := _label_hints(label[0])):
        hints, text = hints.over(hint), label[1]
    for _ in range(3):
        tail = max(0, len(text) - 80)
        closing = _CLOSE_TAG.search(text, tail)
        if (
            not closing
            or not (hint := hints_of(closing[1] or closing[2]))
            or not text[: closing.start()].strip()
        ):
            break
        hints, text = (
            hints.over(hint),
            text[: closing.start()].rstrip() + ("." if text.endswith(").") else ""),
        )
    return text, hints


def _label_hints(label: str) -> Hints | None:
    """Return what a label such as `Clarity (high)` or `ADD` says; None if it is a title of its own."""
    bare = re.sub(r"[()\[\]]", ",", strip_emphasis(label))
    return hints_of(bare)


def opens_with_tag(text: str) -> bool:
    """Return whether a line opens with a tag that tells the kind of a suggestion: `[HIGH] …`, `Clarity: …`."""
    found = _OPEN_TAG.match(text)
    if found and hints_of(found[1] or found[2]):
        return True
    label = split_label(text)
    return bool(label and label[1] and _label_hints(label[0]))
