"""Signals and agents beside a bare anyio memory stream, asyncio.Queue, autogen-core, pykka and the CloudEvents SDK.

Run it as a script: `python tests/benchmarks/bench_runtime.py`. Everything is measured in one run, in turns, by process
time, and the best round counts: on a busy machine look at the ratios. A peer that is not installed is left out.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import logging
import resource
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from reflector.agents.ambient import ambient_runtime
from reflector.agents.context import Context
from reflector.agents.portal import run_sync
from reflector.agents.runtime import Runtime
from reflector.signals.signal import Signal

ROUNDS = 7
ASKS, TELLS, AGENTS = 3_000, 12_000, 100
DATA = {"text": "x" * 100, "n": 1}
BODY = {"text": "x" * 1_000, "numbers": [n / 10 for n in range(8)]}

Case = Callable[[], Awaitable[float]]
"""Runs once and returns operations per second of process time."""


class Stopwatch:
    """Rate of `count` operations between entering and leaving."""

    def __init__(self, count: int) -> None:
        self.count, self.rate = count, 0.0

    def __enter__(self) -> Stopwatch:
        self._begun = time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.rate = self.count / (time.process_time() - self._begun)


async def stream_ask() -> float:
    """Two memory object streams and an echo task: the floor."""
    to_server, requests = anyio.create_memory_object_stream[Any](64)
    to_client, replies = anyio.create_memory_object_stream[Any](64)

    async def serve() -> None:
        async for request in requests:
            await to_client.send(request)

    async with anyio.create_task_group() as group:
        group.start_soon(serve)
        with Stopwatch(ASKS) as watch:
            for _ in range(ASKS):
                await to_server.send(DATA)
                await replies.receive()
        group.cancel_scope.cancel()
    for stream in (to_server, requests, to_client, replies):
        stream.close()
    return watch.rate


async def stream_tell() -> float:
    """A hundred memory object streams with a task each: the floor."""
    streams = [anyio.create_memory_object_stream[Any](64) for _ in range(AGENTS)]
    received = 0

    async def serve(stream: Any) -> None:
        nonlocal received
        async for _ in stream:
            received += 1

    async with anyio.create_task_group() as group:
        for _, stream in streams:
            group.start_soon(serve, stream)
        with Stopwatch(TELLS) as watch:
            for _ in range(TELLS // AGENTS):
                for sender, _ in streams:
                    await sender.send(DATA)
            while received < TELLS:
                await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    for pair in streams:
        for end in pair:
            end.close()
    return watch.rate


async def queue_ask() -> float:
    requests: asyncio.Queue[Any] = asyncio.Queue(64)
    replies: asyncio.Queue[Any] = asyncio.Queue(64)

    async def serve() -> None:
        while True:
            await replies.put(await requests.get())

    task = asyncio.create_task(serve())
    with Stopwatch(ASKS) as watch:
        for _ in range(ASKS):
            await requests.put(DATA)
            await replies.get()
    task.cancel()
    return watch.rate


async def queue_tell() -> float:
    queues: list[asyncio.Queue[Any]] = [asyncio.Queue(64) for _ in range(AGENTS)]
    received = 0

    async def serve(queue: asyncio.Queue[Any]) -> None:
        nonlocal received
        while True:
            await queue.get()
            received += 1

    tasks = [asyncio.create_task(serve(queue)) for queue in queues]
    with Stopwatch(TELLS) as watch:
        for _ in range(TELLS // AGENTS):
            for queue in queues:
                await queue.put(DATA)
        while received < TELLS:
            await anyio.lowlevel.checkpoint()
    for task in tasks:
        task.cancel()
    return watch.rate


async def echo(signal: Signal, context: Context) -> Any:
    return signal.data


async def reflector_ask() -> float:
    """A request through the router to an agent, with deadline and trace, and its reply."""
    async with Runtime() as runtime:
        await runtime.spawn(echo, handles="demo.*")
        with Stopwatch(ASKS) as watch:
            for _ in range(ASKS):
                await runtime.request(Signal("demo.requested", "/bench", DATA))
    return watch.rate


async def reflector_tell() -> float:
    received = 0

    async def count(signal: Signal, context: Context) -> None:
        nonlocal received
        received += 1

    async with Runtime() as runtime:
        refs = [await runtime.spawn(count, name=str(number)) for number in range(AGENTS)]
        with Stopwatch(TELLS) as watch:
            for _ in range(TELLS // AGENTS):
                for ref in refs:
                    await ref.tell(Signal("demo.told", "/bench", DATA))
            while received < TELLS:
                await anyio.lowlevel.checkpoint()
    return watch.rate


async def autogen_ask() -> float:
    from autogen_core import AgentId, BaseAgent, SingleThreadedAgentRuntime

    class Echo(BaseAgent):
        async def on_message_impl(self, message: Any, ctx: Any) -> Any:
            return message

    runtime = SingleThreadedAgentRuntime()
    await Echo.register(runtime, "echo", lambda: Echo("echo"))
    runtime.start()
    with Stopwatch(ASKS // 10) as watch:
        for _ in range(ASKS // 10):
            await runtime.send_message("x" * 100, AgentId("echo", "default"))
    await runtime.stop()
    return watch.rate


async def pykka_ask() -> float:
    import pykka

    class Echo(pykka.ThreadingActor):
        def on_receive(self, message: Any) -> Any:
            return message

    ref = Echo.start()
    with Stopwatch(ASKS) as watch:
        for _ in range(ASKS):
            ref.ask(DATA)
    ref.stop()
    return watch.rate


async def private_runtimes() -> float:
    """Open a private runtime, ask an agent that asks another, close it: what each `reflect` pays."""

    async def outer(signal: Signal, context: Context) -> Any:
        return (await context.request(Signal("inner.requested", "/bench", signal.data))).data

    with Stopwatch(100) as watch:
        for _ in range(100):
            async with ambient_runtime() as runtime:
                await runtime.spawn(outer, handles="outer.requested")
                await runtime.spawn(echo, handles="inner.requested")
                await runtime.request(Signal("outer.requested", "/bench", DATA))
    return watch.rate


def compare(backend: str, cases: dict[str, Case], floor: str) -> dict[str, float]:
    """Run all cases in turns, print the best rate of each beside the floor, and return the rates."""
    best = dict.fromkeys(cases, 0.0)
    for _ in range(ROUNDS):
        for name, case in cases.items():
            gc.collect()
            best[name] = max(best[name], anyio.run(case, backend=backend))
    for name, rate in best.items():
        print(f"  {name:34} {rate:>12,.0f}/s {rate / best[floor]:>7.2f} x")
    return best


def microseconds(call: Callable[[], Any], count: int = 4_000) -> float:
    """Return the process time of one call, best of several rounds."""
    rounds = []
    for _ in range(ROUNDS):
        with Stopwatch(count) as watch:
            for _ in range(count):
                call()
        rounds.append(watch.rate)
    return 1e6 / max(rounds)


class Bare:
    """As many slots as a signal has, and nothing else."""

    __slots__ = tuple(Signal.__slots__)

    def __init__(
        self, type, source, data=None, *, subject=None, id=None, time=None, datacontenttype=None, dataschema=None,
        dataref=None, correlationid=None, causationid=None, trace=None, deadline=None, extensions=None,
    ):  # fmt: skip
        self.type = type
        self.source = source
        self.data = data
        self.subject = subject
        self._id = id
        self._time = time
        self.datacontenttype = datacontenttype
        self.dataschema = dataschema
        self.dataref = dataref
        self.correlationid = correlationid
        self.causationid = causationid
        self.trace = trace
        self.deadline = deadline
        self.extensions = extensions


def envelopes() -> None:
    bare = microseconds(lambda: Bare(type="demo.ping", source="/check", data=BODY))
    ours = microseconds(lambda: Signal(type="demo.ping", source="/check", data=BODY))
    print(f"  {'create: bare slots class':34} {bare:>9.2f} µs")
    print(f"  {'create: Signal':34} {ours:>9.2f} µs {ours / bare:>6.2f} x bare")

    def made() -> Signal:
        return Signal("demo.ping", "/check", BODY, subject="s", datacontenttype="application/json")

    signal = made()
    raw = signal.to_json()
    encode, decode = microseconds(signal.to_json), microseconds(lambda: Signal.from_json(raw))
    encode_new = microseconds(lambda: made().to_json()) - microseconds(made)
    print(f"  {f'encode {len(raw)} bytes':34} {encode:>9.2f} µs")
    print(
        f"  {'encode a new one: id and time too':34} {encode_new:>9.2f} µs\n  {'decode':34} {decode:>9.2f} µs"
    )
    if importlib.util.find_spec("cloudevents") is None:
        return
    from cloudevents.core.formats.json import JSONFormat
    from cloudevents.core.v1.event import CloudEvent

    peer = JSONFormat()
    event = peer.read(CloudEvent, raw)
    theirs_out = microseconds(lambda: peer.write(event), 1_000)
    theirs_in = microseconds(lambda: peer.read(CloudEvent, raw), 1_000)
    print(
        f"  {'encode: official SDK':34} {theirs_out:>9.2f} µs {theirs_out / encode:>6.2f} x ours, "
        f"{theirs_out / encode_new:.2f} x a new one of ours"
    )
    print(f"  {'decode: official SDK':34} {theirs_in:>9.2f} µs {theirs_in / decode:>6.2f} x ours")


async def idle_agents() -> float:
    """Return the KB that each of ten thousand idle agents takes."""
    async with Runtime() as runtime:
        gc.collect()
        before = _resident_kb()
        for number in range(10_000):
            await runtime.spawn(echo, name=f"agent-{number}")
        return (_resident_kb() - before) / 10_000


def _resident_kb() -> float:
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 1024
    except OSError:
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


async def nothing() -> None:
    return None


def main() -> None:
    logging.disable(logging.CRITICAL)
    installed = {
        name for name in ("autogen_core", "pykka", "trio") if importlib.util.find_spec(name) is not None
    }
    asks: dict[str, Case] = {"anyio memory stream (floor)": stream_ask, "reflector": reflector_ask}
    tells: dict[str, Case] = {"anyio memory stream (floor)": stream_tell, "reflector": reflector_tell}
    for backend in ["asyncio", "trio"] if "trio" in installed else ["asyncio"]:
        more_asks: dict[str, Case] = {}
        more_tells: dict[str, Case] = {}
        if backend == "asyncio":
            more_asks, more_tells = {"asyncio.Queue": queue_ask}, {"asyncio.Queue": queue_tell}
            more_asks |= {"autogen-core": autogen_ask} if "autogen_core" in installed else {}
            more_asks |= {"pykka": pykka_ask} if "pykka" in installed else {}
        print(f"ask, {backend}")
        compare(backend, asks | more_asks, "anyio memory stream (floor)")
        print(f"tell to {AGENTS} agents, {backend}")
        compare(backend, tells | more_tells, "anyio memory stream (floor)")
        rate = max(anyio.run(private_runtimes, backend=backend) for _ in range(ROUNDS))
        print(
            f"private runtime with two asks, {backend}\n  {'open, ask, ask, close':34} {1e6 / rate:>9.0f} µs"
        )
    print("signals")
    envelopes()
    print("sync twin")
    run_sync(nothing)
    begun = time.perf_counter()
    for _ in range(500):
        run_sync(nothing)
    print(f"  {'one call (wall time)':34} {(time.perf_counter() - begun) / 500 * 1e6:>9.0f} µs")
    print("10,000 idle agents")
    print(f"  {'each':34} {anyio.run(idle_agents):>9.2f} KB")


if __name__ == "__main__":
    main()
