"""The main job as a whole, and what an import costs: `python tests/benchmarks/bench_main_job.py`."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import anyio

import reflector as rf
from reflector.llm.scripted import ScriptedClient
from reflector.reflecting.runs import build_request
from reflector.reflection.prompt_builder import PromptBuilder

ANSWER = """{"analysis": "The prompt does not name the tables, so the agent guessed one and answered all the same.",
"root_causes": ["The tables are not named."],
"suggestions": [{"type": "add", "category": "constraint", "priority": "high", "description": "Name the tables",
"rationale": "Step 3 guessed one", "specific_text": "The tables are stock and orders."}],
"expected_improvement": "x"}"""

MESSAGES = [
    {"role": "system", "content": "You keep the stock of a shop. Use the query tool."},
    {"role": "user", "content": "How many lamps are left?"},
    {"role": "assistant", "content": "There are no lamps."},
]


def median(call: Callable[[], object], rounds: int) -> float:
    """Return the median time of a call in seconds, after one warm-up."""
    call()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def bench_reflect() -> None:
    client = ScriptedClient(lambda request: ANSWER)
    run = rf.analyze(rf.Trajectory.from_openai_messages(MESSAGES, id="run"))

    async def measure(rounds: int = 1_000) -> tuple[float, float]:
        """Return the median time, and the least processor time: the one that other work does not change."""
        times, processor = [], []
        for _ in range(rounds):
            started, worked = time.perf_counter(), time.thread_time()
            await rf.reflect(run, model=client)
            times.append(time.perf_counter() - started)
            processor.append(time.thread_time() - worked)
        return statistics.median(times), min(processor)

    for backend in ("asyncio", "trio"):
        took, least = anyio.run(measure, backend=backend)
        print(
            f"reflect, scripted model, private runtime, {backend:8}{took * 1e3:8.2f} ms  (aim 0.5), "
            f"{least * 1e3:.2f} ms of processor time at best"
        )
    took = median(lambda: rf.reflect_sync(run, model=client), 200)
    print(f"the same through the synchronous twin           {took * 1e3:8.2f} ms")
    took = median(lambda: rf.reflect_sync(run, model="rules"), 100)
    print(f"reflect by rules, synchronous                   {took * 1e3:8.2f} ms")


def bench_prompt() -> None:
    before = 0.0
    for steps in (50, 5_000, 10_000):
        noise = [
            {"role": "assistant", "content": f"thought {number} " + "word " * 40} for number in range(steps)
        ]
        request = build_request([rf.Trajectory.from_openai_messages([*MESSAGES, *noise], id="long")])
        took = median(lambda request=request: PromptBuilder().build_reflection_prompt(request), 5)
        growth = f"{took / before:5.1f} x for twice the steps" if steps == 10_000 else ""
        print(f"prompt of a run of {steps:6} steps               {took * 1e3:8.2f} ms  {growth}")
        before = took


def bench_import() -> None:
    def fresh(code: str) -> float:
        return median(lambda: subprocess.run([sys.executable, "-c", code], check=True), 7)

    empty, pydantic, ours = fresh("pass"), fresh("import pydantic"), fresh("import reflector")
    everything = fresh("import reflector as rf; [getattr(rf, name) for name in rf.__all__]")
    for name, took in (("import reflector", ours), ("every public name", everything)):
        ratio = (took - empty) / (pydantic - empty)
        print(f"{name:20}{(took - empty) * 1e3:8.1f} ms   {ratio:5.2f} x import pydantic")


def main() -> None:
    bench_import()
    bench_reflect()
    bench_prompt()


if __name__ == "__main__":
    main()
