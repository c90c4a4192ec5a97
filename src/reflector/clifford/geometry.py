"""What the algebra is good for here: positions of embeddings, and how new, diverse or alike groups of them are.

All work on rows of any length, without 2ⁿ numbers: a wedge of k vectors has the length √det of their Gram matrix, and
the part of a vector outside of a blade is what its projection leaves.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from reflector._json import dumps, loads
from reflector.clifford.blades import Array
from reflector.errors import InvalidMultivectorError

__all__ = ["Projection", "diversity", "novelty", "principal_angles"]

_SAMPLE = 20_000
_RANK = 1e-10


@dataclass(frozen=True, eq=False, slots=True)
class Projection:
    """A fitted map of embeddings to a few numbers: their `position`, a vector of Cl(8,0) by default.

    Good for coarse grouping, for maps and as a key of buckets; not for ranking (docs/explanation/positions.md has the
    figures). Two positions are comparable if they come from the same `version`.
    """

    mean: Array
    """(d,)"""
    axes: Array
    """(k, d), orthonormal rows; the first holds the most variance."""

    @classmethod
    def fit(cls, embeddings: Any, *, dimensions: int = 8, seed: int = 0) -> Projection:
        """Return the principal axes of embeddings (N, d), the same for the same input and seed.

        Of more than 20,000 rows a random sample is used. Where the rows span fewer dimensions, random directions
        orthogonal to them fill up.

        Raises:
            InvalidMultivectorError: If they are no finite numbers, or d is less than `dimensions`.
        """
        rows = _rows(embeddings)
        if not 1 <= dimensions <= rows.shape[1]:
            raise InvalidMultivectorError(
                f"embeddings of {rows.shape[1]} numbers have 1 to that many axes; got {dimensions}"
            )
        random = np.random.default_rng(seed)
        if len(rows) > _SAMPLE:
            rows = rows[np.sort(random.choice(len(rows), _SAMPLE, replace=False))]
        mean = rows.mean(axis=0)
        axes = _span(rows - mean, dimensions)
        missing = random.normal(size=(dimensions - len(axes), rows.shape[1]))
        missing -= missing @ axes.T @ axes
        axes = np.concatenate([axes, _span(missing, dimensions - len(axes))])
        largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
        return cls(mean, axes * np.sign(largest))  # an axis and its negative are equally good

    def position(self, embeddings: Any) -> Array:
        """Return the positions (…, k) of embeddings (…, d)."""
        rows = np.asarray(embeddings, dtype=np.float64)
        if rows.ndim == 0 or rows.shape[-1] != len(self.mean):
            raise InvalidMultivectorError(
                f"embeddings have {len(self.mean)} numbers here; got shape {rows.shape}"
            )
        result: Array = (rows - self.mean) @ self.axes.T
        return result

    @property
    def version(self) -> str:
        """A name made from the numbers: positions with the same one can be compared."""
        return hashlib.sha256(self.mean.tobytes() + self.axes.tobytes()).hexdigest()[:16]

    def to_json(self) -> bytes:
        """Return it as JSON, to be kept beside an index."""
        return dumps({"version": self.version, "mean": self.mean.tolist(), "axes": self.axes.tolist()})

    @classmethod
    def from_json(cls, document: bytes | str) -> Projection:
        """Return what `to_json` wrote.

        Raises:
            InvalidMultivectorError: If it is something else, or was changed.
        """
        try:
            fields = loads(document)
            projection = cls(
                np.array(fields["mean"], dtype=np.float64), np.array(fields["axes"], dtype=np.float64)
            )
            version = fields["version"]
        except (ValueError, KeyError, TypeError) as err:
            raise InvalidMultivectorError(f"this is no projection: {err}") from err
        if version != projection.version:
            raise InvalidMultivectorError(f"the numbers are not those of version {version!r}")
        return projection


def novelty(vectors: Any, known: Any) -> Array:
    """Return how much of each vector (…, d) lies outside of what known ones (k, d) span: 0 nothing, 1 all of it.

    >>> novelty([[1.0, 1.0], [2.0, 0.0]], [[3.0, 0.0]]).round(3).tolist()
    [0.707, 0.0]
    """
    rows = _rows(vectors)
    span = _span(_rows(known), rows.shape[1]) if np.size(known) else np.empty((0, rows.shape[1]))
    if span.shape[1] != rows.shape[1]:
        raise InvalidMultivectorError(f"vectors of {rows.shape[1]} numbers and known ones of {span.shape[1]}")
    sizes = np.linalg.norm(rows, axis=1)
    left = np.linalg.norm(rows - rows @ span.T @ span, axis=1)
    shares = np.divide(left, sizes, out=np.zeros_like(left), where=sizes > 0)
    return np.minimum(shares, 1.0).reshape(np.shape(vectors)[:-1])


def diversity(vectors: Any) -> float:
    """Return the volume that the directions of vectors (k, d) span: 1 if orthogonal, 0 if one depends on the others.

    >>> round(diversity([[2.0, 0.0], [1.0, 1.0]]), 3)
    0.707
    """
    rows = _rows(vectors)
    sizes = np.linalg.norm(rows, axis=1, keepdims=True)
    if not sizes.all() or len(rows) > rows.shape[1]:
        return 0.0
    return min(1.0, float(np.prod(np.linalg.svd(rows / sizes, compute_uv=False))))


def principal_angles(a: Any, b: Any) -> Array:
    """Return the angles (k,) between what two groups of vectors (…, d) span, smallest first, in radians.

    The product of their cosines is the inner product of the two blades.

    >>> principal_angles([[1.0, 0.0, 0.0]], [[1.0, 1.0, 0.0]]).round(4).tolist()
    [0.7854]
    """
    first, second = _rows(a), _rows(b)
    if first.shape[1] != second.shape[1]:
        raise InvalidMultivectorError(f"groups of vectors of {first.shape[1]} and {second.shape[1]} numbers")
    spans = [_span(rows, rows.shape[1]) for rows in (first, second)]
    cosines = np.linalg.svd(spans[0] @ spans[1].T, compute_uv=False)
    small, large = spans if len(spans[0]) <= len(spans[1]) else spans[::-1]
    outside = np.linalg.svd(small - small @ large.T @ large, compute_uv=False)[::-1][: len(cosines)]
    # Small angles are known from their sines, large ones from their cosines.
    result: Array = np.where(
        cosines > 0.7, np.arcsin(np.minimum(outside, 1)), np.arccos(np.minimum(cosines, 1))
    )
    return result


def _rows(vectors: Any) -> Array:
    """Return finite rows (N, d)."""
    try:
        rows = np.asarray(vectors, dtype=np.float64)
    except (TypeError, ValueError) as err:
        raise InvalidMultivectorError(f"vectors are rows of numbers: {err}") from None
    if rows.ndim == 0 or not rows.size or not np.isfinite(rows).all():
        raise InvalidMultivectorError(
            f"vectors are rows of finite numbers; got an array of shape {rows.shape}"
        )
    return rows.reshape(-1, rows.shape[-1])


def _span(rows: Array, most: int) -> Array:
    """Return up to `most` orthonormal directions (k, d) that rows span, those with most of them first."""
    if not rows.size or not most:
        return np.empty((0, rows.shape[1]))
    _, sizes, directions = np.linalg.svd(rows, full_matrices=False)
    kept = sizes > _RANK * max(sizes[0], 1e-300)
    return directions[kept][:most]
