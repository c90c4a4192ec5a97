"""Small operations on text that several rooms share."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = [
    "as_seconds",
    "clean",
    "columns",
    "estimate_tokens",
    "fenced",
    "inline_code",
    "one_line",
    "replace_surrogates",
    "shorten",
    "shorten_around",
    "text_of",
]

_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
_BACKTICKS = re.compile("`+")


def replace_surrogates(text: str) -> str:
    """Return `text` with every lone surrogate replaced by U+FFFD, so that it can be encoded."""
    try:
        text.encode()  # ten times as fast as to search for them
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text


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


def text_of(err: BaseException) -> str:
    """Return what an error says; nothing for one that cannot be turned into text."""
    try:
        return str(err)
    except Exception:  # noqa: BLE001 - somebody else's `__str__` may do anything, and must not hide the error itself
        return ""


def as_seconds(seconds: float) -> str:
    """Return seconds with three digits that tell, never as a power of ten.

    >>> [as_seconds(each) for each in (0.01234, 12.34, 3600.0)]
    ['0.0123', '12.3', '3,600']
    """
    return f"{seconds:.3g}" if abs(seconds) < 999.5 else f"{seconds:,.0f}"


def columns(rows: Sequence[Sequence[str]], left: int) -> str:
    """Return rows of cells as lines; the first so many columns begin, the others end, at one place."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at < left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def clean(text: str) -> str:
    """Return `text` without what could hide or reorder it: control characters, overrides of the reading direction."""
    if text.replace("\n", "").replace("\t", "").isprintable():  # almost every text, and ten times as fast
        return text
    return _CONTROL.sub("", text.replace("\r\n", "\n"))


def fenced(text: str) -> str:
    """Return `text` as a Markdown code block that nothing inside it can close.

    The fence is longer than any run of backticks in the text, which itself stays as it is.
    """
    body = clean(text)
    fence = "`" * max(3, _longest_ticks(body) + 1)
    return f"{fence}\n{body}\n{fence}"


def inline_code(text: str, limit: int = 240) -> str:
    """Return `text` on one line as Markdown inline code that nothing inside it can close."""
    body = one_line(clean(text), limit).strip()
    ticks = "`" * (_longest_ticks(body) + 1)
    pad = " " if body.startswith("`") or body.endswith("`") else ""
    return f"{ticks}{pad}{body}{pad}{ticks}" if body else ""


def _longest_ticks(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text))) if "`" in text else 0


def shorten_around(text: str, passage: str, limit: int) -> str:
    """Return at most about `limit` characters of `text` that keep `passage`; what was cut is said.

    Without the passage in it, the beginning and the end are kept.
    """
    if len(text) <= limit:
        return text
    at = text.find(passage) if passage else -1
    if at < 0 or len(passage) >= limit:
        return shorten(text, limit)
    spare = (limit - len(passage)) // 2
    start = max(0, min(at - spare, len(text) - limit))
    end = min(len(text), start + limit)
    before = f"…[{start} characters cut]… " if start else ""
    after = f" …[{len(text) - end} characters cut]…" if end < len(text) else ""
    return before + text[start:end] + after
