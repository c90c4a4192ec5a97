"""Sums, products and comparison of multivectors, single ones and batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np

from reflector.clifford.blades import Array
from reflector.clifford.metric import Metric
from reflector.clifford.products import multiply
from reflector.clifford.tables import Product, Tables
from reflector.errors import (
    CliffordError,
    InvalidMultivectorError,
    NotInvertibleError,
    SignatureMismatchError,
)

__all__ = ["Arithmetic", "Number"]

Number = int | float | np.floating[Any] | np.integer[Any]


class Arithmetic(ABC):
    """Operators on coefficients (…, 2ⁿ) of one algebra. They broadcast as in numpy."""

    __slots__ = ("signature", "values")
    __array_ufunc__ = None  # numpy's numbers leave operators to us

    def __init__(self, signature: Metric, values: Array) -> None:
        """Wrap coefficients that are known to be right, as they are; `Signature` has what checks and copies."""
        self.signature = signature
        self.values = values
        """Coefficients (…, 2ⁿ) in the order of `signature.names`; not writeable."""
        values.setflags(write=False)

    @abstractmethod
    def inverse(self) -> Self:
        """Return the inverse."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a batch; () for a single one."""
        return self.values.shape[:-1]

    # --- sums and products -------------------------------------------------------------------------------

    def __add__(self, other: Self | Number) -> Self:
        return self._like(self.values + self._coerced(other))

    __radd__ = __add__

    def __sub__(self, other: Self | Number) -> Self:
        return self._like(self.values - self._coerced(other))

    def __rsub__(self, other: Number) -> Self:
        return self._like(self._coerced(other) - self.values)

    def __neg__(self) -> Self:
        return self._like(-self.values)

    def __mul__(self, other: Self | Number) -> Self:
        return self._product("geometric", other)

    def __rmul__(self, other: Number) -> Self:
        return self * other

    def __xor__(self, other: Self | Number) -> Self:
        return self._product("outer", other)

    __rxor__ = __rmul__

    def __or__(self, other: Self) -> Self:
        return self._product("inner", other)

    def __lshift__(self, other: Self) -> Self:
        return self._product("left", other)

    def __rshift__(self, other: Self) -> Self:
        return self._product("right", other)

    def __truediv__(self, other: Self | Number) -> Self:
        if isinstance(other, Arithmetic):
            return self * other.inverse()
        if not other:
            raise NotInvertibleError("a multivector cannot be divided by zero")
        return self._like(self.values / float(other))

    def __rtruediv__(self, other: Number) -> Self:
        return self.inverse() * other

    def __pow__(self, exponent: int) -> Self:
        if not isinstance(exponent, int) or isinstance(exponent, bool):
            raise CliffordError(f"powers are whole numbers; got {exponent!r:.40}. For rotors, scale log()")
        base = self if exponent >= 0 else self.inverse()
        result = self._number_like(1.0)
        for digit in bin(abs(exponent))[2:]:
            result = result * result
            if digit == "1":
                result = result * base
        return result

    def scalar_product(self, other: Self) -> Self:
        """Return the scalar part of the geometric product."""
        return self._product("scalar", other)

    def commutator(self, other: Self) -> Self:
        """Return (ab − ba) / 2."""
        return (self * other - other * self) / 2

    # --- comparing and showing ---------------------------------------------------------------------------

    def is_close(self, other: Self | Number, tolerance: float = 1e-12) -> bool:
        """Return whether no coefficient differs by more than a tolerance, relative to the larger norm."""
        theirs = self._coerced(other)
        scale = max(
            np.linalg.norm(self.values, axis=-1).max(initial=0),
            np.linalg.norm(theirs, axis=-1).max(initial=0),
        )
        return bool(np.abs(self.values - theirs).max(initial=0) <= tolerance * scale)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Arithmetic):
            return NotImplemented
        return self.signature == other.signature and bool(np.array_equal(self.values, other.values))

    def __hash__(self) -> int:
        return hash((self.signature, self.shape, (self.values + 0.0).tobytes()))

    # --- inside ------------------------------------------------------------------------------------------

    @property
    def _tables(self) -> Tables:
        return self.signature.tables

    def _like(self, values: Array) -> Self:
        return type(self)(self.signature, values)

    def _scaled(self, factor: Number) -> Self:
        return self._like(self.values * float(factor))

    def _signed(self, signs: Array) -> Self:
        return self._like(self.values * signs)

    def _product(self, kind: Product, other: Self | Number) -> Self:
        if isinstance(other, Arithmetic):
            self._check_same(other)
            return self._like(multiply(self._tables, kind, self.values, other.values))
        _check_number(other)
        if kind in ("geometric", "outer"):
            return self._scaled(other)
        return self._product(kind, self._number_like(float(other)))

    def _coerced(self, other: Self | Number) -> Array:
        if isinstance(other, Arithmetic):
            self._check_same(other)
            return other.values
        _check_number(other)
        row = np.zeros(self.signature.size, self.values.dtype)
        row[0] = other
        return row

    def _check_same(self, other: Self) -> None:
        if other.signature != self.signature:
            raise SignatureMismatchError(
                f"both have to be of one algebra; got {self.signature!r} and {other.signature!r}"
            )
        try:
            np.broadcast_shapes(self.shape, other.shape)
        except ValueError:
            raise InvalidMultivectorError(
                f"batches of shape {self.shape} and {other.shape} do not fit"
            ) from None

    def _single(self, what: str) -> Array:
        if self.shape:
            raise CliffordError(f"{what} is for a single multivector; this is a batch of shape {self.shape}")
        return self.values

    def _number(self, values: Array) -> Any:
        return values if self.shape else float(values)

    def _number_like(self, value: float) -> Self:
        row = np.zeros(self.signature.size, self.values.dtype)
        row[0] = value
        return self._like(row)


def _check_number(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
        raise CliffordError(f"expected a multivector or a number; got {type(value).__name__}")
    if not np.isfinite(value):
        raise InvalidMultivectorError(f"numbers have to be finite; got {value!r}")
