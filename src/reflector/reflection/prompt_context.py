"""The context of a reflection prompt: the prompt under evaluation, its task, and the facts of its runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress

from reflector._text import clean, estimate_tokens, fenced, inline_code, one_line
from reflector.reflection.models import ReflectionRequest
from reflector.trajectories.analysis import TrajectoryAnalysis
from reflector.trajectories.trajectory import Outcome, StepKind, Trajectory

__all__ = ["Runs", "context_section", "facts_tokens", "reminder", "totals_section"]

_OUTCOMES = {
    Outcome.SUCCESS: "✅ Success",
    Outcome.FAILURE: "❌ Failure",
    Outcome.PARTIAL: "⚡ Partial Success",
    Outcome.TIMEOUT: "⏱ Timeout",
    Outcome.ERROR: "⚠️ Error (the run was broken off; the prompt need not be the cause)",
    Outcome.UNKNOWN: "❓ Unknown (the record names no result)",
}
_LETTERS = {"C": "correct", "I": "incorrect", "P": "partly correct", "N": "no answer"}
_RATED = (Outcome.SUCCESS, Outcome.FAILURE, Outcome.PARTIAL, Outcome.TIMEOUT)
_DEFAULT_TASK = "General reasoning task (the record names none)"
_ASKED_TASK = {True: "Not named; see each run's request.", False: "Not named; see the request in the run."}
_SOME_TASKS = "Named with the runs whose record names one; see each run's request."
_TASK_SHOWN = {True: 600, False: 1_500}
"""Characters of the task of one of several runs: of a crowd, of a few."""
_SCORE_SHOWN = 160
"""Characters of a score's explanation that is shown beside the score although the run says it too."""
_PASSING_SHOWN = 8
_ASKED_SHOWN = 300
"""Characters of a task that a step says in full."""
_FEW = 3


class Runs:
    """The runs of a request, as a prompt names and shows them."""

    def __init__(self, request: ReflectionRequest) -> None:
        self.failed = request.failed
        self.all_passed = request.passed
        compared = {each.comparison.successful_id for each in self.failed if each.comparison is not None}
        ordered = sorted(self.all_passed, key=lambda each: each.trajectory_id not in compared)
        self.passed = tuple(ordered[:_PASSING_SHOWN])
        """Those that are shown: first the ones that failed ones are compared with."""
        self.have_numbers = len(self.failed) > 1 or bool(request.run_numbers)
        """Whether there are several failed runs, or these are some of many."""
        self.are_a_crowd = len(self.failed) > _FEW
        """Whether there are so many that their facts are told in a line each."""
        alone = "failed run" if self.all_passed else ""
        self.labels = [f"run {number}" for number in request.numbers] if self.have_numbers else [alone]
        """How each failed run is named; one that is alone needs no name."""
        unjudged = [each.outcome is Outcome.UNKNOWN for each in self.failed]
        self.unjudged = ""
        """Which of them nobody has judged, in words."""
        if all(unjudged):
            self.unjudged = "these runs" if len(unjudged) > 1 else "this run"
        elif any(unjudged):
            self.unjudged = ", ".join(compress(self.labels, unjudged))
        self.passing_labels = [f"passing run {number}" for number in range(1, len(self.passed) + 1)]


def context_section(request: ReflectionRequest, runs: Runs) -> str:
    """Return the section that says what was run, and how each run ended."""
    parts = [_prompt_and_task(request)]
    tools = _tools_seen(
        analysis.trajectory for analysis in (request.trajectory_analysis, *request.other_analyses)
    )
    facts = [
        _run_facts(each, tools, with_task=runs.have_numbers, is_crowd=runs.are_a_crowd)
        for each in runs.failed
    ]
    named = list(zip(runs.labels, facts, strict=True))
    if runs.are_a_crowd:
        parts.append("### Execution Outcomes\n\n" + "\n".join(_row(*each, facts[0]) for each in named))
    else:
        of = "### Execution Outcome of {}" if runs.have_numbers else "### Execution Outcome"
        parts += [f"{of.format(label)}\n\n{_listed(each)}" for label, each in named]
    if runs.passed:
        shown = [
            f"- {label}: {inline_code(each.trajectory_id)}"
            for label, each in zip(runs.passing_labels, runs.passed, strict=True)
        ]
        if len(runs.all_passed) > len(runs.passed):
            shown.append(f"- and {len(runs.all_passed) - len(runs.passed)} more, not shown")
        asked = {_first_request(each.trajectory) for each in (*runs.failed, *runs.passed)}
        own = "\n\nEach has a request of its own; compare what was asked, too." if len(asked) > 1 else ""
        parts.append(f"### Passing Runs of the Same Prompt{own}\n\n" + "\n".join(shown))
    return "\n\n".join(parts)


def facts_tokens(analysis: TrajectoryAnalysis) -> int:
    """Return about how many tokens the facts of one run of several have."""
    return estimate_tokens(_row("run 1000", _run_facts(analysis, with_task=True, is_crowd=True), {}))


def reminder(request: ReflectionRequest) -> str:
    """Return what a further question repeats: the prompt under evaluation and the task."""
    return f"**Original Prompt:**\n{fenced(request.original_prompt)}\n\n**Task:** {_task_text(request)}"


def totals_section(request: ReflectionRequest) -> str:
    """Return the section that says what was run, with the runs as numbers only."""
    failed, passed = len(request.failed), len(request.passed)
    return f"{_prompt_and_task(request)}\n\n### Runs\n\n- Failed: {failed}, run 1 to run {failed}\n- Passed: {passed}"


def _prompt_and_task(request: ReflectionRequest) -> str:
    return (
        f"## Context\n\n### Original Prompt Being Evaluated\n\n{fenced(request.original_prompt)}"
        f"\n\n### Task Description\n\n{_task_text(request)}"
    )


def _task_text(request: ReflectionRequest) -> str:
    # A task that a run's own record names is that of this run; beside several runs it stands with its run.
    run = request.trajectory_analysis.trajectory if len(request.failed) == 1 else None
    task = request.task_description or (run.task if run is not None else None)
    if not task:
        if run is None and any(
            each.trajectory is not None and each.trajectory.task for each in request.failed
        ):
            return _SOME_TASKS
        is_asked = any(_first_request(each.trajectory) for each in request.failed)
        return _ASKED_TASK[len(request.failed) > 1] if is_asked else _DEFAULT_TASK
    if run is not None and task == run.task:
        # It comes from the record, not from the user, and may address whoever reads it.
        asked = next((i for i, step in enumerate(run.steps) if task.strip() in step.content), None)
        if asked is not None and len(task) > _ASKED_SHOWN:
            return f"In full at step {asked}: {inline_code(task, _ASKED_SHOWN)}"
        return f"As the record words it; the agent may not have seen it:\n\n{fenced(task)}"
    return fenced(task) if "\n" in task.strip() else one_line(clean(task), 2_000)


def _first_request(run: Trajectory | None) -> str:
    steps = run.steps if run is not None else ()
    return next((step.content.strip() for step in steps if step.kind is StepKind.USER), "")


def _run_facts(
    analysis: TrajectoryAnalysis, tools: Sequence[str] = (), *, with_task: bool, is_crowd: bool
) -> dict[str, str]:
    """Return the facts of a run by name; how it ended is called `Outcome`."""
    run = analysis.trajectory
    facts = {
        "Outcome": _OUTCOMES[analysis.outcome]
        + (f" (Overall Quality: {analysis.overall_quality})" if analysis.outcome in _RATED else ""),
        "Run": inline_code(analysis.trajectory_id),
        "Duration": f"{analysis.duration_ms:,.0f} ms" if analysis.duration_ms else "not recorded",
        "Steps": f"{analysis.step_count}, numbered from 0{_first_step(run)} "
        f"(model turns: {analysis.turn_count}, tool calls: {analysis.tool_call_count})",
    }
    if run is not None:
        facts |= {name: inline_code(value) for name, value in _endings(run.exit_status, run.limit, run.error)}
        facts |= {
            f"Score {inline_code(score.name)}": f"{inline_code(str(score.value))}{_in_words(score.value)}"
            + (f", {_explained(score.explanation, run)}" if score.explanation else "")
            for score in run.scores
        }
        if run.feedback:
            facts["Feedback"] = " / ".join(inline_code(text, 2_000) for text in run.feedback)
        elif analysis.outcome is Outcome.UNKNOWN:
            facts["Feedback"] = "none; what went wrong, if anything did, has to be found in the record"
        if with_task and run.task:
            facts["Task"] = inline_code(run.task, _TASK_SHOWN[is_crowd])
        elif is_crowd:
            asked = _first_request(run)
            facts |= {"Asked": inline_code(asked, 300)} if asked else {}
        facts["Tools offered"] = _tools(run, tools)
    return facts


def _first_step(run: Trajectory | None) -> str:
    """Return what has to be said of step 0: it is not quoted if it is the prompt."""
    if run is None or not run.steps or run.prompt is None:
        return ""
    first = run.steps[0]
    is_prompt = first.kind is StepKind.SYSTEM and first.content.strip() in run.prompt
    return ", which is the prompt above" if is_prompt else ""


def _in_words(value: object) -> str:
    """Return what a score's letter stands for, as inspect_ai writes them."""
    word = _LETTERS.get(value) if isinstance(value, str) else None
    return f" ({word})" if word else ""


def _explained(explanation: str, run: Trajectory) -> str:
    """Return a score's explanation; of a long one that the run says itself only where, and the beginning."""
    said = (i for i in range(len(run.steps) - 1, -1, -1) if explanation.strip() in run.steps[i].content)
    place = next(said, None) if len(explanation) > _SCORE_SHOWN else None
    if place is None:
        return inline_code(explanation, 1_200)
    return f"for what step {place} says: {inline_code(explanation, _SCORE_SHOWN)}"


def _listed(facts: dict[str, str]) -> str:
    rest = "\n".join(f"- {name}: {value}" for name, value in facts.items() if name != "Outcome")
    return f"{facts['Outcome']}\n\n{rest}"


def _row(label: str, facts: dict[str, str], first: dict[str, str]) -> str:
    """Return the facts of one of many runs on one line, without what says nothing or is as in the first run."""
    told = {name: value for name, value in facts.items() if value not in ("not recorded", "0")}
    if facts is not first and told.get("Tools offered") == first.get("Tools offered"):
        told.pop("Tools offered", None)
    rest = "; ".join(f"{name}: {value}" for name, value in told.items() if name != "Outcome")
    return f"- **{label}**, {facts['Outcome']}: {rest}"


def _endings(*values: str | None) -> list[tuple[str, str]]:
    names = ("Exit status", "Limit reached", "Error")
    return [(name, value) for name, value in zip(names, values, strict=True) if value]


def _tools(run: Trajectory, others: Sequence[str]) -> str:
    """Return the tools that a run was offered; if the record does not say, those that it and the others called."""
    if run.tools is not None:
        return inline_code(", ".join(run.tools) or "none", 800)
    called = _tools_seen([run])
    seen = f"not recorded; seen in this run: {inline_code(', '.join(called) or 'none', 800)}"
    more = [name for name in others if name not in called]
    if not called and not more:
        return f"{seen}, which does not mean that there were none"
    return f"{seen}; in other runs: {inline_code(', '.join(more), 800)}" if more else seen


def _tools_seen(runs: Iterable[Trajectory | None]) -> tuple[str, ...]:
    steps = (step for run in runs if run is not None for step in run.tool_calls)
    return tuple(dict.fromkeys(step.name for step in steps if step.name))
