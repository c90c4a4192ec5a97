from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reflector as rf
from reflector.errors import ConfigurationError
from reflector.reflection.models import Confidence, ParsedReflection
from reflector.reflection.temperature import temperature_after


def said(text: str, confidence: Confidence) -> ParsedReflection:
    return ParsedReflection(analysis=text, confidence=confidence)


@given(
    st.floats(0, 2),
    st.floats(0, 2),
    st.lists(st.builds(said, st.sampled_from("ab"), st.sampled_from(Confidence))),
    st.integers(0, 9),
)
def test_it_stays_within_its_bounds_and_a_good_answer_brings_it_back(
    base: float, room: float, story: list[ParsedReflection], tried: int
) -> None:
    highest = base + room
    temperature = temperature_after(story, base=base, highest=highest, tried=tried)
    assert base <= temperature <= highest or temperature == pytest.approx(base)
    good = [*story, said("new", Confidence.MEDIUM)]
    assert temperature_after(good, base=base, highest=highest) == base
    weaker = temperature_after([*story, said("newer", Confidence.LOW)], base=base, highest=highest)
    assert weaker >= temperature_after(story, base=base, highest=highest) - 1e-9


def test_a_conversation_warms_up_while_it_is_weak_or_says_the_same() -> None:
    story = [
        (said("a", Confidence.LOW), 0.4),
        (said("b", Confidence.LOW), 0.5),
        (said("c", Confidence.LOW), 0.5),
        (said("d", Confidence.HIGH), 0.2),
        (said("d", Confidence.HIGH), 0.4),
        (said("e", Confidence.MEDIUM), 0.2),
    ]
    assert temperature_after([], base=0.2, highest=0.5) == 0.2
    for count in range(1, len(story) + 1):
        heard = [each for each, _ in story[:count]]
        assert temperature_after(heard, base=0.2, highest=0.5) == story[count - 1][1]


@pytest.mark.parametrize(
    "options",
    [{"temperature": -1.0}, {"temperature": float("nan")}, {"highest_temperature": float("inf")}],
)
def test_senseless_temperatures_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        rf.ReflectorOptions(**options)  # type: ignore[arg-type]
