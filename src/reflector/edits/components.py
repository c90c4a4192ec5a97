"""Several texts at once: which component a suggestion changes, and the plans of all of them."""

from __future__ import annotations

from collections.abc import Mapping

from reflector._json import JSONValue, Value
from reflector.edits.drafting import draft_suggestion
from reflector.edits.drafts import Draft
from reflector.edits.edit import ConflictGroup, CopiedText, Edit, EditConfig, EditStatus, LocationType
from reflector.edits.naming import named_part
from reflector.edits.passages import Passages
from reflector.edits.plan import EditPlan

__all__ = ["ComponentPlans", "assign"]


class ComponentPlans(Value):
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
    def applied(self) -> tuple[Edit, ...]:
        """The edits that `apply` makes."""
        return tuple(edit for edit in self.edits if edit.is_made)

    @property
    def rejected(self) -> tuple[Edit, ...]:
        """The edits that are not made; `reason` says why."""
        return tuple(edit for edit in self.edits if edit.status is not EditStatus.APPLIED)

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


def assign(drafts: list[Draft], texts: Mapping[str, Passages], config: EditConfig) -> dict[str, list[Draft]]:
    """Return the drafts by the component each changes: the one it names, else the one it fits best, else the first."""
    parts: dict[str, list[Draft]] = {name: [] for name in texts}
    for draft in drafts:
        name, rest = named_part(draft.suggestion.target_section or "", texts)
        bare = (
            draft.replace(suggestion=draft.suggestion.replace(target_section=rest or None)) if name else draft
        )
        tried = {
            each: draft_suggestion(texts[each], bare, config.weights) for each in ([name] if name else texts)
        }
        best = max(tried, key=lambda each: _fit(tried[each]))
        parts[best].append(tried[best].replace(suggestion=draft.suggestion))
    return parts


def _fit(draft: Draft) -> int:
    """How well a suggestion fits a text: it changes a passage, or it belongs into a place that it names."""
    if draft.span:
        return 2
    is_named = (
        draft.place and draft.place.is_found and draft.place.type in (LocationType.WITHIN, LocationType.AFTER)
    )
    return 2 if is_named else int(draft.status is EditStatus.DROPPED)
