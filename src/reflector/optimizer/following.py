"""Showing where a run stands while it goes on: in a notebook, in a terminal, or in a function of the user's."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import anyio

from reflector._logging import get_logger
from reflector._text import one_line
from reflector.optimizer.progress import Progress

__all__ = ["ShowProgress", "follow", "show_here"]

_log = get_logger(__name__)
_SHOWN_EVERY = 0.5
"""Seconds."""

ShowProgress = Callable[[Progress], object]
"""What is called with the progress of a run: twice a second, and once more at the end."""


async def follow(read: Callable[[], Progress], show: ShowProgress) -> None:
    """Show what is read until cancelled. What fails to show is not shown any more; nothing else happens."""
    try:
        try:
            while True:
                show(read())
                await anyio.sleep(_SHOWN_EVERY)
        finally:
            show(read())
    except Exception as err:  # noqa: BLE001 - looking at a run does not end it
        _log.warning("the progress cannot be shown", error=repr(err))


def show_here() -> ShowProgress:
    """Return what shows a run: as a table in a notebook, as a line in a terminal, else a line for each proposal."""
    notebook = _notebook()
    if notebook is not None:
        return notebook
    return _Terminal().show if sys.stderr.isatty() else _Lines().show


def _notebook() -> ShowProgress | None:
    """Return what keeps one table of a notebook's cell up to date; None outside of notebooks."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if getattr(shell, "kernel", None) is None:
        return None
    display = import_module("IPython.display").display
    shown: list[Any] = []

    def show(progress: Progress) -> None:
        if shown:
            shown[0].update(progress)
        else:
            shown.append(display(progress, display_id=True))

    return show


class _Terminal:
    """One line that is written over."""

    def show(self, progress: Progress) -> None:
        text = one_line(str(progress), _columns() - 1)
        sys.stderr.write("\r\x1b[2K" + text + ("\n" if progress.is_over else ""))
        sys.stderr.flush()


def _columns() -> int:
    """Return the width of the terminal behind stderr: stdout may be a file, or another one."""
    try:
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    return columns or shutil.get_terminal_size().columns


class _Lines:
    """A line whenever a proposal has ended."""

    def __init__(self) -> None:
        self._ended = -1

    def show(self, progress: Progress) -> None:
        if progress.proposals != self._ended or progress.is_over:
            self._ended = progress.proposals
            print(progress, file=sys.stderr, flush=True)
