"""What an importer is: the port that every trajectory format fills."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from reflector._json import JSONValue
from reflector.trajectories.trajectory import Trajectory

__all__ = ["ArchiveLayout", "Format", "Record", "Sample"]


class Sample(NamedTuple):
    """What a format sees of a file to recognise it."""

    value: JSONValue
    """The first readable document of the file: the whole of a JSON file, a line, a row of a table by its columns."""
    name: str = ""
    """The file's name without its folders; empty for data in memory."""
    members: tuple[str, ...] = ()
    """Names of the files inside, when it is an archive."""
    is_table: bool = False


class Record(NamedTuple):
    """The part of a document that becomes one trajectory."""

    name: str | int | None
    """Which one, if the document holds several; numbers count from 1."""
    value: JSONValue


@dataclass(frozen=True, slots=True)
class ArchiveLayout:
    """How a format's zip archives are one document in pieces."""

    context: tuple[str, ...]
    """Members that hold what the records share; the first that is there is taken."""
    records: str
    """Pattern of the members that hold one record each, such as `samples/*.json`."""
    key: str
    """Where the records stand when the same document is a single JSON file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One way in which runs are written down. All functions are pure and may raise ValueError for what does not fit."""

    name: str
    extensions: tuple[str, ...]
    """Usual endings of its files. Recognition goes by shape; the ending decides between formats that fit equally."""
    recognizes: Callable[[Sample], float]
    """How surely a file is of this format: 0 for no, 1 for a mark that nothing else carries."""
    read: Callable[[JSONValue, str], Trajectory]
    """Gives the trajectory of one record; the text is the id to take if the record has none of its own."""
    records: Callable[[JSONValue], Iterable[Record]] = lambda document: [Record(None, document)]
    """Splits a document into the records that become one trajectory each."""
    gathers: Callable[[JSONValue], bool] = lambda document: False
    """Whether a line like this is a part of one run, so that all lines of the file make one document."""
    archive: ArchiveLayout | None = None
