"""What was tried on prompts and what became of it: a log of trials, and what follows from it."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cached_property
from itertools import islice

from pydantic import Field

from reflector._json import Document, Value
from reflector._text import replace_surrogates
from reflector.reflection.aggregation.likeness import word_form
from reflector.reflection.aggregation.merging import merge_suggestions
from reflector.reflection.calibration import Calibration, SuggestionFeatures, SuggestionOutcome
from reflector.reflection.models import Attempt, KeptInstruction, Suggestion

__all__ = ["Experience", "Trial", "TriedSuggestion", "prompt_digest"]

_LIMIT = 2_000
_LOOKED_AT = 100


class TriedSuggestion(Value):
    """One suggestion of a trial, and what its edits did to the prompt."""

    suggestion: Suggestion
    features: SuggestionFeatures
    added: tuple[str, ...] = ()
    """Texts that its edits put into the prompt."""
    removed: tuple[str, ...] = ()
    """Texts that they took out."""


class Trial(Value):
    """One changed prompt that was measured. What its suggestions did singly is not known."""

    id: int = 0
    """Its number; `Experience.record` sets it."""
    before: str
    """Digest of the prompt that was changed."""
    after: str
    """Digest of the changed prompt."""
    suggestions: tuple[TriedSuggestion, ...]
    accepted: bool
    score_delta: float | None = Field(default=None, allow_inf_nan=False)

    @property
    def improved(self) -> bool:
        """Whether the score rose; without a measurement, whether the change was accepted."""
        return self.accepted if self.score_delta is None else self.score_delta > 0


class Experience(Document):
    """The trials so far, oldest first. Everything else follows from them."""

    trials: tuple[Trial, ...] = ()
    limit: int = Field(default=_LIMIT, ge=1)
    """So many trials are kept; the oldest are forgotten first."""

    def record(self, trial: Trial) -> Experience:
        """Return this experience and one more trial, which gets the next number."""
        number = self.trials[-1].id + 1 if self.trials else 1
        trials = (*self.trials, trial.model_copy(update={"id": number}))[-self.limit :]
        return Experience(trials=trials, limit=self.limit)

    @cached_property
    def calibration(self) -> Calibration:
        """The probabilities of success that follow from all trials, of whatever prompt."""
        return Calibration().add(
            SuggestionOutcome(features=tried.features, improved=trial.improved, trial=str(trial.id))
            for trial in self.trials
            for tried in trial.suggestions
        )

    def lineage(self, prompt: str) -> frozenset[str]:
        """Return the digests of a prompt and of those that it descends from by accepted changes."""
        parents = defaultdict(list)
        for trial in self.trials:
            if trial.accepted:
                parents[trial.after].append(trial.before)
        found, open_ends = set[str](), [prompt_digest(prompt)]
        while open_ends:
            if (digest := open_ends.pop()) not in found:
                found.add(digest)
                open_ends += parents[digest]
        return frozenset(found)

    def attempts(self, prompt: str) -> tuple[Attempt, ...]:
        """Return what was tried on a prompt or its ancestors and was rejected more than accepted, latest first.

        The latest 100 of these trials are looked at.
        """
        lineage = self.lineage(prompt)
        of_prompt = (
            trial for trial in reversed(self.trials) if trial.before in lineage and trial.suggestions
        )
        trials = list(islice(of_prompt, _LOOKED_AT))
        merged = merge_suggestions([[each.suggestion for each in trial.suggestions] for trial in trials])
        latest_first = sorted(merged, key=lambda each: each.places[0])
        attempts = [_attempt(each.suggestion, [trials[part] for part in each.parts]) for each in latest_first]
        return tuple(each for each in attempts if each.blame > 0)

    def kept(self, prompt: str) -> tuple[KeptInstruction, ...]:
        """Return the texts of a prompt that accepted changes put there, with what has been learned of them since."""
        lineage, folded = self.lineage(prompt), " ".join(prompt.split())
        texts: dict[str, str] = {}
        for trial in self.trials:
            if trial.accepted and trial.after in lineage:
                for text in (text for tried in trial.suggestions for text in tried.added):
                    if " ".join(text.split()) in folded:
                        texts.setdefault(word_form(text), text)
        helpful, harmful = self._counters
        return tuple(
            KeptInstruction(text=text, helpful=helpful[key], harmful=harmful[key])
            for key, text in texts.items()
        )

    @cached_property
    def _counters(self) -> tuple[Counter[str], Counter[str]]:
        """How often each text helped and harmed: it helped where putting it in was right, or taking it out wrong."""
        helpful, harmful = Counter[str](), Counter[str]()
        for trial in self.trials:
            right, wrong = (helpful, harmful) if trial.accepted else (harmful, helpful)
            for tried in trial.suggestions:
                right.update(word_form(text) for text in tried.added)
                wrong.update(word_form(text) for text in tried.removed)
        return helpful, harmful


def prompt_digest(prompt: str) -> str:
    """Return what a prompt is recognised by; white space around it does not matter."""
    return hashlib.sha256(replace_surrogates(prompt.strip()).encode()).hexdigest()[:16]


def _attempt(suggestion: Suggestion, trials: Sequence[Trial]) -> Attempt:
    deltas = [trial.score_delta for trial in trials if trial.score_delta is not None]
    return Attempt(
        suggestion=suggestion,
        rejected=sum(not trial.accepted for trial in trials),
        accepted=sum(trial.accepted for trial in trials),
        blame=sum((-1.0 if trial.accepted else 1.0) / len(trial.suggestions) for trial in trials),
        best_delta=max(deltas, default=None),
    )
