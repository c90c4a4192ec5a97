"""A run made ready for the checks: its tool calls with their results, its turns, its instructions."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field

from reflector._json import dumps
from reflector.trajectories.analysis_config import AnalysisConfig
from reflector.trajectories.findings.commands import command_of
from reflector.trajectories.findings.tool_results import ToolFailure, read_failure
from reflector.trajectories.step import Step, StepKind, count_turns
from reflector.trajectories.trajectory import Trajectory

__all__ = ["RunView", "ToolUse", "Turn", "view_run"]

_MODEL_KINDS = frozenset((StepKind.REASONING, StepKind.MESSAGE, StepKind.TOOL_CALL))
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
    result_fingerprint: str
    failure: ToolFailure | None
    index: int
    """The step that shows how it went: the result if there is one, the call if the failure is recorded there."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The steps of one model turn, in order."""

    indices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RunView:
    """What every check looks at. Built once, in time linear in the number of steps."""

    trajectory: Trajectory
    config: AnalysisConfig
    prompt: str
    """The prompt of the run; empty when nobody knows it."""
    uses: tuple[ToolUse, ...]
    """In the order of the calls."""
    turns: tuple[Turn, ...]
    instructions: str
    """What the run was told: the prompt, system steps and what the user said before the first answer."""
    use_of: dict[int, ToolUse] = field(repr=False)
    """Tool use by the index of its call and by the index of its result."""

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.trajectory.steps

    @property
    def turn_count(self) -> int:
        return count_turns(self.steps)

    @property
    def last_words(self) -> int | None:
        """The last step of the run itself that says something."""
        places = range(len(self.steps) - 1, max(-1, len(self.steps) - 50), -1)
        return next(
            (i for i in places if self.steps[i].kind is not StepKind.SCORE and self.steps[i].content.strip()),
            None,
        )

    def quote(self, text: str) -> str:
        """The text shortened to what a finding may quote; still a part of the record."""
        return text.strip()[: self.config.max_evidence].strip()

    def first_line(self, index: int) -> str:
        """The first line of a step that says something, as a quotation."""
        for line in self.steps[index].content[:4000].splitlines():
            if line.strip():
                return self.quote(line)
        return ""

    def last_line(self, index: int) -> str:
        """The last line of a step that says something, as a quotation."""
        for line in reversed(self.steps[index].content[-4000:].splitlines()):
            if line.strip(" `\t\r"):
                return self.quote(line)
        return ""


def view_run(trajectory: Trajectory, prompt: str | None, config: AnalysisConfig) -> RunView:
    """Return the run made ready for the checks."""
    uses = _tool_uses(trajectory.steps, config)
    known = prompt if prompt is not None else (trajectory.prompt or "")
    use_of = {}
    for use in uses:
        if use.call is not None:
            use_of[use.call] = use
        if use.result is not None:
            use_of[use.result] = use
    return RunView(
        trajectory=trajectory,
        config=config,
        prompt=known,
        uses=uses,
        turns=_turns(trajectory.steps),
        instructions=_instructions(trajectory, known),
        use_of=use_of,
    )


def _tool_uses(steps: tuple[Step, ...], config: AnalysisConfig) -> tuple[ToolUse, ...]:
    pairs: list[list[int | None]] = []
    open_by_id: dict[str, list[int | None]] = {}
    open_in_order: deque[list[int | None]] = deque()
    for index, step in enumerate(steps):
        if step.kind is StepKind.TOOL_CALL:
            pair: list[int | None] = [index, None]
            pairs.append(pair)
            if step.call_id:
                open_by_id[step.call_id] = pair
            else:
                open_in_order.append(pair)
        elif step.kind is StepKind.TOOL_RESULT:
            waiting = open_by_id.pop(step.call_id, None) if step.call_id else None
            if waiting is None and open_in_order:
                waiting = open_in_order.popleft()
            if waiting is None and not step.call_id and open_by_id:
                waiting = open_by_id.pop(next(iter(open_by_id)))
            if waiting is None:
                pairs.append([None, index])
            else:
                waiting[1] = index
        elif step.kind is StepKind.USER:
            open_in_order.clear()
    return tuple(_tool_use(steps, call, result, config) for call, result in pairs)


def _tool_use(
    steps: tuple[Step, ...], call: int | None, result: int | None, config: AnalysisConfig
) -> ToolUse:
    called = steps[call] if call is not None else None
    returned = steps[result] if result is not None else None
    name = (called and called.name) or (returned and returned.name) or "tool"
    command = command_of(called) if called is not None else ""
    index = result if result is not None else call
    failure = read_failure(returned, name, command, config) if returned is not None else None
    if failure is None and called is not None and (called.is_error or called.error):
        failure = read_failure(called, name, command, config)
        index = call
    return ToolUse(
        name=name,
        call=call,
        result=result,
        command=command,
        fingerprint=_digest(name, called) if called is not None else "",
        result_fingerprint=_hash(returned.content.strip()) if returned is not None else "",
        failure=failure,
        index=index if index is not None else 0,
    )


def _digest(name: str, step: Step) -> str:
    arguments = step.arguments
    if arguments in (None, {}, []):
        said = step.content.strip()
    elif isinstance(arguments, str):
        said = arguments.strip()
    else:
        said = dumps(arguments, sort_keys=True).decode()
    return _hash(f"{name}\0{said}")


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()


def _turns(steps: tuple[Step, ...]) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    current: list[int] = []
    number: int | None = None
    for index, step in enumerate(steps):
        if step.kind in _MODEL_KINDS:
            if current and step.turn != number:
                turns.append(Turn(tuple(current)))
                current = []
            number = step.turn
            current.append(index)
        elif current and step.turn is None:
            turns.append(Turn(tuple(current)))
            current = []
    if current:
        turns.append(Turn(tuple(current)))
    return tuple(turns)


def _instructions(trajectory: Trajectory, prompt: str) -> str:
    said = [prompt, trajectory.task or ""]
    for step in trajectory.steps:
        if step.kind in _MODEL_KINDS:
            break
        if step.kind in (StepKind.SYSTEM, StepKind.USER) and step.content not in said:
            said.append(step.content)
    return "\n".join(part for part in said if part)[:_MAX_INSTRUCTIONS]
