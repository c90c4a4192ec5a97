"""The JSON documents in a model's answer, wherever they stand; what is broken in them is repaired."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from reflector._json import loads, scan
from reflector.reflection.answers.lenient_json import Document, decode
from reflector.reflection.answers.lenient_values import BLANK, holds_latex
from reflector.reflection.answers.names import REFLECTION_FIELDS

__all__ = ["Document", "find_documents", "whole_document"]

_MOST_DOCUMENTS = 20_000


_KEY = r"[\"'“”„«「『`＂][\w .\-]{1,60}[\"'“”»」』`＂]\s*[:=：]"
_OPENER = re.compile(
    rf"[{{｛](?=[{BLANK}]*(?:[\"'“”„«「『`＂{{}}]|\\+[\"nt]"
    r"|[^\W\d][\w.\-\\]*(?: [\w.\-\\]+){0,4}[\"'”]?\s*(?:=>|[:=：])"
    rf"|//|/\*|\#|\d+\s*:))"
    rf"|[\[［](?=[{BLANK}]*(?:\[?[{BLANK}]*[\"'“„«「『{{｛]|\[\[|\\+[\"nt]|[A-Z]\w*\())"
    r"|\b[A-Za-z_][\w.]{0,80}\((?=\s*(?:[a-z_]\w{0,40}\s*=\s*[\"'\[({A-Z]))"
)
_HEADLESS = re.compile(rf"\s*(?:```\w*\s*)?(?={_KEY}|\w{{1,40}}\"\s*:\s*[\"\[{{]|[a-z_]{{1,40}}=[\"'\[(])")
_PREFILLED = re.compile(r"[^\"{}\[\]]{1,4000}\"\s*,\s*\"[\w ]{1,60}\"\s*:\s*[\"\[{]")
_PREFIX = '{"analysis": "'
"""Where an answer goes on when it was begun for the model."""
_ESCAPED = re.compile(r"\s*[{\[]\s*(?:\\n\s*)*\\+\"")
_LITERAL_BREAK = re.compile(r"\s*[{\[]\s*\\n")
_LITERAL_BREAKS = re.compile(r"(?<=[{}\[\],\"])\s*+(?:\\n\s*+)+(?=[{}\[\]\"])")
"""Breaks between the members that were written as `\\n`; those in strings are followed by words."""
_ESCAPED_BREAK = re.compile(r"(?<!\\)\\n")


_TOML = re.compile(r"^[ \t]*\[\[?[^\W\d][\w. -]{0,60}\]\]?[ \t]*\n\s*[\w-]{1,60}[ \t]*=", re.MULTILINE)
"""A table of TOML: its lists look like JSON, but the reader of text knows the whole."""


def find_documents(text: str) -> list[Document]:
    """Return the JSON documents in `text`, in order; linear in its length.

    A list below or behind the name of a field, such as `Root causes: ["…"]`, is that field.
    """
    whole = whole_document(text)
    if whole is not None:
        return [whole]
    if (table := _TOML.search(text)) and "{" not in text[: table.start()]:
        return []
    if _ESCAPED.match(text):
        return _unescaped(text)
    if _LITERAL_BREAK.match(text):
        return [_whole(document, text, "escaped") for document in _scan_all(_LITERAL_BREAKS.sub("\n", text))][
            :1
        ]
    documents = list(_scan_all(text))
    if headless := _HEADLESS.match(text):
        first = documents[0].start if documents else len(text)
        if headless.end() < first:
            return [decode(text, headless.end(), headless=True)]
    if _PREFILLED.match(text):
        return [_whole(decode(_PREFIX + text), text, "missing_start")]
    return documents


def whole_document(text: str) -> Document | None:
    """Return the document if `text` is valid JSON and nothing else."""
    body = text.strip()
    if body[:1] not in ("{", "[", '"') or holds_latex(body, 0, len(body)):
        return None
    try:
        return Document(loads(body), 0, len(text))
    except ValueError:
        return None


def _scan_all(text: str) -> Iterator[Document]:
    position = 0
    for _ in range(_MOST_DOCUMENTS):
        opener = _OPENER.search(text, position)
        if opener is None:
            return
        document = _read(text, opener.start())
        if isinstance(document.value, list) and (name := _name_above(text, position, opener.start())):
            document = replace(document, value={name: document.value})
        yield document
        position = max(document.end, opener.start() + 1)


_LONGEST_NAME = 120
_NAME = re.compile(
    r"(?:^[ \t>#*_]*(?:\[\[ ## )?|<)([^\W\d][\w \-]{2,40}?)[*_ ]*(?:## \]\]|[:=：>][*_]*)?\s*(?:```\w*\s*)?\Z",
    re.MULTILINE,
)


def _name_above(text: str, position: int, start: int) -> str:
    """Return the name of the field that stands before a list, empty if there is none."""
    name = _NAME.search(text, max(position, start - _LONGEST_NAME), start)
    known = name and any(REFLECTION_FIELDS.strength(name[1], field) is not None for field in _LISTS)
    return name[1] if name and known else ""


_LISTS = ("root_causes", "suggestions")


def _read(text: str, start: int) -> Document:
    if text[start] in "{[":
        try:
            value, end = scan(text, start)
        except ValueError:
            pass
        else:
            if not holds_latex(text, start, end):
                return Document(value, start, end)
    return decode(text, start)


def _unescaped(text: str) -> list[Document]:
    """Return the document of a text in which every quotation mark is escaped, as inside a string."""
    body = text.strip()
    outer = whole_document('"' + body.replace("\n", "\\n") + '"')
    inner = str(outer.value) if outer is not None else _ESCAPED_BREAK.sub("\n", body).replace('\\"', '"')
    found = find_documents(inner) if not _ESCAPED.match(inner) else []
    return [_whole(document, text, "escaped") for document in found[:1]]


def _whole(document: Document, text: str, fix: str) -> Document:
    """Return a document that was found in a changed text as one that is all of `text`."""
    return replace(document, start=0, end=len(text), fixes={**document.fixes, fix: 1})
