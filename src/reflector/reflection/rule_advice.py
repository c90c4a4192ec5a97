"""What to write into a prompt for each kind of finding, in words made from the finding itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reflector._text import one_line
from reflector.reflection.models import Priority, Suggestion, SuggestionCategory, SuggestionType
from reflector.trajectories.analysis import FailurePoint, Severity, TrajectoryAnalysis
from reflector.trajectories.findings.wording import at_steps, content_words, listed
from reflector.trajectories.step import StepKind

__all__ = ["Case", "advise", "passage_about"]

_PRIORITY = {
    Severity.CRITICAL: Priority.HIGH,
    Severity.HIGH: Priority.HIGH,
    Severity.MEDIUM: Priority.MEDIUM,
    Severity.LOW: Priority.LOW,
}
_TICKED = re.compile(r"`([^`\n]{1,80})`")
_QUOTED = re.compile(r"“([^”]{3,400})”")
_SECONDS = re.compile(r"\b(\d{1,4})[ -]?(s|sec|secs|seconds?|minutes?|min)\b(?=[^.\n]{0,40})", re.IGNORECASE)
_LIMIT_WORDS = re.compile(r"limit|time-?out|timed out|within|at most|killed|exceed", re.IGNORECASE)
_LIMIT = re.compile(r"([A-Za-z_]+)\W{1,3}(\d+)")


@dataclass(frozen=True, slots=True)
class Case:
    """One finding, the run it is about, and what else is known."""

    finding: FailurePoint
    analysis: TrajectoryAnalysis
    prompt: str
    task: str
    tools: tuple[str, ...]
    """Names of tools that this run or another one of the same prompt offered or called."""
    elsewhere: tuple[str, ...] = ()
    """Ids of other runs with the same kind of finding."""

    @property
    def tool(self) -> str:
        """The tool that the finding is about."""
        names = _TICKED.findall(self.finding.description)
        return names[0] if names else "tool"

    @property
    def quote(self) -> str:
        return one_line(self.finding.evidence, 160)


@dataclass(frozen=True, slots=True)
class Advice:
    """What to change, before it is written down as a suggestion."""

    do: str
    """What the prompt should do, as the end of a sentence."""
    text: str
    """The exact text for the prompt."""
    category: SuggestionCategory = SuggestionCategory.CONSTRAINT
    type: SuggestionType = SuggestionType.ADD
    about: str = ""
    """Words that the passage of the prompt it belongs to must speak of."""


def advise(case: Case) -> Suggestion | None:
    """Return the suggestion that follows from a finding, or None if no prompt could have prevented it."""
    write = _ADVICE.get(case.finding.rule)
    advice = write(case) if write is not None else None
    if advice is None:
        return None
    finding = case.finding
    where = f" at {at_steps(finding.step_indices, most=6)}" if finding.step_indices else ""
    shown = f", where the record says “{case.quote}”" if case.quote else ""
    also = f" Also in run {listed(case.elsewhere, most=4)}." if case.elsewhere else ""
    return Suggestion(
        type=advice.type,
        category=advice.category,
        description=f"{advice.do} (finding `{finding.rule}`{where}).",
        rationale=f"{finding.description} Run {case.analysis.trajectory_id}{where}{shown}.{also}",
        priority=_PRIORITY[finding.severity],
        specific_text=advice.text,
        target_section=passage_about(case.prompt, advice.about) if advice.about else None,
    )


def passage_about(prompt: str, words: str, *, least: int = 2) -> str | None:
    """Return the line of the prompt that speaks most of `words`, verbatim, or None if none does."""
    wanted = content_words(words)
    best, most = None, 0.0
    for line in prompt[:200_000].splitlines():
        text = line.strip().lstrip("-*•").strip()
        if not 8 <= len(text) <= 600 or text.startswith(("```", "<", "|")):
            continue
        held = content_words(text)
        shared = len(wanted & held)
        score = shared / (len(held) + 8) ** 0.5
        if shared >= min(least, len(wanted)) and score > most:
            best, most = text, score
    return best


def _named(tools: Sequence[str], most: int = 6) -> str:
    return listed([f"`{name}`" for name in tools], most=most)


def _lost_names(case: Case) -> Advice:
    names = [name for name in _TICKED.findall(case.finding.description)[1:]]
    code = "\n".join(_code(case))
    modules = [
        name
        for name in names
        if re.search(rf"^\s*(?:import|from)\b[^\n]*\b{re.escape(name)}\b", code, re.MULTILINE)
    ]
    defined = [name for name in names if name not in modules]
    imports = (
        f"all the imports it uses ({', '.join(f'`import {name}`' for name in modules)})"
        if modules
        else "all the imports it uses"
    )
    rest = (
        f"every variable and function it needs ({', '.join(f'`{name}`' for name in defined)})"
        if defined
        else "every variable and function it needs"
    )
    return Advice(
        do=f"Say that each call of `{case.tool}` runs in a fresh interpreter, so that {_named(names)} must be set up again",
        text=f"Each call of the `{case.tool}` tool runs in a fresh interpreter: nothing that an earlier call imported or defined is "
        f"left. Every piece of code must be complete in itself: start it with {imports} and repeat {rest}, or write shared code "
        f"to a file in one call and import that file in the next.",
        about=f"{case.tool} code tool run",
    )


def _code(case: Case) -> list[str]:
    trajectory = case.analysis.trajectory
    if trajectory is None:
        return []
    found = []
    for step in trajectory.steps:
        if step.kind is StepKind.TOOL_CALL and isinstance(step.arguments, dict):
            found += [value[:4000] for value in step.arguments.values() if isinstance(value, str)]
        if len(found) > 200:
            break
    return found


def _time_limit(case: Case) -> str | None:
    """How long a call may take, when a text says so."""
    for text in (case.finding.evidence, case.task, case.prompt):
        for match in _SECONDS.finditer(text[:100_000]):
            if _LIMIT_WORDS.search(text[max(0, match.start() - 60) : match.end() + 60]):
                unit = "minutes" if match.group(2).lower().startswith("m") else "seconds"
                return f"{match.group(1)} {unit}"
    return None


def _tool_timeout(case: Case) -> Advice:
    limit = _time_limit(case)
    number = len(case.finding.step_indices)
    stopped = f"after {limit}" if limit else "when it takes too long"
    return Advice(
        do=f"Give the time limit of `{case.tool}` and what to do instead of running the same work again",
        text=f"A call of the `{case.tool}` tool is stopped {stopped} and returns nothing (“{case.quote or 'timeout'}”). Before "
        f"running a loop or a search, estimate how many cases it has; if they cannot finish in time, do not start it: cut the "
        f"work into parts that can be solved separately, use what is known to rule out cases, and print results as they come. "
        f"After {'one time-out' if number < 2 else 'a time-out'} never run the same approach again with a different size; "
        f"change the approach.",
        about=f"{case.tool} tool run code command",
    )


def _repeated_failing_call(case: Case) -> Advice:
    return Advice(
        do=f"Forbid sending the same failing call of `{case.tool}` again",
        text=f"When `{case.tool}` answers with an error (such as “{case.quote}”), work out which argument the message speaks of and "
        f"correct that argument before you call it again; never repeat a call with unchanged arguments. If the second try fails "
        f"with the same message, stop calling: check your numbers against the earlier results, and say what does not fit.",
        about=f"{case.tool} tool call error",
    )


def _repeated_call(case: Case) -> Advice:
    return Advice(
        do=f"Say what to do when `{case.tool}` returns the same result twice",
        text=f"If a call of `{case.tool}` returns the same result as before (as for “{case.quote}”), do not make it again: use the "
        f"result you have, or change the arguments or the tool, and say what you expect to be different.",
        about=f"{case.tool} tool call",
    )


def _tool_exception(case: Case) -> Advice:
    message = case.quote
    missing = re.search(r"No module named '?([\w.]+)", message)
    if missing:
        return Advice(
            do=f"Have the environment checked before the work starts (`{missing.group(1)}` was missing)",
            text=f"Before you run project code, check that what it imports is installed, and install everything that is missing in one "
            f"step (in an earlier run: `{missing.group(1)}`). A failing import is a failed check, not a passed one.",
            about="run test install environment",
        )
    if "NameError" in message:
        return Advice(
            do=f"Require imports and definitions at the head of every piece of code for `{case.tool}`",
            text=f"Before sending code to `{case.tool}`, check that every module and name it uses is imported or defined above its first "
            f"use (an earlier run failed with “{message}”).",
            about=f"{case.tool} code",
        )
    if re.search(r"FileNotFound|No such file|not found", message):
        return Advice(
            do="Have paths looked up before they are used",
            text=f"Look up a path or name (list the folder, search for it) before you use it; an earlier run failed with “{message}”.",
            about="file path directory",
        )
    return Advice(
        do=f"Say how to go on after “{one_line(message, 60)}” of `{case.tool}`",
        text=f"When `{case.tool}` fails with a message such as “{message}”, name its cause in one sentence, correct that cause, and run "
        f"the same check again before you go on; do not continue on a result that failed.",
        category=SuggestionCategory.REASONING,
        about=f"{case.tool} error fail tool",
    )


def _edit_rejected(case: Case) -> Advice:
    return Advice(
        do="Have the lines around an edit checked before it is sent again",
        text=f"Before you edit lines of a file, print the exact range with its line numbers and make sure that the new text replaces "
        f"whole statements: every bracket that it opens or removes and the indentation of its first line must fit. If an edit is "
        f"refused (“{case.quote}”), print the range again and change the range or the text; never send the same edit twice.",
        about="edit indentation command lines",
    )


def _idle_turns(case: Case) -> Advice:
    tools = f" ({_named(case.tools)})" if case.tools else ""
    return Advice(
        do="Require an action in every turn",
        text=f"Every turn must act: end it with a tool call{tools} or with the final answer. Never end a turn with a plan, a summary or "
        f"a list of things that could be tried; do the first of them in the same turn. Nobody answers “{case.quote}” for you.",
        category=SuggestionCategory.STRUCTURE,
        about="turn step tool function call multiple",
    )


def _no_submission(case: Case) -> Advice:
    named = re.search(r"ask for (\w+)", case.finding.description)
    name = named.group(1) if named else "submit"
    return Advice(
        do=f"Require `{name}` before the run ends, even without certainty",
        text=f"A run that ends without `{name}` counts as failed. Keep the best answer you have so far, and call `{name}` with it as "
        f"soon as several approaches have brought nothing new, well before the limit of the run.",
        about=f"{name} answer believe",
    )


def _limit_reached(case: Case) -> Advice:
    run = case.analysis.trajectory
    limit = run.limit if run is not None and run.limit else None
    match = _LIMIT.search(limit) if limit else None
    said = f"{match.group(2)} {match.group(1)}s" if match and not match.group(1).endswith("s") else limit
    return Advice(
        do=f"Tell the limit of the run{f' ({said})' if said else ''} and how to spend it",
        text=f"The run is stopped{f' after {said}' if said else ' at a fixed limit'}. Plan for it: spend a few turns on understanding, "
        f"then work on one approach at a time; when two tries of an approach have brought no progress, leave it. Hand in your best "
        f"answer before the limit is reached.",
        about="turn multiple steps single command",
    )


def _wrong_submission(case: Case) -> Advice:
    return Advice(
        do="Have an answer checked against its source before it is handed in",
        text=f"Before you hand in an answer, derive it a second time from the source in a different way and compare the two character by "
        f"character. After a rejection (“{case.quote}”) never hand in the same answer again: find the part that is wrong first.",
        category=SuggestionCategory.REASONING,
        about="submit answer found correct",
    )


def _no_tool_called(case: Case) -> Advice:
    passage = next(iter(_QUOTED.findall(case.finding.description)), "")
    names = f" ({_named(case.tools)})" if case.tools else ""
    return Advice(
        do="Say when a tool must be called instead of answering",
        text=f"Use the tools{names} before you answer: when something you need is missing and a tool can find it from what the user has "
        f"given, call the tool first. Ask the user, or refuse, only after the tools could not help.",
        about=passage or "tool call available",
    )


def _dialogue_stall(case: Case) -> Advice:
    thing = next(iter(re.findall(r"again \(([^)]{2,60})\)", case.finding.description)), "")
    what = f"the {thing}" if thing else "it"
    tools = f" with {_named(case.tools)}" if case.tools else " with the tools"
    return Advice(
        do=f"Say what to do when the user cannot give {what}",
        text=f"If the user does not know {what}, do not ask for it again. Ask once for something they can give (such as their user id or "
        f"name) and look {what} up{tools}; offer what you find for them to choose from. If nothing can be found that way, say so and "
        f"hand over as the rules provide.",
        about=f"{thing} must first obtain ask provide",
    )


def _user_gave_up(case: Case) -> Advice:
    return Advice(
        do="Say how to finish a request that stalls, before the user leaves",
        text=f"Do not let a conversation end unsolved: before the user leaves (“{case.quote}”), name what is still open and take the next "
        f"step you can take yourself.",
        about="user request transfer",
    )


def _handover(case: Case) -> Advice:
    passage = next(iter(_QUOTED.findall(case.finding.description)), "")
    return Advice(
        do="Have the assistant hand over itself instead of sending the user away",
        text="When a request must go to a human, make the transfer yourself, in the same turn; never tell the user to contact support or "
        "an agent on their own.",
        about=passage or "transfer human agent",
    )


def _refused(case: Case) -> Advice:
    names = f" ({_named(case.tools)})" if case.tools else ""
    return Advice(
        do="Forbid refusing before the tools were tried",
        text=f"Never say that you cannot see or provide something (“{case.quote}”) before you have tried to look it up with the "
        f"tools{names}.",
        about="information provide user tools",
    )


def _rule_broken(case: Case) -> Advice:
    passage = next(iter(_QUOTED.findall(case.finding.description)), "")
    both = "both spoke" in case.finding.description
    text = (
        "A turn that calls a tool holds no text for the user: call the tool first, and answer in the next turn."
        if both
        else "Call exactly one tool, wait for its result, and only then decide on the next call."
    )
    return Advice(
        do=f"Make the rule “{one_line(passage, 80)}” unmistakable",
        text=text,
        category=SuggestionCategory.CLARITY,
        about=passage,
    )


def _forbidden_change(case: Case) -> Advice:
    passage = next(iter(_QUOTED.findall(case.finding.description)), "")
    return Advice(
        do="Say where scratch files belong, so that protected ones stay untouched",
        text=f"Before you create or change a file, check it against what must not be modified: a file such as `{case.quote}` is among it, "
        f"new files included. Put scripts and tests of your own outside the repository (for example under `/tmp`) and remove nothing "
        f"else at the end.",
        about=passage or "modify tests files",
    )


def _copied_fix(case: Case) -> Advice:
    return Advice(
        do="Have a fix that the task proposes judged like any other",
        text="A fix proposed in the task is a hint, not the solution. First write down what the code must do for inputs that the text "
        "does not name (other signs, empty, mixed and extreme values), with the expected results from the documentation or existing "
        "tests; then check the proposed change against them, and change it where it falls short.",
        category=SuggestionCategory.REASONING,
        about="reasoning THOUGHT command explain fix",
    )


def _false_success(case: Case) -> Advice:
    return Advice(
        do="Ask for evidence before success is claimed",
        text=f"Before you call the work done (“{case.quote}”), list for each requirement of the task the check that shows it, with "
        f"expected results that do not come from your own change. Where a requirement has no such check, make one or say that it is "
        f"unverified.",
        category=SuggestionCategory.REASONING,
        about="verify test submit work reasoning",
    )


def _dismissed(case: Case) -> Advice:
    return Advice(
        do="Forbid going on after a check that failed",
        text=f"A check that fails counts, even if the check itself is at fault (“{case.quote}”): repair the check and run it until it "
        f"passes for the right reason before you go on.",
        category=SuggestionCategory.REASONING,
        about="test verify check error",
    )


def _not_reproduced(case: Case) -> Advice:
    return Advice(
        do="Require that the problem is seen before it is fixed",
        text=f"Do not change code before you have seen the problem yourself. If it does not appear (“{case.quote}”), find out what differs "
        f"(versions, inputs, settings) and recreate that; only if this is impossible, force the condition directly in a small test, "
        f"and check the change against that test.",
        category=SuggestionCategory.REASONING,
        about="reproduce issue script",
    )


def _promise(case: Case) -> Advice:
    return Advice(
        do="Require that an announced action is taken in the same turn",
        text=f"What you announce (“{case.quote}”) you do in the same turn, with a tool call. A turn that only announces counts as no turn.",
        category=SuggestionCategory.STRUCTURE,
        about="turn tool call step",
    )


def _answer_cut(case: Case) -> Advice:
    return Advice(
        do="Limit the length of an answer",
        text="Keep every answer short enough to be finished: give the result first, then only what is needed to support it; split long "
        "output over several turns or write it to a file.",
        category=SuggestionCategory.STRUCTURE,
        about="answer response format length",
    )


def _format(case: Case) -> Advice:
    return Advice(
        do="Repeat the form that a reply must have, next to the rule it broke",
        text=f"Check the form of every reply before sending it: it was rejected before (“{case.quote}”). Send exactly what the format "
        f"asks for and nothing around it.",
        category=SuggestionCategory.CLARITY,
        about="format response exactly one block",
    )


def _arguments(case: Case) -> Advice:
    return Advice(
        do=f"Show the arguments of `{case.tool}` once in full",
        text=f"The arguments of `{case.tool}` must be one complete JSON object: double quotes around keys and texts, line breaks inside "
        f"texts written as \\n, nothing after the closing brace. If a call was refused, correct its arguments and call again.",
        category=SuggestionCategory.EXAMPLE,
        about=f"{case.tool} tool call arguments",
    )


def _unknown_tool(case: Case) -> Advice:
    offered = case.analysis.trajectory.tools if case.analysis.trajectory is not None else None
    return Advice(
        do=f"List the tools that exist, since `{case.tool}` does not",
        text=f"Only these tools exist: {_named(offered or case.tools, most=20)}. There is no `{case.tool}`.",
        category=SuggestionCategory.CLARITY,
        about="tools available functions",
    )


def _correction(case: Case) -> Advice:
    return Advice(
        do="Say how to react to a correction by the user",
        text=f"When the user corrects you (“{case.quote}”), say in one sentence what you had wrong, apply the correction at once, and do "
        f"not ask again for what they have already said.",
        about="user confirm respond",
    )


def _feedback(case: Case) -> Advice:
    return Advice(
        do=f"Turn the feedback “{one_line(case.finding.evidence, 80)}” into a rule",
        text=f"Before you give the final answer, check it against this point, which an earlier answer missed: {case.quote}",
        about=case.finding.evidence,
    )


def _low_score(case: Case) -> Advice | None:
    run = case.analysis.trajectory
    told = [score.explanation for score in (run.scores if run is not None else ()) if score.explanation]
    said = [step.content.strip() for step in run.steps[-6:]] if run is not None else []
    if not any(
        text and text.strip() not in said and text.strip().startswith(case.finding.evidence[:80])
        for text in told
    ):
        return None  # The explanation repeats the answer: it says that it was wrong, and not why.
    return _feedback(case)


def _truncated(case: Case) -> Advice:
    return Advice(
        do=f"Have large outputs of `{case.tool}` read in parts",
        text=f"Outputs of `{case.tool}` are cut when they are long (“{case.quote}”). Ask for less: a range of lines, a search for the name "
        f"you need, or the first and last lines; do not conclude anything from the part that was cut.",
        about=f"{case.tool} file view output",
    )


def _rate_limited(case: Case) -> Advice:
    return Advice(
        do=f"Say how to go on when `{case.tool}` is rate limited",
        text=f"When `{case.tool}` answers that it is rate limited (“{case.quote}”), do not call it again at once: use what you have, or "
        f"combine several requests into one.",
        about=f"{case.tool} tool call",
    )


def _no_answer(case: Case) -> Advice:
    return Advice(
        do="Require a final answer after the last tool result",
        text="Never end on a tool result. After the last one, tell what was reached, what failed and why, and what is still open.",
        category=SuggestionCategory.STRUCTURE,
        about="answer final user respond",
    )


def _hidden_code(case: Case) -> Advice:
    return Advice(
        do="Forbid hiding the exit code of a check",
        text=f"Do not pipe a check through `head`, `tail` or `|| true`: its exit code is lost, and a failure such as “{case.quote}” looks "
        f"like a success. Read the output itself, or set `set -o pipefail`.",
        about="command bash run",
    )


_ADVICE: dict[str, Callable[[Case], Advice | None]] = {
    "lost_names": _lost_names,
    "tool_timeout": _tool_timeout,
    "repeated_failing_call": _repeated_failing_call,
    "repeated_call": _repeated_call,
    "tool_exception": _tool_exception,
    "tool_exit_code": _tool_exception,
    "tool_error": _tool_exception,
    "tests_failed": _tool_exception,
    "call_denied": _tool_exception,
    "call_rejected": _arguments,
    "malformed_arguments": _arguments,
    "edit_rejected": _edit_rejected,
    "idle_turns": _idle_turns,
    "no_submission": _no_submission,
    "limit_reached": _limit_reached,
    "run_timeout": _limit_reached,
    "wrong_submission": _wrong_submission,
    "no_tool_called": _no_tool_called,
    "dialogue_stall": _dialogue_stall,
    "user_gave_up": _user_gave_up,
    "sent_away": _handover,
    "refused_without_lookup": _refused,
    "prompt_rule_broken": _rule_broken,
    "forbidden_change": _forbidden_change,
    "copied_fix": _copied_fix,
    "false_success_claim": _false_success,
    "dismissed_failure": _dismissed,
    "not_reproduced": _not_reproduced,
    "promise_without_action": _promise,
    "answer_cut": _answer_cut,
    "rejected_format": _format,
    "unknown_tool": _unknown_tool,
    "user_correction": _correction,
    "feedback": _feedback,
    "low_score": _low_score,
    "output_truncated": _truncated,
    "rate_limited": _rate_limited,
    "no_final_answer": _no_answer,
    "hidden_exit_code": _hidden_code,
}
