"""What is computed once for each algebra: signs of products, grades, the matrix form."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Literal, NamedTuple, assert_never

import numpy as np

from reflector.clifford.blades import Array
from reflector.clifford.representation import Representation

__all__ = ["Product", "Tables", "Terms", "tables"]

Product = Literal["geometric", "outer", "inner", "left", "right", "scalar"]


class Terms(NamedTuple):
    """A product as a list: blade `left` times blade `right` is `sign` times blade `to`."""

    left: Array
    right: Array
    to: Array
    sign: Array


class Tables:
    """The tables of one algebra, made when first needed. At most 4ⁿ bytes each, for n ≤ 12."""

    def __init__(self, p: int, q: int, r: int) -> None:
        self.p, self.q, self.r = p, q, r
        self.n = p + q + r
        self.size = 1 << self.n
        self.masks = np.arange(self.size)
        self.grades = np.array([mask.bit_count() for mask in range(self.size)])
        self.reverse = np.where(self.grades % 4 >= 2, -1, 1).astype(np.int8)
        self.involution = np.where(self.grades % 2, -1, 1).astype(np.int8)
        self.conjugate = self.reverse * self.involution
        self._products: dict[Product, Array] = {}
        self._terms: dict[Product, Terms] = {}

    @cached_property
    def signs(self) -> Array:
        """S (2ⁿ, 2ⁿ): blade i times blade j is S[i, j] times blade i ^ j."""
        signs, past = np.ones((1, 1), np.int8), np.ones(1, np.int8)
        for square in (1,) * self.p + (-1,) * self.q + (0,) * self.r:
            lower = signs * past  # the new generator, last on the left, moves past the blade on the right
            signs = np.block([[signs, signs], [lower, lower * np.int8(square)]])
            past = np.concatenate([past, -past])
        return signs

    @cached_property
    def left_factors(self) -> tuple[Array, Array]:
        """G and X (2ⁿ, 2ⁿ): the matrix of "a times" is G · a[X]. For small algebras."""
        which = self.masks[:, None] ^ self.masks
        return self.signs[which, self.masks].astype(np.float64), which

    def product(self, kind: Product) -> Array:
        """Return the signs of a product, 0 where two blades have none: (2ⁿ, 2ⁿ)."""
        if kind not in self._products:
            self._products[kind] = self.signs * self._has_product(kind)
        return self._products[kind]

    def terms(self, kind: Product) -> Terms:
        """Return a product as a list of its terms."""
        if kind not in self._terms:
            table = self.product(kind)
            left, right = np.nonzero(table)
            self._terms[kind] = Terms(left, right, left ^ right, table[left, right])
        return self._terms[kind]

    def _has_product(self, kind: Product) -> Array:
        i, j = self.masks[:, None].astype(np.int16), self.masks.astype(np.int16)
        match kind:
            case "geometric":
                return np.ones((self.size, self.size), bool)
            case "outer":
                return (i & j) == 0
            case "left":
                return (i & j) == i
            case "right":
                return (i & j) == j
            case "inner":  # Hestenes: without scalars
                common = i & j
                return ((common == i) | (common == j)) & (i > 0) & (j > 0)
            case "scalar":
                return i == j
            case _:
                assert_never(kind)

    @cached_property
    def representation(self) -> Representation | None:
        """The matrix form; None in a degenerate metric."""
        return None if self.r else Representation(self.p, self.q)

    @cached_property
    def dense_form(self) -> tuple[Array, Array, Array]:
        """The product of small matrices as three maps of coefficients, for blocks that lie column by column.

        (i, j, 2ⁿ) and (j, k, 2ⁿ) take a and b to real matrices; (2ⁿ, i·k) takes their product back.
        """
        representation = self.representation
        assert representation is not None
        matrices = representation.of_blades()
        left = right = matrices.real
        if not representation.is_real:
            right = np.concatenate([matrices.real, matrices.imag], 1)
            left = np.concatenate([right, np.concatenate([-matrices.imag, matrices.real], 1)], 2)
        back = right.reshape(self.size, -1) / representation.side
        return left.transpose(1, 2, 0).copy(), right.transpose(1, 2, 0).copy(), back.copy()


@lru_cache(8)
def tables(p: int, q: int, r: int) -> Tables:
    """Return the tables of an algebra; the last eight are kept."""
    return Tables(p, q, r)
