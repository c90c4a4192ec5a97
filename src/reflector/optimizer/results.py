"""What is known of candidates on rows, and who waits for what: nothing is run twice."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from reflector.optimizer.candidate import Candidate
from reflector.optimizer.evaluation import Evaluation
from reflector.optimizer.evaluations import Evaluations
from reflector.optimizer.examples import Split
from reflector.optimizer.proposal import Proposal

__all__ = ["Results", "Table"]

Table = tuple[str, Split]
"""Where evaluations by row are found: the key of a candidate's texts, and the part."""
_NONE = Evaluations()


@dataclass(slots=True)
class Results:
    """Evaluations by candidate and row.

    In completion order every result is everybody's at once, and who needs rows that are being run waits for their
    order. In strict order a proposal sees its own, and what was committed before it started: what finishes first
    must not matter.
    """

    is_shared: bool
    _known: dict[Table, Evaluations] = field(default_factory=dict)
    _since: dict[Table, dict[int, int]] = field(default_factory=dict)
    """Strict order: the number of commits after which a row was known."""
    _under_way: dict[Table, dict[int, int]] = field(default_factory=dict)
    """Completion order: the open orders by their rows."""
    _waiters: dict[int, list[Proposal]] = field(default_factory=dict)
    """Who waits for an order."""
    _recorded: set[Table] = field(default_factory=set)
    """Where records of runs are kept, which may be long."""

    def known(self, proposal: Proposal | None, candidate: Candidate, split: Split) -> Evaluations:
        """Return all that a proposal may know of a candidate. To be read only."""
        return self._visible(proposal, (candidate.key, split))

    def wait(
        self, proposal: Proposal | None, candidate: Candidate, split: Split, rows: Sequence[int], order: int
    ) -> tuple[int, ...]:
        """Let a proposal wait for the rows that are not known; return those that nobody runs yet: `order` is to."""
        table: Table = (candidate.key, split)
        known = self._visible(proposal, table)
        unknown = [row for row in rows if row not in known] if known else rows
        missing, orders = tuple(unknown), {order}
        if self.is_shared:
            under_way = self._under_way.setdefault(table, {})
            if under_way:
                missing = tuple(row for row in unknown if row not in under_way)
                orders = {under_way[row] for row in unknown if row in under_way}
                orders |= {order} if missing else set()
            under_way.update(dict.fromkeys(missing, order))
        if proposal is not None and unknown:
            for each in orders:
                self._waiters.setdefault(each, []).append(proposal)
        return missing

    def put(
        self,
        order: int,
        proposal: Proposal | None,
        candidate: Candidate,
        split: Split,
        found: Evaluations,
        *,
        is_last: bool,
    ) -> list[Proposal]:
        """Take in what an order brought, by row; return the proposals that wait for it."""
        table: Table = (candidate.key, split)
        if found.trajectory:
            self._recorded.add(table)
        if self.is_shared or proposal is None:
            self._known.setdefault(table, Evaluations()).update(found)
        else:
            proposal.results.setdefault(table, Evaluations()).update(found)
        under_way = self._under_way.get(table, {})
        if len(under_way) == len(found):
            del self._under_way[table]
        elif under_way:
            for row in found:
                del under_way[row]
        if not is_last:
            return list(dict.fromkeys(self._waiters.get(order, ())))
        return list(dict.fromkeys(self._waiters.pop(order, ())))

    def commit(self, proposal: Proposal, commits: int) -> None:
        """Make the results of a proposal, which is commit number `commits`, everybody's."""
        for table, found in proposal.results.items():
            if found.trajectory:
                self._recorded.add(table)
            known = self._known.setdefault(table, Evaluations())
            new = [row for row in found if row not in known]
            known.update(found, new)
            self._since.setdefault(table, {}).update(dict.fromkeys(new, commits))
        proposal.results.clear()

    def forget_runs(self, needed: Collection[str]) -> None:
        """Free the records of runs, all but those of some candidates: nobody will reflect on the others.

        Who comes to the same texts another way, which is rare, sees what these runs put out.
        """
        for table in [each for each in self._recorded if each[0] not in needed]:
            self._recorded.discard(table)
            if table in self._known:
                self._known[table].trajectory.clear()

    def others(
        self, proposal: Proposal, below: float, most: int, rng: random.Random
    ) -> dict[int, Evaluation]:
        """Return further training rows on which the parent is known to have been run, chosen by chance.

        They are `most` that scored below `below`, and half as many that did not.
        """
        known = self._visible(proposal, (proposal.parent.key, "train"))
        rows = sorted(known.score.keys() - set(proposal.rows))
        low = [row for row in rows if known.score[row] < below]
        high = [row for row in rows if not known.score[row] < below]
        chosen = [*rng.sample(low, min(most, len(low))), *rng.sample(high, min(most // 2, len(high)))]
        return {row: known[row] for row in chosen}

    def _visible(self, proposal: Proposal | None, table: Table) -> Evaluations:
        known = self._known.get(table, _NONE)
        if proposal is None or self.is_shared:
            return known
        since = self._since.get(table, {})
        visible = Evaluations()
        visible.update(known, [row for row in known if since.get(row, 0) <= proposal.base])
        visible.update(proposal.results.get(table, _NONE))
        return visible
