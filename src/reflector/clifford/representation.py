"""Multivectors as matrices, where products, inverses and functions are those of small matrices.

Each blade is a phase times Xˣ Zᶻ on m qubits. Cl(p,q) with p + q = 2m is all real 2ᵐ × 2ᵐ matrices if
(p − q) mod 8 is 0 or 2, as for Cl(8,0); with p + q = 2m + 1 and I² = −1, as for Cl(3,0) and Cl(4,1), all complex
ones, where I is i. Every other one is a part of the complex matrices of ⌈n/2⌉ qubits.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from reflector.clifford.blades import Array

__all__ = ["Representation"]

Pauli = tuple[int, int, int]
"""x, z and the power of i in i^k Xˣ Zᶻ."""

_ONE: Pauli = (0, 0, 0)


class Representation:
    """The matrices (2ᵐ, 2ᵐ) of one non-degenerate algebra."""

    def __init__(self, p: int, q: int) -> None:
        qubits, self.is_real, generators = _generators(p, q)
        blades = [_ONE]
        for generator in generators:
            blades += [_times(blade, generator) for blade in blades]
        x, z, k = (np.array(part) for part in zip(*blades, strict=True))
        self.side = side = 1 << qubits
        columns = np.arange(side)
        # Blades with the same x fill the same entries (c ^ x, c): one block each, of `width` blades.
        self._by_block = np.argsort(x, kind="stable")
        self._from_block = np.argsort(self._by_block)
        self.width = len(blades) // side
        entries = (columns[:, None] ^ columns) * side + columns
        self._to_entries = entries.ravel()
        self._from_entries = np.argsort(self._to_entries)
        parity = np.array([[(row & column).bit_count() % 2 for column in range(side)] for row in range(side)])
        phases = np.array([1, 1j, -1, -1j])[k]
        columns_of_blades = (phases[:, None] * (1 - 2 * parity[z]))[self._by_block]
        blocks = columns_of_blades.reshape(side, self.width, side)
        self._blocks = np.ascontiguousarray(blocks.real if self.is_real else blocks).view(np.float64)
        self._blocks_back = np.ascontiguousarray(self._blocks.transpose(0, 2, 1)) / side

    def to_matrices(self, rows: Array) -> Array:
        """Return the matrices (N, 2ᵐ, 2ᵐ) of coefficients (N, 2ⁿ)."""
        count, side = len(rows), self.side
        grouped = np.take(rows, self._by_block, axis=1).reshape(count, side, self.width)
        mixed = np.matmul(grouped.transpose(1, 0, 2), self._blocks.astype(rows.dtype, copy=False))
        entries = self._as_entries(np.ascontiguousarray(mixed.transpose(1, 0, 2)).reshape(count, -1))
        return np.take(entries, self._to_entries, axis=1).reshape(count, side, side)

    def from_matrices(self, matrices: Array) -> Array:
        """Return the coefficients (N, 2ⁿ) of matrices (N, 2ᵐ, 2ᵐ)."""
        count, side = len(matrices), self.side
        entries = np.take(matrices.reshape(count, -1), self._from_entries, axis=1)
        real = entries.view(entries.real.dtype).reshape(count, side, -1)
        mixed = np.matmul(real.transpose(1, 0, 2), self._blocks_back.astype(real.dtype, copy=False))
        rows = np.ascontiguousarray(mixed.transpose(1, 0, 2)).reshape(count, -1)
        return np.take(rows, self._from_block, axis=1)

    def of_blades(self) -> Array:
        """Return the matrix of every blade: (2ⁿ, 2ᵐ, 2ᵐ)."""
        return self.to_matrices(np.eye(self.side * self.width))

    def _as_entries(self, rows: Array) -> Array:
        return (
            rows if self.is_real else rows.view(np.complex64 if rows.dtype == np.float32 else np.complex128)
        )


def _times(a: Pauli, b: Pauli) -> Pauli:
    """Return the product; moving Z past X changes the sign."""
    return a[0] ^ b[0], a[1] ^ b[1], (a[2] + b[2] + 2 * (a[1] & b[0]).bit_count()) % 4


def _square(a: Pauli) -> int:
    return -1 if ((a[0] & a[1]).bit_count() + a[2]) % 2 else 1


def _generators(p: int, q: int) -> tuple[int, bool, list[Pauli]]:
    """Return the number of qubits, whether all is real, and the generators, positive ones first."""
    n = p + q
    if n % 2 == 0 and (p - q) % 8 in (0, 2):
        return n // 2, True, _real_generators(p, q)
    has_central_i = n % 2 == 1 and (p - q) % 4 == 3
    qubits = n // 2 if has_central_i else (n + 1) // 2
    squares = [1] * p + [-1] * q
    raw = _anticommuting(qubits, is_euclidean=False)[:n]
    generators = [
        (x, z, 0 if _square((x, z, 0)) == square else 1)
        for (x, z, _), square in zip(raw, squares, strict=False)
    ]
    if has_central_i:  # the last one makes the product of all of them i
        x, z, k = reduce(_times, generators, _ONE)
        generators.append((x, z, (k + 1 + (0 if _square((x, z, k)) == 1 else 2)) % 4))
    return qubits, False, generators


def _real_generators(p: int, q: int) -> list[Pauli]:
    generators = _anticommuting((p + q) // 2, is_euclidean=(p - q) % 8 == 2)
    positive = [each for each in generators if _square(each) == 1]
    negative = [each for each in generators if _square(each) == -1]
    while len(positive) != p:  # four of one sign times their product are four of the other sign
        taken, given = (negative, positive) if len(positive) < p else (positive, negative)
        four = taken[-4:]
        del taken[-4:]
        product = reduce(_times, four)
        given += [_times(each, product) for each in four]
    return positive + negative


def _anticommuting(qubits: int, *, is_euclidean: bool) -> list[Pauli]:
    """Return 2m real anticommuting ones: half of each sign, or with `is_euclidean` two more positive ones."""
    generators: list[Pauli] = []
    for qubit in range(qubits):
        bit = 1 << qubit
        before = reduce(_times, generators, _ONE)
        second = (0, bit, 0) if is_euclidean and qubit == 0 else (bit, bit, 0)
        generators += [_times(before, (bit, 0, 0)), _times(before, second)]
    return generators
