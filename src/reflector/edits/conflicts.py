"""Edits that cannot all be made: of what clashes one wins, and why; what was no clear choice stays open, and asks."""

from __future__ import annotations

from collections.abc import Sequence

from reflector._text import fenced, one_line, shorten
from reflector.edits.dependents import said_by
from reflector.edits.drafting import PRIORITY_RANK
from reflector.edits.drafts import Draft, made
from reflector.edits.edit import (
    ConflictGroup,
    ConflictStrategy,
    ConflictType,
    EditConfig,
    EditOperation,
    EditStatus,
    LocationType,
    Verdict,
)
from reflector.edits.likeness import contains, rules_of, says_the_same
from reflector.edits.lines import overlap

__all__ = ["resolve"]

_LONGEST = 2_000
_WHY = {
    ConflictType.OVERLAPPING: "they change the same text",
    ConflictType.CONTRADICTORY: "one asks for what another forbids or removes",
    ConflictType.DEPENDENT: "one stands beside a text that another removes",
}


def what_clashes(type: ConflictType, winner: Draft, loser: Draft) -> str:
    """Return what the loser of a conflict does to the winner."""
    if type is ConflictType.DEPENDENT and loser.span is not None:
        return f"would take away the text that {winner.id} belongs to"
    return {
        ConflictType.OVERLAPPING: f"changes the same text as {winner.id}",
        ConflictType.CONTRADICTORY: f"contradicts {winner.id}",
        ConflictType.DEPENDENT: f"cannot stand beside {winner.id}, which removes the text it belongs to",
    }[type]


def question_about(type: ConflictType, drafts: Sequence[Draft], prompt: str) -> str:
    """Return the question which of several edits should be made."""
    names = [draft.id for draft in drafts]
    either = f"{', '.join(names[:-1])} or {names[-1]}"
    told = "\n\n".join(_told(draft, prompt) for draft in drafts)
    return (
        f"These edits of one prompt cannot all be made: {_WHY[type]}.\n\n{told}\n\n"
        f"Which one should be made: {either}, or none of them?"
    )


def _told(draft: Draft, prompt: str) -> str:
    old = fenced(shorten(prompt[slice(*draft.span)], _LONGEST)) if draft.span else ""
    new = fenced(shorten(draft.content or draft.text, _LONGEST))
    if draft.place:
        what = f"adds this text ({one_line(draft.reason, 120)}):\n{new}"
    elif draft.content:
        what = f"replaces this passage:\n{old}\nby this one:\n{new}"
    else:
        what = f"removes this passage:\n{old}"
    why = one_line(draft.suggestion.rationale, 300)
    return f"{draft.id} (priority {draft.priority.value}) {what}" + (f"\nIts reason: {why}" if why else "")


_DELETE = EditOperation.DELETE


def resolve(
    drafts: list[Draft], prompt: str, config: EditConfig, verdicts: Sequence[Verdict] = ()
) -> tuple[list[Draft], tuple[ConflictGroup, ...]]:
    """Return the drafts with losers closed, and one group for each winner and kind of conflict.

    Drafts are taken strongest first; one that clashes with an earlier survivor loses to it. Under `merge`,
    overlapping edits become one. What was decided before holds.
    """
    if len(drafts) < 2:
        return drafts, ()
    field = _Field(drafts, prompt, config)
    settled = [field.settle(verdict) for verdict in verdicts if not verdict.problem]
    field.fight()
    asked = {frozenset(verdict.conflict.edits): verdict.problem for verdict in verdicts}
    groups = [
        group.replace(unanswered=asked.get(frozenset(group.edits), "")) if group.is_open else group
        for group in field.groups()
    ]
    return [field.known[d.id] for d in drafts], (*filter(None, settled), *groups)


class _Field:
    """The drafts of a plan while it is found out which of them survive."""

    def __init__(self, drafts: list[Draft], prompt: str, config: EditConfig) -> None:
        self.known = {d.id: d for d in drafts}
        self._prompt = prompt
        self._config = config
        self._said = said_by(made(drafts))
        self._rules = {d.id: rules_of(d.text) for d in made(drafts) if d.operation is not _DELETE}
        self._kept: set[str] = set()
        self._survivors: list[Draft] = []
        self._losses: dict[tuple[str, ConflictType, bool], list[Draft]] = {}

    def settle(self, verdict: Verdict) -> ConflictGroup | None:
        """Close what a verdict decides; None if what it keeps is not there to be made any more."""
        keep, group = verdict.keep, verdict.conflict
        if keep is not None and not self.known[keep].is_made:
            return None
        others = [id for id in group.edits if id != keep]
        what = f"{keep} was chosen" if keep else f"none of {', '.join(group.edits)} was chosen"
        why = what + (f": {verdict.reason}" if verdict.reason else "")
        for id in others:
            if self.known[id].is_made:
                self._close(self.known[id], keep or "", why)
        self._kept |= {keep} if keep else set()
        edits = (*([keep] if keep else ()), *others)
        return ConflictGroup(type=group.type, edits=edits, winner=keep, reason=why)

    def fight(self) -> None:
        """Let every draft that is made so far survive, or lose to a stronger one."""
        can_merge = self._config.conflict_strategy is ConflictStrategy.MERGE

        def rank(draft: Draft) -> tuple[bool, float, int]:
            return draft.id not in self._kept, -self._weight(draft), draft.suggestion_index

        for draft in sorted(made(self.known.values()), key=rank):
            clashes = [(other, type) for other in self._survivors if (type := self._clash(other, draft))]
            if not clashes:
                self._survivors.append(draft)
                continue
            winner, type = clashes[0]
            union = self._union(winner, draft) if can_merge and len(clashes) == 1 else None
            if union:
                self.known[winner.id] = union.replace(conflicts_with=(*union.conflicts_with, draft.id))
                self.known[draft.id] = draft.replace(
                    merged_into=winner.id, reason=f"merged into {winner.id}", conflicts_with=(winner.id,)
                )
                self._survivors = [self.known[survivor.id] for survivor in self._survivors]
                self._said |= said_by([union])
            else:
                why = f"{what_clashes(type, winner, draft)}; {self._why(winner, draft)}"
                self._close(draft, winner.id, why)
            self._losses.setdefault((winner.id, type, union is not None), []).append(draft)

    def groups(self) -> list[ConflictGroup]:
        """Return the conflicts that were fought out."""
        return [self._group(*key, losers) for key, losers in self._losses.items()]

    def _group(self, id: str, type: ConflictType, is_merged: bool, losers: list[Draft]) -> ConflictGroup:
        winner = self.known[id]
        is_open = not is_merged and not all(self._is_clear(winner, loser) for loser in losers)
        return ConflictGroup(
            type=type,
            edits=(id, *(loser.id for loser in losers)),
            winner=id,
            reason="merged into one edit" if is_merged else self._why(winner, losers[0]),
            is_merged=is_merged,
            is_open=is_open,
            question=question_about(type, (winner, *losers), self._prompt) if is_open else "",
        )

    def _close(self, loser: Draft, winner: str, why: str) -> None:
        beaten_by = (*loser.conflicts_with, *([winner] if winner else ()))
        self.known[loser.id] = loser.replace(status=EditStatus.CONFLICT, reason=why, conflicts_with=beaten_by)
        if winner:
            known = self.known[winner]
            self.known[winner] = known.replace(conflicts_with=(*known.conflicts_with, loser.id))

    # --- what clashes ---

    def _clash(self, a: Draft, b: Draft) -> ConflictType | None:
        """Return why two edits cannot both be made, or None if they can."""
        if a.id == b.depends_on or b.id == a.depends_on:
            return None
        if a.is_whole_prompt or b.is_whole_prompt or (a.span and b.span and overlap(a.span, b.span)):
            return ConflictType.OVERLAPPING
        if _loses_place(a, b) or _loses_place(b, a):
            return ConflictType.DEPENDENT
        if self._restores(a, b) or self._restores(b, a) or self._contradicts(a, b):
            return ConflictType.CONTRADICTORY
        return None

    def _restores(self, writing: Draft, delete: Draft) -> bool:
        """Whether an edit writes what another one deletes."""
        if delete.operation is not _DELETE or writing.operation is _DELETE:
            return False
        new, gone = self._said[writing.id], self._said[delete.id]
        if min(len(new.split(None, 3)), len(gone.split(None, 3))) < 3:
            return new == gone and new != "  "
        return gone in new or new in gone

    def _contradicts(self, a: Draft, b: Draft) -> bool:
        """Whether two edits bring the same rule, once affirmed and once denied, or with other limits."""
        first, second = self._rules.get(a.id, {}), self._rules.get(b.id, {})
        return any(stance != second.get(rule, stance) for rule, stance in first.items())

    def _union(self, a: Draft, b: Draft) -> Draft | None:
        """Return one draft that changes the characters of both and says what both say, the earlier text first.

        None if they are not both plain changes of text, or if it would clash with another edit.
        """
        if a.span is None or b.span is None or a.is_whole_prompt or b.is_whole_prompt:
            return None
        span = (min(a.span[0], b.span[0]), max(a.span[1], b.span[1]))
        ordered = sorted((a, b), key=lambda d: (d.span or span, d.suggestion_index))
        texts = [d.content for d in ordered if d.content.strip()]
        if len(texts) == 2 and (says_the_same(*texts) or contains(*texts)):
            texts = texts[:1]
        content = ("\n" if any("\n" in text for text in texts) else " ").join(texts)
        operation = EditOperation.REPLACE if content else _DELETE
        text = content or self._prompt[span[0] : span[1]]
        union = a.replace(span=span, content=content, text=text, operation=operation)
        others = (other for other in self._survivors if other.id != a.id)
        return None if any(self._clash(union, other) for other in others) else union

    # --- who wins ---

    def _weight(self, draft: Draft) -> float:
        """What the strategy goes by; of equals the suggestion that came first wins."""
        if self._config.conflict_strategy is ConflictStrategy.FIRST:
            return 0.0
        by_priority = self._config.conflict_strategy is ConflictStrategy.HIGHEST_PRIORITY
        return PRIORITY_RANK[draft.priority] if by_priority else draft.impact

    def _is_clear(self, winner: Draft, loser: Draft) -> bool:
        """Whether the strategy has a clear reason for the winner, not only an order to go by."""
        strategy = self._config.conflict_strategy
        if strategy is ConflictStrategy.FIRST or winner.id in self._kept:
            return True
        margin = 0.0 if strategy is ConflictStrategy.HIGHEST_PRIORITY else self._config.clear_margin
        return self._weight(winner) - self._weight(loser) >= max(margin, 1e-9)

    def _why(self, winner: Draft, loser: Draft) -> str:
        strategy = self._config.conflict_strategy
        if winner.id in self._kept:
            return f"{winner.id} was chosen before"
        if strategy is ConflictStrategy.FIRST:
            return f"{winner.id} came first"
        if self._weight(winner) <= self._weight(loser):
            return f"{winner.id} came first and both weigh the same"
        if strategy is ConflictStrategy.HIGHEST_PRIORITY:
            return f"{winner.id} has the higher priority ({winner.priority.value})"
        return f"{winner.id} has the higher impact ({winner.impact:.2f} against {loser.impact:.2f})"


def _loses_place(insert: Draft, delete: Draft) -> bool:
    """Whether an insertion stands beside a passage, or in a section, that another edit deletes."""
    if insert.place is None or delete.span is None or delete.operation is not _DELETE:
        return False
    if insert.place.type is LocationType.AFTER:
        return overlap(insert.place.span, delete.span)
    section = insert.place.section
    return section is not None and delete.span[0] <= section.start and section.end <= delete.span[1] + 1
