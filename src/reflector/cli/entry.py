"""Where the command `reflector` starts: Ctrl-C is answered in one line, also while everything is still loading."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    try:
        from reflector.cli.app import main as run

        run()
    except KeyboardInterrupt:
        print("reflector: interrupted", file=sys.stderr)
        sys.exit(130)
