"""Agreement with the package `clifford` and with scipy's matrix functions: `make oracle`.

Not part of `make test`, because `clifford` compiles for every algebra and every process. The tests of its defects run
on both: what is expected to fail is theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import clifford
from reflector.clifford.bridge import ENGINE_OPERATIONS, from_clifford, to_clifford
from reflector.clifford.multivector import Multivector, Signature
from reflector.clifford.operations import perform
from reflector.clifford.request import CliffordOperationRequest
from reflector.clifford.wire import from_wire, to_wire
from reflector.errors import AlgebraTooLargeError, CliffordError, InvalidMultivectorError

pytestmark = pytest.mark.filterwarnings("default")

SIGNATURES = [
    Signature(2, 0),
    Signature(3, 0),
    Signature(1, 3),
    Signature(4, 1),
    Signature(2, 0, 1),
    Signature(8, 0),
]
PAIRS = 1700
"""Of operands for each signature: more than 10,000 in all, and each goes through every operation."""

BINARY: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "geometric": (lambda a, b: a * b, lambda a, b: a * b),
    "outer": (lambda a, b: a ^ b, lambda a, b: a ^ b),
    "inner": (lambda a, b: a | b, lambda a, b: a | b),
    "left contraction": (lambda a, b: a << b, lambda a, b: a << b),
    "commutator": (lambda a, b: a.commutator(b), lambda a, b: (a * b - b * a) / 2),
}
UNARY: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "reverse": (lambda a: ~a, lambda a: ~a),
    "involution": (lambda a: a.involution(), lambda a: a.gradeInvol()),
    "conjugate": (lambda a: a.conjugate(), lambda a: a.conjugate()),
    "grade 1": (lambda a: a.grade(1), lambda a: a(1)),
    "grade 2": (lambda a: a.grade(2), lambda a: a(2)),
    "dual": (lambda a: a.dual(), lambda a: a.dual()),
}


def theirs(rows: Multivector) -> list[Any]:
    return list(to_clifford(rows))


def ours(results: list[Any], signature: Signature) -> Multivector:
    return signature.batch(np.array([from_clifford(each).values for each in results]))


def random(signature: Signature, count: int, seed: int) -> Multivector:
    """Return dense ones, sparse ones, and vectors."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(count, signature.size))
    rows[1::3] *= generator.random(rows[1::3].shape) < 0.2
    rows[2::6] = signature.batch(rows[2::6]).grade(1).values
    return signature.batch(rows)


def assert_agrees(found: Multivector, expected: Multivector, scale: Any) -> None:
    error = np.abs(found.values - expected.values).max(axis=-1)
    assert (error <= 1e-12 * np.maximum(scale, 1e-300)).all(), (error / scale).max()


@pytest.mark.parametrize("signature", SIGNATURES, ids=repr)
def test_products_involutions_projections_and_duals_agree(signature: Signature) -> None:
    a, b = random(signature, PAIRS, 1), random(signature, PAIRS, 2)
    a_theirs, b_theirs = theirs(a), theirs(b)
    for mine, other in BINARY.values():
        expected = ours([other(x, y) for x, y in zip(a_theirs, b_theirs, strict=True)], signature)
        assert_agrees(mine(a, b), expected, a.norm() * b.norm())
        assert_agrees(mine(a[0], b[0]), expected[0], a[0].norm() * b[0].norm())
        assert_agrees(mine(a[2], b[2]), expected[2], a[2].norm() * b[2].norm())
    for mine_of_one, other_of_one in UNARY.values():
        expected = ours([other_of_one(x) for x in a_theirs], signature)
        assert_agrees(mine_of_one(a), expected, a.norm())


@pytest.mark.parametrize("signature", SIGNATURES, ids=repr)
def test_well_conditioned_inverses_agree(signature: Signature) -> None:
    a = random(signature, 60 if signature.n > 5 else PAIRS, 3)[::3]
    good = a[a.condition() < 1e3]
    expected = ours([each.inv() for each in theirs(good)], signature)
    assert len(good) > 15
    assert_agrees(good.inverse(), expected, good.condition() * expected.norm())


def left_matrix(a: Multivector) -> Any:
    """Return the matrix of "a times", from products of blades alone: not how exp and log work."""
    blades = a.signature.batch(np.eye(a.signature.size))
    rows = [a * blades[k] for k in range(a.signature.size)]
    return np.array([row.values for row in rows]).T


@pytest.mark.parametrize("size", [0.1, 1, 10, 100])
@pytest.mark.parametrize("signature", [Signature(4, 0), Signature(8, 0)], ids=repr)
def test_the_exponential_is_that_of_matrices(signature: Signature, size: float) -> None:
    bivector = signature.multivector(np.random.default_rng(4).normal(size=signature.size)).grade(2)
    bivector = bivector * (size / bivector.norm())
    rotor = bivector.exp()
    expected = scipy.linalg.expm(left_matrix(bivector))[:, 0]
    assert np.abs(rotor.values - expected).max() <= 1e-13
    assert (rotor * ~rotor).is_close(1, 1e-13)


@pytest.mark.parametrize(
    "signature", [Signature(1, 3), Signature(4, 1), Signature(3, 0, 1), Signature(5, 0)], ids=repr
)
def test_exponential_and_logarithm_of_any_metric(signature: Signature) -> None:
    generator = np.random.default_rng(5)
    for _ in range(20):
        a = signature.multivector(generator.normal(size=signature.size))
        expected = scipy.linalg.expm(left_matrix(a))[:, 0]
        assert np.abs(a.exp().values - expected).max() <= 1e-12 * np.abs(expected).max()
        rotor = (a.grade(2) / (2 * a.grade(2).norm())).exp()
        expected = scipy.linalg.logm(left_matrix(rotor))[:, 0].real
        assert np.abs(rotor.log().values - expected).max() <= 1e-12


@pytest.mark.parametrize("signature", [*SIGNATURES, Signature(1, 1, 1)], ids=repr)
def test_conversion_goes_both_ways(signature: Signature) -> None:
    a = random(signature, 6, 6)
    assert from_clifford(to_clifford(a)) == a
    assert from_clifford(to_clifford(a[0])) == a[0]


def test_their_order_of_null_generators_is_read() -> None:
    layout, blades = clifford.Cl(2, 0, 1)  # e1 is the null one there
    assert (blades["e1"] * blades["e1"]).value.any() == np.False_
    read = from_clifford(blades["e12"] + 2 * blades["e23"])
    assert (read.signature, read.coefficients) == (Signature(2, 0, 1), {"e13": -1.0, "e12": 2.0})
    assert layout.sig.tolist() == [0, 1, 1]


def test_what_is_none_of_theirs_is_refused() -> None:
    for wrong in (5, "e1", None, np.array([], dtype=object)):
        with pytest.raises(InvalidMultivectorError):
            from_clifford(wrong)
    with pytest.raises(AlgebraTooLargeError):
        to_clifford(Signature(9).scalar(1))


@pytest.mark.parametrize("signature", [Signature(3, 0), Signature(1, 3)], ids=repr)
@pytest.mark.parametrize("operation", ENGINE_OPERATIONS)
def test_both_engines_give_the_same(signature: Signature, operation: str) -> None:
    a, b = random(signature, 4, 7), random(signature, 4, 8)
    for operands in ((a, b), (a[0], b[0]), (a[2], b)):
        first, second = (to_wire(each, "base64") for each in operands)
        results = [
            perform(CliffordOperationRequest(
                operation=operation, input_multivector=first, other_multivector=second, engine=engine, encoding="dense"
            ))
            for engine in ("clifford", "numpy")
        ]  # fmt: skip
        theirs_, mine = (from_wire(each.to_document()) for each in results)
        assert theirs_.is_close(mine, 1e-9)


# --- its defects, as tests of ours: the ones marked as failing are theirs ---------------------------------

FAILS = pytest.mark.xfail(strict=True, raises=(AssertionError, ValueError))
SIDES = [pytest.param("ours"), pytest.param("engine"), pytest.param("clifford", marks=FAILS)]


def inverse(side: str, a: Multivector) -> Multivector:
    if side == "ours":
        return a.inverse()
    if side == "clifford":
        return from_clifford(to_clifford(a).inv())
    request = CliffordOperationRequest(
        operation="inverse", input_multivector=to_wire(a, "base64"), engine="clifford"
    )
    return from_wire(perform(request).to_document())


@pytest.mark.parametrize("side", ["ours", pytest.param("clifford", marks=FAILS)])
def test_a_negative_power_of_a_blade(side: str) -> None:
    blade = Signature(3, 0).blade("e12")
    power = blade**-1 if side == "ours" else from_clifford(to_clifford(blade) ** -1)
    assert power == -blade


@pytest.mark.parametrize("side", SIDES)
def test_the_inverse_of_something_small(side: str) -> None:
    e1 = Signature(3, 0).blade("e1")
    assert inverse(side, e1 * 1e-7).is_close(e1 * 1e7)


@pytest.mark.parametrize("side", SIDES)
def test_the_inverse_of_small_numbers_in_many_dimensions(side: str) -> None:
    a = Signature(6, 0).multivector(0.05 * np.random.default_rng(0).normal(size=64))
    assert (a * inverse(side, a)).is_close(1, 1e-10)


@pytest.mark.parametrize("side", ["ours", pytest.param("clifford", marks=FAILS)])
def test_something_small_is_not_zero(side: str) -> None:
    small = Signature(3, 0).blade("e1") * 1e-13
    assert small != small * 0 if side == "ours" else to_clifford(small) != 0


@pytest.mark.parametrize("side", ["ours", pytest.param("clifford", marks=pytest.mark.xfail(strict=True))])
def test_not_a_number_is_refused(side: str) -> None:
    values = np.full(8, np.nan)
    make = (
        Signature(3, 0).multivector
        if side == "ours"
        else lambda each: clifford.Cl(3)[0].MultiVector(value=each).inv()
    )
    with pytest.raises(CliffordError):
        make(values)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("size", [1, 100])
def test_the_exponential_of_large_bivectors(side: str, size: float) -> None:
    signature = Signature(4, 0)
    bivector = signature.multivector(np.random.default_rng(4).normal(size=16)).grade(2) * size
    if side == "ours":
        rotor = bivector.exp()
    elif side == "clifford":
        rotor = from_clifford(to_clifford(bivector).exp())
    else:
        request = CliffordOperationRequest(
            operation="exp", input_multivector=to_wire(bivector, "base64"), engine="clifford"
        )
        rotor = from_wire(perform(request).to_document())
    expected = scipy.linalg.expm(left_matrix(bivector))[:, 0]
    assert np.abs(rotor.values - expected).max() <= 2e-13 * max(1.0, size / 10)
