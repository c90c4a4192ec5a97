"""A reflection as a page for people: what was wrong, the suggestions, the diff. As text, or coloured in a notebook."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from reflector._text import clean, one_line
from reflector.edits.plan import EditPlan
from reflector.reflection.models import ParsedReflection, ParseMode, Suggestion
from reflector.usage import Usage

__all__ = ["Line", "Page", "Style"]

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


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to show of a reflection."""

    parsed: ParsedReflection
    plan: EditPlan
    suggestions: Sequence[Suggestion]
    """In the order in which they are shown."""
    failed_count: int
    model: str
    usage: Usage
    cached: bool
    subject: str
    """The runs it is about."""

    def to_text(self) -> str:
        """Return the whole page as plain text."""
        return "\n".join("".join(text for text, _ in line) for line in self._lines())

    def to_html(self) -> str:
        """Return the whole page as HTML; everything in it is escaped."""
        lines = "\n".join("".join(_span(text, style) for text, style in line) for line in self._lines())
        return f'<pre style="white-space:pre-wrap">{lines}</pre>'

    @property
    def head(self) -> str:
        """What stands above the diagnosis."""
        is_from_rules = self.parsed.parse_mode is ParseMode.RULES
        by = "rules, no model was asked" if is_from_rules else clean(self.model)
        return f"what the prompt did wrong ({by})"

    def diagnosis(self) -> Iterator[Line]:
        """Yield the analysis and the root causes."""
        yield [(clean(self.parsed.analysis), "")]
        if self.parsed.root_causes:
            yield []
            yield [("root causes", "bold")]
        known = self.parsed.provenance
        for place, cause in enumerate(self.parsed.root_causes):
            often = self._often(known.cause_runs, known.cause_turns, place)
            yield [(f"- {clean(cause)}", ""), (often, "dim")]

    def advice(self) -> Iterator[Line]:
        """Yield the suggestions."""
        known = self.parsed.provenance
        for number, suggestion in enumerate(self.suggestions, 1):
            place = self.parsed.suggestions.index(suggestion)
            yield [
                (f"{number}. ", "bold"),
                (f"[{suggestion.priority}] ", suggestion.priority.value),
                (f"{suggestion.type} · {suggestion.category}  ", "dim"),
                (clean(suggestion.description), "bold"),
                (self._often(known.suggestion_runs, known.suggestion_turns, place), "dim"),
            ]
            if suggestion.rationale:
                yield [(f"   why: {clean(suggestion.rationale)}", "")]
            if suggestion.specific_text:
                yield [(f"   text: {one_line(clean(suggestion.specific_text), 300)}", "added")]

    def diff(self) -> Iterator[Line]:
        """Yield the diff of the prompt, and which edits were not made or are doubtful."""
        text, plan = self.plan.diff(), self.plan
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

    def footer(self) -> Iterator[Line]:
        """Yield how sure it is and what it took."""
        parsed, usage = self.parsed, self.usage
        sure = f"confidence {parsed.confidence} ({parsed.confidence_score:.2f})"
        parts = [sure, f"model {clean(self.model)}"]
        if parsed.needs_clarification:
            parts.append("a follow-up question would help")
        if self.cached:
            parts.append("paid before")
        elif usage.total_tokens is not None:
            parts.append(f"{usage.input_tokens or 0} tokens in, {usage.output_tokens or 0} out")
        if usage.cost_usd is not None and not self.cached:
            parts.append(f"${usage.cost_usd:.4f}")
        if parsed.dropped:
            parts.append(f"{len(parsed.dropped)} part(s) of the answer could not be used")
        yield [(", ".join(parts), "bold")]

    def _lines(self) -> Iterator[Line]:
        yield [(self.head, "bold"), (f"  {clean(self.subject)}", "dim")]
        for part in (self.diagnosis, self.advice, self.diff, self.footer):
            yield []
            yield from part()

    def _often(self, runs: Sequence[Sequence[int]], turns: Sequence[Sequence[int]], place: int) -> str:
        """Return how many runs are said to show a cause or a suggestion, and which turns said it."""
        parts = []
        if runs and runs[place]:
            parts.append(f"in {len(runs[place])} of {self.failed_count} failed runs")
        if turns:
            parts.append(f"turn {', '.join(map(str, turns[place]))}")
        return f"  ({'; '.join(parts)})" if parts else ""


def _span(text: str, style: Style) -> str:
    escaped = html.escape(text)
    return f'<span style="{_COLOURS[style]}">{escaped}</span>' if style and text else escaped
