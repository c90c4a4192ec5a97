"""Patterns of words, and letters without accents."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["one_of", "plain_letters"]


def one_of(table: str) -> re.Pattern[str]:
    """Return a pattern from one laid out over lines: a new line stands for a bar.

    Words are written in lower case; a text is searched in lower case, too, or the table opens with `(?i)`.

    >>> bool(one_of("add|drop\\n  keep").match("keep it"))
    True
    """
    return re.compile("|".join(line.strip() for line in table.strip().split("\n")))


_ACCENTS = {code: unicodedata.normalize("NFKD", chr(code))[0] for code in range(0xC0, 0x250)}


def plain_letters(text: str) -> str:
    """Return `text` with its Latin letters without accents, as tag names write them: `análisis` → `analisis`."""
    return text.translate(_ACCENTS)
