"""The reflector that asks no model: suggestions that follow from the analysis by rules alone.

It finds what the record proves and says so; it cannot judge what the record does not show. Its answers carry
`parse_mode` "rules".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reflector._text import one_line
from reflector.reflection.confidence import rescored
from reflector.reflection.models import (
    ParsedReflection,
    ParseMode,
    Priority,
    Provenance,
    ReflectionRequest,
    Suggestion,
    SuggestionCategory,
    SuggestionType,
    Verbosity,
)
from reflector.reflection.rule_advice import Case, advise, advise_on_reasoning, passage_about
from reflector.trajectories.analysis import ComparativeAnalysis, FailurePoint, TrajectoryAnalysis
from reflector.trajectories.findings.finding import GRAVITY
from reflector.trajectories.findings.wording import listed
from reflector.trajectories.step import StepKind

__all__ = ["reflect_by_rules"]

_MOST = {Verbosity.BRIEF: 3, Verbosity.NORMAL: 7, Verbosity.DETAILED: 12}
_CAUSES = 5
_LINES = 8
_BY_TEXT = frozenset(("feedback", "low_score", "tool_exception", "tool_error"))


def reflect_by_rules(request: ReflectionRequest) -> ParsedReflection:
    """Return the reflection that follows from the analysis and the prompt: no model, no network, always the same.

    Each suggestion names the finding it follows from, with its steps and a quotation. A run without findings gives
    a reflection that says so, without suggestions.
    """
    cases = _cases(request)
    advised = [(case, suggestion) for case in cases if (suggestion := advise(case)) is not None]
    chosen = _chosen([*(suggestion for _, suggestion in advised), *_further(request)], request)
    told = [case for case, suggestion in advised if suggestion in chosen]
    causes = (told or cases)[:_CAUSES]
    numbers = request.numbers if len(request.numbers) > 1 else ()
    shown: dict[str | None, set[int]] = {}
    for case, suggestion in advised:
        shown.setdefault(suggestion.specific_text, set()).update(case.runs)
    parsed = ParsedReflection(
        analysis=_analysis(request, cases, [case for case, _ in advised]),
        root_causes=tuple(_cause(case) for case in causes),
        suggestions=tuple(chosen),
        provenance=Provenance(
            cause_runs=tuple(case.runs for case in causes),
            suggestion_runs=tuple(
                tuple(sorted(shown.get(each.specific_text, numbers[:1]))) for each in chosen
            ),
        )
        if numbers
        else Provenance(),
        expected_improvement=_expected(told),
        parse_mode=ParseMode.RULES,
        metadata={"rules": [case.finding.rule for case in cases]},
    )
    return rescored(parsed)


def _cases(request: ReflectionRequest) -> list[Case]:
    """One case for each kind of finding, gravest first, with the runs that show it too."""
    tools = _tools([request.trajectory_analysis, *request.other_analyses])
    found: dict[tuple[str, str], list[tuple[FailurePoint, TrajectoryAnalysis]]] = {}
    number_of = {}
    for number, run in zip(request.numbers, request.failed, strict=True):
        number_of[id(run)] = number
        for finding in run.failure_points:
            found.setdefault(_kind(finding), []).append((finding, run))
    cases = []
    for (finding, run), *others in found.values():
        runs = sorted({number_of[id(each)] for _, each in ((finding, run), *others)})
        also = dict.fromkeys(other.trajectory_id for _, other in others)
        also.pop(run.trajectory_id, None)
        own = run.trajectory.task if run.trajectory is not None else None
        task = request.task_description or own or ""
        cases.append(Case(finding, run, request.original_prompt, task, tools, tuple(also), tuple(runs)))
    return sorted(cases, key=lambda case: (GRAVITY[case.finding.severity], -len(case.runs)))


def _kind(finding: FailurePoint) -> tuple[str, str]:
    """Findings of the same kind lead to the same advice; some are a kind of their own for each text."""
    return finding.rule, finding.evidence if finding.rule in _BY_TEXT else ""


def _tools(analyses: Sequence[TrajectoryAnalysis]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for run in (each.trajectory for each in analyses if each.trajectory is not None):
        called = (step.name for step in run.steps if step.kind is StepKind.TOOL_CALL and step.name)
        names |= dict.fromkeys((*(run.tools or ()), *called))
    return tuple(names)


def _further(request: ReflectionRequest) -> Iterator[Suggestion]:
    """What follows from the comparison with a passing run and from the reasoning: one for each kind of issue."""
    analysis, prompt = request.trajectory_analysis, request.original_prompt
    if analysis.comparison is not None:
        yield from _from_comparison(analysis.comparison, prompt)
    first = {issue.type: issue for issue in reversed(analysis.reasoning_issues)}
    for issue in reversed(first.values()):
        suggestion = advise_on_reasoning(issue, analysis, prompt)
        if suggestion is not None:
            yield suggestion


def _from_comparison(comparison: ComparativeAnalysis, prompt: str) -> Iterator[Suggestion]:
    """The tools that only the passing run called, if the two runs part somewhere."""
    fork = next((each for each in comparison.differences if each.aspect == "divergence"), None)
    only = (each.successful_value for each in comparison.differences if each.aspect == "tool_usage")
    tools = next((value for value in only if isinstance(value, list) and value), None)
    if fork is None or tools is None:
        return
    names = listed([f"`{name}`" for name in tools])
    yield Suggestion(
        type=SuggestionType.ADD,
        category=SuggestionCategory.EXAMPLE,
        description=f"Show the way that worked: at the point of step {comparison.divergence_index} the passing run "
        f"{comparison.successful_id} used {names} (finding `divergence`).",
        rationale=fork.description,
        priority=Priority.HIGH,
        specific_text=f"Call {names} before you answer from what is already said: a run that did so reached its goal, "
        f"one that did not failed.",
        target_section=passage_about(prompt, "tool call available use"),
    )


def _chosen(suggestions: Sequence[Suggestion], request: ReflectionRequest) -> list[Suggestion]:
    """The suggestions whose text was not suggested before, those of the focus first, then by priority."""
    distinct = list({each.specific_text: each for each in reversed(suggestions)}.values())[::-1]
    focus = {area.strip().lower() for area in request.focus_areas}
    ordered = sorted(distinct, key=lambda s: (s.category.value not in focus, s.priority.rank))
    return ordered[: _MOST[request.verbosity]]


def _analysis(request: ReflectionRequest, cases: Sequence[Case], advised: Sequence[Case]) -> str:
    run, more = request.trajectory_analysis, len(request.failed) - 1
    others = f" and {more} more of the same prompt" if more else ""
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
    kinds = "one kind" if len(cases) == 1 else f"{len(cases)} kinds"
    return f"{head} It shows {kinds} of findings:\n" + "\n".join(lines)


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
