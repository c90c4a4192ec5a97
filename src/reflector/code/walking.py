"""The files of a tree that are worth reading: links are never followed, what Git ignores is left out."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from reflector.errors import InputError

__all__ = ["REFUSALS", "Found", "as_utf8", "read_file", "walk"]

REFUSALS = frozenset({"binary", "too large", "undecodable", "unreadable"})
"""Why a file is not read, or read in vain."""
_SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages", "dist-info"})
_ENCODINGS = re.compile(r"(?:iso8859|cp|mac|koi8|euc|shift_jis|big5|gb)[\w-]*")
"""Others are not for source code, and some (punycode) take hours for a hostile file."""
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Found(NamedTuple):
    """A file as the folder shows it."""

    path: str
    """From the root of the tree, with `/`."""
    size: int
    mtime_ns: int


def walk(root: Path, max_file_bytes: int, skipped: Counter[str]) -> Iterator[Found]:
    """Yield the files below a folder, or the file itself; what is left out is counted under its reason.

    Hidden folders, folders of installed packages and what `.gitignore` files exclude count as `ignored`.

    Raises:
        InputError: If there is no such file or folder.
    """
    if root.is_file():
        status = root.stat()
        yield from _checked(root.name, status, max_file_bytes, skipped)
        return
    if not root.is_dir():
        raise InputError(f"there is no file or folder {str(root)!r} to index.")
    waiting: list[tuple[str, tuple[_Ignoring, ...]]] = [("", ())]
    while waiting:
        folder, ignoring = waiting.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except OSError:
            skipped["unreadable"] += 1
            continue
        ignoring = (*ignoring, *_ignoring_of(root, folder, entries))
        below = []
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_symlink():
                skipped["link"] += 1
            elif entry.is_dir(follow_symlinks=False):
                if _is_left_out(entry) or _is_ignored(path + "/", ignoring):
                    skipped["ignored"] += 1
                else:
                    below.append((path, ignoring))
            elif not entry.is_file(follow_symlinks=False):
                skipped["no regular file"] += 1
            elif _is_ignored(path, ignoring):
                skipped["ignored"] += 1
            else:
                yield from _found(path, entry, max_file_bytes, skipped)
        waiting.extend(reversed(below))


def read_file(path: str | Path, limit: int) -> bytes | None:
    """Return a file's bytes, or None when there are more than the limit.

    Raises:
        OSError: If it cannot be read. A link that has taken the file's place meanwhile is not followed.
    """
    descriptor = os.open(path, os.O_RDONLY | _NO_FOLLOW)
    try:
        size = os.fstat(descriptor).st_size
        data = os.read(descriptor, min(size, limit) + 1)
        if len(data) <= min(size, limit):
            return data
        with open(descriptor, "rb", closefd=False) as file:  # it has grown, or comes in pieces
            data += file.read(limit + 1 - len(data))
        return data if len(data) <= limit else None
    finally:
        os.close(descriptor)


def as_utf8(data: bytes) -> tuple[bytes, str]:
    """Return text in UTF-8 without a byte order mark, and why there is none when it is no text."""
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    if b"\0" in data:
        return b"", "binary"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _recoded(data)
    return data, ""


def _recoded(data: bytes) -> tuple[bytes, str]:
    """Return text in the encoding that its first lines declare, as Python files do, in UTF-8."""
    import codecs
    import io
    import tokenize

    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        if _ENCODINGS.fullmatch(codecs.lookup(encoding).name):
            return data.decode(encoding).encode("utf-8"), ""
    except (SyntaxError, LookupError, ValueError):
        pass
    return b"", "undecodable"


class _Ignoring(NamedTuple):
    """The rules of one `.gitignore`."""

    folder: str
    """Ends with `/`, or is empty for the root."""
    rules: Any


def _ignoring_of(root: Path, folder: str, entries: list[os.DirEntry[str]]) -> list[_Ignoring]:
    import pathspec

    if not any(entry.name == ".gitignore" and entry.is_file(follow_symlinks=False) for entry in entries):
        return []
    try:
        data = read_file(root / folder / ".gitignore", 1_000_000) or b""
        rules = pathspec.GitIgnoreSpec.from_lines(data.decode().splitlines())
    except (OSError, ValueError):  # an impossible pattern excludes nothing
        return []
    return [_Ignoring(f"{folder}/" if folder else "", rules)]


def _is_ignored(path: str, ignoring: tuple[_Ignoring, ...]) -> bool:
    """Return what the nearest `.gitignore` says that has something to say."""
    for each in reversed(ignoring):
        verdict = each.rules.check_file(path.removeprefix(each.folder)).include
        if verdict is not None:
            return bool(verdict)
    return False


def _is_left_out(entry: os.DirEntry[str]) -> bool:
    return (
        entry.name.startswith(".")
        or entry.name in _SKIPPED_FOLDERS
        or os.path.exists(os.path.join(entry.path, "pyvenv.cfg"))
    )


def _found(path: str, entry: os.DirEntry[str], limit: int, skipped: Counter[str]) -> Iterator[Found]:
    try:
        path.encode("utf-8")
        status = entry.stat(follow_symlinks=False)
    except UnicodeEncodeError:
        skipped["undecodable"] += 1
    except OSError:
        skipped["unreadable"] += 1
    else:
        yield from _checked(path, status, limit, skipped)


def _checked(path: str, status: os.stat_result, limit: int, skipped: Counter[str]) -> Iterator[Found]:
    if status.st_size > limit:
        skipped["too large"] += 1
    else:
        yield Found(path, status.st_size, status.st_mtime_ns)
