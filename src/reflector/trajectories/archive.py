"""Zip archives whose members are JSON documents, read one at a time and never more than they may be."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import IO, BinaryIO

from reflector._json import JSONValue
from reflector._text import one_line
from reflector.errors import TrajectoryImportError
from reflector.trajectories.documents import Document, parse
from reflector.trajectories.formats.format import ArchiveLayout

__all__ = ["MAX_MEMBER_BYTES", "Archive", "is_archive"]

MAX_MEMBER_BYTES = 1 << 29
"""Bytes that one member may unpack to."""
MAX_RATIO = 300
"""How much larger than packed a member above `_RATIO_COUNTS_FROM` may be: logs stay far below, bombs do not."""

_RATIO_COUNTS_FROM = 1 << 25
_PIECE = 1 << 20
_ZSTANDARD = 93
_LOCAL_HEADER = 30


def is_archive(head: bytes) -> bool:
    """Return whether a file begins like a zip archive."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


class Archive:
    """An open zip archive.

    Raises:
        TrajectoryImportError: When made of something that is not a whole zip archive.
    """

    def __init__(self, file: BinaryIO, *, name: str | None) -> None:
        self._file = file
        self._name = name
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as err:
            why = f"a broken or cut zip archive: {one_line(str(err))}"
            raise TrajectoryImportError(why, file=name) from err
        self.members = tuple(self._zip.namelist())

    def documents(self, layout: ArchiveLayout) -> Iterator[Document | TrajectoryImportError]:
        """Yield one document for every record, with what the records share around it."""
        shared: dict[str, JSONValue] = {}
        try:
            shared = self._shared(layout)
        except TrajectoryImportError as err:
            yield err  # the records may be readable all the same
        names = [name for name in dict.fromkeys(self.members) if fnmatchcase(name, layout.records)]
        if not names:
            yield Document(None, shared, "member")
        for name in names:
            try:
                yield Document(None, {**shared, layout.key: [self._json(name)]}, "member")
            except TrajectoryImportError as err:
                yield err

    def _shared(self, layout: ArchiveLayout) -> dict[str, JSONValue]:
        name = next((name for name in layout.context if name in self.members), None)
        value = self._json(name) if name is not None else {}
        return value if isinstance(value, dict) else {}

    def _json(self, member: str) -> JSONValue:
        return parse(self._unpacked(member), file=self._name, record=member)

    def _unpacked(self, member: str) -> bytes:
        info = self._zip.getinfo(member)
        try:
            with self._open(info) as packed:
                data = b"".join(self._bounded(packed, info))
        except TrajectoryImportError:
            raise
        except Exception as err:
            # Every packing method has errors of its own; a password and an unknown method have others.
            raise self._error(f"cannot be unpacked: {one_line(str(err))}", member) from err
        if zlib.crc32(data) != info.CRC:
            raise self._error("cannot be unpacked: its checksum is wrong", member)
        return data

    def _bounded(self, packed: IO[bytes], info: zipfile.ZipInfo) -> Iterator[bytes]:
        """Yield a member piece by piece, and no more of a bomb than it takes to see that it is one."""
        size = 0
        while piece := packed.read(_PIECE):
            size += len(piece)
            if size > MAX_MEMBER_BYTES:
                raise self._error(f"it unpacks to more than {MAX_MEMBER_BYTES} bytes", info.filename)
            if size > _RATIO_COUNTS_FROM and size > MAX_RATIO * info.compress_size:
                raise self._error(f"it unpacks to more than {MAX_RATIO} times its packed size", info.filename)
            yield piece

    def _open(self, info: zipfile.ZipInfo) -> IO[bytes]:
        if info.file_size > MAX_MEMBER_BYTES:
            why = f"it says it unpacks to {info.file_size} bytes; at most {MAX_MEMBER_BYTES} are read"
            raise self._error(why, info.filename)
        try:
            return self._zip.open(info)
        except NotImplementedError:
            if info.compress_type != _ZSTANDARD:
                raise
            return self._open_zstandard(info)

    def _open_zstandard(self, info: zipfile.ZipInfo) -> IO[bytes]:
        """Return a member that is packed with zstandard, which `zipfile` reads only from Python 3.14 on."""
        try:
            import zstandard
        except ImportError as err:
            why = (
                "its members are packed with zstandard: install it with pip install 'reflector-agents[zstd]'"
            )
            raise self._error(why, info.filename) from err
        self._file.seek(info.header_offset)
        header = self._file.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
            raise self._error("its local header is broken", info.filename)
        names = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        self._file.seek(names, 1)
        return zstandard.ZstdDecompressor().stream_reader(self._file.read(info.compress_size))

    def _error(self, reason: str, member: str) -> TrajectoryImportError:
        return TrajectoryImportError(reason, file=self._name, record=member)
