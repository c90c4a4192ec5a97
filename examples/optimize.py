"""Optimize a prompt in a simulated world: no network, no model, and the exact accuracy of what comes out."""

import anyio

import reflector as rf
from reflector.simulation import World


async def main() -> None:
    world = World("clean", seed=1, sizes=(40, 40, 40))
    task = world.task_model()

    async def rollout(candidate, example):
        run = await world.rollout(candidate, example, task)
        return rf.Rollout(run.output, run.trajectory(), score=rf.Score(run.score, run.feedback))

    rows = rf.Examples(train=world.examples.train, val=world.examples.val, test=world.examples.test)
    async with rf.Runtime() as runtime:
        runtime.subscribe("reflector.optimizer.committed", lambda signal: print("-", signal.data["ending"]))
        result = await rf.optimize(
            world.seed_prompt,
            rows,
            rollout=rollout,
            reflector=world.reflection_model(),
            budget=rf.Budget(rollouts=400),
            config=rf.OptimizerConfig(concurrency=10, seed=0, order="strict"),  # the same run each time
        )
    print(result)
    print(f"exact: {world.accuracy(world.seed_prompt):.2f} before, {world.accuracy(result.best):.2f} after")


anyio.run(main)
