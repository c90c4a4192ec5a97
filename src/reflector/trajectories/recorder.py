"""Recording a run while it happens, for people's own agents and loops."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from math import inf
from typing import Any

import anyio

from reflector._json import JSONValue
from reflector._text import one_line
from reflector.errors import InputError
from reflector.trajectories.chat import parse_arguments
from reflector.trajectories.fields import text_of
from reflector.trajectories.step import Importance, Outcome, RecordedScore, Step, StepKind, opens_turn
from reflector.trajectories.trajectory import Trajectory, utc_now
from reflector.usage import Usage

__all__ = ["Recording", "record"]


def record(
    *,
    prompt: str | None = None,
    task: str | None = None,
    id: str | None = None,
    tools: Iterable[str] | None = None,
    clock: Callable[[], datetime] = utc_now,
    **fields: Any,
) -> Recording:
    """Return a recording to use as `async with` or `with`.

    Args:
        prompt: The system prompt of the run; recorded as its first step.
        task: What the run is asked to do.
        id: Name of the run; a new one if not given.
        tools: Names of the tools that the model is offered.
        clock: Gives the present moment.
        fields: More fields of the trajectory, such as `model` or `metadata`.

    >>> with record(prompt="Add.", id="run-1") as recording:
    ...     recording.user("2 + 2?")
    ...     recording.message("5")
    ...     recording.complete("failure", feedback="the sum is 4")
    >>> recording.trajectory.outcome.value, recording.trajectory.turn_count
    ('failure', 1)
    """
    offered = None if tools is None else tuple(tools)
    begun = Trajectory.new(id, clock=clock, prompt=prompt, task=task, tools=offered, **fields)
    return Recording(begun, clock=clock)


class Recording:
    """A run in the making. Every method adds one step; `trajectory` is the run so far.

    An exception that leaves the block ends the run with outcome `error`, a time-out with `timeout`; both go on.
    A block that ends by itself proves no success: say it with `complete`.
    """

    def __init__(self, begun: Trajectory, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._begun = begun
        self._clock = clock
        self._steps: list[Step] = []
        self._scores: list[RecordedScore] = []
        self._ended: Trajectory | None = None
        self._turn = -1
        self._calls: dict[str, tuple[str, datetime]] = {}
        self._deadline = inf
        if begun.prompt:
            self.system(begun.prompt)

    # --- what happens ---------------------------------------------------------------------------------------

    def system(self, content: str) -> None:
        """Record a system prompt."""
        self._add(StepKind.SYSTEM, content)

    def user(self, content: str, *, name: str | None = None) -> None:
        """Record what the user, or the program in the user's place, said."""
        self._add(StepKind.USER, content, name=name)

    def reasoning(self, content: str, *, importance: Importance | str = Importance.MEDIUM) -> None:
        """Record what the model thought."""
        self._add(StepKind.REASONING, content, importance=importance)

    def message(self, content: str, *, finish_reason: str | None = None, usage: Usage | None = None) -> None:
        """Record what the model said."""
        self._add(StepKind.MESSAGE, content, finish_reason=finish_reason, usage=usage)

    def tool_call(self, name: str, arguments: JSONValue = None, *, call_id: str | None = None) -> str:
        """Record a call of a tool; return its id, with which the result is linked."""
        call_id = call_id or f"call_{len(self._steps)}"
        step = self._add(
            StepKind.TOOL_CALL, "", name=name, arguments=parse_arguments(arguments), call_id=call_id
        )
        self._calls[call_id] = (name, step.started_at or self._clock())
        return call_id

    def tool_result(
        self,
        content: Any,
        *,
        call_id: str | None = None,
        name: str | None = None,
        error: str | BaseException | None = None,
    ) -> None:
        """Record what a tool returned.

        Args:
            content: Text, or a value that is written as JSON.
            call_id: Of which call; the oldest without a result if not given.
            name: The tool's name, if no call of it was recorded.
            error: Why it failed, if it did.
        """
        call_id = call_id or next(iter(self._calls), None)
        called, begun = self._calls.pop(call_id or "", (name, None))
        elapsed = None if begun is None else max((self._clock() - begun).total_seconds() * 1000, 0.0)
        self._add(
            StepKind.TOOL_RESULT,
            text_of(content),
            name=name or called,
            call_id=call_id,
            duration_ms=elapsed,
            **_failure(error),
        )

    def retrieval(self, query: str, documents: Iterable[Any] = ()) -> None:
        """Record what was looked up, and what was found."""
        found = [text_of(document) for document in documents]
        self._add(
            StepKind.RETRIEVAL,
            "\n\n".join(found),
            arguments={"query": query},
            metadata={"documents": len(found)},
        )

    def error(self, error: str | BaseException) -> None:
        """Record an error that the run went on after."""
        self._add(StepKind.ERROR, str(error), **_failure(error))

    def score(self, name: str, value: float | bool | str | None, explanation: str | None = None) -> None:
        """Record a score of the run."""
        self._scores.append(RecordedScore(name=name, value=value, explanation=explanation))
        self._add(StepKind.SCORE, explanation or "", name=name, metadata={"value": value})

    def complete(
        self,
        outcome: Outcome | str = Outcome.SUCCESS,
        *,
        feedback: str | Iterable[str] | None = None,
        error: str | BaseException | None = None,
    ) -> None:
        """End the run with an outcome. Nothing can be recorded afterwards."""
        run = self.trajectory
        spent = [step.usage for step in self._steps if step.usage is not None]
        if spent and run.usage is None:
            run = run.model_copy(update={"usage": sum(spent, Usage())})
        ended = run.complete(outcome, error=error, clock=self._clock)
        self._ended = ended.with_outcome(ended.outcome, feedback=feedback)

    @property
    def trajectory(self) -> Trajectory:
        """The run so far, or the whole of it once it has ended."""
        if self._ended is not None:
            return self._ended
        return self._begun.model_copy(update={"steps": tuple(self._steps), "scores": tuple(self._scores)})

    def _add(self, kind: StepKind, content: str, **fields: Any) -> Step:
        if self._ended is not None:
            raise InputError(f"the run {self._begun.id!r} has ended: begin a new recording for more steps.")
        if kind.is_model:
            previous = self._steps[-1].kind if self._steps else None
            self._turn += opens_turn(kind, previous)
            fields["turn"] = self._turn
        fields.setdefault("started_at", self._clock())
        step = Step(kind=kind, content=content, **fields)
        self._steps.append(step)
        return step

    # --- the block ------------------------------------------------------------------------------------------

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if self._ended is None:
            self._end(error)

    async def __aenter__(self) -> Recording:
        self._deadline = anyio.current_effective_deadline()
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        self.__exit__(kind, error, traceback)

    def _end(self, error: BaseException | None) -> None:
        if error is None:
            self.complete(Outcome.UNKNOWN)
        elif isinstance(error, TimeoutError):
            self.complete(Outcome.TIMEOUT, error=error)
        elif _is_cancellation(error):
            # What cancelled us shows only in the deadline that was in force when we began.
            # Minus infinity stands for a scope that was cancelled already, not for a moment.
            is_late = -inf < self._deadline < inf and anyio.current_time() >= self._deadline
            self.complete(
                Outcome.TIMEOUT if is_late else Outcome.ERROR, error="timeout" if is_late else "cancelled"
            )
        else:
            self.complete(Outcome.ERROR, error=error)


def _is_cancellation(error: BaseException) -> bool:
    if isinstance(error, Exception):
        return False
    try:
        return isinstance(error, anyio.get_cancelled_exc_class())
    except RuntimeError:  # outside any event loop, where nothing is cancelled
        return False


def _failure(error: str | BaseException | None) -> dict[str, Any]:
    if error is None:
        return {}
    name = "timeout" if isinstance(error, TimeoutError) else type(error).__name__
    reason = one_line(error, 200) if isinstance(error, str) else name
    return {"is_error": True, "error": reason, "importance": Importance.HIGH}
