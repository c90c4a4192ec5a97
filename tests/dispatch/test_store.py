"""Paid once: what is there is used, what is in progress is shared, and no file hurts anybody."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflector._clock import settle
from reflector.dispatch.store import AnswerStore, Stored, fingerprint_of
from reflector.dispatch.store_rows import FileRows
from reflector.errors import (
    BudgetExceededError,
    ConfigurationError,
    LLMAuthenticationError,
    LLMServerError,
    NotStoredError,
    StoreClosedError,
    StoreDamagedError,
    StoreOpenError,
    StoreWriteError,
)

pytestmark = pytest.mark.anyio


class Work:
    """Something to pay for: counts how often it is done, and waits when told to."""

    def __init__(self, value: Any = "done") -> None:
        self.value = value
        self.times = 0
        self.go: anyio.Event | None = None
        self.errors: list[Exception] = []

    async def __call__(self) -> Any:
        self.times += 1
        if self.go is not None:
            await self.go.wait()
        if self.errors:
            raise self.errors.pop(0)
        return self.value


@pytest.fixture(params=["memory", "file"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., AnswerStore]:
    path = tmp_path / "answers.db" if request.param == "file" else None
    return lambda **options: AnswerStore(path, **options)


# --- what it keeps ---


async def test_what_was_paid_is_not_paid_again(make: Callable[..., AnswerStore]) -> None:
    with make() as store:
        work = Work({"text": "ünïcödé", "n": 1.5, "none": None})
        first = await store.once("f", work)
        second = await store.once("f", work)
        assert (first, second) == (Stored(work.value, False), Stored(work.value, True))
        assert work.times == 1
        assert store.get("f") == work.value
        assert store.get("g") is None
        assert len(store) == 1
        assert store.statistics() | {"bytes": 0} == {
            "answers": 1, "bytes": 0, "hits": 1, "misses": 1, "unwritten": 0,
        }  # fmt: skip


async def test_a_hit_is_a_fresh_copy(make: Callable[..., AnswerStore]) -> None:
    with make() as store:
        store.put("f", {"list": [1]})
        store.get("f")["list"].append(2)
        assert store.get("f") == {"list": [1]}


async def test_the_last_one_put_wins(make: Callable[..., AnswerStore]) -> None:
    with make() as store:
        store.put("f", 1)
        store.put("f", 2)
        assert (store.get("f"), len(store)) == (2, 1)


async def test_a_file_is_there_for_the_next_process(tmp_path: Path) -> None:
    with AnswerStore(tmp_path / "answers.db") as store:
        await store.once("f", Work("kept"))
    assert os.listdir(tmp_path) == ["answers.db"]
    with AnswerStore(tmp_path / "answers.db") as store:
        assert await store.once("f", Work("other")) == Stored("kept", True)


@pytest.mark.parametrize("mode", ["read", "replay"])
async def test_reading_modes_write_nothing(mode: Any, tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    with AnswerStore(path) as store:
        store.put("f", "kept")
    before = path.read_bytes()
    with AnswerStore(path, mode=mode) as store:
        assert await store.once("f", Work()) == Stored("kept", True)
        with pytest.raises(StoreClosedError, match=mode):
            store.put("g", 1)
        if mode == "read":
            assert await store.once("g", Work("new")) == Stored("new", False)
        assert len(store) == 1
    assert path.read_bytes() == before


async def test_replay_names_the_fingerprint_it_misses(make: Callable[..., AnswerStore]) -> None:
    make().put("f", 1)
    with make(mode="replay") as store:
        work = Work()
        with pytest.raises(NotStoredError, match=r"replays only.*abc") as caught:
            await store.once("abc", work)
    assert caught.value.fingerprint == "abc"
    assert work.times == 0


async def test_writing_asks_anew_and_keeps_the_new_one(tmp_path: Path) -> None:
    with AnswerStore(tmp_path / "a") as store:
        store.put("f", "old")
    with AnswerStore(tmp_path / "a", mode="write") as store:
        assert await store.once("f", Work("new")) == Stored("new", False)
        assert await store.once("f", Work("newer")) == Stored("newer", False)
    with AnswerStore(tmp_path / "a", mode="read") as store:
        assert store.get("f") == "newer"


async def test_off_is_as_if_there_were_none(tmp_path: Path) -> None:
    work = Work()
    with AnswerStore(tmp_path / "a", mode="off") as store:
        for _ in range(2):
            assert await store.once("f", work) == Stored("done", False)
    assert work.times == 2
    assert os.listdir(tmp_path) == []


@settings(max_examples=30)
@given(sizes=st.lists(st.integers(0, 40_000), min_size=1, max_size=30))
@pytest.mark.parametrize("is_file", [False, True])
def test_the_oldest_go_and_the_newest_stays(is_file: bool, sizes: list[int], tmp_path_factory: Any) -> None:
    limit = 100_000
    path = tmp_path_factory.mktemp("store") / "answers.db" if is_file else None
    with AnswerStore(path, max_bytes=limit) as store:
        for number, size in enumerate(sizes):
            store.put(str(number), "x" * size)
            assert store.get(str(number)) == "x" * size
            assert store.statistics()["bytes"] <= limit
        kept = [number for number in range(len(sizes)) if store.get(str(number)) is not None]
        assert kept == list(range(len(sizes) - len(kept), len(sizes)))
        if sum(sizes) + 100 * len(sizes) < limit / 2:
            assert len(kept) == len(sizes)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=30)
@given(json_values)
def test_a_fingerprint_does_not_depend_on_the_order_of_keys(value: Any) -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return [turned(item) for item in value] if isinstance(value, list) else value

    assert fingerprint_of("k", turned(value)) == fingerprint_of("k", value)
    assert fingerprint_of("k", value) != fingerprint_of("other", value)


# --- what is in progress ---


async def collect(store: AnswerStore, work: Work, count: int, outcomes: list[Any]) -> None:
    async def ask() -> None:
        try:
            outcomes.append(await store.once("f", work))
        except Exception as err:  # noqa: BLE001 - looked at by the tests
            outcomes.append(err)

    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(ask)
        await settle()
        if work.go is not None:
            work.go.set()


async def test_who_asks_for_the_same_meanwhile_waits_for_it(make: Callable[..., AnswerStore]) -> None:
    work, outcomes = Work([1]), []
    work.go = anyio.Event()
    with make() as store:
        await collect(store, work, 20, outcomes)
    assert work.times == 1
    assert sorted(outcome.is_hit for outcome in outcomes) == [False] + [True] * 19
    outcomes[0].value.append(2)
    assert all(outcome.value == [1] for outcome in outcomes[1:])


async def test_a_cancelled_leader_leaves_the_work_to_the_next() -> None:
    work, outcomes = Work(), []
    work.go = anyio.Event()
    store, leader = AnswerStore(), anyio.CancelScope()

    async def lead() -> None:
        with leader:
            await store.once("f", work)

    async def follow() -> None:
        outcomes.append(await store.once("f", work))

    async with anyio.create_task_group() as group:
        group.start_soon(lead)
        await settle()
        for _ in range(3):
            group.start_soon(follow)
        await settle()
        leader.cancel()
        await settle()
        work.go.set()
    assert work.times == 2
    assert sorted(outcome.is_hit for outcome in outcomes) == [False, True, True]


async def test_an_error_that_no_try_can_mend_is_everybodys() -> None:
    work, outcomes = Work(), []
    work.go = anyio.Event()
    work.errors = [LLMAuthenticationError("no key", model="m")]
    await collect(AnswerStore(), work, 5, outcomes)
    assert work.times == 1
    assert [(type(err), str(err), err.model) for err in outcomes] == [
        (LLMAuthenticationError, "no key", "m")
    ] * 5
    assert len({id(err) for err in outcomes}) == 5


def _unpydantic() -> None:
    pydantic.TypeAdapter(int).validate_python("x")


@pytest.mark.parametrize("fail", [_unpydantic, lambda: b"\xff".decode()])
async def test_an_error_that_cannot_be_copied_is_everybodys_as_it_is(fail: Callable[[], Any]) -> None:
    work, outcomes = Work(), []
    work.go = anyio.Event()
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - either kind, whatever it says
        fail()
    work.errors = [caught.value]
    await collect(AnswerStore(), work, 3, outcomes)
    assert outcomes == [caught.value] * 3


_NO_BUDGET = BudgetExceededError("over", limit="calls", allowed=0, spent=0, reserved=0, asked=1)


@pytest.mark.parametrize("error", [LLMServerError("busy"), TimeoutError(), _NO_BUDGET])
async def test_an_error_of_the_moment_is_only_its_own(error: Exception) -> None:
    work, outcomes = Work(), []
    work.go = anyio.Event()
    work.errors = [error]
    await collect(AnswerStore(), work, 5, outcomes)
    assert work.times == 2
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == [error]
    assert sum(outcome.is_hit for outcome in outcomes if isinstance(outcome, Stored)) == 3


async def test_an_error_is_not_kept() -> None:
    work = Work()
    work.errors = [ValueError("once")]
    store = AnswerStore()
    with pytest.raises(ValueError, match="once"):
        await store.once("f", work)
    assert await store.once("f", work) == Stored("done", False)


async def test_different_event_loops_and_threads_share_a_store(tmp_path: Path) -> None:
    with AnswerStore(tmp_path / "a") as store:
        found = []

        def use(number: int) -> None:
            async def main() -> None:
                for each in range(5):
                    found.append((await store.once(str(each), Work(each))).value == each)

            anyio.run(main, backend=("asyncio", "trio")[number % 2])

        threads = [threading.Thread(target=use, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [True] * 30
        assert len(store) == 5


# --- files that are not as they should be ---


@pytest.mark.parametrize("content", [b"some text, long enough to be no header of SQLite" * 100, b"short"])
@pytest.mark.parametrize("mode", ["read_write", "replay"])
def test_a_file_of_something_else_is_refused_and_left_alone(
    content: bytes, mode: Any, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(StoreOpenError, match="something else") as caught:
        AnswerStore(path, mode=mode)
    assert (caught.value.reason, path.read_bytes()) == ("foreign", content)


def test_a_journal_is_no_store_and_a_store_no_journal(tmp_path: Path) -> None:
    from reflector import JournalOpenError, SqliteJournal

    SqliteJournal(tmp_path / "journal").close()
    with pytest.raises(StoreOpenError, match="something else"):
        AnswerStore(tmp_path / "journal")
    AnswerStore(tmp_path / "store").close()
    with pytest.raises(JournalOpenError, match="something else"):
        SqliteJournal(tmp_path / "store")


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    AnswerStore(path).close()
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(StoreOpenError, match="newer version") as caught:
        AnswerStore(path)
    assert caught.value.reason == "newer"


@pytest.mark.parametrize("mode", ["read_write", "write", "read", "replay"])
def test_a_folder_that_is_not_there_is_a_typed_error(mode: Any, tmp_path: Path) -> None:
    with pytest.raises(StoreOpenError, match="cannot be opened") as caught:
        AnswerStore(tmp_path / "no" / "a", mode=mode)
    assert caught.value.reason == "unreachable"
    assert list(tmp_path.iterdir()) == []


def test_replaying_a_file_that_is_not_there_makes_none(tmp_path: Path) -> None:
    with pytest.raises(StoreOpenError):
        AnswerStore(tmp_path / "a", mode="replay")
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_folder_can_be_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    with AnswerStore(path) as store:
        store.put("f", 1)
    monkeypatch.setattr(os, "access", lambda file, how: False)
    with AnswerStore(path, mode="replay") as store:
        assert store.get("f") == 1
        assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_damage_is_a_typed_error(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with AnswerStore(path) as store:
        for number in range(200):
            store.put(str(number), "x" * 500)
    data = bytearray(path.read_bytes())
    data[8192:] = b"\xff" * (len(data) - 8192)
    path.write_bytes(data)
    with AnswerStore(path, mode="read") as store, pytest.raises(StoreDamagedError, match="cannot be used"):
        [store.get(str(number)) for number in range(200)]


def test_a_value_that_somebody_tampered_with_is_a_typed_error(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with AnswerStore(path) as store:
        store.put("f", 1)
    other = sqlite3.connect(path)
    other.execute("UPDATE answers SET value = '{half'")
    other.commit()
    other.close()
    with AnswerStore(path) as store, pytest.raises(StoreDamagedError, match="not JSON"):
        store.get("f")


async def test_an_answer_outlives_a_full_disk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """SQLite's own limit of pages fails as a full disk does."""
    with AnswerStore(tmp_path / "a") as store:
        rows: Any = store._rows
        assert isinstance(rows, FileRows)
        rows._writer.execute("PRAGMA max_page_count = 6")  # type: ignore[union-attr]
        big = Work("x" * 100_000)
        with pytest.raises(StoreWriteError, match="full"):
            store.put("f", big.value)
        assert await store.once("f", big) == Stored(big.value, False)
        assert store.statistics()["unwritten"] == 1
        assert "answer not kept" in caplog.text
        assert await store.once("small", Work("y")) == Stored("y", False)
        assert store.get("small") == "y"


@pytest.mark.parametrize("options", [{"mode": "sometimes"}, {"max_bytes": 0}, {"max_bytes": "1 MB"}])
def test_senseless_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        AnswerStore(**options)


async def test_an_answer_outlives_a_store_that_is_closed_meanwhile(tmp_path: Path) -> None:
    store, work = AnswerStore(tmp_path / "a"), Work()

    async def compute() -> Any:
        store.close()
        return await work()

    assert await store.once("f", compute) == Stored("done", False)


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "a")
    store.close()
    store.close()
    for use in (lambda: store.get("f"), lambda: store.put("f", 1), lambda: len(store)):
        with pytest.raises(StoreClosedError, match="closed"):
            use()


# --- other processes ---

WRITER = """
import sys
from reflector.dispatch.store import AnswerStore
store = AnswerStore(sys.argv[1])
print("open", flush=True)
number = 0
while True:
    store.put(f"{sys.argv[2]}-{number}", {"number": number, "text": "x" * 3000})
    print(number, flush=True)
    number += 1
"""


@pytest.mark.slow
def test_killed_writers_leave_everything_they_had_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for attempt in range(2):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, str(path), f"{attempt}{name}"],
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in "ab"
        ]
        last = []
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "open\n"
            for _ in range(20 + 7 * attempt):
                line = writer.stdout.readline()
            last.append(int(line))
        for writer in writers:
            writer.kill()
            writer.communicate()
        with AnswerStore(path) as store:
            for name, acknowledged in zip("ab", last, strict=True):
                for number in range(acknowledged + 1):
                    assert store.get(f"{attempt}{name}-{number}") == {"number": number, "text": "x" * 3000}
            checked = sqlite3.connect(path)
            assert checked.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            checked.close()


async def test_what_json_cannot_hold_is_a_typed_error_and_a_paid_answer_is_never_lost() -> None:
    store, work = AnswerStore(), Work(value=object())
    with pytest.raises(StoreWriteError, match="JSON"):
        store.put("f", object())
    work.go = anyio.Event()
    answers: list[Stored] = []

    async def ask() -> None:
        answers.append(await store.once("f", work))

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        group.start_soon(ask)
        await settle()
        work.go.set()
    assert [answer.value for answer in answers] == [work.value, work.value]
    assert (work.times, store.statistics()["unwritten"]) == (1, 1)
