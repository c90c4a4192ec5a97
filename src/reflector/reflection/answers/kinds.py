"""What a field, a tag or the title of a group says of the kinds of its suggestions: type, category and priority."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from reflector.reflection.answers.names import SUGGESTION_FIELDS
from reflector.reflection.answers.vocabulary import match_category, match_priority, match_type
from reflector.reflection.models import Priority, SuggestionCategory, SuggestionType
from reflector.trajectories.findings.wording import words_of

__all__ = ["COLOUR", "KINDS", "MATCH", "MEMBERS", "Kinds", "kind_in_field", "kinds_of_tag", "kinds_of_title"]

Kinds = dict[str, Any]
"""Type, category or priority that a group or tag gives to what belongs to it."""

MEMBERS: dict[str, dict[str, Any]] = {
    "type": {str(member): member for member in SuggestionType},
    "category": {str(member): member for member in SuggestionCategory},
    "priority": {str(member): member for member in Priority},
}
KINDS = tuple(MEMBERS)
MATCH: dict[str, Callable[[Any], Any]] = {
    "type": match_type,
    "category": match_category,
    "priority": match_priority,
}
COLOUR = re.compile(r"\s*([🔴🟠🟡🟢🔵🟥🟧🟨🟩🟦⚪🔥🚨⬆⬇🔺🔻])\ufe0f?\s*")

_NOISE = words_of("""
    suggestions suggestion priority priorities recommendations recommendation items item changes change level list
    prompt improvements improvement category type types to of the impact importance severity prioridad prioridade
    priorité priorität приоритет приоритета 优先级 優先度 الأولوية أولوية प्राथमिकता
""")
"""Words of a tag or title that do not tell one group from another."""
_NO_TYPE = words_of("new neu structure structural clarification improvement")
"""Words that name a type in a field, but in a tag or title a category or nothing."""
_PARTS = re.compile(r"[,;/|·•&+，、；]|\s[–—-]\s|\s(?:and|und|et|y|e|и)\s")
_WORDS = re.compile(r"[\s_:：=*#`\"'()-]+|(?<=[a-z])(?=[A-Z])")
_MOST_PARTS, _LONGEST_PRIORITY, _LONGEST_IDEOGRAPHS, _LONGEST_TITLE, _LONGEST_WORD = 4, 40, 5, 60, 24


def kind_in_field(name: str, value: str) -> Kinds:
    """Return what the value of a field says; a word of the other list under `type` or `category` counts there."""
    if name == "priority":
        found = match_priority(value) if len(value) <= _LONGEST_PRIORITY else None
        return {"priority": found} if found else {}
    for kind in (name, "type" if name == "category" else "category"):
        if found := MATCH[kind](value):
            return {kind: found}
    return {}


def kinds_of_tag(tag: str) -> Kinds | None:
    """Return what a tag such as `high, clarity` or `type: add` names; None if any part names nothing."""
    parts = [part.strip() for part in _PARTS.split(tag) if part.strip()]
    found: Kinds = {}
    for part in parts if len(parts) <= _MOST_PARTS else ():
        label, _, value = part.replace("：", ":").partition(":")
        name = SUGGESTION_FIELDS.titled(label)
        kind = kind_in_field(name, value.strip()) if value and name in MEMBERS else _kind_of(part, 1)
        if not kind:
            return None
        found = {**kind, **found}
    return found or None


def kinds_of_title(title: str, most_words: int = 2) -> Kinds:
    """Return what the title or key of a group says of its members: `High priority:`, `clarity_suggestions`.

    >>> kinds_of_title("highPrioritySuggestions"), kinds_of_title("Details")
    ({'priority': <Priority.HIGH: 'high'>}, {})
    """
    if len(title) > _LONGEST_TITLE or (len(title) < 2 and title.isascii()):
        return {}
    colour = COLOUR.match(title.lstrip("*_# "))
    return _kind_of(title, most_words) or ({"priority": match_priority(colour[1])} if colour else {})


def _kind_of(words: str, most_words: int) -> Kinds:
    """Return the kind that words name, without those that every title has."""
    all_words = [word for word in _WORDS.split(words) if word]
    said = [word for word in all_words if word.casefold() not in _NOISE]
    rest = " ".join(said) or words.strip()
    is_long = (
        len(said) > most_words or len(all_words) > most_words + 2 or len(rest) > _LONGEST_WORD * most_words
    )
    if is_long or rest.isdigit() or (rest > "\u2e80" and len(rest) > _LONGEST_IDEOGRAPHS * most_words):
        return {}
    for name in ("priority", "type", "category"):
        if (found := MATCH[name](rest)) and not (name == "type" and rest.casefold() in _NO_TYPE):
            return {name: found}
    return {}
