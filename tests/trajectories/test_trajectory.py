"""The immutable record of a run: making, changing, counting, writing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from reflector.errors import InputError, TrajectoryImportError
from reflector.trajectories.step import TrajectoryStatistics
from reflector.trajectories.trajectory import Importance, Outcome, RecordedScore, Step, StepKind, Trajectory
from reflector.usage import Usage

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)

texts = st.text(st.characters(codec="utf-8"), max_size=20)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def sample_run() -> Trajectory:
    run = Trajectory.new("run-1", started_at=NOON)
    run = run.add_step("user", "How warm is it?")
    run = run.add_step("reasoning", "I should look.")
    run = run.add_step("tool_call", name="thermometer", arguments={"place": "roof"}, call_id="c1")
    run = run.add_step("tool_result", "21", name="thermometer", call_id="c1")
    return run.add_step("message", "21 degrees.")


def test_adding_a_step_leaves_the_old_run_as_it_was() -> None:
    empty = Trajectory.new("run-1")
    one = empty.add_step("user", "hello")
    assert empty.steps == ()
    assert [step.content for step in one.steps] == ["hello"]


def test_a_run_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError):
        sample_run().outcome = Outcome.SUCCESS  # type: ignore[misc]  # the very thing that must fail


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("action", StepKind.TOOL_CALL),
        ("observation", StepKind.TOOL_RESULT),
        ("state_change", StepKind.MESSAGE),
        ("reasoning", StepKind.REASONING),
    ],
)
def test_the_origins_step_types_are_understood(name: str, kind: StepKind) -> None:
    assert Trajectory.new().add_step(name, "x").steps[0].kind is kind


def test_a_step_without_a_kind_is_refused_with_the_kinds_named() -> None:
    with pytest.raises(InputError, match="tool_call"):
        Trajectory.new().add_step()


def test_an_unknown_kind_is_refused_with_the_kinds_named() -> None:
    with pytest.raises(InputError, match=r"'dance'.*tool_call"):
        Trajectory.new().add_step("dance")


def test_an_unknown_field_of_a_step_is_refused() -> None:
    with pytest.raises(InputError, match="colour"):
        Trajectory.new().add_step("user", "x", colour="red")


def test_content_that_is_not_text_is_written_as_json() -> None:
    assert Trajectory.new().add_step("observation", {"degrees": 21}).steps[0].content == '{"degrees":21}'


def test_turns_are_counted_as_the_model_speaks_again() -> None:
    run = sample_run()
    assert [step.turn for step in run.steps] == [None, 0, 0, None, 1]
    assert run.turn_count == 2


def test_turns_are_counted_from_the_order_when_no_step_names_one() -> None:
    kinds = (StepKind.REASONING, StepKind.TOOL_CALL, StepKind.TOOL_RESULT, StepKind.MESSAGE, StepKind.MESSAGE)
    assert Trajectory(steps=tuple(Step(kind=kind) for kind in kinds)).turn_count == 3


def test_many_steps_are_added_in_one_go() -> None:
    run = Trajectory.new().add_steps(Step(kind=StepKind.USER, content=str(n)) for n in range(10_000))
    assert len(run.steps) == 10_000
    assert run.steps[-1].content == "9999"


def test_what_is_no_step_is_refused() -> None:
    with pytest.raises(InputError, match="expected Steps"):
        Trajectory.new().add_steps([{"kind": "user"}])  # type: ignore[list-item]  # wrong on purpose


def test_tool_calls_and_final_message_are_at_hand() -> None:
    run = sample_run()
    assert [step.name for step in run.tool_calls] == ["thermometer"]
    assert run.final_message == "21 degrees."
    assert Trajectory.new().final_message is None


def test_completing_sets_outcome_and_duration() -> None:
    done = sample_run().complete(
        "failure", error=RuntimeError("no roof"), completed_at=NOON + timedelta(seconds=2)
    )
    assert (done.outcome, done.duration_ms, done.error) == (Outcome.FAILURE, 2000.0, "RuntimeError: no roof")


def test_completing_without_a_word_is_success() -> None:
    done = sample_run().complete(clock=lambda: NOON + timedelta(seconds=1))
    assert (done.outcome, done.duration_ms) == (Outcome.SUCCESS, 1000.0)


def test_an_outcome_can_be_told_and_feedback_is_added() -> None:
    run = sample_run().with_outcome("failure", feedback="wrong roof")
    again = run.with_outcome(Outcome.PARTIAL, feedback=["right town"])
    assert run.outcome is Outcome.FAILURE
    assert again.feedback == ("wrong roof", "right town")


@pytest.mark.parametrize("change", [lambda run: run.with_outcome("great"), lambda run: run.complete("great")])
def test_an_unknown_outcome_is_refused_with_the_outcomes_named(change: object) -> None:
    with pytest.raises(InputError, match=r"'great'.*partial"):
        change(sample_run())  # type: ignore[operator]  # a lambda of the parameters above


def test_filtering_keeps_what_matters_and_both_ends() -> None:
    run = Trajectory.new()
    for importance in ("low", "low", "high", "medium", "low"):
        run = run.add_step("reasoning", importance, importance=importance)
    assert [s.content for s in run.filter("high").steps] == ["low", "high", "low"]
    assert [s.content for s in run.filter("high", keep_first_last=False).steps] == ["high"]
    assert run.filter(Importance.MEDIUM).statistics().is_filtered
    assert run.filter("high").metadata["filtered"] == {"min_importance": "high", "removed": 2}


def test_filtering_twice_tells_of_everything_that_was_left_out() -> None:
    run = Trajectory.new()
    for importance in ("high", "low", "medium", "high", "high"):
        run = run.add_step("reasoning", importance, importance=importance)
    for first, second in (("medium", "high"), ("high", "low")):
        twice = run.filter(first).filter(second)
        assert twice.metadata["filtered"] == {"min_importance": "high", "removed": 2}
    strange = run.replace(metadata={"filtered": "by hand"}).filter("high")
    assert strange.metadata["filtered"] == {"min_importance": "high", "removed": 2}


def test_filtering_by_an_unknown_importance_is_refused() -> None:
    with pytest.raises(InputError, match="critical"):
        sample_run().filter("huge")


def test_statistics_count_kinds_importance_turns_and_errors() -> None:
    run = sample_run().add_step("error", "boom", is_error=True, importance="high").complete("error")
    numbers = run.statistics()
    assert isinstance(numbers, TrajectoryStatistics)
    assert (numbers.step_count, numbers.turn_count, numbers.tool_call_count, numbers.error_count) == (
        6,
        2,
        1,
        1,
    )
    assert numbers.kinds[StepKind.REASONING] == 1
    assert numbers.importance == {
        Importance.LOW: 0,
        Importance.MEDIUM: 5,
        Importance.HIGH: 1,
        Importance.CRITICAL: 0,
    }
    assert numbers.outcome is Outcome.ERROR


def test_a_built_run_becomes_openai_messages_turn_by_turn() -> None:
    assert sample_run().to_openai_messages() == [
        {"role": "user", "content": "How warm is it?"},
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "I should look.",
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "thermometer", "arguments": '{"place":"roof"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "21"},
        {"role": "assistant", "content": "21 degrees."},
    ]


def test_messages_of_the_api_library_are_understood() -> None:
    class SdkMessage(BaseModel):
        role: str
        content: str
        audio: None = None

    message = SdkMessage(role="assistant", content="hi")
    assert Trajectory.from_openai_messages([message]).final_message == "hi"


@pytest.mark.parametrize(
    "messages", ["hello", {"role": "user"}, 5, None, [1], [{"content": "no role"}], [[]]]
)
def test_what_is_no_list_of_messages_is_refused_typed(messages: object) -> None:
    with pytest.raises(TrajectoryImportError):
        Trajectory.from_openai_messages(messages)  # type: ignore[arg-type]  # wrong on purpose


def test_lone_surrogates_in_messages_are_replaced() -> None:
    run = Trajectory.from_openai_messages([{"role": "assistant", "content": "a\ud800b"}])
    assert run.final_message == "a\ufffdb"
    assert Trajectory.from_json(run.to_json()) == run


# --- round trips -----------------------------------------------------------------------------------------

steps = st.builds(
    Step,
    kind=st.sampled_from(StepKind),
    content=texts,
    name=st.none() | texts,
    arguments=json_values,
    call_id=st.none() | texts,
    is_error=st.booleans(),
    turn=st.none() | st.integers(0, 9),
    source_index=st.none() | st.integers(0, 9),
    importance=st.sampled_from(Importance),
    started_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    usage=st.none() | st.builds(Usage, input_tokens=st.none() | st.integers(0, 99)),
    metadata=st.dictionaries(texts, json_values, max_size=2),
)
trajectories = st.builds(
    Trajectory,
    id=texts,
    steps=st.lists(steps, max_size=4).map(tuple),
    outcome=st.sampled_from(Outcome),
    scores=st.lists(
        st.builds(RecordedScore, name=texts, value=st.none() | st.booleans() | st.floats(0, 1) | texts),
        max_size=2,
    ).map(tuple),
    feedback=st.lists(texts, max_size=2).map(tuple),
    tools=st.none() | st.lists(texts, max_size=2).map(tuple),
    record=st.none() | texts | st.integers(0, 99),
    raw=json_values,
)


@pytest.mark.slow
@given(trajectories)
def test_own_json_gives_the_same_run_back(run: Trajectory) -> None:
    assert Trajectory.from_json(run.to_json()) == run


def test_own_json_of_another_origin_is_refused() -> None:
    for data in (b"{}", b"[]", b"nonsense", b'{"schema": "reflector.trajectory/1", "steps": 5}'):
        with pytest.raises(TrajectoryImportError):
            Trajectory.from_json(data)


contents = (
    st.none()
    | texts
    | st.lists(
        st.builds(lambda text: {"type": "text", "text": text}, texts)
        | st.builds(lambda url: {"type": "image_url", "image_url": {"url": url}}, texts)
        | st.builds(lambda text: {"type": "refusal", "refusal": text}, texts),
        max_size=3,
    )
)
calls = st.builds(
    lambda id, name, arguments: {
        "id": id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    },
    texts,
    texts,
    texts | st.just('{"a": 1}'),
)
messages = st.one_of(
    st.builds(
        lambda role, content: {"role": role, "content": content},
        st.sampled_from(["system", "developer"]),
        contents,
    ),
    st.builds(lambda content: {"role": "user", "content": content}, contents),
    st.builds(
        lambda content, tool_calls, thought: {
            "role": "assistant",
            "content": content,
            "tool_calls": tool_calls,
            "reasoning_content": thought,
        },
        contents,
        st.lists(calls, max_size=3),
        st.none() | texts,
    ),
    st.builds(lambda id, content: {"role": "tool", "tool_call_id": id, "content": content}, texts, contents),
    st.builds(lambda name, content: {"role": "function", "name": name, "content": content}, texts, contents),
    st.builds(
        lambda rest: {"role": "assistant", "content": "x", **rest},
        st.dictionaries(texts, json_values, max_size=2),
    ),
)


@pytest.mark.slow
@given(st.lists(messages, max_size=6))
def test_openai_messages_come_back_as_they_were(conversation: list[dict[str, object]]) -> None:
    conversation = [
        message | {"role": message["role"] if isinstance(message["role"], str) else "user"}
        for message in conversation
    ]
    run = Trajectory.from_openai_messages(conversation)
    assert run.to_openai_messages() == conversation
    assert run.turn_count == sum(message["role"] == "assistant" for message in conversation)
    assert {step.source_index for step in run.steps} == set(range(len(conversation)))
