"""From a reflection to an edit plan.

The way of a suggestion through this room:

1. `passages` makes the prompt searchable: its `lines`, `sections` and `units` (sentences), with exact spans.
2. Each suggestion becomes a draft. What adds (`additions`) gets a place (`placing`); what modifies, restructures
   (`rewriting`) or removes (`removals`) gets the span of the passage it is about (`targets`). The rest says why not.
3. `ranking` weighs each draft, and `validation` drops what would cost the prompt a placeholder.
4. `conflicts` merges drafts that say the same and, of those that clash, lets one win.
5. The strongest are kept; `finishing` gives insertions their exact offset and form (`slots`).
6. The result is an `EditPlan` (`plan`) of `Edit`s (`edit`): `applying` makes them, `diffing` shows them.
"""

from __future__ import annotations

from collections.abc import Callable

from reflector._text import shorten
from reflector.edits.additions import draft_addition
from reflector.edits.conflicts import merge_duplicates, resolve
from reflector.edits.drafts import Draft
from reflector.edits.edit import EditConfig
from reflector.edits.finishing import finished
from reflector.edits.passages import Passages
from reflector.edits.plan import EditPlan
from reflector.edits.ranking import impact_of
from reflector.edits.removals import draft_removal
from reflector.edits.rewriting import draft_modification, draft_restructuring
from reflector.edits.validation import Placeholders
from reflector.edits.wording import clean_text
from reflector.errors import InvalidEditError
from reflector.reflection.models import ParsedReflection, Suggestion, SuggestionType

__all__ = ["plan_edits"]

_MAX_SUGGESTIONS = 300
_MAX_TEXT = 100_000
_BUILDERS: dict[SuggestionType, Callable[[Passages, Draft, str], Draft]] = {
    SuggestionType.ADD: draft_addition,
    SuggestionType.MODIFY: draft_modification,
    SuggestionType.REMOVE: draft_removal,
    SuggestionType.RESTRUCTURE: draft_restructuring,
}
_DEFAULTS = EditConfig()


def plan_edits(reflection: ParsedReflection, prompt: str, *, config: EditConfig = _DEFAULTS) -> EditPlan:
    """Return the edits that a reflection's suggestions mean for `prompt`, checked against it and each other.

    Every suggestion becomes exactly one edit; one that is not made says why. Pure: the same arguments give
    the same plan. Nothing in a suggestion makes it raise.

    Raises:
        InvalidEditError: If `prompt` is not a string, or `reflection` not a parsed reflection.
    """
    if not isinstance(reflection, ParsedReflection):
        raise InvalidEditError(
            f"expected a ParsedReflection; got {type(reflection).__name__}. "
            "Read an answer with `rf.parse_reflection(text)`."
        )
    if not isinstance(prompt, str):
        got = f"{shorten(repr(prompt), 80)} ({type(prompt).__name__})"
        raise InvalidEditError(f"a prompt is a string; got {got}.")
    passages = Passages(prompt)
    placeholders = Placeholders(passages)
    drafts = [_weighed(draft, passages, config) for draft in _drafts(passages, reflection)]
    drafts = merge_duplicates(placeholders.checked(drafts, together=False))
    drafts, conflicts = resolve(drafts, config.conflict_strategy, prompt)
    drafts = placeholders.checked(_limited(drafts, config), together=True)
    return EditPlan(
        original_prompt=prompt,
        edits=finished(passages, _closed_with_their_winner(drafts)),
        conflicts=conflicts,
        config=config,
    )


def _drafts(passages: Passages, reflection: ParsedReflection) -> list[Draft]:
    suggestions = reflection.suggestions
    reason = f"only the first {_MAX_SUGGESTIONS} suggestions of a reflection are looked at"
    drafts = [_draft(passages, index, s) for index, s in enumerate(suggestions[:_MAX_SUGGESTIONS])]
    beyond = enumerate(suggestions[_MAX_SUGGESTIONS:], _MAX_SUGGESTIONS)
    return drafts + [Draft.of(index, s).dropped(reason) for index, s in beyond]


def _draft(passages: Passages, index: int, suggestion: Suggestion) -> Draft:
    draft = Draft.of(index, suggestion)
    size = len(suggestion.specific_text or "")
    if size > _MAX_TEXT + 2 * len(passages.prompt):
        return draft.unplaced(f"its text of {size} characters is too long for this prompt")
    return _BUILDERS[suggestion.type](passages, draft, clean_text(suggestion.specific_text))


def _weighed(draft: Draft, passages: Passages, config: EditConfig) -> Draft:
    if draft.place is None and draft.span is None:
        return draft
    is_found = draft.span is not None or (draft.place is not None and draft.place.is_found)
    target = passages.text(draft.span) if draft.span else ""
    kinds = draft.suggestion, draft.operation, draft.location_type
    impact = impact_of(*kinds, text=draft.text, target=target, validated=is_found, weights=config.weights)
    return draft.replace(impact=impact, validated=is_found)


def _limited(drafts: list[Draft], config: EditConfig) -> list[Draft]:
    """Return the drafts; those below the least impact, or beyond the number allowed, are dropped."""
    dropped: dict[str, Draft] = {}
    for rank, draft in enumerate(sorted((d for d in drafts if d.is_made), key=lambda d: d.strength)):
        if draft.impact < config.min_impact:
            why = f"its impact {draft.impact:.2f} is below the minimum of {config.min_impact:.2f}"
        elif rank >= config.max_edits:
            why = f"more than {config.max_edits} edits; its impact {draft.impact:.2f} ranks behind theirs"
        else:
            continue
        dropped[draft.id] = draft.dropped(why)
    return [dropped.get(d.id, d) for d in drafts]


def _closed_with_their_winner(drafts: list[Draft]) -> list[Draft]:
    """Return the drafts; what was merged into one that is not made is dropped with it."""
    closed = {d.id: d.reason for d in drafts if not d.is_made}
    return [
        d.dropped(f"merged into {d.merged_into}, which is not made: {closed[d.merged_into]}")
        if d.merged_into in closed
        else d
        for d in drafts
    ]
