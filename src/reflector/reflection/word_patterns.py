"""Tables of words and phrases, and the patterns made of them."""

from __future__ import annotations

import re

__all__ = ["one_of", "phrases", "words_of"]


def words_of(table: str) -> frozenset[str]:
    """Return the words of a table, which stand between blanks."""
    return frozenset(table.split())


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
