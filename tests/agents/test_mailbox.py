"""The mailbox against a model of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from reflector.agents._wake import TrioOneShot
from reflector.agents.mailbox import Item, Mailbox, MailboxOptions, Place
from reflector.errors import ConfigurationError
from reflector.signals.signal import Signal

CAPACITY = 3


class Room(TrioOneShot):
    """A one-shot that nobody awaits here, so that it needs no event loop."""

    @property
    def is_set(self) -> bool:
        return self._is_set


class MailboxMachine(RuleBasedStateMachine):
    """Whatever is done in whatever order: nothing is lost or doubled, order and capacity hold, the line is fair."""

    def __init__(self) -> None:
        super().__init__()
        self.mailbox = Mailbox(MailboxOptions(CAPACITY))
        self.count = 0
        self.inside: list[Item] = []
        self.system: list[Item] = []
        self.line: list[Place] = []

    def _item(self) -> Item:
        self.count += 1
        return (Signal("t", "/test", self.count), None, 0.0)

    @rule()
    def offer(self) -> None:
        item = self._item()
        has_room = len(self.inside) < CAPACITY and not self.line
        assert self.mailbox.offer(item) is has_room
        if has_room:
            self.inside.append(item)
        else:
            place = self.mailbox.wait_in_line(item, Room())
            self.line.append(place)

    @rule()
    def offer_system(self) -> None:
        item = self._item()
        self.mailbox.offer_system(item)
        self.system.append(item)
        assert self.mailbox.holds_system(item[0])

    @rule()
    def take(self) -> None:
        item = self.mailbox.take()
        if self.system:
            assert item is self.system.pop(0)
        elif self.inside:
            assert item is self.inside.pop(0)
            if self.line:
                place = self.line.pop(0)
                assert place.is_accepted
                assert place.room is not None
                assert place.room.done()
                self.inside.append(place.item)
        else:
            assert item is None

    @precondition(lambda self: self.line)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        place = self.line.pop(data.draw(st.integers(0, len(self.line) - 1)))
        self.mailbox.leave_line(place)
        assert not place.is_accepted

    @precondition(lambda self: len(self.inside) == CAPACITY)
    @rule()
    def displace(self) -> None:
        item = self._item()
        dropped = self.mailbox.displace(item)
        assert dropped is self.inside.pop(0)
        self.inside.append(item)

    @rule()
    def drain(self) -> None:
        assert self.mailbox.drain() == self.system + self.inside
        for place in self.line:
            assert not place.is_accepted
            assert place.room is not None
            assert place.room.done()
        self.inside, self.system, self.line = [], [], []

    @invariant()
    def counts_agree(self) -> None:
        assert len(self.mailbox) == len(self.inside) + len(self.system)
        assert self.mailbox.blocked == len(self.line)
        assert len(self.inside) <= CAPACITY


TestMailbox = MailboxMachine.TestCase
TestMailbox.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_drop_newest_drops_what_is_offered() -> None:
    mailbox = Mailbox(MailboxOptions(1, "drop_newest"))
    first: Item = (Signal("t", "/test", 1), None, 0.0)
    second: Item = (Signal("t", "/test", 2), None, 0.0)
    assert mailbox.offer(first)
    assert mailbox.displace(second) is second
    assert mailbox.take() is first


def test_askers_in_line_get_in_when_the_line_is_dismissed() -> None:
    mailbox = Mailbox(MailboxOptions(1))
    asked: Item = (Signal("t", "/test", 2), Room(), 0.0)
    assert mailbox.offer((Signal("t", "/test", 1), None, 0.0))
    place = mailbox.wait_in_line(asked, None)
    assert mailbox.drain()[1] is asked
    assert place.is_accepted


@pytest.mark.parametrize("arguments", [{"capacity": 0}, {"policy": "drop_all"}])
def test_senseless_options_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        MailboxOptions(**arguments)
