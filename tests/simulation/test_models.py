"""The simulated models as clients: accounting, latency, faults, and the same behind HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import anyio
import anyio.to_thread
import pytest

import reflector as rf
from reflector._text import estimate_tokens
from reflector.errors import (
    ConfigurationError,
    LLMConnectionError,
    LLMError,
    LLMServerError,
    RateLimitedError,
)
from reflector.llm.messages import ModelRequest
from reflector.simulation import Faults, Latency, SelfMovingClock, SimulatedModel, World
from reflector.simulation.weather import MALFORMATIONS

pytestmark = pytest.mark.anyio


def ask(world: World, number: int = 0) -> ModelRequest:
    return ModelRequest.from_text(world.examples.train[number].input, system=world.seed_prompt)


async def outcome(model: SimulatedModel, request: ModelRequest) -> str:
    try:
        return (await model.complete(request)).content
    except LLMError as err:
        return type(err).__name__


async def test_tokens_and_dollars_are_counted() -> None:
    world = World("clean")
    model = world.task_model()
    replies = [await model.complete(ask(world, number)) for number in range(3)]
    read = sum(estimate_tokens(each.content) for number in range(3) for each in ask(world, number).messages)
    written = sum(estimate_tokens(reply.content) for reply in replies)
    assert model.meter.usage == sum((reply.usage for reply in replies[1:]), replies[0].usage)
    assert (model.meter.usage.input_tokens, model.meter.usage.output_tokens) == (read, written)
    assert model.meter.usage.cost_usd == pytest.approx((read * 0.15 + written * 0.6) / 1e6)
    assert model.meter.usage.calls == 3


async def test_latency_passes_on_a_virtual_clock() -> None:
    clock = SelfMovingClock()
    world = World("clean", latency=Latency(median=10, sigma=0.5, tail=0.05), clock=clock)
    model = world.task_model()
    async with clock.running(), anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(model.complete, ask(world, number))
    assert 10 < clock.now() < model.meter.busy
    assert model.meter.most_in_flight == 20
    assert model.meter.in_flight == 0


async def test_the_same_calls_take_the_same_time_in_any_order() -> None:
    times = []
    for order in (range(10), reversed(range(10))):
        clock = SelfMovingClock()
        world = World("clean", latency=Latency(median=1), clock=clock)
        model = world.task_model()
        async with clock.running():
            for number in order:
                await model.complete(ask(world, number))
        times.append(round(clock.now(), 6))
    assert times[0] == times[1] > 0


async def test_a_call_that_is_cancelled_is_not_in_flight_any_more() -> None:
    clock = SelfMovingClock()
    world = World("clean", latency=Latency(median=1), clock=clock)
    model = world.task_model()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await model.complete(ask(world))
    assert model.meter.in_flight == 0


def test_tails_are_heavy() -> None:
    latency = Latency(median=1, sigma=0, tail=0.05, per_output_token=0)
    draws = [latency.draw(0, number) for number in range(2_000)]
    assert 0.03 < sum(each == 10 for each in draws) / 2_000 < 0.07


async def test_network_faults_are_ours_and_trying_again_can_help() -> None:
    world = World("clean", faults=Faults(rate_limited=0.3, server_error=0.2, reset=0.2))
    model = world.task_model()
    firsts = [await outcome(model, ask(world, number)) for number in range(40)]
    kinds = {RateLimitedError, LLMServerError, LLMConnectionError}
    assert {each for each in firsts if each.endswith("Error")} == {kind.__name__ for kind in kinds}
    assert model.meter.failed == sum(each.endswith("Error") for each in firsts)
    again = World("clean", faults=Faults(rate_limited=0.3, server_error=0.2, reset=0.2)).task_model()
    assert [await outcome(again, ask(world, number)) for number in reversed(range(40))] == firsts[::-1]
    failing = next(number for number, each in enumerate(firsts) if each.endswith("Error"))
    seconds = [await outcome(model, ask(world, failing)) for _ in range(20)]
    assert not all(each.endswith("Error") for each in seconds)


async def test_refusals_name_the_wait() -> None:
    world = World("clean", faults=Faults(rate_limited=1.0, retry_after=1.5))
    with pytest.raises(RateLimitedError) as caught:
        await world.task_model().complete(ask(world))
    assert caught.value.retry_after == 1.5


async def test_malformed_answers_are_those_of_the_reflection_model_alone() -> None:
    world = World("clean", faults=Faults(malformed=1.0))
    plain = World("clean")
    assert await outcome(world.task_model(), ask(world)) == await outcome(plain.task_model(), ask(plain))
    text = "Prompt:\n```\nYou file.\n```\nAnswer with a JSON list."
    requests = [ModelRequest.from_text(f"{text} T-{n}, x: filed wrongly." * (n + 1)) for n in range(5)]
    said = [await outcome(world.reflection_model(), each) for each in requests]
    assert said != [await outcome(plain.reflection_model(), each) for each in requests]


@pytest.mark.parametrize("way", MALFORMATIONS)
async def test_our_parser_stands_every_malformation(way: str) -> None:
    world = World("clean", seed=1)
    runs = [await world.rollout(world.seed_prompt, row) for row in world.examples.train[:8]]
    wrong = [run.trajectory() for run in runs if run.score < 1]
    model = world.reflection_model()

    async def spoiled(request: ModelRequest) -> str:
        return MALFORMATIONS[way]((await model.complete(request)).content)

    class Spoiled:
        name = "spoiled"
        complete = staticmethod(spoiled)

    asked = rf.Reflector(Spoiled()).reflect(wrong, prompt=world.seed_prompt)
    if way in ("refusal", "empty"):
        with pytest.raises(rf.ReflectorError):
            await asked
    else:
        assert (await asked).suggestions


async def test_an_answer_is_cut_at_the_limit_of_its_tokens() -> None:
    world = World("mixed")
    request = ask(world).model_copy(update={"max_tokens": 2})
    reply = await world.task_model().complete(request)
    assert reply.is_truncated
    assert estimate_tokens(reply.content) <= 2


@pytest.mark.parametrize(
    "make",
    [lambda: Faults(rate_limited=0.7, reset=0.7), lambda: Faults(malformed=-0.1), lambda: Latency(median=-1)],
)
async def test_senseless_weather_is_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(ConfigurationError):
        make()


class TestOverHTTP:
    """The same answers, figures and faults come over a socket."""

    def post(self, url: str, model: str, request: ModelRequest) -> tuple[int, Any]:
        body = json.dumps({"model": model, "messages": request.chat()}).encode()
        headers = {"Content-Type": "application/json", "Authorization": "Bearer none"}
        call = urllib.request.Request(f"{url}/chat/completions", body, headers)
        try:
            with urllib.request.urlopen(call) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as err:
            with err:
                return err.code, dict(err.headers)

    async def test_the_answer_is_the_same(self) -> None:
        world = World("clean", seed=2)
        task, reflection = world.task_model(), world.reflection_model()
        direct = await world.task_model().complete(ask(world))
        question = ModelRequest.from_text("Prompt:\n```\nYou file tickets.\n```\nAnswer with a JSON list.")
        thought = await world.reflection_model().complete(question)
        with world.server(task, reflection) as server:
            _, answered = await anyio.to_thread.run_sync(self.post, server.base_url, "sim-task", ask(world))
            _, reflected = await anyio.to_thread.run_sync(self.post, server.base_url, "sim-reflect", question)
        assert answered["choices"][0]["message"]["content"] == direct.content
        assert answered["usage"]["prompt_tokens"] == direct.usage.input_tokens
        assert answered["usage"]["completion_tokens"] == direct.usage.output_tokens
        assert reflected["choices"][0]["message"]["content"] == thought.content
        assert (task.meter.usage, reflection.meter.usage) == (direct.usage, thought.usage)

    async def test_refusals_and_nonsense(self) -> None:
        world = World("clean", faults=Faults(rate_limited=1.0))
        with world.server() as server:
            status, headers = await anyio.to_thread.run_sync(
                self.post, server.base_url, "sim-task", ask(world)
            )
            assert (status, headers["Retry-After"]) == (429, "0.05")
            strange = ModelRequest.model_construct(messages=())
            strange_chat: Any = [{"role": "nobody", "content": 3}]
            object.__setattr__(strange, "chat", lambda: strange_chat)
            assert (await anyio.to_thread.run_sync(self.post, server.base_url, "sim-task", strange))[0] == 400
