"""A decision as a page for people."""

from __future__ import annotations

from reflector.dispatch.decision import Candidate, Decision, Try

DECISION = Decision(
    provider="dear",
    reason="the only capable provider, $0.5 a task",
    candidates=(
        Candidate(provider="flaky", expected_cost=0.1, refusal="was tried: LLMServerError", failures=1),
        Candidate(provider="<dear>", expected_cost=0.5, credits=12.5, measured_latency=0.25, quality=0.9),
        Candidate(provider="dear", expected_cost=0.5, health="half_open", running=1, waiting=12),
    ),
    tries=(Try(provider="flaky", error="LLMServerError", message="it is\ndown", seconds=1.234),),
)


def test_as_text_it_says_who_was_chosen_tried_and_passed_over() -> None:
    assert str(DECISION) == (
        "dear: the only capable provider, $0.5 a task\n"
        "flaky failed after 1.23 s: LLMServerError: it is down\n"
        "\n"
        "provider  breaker    expected USD  credits USD  takes s  quality  run  wait  verdict\n"
        "flaky     closed              0.1            -        -        -    0     0  was tried: LLMServerError\n"
        "<dear>    closed              0.5         12.5     0.25      0.9    0     0  capable\n"
        "dear      half-open           0.5            -        -        -    1    12  chosen"
    )


def test_as_html_it_is_escaped() -> None:
    page = DECISION._repr_html_()
    assert "<td>&lt;dear&gt;</td>" in page
    assert page.count("<tr>") == 4
    assert "<ol><li>flaky failed after 1.23 s: LLMServerError: it is down</li></ol>" in page


def test_as_data_it_holds_what_was_said_and_is_read_back() -> None:
    assert DECISION.model_dump()["candidates"][0] == {
        "provider": "flaky",
        "expected_cost": 0.1,
        "failures": 1,
        "refusal": "was tried: LLMServerError",
    }
    assert Decision.model_validate_json(DECISION.model_dump_json()) == DECISION


def test_without_candidates_it_is_a_line() -> None:
    decision = Decision(provider="", reason="handles it itself")
    assert (str(decision), decision._repr_html_()) == (
        "nobody: handles it itself",
        "<p>nobody: handles it itself</p>",
    )
