"""From parts to chunks: those above the budget are cut where a statement begins, or at least where a line does."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from reflector.code.chunk import Chunk, ChunkKind
from reflector.code.outline import Part
from reflector.code.source import Source

__all__ = ["cut", "line_parts", "split"]


def cut(source: Source, parts: Iterable[Part], max_tokens: int) -> Iterator[Chunk]:
    """Yield the chunks of a file. None exceeds the budget, unless a single line does."""
    for part in parts:
        if (tokens := source.tokens(part.first, part.last)) <= max_tokens:
            yield _chunk(source, part, tokens)
            continue
        stops = sorted(part.stops() if part.stops else _line_stops(source, part.first, part.last))
        for number, (first, last) in enumerate(_pieces(source, part.first, part.last, stops, max_tokens)):
            piece = part._replace(first=first, last=last)
            if number:
                piece = piece._replace(summary="", decorators=(), defines=())
            yield _chunk(source, piece, source.tokens(first, last))


def line_parts(source: Source, kind: ChunkKind = ChunkKind.LINES) -> list[Part]:
    """Return a file without structure as one part, to be cut where the text is indented least."""
    return [Part(1, len(source), kind)] if len(source) else []


def split(chunk: Chunk, max_tokens: int) -> list[Chunk]:
    """Return a chunk in pieces of at most so many tokens; whole if it fits. A single line is never cut."""
    if chunk.tokens <= max_tokens:
        return [chunk]
    source = Source(chunk.path, chunk.language, chunk.text.encode())
    first_part = line_parts(source, chunk.kind)[0]._replace(
        name=chunk.name, summary=chunk.summary, decorators=chunk.decorators, defines=chunk.defines
    )
    shift = chunk.start_line - 1
    return [
        piece.replace(start_line=piece.start_line + shift, end_line=piece.end_line + shift)
        for piece in cut(source, [first_part], max_tokens)
    ]


def _chunk(source: Source, part: Part, tokens: int) -> Chunk:
    return Chunk(
        path=source.path,
        language=part.language or source.language,
        kind=part.kind,
        name=part.name,
        start_line=part.first,
        end_line=part.last,
        text=source.text(part.first, part.last),
        tokens=tokens,
        summary=part.summary,
        decorators=part.decorators,
        defines=part.defines,
    )


def _pieces(
    source: Source, first: int, last: int, stops: Iterable[tuple[int, int]], max_tokens: int
) -> Iterator[tuple[int, int]]:
    """Yield ranges of lines, as long as the budget allows, from atoms that are cut as little as needed."""
    start, end = first, first - 1
    for atom_first, atom_last in _atoms(source, first, last, stops, max_tokens):
        if end >= start and source.tokens(start, atom_last) > max_tokens:
            yield start, end
            start = atom_first
        end = atom_last
    yield start, end


def _atoms(
    source: Source, first: int, last: int, stops: Iterable[tuple[int, int]], max_tokens: int
) -> Iterator[tuple[int, int]]:
    """Yield ranges that fit, cut at the least deep statements first; at every line where no statement begins."""
    waiting = deque([(first, last, [stop for stop in stops if first < stop[0] <= last])])
    while waiting:
        first, last, inside = waiting.popleft()
        if source.tokens(first, last) <= max_tokens or first == last:
            yield first, last
            continue
        if not inside:
            yield from ((line, line) for line in range(first, last + 1))
            continue
        least = min(depth for _, depth in inside)
        places = sorted({line for line, depth in inside if depth == least})
        deeper = iter([stop for stop in inside if stop[1] > least])
        waiting.extendleft(reversed(_divided(first, last, places, deeper)))


def _divided(
    first: int, last: int, places: list[int], deeper: Iterator[tuple[int, int]]
) -> list[tuple[int, int, list[tuple[int, int]]]]:
    """Return the ranges between some lines, each with the stops (in order) that are left for it."""
    ranges = []
    stop = next(deeper, None)
    for start, end in zip([first, *places], [*(place - 1 for place in places), last], strict=True):
        own = []
        while stop is not None and stop[0] <= end:
            if stop[0] > start:
                own.append(stop)
            stop = next(deeper, None)
        ranges.append((start, end, own))
    return ranges


def _line_stops(source: Source, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield every line that is not blank, the less deep the less it is indented; after a blank line still less."""
    after_blank = True
    for line in range(first, last + 1):
        if source.is_blank(line):
            after_blank = True
            continue
        yield line, 2 * source.indentation(line) + (not after_blank)
        after_blank = False
