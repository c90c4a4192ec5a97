"""The values of a reflection: what is asked, what came back, what it says."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import Field

from reflector._json import Given, JSONValue, Value, dumps
from reflector.trajectories.analysis import TrajectoryAnalysis
from reflector.trajectories.step import Outcome

__all__ = [
    "Attempt",
    "Confidence",
    "DroppedItem",
    "Exchange",
    "KeptInstruction",
    "Origin",
    "ParseMode",
    "ParsedReflection",
    "Priority",
    "Provenance",
    "ReflectionRequest",
    "ReflectionResponse",
    "Suggestion",
    "SuggestionCategory",
    "SuggestionType",
    "Verbosity",
]


class SuggestionType(StrEnum):
    """What a suggestion does to the prompt."""

    ADD = "add"
    MODIFY = "modify"
    REMOVE = "remove"
    RESTRUCTURE = "restructure"


class SuggestionCategory(StrEnum):
    """What a suggestion improves."""

    CLARITY = "clarity"
    CONSTRAINT = "constraint"
    EXAMPLE = "example"
    STRUCTURE = "structure"
    REASONING = "reasoning"


class Priority(StrEnum):
    """How much a suggestion is expected to help."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """What to sort by: 0 for high, 1 for medium, 2 for low."""
        return _RANKS[self]


_RANKS = {priority: rank for rank, priority in enumerate(Priority)}


class Confidence(StrEnum):
    """How sure we are of a reflection."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Verbosity(StrEnum):
    """How much of the run the prompt shows."""

    BRIEF = "brief"
    NORMAL = "normal"
    DETAILED = "detailed"


class ParseMode(StrEnum):
    """How an answer was read."""

    JSON = "json"
    REPAIRED = "repaired"
    TEXT = "text"
    RULES = "rules"
    """Not read at all: derived from the analysis without a model."""


class Suggestion(Given):
    """One improvement of a prompt, in words."""

    type: SuggestionType
    category: SuggestionCategory
    description: str
    rationale: str
    priority: Priority = Priority.MEDIUM
    specific_text: str | None = None
    """The exact text to add, to put in its place, or to remove."""
    target_section: str | None = None
    """Heading or quoted passage of the prompt that it concerns."""


class DroppedItem(Value):
    """A part of an answer that could not be used."""

    reason: str
    item: str
    """The part itself, shortened."""


class Provenance(Value):
    """What root causes and suggestions rest on: for each, in order, the numbers of runs or turns.

    Runs are numbered from 1, as `ReflectionRequest.failed` and the prompt list them.
    """

    cause_runs: tuple[tuple[int, ...], ...] = ()
    """Of several failed runs, those that are said to show it."""
    suggestion_runs: tuple[tuple[int, ...], ...] = ()
    cause_turns: tuple[tuple[int, ...], ...] = ()
    """Of a conversation, the turns that said it."""
    suggestion_turns: tuple[tuple[int, ...], ...] = ()


class Origin(Value):
    """Which runs a reflection is about, for those who put several reflections together."""

    sources: tuple[str, ...] = ()
    """Names of the runs; the first is the one it is mainly about."""
    suggestion_sources: tuple[tuple[str, ...], ...] = ()
    """For each suggestion, the runs it rests on; empty if that is not known."""
    cause_sources: tuple[tuple[str, ...], ...] = ()
    """The same for each root cause."""
    at: datetime | None = None
    """When the runs were."""
    impacts: dict[int, float] = Field(default_factory=dict)
    """Position of a suggestion -> impact, in [0, 1], of the edit that followed from it."""


class ParsedReflection(Value):
    """What a model's answer says, read into fields."""

    analysis: str
    root_causes: tuple[str, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    expected_improvement: str = ""
    confidence: Confidence = Confidence.MEDIUM
    confidence_score: float = 0.0
    """In [0, 1]; the level follows from it."""
    needs_clarification: bool = False
    provenance: Provenance = Provenance()
    """Which runs and turns it rests on; empty for one run and one turn."""
    dropped: tuple[DroppedItem, ...] = ()
    parse_mode: ParseMode = ParseMode.JSON
    metadata: dict[str, JSONValue] = Field(default_factory=dict)
    """How it was read: counted repairs, inferred fields, truncation, the model's own confidence."""

    @property
    def id(self) -> str:
        """A digest of what it says: the same answer has the same id in every process."""
        said = self.model_dump(mode="json", include={"analysis", "root_causes", "suggestions"})
        return "reflection_" + hashlib.sha256(dumps(said, sort_keys=True)).hexdigest()[:16]

    def origin(self) -> Origin:
        """Return which runs it is about; an answer alone does not know."""
        return Origin()


class Attempt(Value):
    """A suggestion that was tried before on a prompt, in whatever words, without success."""

    suggestion: Suggestion
    rejected: int
    """How many trials with it were rejected."""
    accepted: int = 0
    blame: float
    """What speaks against it: a rejected trial counts as 1, shared by its suggestions; an accepted one as -1."""
    best_delta: float | None = None
    """The best change of the score, where one was measured."""


class KeptInstruction(Value):
    """A text of the prompt that an earlier change put there, and how it has fared since."""

    text: str
    helpful: int
    """Accepted trials that put it in, and rejected ones that took it out."""
    harmful: int
    """Rejected trials that put it in, and accepted ones that took it out."""


class Exchange(Value):
    """An earlier turn of a conversation, as far as a model is reminded of it."""

    answer: ParsedReflection
    question: str | None = None
    """None: the first question of all."""


class ReflectionRequest(Value):
    """One question about a prompt: the runs, the prompt, and how to ask."""

    trajectory_analysis: TrajectoryAnalysis
    """The run the question is about: the failed one with the gravest findings."""
    original_prompt: str
    task_description: str | None = None
    verbosity: Verbosity = Verbosity.NORMAL
    focus_areas: tuple[str, ...] = ()
    other_analyses: tuple[TrajectoryAnalysis, ...] = ()
    """Further runs of the same prompt: failed ones add evidence, passing ones are the comparison."""
    run_numbers: tuple[int, ...] = ()
    """Numbers of the failed runs, where these are some of many; by default they are counted from 1."""
    history: tuple[Exchange, ...] = ()
    """The turns of the conversation so far."""
    question: str | None = None
    """What this turn of a conversation asks; None in the first one."""
    attempts: tuple[Attempt, ...] = ()
    """What was tried on this prompt or its ancestors and rejected, the latest first."""
    kept: tuple[KeptInstruction, ...] = ()
    """What earlier changes put into this prompt."""
    metadata: dict[str, JSONValue] = Field(default_factory=dict)

    @property
    def failed(self) -> tuple[TrajectoryAnalysis, ...]:
        """The runs that the reflection is about, the gravest one first."""
        if not self.other_analyses:
            return (self.trajectory_analysis,)
        others = (each for each in self.other_analyses if each.outcome is not Outcome.SUCCESS)
        return (self.trajectory_analysis, *others)

    @property
    def passed(self) -> tuple[TrajectoryAnalysis, ...]:
        """The runs that serve as comparison."""
        if not self.other_analyses:
            return ()
        return tuple(each for each in self.other_analyses if each.outcome is Outcome.SUCCESS)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The number of each failed run."""
        return self.run_numbers or tuple(range(1, len(self.failed) + 1))


class ReflectionResponse(Value):
    """A model's answer before it is parsed."""

    content: str
    format: str = "json"
    """`json` or `text`."""
    model: str | None = None
    timestamp: datetime = Field(default_factory=lambda: datetime.now(UTC))
    metadata: dict[str, JSONValue] = Field(default_factory=dict)
