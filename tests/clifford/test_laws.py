"""The laws of geometric algebra, over random signatures, null generators included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflector.clifford import products
from reflector.clifford.multivector import Multivector, Signature
from reflector.clifford.tables import tables
from reflector.errors import NotInvertibleError

SIGNATURES = (
    st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 1))
    .filter(lambda counts: 1 <= sum(counts) <= 5)
    .map(lambda each: Signature(*each))
)

LAW = settings(max_examples=50, deadline=None)

pytestmark = pytest.mark.slow


@st.composite
def several(draw: Any, count: int) -> list[Multivector]:
    """Draw multivectors of one algebra, sparse and dense ones."""
    signature = draw(SIGNATURES)
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    kept = draw(st.sampled_from([0.1, 0.5, 1.0]))
    rows = (
        random.integers(-8, 9, size=(count, signature.size))
        / 4
        * (random.random((count, signature.size)) < kept)
    )
    return [signature.multivector(row) for row in rows]


@LAW
@given(several(3))
def test_the_product_is_associative(abc: list[Multivector]) -> None:
    a, b, c = abc
    assert ((a * b) * c).is_close(a * (b * c), 1e-13)
    assert ((a ^ b) ^ c).is_close(a ^ (b ^ c), 1e-13)


@LAW
@given(several(3))
def test_every_product_distributes(abc: list[Multivector]) -> None:
    a, b, c = abc
    assert (a * (b + c)).is_close(a * b + a * c)
    assert ((a + b) ^ c).is_close((a ^ c) + (b ^ c))
    assert (a | (b + c)).is_close((a | b) + (a | c))
    assert (a << (b + c)).is_close((a << b) + (a << c))
    assert ((a + b) >> c).is_close((a >> c) + (b >> c))


@LAW
@given(several(2))
def test_involutions_of_products(ab: list[Multivector]) -> None:
    a, b = ab
    assert (~(a * b)).is_close(~b * ~a)
    assert (~(a ^ b)).is_close(~b ^ ~a)
    assert (a * b).involution().is_close(a.involution() * b.involution())
    assert (a * b).conjugate().is_close(b.conjugate() * a.conjugate())
    assert (a << b) == ~(~b >> ~a)


@LAW
@given(several(1))
def test_a_multivector_is_the_sum_of_its_grades(a: list[Multivector]) -> None:
    (one,) = a
    total = one.signature.scalar(0)
    for grade in range(one.signature.n + 1):
        total = total + one.grade(grade)
    assert total == one
    assert one.grade(*one.grades) == one


@LAW
@given(several(2))
def test_products_split_by_grade(ab: list[Multivector]) -> None:
    """Of two homogeneous ones: outer r + s, inner |r − s|, contractions s − r and r − s, scalar 0."""
    a, b = ab
    n = a.signature.n
    for r in range(n + 1):
        for s in range(n + 1):
            x, y = a.grade(r), b.grade(s)
            whole = x * y
            assert (x ^ y).is_close(whole.grade(r + s))
            assert (x << y).is_close(whole.grade(s - r))
            assert (x >> y).is_close(whole.grade(r - s))
            assert (x | y).is_close(whole.grade(abs(r - s)) if r and s else whole - whole)
            assert x.scalar_product(y).is_close(whole.grade(0))


@LAW
@given(several(1))
def test_dual_and_undual_are_inverse(a: list[Multivector]) -> None:
    assert a[0].dual().undual().is_close(a[0])
    assert a[0].undual().dual().is_close(a[0])


@LAW
@given(several(1))
def test_the_inverse_is_one_on_both_sides_or_refused(a: list[Multivector]) -> None:
    (one,) = a
    try:
        inverse = one.inverse()
    except NotInvertibleError:
        assert not one.norm() or one.condition() > 1e11
        return
    tolerance = 1e-14 * one.signature.size * one.norm() * inverse.norm()
    assert (one * inverse).is_close(1, max(tolerance, 1e-12))
    assert (inverse * one).is_close(1, max(tolerance, 1e-12))


@LAW
@given(several(2), st.floats(0.1, 3))
def test_rotors_keep_norms_and_products(ab: list[Multivector], angle: float) -> None:
    a, b = ab
    bivector = a.grade(2)
    if bivector.norm() == 0:
        return
    rotor = (bivector * (angle / bivector.norm())).exp()
    assert (rotor * ~rotor).is_close(1, 1e-11)
    turned = rotor * b * ~rotor
    scale = rotor.norm() ** 4 * b.norm() ** 2
    assert turned.norm_squared() == pytest.approx(b.norm_squared(), abs=1e-12 * scale + 1e-12)
    assert (rotor * (b * b) * ~rotor).is_close(turned * turned, 1e-10)
    if not a.signature.q and not a.signature.r:
        assert turned.norm() == pytest.approx(b.norm())


@LAW
@given(several(1))
def test_a_rotor_is_the_exponential_of_its_logarithm(a: list[Multivector]) -> None:
    bivector = a[0].grade(2)
    if bivector.norm() == 0:
        return
    small = bivector * (0.4 / bivector.norm())
    assert small.exp().log().is_close(small, 1e-10)


@LAW
@given(several(2))
def test_projection_and_rejection_make_the_whole(ab: list[Multivector]) -> None:
    a, b = ab
    vector, blade = a.grade(1), b.grade(1)
    try:
        inside, outside = vector.project(blade), vector.reject(blade)
    except NotInvertibleError:
        return
    assert (inside + outside).is_close(vector, 1e-10)
    assert (outside | blade).norm() <= 1e-9 * (1 + outside.norm() * blade.norm())


@LAW
@given(SIGNATURES, st.integers(0, 2**32 - 1), st.sampled_from([np.float32, np.float64]))
def test_every_kernel_gives_the_same_product(signature: Signature, seed: int, dtype: type) -> None:
    random = np.random.default_rng(seed)
    a, b = (random.integers(-4, 5, size=(40, signature.size)).astype(dtype) for _ in range(2))
    each = tables(signature.p, signature.q, signature.r)
    rows = np.array([products.multiply(each, "geometric", x, y) for x, y in zip(a, b, strict=True)])
    used = np.arange(signature.size)
    found = [
        products._by_columns(each, "geometric", a, b, used, used),
        products.multiply(each, "geometric", a, b),
    ]
    if each.representation is not None:
        found.append(products._by_matrices(each.representation, a, b))
        if each.representation.side <= 4:
            found.append(products._by_small_matrices(each, a, b))
    for result in found:
        assert result.dtype == dtype
        np.testing.assert_allclose(result, rows, atol=1e-3 if dtype == np.float32 else 1e-11)
    assert rows.dtype == dtype


@pytest.mark.parametrize(
    "counts", [(8, 0, 0), (0, 8, 0), (5, 3, 0), (7, 0, 0), (3, 4, 0), (6, 0, 2), (9, 0, 0)]
)
def test_the_laws_hold_in_large_algebras(counts: tuple[int, int, int]) -> None:
    signature = Signature(*counts)
    a, b, c = map(signature.multivector, np.random.default_rng(0).normal(size=(3, signature.size)))
    assert ((a * b) * c).is_close(a * (b * c))
    assert (~(a * b)).is_close(~b * ~a)
    if signature.n <= 8:
        assert (a * a.inverse()).is_close(1, 1e-9)
    sparse = a.grade(1)
    assert set((sparse * b.grade(1)).grades) <= {0, 2}
    pairs = signature.batch(np.array([sparse.values] * 3)) * signature.batch(
        np.array([b.grade(1).values] * 3)
    )
    assert set(pairs.grades) <= {0, 2}  # exactly: no rounding in the other grades
