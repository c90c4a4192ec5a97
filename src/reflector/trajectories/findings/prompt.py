"""Check for a prompt that speaks of tools when none was called."""

from __future__ import annotations

from reflector.trajectories.analysis import FailureCategory, FailurePoint, Severity
from reflector.trajectories.findings.patterns import one_of, sentence_around
from reflector.trajectories.findings.run_view import RunView
from reflector.trajectories.findings.wording import at_steps, listed
from reflector.trajectories.step import Outcome, StepKind

__all__ = ["check_tools_unused", "tool_passage"]

# From the plainest way to speak of tools to the loosest: the first that occurs is quoted.
_TOOLS = (
    one_of(
        r"\b(?:tool|function) calls?\b",
        r"\b(?:call|calling|invoke) (?:[\w'\"`-]{1,30} ){0,3}(?:tools?|functions?|APIs?)\b",
    ),
    one_of(
        r"\b(?:use|using|run) (?:[\w'\"`-]{1,30} ){0,3}(?:tools?|functions?|APIs?)\b",
        r"['\"`][\w-]{1,60}['\"`] (?:tool|function)\b",
    ),
    one_of(r"\b(?:available|provided|following|these|given|your|the) (?:[\w-]{1,30} )?tools\b"),
)


def tool_passage(prompt: str) -> str | None:
    """Return the sentence of a prompt that speaks most plainly of tools, or None if none does."""
    for pattern in _TOOLS:
        match = pattern.search(prompt)
        if match is not None:
            return sentence_around(prompt, match)[:300]
    return None


def check_tools_unused(view: RunView) -> list[FailurePoint]:
    """Return a finding if the prompt speaks of tools, or tools were offered, and none was called in the whole run."""
    said = tuple(
        i for i, step in enumerate(view.steps) if step.kind is StepKind.MESSAGE and step.content.strip()
    )
    if view.uses or not said:
        return []
    passage = tool_passage(view.prompt)
    offered = view.trajectory.tools or ()
    if passage is None and not (offered and view.trajectory.outcome.is_failure):
        return []
    known = f"{len(offered)} tools were offered ({listed(offered)})"
    return [
        FailurePoint(
            category=FailureCategory.LOGICAL_ERROR,
            rule="no_tool_called",
            severity=Severity.LOW if view.trajectory.outcome is Outcome.SUCCESS else Severity.HIGH,
            description=f"{f'The prompt speaks of tools (“{passage}”)' if passage else known}, yet "
            f"no tool was called in the whole run "
            f"({len(said)} answers, {at_steps(said)}).",
            step_indices=said,
            evidence=view.first_line(said[0]),
        )
    ]
