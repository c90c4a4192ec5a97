"""Running a candidate on a row, and scoring what came: the user's two functions behind one provider of tasks."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

import anyio
import anyio.to_thread

from reflector._json import dumps
from reflector._text import shorten
from reflector.agents.context import Context
from reflector.dispatch.ledger import Ledger
from reflector.dispatch.task import Task
from reflector.errors import BudgetExceededError, ConfigurationError, InputError, LLMError
from reflector.llm.client import LLMClient
from reflector.llm.messages import Message, ModelRequest
from reflector.llm.model import Model, as_model
from reflector.optimizer.candidate import Candidate
from reflector.optimizer.evaluation import NO_USAGE, Rollout, read_score
from reflector.optimizer.evaluations import Evaluations
from reflector.trajectories.trajectory import Trajectory
from reflector.usage import Usage

__all__ = ["RolloutFunction", "Runner", "ScoreFunction", "as_rollout", "chat_rollout", "example_text"]

RolloutFunction = Callable[[Candidate, Any], Any]
"""Of candidate and example, sync or async; returns an output or a `Rollout`."""
ScoreFunction = Callable[[Any, Any], Any]
"""Of example and output, sync or async; returns a number or a `Score`."""

_QUICK = 1e-2
"""Rollouts that take less than so many seconds together travel as one task."""
_MOST = 512
_LONG = 0.1
"""Seconds after which a task of several rows leaves the rest to others."""
_OLD = 0.8
"""What a task before the last one counts for the pace."""
_TICK = 5e-5
"""Seconds below which it does not matter how long a rollout took: a coarse clock may show none at all."""
_INPUTS = ("input", "question", "prompt", "text")


class Runner:
    """The provider of tasks of kind `rollout`: their payload names a candidate by its key, and holds rows with their
    examples.

    Sync functions run in worker threads, because most of them wait for a network.
    """

    def __init__(
        self,
        rollout: RolloutFunction,
        score: ScoreFunction | None,
        ledger: Ledger,
        *,
        failure_score: float,
        threads: int,
        timeout: float,
    ) -> None:
        limiter = anyio.CapacityLimiter(threads)
        self._rollout = _awaitable(rollout, limiter)
        self._ask = self._no_score if score is None else _awaitable(score, limiter)
        self._ledger = ledger
        self._failure_score = failure_score
        self._timeout = timeout
        self._long = min(_LONG, timeout / 10)
        self._rows = self._seconds = 0.0
        """Rollouts of late and how long they took, one after the other."""
        self.now = time.perf_counter
        """The clock that rollouts are timed by."""
        self.candidates: dict[str, Candidate] = {}
        """Those that tasks may name, by key."""

    def batch(self) -> int:
        """How many rows may travel as one task: one, unless they are so quick that the way takes longer."""
        return int(min(_MOST, 1 + _QUICK * self._rows / max(self._seconds, _TICK)))

    async def __call__(self, task: Task, context: Context) -> Evaluations:
        """Do a task: return what came of its rows, or of the first ones of them.

        The rest is left to others if the first ones took longer than expected, or the budget is used up.
        """
        candidate = self.candidates[task.payload["candidate"]]
        rows = list(zip(task.payload["rows"], task.payload["examples"], strict=True))
        found = Evaluations()
        began = self.now()
        with self._ledger.active(), anyio.move_on_after(self._timeout) as scope:
            try:
                while len(found) < len(rows):
                    own = Ledger()
                    await self._run_some(candidate, rows, found, own)
                    if self.now() - began > self._long:
                        break
            except (BudgetExceededError, LLMError):
                if not found:
                    raise
        if scope.cancelled_caught:
            late = rows[len(found)][0]
            if own.is_used:
                found.usage[late] = own.usage
            self.fail(found, late, f"no answer within {self._timeout:g} s")
        self._rows = _OLD * self._rows + len(found)
        self._seconds = _OLD * self._seconds + self.now() - began
        return found

    async def _run_some(
        self, candidate: Candidate, rows: Sequence[tuple[int, Any]], found: Evaluations, own: Ledger
    ) -> None:
        """Run the next rows as one reservation, up to the first that has used something.

        What the functions raise makes a failure with its reason. `own` counts the calls through our models.

        Raises:
            BudgetExceededError: If the run's budget does not allow it, or a call in it.
            ConfigurationError: If there is no score, or a call in it raises one.
            LLMError: If it is one that no further call can survive: a refused key, say.
        """
        done = len(found)
        reservation = self._ledger.start_rollout(len(rows) - done)
        begun, used = 0, NO_USAGE
        run, clock, scores = (
            self._rollout,
            self.now,
            found.score,
        )  # looked up once: there may be very many rows
        now = began = clock()
        latest = began + self._long
        try:
            if reservation.amounts[0] and self._ledger.before_call is not None:
                await self._ledger.before_call()
            with own.active():
                for row, example in rows[done : done + reservation.rollouts]:
                    if begun and (now > latest or not reservation.is_enough):
                        return
                    begun += 1
                    started = now
                    try:
                        result = await run(candidate, example)
                        rollout = result if result.__class__ is Rollout else as_rollout(result)
                        if rollout.usage is not None:
                            used = _possible(rollout.usage)
                        score = rollout.score
                        if score is None and rollout.error is None:
                            score = await self._ask(example, rollout.output)
                        is_plain = rollout.trajectory is None and rollout.error is None
                        if (
                            is_plain and score.__class__ is float and isfinite(score)
                        ):  # most are: no call for these
                            scores[row] = score
                            if rollout.output is not None:
                                found.output[row] = rollout.output
                        else:
                            self._take(found, row, rollout, score)
                    except Exception as err:  # noqa: BLE001 - the user's functions: a failed rollout is data
                        self._fail_by(err, found, row)
                    now = clock()
                    if now - started >= _TICK:
                        found.seconds[row] = round(now - started, 4)
                    if used is not NO_USAGE or own.is_used:
                        found.usage[row] = used + own.usage if own.is_used else used
                        return
        finally:
            reservation.settle(used, rollouts=begun)

    async def judge(self, found: Evaluations, row: int, example: Any, rollout: Rollout) -> None:
        """Take in a rollout that somebody else did: with its own score, or that of the score function.

        Raises:
            BudgetExceededError, LLMError: If the score function raises one that ends the run.
            ConfigurationError: If there is neither.
        """
        score = rollout.score
        try:
            if rollout.usage is not None:
                found.usage[row] = _possible(rollout.usage)
            if score is None and rollout.error is None:
                score = await self._ask(example, rollout.output)
            self._take(found, row, rollout, score)
        except Exception as err:  # noqa: BLE001 - the user's function: a failed rollout is data
            self._fail_by(err, found, row)

    async def _no_score(self, example: Any, output: Any) -> Any:
        raise ConfigurationError("a rollout needs a score: give it one, or give score= to the optimizer.")

    def _take(self, found: Evaluations, row: int, rollout: Rollout, score: Any) -> None:
        output, trajectory, error = rollout.output, rollout.trajectory, rollout.error
        if output is not None:
            found.output[row] = output
        if trajectory is not None:
            found.trajectory[row] = trajectory
        if error is None:
            try:
                read = read_score(score)
            except ValueError as err:
                error = str(err)
            else:
                score = read.value
                if read.feedback:
                    found.feedback[row] = read.feedback
                if read.objectives:
                    found.objectives[row] = read.objectives
        elif error:
            found.feedback[row] = error
        if error is not None:
            score = self._failure_score
            found.error[row] = error
        found.score[row] = score

    def _fail_by(self, error: Exception, found: Evaluations, row: int) -> None:
        """Take in that a rollout's functions raised an error, or raise one that ends the run."""
        if isinstance(error, BudgetExceededError | ConfigurationError):
            raise error
        if isinstance(error, LLMError) and error.fatal:
            raise error
        self.fail(found, row, f"{type(error).__name__}: {error}")

    def fail(self, found: Evaluations, row: int, reason: str) -> None:
        """Take in that a rollout failed."""
        found.score[row] = self._failure_score
        found.feedback[row] = f"The rollout failed: {shorten(reason, 500)}"
        found.error[row] = reason


def _awaitable(
    function: Callable[[Any, Any], Any], threads: anyio.CapacityLimiter
) -> Callable[[Any, Any], Any]:
    """Return a function as one to be awaited: as it is, or run in a thread."""
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__):
        return function

    async def call(first: Any, second: Any) -> Any:
        # In a tuple, because trio refuses to let a coroutine out of a thread.
        (result,) = await anyio.to_thread.run_sync(
            lambda: (function(first, second),), abandon_on_cancel=True, limiter=threads
        )
        return await result if inspect.isawaitable(result) else result

    return call


def chat_rollout(model: str | LLMClient | Model) -> RolloutFunction:
    """Return the rollout of the plain chat case: the candidate's text as system message, the example as the user's.

    An example is a text, or a dict whose `input` (or `question`, `prompt`, `text`) is one; any other is sent as JSON.
    """
    asked = as_model(model)

    async def rollout(candidate: Candidate, example: Any) -> Rollout:
        text = example_text(example)
        messages = (Message(role="system", content=candidate.text), Message(role="user", content=text))
        reply = await asked.complete(ModelRequest(messages=messages, max_tokens=4_000))
        record = [message.model_dump() for message in messages] + [
            {"role": "assistant", "content": reply.content}
        ]
        return Rollout(reply.content, Trajectory.from_openai_messages(record))

    return rollout


def example_text(example: Any) -> str:
    """Return the text of an example as a user would say it."""
    if isinstance(example, str):
        return example
    if isinstance(example, Mapping):
        found = next((example[name] for name in _INPUTS if isinstance(example.get(name), str)), None)
        if found is not None:
            return str(found)
    try:
        return dumps(example).decode()
    except (TypeError, ValueError, RecursionError):
        return repr(example)


def _possible(usage: Any) -> Usage:
    """Return what a rollout says it used.

    Raises:
        InputError: If it cannot be.
    """
    if isinstance(usage, Usage) and usage.is_possible:
        return usage
    raise InputError(f"the usage of a rollout is a `Usage` of finite figures from 0 on; got {usage!r:.300}")


def as_rollout(result: Any) -> Rollout:
    """Return what a rollout function returned as a `Rollout`."""
    return result if isinstance(result, Rollout) else Rollout(result)
