"""Which section of a prompt a name means."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from reflector.edits.likeness import name_words
from reflector.edits.passages import Passages
from reflector.edits.sections import Section, SectionKind

__all__ = ["matching_section", "section_at"]

_GENERIC = frozenset({
    "section", "sections", "heading", "headings", "part", "parts", "block", "area", "list", "paragraph",
    "the", "a", "an", "of", "in", "for", "under", "to", "rules", "rule", "prompt", "system",
    "instructions", "instruction", "guidelines", "main", "current", "existing", "entire",
})  # fmt: skip

_FILLERS = frozenset(
    {"section", "heading", "part", "block", "list", "paragraph", "the", "a", "an", "of", "in", "under"}
)


def section_at(sections: Sequence[Section], offset: int) -> Section | None:
    """Return the innermost named section that holds `offset`."""
    holding = [s for s in sections if s.kind is not SectionKind.WHOLE and s.start <= offset < s.end]
    return max(holding, key=lambda s: (s.start, s.level), default=None)


def matching_section(passages: Passages, name: str, *, exact: bool = False) -> Section | None:
    """Return the section that `name` means.

    Exact: the same words without case, marks and words like "section", or a path ("A > B"). Otherwise
    also a name inside a longer one, and names that differ by a few letters.
    """
    named = passages.section_names
    if not named or len(name) > 300:
        return None
    wanted = name_words(name)
    for section, words in named:
        if words and words == wanted:
            return section
    bare = [word for word in wanted if word not in _FILLERS]
    core = [word for word in wanted if word not in _GENERIC]
    for section, words in named:
        if bare and [word for word in words if word not in _FILLERS] == bare:
            return section
    if by_path := _by_path(passages, name):
        return by_path
    if exact:
        return None
    for section, words in named:
        if core and [word for word in words if word not in _GENERIC] == core:
            return section
    return _contained(named, core) or _spelt_alike(named, bare)


def _by_path(passages: Passages, name: str) -> Section | None:
    parts = [part for part in re.split(r"\s*(?:>|→|::|/|\||»| - |: )\s*", name.strip("<>/ ")) if part.strip()]
    if len(parts) < 2:
        return None
    for part in reversed(parts):
        if section := matching_section(passages, part, exact=True):
            return section
    return None


def _contained(named: list[tuple[Section, list[str]]], core: list[str]) -> Section | None:
    if not core or len(core) > 8:
        return None
    wanted = set(core)
    inside = [(s, set(w) - _GENERIC) for s, w in named]
    shorter = [(len(words), s) for s, words in inside if words and words <= wanted]
    if shorter:
        longest = max(count for count, _ in shorter)
        return next(s for count, s in shorter if count == longest)
    return next((s for s, words in inside if wanted <= words), None)


def _spelt_alike(named: list[tuple[Section, list[str]]], bare: list[str]) -> Section | None:
    wanted = " ".join(bare)
    if not wanted or len(wanted) > 120:
        return None
    best, likeness = None, 0.79
    for section, words in named[:2_000]:
        ratio = difflib.SequenceMatcher(
            None, wanted, " ".join(w for w in words if w not in _FILLERS)[:120]
        ).ratio()
        if ratio > likeness:
            best, likeness = section, ratio
    return best
