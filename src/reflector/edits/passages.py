"""A prompt made searchable: where a quoted passage stands, what a text resembles, its sections."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice

from reflector.edits.likeness import TOKEN, UNIFY, folded, name_words
from reflector.edits.lines import Line, Span, Unit, overlap, read_lines, read_units
from reflector.edits.sections import Section, SectionKind, find_sections
from reflector.edits.template import Template
from reflector.trajectories.findings.wording import content_words

__all__ = ["Passages"]

_MOST_FOUND = 100
_MOST_COMPARED = 5_000
_LONGEST_GAP = 4_000
_FEW = 30
"""Sentences that are compared one by one."""
_LEAST_ALIKE = 0.5
_PAIRS = (("**", "**"), ("*", "*"), ("__", "__"), ("_", "_"), ("`", "`"), ('"', '"'), ("“", "”"))
_ELLIPSIS = re.compile(r"\s*(?:\[?…\]?|\[?\.{3,}\]?)\s*")


class Passages:
    """A prompt, its lines, sections and sentences, and how to find what a suggestion quotes."""

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt
        self.lines: list[Line] = read_lines(prompt)
        self._line_starts = [line.start for line in self.lines]

    def text(self, span: Span) -> str:
        """Return what stands in the prompt at `span`."""
        return self.prompt[span[0] : span[1]]

    def line_at(self, offset: int) -> int:
        """Return the index of the line that holds `offset` (-1 for an empty prompt)."""
        return bisect_right(self._line_starts, offset) - 1

    def lines_inside(self, spans: Iterable[Span]) -> set[int]:
        """Return the numbers of the lines that lie as a whole in one of the spans."""
        inside: set[int] = set()
        for start, end in spans:
            number = bisect_left(self._line_starts, start)
            while number < len(self.lines) and self.lines[number].start < end >= self.lines[number].end:
                inside.add(number)
                number += 1
        return inside

    @cached_property
    def newline(self) -> str:
        """The line break that the prompt uses."""
        windows = self.prompt.count("\r\n")
        return "\r\n" if windows and windows * 2 >= self.prompt.count("\n") else "\n"

    @cached_property
    def sections(self) -> list[Section]:
        """The named sections, in their order; outer ones before those inside them."""
        return find_sections(self.prompt, self.lines)

    @property
    def has_headings(self) -> bool:
        """Whether a section has a heading or tags, and not only a label."""
        return any(section.kind is not SectionKind.LABEL for section in self.sections)

    @cached_property
    def template(self) -> Template:
        """The placeholders of the prompt."""
        return Template(self.prompt)

    @cached_property
    def units(self) -> list[Unit]:
        """All sentences and headings, in order."""
        return read_units(self.prompt, self.lines)

    @cached_property
    def _unit_starts(self) -> list[int]:
        return [unit.span[0] for unit in self.units]

    def unit_at(self, offset: int) -> Unit | None:
        """Return the sentence or heading that holds `offset`."""
        at = bisect_right(self._unit_starts, offset) - 1
        return self.units[at] if at >= 0 and offset < self.units[at].span[1] else None

    def units_within(self, span: Span) -> list[Unit]:
        """Return the sentences and headings that begin between two offsets."""
        starts = self._unit_starts
        return self.units[bisect_left(starts, span[0]) : bisect_left(starts, span[1])]

    @cached_property
    def named_sections(self) -> list[tuple[Section, list[str]]]:
        """The sections, each with the words of its name."""
        return [(section, name_words(section.name)) for section in self.sections]

    def section_at(self, offset: int) -> Section | None:
        """Return the innermost named section that holds `offset`."""
        holding = [s for s, _ in self.named_sections if s.start <= offset < s.end]
        return max(holding, key=lambda s: s.start, default=None)

    def is_heading(self, span: Span) -> bool:
        """Whether a span lies in a heading, an opening tag included."""
        return any(s.start <= span[0] and span[1] <= s.body_start for s, _ in self.named_sections)

    # --- finding ---

    def find(self, quote: str) -> list[Span]:
        """Return every span that reads like `quote`.

        Tried in turn: exactly; "first … last" with what it leaves out; without regard to case, white space,
        quotes, markup and closing punctuation.
        """
        quote = quote.strip()
        return (self._exact(quote) or self._elided(quote) or self._tolerant(quote)) if quote else []

    def _exact(self, quote: str) -> list[Span]:
        found = [(at, at + len(quote)) for at in _occurrences(self.prompt, quote)]
        return [span for span in found if not any(_cuts_word(self.prompt, offset) for offset in span)]

    def _elided(self, quote: str) -> list[Span]:
        """Return what an ellipsis leaves out too; one at the end goes on to the end of the sentence."""
        first, *rest = _ELLIPSIS.split(quote, maxsplit=1)
        if not first or not rest:
            return []
        ends = (
            self._exact(rest[0]) or self._tolerant(rest[0]) if rest[0] else [unit.span for unit in self.units]
        )
        found: list[Span] = []
        for start, behind in self._exact(first) or self._tolerant(first):
            is_near = (e for s, e in ends if (s if rest[0] else e) >= behind and s <= start + _LONGEST_GAP)
            found += [(start, end) for end in islice(is_near, 1)]
        return found

    @cached_property
    def _lowered(self) -> str:
        """The prompt in small letters and with unified signs, of the same length."""
        text = self.prompt.translate(UNIFY)
        lowered = text.lower()
        if len(lowered) == len(text):
            return lowered
        # A few capitals (İ) become two characters; keep one of them, so that offsets stay true.
        return "".join(character.lower()[:1] for character in text)

    @cached_property
    def _tokens(self) -> tuple[str, list[int], list[Span]]:
        """The prompt's tokens joined by blanks, where each begins in that text, and where in the prompt."""
        matches = list(TOKEN.finditer(self._lowered))
        starts: list[int] = []
        at = 1
        for match in matches:
            starts.append(at)
            at += len(match[0]) + 1
        return f" {' '.join(match[0] for match in matches)} ", starts, [match.span() for match in matches]

    def _tolerant(self, quote: str) -> list[Span]:
        if len(quote) > 2 * len(self.prompt) + 100:
            return []
        tokens = folded(quote)
        last_word = max((n for n, token in enumerate(tokens, 1) if token[0].isalnum()), default=0)
        if not last_word or not all(token in self._lowered for token in tokens[:last_word]):
            return []
        return self._find_tokens(tokens) or self._find_tokens(tokens[:last_word])

    def _find_tokens(self, tokens: list[str]) -> list[Span]:
        text, starts, spans = self._tokens
        firsts = [bisect_left(starts, at + 1) for at in _occurrences(text, f" {' '.join(tokens)} ")]
        return [self._with_marks(spans[first][0], spans[first + len(tokens) - 1][1]) for first in firsts]

    def _with_marks(self, start: int, end: int) -> Span:
        """Return a span with the marks beside it whose partners it holds, as that of `Payment:** ask` in bold."""
        for opening, closing in _PAIRS:
            if sum(self.prompt.count(mark, start, end) for mark in {opening, closing}) % 2:
                if self.prompt.endswith(opening, 0, start):
                    start -= len(opening)
                elif self.prompt.startswith(closing, end):
                    end += len(closing)
        return start, end

    # --- by meaning ---

    @cached_property
    def _meanings(self) -> list[tuple[Unit, frozenset[str]]]:
        sentences = [unit for unit in self.units if not unit.is_heading][:_MOST_COMPARED]
        return [(unit, content_words(self.text(unit.span))) for unit in sentences]

    @cached_property
    def _by_rarer_words(self) -> dict[str, list[int]]:
        """The sentences by the rarer half of their words and one more: who shares half of all shares one of these."""
        often = Counter(word for _, words in self._meanings for word in words)
        found: dict[str, list[int]] = {}
        for number, (_, words) in enumerate(self._meanings):
            for word in sorted(words, key=often.__getitem__)[: len(words) // 2 + 1]:
                found.setdefault(word, []).append(number)
        return found

    def resembling(self, text: str, within: Span | None = None) -> tuple[float, Unit] | None:
        """Return the sentence most of whose words stand in `text`, with their share; less for short sentences.

        None if there is no sentence half of whose words do.
        """
        wanted = content_words(text)
        if sum(word.partition("'")[0] in self._lowered for word in wanted) < 2:
            # One common word is never half of what a sentence says.
            return None
        sentences = self._meanings
        if len(sentences) > _FEW:
            near = {number for word in wanted for number in self._by_rarer_words.get(word, ())}
            sentences = [sentences[number] for number in sorted(near)]
        best: tuple[float, Unit] | None = None
        for unit, words in sentences:
            shared = len(words & wanted)
            if 2 * shared < len(words):
                continue
            likeness = min(1.0, shared / 3) * shared / (len(words) or 1)
            is_better = likeness >= _LEAST_ALIKE and (best is None or likeness > best[0])
            if is_better and (within is None or overlap(unit.span, within)):
                best = likeness, unit
        return best

    def share(self, span: Span, said: frozenset[str]) -> float:
        """Return how many of the words at `span` are among some words."""
        words = content_words(self.text(span), 20_000)
        return len(words & said) / len(words) if words else 0.0


def _occurrences(text: str, part: str) -> Iterator[int]:
    """Yield where `part` stands in `text`; two may share one character."""
    at = text.find(part)
    for _ in range(_MOST_FOUND):
        if at < 0:
            return
        yield at
        at = text.find(part, at + max(1, len(part) - 1))


def _cuts_word(prompt: str, offset: int) -> bool:
    """Whether `offset` cuts an ASCII word; scripts without blanks between words are let through."""
    pair = prompt[max(0, offset - 1) : offset + 1]
    return 0 < offset < len(prompt) and pair.isascii() and pair.isalnum()
