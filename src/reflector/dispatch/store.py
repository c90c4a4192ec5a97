"""Paid once: answers by the fingerprint of what was asked."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, get_args

import anyio
import anyio.lowlevel
import anyio.to_thread

from reflector._json import dumps, loads
from reflector._logging import get_logger
from reflector._text import text_of
from reflector.dispatch.store_rows import FileRows, MemoryRows, Rows
from reflector.errors import (
    BudgetExceededError,
    ConfigurationError,
    NotStoredError,
    StoreClosedError,
    StoreDamagedError,
    StoreWriteError,
)

__all__ = ["AnswerStore", "StoreMode", "Stored", "fingerprint_of"]

StoreMode = Literal["read_write", "read", "write", "replay", "off"]
"""What a store does.

- `read_write`: what is there is used, what is new is kept.
- `read`: what is there is used, nothing is written.
- `write`: nothing that is there is used; everything is asked anew and kept.
- `replay`: what is there is used, and nothing else is asked: a miss is a `NotStoredError`.
- `off`: as if there were no store.
"""

_log = get_logger(__name__)


def fingerprint_of(kind: str, asked: Any) -> str:
    """Return the fingerprint of something asked: the same in every process, whatever the order of keys.

    Args:
        kind: What it is, so that questions of different kinds never meet.
        asked: Everything that changes the answer, and nothing else, as JSON can hold it.

    >>> fingerprint_of("model", {"a": 1, "b": 2}) == fingerprint_of("model", {"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(kind.encode() + b"\n" + dumps(asked, sort_keys=True)).hexdigest()


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer, and whether it was there already."""

    value: Any
    """As JSON holds it; a fresh copy."""
    is_hit: bool


class AnswerStore:
    """Answers that are paid once: plain JSON by fingerprint, in one SQLite file or in memory.

    Several processes may share a file, and several event loops and threads one store. It knows nothing about what
    it keeps: `once(fingerprint, compute)` is all that a cache of models, reflections or evaluations needs.

    ```python
    with AnswerStore("answers.db") as store:
        stored = await store.once(fingerprint_of("square", 7), compute)
        stored.value, stored.is_hit
    ```
    """

    def __init__(
        self, path: str | Path | None = None, *, mode: StoreMode = "read_write", max_bytes: int | None = None
    ) -> None:
        """Open a store, or make one.

        Args:
            path: The file; its folder must exist. None keeps the answers in memory.
            mode: What is used and what is kept; see `StoreMode`.
            max_bytes: How large it may be, give or take an answer; the oldest go, the newest always stays.

        Raises:
            StoreOpenError: If the file is something else, newer, or unreachable; where nothing is written also if
                it is not there. It is left as it is.
            ConfigurationError: If an option is none.
        """
        if mode not in get_args(StoreMode):
            raise ConfigurationError(
                f"a store's mode is one of {', '.join(get_args(StoreMode))}; got {mode!r}."
            )
        if max_bytes is not None and (not isinstance(max_bytes, int) or max_bytes < 1):
            raise ConfigurationError(f"max_bytes is at least 1, or None for no limit; got {max_bytes!r}.")
        self.path = None if path is None else Path(path)
        self.mode: StoreMode = mode
        self._hits = self._misses = self._unwritten = 0
        self._rows: Rows = MemoryRows(max_bytes)
        if self.path is not None and mode != "off":
            self._rows = FileRows(self.path, max_bytes, read_only=not self._is_writing)
        # Also at the end of the process, and when nobody has closed it.
        self._closing = weakref.finalize(self, self._rows.close)

    def __repr__(self) -> str:
        return f"AnswerStore({None if self.path is None else str(self.path)!r}, mode={self.mode!r})"

    @property
    def _is_writing(self) -> bool:
        return self.mode in ("read_write", "write")

    def get(self, fingerprint: str) -> Any:
        """Return the answer as JSON holds it, or None when it is not there or the mode uses none.

        Raises:
            StoreDamagedError: If the file cannot be read.
        """
        data = self._find(fingerprint)
        return None if data is None else self._loads(data)

    def put(self, fingerprint: str, value: Any) -> None:
        """Keep an answer, in the place of an earlier one.

        Raises:
            StoreWriteError: If it could not be written, or JSON cannot hold it.
            StoreClosedError: If the mode writes nothing, or the store is closed.
        """
        if not self._is_writing:
            raise StoreClosedError(f"the store is open in mode {self.mode!r}, which writes nothing")
        try:
            data = dumps(value)
        except TypeError as err:
            raise StoreWriteError(f"a store keeps what JSON can hold; {err}") from err
        self._rows.put(fingerprint, data)

    async def once(self, fingerprint: str, compute: Callable[[], Awaitable[Any]]) -> Stored:
        """Return the stored answer, else what `compute` returns, which is kept.

        Who asks for the same in the same event loop while it is being computed waits for that answer. When
        the one who computes is cancelled, or fails in a way that another try can mend (an error that is
        `retryable`, or a time limit or budget of its own), the next one computes; any other error is everybody's.
        An answer that cannot be written, or that JSON cannot hold, is returned all the same, with a warning in the
        log: it is paid.

        Raises:
            NotStoredError: If the store only replays and does not hold it.
            StoreDamagedError: If the file cannot be read.
            Exception: What `compute` raises.
        """
        if self.mode == "off":
            return Stored(await compute(), is_hit=False)
        flights, key = _flights_here(), (id(self), fingerprint)
        while (data := self._find(fingerprint)) is None:
            flight = flights.get(key)
            if flight is None:
                return await self._lead(fingerprint, compute)
            await flight.over.wait()
            if flight.error is not None:
                raise _twin_of(flight.error)
            if flight.data is not None:
                data = flight.data
                break
            if flight.unkept is not None:
                self._hits += 1
                return Stored(flight.unkept.value, is_hit=True)
        else:
            await anyio.lowlevel.checkpoint()
        self._hits += 1
        return Stored(self._loads(data), is_hit=True)

    async def _lead(self, fingerprint: str, compute: Callable[[], Awaitable[Any]]) -> Stored:
        """Compute for everybody who asks meanwhile."""
        if self.mode == "replay":
            raise NotStoredError(
                f"the store {self.path or 'in memory'} replays only, and holds no answer for fingerprint "
                f"{fingerprint}. Something that changes the answer (model, server, messages, parameters) differs "
                "from what was recorded; record it with mode='read_write'.",
                fingerprint=fingerprint,
            )
        flights, key = _flights_here(), (id(self), fingerprint)
        flight = flights[key] = _Flight()
        try:
            value = await compute()
            self._misses += 1
            try:
                data = dumps(value)
            except TypeError as err:
                self._not_kept(err)
                flight.unkept = Stored(value, is_hit=False)
                return flight.unkept
            await self._keep(fingerprint, data)
            flight.data = data
        except Exception as err:
            flight.error = err if _is_final(err) else None
            raise
        finally:
            del flights[key]
            flight.over.set()
        return Stored(self._loads(data), is_hit=False)

    def __len__(self) -> int:
        return self._rows.size()[0]

    def statistics(self) -> dict[str, int]:
        """Return answers and bytes kept, and what happened through this object: hits, misses, answers not written."""
        count, used = self._rows.size()
        happened = {"hits": self._hits, "misses": self._misses, "unwritten": self._unwritten}
        return {"answers": count, "bytes": used} | happened

    def close(self) -> None:
        """Close the file. Doing so twice is no error."""
        self._closing()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _find(self, fingerprint: str) -> bytes | None:
        return None if self.mode in ("write", "off") else self._rows.get(fingerprint)

    def _loads(self, data: bytes) -> Any:
        try:
            return loads(data)
        except ValueError as err:
            raise StoreDamagedError(f"the store {self.path} holds an answer that is not JSON: {err}") from err

    async def _keep(self, fingerprint: str, data: bytes) -> None:
        if not self._is_writing:
            return
        try:
            if isinstance(self._rows, MemoryRows):
                self._rows.put(fingerprint, data)
            else:
                # Kept from cancellation: the answer is paid. In a thread, because another process may hold the file.
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._rows.put, fingerprint, data)
        except (StoreWriteError, StoreClosedError) as err:
            self._not_kept(err)

    def _not_kept(self, err: Exception) -> None:
        self._unwritten += 1
        _log.warning("answer not kept", store=str(self.path), reason=str(err))


# --- what is being computed ----------------------------------------------------------------------------------


class _Flight:
    """One computation, and how it ended: data, a value without JSON, an error for everybody, or none of these."""

    __slots__ = ("data", "error", "over", "unkept")

    def __init__(self) -> None:
        self.over = anyio.Event()
        self.unkept: Stored | None = None
        self.data: bytes | None = None
        self.error: Exception | None = None


_flights: anyio.lowlevel.RunVar[dict[tuple[int, str], _Flight]] = anyio.lowlevel.RunVar("reflector_flights")


def _flights_here() -> dict[tuple[int, str], _Flight]:
    """Return the computations of this event loop: an event of one loop cannot be waited for in another."""
    flights = _flights.get(None)
    if flights is None:
        flights = {}
        _flights.set(flights)
    return flights


def _is_final(err: Exception) -> bool:
    is_its_own = isinstance(err, TimeoutError | BudgetExceededError)  # others may have more time or money
    return not (is_its_own or getattr(err, "retryable", False))


def _twin_of(err: Exception) -> Exception:
    """Return a copy of an error: one object raised in several tasks would gather the traceback of all.

    Of some that are not written in Python, pydantic's for one, there is no such copy: then it is the error itself.
    """
    try:
        twin: Exception = type(err).__new__(type(err), *err.args)
    except TypeError:
        return err
    twin.__dict__.update(err.__dict__)
    twin.__cause__ = err.__cause__
    return twin if text_of(twin) == text_of(err) else err
