"""What an analysis says about a run: findings with their steps and their evidence; and its constants."""

from __future__ import annotations

import html
from collections.abc import Sequence
from enum import StrEnum

from pydantic import Field

from reflector._json import JSONValue, Value
from reflector.errors import InputError
from reflector.trajectories.trajectory import Outcome, Trajectory

__all__ = [
    "AnalysisConfig", "ComparativeAnalysis", "ComparisonConfig", "Difference", "FailureCategory", "FailurePoint",
    "Quality", "QualityConfig", "ReasoningConfig", "ReasoningIssue", "ReasoningIssueType", "Severity",
    "SuccessIndicator", "SuccessIndicatorType", "TrajectoryAnalysis",
]  # fmt: skip


_SHOWN = {"brief": 1, "normal": 5, "detailed": None}


class Severity(StrEnum):
    """How much a finding matters, gravest first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class FailureCategory(StrEnum):
    """What kind of failure a finding is."""

    TIMEOUT = "timeout"
    ERROR = "error"
    LOGICAL_ERROR = "logical_error"
    INCOMPLETE = "incomplete"
    TOOL_FAILURE = "tool_failure"
    STATE_ERROR = "state_error"
    UNKNOWN = "unknown"


class ReasoningIssueType(StrEnum):
    """What is wrong with a piece of reasoning."""

    CONTRADICTION = "contradiction"
    CIRCULAR_REASONING = "circular_reasoning"
    INCOMPLETE_LOGIC = "incomplete_logic"
    UNSUPPORTED_CONCLUSION = "unsupported_conclusion"
    MISSING_STEP = "missing_step"


class SuccessIndicatorType(StrEnum):
    """What a run did well."""

    EFFICIENT_PATH = "efficient_path"
    CLEAR_REASONING = "clear_reasoning"
    PROPER_TOOL_USE = "proper_tool_use"
    GOOD_DECOMPOSITION = "good_decomposition"
    EFFECTIVE_RECOVERY = "effective_recovery"


class Quality(StrEnum):
    """The run as a whole."""

    POOR = "poor"
    FAIR = "fair"
    GOOD = "good"
    EXCELLENT = "excellent"


class FailurePoint(Value):
    """One thing that went wrong."""

    category: FailureCategory
    description: str
    """One sentence a reader understands without the file."""
    severity: Severity = Severity.MEDIUM
    rule: str = ""
    """Which check found it, such as `tool_timeout` or `repeated_call`; stable across runs."""
    step_indices: tuple[int, ...] = ()
    """The steps that show it, first one first; empty when it concerns the run as a whole."""
    evidence: str = ""
    """Words of the record, verbatim."""

    @property
    def step_index(self) -> int | None:
        """The first step that shows it."""
        return self.step_indices[0] if self.step_indices else None


class ReasoningIssue(Value):
    """One weakness of the run's reasoning."""

    type: ReasoningIssueType
    description: str
    severity: Severity = Severity.MEDIUM
    step_indices: tuple[int, ...] = ()
    evidence: str = ""


class SuccessIndicator(Value):
    """One thing the run did well and a new prompt should keep."""

    type: SuccessIndicatorType
    description: str
    impact: Severity = Severity.MEDIUM
    step_indices: tuple[int, ...] = ()
    evidence: str = ""


class Difference(Value):
    """One way in which two runs differ."""

    aspect: str
    """`tool_usage`, `reasoning_steps`, `duration`, `step_count` or `divergence`."""
    successful_value: JSONValue
    failed_value: JSONValue
    description: str
    significance: Severity = Severity.MEDIUM
    failed_step_indices: tuple[int, ...] = ()


class ComparativeAnalysis(Value):
    """A failed run beside a successful one."""

    successful_id: str
    failed_id: str
    differences: tuple[Difference, ...] = ()
    success_advantages: tuple[str, ...] = ()
    failure_disadvantages: tuple[str, ...] = ()
    key_insights: tuple[str, ...] = ()
    divergence_index: int | None = None
    """Step of the failed run from which on the two go different ways."""


class TrajectoryAnalysis(Value):
    """What the analysis says about one run."""

    trajectory_id: str
    outcome: Outcome = Outcome.UNKNOWN
    failure_points: tuple[FailurePoint, ...] = ()
    """Gravest first; of equal severity in the order of their steps."""
    reasoning_issues: tuple[ReasoningIssue, ...] = ()
    success_indicators: tuple[SuccessIndicator, ...] = ()
    overall_quality: Quality = Quality.FAIR
    quality_score: float = 0.0
    duration_ms: float | None = None
    step_count: int = 0
    turn_count: int = 0
    tool_call_count: int = 0
    comparison: ComparativeAnalysis | None = None
    metadata: dict[str, JSONValue] = Field(default_factory=dict)
    trajectory: Trajectory | None = Field(default=None, repr=False)
    """The run itself, from which the prompt quotes its evidence."""

    def summary(self, verbosity: str = "normal") -> str:
        """Return the analysis as text to read.

        Args:
            verbosity: `brief` shows the gravest finding of each section, `normal` five of each, `detailed` all of them
                with their evidence.

        Raises:
            InputError: If it is none of these.
        """
        if verbosity not in _SHOWN:
            raise InputError(f"verbosity is 'brief', 'normal' or 'detailed'; got {verbosity!r}.")
        took = f", {self.duration_ms:.0f} ms" if self.duration_ms is not None else ""
        head = (
            f"Run {self.trajectory_id}: {self.outcome.value}, {self.step_count} steps, {self.turn_count} turns, "
            f"{self.tool_call_count} tool calls{took}; quality {self.overall_quality.value} ({self.quality_score:g})."
        )
        points = [(p.severity, p.category, p.description, p.evidence) for p in self.failure_points]
        issues = [(i.severity, i.type, i.description, i.evidence) for i in self.reasoning_issues]
        merits = [(s.impact, s.type, s.description, s.evidence) for s in self.success_indicators]
        sections = (("Failure Points", points), ("Reasoning Issues", issues), ("Success Indicators", merits))
        return "\n\n".join([head, *(_section(title, found, verbosity) for title, found in sections if found)])

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return f'<pre style="white-space:pre-wrap">{html.escape(self.summary())}</pre>'


def _section(title: str, found: Sequence[tuple[str, str, str, str]], verbosity: str) -> str:
    """Severity, kind, description and evidence of each, under their title."""
    shown = found[: _SHOWN[verbosity]]
    lines = [f"{title} ({len(found)})"]
    for severity, kind, description, evidence in shown:
        quote = f"\n  > {' '.join(evidence.split())}" if verbosity == "detailed" and evidence else ""
        lines.append(f"- [{severity}] {kind}: {description}{quote}")
    return "\n".join(
        [*lines, *([f"- and {len(found) - len(shown)} more"] if len(found) > len(shown) else [])]
    )


class ReasoningConfig(Value):
    """How reasoning is judged. Source: Jido GEPA, TrajectoryAnalyzer."""

    circular_similarity: float = 0.7
    """Jaccard similarity of two neighbouring steps' words above which they say the same."""
    window: int = 3
    """How many neighbouring steps are looked at for going in circles."""
    short_length: int = 15
    """Reasoning below this many characters without a conclusion is incomplete."""
    conclusion_length: int = 50
    """A conclusion below this many characters has nothing that supports it."""
    contradiction_overlap: float = 0.6
    """Share of the shorter sentence's content words that both must hold to speak of the same thing."""
    max_length: int = 4000
    """How many characters of a step are read."""


class QualityConfig(Value):
    """How findings add up to the quality of a run. Source: Jido GEPA, TrajectoryAnalyzer."""

    failure_penalty: float = 10.0
    reasoning_penalty: float = 8.0
    success_bonus: float = 10.0
    outcome_bonus: float = 30.0
    fast_bonus: float = 10.0
    fast_ms: float = 5000.0
    """A run below this duration is fast."""
    efficient_steps: int = 10
    """A fast run with fewer steps took an efficient path."""
    excellent: float = 40.0
    good: float = 20.0
    fair: float = 0.0


class ComparisonConfig(Value):
    """How two runs are compared. Source: Jido GEPA, TrajectoryAnalyzer."""

    duration_ratio: float = 0.2
    """How far the ratio of the durations may be from 1."""
    duration_ms: float = 1000.0
    """How far the durations must be apart, so that those of short runs are no noise."""
    same_message: float = 0.5
    """Similarity from which two messages take the same way."""


class AnalysisConfig(Value):
    """Everything an analysis can be told."""

    include_reasoning_analysis: bool = True
    include_success_patterns: bool = True
    reasoning: ReasoningConfig = Field(default_factory=ReasoningConfig)
    quality: QualityConfig = Field(default_factory=QualityConfig)
    comparison: ComparisonConfig = Field(default_factory=ComparisonConfig)
