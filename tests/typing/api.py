"""What a type checker must see of the public interface. Checked by mypy, never run."""

from typing import assert_type

import reflector as rf
from reflector import simulation


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
    reflector.record_outcome(reflection, accepted=True, score_delta=0.04)
    assert_type(reflector.memory, rf.ReflectionMemory)
    assert_type(reflection.suggestion_confidence, tuple[rf.Probability, ...])
    feedback = rf.aggregate([reflection], sources=["run"])
    assert_type(feedback, rf.Feedback)
    assert_type(feedback.add(reflection).merge(feedback), rf.Feedback)
    assert_type(feedback.suggestions, tuple[rf.WeightedSuggestion, ...])


async def conversations() -> None:
    reflector = rf.Reflector("rules")
    conversation = await reflector.start_conversation("run.json", prompt="p", task="t", max_turns=3)
    assert_type(conversation, rf.Conversation)
    assert_type(await reflector.continue_conversation(conversation, "Why?"), rf.Conversation)
    assert_type(await reflector.converse(conversation, policy=rf.TurnPolicy(max_cost_usd=1)), rf.Conversation)
    assert_type(reflector.converse_sync("run.json", until="max_turns"), rf.Conversation)
    assert_type(reflector.select_best_reflection(conversation), rf.Reflection | None)
    assert_type(conversation.merged, rf.Reflection | None)
    assert_type(conversation.reflections, tuple[rf.Reflection, ...])
    assert_type(rf.Conversation.from_json(conversation.to_json()), rf.Conversation)
    assert_type(reflector.build_requests("run.json"), tuple[rf.ModelRequest, ...])
    assert_type(rf.PromptBuilder(templates=rf.PromptTemplates()).version, str)


async def conflicts(plan: rf.EditPlan, plans: rf.ComponentPlans, reflection: rf.Reflection) -> None:
    assert_type(await rf.resolve_conflicts(plan, "rules", max_calls=3), rf.EditPlan)
    assert_type(await rf.resolve_conflicts(plans, rf.Reflector("rules")), rf.ComponentPlans)
    assert_type(await rf.resolve_conflicts(reflection), rf.Reflection)


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
    plans = rf.plan_edits(parsed, {"system": "prompt"}, examples=["text"], task="task")
    assert_type(plans, rf.ComponentPlans)
    assert_type(plans.apply(), dict[str, str])
    assert_type(rf.Trajectory.from_openai_messages([{"role": "user", "content": "hi"}]), rf.Trajectory)


async def simulated() -> None:
    world = simulation.World(scenario="mixed", seed=0)
    assert_type(world.seed_prompt, str)
    assert_type(world.accuracy(world.oracle), float)
    assert_type(world.examples.train, tuple[simulation.Example, ...])
    run = await world.rollout(world.seed_prompt, world.examples.val[0], world.task_model())
    assert_type(run, simulation.Run)
    assert_type(run.trajectory(), rf.Trajectory)
    assert_type(world.score(run.example, run.output).feedback, str)
    rf.Reflector(world.reflection_model())
