"""From a finding to a suggestion: fills the table of texts with the finding's own names, numbers and words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reflector._text import one_line
from reflector.reflection.models import Priority, Suggestion, SuggestionType
from reflector.reflection.rule_texts import REASONING_TEXTS, TEXTS, RuleText
from reflector.trajectories.analysis import FailurePoint, ReasoningIssue, Severity, TrajectoryAnalysis
from reflector.trajectories.findings.wording import at_steps, content_words, listed
from reflector.trajectories.step import StepKind

__all__ = ["Case", "advise", "advise_on_reasoning", "passage_about"]

_PRIORITY = {
    Severity.CRITICAL: Priority.HIGH,
    Severity.HIGH: Priority.HIGH,
    Severity.MEDIUM: Priority.MEDIUM,
    Severity.LOW: Priority.LOW,
}
_TICKED = re.compile(r"`([^`\n]{1,80})`")
_QUOTED = re.compile(r"“([^”]{3,400})”")
_SECONDS = re.compile(r"\b(\d{1,4})[ -]?(s|secs?|seconds?|minutes?|min)\b", re.IGNORECASE)
_LIMIT_WORDS = re.compile(r"limit|time-?out|timed out|within|at most|killed|exceed", re.IGNORECASE)
_LIMIT = re.compile(r"([A-Za-z_]{1,40})\W{1,3}(\d{1,9})")
_MISSING_MODULE = re.compile(r"No module named '?([\w.]{1,80})")
_NOT_THERE = re.compile(r"FileNotFound|No such file|not found|does not exist", re.IGNORECASE)
_SUBMISSION = re.compile(r"submission: (\w{1,60}) was")
_THING = re.compile(r"again \(([^)]{2,60})\)")
_GENERIC = frozenset(("tool_exit_code", "tool_error", "tool_exception"))
_SOLUTION = re.compile(
    r"\b(?:expected|(?:correct|right|reference) answer|ground truth|gold|target|solution|should (?:be|have been))\b",
    re.IGNORECASE,
)
_MANY_ADMISSIONS = 3
_MEANINGFUL = 2
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

    @property
    def tool(self) -> str:
        """The tool that the finding is about."""
        return next(iter(_TICKED.findall(self.finding.description)), "tool")

    @property
    def quote(self) -> str:
        return one_line(self.finding.evidence, _MAX_QUOTE)

    @property
    def passage(self) -> str:
        """The passage of the prompt that the finding quotes; empty if it quotes none."""
        return next(
            (text for text in _QUOTED.findall(self.finding.description) if text[:60] in self.prompt), ""
        )


def advise(case: Case) -> Suggestion | None:
    """Return the suggestion that follows from a finding, or None if no change of the prompt does."""
    key = _variant(case)
    rule = TEXTS.get(key) if key is not None else None
    if rule is None:
        return None
    finding = case.finding
    where = f" at {at_steps(finding.step_indices, most=6)}" if finding.step_indices else ""
    shown = f"{where}: the record says “{case.quote}”" if case.quote else where
    also = f" Also in run {listed(case.elsewhere, most=4)}." if case.elsewhere else ""
    fields = _fields(case)
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
    quote = one_line(issue.evidence, _MAX_QUOTE)
    grave = issue.severity in (Severity.HIGH, Severity.CRITICAL)
    where = at_steps(issue.step_indices, most=6)
    return Suggestion(
        type=SuggestionType.ADD,
        category=rule.category,
        description=f"{rule.do} (finding `{issue.type.value}` at {where}).",
        rationale=f"{issue.description} Run {analysis.trajectory_id} says “{quote}”.",
        priority=Priority.MEDIUM if grave else Priority.LOW,
        specific_text=_filled(rule.text, {"quote": quote}),
        target_section=passage_about(prompt, rule.about),
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


def _filled(text: str, fields: dict[str, str]) -> str:
    return " ".join(text.split()).format(**fields)


def _target(case: Case, rule: RuleText, fields: dict[str, str]) -> str | None:
    if rule.about == "{passage}" and not case.passage:
        return None
    return passage_about(case.prompt, _filled(rule.about, fields))


def _variant(case: Case) -> str | None:
    """The key of the text for a finding: its rule, or what its evidence makes of it."""
    rule, evidence = case.finding.rule, case.finding.evidence
    if rule in _GENERIC:
        if _MISSING_MODULE.search(evidence):
            return "missing_module"
        if "NameError" in evidence:
            return "undefined_name"
        return "missing_path" if _NOT_THERE.search(evidence) else "tool_exception" if evidence else None
    if rule == "prompt_rule_broken":
        return "talks_and_calls" if "both spoke" in case.finding.description else "calls_together"
    if rule == "admitted_mistake":
        return "admitted_mistakes" if len(case.finding.step_indices) >= _MANY_ADMISSIONS else None
    if rule == "low_score" and not _says_why(case):
        return None
    if rule in ("feedback", "low_score"):
        return "feedback" if _lesson(case) else None
    return "limit_reached" if rule == "run_timeout" else rule


def _says_why(case: Case) -> bool:
    """Whether the explanation of a score is more than the answer itself."""
    run = case.analysis.trajectory
    if run is None:
        return False
    said = {step.content.strip() for step in run.steps[-6:]}
    told = [(score.explanation or "").strip() for score in run.scores]
    return any(text and text not in said and text.startswith(case.finding.evidence[:80]) for text in told)


def _lesson(case: Case) -> str:
    """What a piece of feedback teaches: the solution it gives away stays out of the prompt, and so does a lesson that
    another finding on the missing submission already holds."""
    said = _SOLUTION.split(case.finding.evidence, maxsplit=1)[0].strip(" ,;:-(\n")
    unsubmitted = any(point.rule == "no_submission" for point in case.analysis.failure_points)
    known = unsubmitted and "submit" in said.lower()
    return "" if known or len(content_words(said)) < _MEANINGFUL else one_line(said, _MAX_QUOTE)


def _fields(case: Case) -> dict[str, str]:
    """Everything that the texts may name."""
    offered = case.analysis.trajectory.tools if case.analysis.trajectory is not None else None
    limit = _run_limit(case)
    named = _SUBMISSION.search(case.finding.description)
    thing = _THING.search(case.finding.description)
    missing = _MISSING_MODULE.search(case.finding.evidence)
    seconds = _time_limit(case)
    return {
        "tool": case.tool,
        "quote": case.quote,
        "short": one_line(case.finding.evidence, 80),
        "tools": f" ({_named(case.tools)})" if case.tools else "",
        "offered": _named(offered or case.tools, most=20),
        "lesson": _lesson(case),
        "passage": case.passage,
        "passage_start": one_line(case.passage, 80),
        "name": named.group(1) if named else "submit",
        "thing": f"the {thing.group(1)}" if thing else "what they were asked for",
        "missing": missing.group(1) if missing else "",
        "stopped": f"after {seconds}" if seconds else "when it takes too long",
        "limit": f"after {limit}" if limit else "at a fixed limit",
        "limit_in_brackets": f" ({limit})" if limit else "",
        **_lost_names(case),
    }


def _named(tools: tuple[str, ...], most: int = 6) -> str:
    return listed([f"`{name}`" for name in tools], most=most)


def _run_limit(case: Case) -> str | None:
    """The limit that ended the run, as `50 messages`."""
    run = case.analysis.trajectory
    limit = run.limit if run is not None else None
    match = _LIMIT.search(limit or "")
    if match is None:
        return limit
    unit = match.group(1).lower()
    return f"{match.group(2)} {unit if unit.endswith('s') else f'{unit}s'}"


def _time_limit(case: Case) -> str | None:
    """How long a call may take, when a text says so."""
    for text in (case.finding.evidence, case.task, case.prompt):
        for match in _SECONDS.finditer(text[:100_000]):
            if _LIMIT_WORDS.search(text[max(0, match.start() - 60) : match.end() + 60]):
                return (
                    f"{match.group(1)} {'minutes' if match.group(2).lower().startswith('m') else 'seconds'}"
                )
    return None


def _lost_names(case: Case) -> dict[str, str]:
    """The names of a finding on lost names, apart: what was imported and what was defined."""
    if case.finding.rule != "lost_names":
        return {}
    names = _TICKED.findall(case.finding.description)[1:]
    code = "\n".join(_code(case.analysis))
    imported = [
        name
        for name in names
        if re.search(rf"^\s*(?:import|from)\b.*\b{re.escape(name)}\b", code, re.MULTILINE)
    ]
    defined = [name for name in names if name not in imported]
    modules = ", ".join(f"`import {name}`" for name in imported)
    return {
        "names": _named(tuple(names)),
        "imports": f"all the imports it uses ({modules})" if imported else "all the imports it uses",
        "definitions": "every variable and function it needs"
        + (f" ({_named(tuple(defined))})" if defined else ""),
    }


def _code(analysis: TrajectoryAnalysis) -> list[str]:
    """What the first calls of the run handed to their tools."""
    found: list[str] = []
    for step in analysis.trajectory.steps if analysis.trajectory is not None else ():
        if step.kind is StepKind.TOOL_CALL and isinstance(step.arguments, dict):
            found += [value[:4000] for value in step.arguments.values() if isinstance(value, str)]
        if len(found) > 200:
            break
    return found
