"""Signatures and their multivectors: what a user calculates with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reflector.clifford import functions, rotors
from reflector.clifford.blades import Array, blade_names, from_coefficients, parse_blade
from reflector.clifford.products import check_size, multiply, times_matrix
from reflector.clifford.tables import Product, Tables, tables
from reflector.errors import (
    AlgebraTooLargeError,
    CliffordError,
    InvalidMultivectorError,
    NotInvertibleError,
    SignatureMismatchError,
)

__all__ = ["MAX_DIMENSIONS", "Multivector", "Signature"]

MAX_DIMENSIONS = 12
"""Of an algebra: 4,096 coefficients, and tables of 16 MB."""

Number = int | float | np.floating[Any] | np.integer[Any]


@dataclass(frozen=True, slots=True, repr=False)
class Signature:
    """An algebra Cl(p, q, r): generators e1, e2, … of which p square to 1, then q to −1, then r to 0.

    >>> cl3 = Signature(3, 0)
    >>> a, b = cl3.vector([1, 2, 3]), cl3.vector([0, 1, 0])
    >>> print(a * b)
    2 + 1 e12 - 3 e23
    >>> (a * a).scalar, (a ^ b) == -(b ^ a)
    (14.0, True)
    """

    p: int = 8
    q: int = 0
    r: int = 0

    def __post_init__(self) -> None:
        for count in (self.p, self.q, self.r):
            if isinstance(count, bool) or not isinstance(count, int) or count < 0:
                raise InvalidMultivectorError(
                    f"a signature counts generators: integers from 0; got {count!r:.40}"
                )
        if not 1 <= self.n <= MAX_DIMENSIONS:
            raise AlgebraTooLargeError(
                f"an algebra has 1 to {MAX_DIMENSIONS} generators; {self!r:.60} has {self.n:.6g}",
                limit=MAX_DIMENSIONS,
            )

    def __repr__(self) -> str:
        return f"Cl({self.p},{self.q},{self.r})" if self.r else f"Cl({self.p},{self.q})"

    @property
    def n(self) -> int:
        """How many generators there are."""
        return self.p + self.q + self.r

    @property
    def size(self) -> int:
        """How many blades there are: 2ⁿ."""
        return 1 << self.n

    @property
    def squares(self) -> tuple[int, ...]:
        """The squares of e1, e2, …"""
        return (1,) * self.p + (-1,) * self.q + (0,) * self.r

    @property
    def names(self) -> tuple[str, ...]:
        """The blades in the order of the coefficients: '', e1, e2, e12, e3, …"""
        return blade_names(self.n)

    def multivector(self, coefficients: Mapping[str, float] | Any) -> Multivector:
        """Return a multivector from blade names and numbers, or from 2ⁿ coefficients in the order of `names`.

        Raises:
            InvalidMultivectorError: If a blade is unknown or comes twice, or numbers are missing or not finite.
        """
        if isinstance(coefficients, Mapping):
            return self._checked(from_coefficients(coefficients, self.n), self.size)
        return self._checked(coefficients, self.size, is_single=True)

    def batch(self, array: Any) -> Multivector:
        """Return multivectors from an array (…, 2ⁿ); every operation then works on all of them.

        Raises:
            InvalidMultivectorError: If the last axis has another length, or something is no finite number.
            AlgebraTooLargeError: If it is too large.
        """
        return self._checked(array, self.size)

    def scalar(self, value: float) -> Multivector:
        """Return a number as a multivector."""
        return self.multivector({"": value})

    def vector(self, values: Any) -> Multivector:
        """Return a vector from n components, or vectors from an array (…, n)."""
        components = self._finite(values, self.n)
        rows = np.zeros((*components.shape[:-1], self.size), components.dtype)
        rows[..., 1 << np.arange(self.n)] = components
        return Multivector(self, rows)

    def blade(self, name: str) -> Multivector:
        """Return a basis blade, such as e12."""
        mask, sign = parse_blade(name, self.n)
        row = np.zeros(self.size)
        row[mask] = sign
        return Multivector(self, row)

    def basis(self) -> tuple[Multivector, ...]:
        """Return e1, e2, …"""
        return tuple(self.blade(self.names[1 << k]) for k in range(self.n))

    @property
    def pseudoscalar(self) -> Multivector:
        """The product of all generators."""
        return self.blade(self.names[-1])

    def rotor_between(self, a: Any, b: Any) -> Multivector:
        """Return the rotor of the shortest turn from the direction of `a` to that of `b`: n components each.

        Raises:
            CliffordError: If they are opposite, or one is zero, or the signature is not Euclidean.
        """
        start, end = self._finite(a, self.n, is_single=True), self._finite(b, self.n, is_single=True)
        return Multivector(self, rotors.between(self._tables, start, end))

    def rotor_from_matrix(self, matrix: Any) -> Multivector:
        """Return the rotor that turns vectors as a rotation matrix (n, n) does."""
        return Multivector(self, rotors.from_matrix(self._tables, self._finite(matrix, self.n)))

    @property
    def _tables(self) -> Tables:
        return tables(self.p, self.q, self.r)

    def _checked(self, array: Any, length: int, *, is_single: bool = False) -> Multivector:
        return Multivector(self, self._finite(array, length, is_single=is_single).copy())

    def _finite(self, array: Any, length: int, *, is_single: bool = False) -> Array:
        """Return finite floats (…, length)."""
        try:
            values = np.asarray(array)
        except ValueError as err:  # ragged lists
            raise InvalidMultivectorError(f"rows have to be of one length, {length}: {err}") from None
        if values.dtype.kind not in "iuf":
            raise InvalidMultivectorError(f"coefficients have to be numbers; got an array of {values.dtype}")
        if values.ndim == 0 or values.shape[-1] != length or (is_single and values.ndim != 1):
            raise InvalidMultivectorError(
                f"{self!r} needs {length} numbers here; got an array of shape {values.shape}"
            )
        check_size((*values.shape[:-1], self.size))
        values = values if values.dtype == np.float32 else values.astype(np.float64, copy=False)
        if not np.isfinite(values).all():
            raise InvalidMultivectorError("coefficients have to be finite; there is a NaN or an infinity")
        return values


class Multivector:
    """One multivector, or a batch of them. Immutable; operations on batches broadcast as in numpy.

    Operators: `*` geometric product, `^` outer, `|` inner (Hestenes: zero with scalars), `<<` and `>>` left and right
    contraction, `~` reverse, `/` times the inverse, `**` whole powers, `+`, `-`, and numbers where they make sense.
    """

    __slots__ = ("signature", "values")
    __array_ufunc__ = None  # numpy's numbers leave operators to us

    def __init__(self, signature: Signature, values: Array) -> None:
        """Wrap coefficients that are known to be right, as they are; `Signature` has what checks and copies."""
        self.signature = signature
        self.values = values
        """Coefficients (…, 2ⁿ) in the order of `signature.names`; not writeable."""
        values.setflags(write=False)

    # --- parts -------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a batch; () for a single one."""
        return self.values.shape[:-1]

    @property
    def scalar(self) -> Any:
        """The number at the scalar; an array for a batch."""
        return self._number(self.values[..., 0])

    @property
    def coefficients(self) -> dict[str, float]:
        """The non-zero coefficients of a single one by blade; '' is the scalar."""
        row = self._single("coefficients").tolist()
        return {name: value for name, value in zip(self.signature.names, row, strict=True) if value}

    @property
    def components(self) -> Array:
        """Those of the vector part: (…, n)."""
        return self.values[..., 1 << np.arange(self.signature.n)]

    def __getitem__(self, index: Any) -> Any:
        """Return the coefficient of a blade by name, or an element of a batch by index."""
        if isinstance(index, str):
            mask, sign = parse_blade(index, self.signature.n)
            return self._number(sign * self.values[..., mask])
        if not self.shape:
            raise CliffordError(
                f"a single multivector has no element {index!r}; blades are named, as in a['e12']"
            )
        return self._like(
            self.values[(*index, slice(None)) if isinstance(index, tuple) else (index, slice(None))]
        )

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a single multivector has no length")
        return self.shape[0]

    def grade(self, *grades: int) -> Multivector:
        """Return the part of these grades."""
        kept = self._tables.grades == grades[0] if len(grades) == 1 else np.isin(self._tables.grades, grades)
        return self._like(self.values * kept)

    @property
    def grades(self) -> tuple[int, ...]:
        """The grades with a non-zero coefficient."""
        used = self.values.reshape(-1, self.signature.size).any(axis=0)
        return tuple(sorted(set(self._tables.grades[used].tolist())))

    # --- sums and products -------------------------------------------------------------------------------

    def __add__(self, other: Multivector | Number) -> Multivector:
        return self._like(self.values + self._coerced(other))

    __radd__ = __add__

    def __sub__(self, other: Multivector | Number) -> Multivector:
        return self._like(self.values - self._coerced(other))

    def __rsub__(self, other: Number) -> Multivector:
        return self._like(self._coerced(other) - self.values)

    def __neg__(self) -> Multivector:
        return self._like(-self.values)

    def __mul__(self, other: Multivector | Number) -> Multivector:
        return self._product("geometric", other)

    def __rmul__(self, other: Number) -> Multivector:
        return self * other

    def __xor__(self, other: Multivector | Number) -> Multivector:
        return self._product("outer", other)

    def __or__(self, other: Multivector) -> Multivector:
        return self._product("inner", other)

    def __lshift__(self, other: Multivector) -> Multivector:
        return self._product("left", other)

    def __rshift__(self, other: Multivector) -> Multivector:
        return self._product("right", other)

    def __truediv__(self, other: Multivector | Number) -> Multivector:
        if isinstance(other, Multivector):
            return self * other.inverse()
        if not other:
            raise NotInvertibleError("a multivector cannot be divided by zero")
        return self._like(self.values / float(other))

    def __rtruediv__(self, other: Number) -> Multivector:
        return self.inverse() * other

    def __pow__(self, exponent: int) -> Multivector:
        if not isinstance(exponent, int) or isinstance(exponent, bool):
            raise CliffordError(f"powers are whole numbers; got {exponent!r:.40}. For rotors, scale log()")
        base = self if exponent >= 0 else self.inverse()
        result = self.signature.scalar(1.0)
        for digit in bin(abs(exponent))[2:]:
            result = result * result
            if digit == "1":
                result = result * base
        return result

    def scalar_product(self, other: Multivector) -> Multivector:
        """Return the scalar part of the geometric product."""
        return self._product("scalar", other)

    def commutator(self, other: Multivector) -> Multivector:
        """Return (ab − ba) / 2."""
        return (self * other - other * self) / 2

    # --- involutions, duals, norms -----------------------------------------------------------------------

    def reverse(self) -> Multivector:
        """Return it with the generators of each blade in reverse order."""
        return self._signed(self._tables.reverse)

    __invert__ = reverse

    def involution(self) -> Multivector:
        """Return it with every generator negated."""
        return self._signed(self._tables.involution)

    def conjugate(self) -> Multivector:
        """Return the reverse of the involution."""
        return self._signed(self._tables.conjugate)

    def dual(self) -> Multivector:
        """Return a I⁻¹; with null generators, the right complement: a ∧ complement is I for each blade."""
        each = self._tables
        if self.signature.r:
            signs = each.signs[each.masks, each.masks[::-1]]
            return self._like((self.values * signs)[..., ::-1].copy())
        return self * self.signature.pseudoscalar.inverse()

    def undual(self) -> Multivector:
        """Return what has this as its dual."""
        each = self._tables
        if self.signature.r:
            signs = each.signs[each.masks, each.masks[::-1]]
            return self._like(self.values[..., ::-1] * signs)
        return self * self.signature.pseudoscalar

    def norm_squared(self) -> Any:
        """Return the scalar part of a ~a: negative or zero for some in a signature that is not Euclidean."""
        return self._number((self * ~self).values[..., 0])

    def norm(self) -> Any:
        """Return the length of the row of coefficients; in a Euclidean signature that is √norm_squared."""
        return self._number(np.linalg.norm(self.values, axis=-1))

    def normalized(self) -> Multivector:
        """Return it divided by √|norm_squared|, so that a rotor R has R ~R = 1.

        Raises:
            NotInvertibleError: If that is zero.
        """
        size = np.sqrt(np.abs((self * ~self).values[..., :1]))
        if not size.all():
            raise NotInvertibleError("what has no length cannot be normalized")
        return self._like(self.values / size)

    # --- functions ---------------------------------------------------------------------------------------

    def inverse(self) -> Multivector:
        """Return the inverse.

        Raises:
            NotInvertibleError: If there is none, or none that can be trusted: a condition above 1e12.
        """
        return self._by_rows(functions.inverse)

    def condition(self) -> Any:
        """Return how much the inverse amplifies errors: 1 at best, infinite without an inverse."""
        rows = self.values.reshape(-1, self.signature.size)
        return self._number(functions.condition(self._tables, rows).reshape(self.shape))

    def exp(self) -> Multivector:
        """Return the exponential; of a bivector that is a rotor."""
        return self._by_rows(functions.exp)

    def log(self) -> Multivector:
        """Return the bivector whose exponential is this rotor.

        Raises:
            CliffordError: If it is no rotor, or has no such bivector.
        """
        return self._by_rows(
            lambda each, rows: np.array([rotors.log(each, row) for row in rows]).reshape(rows.shape)
        )

    # --- geometry ----------------------------------------------------------------------------------------

    def sandwich(self, other: Multivector) -> Multivector:
        """Return R x R⁻¹: this rotor, or any versor, applied to something."""
        return self * other * self.inverse()

    def matrix(self) -> Array:
        """Return M (n, n) with R v R⁻¹ = M v, for one rotor.

        Raises:
            CliffordError: If it is no versor.
        """
        return rotors.rotation_matrix(self._tables, self._single("matrix"))

    def rotate(self, vectors: Any) -> Array:
        """Return components of vectors (…, n) turned by this rotor: one matrix product for all of them."""
        return times_matrix(self.signature._finite(vectors, self.signature.n), self.matrix().T)

    def interpolate(self, other: Multivector, share: float) -> Multivector:
        """Return the rotor that is a share of the way to another one, along the shortest turn."""
        return (other * ~self).log()._scaled(share).exp() * self

    def reflect(self, vector: Multivector) -> Multivector:
        """Return it mirrored at the hyperplane to which a vector is normal."""
        return vector * self.involution() * vector.inverse()

    def project(self, blade: Multivector) -> Multivector:
        """Return the part inside a blade."""
        return (self << blade) * blade.inverse()

    def reject(self, blade: Multivector) -> Multivector:
        """Return the part that sticks out of a blade."""
        return (self ^ blade) * blade.inverse()

    # --- comparing and showing ---------------------------------------------------------------------------

    def is_close(self, other: Multivector | Number, tolerance: float = 1e-12) -> bool:
        """Return whether no coefficient differs by more than a tolerance, relative to the larger norm."""
        theirs = self._coerced(other)
        scale = max(
            np.linalg.norm(self.values, axis=-1).max(initial=0),
            np.linalg.norm(theirs, axis=-1).max(initial=0),
        )
        return bool(np.abs(self.values - theirs).max(initial=0) <= tolerance * scale)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Multivector):
            return NotImplemented
        return self.signature == other.signature and bool(np.array_equal(self.values, other.values))

    def __hash__(self) -> int:
        return hash((self.signature, self.shape, (self.values + 0.0).tobytes()))

    def __str__(self) -> str:
        if self.shape:
            return f"{self.shape} multivectors of {self.signature!r}"
        terms = [f"{value:g} {name}".rstrip() for name, value in self.coefficients.items()]
        return " + ".join(terms).replace("+ -", "- ") if terms else "0"

    def __repr__(self) -> str:
        return f"<{self}>" if self.shape else f"<{self!s} in {self.signature!r}>"

    # --- inside ------------------------------------------------------------------------------------------

    @property
    def _tables(self) -> Tables:
        return self.signature._tables

    def _like(self, values: Array) -> Multivector:
        return Multivector(self.signature, values)

    def _scaled(self, factor: Number) -> Multivector:
        return self._like(self.values * float(factor))

    def _signed(self, signs: Array) -> Multivector:
        return self._like(self.values * signs)

    def _product(self, kind: Product, other: Multivector | Number) -> Multivector:
        if isinstance(other, Multivector):
            self._check_same(other)
            return self._like(multiply(self._tables, kind, self.values, other.values))
        _check_number(other)
        if kind in ("geometric", "outer"):
            return self._scaled(other)
        return self._product(kind, self.signature.scalar(float(other)))

    def _coerced(self, other: Multivector | Number) -> Array:
        if isinstance(other, Multivector):
            self._check_same(other)
            return other.values
        _check_number(other)
        row = np.zeros(self.signature.size, self.values.dtype)
        row[0] = other
        return row

    def _check_same(self, other: Multivector) -> None:
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

    def _by_rows(self, function: Any) -> Multivector:
        rows = self.values.reshape(-1, self.signature.size)
        return self._like(function(self._tables, rows).reshape(self.values.shape))

    def _single(self, what: str) -> Array:
        if self.shape:
            raise CliffordError(f"{what} is for a single multivector; this is a batch of shape {self.shape}")
        return self.values

    def _number(self, values: Array) -> Any:
        return values if self.shape else float(values)


def _check_number(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
        raise CliffordError(f"expected a multivector or a number; got {type(value).__name__}")
    if not np.isfinite(value):
        raise InvalidMultivectorError(f"numbers have to be finite; got {value!r}")
