"""Which targets a signal concerns, in a fixed order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from reflector.signals.pattern import Pattern
from reflector.signals.signal import Signal

__all__ = ["Predicate", "Route", "Router"]

T = TypeVar("T")
Predicate = Callable[[Signal], bool]

_REMEMBERED_TYPES = 4096


class Route(Generic[T]):
    """One entry of a router; give it back to `Router.remove` to take it out."""

    __slots__ = ("pattern", "predicate", "priority", "rank", "target")

    def __init__(
        self, pattern: Pattern, target: T, priority: int, predicate: Predicate | None, number: int
    ) -> None:
        self.pattern = pattern
        self.target = target
        self.priority = priority
        self.predicate = predicate
        literal, deep, single = pattern.specificity
        self.rank = (-priority, -literal, -deep, -single, number)

    def accepts(self, signal: Signal) -> bool:
        """Return whether the predicate, if there is one, says yes."""
        return self.predicate is None or self.predicate(signal)

    def __repr__(self) -> str:
        return f"Route({self.pattern.text!r}, {self.target!r}, priority={self.priority})"


class Router(Generic[T]):
    """Routes from patterns to targets.

    Order: highest priority first, then the more specific pattern, then the one that was added first.
    What matches a type is worked out once and remembered until a route comes or goes.
    """

    __slots__ = ("_by_type", "_numbers", "_routes")

    def __init__(self) -> None:
        self._routes: dict[Route[T], None] = {}
        self._by_type: dict[str, tuple[Route[T], ...]] = {}
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._routes)

    def add(
        self, pattern: str | Pattern, target: T, *, priority: int = 0, when: Predicate | None = None
    ) -> Route[T]:
        """Add a route and return it.

        Args:
            pattern: Which signal types it concerns.
            target: What `find` and `select` return.
            priority: Higher goes first; fallbacks use -100.
            when: Looks at the signal itself; must be quick and must not raise.
        """
        parsed = pattern if isinstance(pattern, Pattern) else Pattern(pattern)
        route = Route(parsed, target, priority, when, next(self._numbers))
        self._routes[route] = None
        self._by_type.clear()
        return route

    def remove(self, *routes: Route[T]) -> None:
        """Take routes out; one that is not in is no error."""
        for route in routes:
            self._routes.pop(route, None)
        self._by_type.clear()

    def find(self, signal: Signal) -> T | None:
        """Return the first target for a signal, or None."""
        for route in self.candidates(signal.type):
            if route.predicate is None or route.predicate(signal):
                return route.target
        return None

    def select(self, signal: Signal) -> list[T]:
        """Return every target for a signal, in order."""
        return [route.target for route in self.candidates(signal.type) if route.accepts(signal)]

    def candidates(self, signal_type: str) -> tuple[Route[T], ...]:
        """Return the routes whose pattern matches a type, in order, predicates not asked."""
        if not self._routes:
            return ()
        known = self._by_type.get(signal_type)
        if known is None:
            if len(self._by_type) >= _REMEMBERED_TYPES:
                self._by_type.clear()
            known = self._by_type[signal_type] = _ordered(
                route for route in self._routes if route.pattern.matches(signal_type)
            )
        return known


def _ordered(routes: Iterable[Route[T]]) -> tuple[Route[T], ...]:
    return tuple(sorted(routes, key=lambda route: route.rank))
