"""The floor that an optimizer has to beat: a loop of sixty lines, and the package gepa, both in a simulated world.

Both count in the same way: every execution of the task model is a rollout, on training and validation rows alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import anyio

from reflector.errors import LLMError
from reflector.llm.client import LLMClient
from reflector.llm.messages import ModelRequest
from reflector.simulation import Example, Run, World

__all__ = ["ASK", "Outcome", "Propose", "ask_for_lines", "naive_loop", "run_rows", "show_run"]

ASK = """\
Here is a prompt of ours:

```
{prompt}
```

These runs with it went wrong:

{runs}

Which sentences should we add to the prompt? Answer with a JSON list of strings and nothing else."""

Propose = Callable[[str, Sequence[Run]], Awaitable[str]]
"""From a prompt and runs of it to a better prompt, or the same."""


@dataclass(frozen=True)
class Outcome:
    """What a method returned and what it took."""

    prompt: str
    rollouts: int
    reflections: int


async def run_rows(
    world: World, prompt: str, rows: Sequence[Example], model: LLMClient, concurrency: int = 10
) -> list[Run]:
    """Return the runs of a prompt on all rows, in the order of the rows."""
    runs: list[Run | None] = [None] * len(rows)
    waiting = iter(enumerate(rows))

    async def work() -> None:
        for index, row in waiting:
            runs[index] = await world.rollout(prompt, row, model)

    async with anyio.create_task_group() as group:
        for _ in range(concurrency):
            group.start_soon(work)
    return [run for run in runs if run is not None]


def show_run(run: Run) -> str:
    """Return a run as text: every message after the prompt, and the feedback."""
    lines = [f"{message['role']}: {_said(message)}" for message in run.messages[1:]]
    return "\n".join([*lines, f"score: {run.score:g}", f"feedback: {run.feedback}"])


def _said(message: dict[str, Any]) -> str:
    calls = [call["function"] for call in message.get("tool_calls") or ()]
    return message["content"] or " ".join(f"{call['name']}({call['arguments']})" for call in calls)


async def naive_loop(
    world: World,
    task: LLMClient,
    propose: Propose,
    *,
    rollouts: int = 400,
    chunk: int = 10_000,
    is_over: Callable[[], bool] = lambda: False,
    concurrency: int = 10,
    on_best: Callable[[str], None] = lambda prompt: None,
) -> Outcome:
    """Run all training rows, chunk the failures, ask about each chunk, keep what does not get worse."""
    rows = world.examples.train
    best, best_score, tried = world.seed_prompt, -1.0, world.seed_prompt
    spent = reflections = 0
    runs: list[Run] = []
    while spent + len(rows) <= rollouts and not is_over():
        fresh = await run_rows(world, tried, rows, task, concurrency)
        spent += len(rows)
        score = sum(run.score for run in fresh) / len(fresh)
        if score >= best_score:
            best, best_score, runs = tried, score, fresh
            on_best(best)
        failed = [run for run in runs if run.score < 1]
        if not failed:
            break
        # Another cut each round, so that the same question is not put again.
        turn = spent // len(rows) * 7 % len(failed)
        chunks = _chunked([*failed[turn:], *failed[:turn]], chunk)
        prompts: list[str] = [best] * len(chunks)

        async def ask(
            number: int, chunks: list[list[Run]] = chunks, prompts: list[str] = prompts, best: str = best
        ) -> None:
            prompts[number] = await propose(best, chunks[number])

        async with anyio.create_task_group() as group:
            for number in range(len(chunks)):
                group.start_soon(ask, number)
        reflections += len(chunks)
        tried = _joined(best, prompts)
        if tried == best:
            break
    return Outcome(best, spent, reflections)


def ask_for_lines(model: LLMClient) -> Propose:
    """Return the naive way to propose: sentences from a JSON list, put at the end of the prompt."""

    async def propose(prompt: str, runs: Sequence[Run]) -> str:
        text = ASK.format(prompt=prompt, runs="\n\n".join(map(show_run, runs)))
        try:
            reply = await model.complete(ModelRequest.from_text(text))
        except LLMError:
            return prompt
        found = re.search(r"\[.*\]", reply.content, re.DOTALL)
        try:
            lines = json.loads(found[0]) if found else []
        except ValueError:
            lines = []
        new = [f"- {line}" for line in lines if isinstance(line, str) and line not in prompt]
        return "\n".join([prompt.rstrip("\n"), *new]) + "\n"

    return propose


def _chunked(runs: Sequence[Run], characters: int) -> list[list[Run]]:
    chunks: list[list[Run]] = [[]]
    size = 0
    for run in runs:
        length = len(show_run(run))
        if chunks[-1] and size + length > characters:
            chunks.append([])
            size = 0
        chunks[-1].append(run)
        size += length
    return chunks


def _joined(prompt: str, proposals: Sequence[str]) -> str:
    """Return the prompt with the lines that any of the proposals adds, each once."""
    known = set(prompt.splitlines())
    new = dict.fromkeys(line for text in proposals for line in text.splitlines() if line not in known)
    return "\n".join([prompt.rstrip("\n"), *(line for line in new if line.strip())]) + "\n" if new else prompt
