"""The one JSON document of a command."""

from __future__ import annotations

import sys
from typing import Any

from reflector._json import dumps

__all__ = ["print_document"]


def print_document(document: dict[str, Any]) -> None:
    """Print a JSON document on stdout: UTF-8 whatever the terminal speaks, so that no character is lost."""
    text = dumps(document) + b"\n"
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:
        sys.stdout.write(text.decode())
    else:
        sys.stdout.flush()
        stream.write(text)
        stream.flush()
