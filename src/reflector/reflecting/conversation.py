"""A conversation about runs: several turns of reflection, as a value that can be saved and continued anywhere."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationError

from reflector._ids import new_id
from reflector._json import JSONValue, Value, dumps, loads
from reflector._text import one_line
from reflector.errors import ConversationCompletedError, InputError, MaxTurnsReachedError
from reflector.reflecting.reflection import Reflection, combined
from reflector.reflection.follow_up import FollowUp, Weakness, choose_question
from reflector.reflection.joining import join_turns
from reflector.reflection.models import Exchange, ParsedReflection, ReflectionRequest
from reflector.usage import Usage

__all__ = ["Conversation", "Turn"]

_SCHEMA = "reflector.conversation/1"
_SHARED = {"run_analysis", "other_analyses"}
"""What the reflection of every turn has in common with the request; saved once."""


class Turn(Value):
    """One question and its answer."""

    number: int = Field(ge=1)
    reflection: Reflection
    question: str | None = None
    """None in the first turn."""
    weakness: Weakness | None = None
    """Why the question was asked; None if somebody else chose it."""
    step: tuple[int, int] | None = None
    """Run and step that a chosen question is about."""

    @property
    def kind(self) -> str:
        """`initial` or `follow_up`."""
        return "initial" if self.question is None else "follow_up"


class Conversation(Value):
    """Several turns of reflection on the same runs.

    A `Reflector` starts and continues it. Every change gives a new value; the same value continued in another process,
    with the same model, gives the same result.
    """

    request: ReflectionRequest
    """The first question."""
    turns: tuple[Turn, ...] = ()
    max_turns: int = Field(default=3, ge=1)
    completed: bool = False
    """Whether nothing more is asked: after `complete()`, or when `converse` ended."""
    id: str = Field(default_factory=lambda: new_id("conversation"), min_length=1)
    metadata: dict[str, JSONValue] = Field(default_factory=dict)
    """`stopped`: why `converse` ended."""

    @property
    def current_turn(self) -> int:
        """How many turns there were."""
        return len(self.turns)

    @property
    def reflections(self) -> tuple[Reflection, ...]:
        """What each turn's answer said."""
        return tuple(turn.reflection for turn in self.turns)

    @property
    def usage(self) -> Usage:
        """What all turns used."""
        return sum((reflection.usage for reflection in self.reflections), Usage())

    @property
    def cost_usd(self) -> float | None:
        """What all turns cost; None when a price or a usage is unknown."""
        costs = [reflection.cost_usd for reflection in self.reflections]
        return (
            None if any(cost is None for cost in costs) else sum(cost for cost in costs if cost is not None)
        )

    @property
    def merged(self) -> Reflection | None:
        """The reflections of all turns as one; `provenance` says which turn said what. None before the first turn.

        The latest wording of a suggestion holds, and a later change of a passage replaces an earlier one.
        """
        if len(self.turns) < 2:
            return self.turns[0].reflection if self.turns else None
        return combined(self.reflections, join_turns(self.reflections), task=self.request.task_description)

    def complete(self) -> Conversation:
        """Return the conversation as completed: nothing more is asked in it."""
        return self.model_copy(update={"completed": True})

    def next_question(self) -> FollowUp:
        """Return the question that the next turn asks by itself: about what was weak, not what was asked before.

        Raises:
            InputError: If there is no answer yet.
        """
        if not self.turns:
            raise InputError("the conversation has no turn yet; start it with `start_conversation`.")
        asked = [
            FollowUp(question=turn.question or "", weakness=turn.weakness, step=turn.step)
            for turn in self.turns
            if turn.weakness is not None
        ]
        return choose_question(self.turns[-1].reflection, self.request, asked=asked)

    def check_open(self) -> None:
        """Raise if there can be no further turn.

        Raises:
            ConversationCompletedError: If it is completed.
            MaxTurnsReachedError: If it has had all its turns.
        """
        if self.completed:
            raise ConversationCompletedError(
                f"conversation {self.id} is completed after {self.current_turn} turns; start a new one."
            )
        if self.current_turn >= self.max_turns:
            raise MaxTurnsReachedError(
                f"conversation {self.id} has had {self.current_turn} turns, max_turns={self.max_turns}; "
                "start it with a higher max_turns to ask more.",
                max_turns=self.max_turns,
            )

    def next_request(self, question: str) -> ReflectionRequest:
        """Return what is asked in the next turn: the same runs, what was said so far, and the question.

        Raises:
            ConversationError: If there can be no further turn.
            InputError: If the question is no text.
        """
        self.check_open()
        if not isinstance(question, str) or not question.strip():
            raise InputError(
                f"a question is a text, or None to have it chosen; got {one_line(repr(question), 80)}."
            )
        history = tuple(
            Exchange(answer=_said(turn.reflection), question=turn.question) for turn in self.turns
        )
        asked: ReflectionRequest = self.request.replace(history=history, question=question)
        return asked

    def with_turn(self, reflection: Reflection, follow_up: FollowUp | str | None = None) -> Conversation:
        """Return the conversation with one more turn."""
        chosen = follow_up if isinstance(follow_up, FollowUp) else None
        turn = Turn(
            number=self.current_turn + 1,
            reflection=reflection,
            question=chosen.question if chosen is not None else follow_up,
            weakness=chosen.weakness if chosen is not None else None,
            step=chosen.step if chosen is not None else None,
        )
        return self.model_copy(update={"turns": (*self.turns, turn)})

    def to_json(self) -> bytes:
        """Return the whole conversation, runs included, as UTF-8 JSON that `from_json` reads again."""
        fields = self.model_dump(mode="json", exclude={"turns": {"__all__": {"reflection": _SHARED}}})
        return dumps({"schema": _SCHEMA} | fields)

    @classmethod
    def from_json(cls, data: bytes | str) -> Conversation:
        """Return the conversation that `to_json` wrote.

        Raises:
            InputError: If it is something else.
        """
        try:
            document = loads(data)
        except (ValueError, TypeError) as err:
            raise InputError(f"not a saved conversation: not valid JSON: {one_line(str(err))}") from err
        if not isinstance(document, dict) or document.get("schema") != _SCHEMA:
            raise InputError(f"not a saved conversation: expected an object with schema {_SCHEMA!r}.")
        fields = {name: value for name, value in document.items() if name != "schema"}
        try:
            return cls.model_validate(fields | {"turns": _complete_turns(fields)})
        except (ValidationError, TypeError, RecursionError) as err:
            raise InputError(f"not a saved conversation: {_problem(err)}") from err


def _complete_turns(fields: dict[str, Any]) -> Any:
    """Return the saved turns with the runs that they have in common with the request."""
    turns, request = fields.get("turns"), fields.get("request")
    if not isinstance(turns, list) or not isinstance(request, dict):
        return turns
    shared = {
        "run_analysis": request.get("trajectory_analysis"),
        "other_analyses": request.get("other_analyses", []),
    }
    return [
        turn | {"reflection": turn["reflection"] | shared}
        if isinstance(turn, dict) and isinstance(turn.get("reflection"), dict)
        else turn
        for turn in turns
    ]


def _problem(err: Exception) -> str:
    if isinstance(err, ValidationError):
        first = err.errors(include_url=False, include_input=False, include_context=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return one_line(str(err))


def _said(reflection: Reflection) -> ParsedReflection:
    """Return a reflection without its runs and its plan."""
    return ParsedReflection(**{name: getattr(reflection, name) for name in ParsedReflection.model_fields})
