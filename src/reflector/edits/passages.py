"""A prompt made searchable: where a quoted passage stands, what a text resembles, which section a name means."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import cached_property

from reflector.edits.likeness import TOKEN, UNIFY, folded, name_words
from reflector.edits.lines import Line, read_lines
from reflector.edits.sections import Section, find_sections
from reflector.edits.structure import newline_of
from reflector.edits.units import Span, Unit, overlap, read_units
from reflector.trajectories.findings.wording import content_words, words_of

__all__ = ["Passages", "matching_section"]

_MOST_FOUND = 100
_MOST_COMPARED = 5_000
_LONGEST_QUOTE = 20_000
_LONGEST_GAP = 4_000
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

    @cached_property
    def newline(self) -> str:
        """The line break that the prompt uses."""
        return newline_of(self.prompt)

    @cached_property
    def sections(self) -> list[Section]:
        """The named sections, in their order; outer ones before those inside them."""
        return find_sections(self.prompt, self.lines)

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

        Tried in turn: exactly; "first … last"; without regard to case, white space, quotes, markup and
        closing punctuation.
        """
        quote = quote.strip()
        return (self._exact(quote) or self._elided(quote) or self._tolerant(quote)) if quote else []

    def _exact(self, quote: str) -> list[Span]:
        found = [(at, at + len(quote)) for at in _occurrences(self.prompt, quote)]
        return [span for span in found if not any(_cuts_word(self.prompt, offset) for offset in span)]

    def _elided(self, quote: str) -> list[Span]:
        """Return what "first … last" leaves out too; an ellipsis at the end goes on to the end of the sentence."""
        parts = _ELLIPSIS.split(quote[:_LONGEST_QUOTE])
        said = [part for part in parts if part]
        if len(parts) < 2 or not 0 < len(said) <= 6:
            return []
        where = [self._exact(part) or self._tolerant(part) for part in said]
        found: list[Span] = []
        for start, end in where[0]:
            last: int | None = end
            for spans in where[1:]:
                last = next((e for s, e in spans if last and last <= s <= start + _LONGEST_GAP), None)
            if last is not None:
                unit = None if parts[-1] else self.unit_at(last - 1)
                found.append((start, unit.span[1] if unit else last))
        return found

    @cached_property
    def _tokens(self) -> tuple[str, list[int], list[Span]]:
        """The prompt's tokens joined by blanks, where each begins in that text, and where in the prompt."""
        text = self.prompt.translate(UNIFY)
        lowered = text.lower()
        if len(lowered) != len(text):
            # A few capitals (İ) become two characters; keep one of them, so that offsets stay true.
            lowered = "".join(character.lower()[:1] for character in text)
        matches = list(TOKEN.finditer(lowered))
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
        return (self._find_tokens(tokens) or self._find_tokens(tokens[:last_word])) if last_word else []

    def _find_tokens(self, tokens: list[str]) -> list[Span]:
        text, starts, spans = self._tokens
        firsts = [bisect_left(starts, at + 1) for at in _occurrences(text, f" {' '.join(tokens)} ")]
        return [(spans[first][0], spans[first + len(tokens) - 1][1]) for first in firsts]

    # --- by meaning ---

    @cached_property
    def _meanings(self) -> list[tuple[Unit, frozenset[str]]]:
        sentences = [unit for unit in self.units if not unit.is_heading][:_MOST_COMPARED]
        return [(unit, content_words(self.text(unit.span))) for unit in sentences]

    def resembling(self, text: str, within: Span | None = None) -> tuple[float, Unit] | None:
        """Return the sentence most of whose words stand in `text`, with their share; less for short sentences."""
        wanted = content_words(text)
        within = within or (0, len(self.prompt))
        best: tuple[float, Unit] | None = None
        for unit, words in self._meanings:
            shared = len(words & wanted)
            likeness = min(1.0, shared / 3) * shared / (len(words) or 1)
            if shared and overlap(unit.span, within) and (best is None or likeness > best[0]):
                best = likeness, unit
        return best


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


# --- sections by name -----------------------------------------------------------------------------------

_FILLERS = words_of(
    "section heading part block list paragraph the a an of in under after below end bottom start beginning top"
)
_GENERIC = _FILLERS | words_of("rule rules prompt system instructions guidelines main current existing")
_PATH = re.compile(r"\s*(?:>|→|::|/|\||»| - |: )\s*")
_LONGEST_NAME = 300


def matching_section(passages: Passages, name: str, hint: str = "", *, exact: bool = False) -> Section | None:
    """Return the section that `name` means; of several of one name the one that shares most words with `hint`.

    Exact: the same words without case, marks and words like "section", or a path ("A > B"). Otherwise
    also the same words without "rules" and the like, and a name inside a longer one.
    """
    name = name.strip()
    if not passages.named_sections or not 0 < len(name) <= _LONGEST_NAME or "\n" in name:
        return None
    parts = [part for part in _PATH.split(name.strip("<>/ ")) if part]
    found = _same(passages, name, _FILLERS)
    if not found and len(parts) > 1:
        outer = _same(passages, parts[0], _FILLERS)
        inner = _same(passages, parts[-1], _FILLERS)
        found = [s for s in inner if any(o.start <= s.start < o.end for o in outer)] or inner or outer
    if not found and not exact:
        found = _same(passages, name, _GENERIC) or _inside(passages, name)
    if len(found) < 2:
        return found[0] if found else None
    return max(found, key=lambda section: _shared(passages, section, name, hint))


def _words(words: list[str], without: frozenset[str]) -> list[str]:
    return [word for word in words if word not in without] or words


def _same(passages: Passages, name: str, without: frozenset[str]) -> list[Section]:
    wanted = name_words(name)
    equal = [section for section, words in passages.named_sections if words == wanted]
    bare = _words(wanted, without)
    return equal or [s for s, words in passages.named_sections if words and _words(words, without) == bare]


def _inside(passages: Passages, name: str) -> list[Section]:
    """Return the section with the most words that stand in `name`, else those whose name holds all its words."""
    wanted = set(name_words(name)) - _GENERIC
    if not 0 < len(wanted) <= 8:
        return []
    names = [(section, set(words) - _GENERIC) for section, words in passages.named_sections]
    shorter = [(len(words), section) for section, words in names if words and words <= wanted]
    longest = max((count for count, _ in shorter), default=0)
    return [s for count, s in shorter if count == longest] or [s for s, words in names if wanted <= words]


def _shared(passages: Passages, section: Section, name: str, hint: str) -> tuple[bool, int]:
    """How well one of several sections of a name fits: the marks of its heading first, then its words."""
    heading = passages.prompt[section.start : section.body_start].strip()
    held = content_words(passages.prompt[section.start : section.body_end], 20_000)
    return heading == name, len(held & content_words(hint, 20_000))
