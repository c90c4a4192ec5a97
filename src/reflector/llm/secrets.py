"""Keep keys out of everything that is written, shown or sent on."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reflector.llm.wording import text_of

__all__ = ["MASK", "is_clean", "is_secret", "redact", "remove_keys"]

MASK = "[key removed]"

# Prefixes that providers give their keys; then headers and JSON or query fields that hold one. No value begins
# with or runs across a bracket: a key that is removed already stays as it is.
_KEY = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|hf|ghp|gho|github_pat|AIza|AKIA|r8|nvapi|pplx|tgp|csk|fw)[-_]?[A-Za-z0-9*_.-]{8,}"
    # a name and a password in a URL
    rf"|(?<=://)(?:{re.escape(MASK)}|[^/\s:@\[])+:(?:{re.escape(MASK)}|[^/\s@\[])+(?=@)"
    r"|(?<=\b[Bb]earer )[^\s\"',;}\[]{4,}"
    r"|(?<=\b[Bb]asic )[A-Za-z0-9+/=]{8,}"
)
_FIELD = re.compile(
    r"(?i)(\b(?:x-)?(?:api[-_ ]?key|apikey|access[-_]token|authorization|secret)\b[\"']?\s*[:=]\s*[\"']?)"
    r"(?!(?:bearer|basic)\b)([^\s\"',;&}\[]{4,})"
)
"""A field that holds a key: its name stays, its value goes."""


def redact(text: str, known: Iterable[str | None] = ()) -> str:
    """Return `text` without the `known` keys and without anything that looks like a key.

    A known key is also removed where a server quotes only its beginning or its end, as
    "Incorrect API key provided: sk-ab***wxyz" does.
    """
    text = remove_keys(text, (key for key in known if key and len(key) >= 4))
    text = _KEY.sub(MASK, text)
    return _FIELD.sub(lambda match: match.group(1) + MASK, text)


def remove_keys(text: str, keys: Iterable[str]) -> str:
    """Return `text` without exactly these keys; nothing else in it changes.

    >>> remove_keys("the key is Zx81-4711", ["Zx81-4711"])
    'the key is [key removed]'
    """
    # The longest first, because one key may begin with another; the mark itself is never searched.
    ordered = sorted({key for key in keys if key and key not in MASK}, key=len, reverse=True)
    if not any(key in text for key in ordered):
        return text
    return re.sub("|".join(re.escape(key) for key in ordered), MASK, text)


def is_secret(key: str) -> bool:
    """Return whether a key is one that nobody writes by chance.

    Servers of one's own take any word as a key, `EMPTY` or `not-needed`; such a word may well be part
    of an answer, and is no secret.
    """
    is_of_words = re.fullmatch(r"[a-z_-]*|[A-Z_-]*", key) is not None
    return len(key) >= (12 if is_of_words else 8)


def is_clean(err: BaseException | None, known: Iterable[str | None] = ()) -> bool:
    """Return whether a traceback of `err`, with everything behind it, shows no key."""
    known = tuple(known)
    seen: set[int] = set()
    while err is not None and id(err) not in seen:
        seen.add(id(err))
        if redact(said := text_of(err), known) != said:
            return False
        err = err.__cause__ or err.__context__
    return True
