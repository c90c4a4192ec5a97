"""The operations by name: those of solfunmeme, and the algebra's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from reflector.clifford.bridge import run_with_clifford
from reflector.clifford.functions import LARGEST_CONDITION
from reflector.clifford.multivector import Multivector, Signature
from reflector.clifford.request import CliffordOperationRequest, CliffordOperationResponse
from reflector.clifford.wire import from_wire, read_signature, to_wire
from reflector.errors import CliffordError, InvalidMultivectorError

__all__ = ["OPERATIONS", "PRIMES", "perform"]

PRIMES = (2, 3, 5, 7, 11, 13, 17, 19)
"""The k-th stands for the k-th generator."""

_IMPRECISE = 1e8


class _Operands(NamedTuple):
    signature: Signature
    request: CliffordOperationRequest
    input: Multivector | None
    other: Multivector | None

    @property
    def one(self) -> Multivector:
        if self.input is None:
            raise InvalidMultivectorError(f"{self.request.operation} needs an input_multivector")
        return self.input

    @property
    def two(self) -> Multivector:
        if self.other is None:
            raise InvalidMultivectorError(f"{self.request.operation} needs an other_multivector")
        return self.other

    @property
    def vector(self) -> Multivector:
        return _padded_vector(self.signature, self.request.vector_values)


def _padded_vector(signature: Signature, values: tuple[float, ...]) -> Multivector:
    if not values:
        raise InvalidMultivectorError(
            "vector_values is empty; give up to as many numbers as there are dimensions"
        )
    if len(values) > signature.n:
        raise InvalidMultivectorError(
            f"{signature!r} has vectors of {signature.n} components; got {len(values)}"
        )
    return signature.vector([*values, *[0.0] * (signature.n - len(values))])


def _update(operands: _Operands) -> Multivector:
    if operands.request.vector_values:
        return operands.one + operands.vector
    return operands.one + operands.request.scalar_value


def _prime_blade(signature: Signature, number: float) -> Multivector:
    known = PRIMES[: signature.n]
    if number not in known:
        raise InvalidMultivectorError(
            f"the primes of {signature!r} are {', '.join(map(str, known))}; got {number:g}"
        )
    return signature.basis()[known.index(int(number))]


def _compose_primes(operands: _Operands) -> Multivector:
    if not operands.request.vector_values:
        raise InvalidMultivectorError("vector_values is empty; give primes, such as [2, 3, 5]")
    product = operands.signature.scalar(1.0)
    for number in operands.request.vector_values:
        product = product * _prime_blade(operands.signature, number)
    return product


def _grade(operands: _Operands) -> Multivector:
    grade = operands.request.grade
    if grade is None or not 0 <= grade <= operands.signature.n:
        raise InvalidMultivectorError(f"grade is a number from 0 to {operands.signature.n}; got {grade!r}")
    return operands.one.grade(grade)


def _as_scalars(values: object, signature: Signature) -> Multivector:
    numbers = np.asarray(values, dtype=np.float64)
    rows = np.zeros((*numbers.shape, signature.size))
    rows[..., 0] = numbers
    return Multivector(signature, rows)


def _power(operands: _Operands) -> Multivector:
    exponent = operands.request.scalar_value
    if not (abs(exponent) <= 1000 and exponent == int(exponent)):
        raise CliffordError(f"power takes a whole exponent up to 1000 as scalar_value; got {exponent:g}")
    return operands.one ** int(exponent)


OPERATIONS: dict[str, Callable[[_Operands], Multivector]] = {
    # solfunmeme's
    "create_scalar_multivector": lambda o: o.signature.scalar(o.request.scalar_value),
    "create_vector_multivector": lambda o: o.vector,
    "reverse_multivector": lambda o: ~o.one,
    "update_flow_multivector": _update,
    "compose_from_vector_primes": _compose_primes,
    "compose_prime_multivectors": _compose_primes,
    "prime_identity_multivector": lambda o: _prime_blade(o.signature, o.request.scalar_value),
    # of one multivector
    "reverse": lambda o: ~o.one,
    "involution": lambda o: o.one.involution(),
    "conjugate": lambda o: o.one.conjugate(),
    "dual": lambda o: o.one.dual(),
    "undual": lambda o: o.one.undual(),
    "grade": _grade,
    "norm": lambda o: _as_scalars(o.one.norm(), o.signature),
    "normalize": lambda o: o.one.normalized(),
    "inverse": lambda o: o.one.inverse(),
    "exp": lambda o: o.one.exp(),
    "log": lambda o: o.one.log(),
    "power": _power,
    # of two
    "add": lambda o: o.one + o.two,
    "subtract": lambda o: o.one - o.two,
    "geometric_product": lambda o: o.one * o.two,
    "outer_product": lambda o: o.one ^ o.two,
    "inner_product": lambda o: o.one | o.two,
    "left_contraction": lambda o: o.one << o.two,
    "right_contraction": lambda o: o.one >> o.two,
    "scalar_product": lambda o: o.one.scalar_product(o.two),
    "commutator": lambda o: o.one.commutator(o.two),
    "sandwich": lambda o: o.one.sandwich(o.two),
    "reflect": lambda o: o.one.reflect(o.two),
    "project": lambda o: o.one.project(o.two),
    "reject": lambda o: o.one.reject(o.two),
    "rotor": lambda o: o.signature.rotor_between(o.one.components, o.two.components),
    "interpolate": lambda o: o.one.interpolate(o.two, o.request.scalar_value),
}


def perform(request: CliffordOperationRequest) -> CliffordOperationResponse:
    """Return what comes of an operation.

    Raises:
        CliffordError: If there is no result; the subclass and the text say why.
    """
    if request.operation not in OPERATIONS:
        raise CliffordError(
            f"Unknown operation: {request.operation:.60}. The operations are {', '.join(OPERATIONS)}"
        )
    operands = _read(request)
    warnings: list[str] = []
    condition = None
    with np.errstate(all="ignore"):  # infinities are refused on the way out
        if request.engine == "clifford":
            result, warnings = run_with_clifford(request.operation, operands.one, operands.other)
        else:
            result = _result(operands)
        if request.operation == "inverse" and request.input_multivector is not None:
            condition = min(float(np.max(operands.one.condition(), initial=1.0)), LARGEST_CONDITION)
            if condition > _IMPRECISE:
                warnings.append(
                    f"the condition is {condition:.3g}: about as many digits of the inverse are lost"
                )
    document = to_wire(result, request.encoding)
    return CliffordOperationResponse(condition=condition, warnings=tuple(warnings), **document)


def _result(operands: _Operands) -> Multivector:
    try:
        return OPERATIONS[operands.request.operation](operands)
    except np.linalg.LinAlgError as err:  # what overflowed on the way
        raise CliffordError(
            f"the numbers are too large or too small for {operands.request.operation}: {err}"
        ) from err


def _read(request: CliffordOperationRequest) -> _Operands:
    signature = None if request.signature is None else read_signature(request.signature)
    first = second = None
    if request.input_multivector is not None:
        first = from_wire(request.input_multivector, signature)
        signature = first.signature
    if request.other_multivector is not None:
        second = from_wire(request.other_multivector, signature)
        if signature is None:
            signature = second.signature
    return _Operands(signature or Signature(), request, first, second)
