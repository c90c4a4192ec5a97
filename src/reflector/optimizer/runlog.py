"""The log of a run: every fact that the machine was told, in order. It is checkpoint and audit in one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reflector._ids import new_id
from reflector._json import dumps, loads
from reflector.errors import RunMismatchError
from reflector.optimizer.candidate import Candidate
from reflector.optimizer.evaluations import Evaluations
from reflector.optimizer.proposal import Proposal
from reflector.optimizer.work import Change, Proposed
from reflector.signals.signal import Signal
from reflector.signals.sqlite_journal import SqliteJournal
from reflector.usage import Usage

__all__ = ["RunLog", "read_proposed"]

_STARTED = "reflector.run.started"
_EVALUATED = "reflector.run.evaluated"
_PROPOSED = "reflector.run.proposed"
_CLAIMED = "reflector.run.claimed"
_COMMITTED = "reflector.run.committed"
_TESTING = "reflector.run.testing"
_EXTENDED = "reflector.run.extended"
_STOPPED = "reflector.run.stopped"
_FINISHED = "reflector.run.finished"
_NOTED = "reflector.run.noted"


class RunLog:
    """Facts of one run, as signals in a journal. Reading one back gives the same facts in the same order."""

    def __init__(self, path: str | Path | None) -> None:
        """Open the log of a run, or begin one. None keeps nothing: nobody could read it after the run.

        Raises:
            JournalOpenError: If the file is something else, newer, or unreachable.
        """
        self.path = None if path is None else Path(path)
        self._journal = None if path is None else SqliteJournal(path)
        self._begun = None if self._journal is None else next(iter(self._journal.replay(_STARTED)), None)
        self.id: str = str(self._begun.data["id"]) if self._begun is not None else new_id("run")
        self._source = f"/runs/{self.id}"

    @property
    def is_new(self) -> bool:
        """Whether nothing has been written yet."""
        return self._begun is None

    @property
    def header(self) -> dict[str, Any]:
        """What the run was started with; empty if it is new."""
        return {} if self._begun is None else dict(self._begun.data)

    def start(self, header: Mapping[str, Any], budget: Mapping[str, Any]) -> None:
        """Begin a run, or see to it that this is the same one. The budget may be another one.

        Raises:
            RunMismatchError: If the log is of a run with another seed, other rows or other options.
        """
        wanted = loads(dumps(dict(header)))
        if self._begun is None:
            self._begun = self._append(_STARTED, {"id": self.id, **wanted, "budget": dict(budget)})
            return
        differing = sorted(name for name, value in wanted.items() if self.header.get(name) != value)
        if differing:
            raise RunMismatchError(
                f"{self.path} holds a run that was started with another {', '.join(differing)}; "
                "give it the same, or choose another file for a new run.",
                differing=tuple(differing),
            )

    # --- facts -------------------------------------------------------------------------------------------

    def evaluated(
        self, order: int, found: Evaluations, claim: Mapping[str, Any] | None, *, is_complete: bool
    ) -> None:
        """Write down what came of rows of an order, what is claimed, and whether these rows were the last ones."""
        if self._journal is None:
            return
        fact = {"order": order, "is_complete": is_complete, **found.to_dict()}
        self._append(_EVALUATED, fact if claim is None else fact | {"claim": claim})

    def proposed(self, order: int, proposed: Proposed, usage: Usage, claim: Mapping[str, Any] | None) -> None:
        """Write down what came of a reflection, what it cost, and what is claimed."""
        self._append(
            _PROPOSED,
            {
                "order": order,
                "changes": proposed.changes,
                "reason": proposed.reason,
                "is_error": proposed.is_error,
                "calls": proposed.calls,
                "usage": usage,
                **({} if claim is None else {"claim": claim}),
            },
        )

    def committed(self, proposal: Proposal, mean: float | None, frontier: Sequence[int]) -> dict[str, Any]:
        """Write down how a proposal ended; it follows from the facts before, and is there to be read.

        Of the texts of a candidate, those that differ from its parent's are written.
        """
        child = proposal.child
        fact = {
            "proposal": proposal.number,
            "parent": proposal.parent.number,
            "ending": proposal.ending,
            "reason": proposal.reason,
            "before": list(proposal.before),
            "after": list(proposal.after),
            "candidate": None if child is None or child.number < 0 else _changed(child, proposal.parent),
            "score": mean,
            "frontier": list(frontier),
        }
        self._append(_COMMITTED, fact)
        return fact

    def claimed(self, claim: Mapping[str, Any]) -> None:
        """Write down what may have to be paid beyond what the facts tell; see `Claims`."""
        self._append(_CLAIMED, {"claim": claim})

    def noted(self, facts: Mapping[str, Any]) -> None:
        """Write down what people and tools want to find there: it is never read back by the run."""
        self._append(_NOTED, dict(facts))

    def testing(self) -> None:
        """Write down that the test has begun."""
        self._append(_TESTING, {})

    def extended(self, budget: Mapping[str, Any]) -> None:
        """Write down that the run goes on with another budget."""
        self._append(_EXTENDED, {"budget": dict(budget)})

    def stopped(self, reason: str, *, is_over: bool = True) -> None:
        """Write down that nothing new is started, for a reason that does not follow from the facts.

        Args:
            reason: Of the end.
            is_over: Whether nothing goes on either, not even a validation.
        """
        self._append(_STOPPED, {"reason": reason, "is_over": is_over})

    def finished(self, summary: Mapping[str, Any]) -> None:
        """Write down what the run brought, without what the log tells already."""
        known = ("candidates", "proposals")
        self._append(_FINISHED, {name: value for name, value in summary.items() if name not in known})

    # --- reading -----------------------------------------------------------------------------------------

    def facts(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return the facts that the machine was told, in order, each with the last word of its type."""
        wanted = {_EVALUATED, _PROPOSED, _CLAIMED, _TESTING, _EXTENDED, _STOPPED}
        for signal in () if self._journal is None else self._journal.replay("reflector.run.*"):
            if signal.type in wanted:
                yield signal.type.rpartition(".")[2], signal.data

    async def flush(self) -> None:
        """Return when everything written down is as safe as the journal makes it."""
        if self._journal is not None:
            await self._journal.flush()

    def close(self) -> None:
        """Write what is waiting and close."""
        if self._journal is not None:
            self._journal.close()

    def _append(self, kind: str, data: dict[str, Any]) -> Signal:
        signal = Signal(kind, self._source, data)
        if self._journal is not None:
            self._journal.append(signal)
        return signal


def _changed(child: Candidate, parent: Candidate) -> dict[str, Any]:
    before = parent.components
    texts = {name: text for name, text in child.components.items() if text != before[name]}
    return child.to_dict() | {"components": texts}


def read_proposed(data: Mapping[str, Any]) -> Proposed:
    """Return the outcome of a reflection that a fact tells of."""
    changes = (
        Change(**each | {"rows": tuple(each["rows"]), "quotes": tuple(each["quotes"])})
        for each in data["changes"]
    )
    return Proposed(tuple(changes), data["reason"], data["is_error"], data["calls"])
