"""Where the command `reflector` starts: Ctrl-C is answered in one line, also while everything is still loading."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable

__all__ = ["main"]

_INTERRUPTED = 130
_NOTICE = "reflector: interrupted\n"


def main() -> None:
    """Run the command line."""
    try:
        run = _load()
        run()
    except KeyboardInterrupt:
        sys.stderr.write(_NOTICE)
        _leave()
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            _leave()
        raise


def _load() -> Callable[[], None]:
    """Import the commands; Ctrl-C meanwhile ends the process at once, since nothing is open yet.

    A KeyboardInterrupt would not do: raised in what an extension module calls back, as pydantic's does for each model,
    it may come out as another error or not at all.
    """

    def end(number: int, frame: object) -> None:
        os.write(2, _NOTICE.encode())
        os._exit(_INTERRUPTED)

    # Where it is ignored, as under `nohup`, or somebody else's, it stays so.
    is_ours = threading.current_thread() is threading.main_thread()
    is_ours = is_ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_ours:
        signal.signal(signal.SIGINT, end)
    try:
        from reflector.cli.app import main as run
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
    return run


def _leave() -> None:
    """Exit after an interruption, without waiting for threads in which a user's function still runs."""
    if any(not each.daemon for each in threading.enumerate() if each is not threading.main_thread()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_INTERRUPTED)
    sys.exit(_INTERRUPTED)
