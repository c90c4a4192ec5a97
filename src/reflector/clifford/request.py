"""What is asked of the algebra, and what it answers: plain data, nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import field_validator

from reflector._json import Value

__all__ = ["CliffordOperationRequest", "CliffordOperationResponse"]


class CliffordOperationRequest(Value):
    """An operation by name, and its operands as plain data."""

    operation: str
    """One of `rf.clifford.OPERATIONS`."""
    scalar_value: float = 0.0
    """For create_scalar_multivector and prime_identity_multivector; what update_flow_multivector adds without
    vector_values; the exponent of power; the share of interpolate."""
    vector_values: tuple[float, ...] = ()
    """Components; one shorter than n is filled with zeros. Primes for compose_from_vector_primes."""
    input_multivector: Any = None
    """A whole result, an object of blades and numbers, solfunmeme's dense list, or a `Multivector`, kept as data."""
    other_multivector: Any = None
    """The second operand, of operations that have two."""
    signature: tuple[int, ...] | None = None
    """(p, q, r), 8 dimensions at most. By default that of the operands, else (8, 0, 0)."""
    grade: int | None = None
    """For the operation grade."""
    engine: Literal["numpy", "clifford"] = "numpy"
    """`clifford` calculates with the package of that name; it takes seconds to start."""
    encoding: Literal["sparse", "dense", "base64"] = "sparse"
    """How the result comes. A batch is dense at least."""

    @field_validator("input_multivector", "other_multivector", mode="before")
    @classmethod
    def _as_plain_data(cls, operand: Any) -> Any:
        if operand is None or isinstance(operand, Mapping | Sequence):
            return operand
        if isinstance(operand, CliffordOperationResponse):
            return operand.to_document()
        from reflector.clifford.multivector import Multivector
        from reflector.clifford.wire import to_wire

        return to_wire(operand, "base64") if isinstance(operand, Multivector) else operand


class CliffordOperationResponse(Value):
    """What came of an operation: coefficients by blade, or for batches rows in a declared order.

    Itself an operand: give it, or its plain data, as the `input_multivector` of the next request.
    """

    signature: tuple[int, int, int] | None = None
    coefficients: dict[str, float] | None = None
    """Blade name → number, zeros left out; '' is the scalar. None for dense results."""
    order: Literal["bitmap", "shortlex", "descending"] | None = None
    values: Any = None
    dtype: str | None = None
    shape: tuple[int, ...] | None = None
    b64: str | None = None
    condition: float | None = None
    """Of inverse: how much it amplifies errors, in the worst row."""
    warnings: tuple[str, ...] = ()
    error: str | None = None
    """Why there is no result. Only in answers over standard input and output; in Python errors are raised."""

    def to_document(self) -> dict[str, Any]:
        """Return it as plain data: signature, result, warnings if any, and error."""
        fields = self.model_dump(mode="json", exclude_none=True, exclude={"signature", "warnings", "error"})
        if fields.keys().isdisjoint(("coefficients", "values", "b64")):
            fields["coefficients"] = {}
        if self.warnings:
            fields["warnings"] = list(self.warnings)
        signature = None if self.signature is None else list(self.signature)
        return {"signature": signature} | fields | {"error": self.error}
