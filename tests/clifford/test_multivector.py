"""Multivectors by example, and what they refuse."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import reflector as rf
from reflector.clifford.metric import MAX_DIMENSIONS
from reflector.clifford.multivector import Multivector, Signature
from reflector.errors import (
    AlgebraTooLargeError,
    CliffordError,
    InvalidMultivectorError,
    NotInvertibleError,
    SignatureMismatchError,
)

CL3 = Signature(3, 0)
E1, E2, E3 = CL3.basis()


def test_the_contract() -> None:
    cl3 = rf.clifford.Signature(3, 0)
    a, b = cl3.vector([1, 2, 3]), cl3.vector([0, 1, 0])
    assert (a * a).scalar == 14
    assert ~a == a
    assert (a ^ b).coefficients == {"e12": 1.0, "e23": -3.0}
    assert (a | b).scalar == 2
    assert (a * a.inverse()).is_close(1)
    array = np.random.default_rng(0).normal(size=(5, 8))
    batch = cl3.batch(array)
    assert batch.shape == (5,) == (batch * a).shape
    assert np.array_equal(batch.values, array)


def test_a_product_of_vectors_is_inner_plus_outer() -> None:
    a, b = CL3.vector([1, 2, 3]), CL3.vector([0, 1, 0])
    assert a * b == (a | b) + (a ^ b)
    assert str(a * b) == "2 + 1 e12 - 3 e23"
    assert repr(a) == "<1 e1 + 2 e2 + 3 e3 in Cl(3,0)>"


@pytest.mark.parametrize(
    ("signature", "squares"),
    [(Signature(3, 0), [1, 1, 1]), (Signature(1, 3), [1, -1, -1, -1]), (Signature(2, 0, 1), [1, 1, 0])],
)
def test_generators_square_as_the_signature_says(signature: Signature, squares: list[int]) -> None:
    assert [(each * each).scalar for each in signature.basis()] == squares == list(signature.squares)
    assert signature.names[:4] == ("", "e1", "e2", "e12")


def test_the_default_is_eight_dimensions() -> None:
    assert Signature() == Signature(8, 0, 0)
    assert (Signature().size, len(Signature().names)) == (256, 256)


def test_a_rotor_turns_a_vector_by_twice_its_angle() -> None:
    rotor = (E1 * E2 * (-np.pi / 4)).exp()  # a quarter turn from e1 to e2
    assert rotor.sandwich(E1).is_close(E2)
    np.testing.assert_allclose(rotor.matrix(), [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-15)
    np.testing.assert_allclose(rotor.rotate([[1, 0, 0], [0, 0, 2]]), [[0, 1, 0], [0, 0, 2]], atol=1e-15)
    assert CL3.rotor_from_matrix(rotor.matrix()).is_close(rotor)
    assert CL3.rotor_between([1, 0, 0], [0, 5, 0]).is_close(rotor)


def test_half_of_a_turn_twice_is_the_turn() -> None:
    start, end = CL3.scalar(1), (E1 * E2 * 0.7).exp()
    half = start.interpolate(end, 0.5)
    assert (half * half).is_close(end)
    assert start.interpolate(end, 1.0).is_close(end)


@pytest.mark.parametrize("blade", ["", "e12", "e1234", "e12345678"])
@pytest.mark.parametrize("sign", [1, -1])
def test_half_and_full_turns_have_a_logarithm(blade: str, sign: int) -> None:
    rotor = Signature(8).blade(blade) * sign
    bivector = rotor.log()
    assert bivector.grades in ((2,), ())
    assert bivector.exp().is_close(rotor)


@pytest.mark.parametrize("signature", [Signature(5, 0), Signature(0, 5), Signature(8, 0)])
def test_large_turns_have_a_logarithm(signature: Signature) -> None:
    """Beyond the principal one; with planes that turn alike, almost alike, and hardly at all."""
    e = signature.basis()
    random = (
        signature.multivector(np.random.default_rng(1).normal(size=signature.size)).grade(2) * 0.2
    ).exp()
    for angles in ([3.0, 2.0], [1.5, 1.5], [3.0, 3.0 + 1e-10], [3.1, 1e-10], [np.pi / 2, np.pi / 2]):
        bivector = e[0] * e[1] * angles[0] + e[2] * e[3] * angles[1]
        rotor = random * bivector.exp() * ~random
        assert rotor.log().exp().is_close(rotor, 1e-11)


def test_reflection_turns_the_normal_around() -> None:
    vector = CL3.vector([1, 2, 3])
    assert vector.reflect(E3).is_close(CL3.vector([1, 2, -3]))
    assert (E1 ^ E3).reflect(E3).is_close(-(E1 ^ E3))


def test_dual_of_a_plane_is_its_normal() -> None:
    assert (E1 ^ E2).dual() == E3
    assert E1.commutator(E2) == (E1 ^ E2)


def test_null_generators_have_complements_as_duals() -> None:
    pga = Signature(3, 0, 1)
    for name in pga.names:
        blade = pga.blade(name)
        assert (blade ^ blade.dual()) == pga.pseudoscalar


def test_numbers_and_powers() -> None:
    assert 2 + E1 == E1 + 2 == CL3.multivector({"": 2, "e1": 1})
    assert (np.float64(2) * E1 - 1).coefficients == {"": -1.0, "e1": 2.0}
    assert 1 - E1 == -(E1 - 1)
    assert E1 / 2 == E1 * 0.5
    assert (1 / (2 * E1)) == E1 / 2
    assert (E1 ^ E2) ** -1 == -(E1 ^ E2)
    assert (E1 + E2) ** 3 == 2 * (E1 + E2)
    assert CL3.scalar(1) == E1**0
    assert (E1 ^ 2) == 2 * E1
    assert (E1 | 2).coefficients == {}


def test_parts_of_single_ones_and_batches() -> None:
    a = CL3.multivector({"": 1, "e1": 2, "e21": 3, "e123": 4})
    assert a.coefficients == {"": 1.0, "e1": 2.0, "e12": -3.0, "e123": 4.0}
    assert (a["e21"], a["e12"], a["e3"], a.grades) == (3.0, -3.0, 0.0, (0, 1, 2, 3))
    batch = CL3.batch(np.arange(24.0).reshape(3, 8))
    assert batch[1] == CL3.multivector(np.arange(8.0, 16.0))
    assert batch["e1"].tolist() == [1, 9, 17] == batch[:].values[:, 1].tolist()
    assert batch.scalar.tolist() == [0, 8, 16]
    assert len(batch) == 3
    assert str(batch) == "(3,) multivectors of Cl(3,0)"
    assert CL3.vector(np.eye(3)).components.tolist() == np.eye(3).tolist()


def test_every_operation_works_on_a_batch_as_on_each() -> None:
    for signature in (Signature(3, 0), Signature(1, 3), Signature(2, 0, 1), Signature(6, 0)):
        rows = np.random.default_rng(0).normal(size=(3, 2, signature.size))
        batch, vectors = signature.batch(rows), signature.batch(rows).grade(1)
        functions: list[Any] = [
            lambda x: x.inverse(), lambda x: x.exp(), lambda x: (x.grade(2) / 9).exp().log(), lambda x: x.dual(),
            lambda x: x * x, lambda x: x ^ x, lambda x: x | x, lambda x: x.normalized(),
        ]  # fmt: skip
        for function in functions:
            together = function(batch)
            assert together.shape == (3, 2)
            assert together[2, 1].is_close(function(batch[2, 1]), 1e-10)
        assert vectors.inverse()[1, 1].is_close(vectors[1, 1].inverse())
        assert batch.norm().shape == batch.norm_squared().shape == batch.condition().shape == (3, 2)


def test_single_precision_stays() -> None:
    rows = np.random.default_rng(0).normal(size=(4, 256)).astype(np.float32)
    batch = Signature(8).batch(rows)
    for result in (
        batch * batch,
        batch ^ batch,
        ~batch,
        batch.inverse(),
        batch.grade(2),
        batch[0] * batch[1],
        batch + 1,
    ):
        assert result.values.dtype == np.float32


def test_values_cannot_be_changed() -> None:
    array = np.ones(8)
    a = CL3.multivector(array)
    array[0] = 5
    assert a.scalar == 1
    with pytest.raises(ValueError, match="read-only"):
        a.values[0] = 2
    for result in (a * a, a + 1, ~a, a.inverse() if a.condition() < 1e9 else a, CL3.vector([1, 2, 3])):
        assert not result.values.flags.writeable
    assert hash(a) == hash(CL3.multivector(np.ones(8)))
    assert {CL3.vector([0.0, 1, 0]), CL3.vector([-0.0, 1, 0])} == {E2}
    assert a != 1
    copy = pickle.loads(pickle.dumps(a))
    assert isinstance(copy, Multivector)
    assert copy == a


@pytest.mark.parametrize("counts", [(30,), (0, 0), (13, 0), (10**30, 0), (MAX_DIMENSIONS, 1)])
def test_too_many_dimensions_are_refused_before_anything_is_built(counts: tuple[int, ...]) -> None:
    with pytest.raises(AlgebraTooLargeError) as caught:
        Signature(*counts)
    assert caught.value.limit == MAX_DIMENSIONS


@pytest.mark.slow
def test_twelve_dimensions_work() -> None:
    signature = Signature(12, 0)
    a, b = signature.vector(np.arange(1.0, 13)), signature.vector(np.ones(12))
    assert (a * b).scalar == 78
    assert (a ^ b).grades == (2,)
    assert a.inverse().is_close(a / 650)
    assert signature.names[3] == "e1_2"
    assert signature.blade("e2_1")["e1_2"] == -1


def test_a_batch_with_a_billion_rows_is_refused() -> None:
    rows = np.broadcast_to(np.zeros(8), (10**9, 8))
    with pytest.raises(AlgebraTooLargeError, match="8,000,000,000"):
        CL3.batch(rows)
    with pytest.raises(AlgebraTooLargeError):
        CL3.vector(np.broadcast_to(np.zeros(3), (10**9, 3)))
    column, row = CL3.batch(np.zeros((10**4, 1, 8))), CL3.batch(np.zeros((10**4, 8)))
    with pytest.raises(AlgebraTooLargeError):
        column * row


@pytest.mark.parametrize(
    "make",
    [
        lambda: CL3.vector([1, 2]),
        lambda: CL3.vector([]),
        lambda: CL3.vector(1.0),
        lambda: CL3.vector([1, 2, float("nan")]),
        lambda: CL3.vector(["a", "b", "c"]),
        lambda: CL3.vector([[1, 2, 3], [1, 2]]),
        lambda: CL3.batch(np.zeros((3, 7))),
        lambda: CL3.batch(np.full(8, np.inf)),
        lambda: CL3.batch(np.zeros(8, complex)),
        lambda: CL3.multivector(np.zeros((2, 8))),
        lambda: CL3.multivector({"e4": 1}),
        lambda: CL3.multivector({"e12": 1, "e21": 1}),
        lambda: CL3.multivector({"e11": 1}),
        lambda: CL3.multivector({"e0": 1}),
        lambda: CL3.multivector({"x": 1}),
        lambda: CL3.multivector({3: 1}),  # type: ignore[dict-item]
        lambda: CL3.multivector({"e1": "1"}),  # type: ignore[dict-item]
        lambda: CL3.multivector({"e1": True}),
        lambda: CL3.multivector({"e1": 10**400}),
        lambda: CL3.scalar(float("inf")),
        lambda: CL3.blade("e" * 10**6),
        lambda: Signature(-1, 0),
        lambda: Signature(2.0, 0),  # type: ignore[arg-type]
        lambda: Signature(True, 0),
        lambda: E1 * float("nan"),
        lambda: CL3.batch(np.zeros((2, 8))) * CL3.batch(np.zeros((3, 8))),
    ],
)
def test_what_is_no_multivector_is_refused(make: Any) -> None:
    with pytest.raises(InvalidMultivectorError):
        make()


def test_operands_of_two_algebras_are_refused() -> None:
    other = Signature(2, 1).vector([1, 2, 3])
    for operation in (lambda: E1 * other, lambda: E1 + other, lambda: E1 ^ other, lambda: E1.is_close(other)):
        with pytest.raises(SignatureMismatchError, match=r"Cl\(3,0\) and Cl\(2,1\)"):
            operation()
    assert other != E1


@pytest.mark.parametrize(
    "make", [lambda: E1 * 0, lambda: 1 + E1, lambda: CL3.multivector({"": 1, "e1": 1 - 1e-14})]
)
def test_what_has_no_inverse_is_refused(make: Any) -> None:
    with pytest.raises(NotInvertibleError) as caught:
        make().inverse()
    assert isinstance(caught.value, ZeroDivisionError)


def test_the_row_without_an_inverse_is_named() -> None:
    rows = np.random.default_rng(0).normal(size=(5, 8))
    rows[3] = (1 + E1).values
    with pytest.raises(NotInvertibleError, match="row 3") as caught:
        CL3.batch(rows).inverse()
    assert caught.value.condition is not None
    assert caught.value.condition > 1e12
    rows[3] = 0
    with pytest.raises(NotInvertibleError, match="row 3"):
        CL3.batch(rows).inverse()


def test_the_condition_says_how_close_to_singular() -> None:
    assert E1.condition() == pytest.approx(1)
    assert (1 + 0.999999999 * E1).condition() == pytest.approx(2e9, rel=1e-6)
    assert CL3.scalar(0).condition() == np.inf


@pytest.mark.parametrize(
    "fail",
    [
        lambda: E1.log(),
        lambda: (2 * E1 * E2).log(),
        lambda: CL3.rotor_between([1, 0, 0], [-1, 0, 0]),
        lambda: CL3.rotor_between([0, 0, 0], [1, 0, 0]),
        lambda: Signature(1, 1).rotor_between([1, 0], [0, 1]),
        lambda: CL3.rotor_from_matrix(np.diag([1, 1, -1.0])),
        lambda: CL3.rotor_from_matrix(np.ones((3, 3))),
        lambda: CL3.rotor_from_matrix(np.eye(2)),
        lambda: (1 + E1).matrix(),
        lambda: CL3.batch(np.zeros((2, 8))).matrix(),
        lambda: CL3.batch(np.zeros((2, 8))).coefficients,
        lambda: (E1 * 0).normalized(),
        lambda: E1 / 0,
        lambda: E1**0.5,  # type: ignore[operator]
        lambda: E1 * "a",  # type: ignore[operator]
        lambda: E1 + None,  # type: ignore[operator]
        lambda: E1[0],
        lambda: (-Signature(1, 1).scalar(1)).log(),
    ],
)
def test_what_makes_no_sense_is_an_error_of_ours(fail: Any) -> None:
    with pytest.raises(CliffordError):
        fail()


def test_degenerate_functions_stop_at_eight_dimensions() -> None:
    large = Signature(8, 0, 1)
    assert (
        large.vector(np.ones(9)).inverse().is_close(large.vector(np.ones(9)) / 8)
    )  # a versor needs no matrix
    with pytest.raises(AlgebraTooLargeError):
        large.multivector(np.arange(1.0, 513)).inverse()


def test_nothing_underflows_or_overflows_on_the_way_to_an_inverse() -> None:
    for scale in (1e-200, 1e200):
        for one in (E1, 2 + E1):
            assert ((one * scale).inverse() * scale).is_close(one.inverse())
