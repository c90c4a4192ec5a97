"""How an error ends a command: one line on stderr and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from reflector._json import dumps
from reflector._text import one_line
from reflector.errors import InputError, ReflectorError, TrajectoryImportError

__all__ = ["BAD_INPUT", "INTERRUPTED", "MODEL_FAILED", "error_record", "exit_with"]

BAD_INPUT = 2
MODEL_FAILED = 3
INTERRUPTED = 130


@contextmanager
def exit_with(*, as_json: bool) -> Iterator[None]:
    """Turn what a command raises into its exit code; with `as_json` the reason is a JSON document too."""
    try:
        yield
    except KeyboardInterrupt:
        _say("interrupted")
        _leave(INTERRUPTED)
    except InputError as err:
        _fail(err, BAD_INPUT, as_json)
    except ReflectorError as err:
        _fail(err, MODEL_FAILED, as_json)
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`): that is no failure of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def error_record(err: ReflectorError) -> dict[str, object]:
    """Return an error as the entry it has under `errors` in a JSON document."""
    if isinstance(err, TrajectoryImportError):
        return {"file": err.file, "record": err.record, "reason": err.reason}
    return {"file": None, "record": None, "reason": str(err)}


def _fail(err: ReflectorError, code: int, as_json: bool) -> None:
    if as_json:
        print(dumps({"errors": [error_record(err)]}).decode())
    _say(one_line(str(err), 500))
    sys.exit(code)


def _say(line: str) -> None:
    print(f"reflector: {line}", file=sys.stderr)


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.exit(code)
