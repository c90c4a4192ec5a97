"""Finding a quoted or described passage of a prompt, as an exact span of characters."""

from __future__ import annotations

import bisect
import math
import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from reflector.edits.likeness import content_words, folded, name_words
from reflector.edits.lines import Line, LineKind, read_lines
from reflector.edits.sections import Section, SectionKind
from reflector.edits.sentences import Span, Unit, split_sentences, trimmed
from reflector.edits.structure import PromptStructure, analyze_structure

__all__ = ["Passages", "Span", "Unit", "spans_overlap"]

_TOKEN = re.compile(r"[^\W_]+(?:_+[^\W_]+)*|[^\w\s]")

_MARKUP = frozenset("*`_\"'“”‘’«»„‚´#>")

_UNIFY = str.maketrans({"–": "-", "—": "-", "‑": "-", "…": "."})

_MAX_QUERY = 20_000

_MAX_ELLIPSIS = 4_000
_ELLIPSIS = re.compile(r"\s*(?:\[?…\]?|\[?\.{3,}\]?)\s*")


def spans_overlap(a: Span, b: Span) -> bool:
    """Whether two spans share characters."""
    return a[0] < b[1] and b[0] < a[1]


class Passages:
    """A prompt made searchable: exactly, tolerantly, by ellipsis, and by meaning."""

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt
        self.lines: list[Line] = read_lines(prompt)
        self.structure: PromptStructure = analyze_structure(prompt, self.lines)
        self._line_starts = [line.start for line in self.lines]

    # --- lines and units ---

    def line_at(self, offset: int) -> int:
        """Return the index of the line that holds `offset` (-1 for an empty prompt)."""
        return bisect.bisect_right(self._line_starts, offset) - 1

    @cached_property
    def units(self) -> list[Unit]:
        """All sentences and headings, in order. Code fences and tags are left out."""
        units: list[Unit] = []
        for first, last in self._blocks():
            line = self.lines[first]
            start = line.start + len(line.indent) + len(line.marker)
            end = trimmed(self.prompt, start, self.lines[last].end)
            is_heading = line.kind is LineKind.HEADING
            spans = [(start, end)] if is_heading else split_sentences(self.prompt, start, end)
            units += [
                Unit(a, b, start, end, line.kind is LineKind.ITEM, is_heading) for a, b in spans if a < b
            ]
        return units

    def _blocks(self) -> Iterable[tuple[int, int]]:
        """Yield first and last line of every list item, heading and paragraph."""
        first = None
        for number, line in enumerate(self.lines):
            inner = line.kind is LineKind.CONTINUATION or (line.kind is LineKind.TEXT and first is not None)
            if inner and first is not None and self.lines[first].kind is not LineKind.HEADING:
                continue
            if first is not None:
                yield first, number - 1
                first = None
            if line.kind in (LineKind.TEXT, LineKind.ITEM, LineKind.HEADING, LineKind.CONTINUATION):
                first = number
        if first is not None:
            yield first, len(self.lines) - 1

    @cached_property
    def _unit_starts(self) -> list[int]:
        return [unit.start for unit in self.units]

    def unit_at(self, offset: int) -> Unit | None:
        """Return the sentence or item that holds `offset`."""
        at = bisect.bisect_right(self._unit_starts, offset) - 1
        return self.units[at] if at >= 0 and offset < self.units[at].end else None

    def marker_before(self, offset: int) -> str:
        """Return the list marker that stands before a block, or "" if it has none."""
        line = self.lines[self.line_at(offset)]
        return line.marker if offset == line.start + len(line.indent) + len(line.marker) else ""

    def units_within(self, start: int, end: int) -> list[Unit]:
        """Return the units that lie wholly between two offsets."""
        low = bisect.bisect_left(self._unit_starts, start)
        high = bisect.bisect_left(self._unit_starts, end)
        return [unit for unit in self.units[low:high] if unit.end <= end]

    @cached_property
    def section_names(self) -> list[tuple[Section, list[str]]]:
        """The named sections with the words of their names; of those with one name the first."""
        first: dict[tuple[str, ...], Section] = {}
        for section in self.structure.sections:
            if section.kind is not SectionKind.WHOLE:
                first.setdefault(tuple(name_words(section.name)), section)
        return [(section, list(words)) for words, section in first.items()]

    # --- finding ---

    def find(self, quote: str) -> list[Span]:
        """Return every span that reads like `quote`, best way of finding first.

        Tried in turn: exactly; "first … last"; without regard to case, white space, quotes, markup and
        closing punctuation.
        """
        quote = quote.strip()
        if not quote:
            return []
        return self._exact(quote) or self._elided(quote) or self._tolerant(quote)

    def _exact(self, quote: str) -> list[Span]:
        found: list[Span] = []
        at = self.prompt.find(quote)
        while at >= 0 and len(found) < 100:
            end = at + len(quote)
            if not (_inside_word(self.prompt, at) or _inside_word(self.prompt, end)):
                found.append((at, end))
            at = self.prompt.find(quote, max(end, at + 1))
        return found

    @cached_property
    def _folded(self) -> tuple[str, list[int], list[Span]]:
        """The prompt's tokens joined by blanks, where each begins in that text, and where in the prompt."""
        lowered = self.prompt.translate(_UNIFY).lower()
        if len(lowered) != len(self.prompt):
            # A few capitals (İ) become two characters; keep one of them, so that offsets stay true.
            lowered = "".join(character.lower()[:1] for character in self.prompt.translate(_UNIFY))
        parts: list[str] = []
        starts: list[int] = []
        spans: list[Span] = []
        at = 1
        for match in _TOKEN.finditer(lowered):
            token = match[0]
            if token in _MARKUP:
                continue
            parts.append(token)
            starts.append(at)
            spans.append(match.span())
            at += len(token) + 1
        return " " + " ".join(parts) + " ", starts, spans

    def _tolerant(self, quote: str) -> list[Span]:
        if len(quote) > 2 * len(self.prompt) + 100:
            return []
        tokens = folded(quote)
        if not any(token[0].isalnum() for token in tokens):
            return []
        spans = self._token_spans(tokens)
        if not spans and not tokens[-1][0].isalnum():
            while not tokens[-1][0].isalnum():
                tokens.pop()
            spans = self._token_spans(tokens)
        return spans

    def _token_spans(self, tokens: list[str]) -> list[Span]:
        if not tokens:
            return []
        text, starts, spans = self._folded
        needle = " " + " ".join(tokens) + " "
        found: list[Span] = []
        at = text.find(needle)
        while at >= 0 and len(found) < 100:
            first = bisect.bisect_left(starts, at + 1)
            found.append((spans[first][0], spans[first + len(tokens) - 1][1]))
            at = text.find(needle, at + len(needle) - 1)
        return found

    def _elided(self, quote: str) -> list[Span]:
        """Return what "first … last" leaves out too; an ellipsis at the end goes on to the end of the sentence."""
        parts = [part for part in _ELLIPSIS.split(quote[:_MAX_QUERY]) if part.strip()]
        if not parts or len(parts) > 6 or (len(parts) == 1 and not _ELLIPSIS.search(quote)):
            return []
        where = [self._exact(part) or self._tolerant(part) for part in parts]
        found: list[Span] = []
        for start, first_end in where[0]:
            end = first_end
            for spans in where[1:]:
                later = next((span for span in spans if span[0] >= end), None)
                if later is None or later[0] - start > _MAX_ELLIPSIS:
                    break
                end = later[1]
            else:
                unit = self.unit_at(max(start, end - 1))
                is_open = unit is not None and not _ELLIPSIS.split(quote)[-1].strip()
                found.append((start, unit.end if unit is not None and is_open else end))
        return found

    # --- by meaning ---

    @cached_property
    def _meaning(self) -> tuple[list[set[str]], dict[str, list[int]]]:
        words = [content_words(self.prompt[unit.start : unit.end]) for unit in self.units]
        where: dict[str, list[int]] = {}
        for number, bag in enumerate(words):
            for word in bag:
                where.setdefault(word, []).append(number)
        return words, where

    def resembling(self, text: str, within: Span | None = None) -> list[tuple[float, Unit]]:
        """Return units that share words with `text`, best first, with their likeness in [0, 1].

        Likeness is the share of a unit's words (weighted by rarity) that stand in `text`, damped for units
        of which less than three words are shared.
        """
        wanted = content_words(text)
        bags, where = self._meaning
        total = len(bags) or 1
        rarity = {word: math.log(1 + total / len(where[word])) for word in wanted if word in where}
        shared: Counter[int] = Counter()
        hits: dict[int, float] = {}
        for word, weight in rarity.items():
            numbers = where[word]
            if len(numbers) > 2_000:
                continue
            for number in numbers:
                shared[number] += 1
                hits[number] = hits.get(number, 0.0) + weight
        scored: list[tuple[float, Unit]] = []
        for number, count in shared.items():
            unit = self.units[number]
            if within is not None and not (within[0] <= unit.start and unit.end <= within[1]):
                continue
            whole = sum(math.log(1 + total / len(where[word])) for word in bags[number])
            scored.append((hits[number] / whole * min(1.0, count / 3), unit))
        scored.sort(key=lambda pair: (-pair[0], pair[1].start))
        return scored[:20]

    def units_holding(self, words: set[str]) -> list[Unit]:
        """Return the units that hold every one of `words`."""
        _, where = self._meaning
        if not words or any(word not in where for word in words):
            return []
        rarest = sorted((where[word] for word in words), key=len)
        numbers = set(rarest[0]).intersection(*map(set, rarest[1:]))
        return [self.units[number] for number in sorted(numbers)]

    def likeness(self, unit: Unit, text: str) -> float:
        """Return the share of a unit's words that stand in `text`."""
        bag = content_words(self.prompt[unit.start : unit.end])
        return len(bag & content_words(text)) / len(bag) if bag else 0.0


def _inside_word(prompt: str, offset: int) -> bool:
    """Whether `offset` cuts an ASCII word; scripts without blanks between words are let through."""
    pair = prompt[max(0, offset - 1) : offset + 1]
    return 0 < offset < len(prompt) and pair.isascii() and pair.isalnum()
