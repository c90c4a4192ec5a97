"""What one try of a task sets aside, and what it pays."""

from __future__ import annotations

from collections.abc import Sequence

from reflector.dispatch.ledger import Ledger, Reservation
from reflector.errors import (
    AgentStoppedError,
    AskTimeoutError,
    BudgetExceededError,
    LLMConnectionError,
    LLMError,
    LLMTimeoutError,
    NoProviderError,
    ProviderDiedError,
    ProviderTimeoutError,
    ReflectorError,
    WorkerCrashedError,
)
from reflector.usage import Usage

__all__ = ["Charge"]

_BROKEN_OFF = (
    AskTimeoutError, AgentStoppedError, WorkerCrashedError, ProviderDiedError, ProviderTimeoutError, LLMTimeoutError,
    LLMConnectionError,
)  # fmt: skip


class Charge:
    """Reservations in several ledgers for one try. End it with `settle`, `fail`, `hold` or `cancel`."""

    __slots__ = ("_is_first", "_reservations")

    def __init__(self, reservations: Sequence[Reservation], *, is_first: bool) -> None:
        self._reservations = reservations
        self._is_first = is_first

    @classmethod
    async def of(
        cls,
        ledgers: Sequence[Ledger],
        key: tuple[str, str, str],
        *,
        cost_usd: float,
        tokens: int,
        is_first: bool,
        purse: Ledger | None,
    ) -> Charge:
        """Set the expected cost aside in each ledger and in the credits; wait where tasks under way may make room.

        Raises:
            NoProviderError: If the credits do not last; then nothing is set aside.
            BudgetExceededError: If it does not fit into one of the ledgers; the same then.
        """
        reservations: list[Reservation] = []
        charge = cls(reservations, is_first=is_first)
        try:
            if purse is not None:
                try:
                    reservations.append(await purse.reserve(key, cost_usd=cost_usd, tokens=tokens))
                except BudgetExceededError as err:
                    raise NoProviderError(f"the credits of provider {key[1]!r} are used up: {err}") from err
            for ledger in ledgers:
                reservations.append(await ledger.reserve(key, cost_usd=cost_usd, tokens=tokens))
        except BaseException:
            charge.cancel()
            raise
        return charge

    def cancel(self) -> None:
        """Free what was set aside: it did not begin."""
        for reservation in self._reservations:
            reservation.cancel()

    def settle(self, usage: Usage, seconds: float) -> None:
        """Write down what it used."""
        counted = usage if usage.calls else usage.model_copy(update={"calls": 1})
        for reservation in self._reservations:
            reservation.settle(counted, seconds=seconds, is_first=self._is_first)

    def fail(self, err: ReflectorError) -> Usage:
        """Write down that it failed; return what it used, as far as the error says so."""
        told: Usage | None = err.usage if isinstance(err, LLMError) else None
        if told is not None and not told.is_possible:
            told = None
        was_sent = not isinstance(err, LLMError) or err.was_sent
        if told is None and was_sent and isinstance(err, _BROKEN_OFF):
            self.hold(err)
        else:
            for reservation in self._reservations:
                reservation.settle(told or Usage(calls=1), failure=err, is_first=self._is_first)
        return told or Usage()

    def hold(self, failure: Exception | str) -> None:
        """Write down that it broke off, so that all that was set aside may have to be paid."""
        for reservation in self._reservations:
            reservation.hold(failure, is_first=self._is_first)
