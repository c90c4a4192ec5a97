"""Text as words to search by: identifiers are split where their parts begin."""

from __future__ import annotations

import re

__all__ = ["is_identifier", "words_of"]

_WORD = re.compile(r"[a-z]++|[A-Z][a-z]++|[A-Z]+(?![a-z])|[A-Z]|[0-9]++|[^\W\d_a-zA-Z]++")
_IDENTIFIER = re.compile(r"[\w.:]*(?:[a-z][A-Z]|[_.(]|::)[\w.:()]*")


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, in order: parts of identifiers, numbers, words of any script.

    >>> words_of("def parseHTTPHeader(retry_after2)")
    ['def', 'parse', 'http', 'header', 'retry', 'after', '2']
    """
    return " ".join(_WORD.findall(text)).lower().split()


def is_identifier(query: str) -> bool:
    """Return whether a query is the name of something rather than words about it.

    >>> is_identifier("Runtime.request"), is_identifier("parse_header"), is_identifier("retry with back-off")
    (True, True, False)
    """
    return _IDENTIFIER.fullmatch(query.strip()) is not None
