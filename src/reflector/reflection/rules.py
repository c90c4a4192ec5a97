"""The reflector that asks no model: suggestions that follow from the analysis by rules alone.

It finds what the record proves and says so; it cannot judge what the record does not show. Its answers carry
`parse_mode` "rules".
"""

from __future__ import annotations

from collections.abc import Sequence

from reflector._text import one_line
from reflector.reflection.confidence import level_of, needs_clarification, score_confidence
from reflector.reflection.models import (
    ParsedReflection,
    ParseMode,
    Priority,
    ReflectionRequest,
    Suggestion,
    SuggestionCategory,
    SuggestionType,
    Verbosity,
)
from reflector.reflection.rule_advice import Case, advise, advise_on_reasoning, passage_about
from reflector.trajectories.analysis import (
    ComparativeAnalysis,
    FailurePoint,
    ReasoningIssue,
    ReasoningIssueType,
    Severity,
    TrajectoryAnalysis,
)
from reflector.trajectories.findings.wording import listed
from reflector.trajectories.step import StepKind
from reflector.trajectories.trajectory import Outcome

__all__ = ["reflect_by_rules"]

_MOST = {Verbosity.BRIEF: 3, Verbosity.NORMAL: 7, Verbosity.DETAILED: 12}
_RANK = {severity: rank for rank, severity in enumerate(Severity)}
_PRIORITY_RANK = {priority: rank for rank, priority in enumerate(Priority)}
_CAUSES = 5
_LINES = 8


def reflect_by_rules(request: ReflectionRequest) -> ParsedReflection:
    """Return the reflection that follows from the analysis and the prompt: no model, no network, always the same.

    Each suggestion names the finding it follows from, with its steps and a quotation. A run without findings gives
    a reflection that says so, without suggestions.
    """
    cases = _cases(request)
    by_case = {number: advise(case) for number, case in enumerate(cases)}
    advised = [cases[number] for number, suggestion in by_case.items() if suggestion is not None]
    found = [suggestion for suggestion in by_case.values() if suggestion is not None]
    chosen = _chosen(_distinct([*found, *_further(request)]), request)
    told = [cases[number] for number, suggestion in by_case.items() if suggestion in chosen]
    parsed = ParsedReflection(
        analysis=_analysis(request, cases, advised),
        root_causes=tuple(_cause(case) for case in (told or cases)[:_CAUSES]),
        suggestions=tuple(chosen),
        expected_improvement=_expected(told),
        parse_mode=ParseMode.RULES,
        metadata={"rules": [case.finding.rule for case in cases]},
    )
    score = score_confidence(parsed)
    scored: ParsedReflection = parsed.replace(confidence_score=score, confidence=level_of(score))
    asked: ParsedReflection = scored.replace(needs_clarification=needs_clarification(scored))
    return asked


def _failed_runs(request: ReflectionRequest) -> list[TrajectoryAnalysis]:
    others = [other for other in request.other_analyses if other.outcome is not Outcome.SUCCESS]
    return [request.trajectory_analysis, *others]


def _cases(request: ReflectionRequest) -> list[Case]:
    """One case for each kind of finding, gravest first, with the runs that show it too."""
    runs = _failed_runs(request)
    tools = _tools([request.trajectory_analysis, *request.other_analyses])
    found: dict[tuple[str, str], tuple[FailurePoint, TrajectoryAnalysis, list[str]]] = {}
    for run in runs:
        for finding in run.failure_points:
            key = _kind(finding)
            if key not in found:
                found[key] = (finding, run, [])
            elif run.trajectory_id not in (found[key][1].trajectory_id, *found[key][2]):
                found[key][2].append(run.trajectory_id)
    prompt = request.original_prompt
    cases = [
        Case(finding, run, prompt, _task(request, run), tools, tuple(also))
        for finding, run, also in found.values()
    ]
    return sorted(cases, key=lambda case: (_RANK[case.finding.severity], -len(case.elsewhere)))


def _task(request: ReflectionRequest, run: TrajectoryAnalysis) -> str:
    return request.task_description or (run.trajectory.task if run.trajectory is not None else None) or ""


def _kind(finding: FailurePoint) -> tuple[str, str]:
    """Findings of the same kind lead to the same advice; feedback is a kind of its own for each text."""
    return finding.rule, finding.evidence if finding.rule in (
        "feedback",
        "low_score",
        "tool_exception",
        "tool_error",
    ) else ""


def _tools(analyses: Sequence[TrajectoryAnalysis]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for analysis in analyses:
        if analysis.trajectory is None:
            continue
        for name in analysis.trajectory.tools or ():
            names.setdefault(name)
        for step in analysis.trajectory.steps:
            if step.kind is StepKind.TOOL_CALL and step.name:
                names.setdefault(step.name)
    return tuple(names)


def _further(request: ReflectionRequest) -> list[Suggestion]:
    """What follows from the comparison with a passing run and from the reasoning."""
    analysis = request.trajectory_analysis
    found = []
    if analysis.comparison is not None:
        found += _from_comparison(analysis.comparison, request.original_prompt)
    return [*found, *_from_reasoning(analysis, request.original_prompt)]


def _from_comparison(comparison: ComparativeAnalysis, prompt: str) -> list[Suggestion]:
    fork = next(
        (difference for difference in comparison.differences if difference.aspect == "divergence"), None
    )
    only = next(
        (
            d
            for d in comparison.differences
            if d.aspect == "tool_usage" and isinstance(d.successful_value, list) and d.successful_value
        ),
        None,
    )
    if fork is None or only is None:
        return []
    names = listed([f"`{name}`" for name in only.successful_value])
    return [
        Suggestion(
            type=SuggestionType.ADD,
            category=SuggestionCategory.EXAMPLE,
            description=f"Show the way that worked: at the point of step {comparison.divergence_index} the passing run "
            f"{comparison.successful_id} used {names} (finding `divergence`).",
            rationale=fork.description,
            priority=Priority.HIGH,
            specific_text=f"When you come to this point, go on with {names} instead of answering from what is already "
            f"said: a run that did so reached its goal, one that did not failed.",
            target_section=passage_about(prompt, "tool call available use"),
        )
    ]


def _from_reasoning(analysis: TrajectoryAnalysis, prompt: str) -> list[Suggestion]:
    """One suggestion for each kind of issue; a promise that a finding tells already is left out."""
    first: dict[ReasoningIssueType, ReasoningIssue] = {}
    for issue in analysis.reasoning_issues:
        first.setdefault(issue.type, issue)
    if _promised(analysis):
        first.pop(ReasoningIssueType.MISSING_STEP, None)
    found = (advise_on_reasoning(issue, analysis, prompt) for issue in first.values())
    return [suggestion for suggestion in found if suggestion is not None]


def _promised(analysis: TrajectoryAnalysis) -> bool:
    return any(finding.rule == "promise_without_action" for finding in analysis.failure_points)


def _distinct(suggestions: Sequence[Suggestion]) -> list[Suggestion]:
    """The suggestions whose text was not suggested before."""
    return list({suggestion.specific_text: suggestion for suggestion in reversed(suggestions)}.values())[::-1]


def _chosen(suggestions: Sequence[Suggestion], request: ReflectionRequest) -> list[Suggestion]:
    focus = {area.strip().lower() for area in request.focus_areas}
    ordered = sorted(suggestions, key=lambda s: (s.category.value not in focus, _PRIORITY_RANK[s.priority]))
    return ordered[: _MOST[request.verbosity]]


def _analysis(request: ReflectionRequest, cases: Sequence[Case], advised: Sequence[Case]) -> str:
    run = request.trajectory_analysis
    runs = _failed_runs(request)
    others = f" and {len(runs) - 1} more of the same prompt" if len(runs) > 1 else ""
    told = f"{run.outcome.value}, {run.step_count} steps, {run.tool_call_count} tool calls"
    head = f"Derived by rules from the record, without a model: run {run.trajectory_id} ({told}){others}."
    if not cases:
        return f"{head} The record shows no failure that a rule could find: nothing to base a change of the prompt on."
    lines = [
        f"- {case.finding.severity.value}: {case.finding.description}{_also(case)}" for case in cases[:_LINES]
    ]
    if len(cases) > _LINES:
        lines.append(f"- and {len(cases) - _LINES} less grave ones")
    silent = dict.fromkeys(case.finding.rule for case in cases if case not in advised)
    if silent:
        lines.append(f"No change of the prompt follows by rule from: {', '.join(silent)}.")
    return f"{head} It shows {len(cases)} kinds of findings:\n" + "\n".join(lines)


def _also(case: Case) -> str:
    return f" (also in run {listed(case.elsewhere, most=4)})" if case.elsewhere else ""


def _cause(case: Case) -> str:
    quote = one_line(case.finding.evidence, 120)
    shown = f" Evidence: “{quote}”." if quote and quote not in case.finding.description else ""
    return f"{case.finding.description}{shown}"


def _expected(told: Sequence[Case]) -> str:
    if not told:
        return ""
    rules = listed(list(dict.fromkeys(f"`{case.finding.rule}`" for case in told)))
    steps = sum(len(case.finding.step_indices) for case in told)
    return (
        f"The findings {rules} ({steps} steps of these runs) should not occur again; this was not measured."
    )
