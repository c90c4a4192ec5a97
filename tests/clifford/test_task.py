"""A Clifford operation as a task: with and without a runtime, small and heavy."""

from __future__ import annotations

from typing import Any

import anyio
import numpy as np
import pytest

import reflector as rf
from reflector.agents.runtime import Runtime
from reflector.clifford import task as task_module
from reflector.clifford.multivector import Signature
from reflector.clifford.request import CliffordOperationResponse
from reflector.clifford.task import HEAVY, CliffordOperation, CliffordProvider, read_operation
from reflector.clifford.wire import from_wire, to_wire
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.task import Limits, Task
from reflector.errors import InvalidMultivectorError, NoProviderError, NotInvertibleError
from reflector.signals.memory_journal import MemoryJournal

pytestmark = pytest.mark.anyio

VECTOR = CliffordOperation(operation="create_vector_multivector", vector_values=(1, 2, 3))


async def test_the_contract() -> None:
    result = await rf.execute(
        rf.CliffordOperation(operation="create_vector_multivector", vector_values=[1, 2, 3])
    )
    assert isinstance(result.value, CliffordOperationResponse)
    assert result.value.coefficients == {"e1": 1.0, "e2": 2.0, "e3": 3.0}
    assert (result.value.signature, result.value.error, result.provider) == ((8, 0, 0), None, "clifford")


async def test_the_default_provider_is_spawned_once_and_stays() -> None:
    journal = MemoryJournal()
    async with Runtime(journal=journal) as runtime:
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(rf.execute, VECTOR)
        assert [ref.name for ref in runtime.providers("clifford_operation")] == ["clifford"]
    asked = list(journal.replay("reflector.clifford_operation.requested"))
    answered = list(journal.replay("reflector.clifford_operation.completed"))
    assert len(asked) == len(answered) == 20


async def test_a_task_with_a_multivector_can_be_journaled(tmp_path: Any) -> None:
    a = Signature(3, 0).vector([1, 2, 3])
    with rf.SqliteJournal(tmp_path / "run.journal") as journal:
        async with Runtime(journal=journal):
            result = await rf.execute(CliffordOperation(operation="inverse", input_multivector=a))
        (asked,) = journal.replay("reflector.clifford_operation.requested")
        (answered,) = journal.replay("reflector.clifford_operation.completed")
    again = await rf.execute(read_operation(asked.data))
    assert again.value == result.value == CliffordOperationResponse(**answered.data)
    assert from_wire(result.value.to_document()) == a.inverse()


async def test_another_provider_is_preferred_to_the_default_one() -> None:
    def mine(task: Task, context: Any) -> str:
        return read_operation(task.payload).operation

    async with Runtime() as runtime:
        await runtime.spawn(mine, name="mine", accepts=["clifford_operation"])
        assert (await rf.execute(VECTOR)).value == "create_vector_multivector"


async def test_a_taken_name_and_limits() -> None:
    async with Runtime() as runtime:
        await runtime.spawn(lambda signal, context: None, name="clifford")
        assert (await rf.execute(VECTOR)).provider != "clifford"
    with pytest.raises(NoProviderError):
        await rf.execute(Task(kind="clifford_operation", payload=VECTOR, limits=Limits(providers=("other",))))
    named = Task(kind="clifford_operation", payload=VECTOR, limits=Limits(providers=("clifford",)))
    assert (await rf.execute(named)).provider == "clifford"


async def test_plain_data_needs_a_provider_and_then_works() -> None:
    payload = {"operation": "prime_identity_multivector", "scalar_value": 3}
    with pytest.raises(NoProviderError):
        await rf.execute(Task(kind="clifford_operation", payload=payload))
    async with Runtime() as runtime:
        await runtime.spawn(
            CliffordProvider, name="algebra", accepts=["clifford_operation"], card=ProviderCard()
        )
        for document in (
            payload,
            {"CliffordOperation": payload},
            {"task_type": "x", "payload": {"CliffordOperation": payload}},
        ):
            result = await rf.execute(Task(kind="clifford_operation", payload=document))
            assert (result.value.coefficients, result.provider) == ({"e2": 1.0}, "algebra")
        for nonsense in (
            {"operation": 5},
            {"operation": "reverse", "unknown": 1},
            [],
            None,
            {"operation": "x", "grade": "y"},
        ):
            with pytest.raises(InvalidMultivectorError):
                await rf.execute(Task(kind="clifford_operation", payload=nonsense))


async def test_what_has_no_result_is_raised_as_it_is() -> None:
    journal = MemoryJournal()
    async with Runtime(journal=journal):
        with pytest.raises(NotInvertibleError):
            await rf.execute(CliffordOperation(operation="inverse", input_multivector={"": 1, "e1": 1}))
    assert len(list(journal.replay("reflector.clifford_operation.failed"))) == 1


@pytest.mark.slow
async def test_heavy_batches_go_to_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_module, "HEAVY", 10_000.0)
    signature = Signature(3, 0)
    rows = np.random.default_rng(0).normal(size=(40, 8))

    def operation(name: str) -> CliffordOperation:
        batch = to_wire(signature.batch(rows), "base64")
        return CliffordOperation(operation=name, input_multivector=batch, encoding="base64")

    def not_here(*_: Any) -> None:
        raise AssertionError("it ran in this process")

    monkeypatch.setattr("reflector.clifford.operations.perform", not_here)  # a worker has its own
    async with Runtime():
        result = await rf.execute(operation("reverse"))
        assert from_wire(result.value.to_document()) == ~signature.batch(rows)
        rows[7] = 0
        with pytest.raises(NotInvertibleError, match="row 7"):
            await rf.execute(operation("inverse"))


def test_the_weight_follows_the_sizes() -> None:
    def weight(operand: Any) -> float:
        return CliffordOperation(operation="reverse", input_multivector=operand).weight()

    assert weight({"e1": 1}) == weight(None) == 0
    assert weight([0.0] * 256) < HEAVY < weight([[0.0] * 256] * 1000)
    rows = to_wire(Signature(8).batch(np.zeros((1000, 256))), "base64")
    assert weight(rows) > HEAVY
    assert weight(CliffordOperationResponse(**rows)) == weight(rows)
    assert weight([[[[[[[[[[[[1.0]]]]]]]]]]]]) < HEAVY
    assert weight({"b64": "aaaa", "shape": "x"}) < HEAVY
