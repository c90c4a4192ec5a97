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
from pydantic import BaseModel, computed_field

from reflector.errors import ConfigurationError, InvalidSignalError, JournalClosedError
from reflector.signals.journal import Journal
from reflector.signals.payloads import register_payload
from reflector.signals.signal import Signal

__all__ = ["JOURNAL_CHECKS", "JournalFactory"]

JournalFactory = Callable[..., Journal]
"""Makes a new, empty journal; takes `max_signals` and `max_bytes`."""

_START = datetime(2024, 5, 1, 12, tzinfo=UTC)
_NUMBER = "reflector.testing.number"


class _Failing(BaseModel):
    @computed_field
    def whole(self) -> str:
        raise LookupError("a model may run any code while it is written, and say \uffff")


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
        assert journal.get("s1", "/elsewhere") == signal.replace(source="/elsewhere")
        assert journal.get("s1", "/nowhere") is None
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
        journal.append(_signal(5).replace(data=_Failing()))
        failing = journal.get("s5")
        assert failing is not None
        assert "any code" in (failing.extensions or {})["journalerror"]
        try:
            await journal.write(_signal(2), _signal(3).replace(data=object()))
        except InvalidSignalError:
            assert len(journal) == 3
        else:
            raise AssertionError("write accepted data without a JSON form")


async def keeps_data_that_does_not_fit_its_type(make: JournalFactory) -> None:
    """Data that was left out, or kept before its type was declared, is no damage and ends no replay."""
    register_payload(_NUMBER, int)
    with make() as journal:
        journal.append(_signal(0, _NUMBER).replace(data=object()))
        journal.append(_signal(1, _NUMBER))
        journal.append(_signal(2, _NUMBER, causationid="s1").replace(data="2"))
        assert [kept.data for kept in journal.replay()] == [None, {"n": 1}, 2]
        assert _ids(journal.chain("s1")) == ["s1", "s2"]
        assert journal.check() == []


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
        for unknown in ("gone", "\ud800"):
            assert (journal.get(unknown), journal.cause(unknown)) == (None, None)
            assert journal.effects(unknown) == journal.chain(unknown) == journal.conversation(unknown) == []


async def follows_the_very_signal(make: JournalFactory) -> None:
    """A chain begins with the signal that was given, and knows signals of one id and several sources apart."""
    root = _signal(0)
    mine, theirs = _signal(1), _signal(1, causationid="s0").replace(source="/elsewhere")
    again = _signal(1, causationid="s1").replace(source="/third")
    with make() as journal:
        for signal in (root, mine, theirs, again):
            journal.append(signal)
        assert journal.chain(theirs, "backward") == [theirs, root]
        assert journal.chain(mine) == [mine, again]
        assert journal.chain(root) == [root, theirs, again]
        assert journal.chain(mine.replace(source="/nowhere")) == []


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
    for text in ("x" * 10_000, "\u4e2d" * 3_333):
        with make(max_bytes=400_000) as journal:
            for number in range(300):
                journal.append(_signal(number).replace(data=text))
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
    keeps_data_that_does_not_fit_its_type,
    replays_by_type_time_and_conversation,
    replays_what_was_there_at_the_start,
    follows_causes_and_effects,
    follows_the_very_signal,
    ends_circles,
    drops_the_oldest_over_a_number,
    drops_the_oldest_over_a_size,
    refuses_senseless_limits,
    closes_once_and_for_all,
)
"""Each takes a factory of journals and raises AssertionError where a promise is broken."""
