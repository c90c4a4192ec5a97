"""Evaluations in columns: what goes in comes out, also by way of the log."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

import reflector as rf
from reflector._json import dumps, loads
from reflector.optimizer.evaluation import Evaluation
from reflector.optimizer.evaluations import Evaluations

RECORD = rf.Trajectory.from_openai_messages([{"role": "user", "content": "?"}])
VALUES = {
    "feedback": st.text(min_size=1),
    "objectives": st.dictionaries(st.text(), st.floats(0, 1), min_size=1),
    "output": st.text() | st.integers(0, 9) | st.lists(st.booleans()),
    "trajectory": st.just(RECORD),
    "usage": st.builds(rf.Usage, input_tokens=st.integers(0, 9), calls=st.integers(1, 3)),
    "error": st.text(),
    "seconds": st.floats(0.001, 9),
}


@st.composite
def evaluations(draw: st.DrawFn) -> Evaluations:
    rows = draw(st.lists(st.integers(0, 9), unique=True, max_size=4))
    found = Evaluations({row: draw(st.floats(-1, 1)) for row in rows})
    for name, values in VALUES.items():
        for row in rows:
            if draw(st.booleans()):
                getattr(found, name)[row] = draw(values)
    return found


@given(evaluations())
@settings(max_examples=30, deadline=None)
def test_the_log_gives_back_what_was_written(found: Evaluations) -> None:
    again = Evaluations.from_dict(loads(dumps(found.to_dict())))
    assert list(again.items()) == list(found.items())
    assert again.to_dict() == found.to_dict()


@given(evaluations(), evaluations())
@settings(max_examples=30, deadline=None)
def test_further_rows_bring_all_of_their_columns(first: Evaluations, second: Evaluations) -> None:
    new = [row for row in second if row not in first]
    expected = dict(first) | {row: second[row] for row in new}
    first.update(second, new)
    assert dict(first) == expected
    assert first.count(range(10)) == len(first)
    assert first.scores(range(10)) == [expected[row].score for row in sorted(expected)]


def test_most_rows_are_a_score_and_an_output_without_a_json_form_is_kept_as_text() -> None:
    found = Evaluations({4: 0.5, 2: 1.0})
    assert found.to_dict() == {"rows": [4, 2], "score": [0.5, 1.0]}
    assert found[2] == Evaluation(1.0)
    found.output[2] = object()
    (nothing, text) = found.to_dict()["output"]
    assert nothing is None
    assert text.startswith("<object object")
