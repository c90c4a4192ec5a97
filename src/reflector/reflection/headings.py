"""What a heading or a label of an answer announces, by its words in twelve languages.

The words are facts about how models title their answers. A title is looked up whole; if it is not listed, the
longer titles ("Recommended changes to the prompt") are recognised by the word that carries the meaning.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from reflector.reflection.field_names import REFLECTION_FIELDS, SUGGESTION_FIELDS
from reflector.reflection.heading_words import INTRODUCES, ROLE_BY_WORD, Field, Role
from reflector.reflection.word_patterns import plain_letters

__all__ = [
    "Field",
    "Role",
    "exact_role",
    "field_of",
    "intro_role",
    "is_numbered_item",
    "normalize_label",
    "role_of",
]


_MARKS = re.compile(
    r"[*_`#\[\]【】()（）<>《》「」\"“”:：=~!?？！.,、|•✅❌⚠→➜➡▶-]+|"
    r"[\U0001F000-\U0001FAFF\u2600-\u27BF\uFE0F\u20E3]"
)
_ENUMERATION = re.compile(
    r"^(?:(?:section|part|step|phase)\s+)?(?:\d{1,2}(?:\.\d{1,2})*|[ivx]{1,4}|[a-h])[.):、]\s*|"
    r"^[一二三四五六七八九十]{1,3}[、.．]\s*",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"(.{2,40}?)\s*(?:no|nr|n°|№|number)?\s*"
    r"(?:\d{1,2}|\b(?:[a-h]|[ivx]{1,4}|one|two|three|four|five|six|seven)|[一二三四五六七八九十]{1,3})$"
)
_NO_SUGGESTION = frozenset({"solution", "detail", "details", "what", "how", "plan", "内容", "说明", "描述"})
"""What a field announces as the words of a suggestion, but what may count anything."""
LONGEST_TITLE = 90
"""Characters: what is longer is a sentence, not a title."""


@lru_cache(maxsize=2048)
def normalize_label(title: str) -> str:
    """Return `title` in lower case without numbering, marks and emoji: `## 2. Root Causes:` → `root causes`."""
    text = unicodedata.normalize("NFKC", title[: LONGEST_TITLE * 2]).strip().lstrip("#*_ =").casefold()
    text = _ENUMERATION.sub("", plain_letters(text))
    return " ".join(_MARKS.sub(" ", text).split())


_ROLES = {**{str(role): role for role in Role}, "confidence": Role.IGNORED}
_SHORT_TITLE = 3
_MOST_WORDS = 9


@lru_cache(maxsize=2048)
def role_of(title: str, most_words: int = _MOST_WORDS) -> Role | None:
    """Return what a section titled `title` holds; None when the title does not say, or has too many words.

    >>> role_of("## 3. Recommended changes to the prompt:"), role_of("Ursachen"), role_of("Dates")
    (<Role.SUGGESTIONS: 'suggestions'>, <Role.CAUSES: 'root_causes'>, None)
    """
    label = normalize_label(title)
    if not label or len(label) > LONGEST_TITLE:
        return None
    known = REFLECTION_FIELDS.titled(label) or REFLECTION_FIELDS.titled(
        label.removeprefix("the ").removeprefix("my ")
    )
    if known or _count_words(label) > most_words:
        return _ROLES.get(known or "")
    return next((role for role, words in ROLE_BY_WORD if words.search(label)), None)


def _count_words(label: str) -> int:
    """Return the number of words; without blanks between them, three characters count as one."""
    return len(label) // 3 if label > "\u2e80" else len(label.split())


def exact_role(title: str) -> Role | None:
    """Return what a section titled `title` holds if the title is known or short enough to be nothing else."""
    return role_of(title, _SHORT_TITLE)


@lru_cache(maxsize=2048)
def field_of(label: str) -> Field | None:
    """Return what `label` announces inside one suggestion; None when it is no such label.

    >>> field_of("**Suggested text**"), field_of("Priorität"), field_of("Dates")
    (<Field.TEXT: 'specific_text'>, <Field.PRIORITY: 'priority'>, None)
    """
    known = SUGGESTION_FIELDS.titled(normalize_label(label))
    return Field(known) if known else None


@lru_cache(maxsize=2048)
def is_numbered_item(title: str) -> bool:
    """Return whether `title` only counts a suggestion: `Suggestion 3`, `Edit #2`, `建议一`."""
    bare = re.split(r"[(\[（【]", title.replace("#", " "), maxsplit=1)[0]
    counted = _COUNTED.match(normalize_label(bare))
    if not counted or counted[1] in _NO_SUGGESTION:
        return False
    return field_of(counted[1]) is Field.DESCRIPTION or exact_role(counted[1]) is Role.SUGGESTIONS


def intro_role(sentence: str) -> Role | None:
    """Return what the list after an introducing sentence holds: `I suggest the following:` → suggestions."""
    said = plain_letters(sentence[-200:].lower())
    told = {role for role, words in ROLE_BY_WORD if words.search(said)}
    if Role.SUGGESTIONS in told or INTRODUCES.search(said):
        return Role.SUGGESTIONS
    return next((role for role in (Role.STRENGTHS, Role.CAUSES) if role in told), None)
