"""Going on with a run: its log is told to a new machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reflector.dispatch.ledger import Claim, Ledger
from reflector.optimizer.claims import Claims
from reflector.optimizer.evaluations import Evaluations
from reflector.optimizer.machine import Machine
from reflector.optimizer.purse import Purse
from reflector.optimizer.runlog import RunLog, read_proposed
from reflector.usage import Usage

__all__ = ["Replayed", "replay"]


@dataclass(slots=True)
class Replayed:
    """Where the log ends, as far as the machine does not know."""

    done: int = 0
    """Rollouts."""
    is_tested: bool = False
    is_stopped: bool = False
    budget: dict[str, Any] | None = None
    """The budget that the run was last continued with, if it was."""


def replay(log: RunLog, machine: Machine, ledger: Ledger, claims: Claims, purse: Purse) -> Replayed:
    """Tell a new machine all that a log holds, in order, and those who count it what was paid, or may have to be."""
    replayed, claim = Replayed(), Claim()
    for kind, fact in log.facts():
        if "claim" in fact:
            claim = Claim(**fact["claim"])
        match kind:
            case "evaluated":
                found = Evaluations.from_dict(fact)
                replayed.done += len(found)
                ledger.carry("rollout", Usage(), rollouts=len(found))
                for usage in found.usage.values():
                    ledger.carry("rollout", usage)
                claims.heard(found.usage.values())
                machine.report_rows(fact["order"], found)
            case "proposed":
                usage = Usage(**fact["usage"])
                ledger.carry("reflection", usage)
                claims.heard([usage])
                purse.paid(usage, fact["calls"])
                machine.report_reflection(fact["order"], read_proposed(fact))
            case "testing":
                replayed.is_tested = machine.test()
            case "stopped":
                replayed.is_stopped = fact["reason"] != "budget" or fact.get("is_over", True)
                machine.stop(fact["reason"])
            case "extended":
                replayed.budget, replayed.is_stopped = fact["budget"], False
                machine.extend(fact["budget"]["rollouts"])
    ledger.carry_claim(claim)
    return replayed
