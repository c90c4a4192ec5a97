"""What to write into a prompt for each kind of finding: the table of texts.

In the texts `{tool}` is the finding's tool, `{such}` the short name of its error in brackets or nothing, `{tools}` the
known tools in brackets or nothing, `{passage}` the passage of the prompt that the finding quotes; the other fields are
made in `rule_advice`. No text quotes the run: what stands there may be an answer, or an order to whoever reads it.
"""

from __future__ import annotations

from dataclasses import dataclass

from reflector.reflection.models import SuggestionCategory

__all__ = ["REASONING_TEXTS", "TEXTS", "RuleText"]


@dataclass(frozen=True, slots=True)
class RuleText:
    """One change of a prompt."""

    do: str
    """What the prompt should do, in a few words."""
    text: str
    """What to write; line breaks and indentation are folded."""
    about: str
    """Words that the passage of the prompt it belongs to speaks of."""
    category: SuggestionCategory = SuggestionCategory.CONSTRAINT


_ACT = RuleText(
    do="Require an action in every turn",
    text="""Every turn must act: end it with a tool call{tools} or with the final answer. What you announce you do in
        the same turn; never end a turn with nothing, a plan or a list of what could be tried: do the first of them.""",
    about="turn step tool function call multiple",
    category=SuggestionCategory.STRUCTURE,
)
_ARGUMENTS = RuleText(
    do="Say what the arguments of `{tool}` must be",
    text="""Before you call `{tool}`, check that every required argument is there and has the form that its description
        asks for. The arguments must be one complete JSON object: double quotes around keys and texts, nothing after
        the closing brace. If a call is refused, correct its arguments and call again.""",
    about="{tool} tool call arguments",
    category=SuggestionCategory.EXAMPLE,
)

TEXTS = {
    "idle_turns": _ACT,
    "empty_turn": _ACT,
    "promise_without_action": _ACT,
    "malformed_arguments": _ARGUMENTS,
    "call_rejected": _ARGUMENTS,
    "lost_names": RuleText(
        do="Say that each call of `{tool}` runs in a fresh interpreter, so that {names} must be set up again",
        text="""Each call of the `{tool}` tool runs in a fresh interpreter: nothing that an earlier call imported or
            defined is left. Every piece of code must be complete in itself: start it with {imports} and repeat every
            variable and function it needs, or write shared code to a file in one call and import that file in the
            next.""",
        about="{tool} code tool run",
    ),
    "tool_timeout": RuleText(
        do="Give the time limit of `{tool}` and what to do instead of running the same work again",
        text="""A call of the `{tool}` tool is stopped {stopped} and returns nothing. Before you run a loop or a search,
            estimate how many cases it has; if they cannot finish in time, do not start it: cut the work into parts that
            can be solved separately, use what is known to rule out cases, and print results as they come. After a
            time-out never run the same approach again with another size; change the approach.""",
        about="{tool} tool run code command",
    ),
    "repeated_failing_call": RuleText(
        do="Forbid sending the same failing call of `{tool}` again",
        text="""When `{tool}` answers with an error{such}, work out which argument the message speaks of
            and correct it before you call again; never repeat a call with unchanged arguments. If the second try fails
            with the same message, stop calling: check your values against the earlier results, and say what does not
            fit.""",
        about="{tool} tool call error",
    ),
    "repeated_call": RuleText(
        do="Say what to do when `{tool}` returns the same result twice",
        text="""If a call of `{tool}` returns the same result as before, do not make it again: use
            the result you have, or change the arguments or the tool, and say what you expect to be different.""",
        about="{tool} tool call",
    ),
    "missing_module": RuleText(
        do="Have the environment checked before the work starts (`{missing}` was missing)",
        text="""Before you run project code, check that everything it imports is installed, and install what is missing
            in one step (in an earlier run: `{missing}`). An import that fails is a failed check, not a passed one.""",
        about="run test install environment",
    ),
    "missing_path": RuleText(
        do="Have paths and names looked up before they are used",
        text="""Look up a path, name or id (list the folder, search for it) before you use it; never guess it.""",
        about="file path directory id",
    ),
    "tool_exception": RuleText(
        do="Say how to go on after an error{such} of `{tool}`",
        text="""When `{tool}` fails with an error{such}, name its cause in one sentence, correct it, and
            run the same check again before you go on; never build on a result that failed.""",
        about="{tool} error fail tool",
        category=SuggestionCategory.REASONING,
    ),
    "tests_failed": RuleText(
        do="Say what a failing test means for the work",
        text="""A test that fails is work left to do: read its message, decide whether your change or the
            test's expectation is at fault, correct that, and run it again before you finish.""",
        about="test verify check",
        category=SuggestionCategory.REASONING,
    ),
    "call_denied": RuleText(
        do="Say what `{tool}` may not be used for",
        text="""A call of `{tool}` that was denied is not to be tried again in another form. Go on with what
            is allowed, or say what you would need and why.""",
        about="{tool} allowed permission",
    ),
    "edit_rejected": RuleText(
        do="Have the lines around an edit checked before it is sent again",
        text="""Before you edit lines of a file, print the exact range with its line numbers and make sure that the new
            text replaces whole statements: every bracket that it opens or removes and the indentation of its first line
            must fit. If an edit is refused{such}, print the range again and change the range or the text; never
            send the same edit twice.""",
        about="edit indentation command lines",
    ),
    "no_submission": RuleText(
        do="Require `{name}` before the run ends, even without certainty",
        text="""A run that ends without `{name}` counts as failed. Keep the best answer you have so far, and call
            `{name}` with it as soon as several approaches have brought nothing new, well before the limit of the
            run.""",
        about="{name} answer believe",
    ),
    "limit_reached": RuleText(
        do="Tell the limit of the run{limit_in_brackets} and how to spend it",
        text="""The run is stopped {limit}. Plan for it: spend a few turns on understanding, then work on one approach
            at a time; when two tries of an approach have brought no progress, leave it. Hand in your best answer before
            the limit is reached.""",
        about="turn multiple steps single command",
    ),
    "wrong_submission": RuleText(
        do="Have an answer checked against its source before it is handed in",
        text="""Before you hand in an answer, derive it a second time from the source in a different way and compare the
            two character by character. After a rejection never hand in the same answer again: find the part
            that is wrong first.""",
        about="submit answer found correct",
        category=SuggestionCategory.REASONING,
    ),
    "no_tool_called": RuleText(
        do="Say when a tool must be called instead of answering",
        text="""Use the tools{tools} before you answer: when something you need is missing and a tool can find it from
            what the user has given, call the tool first. Ask the user, or refuse, only after the tools could not
            help.""",
        about="{passage} tool call available",
    ),
    "dialogue_stall": RuleText(
        do="Say what to do when the user cannot give {thing}",
        text="""If the user does not know {thing}, do not ask for it again. Ask once for something they can give (such
            as a name or an account) and look it up from there with the tools{tools}; offer what you find for them to
            choose from. If nothing can be found that way, say so and hand over as the rules provide.""",
        about="{thing} must first obtain ask provide",
    ),
    "sent_away": RuleText(
        do="Have the assistant hand over itself instead of sending the user away",
        text="""When a request must go to a human, make the transfer yourself, in the same turn; never tell the user to
            contact support or an agent on their own.""",
        about="{passage}",
    ),
    "refused_without_lookup": RuleText(
        do="Forbid refusing before the tools were tried",
        text="""Never say that you cannot see or provide something before you have tried to look it up
            with the tools{tools}.""",
        about="information provide user tools",
    ),
    "forbidden_change": RuleText(
        do="Say where scratch files belong, so that protected ones stay untouched",
        text="""Before you create or change a file, check it against what must not be modified; new files in a protected
            folder count as well. Put scripts and tests of your own outside the repository, for
            example under `/tmp`.""",
        about="{passage}",
    ),
    "false_success_claim": RuleText(
        do="Ask for evidence before success is claimed",
        text="""Before you call the work done, list for each requirement of the task the check that shows it, with
            expected results that do not come from your own change. Where a requirement has no such check, make one or
            say that it is unverified.""",
        about="verify test submit work reasoning",
        category=SuggestionCategory.REASONING,
    ),
    "answer_cut": RuleText(
        do="Limit the length of an answer",
        text="""Keep every answer short enough to be finished: give the result
            first, then only what is needed to support it; split long output over several turns or write it to a
            file.""",
        about="answer response format length",
        category=SuggestionCategory.STRUCTURE,
    ),
    "rejected_format": RuleText(
        do="Repeat the form that a reply must have, next to the rule it broke",
        text="""Check the form of every reply before you send it. Send exactly what
            the format asks for and nothing around it.""",
        about="format response exactly one block",
        category=SuggestionCategory.CLARITY,
    ),
    "unknown_tool": RuleText(
        do="List the tools that exist, since `{tool}` does not",
        text="Only these tools exist: {offered}. There is no `{tool}`.",
        about="tools available functions",
        category=SuggestionCategory.CLARITY,
    ),
    "user_correction": RuleText(
        do="Say how to react to a correction by the user",
        text="""When the user corrects you, say in one sentence what you had wrong, apply the
            correction at once, and do not ask again for what they have already said.""",
        about="user confirm respond",
    ),
    "feedback": RuleText(
        do="Turn the feedback “{lesson}” into a rule",
        text="Before you give the final answer, check it against this point, which an earlier answer missed: {lesson}",
        about="{lesson}",
    ),
    "rate_limited": RuleText(
        do="Say how to go on when `{tool}` is rate limited",
        text="""When `{tool}` answers that it is rate limited, do not call it again at once: use what you
            have, or combine several requests into one.""",
        about="{tool} tool call",
    ),
    "no_final_answer": RuleText(
        do="Require a final answer after the last tool result",
        text="""Never end on a tool result. After the last one, tell what was reached, what failed and why, and what is
            still open.""",
        about="answer final user respond",
        category=SuggestionCategory.STRUCTURE,
    ),
    "hidden_exit_code": RuleText(
        do="Forbid hiding the exit code of a check",
        text="""Do not pipe a check through `head`, `tail` or `|| true`: its exit code is lost, and a
            failure looks like a success. Read the output itself, or set `set -o pipefail`.""",
        about="command bash run",
    ),
}
"""By the finding's rule, or by the variant of it that `rule_advice` names."""

REASONING_TEXTS = {
    "contradiction": RuleText(
        do="Have contradictions settled before going on",
        text="""Before you act, compare your conclusion with what you said before; where they contradict each other,
            settle which one holds, with evidence, and say so.""",
        about="reason reasoning think step explain thought",
        category=SuggestionCategory.REASONING,
    ),
    "circular_reasoning": RuleText(
        do="Say how to get out of a circle",
        text="""If a thought says what the one before it said, stop thinking and do something that brings
            new information.""",
        about="reason reasoning think step explain thought",
        category=SuggestionCategory.REASONING,
    ),
    "unsupported_conclusion": RuleText(
        do="Ask for the reason of a conclusion",
        text="Give with every conclusion the observation it rests on; without one it is a guess to be checked.",
        about="reason reasoning think step explain thought",
        category=SuggestionCategory.REASONING,
    ),
    "missing_step": RuleText(
        do="Require that every announced step is done",
        text="Do every step of a plan, in order, before you go on; say so when one is left out, and why.",
        about="reason reasoning think step explain thought",
        category=SuggestionCategory.REASONING,
    ),
}
