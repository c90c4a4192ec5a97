"""Which section a name means."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reflector.edits.likeness import name_words
from reflector.edits.passages import Passages
from reflector.edits.sections import Section
from reflector.trajectories.findings.wording import content_words, words_of

__all__ = ["matching_section", "named_part"]

_FILLERS = words_of(
    "section heading part block list paragraph the a an of in under after below end bottom start beginning top"
)
_GENERIC = _FILLERS | words_of("rule rules prompt system instructions guidelines main current existing")
_AROUND_COMPONENT = _FILLERS | words_of("component prompt text")
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


def named_part(target: str, names: Iterable[str]) -> tuple[str | None, str]:
    """Return which of several names a target is, or begins with, and what it says beside it: `system > Rules`."""
    first, *rest = _PATH.split(target.strip(), maxsplit=1) if len(target) <= _LONGEST_NAME else [""]
    for name in names:
        wanted = name_words(name)
        if wanted and wanted in (said := name_words(first), _words(said, _AROUND_COMPONENT)):
            return name, "".join(rest)
    return None, target
