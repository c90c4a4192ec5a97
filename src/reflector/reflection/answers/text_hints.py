"""What tags and labels say about a suggestion in passing: `[HIGH]`, `(clarity, low)`, `P1:`, `🔴`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reflector.reflection.answers.headings import Field, field_of
from reflector.reflection.models import Priority, SuggestionCategory, SuggestionType
from reflector.reflection.answers.text_lines import split_label, strip_emphasis
from reflector.reflection.answers.vocabulary import match_category, match_priority, match_type
from reflector.reflection.answers.words import one_of
from reflector.trajectories.findings.wording import words_of

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
QUOTES = dict(zip("\"'“„«「『`‘”", "\"'”“»」』`’”", strict=True))
"""Opening quotation marks and what closes them."""
_WRAPPED = re.compile(r"^(?:\"\"\"|'''|```\w*)\s*|\s*(?:\"\"\"|'''|```)$")
_BLOCK = re.compile(r"([|>])[-+]?(?:\n|$)")
_OPEN_TAG = re.compile(
    r"\s*(?:\*\*|`)?\s*(?:[\[(【（{]([^\[\](){}【】（）]{1,60})[\])】）}]|(P[0-4])\b)\s*(?:\*\*|`)?\s*"
    r"(?:[:：–—-]+(?=\s))?\s*",
    re.IGNORECASE,
)
_CLOSE_TAG = re.compile(
    r"\s*(?:[\[(【（]([^\[\](){}【】（）]{1,60})[\])】）]"
    r"|\s[–—|-]+\s*((?:[\w ]+:\s*)?\w+(?: priority| impact)?))\s*\.?$",
    re.IGNORECASE,
)
_COLOUR = re.compile(r"\s*([🔴🟠🟡🟢🔵🟥🟧🟨🟩🟦⚪🔥🚨⬆⬇🔺🔻])\ufe0f?\s*")
_TAG_PARTS = re.compile(r"[,;/|·•&+，、；]|\s[–—-]\s|\s(?:and|und|et|y|e|и)\s")
_TAG_NOISE = one_of(r"""
    (?i)\b(?:priority|impact|importance|severity|type|category|prioridad|prioridade|priorité|priorität|приоритет\w*
    suggestion|change)\b|优先级?|優先度|الأولوية|أولوية|प्राथमिकता|:|：|=
""")
_NO_TYPE = words_of("new neu structure structural clarification improvement")
"""Words that name a type in a field, but in a tag a category or nothing."""
_MOST_PARTS, _MOST_TAGS, _TAIL = 4, 4, 80
_LONGEST_GROUP, _LONGEST_PRIORITY, _LONGEST_IDEOGRAPHS = 48, 40, 5


def clean_value(value: str) -> str:
    """Return a field's value without block marks, surrounding quotes and emphasis."""
    value = value.strip()
    if block := _BLOCK.match(value):
        rest = value[block.end() :]
        value = rest.strip() if block[1] == "|" else " ".join(rest.split())
    value = _WRAPPED.sub("", value).strip()
    value = strip_emphasis(value.removesuffix(",") if value[:1] in QUOTES else value)
    closing = QUOTES.get(value[:1])
    if closing and len(value) > 1 and value[-1] in (closing, "”") and closing not in value[1:-1]:
        value = value[1:-1].strip().replace("\\n", "\n").replace('\\"', '"')
    return value


def hints_of(tag: str) -> Hints | None:
    """Return what a tag such as `high, clarity` or `type: add` names; None if any part names nothing."""
    parts = [part.strip() for part in _TAG_PARTS.split(tag) if part.strip()]
    if not 0 < len(parts) <= _MOST_PARTS:
        return None
    found = NO_HINTS
    for part in parts:
        hint = _hint_of(part)
        if not hint:
            return None
        found = found.over(hint)
    return found


def _hint_of(part: str) -> Hints:
    label = split_label(part)
    named = field_of(label[0]) if label else None
    if label and named in (Field.TYPE, Field.CATEGORY, Field.PRIORITY):
        return hint_for(named, label[1])
    word = " ".join(_TAG_NOISE.sub(" ", part).split()).strip("*_`#\"' ")
    is_phrase = " " in word or (word > "\u2e80" and len(word) > _LONGEST_IDEOGRAPHS)
    if is_phrase or word.isdigit():
        return NO_HINTS
    if priority := match_priority(word):
        return Hints(priority=priority)
    if word.casefold() not in _NO_TYPE and (kind := match_type(word)):
        return Hints(type=kind)
    return Hints(category=match_category(word))


def hint_for(named: Field, value: str) -> Hints:
    """Return what the value of a field for type, category or priority says."""
    value = clean_value(value)
    if named is Field.PRIORITY:
        return Hints(priority=match_priority(value) if len(value) <= _LONGEST_PRIORITY else None)
    kind, category = match_type(value), match_category(value)
    if kind and category:
        return Hints(type=kind) if named is Field.TYPE else Hints(category=category)
    return Hints(type=kind, category=category)


def group_hints(title: str) -> Hints:
    """Return what the heading of a group says about its members: `High priority:`, `Clarity`, `Additions`."""
    bare = strip_emphasis(title)
    colour = Hints(priority=match_priority(bare)) if _COLOUR.match(bare) else NO_HINTS
    bare = _COLOUR.sub(" ", bare).strip(" :：#*")
    return (hints_of(bare) or NO_HINTS).over(colour) if len(bare) <= _LONGEST_GROUP else colour


def take_tags(text: str) -> tuple[str, Hints]:
    """Return `text` without the tags at its two ends, and what they say."""
    hints = NO_HINTS
    for _ in range(_MOST_TAGS):
        found = _COLOUR.match(text) or _OPEN_TAG.match(text)
        hint = _tag_hints(found)
        if not found or not hint:
            break
        hints, text = hints.over(hint), text[found.end() :]
    label = split_label(text)
    if label and label[1] and (hint := _label_hints(label[0])):
        hints, text = hints.over(hint), label[1]
    for _ in range(_MOST_TAGS):
        found = _CLOSE_TAG.search(text, max(0, len(text) - _TAIL))
        hint = _tag_hints(found)
        if not found or not hint or not text[: found.start()].strip():
            break
        stop = "." if text.endswith(").") else ""
        hints, text = hints.over(hint), text[: found.start()].rstrip() + stop
    return text, hints


def _tag_hints(found: re.Match[str] | None) -> Hints | None:
    """Return what a tag or colour that was found says."""
    if found is None:
        return None
    return hints_of(next(filter(None, found.groups()), ""))


def _label_hints(label: str) -> Hints | None:
    """Return what a label such as `Clarity (high)` or `ADD` says; None if it is a title of its own."""
    return hints_of(re.sub(r"[()\[\]]", ",", strip_emphasis(label)))


def opens_with_tag(text: str) -> bool:
    """Return whether a line opens with a tag that tells the kind of a suggestion: `[HIGH] …`, `Clarity: …`."""
    label = split_label(text)
    return bool(_tag_hints(_OPEN_TAG.match(text)) or (label and label[1] and _label_hints(label[0])))
