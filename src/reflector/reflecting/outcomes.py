"""What a reflection's suggestions look like before they are tried, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import isfinite

from reflector._text import shorten
from reflector.edits.edit import Edit, EditStatus
from reflector.edits.plan import EditPlan
from reflector.errors import InputError
from reflector.reflecting.reflection import Reflection
from reflector.reflection.calibration import SuggestionFeatures
from reflector.reflection.confidence import suggestion_scores
from reflector.reflection.experience import Trial, TriedSuggestion, prompt_digest
from reflector.reflection.models import ParsedReflection

__all__ = ["features_of", "trial_of"]


def features_of(parsed: ParsedReflection, plan: EditPlan) -> tuple[SuggestionFeatures, ...]:
    """Return, for each suggestion, what is known of it before it is tried."""
    runs = parsed.provenance.suggestion_runs
    placed = {edit.suggestion_index for edit in plan.edits if edit.location is not None}
    return tuple(
        SuggestionFeatures(
            type=each.type,
            category=each.category,
            priority=each.priority,
            score=score,
            is_specific=bool((each.specific_text or "").strip()),
            is_placed=index in placed,
            words=len(each.description[:4_000].split()),
            seen=max(1, len(runs[index])) if index < len(runs) else 1,
        )
        for index, (each, score) in enumerate(zip(parsed.suggestions, suggestion_scores(parsed), strict=True))
    )


def trial_of(
    reflection: Reflection,
    *,
    accepted: bool,
    score_delta: float | None = None,
    suggestions: Collection[int] | None = None,
) -> Trial:
    """Return the trial of a reflection's improved prompt.

    Raises:
        InputError: If it is no reflection, `score_delta` no finite number, or a position of `suggestions` not there.
    """
    if not isinstance(reflection, Reflection):
        raise InputError(
            f"expected the Reflection that was tried; got {type(reflection).__name__} "
            f"{shorten(repr(reflection), 80)}."
        )
    if not isinstance(accepted, bool):
        raise InputError(f"accepted is True or False; got {accepted!r}.")
    if score_delta is not None and not (isinstance(score_delta, int | float) and isfinite(score_delta)):
        raise InputError(
            f"score_delta is a finite number, or None if none was measured; got {score_delta!r}."
        )
    made: dict[int, list[Edit]] = {}
    for edit in reflection.plan.edits:
        if edit.status is EditStatus.APPLIED:
            made.setdefault(edit.suggestion_index, []).append(edit)
    tried = sorted(made) if suggestions is None else sorted(set(suggestions))
    unknown = [index for index in tried if index not in range(len(reflection.suggestions))]
    if unknown:
        raise InputError(
            f"there is no suggestion {unknown[0]}; the reflection has {len(reflection.suggestions)}."
        )
    features = features_of(reflection, reflection.plan)
    return Trial(
        before=prompt_digest(reflection.prompt),
        after=prompt_digest(reflection.improved_prompt),
        suggestions=tuple(
            TriedSuggestion(
                suggestion=reflection.suggestions[index],
                features=features[index],
                added=_texts(edit.content for edit in made.get(index, ())),
                removed=_texts(edit.target_text for edit in made.get(index, ())),
            )
            for index in tried
        ),
        accepted=accepted,
        score_delta=score_delta,
    )


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(text.strip() for text in texts if text.strip())
