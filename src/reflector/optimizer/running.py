"""Running a candidate on a row, and scoring what came: the user's two functions behind one provider of tasks."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import anyio.to_thread

from reflector._json import dumps
from reflector._text import shorten
from reflector.agents.context import Context
from reflector.dispatch.ledger import Ledger
from reflector.dispatch.task import Task
from reflector.errors import BudgetExceededError, ConfigurationError, LLMError
from reflector.llm.client import LLMClient
from reflector.llm.messages import Message, ModelRequest
from reflector.llm.model import Model, as_model
from reflector.optimizer.candidate import Candidate
from reflector.optimizer.evaluation import Evaluation, Rollout, read_score
from reflector.trajectories.trajectory import Trajectory
from reflector.usage import Usage

__all__ = ["RolloutFunction", "Runner", "ScoreFunction", "as_rollout", "chat_rollout", "example_text"]

RolloutFunction = Callable[[Candidate, Any], Any]
"""Of candidate and example, sync or async; returns an output or a `Rollout`."""
ScoreFunction = Callable[[Any, Any], Any]
"""Of example and output, sync or async; returns a number or a `Score`."""

_NOTHING = Usage()
_INPUTS = ("input", "question", "prompt", "text")


class Runner:
    """The provider of tasks of kind `rollout`: their payload names a candidate by its key, and holds the examples.

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
    ) -> None:
        self._rollout = rollout
        self._score = score
        self._ledger = ledger
        self._is_async = {id(function): _is_async(function) for function in (rollout, score) if function}
        self._failure_score = failure_score
        self._threads = anyio.CapacityLimiter(threads)
        self.candidates: dict[str, Candidate] = {}
        """Those that tasks may name, by key."""

    async def __call__(self, task: Task, context: Context) -> list[Evaluation]:
        """Do a task: return an evaluation for each of its examples."""
        candidate = self.candidates[task.payload["candidate"]]
        examples = task.payload["examples"]
        evaluations: list[Evaluation] = []
        own = Ledger()  # of the calls that a rollout makes through our models
        with self._ledger.active():
            for example in examples:
                evaluations.append(await self._evaluate(candidate, example, own))
                if own.lines():
                    own = Ledger()
        return evaluations

    async def _evaluate(self, candidate: Candidate, example: Any, own: Ledger) -> Evaluation:
        """Run a candidate on an example and score it. What the functions raise makes a failure with its reason.

        Raises:
            BudgetExceededError: If the run's budget does not allow it, or a call in it.
            LLMError: If it is one that no further call can survive: a refused key, say.
        """
        reservation = self._ledger.start_rollout()
        reported = _NOTHING
        started = time.perf_counter()
        try:
            with own.active():
                rollout = as_rollout(await self._call(self._rollout, candidate, example))
                reported = rollout.usage or reported
                evaluation = await self.judge(example, rollout)
        except BudgetExceededError:
            raise
        except LLMError as err:
            if err.fatal:
                raise
            evaluation = self.failed(_reason(err))
        except Exception as err:  # noqa: BLE001 - the border to the user's functions: a failed rollout is data
            evaluation = self.failed(_reason(err))
        finally:
            reservation.settle(reported)
        return Evaluation(
            evaluation.score,
            evaluation.feedback,
            evaluation.objectives,
            evaluation.output,
            evaluation.trajectory,
            reported + own.usage if own.lines() else reported,
            evaluation.error,
            time.perf_counter() - started,
        )

    async def judge(self, example: Any, rollout: Rollout) -> Evaluation:
        """Return the evaluation of a rollout: by its own score, or by the score function.

        Raises:
            ConfigurationError: If there is neither.
        """
        if rollout.error is not None:
            return Evaluation(
                self._failure_score,
                rollout.error,
                output=rollout.output,
                trajectory=rollout.trajectory,
                error=rollout.error,
            )
        score = rollout.score
        if score is None:
            if self._score is None:
                raise ConfigurationError(
                    "a rollout needs a score: give it one, or give score= to the optimizer."
                )
            score = await self._call(self._score, example, rollout.output)
        try:
            read = read_score(score)
        except ValueError as err:
            return Evaluation(
                self._failure_score, output=rollout.output, trajectory=rollout.trajectory, error=str(err)
            )
        return Evaluation(read.value, read.feedback, read.objectives, rollout.output, rollout.trajectory)

    def failed(self, reason: str) -> Evaluation:
        """Return the evaluation of a rollout that failed."""
        return Evaluation(self._failure_score, f"The rollout failed: {shorten(reason, 500)}", error=reason)

    async def _call(self, function: Callable[[Any, Any], Any], first: Any, second: Any) -> Any:
        if self._is_async[id(function)]:
            return await function(first, second)
        # In a tuple, because trio refuses to let a coroutine out of a thread.
        (result,) = await anyio.to_thread.run_sync(
            lambda: (function(first, second),), abandon_on_cancel=True, limiter=self._threads
        )
        return await result if inspect.isawaitable(result) else result


def _is_async(function: Callable[[Any, Any], Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


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


def as_rollout(result: Any) -> Rollout:
    """Return what a rollout function returned as a `Rollout`."""
    return result if isinstance(result, Rollout) else Rollout(result)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
