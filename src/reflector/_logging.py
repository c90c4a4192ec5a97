"""Structured logs. The one door to structlog, which is loaded at the first line that is really written.

Lines go to the standard library's loggers (`reflector.…`), so that an application decides where they end up and
how they look; one that has configured structlog itself gets them there.
"""

from __future__ import annotations

import logging
from typing import Any

__all__ = ["Logger", "get_logger"]


class Logger:
    """A logger for one module.

    >>> get_logger("reflector.agents").name
    'reflector.agents'
    """

    __slots__ = ("_bound", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self._bound: Any = None

    def debug(self, fact: str, **values: Any) -> None:
        self._write(logging.DEBUG, fact, values)

    def info(self, fact: str, **values: Any) -> None:
        self._write(logging.INFO, fact, values)

    def warning(self, fact: str, **values: Any) -> None:
        self._write(logging.WARNING, fact, values)

    def error(self, fact: str, **values: Any) -> None:
        self._write(logging.ERROR, fact, values)

    def _write(self, level: int, fact: str, values: dict[str, Any]) -> None:
        if self._bound is None:
            if not logging.getLogger(self.name).isEnabledFor(level):
                return
            self._bound = _bind(self.name)
        self._bound.log(level, fact, **values)


def get_logger(name: str) -> Logger:
    """Return the logger of a module; pass `__name__`."""
    return Logger(name)


def _bind(name: str) -> Any:
    import structlog

    if structlog.is_configured():
        return structlog.stdlib.get_logger(name)
    return structlog.wrap_logger(
        logging.getLogger(name),
        wrapper_class=structlog.stdlib.BoundLogger,
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
    )
