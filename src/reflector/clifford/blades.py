"""Names and orders of basis blades. Here a blade is a bit mask: bit k says whether e(k+1) is in it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from reflector.errors import InvalidMultivectorError

__all__ = [
    "Array",
    "Order",
    "blade_names",
    "from_coefficients",
    "from_order",
    "parse_blade",
    "shortlex",
    "to_order",
]

Array = NDArray[Any]

Order = Literal["bitmap", "shortlex", "descending"]
"""How coefficients lie in a row. `bitmap`: by mask. `shortlex`: by grade, then by name, as the package `clifford` has
it. `descending`: by mask, for blades multiplied from the highest generator down (e21 where we have e12), as
solfunmeme has it."""

_SCALAR_NAMES = ("", "1", "scalar")


@lru_cache(16)
def blade_names(n: int) -> tuple[str, ...]:
    """Return the names in bitmap order: the empty one for the scalar, then e1, e2, e12, …; e1_10 from n = 10 on.

    >>> blade_names(3)
    ('', 'e1', 'e2', 'e12', 'e3', 'e13', 'e23', 'e123')
    """
    joint = "_" if n >= 10 else ""
    return tuple(
        "e" + joint.join(str(k + 1) for k in range(n) if mask >> k & 1) if mask else ""
        for mask in range(1 << n)
    )


def parse_blade(name: str, n: int) -> tuple[int, int]:
    """Return the mask of a blade, and the sign from sorting its generators.

    >>> parse_blade("e12", 3), parse_blade("e21", 3), parse_blade("", 3)
    ((3, 1), (3, -1), (0, 1))

    Raises:
        InvalidMultivectorError: If it is no blade of n generators.
    """
    if name in _SCALAR_NAMES:
        return 0, 1
    body = name[1:]
    parts = body.split("_") if n >= 10 or "_" in body else list(body)
    is_blade = (
        name.startswith("e") and all(part.isascii() and part.isdigit() for part in parts) and len(body) <= 40
    )
    indices = [int(part) for part in parts] if is_blade else []
    if not indices or len(set(indices)) < len(indices) or not all(1 <= index <= n for index in indices):
        example = "e1_2" if n >= 10 else "e12"
        raise InvalidMultivectorError(
            f"a blade is named like {example}, with generators from 1 to {n}, each once; got {name[:60]!r}"
        )
    swaps = sum(left > right for k, left in enumerate(indices) for right in indices[k + 1 :])
    return sum(1 << index - 1 for index in indices), -1 if swaps % 2 else 1


def from_coefficients(coefficients: Mapping[str, Any], n: int) -> Array:
    """Return one row in bitmap order. Generators in another order, such as e21, count with their sign.

    Raises:
        InvalidMultivectorError: If a name is no blade or comes twice, or a value is no number.
    """
    row = np.zeros(1 << n)
    seen: dict[int, str] = {}
    for name, value in coefficients.items():
        mask, sign = parse_blade(name, n) if isinstance(name, str) else parse_blade(repr(name), n)
        if mask in seen:
            raise InvalidMultivectorError(f"blades come once; got {seen[mask]!r} and {name!r}")
        seen[mask] = name
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            raise InvalidMultivectorError(
                f"the coefficient of {name!r} has to be a number; got {value!r:.60}"
            )
        try:
            row[mask] = sign * float(value)
        except OverflowError:
            raise InvalidMultivectorError(f"the coefficient of {name!r} is too large for a float") from None
    return row


@lru_cache(16)
def shortlex(n: int) -> Array:
    """Return the masks in shortlex order: (2ⁿ,)."""
    generators = {mask: [k for k in range(n) if mask >> k & 1] for mask in range(1 << n)}
    return np.array(sorted(generators, key=lambda mask: (len(generators[mask]), generators[mask])))


def from_order(values: Array, order: Order) -> Array:
    """Return coefficients (…, 2ⁿ) in bitmap order."""
    match order:
        case "bitmap":
            return values
        case "shortlex":
            result = np.empty_like(values)
            result[..., shortlex(_generators(values))] = values
            return result
        case "descending":
            return values * _reverse_signs(_generators(values)).astype(values.dtype)
        case _:
            assert_never(order)


def to_order(values: Array, order: Order) -> Array:
    """Return coefficients (…, 2ⁿ), given in bitmap order, in another one."""
    if order == "shortlex":
        return np.ascontiguousarray(values[..., shortlex(_generators(values))])
    return from_order(values, order)


def _generators(values: Array) -> int:
    return int(values.shape[-1]).bit_length() - 1


@lru_cache(16)
def _reverse_signs(n: int) -> Array:
    grades = np.array([mask.bit_count() for mask in range(1 << n)])
    return np.where(grades % 4 >= 2, -1, 1)
