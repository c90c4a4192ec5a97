"""Operations by name, and multivectors as plain data."""

from __future__ import annotations

import base64
import contextlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflector._json import dumps, loads
from reflector.clifford.blades import Order, parse_blade, shortlex
from reflector.clifford.multivector import Multivector, Signature
from reflector.clifford.operations import OPERATIONS, PRIMES, perform
from reflector.clifford.request import CliffordOperationRequest, CliffordOperationResponse
from reflector.clifford.wire import Encoding, from_wire, read_signature, to_wire
from reflector.errors import (
    AlgebraTooLargeError,
    CliffordError,
    InvalidMultivectorError,
    NotInvertibleError,
    SignatureMismatchError,
)


def done(operation: str, **fields: Any) -> CliffordOperationResponse:
    """Return what comes of an operation, after a trip through JSON."""
    request = CliffordOperationRequest(operation=operation, **fields)
    document = loads(dumps(perform(CliffordOperationRequest(**loads(dumps(request)))).to_document()))
    assert document["error"] is None
    return CliffordOperationResponse(**document)


@pytest.mark.parametrize(
    ("operation", "fields", "coefficients"),
    [
        ("create_scalar_multivector", {"scalar_value": 42}, {"": 42}),
        ("create_scalar_multivector", {}, {}),
        ("create_vector_multivector", {"vector_values": [1, 2, 3]}, {"e1": 1, "e2": 2, "e3": 3}),
        ("reverse_multivector", {"input_multivector": {"": 1, "e12": 2, "e123": 3}}, {"": 1, "e12": -2, "e123": -3}),
        ("update_flow_multivector", {"input_multivector": {"e1": 1}, "vector_values": [1, 1]}, {"e1": 2, "e2": 1}),
        ("update_flow_multivector", {"input_multivector": {"e1": 1}, "scalar_value": 5}, {"": 5, "e1": 1}),
        ("compose_from_vector_primes", {"vector_values": [2, 3]}, {"e12": 1}),
        ("compose_from_vector_primes", {"vector_values": [3, 2]}, {"e12": -1}),
        ("compose_from_vector_primes", {"vector_values": [2, 2]}, {"": 1}),
        ("compose_from_vector_primes", {"vector_values": [2, 3, 2]}, {"e2": -1}),
        ("compose_prime_multivectors", {"vector_values": [2, 3, 5]}, {"e123": 1}),
        ("compose_from_vector_primes", {"vector_values": PRIMES}, {"e12345678": 1}),
        ("compose_from_vector_primes", {"vector_values": PRIMES[::-1]}, {"e12345678": 1}),
        ("prime_identity_multivector", {"scalar_value": 19}, {"e8": 1}),
        ("grade", {"input_multivector": {"": 1, "e2": 2}, "grade": 1}, {"e2": 2}),
        ("norm", {"input_multivector": {"e1": 3, "e2": 4}}, {"": 5}),
        ("normalize", {"input_multivector": {"e1": 3}}, {"e1": 1}),
        ("power", {"input_multivector": {"e1": 2}, "scalar_value": -2}, {"": 0.25}),
        ("inverse", {"input_multivector": {"e21": 1}}, {"e12": 1}),
        ("dual", {"input_multivector": {"e12": 1}, "signature": [3, 0]}, {"e3": 1}),
        ("project", {"input_multivector": {"e1": 1, "e3": 1}, "other_multivector": {"e12": 1}}, {"e1": 1}),
        ("reject", {"input_multivector": {"e1": 1, "e3": 1}, "other_multivector": {"e12": 1}}, {"e3": 1}),
        ("reflect", {"input_multivector": {"e1": 1, "e3": 1}, "other_multivector": {"e3": 2}}, {"e1": 1, "e3": -1}),
        ("commutator", {"input_multivector": {"e1": 1}, "other_multivector": {"e2": 1}}, {"e12": 1}),
    ],
)  # fmt: skip
def test_what_operations_give(operation: str, fields: dict[str, Any], coefficients: dict[str, float]) -> None:
    assert done(operation, **fields).coefficients == pytest.approx(coefficients)


def test_every_operation_answers() -> None:
    plane = {"signature": [4, 0], "coefficients": {"": 0.8, "e12": 0.6}}
    for name in OPERATIONS:
        fields = {"input_multivector": plane, "other_multivector": plane, "vector_values": [2, 3], "grade": 2}
        if name in ("rotor", "reflect", "project", "reject"):
            fields |= {"input_multivector": {"e1": 1}, "other_multivector": {"e2": 1}}
        response = done(name, **fields, scalar_value=2)
        assert response.coefficients is not None


def test_a_result_is_the_next_operand() -> None:
    made = done("create_vector_multivector", vector_values=[1, 2, 3], signature=[3, 0])
    for operand in (made, made.to_document(), made.coefficients, from_wire(made.to_document())):
        back = perform(
            CliffordOperationRequest(
                operation="reverse_multivector", input_multivector=operand, signature=(3,)
            )
        )
        assert back.coefficients == made.coefficients


def test_the_list_of_solfunmeme_has_descending_blades() -> None:
    """Its e1 e2 is stored as minus one at index 3, where we have plus one."""
    stored = [0.0] * 256
    stored[3], stored[1], stored[255] = -1.0, 2.0, 1.0
    assert done("reverse", input_multivector=stored).coefficients == {"e1": 2, "e12": -1, "e12345678": 1}
    dense = to_wire(Signature(8).blade("e12"), "dense", order="descending")
    assert dense["values"][3] == -1


def test_orders() -> None:
    assert shortlex(3).tolist() == [0, 1, 2, 4, 3, 5, 6, 7]
    signature = Signature(3, 0)
    a = signature.multivector({"e3": 3, "e12": 12})
    assert to_wire(a, "dense", order="shortlex")["values"] == [0, 0, 0, 3, 12, 0, 0, 0]
    assert to_wire(a, "dense")["values"] == [0, 0, 0, 12, 3, 0, 0, 0]


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 1)).filter(sum),
    st.sampled_from(["sparse", "dense", "base64"]),
    st.sampled_from(["bitmap", "shortlex", "descending"]),
    st.sampled_from([(), (1,), (3,), (2, 2)]),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_plain_data_is_read_back(
    counts: tuple[int, int, int], encoding: Encoding, order: Order, shape: tuple[int, ...], seed: int, single: bool
) -> None:  # fmt: skip
    signature = Signature(*counts)
    values = np.random.default_rng(seed).normal(size=(*shape, signature.size))
    a = signature.batch(values.astype(np.float32) if single else values)
    assert from_wire(loads(dumps(to_wire(a, encoding, order=order)))) == a


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.randoms())
def test_every_name_of_a_blade_is_read_in_any_order(n: int, random: Any) -> None:
    indices = random.sample(range(1, n + 1), random.randint(1, n))
    joint = "_" if n >= 10 else ""
    mask, sign = parse_blade("e" + joint.join(map(str, indices)), n)
    assert mask == sum(1 << index - 1 for index in indices)
    product = Signature(n).scalar(1)
    for index in indices:
        product = product * Signature(n).blade(f"e{index}")
    assert product.values[mask] == sign


def test_batches_go_through_in_one_task() -> None:
    rows = np.random.default_rng(0).normal(size=(50, 8))
    batch = to_wire(Signature(3, 0).batch(rows), "base64")
    response = done(
        "geometric_product", input_multivector=batch, other_multivector={"e1": 1}, encoding="base64"
    )
    assert (response.shape, response.dtype, response.order) == ((50, 8), "<f8", "bitmap")
    expected = Signature(3, 0).batch(rows) * Signature(3, 0).blade("e1")
    assert from_wire(response.to_document()) == expected
    norms = done("norm", input_multivector=batch)
    assert np.array(norms.values).shape == (50, 8)


def test_an_inverse_comes_with_its_condition() -> None:
    good = done("inverse", input_multivector={"e1": 2})
    assert (good.condition, good.warnings) == (pytest.approx(1), ())
    bad = done("inverse", input_multivector={"": 1, "e1": 0.999999999})
    assert bad.condition == pytest.approx(2e9, rel=1e-6)
    assert "digits" in bad.warnings[0]


B64 = base64.b64encode(np.zeros(8).tobytes()).decode()


def reverse(operand: Any, **fields: Any) -> dict[str, Any]:
    return {"operation": "reverse", "input_multivector": operand} | fields


def packed(**changes: Any) -> dict[str, Any]:
    return reverse({"b64": B64, "dtype": "<f8", "shape": [8]} | changes, signature=[3])


def empty(p: int) -> dict[str, Any]:
    return {"signature": [p], "coefficients": {}}


def two(operation: str, first: Any, second: Any, **fields: Any) -> dict[str, Any]:
    return {"operation": operation, "input_multivector": first, "other_multivector": second} | fields


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (CliffordError, {"operation": "nothing"}),
        (InvalidMultivectorError, {"operation": "create_vector_multivector"}),
        (InvalidMultivectorError, {"operation": "create_vector_multivector", "vector_values": [1] * 9}),
        (InvalidMultivectorError, {"operation": "create_vector_multivector", "vector_values": [float("nan")]}),
        (InvalidMultivectorError, {"operation": "create_scalar_multivector", "scalar_value": float("inf")}),
        (InvalidMultivectorError, {"operation": "reverse"}),
        (InvalidMultivectorError, {"operation": "add", "input_multivector": {"e1": 1}}),
        (InvalidMultivectorError, {"operation": "update_flow_multivector"}),
        (InvalidMultivectorError, {"operation": "compose_from_vector_primes"}),
        (InvalidMultivectorError, {"operation": "compose_from_vector_primes", "vector_values": [4]}),
        (InvalidMultivectorError, {"operation": "compose_from_vector_primes", "vector_values": [7], "signature": [3]}),
        (InvalidMultivectorError, {"operation": "prime_identity_multivector", "scalar_value": 2.5}),
        (InvalidMultivectorError, {"operation": "grade", "input_multivector": {"e1": 1}}),
        (InvalidMultivectorError, {"operation": "grade", "input_multivector": {"e1": 1}, "grade": 9}),
        (InvalidMultivectorError, reverse("e1")),
        (InvalidMultivectorError, reverse([1, 2, 3])),
        (InvalidMultivectorError, reverse([])),
        (InvalidMultivectorError, reverse([[[[1]]]])),
        (InvalidMultivectorError, reverse(["a"] * 256)),
        (InvalidMultivectorError, reverse([10**400] * 256)),
        (InvalidMultivectorError, reverse({"e1": None})),
        (InvalidMultivectorError, reverse({"signature": [3], "blades": {}})),
        (InvalidMultivectorError, reverse({"error": "it failed"})),
        (InvalidMultivectorError, reverse({"values": [0] * 256, "order": "x"})),
        (InvalidMultivectorError, reverse({"signature": "Cl(3)"})),
        (InvalidMultivectorError, reverse({"signature": [1.5], "values": [1]})),
        (InvalidMultivectorError, reverse({"signature": [], "values": [1]})),
        (InvalidMultivectorError, packed(dtype="O")),
        (InvalidMultivectorError, packed(shape=[9])),
        (InvalidMultivectorError, packed(shape=[-8])),
        (InvalidMultivectorError, packed(b64="*" * 88)),
        (InvalidMultivectorError, packed(b64=5)),
        (AlgebraTooLargeError, packed(shape=[10**9, 256])),
        (AlgebraTooLargeError, {"operation": "create_scalar_multivector", "signature": [30]}),
        (AlgebraTooLargeError, {"operation": "create_scalar_multivector", "signature": [9, 0, 0]}),
        (AlgebraTooLargeError, {"operation": "create_scalar_multivector", "signature": [10**30]}),
        (SignatureMismatchError, two("add", empty(2), empty(3))),
        (SignatureMismatchError, reverse(empty(2), signature=[3])),
        (NotInvertibleError, {"operation": "inverse", "input_multivector": {"": 1, "e1": 1}}),
        (NotInvertibleError, {"operation": "normalize", "input_multivector": {}}),
        (CliffordError, {"operation": "exp", "input_multivector": {"": 1, "e1": 1e308}}),
        (CliffordError, two("geometric_product", {"e1": 1e200}, {"e1": 1e200})),
        (CliffordError, {"operation": "power", "input_multivector": {"e1": 1}, "scalar_value": 0.5}),
        (CliffordError, {"operation": "power", "input_multivector": {"e1": 1}, "scalar_value": float("inf")}),
        (CliffordError, two("interpolate", {"": 1}, {"e12": 1}, scalar_value=float("inf"))),
        (CliffordError, two("reject", {"e1": 1}, {"e1": 1}, engine="clifford")),
    ],
)  # fmt: skip
def test_bad_requests_are_typed_errors(error: type[CliffordError], fields: dict[str, Any]) -> None:
    with pytest.raises(error) as caught:
        perform(CliffordOperationRequest(**fields))
    assert len(str(caught.value)) < 900


def test_a_signature_may_leave_out_zeros() -> None:
    assert read_signature([3]) == read_signature((3, 0)) == Signature(3, 0, 0)
    with pytest.raises(AlgebraTooLargeError):
        from_wire({"signature": [200, 0], "coefficients": {}})


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=4)
        | st.sampled_from(["e1", "e21"]),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["signature", "coefficients", "values", "b64", "shape", "dtype", "order", "error", "e1"]
                ),
                inner,
                max_size=5,
            )
        ),
    )
)
def test_reading_raises_nothing_else(document: Any) -> None:
    with contextlib.suppress(CliffordError):
        assert isinstance(from_wire(document), Multivector)
