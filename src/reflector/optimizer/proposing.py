"""From runs of a parent to new texts: the Reflector's part in a proposal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import anyio
import anyio.to_thread

from reflector._json import dumps
from reflector._text import shorten
from reflector.edits.diffing import changes_of
from reflector.edits.edit import Edit
from reflector.edits.planning import plan_edits
from reflector.errors import BudgetExceededError, LLMError, ReflectorError
from reflector.optimizer.candidate import Candidate
from reflector.optimizer.config import OptimizerConfig
from reflector.optimizer.credit import quotations
from reflector.optimizer.evaluation import Evaluation
from reflector.optimizer.grouping import group_runs, statements_of
from reflector.optimizer.purse import Purse
from reflector.optimizer.running import example_text
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
from reflector.trajectories.analysis import TrajectoryAnalysis
from reflector.trajectories.analyzer import analyze
from reflector.trajectories.step import Outcome, StepKind
from reflector.trajectories.trajectory import Trajectory
from reflector.usage import Usage

__all__ = ["Proposer"]

_EDITS = 60
"""Edits that a child may have."""
_FIXED = 0.4
"""Share of a reflection's price that does not depend on how many runs it sees."""
_LARGEST = 24
"""Failed runs that one reflection sees where there is no money for more reflections."""
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

    async def propose(self, order: Reflect) -> tuple[Proposed, Usage]:
        """Return the changes, or the reason why there are none, and what the model used.

        Raises:
            LLMError: If it is one that no further call can survive.
            BudgetExceededError: If the budget does not allow the call.
        """
        if not self._purse.turns() or self._purse.room <= 0:
            return Proposed(reason="too little money is left for a reflection", calls=0), Usage()
        texts = {name: order.candidate[name] for name in order.components}
        runs = await anyio.to_thread.run_sync(self._read, order, texts)
        asking = _Asking(self._reflector, texts, order.rejected, self._config.follow_ups, self._purse)
        said, usage, calls, problems = await asking.ask(
            lambda shown, most: self._groups(_without(runs, shown), most)
        )
        if not said:
            return Proposed(reason=problems[0], is_error=True, calls=calls), usage
        return replace(_proposed(said, texts), calls=calls), usage

    def _read(self, order: Reflect, texts: Mapping[str, str]) -> list[_Run]:
        prompt = _shown(texts)
        return [
            self._run(order.candidate, row, evaluation, prompt)
            for row, evaluation in zip(order.rows, order.evaluations, strict=True)
        ]

    def _run(self, candidate: Candidate, row: int, evaluation: Evaluation, prompt: str) -> _Run:
        """Return the record of a run as a reflection reads it, with its outcome and what the scorer said."""
        record = evaluation.trajectory or _record(self._examples[row], evaluation, prompt)
        is_success = evaluation.error is None and evaluation.score >= self._config.perfect_score
        feedback = evaluation.error or evaluation.feedback
        shown = feedback or f"score {evaluation.score:g} of {self._config.perfect_score:g}"
        outcome = Outcome.SUCCESS if is_success else Outcome.FAILURE
        news = None if shown in record.feedback else shown
        run = record.with_outcome(outcome, feedback=news).replace(id=f"row-{row}")
        analysis = analyze(run, prompt=prompt)
        found = [point.evidence or "" for point in analysis.failure_points]
        asked = next((step.content for step in run.steps if step.kind is StepKind.USER), "")
        said = statements_of(feedback, *found)
        text = "\n".join(
            (feedback, *(step.content for step in run.steps if step.kind is not StepKind.SYSTEM))
        )
        return _Run(row, analysis, is_success, said or statements_of(asked), text)

    def _groups(self, runs: Sequence[_Run], most: float) -> list[list[_Run]]:
        """Return the runs that each reflection sees, the weightiest first.

        They are no more groups than can be paid, `most` of the usual size; fewer and larger ones where that is short.
        """
        failed = [run for run in runs if not run.is_success]
        passed = [run for run in runs if run.is_success]
        usual = size = self._config.runs_per_reflection
        while True:
            groups = group_runs(
                [run.said for run in failed],
                [run.text for run in passed],
                size=size,
                beside=self._config.runs_beside,
            )
            affordable = most / (_FIXED + (1 - _FIXED) * size / usual)
            if len(groups) <= affordable or size >= _LARGEST:
                break
            size = min(_LARGEST, 2 * size)
        kept = groups[: int(max(1, min(len(groups), affordable)))]
        return [
            [*(failed[place] for place in group.failed), *(passed[place] for place in group.passed)]
            for group in kept
        ]


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of the parent, read."""

    row: int
    analysis: TrajectoryAnalysis
    is_success: bool
    said: tuple[str, ...]
    """Statements about what went wrong in it."""

    text: str
    """What happened in it and what was said of it, without the prompt."""


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


class _Asking:
    """The reflections of one proposal: one for each group of runs, all at once."""

    def __init__(
        self,
        reflector: Reflector,
        texts: Mapping[str, str],
        tried: Sequence[Tried],
        follow_ups: int,
        purse: Purse,
    ) -> None:
        self._purse = purse
        self._reflector = copy(reflector)
        self._reflector.memory = _Tried(reflector.memory, tried)
        self._prompt = _shown(texts)
        self._follow_ups = follow_ups

    async def ask(
        self, grouped: Callable[[Sequence[_Run], float], list[list[_Run]]]
    ) -> tuple[list[tuple[Reflection, Sequence[_Run]]], Usage, int, list[str]]:
        """Return what was said, in the order of the groups; what it took; how many turns; and what failed.

        Args:
            grouped: The groups of the runs that were not shown yet, of which there should be so many at most.
        """
        said: dict[int, Conversation] = {}
        problems: list[str] = []
        fatal: list[Exception] = []
        usage = Usage()

        async def ask(number: int, group: Sequence[_Run]) -> None:
            nonlocal usage
            try:
                said[number] = await self._converse(group)
            except BudgetExceededError as err:
                fatal.append(err)
            except ReflectorError as err:
                if isinstance(err, LLMError):
                    usage += err.usage or Usage()
                    self._purse.paid(err.usage or Usage(), 1)
                    if err.fatal:
                        fatal.append(err)
                problems.append(_reason(err))

        groups = grouped((), self._purse.turns())
        if self._purse.is_limited and not self._purse.price and len(groups) > 1:
            await ask(0, groups[0])  # alone, to learn what it costs
            left = self._purse.turns()
            groups = [groups[0], *(grouped(groups[0], left) if left else ())]
        async with anyio.create_task_group() as tasks:
            for number in range(len(said) + len(problems), len(groups)):
                tasks.start_soon(ask, number, groups[number])
        if fatal and not said:
            raise fatal[0]
        calls = len(problems) + sum(talk.current_turn for talk in said.values())
        usage = sum((talk.usage for talk in said.values()), usage)
        merged = [(said[number].merged, groups[number]) for number in sorted(said)]
        return [(each, runs) for each, runs in merged if each is not None], usage, calls, problems

    async def _converse(self, group: Sequence[_Run]) -> Conversation:
        talk = await self._reflector.start_conversation(
            [run.analysis for run in group], prompt=self._prompt, max_turns=1 + self._follow_ups
        )
        self._purse.paid(talk.usage, 1)
        while (
            talk.current_turn < talk.max_turns
            and self._purse.turns()
            and (question := _question(talk)) is not None
        ):
            try:
                talk = await self._reflector.continue_conversation(talk, question)
                self._purse.paid(talk.reflections[-1].usage, 1)
            except BudgetExceededError:
                break
            except LLMError as err:
                if err.fatal:
                    raise
                break
            except ReflectorError:
                break
        return talk


def _without(runs: Sequence[_Run], shown: Sequence[_Run]) -> list[_Run]:
    """Return the runs but for those that failed and were shown."""
    rows = {run.row for run in shown if not run.is_success}
    return [run for run in runs if run.row not in rows]


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


def _proposed(said: Sequence[tuple[Reflection, Sequence[_Run]]], texts: Mapping[str, str]) -> Proposed:
    """Return what the reflections suggest together as changes of the texts."""
    seen: dict[Suggestion, list[_Run]] = {}
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
    edit: Edit, seen: Mapping[Suggestion, Sequence[_Run]]
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


def _shown(texts: Mapping[str, str]) -> str:
    """Return the texts as one prompt: a single one as it is, several under their names."""
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "\n\n".join(f"# {name}\n{text}" for name, text in texts.items())


def _record(example: Any, evaluation: Evaluation, prompt: str) -> Trajectory:
    """Return the record of a run that left none: the prompt, the example, the output."""
    output = evaluation.output
    if not isinstance(output, str):
        try:
            output = dumps(output).decode()
        except (TypeError, ValueError, RecursionError):
            output = repr(output)
    return Trajectory.from_openai_messages(
        [
            {"role": "system", "content": prompt},
            {"role": "user", "content": example_text(example)},
            {"role": "assistant", "content": output or ""},
        ]
    )


def _reason(error: Exception) -> str:
    return shorten(f"{type(error).__name__}: {error}", 500)
