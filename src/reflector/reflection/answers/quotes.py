"""What a sentence quotes: the exact text it offers, the passage it replaces, the section it names."""

from __future__ import annotations

import re

from reflector.reflection.answers.inference import infer_type
from reflector.reflection.answers.tags import clean_value
from reflector.reflection.answers.words import one_of
from reflector.reflection.models import SuggestionType

__all__ = ["diff_text", "named_section", "quoted_text", "replaces"]

_QUOTE = re.compile(
    r"\"([^\"\n]{2,1500})\"|“([^“”\n]{2,1500})”|„([^„“”\n]{2,1500})[“”]|«([^«»\n]{2,1500})»"
    r"|「([^「」\n]{2,1500})」|『([^『』\n]{2,1500})』|`([^`\n]{2,600})`"
)
_REPLACES = one_of(r"""
    (?i)\b(?:replac|chang|substitu|swap|rewrit|rephras|reword|instead of|ersetz|änder|reempla|cambi|sustitu|remplac
    замен|измен)|将|把|استبدل|बदल|に変更|置き換え
""")
_CONNECTS = one_of(r"""
    (?i)→|[-=]>|⇒|➜|\b(?:with|by|to|into|as|use|say|write|durch|zu|por|par|con|in|на)\b|替换为|改为|改成|を|بـ?|से
""")
_ARROW = re.compile(r"\s*(?:→|-{1,2}>|=>|⇒|➜)\s*")
_NOT_EXACT = one_of(r"""
    (?i)(?:such as|like|e\.g\.,?|for example,?|for instance,?|instead of|z\. ?b\.|zum beispiel|por ejemplo|por exemplo
    par exemple|например|如|例如|例えば)\s*$
    \b(?:after|before|below|above|behind|following|under|nach|vor|después de|antes de|après|avant|после|перед)$
""")
"""What stands before words that only illustrate a text, or only say where it goes."""
_DIFF_LINE = re.compile(r"^[-+](?![-+]{2})", re.MULTILINE)
_SECTIONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:in|to|under|from|of|into|within|on)\s+(?:the|a new|your)\s+[\"“'`*]{0,2}"
        r"([a-z0-9][\w/&-]*(?: [\w/&-]+){0,3}?)[\"”'`*]{0,2}\s+section\b",
        r"\b(?:section|sección|seção|abschnitt|раздел\w*|قسم)\s+[\"“„«'`]([^\"”“»'`\n]{2,60})[\"”“»'`]",
        r"[\"“「『‘]([^\"”“」』\n]{1,40})[\"”」』’]\s*(?:section\b|部分|章节|一节|セクション|अनुभाग)",
        r"\bat the ((?:very )?(?:end|beginning|start|top|bottom)) of the (?:system )?prompt\b",
    )
)
_NEAR, _LOOK_BACK, _READ = 60, 90, 1500
_MOST_QUOTES = 8


def quoted_text(said: str) -> tuple[str | None, str | None]:
    """Return the quoted text that a suggestion adds or removes, and the quoted passage in whose place it goes."""
    quotes = list(_QUOTE.finditer(said))[:_MOST_QUOTES]
    if not quotes:
        return None, None
    values = [str(found[found.lastindex or 0]).strip() for found in quotes]
    if len(quotes) >= 2 and _is_pair(said, quotes[0], quotes[1]):
        return values[1], values[0]
    if clean_value(said) == values[0]:
        return values[0], None
    before = [said[max(0, found.start() - _LOOK_BACK) : found.start()].rstrip() for found in quotes]
    offered = [
        (b, v) for b, v in zip(before, values, strict=True) if _is_passage(v) and not _NOT_EXACT.search(b)
    ]
    announced = [value for before, value in offered if before.endswith((":", "："))]
    placed = [value for before, value in offered if infer_type(before + " ") is not SuggestionType.MODIFY]
    return next(iter(announced + placed), None), None


def _is_pair(said: str, first: re.Match[str], second: re.Match[str]) -> bool:
    """Return whether the second quote goes in the place of the first: `"a" → "b"`, `replace "a" with "b"`."""
    between = said[first.end() : second.start()]
    if len(between) > _NEAR or "\n" in between:
        return False
    verb = said[max(0, first.start() - _LOOK_BACK) : first.start()] + between
    return bool(_ARROW.fullmatch(between) or (_REPLACES.search(verb) and _CONNECTS.search(between)))


def _is_passage(value: str) -> bool:
    """Return whether quoted words are a passage of a prompt and not the name of something."""
    return len(value.split()) >= 3 or (not value.isascii() and len(value) >= 8)


def replaces(said: str) -> bool:
    """Return whether a suggestion puts one text in the place of another."""
    return bool(_REPLACES.search(said))


def diff_text(block: str) -> tuple[str, str | None] | None:
    """Return the new and the old lines of a diff, None if `block` is none."""
    if block[:1] not in ("-", "+") or len(_DIFF_LINE.findall(block[:4000])) < 2:
        return None
    lines = block.split("\n")
    old, new = ("\n".join(line[1:].strip() for line in lines if line.startswith(mark)) for mark in "-+")
    return new, old or None


def named_section(said: str) -> str | None:
    """Return the section of the prompt that a suggestion names."""
    found = next(filter(None, (pattern.search(said, 0, _READ) for pattern in _SECTIONS)), None)
    return found[1].strip() if found else None
