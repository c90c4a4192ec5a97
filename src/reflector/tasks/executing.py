"""Bringing task groups to their providers: `execute_all`."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio

from reflector.agents._wake import Bell, start_task
from reflector.dispatch.choosing import Policy, check_policy
from reflector.dispatch.ledger import Ledger
from reflector.errors import ConfigurationError
from reflector.tasks.batch import AsyncGroups, Batch, BatchOptions, Groups
from reflector.tasks.merging import Ensemble, FailurePolicy, check_merge
from reflector.tasks.results import GroupResult
from reflector.tasks.table import ProviderSpec, read_providers

__all__ = ["GroupResults", "execute_all"]

Providers = str | os.PathLike[str] | Mapping[str, Any] | Iterable[ProviderSpec]


def execute_all(
    groups: Groups | AsyncGroups,
    *,
    providers: Providers | None = None,
    policy: Policy = "expected_cost",
    concurrency: int | None = None,
    on_failure: FailurePolicy = "all",
    ensemble: Ensemble | None = None,
    ledger: Ledger | None = None,
) -> GroupResults:
    """Return an async iterator of the results of task groups, in the order in which they are done.

    Every group has exactly one result, failures included; of those that wait, the higher priority goes first. A group
    that is too large for every provider is split, and its result merged from its parts. What can be known to be wrong
    with the table is raised before the first result. Left early, it cancels what is under way; `aclose` waits for that.

    ```python
    async for result in rf.execute_all(groups, providers="providers.toml"):
        print(result.provider, result.cost_usd, result.value)
    ```

    Args:
        groups: Groups, payloads alone, or either as plain data. An iterator, sync or async, may be endless: it is read
            no further ahead than needed.
        providers: The table: a file, its content, or specs. They live as long as the iteration. None: those of the
            ambient runtime.
        policy: Who of the capable providers gets a task.
        concurrency: How many tasks may be under way; by default as many as the providers that accept their kind run.
        on_failure: Of parts, and of the answers of an ensemble, how many have to be there.
        ensemble: Several providers for each task, and how their answers become one.
        ledger: Pays, and is where to look what each provider and account cost.

    Raises:
        ConfigurationError: At once, if the table or an option cannot be used.
        InvalidGroupError: While iterating, if plain data is no task group.
    """
    specs = () if providers is None else read_providers(providers)
    folder = Path(providers).parent if isinstance(providers, str | os.PathLike) else None
    check_policy(policy)
    check_merge("union" if ensemble is None else ensemble.merge, on_failure)
    if concurrency is not None and concurrency < 1:
        raise ConfigurationError(f"concurrency is at least 1; got {concurrency!r}")
    most = math.inf if concurrency is None else concurrency
    return GroupResults(
        Batch(groups, specs, folder, BatchOptions(policy, most, on_failure, ensemble, ledger))
    )


class GroupResults(AsyncIterator[GroupResult]):
    """The results of task groups as they come. Close it with `aclose` or `async with`, or read it to its end."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._stop: Bell | None = None
        self._is_closed = False

    async def __anext__(self) -> GroupResult:
        batch = self._batch
        if self._is_closed:
            raise StopAsyncIteration
        if self._stop is None:
            batch.open()
            self._stop = batch.stop
            start_task(batch.run)
        try:
            return await batch.results.receive()
        except anyio.EndOfStream:
            await self.aclose()
            if batch.error is not None:
                raise batch.error from batch.error.__cause__
            raise StopAsyncIteration from None
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Cancel what is under way, and wait until it is over."""
        self._is_closed = True
        if self._stop is None:
            return
        self._stop.set()
        with anyio.CancelScope(shield=True):
            await self._batch.ended.wait()
        self._batch.results.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        if self._stop is not None:
            with contextlib.suppress(RuntimeError):  # the event loop may have ended
                self._stop.set()
                self._batch.results.close()
