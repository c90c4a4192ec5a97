"""A chunk: consecutive lines of a file that belong together, and what stands in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar, overload

from reflector._json import Value
from reflector.code.languages import names_called, names_imported

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Chunk", "ChunkKind", "Chunks", "Hit", "Items"]

_Item = TypeVar("_Item")


class ChunkKind(StrEnum):
    """What a chunk is."""

    FUNCTION = "function"
    METHOD = "method"
    CLASS = "class"
    """A short class as a whole; of a longer one, what stands between its methods."""
    MODULE = "module"
    """What stands between the definitions of a file."""
    SECTION = "section"
    """Prose under a heading."""
    FENCE = "fence"
    """A code block in prose."""
    LINES = "lines"
    """A piece of a file whose structure is not known."""


class Chunk(Value):
    """Whole, consecutive lines of one file. The chunks of a file hold each of its lines exactly once."""

    path: str
    """Of the file, from the root of the tree, with `/`."""
    language: str
    kind: ChunkKind
    name: str = ""
    """The qualified name of what is defined (`Runtime.request`), a section's headings, or empty."""
    start_line: int
    """Counted from 1; `end_line` belongs to the chunk."""
    end_line: int
    text: str
    """Exactly what stands in the file, line ends included."""
    tokens: int
    """Estimated: one for every four bytes."""
    summary: str = ""
    """The first line of the docstring."""
    decorators: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    """Simple names of the functions and classes defined here."""

    @property
    def lines(self) -> tuple[int, int]:
        """The first and the last line."""
        return self.start_line, self.end_line

    @property
    def id(self) -> str:
        """Where it is: `path:first-last`. No other chunk of the tree has it."""
        return f"{self.path}:{self.start_line}-{self.end_line}"

    @property
    def imports(self) -> tuple[str, ...]:
        """Names of the modules that are imported here, as they are written."""
        return names_imported(self.text, self.language)

    @property
    def calls(self) -> tuple[str, ...]:
        """Names that are called here, as they are written (`self.close`), each once."""
        return names_called(self.text, self.language)

    @property
    def document(self) -> str:
        """What is searched and embedded: the path and the qualified name, then the text."""
        return f"{self.path} {self.name}\n{self.text}"


class Hit(Value):
    """A chunk that a search found."""

    chunk: Chunk
    score: float
    """The higher, the better; comparable within one search only."""

    @property
    def path(self) -> str:
        return self.chunk.path

    @property
    def name(self) -> str:
        return self.chunk.name

    @property
    def lines(self) -> tuple[int, int]:
        return self.chunk.lines

    @property
    def text(self) -> str:
        return self.chunk.text


class Items(Sequence[_Item]):
    """An immutable sequence, to which others add what they know of it. A slice is a tuple."""

    def __init__(self, items: Iterable[_Item]) -> None:
        self._items = tuple(items)

    @overload
    def __getitem__(self, index: int) -> _Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[_Item]: ...
    def __getitem__(self, index: int | slice) -> _Item | Sequence[_Item]:
        return self._items[index]  # by a number of NumPy's too

    def __iter__(self) -> Iterator[_Item]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)


class Chunks(Items[Chunk]):
    """An immutable sequence of chunks, with their vectors where these are known.

    Args:
        chunks: In the order of path and line when they come from an index.
        vectors: Shape (n, d), rows of length 1 or 0 (not embedded yet). None: not known.
    """

    def __init__(self, chunks: Iterable[Chunk], vectors: NDArray[np.float32] | None = None) -> None:
        super().__init__(chunks)
        self.vectors = vectors
        if vectors is not None and len(vectors) != len(self):
            raise ValueError(f"{len(self)} chunks need as many vectors; got {len(vectors)}.")

    def where(self, holds: Callable[[Chunk], bool]) -> Chunks:
        """Return the chunks for which `holds` is true, with their vectors."""
        kept = [index for index, chunk in enumerate(self) if holds(chunk)]
        vectors = None if self.vectors is None else self.vectors[kept]
        return Chunks((self[index] for index in kept), vectors)

    @overload
    def __getitem__(self, index: int) -> Chunk: ...
    @overload
    def __getitem__(self, index: slice) -> Chunks: ...
    def __getitem__(self, index: int | slice) -> Chunk | Chunks:
        if isinstance(index, slice):
            return Chunks(self._items[index], None if self.vectors is None else self.vectors[index])
        return self._items[index]

    def __repr__(self) -> str:
        return f"<{len(self)} chunks of {len({chunk.path for chunk in self})} files>"
