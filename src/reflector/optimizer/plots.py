"""Figures of a result. The one door to matplotlib, which is an extra."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reflector.errors import ConfigurationError
from reflector.optimizer.candidate import Candidate

__all__ = ["plot_result"]


def plot_result(
    best_so_far: Sequence[tuple[int, float]],
    candidates: Sequence[Candidate],
    means: Sequence[float],
    lineage: Sequence[Candidate],
) -> Any:
    """Return a figure: left the best validation score over the rollouts, right the tree of candidates.

    It belongs to no window: a notebook shows it, `figure.savefig("run.png")` writes it.

    Args:
        best_so_far: Pairs of rollouts and score.
        candidates: All that were accepted, the seed first.
        means: Their scores.
        lineage: The best and its ancestors; they are drawn in colour.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as err:
        raise ConfigurationError(
            'plots need matplotlib; `pip install "reflector-agents[plots]"` brings it.'
        ) from err
    figure = Figure(figsize=(10, 4), layout="constrained")
    path, tree = figure.subplots(1, 2, sharey=True)
    rollouts, scores = zip(*best_so_far, strict=True)
    path.step(rollouts, scores, where="post")
    path.set(xlabel="rollouts", ylabel="validation score", title="best so far")
    chosen = {candidate.number for candidate in lineage}
    for candidate in candidates:
        for parent in candidate.parents:
            is_in = candidate.number in chosen and parent in chosen
            ends = [(each, means[each]) for each in (parent, candidate.number)]
            tree.plot(*zip(*ends, strict=True), color="C0" if is_in else "0.8", zorder=1)
    colors = ["C0" if candidate.number in chosen else "0.6" for candidate in candidates]
    tree.scatter(range(len(means)), means, c=colors, zorder=2)
    tree.set(xlabel="candidate", title="lineage")
    return figure
