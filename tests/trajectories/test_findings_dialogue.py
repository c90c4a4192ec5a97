"""Checks of the conversation, of the turns, of the prompt's rules and of the assistant's claims."""

from __future__ import annotations

import pytest

from reflector.trajectories.analysis import FailurePoint, Severity
from reflector.trajectories.analyzer import analyze
from reflector.trajectories.step import Step, StepKind
from reflector.trajectories.trajectory import Trajectory


def _said(*texts: str) -> list[Step]:
    """User and assistant in turn, the user first."""
    kinds = (StepKind.USER, StepKind.MESSAGE)
    return [
        Step(kind=kinds[number % 2], content=text, turn=number if number % 2 else None)
        for number, text in enumerate(texts)
    ]


def _call(name: str, result: str = "ok", **arguments: object) -> list[Step]:
    return [
        Step(kind=StepKind.TOOL_CALL, name=name, arguments=arguments),
        Step(kind=StepKind.TOOL_RESULT, name=name, content=result),
    ]


def _points(steps: list[Step], **fields: object) -> dict[str, FailurePoint]:
    return {
        point.rule: point
        for point in analyze(Trajectory.new("run", steps=tuple(steps), **fields)).failure_points
    }


STALL = (
    "Please change the address of my parcel.",
    "Could you please give me the tracking number?",
    "I don't have the tracking number, can you find it some other way?",
    "I am sorry, I need the tracking number to go on.",
    "I can't remember it.",
    "Without it I cannot help. Please provide the tracking number.",
)


def test_asking_again_for_what_the_user_cannot_give_is_a_stall() -> None:
    point = _points(_said(*STALL))["dialogue_stall"]
    assert (point.severity, point.step_indices) == (Severity.HIGH, (3, 5))
    assert "tracking number" in point.description
    assert "steps 2 and 4" in point.description
    assert point.evidence == "I am sorry, I need the tracking number to go on."


def test_asking_with_what_was_looked_up_is_no_stall() -> None:
    steps = _said(*STALL[:3])
    steps += _call("find_parcels", "[{'id': 1}, {'id': 2}]")
    steps += [
        Step(kind=StepKind.MESSAGE, content="Which tracking number is yours, 1 or 2?"),
        *_said("I don't know."),
    ]
    assert "dialogue_stall" not in _points(steps)


def test_asking_for_something_else_is_no_stall() -> None:
    steps = _said("Hi", "What is your order number?", "I don't know it.", "Then please tell me your name?")
    assert "dialogue_stall" not in _points(steps)


def test_the_same_question_after_an_answer_that_names_nothing_is_a_stall() -> None:
    question = "To find the product I need the revenue of each product for March."
    steps = _said(
        "Which one?", "Could you tell me the revenue of each product for March?", "No idea.", question
    )
    assert _points(steps)["dialogue_stall"].evidence == question


def test_a_prompt_that_speaks_of_tools_and_a_run_that_calls_none() -> None:
    prompt = "You are a clerk. Use the available tools to look things up. Be polite."
    point = _points(_said("Where is my parcel?", "I cannot say."), prompt=prompt)["no_tool_called"]
    assert point.severity is Severity.HIGH
    assert "“Use the available tools to look things up.”" in point.description
    assert point.step_indices == (1,)


@pytest.mark.parametrize(
    "prompt", ["Answer with yes or no.", "You write about garden tools and their history.", None]
)
def test_a_prompt_without_tools_asks_for_no_call(prompt: str | None) -> None:
    assert "no_tool_called" not in _points(_said("Hello?", "Yes"), prompt=prompt)


def test_refusing_before_looking_is_found_and_refusing_after_it_is_not() -> None:
    refusal = Step(kind=StepKind.MESSAGE, content="I'm unable to provide your balance.")
    question = Step(kind=StepKind.USER, content="My balance, please.")
    assert _points([question, refusal, *_call("get_user")])["refused_without_lookup"].step_indices == (1,)
    assert "refused_without_lookup" not in _points([question, *_call("get_user"), refusal])


def test_sending_the_user_away_instead_of_transferring() -> None:
    prompt = "Transfer the user to a human agent if you cannot help."
    steps = _said("Refund me.", "Please contact customer support for that.")
    assert "Transfer the user to a human agent" in _points(steps, prompt=prompt)["sent_away"].description
    assert "sent_away" not in _points([*steps, *_call("transfer_to_human")], prompt=prompt)


def test_a_long_line_of_a_prompt_is_quoted_where_it_speaks_of_tools() -> None:
    rules = "; ".join(f"be polite to guest {number}" for number in range(40))
    prompt = f"You are a clerk.\n{rules}; use the available tools to look things up; be brief."
    point = _points(_said("Where is it?", "I cannot say."), prompt=prompt)["no_tool_called"]
    assert "“use the available tools to look things up; be brief.”" in point.description


@pytest.mark.parametrize("length", [4000, 12_000])
def test_what_is_said_at_the_end_of_a_long_message_is_read(length: int) -> None:
    refusal = "I cannot access your account."
    steps = [*_said("My balance?", f"{'Let us see. ' * (length // 12)}{refusal}"), *_call("get_user")]
    assert _points(steps)["refused_without_lookup"].evidence == refusal


def test_corrections_by_the_user_are_quoted() -> None:
    point = _points(_said("Book it.", "Booked for Monday.", "That's not what I asked. I said Tuesday."))[
        "user_correction"
    ]
    assert (point.step_indices, point.evidence) == ((2,), "That's not what I asked.")


def test_the_same_nudge_again_means_that_the_model_does_not_act() -> None:
    nudge = "Please go on."
    steps = _said("Solve it.", "I could try this.", nudge, "Or that.", nudge, "Or both.", nudge)
    point = _points(steps)["idle_turns"]
    assert (point.severity, point.step_indices) == (Severity.HIGH, (1, 3, 5))
    assert point.evidence == "I could try this."


def test_a_rejected_submission_and_the_same_one_again() -> None:
    rejection = Step(kind=StepKind.USER, content="Your submission was incorrect. Try again.")
    steps = [*_call("submit", answer="42"), rejection, *_call("submit", answer="42"), rejection]
    point = _points(steps)["wrong_submission"]
    assert point.step_indices == (2, 5)
    assert "the same answer was handed in again" in point.description


def test_a_rejected_reply_format() -> None:
    steps = [
        Step(kind=StepKind.MESSAGE, content="I think so."),
        Step(kind=StepKind.USER, content="Format error: no action."),
    ]
    assert _points(steps)["rejected_format"].step_indices == (1,)


def test_an_announced_action_that_never_comes() -> None:
    steps = [
        *_call("sh", command="ls"),
        Step(kind=StepKind.MESSAGE, content="I see two files. Now I will run the tests."),
    ]
    assert _points(steps)["promise_without_action"].evidence == "Now I will run the tests."
    asks = [
        *_call("sh", command="ls"),
        Step(kind=StepKind.MESSAGE, content="I will run the tests. Is that all right?"),
    ]
    assert "promise_without_action" not in _points(asks)


def test_a_turn_is_not_told_both_as_idle_and_as_a_promise() -> None:
    nudge = "Please go on."
    steps = [*_call("sh", command="ls"), *_said("Solve it.", *["Let me run it.", nudge] * 3)]
    points = _points(steps)
    assert points["idle_turns"].step_indices == (3, 5, 7)
    assert "promise_without_action" not in points
    assert analyze(Trajectory.new("run", steps=tuple(steps))).reasoning_issues == ()


def test_an_empty_turn() -> None:
    steps = [Step(kind=StepKind.USER, content="Hi"), Step(kind=StepKind.MESSAGE, content=" ")]
    assert _points(steps)["empty_turn"].step_indices == (1,)


def _turn(content: str, *names: str) -> Trajectory:
    """One answer of the model, with its words and its calls in one message of OpenAI's shape."""
    calls = [
        {"id": name, "type": "function", "function": {"name": name, "arguments": "{}"}} for name in names
    ]
    results = [{"role": "tool", "tool_call_id": name, "content": "ok"} for name in names]
    answer = {"role": "assistant", "content": content, "tool_calls": calls}
    return Trajectory.from_openai_messages([{"role": "user", "content": "Hi"}, answer, *results])


def _broken(run: Trajectory, prompt: str) -> list[FailurePoint]:
    points = analyze(run, prompt=f"You are a clerk.\n{prompt}").failure_points
    return [point for point in points if point.rule == "prompt_rule_broken"]


@pytest.mark.parametrize(
    "rule",
    [
        "- If you make a tool call, you should not respond to the user simultaneously.",
        "If you respond to the user, you must not call a tool at the same time.",
        "Never write a message to the customer and call tools in the same turn.",
        "Don\u2019t combine a tool call with a reply to the user in one message.",
    ],
)
def test_words_beside_a_call_break_a_rule_that_forbids_them(rule: str) -> None:
    (point,) = _broken(_turn("One moment.\nI look.", "find"), rule)
    assert (point.severity, point.step_indices, point.evidence) == (Severity.LOW, (1,), "One moment.")
    assert f"“{rule.lstrip('- ')}”" in point.description
    assert _broken(_turn("", "find"), rule) == _broken(_turn("Hello."), rule) == []


@pytest.mark.parametrize(
    "rule",
    [
        "- You should only make one tool call at a time.",
        "Be brief. Call one tool at a time.",
        "Make at most one tool call per message.",
        "You must not make more than one function call in one response.",
        "Use exactly one tool per turn.",
    ],
)
def test_several_calls_in_a_turn_break_a_rule_that_allows_one(rule: str) -> None:
    (point,) = _broken(_turn("I look.", "find", "list"), rule)
    assert (point.step_indices, point.evidence) == ((3,), "list")
    assert point.description.endswith("yet several tools were called in one turn once (step 3).")
    assert _broken(_turn("I look.", "find"), rule) == []


@pytest.mark.parametrize(
    "prompt",
    [
        "Call tools as needed. Respond to the user in one message.",
        "You may make more than one tool call at a time, and respond to the user at the same time.",
        "You are not limited to only one tool call at a time.",
        "You need not make one tool call at a time.",
        "Make at least one tool call per turn.",
        "Only one tool call failed in the last run.",
        "Do not respond to the user before the tool call has returned.",
        "Do not reply to the user in two languages at the same time.",
        "Do not use the text tool and the search tool at the same time.",
    ],
)
def test_a_prompt_that_does_not_forbid_it_is_not_broken(prompt: str) -> None:
    assert _broken(_turn("I look.", "find", "list"), prompt) == []


def test_steps_whose_turn_nobody_knows_break_no_rule() -> None:
    steps = (Step(kind=StepKind.MESSAGE, content="One moment."), *_call("find"))
    rule = "If you make a tool call, you should not respond to the user simultaneously."
    assert _broken(Trajectory.new("run", steps=steps), rule) == []


def test_a_protected_file_that_was_written() -> None:
    prompt = "Fix the bug.\n- DO NOT MODIFY: tests, setup.cfg"
    steps = _call("bash", command="cat <<'EOF' > lib/tests/test_new.py\nassert True\nEOF")
    point = _points(steps, prompt=prompt)["forbidden_change"]
    assert (point.evidence, point.step_indices, point.severity) == (
        "lib/tests/test_new.py",
        (0,),
        Severity.MEDIUM,
    )
    undone = [*steps, *_call("bash", command="rm lib/tests/test_new.py")]
    assert "removed again at step 2" in _points(undone, prompt=prompt)["forbidden_change"].description
    assert "forbidden_change" not in _points(_call("bash", command="echo 1 > lib/fix.py"), prompt=prompt)


def test_claims_are_held_against_the_record() -> None:
    failed = [
        *_call("sh", "Error: disk full", command="./check"),
        Step(kind=StepKind.MESSAGE, content="But that's okay, it works correctly."),
    ]
    point = _points(failed, outcome="failure")["false_success_claim"]
    assert (point.severity, point.step_indices) == (Severity.HIGH, (2,))
    assert "false_success_claim" not in _points(failed)
