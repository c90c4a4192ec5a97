"""Tables of words and phrases, and the patterns made of them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["WordGroups", "is_joined", "one_of", "phrases", "plain_letters"]


def phrases(table: str) -> list[str]:
    """Return the phrases of a table in order; a bar or a new line stands between two of them.

    >>> phrases("the end|so\\n  on")
    ['the end', 'so', 'on']
    """
    return [phrase for line in table.split("\n") for phrase in line.strip().split("|") if phrase]


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


def is_joined(text: str) -> bool:
    """Return whether `text` has letters beyond Latin, Greek and Cyrillic: there, words are found as stems."""
    return not text.isascii() and max(text) > _BEYOND


class WordGroups:
    """Words by what they mean; `~` stands for any ending, a word beyond Cyrillic is a stem."""

    def __init__(self, **rows: str) -> None:
        self.words, self.stems = (_pattern(rows, joined) for joined in (False, True))
        self.member = lru_cache(maxsize=8192)(self._member)

    def _member(self, word: str) -> str | None:
        found = self.words.fullmatch(word)
        return found.lastgroup if found else None


def _pattern(rows: dict[str, str], joined: bool) -> re.Pattern[str]:
    """Return a pattern with one named group a row, of its words or of its stems."""
    tables = {name: [it for it in row.split() if is_joined(it) is joined] for name, row in rows.items()}
    groups = [f"(?P<{name}>{'|'.join(words)})" for name, words in tables.items() if words]
    return re.compile("|".join(groups).replace("~", r"\w*"))


_BEYOND = "\u0590"
