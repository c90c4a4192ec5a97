"""Rotors: from directions, from matrices, to matrices, and their logarithms by planes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from reflector.clifford.blades import Array
from reflector.clifford.functions import exp, logarithm
from reflector.clifford.products import multiply
from reflector.clifford.tables import Tables
from reflector.errors import CliffordError

__all__ = ["between", "from_matrix", "log", "rotation_matrix"]

_TOLERANCE = 1e-9
_VERSOR = 1e-6


def between(tables: Tables, a: Array, b: Array) -> Array:
    """Return the rotor (2ⁿ,) of the shortest turn from the direction of vector a (n,) to that of b.

    Raises:
        CliffordError: If one is zero, or they are opposite and the plane of the turn is not determined.
    """
    if tables.q or tables.r:
        raise CliffordError(
            "a turn between two directions needs a Euclidean signature; use exp of a bivector"
        )
    sizes = np.linalg.norm(a), np.linalg.norm(b)
    if not all(sizes):
        raise CliffordError("a zero vector has no direction")
    start, end = (_vector(tables, each / size) for each, size in zip((a, b), sizes, strict=True))
    rotor = multiply(tables, "geometric", end, start)
    rotor[0] += 1
    size = np.linalg.norm(rotor)
    if size < _TOLERANCE:
        raise CliffordError(
            "the directions are opposite, so that every plane through them turns one to the other"
        )
    return rotor / size


def rotation_matrix(tables: Tables, rotor: Array) -> Array:
    """Return M (n, n) with R v R⁻¹ = M v for vectors v.

    Raises:
        CliffordError: If R~R is no number, so that R v R⁻¹ may be no vector.
    """
    reverse = rotor * tables.reverse
    square = multiply(tables, "geometric", rotor, reverse)
    if not np.abs(square[1:]).max(initial=0.0) <= _VERSOR * abs(square[0]):
        raise CliffordError(
            "only a versor turns vectors: its product with its reverse has to be a number, not zero"
        )
    basis = np.zeros((tables.n, tables.size))
    basis[np.arange(tables.n), 1 << np.arange(tables.n)] = 1
    turned = multiply(tables, "geometric", multiply(tables, "geometric", rotor, basis), reverse / square[0])
    return turned[:, 1 << np.arange(tables.n)].T.copy()


class _Plane(NamedTuple):
    start: Array
    end: Array
    angle: float
    """From 0 to π, from `start` to `end`."""


def _planes(matrix: Array) -> list[_Plane]:
    """Return the planes in which a rotation (n, n) turns, the largest angle first.

    The symmetric part knows the cosines, and leaves each plane as it is; the other part maps within the plane.
    """
    cosines, directions = np.linalg.eigh((matrix + matrix.T) / 2)
    turn = (matrix - matrix.T) / 2
    used: list[Array] = []
    planes = []
    half: Array | None = None
    for cosine, direction in zip(cosines, directions.T, strict=True):
        start = _apart(direction, used)
        if start is None:
            continue
        used.append(start)
        step = _apart(turn @ start, used) if np.linalg.norm(turn @ start) > _TOLERANCE else None
        if step is not None:
            used.append(step)
            planes.append(
                _Plane(start, step, float(np.arctan2(step @ matrix @ start, start @ matrix @ start)))
            )
        elif cosine < 0:  # half a turn: its plane is any two of those directions
            if half is not None:
                planes.append(_Plane(half, start, float(np.pi)))
            half = start if half is None else None
    return planes


def _apart(direction: Array, used: list[Array]) -> Array | None:
    """Return the part of a direction that is orthogonal to the used ones, of length 1; None if nothing is left."""
    size = np.linalg.norm(direction)
    for _ in range(2):
        for each in used:
            direction = direction - (each @ direction) * each
    left = np.linalg.norm(direction)
    return direction / left if left > 1e-3 * size else None


def _plane_bivector(tables: Tables, plane: _Plane, angle: float) -> Array:
    """Return the bivector (2ⁿ,) whose exponential turns by an angle in a plane."""
    unit = multiply(tables, "outer", _vector(tables, plane.start), _vector(tables, plane.end))
    return unit * (angle / 2 if tables.q else -angle / 2)


def log(tables: Tables, rotor: Array) -> Array:
    """Return the bivector (2ⁿ,) whose exponential is a rotor.

    Where all generators square to one sign always, for -1 too from n = 2 on. Otherwise for turns in one plane, and
    for rotors that have a principal logarithm.

    Raises:
        CliffordError: If it is no rotor, or has no such bivector.
    """
    square = multiply(tables, "geometric", rotor, rotor * tables.reverse)
    square[0] -= 1
    if np.abs(rotor[tables.grades % 2 == 1]).max() > _VERSOR or not np.abs(square).max() <= _VERSOR:
        raise CliffordError("a logarithm needs a rotor: an even versor R with R~R = 1; try normalized()")
    bivector = np.where(tables.grades == 2, rotor, 0.0)
    if np.abs(rotor[tables.grades > 2]).max(initial=0.0) <= 1e-14:
        result = _of_one_plane(tables, rotor, bivector)
        if result is not None:
            return result
    try:
        result = logarithm(tables, rotor)
    except CliffordError:
        result = None
    if result is not None:
        principal = np.where(tables.grades == 2, result, 0.0)
        if np.abs(result - principal).max() <= _TOLERANCE * max(1.0, np.abs(result).max()):
            return principal
    if not _is_definite(tables) or tables.n < 2:
        raise CliffordError("this rotor turns too far: no principal logarithm of it is a bivector")
    return _log_by_planes(tables, rotor)


def _log_by_planes(tables: Tables, rotor: Array) -> Array:
    planes = _planes(rotation_matrix(tables, rotor))
    total = sum((_plane_bivector(tables, plane, plane.angle) for plane in planes), np.zeros(tables.size))
    if exp(tables, total[None])[0] @ rotor < 0:  # the same rotation once around: R and -R turn alike
        axes = np.eye(tables.n)
        plane = planes[0] if planes else _Plane(axes[0], axes[1], 0.0)
        total -= _plane_bivector(tables, plane, 2 * np.pi)
    missing = multiply(
        tables, "geometric", exp(tables, -total[None])[0], rotor
    )  # planes that almost turn alike
    return total + np.where(tables.grades == 2, logarithm(tables, missing), 0.0)


def _of_one_plane(tables: Tables, rotor: Array, bivector: Array) -> Array | None:
    """Return the logarithm of scalar + bivector whose square is a number, or None if it is another rotor."""
    square = multiply(tables, "geometric", bivector, bivector)
    if np.abs(square[1:]).max(initial=0.0) > 1e-14:
        return None
    size = float(np.sqrt(abs(square[0])))
    if square[0] < 0:
        return bivector * (np.arctan2(size, rotor[0]) / size)
    if rotor[0] < 0:
        return None  # -1, or minus a boost: not the exponential of a bivector in this plane
    return bivector * (np.arctanh(size / rotor[0]) / size if size else 1.0)


def from_matrix(tables: Tables, matrix: Array) -> Array:
    """Return the rotor (2ⁿ,) of a rotation (n, n), the one with the positive scalar part.

    Raises:
        CliffordError: If it is no rotation: not orthogonal, or a mirror image.
    """
    if not _is_definite(tables):
        raise CliffordError("a rotor from a matrix needs a signature with squares of one sign")
    if (
        matrix.shape != (tables.n, tables.n)
        or not np.abs(matrix @ matrix.T - np.eye(tables.n)).max() < _VERSOR
    ):
        raise CliffordError(f"a rotation is an orthogonal matrix of shape ({tables.n}, {tables.n})")
    if np.linalg.det(matrix) < 0:
        raise CliffordError("the matrix is a mirror image; rotors only turn")
    rotor = np.zeros(tables.size)
    rotor[0] = 1
    for plane in _planes(matrix):
        turn = exp(tables, _plane_bivector(tables, plane, plane.angle)[None])[0]
        rotor = multiply(tables, "geometric", turn, rotor)
    return -rotor if rotor[0] < 0 else rotor


def _is_definite(tables: Tables) -> bool:
    return tables.n in (tables.p, tables.q)


def _vector(tables: Tables, values: Array) -> Array:
    row = np.zeros(tables.size)
    row[1 << np.arange(tables.n)] = values
    return row
