from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflector.errors import ConfigurationError
from reflector.reflection.models import Confidence, ParsedReflection
from reflector.reflection.temperature import TemperatureRange, next_temperature, temperature_after

ranges = st.tuples(st.floats(0, 2), st.floats(0, 1), st.floats(0, 2)).map(
    lambda drawn: TemperatureRange(base=drawn[0], step=drawn[1], highest=drawn[0] + drawn[2])
)
outcomes = st.tuples(st.none() | st.sampled_from(Confidence), st.booleans())


@given(ranges, st.none() | st.floats(0, 5), outcomes)
def test_it_stays_within_its_bounds_and_a_good_answer_brings_it_back(
    bounds: TemperatureRange, current: float | None, outcome: tuple[Confidence | None, bool]
) -> None:
    confidence, is_repeated = outcome
    following = next_temperature(current, bounds, confidence=confidence, is_repeated=is_repeated)
    assert bounds.base <= following <= bounds.highest
    is_good = confidence in (Confidence.HIGH, Confidence.MEDIUM) and not is_repeated
    if is_good or current is None:
        assert following == bounds.base
    else:
        assert following >= min(current, bounds.highest) - 1e-9


def test_a_conversation_warms_up_while_it_is_weak_or_says_the_same() -> None:
    def said(text: str, confidence: Confidence) -> ParsedReflection:
        return ParsedReflection(analysis=text, confidence=confidence)

    bounds = TemperatureRange(base=0.2, step=0.3, highest=0.7)
    story = [
        (said("a", Confidence.LOW), 0.5),
        (said("b", Confidence.LOW), 0.7),
        (said("c", Confidence.LOW), 0.7),
        (said("d", Confidence.HIGH), 0.2),
        (said("d", Confidence.HIGH), 0.5),
        (said("e", Confidence.MEDIUM), 0.2),
    ]
    assert temperature_after([], bounds) == 0.2
    for count in range(1, len(story) + 1):
        assert temperature_after([each for each, _ in story[:count]], bounds) == story[count - 1][1]


@pytest.mark.parametrize(
    "options", [{"base": -1}, {"base": 1, "highest": 0.5}, {"step": -0.1}, {"highest": float("inf")}]
)
def test_senseless_bounds_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        TemperatureRange(**options)
