"""What tags and labels say about a suggestion in passing: `[HIGH]`, `(clarity, low)`, `P1:`, `🔴`."""

from __future__ import annotations

import re

from reflector.reflection.answers.kinds import COLOUR, Kinds, kinds_of_tag
from reflector.reflection.answers.lines import split_label, strip_emphasis

__all__ = ["QUOTES", "clean_value", "opens_with_tag", "take_tags"]

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
_MOST_TAGS, _TAIL = 4, 80


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


def take_tags(text: str) -> tuple[str, Kinds]:
    """Return `text` without the tags at its two ends, and what they say."""
    kinds: Kinds = {}
    for _ in range(_MOST_TAGS):
        found = COLOUR.match(text) or _OPEN_TAG.match(text)
        if not found or not (named := _named(found)):
            break
        kinds, text = named | kinds, text[found.end() :]
    label = split_label(text)
    if label and label[1] and (named := _named_by_label(label[0])):
        kinds, text = named | kinds, label[1]
    for _ in range(_MOST_TAGS):
        found = _CLOSE_TAG.search(text, max(0, len(text) - _TAIL))
        if not found or not text[: found.start()].strip() or not (named := _named(found)):
            break
        stop = "." if text.endswith(").") else ""
        kinds, text = named | kinds, text[: found.start()].rstrip() + stop
    return text, kinds


def _named(tag: re.Match[str] | None) -> Kinds | None:
    return kinds_of_tag(next(filter(None, tag.groups()), "")) if tag else None


def _named_by_label(label: str) -> Kinds | None:
    """Return what a label such as `Clarity (high)` or `ADD` says; None if it is a title of its own."""
    return kinds_of_tag(re.sub(r"[()\[\]]", ",", strip_emphasis(label)))


def opens_with_tag(text: str) -> bool:
    """Return whether a line opens with a tag that tells the kind of a suggestion: `[HIGH] …`, `Clarity: …`."""
    label = split_label(text)
    return bool(_named(_OPEN_TAG.match(text)) or (label and label[1] and _named_by_label(label[0])))
