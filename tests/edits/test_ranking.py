"""The origin's impact formula, exact by default."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflector.edits.drafting import impact_of
from reflector.edits.edit import EditOperation, ImpactWeights, LocationType
from reflector.reflection.models import Priority, Suggestion, SuggestionCategory, SuggestionType


def make(priority="high", category="clarity", text="exact"):
    return Suggestion(
        type="add", category=category, description="d", rationale="r", priority=priority, specific_text=text
    )


@pytest.mark.parametrize(
    ("suggestion", "location", "validated", "impact"),
    [
        (make(), LocationType.WITHIN, True, 0.30 + 0.25 * 0.9 + 0.20 + 0.15 * 0.9 + 0.10),
        (make("medium", "constraint"), LocationType.END, True, 0.18 + 0.25 * 0.85 + 0.20 + 0.15 * 0.7 + 0.10),
        (make("low", "structure", None), LocationType.REPLACE_ALL, False, 0.09 + 0.15 + 0.06 + 0.075),
        (make("high", "example", "  "), LocationType.AFTER, False, 0.30 + 0.175 + 0.06 + 0.15 * 0.75),
        (make("high", "reasoning"), LocationType.START, False, 0.30 + 0.20 + 0.20 + 0.12),
    ],
)
def test_impact_is_the_weighted_sum_of_the_origin(suggestion, location, validated, impact):
    assert impact_of(suggestion, EditOperation.INSERT, location, validated=validated) == pytest.approx(impact)


def test_specificity_without_exact_text_counts_the_content_or_the_target():
    plain = make(text=None)
    base = impact_of(plain, EditOperation.DELETE, LocationType.WITHIN)
    assert impact_of(plain, EditOperation.DELETE, LocationType.WITHIN, target="x") == pytest.approx(
        base + 0.2 * 0.3
    )
    assert impact_of(plain, EditOperation.INSERT, LocationType.WITHIN, text="x" * 21) == pytest.approx(
        base + 0.2 * 0.4
    )


@given(
    st.sampled_from(Priority),
    st.sampled_from(SuggestionCategory),
    st.sampled_from(SuggestionType),
    st.none() | st.text(),
    st.sampled_from(EditOperation),
    st.sampled_from(LocationType),
    st.booleans(),
    st.floats(0, 3),
)
def test_impact_stays_between_nought_and_one(
    priority, category, type, text, operation, location, validated, weight
):
    suggestion = Suggestion(
        type=type, category=category, description="", rationale="", priority=priority, specific_text=text
    )
    weights = ImpactWeights(priority=weight)
    impact = impact_of(suggestion, operation, location, validated=validated, weights=weights)
    assert 0 <= impact <= 1
