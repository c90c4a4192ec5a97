"""How a command ends: its one JSON document, or one line on stderr that says why not; and its exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from reflector._json import dumps
from reflector._text import clean, one_line
from reflector.errors import InputError, ReflectorError, TrajectoryImportError
from reflector.trajectories.analysis import FailurePoint, ReasoningIssue, SuccessIndicator, TrajectoryAnalysis
from reflector.trajectories.trajectory import Trajectory

__all__ = [
    "BAD_INPUT", "INTERRUPTED", "MODEL_FAILED", "BaseUrl", "Files", "Format", "Json", "ModelName", "error_record",
    "exit_with", "print_document", "print_line", "run_record", "write_file",
]  # fmt: skip


def print_document(document: dict[str, Any]) -> None:
    """Print a JSON document on stdout."""
    print_line(dumps(document))


def print_line(text: bytes) -> None:
    """Print a line of UTF-8 on stdout, whatever the terminal speaks, so that no character is lost."""
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:
        sys.stdout.write(text.decode() + "\n")
    else:
        sys.stdout.flush()
        stream.write(text + b"\n")
        stream.flush()


# Some versions of typer bring a click of their own: the base of its error is that of all errors of usage in both.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Recorded runs; - reads standard input.")]
Format = Annotated[str, typer.Option(help="Format of the files.")]
ModelName = Annotated[str | None, typer.Option(help="Model's name, or 'rules'. Default: REFLECTOR_MODEL.")]
BaseUrl = Annotated[
    str | None, typer.Option(help="An OpenAI-compatible server. Default: REFLECTOR_BASE_URL.")
]

BAD_INPUT = 2
MODEL_FAILED = 3
INTERRUPTED = 130


def write_file(path: str, content: str) -> None:
    """Write a file that the user named.

    Raises:
        InputError: If it cannot be written.
    """
    try:
        Path(path).write_bytes(content.encode("utf-8", "replace"))
    except OSError as err:
        raise InputError(f"{path!r} cannot be written: {err.strerror}.") from err


@contextmanager
def exit_with(*, as_json: bool) -> Iterator[None]:
    """Turn what a command raises into its exit code; with `as_json` the reason is a JSON document too."""
    try:
        yield
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        _say("interrupted")
        sys.exit(INTERRUPTED)
    except UsageError as err:
        _fail(InputError(_usage(err)), BAD_INPUT, as_json)
    except InputError as err:
        _fail(err, BAD_INPUT, as_json)
    except ReflectorError as err:
        _fail(err, MODEL_FAILED, as_json)
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`): that is no failure of ours.
        _drop_output()
        sys.exit(0)
    except OSError as err:
        _say(f"the output cannot be written: {err.strerror or err}")
        _drop_output()
        sys.exit(BAD_INPUT)


def error_record(err: ReflectorError) -> dict[str, object]:
    """Return an error as the entry it has under `errors` in a JSON document."""
    if isinstance(err, TrajectoryImportError):
        return {"file": err.file, "record": err.record, "reason": err.reason}
    return {"file": None, "record": None, "reason": str(err)}


def _usage(err: Exception) -> str:
    format_message = getattr(err, "format_message", None)
    return str(format_message()) if callable(format_message) else str(err)


def _fail(err: ReflectorError, code: int, as_json: bool) -> None:
    if as_json:
        print_document({"errors": [error_record(err)]})
    _say(str(err))
    sys.exit(code)


def _say(line: str) -> None:
    # File names and messages of servers may hold escape sequences.
    print(f"reflector: {one_line(clean(line), 500)}", file=sys.stderr)


def _drop_output() -> None:
    """Send what is still buffered nowhere, so that the interpreter does not fail on it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run_record(analysis: TrajectoryAnalysis) -> dict[str, Any]:
    """Return what an analysis says about a run, as one entry of `trajectories`."""
    run = analysis.trajectory
    kinds = ("failure_points", "reasoning_issues", "success_indicators")
    return {
        "id": analysis.trajectory_id,
        **{name: getattr(run, name, None) for name in ("format", "source", "record")},
        "outcome": analysis.outcome,
        "steps": analysis.step_count,
        "turns": analysis.turn_count,
        "tool_calls": analysis.tool_call_count,
        **{kind: [_finding(each, run) for each in getattr(analysis, kind)] for kind in kinds},
        "quality": analysis.overall_quality,
        "quality_score": analysis.quality_score,
    }


def _finding(
    finding: FailurePoint | ReasoningIssue | SuccessIndicator, run: Trajectory | None
) -> dict[str, Any]:
    first = next(iter(finding.step_indices), None)
    step = run.steps[first] if run is not None and first is not None and first < len(run.steps) else None
    return finding.model_dump(mode="json") | {"step_index": first, "source_index": step and step.source_index}
