"""A run of the optimizer as a program of its own, to be killed: python killed_run.py BASE_URL STORE.

It asks the two models of a simulated world over HTTP, and prints the best text when it has ended.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from typing import Any

import anyio
import anyio.to_thread

import reflector as rf
from reflector.simulation import World

SCENARIO, SEED, ROLLOUTS = "clean", 3, 300


class Http:
    """A client of few lines."""

    def __init__(self, base_url: str, model: str) -> None:
        self.url, self.model = f"{base_url}/chat/completions", model

    async def complete(self, request: rf.ModelRequest) -> rf.ModelReply:
        messages = [{"role": each.role, "content": each.content} for each in request.messages]
        body = json.dumps({"model": self.model, "messages": messages}).encode()
        head = {"Content-Type": "application/json"}

        def post() -> Any:
            with urllib.request.urlopen(urllib.request.Request(self.url, body, head), timeout=30) as answer:
                return json.load(answer)

        said = await anyio.to_thread.run_sync(post, abandon_on_cancel=True)
        return rf.ModelReply(content=said["choices"][0]["message"]["content"])


async def optimize(base_url: str, store: str) -> rf.OptimizationResult:
    world = World(SCENARIO, SEED)
    task = Http(base_url, "sim-task")

    async def rollout(candidate: rf.Candidate, example: Any) -> rf.Rollout:
        run = await world.rollout(candidate.text, example, task)
        return rf.Rollout(run.output, run.trajectory(), score=rf.Score(run.score, run.feedback))

    return await rf.optimize(
        world.seed_prompt,
        rf.Examples(train=world.examples.train, val=world.examples.val),
        rollout=rollout,
        reflector=rf.Reflector(Http(base_url, "sim-reflect")),
        budget=rf.Budget(rollouts=ROLLOUTS),
        config=rf.OptimizerConfig(
            seed=SEED, order="strict", store=store, minibatch_size=10, proposals_in_flight=2, depth=2
        ),
    )


if __name__ == "__main__":
    print(json.dumps(anyio.run(optimize, *sys.argv[1:]).best.to_dict()))
