"""A run made ready for the checks: its tool calls with their results, its turns, its instructions."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reflector._json import dumps
from reflector.trajectories.analysis import AnalysisConfig
from reflector.trajectories.findings.commands import NO_ARGUMENTS, command_of
from reflector.trajectories.findings.finding import Hit
from reflector.trajectories.findings.tool_results import ToolFailure, read_failure
from reflector.trajectories.findings.wording import sentence_with
from reflector.trajectories.step import Step, StepKind, count_turns
from reflector.trajectories.trajectory import Trajectory

__all__ = ["MODEL_WORDS", "RunView", "ToolUse", "view_run"]

MODEL_WORDS = (StepKind.MESSAGE, StepKind.REASONING)
_MAX_INSTRUCTIONS = 60_000


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One tool call with its result; one of the two may be missing."""

    name: str
    call: int | None
    """Index of the calling step."""
    result: int | None
    """Index of the step with the result."""
    command: str
    """What was run."""
    fingerprint: str
    """The same for calls with the same name and arguments."""
    failure: ToolFailure | None
    index: int
    """The step that shows how it went: the result if there is one, the call if the failure is recorded there."""


@dataclass(frozen=True, slots=True)
class RunView:
    """What every check looks at. Built once, in time linear in the number of steps."""

    trajectory: Trajectory
    config: AnalysisConfig
    prompt: str
    """The prompt of the run; empty when nobody knows it."""
    uses: tuple[ToolUse, ...]
    """In the order of the calls."""
    turns: tuple[tuple[int, ...], ...]
    """The steps of each model turn."""
    instructions: str
    """What the run was told: the prompt, system steps and what the user said before the first answer."""

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.trajectory.steps

    @property
    def calls(self) -> Iterator[tuple[int, ToolUse]]:
        """The tool uses whose call is in the record, each with the step of the call."""
        return ((use.call, use) for use in self.uses if use.call is not None)

    @property
    def turn_count(self) -> int:
        return count_turns(self.steps)

    def is_end(self, index: int) -> bool:
        """Whether a step is one of the last two."""
        return index >= len(self.steps) - 2

    def first_line(self, index: int) -> str:
        """The first line of a step that says something."""
        lines = (line.strip() for line in self.steps[index].content[:4000].splitlines())
        return next(filter(None, lines), "")

    def last_line(self, index: int) -> str:
        """The last line of a step that says something."""
        lines = (line.strip() for line in reversed(self.steps[index].content[-4000:].splitlines()))
        return next((line for line in lines if line.strip("`")), "")

    def last_words(self) -> Hit:
        """The last thing that the model itself said; no step if it said nothing."""
        for index in range(len(self.steps) - 1, -1, -1):
            if self.steps[index].kind in MODEL_WORDS and self.steps[index].content.strip():
                return Hit((index,), self.last_line(index))
        return Hit()

    def said(
        self,
        pattern: re.Pattern[str],
        kinds: Iterable[StepKind],
        *,
        among: Iterable[int] | None = None,
        limit: int = 3000,
    ) -> Iterator[Hit]:
        """Yield the steps of the kinds that hold a sentence of the pattern, each with that sentence.

        Of a step longer than twice the limit the head and the tail are read.
        """
        for index in range(len(self.steps)) if among is None else among:
            step = self.steps[index]
            text = step.content
            if len(text) > 2 * limit:
                text = f"{text[:limit]}\n{text[-limit:]}"
            words = sentence_with(pattern, text) if step.kind in kinds else None
            if words is not None:
                yield Hit((index,), words)


def view_run(trajectory: Trajectory, prompt: str | None, config: AnalysisConfig) -> RunView:
    """Return the run made ready for the checks."""
    uses = tuple(_tool_use(trajectory.steps, call, result) for call, result in _pairs(trajectory.steps))
    known = prompt if prompt is not None else (trajectory.prompt or "")
    turns = tuple(_turns(trajectory.steps))
    return RunView(trajectory, config, known, uses, turns, _instructions(trajectory, known))


def _pairs(steps: tuple[Step, ...]) -> list[list[int | None]]:
    """Each call with its result: by their id, else in their order."""
    pairs: list[list[int | None]] = []
    by_id: dict[str, list[int | None]] = {}
    in_order: deque[list[int | None]] = deque()
    for index, step in enumerate(steps):
        if step.kind is StepKind.TOOL_CALL:
            pair: list[int | None] = [index, None]
            pairs.append(pair)
            if step.call_id:
                by_id[step.call_id] = pair
            else:
                in_order.append(pair)
        elif step.kind is StepKind.TOOL_RESULT:
            waiting = by_id.pop(step.call_id, None) if step.call_id else None
            if waiting is None and in_order:
                waiting = in_order.popleft()
            if waiting is None and not step.call_id and by_id:
                waiting = by_id.pop(next(iter(by_id)))
            if waiting is None:
                pairs.append([None, index])
            else:
                waiting[1] = index
        elif step.kind is StepKind.USER:
            in_order.clear()
    return pairs


def _tool_use(steps: tuple[Step, ...], call: int | None, result: int | None) -> ToolUse:
    called = steps[call] if call is not None else None
    returned = steps[result] if result is not None else None
    name = (called and called.name) or (returned and returned.name) or "tool"
    command = command_of(called) if called is not None else ""
    index = result if result is not None else call
    failure = read_failure(returned, name, command) if returned is not None else None
    if failure is None and called is not None and (called.is_error or called.error):
        failure = read_failure(called, name, command)
        index = call
    fingerprint = _fingerprint(name, called) if called is not None else ""
    return ToolUse(name, call, result, command, fingerprint, failure, index or 0)


def _fingerprint(name: str, step: Step) -> str:
    said = step.arguments if step.arguments not in NO_ARGUMENTS else step.content
    text = said.strip() if isinstance(said, str) else dumps(said, sort_keys=True).decode()
    return hashlib.blake2b(f"{name}\0{text}".encode("utf-8", "replace"), digest_size=12).hexdigest()


def _turns(steps: tuple[Step, ...]) -> Iterator[tuple[int, ...]]:
    current: list[int] = []
    number: int | None = None
    for index, step in enumerate(steps):
        if current and (step.turn != number if step.kind.is_model else step.turn is None):
            yield tuple(current)
            current = []
        if step.kind.is_model:
            number = step.turn
            current.append(index)
    if current:
        yield tuple(current)


def _instructions(trajectory: Trajectory, prompt: str) -> str:
    said = [prompt, trajectory.task or ""]
    for step in trajectory.steps:
        if step.kind.is_model:
            break
        if step.kind in (StepKind.SYSTEM, StepKind.USER) and step.content not in said:
            said.append(step.content)
    return "\n".join(filter(None, said))[:_MAX_INSTRUCTIONS]
