"""Several parsed reflections on one prompt as one, with what each part rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reflector.reflection.aggregation.likeness import cause_as_suggestion
from reflector.reflection.aggregation.merging import MergedSuggestion, merge_suggestions
from reflector.reflection.confidence import rescored
from reflector.reflection.models import ParsedReflection, Provenance, Suggestion, SuggestionType

__all__ = ["join_groups", "join_turns", "same_causes"]

Place = tuple[int, int]
"""Number of the part, and position in it."""


def join_groups(parts: Sequence[ParsedReflection], *, least: int = 1) -> ParsedReflection:
    """Return the reflections on groups of runs as one: each cause and suggestion once, with all runs that show it.

    What most runs show stands first. Of several wordings the fullest is kept. What fewer than `least` parts suggest is
    left out.
    """
    causes = [
        (parts[places[0][0]].root_causes[places[0][1]], _runs(parts, places, "cause_runs"))
        for places in same_causes([part.root_causes for part in parts])
    ]
    merged = [each for each in merge_suggestions([part.suggestions for part in parts]) if each.count >= least]
    suggestions = [(each.suggestion, _runs(parts, each.places, "suggestion_runs")) for each in merged]
    causes.sort(key=lambda each: -len(each[1]))
    suggestions.sort(key=lambda each: -len(each[1]))
    joined: ParsedReflection = parts[0].replace(
        analysis="\n\n".join(dict.fromkeys(part.analysis for part in parts)),
        root_causes=tuple(cause for cause, _ in causes),
        suggestions=tuple(suggestion for suggestion, _ in suggestions),
        expected_improvement="\n\n".join(
            dict.fromkeys(part.expected_improvement for part in parts if part.expected_improvement)
        ),
        provenance=Provenance(
            cause_runs=tuple(runs for _, runs in causes),
            suggestion_runs=tuple(runs for _, runs in suggestions),
        ),
        dropped=tuple(item for part in parts for item in part.dropped),
    )
    return rescored(joined)


def join_turns(turns: Sequence[ParsedReflection]) -> ParsedReflection:
    """Return the reflections of a conversation's turns as one, with the turns that said each part.

    The latest wording of a suggestion holds; an earlier change of a passage gives way to a later one of the same
    passage. Nothing else that was said is lost: what the last turn says stands first.
    """
    last = turns[-1]
    merged = merge_suggestions([turn.suggestions for turn in turns])
    said = sorted(merged, key=lambda each: (-each.places[-1][0], each.places[-1][1]))
    kept = [each for each in said if not _is_overruled(each, merged, turns)]
    causes = [(places[-1], places) for places in same_causes([turn.root_causes for turn in turns])]
    causes.sort(key=lambda each: (-each[0][0], each[0][1]))
    joined: ParsedReflection = last.replace(
        root_causes=tuple(turns[turn].root_causes[index] for (turn, index), _ in causes),
        suggestions=tuple(_latest(each, turns) for each in kept),
        provenance=Provenance(
            cause_runs=tuple(_runs(turns, places, "cause_runs") for _, places in causes),
            suggestion_runs=tuple(_runs(turns, each.places, "suggestion_runs") for each in kept),
            cause_turns=tuple(_numbers(places) for _, places in causes),
            suggestion_turns=tuple(_numbers(each.places) for each in kept),
        ),
        dropped=tuple(item for turn in turns for item in turn.dropped),
    )
    return rescored(joined)


def same_causes(parts: Sequence[Sequence[str]]) -> list[tuple[Place, ...]]:
    """Return the places of each root cause, those together that say the same in other words; the first one first."""
    worded = [[cause_as_suggestion(cause) for cause in causes] for causes in parts]
    return sorted(each.places for each in merge_suggestions(worded))


def _latest(merged: MergedSuggestion, turns: Sequence[ParsedReflection]) -> Suggestion:
    turn, index = merged.places[-1]
    return turns[turn].suggestions[index]


def _is_overruled(
    merged: MergedSuggestion, all_merged: Iterable[MergedSuggestion], turns: Sequence[ParsedReflection]
) -> bool:
    """Return whether a later turn changes the same passage in another way."""
    passage = _passage(_latest(merged, turns))
    return passage is not None and any(
        other.places[-1][0] > merged.places[-1][0] and _passage(_latest(other, turns)) == passage
        for other in all_merged
    )


def _passage(suggestion: Suggestion) -> str | None:
    """Return the passage that a suggestion replaces or removes; None if it only adds."""
    if suggestion.type is SuggestionType.ADD:
        return None
    removed = suggestion.specific_text if suggestion.type is SuggestionType.REMOVE else None
    target = removed or suggestion.target_section
    return " ".join(target.split()) if target else None


def _runs(parts: Sequence[ParsedReflection], places: Iterable[Place], field: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part, index in places:
        known = getattr(parts[part].provenance, field)
        found.update(known[index] if index < len(known) else ())
    return tuple(sorted(found))


def _numbers(places: Iterable[Place]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(turn + 1 for turn, _ in places))
