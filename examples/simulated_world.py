"""Try an optimizer of your own in a simulated world: no network, no model, and the exact accuracy of every prompt."""

import anyio

import reflector as rf
from reflector.simulation import World


async def main() -> None:
    world = World("clean", seed=1)
    task, reflector = world.task_model(), rf.Reflector(reflection := world.reflection_model())
    prompt = world.seed_prompt
    print(f"seed prompt: {world.accuracy(prompt):.2f}   oracle: {world.accuracy(world.oracle):.2f}")
    for start in range(0, 40, 8):
        rows = world.examples.train[start : start + 8]
        before = [await world.rollout(prompt, row, task) for row in rows]
        failed = [run.trajectory() for run in before if run.score < 1]
        if not failed:
            continue
        candidate = (await reflector.reflect(failed, prompt=prompt)).improved_prompt
        after = [await world.rollout(candidate, row, task) for row in rows]
        if sum(run.score for run in after) > sum(run.score for run in before):
            prompt = candidate
        print(f"after {start + 8} examples: {world.accuracy(prompt):.2f}")
    print(f"normalised gain: {world.gain(prompt):.2f}")
    spent = task.meter.usage + reflection.meter.usage
    print(
        f"{task.meter.usage.calls} rollouts, {reflection.meter.usage.calls} reflections, ${spent.cost_usd:.3f}"
    )


anyio.run(main)
