"""Patterns against a matcher so plain that it cannot be wrong."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reflector.errors import InvalidPatternError
from reflector.signals.pattern import Pattern

_WORDS = st.sampled_from(["a", "b", "c", "model"])
_TYPES = st.lists(_WORDS, min_size=1, max_size=7)
_SEGMENTS = st.lists(st.one_of(_WORDS, st.sampled_from(["*", "**"])), min_size=1, max_size=7)


def _naive(pattern: list[str], segments: list[str]) -> bool:
    """Try every way to spread the segments over the pattern."""
    if not pattern:
        return not segments
    if pattern[0] == "**":
        return any(_naive(pattern[1:], segments[n:]) for n in range(len(segments) + 1))
    return bool(segments) and pattern[0] in ("*", segments[0]) and _naive(pattern[1:], segments[1:])


@given(_SEGMENTS, _TYPES)
def test_matches_exactly_what_the_naive_matcher_matches(pattern: list[str], segments: list[str]) -> None:
    assume(not any(pair == ("**", "**") for pair in itertools.pairwise(pattern)))
    assert Pattern(".".join(pattern)).matches(".".join(segments)) is _naive(pattern, segments)


@pytest.mark.parametrize(
    ("pattern", "signal_type", "expected"),
    [
        ("user.created", "user.created", True),
        ("user", "user.created", False),
        ("user.*", "user.a.b", False),
        ("audit.**", "audit", True),
        ("a.**.e", "a.e", True),
        ("a.**.e", "a.b.e.e", True),
        ("**", "anything.at.all", True),
        ("*", "two.segments", False),
        ("**.requested", "reflector.model.requested", True),
    ],
)
def test_the_cases_that_the_origin_answered_in_two_ways(
    pattern: str, signal_type: str, expected: bool
) -> None:
    assert Pattern(pattern).matches(signal_type) is expected


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "a*", "a.*b", "***", "a.**.**.b", 7, None])
def test_a_malformed_pattern_is_refused(text: object) -> None:
    with pytest.raises(InvalidPatternError):
        Pattern(text)  # type: ignore[arg-type]  wrong on purpose


def test_many_deep_wildcards_on_a_long_type_end_in_bounded_time() -> None:
    pattern = Pattern("**." + ".".join(["a", "**"] * 30) + ".z")
    assert not pattern.matches(".".join(["a"] * 2_000))


def test_equal_texts_are_equal_patterns() -> None:
    assert Pattern("a.*") == Pattern("a.*")
    assert len({Pattern("a.*"), Pattern("a.*"), Pattern("a.**")}) == 2
    assert repr(Pattern("a.*")) == "Pattern('a.*')"


def test_more_literal_segments_are_more_specific_then_fewer_deep_wildcards() -> None:
    matching = ["**", "a.**", "*.**", "a.*.**", "*.*", "a.*", "a.b"]
    ranked = sorted(matching, key=lambda text: Pattern(text).specificity, reverse=True)
    assert ranked == ["a.b", "a.*", "a.*.**", "a.**", "*.*", "*.**", "**"]
