"""Inverse, exponential and logarithm of coefficients, by the matrices that stand for them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reflector.clifford.blades import Array
from reflector.clifford.products import multiply
from reflector.clifford.tables import Tables
from reflector.errors import AlgebraTooLargeError, CliffordError, NotInvertibleError

__all__ = ["LARGEST_CONDITION", "condition", "exp", "inverse", "logarithm", "matrix_form"]

LARGEST_CONDITION = 1e12
"""Ratio of singular values up to which an inverse is given: below, at least four digits are right."""

_EXACTLY = 1e-13
_PADE_NORM = 5.37
"""Norm up to which the Padé approximant of order 13 is right to the last digit (Higham 2005, table 2.3)."""
_PADE = (
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
    670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
)  # fmt: skip
_DEGENERATE_LIMIT = 8


def inverse(tables: Tables, rows: Array) -> Array:
    """Return the inverses of coefficients (N, 2ⁿ).

    Versors (vectors, blades, rotors) by their reverse, all others by their matrices.

    Raises:
        NotInvertibleError: If a row has none, or its condition is above LARGEST_CONDITION.
    """
    scale = np.abs(rows).max(axis=1, initial=0.0, keepdims=True)
    if not scale.all():
        raise NotInvertibleError(f"zero has no inverse{_which(rows, int(np.argmin(scale)))}")
    unit = rows / scale
    result = _versor_inverse(tables, unit)
    if result is None:
        result = _matrix_inverse(tables, unit)
    return result / scale


def _versor_inverse(tables: Tables, rows: Array) -> Array | None:
    """Return reverse / (a · reverse) if that product is a number for every row, else None."""
    even = tables.grades % 2 == 0
    if (rows[:, even].any(axis=1) & rows[:, ~even].any(axis=1)).any():
        return None
    reverse = rows * tables.reverse.astype(rows.dtype)
    products = multiply(tables, "geometric", rows, reverse)
    tolerance = _EXACTLY if rows.dtype == np.float64 else 1e-6
    size = (rows * rows).sum(axis=1)
    if (np.abs(products[:, 1:]).max(axis=1, initial=0.0) > tolerance * size).any():
        return None
    if (np.abs(products[:, 0]) * LARGEST_CONDITION < size).any():
        return None
    return reverse / products[:, :1]


def _matrix_inverse(tables: Tables, rows: Array) -> Array:
    to_matrices, from_matrices = matrix_form(tables)
    result = np.empty_like(rows)
    for part in _parts(tables, len(rows)):
        matrices = to_matrices(rows[part])
        try:
            inverted = np.linalg.inv(matrices)
        except np.linalg.LinAlgError:
            inverted = np.full_like(matrices, np.inf)
        with np.errstate(invalid="ignore", over="ignore"):
            worst = _frobenius(matrices) * _frobenius(inverted)  # never below the condition
        if not (worst < LARGEST_CONDITION).all():
            _refuse_singular(matrices, rows, part.start)
        result[part] = from_matrices(inverted)
    return result


def _refuse_singular(matrices: Array, rows: Array, start: int) -> None:
    conditions = _conditions(matrices)
    worst = int(np.argmax(conditions))
    if conditions[worst] >= LARGEST_CONDITION:
        raise NotInvertibleError(
            f"not invertible within {LARGEST_CONDITION:g}: the condition is {conditions[worst]:.3g}"
            f"{_which(rows, start + worst)}",
            condition=float(conditions[worst]),
        )


def condition(tables: Tables, rows: Array) -> Array:
    """Return how much the inverse amplifies errors (N,): 1 at best, infinite without an inverse."""
    to_matrices, _ = matrix_form(tables)
    parts = [_conditions(to_matrices(rows[part])) for part in _parts(tables, len(rows))]
    return np.concatenate([np.empty(0), *parts])


def _conditions(matrices: Array) -> Array:
    values = np.linalg.svd(matrices, compute_uv=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = values[:, 0] / values[:, -1]
    return np.where(values[:, -1] > 0, ratios, np.inf)


def exp(tables: Tables, rows: Array) -> Array:
    """Return the exponentials of coefficients (N, 2ⁿ).

    Where the square is a number (bivectors up to n = 3, blades) by cosine and sine of either kind; else by a Padé
    approximant of scaled matrices and repeated squaring. That of bivectors is a rotor to the last digits.
    """
    squares = _numeric_squares(tables, rows)
    if squares is not None:
        return _exp_of_root(rows, squares)
    to_matrices, from_matrices = matrix_form(tables)
    result = np.empty_like(rows)
    for part in _parts(tables, len(rows)):
        result[part] = from_matrices(_exp_of_matrices(to_matrices(rows[part])))
    odd = tables.involution < 0
    if not rows[:, odd].any():
        result[:, odd] = 0  # powers of even ones are even, exactly
    return result


def _numeric_squares(tables: Tables, rows: Array) -> Array | None:
    """Return the squares (N,) if all are numbers, else None."""
    grades = set(tables.grades[rows.any(axis=0)].tolist())
    if grades <= {1} or (grades <= {2} and tables.n <= 3):
        return multiply(tables, "scalar", rows, rows)[:, 0]
    if 0 in grades or len(grades) > 1 or len(rows) > 1:
        return None
    squares = multiply(tables, "geometric", rows, rows)
    return None if squares[:, 1:].any() else squares[:, 0]


def _exp_of_root(rows: Array, squares: Array) -> Array:
    angles = np.sqrt(np.abs(squares))
    rotates = squares < 0
    with np.errstate(over="ignore"):
        cosines = np.where(rotates, np.cos(angles), np.cosh(np.where(rotates, 0, angles)))
        sines = np.where(rotates, np.sin(angles), np.sinh(np.where(rotates, 0, angles)))
    factors = np.divide(sines, angles, out=np.ones_like(angles), where=angles > 0)
    result: Array = rows * factors[:, None]
    result[:, 0] += cosines
    return result


def _exp_of_matrices(matrices: Array) -> Array:
    norms = np.abs(matrices).sum(axis=1).max(axis=1)
    halvings = np.maximum(0, np.ceil(np.log2(np.maximum(norms, 1e-300) / _PADE_NORM))).astype(int)
    scaled = matrices * np.exp2(-halvings).astype(norms.dtype)[:, None, None]
    result = _pade(scaled)
    for step in range(int(halvings.max(initial=0))):
        again = halvings > step
        if again.all():
            result = np.matmul(result, result)
        else:
            result[again] = np.matmul(result[again], result[again])
    return result


def _pade(m: Array) -> Array:
    """Return exp of matrices with norms up to _PADE_NORM."""
    c = _PADE
    one = np.eye(m.shape[1], dtype=m.dtype)
    m2 = np.matmul(m, m)
    m4 = np.matmul(m2, m2)
    m6 = np.matmul(m4, m2)
    odd = np.matmul(m6, c[13] * m6 + c[11] * m4 + c[9] * m2) + c[7] * m6 + c[5] * m4 + c[3] * m2 + c[1] * one
    even = np.matmul(m6, c[12] * m6 + c[10] * m4 + c[8] * m2) + c[6] * m6 + c[4] * m4 + c[2] * m2 + c[0] * one
    odd = np.matmul(m, odd)
    return np.linalg.solve(even - odd, even + odd)


def logarithm(tables: Tables, row: Array) -> Array:
    """Return the principal logarithm (2ⁿ,) of one row, by inverse scaling and squaring in the matrix form.

    Raises:
        CliffordError: If it has none: an eigenvalue is zero or negative.
    """
    to_matrices, from_matrices = matrix_form(tables)
    matrix = to_matrices(row[None])[0]
    one = np.eye(len(matrix))
    roots = 0
    while np.abs(matrix - one).sum(axis=0).max() > 0.25:
        root = _square_root(matrix) if roots < 60 else None
        if root is None:
            raise CliffordError(
                "this multivector has no logarithm: it turns by half a turn or more, or is singular"
            )
        matrix, roots = root, roots + 1
    step = np.linalg.solve(matrix + one, matrix - one)  # log M = 2 artanh of this
    square, power, total = step @ step, step, step.copy()
    for order in range(3, 24, 2):
        power = power @ square
        total += power / order
    return from_matrices(total[None] * 2.0 ** (roots + 1))[0]


def _square_root(matrix: Array) -> Array | None:
    """Return the principal square root by the product form of Denman and Beavers, or None if there is none."""
    one = np.eye(len(matrix))
    root, error = matrix, matrix
    for _ in range(60):
        try:
            inverted = np.linalg.inv(error)
        except np.linalg.LinAlgError:
            return None
        root, error = root @ (one + inverted) / 2, (one + (error + inverted) / 2) / 2
        distance = np.abs(error - one).max()
        if not np.isfinite(distance):
            return None
        if distance < 1e-15 * len(matrix):
            return root
    return root if np.abs(error - one).max() < 1e-9 else None


Transform = Callable[[Array], Array]


def matrix_form(tables: Tables) -> tuple[Transform, Transform]:
    """Return how coefficients become matrices, and back. A degenerate metric has only "a times" as a matrix.

    Raises:
        AlgebraTooLargeError: If that would be too large.
    """
    if tables.representation is not None:
        return tables.representation.to_matrices, tables.representation.from_matrices
    if tables.n > _DEGENERATE_LIMIT:
        raise AlgebraTooLargeError(
            f"with null generators this works up to {_DEGENERATE_LIMIT} dimensions; there are {tables.n}",
            limit=_DEGENERATE_LIMIT,
        )
    factors, which = tables.left_factors
    return (lambda rows: factors * rows[:, which]), (lambda matrices: matrices[:, :, 0])


def _parts(tables: Tables, count: int) -> list[slice]:
    block = max(1, (1 << 20) // tables.size ** (2 if tables.r else 1))
    return [slice(start, min(start + block, count)) for start in range(0, count, block)]


def _frobenius(matrices: Array) -> Array:
    return np.sqrt((np.abs(matrices) ** 2).sum(axis=(1, 2)))


def _which(rows: Array, index: int) -> str:
    return f" (row {index})" if len(rows) > 1 else ""
