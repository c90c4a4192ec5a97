"""The immutable record of one run of an agent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import Field, ValidationError

from reflector._ids import new_id
from reflector._json import JSONValue, Value, dumps, first_problem, loads
from reflector._text import one_line
from reflector.errors import InputError, TrajectoryImportError
from reflector.trajectories.chat import read_messages, system_prompt
from reflector.trajectories.checks import checked, named
from reflector.trajectories.conversation import conversation_of, messages_from_steps
from reflector.trajectories.fields import MAX_DEPTH, as_mapping, settle, text_of
from reflector.trajectories.step import (
    Importance,
    Outcome,
    RecordedScore,
    Step,
    StepKind,
    TrajectoryStatistics,
    count_turns,
    opens_turn,
)
from reflector.usage import Usage

__all__ = [
    "MAX_SAVED_DEPTH", "SCHEMA", "Importance", "Outcome", "RecordedScore", "Step", "StepKind", "Trajectory",
    "utc_now",
]  # fmt: skip

SCHEMA = "reflector.trajectory/1"
"""Marks a trajectory saved by `to_json`."""
MAX_SAVED_DEPTH = MAX_DEPTH + 10
"""Levels of nesting of a saved trajectory, which holds its record some levels down."""


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


class Trajectory(Value):
    """One run of an agent: its steps and how it ended. Immutable; made by importers, `record()` or `new()`.

    >>> run = Trajectory.new("run-1").add_step("user", "2 + 2?").add_step("message", "5")
    >>> run = run.complete("failure", error="wrong sum")
    >>> run.turn_count, run.final_message, run.outcome.value
    (1, '5', 'failure')
    """

    id: str = Field(default_factory=lambda: new_id("traj"))
    steps: tuple[Step, ...] = ()
    outcome: Outcome = Outcome.UNKNOWN
    scores: tuple[RecordedScore, ...] = ()
    feedback: tuple[str, ...] = ()
    """What a scorer or a person said about the run."""
    prompt: str | None = None
    """The system prompt of the run, when the record holds it."""
    task: str | None = None
    """What the run was asked to do, when the record says so apart from its messages."""
    tools: tuple[str, ...] | None = None
    """Names of the tools the model was offered; None when the record does not say."""
    error: str | None = None
    """The error that ended the run."""
    exit_status: str | None = None
    """The record's own word for how it ended, such as `Submitted` or `LimitsExceeded`."""
    limit: str | None = None
    """The limit that ended the run: `messages`, `tokens`, `time`, `cost`, `steps`; with `=value` when known."""
    model: str | None = None
    agent: str | None = None
    usage: Usage | None = None
    started_at: datetime | None = None
    duration_ms: float | None = None
    format: str = "reflector"
    """Name of the format it was read from."""
    source: str | None = None
    """The file it was read from, as given."""
    record: str | int | None = None
    """Which record of the file; numbers count from 1, as editors count lines."""
    metadata: dict[str, JSONValue] = Field(default_factory=dict)
    raw: JSONValue = Field(default=None, repr=False)
    """The record as it was read, for a lossless way back. Not to be changed in place."""

    # --- making one ---------------------------------------------------------------------------------------

    @classmethod
    def new(
        cls, id: str | None = None, *, clock: Callable[[], datetime] = utc_now, **fields: Any
    ) -> Trajectory:
        """Return an empty trajectory, begun now, to add steps to."""
        fields.setdefault("started_at", clock())
        return checked(lambda: cls(id=id or new_id("traj"), **fields))

    @classmethod
    def from_openai_messages(cls, messages: Iterable[Any], **fields: Any) -> Trajectory:
        """Return a run from OpenAI chat messages: objects with a role, or the message objects of the SDK.

        Args:
            messages: In their order. Kept as `raw`, so that `to_openai_messages` gives them back.
            fields: More fields of the trajectory, such as `outcome="failure"`.

        Raises:
            TrajectoryImportError: If it is not a list of messages.
        """
        if isinstance(messages, str | bytes | Mapping) or not isinstance(messages, Iterable):
            raise TrajectoryImportError(
                f"expected a list of messages like {{'role': 'user', 'content': '…'}}, got {type(messages).__name__}"
            )
        try:
            raw = settle([as_mapping(message) or message for message in messages])
            steps = read_messages(raw)
        except (TypeError, ValueError) as err:
            raise TrajectoryImportError(one_line(str(err))) from err
        fields = {"prompt": system_prompt(steps), "format": "openai_chat", "raw": raw} | fields
        return checked(lambda: cls(steps=steps, **fields))

    def __hash__(self) -> int:
        return hash(self.id)  # metadata and raw hold dicts, which have no hash

    @classmethod
    def from_json(cls, data: bytes | str) -> Trajectory:
        """Return the trajectory that `to_json` wrote.

        Raises:
            TrajectoryImportError: If it is something else.
        """
        try:
            document = settle(loads(data), max_depth=MAX_SAVED_DEPTH)
        except ValueError as err:
            raise TrajectoryImportError(f"not valid JSON: {one_line(str(err))}") from err
        return cls.from_dict(document)

    @classmethod
    def from_dict(cls, document: JSONValue) -> Trajectory:
        """Return the trajectory of a parsed document of `to_json`.

        Raises:
            TrajectoryImportError: If it is something else.
        """
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise TrajectoryImportError(
                f"expected an object with schema {SCHEMA!r}; was it written by `to_json`?"
            )
        fields = {key: value for key, value in document.items() if key != "schema"}
        try:
            return cls(**fields)
        except ValidationError as err:
            raise TrajectoryImportError(first_problem(err)) from err
        except TypeError as err:
            raise TrajectoryImportError(one_line(str(err))) from err

    # --- changing it --------------------------------------------------------------------------------------

    def add_step(self, kind: StepKind | str | None = None, content: Any = "", **fields: Any) -> Trajectory:
        """Return the run with one more step at its end.

        Args:
            kind: A `StepKind` or its name; the origin's `action`, `observation` and `state_change` work too.
            content: What was said or done; anything but text is written as JSON.
            fields: More fields of the `Step`. The model turn is counted on unless `turn` is given.

        Raises:
            InputError: If the kind is missing or unknown, or a field does not exist.
        """
        return self.add_steps([self._step(kind, content, fields)])

    def add_steps(self, steps: Iterable[Step]) -> Trajectory:
        """Return the run with more steps at its end: one copy for all of them."""
        added = tuple(steps)
        strange = next((step for step in added if not isinstance(step, Step)), None)
        if strange is not None:
            raise InputError(
                f"expected Steps, got {one_line(repr(strange), 80)}; add_step() makes one from words."
            )
        return self.model_copy(update={"steps": self.steps + added})

    def _step(self, kind: StepKind | str | None, content: Any, fields: dict[str, Any]) -> Step:
        if kind is None:
            raise InputError(f"a step needs a kind: one of {', '.join(StepKind)}.")
        known = named(StepKind, kind, "kind of step")
        if known.is_model and "turn" not in fields:
            previous = self.steps[-1].kind if self.steps else None
            last = next((step.turn for step in reversed(self.steps) if step.turn is not None), -1)
            fields = fields | {"turn": last + 1 if last < 0 or opens_turn(known, previous) else last}
        return checked(lambda: Step(kind=known, content=text_of(content), **fields))

    def complete(
        self,
        outcome: Outcome | str = Outcome.SUCCESS,
        *,
        error: str | BaseException | None = None,
        completed_at: datetime | None = None,
        clock: Callable[[], datetime] = utc_now,
        **fields: Any,
    ) -> Trajectory:
        """Return the run as ended, with its duration if it is known when it began.

        Args:
            outcome: How it ended.
            error: What ended it, if it was an error.
            completed_at: When; now if not given.
            clock: Gives the present moment.
            fields: More fields of the trajectory, such as `exit_status` or `duration_ms`.
        """
        changes: dict[str, Any] = {"outcome": named(Outcome, outcome, "outcome")} | fields
        if error is not None:
            changes["error"] = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        if self.started_at is not None and "duration_ms" not in changes:
            elapsed = (completed_at or clock()) - self.started_at
            changes["duration_ms"] = max(elapsed.total_seconds() * 1000, 0.0)
        ended: Trajectory = checked(lambda: self.replace(**changes))
        return ended

    def with_outcome(
        self, outcome: Outcome | str, *, feedback: str | Iterable[str] | None = None
    ) -> Trajectory:
        """Return the run with an outcome that its record cannot know; feedback is added to what is there."""
        said = () if feedback is None else (feedback,) if isinstance(feedback, str) else tuple(feedback)
        known = named(Outcome, outcome, "outcome")
        told: Trajectory = checked(lambda: self.replace(outcome=known, feedback=(*self.feedback, *said)))
        return told

    def filter(
        self, min_importance: Importance | str = Importance.MEDIUM, *, keep_first_last: bool = True
    ) -> Trajectory:
        """Return the run with only the steps of at least that importance; `metadata["filtered"]` tells so."""
        threshold = named(Importance, min_importance, "importance")
        wanted = {level for level in Importance if level.level >= threshold.level}
        ends = {0, len(self.steps) - 1} if keep_first_last else set()
        kept = tuple(s for index, s in enumerate(self.steps) if s.importance in wanted or index in ends)
        removed = len(self.steps) - len(kept)
        match self.metadata.get("filtered"):  # by an earlier call: the note speaks for both
            case {"min_importance": str(before), "removed": int(already)} if before in list(Importance):
                removed += already
                threshold = max(threshold, Importance(before), key=lambda each: each.level)
        note = {"min_importance": threshold.value, "removed": removed}
        return self.model_copy(update={"steps": kept, "metadata": self.metadata | {"filtered": note}})

    # --- reading it ---------------------------------------------------------------------------------------

    @property
    def turn_count(self) -> int:
        """How often the model answered."""
        return count_turns(self.steps)

    @property
    def tool_calls(self) -> tuple[Step, ...]:
        """The steps that call a tool."""
        return tuple(step for step in self.steps if step.kind is StepKind.TOOL_CALL)

    @property
    def final_message(self) -> str | None:
        """The last words of the model, or None when it never said any."""
        messages = (step.content for step in reversed(self.steps) if step.kind is StepKind.MESSAGE)
        return next(messages, None)

    def statistics(self) -> TrajectoryStatistics:
        """Return the run in numbers."""
        kinds = Counter(step.kind for step in self.steps)
        levels = Counter(step.importance for step in self.steps)
        return TrajectoryStatistics(
            step_count=len(self.steps),
            turn_count=self.turn_count,
            tool_call_count=kinds[StepKind.TOOL_CALL],
            error_count=sum(step.is_error for step in self.steps),
            kinds=dict(kinds),
            importance={level: levels[level] for level in Importance},
            outcome=self.outcome,
            duration_ms=self.duration_ms,
            is_filtered="filtered" in self.metadata,
        )

    # --- writing it ---------------------------------------------------------------------------------------

    def to_openai_messages(self) -> list[dict[str, Any]]:
        """Return the run as OpenAI chat messages; imported ones come back as they were."""
        originals = conversation_of(self.raw) if self.format == "openai_chat" else []
        return messages_from_steps(self.steps, originals)

    def to_json(self, *, indent: bool = False) -> bytes:
        """Return the whole run as UTF-8 JSON, which `from_json` and `load_trajectories` read again."""
        fields = self.model_dump(mode="json", exclude_defaults=True)
        return dumps({"schema": SCHEMA, "id": self.id} | fields, indent=indent)
