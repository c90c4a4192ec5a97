"""Small operations on text that several rooms share."""

from __future__ import annotations

import re

__all__ = ["estimate_tokens", "one_line", "replace_surrogates", "shorten"]

_SURROGATE = re.compile("[\ud800-\udfff]")


def replace_surrogates(text: str) -> str:
    """Return `text` with every lone surrogate replaced by U+FFFD, so that it can be encoded."""
    return _SURROGATE.sub("\ufffd", text)


def estimate_tokens(text: str) -> int:
    """Return a rough number of tokens: one for every four UTF-8 bytes, rounded up.

    Needs no tokenizer and no download; enough for budgets, not for bills.
    """
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    return (size + 3) // 4


def shorten(text: str, limit: int) -> str:
    """Return `text` cut in the middle to at most `limit` characters; what was cut is said.

    The end is kept as well as the beginning: errors stand at the end of logs.
    """
    if len(text) <= limit:
        return text
    note = f" …[{len(text) - limit} characters cut]… "
    if limit <= len(note) + 8:
        return text[:limit]
    room = limit - len(note)
    head = (room + 1) // 2
    return text[:head] + note + text[len(text) - (room - head) :]


def one_line(text: str, limit: int = 160) -> str:
    """Return `text` with all white space folded to single blanks, cut to `limit` characters."""
    folded = " ".join(text[: limit * 8].split())
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"
