"""What could not be delivered or was not handled, and why. Nothing gets lost in silence."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from reflector._logging import get_logger
from reflector.signals.signal import Signal

__all__ = ["DEAD_LETTER", "DeadLetter", "DeadLetters", "Reason"]

DEAD_LETTER = "reflector.agents.dead_lettered"
"""The type of the fact that is published for each."""

Reason = Literal["no_handler", "mailbox_full", "expired", "handler_error", "agent_stopped", "abandoned"]
"""`abandoned`: whoever sent it was cancelled before it was handled to its end."""

_LOG = get_logger(__name__)
_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One signal that went nowhere."""

    signal: Signal
    reason: Reason
    agent: str | None = None
    """Whom it was for, when that was known."""
    error: BaseException | None = None


class DeadLetters:
    """The latest dead letters, oldest first, and the number of all there ever were."""

    __slots__ = ("_letters", "_wanted", "is_breaking_off", "total")

    def __init__(self) -> None:
        self._letters: deque[DeadLetter] = deque(maxlen=_KEPT)
        self._wanted = 0
        self.total = 0
        self.is_breaking_off = False
        """Whether everything is being cancelled: that agents stop with signals unhandled is meant then."""

    def add(self, letter: DeadLetter) -> None:
        """Keep one. The log gets the 1st, 2nd, 4th, 8th, … of a kind: a flood of them does not flood it.

        Those that somebody's cancellation wanted are logged for debugging only, the others as warnings.
        """
        self._letters.append(letter)
        self.total += 1
        is_wanted = letter.reason == "abandoned" or (
            self.is_breaking_off and letter.reason == "agent_stopped"
        )
        self._wanted += is_wanted
        number = self._wanted if is_wanted else self.total - self._wanted
        if number & (number - 1) == 0:
            log = _LOG.debug if is_wanted else _LOG.warning
            log(
                "dead letter",
                reason=letter.reason,
                signal=letter.signal.type,
                agent=letter.agent,
                error=repr(letter.error) if letter.error else None,
                total=self.total,
            )

    def __len__(self) -> int:
        return len(self._letters)

    def __iter__(self) -> Iterator[DeadLetter]:
        return iter(tuple(self._letters))


def fact(letter: DeadLetter) -> Signal:
    """Return the signal that tells of a dead letter."""
    data = {
        "reason": letter.reason,
        "agent": letter.agent,
        "signal": {"id": letter.signal.id, "source": letter.signal.source, "type": letter.signal.type},
        "error": repr(letter.error) if letter.error else None,
    }
    return letter.signal.reply(data, type=DEAD_LETTER, source="/agents")
