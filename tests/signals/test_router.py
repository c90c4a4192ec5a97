"""Who gets a signal, and in which order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reflector.signals.pattern import Pattern
from reflector.signals.router import Router
from reflector.signals.signal import Signal


def _signal(signal_type: str, data: object = None) -> Signal:
    return Signal(signal_type, "/test", data)


def test_priority_goes_before_specificity_and_specificity_before_age() -> None:
    router: Router[str] = Router()
    router.add("a.*", "general")
    router.add("a.b", "fallback", priority=-100)
    router.add("a.b", "exact")
    router.add("a.b", "exact, later")
    router.add("**", "urgent", priority=1)
    assert router.select(_signal("a.b")) == ["urgent", "exact", "exact, later", "general", "fallback"]
    assert router.find(_signal("a.b")) == "urgent"


def test_a_predicate_leaves_the_signal_to_the_next_route() -> None:
    router: Router[str] = Router()
    router.add("a", "picky", priority=5, when=lambda signal: signal.data == 1)
    router.add("a", "other")
    assert router.find(_signal("a", 1)) == "picky"
    assert router.find(_signal("a", 2)) == "other"
    assert router.select(_signal("a", 2)) == ["other"]


def test_nothing_matches_is_none() -> None:
    router: Router[str] = Router()
    router.add("a", "a")
    assert router.find(_signal("b")) is None


def test_a_removed_route_is_forgotten_at_once_and_removing_it_twice_is_no_error() -> None:
    router: Router[str] = Router()
    route = router.add(Pattern("a"), "a")
    assert router.find(_signal("a")) == "a"
    router.remove(route)
    router.remove(route)
    assert router.find(_signal("a")) is None
    assert len(router) == 0
    assert repr(route) == "Route('a', 'a', priority=0)"


def test_remembering_types_does_not_grow_without_bound() -> None:
    router: Router[str] = Router()
    router.add("**", "all")
    for number in range(5_000):
        router.candidates(f"type.{number}")
    assert len(router._by_type) <= 4_096


_PATTERNS = st.sampled_from(["a", "a.b", "a.*", "*.b", "a.**", "**", "**.b", "*.*"])


@given(
    st.lists(st.tuples(_PATTERNS, st.integers(-2, 2)), max_size=12),
    st.sampled_from(["a", "a.b", "b", "a.c.b"]),
)
def test_the_order_is_total_and_does_not_depend_on_what_was_asked_before(
    routes: list[tuple[str, int]], signal_type: str
) -> None:
    router: Router[int] = Router()
    for number, (pattern, priority) in enumerate(routes):
        router.add(pattern, number, priority=priority)
        router.candidates(signal_type)
    expected = sorted(
        (n for n, (pattern, _) in enumerate(routes) if Pattern(pattern).matches(signal_type)),
        key=lambda n: (-routes[n][1], [-part for part in Pattern(routes[n][0]).specificity], n),
    )
    assert router.select(_signal(signal_type)) == expected
