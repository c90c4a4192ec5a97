"""A Clifford operation as a task, and the agent that does such tasks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import anyio.to_thread
from pydantic import ValidationError

from reflector.agents.agent import Agent
from reflector.agents.context import Context
from reflector.clifford.request import CliffordOperationRequest, CliffordOperationResponse
from reflector.dispatch.payload import DefaultProvider, TaskPayload
from reflector.dispatch.process_engine import ProcessEngine
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.task import Task
from reflector.errors import InvalidMultivectorError
from reflector.signals.signal import Signal

__all__ = ["CliffordOperation", "CliffordProvider", "perform_task", "read_operation"]

HEAVY = 2e7
"""From here on, in rough units of a nanosecond, an operation leaves the event loop for another process."""

_PER_NUMBER = 100
"""What reading and writing a number costs, in the same unit."""


class CliffordOperation(CliffordOperationRequest, TaskPayload):
    """An operation of the algebra as a task: `await rf.execute(rf.CliffordOperation(operation=…))`.

    The result's `value` is a `CliffordOperationResponse`; what has no result raises a `CliffordError`.
    """

    kind: ClassVar[str] = "clifford_operation"

    def default_provider(self) -> DefaultProvider:
        return DefaultProvider(
            "clifford", CliffordProvider, ProviderCard(running=max(2, os.cpu_count() or 1))
        )

    def weight(self) -> float:
        """Return about how long it takes, in nanoseconds, from the sizes of the operands alone."""
        numbers, row = 0, 1
        for operand in (self.input_multivector, self.other_multivector):
            count, length = _size(operand)
            numbers, row = max(numbers, count), max(row, length)
        return float(numbers) * (row + _PER_NUMBER)


class CliffordProvider(Agent):
    """Does Clifford operations: small ones at once, heavy batches in a pool of processes."""

    def __init__(self) -> None:
        self._pool: ProcessEngine | None = None

    async def on_stop(self, context: Context) -> None:
        if self._pool is not None:
            await self._pool.close()

    async def receive(self, signal: Signal, context: Context) -> CliffordOperationResponse:
        task = Task.from_signal(signal)
        operation = read_operation(task.payload)
        if operation.weight() >= HEAVY:
            if self._pool is None:
                self._pool = ProcessEngine(os.cpu_count() or 1)
            ran = await self._pool.run(perform_task, task, context)
            response: CliffordOperationResponse = ran.value
            return response
        if operation.engine == "clifford":  # its import and its compilation take seconds
            return await anyio.to_thread.run_sync(
                partial(perform_task, task, context), abandon_on_cancel=True
            )
        return perform_task(task, context)


def perform_task(task: Task, context: Any) -> CliffordOperationResponse:
    """Return what comes of the operation in a task."""
    from reflector.clifford.operations import perform

    return perform(read_operation(task.payload))


def read_operation(payload: Any) -> CliffordOperation:
    """Return the operation of a payload: the value itself, its plain data, or solfunmeme's {"CliffordOperation": …},
    alone or inside of a task group.

    Raises:
        InvalidMultivectorError: If it is none.
    """
    if isinstance(payload, CliffordOperation):
        return payload
    if isinstance(payload, Mapping) and isinstance(payload.get("payload"), Mapping):
        payload = payload["payload"]
    if isinstance(payload, Mapping) and "CliffordOperation" in payload:
        payload = payload["CliffordOperation"]
    if not isinstance(payload, Mapping):
        raise InvalidMultivectorError(
            f'expected {{"CliffordOperation": {{"operation": …}}}}; got {payload!r:.80}'
        )
    try:
        return CliffordOperation.model_validate(payload)
    except ValidationError as err:
        first = err.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "the operation"
        raise InvalidMultivectorError(f"{where}: {first['msg']}; got {first['input']!r:.60}") from None


def _size(operand: Any) -> tuple[int, int]:
    """Return how many numbers an operand has, and how many in a row, without reading them."""
    if isinstance(operand, Mapping):
        if isinstance(operand.get("b64"), str):
            shape = operand.get("shape") or (1,)
            last = shape[-1] if isinstance(shape, list | tuple) and isinstance(shape[-1], int) else 1
            return len(operand["b64"]) // 8, last
        operand = operand.get("values") or ()
    count, row = 0, 1
    for _ in range(8):
        if not isinstance(operand, list | tuple) or not operand:
            break
        count, row, operand = max(count, 1) * len(operand), len(operand), operand[0]
    return count, row
