"""Which passage of the prompt a suggestion is about."""

from __future__ import annotations

from reflector._text import one_line
from reflector.edits.likeness import contains, folded
from reflector.edits.lines import Span
from reflector.edits.passages import Passages
from reflector.edits.placing import is_telling, labelled_passage
from reflector.edits.sections import Section
from reflector.edits.wording import quoted
from reflector.reflection.models import Suggestion
from reflector.trajectories.findings.wording import content_words

__all__ = ["ambiguous", "named_spans", "only_one", "rewritten_span", "whole_sentence"]

_LIKE_TARGET = 0.75
_LIKE_TEXT = 0.6
_LIKE_IN_SECTION = 0.5


def named_spans(passages: Passages, suggestion: Suggestion, new: str = "") -> list[Span]:
    """Return where the passage stands that a suggestion names, or quotes in its words; headings are no passages.

    A quote of a word or two only names the topic if a sentence is to be written.
    """
    target = (suggestion.target_section or "").strip()
    quotes = sorted(quoted(target) + quoted(suggestion.description), key=len, reverse=True)
    for quote in filter(is_telling, (target, *quotes)):
        spans = [span for span in passages.find(quote) if not passages.is_heading(span)]
        if spans and (contains(new, quote) or not _is_topic(passages, spans[0], new)):
            return spans
    return []


def _is_topic(passages: Passages, span: Span, new: str) -> bool:
    unit, size = passages.unit_at(span[0]), len(folded(passages.text(span)))
    is_part = unit is not None and span[1] - span[0] < (unit.span[1] - unit.span[0]) * 0.8
    return is_part and size <= 3 and len(folded(new[:2_000])) >= 3 + 2 * size


def only_one(spans: list[Span], section: Section | None) -> Span | None:
    """Return the only span, or the only one in the named section."""
    if section is not None and len(spans) > 1:
        spans = [span for span in spans if section.start <= span[0] and span[1] <= section.end]
    return spans[0] if len(spans) == 1 else None


def whole_sentence(passages: Passages, span: Span) -> Span:
    """Return the sentence that a quote of several words begins; any other span as it is."""
    unit = passages.unit_at(span[0])
    is_beginning = unit is not None and span[0] - unit.span[0] <= 3 and span[1] < unit.span[1]
    return unit.span if unit and is_beginning and len(folded(passages.text(span))) >= 4 else span


def ambiguous(passages: Passages, spans: list[Span]) -> str:
    """Return why nothing is done to a passage that stands in several places."""
    quote = one_line(passages.text(spans[0]), 60)
    return f"{quote!r} stands {len(spans)} times in the prompt; name the section that is meant"


def rewritten_span(passages: Passages, target: str, new: str, section: Section | None) -> Span | None:
    """Return the sentences that a misquoted `target` means, or that `new` says again in other words.

    A target that names a section, or the label of a paragraph, narrows the search; the label stays.
    """
    within = labelled_passage(passages, target)
    if section and not within:
        within = section.body_start, section.body_end
    enough = _LIKE_IN_SECTION if within else _LIKE_TEXT
    queries = [(target, _LIKE_TARGET)] if len(target.split()) >= 4 else []
    for text, least in (*queries, (new, enough)):
        found = passages.resembling(text, within)
        if found and found[0] >= least:
            start, end = _run_around(passages, found[1].block, found[1].span, f"{text}\n{new}")
            return max(start, within[0] if within else 0), end
    return None


def _run_around(passages: Passages, block: Span, span: Span, text: str) -> Span:
    """Return a sentence with the neighbours in its block that `text` says too."""
    said = content_words(text)
    units = passages.units_within(block)
    at = [unit.span for unit in units].index(span)
    first = last = at
    is_said = [passages.share(unit.span, said) >= _LIKE_TEXT for unit in units]
    while first > 0 and is_said[first - 1]:
        first -= 1
    while last + 1 < len(units) and is_said[last + 1]:
        last += 1
    return units[first].span[0], units[last].span[1]
