"""The task behind `execute_all`: which group is next, and what came of each."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import anyio.abc
import anyio.lowlevel
from pydantic import ValidationError

from reflector.agents._wake import Bell
from reflector.agents.ambient import ambient_runtime, current_runtime
from reflector.agents.groups import only_error
from reflector.agents.ref import AgentRef
from reflector.dispatch.choosing import Policy
from reflector.dispatch.dispatching import DEFAULT_TASK_TIMEOUT, execute
from reflector.dispatch.ledger import Ledger
from reflector.dispatch.payload import TaskPayload
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.survival import is_blamed
from reflector.errors import InvalidGroupError, ProviderBusyError, ReflectorError
from reflector.tasks.group import TaskGroup
from reflector.tasks.merging import Ensemble, FailurePolicy, merge_results
from reflector.tasks.providers import hired
from reflector.tasks.results import GroupResult
from reflector.tasks.splitting import split_group, tokens_of
from reflector.tasks.table import ProviderSpec
from reflector.tasks.wire import group_of

__all__ = ["AsyncGroups", "Batch", "BatchOptions", "Groups"]

_WINDOW = 256
"""Of an iterator, so many groups are read ahead to find those of the highest priority."""
_UNREAD = 64
"""So many results may wait to be taken."""
_UNLIMITED = 64
"""So many tasks of a kind are under way when nobody says how many there may be."""
_PATIENCE = 24 * 3600.0
"""Seconds for a task of a table, whose providers have a time for each try."""

Groups = Iterable[TaskGroup | TaskPayload | Mapping[str, Any]]
AsyncGroups = AsyncIterable[TaskGroup | TaskPayload | Mapping[str, Any]]


class BatchOptions(NamedTuple):
    """How groups are done."""

    policy: Policy
    concurrency: float
    on_failure: FailurePolicy
    ensemble: Ensemble | None
    ledger: Ledger | None


class Batch:
    """What is to be done and what is under way: the task behind the results.

    Attributes:
        results: Where they come from, once it is open.
        stop: Ends it when it is set.
        ended: Set when it is over.
        error: What broke it off.
    """

    def __init__(
        self,
        groups: Groups | AsyncGroups,
        specs: Sequence[ProviderSpec],
        folder: Path | None,
        options: BatchOptions,
    ) -> None:
        self._source = None if isinstance(groups, AsyncIterable) else iter(groups)
        self._groups = groups
        self._window = len(groups) + 1 if isinstance(groups, Sequence) else _WINDOW
        self._specs = specs
        self._folder = folder
        self._options = options
        self._names: tuple[str, ...] | None = None
        self._waiting: dict[str, list[tuple[float, int, TaskGroup]]] = {}
        self._numbers = itertools.count()
        self._running: Counter[str] = Counter()
        self._done: Counter[str] = Counter()
        self._is_down: set[str] = set()
        self._is_fed = False
        self.error: Exception | None = None

    def open(self) -> None:
        """Get ready to run, in the event loop."""
        self._sender, self.results = anyio.create_memory_object_stream[GroupResult](_UNREAD)
        self.stop = Bell()
        self.ended = anyio.Event()
        most = self._options.concurrency
        # Of tasks: a group that is split, or asked of several, is many. Without a limit nobody waits.
        self._turn = nullcontext() if most == math.inf else anyio.CapacityLimiter(most)
        self._changed = anyio.Event()

    async def run(self) -> None:
        """Do everything, until it is done or to be stopped."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._until_stopped, tasks.cancel_scope)
                await self._work()
                tasks.cancel_scope.cancel()
        except Exception as err:  # noqa: BLE001 - raised again by whoever reads the results
            only = only_error(err) if isinstance(err, ExceptionGroup) else err
            self.error = only if isinstance(only, Exception) else err
        finally:
            self._sender.close()
            self.ended.set()

    async def _until_stopped(self, scope: anyio.CancelScope) -> None:
        await self.stop.wait()
        scope.cancel()

    async def _work(self) -> None:
        if self._specs and current_runtime() is not None:
            # Others there are not asked. Twice: a single name would be insisted on, however often it failed.
            self._names = tuple(spec.name for spec in self._specs) * 2
        async with ambient_runtime() as runtime, hired(runtime, self._specs, self._folder):
            self._runtime = runtime
            async with anyio.create_task_group() as tasks:
                if self._source is None:
                    tasks.start_soon(self._feed)
                await self._start_all(tasks)

    # --- who is next ---

    async def _start_all(self, tasks: anyio.abc.TaskGroup) -> None:
        while True:
            self._read_ahead()
            group = self._next()
            if group is not None:
                self._running[group.task_type] += 1
                tasks.start_soon(self._do, group)
            elif self._is_fed and not any(self._waiting.values()):
                return
            else:
                await self._changed.wait()
                # On asyncio whoever is woken all the time is not cancelled by itself.
                await anyio.lowlevel.checkpoint_if_cancelled()

    def _ring(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    def _read_ahead(self) -> None:
        while self._source is not None and not self._is_fed and self._has_room():
            try:
                self._add(next(self._source))
            except StopIteration:
                self._is_fed = True

    async def _feed(self) -> None:
        assert isinstance(self._groups, AsyncIterable)
        source = aiter(self._groups)
        try:
            async for item in source:
                self._add(item)
                self._ring()
                while not self._has_room():
                    await self._changed.wait()
        finally:
            if isinstance(source, AsyncGenerator):
                with anyio.CancelScope(shield=True):
                    await source.aclose()
        self._is_fed = True
        self._ring()

    def _has_room(self) -> bool:
        return sum(map(len, self._waiting.values())) < self._window

    def _add(self, item: TaskGroup | TaskPayload | Mapping[str, Any]) -> None:
        group = item if isinstance(item, TaskGroup) else _group(item)
        heap = self._waiting.setdefault(group.task_type, [])
        heapq.heappush(heap, (-group.priority, next(self._numbers), group))

    def _next(self) -> TaskGroup | None:
        """Return the group of the highest priority whose kind has room, if there is one."""
        if self._running.total() >= self._options.concurrency:
            return None
        ready = [
            heap for kind, heap in self._waiting.items() if heap and self._running[kind] < self._limit(kind)
        ]
        return heapq.heappop(min(ready))[2] if ready else None

    def _limit(self, kind: str) -> int:
        return sum(ref.concurrency for ref in self._capable(kind, self._names)) or _UNLIMITED

    # --- one group ---

    async def _do(self, group: TaskGroup) -> None:
        try:
            await self._sender.send(await self._result(group))
        finally:
            self._running[group.task_type] -= 1
            self._ring()

    async def _result(self, group: TaskGroup) -> GroupResult:
        if self._names is not None and group.limits.providers is None:
            group = group.replace(limits=group.limits.replace(providers=self._names))
        refs = self._capable(group.task_type, group.limits.providers)
        windows = list(map(_window, refs))
        window = max((size for size in windows if size is not None), default=0)
        if window and None not in windows and tokens_of(group) > window:
            parts = split_group(group, window)
            if len(parts) > 1:
                results = await self._each(parts, self._answer)
                return await merge_results(group, results, on_failure=self._options.on_failure)
        return await self._answer(group)

    def _capable(self, kind: str, named: tuple[str, ...] | None) -> list[AgentRef]:
        return [ref for ref in self._runtime.providers(kind) if named is None or ref.name in named]

    async def _answer(self, group: TaskGroup) -> GroupResult:
        """Return the answer to a group that somebody can take: of one provider, or of several, merged."""
        ensemble = self._options.ensemble
        if ensemble is None:
            return await self._execute(group)
        size = tokens_of(group)
        capable = self._capable(group.task_type, group.limits.providers)
        names = [ref.name for ref in capable if size <= (_window(ref) or size)][: ensemble.size]
        if len(names) < 2:
            return await self._execute(group)
        cost = group.limits.cost_usd
        share = None if cost is None else cost / len(names)
        voices = [
            group.replace(
                id=f"{group.id}@{name}", limits=group.limits.replace(providers=(name,), cost_usd=share)
            )
            for name in names
        ]
        results = await self._each(voices, self._execute)
        return await merge_results(group, results, merge=ensemble.merge, on_failure=self._options.on_failure)

    async def _each(
        self, groups: Sequence[TaskGroup], do: Callable[[TaskGroup], Awaitable[GroupResult]]
    ) -> list[GroupResult]:
        """Return the results of groups, in their order."""
        results: dict[int, GroupResult] = {}
        limiter = anyio.CapacityLimiter(_UNLIMITED)

        async def one(at: int) -> None:
            async with limiter:
                results[at] = await do(groups[at])

        async with anyio.create_task_group() as tasks:
            for at in range(len(groups)):
                tasks.start_soon(one, at)
        return [results[at] for at in range(len(groups))]

    async def _execute(self, group: TaskGroup) -> GroupResult:
        options = self._options
        seconds = _PATIENCE if self._specs else DEFAULT_TASK_TIMEOUT
        kind, seen = group.task_type, -1
        while True:
            try:
                async with self._turn:
                    result = await execute(
                        group.to_task(), timeout=seconds, policy=options.policy, ledger=options.ledger
                    )
            except ReflectorError as err:
                # An outage that may pass is waited for; one that did not is waited for no more.
                if seen == self._done[kind] and (is_blamed(err) or isinstance(err, ProviderBusyError)):
                    self._is_down.add(kind)
                pause = err.retry_after if isinstance(err, ProviderBusyError) else None
                if kind in self._is_down or not pause:
                    return GroupResult.failed(group, err)
                seen = self._done[kind]
                await self._runtime.clock.sleep_until(self._runtime.clock.now() + pause)
            else:
                self._done[kind] += 1
                self._is_down.discard(kind)
                return GroupResult.completed(group, result)


def _window(ref: AgentRef) -> int | None:
    return ref.card.context_window if isinstance(ref.card, ProviderCard) else None


def _group(item: Any) -> TaskGroup:
    if isinstance(item, Mapping):
        return group_of(item)
    try:
        return TaskGroup(payload=item)
    except ValidationError as err:
        raise InvalidGroupError(f"expected a TaskGroup or a payload of one; got {item!r:.80}") from err
