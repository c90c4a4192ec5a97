"""Where in a prompt a suggestion belongs: its named section or passage, or the end, with a reason."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from reflector._text import one_line
from reflector.edits.edit import (
    LocationType,
)
from reflector.edits.likeness import content_words, folded, name_words
from reflector.edits.lines import LineKind
from reflector.edits.naming import matching_section, section_at
from reflector.edits.passages import Passages, Span, Unit
from reflector.edits.sections import Section
from reflector.edits.wording import quoted

__all__ = ["Place", "described_passage", "end_of_prompt", "locate", "numbered_passage"]


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
_ORDINAL = re.compile(
    r"(?:(?P<kind>paragraph|line|rule|step|item|point|tip|bullet|number|instruction|guideline)\s*#?\s*(?P<number>\d{1,3})\b"
    r"|(?P<word>first|second|third|fourth|fifth|last|final)\s+(?P<kind2>paragraph|line|rule|step|item|point|tip|bullet))",
    re.IGNORECASE,
)


_COUNT = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1, "final": -1}


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
    if span := _passage(passages, wanted):
        return _after(passages, span, "the passage it names")
    if section := matching_section(passages, wanted):
        return within(section, f"section {section.name!r}, nearest to {one_line(wanted, 60)!r}")
    if span := _resembling(passages, wanted):
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
    span = _passage(passages, rest) or _resembling(passages, rest)
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


# --- passages by words ----------------------------------------------------------------------------------


def _passage(passages: Passages, text: str) -> Span | None:
    """Return the passage that is quoted or numbered in `text`; of several the first."""
    for quote in (text, *sorted(quoted(text), key=len, reverse=True)):
        words = folded(quote[:20_000])
        if len(words) < 2 and len(quote) < 12:
            continue
        if spans := passages.find(quote):
            return spans[0]
    return numbered_passage(passages, text) or described_passage(passages, text)


_DESCRIBED = re.compile(
    r"\b(?:sentence|paragraph|line|rule|part|instruction|bullet|item|statement|clause|passage|text|point|requirement|"
    r"constraint|note|warning)s?\s+(?:about|on|regarding|describing|concerning|covering|mentioning|that|which|for|"
    r"saying|starting with)\s+(?P<what>[^.;\n]{3,160})",
    re.IGNORECASE,
)


def described_passage(passages: Passages, text: str) -> Span | None:
    """Return the one sentence that holds every word of a description, as in "the sentence about refunds"."""
    match = _DESCRIBED.search(text[:1_000])
    if match is None:
        return None
    holding = [unit for unit in passages.units_holding(content_words(match["what"])) if not unit.is_heading]
    return (holding[0].start, holding[0].end) if len(holding) == 1 else None


def numbered_passage(passages: Passages, text: str, within: Span | None = None) -> Span | None:
    """Return the list item, line or paragraph that `text` counts out, as in "rule 3" or "second paragraph"."""
    match = _ORDINAL.search(text[:400])
    if match is None:
        return None
    kind = (match["kind"] or match["kind2"]).lower()
    count = int(match["number"]) if match["number"] else _COUNT[match["word"].lower()]
    low, high = within or (0, len(passages.prompt))
    if section := matching_section(passages, _ORDINAL.sub("", text)[:200]):
        low, high = max(low, section.body_start), min(high, section.body_end)
    blocks = list(
        dict.fromkeys(
            (u.block_start, u.block_end) for u in passages.units_within(low, high) if _counts_as(u, kind)
        )
    )
    if match["number"] and kind not in ("paragraph", "line"):
        labelled = [b for b in blocks if re.match(rf"\(?{count}[.)]", passages.marker_before(b[0]))]
        if labelled:
            return labelled[0]
        if any(passages.marker_before(b[0])[:1].isdigit() for b in blocks):
            return None
    at = count - 1 if count > 0 else count
    return blocks[at] if -len(blocks) <= at < len(blocks) else None


def _counts_as(unit: Unit, kind: str) -> bool:
    return not unit.is_heading and (not unit.is_item if kind == "paragraph" else unit.is_item)


def _resembling(passages: Passages, text: str) -> Span | None:
    if len(text.split()) < 4:
        return None
    best = passages.resembling(text)
    if not best or best[0][0] < 0.75:
        return None
    return best[0][1].start, best[0][1].end
