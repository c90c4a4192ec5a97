"""The course of a proposal: from its parent's runs over reflections and trials to a child that is validated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from reflector.optimizer.acceptance import Verdict
from reflector.optimizer.attempts import blame
from reflector.optimizer.candidate import Candidate
from reflector.optimizer.evaluation import Evaluation
from reflector.optimizer.examples import Split
from reflector.optimizer.proposal import Proposal
from reflector.optimizer.racing import chunks, is_hopeless
from reflector.optimizer.selection import choose_components
from reflector.optimizer.state import State
from reflector.optimizer.trial import changed, doubtful_changes, rows_to_probe, rows_to_try
from reflector.optimizer.work import Change, Proposed, Purpose, Reflect

__all__ = ["ROUNDS", "Course"]

ROUNDS = 3
"""Minibatches at most on which an undecided child is compared with its parent."""
_FEWER = 2 / 3
"""Share of the failing rows of what was validated last that may be left when a trial is validated early again."""
_LONGEST = 500
"""Rollouts after which a proposal looks at no further minibatch, however long its validation is."""


class Course:
    """Takes proposals from one step to the next; a step ends where it orders rows or a reflection."""

    def __init__(self, state: State, places: int) -> None:
        """Begin.

        Args:
            state: Of the run.
            places: Proposals under way at once.
        """
        self.state = state
        share = (state.limit - state.rows["val"]) / (
            2 * places
        )  # so that proposals can start from others' children
        longest = share - state.rows["val"] - 2 * state.minibatch
        self.pace = max(0, round(min(_LONGEST, state.config.pace * state.rows["val"], longest)))
        """Rollouts up to which a proposal looks at further minibatches."""

    def reflected(self, proposal: Proposal, proposed: Proposed) -> None:
        """Go on with a proposal whose runs were reflected on."""
        proposal.steps += 1
        if proposed.changes:
            self._attempt(proposal, proposed)
        elif proposal.child is not None:
            self._go_further(proposal)
        else:
            self.state.end(proposal, "failed" if proposed.is_error else "unusable", proposed.reason)

    def run(
        self, proposal: Proposal, purpose: Purpose, candidate: Candidate, split: Split, rows: Sequence[int]
    ) -> None:
        """Have rows run for a proposal; with nothing to wait for, go on at once."""
        self.state.order_rows(proposal, purpose, candidate, split, rows)
        if self.state.is_ready(proposal):
            self.advance(proposal)

    def advance(self, proposal: Proposal) -> None:
        """Go on with a proposal that has the results it has waited for."""
        proposal.awaiting = []
        if self.state.stopping.is_cut_off and proposal.stage != "validation":
            self.state.end(proposal, "dropped")
            return
        match proposal.stage:
            case "parent":
                self._parent_ran(proposal)
            case "child" | "more":
                self._child_ran(proposal)
            case "further":
                self._further_ran(proposal)
            case "probe":
                self._probed(proposal)
            case "merge":
                self._merge_ran(proposal)
            case "validation":
                self._validated(proposal)

    def _parent_ran(self, proposal: Proposal) -> None:
        proposal.scored = self.state.found(proposal, proposal.parent, proposal.rows)
        if self.state.stopping.reason is not None:
            self.state.end(proposal, "dropped")
        elif proposal.is_hasty and self._failing(proposal.scored) < self.state.config.runs_per_reflection:
            proposal.is_hasty = False  # where few runs fail, each tells something
            self.run(proposal, "parent", proposal.parent, "train", proposal.rows)
        elif not self._failing(proposal.scored):
            self.state.end(proposal, "perfect")
        else:
            self._reflect_or_look_further(proposal)

    def _failing(self, scored: Mapping[int, Evaluation]) -> int:
        return sum(each.score < self.state.config.perfect_score for each in scored.values())

    def _reflect_or_look_further(self, proposal: Proposal) -> None:
        """Reflect when as many failed runs are known as one reflection reads, or no more can be had."""
        failing = self._failing(proposal.scored)
        if failing < self.state.config.runs_per_reflection and self._look_further(proposal):
            return
        if failing:
            self._reflect(proposal)
        else:
            self._validate(proposal)

    def _look_further(self, proposal: Proposal) -> bool:
        """Have what the proposal has come to run on another minibatch, as long as its rollouts are few."""
        if self.state.stopping.reason is not None or proposal.ordered >= self.pace:
            return False
        seen = proposal.scored.keys() | proposal.rows
        rest = [row for row in range(self.state.rows["train"]) if row not in seen]
        if not rest:
            return False
        count = min(self.state.minibatch, len(rest))
        if not self.state.take_room(proposal, 2 * count + len(self._rows_to_try(proposal))):
            return False
        proposal.waits_for = tuple(
            self.state.rng(f"further-{len(proposal.scored)}", proposal).sample(rest, count)
        )
        self.run(proposal, "further", proposal.current, "train", proposal.waits_for)
        return True

    def _further_ran(self, proposal: Proposal) -> None:
        found = self.state.found(proposal, proposal.current, proposal.waits_for)
        proposal.scored |= found
        if proposal.child is None:
            proposal.rows += tuple(found)
        else:
            turn = proposal.number + len(proposal.scored) // self.state.minibatch
            names = tuple(proposal.parent)
            proposal.components = choose_components(names, turn, self.state.config.components)
        proposal.steps, proposal.trial = 0, proposal.child
        self._reflect_or_look_further(proposal)

    def _go_further(self, proposal: Proposal) -> None:
        if not self._look_further(proposal):
            self._validate(proposal)

    def _reflect(self, proposal: Proposal) -> None:
        """Have the runs that are known reflected on: those of the minibatch, and at first others of the parent."""
        state = self.state
        self._take_late(proposal)
        known = {row: each for row, each in proposal.scored.items() if row not in proposal.late}
        if not self._failing(known):
            known = dict(proposal.scored)
        if proposal.child is None:
            known |= self.state.results.others(
                proposal,
                self.state.config.perfect_score,
                self.state.config.further_runs,
                self.state.rng("further", proposal),
            )
        proposal.stage = "child"
        state.orders.add(
            Reflect(
                state.orders.next_id,
                proposal.number,
                proposal.current,
                proposal.components,
                tuple(known),
                tuple(known.values()),
                state.attempts.rejected(proposal),
                state.attempts.unhelped_by(proposal) if proposal.child is None else 0,
                proposal.is_hasty and proposal.child is None,
            ),
            proposal,
        )

    def _attempt(self, proposal: Proposal, proposed: Proposed) -> None:
        """Have a changed text run on the rows that failed so far, and on some that passed."""
        proposal.changes = proposed.changes
        proposal.trial = changed(proposal, proposed.changes)
        if self._is_known(proposal, proposal.trial):
            if proposal.child is None:
                is_new = not self.state.attempts.is_known(proposal, proposal.trial)
                self.state.end(proposal, "duplicate", "the same text is being tried" if is_new else "")
            else:
                self._go_further(proposal)
        elif self.state.stopping.is_cut_off:
            self.state.end(proposal, "dropped")
        else:
            proposal.fresh = {}
            proposal.is_hasty = self.state.is_in_haste
            late = self._take_late(proposal)
            proposal.waits_for = (*self._rows_to_try(proposal), *late)
            self.run(proposal, "child", proposal.trial, "train", proposal.waits_for)

    def _take_late(self, proposal: Proposal) -> tuple[int, ...]:
        """Take in what has come of rows that a step did not wait for; return the parent's that have not come."""
        if proposal.child is None:
            proposal.scored |= self.state.found(proposal, proposal.parent, proposal.rows)
            return tuple(row for row in proposal.rows if row not in proposal.scored)
        found = self.state.found(proposal, proposal.child, proposal.late)
        proposal.scored |= found
        proposal.late = tuple(row for row in proposal.late if row not in found)
        return ()

    def _untold(self, proposal: Proposal) -> tuple[int, ...]:
        """Return the rows that a trial has not been run on yet, and that did not pass before."""
        perfect, scored = self.state.config.perfect_score, proposal.scored
        rows = dict.fromkeys((*proposal.rows, *scored))
        told = {row for row, each in scored.items() if each.score >= perfect} | proposal.fresh.keys()
        return tuple(row for row in rows if row not in told)

    def _child_ran(self, proposal: Proposal) -> None:
        """Judge a trial by the rows it was run on."""
        assert proposal.trial is not None
        rows = proposal.waits_for
        late = self._take_late(proposal)
        found = self.state.found(proposal, proposal.trial, rows)
        proposal.fresh |= {row: each for row, each in found.items() if row in proposal.scored}
        if proposal.is_hasty:
            if (
                not proposal.fresh
                or not self._failing(proposal.fresh)
                or self._verdict(proposal) != "accepted"
            ):
                proposal.is_hasty = False
                self.state.order_rows(proposal, "child", proposal.parent, "train", late)
                self.run(proposal, "child", proposal.trial, "train", rows)
                return
            self._validate_early(proposal)
            if late:  # what was not waited for before tells something, too
                self.state.order_rows(proposal, "child", proposal.parent, "train", late)
                self.run(proposal, "child", proposal.trial, "train", rows)
                return
        doubtful = () if proposal.stage == "more" else doubtful_changes(proposal)
        if doubtful:
            self._probe(proposal, doubtful)
        else:
            self._judge(proposal)

    def _validate_early(self, proposal: Proposal) -> None:
        """Have a trial validated that most rows speak for, as a proposal of its own: something is known soon."""
        state = self.state
        known = proposal.scored | proposal.fresh
        failing = self._failing(known)
        if proposal.early is not None and failing > _FEWER * proposal.early_failing:
            return
        goes_on = proposal.steps < state.config.depth
        if not goes_on or proposal.ordered < self.pace or state.room < state.rows["val"]:
            return
        proposal.early = early = Proposal(
            state.started, proposal.parent, proposal.components, proposal.rows, 0
        )
        early.is_early = True
        state.early += 1
        early.trial = early.child = proposal.trial
        proposal.early_failing = failing
        self._note(early, known)
        state.enter(early)
        self._validate(early)

    def _note(self, proposal: Proposal, *after: Mapping[int, Evaluation]) -> None:
        """Write down the scores before and after on the rows of the minibatch that are known."""
        before = self.state.found(proposal, proposal.parent, proposal.rows)
        known = {row: each for found in after for row, each in found.items()}
        rows = [row for row in before if row in known]
        proposal.before = tuple(before[row].score for row in rows)
        proposal.after = tuple(known[row].score for row in rows)

    def _probe(self, proposal: Proposal, doubtful: Sequence[Change]) -> None:
        """Have the trial run without some changes, on rows that can tell."""
        state = self.state
        rng = state.rng(f"probe-{proposal.steps}", proposal)
        rows = rows_to_probe(proposal, doubtful, state.config.perfect_score, rng)
        probe = changed(proposal, [change for change in proposal.changes if change not in doubtful])
        if not rows or self._is_known(proposal, probe) or not state.take_room(proposal, len(rows)):
            self._judge(proposal)
            return
        proposal.probe, proposal.doubtful, proposal.waits_for = probe, tuple(doubtful), rows
        self.run(proposal, "probe", probe, "train", rows)

    def _probed(self, proposal: Proposal) -> None:
        """Do without the changes that were in doubt, unless they help."""
        assert proposal.probe is not None
        fresh = proposal.fresh
        found = self.state.found(proposal, proposal.probe, proposal.waits_for)
        lead = math.fsum(each.score - fresh[row].score for row, each in found.items())
        if lead > 0 or (lead == 0 and all(change.quotes for change in proposal.doubtful)):
            proposal.trial = proposal.probe
            fresh |= found
            blame(proposal, proposal.doubtful)
            proposal.changes = tuple(each for each in proposal.changes if each not in proposal.doubtful)
        self._judge(proposal)

    def _judge(self, proposal: Proposal) -> None:
        match self._verdict(proposal):
            case "accepted":
                proposal.child = proposal.trial
                proposal.late = self._untold(proposal)
                proposal.scored |= proposal.fresh
                self._note(proposal, proposal.scored)
                self._go_deeper(proposal)
            case "rejected":
                blame(proposal, proposal.changes)
                if proposal.child is not None:
                    self._go_deeper(proposal)
                else:
                    self._note(proposal, proposal.scored, proposal.fresh)
                    self.state.end(proposal, "rejected")
            case "undecided":
                self._look_at_more(proposal)

    def _go_deeper(self, proposal: Proposal) -> None:
        """Reflect on what still fails, if there is something, and room; else go further."""
        is_stuck = proposal.trial is not proposal.child
        if (
            self._failing(proposal.scored)
            and not is_stuck
            and self.state.stopping.reason is None
            and proposal.steps < self.state.config.depth
            and self.state.take_room(proposal, len(self._rows_to_try(proposal)))
        ):
            self._reflect(proposal)
        else:
            self._go_further(proposal)

    def _verdict(self, proposal: Proposal) -> Verdict:
        more = min(self.state.minibatch, self.state.rows["train"] - len(proposal.scored))
        has_more = (
            more > 0
            and not proposal.child
            and proposal.rounds < ROUNDS
            and self.state.take_room(proposal, 2 * more)
        )
        rows = list(proposal.fresh)
        before = [proposal.scored[row].score for row in rows]
        after = [proposal.fresh[row].score for row in rows]
        verdict = self.state.config.acceptance.judge(before, after, has_more)
        return "rejected" if verdict == "undecided" and not has_more else verdict

    def _look_at_more(self, proposal: Proposal) -> None:
        assert proposal.trial is not None
        rng = self.state.rng(f"more-{proposal.rounds}", proposal)
        rest = [row for row in range(self.state.rows["train"]) if row not in proposal.scored]
        more = tuple(rng.sample(rest, min(self.state.minibatch, len(rest))))
        proposal.rounds += 1
        proposal.rows += more
        proposal.waits_for = more
        self.state.order_rows(proposal, "more", proposal.parent, "train", more)
        self.run(proposal, "more", proposal.trial, "train", more)

    def _merge_ran(self, proposal: Proposal) -> None:
        assert proposal.child is not None
        assert proposal.other is not None
        scores = self.state.pool.scores
        ours, theirs = (
            tuple(scores[parent.number][row] for row in proposal.rows)
            for parent in (proposal.parent, proposal.other)
        )
        known = self.state.results.known(proposal, proposal.child, "val")
        proposal.before = max(ours, theirs, key=math.fsum)
        proposal.after = tuple(known.scores(proposal.rows))
        if math.fsum(proposal.after) >= math.fsum(proposal.before):
            self._validate(proposal)
        else:
            self.state.end(proposal, "rejected")

    def _validate(self, proposal: Proposal) -> None:
        """Order the next validation rows; with all of them run, the proposal has made it."""
        assert proposal.child is not None
        if not proposal.parts:
            if not self.state.begin_validation(proposal):
                self.state.end(proposal, "dropped", "no rollouts are left for its validation")
                return
            order = list(range(self.state.rows["val"]))
            if self.state.config.validation == "full":
                proposal.parts = [tuple(order)]
            else:
                self.state.rng("validation", proposal).shuffle(order)
                proposal.parts = chunks(order)
        while proposal.validated < len(proposal.parts):
            proposal.validated += 1
            so_far = [row for each in proposal.parts[: proposal.validated] for row in each]
            if self.state.results.known(proposal, proposal.child, "val").count(so_far) < len(so_far):
                self.run(proposal, "validation", proposal.child, "val", so_far)
                return
        self.state.end(proposal, "accepted")

    def _validated(self, proposal: Proposal) -> None:
        assert proposal.child is not None
        rivals: Sequence[float] = proposal.rivals
        if not self.state.is_strict and len(self.state.pool):
            rivals = self.state.pool.best_scores
        if self.state.config.validation == "racing" and rivals:
            known = self.state.results.known(proposal, proposal.child, "val")
            scores = {row: known.score[row] for row in sorted(known)}
            if len(scores) < self.state.rows["val"] and is_hopeless(
                scores, self.state.pool.scores[proposal.parent.number], rivals
            ):
                self.state.end(proposal, "hopeless")
                return
        self._validate(proposal)

    def _rows_to_try(self, proposal: Proposal) -> tuple[int, ...]:
        rng = self.state.rng(f"guards-{proposal.steps}", proposal)
        return rows_to_try(proposal, self.state.config.perfect_score, rng)

    def _is_known(self, proposal: Proposal, trial: Candidate) -> bool:
        """Return whether a trial has the texts of one that was tried, or that is under way."""
        attempts, active = self.state.attempts, self.state.active.values()
        return attempts.is_known(proposal, trial) or attempts.is_under_way(proposal, trial, active)
