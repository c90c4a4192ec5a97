"""What a type checker must see of the public interface. Checked by mypy, never run."""

import functools
from collections.abc import AsyncIterator
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


async def algebra() -> None:
    cl3 = rf.clifford.Signature(3, 0)
    a = cl3.vector([1, 2, 3])
    for made in (a * a, a ^ a, a | a, ~a, 2 * a, a + 1, a.inverse(), a.exp(), cl3.batch([[0.0] * 8])):
        assert_type(made, rf.clifford.Multivector)
    assert_type(a.signature, rf.clifford.Signature)
    assert_type(a.coefficients, dict[str, float])
    assert_type(
        await rf.execute(rf.CliffordOperation(operation="norm", input_multivector={"e1": 1})), rf.TaskResult
    )


async def programs() -> None:
    worker = functools.partial(
        rf.StdioProvider, ["worker", "--fast"], mode="session", timeout=60.0, max_bytes=1000
    )
    async with rf.Runtime() as runtime:
        await runtime.spawn(worker, accepts=["demo"], card=rf.ProviderCard(running=4))
    rf.serve_stdio(lambda task: rf.TaskOutput(value=1), session=False, running=2)


async def market() -> None:
    asked = rf.Task(kind="demo", estimate=rf.Estimate(input_tokens=100))
    result = await rf.execute(asked, policy=lambda candidate: candidate.expected_cost, ledger=rf.Ledger())
    assert_type(result.decision.to_text(), str)
    assert_type(rf.market_ledger(), rf.Ledger)


async def code() -> None:
    index = await rf.CodeIndex.build("src", store="index.db", options=rf.IndexOptions(max_tokens=500))
    assert_type(index, rf.CodeIndex)
    assert_type(index.report, rf.IndexReport | None)
    hits = index.search("retry with back-off", limit=10)
    assert_type(hits, list[rf.Hit])
    assert_type(hits[0].lines, tuple[int, int])
    assert_type(hits[0].chunk, rf.Chunk)
    groups = rf.group_chunks(index.chunks(), strategy="references", max_tokens=4000)
    assert_type(groups.quality.references_kept, float)
    assert_type([group.rank for group in groups], list[float])
    embedder: rf.Embedder = rf.HashingEmbedder()
    embedder = rf.LiteLLMEmbedder("openai/m")
    embedder = rf.MiniLM("folder")
    assert_type(rf.CodeIndex.open("index.db", embedder=embedder), rf.CodeIndex)
    assert_type(rf.CodeIndex.build_sync("src", store="index.db"), rf.CodeIndex)


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


async def paid_once() -> None:
    with rf.AnswerStore("answers.db", mode="replay", max_bytes=1_000_000) as store:
        assert_type(store, rf.AnswerStore)
        model = rf.Model("openai/m", store=store)
        assert_type((await model.complete(rf.ModelRequest.from_text("q", sample=2))).cached, bool)
    redactor = rf.Redactor(emails=False, patterns={"customer": r"C-[0-9]+"}, function=str.strip)
    options = rf.ReflectorOptions(seed=1, extra={"top_p": 0.5}, tries=2)
    reflector = rf.Reflector(model, options=options, redact=redactor)
    assert_type((await reflector.reflect("run.json", sample=1)).cached, bool)


async def optimizing(rows: list[dict[str, str]]) -> None:
    judge = rf.ModelJudge("openai/m", "Is it right?")
    result = await rf.optimize("seed", rows, rollout="openai/m", score="exact", reflector="openai/m")
    assert_type(result, rf.OptimizationResult)
    assert_type(result.best.text, str)
    assert_type(result.rollouts, int)
    assert_type(rf.read_run("run.db"), rf.RunRecord)
    assert_type([each.rollouts for each in rf.read_runs("runs")], list[int])
    async with rf.Optimizer({"a": "seed"}, rf.Examples(train=rows), score=judge) as optimizer:
        async for work in optimizer.work():
            await optimizer.report(work, [rf.Rollout("output") for _ in work.examples])
        assert_type(optimizer.progress.best_score, float | None)
        assert_type((await optimizer.forecast()).calls, int | None)


async def dispatching(groups: rf.Plan, endless: AsyncIterator[rf.TaskGroup]) -> None:
    async for result in rf.execute_all(groups, providers="providers.toml"):
        assert_type(result, rf.GroupResult)
        assert_type(result.cost_usd, float)
        assert_type(result.error, rf.TaskFailure | None)
    specs = rf.read_providers("llm_config.toml")
    assert_type(specs, tuple[rf.ProviderSpec, ...])
    ensemble = rf.Ensemble(size=2, merge=rf.model_reduction("openai/gpt-5"))
    async with rf.execute_all(
        endless,
        providers=specs,
        policy="quality",
        concurrency=8,
        on_failure="quorum",
        ensemble=ensemble,
        ledger=rf.Ledger(),
    ) as results:
        assert_type(results, rf.GroupResults)
    assert_type(rf.read_groups(b""), list[rf.TaskGroup])
    assert_type(rf.split_group(groups[0], 1000), tuple[rf.TaskGroup, ...])


def registering() -> None:
    rf.register_payload("shop.price", list[int])


async def planning(index: rf.CodeIndex) -> None:
    groups = rf.plan(index, task_type="code_reflection", similarity_threshold=0.7, max_tokens=4000)
    assert_type(groups, rf.Plan)
    assert_type(groups[0], rf.TaskGroup)
    assert_type(groups.expected_cost, dict[str, float | None])
    patch = rf.Patch(before="a = 1\n", after="a = 2\n")
    assert_type(patch.diff, str)
    assert_type((await patch.apply_if(".", "make test", timeout=60, memory_mb=512)).passed, bool)
