"""What every journal must do, as functions: run each of `JOURNAL_CHECKS` on a journal of yours.

```python
@pytest.mark.parametrize("check", JOURNAL_CHECKS, ids=lambda check: check.__name__)
async def test_my_journal(check):
    await check(MyJournal)
```
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio

from reflector.errors import ConfigurationError, InvalidSignalError, JournalClosedError
from reflector.signals.journal import Journal
from reflector.signals.signal import Signal

__all__ = ["JOURNAL_CHECKS", "JournalFactory"]

JournalFactory = Callable[..., Journal]
"""Makes a new, empty journal; takes `max_signals` and `max_bytes`."""

_START = datetime(2024, 5, 1, 12, tzinfo=UTC)


def _signal(number: int, type_: str = "demo.ping", **attributes: Any) -> Signal:
    time = _START + timedelta(seconds=number)
    return Signal(type_, "/suite", {"n": number}, id=f"s{number}", time=time, **attributes)


def _ids(signals: Any) -> list[str]:
    return [signal.id for signal in signals]


async def keeps_order_and_content(make: JournalFactory) -> None:
    """What was appended comes back in order and equal."""
    signals = [_signal(number, subject="x", extensions={"tenant": "a"}) for number in range(1200)]
    with make() as journal:
        for signal in signals:
            journal.append(signal)
        assert list(journal.replay()) == signals
        assert len(journal) == 1200
        assert journal.check() == []


async def sees_what_was_appended_before(make: JournalFactory) -> None:
    """A query need not be preceded by a flush."""
    with make() as journal:
        for number in range(50):
            journal.append(_signal(number))
            assert journal.get(f"s{number}") is not None


async def acknowledges_writes(make: JournalFactory) -> None:
    """After `write` and `flush` nothing waits, however many write at once."""
    with make() as journal:
        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(journal.write, _signal(number))
        assert journal.statistics() == {"signals": 100, "waiting": 0}
        journal.append(_signal(100))
        await journal.flush()
        assert journal.statistics() == {"signals": 101, "waiting": 0}
        await journal.write()
        await journal.write(_signal(101), _signal(102))
        assert len(journal) == 103


async def keeps_a_snapshot(make: JournalFactory) -> None:
    """Data that changes after appending is kept as it was."""
    data = {"items": [1]}
    with make() as journal:
        journal.append(Signal("demo.ping", "/suite", data))
        data["items"].append(2)
        (kept,) = journal.replay()
        assert kept.data == {"items": [1]}


async def knows_a_signal_by_source_and_id(make: JournalFactory) -> None:
    """The same signal again changes nothing; the same id of another source is another signal."""
    signal = _signal(1)
    with make() as journal:
        for _ in range(3):
            journal.append(signal)
        journal.append(signal.replace(source="/elsewhere"))
        assert [kept.source for kept in journal.replay()] == ["/suite", "/elsewhere"]
        assert journal.get("s1") == signal
        assert journal.check() == []


async def leaves_out_what_has_no_json_form(make: JournalFactory) -> None:
    """`append` keeps the envelope and says what is missing; `write` refuses, and adds nothing."""
    with make() as journal:
        journal.append(_signal(1).replace(data=object()))
        (kept,) = journal.replay()
        assert kept.data is None
        assert (kept.extensions or {})["journalerror"]
        journal.append(_signal(4).replace(data=7, extensions={"trace_id": "foreign", "fine": 1}))
        (_, foreign) = journal.replay()
        assert foreign.data == 7
        assert set(foreign.extensions or {}) == {"fine", "journalerror"}
        try:
            await journal.write(_signal(2), _signal(3).replace(data=object()))
        except InvalidSignalError:
            assert len(journal) == 2
        else:
            raise AssertionError("write accepted data without a JSON form")


async def replays_by_type_time_and_conversation(make: JournalFactory) -> None:
    """Filters narrow the replay and can be combined."""
    with make() as journal:
        journal.append(_signal(0, "a.requested"))
        journal.append(_signal(1, "a.completed", correlationid="s0", causationid="s0"))
        journal.append(_signal(2, "b.requested"))
        journal.append(_signal(3, "b.c.completed", correlationid="s2", causationid="s2"))
        assert _ids(journal.replay("*.requested")) == ["s0", "s2"]
        assert _ids(journal.replay("b.**")) == ["s2", "s3"]
        assert _ids(journal.replay("a.completed")) == ["s1"]
        assert _ids(journal.replay("none")) == []
        assert _ids(journal.replay(since=_START + timedelta(seconds=2))) == ["s2", "s3"]
        assert _ids(journal.replay(until=_START + timedelta(seconds=2))) == ["s0", "s1"]
        since, until = (_START + timedelta(seconds=second) for second in (1, 3))
        assert _ids(journal.replay("**.completed", since=since, until=until)) == ["s1"]
        assert _ids(journal.replay(correlation="s2")) == ["s2", "s3"]
        assert _ids(journal.replay("**.completed", correlation="s2")) == ["s3"]


async def replays_what_was_there_at_the_start(make: JournalFactory) -> None:
    """A replay whose reader appends comes to an end."""
    with make() as journal:
        journal.append(_signal(0))
        journal.append(_signal(1))
        for signal in journal.replay():
            journal.append(signal.reply())
        assert len(journal) == 4


async def follows_causes_and_effects(make: JournalFactory) -> None:
    """Cause, effects, chains in both directions and the conversation of one exchange."""
    root = _signal(0, "a.requested")
    inner = _signal(1, "b.requested", correlationid="s0", causationid="s0")
    answer = _signal(2, "b.completed", correlationid="s0", causationid="s1")
    final = _signal(3, "a.completed", correlationid="s0", causationid="s0")
    with make() as journal:
        for signal in (root, inner, answer, final, _signal(4)):
            journal.append(signal)
        assert journal.cause(answer) == inner
        assert journal.cause("s1") == root
        assert journal.cause(root) is None
        assert _ids(journal.effects(root)) == ["s1", "s3"]
        assert journal.effects("s4") == []
        assert _ids(journal.chain(root)) == ["s0", "s1", "s3", "s2"]
        assert _ids(journal.chain("s2", "backward")) == ["s2", "s1", "s0"]
        assert _ids(journal.conversation(answer)) == ["s0", "s1", "s2", "s3"]
        assert _ids(journal.conversation("s0")) == ["s0", "s1", "s2", "s3"]
        assert (journal.get("gone"), journal.cause("gone")) == (None, None)
        assert journal.chain("gone") == []


async def ends_circles(make: JournalFactory) -> None:
    """Signals that cause each other, as only foreign data can, do not hang a chain."""
    with make() as journal:
        journal.append(_signal(0, causationid="s1"))
        journal.append(_signal(1, causationid="s0"))
        assert _ids(journal.chain("s0")) == ["s0", "s1"]
        assert _ids(journal.chain("s0", "backward")) == ["s0", "s1"]


async def drops_the_oldest_over_a_number(make: JournalFactory) -> None:
    """With `max_signals` the newest stay, and what went is gone from every query."""
    with make(max_signals=3) as journal:
        for number in range(10):
            journal.append(_signal(number, correlationid="c", causationid=f"s{number - 1}"))
        assert _ids(journal.replay()) == ["s7", "s8", "s9"]
        assert _ids(journal.conversation("c")) == ["s7", "s8", "s9"]
        assert (journal.get("s0"), journal.effects("s0")) == (None, [])
        assert _ids(journal.chain("s9", "backward")) == ["s9", "s8", "s7"]
        assert journal.check() == []
        journal.append(_signal(0))
        assert _ids(journal.replay()) == ["s8", "s9", "s0"]


async def drops_the_oldest_over_a_size(make: JournalFactory) -> None:
    """With `max_bytes` a contiguous run of the newest stays, and always the last one."""
    with make(max_bytes=400_000) as journal:
        for number in range(300):
            journal.append(_signal(number).replace(data="x" * 10_000))
        kept = _ids(journal.replay())
        assert 5 <= len(kept) <= 40
        assert kept == [f"s{number}" for number in range(300 - len(kept), 300)]
        assert journal.check() == []
    with make(max_bytes=1) as journal:
        journal.append(_signal(0))
        journal.append(_signal(1))
        assert _ids(journal.replay()) == ["s1"]


async def refuses_senseless_limits(make: JournalFactory) -> None:
    """A limit of nothing is a mistake."""
    for limits in ({"max_signals": 0}, {"max_bytes": -1}):
        try:
            make(**limits).close()
        except ConfigurationError:
            continue
        raise AssertionError(f"{limits} was accepted")


async def closes_once_and_for_all(make: JournalFactory) -> None:
    """Closing twice is fine; appending afterwards is a typed error."""
    async with make() as journal:
        journal.append(_signal(0))
    journal.close()
    try:
        journal.append(_signal(1))
    except JournalClosedError:
        pass
    else:
        raise AssertionError("a closed journal accepted a signal")


JOURNAL_CHECKS: tuple[Callable[[JournalFactory], Awaitable[None]], ...] = (
    keeps_order_and_content,
    sees_what_was_appended_before,
    acknowledges_writes,
    keeps_a_snapshot,
    knows_a_signal_by_source_and_id,
    leaves_out_what_has_no_json_form,
    replays_by_type_time_and_conversation,
    replays_what_was_there_at_the_start,
    follows_causes_and_effects,
    ends_circles,
    drops_the_oldest_over_a_number,
    drops_the_oldest_over_a_size,
    refuses_senseless_limits,
    closes_once_and_for_all,
)
"""Each takes a factory of journals and raises AssertionError where a promise is broken."""
