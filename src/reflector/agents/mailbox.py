"""The bounded queue in front of an agent."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from reflector.agents._wake import OneShot
from reflector.errors import ConfigurationError
from reflector.signals.signal import Signal

__all__ = ["Item", "Mailbox", "MailboxOptions", "Place"]

Policy = Literal["block", "fail", "drop_oldest", "drop_newest"]

Item = tuple[Signal, OneShot | None, float]
"""A signal, where its asker waits for the answer (None when it was told), and when it came in."""


@dataclass(frozen=True, slots=True)
class MailboxOptions:
    """How many signals may wait, and what happens to one more.

    `block`: whoever tells waits for room. `fail`: gets MailboxFullError. `drop_oldest` and `drop_newest`: one goes to
    the dead letters, or, if it was asked, its asker gets MailboxFullError.
    """

    capacity: int = 64
    policy: Policy = "block"

    def __post_init__(self) -> None:
        if self.capacity < 1:
            raise ConfigurationError(f"a mailbox holds at least one signal; got capacity {self.capacity!r}")
        if self.policy not in {"block", "fail", "drop_oldest", "drop_newest"}:
            raise ConfigurationError(
                f"a mailbox policy is block, fail, drop_oldest or drop_newest; got {self.policy!r}"
            )


class Place:
    """A sender's place in the line for room."""

    __slots__ = ("is_accepted", "item", "room")

    def __init__(self, item: Item, room: OneShot | None) -> None:
        self.item = item
        self.room = room
        self.is_accepted = False


class Mailbox:
    """Items stay here until a handler starts them. System items go first, then first in, first out.

    Senders that wait for room stand in line: room goes to the first of them, never to a later comer.
    """

    __slots__ = ("_capacity", "_items", "_line", "_system", "options")

    def __init__(self, options: MailboxOptions) -> None:
        self.options = options
        self._capacity = options.capacity
        # Made at first use: most agents of a large crowd are idle, and an empty deque takes 600 bytes.
        self._items: deque[Item] | None = None
        self._system: deque[Item] | None = None
        self._line: deque[Place] | None = None

    def __len__(self) -> int:
        return len(self._items or ()) + len(self._system or ())

    @property
    def blocked(self) -> int:
        """How many senders wait for room."""
        return len(self._line or ())

    def offer(self, item: Item) -> bool:
        """Take an item in if there is room."""
        items = self._items
        if items is None:
            items = self._items = deque()
        if self._line or len(items) >= self._capacity:
            return False
        items.append(item)
        return True

    def displace(self, item: Item) -> Item:
        """Take an item into a full mailbox that drops one; return that one, which may be the same."""
        if self.options.policy == "drop_newest" or not self._items:
            return item
        self._items.append(item)
        return self._items.popleft()

    def offer_system(self, item: Item) -> None:
        """Take in an item that goes ahead of all others. The caller sees to it that there are few."""
        if self._system is None:
            self._system = deque()
        self._system.append(item)

    def holds_system(self, signal: Signal) -> bool:
        """Return whether a system signal still waits."""
        return any(item[0] is signal for item in self._system or ())

    def wait_in_line(self, item: Item, room: OneShot | None) -> Place:
        """Let an item wait for room. `room` is set when the wait is over; an asker waits for its answer only."""
        if self._line is None:
            self._line = deque()
        place = Place(item, room)
        self._line.append(place)
        return place

    def leave_line(self, place: Place) -> None:
        """Take out the place of a sender that has given up."""
        if self._line and place in self._line:
            self._line.remove(place)

    def take(self) -> Item | None:
        """Return the next item, or None; room goes to the first in line."""
        if self._system:
            return self._system.popleft()
        if not self._items:
            return None
        item = self._items.popleft()
        if self._line:
            self._admit(self._line, self._items)
        return item

    def drain(self) -> list[Item]:
        """Empty it and return the items that were in, those of askers in line included."""
        self.dismiss_line()
        items = [*(self._system or ()), *(self._items or ())]
        self._items = self._system = None
        return items

    def dismiss_line(self) -> None:
        """End the wait for room: tellers are woken, not accepted; askers get in, they wait for an answer anyway."""
        line, self._line = self._line, None
        for place in line or ():
            if place.room is None and self._items is not None:
                place.is_accepted = True
                self._items.append(place.item)
            elif place.room is not None and not place.room.done():
                place.room.set_result(None)

    def _admit(self, line: deque[Place], items: deque[Item]) -> None:
        place = line.popleft()
        place.is_accepted = True
        items.append(place.item)
        if place.room is not None and not place.room.done():
            place.room.set_result(None)
