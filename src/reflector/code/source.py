"""The text of a file as lines, counted as parsers count them, and their cost in tokens."""

from __future__ import annotations

from functools import cached_property
from itertools import accumulate

__all__ = ["Source"]

_SLASHES = (b"//", b"/*", b"*")
_COMMENTS = {
    "python": (b"#",),
    "ruby": (b"#",),
    "bash": (b"#",),
    "php": (b"#", *_SLASHES),
    "rust": (b"#[", *_SLASHES),
}


class Source:
    """A file's text: `line` and `text` count lines from 1, and a last line without an end is a line too."""

    def __init__(self, path: str, language: str, data: bytes) -> None:
        """`data` is UTF-8 without a byte order mark."""
        self.path = path
        self.language = language
        self.data = data
        self.lines = data.splitlines(keepends=True)  # of bytes: at \n, \r and \r\n only, as parsers do
        self._offsets = [0, *accumulate(map(len, self.lines))]

    @cached_property
    def whole(self) -> str:
        return self.data.decode("utf-8")

    def __len__(self) -> int:
        return len(self.lines)

    def text(self, first: int, last: int) -> str:
        return self.data[self._offsets[first - 1] : self._offsets[last]].decode("utf-8")

    def tokens(self, first: int, last: int) -> int:
        """Return the estimated tokens of some lines: one for every four bytes, rounded up."""
        return (self._offsets[last] - self._offsets[first - 1] + 3) // 4

    def is_blank(self, line: int) -> bool:
        return not self.lines[line - 1].strip()

    def is_closing(self, line: int) -> bool:
        """Return whether nothing but brackets that close stands in a line, if anything."""
        return not self.lines[line - 1].strip(b" \t\r\n\f)]};,")

    def is_comment(self, line: int) -> bool:
        return self.lines[line - 1].lstrip().startswith(_COMMENTS.get(self.language, _SLASHES))

    def indentation(self, line: int) -> int:
        """Return how far a line is indented; a tab counts as four blanks."""
        text = self.lines[line - 1].expandtabs(4)
        return len(text) - len(text.lstrip())
