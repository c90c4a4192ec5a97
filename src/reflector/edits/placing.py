"""Where in a prompt an addition belongs: its named section or passage, or the end, with a reason."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reflector._text import one_line
from reflector.edits.edit import LocationType
from reflector.edits.likeness import folded, name_words
from reflector.edits.lines import LineKind, Span
from reflector.edits.passages import Passages
from reflector.edits.sections import Section
from reflector.edits.wording import quoted
from reflector.trajectories.findings.wording import content_words, words_of

__all__ = ["Place", "is_telling", "labelled_passage", "locate", "matching_section", "named_part"]

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


@dataclass(frozen=True, slots=True)
class Place:
    """Where an insertion goes: at the end of a region, or beside a passage."""

    type: LocationType
    span: Span
    """The region to append to (end, within), or the passage to stand behind (after)."""
    reason: str
    section: Section | None = None
    is_found: bool = True
    """False if something was named and not found."""


_OF_PROMPT = r"(?:\s+of)?(?:\s+the)?(?:\s+(?:system\s+)?(?:prompt|instructions?|message))?\W*\Z"
_AT = r"\W*(?:(?:at|to|the|very)\s+)*"
_AT_START = re.compile(rf"{_AT}(?:start|beginning|top){_OF_PROMPT}", re.IGNORECASE)
_AT_END = re.compile(rf"{_AT}(?:end|bottom){_OF_PROMPT}", re.IGNORECASE)
_BEFORE = re.compile(
    r"\W*(?:(?:right|just|immediately|directly)\s+)*(?:before|above|preceding)\b", re.IGNORECASE
)


def locate(passages: Passages, target: str | None, hint: str = "") -> Place:
    """Return the place that `target` names, else the end of the prompt with the reason why.

    Tried in turn: a section's name; a passage; the prompt's start and end; a passage that is quoted or
    labelled; names and passages that are nearly the same. Of several sections of one name `hint` decides.
    """
    wanted = (target or "").strip()
    if not wanted:
        return _end_of_prompt(passages, "no section is named")
    if section := matching_section(passages, wanted, hint, exact=True):
        return _within(section, f"section {section.name!r}")
    if is_telling(wanted) and (spans := passages.find(wanted)):
        return _after(passages, spans[0], "the passage it names")
    if _AT_START.match(wanted):
        return Place(LocationType.START, (0, 0), "placed at the beginning, as named")
    if _AT_END.match(wanted):
        return _end_of_prompt(passages, "the end is named")
    return _named_place(passages, wanted, hint) or _end_of_prompt(
        passages, f"no section or passage like {one_line(wanted, 60)!r} was found", is_found=False
    )


def _named_place(passages: Passages, wanted: str, hint: str) -> Place | None:
    """Return the place that is described; texts always go behind something, so "before …" is not understood."""
    if _BEFORE.match(wanted):
        return None
    if span := _mentioned(passages, wanted):
        return _after(passages, span, "the passage it names")
    if section := matching_section(passages, wanted, hint):
        return _within(section, f"section {section.name!r}, nearest to {one_line(wanted, 60)!r}")
    nearest = passages.resembling(wanted) if len(wanted.split()) >= 4 else None
    if nearest and nearest[0] >= 0.75:
        return _after(passages, nearest[1].span, "the passage nearest to the one it names")
    return None


def _within(section: Section, reason: str) -> Place:
    """Return the place at the end of a section's own text, before its subsections."""
    end = section.own_end if section.own_end > section.body_start else section.body_end
    return Place(LocationType.WITHIN, (section.body_start, end), f"placed in {reason}", section)


def _after(passages: Passages, span: Span, reason: str) -> Place:
    section = passages.section_at(span[0])
    if section and span[1] <= section.body_start:
        return _within(section, f"section {section.name!r}")
    quote = one_line(passages.text(span), 60)
    return Place(LocationType.AFTER, span, f"placed after {reason}: {quote!r}", section)


# --- passages that are named, not copied ----------------------------------------------------------------


def is_telling(quote: str) -> bool:
    """Whether a quote is long enough to be looked for: a single short word stands anywhere."""
    return len(quote) >= 12 or len(folded(quote)) >= 2


def _mentioned(passages: Passages, text: str) -> Span | None:
    """Return the passage that `text` quotes or labels."""
    for quote in sorted(quoted(text), key=len, reverse=True):
        if is_telling(quote) and (spans := passages.find(quote)):
            return spans[0]
    return labelled_passage(passages, text)


def labelled_passage(passages: Passages, text: str) -> Span | None:
    """Return what stands behind the label `text:` at the beginning of a paragraph or list item."""
    wanted = tuple(name_words(text[:200]))
    return passages.labels.get(wanted) if 1 <= len(wanted) <= 6 else None


# --- the end of a template ------------------------------------------------------------------------------

_INPUT = r"\$?\{\{?[^{}\r\n]{1,80}\}?\}"
_SLOT = re.compile(
    rf"\s*(?:\*\*|#+\s*)?[\w /-]{{1,30}}:(?:\*\*)?\s*(?:[\"'`<(\[]*{_INPUT}[\"'`>)\]]*\.?\s*)?\Z"
    rf"|\s*(?:<[\w-]+>\s*)?{_INPUT}\s*(?:</[\w-]+>)?\s*\Z|\s*</?[\w-]+>\s*\Z"
)


def _end_of_prompt(passages: Passages, why: str, *, is_found: bool = True) -> Place:
    """Return the place at the end of the prompt, before a closing input slot such as `Answer:`."""
    end = _slots_start(passages)
    where = "placed at the end" if end == len(passages.prompt) else "placed before the input at the end"
    return Place(LocationType.END, (0, end), f"{where}: {why}", is_found=is_found)


def _slots_start(passages: Passages) -> int:
    """Return where the input slots at the end of a template begin; the end of the prompt if there are none.

    Without a placeholder only a bare `Answer:` on the very last line is a slot.
    """
    solid = [line for line in passages.lines[-30:] if line.kind is not LineKind.BLANK]
    slots = []
    for line in reversed(solid):
        text = passages.prompt[line.start : min(line.end, line.start + 400)]
        if line.kind is LineKind.ITEM or not _SLOT.match(text):
            break
        slots.append((line.start, text))
    if not any("{" in text for _, text in slots):
        slots = slots[:1] if slots and slots[0][1].rstrip().endswith(":") else []
    is_all = not slots or not passages.prompt[: slots[-1][0]].strip()
    return len(passages.prompt) if is_all else slots[-1][0]
