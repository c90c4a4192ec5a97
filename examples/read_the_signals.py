"""Watch one reflection on the wire: every hop is a request and its reply."""

from pathlib import Path

import anyio

import reflector as rf


async def main() -> None:
    signals: list[rf.Signal] = []
    async with rf.Runtime() as runtime:
        runtime.subscribe("reflector.**", signals.append)
        await rf.reflect(
            Path(__file__).with_name("failed_run.json"),
            model=lambda messages: (
                '{"analysis": "The prompt hides the limits of its tools.", "suggestions": []}'
            ),
        )
    first = signals[0]
    for signal in signals:
        cause = next((other.type for other in signals if other.id == signal.causationid), "-")
        print(f"{signal.type:34} caused by {cause}")
    print("one conversation:", {signal.correlationid or signal.id for signal in signals} == {first.id})


anyio.run(main)
