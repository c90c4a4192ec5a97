"""The values of an edit plan: one exact change of a prompt, where it goes, and what became of it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from reflector._json import Given, JSONValue, Value
from reflector.errors import ConfigurationError
from reflector.reflection.models import Priority, Suggestion

__all__ = [
    "ConflictGroup", "ConflictStrategy", "ConflictType", "CopiedText", "Edit", "EditConfig", "EditLocation",
    "EditOperation", "EditStatus", "ImpactWeights", "LocationType", "Verdict",
]  # fmt: skip


class EditOperation(StrEnum):
    """What an edit does to the text."""

    INSERT = "insert"
    REPLACE = "replace"
    DELETE = "delete"


class EditStatus(StrEnum):
    """What became of an edit."""

    APPLIED = "applied"
    DROPPED = "dropped"
    """It could be placed but should not be: already there, said twice, costs a placeholder, over a limit."""
    CONFLICT = "conflict"
    """Another edit won."""
    UNPLACED = "unplaced"
    """No place or no text was found for it."""


class LocationType(StrEnum):
    """Where an edit stands in the prompt."""

    START = "start"
    END = "end"
    AFTER = "after"
    WITHIN = "within"
    REPLACE_ALL = "replace_all"


class ConflictType(StrEnum):
    """Why edits cannot all be made."""

    OVERLAPPING = "overlapping"
    """They change the same characters."""
    CONTRADICTORY = "contradictory"
    """One asks for what another forbids or removes."""
    DEPENDENT = "dependent"
    """One stands beside a text that another deletes."""


class ConflictStrategy(StrEnum):
    """How the winner of a conflict is chosen. Ties go to the suggestion that came first."""

    HIGHEST_IMPACT = "highest_impact"
    HIGHEST_PRIORITY = "highest_priority"
    FIRST = "first"
    MERGE = "merge"
    """Overlapping edits become one; what cannot be merged is decided by impact."""


class EditLocation(Value):
    """A place in the original prompt, in character offsets."""

    type: LocationType
    start: int
    end: int
    """Equal to `start` for an insertion."""
    section: str | None = None
    """Name of the section it lies in."""
    order: int = 0
    """Which comes first among several insertions at one offset."""


class Edit(Value):
    """One exact change of a prompt and the suggestion that asked for it."""

    id: str
    operation: EditOperation
    location: EditLocation | None = None
    """None if no place was found."""
    content: str = ""
    """Exactly what takes the place of `target_text`, line breaks and list markers included."""
    target_text: str = ""
    """Exactly what stands in the prompt between `location.start` and `location.end`."""
    text: str = ""
    """The instruction in plain words: what is added, what replaces, or what is removed."""
    suggestion: Suggestion
    suggestion_index: int
    rationale: str = ""
    impact: float = Field(default=0.0, ge=0.0, le=1.0)
    priority: Priority = Priority.MEDIUM
    status: EditStatus = EditStatus.APPLIED
    reason: str = ""
    """How its place was found, or why it is not made."""
    conflicts_with: tuple[str, ...] = ()
    merged_into: str | None = None
    """The edit that says this too; `apply` passes over this one."""
    depends_on: str | None = None
    """The edit that brings the text this one stands behind."""
    validated: bool = False
    """The place, and the text to replace or delete, were found in the prompt."""

    @property
    def is_made(self) -> bool:
        """Whether `apply` changes the text on behalf of this edit itself."""
        return self.status is EditStatus.APPLIED and self.merged_into is None

    def to_row(self) -> dict[str, JSONValue]:
        """Return the short JSON form that the command line prints."""
        return {
            "operation": self.operation.value,
            "text": self.text,
            "suggestion": self.suggestion.description or self.text,
            "status": self.status.value,
            "reason": self.reason,
            "id": self.id,
            "suggestion_index": self.suggestion_index,
            "priority": self.priority.value,
            "impact": round(self.impact, 4),
        }


class ConflictGroup(Value):
    """Edits of which only one could be made."""

    type: ConflictType
    edits: tuple[str, ...]
    """Ids, the winner first."""
    winner: str | None
    """The edit that is made; None if it was decided that none is."""
    reason: str
    is_merged: bool = False
    """The losers' text is part of the winner."""
    is_open: bool = False
    """The winner stands in for now: the strategy found no clear reason for it."""
    question: str = ""
    """What to ask about an open conflict, ready to be sent to a model or shown to a person."""
    unanswered: str = ""
    """Why it is still open although it was asked."""


class Verdict(Value):
    """What was decided about a conflict."""

    conflict: ConflictGroup
    keep: str | None
    """Id of the edit to make; None for none of them."""
    text: str = ""
    """An instruction that takes the place of the kept edit's text."""
    reason: str = ""
    problem: str = ""
    """Why nothing was decided: the conflict stays open."""


class CopiedText(Value):
    """A passage of an edit that stands word for word in an example or a run."""

    edit: str
    text: str
    words: int
    example: int
    """Which of the examples holds it, counted from 0; the first one."""


class ImpactWeights(Given):
    """How much each part counts in an edit's impact.

    Source:
        Impact ranking of Jido's GEPA suggestion generator.
    """

    priority: float = 0.30
    category: float = 0.25
    specificity: float = 0.20
    location: float = 0.15
    validated: float = 0.10


class EditConfig(Given):
    """How edits are chosen. Limits hold for each prompt that is edited."""

    unfit = ConfigurationError

    conflict_strategy: ConflictStrategy = ConflictStrategy.HIGHEST_IMPACT
    clear_margin: float = Field(default=0.1, ge=0.0)
    """By how much the impact of an edit must be higher to win a conflict for good; below it the conflict stays open."""
    max_edits: int = Field(default=10, ge=0)
    min_impact: float = 0.3
    max_growth_chars: int | None = Field(default=None, ge=0)
    """How many characters longer the prompt may become; what would go beyond it is left out, low impact first."""
    max_growth_ratio: float | None = Field(default=None, ge=0.0)
    """The same as a share of the prompt's length: 0.5 is half as long again. With both, the smaller one holds."""
    weights: ImpactWeights = ImpactWeights()
