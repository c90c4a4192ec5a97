"""From a finding to a suggestion: fills the texts with names and numbers that are safe to put into a prompt."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reflector._text import one_line
from reflector.reflection.lessons import lesson_of
from reflector.reflection.models import Priority, Suggestion, SuggestionType
from reflector.reflection.rule_texts import REASONING_TEXTS, TEXTS, RuleText
from reflector.trajectories.analysis import (
    FailureCategory,
    FailurePoint,
    ReasoningIssue,
    Severity,
    TrajectoryAnalysis,
)
from reflector.trajectories.findings.wording import at_steps, content_words, listed
from reflector.trajectories.step import StepKind

__all__ = ["Case", "advise", "advise_on_reasoning", "passage_about"]

_PRIORITY = {
    Severity.CRITICAL: Priority.HIGH,
    Severity.HIGH: Priority.HIGH,
    Severity.MEDIUM: Priority.MEDIUM,
    Severity.LOW: Priority.LOW,
}
_NAME = re.compile(r"[\w.:/-]{1,64}")
_TICKED = re.compile(r"`([\w.:/-]{1,64})`")
_QUOTED = re.compile(r"“([^”]{3,400})”")
_SECONDS = re.compile(r"\b(\d{1,4})[ -]?(s|secs?|seconds?|minutes?|min)\b", re.IGNORECASE)
_LIMIT_WORDS = re.compile(r"limit|time-?out|timed out|within|at most|killed|exceed", re.IGNORECASE)
_LIMIT = re.compile(r"([A-Za-z_]{1,20})\W{1,3}(\d{1,9})")
_MISSING_MODULE = re.compile(r"No module named '?([\w.]{1,64})")
_NOT_THERE = re.compile(r"FileNotFound|No such file|not found|does not exist", re.IGNORECASE)
_SUBMISSION = re.compile(r"submission: (\w{1,60}) was")
_THING = re.compile(r"again \(([A-Za-z ]{2,60})\)")
_ERROR_NAME = re.compile(
    r"\b[A-Z][A-Za-z]{2,24}(?:Error|Exception|Warning|Expired|NotFound)\b|\b[EFW]\d{3}\b|\bHTTP [45]\d\d\b"
    r"|\bcommand not found\b|\bPermission denied\b|\bConnection refused\b|\b[45]\d\d (?=client|server)"
)
_GENERIC = frozenset(("tool_exit_code", "tool_error", "tool_exception"))
_MAX_QUOTE = 160


@dataclass(frozen=True, slots=True)
class Case:
    """One finding, the run it is about, and what else is known."""

    finding: FailurePoint
    analysis: TrajectoryAnalysis
    prompt: str
    task: str = ""
    tools: tuple[str, ...] = ()
    """Names of the tools that this run or another one of the same prompt offered or called."""
    elsewhere: tuple[str, ...] = ()
    """Ids of other runs with the same kind of finding."""
    runs: tuple[int, ...] = ()
    """Numbers of all failed runs with it."""

    @property
    def passage(self) -> str:
        """The passage of the prompt that the finding quotes; empty if it quotes none."""
        prompt = " ".join(self.prompt.split())
        return next((text for text in _QUOTED.findall(self.finding.description) if text in prompt), "")


def advise(case: Case) -> Suggestion | None:
    """Return the suggestion that follows from a finding, or None if no change of the prompt does."""
    rule = TEXTS.get(_variant(case))
    if rule is None:
        return None
    finding, fields = case.finding, _fields(case)
    where = f" at {at_steps(finding.step_indices, most=6)}" if finding.step_indices else ""
    quote = one_line(finding.evidence, _MAX_QUOTE)
    shown = f"{where}: the record says “{quote}”" if quote else where
    also = f" Also in run {listed(case.elsewhere, most=4)}." if case.elsewhere else ""
    return Suggestion(
        type=SuggestionType.ADD,
        category=rule.category,
        description=f"{_filled(rule.do, fields)} (finding `{finding.rule}`{where}).",
        rationale=f"{finding.description} Run {case.analysis.trajectory_id}{shown}.{also}",
        priority=_PRIORITY[finding.severity],
        specific_text=_filled(rule.text, fields),
        target_section=_target(case, rule, fields),
    )


def advise_on_reasoning(
    issue: ReasoningIssue, analysis: TrajectoryAnalysis, prompt: str
) -> Suggestion | None:
    """Return the suggestion that follows from an issue of the reasoning, or None if none does."""
    rule = REASONING_TEXTS.get(issue.type.value)
    if rule is None:
        return None
    grave = issue.severity in (Severity.HIGH, Severity.CRITICAL)
    return Suggestion(
        type=SuggestionType.ADD,
        category=rule.category,
        description=f"{rule.do} (finding `{issue.type.value}` at {at_steps(issue.step_indices, most=6)}).",
        rationale=f"{issue.description} Run {analysis.trajectory_id} says “{one_line(issue.evidence, _MAX_QUOTE)}”.",
        priority=Priority.MEDIUM if grave else Priority.LOW,
        specific_text=_filled(rule.text, {}),
        target_section=passage_about(prompt, rule.about),
    )


def passage_about(prompt: str, words: str) -> str | None:
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
        if shared >= min(2, len(wanted)) and score > most:
            best, most = text, score
    return best


def _filled(text: str, fields: dict[str, str]) -> str:
    return " ".join(text.split()).format(**fields)


def _target(case: Case, rule: RuleText, fields: dict[str, str]) -> str | None:
    if rule.about == "{passage}" and not case.passage:
        return None
    return passage_about(case.prompt, _filled(rule.about, fields))


def _variant(case: Case) -> str:
    """The key of the text for a finding: its rule, or what its evidence makes of it; empty for none."""
    finding = case.finding
    if finding.rule in _GENERIC:
        if _MISSING_MODULE.search(finding.evidence):
            return "missing_module"
        if finding.severity is Severity.LOW:  # a failure that was asked for, or overcome at once
            return ""
        return "missing_path" if _NOT_THERE.search(finding.evidence) else "tool_exception"
    if finding.rule in ("feedback", "low_score"):
        return "feedback" if _lesson(case) else ""
    return "limit_reached" if finding.rule == "run_timeout" else finding.rule


def _lesson(case: Case) -> str:
    """What feedback or the explanation of a score teaches, unless another finding teaches it."""
    finding, others = case.finding, {point.rule for point in case.analysis.failure_points}
    is_answer = finding.category is FailureCategory.UNKNOWN or bool(finding.step_indices)
    if finding.rule not in ("feedback", "low_score") or (finding.rule == "low_score" and is_answer):
        return ""
    lesson = lesson_of(finding.evidence, case.prompt)
    return "" if "no_submission" in others and "submit" in lesson.lower() else lesson


def _fields(case: Case) -> dict[str, str]:
    """Everything that the texts may name: short names, numbers and lines of the prompt, never a sentence of the run."""
    finding, run = case.finding, case.analysis.trajectory
    limit, seconds = _run_limit(run.limit if run is not None else None), _time_limit(case)
    named, thing = _SUBMISSION.search(finding.description), _thing(case)
    missing, error = _MISSING_MODULE.search(finding.evidence), _ERROR_NAME.search(finding.evidence)
    ticked = [name for name in _TICKED.findall(finding.description) if name not in case.passage] or ["tool"]
    return {
        "tool": ticked[0],
        "such": f" (such as `{error.group(0).strip()}`)" if error else "",
        "tools": f" ({_named(case.tools)})" if case.tools else "",
        "offered": _named((run.tools if run is not None else None) or case.tools, most=20),
        "lesson": _lesson(case),
        "passage": case.passage,
        "passage_start": one_line(case.passage, 80),
        "name": named.group(1) if named else "submit",
        "thing": f"the {thing}" if thing else "what they were asked for",
        "missing": missing.group(1) if missing else "",
        "stopped": f"after {seconds}" if seconds else "when it takes too long",
        "limit": f"after {limit}" if limit else "at a fixed limit",
        "limit_in_brackets": f" ({limit})" if limit else "",
        "names": _named(tuple(ticked[1:])),
        "imports": _imports(case.analysis, ticked[1:]),
    }


def _thing(case: Case) -> str:
    """What the user could not give, if the prompt speaks of it in these words."""
    match = _THING.search(case.finding.description)
    return (
        match.group(1)
        if match and all(word in case.prompt.lower() for word in match.group(1).split())
        else ""
    )


def _named(tools: tuple[str, ...], most: int = 6) -> str:
    return listed([f"`{name}`" for name in tools if _NAME.fullmatch(name)], most=most)


def _run_limit(limit: str | None) -> str | None:
    """The limit that ended the run, as `50 messages`."""
    match = _LIMIT.search(limit or "")
    if match is None:
        return None
    unit = match.group(1).lower()
    return f"{match.group(2)} {unit if unit.endswith('s') else f'{unit}s'}"


def _time_limit(case: Case) -> str | None:
    """How long a call may take, when a text says so."""
    for text in (case.finding.evidence, case.task, case.prompt):
        for match in _SECONDS.finditer(text[:100_000]):
            if _LIMIT_WORDS.search(text[max(0, match.start() - 60) : match.end() + 60]):
                unit = "minutes" if match.group(2).lower().startswith("m") else "seconds"
                return f"{match.group(1)} {unit}"
    return None


def _imports(analysis: TrajectoryAnalysis, names: list[str]) -> str:
    """The imports among the names of a finding on lost names."""
    steps = analysis.trajectory.steps[:400] if analysis.trajectory is not None else ()
    calls = (step.arguments for step in steps if step.kind is StepKind.TOOL_CALL)
    codes = (value for call in calls if isinstance(call, dict) for value in call.values())
    code = "\n".join(value[:4000] for value in codes if isinstance(value, str)) if names else ""
    found = [
        name
        for name in names
        if re.search(rf"^\s*(?:import|from)\b.*\b{re.escape(name)}\b", code, re.MULTILINE)
    ]
    shown = ", ".join(f"`import {name}`" for name in found)
    return f"all the imports it uses ({shown})" if shown else "all the imports it uses"
