"""How a command ends: its exit code, and one line on stderr that says why."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from reflector._text import clean, one_line
from reflector.cli.output import print_document
from reflector.errors import InputError, ReflectorError, TrajectoryImportError

# Some versions of typer bring a click of their own: the base of its error is that of all errors of usage in both.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]

__all__ = ["BAD_INPUT", "INTERRUPTED", "MODEL_FAILED", "error_record", "exit_with"]

BAD_INPUT = 2
MODEL_FAILED = 3
INTERRUPTED = 130


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
