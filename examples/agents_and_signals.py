"""Agents exchange signals: a counter with state, a function, a request, a fact, and a task."""

import anyio

import reflector as rf


class Counter(rf.Agent):
    """Counts the words it is sent, one signal at a time, so it needs no lock."""

    total = 0

    @rf.handles("words.count.requested")
    async def count(self, signal: rf.Signal, context: rf.Context) -> int:
        self.total += len(signal.data.split())
        await context.publish(rf.Signal("words.counted", "/counter", self.total))
        return self.total


async def shout(task: rf.Task, context: rf.Context) -> str:
    return task.payload.upper()


async def main() -> None:
    async with rf.Runtime() as runtime:
        await runtime.spawn(Counter, name="counter", mailbox=64)
        await runtime.spawn(shout, name="shout", accepts=["shout"], card=rf.ProviderCard(running=4))
        runtime.subscribe("words.counted", lambda signal: print("so far:", signal.data))
        for text in ("a mailbox is bounded", "an ask has a deadline"):
            reply = await runtime.request(rf.Signal("words.count.requested", "/main", text), timeout=1.0)
        result = await rf.execute(rf.Task(kind="shout", payload="done"))
        print(reply.type, reply.data, "|", result.value, "by", result.provider, "-", result.decision.reason)


anyio.run(main)
