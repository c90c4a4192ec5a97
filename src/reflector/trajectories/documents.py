"""Bytes to JSON documents: whole files, lines and tables, in any Unicode encoding, as a stream."""

from __future__ import annotations

import codecs
import csv
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Literal, NamedTuple, TypeVar

from reflector._json import JSONValue, loads
from reflector._text import one_line
from reflector.errors import TrajectoryImportError
from reflector.trajectories.fields import MAX_DEPTH, settle
from reflector.trajectories.trajectory import MAX_SAVED_DEPTH, SCHEMA

__all__ = ["MAX_DOCUMENT_BYTES", "Document", "parse", "read_documents"]

MAX_DOCUMENT_BYTES = 1 << 30
"""Bytes that one document or one line may have: it must fit into memory several times over."""

_LINES_TRIED = 5
_HEAD_BYTES = 4096

_Row = TypeVar("_Row")


class Document(NamedTuple):
    """One JSON value of a file."""

    number: int | None
    """Its line or row, counted from 1; None for a whole file."""
    value: JSONValue
    kind: Literal["whole", "line", "row", "member"]


_Documents = Iterator[Document | TrajectoryImportError]


class _Line(NamedTuple):
    number: int
    data: bytes


def parse(data: bytes, *, file: str | None = None, record: str | int | None = None) -> JSONValue:
    """Return the value of JSON text that is safe to work on.

    Raises:
        TrajectoryImportError: If it is not JSON, not UTF-8 or nested too deeply.
    """
    try:
        is_saved = SCHEMA.encode() in data[:200]
        return settle(loads(data), max_depth=MAX_SAVED_DEPTH if is_saved else MAX_DEPTH)
    except ValueError as err:
        raise TrajectoryImportError(_reason(data, err), file=file, record=record) from err


def _reason(data: bytes, err: ValueError) -> str:
    try:
        data.decode()
    except UnicodeDecodeError as bad:
        return _not_utf8(bad)
    if isinstance(err, json.JSONDecodeError):
        return f"not valid JSON: {err.msg} at line {err.lineno}, column {err.colno}"
    return one_line(str(err), 300)


def _not_utf8(err: UnicodeDecodeError) -> str:
    return (
        f"not UTF-8 text: byte {err.object[err.start]:#04x} at position {err.start}; save the file as UTF-8"
    )


def read_documents(file: BinaryIO, *, name: str | None) -> _Documents:
    """Yield the documents of a text file in their order, and an error for each that cannot be read.

    JSON lines and tables are read line by line. What a file is, is decided by its content: a first line
    that is a JSON value by itself makes JSON lines, otherwise the file is one JSON document or a table.
    """
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    readable, problem = _as_utf8(file, head)
    if problem is not None:
        yield TrajectoryImportError(problem, file=name)
        return
    lines = _lines(readable)
    first = next((line for line in lines if line.data.strip()), None)
    if first is None:
        yield TrajectoryImportError("the file is empty", file=name)
    elif not first.data.lstrip().startswith((b"{", b"[")) and not _is_lines_name(name):
        yield from _rows(itertools.chain([first], lines), name)
    else:
        yield from _json_documents(first, lines, name)


def _as_utf8(file: BinaryIO, head: bytes) -> tuple[BinaryIO, str | None]:
    """Return the file read as UTF-8, and what is wrong with it if it is not text."""
    if head.startswith(codecs.BOM_UTF8):
        file.seek(len(codecs.BOM_UTF8))
        return file, None
    encoding = json.detect_encoding(head) if head else "utf-8"
    if encoding.startswith(("utf-16", "utf-32")):
        text = head[: len(head) // 4 * 4].decode(encoding, "replace")
        if "\x00" in text or text.count("\ufffd") > 1:
            return file, f"binary data: it begins with {head[:8].hex(' ')}"
        return codecs.EncodedFile(file, "utf-8", encoding), None
    if head.startswith(b"\x1f\x8b"):
        return file, "a gzip file: unpack it first"
    if b"\x00" in head:
        return file, f"binary data: it begins with {head[:8].hex(' ')}"
    return file, None


def _lines(file: BinaryIO) -> Iterator[_Line]:
    for number in itertools.count(1):
        data = file.readline(MAX_DOCUMENT_BYTES + 1)
        if not data:
            return
        yield _Line(number, data)
        while len(data) > MAX_DOCUMENT_BYTES and not data.endswith(b"\n"):
            # The rest of a line that is too long is passed over, not taken for the next one.
            data = file.readline(MAX_DOCUMENT_BYTES + 1)


def _is_lines_name(name: str | None) -> bool:
    return bool(name) and str(name).lower().endswith((".jsonl", ".ndjson"))


# --- JSON ------------------------------------------------------------------------------------------------


def _json_documents(first: _Line, rest: Iterator[_Line], name: str | None) -> _Documents:
    value, error = _tried(first, name)
    if error is None and isinstance(value, dict | list):
        yield Document(first.number, value, "line")
        yield from _line_documents(rest, name)
        return
    following = list(itertools.islice(rest, _LINES_TRIED))
    looks_like_lines = any(isinstance(_tried(line, None)[0], dict | list) for line in following)
    if looks_like_lines and _is_lines_name(name):
        yield from _line_documents(itertools.chain([first], following, rest), name)
        return
    remaining = list(rest)
    whole = b"".join(line.data for line in itertools.chain([first], following, remaining))
    if len(whole) > MAX_DOCUMENT_BYTES:
        yield TrajectoryImportError(f"one document of more than {MAX_DOCUMENT_BYTES} bytes", file=name)
        return
    try:
        document = parse(whole, file=name)
    except TrajectoryImportError as err:
        if not looks_like_lines and not _is_lines_name(name):
            yield err
            return
        yield from _line_documents(itertools.chain([first], following, remaining), name)
    else:
        yield Document(None, document, "whole")


def _tried(line: _Line, name: str | None) -> tuple[JSONValue, TrajectoryImportError | None]:
    if len(line.data) > MAX_DOCUMENT_BYTES:
        why = f"a line of more than {MAX_DOCUMENT_BYTES} bytes"
        return None, TrajectoryImportError(why, file=name, record=line.number)
    try:
        return parse(line.data, file=name, record=line.number), None
    except TrajectoryImportError as err:
        return None, err


def _line_documents(lines: Iterable[_Line], name: str | None) -> _Documents:
    for line in lines:
        if line.data.strip():
            value, error = _tried(line, name)
            yield error or Document(line.number, value, "line")


# --- tables ----------------------------------------------------------------------------------------------


def _rows(lines: Iterator[_Line], name: str | None) -> _Documents:
    texts = (line.data.decode() for line in lines)
    try:
        header = next(texts)
        delimiter = max(",;\t|", key=header.count)
        if delimiter not in header and not (name or "").lower().endswith((".csv", ".tsv")):
            why = f"neither a JSON object or list nor a table: it begins with {one_line(header, 60)!r}"
            yield TrajectoryImportError(why, file=name)
            return
        rows = csv.reader(itertools.chain([header], texts), delimiter=delimiter)
        columns = _with_long_fields(lambda: next(rows))
        for number in itertools.count(1):
            row = _with_long_fields(lambda: next(rows, None))
            if row is None:
                return
            if any(cell.strip() for cell in row):
                cells: dict[str, JSONValue] = dict(zip(columns, row, strict=False))
                beyond = {"more": row[len(columns) :]} if len(row) > len(columns) else {}
                yield Document(number, cells | beyond, "row")
    except UnicodeDecodeError as err:
        yield TrajectoryImportError(_not_utf8(err), file=name)
    except csv.Error as err:
        yield TrajectoryImportError(f"not a readable table: {one_line(str(err))}", file=name)


def _with_long_fields(read: Callable[[], _Row]) -> _Row:
    """Return what `read` gives with fields of any length allowed, and the limit of the process as it was."""
    before = csv.field_size_limit(2**31 - 1)
    try:
        return read()
    finally:
        csv.field_size_limit(before)
