"""Where in a prompt a suggestion belongs: its named section or passage, or the end, with a reason."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from reflector._text import one_line
from reflector.edits.edit import LocationType
from reflector.edits.likeness import folded, name_words
from reflector.edits.lines import LineKind
from reflector.edits.naming import matching_section, section_at
from reflector.edits.passages import Passages, Span
from reflector.edits.references import named_passage, resembling_passage
from reflector.edits.sections import Section

__all__ = ["Place", "end_of_prompt", "locate"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an insertion goes: at the end of a region, or beside a passage."""

    type: LocationType
    span: Span
    """The region to append to (end, within), or the passage to stand beside (before, after, start)."""
    reason: str
    section: Section | None = None
    marker: str | None = None
    is_found: bool = True
    """False if something was named and not found."""


_RELATION = re.compile(
    r"\s*(?:(?:place|put|insert|add|goes|go|right|immediately|directly|just|at|to|in|on)\s+)*(?:the\s+)?"
    r"(?P<where>after|following|below|before|preceding|above|(?:very\s+)?(?:end|bottom)\s+of|(?:very\s+)?(?:start|beginning|top)\s+of)\s+(?:the\s+)?",
    re.IGNORECASE,
)

_OF_THE_PROMPT = (
    r"(?:\s+(?:of|in))?(?:\s+(?:the|this|system))*"
    r"(?:\s+(?:prompt|instructions?|message|section|paragraph|text))*\W*\Z"
)
_AT_START = re.compile(
    r"\W*(?:(?:at|to|in|on|the|very)\s+)*(?:start|beginning|top|opening|preamble|intro(?:duction)?)"
    + _OF_THE_PROMPT,
    re.IGNORECASE,
)
_AT_END = re.compile(
    r"\W*(?:(?:at|to|in|on|the|very)\s+)*(?:end|bottom|closing|conclusion|final section)" + _OF_THE_PROMPT,
    re.IGNORECASE,
)
_PLACE_IN_WORDS = re.compile(
    r"\b(?:at|to)\s+the\s+(?:very\s+)?(?P<where>start|beginning|top)\s+of\s+the\s+(?:system\s+)?prompt",
    re.IGNORECASE,
)


def locate(passages: Passages, target: str | None, description: str = "") -> Place:
    """Return the place that `target` names, else the end of the prompt with the reason why.

    Tried in turn: a section's name; "after …", "before …", "end of …"; the prompt's start or end; a passage
    quoted; "rule 3"; names and passages that are nearly the same.
    """
    wanted = (target or "").strip()
    if not wanted:
        if _PLACE_IN_WORDS.search(description[:2_000]):
            return _start(passages)
        return end_of_prompt(passages, "no section is named")
    if section := matching_section(passages, wanted, exact=True):
        return within(section, f"section {section.name!r}")
    if relation := _RELATION.match(wanted):
        beside = _beside(passages, relation["where"].lower(), wanted[relation.end() :])
        if beside is not None:
            return beside
    if _AT_START.match(wanted):
        return _start(passages)
    if _AT_END.match(wanted):
        return end_of_prompt(passages, "the end is named")
    if span := named_passage(passages, wanted):
        return _after(passages, span, "the passage it names")
    if section := matching_section(passages, wanted):
        return within(section, f"section {section.name!r}, nearest to {one_line(wanted, 60)!r}")
    if span := resembling_passage(passages, wanted):
        return _after(passages, span, "the passage nearest to the one it names")
    if general := _general_part(passages, wanted):
        return within(general, f"the general part, section {general.name!r}")
    place = end_of_prompt(passages, f"no section or passage like {one_line(wanted, 60)!r} was found")
    return replace(place, is_found=False)


def within(section: Section, reason: str) -> Place:
    """Return the place at the end of a section's own text, before its subsections."""
    has_text = section.own_end > section.body_start
    end = section.own_end if has_text else section.body_end
    return Place(LocationType.WITHIN, (section.body_start, end), f"placed in {reason}", section=section)


def _start(passages: Passages) -> Place:
    return Place(LocationType.START, (0, 0), "placed at the beginning, as named")


def _after(passages: Passages, span: Span, reason: str, type: LocationType = LocationType.AFTER) -> Place:
    marker = passages.prompt[span[0] : span[1]]
    section = section_at(passages.structure.sections, span[0])
    unit = passages.unit_at(span[0])
    if unit is not None and unit.is_heading and section is not None and type is LocationType.AFTER:
        return within(section, f"section {section.name!r}")
    return Place(type, span, f"placed {type.value} {reason}: {one_line(marker, 60)!r}", section, marker)


def _beside(passages: Passages, where: str, rest: str) -> Place | None:
    section = matching_section(passages, rest)
    if "of" in where.split():
        if section is None:
            return None
        if where.startswith(("end", "bottom", "very end", "very bottom")):
            return within(section, f"section {section.name!r}")
        units = passages.units_within(section.body_start, section.own_end)
        if not units:
            return within(section, f"section {section.name!r}")
        first = units[0]
        return _after(
            passages, (first.start, first.end), "the first text of its section", LocationType.BEFORE
        )
    is_after = where in ("after", "following", "below")
    span = named_passage(passages, rest) or resembling_passage(passages, rest)
    if section is not None and (span is None or len(folded(rest)) <= 6):
        if is_after:
            whole = (section.start, section.end)
            return Place(
                LocationType.AFTER, whole, f"placed after section {section.name!r}", section, section.name
            )
        heading = (section.start, section.body_start)
        return Place(
            LocationType.BEFORE, heading, f"placed before section {section.name!r}", section, section.name
        )
    if span is None:
        return None
    return _after(
        passages, span, "the passage it names", LocationType.AFTER if is_after else LocationType.BEFORE
    )


_GENERAL = frozenset({
    "general", "overall", "global", "core", "common", "top", "level", "policy", "policies", "behavior",
    "behaviour", "constraints",
})  # fmt: skip

_GENERIC = frozenset({
    "section", "sections", "heading", "headings", "part", "parts", "block", "area", "list", "paragraph",
    "the", "a", "an", "of", "in", "for", "under", "to", "rules", "rule", "prompt", "system",
    "instructions", "instruction", "guidelines", "main", "current", "existing", "entire",
})  # fmt: skip


def _general_part(passages: Passages, name: str) -> Section | None:
    """Return the title section, if `name` asks for general rules and text stands under the title."""
    words = set(name_words(name)) - _GENERIC
    title = next((s for s in passages.structure.sections if s.level == 1), None)
    if title is None or not words or not words <= _GENERAL:
        return None
    return title if passages.prompt[title.body_start : title.own_end].strip() else None


# --- the end of a template ------------------------------------------------------------------------------


def end_of_prompt(passages: Passages, why: str) -> Place:
    """Return the place at the end of the prompt, before a closing input slot such as `Answer:`."""
    end = len(passages.prompt)
    slot = _slot_start(passages)
    where = "placed at the end"
    if slot is not None:
        end, where = slot, "placed before the input at the end"
    return Place(LocationType.END, (0, end), f"{where}: {why}")


_INPUT = r"\$?\{\{?[^{}\r\n]{1,80}\}?\}"
_SLOT = re.compile(
    rf"\s*(?:\*\*|#+\s*)?[\w /-]{{1,30}}:(?:\*\*)?\s*(?:[\"'`<(\[]*{_INPUT}[\"'`>)\]]*\.?\s*)?\Z"
    rf"|\s*(?:<[\w-]+>\s*)?{_INPUT}\s*(?:</[\w-]+>)?\s*\Z"
)
_TAG_LINE = re.compile(r"\s*</?[\w-]+>\s*\Z")


def _slot_start(passages: Passages) -> int | None:
    """Return where the input slots at the end of a template begin, or None if it ends in instructions."""
    lines, prompt = passages.lines, passages.prompt
    first: int | None = None
    for number in range(len(lines) - 1, max(-1, len(lines) - 30), -1):
        line = lines[number]
        text = prompt[line.start : min(line.end, line.start + 400)]
        if line.kind is LineKind.BLANK:
            continue
        if line.kind is LineKind.ITEM or not (_SLOT.match(text) or _TAG_LINE.match(text)):
            break
        first = number
    if first is None or not any("{" in prompt[line.start : line.end] for line in lines[first:]):
        last = next((n for n in range(len(lines) - 1, -1, -1) if lines[n].kind is not LineKind.BLANK), None)
        # Without a placeholder only a bare `Answer:` on the very last line is a slot.
        if first is None or last is None or prompt[lines[last].start : lines[last].end].rstrip()[-1:] != ":":
            return None
        first = last
    return lines[first].start if prompt[: lines[first].start].strip() else None
