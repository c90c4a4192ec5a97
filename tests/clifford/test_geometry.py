"""Positions of embeddings, novelty, diversity and angles, against the algebra where it can say them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reflector.clifford.geometry import Projection, diversity, novelty, principal_angles
from reflector.clifford.multivector import Multivector, Signature
from reflector.errors import InvalidMultivectorError

RANDOM = np.random.default_rng(0)
CLUSTERS = RANDOM.normal(size=(5, 64))[RANDOM.integers(0, 5, 300)] + 0.2 * RANDOM.normal(size=(300, 64))


def wedge(rows: Any) -> Multivector:
    signature = Signature(rows.shape[1])
    blade = signature.scalar(1)
    for row in rows:
        blade = blade ^ signature.vector(row)
    return blade


def test_a_position_keeps_what_varies_most() -> None:
    projection = Projection.fit(CLUSTERS)
    positions = projection.position(CLUSTERS)
    assert positions.shape == (300, 8)
    np.testing.assert_allclose(projection.axes @ projection.axes.T, np.eye(8), atol=1e-12)
    centred = CLUSTERS - CLUSTERS.mean(axis=0)
    best = np.sort(np.linalg.svd(centred, compute_uv=False))[-8:]
    np.testing.assert_allclose(np.linalg.norm(positions), np.linalg.norm(best))
    assert projection.position(CLUSTERS[0]).shape == (8,)
    Signature(8).vector(positions)  # positions are vectors of Cl(8,0)


def test_a_fit_is_reproducible_and_has_a_version() -> None:
    first, second = Projection.fit(CLUSTERS), Projection.fit(CLUSTERS)
    assert first.version == second.version
    assert Projection.fit(CLUSTERS[:-1]).version != first.version
    back = Projection.from_json(first.to_json())
    assert back.version == first.version
    assert np.array_equal(back.position(CLUSTERS), first.position(CLUSTERS))


def test_directions_that_are_missing_are_random_but_seeded() -> None:
    few = CLUSTERS[:3]
    one, same, other = (Projection.fit(few, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_allclose(one.axes @ one.axes.T, np.eye(8), atol=1e-12)
    assert one.version == same.version != other.version


@pytest.mark.parametrize(
    "document", ["", "[]", "{}", '{"mean": [0], "axes": [[1]], "version": "x"}', '{"mean": "a"}']
)
def test_only_a_projection_is_read_as_one(document: str) -> None:
    with pytest.raises(InvalidMultivectorError):
        Projection.from_json(document)


def test_novelty_is_the_rejection_from_the_blade_of_what_is_known() -> None:
    known, new = RANDOM.normal(size=(3, 6)), RANDOM.normal(size=(4, 6))
    shares = novelty(new, known)
    for share, row in zip(shares, new, strict=True):
        vector = Signature(6).vector(row)
        assert share == pytest.approx(vector.reject(wedge(known)).norm() / vector.norm())
    assert novelty(known[0], known) == pytest.approx(0, abs=1e-12)
    assert novelty(new, []).tolist() == [1, 1, 1, 1]
    assert novelty(np.zeros((1, 6)), known).tolist() == [0]


def test_diversity_is_the_length_of_the_wedge() -> None:
    rows = RANDOM.normal(size=(3, 6))
    assert diversity(rows) == pytest.approx(wedge(rows / np.linalg.norm(rows, axis=1, keepdims=True)).norm())
    assert diversity(np.eye(4)) == 1
    assert diversity([[1.0, 0], [2, 0]]) == pytest.approx(0, abs=1e-12)
    assert diversity(RANDOM.normal(size=(7, 6))) == 0


def test_cosines_of_principal_angles_multiply_to_the_product_of_blades() -> None:
    a, b = RANDOM.normal(size=(2, 6)), RANDOM.normal(size=(2, 6))
    left, right = wedge(a).normalized(), wedge(b).normalized()
    angles = principal_angles(a, b)
    assert np.prod(np.cos(angles)) == pytest.approx(abs(left.scalar_product(~right).scalar))
    assert principal_angles(a, a) == pytest.approx([0, 0], abs=1e-14)
    assert principal_angles(np.eye(4)[:2], np.eye(4)[2:]) == pytest.approx([np.pi / 2] * 2)
    tiny = principal_angles([[1.0, 0, 0]], [[1.0, 1e-9, 0]])
    assert tiny == pytest.approx([1e-9], rel=1e-6)
    assert len(principal_angles(np.eye(5)[:3], np.eye(5)[:2])) == 2


@pytest.mark.parametrize(
    "fail",
    [
        lambda: Projection.fit([[1.0, 2.0]]),
        lambda: Projection.fit([]),
        lambda: Projection.fit(CLUSTERS, dimensions=0),
        lambda: Projection.fit(CLUSTERS).position([1.0]),
        lambda: Projection.fit([["a"] * 9]),
        lambda: novelty([[1.0, np.nan]], [[1.0, 0.0]]),
        lambda: novelty([[1.0]], [[1.0, 0.0]]),
        lambda: principal_angles([[1.0]], [[1.0, 0.0]]),
        lambda: diversity([[1.0, 2.0], [1.0]]),
    ],
)
def test_what_are_no_vectors_is_refused(fail: Any) -> None:
    with pytest.raises(InvalidMultivectorError):
        fail()
