"""Suggestions that modify: which passage they are about, and what takes its place."""

from __future__ import annotations

import re

from reflector._text import one_line
from reflector.edits.additions import NO_TEXT, bare_item, insertion, unplaced, without_own_heading
from reflector.edits.drafts import Draft
from reflector.edits.edit import EditOperation, EditStatus
from reflector.edits.formatting import fitted
from reflector.edits.likeness import content_words, folded, name_words
from reflector.edits.naming import matching_section, section_at
from reflector.edits.passages import Passages, Span, Unit, spans_overlap
from reflector.edits.placing import locate
from reflector.edits.references import described_passage, labelled_passage, numbered_passage
from reflector.edits.sections import Section, SectionKind
from reflector.edits.wording import asked_for, clean_text, described_text, quoted, replacement_pair
from reflector.reflection.models import Suggestion

__all__ = ["LIKE_IN_SECTION", "draft_modification", "is_heading", "pick", "quotes_of", "section_rewrite"]

_LIKE_IN_PROMPT = 0.6

LIKE_IN_SECTION = 0.5


def draft_modification(passages: Passages, index: int, suggestion: Suggestion) -> Draft:
    pair = replacement_pair(suggestion)
    new = clean_text(suggestion.specific_text)
    is_pair_of_text = (
        pair is not None and bool(new) and pair[0] in new and pair[1] in new and len(new) > len(pair[1])
    )
    if pair is not None and (is_pair_of_text or not new):
        new = pair[1]
    section = matching_section(passages, suggestion.target_section or "")
    if pair is not None and (spans := passages.find(pair[0])):
        return _replacement_or_why_not(
            passages,
            index,
            suggestion,
            spans,
            pair[1] if is_pair_of_text else new,
            section,
            "the passage it quotes",
        )
    if not new.strip():
        return _reworded(passages, index, suggestion)
    if section is not None and _begins_with_heading(new, section):
        return section_rewrite(passages, index, suggestion, section, new)
    about: Span | None = None
    for quote, how in quotes_of(suggestion):
        spans = [s for s in passages.find(quote) if not is_heading(passages, s)]
        if spans and _names_only_the_topic(passages, spans[0], quote, new):
            about = about or _block_of(passages, spans[0])
        elif spans:
            return _replacement_or_why_not(passages, index, suggestion, spans, new, section, how)
    target = suggestion.target_section or suggestion.description
    if span := numbered_passage(passages, target) or described_passage(passages, target):
        return _replacement(passages, index, suggestion, span, new, "the passage it describes")
    if about is None:
        about = labelled_passage(passages, suggestion.target_section or "")
    if about is None and section is not None:
        about = (section.body_start, section.body_end)
    if span := _passage_about(passages, suggestion, new, about):
        return _replacement(passages, index, suggestion, span, new, "the passage it rewrites")
    place = locate(passages, suggestion.target_section, suggestion.description)
    return insertion(
        passages, index, suggestion, new, place, "; no passage to replace was found, so it is added"
    )


def _reworded(passages: Passages, index: int, suggestion: Suggestion) -> Draft:
    text = described_text(suggestion)
    if not text:
        return unplaced(index, suggestion, NO_TEXT, "")
    place = locate(passages, suggestion.target_section, suggestion.description)
    note = "; the text is taken from the description and added, as no exact wording is given"
    return insertion(passages, index, suggestion, text, place, note)


def _replacement_or_why_not(
    passages: Passages,
    index: int,
    suggestion: Suggestion,
    spans: list[Span],
    new: str,
    section: Section | None,
    how: str,
) -> Draft:
    span = pick(spans, section)
    if span is None:
        quote = passages.prompt[spans[0][0] : spans[0][1]]
        reason = (
            f"{one_line(quote, 60)!r} stands {len(spans)} times in the prompt; name the section that is meant"
        )
        return unplaced(index, suggestion, reason, new)
    return _replacement(passages, index, suggestion, _to_sentence(passages, span, new), new, how)


def _replacement(
    passages: Passages, index: int, suggestion: Suggestion, span: Span, new: str, how: str
) -> Draft:
    prompt = passages.prompt
    span, content = _fit_replacement(passages, span, new)
    old = prompt[span[0] : span[1]]
    draft = Draft(
        index,
        suggestion,
        EditOperation.REPLACE,
        new,
        f"replaces {how}: {one_line(old, 60)!r}",
        span=span,
        content=content,
    )
    if folded(old) == folded(content):
        return draft.closed(EditStatus.DROPPED, f"already present in the prompt: {one_line(old, 80)!r}")
    if passages.find(new) and not (spans_overlap(passages.find(new)[0], span)):
        return draft.closed(EditStatus.DROPPED, f"already present in the prompt: {one_line(new, 80)!r}")
    return draft


def _to_sentence(passages: Passages, span: Span, new: str) -> Span:
    """Return the whole sentence if only its beginning is quoted and the new text is a sentence itself."""
    unit = passages.unit_at(span[0])
    if unit is None or span[1] > unit.end or span[0] - unit.start > 3:
        return span
    is_sentence = new.rstrip()[-1:] in tuple('.!?:;"”') and len(new.split()) >= 4
    return (
        (unit.start, unit.end)
        if is_sentence and len(folded(passages.prompt[span[0] : span[1]])) >= 4
        else span
    )


_LEAD_LABEL = re.compile(r"(\*{0,2}[A-Z][^\s:.!?][^:.!?\r\n]{0,40}:\*{0,2})[ \t]+(?=\S)")


def _fit_replacement(passages: Passages, span: Span, new: str) -> tuple[Span, str]:
    """Return span and exact content: list markers and leading labels stay, stops are not doubled."""
    prompt, (start, end) = passages.prompt, span
    unit = passages.unit_at(start)
    marker = passages.marker_before(start) if unit is not None and unit.block_start == start else ""
    if marker:
        lines = new.split("\n")
        lines[0] = bare_item(lines[0])
        indent = passages.lines[passages.line_at(start)].indent
        new = ("\n" + indent).join(lines) if len(lines) > 1 else lines[0]
    if unit is not None and unit.start == start and not _LEAD_LABEL.match(new):
        label = _LEAD_LABEL.match(prompt, start, end)
        if label and label.end() < end:
            start = label.end()
    if end < len(prompt) and prompt[end] in ".!?" and new[-1:] in tuple(".!?"):
        end += 1
    return (start, end), fitted(new, passages.structure.newline)


# --- which passage --------------------------------------------------------------------------------------


def quotes_of(suggestion: Suggestion) -> list[tuple[str, str]]:
    """Return what may quote the passage that a suggestion is about, the surest first."""
    target = (suggestion.target_section or "").strip()
    found: list[tuple[str, str]] = []
    if len(folded(target[:2_000])) >= 2:
        found.append((target, "the passage it names"))
    inner = sorted(quoted(target) + quoted(suggestion.description), key=len, reverse=True)
    found += [
        (quote, "the passage it quotes") for quote in inner if len(folded(quote)) >= 2 or len(quote) >= 8
    ]
    return found


def _names_only_the_topic(passages: Passages, span: Span, quote: str, new: str) -> bool:
    """Whether a quote of a word or two names what is meant, and a sentence is to be written, not put in its place."""
    unit = passages.unit_at(span[0])
    is_part = unit is not None and span[1] - span[0] < (unit.end - unit.start) * 0.8
    return is_part and len(folded(quote)) <= 3 and len(folded(new[:2_000])) >= 3 + 2 * len(folded(quote))


def _block_of(passages: Passages, span: Span) -> Span:
    unit = passages.unit_at(span[0])
    return (unit.block_start, unit.block_end) if unit is not None else span


def is_heading(passages: Passages, span: Span) -> bool:
    """Whether a span lies in a heading; an XML element's opening tag counts too."""
    section = section_at(passages.structure.sections, span[0])
    if section is not None and section.start <= span[0] and span[1] <= section.body_start:
        return True
    unit = passages.unit_at(span[0])
    return unit is not None and unit.is_heading


def pick(spans: list[Span], section: Section | None) -> Span | None:
    """Return the only span, or the only one in the named section."""
    if section is not None and len(spans) > 1:
        spans = [span for span in spans if section.start <= span[0] and span[1] <= section.end]
    return spans[0] if len(spans) == 1 else None


def _passage_about(passages: Passages, suggestion: Suggestion, new: str, within: Span | None) -> Span | None:
    """Return the run of sentences that `new` rewrites: those whose words it mostly uses again."""
    about = asked_for(suggestion)
    enough = _LIKE_IN_PROMPT if within is None else LIKE_IN_SECTION
    for likeness, unit in passages.resembling(new, within):
        if unit.is_heading:
            continue
        described = passages.likeness(unit, suggestion.description[:4_000])
        agrees = likeness >= 0.4 and described >= 0.4 and passages.likeness(unit, about) >= enough
        if likeness >= enough or agrees:
            return _run_around(passages, unit, new)
    return None


def _run_around(passages: Passages, unit: Unit, new: str) -> Span:
    """Return a sentence with the neighbours in its block that `new` says again."""
    block = [u for u in passages.units_within(unit.block_start, unit.block_end) if not u.is_heading]
    at = block.index(unit)
    first = last = at
    while first > 0 and passages.likeness(block[first - 1], new) >= _LIKE_IN_PROMPT:
        first -= 1
    while last + 1 < len(block) and passages.likeness(block[last + 1], new) >= _LIKE_IN_PROMPT:
        last += 1
    return block[first].start, block[last].end


# --- whole sections -------------------------------------------------------------------------------------

_COVERS_SECTION = 0.3


def section_rewrite(
    passages: Passages, index: int, suggestion: Suggestion, section: Section, new: str
) -> Draft:
    """Replace a section's text; its heading stays unless the new text brings one."""
    prompt = passages.prompt
    has_heading = _begins_with_heading(new, section)
    end = (
        section.body_end
        if _share(passages, section.body_start, section.body_end, new) >= 0.5
        else section.own_end
    )
    share = _share(passages, section.body_start, end, new)
    place = locate(passages, section.name)
    if not prompt[section.body_start : end].strip() or share < _COVERS_SECTION:
        note = f"; the section's text is kept, as the new text holds only {share:.0%} of its words"
        return insertion(passages, index, suggestion, new, place, note)
    start = section.start if has_heading and section.kind is not SectionKind.XML else section.body_start
    if section.kind is SectionKind.XML:
        new = without_own_heading(new, section)
    while start < end and prompt[start] in " \t\r\n":
        start += 1
    while end > start and prompt[end - 1] in " \t\r\n":
        end -= 1
    how = f"section {section.name!r}"
    draft = Draft(
        index,
        suggestion,
        EditOperation.REPLACE,
        new,
        f"replaces {how}",
        span=(start, end),
        content=fitted(new, passages.structure.newline),
        section=section.name,
    )
    if folded(prompt[start:end]) == folded(new):
        return draft.closed(EditStatus.DROPPED, f"already present: {how} reads so")
    return draft


def _begins_with_heading(text: str, section: Section) -> bool:
    first = text.strip().split("\n", 1)[0]
    is_marked = (
        first.lstrip().startswith(("#", "*", "_", "<"))
        or first.rstrip().endswith(":")
        or "\n" in text.strip()
    )
    return is_marked and name_words(first.strip("<>/#* ")) == name_words(section.name)


def _share(passages: Passages, start: int, end: int, new: str) -> float:
    old = content_words(passages.prompt[start:end])
    return len(old & content_words(new)) / len(old) if old else 0.0
