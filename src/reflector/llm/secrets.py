"""Keep keys out of everything that is written, shown or sent on."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["MASK", "is_clean", "redact"]

MASK = "[key removed]"

# Prefixes that providers give their keys; then headers and JSON or query fields that hold one.
_KEY = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|hf|ghp|gho|github_pat|AIza|AKIA|r8|nvapi|pplx|tgp|csk|fw)[-_]?[A-Za-z0-9*_.-]{8,}"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # a name and a password in a URL
    r"|(?<=\b[Bb]earer )[^\s\"',;}]{4,}"
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
    for key in known:
        if key and len(key) >= 4:
            text = text.replace(key, MASK)
    text = _KEY.sub(MASK, text)
    return _FIELD.sub(lambda match: match.group(1) + MASK, text)


def is_clean(err: BaseException | None, known: Iterable[str | None] = ()) -> bool:
    """Return whether a traceback of `err`, with everything behind it, shows no key."""
    known = tuple(known)
    seen: set[int] = set()
    while err is not None and id(err) not in seen:
        seen.add(id(err))
        if redact(said := str(err), known) != said:
            return False
        err = err.__cause__ or err.__context__
    return True
