"""Products of coefficients: the fastest way for one pair, for sparse ones, for batches.

Three kernels give the same result. *Terms*: one pair, as a list of blade times blade. *Columns*: a batch in blocks
that lie column by column, one pass for each non-zero blade on the left; what is zero stays exactly zero. *Matrices*:
the geometric product as that of small matrices, for dense operands.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reflector.clifford.blades import Array
from reflector.clifford.representation import Representation
from reflector.clifford.tables import Product, Tables
from reflector.errors import AlgebraTooLargeError

__all__ = ["MAX_COEFFICIENTS", "check_size", "multiply", "times_matrix"]

MAX_COEFFICIENTS = 2**27
"""Of one batch: 1 GiB of float64."""

_BLOCK = 1 << 15
"""Numbers in a block: it stays in the processor's cache."""
_BLAS_ALONE = 1 << 18
"""Multiplications in a matrix product below which BLAS starts no threads: in small ones they only get in the way."""
_DENSE_SIDE = 4
"""Largest matrices that are multiplied column by column; larger ones go to BLAS one by one."""


def multiply(tables: Tables, kind: Product, a: Array, b: Array) -> Array:
    """Return the product of coefficients (…, 2ⁿ), with broadcasting of what stands in front.

    Raises:
        AlgebraTooLargeError: If the result would have more than MAX_COEFFICIENTS numbers.
    """
    if a.ndim == 1 and b.ndim == 1:
        return _one(tables, kind, a, b)
    shape = np.broadcast_shapes(a.shape, b.shape)
    check_size(shape)
    if math.prod(shape) == tables.size:
        return _one(tables, kind, a.reshape(-1), b.reshape(-1)).reshape(shape)
    rows_a = np.broadcast_to(a, shape).reshape(-1, tables.size)
    rows_b = np.broadcast_to(b, shape).reshape(-1, tables.size)
    return _batch(tables, kind, rows_a, rows_b).reshape(shape)


def check_size(shape: tuple[int, ...]) -> None:
    """Refuse arrays that are too large, before anything is allocated.

    Raises:
        AlgebraTooLargeError: If it has more than MAX_COEFFICIENTS numbers.
    """
    count = math.prod(shape)
    if count > MAX_COEFFICIENTS:
        raise AlgebraTooLargeError(
            f"a batch holds at most {MAX_COEFFICIENTS:,} coefficients; this one would hold {count:,}. Do it in parts",
            limit=MAX_COEFFICIENTS,
        )


def times_matrix(rows: Array, matrix: Array) -> Array:
    """Return rows (…, n) times a small matrix (n, m), in blocks below what BLAS would share among threads."""
    flat = rows.reshape(-1, matrix.shape[0])
    result = np.empty((len(flat), matrix.shape[1]), np.result_type(rows, matrix))
    block = _BLAS_ALONE // matrix.size
    for start in range(0, len(flat), block):
        np.matmul(flat[start : start + block], matrix, out=result[start : start + block])
    return result.reshape(*rows.shape[:-1], -1)


def _one(tables: Tables, kind: Product, a: Array, b: Array) -> Array:
    dtype = np.result_type(a, b)
    if kind != "geometric":
        terms = tables.terms(kind)
        products = a[terms.left] * b[terms.right] * terms.sign
        return np.bincount(terms.to, products, tables.size).astype(dtype, copy=False)
    if tables.size <= 32:
        factors, which = tables.left_factors
        return ((factors * a[which]) @ b).astype(dtype, copy=False)
    left, right = np.flatnonzero(a), np.flatnonzero(b)
    if tables.representation is not None and len(left) * len(right) > _worth_matrices(
        tables.representation, 1
    ):
        return _by_matrices(tables.representation, a[None], b[None])[0]
    result = np.zeros(tables.size)
    for start in range(0, len(left), 256):
        part = left[start : start + 256, None]
        products = a[part] * b[right] * tables.signs[part, right]
        result += np.bincount((part ^ right).ravel(), products.ravel(), tables.size)
    return result.astype(dtype, copy=False)


def _batch(tables: Tables, kind: Product, a: Array, b: Array) -> Array:
    left, right = _used(a), _used(b)
    representation = tables.representation
    if (
        kind == "geometric"
        and representation is not None
        and len(left) * len(right) > _worth_matrices(representation, len(a))
    ):
        if representation.side <= _DENSE_SIDE:
            return _by_small_matrices(tables, a, b)
        return _by_matrices(representation, a, b)
    return _by_columns(tables, kind, a, b, left, right)


def _worth_matrices(representation: Representation, rows: int) -> int:
    """Return for how many blade pairs the matrix form costs as much as the columns."""
    if rows == 1:
        return 8192
    return representation.side**2 * representation.width // (4 if representation.side <= _DENSE_SIDE else 2)


def _used(rows: Array) -> Array:
    """Return the blades that are not zero everywhere. A few rows tell that all are used."""
    if len(rows) == 0 or rows[:16].any(axis=0).all():
        return np.arange(rows.shape[1])
    used = np.zeros(rows.shape[1], bool)
    for start in range(0, len(rows), 4096):
        used |= rows[start : start + 4096].any(axis=0)
    return np.flatnonzero(used)


def _by_columns(tables: Tables, kind: Product, a: Array, b: Array, left: Array, right: Array) -> Array:
    dtype = np.result_type(a, b)
    result = np.zeros((len(a), tables.size), dtype)
    steps = _steps(tables, kind, left, right, dtype)
    block = max(16, _BLOCK // tables.size)
    for start in range(0, len(a), block):
        x = np.ascontiguousarray(a[start : start + block].T)
        y = np.ascontiguousarray(b[start : start + block].T)
        sums = np.zeros((tables.size, x.shape[1]), dtype)
        for i, source, to, signs in steps:
            products = y[source]
            products *= signs
            products *= x[i]
            sums[to] += products
        result[start : start + block] = sums.T
    return result


def _steps(
    tables: Tables, kind: Product, left: Array, right: Array, dtype: Any
) -> list[tuple[int, Array, Array | slice, Array]]:
    """Return for each blade on the left: those on the right, where they go, and the signs."""
    table = tables.product(kind)
    steps = []
    for i in left:
        to = np.sort(i ^ right[table[i, right] != 0])
        if len(to):
            everywhere: Array | slice = slice(None) if len(to) == tables.size else to
            steps.append((i, i ^ to, everywhere, table[i, i ^ to].astype(dtype)[:, None]))
    return steps


def _by_small_matrices(tables: Tables, a: Array, b: Array) -> Array:
    dtype = np.result_type(a, b)
    to_left, to_right, back = (each.astype(dtype, copy=False) for each in tables.dense_form)
    result = np.empty((len(a), tables.size), dtype)
    block = min(2048, _BLAS_ALONE // (to_left.shape[0] * to_left.shape[1] * tables.size))
    for start in range(0, len(a), block):
        x = np.matmul(to_left, a[start : start + block].T)
        y = np.matmul(to_right, b[start : start + block].T)
        products = np.einsum("ijb,jkb->ikb", x, y).reshape(back.shape[1], -1)
        np.matmul(products.T, back.T, out=result[start : start + block])
    return result


def _by_matrices(representation: Representation, a: Array, b: Array) -> Array:
    result = np.empty(a.shape, np.result_type(a, b))
    block = max(16, min(512, (1 << 17) // a.shape[1]))
    for start in range(0, len(a), block):
        x = representation.to_matrices(a[start : start + block])
        y = representation.to_matrices(b[start : start + block])
        result[start : start + block] = representation.from_matrices(np.matmul(x, y))
    return result
