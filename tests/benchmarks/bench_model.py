"""What a call through `Model` costs on top of litellm alone and of raw httpx, calls per second, and memory.

The server runs in another process, so that its work is not counted. Each way is measured in turns, because the machine
is not quiet: read the ratios.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from typing import Any

import anyio

import reflector as rf
from reflector.llm.litellm_client import LiteLLMClient
from reflector.testing import LoopbackServer

ROUNDS, CALLS = 12, 60
AT_ONCE, FLOOD = 64, 640
LONG_RUN = 20_000
PROMPT = "Name a city. " * 500
REQUEST = rf.ModelRequest.from_text(PROMPT, max_tokens=100, temperature=0.3)
Way = Callable[[], Awaitable[Any]]


def serve(pipe: Connection) -> None:
    with LoopbackServer("Paris. " * 40) as server:
        pipe.send(server.base_url)
        while pipe.recv() == "forget":
            server.requests.clear()
            pipe.send("done")


def options(**more: Any) -> rf.ModelOptions:
    return rf.ModelOptions(limits=rf.RateLimits(concurrency=AT_ONCE), **more)


def ways(base_url: str) -> dict[str, Way]:
    """Return the same call in several ways."""
    import httpx2
    import litellm

    http = httpx2.AsyncClient()
    body = {"model": "any", "messages": REQUEST.chat(), "max_tokens": 100, "temperature": 0.3}
    alone = LiteLLMClient("any", base_url=base_url, api_key="k")
    model = rf.Model("any", base_url=base_url, api_key="k", options=options())
    price, budget = rf.Price(input=1, output=10), rf.Budget(cost_usd=1e6, tokens=10**12)
    bounded = rf.Model("any", base_url=base_url, api_key="k", options=options(price=price, budget=budget))
    run = rf.Ledger(rf.Budget(cost_usd=1e6))

    async def raw() -> Any:
        answer = await http.post(
            f"{base_url}/chat/completions", json=body, headers={"Authorization": "Bearer k"}
        )
        return json.loads(answer.content)["choices"][0]["message"]["content"]

    async def bare() -> Any:
        return await litellm.acompletion(
            model="openai/any", messages=REQUEST.chat(), max_tokens=100, temperature=0.3, max_retries=0,
            drop_params=True, api_base=base_url, api_key="k", timeout=600.0,
        )  # fmt: skip

    return {
        "httpx, raw": raw,
        "litellm, bare": bare,
        "our client of litellm": lambda: alone.complete(REQUEST),
        "Model": lambda: model.complete(REQUEST),
        "Model, budget": lambda: bounded.complete(REQUEST),
        "Model, budget, in a run": lambda: bounded.charged_to(run).complete(REQUEST),
    }


async def one_by_one(all_ways: dict[str, Way]) -> dict[str, tuple[float, float]]:
    """Return CPU and wall milliseconds of one call, each the median of the rounds."""
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in all_ways}
    for way in all_ways.values():
        for _ in range(10):
            await way()
    for _ in range(ROUNDS):
        for name, way in all_ways.items():
            cpu, wall = time.process_time(), time.perf_counter()
            for _ in range(CALLS):
                await way()
            spent = (time.process_time() - cpu, time.perf_counter() - wall)
            figures[name].append((spent[0] / CALLS * 1e3, spent[1] / CALLS * 1e3))
    return {
        name: (statistics.median(cpu for cpu, _ in rounds), statistics.median(wall for _, wall in rounds))
        for name, rounds in figures.items()
    }


async def at_once(way: Way) -> float:
    """Return calls per second with so many under way."""
    left = iter(range(FLOOD))

    async def work() -> None:
        for _ in left:
            await way()

    begun = time.perf_counter()
    async with anyio.create_task_group() as group:
        for _ in range(AT_ONCE):
            group.start_soon(work)
    return FLOOD / (time.perf_counter() - begun)


async def without_a_server() -> tuple[float, float]:
    """Return the microseconds of a call through Model to a client that does nothing, and of that client alone."""

    class Nothing:
        name = "nothing"
        answer = rf.ModelReply(content="x", usage=rf.Usage(input_tokens=10, output_tokens=1, calls=1))

        async def complete(self, request: rf.ModelRequest) -> rf.ModelReply:
            return self.answer

    client = Nothing()
    model = rf.Model(
        client, options=options(price=rf.Price(input=1, output=1), budget=rf.Budget(cost_usd=1e6))
    )
    best = []
    for asked in (model, client):
        times = []
        for _ in range(5):
            begun = time.process_time()
            for _ in range(2000):
                await asked.complete(REQUEST)
            times.append((time.process_time() - begun) / 2000 * 1e6)
        best.append(min(times))
    return best[0], best[1]


async def long_run(way: Way, calls: int, pipe: Connection) -> list[float]:
    """Return the resident MB after each tenth of a long run."""
    sizes = []
    for _ in range(10):
        left = iter(range(calls // 10))

        async def work(left: Any = left) -> None:
            for _ in left:
                await way()

        async with anyio.create_task_group() as group:
            for _ in range(AT_ONCE):
                group.start_soon(work)
        pipe.send("forget")
        pipe.recv()
        gc.collect()
        sizes.append(resident())
    return sizes


def resident() -> float:
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 1e6
    except OSError:  # not Linux: the peak instead
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


async def main(base_url: str, pipe: Connection, calls: int) -> None:
    await rf.Model("openai/any").warmup()
    all_ways = ways(base_url)
    ours, nothing = await without_a_server()
    print(
        f"Model over a client that does nothing: {ours:.0f} us CPU a call ({nothing:.1f} us that client alone)\n"
    )
    figures = await one_by_one(all_ways)
    bare, alone = figures["litellm, bare"], figures["our client of litellm"]
    print(f"{'one call':28}{'CPU ms':>9}{'wall ms':>9}{'x httpx':>9}{'x litellm':>11}{'+ ms CPU':>10}")
    for name, (cpu, wall) in figures.items():
        ratio = cpu / figures["httpx, raw"][0]
        print(f"{name:28}{cpu:9.2f}{wall:9.2f}{ratio:9.2f}{cpu / bare[0]:11.3f}{cpu - bare[0]:10.3f}")
    print(f"Model adds {figures['Model'][0] - alone[0]:.3f} ms to our client of litellm\n")
    print(f"{AT_ONCE} at once{'':18}{'calls/s':>10}{'x litellm':>11}")
    speeds: dict[str, list[float]] = {name: [] for name in all_ways}
    for _ in range(3):
        for name, way in all_ways.items():
            speeds[name].append(await at_once(way))
    for name, each in speeds.items():
        best = statistics.median(each)
        print(f"{name:28}{best:10.0f}{best / statistics.median(speeds['litellm, bare']):11.3f}")
    sizes = await long_run(all_ways["Model, budget"], calls, pipe)
    print(f"\nresident MB over {calls:,} calls: " + " ".join(f"{size:.1f}" for size in sizes))
    print(f"growth of the last nine tenths: {sizes[-1] - sizes[0]:+.1f} MB")


if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=serve, args=[there], daemon=True)
    server.start()
    try:
        anyio.run(main, here.recv(), here, int(sys.argv[1]) if len(sys.argv) > 1 else LONG_RUN)
    finally:
        here.send("stop")
        server.join(5)
