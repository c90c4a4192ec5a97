"""Calibrated confidence: how probable it is that a suggestion improves the score, learned from outcomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from math import exp, log2
from typing import TYPE_CHECKING

from pydantic import Field

from reflector._json import Document, Value
from reflector.errors import InputError
from reflector.reflection.models import Priority, SuggestionCategory, SuggestionType

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Calibration",
    "CalibrationReport",
    "Probability",
    "ReliabilityBin",
    "SuggestionFeatures",
    "SuggestionOutcome",
    "brier_score",
    "expected_calibration_error",
]

_FOLDS = 5
_BINS = 10


class Probability(Value):
    """A number in [0, 1] that says whether it deserves to be called a probability."""

    value: float = Field(ge=0, le=1)
    is_calibrated: bool = False
    """False: it is the score of the confidence formula, which measures form and not success."""
    n: int = 0
    """How many trials it is learned from."""

    def __str__(self) -> str:
        kind = f"learned from {self.n} trials" if self.is_calibrated else "uncalibrated"
        return f"{self.value:.2f} ({kind})"


class SuggestionFeatures(Value):
    """What is known of a suggestion before it is tried."""

    type: SuggestionType
    category: SuggestionCategory
    priority: Priority = Priority.MEDIUM
    score: float = Field(ge=0, le=1)
    """Its score by the confidence formula."""
    is_specific: bool = False
    """Whether it gives an exact text."""
    is_placed: bool | None = None
    """Whether its place in the prompt was found; None where nobody looked."""
    words: int = Field(default=0, ge=0)
    """Length of its description."""
    seen: int = Field(default=1, ge=0)
    """How many runs it rests on."""


class SuggestionOutcome(Value):
    """What became of one suggestion."""

    features: SuggestionFeatures
    improved: bool
    trial: str
    """Suggestions that were tried together share their trial, and count as one."""


class ReliabilityBin(Value):
    """How often suggestions succeeded of which about the same was predicted."""

    low: float
    high: float
    count: int
    predicted: float
    """Mean of the predictions."""
    observed: float
    """Share of successes."""


class CalibrationReport(Value):
    """How good the probabilities are, measured on outcomes that the model had not seen (cross-validation)."""

    n: int
    brier: float
    """Mean squared error of the predictions; 0 is perfect, 0.25 is a coin."""
    ece: float
    """Expected calibration error: mean gap between predicted and observed, weighted by the bins' counts."""
    raw_brier: float
    raw_ece: float
    """The same for the score of the confidence formula."""
    bins: tuple[ReliabilityBin, ...]

    def __str__(self) -> str:
        rows = ["predicted  observed  count"]
        rows += [f"{each.predicted:9.2f} {each.observed:9.2f} {each.count:6d}" for each in self.bins]
        rows.append(
            f"{self.n} outcomes: Brier score {self.brier:.3f} (formula {self.raw_brier:.3f}), "
            f"calibration error {self.ece:.3f} (formula {self.raw_ece:.3f})"
        )
        return "\n".join(rows)


class Calibration(Document):
    """A model of success: a logistic regression whose weights are drawn towards zero, fitted to all outcomes.

    Few outcomes move it little (every kind of suggestion starts as the average one), many move it where they point.
    A success never lowers the probability of a suggestion with the same features, and a failure never raises it.
    """

    outcomes: tuple[SuggestionOutcome, ...] = ()
    shrinkage: float = Field(default=4.0, gt=0, allow_inf_nan=False)
    """Precision of the normal prior of each weight: 4 expects most features to change the odds less than threefold."""
    min_trials: int = Field(default=30, ge=1)
    """With fewer trials, or trials of one result only, the formula's score is given and labelled as uncalibrated."""

    def add(self, outcomes: Iterable[SuggestionOutcome]) -> Calibration:
        """Return a calibration that has learned these outcomes too."""
        return Calibration(
            outcomes=(*self.outcomes, *outcomes), shrinkage=self.shrinkage, min_trials=self.min_trials
        )

    @cached_property
    def trials(self) -> int:
        """How many trials the outcomes come from."""
        return len({outcome.trial for outcome in self.outcomes})

    @property
    def is_calibrated(self) -> bool:
        """Whether `probability` is learned."""
        return self.trials >= self.min_trials and len({outcome.improved for outcome in self.outcomes}) == 2

    def probability(self, features: SuggestionFeatures) -> Probability:
        """Return the probability that a suggestion with these features improves the score."""
        if not self.is_calibrated:
            return Probability(value=features.score, is_calibrated=False, n=self.trials)
        return Probability(value=_predict(self._weights, features), is_calibrated=True, n=self.trials)

    @cached_property
    def _weights(self) -> tuple[float, ...]:
        return _fit(self.outcomes, self.shrinkage)

    def report(self) -> CalibrationReport:
        """Return how good the probabilities are. Each outcome is predicted from the trials of other folds.

        Raises:
            InputError: If there are fewer than five trials.
        """
        trials = list(dict.fromkeys(outcome.trial for outcome in self.outcomes))
        if len(trials) < _FOLDS:
            raise InputError(f"a report needs at least {_FOLDS} trials; there are {len(trials)}.")
        fold_of = {trial: number % _FOLDS for number, trial in enumerate(trials)}
        predicted: list[float] = []
        tested: list[SuggestionOutcome] = []
        for fold in range(_FOLDS):
            known = [each for each in self.outcomes if fold_of[each.trial] != fold]
            held_out = [each for each in self.outcomes if fold_of[each.trial] == fold]
            weights = _fit(known, self.shrinkage)
            predicted += [_predict(weights, each.features) for each in held_out]
            tested += held_out
        results = [each.improved for each in tested]
        raw = [each.features.score for each in tested]
        return CalibrationReport(
            n=len(tested),
            brier=brier_score(predicted, results),
            ece=expected_calibration_error(predicted, results),
            raw_brier=brier_score(raw, results),
            raw_ece=expected_calibration_error(raw, results),
            bins=_bins(predicted, results),
        )


def brier_score(predicted: Sequence[float], results: Sequence[bool]) -> float:
    """Return the mean squared error of the predictions.

    >>> brier_score([1.0, 0.5], [True, False])
    0.125
    """
    return sum((p - r) ** 2 for p, r in zip(predicted, results, strict=True)) / len(results)


def expected_calibration_error(predicted: Sequence[float], results: Sequence[bool]) -> float:
    """Return the mean gap between what is predicted and what happens, over ten bins of equal width.

    >>> expected_calibration_error([0.5, 0.5, 0.5, 0.5], [True, True, True, False])
    0.25
    """
    gaps = (each.count * abs(each.predicted - each.observed) for each in _bins(predicted, results))
    return sum(gaps) / len(results)


def _bins(predicted: Sequence[float], results: Sequence[bool]) -> tuple[ReliabilityBin, ...]:
    members: dict[int, list[tuple[float, bool]]] = {}
    for value, result in zip(predicted, results, strict=True):
        members.setdefault(min(int(value * _BINS), _BINS - 1), []).append((value, result))
    return tuple(
        ReliabilityBin(
            low=number / _BINS,
            high=(number + 1) / _BINS,
            count=len(pairs),
            predicted=sum(value for value, _ in pairs) / len(pairs),
            observed=sum(result for _, result in pairs) / len(pairs),
        )
        for number, pairs in sorted(members.items())
    )


def _row(features: SuggestionFeatures) -> list[float]:
    """Return the features as numbers of about the same size; the first is the constant.

    The scales are fixed, not taken from the data: another outcome then only adds a term to what is minimised, and so
    can only pull the probability of its own features towards its result.
    """
    kinds = [
        *(features.type is each for each in SuggestionType),
        *(features.category is each for each in SuggestionCategory),
        *(features.priority is each for each in Priority),
    ]
    placed = 0.0 if features.is_placed is None else features.is_placed - 0.5
    return [
        1.0,
        *map(float, kinds),
        features.is_specific - 0.5,
        placed,
        2 * features.score - 1,
        min(log2(1 + features.words) / 4, 2.0) - 1,
        min(log2(1 + features.seen), 6.0) / 3,
    ]


def _predict(weights: Sequence[float], features: SuggestionFeatures) -> float:
    z = sum(weight * value for weight, value in zip(weights, _row(features), strict=True))
    return 1 / (1 + exp(-z)) if z >= 0 else exp(z) / (1 + exp(z))


def _fit(outcomes: Sequence[SuggestionOutcome], shrinkage: float) -> tuple[float, ...]:
    """Return the weights of the most probable model: a strictly convex problem, solved by Newton's method."""
    import numpy as np

    together = Counter(outcome.trial for outcome in outcomes)
    x = np.array([_row(outcome.features) for outcome in outcomes])
    y = np.array([float(outcome.improved) for outcome in outcomes])
    # A trial of several suggestions is one observation: which of them helped is not known.
    share = np.array([1.0 / together[outcome.trial] for outcome in outcomes])
    penalty = np.full(x.shape[1], shrinkage)
    penalty[0] = shrinkage / 100  # the base rate is learned first

    def loss(weights: NDArray[np.float64]) -> float:
        z = x @ weights
        return float(share @ (np.logaddexp(0.0, z) - y * z) + 0.5 * penalty @ weights**2)

    weights = np.zeros(x.shape[1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-(x @ weights)))
        gradient = x.T @ (share * (p - y)) + penalty * weights
        if np.abs(gradient).max() < 1e-10:
            break
        hessian = (x.T * (share * p * (1 - p))) @ x + np.diag(penalty)
        step, size = np.linalg.solve(hessian, gradient), 1.0
        while loss(weights - size * step) > loss(weights) and size > 1e-6:
            size /= 2
        weights = weights - size * step
    return tuple(float(weight) for weight in weights)
