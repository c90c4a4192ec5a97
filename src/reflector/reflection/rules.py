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
from reflector.reflection.rule_advice import Case, advise, passage_about
from reflector.trajectories.analysis import (
    ComparativeAnalysis,
    FailurePoint,
    ReasoningIssueType,
    Severity,
    TrajectoryAnalysis,
)
from reflector.trajectories.findings.wording import at_steps, listed
from reflector.trajectories.step import StepKind
from reflector.trajectories.trajectory import Outcome

__all__ = ["reflect_by_rules"]

_MOST = {Verbosity.BRIEF: 3, Verbosity.NORMAL: 7, Verbosity.DETAILED: 12}
_RANK = {severity: rank for rank, severity in enumerate(Severity)}
_PRIORITY_RANK = {priority: rank for rank, priority in enumerate(Priority)}
_CAUSES = 5


def reflect_by_rules(request: ReflectionRequest) -> ParsedReflection:
    """Return the reflection that follows from the analysis and the prompt: no model, no network, always the same.

    Each suggestion names the finding it follows from, with its steps and a quotation. A run without findings gives
    a reflection that says so, without suggestions.
    """
    cases = _cases(request)
    advised = [(case, suggestion) for case in cases if (suggestion := advise(case)) is not None]
    suggestions = _distinct([*(suggestion for _, suggestion in advised), *_further(request)])
    chosen = _chosen(suggestions, request)
    told = [case for case, suggestion in advised if suggestion in chosen]
    parsed = ParsedReflection(
        analysis=_analysis(request, cases, advised),
        root_causes=tuple(_cause(case) for case in (told or cases)[:_CAUSES]),
        suggestions=tuple(chosen),
        expected_improvement=_expected(told),
        parse_mode=ParseMode.RULES,
        metadata={
            "rules": [case.finding.rule for case in cases],
            "findings_without_advice": [
                case.finding.rule for case in cases if case not in [c for c, _ in advised]
            ],
        },
    )
    score = score_confidence(parsed)
    parsed = parsed.replace(confidence_score=score, confidence=level_of(score))
    return parsed.replace(needs_clarification=needs_clarification(parsed))


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
    cases = [
        Case(
            finding,
            run,
            request.original_prompt,
            request.task_description or (run.trajectory.task if run.trajectory else "") or "",
            tools,
            tuple(also),
        )
        for finding, run, also in found.values()
    ]
    return sorted(cases, key=lambda case: (_RANK[case.finding.severity], -len(case.elsewhere)))


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
            specific_text=f"When you come to this point, go on with {names} instead of answering from what is already said: a run that did "
            f"so reached its goal, one that did not failed.",
            target_section=passage_about(prompt, "tool call available use"),
        )
    ]


_REASONING = {
    ReasoningIssueType.CONTRADICTION: (
        "Have contradictions settled before going on",
        "Before you act, compare your conclusion with what you said before (an earlier run went on although “{quote}” denied it); if they "
        "contradict each other, settle which one holds, with evidence, and say so.",
    ),
    ReasoningIssueType.CIRCULAR_REASONING: (
        "Say how to get out of a circle",
        "If a thought says what the one before it said (as “{quote}”), stop thinking and do something that brings new information.",
    ),
    ReasoningIssueType.UNSUPPORTED_CONCLUSION: (
        "Ask for the reason of a conclusion",
        "Give with every conclusion the observation it rests on; “{quote}” gives none.",
    ),
    ReasoningIssueType.MISSING_STEP: (
        "Require that every announced step is done",
        "Do every step you announce, in order, before you go on; “{quote}” never followed.",
    ),
}


def _from_reasoning(analysis: TrajectoryAnalysis, prompt: str) -> list[Suggestion]:
    found = []
    for kind, (do, text) in _REASONING.items():
        issue = next((issue for issue in analysis.reasoning_issues if issue.type is kind), None)
        if issue is None or (kind is ReasoningIssueType.MISSING_STEP and _promised(analysis)):
            continue
        quote = one_line(issue.evidence, 120)
        found.append(
            Suggestion(
                type=SuggestionType.ADD,
                category=SuggestionCategory.REASONING,
                description=f"{do} (finding `{kind.value}` at {at_steps(issue.step_indices, most=6)}).",
                rationale=f"{issue.description} Run {analysis.trajectory_id} says “{quote}”.",
                priority=Priority.MEDIUM
                if issue.severity in (Severity.HIGH, Severity.CRITICAL)
                else Priority.LOW,
                specific_text=text.format(quote=quote),
                target_section=passage_about(prompt, "reason reasoning think step explain thought"),
            )
        )
    return found


def _promised(analysis: TrajectoryAnalysis) -> bool:
    return any(finding.rule == "promise_without_action" for finding in analysis.failure_points)


def _distinct(suggestions: Sequence[Suggestion]) -> list[Suggestion]:
    """The suggestions whose text was not suggested before."""
    return list({suggestion.specific_text: suggestion for suggestion in reversed(suggestions)}.values())[::-1]


def _chosen(suggestions: Sequence[Suggestion], request: ReflectionRequest) -> list[Suggestion]:
    focus = {area.strip().lower() for area in request.focus_areas}
    ordered = sorted(suggestions, key=lambda s: (s.category.value not in focus, _PRIORITY_RANK[s.priority]))
    return ordered[: _MOST[request.verbosity]]


def _analysis(
    request: ReflectionRequest, cases: Sequence[Case], advised: Sequence[tuple[Case, Suggestion]]
) -> str:
    run = request.trajectory_analysis
    runs = _failed_runs(request)
    others = f" and {len(runs) - 1} more of the same prompt" if len(runs) > 1 else ""
    head = (
        f"Derived by rules from the record, without a model: run {run.trajectory_id} ({run.outcome.value}, {run.step_count} steps, "
        f"{run.tool_call_count} tool calls){others}."
    )
    if not cases:
        return f"{head} The record shows no failure that a rule could find, so there is nothing to base a change of the prompt on."
    lines = [
        f"- {case.finding.severity.value}: {case.finding.description}{_also(case)}" for case in cases[:8]
    ]
    more = f"\n- and {len(cases) - 8} less grave ones" if len(cases) > 8 else ""
    tail = ""
    if len(advised) < len(cases):
        silent = dict.fromkeys(case.finding.rule for case in cases if case not in [c for c, _ in advised])
        tail = f"\nNo change of the prompt follows by rule from: {', '.join(silent)}."
    return f"{head} It shows {len(cases)} kinds of findings:\n" + "\n".join(lines) + more + tail


def _also(case: Case) -> str:
    return f" (also in run {listed(case.elsewhere, most=4)})" if case.elsewhere else ""


def _cause(case: Case) -> str:
    quote = one_line(case.finding.evidence, 120)
    return f"{case.finding.description}{f' Evidence: “{quote}”.' if quote and quote not in case.finding.description else ''}"


def _expected(told: Sequence[Case]) -> str:
    if not told:
        return ""
    rules = listed(list(dict.fromkeys(f"`{case.finding.rule}`" for case in told)))
    steps = sum(len(case.finding.step_indices) for case in told)
    return (
        f"The findings {rules} ({steps} steps of these runs) should not occur again; this was not measured."
    )
