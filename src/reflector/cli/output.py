"""What programs read on stdout: the one JSON document of a command, or its lines."""

from __future__ import annotations

import sys
from typing import Any

from reflector._json import dumps

__all__ = ["print_document", "print_line"]


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
