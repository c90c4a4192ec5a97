"""A world: secret rules, tickets, and two simulated models, all from one seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reflector._clock import Clock
from reflector._text import shorten
from reflector.errors import ConfigurationError
from reflector.llm.client import LLMClient, call_client
from reflector.llm.messages import ModelRequest
from reflector.simulation.accuracy import composure, exact_accuracy, follow_table
from reflector.simulation.directives import read_instructions
from reflector.simulation.environment import Environment, Mark, Run
from reflector.simulation.insights import draw_insight
from reflector.simulation.models import REFLECTION_PRICE, TASK_PRICE, SimulatedModel
from reflector.simulation.question import read_question
from reflector.simulation.rules import GROUPS, Rule, make_codes, make_rules, rule_sentence
from reflector.simulation.scenario import Scenario, Visibility, scenario_named
from reflector.simulation.serving import answer_over_http
from reflector.simulation.task import answer_ticket
from reflector.simulation.tickets import Example, Examples, make_examples, read_ticket
from reflector.simulation.weather import Faults, Latency
from reflector.simulation.wording import word_answer
from reflector.testing.loopback import LoopbackServer

__all__ = ["World"]

_SEED_PROMPT = """\
You are the desk agent of Harlow & Finch. You read one ticket and file every topic of it with the file_case tool.
Answer with one line for each topic: the topic, a colon and the policy it was filed under.

## Rules
- Answer in plain text."""


class World:
    """A benchmark for reflective optimizers that needs no language model.

    The same scenario and seed give the same rules, tickets, answers and reflections, byte for byte, in every process.

    Args:
        scenario: The name of one of `SCENARIOS`, or a `Scenario`.
        seed: What everything is drawn from.
        sizes: Number of examples for training, validation and test.
        latency: Of the task model; the reflection model takes four times as long. None: no waiting.
        faults: What goes wrong with calls.
        clock: What latency waits on; a `SelfMovingClock` makes it free.
        stochastic: Whether the task model's answer is drawn anew each time the same question is put.

    >>> world = World("clean", seed=1)
    >>> round(world.accuracy(world.seed_prompt), 2) < 0.3 < 0.85 < round(world.accuracy(world.oracle), 2)
    True
    """

    def __init__(
        self,
        scenario: str | Scenario = "mixed",
        seed: int | str = 0,
        *,
        sizes: tuple[int, int, int] = (40, 40, 200),
        latency: Latency | None = None,
        faults: Faults | None = None,
        clock: Clock | None = None,
        stochastic: bool = False,
    ) -> None:
        if len(sizes) != 3 or any(not isinstance(size, int) or size < 0 for size in sizes):
            raise ConfigurationError(f"sizes are three counts, for train, val and test; got {sizes!r}.")
        self.scenario = scenario_named(scenario)
        self.seed = seed
        self._names = (self.scenario.name, seed)
        self.rules: tuple[Rule, ...] = make_rules(self.scenario, self._names)
        """The secret. An optimizer that looks here cheats."""
        decoys = make_codes(self.scenario.decoys, self._names, "decoys")
        self._environment = Environment(self.scenario, self.rules, decoys, self._names)
        topics = sorted({rule.topic for rule in self.rules})
        self.examples: Examples = make_examples(topics, sizes, self._names)
        self._tickets = {example.id: read_ticket(example.input) for example in self.examples}
        self._latency, self._faults, self._clock = latency, faults, clock
        self._is_stochastic = stochastic

    def __repr__(self) -> str:
        return f"World({self.scenario.name!r}, seed={self.seed!r})"

    # --- prompts ---

    @property
    def seed_prompt(self) -> str:
        """The prompt to begin with: it states the rules of the preserve class."""
        return self._with_rules(rule for rule in self.rules if rule.visibility is Visibility.PRESERVE)

    @property
    def oracle(self) -> str:
        """The prompt that states every rule."""
        return self._with_rules(self.rules)

    def accuracy(self, prompt: Any) -> float:
        """Return the expected accuracy of a prompt over all tickets there can be, exactly."""
        return exact_accuracy(self.rules, prompt_text(prompt), self.scenario.physics)

    def expected_score(self, prompt: Any, example: Example) -> float:
        """Return the probability that the task model answers one example rightly."""
        text = prompt_text(prompt)
        ticket = read_ticket(example.input)
        table = follow_table(self.rules, text, self.scenario.physics)
        chance = composure(text, read_instructions(text), self.scenario.physics)
        for topic in ticket.topics:
            chance *= table.get((topic, ticket.group), 1.0)
        return chance

    def gain(self, prompt: Any) -> float:
        """Return the normalised gain of a prompt: 0 is the seed prompt, 1 the oracle."""
        start, best = self.accuracy(self.seed_prompt), self.accuracy(self.oracle)
        return (self.accuracy(prompt) - start) / ((best - start) or best)

    def recall(self, prompt: Any) -> dict[Visibility, float]:
        """Return the share of the rules of each class that a prompt makes the task model follow."""
        table = follow_table(self.rules, prompt_text(prompt), self.scenario.physics)
        followed: dict[Visibility, list[bool]] = {}
        for rule in self.rules:
            chances = [table[rule.topic, group] for group in GROUPS if rule.holds_for(group)]
            followed.setdefault(rule.visibility, []).append(min(chances) >= self.scenario.physics.muddled)
        return {kind: sum(values) / len(values) for kind, values in sorted(followed.items())}

    # --- models ---

    def task_model(self) -> SimulatedModel:
        """Return the model that answers tickets; its system message is the prompt."""

        def answer(request: ModelRequest, replicate: int) -> tuple[str, str]:
            prompt = "\n\n".join(each.content for each in request.messages if each.role == "system")
            ticket = next((each.content for each in reversed(request.messages) if each.role == "user"), "")
            text = answer_ticket(prompt, ticket, self._environment, self._names, replicate)
            return text, f"{read_ticket(ticket).id} {prompt}"

        faults = replace(self._faults, malformed=0.0) if self._faults else None
        return self._model("sim-task", answer, TASK_PRICE, faults=faults)

    def reflection_model(self) -> SimulatedModel:
        """Return the model that reads runs and says how to change the prompt, in the form that the request wants."""

        def answer(request: ModelRequest, replicate: int) -> tuple[str, str]:
            question = read_question(request)
            insight = draw_insight(question, self._environment, self._tickets, self._names)
            return word_answer(question, insight, self.scenario.physics), insight.essence

        slow = replace(self._latency, median=4 * self._latency.median) if self._latency else None
        return self._model("sim-reflect", answer, REFLECTION_PRICE, latency=slow)

    def server(
        self, task: SimulatedModel | None = None, reflection: SimulatedModel | None = None, **options: Any
    ) -> LoopbackServer:
        """Return an OpenAI-compatible server with both models, to be entered with `with`.

        Args:
            task: The model that answers; give one to read its meter afterwards.
            reflection: The one that a model name with `reflect` in it leads to, such as `openai/sim-reflect`.
            options: More arguments of `LoopbackServer`, such as `requests_per_minute`.
        """
        script = answer_over_http(task or self.task_model(), reflection or self.reflection_model())
        return LoopbackServer(script, **options)

    # --- runs ---

    async def rollout(self, prompt: Any, example: Example, model: LLMClient | None = None) -> Run:
        """Return one execution of a prompt, or of a candidate, on an example.

        Args:
            prompt: A text, a mapping from components to texts, or an object with `text`.
            example: One of the world's.
            model: What is asked; None takes a task model of its own for the call.

        Raises:
            LLMError: If the model could not be asked.
        """
        text = prompt_text(prompt)
        request = ModelRequest.from_text(example.input, system=text)
        reply = await call_client(model or self.task_model(), request)
        return replace(self.finish(text, example, reply.content), usage=reply.usage)

    def finish(self, prompt: Any, example: Example, output: str) -> Run:
        """Return the run in which the task model answered `output`: for loops that ask the model themselves."""
        return self._environment.run(prompt_text(prompt), example, output)

    def score(self, example: Example, output: str) -> Mark:
        """Return whether an answer is right, and what the scorer says about it."""
        return self._environment.score(example, output)

    # --- making ---

    def _with_rules(self, rules: Any) -> str:
        lines = [f"- {rule_sentence(rule.topic, rule.group, rule.code)}" for rule in rules]
        return "\n".join([_SEED_PROMPT, *lines]) + "\n"

    def _model(self, name: str, answer: Any, price: tuple[float, float], **own: Any) -> SimulatedModel:
        given = {"latency": self._latency, "faults": self._faults, "clock": self._clock}
        return SimulatedModel(name, answer, price=price, repeats=not self._is_stochastic, **given | own)


def prompt_text(prompt: Any) -> str:
    """Return the text of a prompt, of a candidate, or of a mapping from components to texts."""
    if isinstance(prompt, str):
        return prompt
    if isinstance(prompt, Mapping):
        return "\n\n".join(str(text) for text in prompt.values())
    text = getattr(prompt, "text", None)
    if isinstance(text, str):
        return text
    raise ConfigurationError(
        "a prompt is a text, a mapping from components to texts, or an object with a text; "
        f"got {shorten(repr(prompt), 80)}."
    )
