"""A run of the optimizer in a terminal: progress while it goes on, Ctrl-C or SIGTERM for the best so far."""

from __future__ import annotations

import signal
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import anyio

from reflector.agents.groups import only_error
from reflector.errors import ReflectorError
from reflector.optimizer.loop import Optimizer
from reflector.optimizer.result import OptimizationResult

__all__ = ["Drive", "drive"]


@dataclass(slots=True)
class Drive:
    """How a run ended."""

    forecast: str = ""
    result: OptimizationResult | None = None
    error: ReflectorError | None = None
    is_interrupted: bool = False


def drive(optimizer: Optimizer, *, quiet: bool, notes: dict[str, Any] | None = None) -> Drive:
    """Run an optimizer to its end, or until Ctrl-C or SIGTERM, and return what came of it; a second one breaks it off.

    Before the first call a line on stderr says what it will take, unless it is to be quiet.
    """
    from reflector.cli.pages import print_notice
    from reflector.cli.run_pages import live_progress

    ended = Drive()

    async def main() -> None:
        ended.forecast = str(await optimizer.forecast())
        if not quiet:
            print_notice(ended.forecast)
        with nullcontext() if quiet else live_progress() as show:
            async with optimizer, anyio.create_task_group() as group:
                if notes:
                    optimizer.note(notes)
                group.start_soon(_listen, optimizer, ended)
                if show is not None:
                    optimizer.follow(show)
                try:
                    ended.result = await optimizer.run()
                except ReflectorError as err:
                    ended.error, ended.result = err, getattr(err, "result", None)
                group.cancel_scope.cancel()

    try:
        anyio.run(main)
    except BaseExceptionGroup as group:
        raise only_error(group) from None
    return ended


async def _listen(optimizer: Optimizer, ended: Drive) -> None:
    try:
        receiver = anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM)
        with receiver as signals:
            async for _ in signals:
                if ended.is_interrupted:
                    raise KeyboardInterrupt
                ended.is_interrupted = True
                optimizer.stop("interrupted")
    except NotImplementedError:  # Windows: Ctrl-C ends the command, and the log is kept
        return
