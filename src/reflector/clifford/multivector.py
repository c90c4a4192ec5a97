"""Signatures and their multivectors: what a user calculates with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reflector.clifford import functions, rotors
from reflector.clifford.arithmetic import Arithmetic
from reflector.clifford.blades import Array, from_coefficients, parse_blade
from reflector.clifford.metric import Metric
from reflector.clifford.products import check_size, times_matrix
from reflector.errors import CliffordError, InvalidMultivectorError, NotInvertibleError

__all__ = ["Multivector", "Signature"]


class Signature(Metric):
    """An algebra Cl(p, q, r): generators e1, e2, … of which p square to 1, then q to −1, then r to 0.

    >>> cl3 = Signature(3, 0)
    >>> a, b = cl3.vector([1, 2, 3]), cl3.vector([0, 1, 0])
    >>> print(a * b)
    2 + 1 e12 - 3 e23
    >>> (a * a).scalar, (a ^ b) == -(b ^ a)
    (14.0, True)
    """

    __slots__ = ()

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
        return Multivector(self, rotors.between(self.tables, start, end))

    def rotor_from_matrix(self, matrix: Any) -> Multivector:
        """Return the rotor that turns vectors as a rotation matrix (n, n) does."""
        return Multivector(self, rotors.from_matrix(self.tables, self._finite(matrix, self.n)))

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


class Multivector(Arithmetic):
    """One multivector, or a batch of them. Immutable; operations on batches broadcast as in numpy.

    Operators: `*` geometric product, `^` outer, `|` inner (Hestenes: zero with scalars), `<<` and `>>` left and right
    contraction, `~` reverse, `/` times the inverse, `**` whole powers, `+`, `-`, and numbers where they make sense.
    """

    __slots__ = ()
    signature: Signature

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

    # --- showing -----------------------------------------------------------------------------------------

    def __str__(self) -> str:
        if self.shape:
            return f"{self.shape} multivectors of {self.signature!r}"
        terms = [f"{value:g} {name}".rstrip() for name, value in self.coefficients.items()]
        return " + ".join(terms).replace("+ -", "- ") if terms else "0"

    def __repr__(self) -> str:
        return f"<{self}>" if self.shape else f"<{self!s} in {self.signature!r}>"

    def _by_rows(self, function: Any) -> Multivector:
        rows = self.values.reshape(-1, self.signature.size)
        return self._like(function(self._tables, rows).reshape(self.values.shape))
