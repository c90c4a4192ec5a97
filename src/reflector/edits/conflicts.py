"""Edits that cannot all be made: of what clashes one wins, and why; what was no clear choice stays open, and asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy

from reflector._text import fenced, one_line, shorten
from reflector.edits.dependents import said_by
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


_DELETE = EditOperation.DELETE


def resolve(
    drafts: list[Draft], prompt: str, config: EditConfig, verdicts: Sequence[Verdict] = ()
) -> tuple[ConflictGroup, ...]:
    """Close the drafts that lose, and return one group for each winner and kind of conflict.

    Drafts are taken strongest first; one that clashes with an earlier survivor loses to it. Under `merge`,
    overlapping edits become one. What was decided before holds.
    """
    if len(drafts) < 2:
        return ()
    field = _Field(drafts, prompt, config)
    settled = [field.settle(verdict) for verdict in verdicts if not verdict.problem]
    field.fight()
    asked = {frozenset(verdict.conflict.edits): verdict.problem for verdict in verdicts}
    return (*filter(None, settled), *field.groups(asked))


class _Field:
    """The drafts of a plan while it is found out which of them survive."""

    def __init__(self, drafts: list[Draft], prompt: str, config: EditConfig) -> None:
        self._drafts = drafts
        self._known = {d.id: d for d in drafts}
        self._prompt = prompt
        self._config = config
        self._places = {d.id: d.reason for d in drafts}
        self._said = said_by(made(drafts))
        self._rules = {d.id: rules_of(d.text) for d in drafts if d.is_made and d.operation is not _DELETE}
        self._kept: set[str] = set()
        self._survivors: list[Draft] = []
        self._losses: dict[tuple[str, ConflictType, bool], list[Draft]] = {}

    def settle(self, verdict: Verdict) -> ConflictGroup | None:
        """Close what a verdict decides; None if what it keeps is not there to be made any more."""
        keep, group = verdict.keep, verdict.conflict
        if keep is not None and not self._known[keep].is_made:
            return None
        others = [id for id in group.edits if id != keep]
        what = f"{keep} was chosen" if keep else f"none of {', '.join(group.edits)} was chosen"
        why = what + (f": {verdict.reason}" if verdict.reason else "")
        for loser in (self._known[id] for id in others):
            if loser.is_made:
                _close(loser, self._known[keep] if keep else None, why)
        self._kept |= {keep} if keep else set()
        edits = (*([keep] if keep else ()), *others)
        return ConflictGroup(type=group.type, edits=edits, winner=keep, reason=why)

    def fight(self) -> None:
        """Let every draft that is made so far survive, or lose to a stronger one."""
        can_merge = self._config.conflict_strategy is ConflictStrategy.MERGE

        def rank(draft: Draft) -> tuple[bool, float, int]:
            return draft.id not in self._kept, -self._weight(draft), draft.suggestion_index

        for draft in sorted((d for d in self._drafts if d.is_made), key=rank):
            clashes = [(other, type) for other in self._survivors if (type := self._clash(other, draft))]
            if not clashes:
                self._survivors.append(draft)
                continue
            winner, type = clashes[0]
            is_merged = can_merge and len(clashes) == 1 and self._merge(winner, draft)
            if not is_merged:
                why = f"{what_clashes(type, winner, draft)}; {self._why(winner, draft)}"
                _close(draft, winner, why)
            self._losses.setdefault((winner.id, type, is_merged), []).append(draft)

    def groups(self, asked: Mapping[frozenset[str], str]) -> list[ConflictGroup]:
        """Return the conflicts that were fought out; what was `asked` about one without an answer is noted."""
        return [self._group(*key, losers, asked) for key, losers in self._losses.items()]

    def _group(
        self,
        id: str,
        type: ConflictType,
        is_merged: bool,
        losers: list[Draft],
        asked: Mapping[frozenset[str], str],
    ) -> ConflictGroup:
        winner, edits = self._known[id], (id, *(loser.id for loser in losers))
        is_open = not is_merged and not all(self._is_clear(winner, loser) for loser in losers)
        return ConflictGroup(
            type=type,
            edits=edits,
            winner=id,
            reason="merged into one edit" if is_merged else self._why(winner, losers[0]),
            is_merged=is_merged,
            is_open=is_open,
            question=self._question(type, (winner, *losers)) if is_open else "",
            unanswered=asked.get(frozenset(edits), "") if is_open else "",
        )

    def _question(self, type: ConflictType, drafts: Sequence[Draft]) -> str:
        *names, last = [draft.id for draft in drafts]
        told = "\n\n".join(map(self._told, drafts))
        return (
            f"These edits of one prompt cannot all be made: {_WHY[type]}.\n\n{told}\n\n"
            f"Which one should be made: {', '.join(names)} or {last}, or none of them?"
        )

    def _told(self, draft: Draft) -> str:
        old = fenced(shorten(self._prompt[slice(*draft.span)], _LONGEST)) if draft.span else ""
        new = fenced(shorten(draft.content or draft.text, _LONGEST))
        if draft.is_insertion:
            what = f"adds this text ({one_line(self._places[draft.id], 120)}):\n{new}"
        elif draft.content:
            what = f"replaces this passage:\n{old}\nby this one:\n{new}"
        else:
            what = f"removes this passage:\n{old}"
        why = one_line(draft.suggestion.rationale, 300)
        return f"{draft.id} (priority {draft.priority.value}) {what}" + (
            f"\nIts reason: {why}" if why else ""
        )

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

    def _merge(self, winner: Draft, draft: Draft) -> bool:
        """Make the winner change the characters of both and say what both say, the earlier text first.

        Nothing is changed if they are not both plain changes of text, or if it would clash with another edit.
        """
        if winner.span is None or draft.span is None or winner.is_whole_prompt or draft.is_whole_prompt:
            return False
        span = (min(winner.span[0], draft.span[0]), max(winner.span[1], draft.span[1]))
        ordered = sorted((winner, draft), key=lambda d: (d.span or span, d.suggestion_index))
        texts = [d.content for d in ordered if d.content.strip()]
        if len(texts) == 2 and (says_the_same(*texts) or contains(*texts)):
            texts = texts[:1]
        content = ("\n" if any("\n" in text for text in texts) else " ").join(texts)
        union = copy(winner)
        union.change(span, content or self._prompt[slice(*span)], content)
        union.operation = EditOperation.REPLACE if content else _DELETE
        if any(self._clash(union, other) for other in self._survivors if other is not winner):
            return False
        winner.change(span, union.text, content)
        winner.operation = union.operation
        winner.conflicts_with += (draft.id,)
        draft.merged_into, draft.reason = winner.id, f"merged into {winner.id}"
        draft.conflicts_with = (winner.id,)
        self._said |= said_by([winner])
        return True

    # --- who wins ---

    def _weight(self, draft: Draft) -> float:
        """What the strategy goes by; of equals the suggestion that came first wins."""
        if self._config.conflict_strategy is ConflictStrategy.FIRST:
            return 0.0
        by_priority = self._config.conflict_strategy is ConflictStrategy.HIGHEST_PRIORITY
        return -draft.priority.rank if by_priority else draft.impact

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


def _close(loser: Draft, winner: Draft | None, why: str) -> None:
    loser.status, loser.reason = EditStatus.CONFLICT, why
    if winner:
        loser.conflicts_with += (winner.id,)
        winner.conflicts_with += (loser.id,)


def _loses_place(insert: Draft, delete: Draft) -> bool:
    """Whether an insertion stands beside a passage, or in a section, that another edit deletes."""
    if (
        insert.place is None
        or not insert.is_insertion
        or delete.span is None
        or delete.operation is not _DELETE
    ):
        return False
    if insert.place.type is LocationType.AFTER:
        return overlap(insert.place.span, delete.span)
    section = insert.place.section
    return section is not None and delete.span[0] <= section.start and section.end <= delete.span[1] + 1
