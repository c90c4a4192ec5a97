"""Record an agent of your own while it runs, then reflect on the recording."""

import anyio

import reflector as rf

PROMPT = "You convert temperatures. Use the `convert` tool."


def convert(value: str) -> float:
    return (float(value) - 32) * 5 / 9


async def my_agent(question: str, recording: rf.Recording) -> None:
    """Stand in for your agent: it hands its tool the text with the unit, twice."""
    recording.user(question)
    for _ in range(2):
        value = question.split()[-1]
        call = recording.tool_call("convert", {"value": value})
        try:
            recording.tool_result(str(convert(value)), call_id=call)
        except ValueError as err:
            recording.tool_result(f"ValueError: {err}", call_id=call, error=err)
    recording.message("I could not convert it.")


async def main() -> None:
    async with rf.record(prompt=PROMPT, id="thermometer") as recording:
        await my_agent("How much is 451F", recording)
    run = recording.trajectory.with_outcome("failure")
    for point in rf.analyze(run).failure_points:
        print(point.step_indices, point.category, "-", point.description)
    print((await rf.reflect(run, model="rules")).diff())


anyio.run(main)
