"""A reflection as a page for people: what was wrong, the suggestions, the diff. As text, or coloured in a notebook."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from reflector._text import clean, one_line

if TYPE_CHECKING:
    from reflector.reflecting.reflection import Reflection
    from reflector.reflection.models import Suggestion

__all__ = ["Line", "Style", "diagnosis", "diff", "footer", "head", "page_html", "page_text", "suggestions"]

Style = Literal["", "bold", "dim", "high", "medium", "low", "added", "removed", "place", "note"]
Line = Sequence[tuple[str, Style]]
"""Pieces of a line, each with what it is; what that looks like is left to the screen."""

_COLOURS: dict[Style, str] = {
    "bold": "font-weight:bold",
    "dim": "opacity:.65",
    "high": "color:#c0392b",
    "medium": "color:#b9770e",
    "low": "color:#1e8449",
    "added": "color:#1e8449",
    "removed": "color:#c0392b",
    "place": "color:#2471a3",
    "note": "color:#b9770e",
}
_DIFF_STYLES: dict[str, Style] = {"+": "added", "-": "removed", "@": "place", "#": "note"}


def page_text(reflection: Reflection) -> str:
    """Return the whole page as plain text."""
    return "\n".join("".join(text for text, _ in line) for line in _page(reflection))


def page_html(reflection: Reflection) -> str:
    """Return the whole page as HTML; everything in it is escaped."""
    lines = "\n".join("".join(_span(text, style) for text, style in line) for line in _page(reflection))
    return f'<pre style="white-space:pre-wrap">{lines}</pre>'


def head(reflection: Reflection) -> str:
    """Return what stands above the diagnosis."""
    by = "rules, no model was asked" if reflection.is_from_rules else clean(reflection.model)
    return f"what the prompt did wrong ({by})"


def diagnosis(reflection: Reflection) -> Iterator[Line]:
    """Yield the analysis and the root causes."""
    yield [(clean(reflection.analysis), "")]
    if reflection.root_causes:
        yield []
        yield [("root causes", "bold")]
    known = reflection.provenance
    for place, cause in enumerate(reflection.root_causes):
        yield [
            (f"- {clean(cause)}", ""),
            (_often(reflection, known.cause_runs, known.cause_turns, place), "dim"),
        ]


def suggestions(reflection: Reflection) -> Iterator[Line]:
    """Yield the suggestions, high priority first."""
    known = reflection.provenance
    for number, suggestion in enumerate(reflection.by_priority(), 1):
        place = reflection.suggestions.index(suggestion)
        often = _often(reflection, known.suggestion_runs, known.suggestion_turns, place)
        yield from _suggestion(number, suggestion, often)


def diff(reflection: Reflection) -> Iterator[Line]:
    """Yield the diff of the prompt, and which edits were not made or are doubtful."""
    text, plan = reflection.diff(), reflection.plan
    if not text.strip():
        yield [("the prompt stays as it is", "dim")]
    for line in clean(text).splitlines():
        yield [(line, _DIFF_STYLES.get(line[:1], "dim"))]
    for edit in plan.rejected:
        what = f"{one_line(clean(edit.text), 120)}: {one_line(clean(edit.reason), 300)}"
        yield [(f"not applied ({edit.status}): {what}", "note")]
    for group in plan.open_conflicts:
        what = f"{', '.join(group.edits)}: {clean(group.reason)}; {group.winner} is made for now"
        yield [(f"open conflict: {what}", "note")]
    for copied in plan.copied:
        told = f"{copied.edit} copies {copied.words} words from run {copied.example + 1}"
        yield [(f"{told}: {one_line(clean(copied.text), 160)}", "note")]


def footer(reflection: Reflection) -> Line:
    """Return how sure it is and what it took."""
    usage = reflection.usage
    sure = f"confidence {reflection.confidence} ({reflection.confidence_score:.2f})"
    parts = [sure, f"model {clean(reflection.model)}"]
    if reflection.needs_clarification:
        parts.append("a follow-up question would help")
    if reflection.cached:
        parts.append("paid before")
    elif usage.total_tokens is not None:
        parts.append(f"{usage.input_tokens or 0} tokens in, {usage.output_tokens or 0} out")
    if usage.cost_usd is not None and not reflection.cached:
        parts.append(f"${usage.cost_usd:.4f}")
    if reflection.dropped:
        parts.append(f"{len(reflection.dropped)} part(s) of the answer could not be used")
    return [(", ".join(parts), "bold")]


def _page(reflection: Reflection) -> Iterator[Line]:
    run, others = reflection.run_analysis, len(reflection.other_analyses)
    more = f" and {others} more" if others else ""
    yield [(head(reflection), "bold"), (f"  run {clean(run.trajectory_id)} ({run.outcome}){more}", "dim")]
    for part in (diagnosis(reflection), suggestions(reflection), diff(reflection), [footer(reflection)]):
        yield []
        yield from part


def _suggestion(number: int, suggestion: Suggestion, often: str) -> Iterable[Line]:
    yield [
        (f"{number}. ", "bold"),
        (f"[{suggestion.priority}] ", suggestion.priority.value),
        (f"{suggestion.type} · {suggestion.category}  ", "dim"),
        (clean(suggestion.description), "bold"),
        (often, "dim"),
    ]
    if suggestion.rationale:
        yield [(f"   why: {clean(suggestion.rationale)}", "")]
    if suggestion.specific_text:
        yield [(f"   text: {one_line(clean(suggestion.specific_text), 300)}", "added")]


def _often(
    reflection: Reflection, runs: Sequence[Sequence[int]], turns: Sequence[Sequence[int]], place: int
) -> str:
    """Return how many runs are said to show a cause or a suggestion, and which turns said it."""
    parts = []
    if runs and runs[place]:
        parts.append(f"in {len(runs[place])} of {reflection.failed_count} failed runs")
    if turns:
        parts.append(f"turn {', '.join(map(str, turns[place]))}")
    return f"  ({'; '.join(parts)})" if parts else ""


def _span(text: str, style: Style) -> str:
    escaped = html.escape(text)
    return f'<span style="{_COLOURS[style]}">{escaped}</span>' if style and text else escaped
