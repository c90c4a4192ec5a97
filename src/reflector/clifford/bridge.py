"""The one door to the package `clifford`: conversion both ways, and calculating with it without its defects."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np

from reflector.clifford.blades import Array, from_order, parse_blade, to_order
from reflector.clifford.multivector import Multivector, Signature
from reflector.errors import AlgebraTooLargeError, CliffordError, InvalidMultivectorError, NotInvertibleError

__all__ = ["ENGINE_OPERATIONS", "from_clifford", "run_with_clifford", "to_clifford"]

MAX_CLIFFORD_DIMENSIONS = 8
"""Beyond, its tables take gigabytes."""

_LOCK = threading.RLock()  # it compiles at first use
_TAYLOR = 18


def to_clifford(multivector: Multivector) -> Any:
    """Return a `clifford.MultiVector`, or an `MVArray` of them for a batch. Takes seconds the first time.

    Raises:
        AlgebraTooLargeError: Above 8 dimensions.
    """
    layout = _layout(multivector.signature)
    values = to_order(multivector.values, "shortlex").astype(np.float64)
    if not multivector.shape:
        return layout.MultiVector(value=values)
    flat = np.empty(int(np.prod(multivector.shape)), dtype=object)
    for place, row in enumerate(values.reshape(-1, multivector.signature.size)):
        flat[place] = layout.MultiVector(value=row)
    return _package().MVArray(flat.reshape(multivector.shape))


def from_clifford(multivector: Any) -> Multivector:
    """Return a multivector from a `clifford.MultiVector`, or a batch from an array of them.

    Raises:
        InvalidMultivectorError: If the generators of its layout are not sorted +1, −1, 0, or it has names of its own
            for them; or if it is none.
        AlgebraTooLargeError: Above 8 dimensions.
    """
    if isinstance(multivector, np.ndarray):
        parts = [from_clifford(each) for each in multivector.ravel()]
        if len({part.signature for part in parts}) != 1:
            raise InvalidMultivectorError("an array of multivectors has to be of one algebra, and not empty")
        values = np.array([part.values for part in parts]).reshape(*multivector.shape, -1)
        return parts[0].signature.batch(values)
    try:
        layout, row = multivector.layout, np.asarray(multivector.value, dtype=np.float64)
        squares = tuple(int(square) for square in layout.sig)
        blades = tuple(tuple(index) for index in layout.bladeTupList)
    except (AttributeError, TypeError) as err:
        raise InvalidMultivectorError(
            f"expected a clifford.MultiVector; got {type(multivector).__name__}"
        ) from err
    signature = Signature(squares.count(1), squares.count(-1), squares.count(0))
    masks, signs = _reading(squares, blades)
    result = np.zeros(signature.size)
    result[masks] = signs * row
    return signature.multivector(result)


@lru_cache(8)
def _reading(squares: tuple[int, ...], blades: tuple[tuple[Any, ...], ...]) -> tuple[Array, Array]:
    """Return where each of its blades is here, and with which sign: it puts null generators first, we last."""
    ids = [index[0] for index in blades if len(index) == 1]
    sorted_places = sorted(range(len(squares)), key=lambda k: (1, -1, 0).index(squares[k]))
    ours = {ids[place]: str(number) for number, place in enumerate(sorted_places, 1)}
    names = ["e" + "_".join(ours[each] for each in index) if index else "" for index in blades]
    parsed = [parse_blade(name, len(squares)) for name in names]
    return np.array([mask for mask, _ in parsed]), np.array([sign for _, sign in parsed])


def run_with_clifford(operation: str, a: Multivector, b: Multivector | None) -> tuple[Multivector, list[str]]:
    """Return the result of an operation by the package, row by row, and warnings.

    Its inverse is tried on operands of norm 1 and checked, because its tolerances are absolute; the exponential is
    ours, on its products, because its own stops at 1e-12.

    Raises:
        CliffordError: If the operation is not among ENGINE_OPERATIONS, or has no result.
    """
    if operation not in ENGINE_OPERATIONS:
        raise CliffordError(
            f"engine 'clifford' offers {', '.join(ENGINE_OPERATIONS)}; got {operation!r}. Use engine 'numpy'"
        )
    is_binary = operation in _BINARY
    if is_binary and b is None:
        raise InvalidMultivectorError(f"{operation} needs an other_multivector")
    operands = [each for each in (a, b) if each is not None] if is_binary else [a]
    shape = np.broadcast_shapes(*(each.shape for each in operands))
    warnings: list[str] = []
    work = _BINARY[operation] if is_binary else partial(_UNARY[operation], warnings=warnings)
    with _LOCK:
        layout = _layout(a.signature)
        results = []
        for rows in zip(*(_rows(each, shape) for each in operands), strict=True):
            theirs = [layout.MultiVector(value=to_order(row, "shortlex")) for row in rows]
            results.append(_values(work(*theirs), a.signature))
    values = np.array(results).reshape(*shape, a.signature.size)
    return Multivector(a.signature, values), sorted(set(warnings))


def _rows(multivector: Multivector, shape: tuple[int, ...]) -> Array:
    size = multivector.signature.size
    return np.broadcast_to(multivector.values, (*shape, size)).reshape(-1, size).astype(np.float64)


def _values(theirs: Any, signature: Signature) -> Array:
    if not hasattr(theirs, "value"):  # some of its operations return a bare number
        return signature.scalar(float(theirs)).values
    return from_order(np.asarray(theirs.value, dtype=np.float64), "shortlex")


def _inverse(a: Any, warnings: list[str]) -> Any:
    size = float(np.abs(a.value).max())
    if not size:
        raise NotInvertibleError("zero has no inverse")
    unit = a / size
    try:
        result = unit.inv()
        residual = np.abs(((unit * result) - 1).value).max() / max(1.0, np.abs(result.value).max())
    except (ValueError, ZeroDivisionError, np.linalg.LinAlgError):
        residual = np.inf
    if not residual <= 1e-10:  # it has none, or a wrong one: the matrices decide
        warnings.append("the package clifford found no good inverse; this one is by matrices")
        ours = from_clifford(unit).inverse()
        result = a.layout.MultiVector(value=to_order(ours.values, "shortlex"))
    return result / size


def _exp(a: Any, warnings: list[str]) -> Any:
    size = float(np.abs(a.value).sum())  # a norm: that of a product is never above the product of the norms
    halvings = max(0, int(np.ceil(np.log2(size)))) if size else 0
    scaled = a / 2.0**halvings
    result = 1 + scaled / _TAYLOR
    for order in range(_TAYLOR - 1, 0, -1):
        result = 1 + scaled * result / order
    for _step in range(halvings):
        result = result * result
    return result


_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "geometric_product": lambda a, b: a * b,
    "outer_product": lambda a, b: a ^ b,
    "inner_product": lambda a, b: a | b,
    "left_contraction": lambda a, b: a << b,
    "commutator": lambda a, b: (a * b - b * a) / 2,
}
_UNARY: dict[str, Callable[..., Any]] = {
    "reverse": lambda a, warnings: ~a,
    "involution": lambda a, warnings: a.gradeInvol(),
    "conjugate": lambda a, warnings: a.conjugate(),
    "dual": lambda a, warnings: a.dual(),
    "inverse": _inverse,
    "exp": _exp,
}
ENGINE_OPERATIONS = (*_BINARY, *_UNARY)
"""What the engine `clifford` does."""


@lru_cache(8)
def _layout(signature: Signature) -> Any:
    if signature.n > MAX_CLIFFORD_DIMENSIONS:
        raise AlgebraTooLargeError(
            f"the package clifford is used up to {MAX_CLIFFORD_DIMENSIONS} dimensions; {signature!r} has {signature.n}",
            limit=MAX_CLIFFORD_DIMENSIONS,
        )
    with _LOCK:
        return _package().Cl(sig=list(signature.squares))[0]  # by p, q, r it would put null generators first


def _package() -> Any:
    import clifford

    return clifford
