"""The circuit breaker, against a model of it that keeps everything it has seen."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from reflector.dispatch.health import Health

LIMIT, PAUSE = 3, 10.0


class BreakerMachine(RuleBasedStateMachine):
    """Tasks begin whenever they may and end in any order."""

    tasks = Bundle("tasks")

    def __init__(self) -> None:
        super().__init__()
        self.health = Health(LIMIT, PAUSE)
        self.now = 0.0
        self.streak = 0
        self.opened: float | None = None
        self.pause = PAUSE
        self.counting: set[int] = set()
        """Tasks that still matter."""
        self.probe: int | None = None
        self.numbers = 0

    @rule(seconds=st.sampled_from([1.0, 9.0, 10.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.health.wait(self.now) == 0)
    @rule(target=tasks)
    def begin(self) -> tuple[int, int]:
        self.numbers += 1
        self.counting.add(self.numbers)
        if self.opened is not None:
            assert self.probe is None
            self.probe, self.counting = self.numbers, {self.numbers}
        return self.numbers, self.health.begin(self.now)

    @rule(task=consumes(tasks))
    def succeed(self, task: tuple[int, int]) -> None:
        self.health.succeed(task[1], 1.0)
        if task[0] in self.counting:
            self.streak, self.opened, self.probe = 0, None, None

    @rule(task=consumes(tasks), pause=st.sampled_from([None, None, 0.0, 25.0]))
    def fail(self, task: tuple[int, int], pause: float | None) -> None:
        self.health.fail(task[1], self.now, "it broke", pause=pause)
        if task[0] in self.counting:
            self.streak += 1
            if self.probe is not None or self.streak >= LIMIT or pause is not None:
                self.opened, self.probe, self.counting = self.now, None, set()
                self.pause = pause or PAUSE

    @rule(task=consumes(tasks))
    def abandon(self, task: tuple[int, int]) -> None:
        self.health.abandon(task[1])
        if task[0] == self.probe:
            self.probe = None

    @invariant()
    def agrees(self) -> None:
        is_over = self.opened is not None and self.now >= self.opened + self.pause
        state = "closed" if self.opened is None else "half_open" if is_over else "open"
        assert self.health.state(self.now) == state
        assert self.health.failures == self.streak
        passes = state == "closed" or (state == "half_open" and self.probe is None)
        assert (self.health.wait(self.now) == 0) == passes
        assert (self.health.probe is None) == (self.probe is None)


BreakerMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestBreaker = pytest.mark.slow(BreakerMachine.TestCase)


def test_without_a_limit_it_never_opens() -> None:
    health = Health(None, PAUSE)
    for _ in range(100):
        health.fail(health.begin(0.0), 0.0, "it broke", pause=0.0)
    assert (health.state(0.0), health.wait(0.0)) == ("closed", 0.0)


def test_latency_follows_what_is_measured() -> None:
    health = Health(LIMIT, PAUSE)
    assert health.latency is None
    for seconds in (1.0, 1.0, *[3.0] * 50):
        health.succeed(health.begin(0.0), seconds)
    assert health.latency is not None
    assert 2.7 <= health.latency <= 3.0
