"""From runs of a parent to new texts: the Reflector's part in a proposal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import anyio
import anyio.to_thread

from reflector._text import shorten
from reflector.edits.diffing import changes_of
from reflector.edits.edit import Edit
from reflector.edits.planning import plan_edits
from reflector.errors import BudgetExceededError, LLMError, ReflectorError, UnboundedCallError
from reflector.optimizer.asking import Asked, Room, ask_about
from reflector.optimizer.config import OptimizerConfig
from reflector.optimizer.credit import quotations
from reflector.optimizer.purse import Purse
from reflector.optimizer.rewriting import rewrite
from reflector.optimizer.run_reading import ReadRun, groups_of, one_prompt, read_order
from reflector.optimizer.work import Change, Proposed, Reflect, Tried, apply_changes
from reflector.reflecting.conversation import Conversation
from reflector.reflecting.reflection import Reflection
from reflector.reflecting.reflector import Reflector
from reflector.reflection.memory import ReflectionMemory
from reflector.reflection.models import (
    Attempt,
    ReflectionRequest,
    Suggestion,
    SuggestionCategory,
    SuggestionType,
)
from reflector.reflection.references import named_steps
from reflector.usage import Usage

__all__ = ["Proposer"]

_EDITS = 60
"""Edits that a child may have."""
_KEPT = 20
"""Proposals whose late answers are kept: most have no further turn."""
_PLACES = 3
"""Steps that one question asks about."""


class Proposer:
    """Asks a Reflector what the prompt did wrong in the runs of a minibatch, and makes its edits changes."""

    def __init__(
        self, reflector: Reflector, examples: Sequence[Any], config: OptimizerConfig, purse: Purse
    ) -> None:
        self._purse = purse
        self._reflector = reflector
        self._examples = examples
        self._config = config
        self.room: Room | None = None
        """Where answers that come late go on. None: all are waited for."""
        self._late: dict[int, Asked[Conversation]] = {}
        """What was asked for a proposal, as far as its answers may still come: they join those of its next turn."""

    async def propose(self, order: Reflect) -> tuple[Proposed, Usage]:
        """Return the changes, or the reason why there are none, and what the model used.

        Where the budget does not allow a call, that is the reason, and `calls` is 0: what was paid before may still
        be validated.

        Raises:
            LLMError: If it is one that no further call can survive.
            UnboundedCallError: If a call could cost any amount, and there is a budget.
        """
        reason = "too little money is left for a reflection"
        if self._purse.turns() and self._purse.room > 0:
            try:
                return await self._ask(order)
            except UnboundedCallError:
                raise
            except BudgetExceededError as err:
                reason = shorten(str(err), 500)
        return Proposed(reason=reason, calls=0), Usage()

    async def _ask(self, order: Reflect) -> tuple[Proposed, Usage]:
        config, purse = self._config, self._purse
        texts = {name: order.candidate[name] for name in order.components}
        runs = await anyio.to_thread.run_sync(read_order, order, texts, self._examples, config.perfect_score)
        reflector = copy(self._reflector)
        reflector.memory = _Tried(reflector.memory, order.rejected)

        before = self._late.pop(order.proposal, None) or Asked[Conversation]()
        asked_about = [run for number in {*before.open, *before.said} for run in before.groups[number]]

        def grouped(shown: Sequence[ReadRun], most: float) -> list[list[ReadRun]]:
            rows = {run.row for run in (*shown, *asked_about) if not run.is_success}
            return groups_of([run for run in runs if run.row not in rows], most, config, closer=order.closer)

        if config.proposer == "rewrite":
            return await rewrite(reflector, texts, grouped, purse, config.runs_per_reflection)

        async def converse(group: Sequence[ReadRun]) -> Conversation:
            size = sum(not run.is_success for run in group) / config.runs_per_reflection

            def pay(usage: Usage) -> bool:
                purse.paid(usage, 1, size)
                return purse.turns() > 0

            return await _converse(reflector, group, one_prompt(texts), config.follow_ups, pay)

        asked = await ask_about(
            grouped, converse, purse, before=before, room=self.room, is_hasty=order.is_hasty
        )
        calls = asked.failed + sum(talk.current_turn for talk in asked.said.values())
        usage = sum((talk.usage for talk in asked.said.values()), asked.usage)
        if not asked.said:
            return Proposed(reason=asked.problems[0], is_error=True, calls=calls), usage
        said = [(merged, runs) for talk, runs in asked.answers if (merged := talk.merged) is not None]
        if asked.open:
            self._keep(order.proposal, asked)
        return replace(_proposed(said, texts), calls=calls), usage

    def _keep(self, proposal: int, asked: Asked[Conversation]) -> None:
        asked.forget()
        self._late[proposal] = asked
        if len(self._late) > _KEPT:
            del self._late[next(iter(self._late))]


class _Tried(ReflectionMemory):
    """The memory of one proposal: what a Reflector knows, and what the optimizer tried."""

    def __init__(self, known: ReflectionMemory, tried: Sequence[Tried]) -> None:
        super().__init__(known.experience)
        self._tried = tuple(
            Attempt(
                suggestion=Suggestion(
                    type=SuggestionType.ADD,
                    category=SuggestionCategory.CLARITY,
                    description=each.what,
                    rationale="",
                    specific_text=each.text.strip() or None,
                ),
                rejected=1,
                accepted=0,
                blame=each.blame,
            )
            for each in reversed(tried)
        )

    def recall(self, request: ReflectionRequest) -> ReflectionRequest:
        recalled = super().recall(request)
        return recalled.model_copy(update={"attempts": (*self._tried, *recalled.attempts)})


async def _converse(
    reflector: Reflector,
    group: Sequence[ReadRun],
    prompt: str,
    follow_ups: int,
    pay: Callable[[Usage], bool],
) -> Conversation:
    """Return what is said about a group of runs, asked on as long as causes have no remedy and `pay` says yes."""
    talk = await reflector.start_conversation(
        [run.analysis for run in group], prompt=prompt, max_turns=1 + follow_ups
    )
    while (
        pay(talk.reflections[-1].usage)
        and talk.current_turn < talk.max_turns
        and (question := _question(talk)) is not None
    ):
        try:
            talk = await reflector.continue_conversation(talk, question)
        except BudgetExceededError:
            break
        except LLMError as err:
            if err.fatal:
                raise
            break
        except ReflectorError:
            break
    return talk


def _question(talk: Conversation) -> str | None:
    """Return what to ask on: about the steps that root causes name and no suggestion is about. None if there are none.

    A step that was asked about is not asked about again.
    """
    last = talk.reflections[-1]
    covered = {
        step for each in last.suggestions for step in named_steps(f"{each.description} {each.rationale}")
    }
    asked = {step for turn in talk.turns for step in named_steps(turn.question or "")}
    steps = [
        step
        for cause in last.root_causes
        for step in named_steps(cause)
        if step not in covered and step not in asked
    ]
    if not steps:
        return None
    places = [f"step {step}" + (f" of run {run}" if run else "") for run, step in dict.fromkeys(steps)]
    return (
        f"Nothing that you suggest is about {', '.join(places[:_PLACES])}. What does the record say there, what would "
        "have prevented it, and which exact text must stand in the prompt for it?"
    )


def _proposed(said: Sequence[tuple[Reflection, Sequence[ReadRun]]], texts: Mapping[str, str]) -> Proposed:
    """Return what the reflections suggest together as changes of the texts."""
    seen: dict[Suggestion, list[ReadRun]] = {}
    for reflection, runs in said:
        for suggestion in reflection.suggestions:
            seen.setdefault(suggestion, []).extend(runs)
    first = said[0][0]
    joined = first.replace(suggestions=tuple(seen))
    plans = plan_edits(joined, dict(texts), config=first.plan.config.replace(max_edits=_EDITS)).plans
    changes = tuple(
        Change(name, change.start, change.end, change.text, _what(change.edit), *_support(change.edit, seen))
        for name, plan in plans.items()
        for change in changes_of(plan.original_prompt, plan.edits)
    )
    improved = apply_changes(texts, changes)
    if improved == dict(texts):
        reason = "no suggestion" if not seen else "no suggestion could be placed"
        return Proposed(reason=f"{reason} (confidence {joined.confidence})")
    if any(not improved[change.component].strip() for change in changes):
        return Proposed(reason="the edits leave a text empty")
    return Proposed(changes)


def _what(edit: Edit) -> str:
    return shorten(edit.suggestion.specific_text or edit.suggestion.description, 300)


def _support(
    edit: Edit, seen: Mapping[Suggestion, Sequence[ReadRun]]
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return the rows of the failed runs that say what is quoted for an edit, and the quotations."""
    told = f"{edit.suggestion.description}\n{edit.suggestion.rationale}"
    found = {
        run.row: quotations(told, run.text) for run in seen.get(edit.suggestion, ()) if not run.is_success
    }
    quotes = list(dict.fromkeys(quote for each in found.values() for quote in each))
    # A passage that is part of a longer one elsewhere is a manner of speaking.
    whole = tuple(quote for quote in quotes if not any(quote != other and quote in other for other in quotes))
    return tuple(row for row, each in found.items() if not set(whole).isdisjoint(each)), whole
