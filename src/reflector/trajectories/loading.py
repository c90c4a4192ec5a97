"""Files to trajectories: `load_trajectories`, the one way in for everything recorded elsewhere."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import BinaryIO, NamedTuple

from pydantic import ValidationError

from reflector._text import one_line
from reflector.errors import TrajectoryImportError
from reflector.trajectories.archive import Archive, is_archive
from reflector.trajectories.documents import Document, read_documents
from reflector.trajectories.formats.format import Format, Record, Sample
from reflector.trajectories.formats.registry import find_format, recognize
from reflector.trajectories.trajectory import Trajectory

__all__ = ["load_trajectories"]

_MORE_SUFFIXES = frozenset({".traj", ".trajectory", ".trace", ".messages", ".json", ".jsonl"})
_Given = str | os.PathLike[str] | bytes | bytearray | memoryview
_Found = Iterator[Trajectory | TrajectoryImportError]
_Documents = Iterator[Document | TrajectoryImportError]


class _Source(NamedTuple):
    name: str | None
    """The file's name as given; None for data in memory."""
    stem: str
    """What ids of records without an id of their own begin with."""


def load_trajectories(
    source: _Given, *, format: str = "auto", errors: list[TrajectoryImportError] | None = None
) -> Iterator[Trajectory]:
    """Return the runs recorded in a file, one by one, without holding all of them.

    Args:
        source: A path, or the content itself as bytes.
        format: A name such as `openai_chat`; `auto` goes by the shape of the content.
        errors: Collects what cannot be read, while reading goes on; None raises at the first.

    Returns:
        A lazy iterator. The same file gives the same ids.

    Raises:
        UnknownFormatError: At once if the name is unknown; while iterating if the content is.
        TrajectoryImportError: While iterating, with file, record and reason.
    """
    chosen = None if format == "auto" else find_format(format)
    return _loaded(source, chosen, errors)


def _loaded(
    source: _Given, chosen: Format | None, errors: list[TrajectoryImportError] | None
) -> Iterator[Trajectory]:
    try:
        with _opened(source) as (named, file):
            for item in _items(named, file, chosen):
                if isinstance(item, Trajectory):
                    yield item
                elif errors is None:
                    raise item
                else:
                    errors.append(item)
    except TrajectoryImportError as err:
        if errors is None:
            raise
        errors.append(err)


@contextmanager
def _opened(source: _Given) -> Iterator[tuple[_Source, BinaryIO]]:
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
        digest = hashlib.sha256(data).hexdigest()[:12]
        yield _Source(None, f"data-{digest}"), io.BytesIO(data)
        return
    try:
        name = os.fspath(source)
    except TypeError:
        raise TrajectoryImportError(f"expected a path or bytes, got {type(source).__name__}") from None
    try:
        file = open(name, "rb")  # noqa: SIM115  closed below; only the opening belongs into this `try`
    except (OSError, ValueError) as err:
        raise TrajectoryImportError(_why_not_opened(name, err), file=one_line(name, 200)) from err
    with file:
        try:
            yield _Source(name, _stem(name)), file if file.seekable() else io.BytesIO(file.read())
        except OSError as err:
            raise TrajectoryImportError(f"cannot be read: {err.strerror or err}", file=name) from err


def _why_not_opened(name: str, err: OSError | ValueError) -> str:
    if name.lstrip().startswith(("{", "[")):
        return "this is JSON, not a path: hand over the content as bytes, as in text.encode()"
    if isinstance(err, IsADirectoryError):
        return "this is a folder: give its files one by one"
    if isinstance(err, FileNotFoundError):
        return "there is no such file"
    reason = err.strerror if isinstance(err, OSError) else str(err)
    return f"cannot be opened: {one_line(reason or type(err).__name__)}"


def _stem(name: str) -> str:
    path = PurePath(PurePath(name).name)
    path = path.with_suffix("") if path.suffix else path
    return path.stem if path.suffix.lower() in _MORE_SUFFIXES else path.name


def _items(source: _Source, file: BinaryIO, chosen: Format | None) -> _Found:
    """Yield the trajectories of a file, and an error for each record that is none."""
    if is_archive(file.read(4)):
        yield from _items_of_archive(source, file, chosen)
        return
    file.seek(0)
    documents = read_documents(file, name=source.name)
    early: list[TrajectoryImportError] = []
    first: Document | None = None
    for item in documents:
        if isinstance(item, Document):
            first = item
            break
        early.append(item)
    yield from early
    if first is None:
        return
    found = chosen or _recognized(first, source)
    following = next(documents, None)
    if following is None and not early and first.kind == "line":
        # A file of a single line is that one document.
        first = Document(None, first.value, "whole")
    documents = itertools.chain([first], [] if following is None else [following], documents)
    if first.kind == "line" and found.gathers(first.value):
        documents = _gathered(documents)
    yield from _Reading(found, source).trajectories(documents)


def _items_of_archive(source: _Source, file: BinaryIO, chosen: Format | None) -> _Found:
    archive = Archive(file, name=source.name)
    found = chosen or recognize(Sample(None, source.name or "", archive.members), file=source.name)
    if found.archive is None:
        raise TrajectoryImportError(f"files of format {found.name!r} are not zip archives", file=source.name)
    yield from _Reading(found, source).trajectories(archive.documents(found.archive))


def _recognized(first: Document, source: _Source) -> Format:
    if first.value in ([], {}):
        raise TrajectoryImportError("no records: the file holds an empty list or object", file=source.name)
    name = PurePath(source.name).name if source.name else ""
    return recognize(Sample(first.value, name, is_table=first.kind == "row"), file=source.name)


def _gathered(documents: _Documents) -> _Documents:
    """Yield the lines of a file as one document, after an error for each that is not readable."""
    values = []
    for item in documents:
        if isinstance(item, Document):
            values.append(item.value)
        else:
            yield item
    yield Document(None, values, "whole")


class _Reading(NamedTuple):
    """A file that is read in a format."""

    format: Format
    source: _Source

    def trajectories(self, documents: _Documents) -> _Found:
        """Yield the trajectory of every record, and an error for each that is none."""
        records = self._records(documents)
        head = list(itertools.islice(records, 2))
        if not head:
            yield TrajectoryImportError("no records", file=self.source.name)
        stem = self.source.stem
        for item in itertools.chain(head, records):
            if isinstance(item, Record):
                is_alone = len(head) == 1 and not isinstance(item.name, str)
                yield self._read(item, stem if is_alone else f"{stem}#{item.name}")
            else:
                yield item

    def _records(self, documents: _Documents) -> Iterator[Record | TrajectoryImportError]:
        for item in documents:
            if isinstance(item, TrajectoryImportError):
                yield item
                continue
            try:
                for record in self.format.records(item.value):
                    names = [name for name in (item.number, record.name) if name is not None]
                    name = names[0] if len(names) == 1 else "/".join(map(str, names)) or None
                    yield Record(name, record.value)
            except Exception as err:  # noqa: BLE001  re-typed: the boundary to records of any shape
                yield self._retyped(err, item.number)

    def _read(self, record: Record, default_id: str) -> Trajectory | TrajectoryImportError:
        try:
            trajectory = self.format.read(record.value, default_id)
        except Exception as err:  # noqa: BLE001  re-typed: the boundary to records of any shape
            return self._retyped(err, record.name)
        if self.format.name == "reflector":
            return trajectory
        return trajectory.model_copy(update={"source": self.source.name, "record": record.name})

    def _retyped(self, err: Exception, record: str | int | None) -> TrajectoryImportError:
        """Return an error of ours for whatever a format stumbled over: records are written by anybody."""
        if isinstance(err, ValidationError):
            problem = err.errors(include_url=False, include_context=False, include_input=False)[0]
            why = f"{problem['msg']} at {'.'.join(map(str, problem['loc']))}"
        elif isinstance(err, ValueError):
            why = one_line(str(err), 300)
        else:
            why = f"{type(err).__name__} ({one_line(str(err), 200)})"
        own = err.reason if isinstance(err, TrajectoryImportError) else ""
        reason = own or f"not a readable {self.format.name} record: {why}"
        retyped = TrajectoryImportError(reason, file=self.source.name, record=record)
        retyped.__cause__ = err
        return retyped
