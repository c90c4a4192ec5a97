"""The provider without a model: what can be said of runs and of Python by rules."""

from __future__ import annotations

from typing import Any

from reflector.dispatch.task import Task, TaskOutput
from reflector.errors import InputError
from reflector.llm.selection import RULES
from reflector.reflecting.reflector import Reflector
from reflector.tasks.code_rules import reflect_on_code_by_rules
from reflector.tasks.model_provider import reflect_on_runs
from reflector.tasks.payloads import CodeReflectionTask, PromptReflectionTask, payload_of

__all__ = ["RULES_KINDS", "rules_provider"]

RULES_KINDS = (PromptReflectionTask.kind, CodeReflectionTask.kind)
"""The kinds of task that rules can do."""


async def rules_provider(task: Task, context: Any) -> TaskOutput:
    """Do a task by rules: the same for the same input, and free."""
    payload = payload_of(task)
    if isinstance(payload, CodeReflectionTask):
        return TaskOutput(value=reflect_on_code_by_rules(payload.code_chunks))
    if isinstance(payload, PromptReflectionTask):
        return await reflect_on_runs(Reflector(RULES), payload)
    raise InputError(f"rules do tasks of kind {' and '.join(RULES_KINDS)}; got {task.kind!r}.")
