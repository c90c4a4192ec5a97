"""A plan holds every chunk once, what matters most first, within windows and costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reflector as rf
from reflector.clifford.task import CliffordOperation
from reflector.code.chunk import Chunk, Chunks
from reflector.code.chunking import chunk_text
from reflector.code.embedder import HashingEmbedder
from reflector.errors import ConfigurationError, InputError
from reflector.tasks.payloads import CodeEvolutionTask, CodeReflectionTask
from reflector.tasks.planning import PlanOptions, plan
from reflector.tasks.table import ProviderSpec

SOURCE = """\
def parse_header(text):
    return text.split(":")


def parse_headers(text):
    return [parse_header(line) for line in text.splitlines()]


def send(message):
    return parse_headers(message)


def draw_circle(canvas, radius):
    canvas.circle(radius)
"""


def chunks() -> Chunks:
    made = chunk_text("m.py", SOURCE.encode()).chunks
    return Chunks(made, HashingEmbedder().embed([each.document for each in made]))


def planned(group: rf.TaskGroup) -> list[Chunk]:
    assert isinstance(group.payload, CodeReflectionTask)
    return list(group.payload.code_chunks)


def test_every_chunk_stands_in_one_group_the_most_referred_to_first() -> None:
    made = plan(chunks())
    assert sorted(chunk.id for group in made for chunk in planned(group)) == sorted(
        each.id for each in chunks()
    )
    assert [group.priority for group in made] == sorted((group.priority for group in made), reverse=True)
    assert made.left_out == 0
    assert made.quality is not None
    assert len({group.origin.plan for group in made}) == 1
    assert planned(made[0])[0].name == "parse_header"


def test_groups_are_those_of_a_leader_and_all_that_are_alike() -> None:
    made = plan(chunks(), similarity_threshold=0.3)
    vectors = HashingEmbedder()
    for group in made:
        leader, *others = (vectors.embed([chunk.document])[0] for chunk in planned(group))
        assert all(float(leader @ other) >= 0.3 - 1e-6 for other in others)
    assert len(made) < len(plan(chunks(), similarity_threshold=0.99))


@given(st.integers(1, 5), st.integers(60, 400))
@settings(max_examples=20, deadline=None)
def test_limit_and_budget_hold_and_nothing_is_lost(limit: int, max_tokens: int) -> None:
    made = plan(chunks(), limit=limit, max_tokens=max_tokens, similarity_threshold=-1)
    shown = [chunk.id for group in made for chunk in planned(group)]
    assert len(shown) == len(set(shown)) == min(limit, len(chunks()))
    assert made.left_out == len(chunks()) - len(shown)
    assert all(sum(chunk.tokens for chunk in planned(group)) <= max_tokens for group in made)


def test_the_estimate_is_the_question_itself() -> None:
    small, large = plan(chunks(), similarity_threshold=-1), plan(chunks(), similarity_threshold=0.99)
    assert len(small) == 1 < len(large)
    assert small[0].estimate is not None
    assert large[0].estimate is not None
    code = sum(chunk.tokens for chunk in chunks())
    assert code < small[0].estimate.input_tokens < code * 2 + 900
    assert large.estimate.input_tokens > small.estimate.input_tokens


def test_each_group_has_its_position() -> None:
    groups = plan(chunks(), similarity_threshold=0.99)
    places = plan(chunks(), similarity_threshold=0.99, task_type="clifford_operation")
    for group, place in zip(groups, places, strict=True):
        assert isinstance(group.payload, CodeReflectionTask)
        assert isinstance(place.payload, CliffordOperation)
        multivector = rf.clifford.from_wire(group.payload.multivector)
        np.testing.assert_allclose(multivector.grade(1).values, multivector.values)
        assert sorted(round(each, 6) for each in multivector.coefficients.values()) == sorted(
            each for each in place.payload.vector_values if each
        )


@pytest.mark.anyio
async def test_a_position_can_be_executed() -> None:
    (place, *_) = plan(chunks(), task_type="clifford_operation")
    result = await rf.execute(place.to_task().payload)
    assert result.value.coefficients


def test_code_evolution_is_a_task_for_each_chunk_and_needs_a_goal() -> None:
    made = plan(chunks(), task_type="code_evolution", goal="Add type hints.", limit=2)
    assert [group.goal for group in made] == ["Add type hints."] * 2
    assert made.left_out == len(chunks()) - 2
    for group in made:
        assert isinstance(group.payload, CodeEvolutionTask)
        assert "send(message)" in group.payload.context["definitions"]
        lines = SOURCE.splitlines(keepends=True)[group.payload.start_line - 1 :]
        assert "".join(lines).startswith(group.payload.code_snippet)
    with pytest.raises(InputError, match="goal"):
        plan(chunks(), task_type="code_evolution")


def test_what_goes_over_several_lines_is_plainly_cut_in_the_surroundings() -> None:
    source = b'''from math import (
    pi,
)
from re import match

LIMIT = 3
NAMES = [
    "one",
]
TEXT = """\\
several lines
"""


def area(radius):
    return pi * radius
'''
    made = chunk_text("m.py", source).chunks
    vectors = HashingEmbedder().embed([each.document for each in made])
    (*_, group) = plan(Chunks(made, vectors), task_type="code_evolution", goal="Add type hints.")
    assert isinstance(group.payload, CodeEvolutionTask)
    assert group.payload.context["imports"] == ["from math import ( …", "from re import match"]
    assert group.payload.context["variables"] == ["LIMIT = 3", "NAMES = [ …", 'TEXT = """\\ …']


# --- providers ------------------------------------------------------------------------------------------------


def spec(name: str = "cheap", **fields: Any) -> ProviderSpec:
    return ProviderSpec(name=name, kind="echo", **fields)


def test_costs_are_expected_for_each_provider() -> None:
    made = plan(
        chunks(), providers=[spec(cost_in=1e-6, cost_out=2e-6), spec("dear", cost_in=1e-5), spec("free")]
    )
    total = made.estimate
    assert made.expected_cost == pytest.approx(
        {
            "cheap": total.input_tokens * 1e-6 + total.output_tokens * 2e-6,
            "dear": total.input_tokens * 1e-5,
            "free": 0.0,
        }
    )
    assert "cheap: about $" in str(made)


def test_a_plan_stays_within_its_cost_and_drops_what_matters_least() -> None:
    whole = plan(chunks(), similarity_threshold=0.99, providers=[spec(cost_in=1e-6, cost_out=1e-6)])
    cost = whole.expected_cost["cheap"]
    assert cost is not None
    part = plan(
        chunks(), similarity_threshold=0.99, providers=[spec(cost_in=1e-6, cost_out=1e-6)],
        options=PlanOptions(cost_usd=cost * 0.6),
    )  # fmt: skip
    assert 0 < len(part) < len(whole)
    assert part.left_out == len(whole) - len(part)
    assert (part.expected_cost["cheap"] or 0) <= cost * 0.6
    assert [planned(group) for group in part] == [planned(group) for group in whole[: len(part)]]


def test_groups_shrink_to_the_largest_window() -> None:
    wide = plan(chunks(), similarity_threshold=-1)
    narrow = plan(chunks(), similarity_threshold=-1, providers=[spec(context_window=2150)])
    assert len(wide) == 1 < len(narrow)
    for group in narrow:
        assert group.estimate is not None
        assert group.estimate.input_tokens + group.estimate.output_tokens <= 2150
    with pytest.raises(ConfigurationError, match="2000 tokens"):
        plan(chunks(), providers=[spec(context_window=2000)])


def test_somebody_of_the_table_has_to_do_such_tasks() -> None:
    with pytest.raises(ConfigurationError, match="algebra"):
        plan(chunks(), providers=[ProviderSpec(name="algebra", kind="clifford")])


def test_a_model_without_known_prices_has_no_expected_cost() -> None:
    made = plan(chunks(), providers=[ProviderSpec(name="m", kind="model", model="x/y")])
    assert made.expected_cost == {"m": None}
    assert "m: unknown" in made.to_text()


# --- bad input ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [None, 3, "src", b"src", [1], ["def f(): ..."]])
def test_a_plan_is_made_of_chunks(source: Any) -> None:
    with pytest.raises(InputError, match="CodeIndex"):
        plan(source)


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 0},
        {"limit": True},
        {"limit": 1.5},
        {"task_type": "poem"},
        {"similarity_threshold": 2},
        {"max_tokens": 0},
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        plan(chunks(), **options)


@pytest.mark.parametrize("task_type", ["code_reflection", "clifford_operation"])
def test_no_code_is_an_empty_plan(task_type: Any) -> None:
    made = plan([], task_type=task_type)
    assert (len(made), made.left_out) == (0, 0)
    assert "0 task groups" in made.to_text()


def test_an_index_is_planned_from_too(tmp_path: Any) -> None:
    (tmp_path / "m.py").write_text(SOURCE)
    with rf.CodeIndex.build_sync(tmp_path, store=tmp_path / "i.db") as index:
        made = plan(index, task_type="code_reflection", similarity_threshold=0.7, max_tokens=4000)
    assert [planned(group) for group in made] == [planned(group) for group in plan(chunks())]
    assert made._repr_html_().startswith("<pre>")
