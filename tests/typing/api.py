"""What a type checker must see of the public interface. Checked by mypy, never run."""

from typing import assert_type

import reflector as rf


async def main_job() -> None:
    reflection = await rf.reflect("run.json", model="rules")
    assert_type(reflection, rf.Reflection)
    assert_type(reflection.suggestions, tuple[rf.Suggestion, ...])
    assert_type(reflection.confidence_score, float)
    assert_type(reflection.improved_prompt, str)
    assert_type(reflection.diff(), str)
    assert_type(reflection.usage, rf.Usage)
    assert_type(reflection.cost_usd, float | None)
    reflector = rf.Reflector(model="openai/m", base_url="http://localhost/v1", api_key="k")
    assert_type(await reflector.reflect([{"role": "user", "content": "hi"}], prompt="p"), rf.Reflection)
    assert_type(rf.reflect_sync("run.json"), rf.Reflection)


def parts() -> None:
    trajectories = list(rf.load_trajectories("run.json"))
    assert_type(trajectories, list[rf.Trajectory])
    assert_type(rf.analyze(trajectories[0]), rf.TrajectoryAnalysis)
    assert_type(rf.compare(trajectories[0], trajectories[1]), rf.ComparativeAnalysis)
    parsed = rf.parse_reflection("text")
    assert_type(parsed, rf.ParsedReflection)
    plan = rf.plan_edits(parsed, "prompt")
    assert_type(plan, rf.EditPlan)
    assert_type(plan.apply(), str)
    assert_type(rf.Trajectory.from_openai_messages([{"role": "user", "content": "hi"}]), rf.Trajectory)


async def models() -> None:
    options = rf.ModelOptions(
        limits=rf.RateLimits(concurrency=8, requests_per_minute=60),
        budget=rf.Budget(cost_usd=2.0, tokens=10_000),
        price=rf.Price(input=1.0, output=10),
        retry=rf.RetryPolicy(attempts=2),
    )
    model = rf.Model("openai/m", base_url="http://localhost/v1", options=options)
    assert_type(await model.complete(rf.ModelRequest.from_text("hi")), rf.ModelReply)
    assert_type(rf.Reflector(model).ledger, rf.Ledger | None)
    run = rf.Ledger(rf.Budget(rollouts=400))
    assert_type(model.charged_to(run), rf.Model)
    with run.active() as ledger:
        assert_type(ledger, rf.Ledger)
    assert_type(run.lines(), tuple[rf.LedgerLine, ...])
    assert_type(run.to_json(), bytes)
