"""Multivectors as JSON, in and out: blades by name, dense rows in a declared order, or base64 for batches."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np

from reflector.clifford.blades import Array, Order, from_order, to_order
from reflector.clifford.multivector import Multivector, Signature
from reflector.errors import (
    AlgebraTooLargeError,
    CliffordError,
    InvalidMultivectorError,
    SignatureMismatchError,
)

__all__ = [
    "MAX_WIRE_COEFFICIENTS",
    "MAX_WIRE_DIMENSIONS",
    "Encoding",
    "from_wire",
    "read_signature",
    "to_wire",
]

MAX_WIRE_DIMENSIONS = 8
MAX_WIRE_COEFFICIENTS = 2**24
"""Of one operand."""

Encoding = Literal["sparse", "dense", "base64"]

_DTYPES = ("<f4", "<f8")


def to_wire(
    multivector: Multivector, encoding: Encoding = "sparse", *, order: Order = "bitmap"
) -> dict[str, Any]:
    """Return it as plain data that `from_wire` reads.

    Args:
        multivector: A batch cannot be `sparse` and becomes `dense`.
        encoding: `sparse`: {"signature", "coefficients": {blade: number}}, zeros left out. `dense`: {"signature",
            "order", "values"}, a row or nested rows. `base64`: "dtype", "shape" and "b64" instead of "values".
        order: Of dense rows.

    Raises:
        CliffordError: If a coefficient is not finite: JSON has no word for it.
    """
    if not np.isfinite(multivector.values).all():
        raise CliffordError("the result is too large for a float: a coefficient is infinite or not a number")
    signature = multivector.signature
    document: dict[str, Any] = {"signature": [signature.p, signature.q, signature.r]}
    if encoding == "sparse" and not multivector.shape:
        return document | {"coefficients": multivector.coefficients}
    values = to_order(multivector.values, order)
    if encoding != "base64":
        return document | {"order": order, "values": values.tolist()}
    dtype = "<f4" if values.dtype == np.float32 else "<f8"
    content = base64.b64encode(values.astype(dtype, copy=False).tobytes()).decode()
    return document | {"order": order, "dtype": dtype, "shape": list(values.shape), "b64": content}


def from_wire(document: Any, signature: Signature | None = None) -> Multivector:
    """Return the multivector of plain data.

    Args:
        document: A whole result (of `to_wire`, or an answer of the provider), an object of blades and numbers, or
            solfunmeme's dense list: by mask, with the signs of blades in descending order.
        signature: That it has to have; None takes its own, else Cl(8,0).

    Raises:
        InvalidMultivectorError: If it is none.
        SignatureMismatchError: If it says that it has another one.
        AlgebraTooLargeError: If it is too large, before anything is built.
    """
    if isinstance(document, Multivector):
        _check_same(document.signature, signature)
        return document
    if isinstance(document, Mapping):
        return _from_object(document, signature)
    if isinstance(document, Sequence) and not isinstance(document, str | bytes):
        return _dense(document, "descending", signature or _default())
    raise InvalidMultivectorError(
        f"a multivector is an object of blades and numbers, a whole result, or a list; got {document!r:.60}"
    )


def read_signature(counts: Any) -> Signature:
    """Return the signature of [p], [p, q] or [p, q, r]; a multivector has up to MAX_WIRE_DIMENSIONS there.

    Raises:
        InvalidMultivectorError: If it is none.
        AlgebraTooLargeError: If it is too large.
    """
    if not isinstance(counts, Sequence) or isinstance(counts, str | bytes) or not 1 <= len(counts) <= 3:
        raise InvalidMultivectorError(f"a signature is a list like [8, 0, 0]; got {counts!r:.60}")
    if all(isinstance(count, int) for count in counts) and sum(counts) > MAX_WIRE_DIMENSIONS:
        raise AlgebraTooLargeError(
            f"tasks have up to {MAX_WIRE_DIMENSIONS} dimensions; this signature has {sum(counts):.6g}",
            limit=MAX_WIRE_DIMENSIONS,
        )
    return Signature(*counts) if len(counts) > 1 else Signature(counts[0], 0)


def _default() -> Signature:
    return Signature()


def _from_object(document: Mapping[str, Any], signature: Signature | None) -> Multivector:
    if document.get("error"):
        raise InvalidMultivectorError(f"the operand is a failed result: {document['error']!s:.200}")
    is_dense = any(document.get(key) is not None for key in ("values", "b64"))
    if not is_dense and document.keys().isdisjoint(("coefficients", "signature")):
        return (signature or _default()).multivector(document)
    if document.get("signature") is not None:
        own = read_signature(document["signature"])
        _check_same(own, signature)
        signature = own
    signature = signature or _default()
    if not is_dense:
        coefficients = document.get("coefficients")
        if not isinstance(coefficients, Mapping):
            raise InvalidMultivectorError("a result holds an object `coefficients`, or `values`, or `b64`")
        return signature.multivector(coefficients)
    order = document.get("order", "bitmap")
    if order not in get_args(Order):
        raise InvalidMultivectorError(f"the order is one of {', '.join(get_args(Order))}; got {order!r:.40}")
    if document.get("values") is not None:
        return _dense(document["values"], order, signature)
    return Multivector(signature, from_order(signature.batch(_decoded(document, signature)).values, order))


def _dense(values: Any, order: Order, signature: Signature) -> Multivector:
    rows = len(values) if isinstance(values, Sequence) else 0
    check_wire_size(rows * signature.size if rows and isinstance(values[0], Sequence) else rows)
    try:
        array = np.asarray(values, dtype=np.float64) if rows else np.empty(0)
    except (TypeError, ValueError, OverflowError) as err:
        raise InvalidMultivectorError(
            f"a dense multivector is a list of {signature.size} numbers: {err}"
        ) from None
    return Multivector(signature, from_order(signature.batch(array).values, order))


def _decoded(document: Mapping[str, Any], signature: Signature) -> Array:
    dtype, shape, content = document.get("dtype"), document.get("shape"), document["b64"]
    if dtype not in _DTYPES:
        raise InvalidMultivectorError(f"the dtype is one of {', '.join(_DTYPES)}; got {dtype!r:.40}")
    if not isinstance(content, str) or not isinstance(shape, Sequence) or not 1 <= len(shape) <= 8:
        raise InvalidMultivectorError('base64 comes as "b64": text, with "shape": a list like [N, 256]')
    if not all(isinstance(length, int) and length >= 0 for length in shape):
        raise InvalidMultivectorError(f"a shape is a list of lengths; got {shape!r:.60}")
    count = math.prod(shape)
    check_wire_size(count)
    size = count * int(dtype[-1])
    if (size + 2) // 3 * 4 != len(content):
        raise InvalidMultivectorError(
            f"shape {list(shape)} and dtype {dtype} need {size} bytes, not this many"
        )
    try:
        data = base64.b64decode(content, validate=True)
        return np.frombuffer(data, dtype).reshape(shape)
    except (binascii.Error, ValueError) as err:
        raise InvalidMultivectorError(f"this is no base64 of {size} bytes: {err}") from None


def check_wire_size(count: int) -> None:
    """Refuse more than MAX_WIRE_COEFFICIENTS."""
    if count > MAX_WIRE_COEFFICIENTS:
        raise AlgebraTooLargeError(
            f"an operand of a task holds at most {MAX_WIRE_COEFFICIENTS:,} coefficients; this one has {count:,}",
            limit=MAX_WIRE_COEFFICIENTS,
        )


def _check_same(own: Signature, wanted: Signature | None) -> None:
    if wanted is not None and own != wanted:
        raise SignatureMismatchError(f"operands have to be of one algebra; got {own!r} and {wanted!r}")
