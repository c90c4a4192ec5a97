"""Reading the runs that a command names: what can be read is used, what cannot is listed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from reflector.errors import InputError, TrajectoryImportError
from reflector.trajectories.loading import load_trajectories
from reflector.trajectories.trajectory import Outcome, Trajectory

__all__ = ["read_files", "read_text", "told"]

_STDIN = "standard input"


def read_files(files: Sequence[str], format: str) -> tuple[list[Trajectory], list[TrajectoryImportError]]:
    """Return the runs of all files, and what could not be read. `-` is standard input.

    Raises:
        TrajectoryImportError: If there is not a single readable run; of several reasons, the first.
    """
    runs: list[Trajectory] = []
    errors: list[TrajectoryImportError] = []
    for file in files:
        try:
            runs.extend(_read(file, format, errors))
        except TrajectoryImportError as err:
            errors.append(err)
    if not runs:
        raise errors[0] if errors else InputError("no file holds a run.")
    return runs, errors


def _read(file: str, format: str, errors: list[TrajectoryImportError]) -> list[Trajectory]:
    if file != "-":
        return list(load_trajectories(file, format=format, errors=errors))
    if sys.stdin is None or sys.stdin.closed:
        raise TrajectoryImportError("it is closed", file=_STDIN)
    found: list[TrajectoryImportError] = []
    runs = list(load_trajectories(sys.stdin.buffer.read(), format=format, errors=found))
    errors.extend(TrajectoryImportError(err.reason, file=_STDIN, record=err.record) for err in found)
    return [run.replace(source=_STDIN) for run in runs]


def read_text(path: str, what: str) -> str:
    """Return a text file as it is: line ends and final newline included.

    Raises:
        InputError: If it cannot be read, or is no UTF-8.
    """
    try:
        return Path(path).read_bytes().decode("utf-8")
    except (OSError, ValueError) as err:
        reason = os.strerror(err.errno) if isinstance(err, OSError) and err.errno else str(err)
        raise InputError(f"{what} {path!r} cannot be read: {reason}.") from err


def told(runs: Sequence[Trajectory], outcome: Outcome | None, feedback: str | None) -> list[Trajectory]:
    """Return the runs with what the user knows about them.

    A single run takes the outcome in any case; of several, those whose record does not know theirs. The feedback
    goes to every run that did not succeed.
    """
    result = []
    for run in runs:
        takes = outcome is not None and (len(runs) == 1 or run.outcome is Outcome.UNKNOWN)
        ended = outcome if outcome is not None and takes else run.outcome
        heard = feedback if ended is not Outcome.SUCCESS or len(runs) == 1 else None
        result.append(run.with_outcome(ended, feedback=heard) if takes or heard else run)
    return result
