"""Task groups as JSON: our own form, and solfunmeme's external tags, read and written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from json import JSONDecodeError
from pathlib import Path
from typing import Any, Literal, assert_never

from pydantic import ValidationError

from reflector._json import first_unfit, loads_exactly, scan
from reflector._text import one_line
from reflector.clifford.task import CliffordOperation
from reflector.errors import InputError, InvalidGroupError
from reflector.tasks.group import TaskGroup
from reflector.tasks.payloads import (
    CodeEvolutionTask,
    CodeReflectionTask,
    Payload,
    PromptReflectionTask,
    RolloutTask,
)

__all__ = ["MAX_DOCUMENT", "GroupReader", "WireStyle", "group_of", "read_groups", "write_group"]

MAX_DOCUMENT = 256 * 1024 * 1024
"""Bytes of a line, or of an input that is one document."""
MAX_DEPTH = 100
"""Of arrays and objects in each other."""

WireStyle = Literal["own", "origin", "origin_payload"]
"""`own`: everything. `origin`: a task group of solfunmeme, with what it knows. `origin_payload`: its payload."""

TAGS: Mapping[str, str] = {
    "PromptReflection": "prompt_reflection",
    "CodeReflection": "code_reflection",
    "CodeEvolution": "code_evolution",
    "CliffordOperation": "clifford_operation",
    "Rollout": "rollout",
}
"""Kind of task by external tag. solfunmeme knows the three in the middle."""
_TAG_OF = {kind: tag for tag, kind in TAGS.items()}
_EXPECTED = (
    'expected a task group, {"task_type": …, "payload": {…}}, '
    'or a payload with its tag, {"CodeReflection": {…}}'
)


def read_groups(
    source: str | os.PathLike[str] | bytes, *, errors: list[InvalidGroupError] | None = None
) -> list[TaskGroup]:
    """Return the task groups of a file: one a line, an array of them, or a single one, in any form of `group_of`.

    Args:
        source: A path, or the content itself as bytes.
        errors: Collects what cannot be read, while reading goes on; None raises at the first.

    Raises:
        InvalidGroupError: With the line.
        InputError: If the file cannot be read.
    """
    if isinstance(source, bytes):
        content = source
    else:
        try:
            content = Path(source).read_bytes()
        except (OSError, ValueError, TypeError) as err:
            raise InputError(
                f"{one_line(repr(str(source)), 200)} cannot be read: {getattr(err, 'strerror', err)}; "
                "expected the path of a file, or the content itself as bytes"
            ) from err
    reader, groups = GroupReader(), []
    for item in (*reader.feed(content), *reader.close()):
        if isinstance(item, TaskGroup):
            groups.append(item)
        elif errors is None:
            raise item
        else:
            errors.append(item)
    return groups


class GroupReader:
    """Reads task groups from bytes as they come: each line as soon as it is there, other documents at the end.

    Lines it is, unless the first one begins an array, or ends in the middle of an object.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0
        self._line = 0
        self._document_line = 0

    def feed(self, data: bytes) -> Iterator[TaskGroup | InvalidGroupError]:
        """Yield what is complete now: groups, and in place of each that cannot be read, why not."""
        start = 0
        while self._document_line <= 0 and (end := data.find(b"\n", start)) >= 0:
            self._keep(data[start:end])
            start = end + 1
            yield from self._end_line()
        self._keep(data[start:])

    def close(self) -> Iterator[TaskGroup | InvalidGroupError]:
        """Yield the rest: the input has ended."""
        if self._document_line <= 0:
            yield from self._end_line()
        if self._document_line > 0:
            yield from self._read_documents(b"".join(self._parts))

    def _keep(self, data: bytes) -> None:
        if data and self._length <= MAX_DOCUMENT:
            self._parts.append(data[: MAX_DOCUMENT + 1 - self._length])
            self._length += len(self._parts[-1])

    def _end_line(self) -> Iterator[TaskGroup | InvalidGroupError]:
        self._line += 1
        text = b"".join(self._parts).removeprefix(b"\xef\xbb\xbf").strip()
        if text and not self._document_line:
            goes_on = text.startswith(b"[") or text.endswith((b"{", b"[", b",", b":"))
            self._document_line = self._line if goes_on else -1
            if goes_on:
                self._keep(b"\n")
                return
        self._parts, self._length = [], 0
        if len(text) > MAX_DOCUMENT:
            yield InvalidGroupError(f"it has more than {MAX_DOCUMENT:,} bytes", line=self._line)
        elif text:
            try:
                document = loads_exactly(text)
            except ValueError as err:
                yield InvalidGroupError(_not_json(err), line=self._line)
            else:
                yield _read(document, self._line)

    def _read_documents(self, content: bytes) -> Iterator[TaskGroup | InvalidGroupError]:
        """Yield the groups of documents one after the other, whatever the lines."""
        line, at = self._document_line, 0
        try:
            if len(content) > MAX_DOCUMENT:
                raise ValueError(f"it has more than {MAX_DOCUMENT:,} bytes")
            text = content.removeprefix(b"\xef\xbb\xbf").decode()
            while at < (end := len(text.rstrip())):
                start = end - len(text[at:end].lstrip())
                line += text.count("\n", at, start)
                document, at = scan(text, start)
                items = enumerate(document, 1) if isinstance(document, list) else [(None, document)]
                for number, item in items:
                    yield _read(item, line, number)
                line += text.count("\n", start, at)
        except ValueError as err:
            line = getattr(err, "lineno", line - self._document_line + 1) + self._document_line - 1
            yield InvalidGroupError(_not_json(err), line=line)


def _not_json(err: ValueError) -> str:
    column = f" at column {err.colno}" if isinstance(err, JSONDecodeError) else ""
    return f"it is not JSON: {getattr(err, 'msg', err)}{column}"


def _read(document: Any, line: int, item: int | None = None) -> TaskGroup | InvalidGroupError:
    try:
        return group_of(document)
    except InvalidGroupError as err:
        return InvalidGroupError(err.reason, line=line, item=item)


def group_of(document: Any) -> TaskGroup:
    """Return the task group of plain data: our own form, solfunmeme's group, or its bare payload with the tag.

    Raises:
        InvalidGroupError: If it is none.
    """
    if not isinstance(document, Mapping):
        raise InvalidGroupError(f"{_EXPECTED}; got {one_line(repr(document), 60)}")
    if _is_deep(document):
        raise InvalidGroupError(f"arrays and objects are nested more than {MAX_DEPTH} deep")
    if len(document) == 1 and next(iter(document)) in TAGS:
        document = {"payload": document}
    payload = document.get("payload")
    if not isinstance(payload, Mapping):
        raise InvalidGroupError(f"{_EXPECTED}; got the keys {', '.join(map(str, document)) or 'of nothing'}")
    tag, content = next(iter(payload.items())) if len(payload) == 1 else ("", None)
    if tag in TAGS and isinstance(content, Mapping):
        kind = document.get("task_type") or TAGS[tag]
        if kind != TAGS[tag]:
            raise InvalidGroupError(f"task_type is {kind!r}, but the payload is tagged {tag!r}")
        document = {**document, "task_type": kind, "payload": _from_origin(tag, content)}
    try:
        return TaskGroup.model_validate(document)
    except ValidationError as err:
        raise InvalidGroupError(first_unfit(err)) from None


def _from_origin(tag: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a payload with its fields named as ours."""
    if tag != "CodeEvolution" or "meme_token" not in payload:
        return payload
    fields = dict(payload)
    token = fields.pop("meme_token")
    context = fields.get("context") or {}
    return fields if token is None else fields | {"context": {**context, "meme_token": token}}


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            each
            for container in level
            for each in (container.values() if isinstance(container, Mapping) else container)
            if isinstance(each, dict | list)
        ]
        if not level:
            return False
    return True


def write_group(group: TaskGroup, style: WireStyle = "own") -> dict[str, Any]:
    """Return a task group as plain data that `group_of` reads.

    solfunmeme's forms hold less: of a group the payload alone, of chunks their texts, of a multivector its dense list.

    Raises:
        CliffordError: If a multivector cannot be written as such a list.
    """
    if style == "own":
        fields = group.model_dump(mode="json", exclude_defaults=True)
        return {"id": group.id, "task_type": group.task_type} | fields
    tagged = {_TAG_OF[group.task_type]: _to_origin(group.payload)}
    return tagged if style == "origin_payload" else {"task_type": group.task_type, "payload": tagged}


def _to_origin(payload: Payload) -> dict[str, Any]:
    match payload:
        case CodeReflectionTask():
            position = {} if payload.multivector is None else payload.multivector
            texts = [chunk.text for chunk in payload.code_chunks]
            return {"code_chunks": texts, "multivector": _dense(position)}
        case CodeEvolutionTask():
            return {"code_snippet": payload.code_snippet, "meme_token": payload.context.get("meme_token")}
        case CliffordOperation():
            fields = payload.model_dump(mode="json", exclude_defaults=True)
            own = {"scalar_value": payload.scalar_value, "vector_values": list(payload.vector_values)}
            operand = payload.input_multivector
            return fields | own | {"input_multivector": None if operand is None else _dense(operand)}
        case PromptReflectionTask() | RolloutTask():
            return payload.model_dump(mode="json", exclude_defaults=True)
        case _:
            assert_never(payload)


def _dense(multivector: Any) -> list[float]:
    if isinstance(multivector, list | tuple):
        return list(multivector)  # it is one, of whatever algebra
    from reflector.clifford.blades import to_order
    from reflector.clifford.wire import from_wire

    values: list[float] = (to_order(from_wire(multivector).values, "descending") + 0.0).tolist()  # no -0.0
    return values
