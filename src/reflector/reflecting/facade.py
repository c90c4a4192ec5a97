"""The main job in one line."""

from __future__ import annotations

from collections.abc import Iterable

from reflector.llm.client import LLMClient, ModelFunction
from reflector.reflecting.reflection import Reflection
from reflector.reflecting.reflector import Reflector
from reflector.reflecting.runs import Runs
from reflector.reflection.models import Verbosity

__all__ = ["reflect", "reflect_sync"]


async def reflect(
    runs: Runs,
    *,
    model: str | LLMClient | ModelFunction | None = None,
    prompt: str | None = None,
    task: str | None = None,
    verbosity: Verbosity | str = Verbosity.NORMAL,
    focus_areas: Iterable[str] = (),
) -> Reflection:
    """Return what the prompt did wrong in the runs, and what to change: `Reflector(model).reflect(...)` in one line.

    See `Reflector` for the models and `Reflector.reflect` for everything else.
    """
    return await Reflector(model).reflect(
        runs, prompt=prompt, task=task, verbosity=verbosity, focus_areas=focus_areas
    )


def reflect_sync(
    runs: Runs,
    *,
    model: str | LLMClient | ModelFunction | None = None,
    prompt: str | None = None,
    task: str | None = None,
    verbosity: Verbosity | str = Verbosity.NORMAL,
    focus_areas: Iterable[str] = (),
) -> Reflection:
    """Return what `reflect` returns, for code that does not await. Works beside a running event loop too."""
    return Reflector(model).reflect_sync(
        runs, prompt=prompt, task=task, verbosity=verbosity, focus_areas=focus_areas
    )
