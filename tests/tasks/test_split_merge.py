"""Splitting and merging: no line of code and no cent is lost, nothing is said twice, and what may be missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflector._json import dumps
from reflector.code.chunk import Chunk, ChunkKind
from reflector.dispatch.task import Estimate, Limits, TaskOutput
from reflector.errors import InputError, UnparsableReflectionError
from reflector.reflecting.reflection import Reflection
from reflector.reflecting.reflector import Reflector
from reflector.reflection.confidence import level_of
from reflector.reflection.models import Suggestion
from reflector.tasks.code_results import CodeReflection, CodeSuggestion
from reflector.tasks.group import TaskGroup
from reflector.tasks.merging import FailurePolicy, Merge, merge_results, merge_values, suggestions_of
from reflector.tasks.payloads import CodeReflectionTask, RolloutTask
from reflector.tasks.reducing import model_reduction
from reflector.tasks.results import GroupResult, TaskFailure
from reflector.tasks.splitting import split_group, tokens_of
from reflector.usage import Usage

pytestmark = pytest.mark.anyio

lines = st.lists(st.text(alphabet="ab =():\n\t é", max_size=30).map(lambda text: text + "\n"), max_size=30)


@st.composite
def code_groups(draw: st.DrawFn) -> TaskGroup:
    chunks, start = [], 1
    for text in draw(st.lists(lines.map("".join), min_size=1, max_size=5)):
        count = len(text.encode().splitlines()) or 1
        chunks.append(
            Chunk(path="a.py", language="python", kind=ChunkKind.FUNCTION, start_line=start,
                  end_line=start + count - 1, text=text, tokens=(len(text.encode()) + 3) // 4)
        )  # fmt: skip
        start += count
    payload = CodeReflectionTask(code_chunks=tuple(chunks))
    extra = draw(st.integers(0, 20))
    tokens = sum(chunk.tokens for chunk in chunks) + extra
    estimate = draw(
        st.sampled_from([None, Estimate(input_tokens=tokens, output_tokens=draw(st.integers(0, 9)))])
    )
    cost = draw(st.none() | st.floats(0, 10))
    return TaskGroup(payload=payload, estimate=estimate, limits=Limits(cost_usd=cost), goal="g", priority=3)


@given(code_groups(), st.integers(1, 200))
@settings(deadline=None)
def test_the_parts_of_a_group_are_its_code_once(group: TaskGroup, window: int) -> None:
    parts = split_group(group, window)
    code = sum(chunk.tokens for chunk in group.payload.code_chunks)  # type: ignore[union-attr]
    if tokens_of(group) <= window or window <= tokens_of(group) - code:
        assert parts == (group,)
        return
    whole = [chunk for part in parts for chunk in part.payload.code_chunks]  # type: ignore[union-attr]
    payload = group.payload
    assert isinstance(payload, CodeReflectionTask)
    assert "".join(chunk.text for chunk in whole) == "".join(chunk.text for chunk in payload.code_chunks)
    numbers = [n for chunk in whole if chunk.text for n in range(chunk.start_line, chunk.end_line + 1)]
    assert numbers == sorted(set(numbers))
    assert [(part.origin.parent, part.origin.part, part.origin.parts) for part in parts] == [
        (group.id, number, len(parts)) for number in range(1, len(parts) + 1)
    ]
    assert {(part.goal, part.priority) for part in parts} == {("g", 3)}
    for part in parts:  # each fits, unless a single line does not
        texts = [chunk.text for chunk in part.payload.code_chunks if chunk.text]  # type: ignore[union-attr]
        assert tokens_of(part) <= window or [len(text.encode().splitlines()) for text in texts] == [1]
    if group.limits.cost_usd is not None:
        shares = [part.limits.cost_usd for part in parts]
        assert sum(share or 0.0 for share in shares) == pytest.approx(group.limits.cost_usd)


def test_it_is_cut_between_chunks_then_between_statements() -> None:
    first, second = "def f():\n    a = 1\n    b = 2\n", "def g():\n    return 3\n\n\ndef h():\n    return 4\n"
    group = TaskGroup(id="g", payload=CodeReflectionTask(code_chunks=(first, second)))
    parts = split_group(group, 8)
    texts = [[chunk.text for chunk in part.payload.code_chunks] for part in parts]  # type: ignore[union-attr]
    assert texts == [[first], ["def g():\n    return 3\n\n\n"], ["def h():\n    return 4\n"]]
    assert [part.id for part in parts] == ["g/1", "g/2", "g/3"]
    other = TaskGroup(payload=RolloutTask(components={}))
    assert split_group(other, 1) == (other,)


# --- merging ---


def reflection(*descriptions: str, score: float = 0.5, line: int = 1) -> CodeReflection:
    suggestions = tuple(
        CodeSuggestion(
            type="modify", category="clarity", description=said, rationale="", path="a.py", start_line=line,
            end_line=line + 1,
        )
        for said in descriptions
    )  # fmt: skip
    return CodeReflection(analysis=f"analysis {score}", suggestions=suggestions, confidence_score=score)


def said(value: Any) -> list[str]:
    return [each.description for each in value.suggestions]


GUARD = "Check that the list is not empty before its first item is taken"
GUARD_TOO = "Check that the list is not empty before the first item is taken."
NAME = "Rename the variable x to row_count"


async def test_union_says_everything_once_vote_what_most_say_best_what_the_most_confident_says() -> None:
    values = [
        reflection(GUARD),
        reflection(GUARD_TOO, NAME, score=0.9),
        reflection(GUARD, line=50, score=0.1),
    ]
    union = await merge_values(values, "union")
    assert said(union) == [GUARD, NAME, GUARD]
    assert (union.confidence_score, union.analysis.count("analysis")) == (0.5, 3)
    assert said(await merge_values(values, "vote")) == [GUARD]
    assert said(await merge_values(values, "best")) == [GUARD_TOO, NAME]
    assert await merge_values(values[:1], "union") is values[0]


async def test_what_a_part_found_is_not_less_certain_for_the_parts_that_found_nothing() -> None:
    clean = [reflection(score=0.0)] * 9
    union = await merge_values([*clean, reflection(GUARD, score=0.9)], "union")
    assert (said(union), union.confidence_score, union.confidence) == ([GUARD], 0.9, "high")
    nothing = await merge_values(clean, "union")
    assert (nothing.confidence_score, nothing.confidence) == (0.0, "low")
    outvoted = await merge_values([*clean, reflection(GUARD, score=0.9)], "vote")
    assert (said(outvoted), outvoted.confidence) == ([], "low")


@pytest.mark.parametrize("score", [95, -0.1, float("nan")])
async def test_a_confidence_outside_of_its_range_is_not_averaged(score: float) -> None:
    """A program's value that is no reflection stays what it is."""
    odd = reflection(NAME).model_dump() | {"confidence_score": score}
    known = reflection(GUARD)
    assert (await merge_values([known, odd], "union")) == [known, odd]
    assert CodeReflection(analysis="").confidence == level_of(0.0)


@given(
    st.lists(
        st.builds(
            reflection,
            st.sampled_from([GUARD, GUARD_TOO, NAME, "Cache it"]),
            st.sampled_from([NAME, "Log the error"]),
            line=st.sampled_from([1, 2, 9]),
        ),
        min_size=1,
        max_size=5,
    )
)
@settings(deadline=None, max_examples=50)
def test_of_a_union_nothing_is_new_and_nothing_is_missing(values: list[CodeReflection]) -> None:
    known = suggestions_of(values)
    given_ones = [each for value in values for each in value.suggestions]
    assert all(each in given_ones for each, _ in known)
    assert len(known) == len({(each.place, each.description) for each, _ in known})
    for each in given_ones:
        assert any(other.path == each.path and _alike(other, each) for other, _ in known)
    assert sum(voices for _, voices in known) <= len(given_ones)
    assert suggestions_of([value for (value,) in zip(values, strict=True)]) == known


def _alike(one: Suggestion, other: Suggestion) -> bool:
    return {one.description, other.description} <= {GUARD, GUARD_TOO} or one.description == other.description


@pytest.mark.parametrize(
    ("values", "merge", "merged"),
    [
        ([1, 2, 2], "vote", 2),
        (["a", "b", "b"], "vote", "b"),
        ([{"confidence": 0.2}, {"confidence": 0.7, "x": 1}], "best", {"confidence": 0.7, "x": 1}),
        ([{"code_chunks": ["a"]}, {"code_chunks": ["a", "b"]}], "union", {"code_chunks": ["a", "a", "b"]}),
        (["one", "two", "one"], "union", "one\n\ntwo"),
        ([None, None], "union", None),
        ([1, 2], "union", [1, 2]),
        ([1, 2, 3], sum, 6),
    ],
)
async def test_other_values(values: list[Any], merge: Merge, merged: Any) -> None:
    assert await merge_values(values, merge) == merged


GROUP = TaskGroup(id="g", payload=RolloutTask(components={}))


def result(number: int, *, failed: bool = False, cost: float | None = 1.0) -> GroupResult:
    return GroupResult(
        id=f"g/{number}",
        task_type="rollout",
        status="failed" if failed else "completed",
        value=None if failed else [number],
        provider=f"p{number % 2}",
        usage=Usage(input_tokens=number, cost_usd=cost, calls=1),
        attempts=1,
        error=TaskFailure(type="TimeoutError", message="late", retryable=True) if failed else None,
    )


async def test_a_merged_result_adds_up_what_was_used() -> None:
    merged = await merge_results(GROUP, [result(1), result(2), result(3, cost=None)])
    assert (merged.id, merged.status, merged.value, merged.provider) == (
        "g",
        "completed",
        [1, 2, 3],
        "p1, p0",
    )
    assert (merged.cost_usd, merged.usage.input_tokens, merged.usage.calls, merged.attempts) == (2.0, 6, 3, 3)
    assert [part.id for part in merged.parts] == ["g/1", "g/2", "g/3"]


@given(st.lists(st.booleans(), min_size=1, max_size=7))
async def test_what_may_be_missing(failures: Sequence[bool]) -> None:
    results = [result(number, failed=failed) for number, failed in enumerate(failures)]
    done = failures.count(False)
    needed: dict[FailurePolicy, bool] = {
        "all": done == len(results),
        "quorum": 2 * done > len(results),
        "best_effort": done > 0,
    }
    for policy, is_enough in needed.items():
        merged = await merge_results(GROUP, results, on_failure=policy)
        assert merged.status == ("completed" if is_enough else "failed")
        assert merged.cost_usd == len(results)
        if not is_enough:
            assert merged.error is not None
            assert merged.error.type == "TimeoutError"
            assert f"{len(results) - done} of {len(results)} failed" in merged.error.message


async def test_a_merge_that_fails_is_a_failed_result_and_what_it_used_is_counted() -> None:
    def refuse(values: Sequence[Any]) -> Any:
        error = UnparsableReflectionError("no", reason="refusal")
        error.usage = Usage(cost_usd=0.5)
        raise error

    merged = await merge_results(GROUP, [result(1), result(2)], merge=refuse)
    assert merged.error is not None
    assert (merged.status, merged.error.type, merged.cost_usd) == ("failed", "UnparsableReflectionError", 2.5)
    merged = await merge_results(
        GROUP, [result(1), result(2)], merge=lambda values: TaskOutput(value=9, usage=Usage(cost_usd=0.25))
    )
    assert (merged.value, merged.cost_usd) == (9, 2.25)


async def test_a_models_reduction_keeps_word_for_word() -> None:
    asked: list[str] = []

    def model(messages: Any) -> str:
        asked.append(str(messages))
        return '{"analysis": "both in one", "keep": [2, 2, 99, "x"]}'

    reduce = model_reduction(model)
    output = await reduce([reflection(GUARD), reflection(NAME, score=0.9)])
    assert (said(output.value), output.value.analysis) == ([NAME], "both in one")
    assert output.usage.calls == 1
    assert GUARD in asked[0]
    assert (await reduce(["first", "second"])).value == "second"
    assert (await reduce(["alone"])).value == "alone"
    with pytest.raises(UnparsableReflectionError, match="none of the answers"):
        await model_reduction(lambda messages: "whatever")(["first", "second"])
    with pytest.raises(InputError, match="the rules cannot choose"):
        await model_reduction("rules")(["first", "second"])


async def test_a_reduction_may_keep_nothing_and_asks_nobody_about_nothing() -> None:
    asked: list[str] = []

    def model(messages: Any) -> str:
        asked.append(str(messages))
        return '{"analysis": "nothing is worth it", "keep": []}'

    output = await model_reduction(model)([reflection(GUARD), reflection(NAME)])
    assert (said(output.value), output.value.analysis) == ([], "nothing is worth it")
    nothing = await model_reduction(model)([reflection(), reflection()])
    assert (said(nothing.value), nothing.usage, len(asked)) == ([], Usage(), 1)
    with pytest.raises(UnparsableReflectionError, match="none of the answers"):
        await model_reduction(model)(["first", "second"])


def answering(*descriptions: str) -> Reflector:
    suggestions = [
        {
            "type": "add",
            "category": "clarity",
            "description": each,
            "specific_text": each,
            "rationale": "It failed.",
        }
        for each in descriptions
    ]
    answer = {"analysis": "It adds.", "root_causes": ["It adds wrongly."], "suggestions": suggestions}
    return Reflector(lambda messages: dumps(answer).decode())


async def test_reflections_on_a_prompt_are_one_with_edits_of_its_own() -> None:
    run = [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "5"}]
    units, steps, short = "State the unit of each result.", "Show each step of a sum.", "Answer in one word."
    values = [
        await answering(*said).reflect(run, prompt="Add.")
        for said in ((units, steps), (short, units), (units,))
    ]
    union = await merge_values(values, "union")
    assert isinstance(union, Reflection)
    assert said(union) == [units, steps, short]
    assert len(union.root_causes) == union.analysis.count("It adds.") == 1
    assert all(each in union.improved_prompt for each in (units, steps, short))
    assert len(union.suggestion_confidence) == 3
    assert union.usage == sum((each.usage for each in values), Usage())
    vote = await merge_values([value.model_dump(mode="json") for value in values], "vote")  # from programs
    assert isinstance(vote, Reflection)
    assert said(vote) == [units]
    assert steps not in vote.improved_prompt
    assert said(await merge_values(values, "best")) in [said(value) for value in values]
