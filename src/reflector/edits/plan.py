"""The edit plan: every edit a reflection asks for, what became of each, and the improved prompt."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from reflector._json import JSONValue, Value
from reflector.edits.diffing import Change, apply_changes, changes_of, unified
from reflector.edits.edit import ConflictGroup, CopiedText, Edit, EditConfig, EditStatus, Verdict
from reflector.edits.structure import PromptStructure, analyze_structure

__all__ = ["ComponentPlans", "EditPlan"]

_HIGH_IMPACT = 0.7


class _Edits(Value):
    """What holds for the edits of one text and of several."""

    if TYPE_CHECKING:

        @property
        def edits(self) -> tuple[Edit, ...]: ...

    @property
    def applied(self) -> tuple[Edit, ...]:
        """The edits that `apply` makes."""
        return tuple(edit for edit in self.edits if edit.is_made)

    @property
    def rejected(self) -> tuple[Edit, ...]:
        """The edits that are not made; `reason` says why."""
        return tuple(edit for edit in self.edits if edit.status is not EditStatus.APPLIED)

    @property
    def total_edits(self) -> int:
        """How many edits `apply` makes."""
        return len(self.applied)


class EditPlan(_Edits):
    """The edits of one prompt. Nothing a reflection suggested is missing: what is not made says why."""

    original_prompt: str
    edits: tuple[Edit, ...] = ()
    """Those that are made first, by impact; then the others in the order of their suggestions."""
    conflicts: tuple[ConflictGroup, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    """What was decided about conflicts when the plan was made."""
    overlaps: tuple[CopiedText, ...] = ()
    """Passages that edits, made or not, share with the examples; see `copied`."""
    config: EditConfig = EditConfig()

    def apply(self) -> str:
        """Return the improved prompt. Text outside the edits stays as it is, character for character.

        Raises:
            InvalidEditError: If the plan was put together for another prompt.
        """
        return apply_changes(self.original_prompt, self._changes())

    def diff(self, name: str = "prompt") -> str:
        """Return a unified diff; a comment line before each hunk names the suggestion that caused it."""
        return unified(self.original_prompt, self._changes(), name)

    def _changes(self) -> list[Change]:
        return changes_of(self.original_prompt, self.edits)

    @property
    def copied(self) -> tuple[CopiedText, ...]:
        """What the improved prompt copies from the examples: training data in a prompt is a leak, not a lesson."""
        written = {edit.id: edit.text for edit in self.edits if edit.status is EditStatus.APPLIED}
        return tuple(each for each in self.overlaps if each.text in written.get(each.edit, ""))

    @property
    def open_conflicts(self) -> tuple[ConflictGroup, ...]:
        """The conflicts that were decided for now only; each carries a question."""
        return tuple(group for group in self.conflicts if group.is_open)

    @cached_property
    def structure(self) -> PromptStructure:
        """The sections, placeholders and habits of the original prompt."""
        return analyze_structure(self.original_prompt)

    @property
    def high_impact_edits(self) -> int:
        """How many of the edits that are made have an impact of 0.7 or more."""
        return sum(edit.impact >= _HIGH_IMPACT for edit in self.applied)

    @property
    def conflicts_resolved(self) -> int:
        """How many edits lost to another one, or were merged with it."""
        return sum(len(group.edits) - bool(group.winner) for group in self.conflicts)

    def to_rows(self) -> list[dict[str, JSONValue]]:
        """Return one short JSON object for each edit, as the command line prints them."""
        return [edit.to_row() for edit in self.edits]


class ComponentPlans(_Edits):
    """The edits of several texts. Every suggestion is in exactly one of the plans."""

    plans: dict[str, EditPlan]
    """By the name of the component, in the order the texts were given."""

    def apply(self) -> dict[str, str]:
        """Return the improved texts by name; those without an edit as they are."""
        return {name: plan.apply() for name, plan in self.plans.items()}

    def diff(self) -> str:
        """Return one unified diff for each text that changes, with the component's name as the file's."""
        return "".join(plan.diff(name) for name, plan in self.plans.items())

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All edits, one component after the other."""
        return tuple(edit for plan in self.plans.values() for edit in plan.edits)

    @property
    def open_conflicts(self) -> tuple[ConflictGroup, ...]:
        """The conflicts that were decided for now only; each carries a question."""
        return tuple(group for plan in self.plans.values() for group in plan.open_conflicts)

    @property
    def copied(self) -> tuple[CopiedText, ...]:
        """What the improved texts copy from the examples."""
        return tuple(each for plan in self.plans.values() for each in plan.copied)

    def to_rows(self) -> list[dict[str, JSONValue]]:
        """Return one short JSON object for each edit, with its component."""
        return [{"component": name} | row for name, plan in self.plans.items() for row in plan.to_rows()]
