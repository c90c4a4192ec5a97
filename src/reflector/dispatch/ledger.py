"""The ledger: what may be spent is set aside before, and what was spent is written down after."""

from __future__ import annotations

import html
import math
import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from operator import add

from reflector._clock import Clock, SystemClock
from reflector._json import dumps
from reflector._text import as_seconds
from reflector.agents._wake import Bell
from reflector.dispatch.accounts import Account, LedgerLine, table_of
from reflector.errors import BudgetExceededError, LLMError, UnboundedCallError
from reflector.usage import Budget, Usage

__all__ = ["Claim", "Ledger", "Reservation", "active_ledgers"]

_LIMITS = ("cost_usd", "tokens", "calls", "rollouts")
_UNIT = 10**12
"""Money is counted in whole millionths of a millionth of a dollar, so that sums are exact."""

_UNLIMITED = Budget()
_ROLLOUT = ("rollout", "reported by the rollout", "-")

_ACTIVE: ContextVar[tuple[Ledger, ...]] = ContextVar("reflector_ledgers", default=())


def active_ledgers() -> tuple[Ledger, ...]:
    """Return the ledgers whose `active()` block this code runs in."""
    return _ACTIVE.get()


def _allowed(budget: Budget) -> dict[int, int]:
    limits = enumerate(getattr(budget, name) for name in _LIMITS)
    return {at: limit if at else round(limit * _UNIT) for at, limit in limits if limit is not None}


@dataclass(frozen=True, slots=True)
class Claim:
    """What may have to be paid although nobody knows it yet: it is under way, or broke off, or was told to nobody."""

    cost_usd: float = 0.0
    tokens: int = 0
    calls: int = 0
    dearest_rollout_usd: float = 0.0
    """What the dearest rollout so far has reported: as much is set aside for each."""

    def exceeds(self, other: Claim) -> bool:
        """Return whether it is more in any respect."""
        return (
            self.cost_usd > other.cost_usd
            or self.tokens > other.tokens
            or self.calls > other.calls
            or self.dearest_rollout_usd > other.dearest_rollout_usd
        )


class Reservation:
    """What was set aside for something that is about to begin. End it with `settle`, `hold` or `cancel`, once."""

    __slots__ = ("_ledger", "amounts", "is_enough", "is_rollout", "is_settled", "key")

    def __init__(
        self, ledger: Ledger, key: tuple[str, str, str], amounts: list[int], *, is_rollout: bool
    ) -> None:
        self._ledger = ledger
        self.key = key
        self.amounts = amounts
        self.is_rollout = is_rollout
        self.is_settled = False
        self.is_enough = True
        """Whether a rollout's holds as much as one that is made now would, after what others have reported since."""

    @property
    def rollouts(self) -> int:
        """How many rollouts may begin."""
        return self.amounts[3]

    def settle(
        self,
        usage: Usage,
        *,
        seconds: float | None = None,
        failure: Exception | str | None = None,
        is_first: bool = True,
        rollouts: int | None = None,
    ) -> None:
        """Write down what it really took, and free the rest.

        Args:
            usage: Tokens and cost that are not known stand outside of the budget and are counted as unknown.
            seconds: How long the answer took.
            failure: The error instead of an answer, or a word for it.
            is_first: Whether it is a new call and not another try of one.
            rollouts: How many began. None: all.
        """
        self._ledger._settle(self, usage, seconds, failure, is_first, rollouts)

    def hold(self, failure: Exception | str, *, is_first: bool = True) -> None:
        """Write down that it broke off and may have to be paid: all that was set aside counts as spent."""
        self._ledger._settle(self, Usage(calls=1), None, failure, is_first, None, is_certain=False)

    def cancel(self) -> None:
        """Free everything: it did not begin."""
        self._ledger._free(self)


class Ledger:
    """What was spent and what may be; budgets hold although calls are under way.

    Before a call begins, the most that it can cost is set aside; when it ends, what it did cost is written down. A call
    that does not fit is refused; while calls under way may turn out cheaper than what was set aside for them, it
    waits for them. Threads and event loops may share one.

    Args:
        budget: What may be spent; None is without limits.
        clock: Measures the seconds of the budget.
        names: Of the three parts of a line's key, for its table.

    Attributes:
        budget: What may be spent.
        fatal: The last error after which every other call to the same model fails as well, if there was one.
        is_used: Whether there are lines.
        before_call: Awaited when something was set aside for a call, or for a rollout that may cost something, before
            it begins: for whoever keeps books elsewhere.
    """

    def __init__(
        self,
        budget: Budget | None = None,
        *,
        clock: Clock | None = None,
        names: tuple[str, str, str] = ("role", "model", "provider"),
    ) -> None:
        self._names = names
        self.budget = budget or _UNLIMITED
        self.fatal: LLMError | None = None
        self.is_used = False
        self.before_call: Callable[[], Awaitable[None]] | None = None
        self._clock = clock or SystemClock()
        self._began: float | None = None
        self._allowed = {} if self.budget is _UNLIMITED else _allowed(self.budget)
        """What is limited, by its place in `_LIMITS`."""
        self._spent, self._held, self._under_way, self._lent = (
            [0, 0, 0, 0],
            [0, 0, 0, 0],
            [0, 0, 0, 0],
            [0, 0, 0, 0],
        )
        self._accounts: dict[tuple[str, str, str], Account] = {}
        self._dearest: dict[tuple[str, str, str], int] = {}
        self._begun_rollouts: set[Reservation] = set()
        self._waiting: list[Bell] = []
        self._lock = threading.RLock()

    # --- before and after ---

    def seconds_left(self) -> float | None:
        """Return the seconds in which something new may begin, or None without a limit."""
        if self.budget.seconds is None:
            return None
        if self._began is None:
            return self.budget.seconds
        return max(0.0, self._began + self.budget.seconds - self._clock.now())

    @property
    def cost_left(self) -> float | None:
        """USD that are not spent, or None without a limit; below zero after a surprise."""
        allowed = self._allowed.get(0)
        if allowed is None:
            return None
        return (allowed - self._spent[0] - self._held[0]) / _UNIT

    @property
    def cost_set_aside(self) -> float:
        """USD of it that are set aside for what is under way."""
        return (self._under_way[0] + self._lent[0]) / _UNIT

    async def reserve(
        self, key: tuple[str, str, str], *, cost_usd: float | None, tokens: float
    ) -> Reservation:
        """Set aside what one request to a model can cost at most; wait for that while calls under way may free it.

        Args:
            key: Role, model and provider.
            cost_usd: Infinite where nobody can say. None for a model without a known price: then as much as the
                dearest call so far that turned out to cost something.
            tokens: Input and output; infinite where nobody can say.

        Raises:
            UnboundedCallError: If it has no bound and the budget has a limit.
            BudgetExceededError: If it does not fit.
        """
        while True:
            with self._lock:
                asked = (self._guess(key) if cost_usd is None else cost_usd * _UNIT, tokens, 1, 0)
                reservation = self._reserve(key, asked, is_rollout=False)
                if reservation is not None:
                    break
                bell = Bell()
                self._waiting.append(bell)
            try:
                await bell.wait()
            finally:
                with self._lock:
                    if bell in self._waiting:
                        self._waiting.remove(bell)
        if self.before_call is not None:
            try:
                await self.before_call()
            except BaseException:
                reservation.cancel()
                raise
        return reservation

    def count_hit(self, key: tuple[str, str, str]) -> None:
        """Count a question that a store answered: nothing was sent, and nothing is spent."""
        with self._lock:
            self._account(key).hits += 1

    def _account(self, key: tuple[str, str, str]) -> Account:
        if key not in self._accounts:
            self._accounts[key] = Account(key)
            self.is_used = True
        return self._accounts[key]

    def start_rollout(self, most: int = 1) -> Reservation:
        """Set aside one rollout, and as much as the dearest one so far reported.

        Calls that the rollout makes through a `Model` are charged by themselves; settle with the usage that it reports
        beyond them.

        Args:
            most: Rollouts that may begin one after the other, as long as none reports what it used: settle then. They
                are as many while no rollout has reported a cost, and there is room; else one.

        Raises:
            BudgetExceededError: If not even one fits.
        """
        with self._lock:
            guess, allowed = self._guess(_ROLLOUT), self._allowed.get(3)
            if most > 1 and allowed is not None:
                most = min(most, allowed - self._spent[3] - self._held[3] - self._lent[3])
            count = 1 if guess else max(1, most)
            reservation = self._reserve(_ROLLOUT, (guess, 0, 0, count), is_rollout=True)
            assert reservation is not None, "a rollout does not wait"
            self._begun_rollouts.add(reservation)
        return reservation

    def _guess(self, key: tuple[str, str, str]) -> int:
        return self._dearest.get(key, 0)

    def _reserve(
        self, key: tuple[str, str, str], asked: tuple[float, ...], *, is_rollout: bool
    ) -> Reservation | None:
        """Return a reservation; None if there may be room once calls under way have ended."""
        if self._began is None:
            self._began = self._clock.now()
        if self.seconds_left() == 0.0:
            allowed = self.budget.seconds or 0.0
            raise self._refusal("seconds", key, allowed, self._clock.now() - self._began, 0.0, 0.0)
        amounts = [0 if amount == math.inf else round(amount) for amount in asked]
        has_to_wait = False
        for at, allowed_here in self._allowed.items():
            amount = asked[at]
            fixed = self._spent[at] + self._held[at] + self._lent[at]
            at_once = fixed + amounts[at] + (self._under_way[at] if is_rollout else 0)
            if amount == math.inf or at_once > allowed_here:
                unit = _UNIT if at == 0 else 1
                gone, reserved = self._spent[at] + self._held[at], self._lent[at] + self._under_way[at]
                raise self._refusal(
                    _LIMITS[at], key, *(figure / unit for figure in (allowed_here, gone, reserved, amount))
                )
            has_to_wait = has_to_wait or fixed + self._under_way[at] + amounts[at] > allowed_here
        if has_to_wait:
            return None
        self._add(self._lent if is_rollout else self._under_way, amounts)
        return Reservation(self, key, amounts, is_rollout=is_rollout)

    def _settle(
        self,
        reservation: Reservation,
        usage: Usage,
        seconds: float | None,
        failure: Exception | str | None,
        is_first: bool,
        begun: int | None,
        *,
        is_certain: bool = True,
    ) -> None:
        cost = None if usage.cost_usd is None else round(usage.cost_usd * _UNIT)
        with self._lock:
            if not self._end(reservation):
                return
            key = reservation.key
            rollouts = reservation.rollouts if begun is None else begun
            self._add(self._spent, (cost or 0, usage.total_tokens or 0, usage.calls, rollouts))
            if cost and cost > self._guess(key):
                self._dearest[key] = cost
                for each in self._begun_rollouts if reservation.is_rollout else ():
                    each.is_enough = each.amounts[0] >= cost
            if reservation.is_rollout and usage == _NOTHING:
                return
            account = self._account(key)
            account.add(usage, cost, seconds, failure, is_first=is_first)
            if not is_certain:
                self._add(self._held, (*reservation.amounts[:2], 0, 0))
                account.uncertain += 1
                account.uncertain_cost += reservation.amounts[0]
            if isinstance(failure, LLMError) and failure.fatal:
                self.fatal = failure

    def _free(self, reservation: Reservation) -> None:
        with self._lock:
            self._end(reservation)

    def _end(self, reservation: Reservation) -> bool:
        if reservation.is_settled:
            return False
        reservation.is_settled = True
        self._begun_rollouts.discard(reservation)
        self._add(
            self._lent if reservation.is_rollout else self._under_way,
            [-amount for amount in reservation.amounts],
        )
        waiting, self._waiting = self._waiting, []
        for bell in waiting:
            bell.set()
        return True

    @staticmethod
    def _add(sums: list[int], amounts: list[int] | tuple[int, ...]) -> None:
        sums[:] = map(add, sums, amounts)

    def _refusal(
        self,
        limit: str,
        key: tuple[str, str, str],
        allowed: float,
        spent: float,
        reserved: float,
        asked: float,
    ) -> BudgetExceededError:
        what = "a rollout" if key is _ROLLOUT else f"a call to {key[1]} ({key[0]})"
        kind = UnboundedCallError if asked == math.inf else BudgetExceededError
        if kind is UnboundedCallError:
            message = (
                f"{what} has no upper bound, so it cannot be made under a budget of {limit}={allowed:g}; "
                "give it max_tokens"
            )
        elif limit == "seconds":
            message = f"{what} came {as_seconds(spent)} s after the start; the budget is seconds={allowed:g}"
        else:
            message = (
                f"{what} may take {limit}={asked:.6g}; of {allowed:.6g} are spent {spent:.6g} "
                f"and set aside {reserved:.6g}; raise the budget"
                + (", or lower max_tokens" if limit in ("cost_usd", "tokens") else "")
            )
        return kind(message, limit=limit, allowed=allowed, spent=spent, reserved=reserved, asked=asked)

    def carry(self, role: str, usage: Usage, *, rollouts: int = 0) -> None:
        """Write down what was spent before, by an earlier process of the same run."""
        key = (role, "before", "-")
        with self._lock:
            cost = None if usage.cost_usd is None else round(usage.cost_usd * _UNIT)
            self._add(self._spent, (cost or 0, usage.total_tokens or 0, usage.calls, rollouts))
            if usage != _NOTHING:
                self._account(key).add(usage, cost, None, None, is_first=True)

    def claim(self, told: Usage) -> Claim:
        """Return what is spent, set aside or may have to be paid, beyond what is told elsewhere."""
        with self._lock:
            sums = [
                sum(each) for each in zip(self._spent, self._held, self._under_way, self._lent, strict=True)
            ]
            dearest = self._guess(_ROLLOUT)
        cost = sums[0] - round((told.cost_usd or 0.0) * _UNIT)
        return Claim(
            max(0, cost) / _UNIT,
            max(0, sums[1] - (told.total_tokens or 0)),
            max(0, sums[2] - told.calls),
            dearest / _UNIT,
        )

    def carry_claim(self, claim: Claim) -> None:
        """Count as spent what an earlier process of the same run may have to pay."""
        cost, dearest = round(claim.cost_usd * _UNIT), round(claim.dearest_rollout_usd * _UNIT)
        with self._lock:
            self._add(self._held, (cost, claim.tokens, claim.calls, 0))
            self._dearest[_ROLLOUT] = max(dearest, self._guess(_ROLLOUT))
            if cost or claim.tokens or claim.calls:
                account = self._account(("unknown", "before", "-"))
                account.uncertain += claim.calls
                account.uncertain_cost += cost

    # --- who pays ---

    def active(self) -> AbstractContextManager[Ledger]:
        """Charge every call of a `Model` in this block, and in tasks that it starts, to this ledger as well."""
        return _Activity(self)

    # --- what was spent ---

    def lines(self) -> tuple[LedgerLine, ...]:
        """Return what each role used of each model, in the order of their first use."""
        with self._lock:
            return tuple(account.line(_UNIT) for account in self._accounts.values())

    def total(self) -> LedgerLine:
        """Return the sum of all lines."""
        total = Account(("total", "", ""))
        with self._lock:
            for account in self._accounts.values():
                total.merge(account)
        return total.line(_UNIT)

    @property
    def usage(self) -> Usage:
        """Tokens, requests and dollars that are known, of all lines."""
        return self.total().usage

    @property
    def rollouts(self) -> int:
        """Rollouts that are over."""
        return self._spent[3]

    def to_json(self, *, indent: bool = False) -> bytes:
        """Return budget, total and lines as JSON."""
        budget = {name: getattr(self.budget, name) for name in (*_LIMITS, "seconds")}
        with self._lock:
            document = {
                "budget": budget,
                "rollouts": self.rollouts,
                "total": self.total(),
                "lines": self.lines(),
            }
        return dumps(document, indent=indent)

    def table(self) -> str:
        """Return the lines and their sum as a table in plain text."""
        with self._lock:
            lines, total = self.lines(), self.total()
        return table_of((*lines, total) if len(lines) > 1 else lines, self._names)

    __str__ = table

    def __repr__(self) -> str:
        total = self.total()
        return f"Ledger(calls={total.calls}, attempts={total.attempts}, cost_usd={total.usage.cost_usd})"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.table())}</pre>"


class _Activity(AbstractContextManager[Ledger]):
    """A block in which a ledger is active. A class, because there is one for every task of an optimizer."""

    __slots__ = ("_before", "_ledger")

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __enter__(self) -> Ledger:
        self._before: Token[tuple[Ledger, ...]] = _ACTIVE.set((*_ACTIVE.get(), self._ledger))
        return self._ledger

    def __exit__(self, *error: object) -> None:
        _ACTIVE.reset(self._before)


_NOTHING = Usage()
