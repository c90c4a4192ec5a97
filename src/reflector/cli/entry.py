"""Where the command `reflector` starts: Ctrl-C is answered in one line, also while everything is still loading."""

from __future__ import annotations

import os
import sys
import threading

__all__ = ["main"]

_INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    try:
        from reflector.cli.app import main as run

        run()
    except KeyboardInterrupt:
        print("reflector: interrupted", file=sys.stderr)
        _leave()
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            _leave()
        raise


def _leave() -> None:
    """Exit after an interruption, without waiting for threads in which a user's function still runs."""
    if any(not each.daemon for each in threading.enumerate() if each is not threading.main_thread()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_INTERRUPTED)
    sys.exit(_INTERRUPTED)
