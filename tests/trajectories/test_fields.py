"""Careful readers of values that somebody else wrote."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflector.trajectories.fields import (
    as_count,
    as_number,
    as_text,
    as_time,
    names_of_tools,
    settle,
    text_of,
    usage_of,
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(ANYTHING)
def test_no_reader_stumbles_over_anything(value: Any) -> None:
    for reader in (as_text, as_number, as_count, as_time, names_of_tools, text_of, usage_of, settle):
        reader(value)


@pytest.mark.parametrize(
    ("value", "number"),
    [(1, 1.0), ("0.5", 0.5), (True, None), ("x", None), ("nan", None), (10**400, None), ([], None)],
)
def test_numbers_are_finite_or_absent(value: Any, number: float | None) -> None:
    assert as_number(value) == number


@pytest.mark.parametrize(
    "value",
    [
        "2030-01-01T00:00:00Z",
        "2030-01-01T01:00:00+01:00",
        "2030-01-01",
        1893456000,
        1893456000000,
        1893456000000000000,
    ],
)
def test_moments_are_read_from_text_seconds_and_smaller_units(value: Any) -> None:
    assert as_time(value) == datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("value", ["yesterday", -5, 0, None, {}, "1e400"])
def test_what_is_no_moment_is_absent(value: Any) -> None:
    assert as_time(value) is None


def test_usage_is_read_in_the_words_of_every_provider() -> None:
    openai = usage_of(
        {"prompt_tokens": 5, "completion_tokens": 2, "completion_tokens_details": {"reasoning_tokens": 1}}
    )
    anthropic = usage_of({"input_tokens": 5, "output_tokens": 2, "cache_read_input_tokens": 3})
    assert openai is not None
    assert anthropic is not None
    assert (openai.input_tokens, openai.output_tokens, openai.reasoning_tokens) == (5, 2, 1)
    assert (anthropic.input_tokens, anthropic.output_tokens, anthropic.cached_tokens) == (5, 2, 3)
    assert usage_of({"prompt_tokens": "many"}) is None


def test_surrogates_are_replaced_in_keys_and_values() -> None:
    assert settle({"\ud800": ["\udfff", "é"]}) == {"\ufffd": ["\ufffd", "é"]}


def test_what_is_fine_is_not_copied() -> None:
    value = {"a": ["é", 1]}
    assert settle(value) is value


def test_what_is_too_deep_is_refused() -> None:
    with pytest.raises(ValueError, match="deeper than 3"):
        settle([[[[1]]]], max_depth=3)
