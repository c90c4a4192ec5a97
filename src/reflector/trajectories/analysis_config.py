"""The constants of an analysis, each with the origin's value or ours as default."""

from __future__ import annotations

from pydantic import Field

from reflector._json import Value
from reflector.trajectories.analysis import Severity

__all__ = [
    "AnalysisConfig",
    "ComparisonConfig",
    "DialogueConfig",
    "QualityConfig",
    "ReasoningConfig",
    "ToolConfig",
]


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


class ToolConfig(Value):
    """How tool calls are judged."""

    repeats: int = 2
    """How many identical calls in a row, or with the same result, count as a repetition."""
    many: int = 3
    """How many failures of the same kind make a finding grave."""
    edge: int = 4000
    """How many characters at the head and at the tail of a result are read."""
    short_result: int = 600
    """A result up to this many characters is a message, not a content; it may fail anywhere in it."""


class DialogueConfig(Value):
    """How a conversation with a user is judged."""

    repeats: int = 2
    """How many times the same thing must be asked for, or the same nudge given, to be a finding."""
    similarity: float = 0.6
    """Similarity from which two sentences of the assistant are the same question."""


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
    low_score: float = 0.5
    """A recorded score in [0, 1] below this is low."""
    max_evidence: int = 300
    """Length of a quotation."""
    success_severity: Severity = Severity.MEDIUM
    """The gravest severity that a finding of a successful run may have."""
    reasoning: ReasoningConfig = Field(default_factory=ReasoningConfig)
    tools: ToolConfig = Field(default_factory=ToolConfig)
    dialogue: DialogueConfig = Field(default_factory=DialogueConfig)
    quality: QualityConfig = Field(default_factory=QualityConfig)
    comparison: ComparisonConfig = Field(default_factory=ComparisonConfig)
