"""Recording a run while it happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import anyio
import pytest

from reflector.errors import InputError
from reflector.trajectories.recorder import record
from reflector.trajectories.step import Outcome, StepKind
from reflector.usage import Usage

pytestmark = pytest.mark.anyio


class Clock:
    """Goes on by a second whenever it is read."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


async def test_everything_that_happens_becomes_a_step() -> None:
    async with record(
        prompt="Be brief.", task="weather", id="run-1", tools=["look"], clock=Clock()
    ) as recording:
        recording.user("Weather in Bonn?")
        recording.reasoning("look it up")
        call = recording.tool_call("look", {"town": "Bonn"})
        recording.tool_result({"degrees": 21}, call_id=call)
        recording.retrieval("bonn", ["a page", "another"])
        recording.error("a hiccup")
        recording.message("21 degrees", finish_reason="stop")
        recording.score("judge", 1.0, "right")
        recording.complete("success", feedback="well done")
    run = recording.trajectory
    assert [step.kind.value for step in run.steps] == [
        "system",
        "user",
        "reasoning",
        "tool_call",
        "tool_result",
        "retrieval",
        "error",
        "message",
        "score",
    ]
    assert (run.id, run.prompt, run.task, run.tools) == ("run-1", "Be brief.", "weather", ("look",))
    assert (run.outcome, run.feedback, run.scores[0].value) == (Outcome.SUCCESS, ("well done",), 1.0)
    assert run.turn_count == 2
    result = run.steps[4]
    assert (result.content, result.name, result.call_id, result.duration_ms) == (
        '{"degrees":21}',
        "look",
        call,
        1000.0,
    )
    assert run.duration_ms is not None
    assert run.duration_ms > 0


async def test_results_go_to_the_oldest_open_call_when_no_id_is_given() -> None:
    async with record() as recording:
        first = recording.tool_call("one", call_id="a")
        recording.tool_call("two", call_id="b")
        recording.tool_result("1")
        recording.tool_result("2")
    assert first == "a"
    assert [step.name for step in recording.trajectory.steps[2:]] == ["one", "two"]


async def test_malformed_arguments_are_kept_as_text() -> None:
    async with record() as recording:
        recording.tool_call("one", '{"a": ')
    assert recording.trajectory.steps[0].arguments == '{"a": '


async def test_a_block_that_ends_by_itself_proves_nothing() -> None:
    async with record() as recording:
        recording.message("done")
    assert recording.trajectory.outcome is Outcome.UNKNOWN
    assert recording.trajectory.duration_ms is not None


async def test_an_exception_ends_the_run_with_an_error_and_goes_on() -> None:
    recording = record()

    async def fail() -> None:
        async with recording:
            recording.message("before")
            raise KeyError("lost")

    with pytest.raises(KeyError):
        await fail()
    run = recording.trajectory
    assert (run.outcome, run.error) == (Outcome.ERROR, "KeyError: 'lost'")
    assert run.final_message == "before"


async def test_a_timeout_inside_ends_the_run_with_timeout() -> None:
    recording = record()

    async def wait() -> None:
        async with recording:
            with anyio.fail_after(0):
                await anyio.sleep_forever()

    with pytest.raises(TimeoutError):
        await wait()
    assert recording.trajectory.outcome is Outcome.TIMEOUT


async def test_a_deadline_around_the_run_ends_it_with_timeout() -> None:
    with anyio.move_on_after(0.001) as scope:
        async with record() as recording:
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert (recording.trajectory.outcome, recording.trajectory.error) == (Outcome.TIMEOUT, "timeout")


@pytest.mark.parametrize("is_async", [True, False])
async def test_cancellation_ends_the_run_and_is_not_swallowed(is_async: bool) -> None:
    recording = record()
    with anyio.CancelScope() as scope:
        scope.cancel()
        if is_async:
            async with recording:
                await anyio.sleep_forever()
        else:
            with recording:
                await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert (recording.trajectory.outcome, recording.trajectory.error) == (Outcome.ERROR, "cancelled")


async def test_the_run_so_far_can_be_seen_inside_the_block() -> None:
    async with record() as recording:
        recording.user("one")
        early = recording.trajectory
        recording.user("two")
    assert len(early.steps) == 1
    assert len(recording.trajectory.steps) == 2


async def test_what_the_answers_used_is_summed_up() -> None:
    async with record() as recording:
        recording.message("a", usage=Usage(input_tokens=10, calls=1))
        recording.message("b", usage=Usage(input_tokens=5, calls=1))
    assert recording.trajectory.usage == Usage(input_tokens=15, calls=2)


async def test_nothing_is_recorded_after_the_end() -> None:
    async with record(id="run-1") as recording:
        recording.complete()
        with pytest.raises(InputError, match="run-1"):
            recording.message("too late")
    assert recording.trajectory.outcome is Outcome.SUCCESS


def test_a_plain_block_works_without_an_event_loop() -> None:
    with record(clock=Clock()) as recording:
        recording.message("hi")
    assert [step.kind for step in recording.trajectory.steps] == [StepKind.MESSAGE]


def test_an_interrupt_ends_the_run_with_an_error() -> None:
    recording = record()
    with pytest.raises(KeyboardInterrupt), recording:
        raise KeyboardInterrupt
    assert recording.trajectory.outcome is Outcome.ERROR


async def test_a_failed_tool_says_why() -> None:
    async with record() as recording:
        recording.tool_call("one")
        recording.tool_result("", error=TimeoutError())
        recording.tool_result("", name="two", error="no such file")
    first, second = recording.trajectory.steps[1:]
    assert (first.is_error, first.error) == (True, "timeout")
    assert (second.is_error, second.error, second.name) == (True, "no such file", "two")


async def test_ten_thousand_steps_are_recorded_without_copying_the_run() -> None:
    async with record(clock=lambda: datetime(2030, 1, 1, tzinfo=UTC)) as recording:
        for _ in range(10_000):
            recording.message("x")
    assert recording.trajectory.turn_count == 10_000
