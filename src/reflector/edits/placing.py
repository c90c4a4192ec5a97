"""Where in a prompt an addition belongs: its named section or passage, or the end, with a reason."""

from __future__ import annotations

import re

from reflector._text import one_line
from reflector.edits.drafts import Place
from reflector.edits.edit import LocationType
from reflector.edits.lines import LineKind, Span
from reflector.edits.passages import Passages
from reflector.edits.sections import Section, SectionKind
from reflector.edits.targets import is_telling, matching_section
from reflector.edits.wording import quoted

__all__ = ["Found", "locate"]

Found = tuple[Place, str]
"""A place, and how it was found."""

_OF_PROMPT = r"(?:\s+of)?(?:\s+the)?(?:\s+(?:system\s+)?(?:prompt|instructions?|message))?\W*\Z"
_AT = r"\W*(?:(?:at|to|the|very)\s+)*"
_AT_START = re.compile(rf"{_AT}(?:start|beginning|top){_OF_PROMPT}", re.IGNORECASE)
_AT_END = re.compile(rf"{_AT}(?:end|bottom){_OF_PROMPT}", re.IGNORECASE)
_BEFORE = re.compile(
    r"\W*(?:(?:right|just|immediately|directly)\s+)*(?:before|above|preceding)\b", re.IGNORECASE
)


def locate(passages: Passages, target: str | None, hint: str = "") -> Found:
    """Return the place that `target` names, else the end of the prompt, with the reason why.

    Tried in turn: a section's name; a passage; the prompt's start and end; a passage that is quoted; names and
    passages that are nearly the same. Of several sections of one name `hint` decides.
    """
    wanted = (target or "").strip()
    if not wanted:
        return _end_of_prompt(passages, "no section is named")
    if section := matching_section(passages, wanted, hint, exact=True):
        return _within(passages, section, f"section {section.name!r}")
    if is_telling(wanted) and (spans := passages.find(wanted)):
        return _after(passages, spans[0], "the passage it names")
    if _AT_START.match(wanted):
        return Place(LocationType.START, (0, 0)), "placed at the beginning, as named"
    if _AT_END.match(wanted):
        return _end_of_prompt(passages, "the end is named")
    return _named_place(passages, wanted, hint) or _end_of_prompt(
        passages, f"no section or passage like {one_line(wanted, 60)!r} was found", is_found=False
    )


def _named_place(passages: Passages, wanted: str, hint: str) -> Found | None:
    """Return the place that is described; texts always go behind something, so "before …" is not understood."""
    if _BEFORE.match(wanted):
        return None
    quotes = sorted(filter(is_telling, quoted(wanted)), key=len, reverse=True)
    span = next((spans[0] for quote in quotes if (spans := passages.find(quote))), None)
    if span:
        return _after(passages, span, "the passage it names")
    if section := matching_section(passages, wanted, hint):
        return _within(passages, section, f"section {section.name!r}, nearest to {one_line(wanted, 60)!r}")
    nearest = passages.resembling(wanted) if len(wanted.split()) >= 4 else None
    if nearest and nearest[0] >= 0.75:
        return _after(passages, nearest[1].span, "the passage nearest to the one it names")
    return None


def _within(passages: Passages, section: Section, reason: str) -> Found:
    """Return the place at the end of a section's own text, before its subsections.

    A label that the text begins with leads in what the section says, and is a subsection only beside another label.
    """
    start, end = section.body_start, section.own_end
    inner = [other for other in passages.sections if start <= other.start < section.body_end]
    is_label = [other.kind is SectionKind.LABEL for other in inner[:2]]
    if is_label in ([True], [True, False]) and not passages.text((start, end)).strip():
        end = inner[1].start if inner[1:] else section.body_end
    return Place(LocationType.WITHIN, (start, end), section), f"placed in {reason}"


def _after(passages: Passages, span: Span, reason: str) -> Found:
    section = passages.section_at(span[0])
    if section and span[1] <= section.body_start:
        return _within(passages, section, f"section {section.name!r}")
    quote = one_line(passages.text(span), 60)
    return Place(LocationType.AFTER, span, section), f"placed after {reason}: {quote!r}"


# --- the end of a template ------------------------------------------------------------------------------

_INPUT = r"\$?\{\{?[^{}\r\n]{1,80}\}?\}"
_SLOT = re.compile(
    rf"\s*(?:\*\*|#+\s*)?[\w /-]{{1,30}}:(?:\*\*)?\s*(?:[\"'`<(\[]*{_INPUT}[\"'`>)\]]*\.?\s*)?\Z"
    rf"|\s*(?:<[\w-]+>\s*)?{_INPUT}\s*(?:</[\w-]+>)?\s*\Z|\s*</?[\w-]+>\s*\Z"
)


def _end_of_prompt(passages: Passages, why: str, *, is_found: bool = True) -> Found:
    """Return the place at the end of the prompt, before a closing input slot such as `Answer:`."""
    end = _slots_start(passages)
    where = "placed at the end" if end == len(passages.prompt) else "placed before the input at the end"
    return Place(LocationType.END, (0, end), is_found=is_found), f"{where}: {why}"


def _slots_start(passages: Passages) -> int:
    """Return where the input slots at the end of a template begin; the end of the prompt if there are none.

    Without a placeholder only a bare `Answer:` on the very last line is a slot.
    """
    slots: list[tuple[int, str]] = []
    for line in reversed(passages.lines[-30:]):
        if line.kind is LineKind.BLANK:
            continue
        text = passages.prompt[line.start : min(line.end, line.start + 400)]
        if line.kind is LineKind.ITEM or not _SLOT.match(text):
            break
        slots.append((line.start, text))
    if not any("{" in text for _, text in slots):
        slots = slots[:1] if slots and slots[0][1].rstrip().endswith(":") else []
    is_all = not slots or not passages.prompt[: slots[-1][0]].strip()
    return len(passages.prompt) if is_all else slots[-1][0]
