"""From a reflection to an edit plan.

The way of a suggestion through this room:

1. `passages` makes the prompt searchable: its `lines` and sentences, its `sections`, with exact spans, and its
   placeholders (`template`).
2. Each suggestion becomes a draft with its weight (`drafting`). What adds, modifies or restructures (`rewriting`) or
   removes (`removals`) gets a place (`placing`) or the span of the passage it is about (`targets`). The rest says why
   not. Of several components, the draft for the text it fits best is taken.
3. `validation` puts misspelt placeholders right, and drops what would cost or invent one.
4. `dependents` merges drafts that say the same, and finds those that need the text of another.
5. `conflicts` lets one win of those that clash, and asks about what was no clear choice.
6. The strongest are kept; `finishing` gives insertions their exact offset and form (`slots`).
7. The result is an `EditPlan` (`plan`) of `Edit`s (`edit`): `diffing` makes and shows them, `copying` tells what they
   copy from examples.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, overload

from reflector._text import shorten
from reflector.edits.conflicts import resolve
from reflector.edits.copying import find_copied, read_examples
from reflector.edits.dependents import close, merge_duplicates, put_behind_sources
from reflector.edits.drafting import assign, draft_suggestion
from reflector.edits.drafts import Draft, made
from reflector.edits.edit import CopiedText, Edit, EditConfig, Verdict
from reflector.edits.finishing import finished
from reflector.edits.passages import Passages
from reflector.edits.plan import ComponentPlans, EditPlan
from reflector.edits.validation import Placeholders
from reflector.errors import InvalidEditError
from reflector.reflection.models import ParsedReflection, Suggestion

__all__ = ["plan_edits", "replan"]

_MAX_SUGGESTIONS = 300
_DEFAULTS = EditConfig()


@overload
def plan_edits(
    reflection: ParsedReflection,
    prompt: str,
    *,
    config: EditConfig = ...,
    examples: Iterable[Any] = ...,
    task: str | None = ...,
) -> EditPlan: ...
@overload
def plan_edits(
    reflection: ParsedReflection,
    prompt: Mapping[str, str],
    *,
    config: EditConfig = ...,
    examples: Iterable[Any] = ...,
    task: str | None = ...,
) -> ComponentPlans: ...
def plan_edits(
    reflection: ParsedReflection,
    prompt: str | Mapping[str, str],
    *,
    config: EditConfig = _DEFAULTS,
    examples: Iterable[Any] = (),
    task: str | None = None,
) -> EditPlan | ComponentPlans:
    """Return the edits that a reflection's suggestions mean for `prompt`, checked against it and each other.

    Every suggestion becomes exactly one edit; one that is not made says why. Pure: the same arguments give
    the same plan. Nothing in a suggestion makes it raise.

    Args:
        reflection: Whose suggestions are planned.
        prompt: The prompt; or several texts by name, of which each suggestion changes the one it names, else the one
            its passage stands in, else the first.
        config: How edits are chosen.
        examples: Texts, runs or data that the reflection was made from; what an edit copies out of them is reported
            in `copied`.
        task: What the agent is to do: an edit may repeat it.

    Raises:
        InvalidEditError: If an argument is none of these.
    """
    if not isinstance(reflection, ParsedReflection):
        raise InvalidEditError(
            f"expected a ParsedReflection; got {type(reflection).__name__}. "
            "Read an answer with `rf.parse_reflection(text)`."
        )
    if not isinstance(config, EditConfig):
        raise InvalidEditError(f"config is an EditConfig; got {type(config).__name__}.")
    seen = read_examples(examples)
    suggestions = reflection.suggestions[:_MAX_SUGGESTIONS]
    if not isinstance(prompt, str) and isinstance(prompt, Mapping):
        texts = {
            _string(name, "the name of a component"): Passages(_string(text, "a prompt"))
            for name, text in prompt.items()
        }
        if not texts:
            raise InvalidEditError("expected at least one component; got an empty mapping.")
        parts = assign(suggestions, texts, config)
        next(iter(parts.values())).extend(_too_many(reflection.suggestions))
        return ComponentPlans(
            plans={name: _plan(texts[name], part, config, seen, task) for name, part in parts.items()}
        )
    passages = Passages(_string(prompt, "a prompt"))
    drafts = [draft_suggestion(passages, *each, config.weights) for each in enumerate(suggestions)]
    return _plan(passages, drafts + _too_many(reflection.suggestions), config, seen, task)


def replan(plan: EditPlan, verdicts: Sequence[Verdict]) -> EditPlan:
    """Return the plan made again, with what was decided about its conflicts."""
    passages, weights = Passages(plan.original_prompt), plan.config.weights
    texts = {verdict.keep: verdict.text for verdict in verdicts if not verdict.problem}
    drafts = [
        draft_suggestion(passages, edit.suggestion_index, edit.suggestion, weights, texts.get(edit.id, ""))
        for edit in sorted(plan.edits, key=lambda edit: edit.suggestion_index)
    ]
    return _settled(passages, drafts, plan.config, verdicts, plan.overlaps)


def _string(value: Any, what: str) -> str:
    if not isinstance(value, str):
        got = f"{shorten(repr(value), 80)} ({type(value).__name__})"
        raise InvalidEditError(f"{what} is a string; got {got}.")
    return value


def _too_many(suggestions: Sequence[Suggestion]) -> list[Draft]:
    beyond = [Draft(each, at) for at, each in enumerate(suggestions) if at >= _MAX_SUGGESTIONS]
    for draft in beyond:
        draft.drop(f"only the first {_MAX_SUGGESTIONS} suggestions of a reflection are looked at")
    return beyond


def _plan(
    passages: Passages, drafts: list[Draft], config: EditConfig, examples: Sequence[Any], task: str | None
) -> EditPlan:
    overlaps = find_copied(drafts, examples, (passages.prompt, task or ""))
    return _settled(passages, drafts, config, overlaps=overlaps)


def _settled(
    passages: Passages,
    drafts: list[Draft],
    config: EditConfig,
    verdicts: Sequence[Verdict] = (),
    overlaps: tuple[CopiedText, ...] = (),
) -> EditPlan:
    """Return the plan of drafts that are checked against the prompt, and now against each other."""
    placeholders = Placeholders(passages)
    placeholders.drop_unsafe(drafts, together=False)
    merge_duplicates(drafts)
    put_behind_sources(drafts)
    conflicts = resolve(drafts, passages.prompt, config, verdicts)
    _limit(drafts, config)
    return EditPlan(
        original_prompt=passages.prompt,
        edits=_edits(passages, drafts, placeholders, config),
        conflicts=conflicts,
        verdicts=tuple(verdicts),
        overlaps=overlaps,
        config=config,
    )


def _edits(
    passages: Passages, drafts: list[Draft], placeholders: Placeholders, config: EditConfig
) -> tuple[Edit, ...]:
    """Return the edits that can be made together and within the growth allowed; a dropped one may take others along."""
    allowed = _allowed_growth(passages.prompt, config)
    while True:
        while placeholders.drop_unsafe(drafts, together=True) or close(drafts):
            pass
        edits = finished(passages, drafts)
        beyond = _beyond_growth(edits, allowed) if allowed is not None else {}
        if not beyond:
            return edits
        for draft in drafts:
            if draft.id in beyond:
                draft.drop(beyond[draft.id])


# --- which edits are too weak, too many, or make the prompt too long ---


def _limit(drafts: list[Draft], config: EditConfig) -> None:
    """Drop the drafts below the least impact, or beyond the number allowed."""
    for rank, draft in enumerate(made(drafts)):
        if draft.impact < config.min_impact:
            draft.drop(f"its impact {draft.impact:.2f} is below the minimum of {config.min_impact:.2f}")
        elif rank >= config.max_edits:
            why = f"more than {config.max_edits} edits; its impact {draft.impact:.2f} ranks behind theirs"
            draft.drop(why)


def _allowed_growth(prompt: str, config: EditConfig) -> int | None:
    """Return how many characters longer the prompt may become; None for any number."""
    ratio = config.max_growth_ratio
    limits = (config.max_growth_chars, None if ratio is None else int(ratio * len(prompt)))
    return min((limit for limit in limits if limit is not None), default=None)


def _beyond_growth(edits: Sequence[Edit], allowed: int) -> dict[str, str]:
    """Return the edits that do not fit into the growth allowed, each with the reason.

    What shortens the prompt makes room; the rest is taken by impact, so that the weakest additions are left out.
    """
    growth = {edit.id: len(edit.content) - len(edit.target_text) for edit in edits if edit.is_made}
    room = allowed - sum(by for by in growth.values() if by < 0)
    beyond: dict[str, str] = {}
    for id, by in growth.items():  # strongest first, as the edits of a plan are
        if by > 0 and by > room:
            beyond[id] = (
                f"it would make the prompt {by} characters longer, and only {max(room, 0)} are left for it"
            )
        elif by > 0:
            room -= by
    return beyond
