"""The optimizer itself: it has the machine's orders carried out, and writes down what came of them."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio

from reflector._text import estimate_tokens, shorten
from reflector.agents.ambient import ambient_runtime
from reflector.agents.groups import only_error
from reflector.dispatch.ledger import Ledger
from reflector.errors import (
    BudgetExceededError,
    ConfigurationError,
    OptimizationError,
    RunBrokenError,
    RunLogError,
    UnboundedCallError,
)
from reflector.llm.client import LLMClient
from reflector.optimizer.asking import Room
from reflector.optimizer.candidate import Candidate, components_of
from reflector.optimizer.claims import Claims
from reflector.optimizer.config import OptimizerConfig
from reflector.optimizer.crew import Crew
from reflector.optimizer.desk import Desk, OpenOrder
from reflector.optimizer.evaluation import NO_USAGE, Rollout
from reflector.optimizer.evaluations import Evaluations
from reflector.optimizer.examples import Examples, read_examples
from reflector.optimizer.following import ShowProgress, follow, show_here
from reflector.optimizer.forecast import Forecast, read_forecast
from reflector.optimizer.given import header_of, no_rollout, read_reflector, read_task_model
from reflector.optimizer.machine import Machine
from reflector.optimizer.progress import Progress
from reflector.optimizer.proposing import Proposer
from reflector.optimizer.purse import Purse
from reflector.optimizer.replaying import replay
from reflector.optimizer.result import OptimizationResult, read_result
from reflector.optimizer.runlog import RunLog
from reflector.optimizer.running import RolloutFunction, Runner, ScoreFunction, as_rollout, chat_rollout
from reflector.optimizer.scorers import resolve_scorer
from reflector.optimizer.work import Order, Purpose, Reflect, RunRows
from reflector.reflecting.reflector import Reflector
from reflector.signals.signal import Signal
from reflector.usage import Budget

__all__ = ["COMMITTED", "Optimizer", "Work"]

COMMITTED = "reflector.optimizer.committed"
"""Announced on the runtime when a proposal has ended; its data is the fact in the log, and where the run stands."""


@dataclass(frozen=True, slots=True)
class Work:
    """Rollouts that the optimizer wants: run `candidate` on each of `examples`."""

    candidate: Candidate
    examples: tuple[Any, ...]
    purpose: Purpose
    order: int = field(repr=False)


class Optimizer:
    """Improves a prompt by reflecting on runs of it. `optimize` is this class in one call.

    With its own worker loops, `await optimizer.run()`; with somebody else's, `work` and `report`:

    ```python
    async with rf.Optimizer("seed prompt", rows, score=score, reflector=reflector) as optimizer:
        async for work in optimizer.work():
            await optimizer.report(work, [rf.Rollout(my_cluster(work.candidate, each)) for each in work.examples])
    result = optimizer.result()
    ```

    With `config.store`, every fact is written down before it counts: a run that was killed goes on where it was, and
    nothing that was written down is paid again.

    Args:
        seed: The prompt, or a dict of component texts by name.
        rows: A list, split by `config.seed`, or `Examples`.
        rollout: A function of candidate and example, or a model that gets the candidate as system message and the
            example as the user's.
        score: A function of example and output, or the name of a scorer, such as `exact`: see `SCORERS`. None:
            rollouts bring their score.
        reflector: A Reflector, or its model. None: `REFLECTOR_MODEL` of the environment.
        budget: What may be spent.
        config: How to go about it.

    Raises:
        ConfigurationError: If something given is none of these, or no model is named; the rules only answer when
            they are named.
        RunMismatchError: If the store holds another run.
        RunLogError: If what the store holds is damaged, or was written by another version.
    """

    def __init__(
        self,
        seed: str | dict[str, str],
        rows: Sequence[Any] | Examples,
        *,
        rollout: RolloutFunction | str | LLMClient | None = None,
        score: ScoreFunction | str | None = None,
        reflector: Reflector | str | LLMClient | None = None,
        budget: Budget | None = None,
        config: OptimizerConfig | None = None,
    ) -> None:
        self.config = config or OptimizerConfig()
        self.budget = budget or Budget()
        self.seed = Candidate(components_of(seed))
        self.examples = read_examples(rows, self.config.seed)
        self.reflector = read_reflector(reflector)
        if self.config.proposer == "rewrite" and self.reflector.client is None:
            raise ConfigurationError(
                "the rules cannot write a prompt anew: proposer='rewrite' needs a model."
            )
        self.ledger = Ledger(self.budget)
        """What the run spends; its budget is the run's."""
        self._task_model = read_task_model(rollout)
        function: Any = rollout if self._task_model is None else chat_rollout(self._task_model)
        self._can_run = function is not None
        self._runner = Runner(
            function or no_rollout,
            resolve_scorer(score, [*self.examples.train, *self.examples.val, *self.examples.test]),
            self.ledger,
            failure_score=self.config.failure_score,
            threads=self.config.concurrency,
            timeout=self.config.rollout_timeout,
        )
        self._crew = Crew(self._runner, timeout=self.config.rollout_timeout)
        self.machine = self._new_machine(self.budget.rollouts)
        """The state of the run."""
        if self.budget == Budget() and self.config.patience is None and self.config.stop_at is None:
            raise ConfigurationError(
                "a run needs an end: give it a budget, such as budget=rf.Budget(rollouts=400, cost_usd=2.0)."
            )
        needed = self.machine.smallest_limit
        if self.machine.limit < needed:
            raise ConfigurationError(
                f"a budget of {self.budget.rollouts} rollouts is not enough for a single proposal: {needed} are "
                f"needed, for {len(self.examples.val)} validation rows and a minibatch of "
                f"{self.machine.minibatch} twice."
            )
        self._purse = Purse(self.ledger, self.machine.minibatch + len(self.examples.val))
        self._proposer = Proposer(self.reflector, self.examples.train, self.config, self._purse)
        self._desk = Desk()
        self._stop_file = None if self.config.stop_file is None else Path(self.config.stop_file)
        self._committed = 0
        self._running = self._done = self._done_before = 0
        self._last_error = ""
        self._is_over = self._is_tested = False
        self._failure: Exception | None = None
        self._reflecting: set[anyio.CancelScope] = set()
        self._workers: anyio.CancelScope | None = None
        self._opened: AbstractAsyncContextManager[None] | None = None
        self._began = time.monotonic()

    # --- life --------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        if self._opened is not None:
            raise ConfigurationError("an optimizer can be entered once; make another one.")
        self._opened = self._open()
        await self._opened.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        assert self._opened is not None
        return await self._opened.__aexit__(kind, error, trace)

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[None]:
        """Open everything and begin; close it again whatever happens."""
        self._log = RunLog(self.config.store)
        self._claims = Claims(self.ledger, self._log)
        try:
            is_new = self._log.is_new
            begun = self.budget.rollouts if is_new else self._log.header["budget"]["rollouts"]
            self._log.start(header_of(self.seed, self.examples, self.config, begun), self._budget_fields())
            self._began = time.monotonic()
            async with ambient_runtime() as self._runtime:
                await self._crew.join(self._runtime, self.config.concurrency)
                try:
                    async with anyio.create_task_group() as self._group:
                        try:
                            self._begin(is_new)
                            yield
                        finally:
                            self._end()
                            self._group.cancel_scope.cancel()
                finally:
                    with anyio.CancelScope(shield=True):
                        await self._crew.leave()
        except BaseExceptionGroup as group:
            failure = only_error(group)
            raise failure from failure.__cause__
        finally:
            with anyio.CancelScope(shield=True):
                try:
                    self._claims.close()
                finally:
                    await anyio.to_thread.run_sync(self._log.close)

    def _begin(self, is_new: bool) -> None:
        if self.config.order != "strict":
            self._proposer.room = Room(self._group, self._runtime.clock)
        if not is_new:
            self._replay()
        self._done_before = self._done
        self._take_orders()
        self._desk.wake()

    def _check_entered(self) -> None:
        if self._opened is None:
            raise ConfigurationError("the optimizer is not running: use it inside `async with optimizer:`.")

    def stop(self, reason: str = "stopped") -> None:
        """End the run now: what is under way is dropped, and `run` returns the best so far.

        With `config.store`, the same run goes on there later.
        """
        self.machine.stop(reason)
        self._end()

    def note(self, facts: dict[str, Any]) -> None:
        """Write further facts about the run into its log, for people and tools; they change nothing."""
        self._check_entered()
        self._log.noted(facts)

    async def forecast(self) -> Forecast:
        """Return about what the run will take. Nothing is asked; the models load what they need."""
        models = [self._task_model, self.reflector.client]
        for model in models:
            if model is not None:
                await model.warmup()
        task, reflecting = (None if model is None else model.price for model in models)
        return read_forecast(
            budget=self.budget,
            examples=self.examples,
            minibatch=self.machine.minibatch,
            seed_tokens=sum(estimate_tokens(text) for text in self.seed.values()),
            prices=(task, reflecting),
            asks_model=self._task_model is not None,
        )

    @property
    def progress(self) -> Progress:
        """Where the run stands."""
        pool = self.machine.pool
        return Progress(
            rollouts=self._done,
            limit=self.budget.rollouts,
            best_score=pool.means[pool.best] if len(pool) else None,
            seed_score=pool.means[0] if len(pool) else None,
            candidates=len(pool),
            frontier=len(pool.survivors()) if len(pool) else 0,
            proposals=len(self.machine.history),
            in_flight=self.machine.in_flight,
            reflections=self.machine.reflections,
            running=self._running,
            spend=self.ledger.usage,
            slots=self.config.concurrency,
            seconds=time.monotonic() - self._began,
            seconds_left=self._seconds_left(),
            is_over=self._is_over,
        )

    def follow(self, show: ShowProgress | None = None) -> None:
        """Show where the run stands until it is over; to be called inside `async with`.

        Args:
            show: Called with the progress twice a second. None: a table in a notebook, a line in a terminal.
                When it fails, the run goes on without it.

        Raises:
            ConfigurationError: If it is no function.
        """
        if show is not None and not callable(show):
            raise ConfigurationError(f"what shows the progress is True or a function of it; got {show!r}")
        self._check_entered()
        self._group.start_soon(follow, lambda: self.progress, show or show_here())

    def _seconds_left(self) -> float | None:
        limits = [self.ledger.seconds_left()]
        done, limit = self._done - self._done_before, self.budget.rollouts
        if done and limit is not None:
            limits.append((time.monotonic() - self._began) / done * max(0, limit - self._done))
        return min((limit for limit in limits if limit is not None), default=None)

    def result(self) -> OptimizationResult:
        """Return what was reached.

        Raises:
            OptimizationError: If the seed has not been validated yet.
        """
        if not len(self.machine.pool):
            raise OptimizationError("the run ended before the seed was validated: there is no result.")
        return read_result(self.machine, self.ledger.usage, self.ledger.table(), self._log.id)

    # --- our own worker loops ----------------------------------------------------------------------------

    async def run(self) -> OptimizationResult:
        """Do everything, and return the result.

        Raises:
            RunBrokenError: If rollouts or reflections failed too often in a row.
            LLMError: If no further call can succeed: a refused key, an unknown model.
            UnboundedCallError: If a call could cost any amount, and there is a budget.
            ConfigurationError: If there is no rollout function, or the optimizer was not entered.
        """
        self._check_entered()
        if not self._can_run:
            raise ConfigurationError("there is no rollout= function; give one, or take work() and report().")
        async with anyio.create_task_group() as workers:
            self._workers = workers.cancel_scope
            for _ in range(self.config.concurrency):
                workers.start_soon(self._work_loop)
        return await self._finish()

    async def _work_loop(self) -> None:
        while (taken := await self._desk.next(self._runner.batch)) is not None:
            opened, rows = taken
            self._running += 1
            try:
                order = opened.order
                found = await self._crew.roll_out(order.candidate, rows, self._examples(order, rows))
            except UnboundedCallError as error:  # nothing is used up: it is a matter of configuration
                self._fail(error)
                return
            except BudgetExceededError as refusal:
                self._refused(refusal)
                return
            except Exception as error:  # noqa: BLE001 - it ends the run; raised by `_finish`
                self._fail(error)
                return
            except BaseException:  # cancelled: who calls `run` again goes on with these
                self._desk.give_back(opened, rows)
                raise
            finally:
                self._running -= 1
            self._desk.give_back(opened, rows[len(found) :])
            self._ran(opened, found)

    # --- somebody else's loop ----------------------------------------------------------------------------

    async def work(self) -> AsyncIterator[Work]:
        """Yield what is to be run, until the run ends; hand back each with `report`, in any order, from any task.

        While nothing is to be done it waits for reflections, and for work that is out.

        Raises:
            ConfigurationError: If the optimizer was not entered.
        """
        self._check_entered()
        while (taken := await self._desk.next()) is not None:
            order, rows = taken[0].order, taken[1]
            yield Work(order.candidate, tuple(self._examples(order, rows)), order.purpose, order.id)
        await self._finish()

    async def report(self, work: Work, rollouts: Sequence[Rollout | Any]) -> None:
        """Take in what came of a piece of work: a rollout, or a bare output, for each of its examples, in order.

        Raises:
            ValueError: If there are more or fewer than examples, or the work was reported already.
            ConfigurationError: If there is no score.
            UnboundedCallError: If the score calls a model, the call could cost any amount, and there is a budget.
        """
        opened = self._desk.find(work.order)
        if opened is None:
            raise ValueError("this work has been reported already")
        if len(rollouts) != len(work.examples):
            raise ValueError(
                f"a rollout for each of {len(work.examples)} examples is expected; got {len(rollouts)}"
            )
        found = Evaluations()
        refused: BudgetExceededError | None = None
        for row, example, rollout in zip(tuple(opened.unknown), work.examples, rollouts, strict=False):
            given, judged = as_rollout(rollout), Evaluations()
            try:
                with self.ledger.active():
                    await self._runner.judge(judged, row, example, given)
                self.ledger.start_rollout().settle(judged.usage.get(row, NO_USAGE))
            except UnboundedCallError:
                raise
            except BudgetExceededError as refusal:
                refused = refusal
                break
            found.update(judged)
        if self._desk.find(work.order) is not opened:
            raise ValueError("this work has been reported by another task meanwhile")
        if found:
            self._ran(opened, found)
        if refused is not None:
            self._refused(refused)
        self._desk.wake()

    # --- orders and facts --------------------------------------------------------------------------------

    def _take_orders(self) -> None:
        """Have the machine's new orders carried out, unless nothing begins any more; see whether the run has ended."""
        if self._desk.is_closed:
            return
        while orders := self.machine.orders():
            self._issue(orders)
        if self.machine.is_broken:
            self._end()
        elif self.machine.is_done:
            self._end_or_test()

    def _issue(self, orders: Iterable[Order]) -> None:
        for order in orders:
            if isinstance(order, Reflect):
                self._group.start_soon(self._reflect, order)
            else:
                self._desk.open(order)

    def _examples(self, order: RunRows, rows: Iterable[int]) -> list[Any]:
        examples = self.examples.rows(order.split)
        return [examples[row] for row in rows]

    def _ran(self, opened: OpenOrder, found: Evaluations) -> None:
        """Take in what came of some rows of an order."""
        if self._is_over:
            return
        order = opened.order
        if order.split != "train":  # no reflection sees the records of these
            found.trajectory.clear()
        if found.error:
            self._last_error = list(found.error.values())[-1]
        self._done += len(found)
        is_complete = self._desk.put(opened, found)
        with self._claims.telling(found.usage.values()) as claim:
            self._log.evaluated(order.id, found, claim, is_complete=is_complete)
        self.machine.report_rows(order.id, found)
        self._write_commits()
        self._take_orders()
        if self._stop_file is not None and self._stop_file.exists():
            self.stop("file")

    async def _reflect(self, order: Reflect) -> None:
        scope = anyio.CancelScope()
        self._reflecting.add(scope)
        try:
            with scope, self.ledger.active():
                proposed, usage = await self._proposer.propose(order)
        except Exception as error:  # noqa: BLE001 - it ends the run; raised by `_finish`
            self._fail(error)
            return
        finally:
            self._reflecting.discard(scope)
        if self._is_over or scope.cancel_called:
            return
        if proposed.is_error:
            self._last_error = proposed.reason
        if not proposed.calls:
            self._log.stopped("budget", is_over=False)
            self.machine.stop("budget")
        with self._claims.telling([usage]) as claim:
            self._log.proposed(order.id, proposed, usage, claim)
        self.machine.report_reflection(order.id, proposed)
        self._write_commits()
        self._take_orders()
        self._desk.wake()

    def _write_commits(self) -> None:
        pool = self.machine.pool
        for proposal in self.machine.history[self._committed :]:
            number = -1 if proposal.child is None else proposal.child.number
            fact = self._log.committed(
                proposal, pool.means[number] if number >= 0 else None, pool.survivors() if len(pool) else ()
            )
            if self._runtime.exchange.is_observed:
                data = fact | {"progress": self.progress.to_dict()}
                self._runtime.announce(Signal(COMMITTED, f"/runs/{self._log.id}", data))
        self._committed = len(self.machine.history)

    # --- the end -----------------------------------------------------------------------------------------

    def _end_or_test(self) -> None:
        """Everything is reported: run the test once, then it is over."""
        if self._is_tested or not self.machine.test():
            self._end()
            return
        self._is_tested = True
        self._log.testing()
        self._take_orders()

    def _begin_nothing(self) -> None:
        for scope in self._reflecting:
            scope.cancel()
        self._desk.close()

    def _end(self) -> None:
        """Drop what is under way: nothing that comes now counts."""
        self._is_over = True
        self._begin_nothing()
        if self._workers is not None:
            self._workers.cancel()

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        self._end()

    def _refused(self, refusal: BudgetExceededError) -> None:
        """The budget of dollars, tokens, calls or seconds is used up: rollouts that are under way still count."""
        if not self._desk.is_closed:
            self._log.stopped("budget")
            self.machine.stop("budget")
            self._last_error = str(refusal)
            self._begin_nothing()

    async def _finish(self) -> OptimizationResult:
        self._end()
        if self._failure is not None:
            await self._log.flush()
            raise self._failure
        reason = self.machine.stop_reason
        result = self.result() if len(self.machine.pool) else None
        if result is not None:
            self._log.finished(result.summary())
        await self._log.flush()
        if self.machine.is_broken:
            what = "rollouts" if reason == "failures" else "reflections"
            raise RunBrokenError(
                f"{self.config.failures_in_a_row} {what} failed in a row; the last one: "
                f"{shorten(self._last_error, 300)}",
                result=result,
            )
        if result is None:
            why = f"{reason}: {shorten(self._last_error, 300)}" if self._last_error else reason
            raise OptimizationError(f"the run ended before the seed was validated ({why}).")
        return result

    # --- going on with a run -----------------------------------------------------------------------------

    def _new_machine(self, rollouts: int | None) -> Machine:
        sizes = {name: len(self.examples.rows(name)) for name in ("train", "val", "test")}
        return Machine(self.seed, self.config, sizes, rollouts)

    def _budget_fields(self) -> dict[str, Any]:
        return {each.name: getattr(self.budget, each.name) for each in fields(self.budget)}

    def _replay(self) -> None:
        """Bring the machine to where the log ends, then carry on with the orders that are still open."""
        before = self._log.header["budget"]
        self.machine = self._new_machine(before["rollouts"])
        try:
            replayed = replay(self._log, self.machine, self.ledger, self._claims, self._purse)
        except (AssertionError, LookupError, TypeError, ValueError) as err:
            raise RunLogError(
                f"{str(self._log.path)!r} is damaged, or was written by another version, and cannot be gone on with: "
                f"{err!r}; choose another file for a new run."
            ) from err
        self._done, self._is_tested = replayed.done, replayed.is_tested
        self._committed = len(self.machine.history)
        is_longer = (replayed.budget or before) != self._budget_fields()
        if is_longer or self.machine.is_broken:
            self._log.extended(self._budget_fields())
            self.machine.extend(self.budget.rollouts)
        self.machine.orders()  # all of them are open
        if replayed.is_stopped and not is_longer:
            self._end()
        else:
            self._issue(self.machine.open_orders)
