"""`.traj` files of SWE-agent: the steps that were taken, and the history that the model saw."""

from __future__ import annotations

import re
from typing import Any

from reflector._json import JSONValue, loads
from reflector.trajectories.chat import ChatReader, parse_arguments, system_prompt
from reflector.trajectories.evidence import limit_of
from reflector.trajectories.fields import as_count, as_list, as_mapping, as_number, as_text, first_of, text_of
from reflector.trajectories.formats.format import Format, Sample
from reflector.trajectories.step import Outcome, StepKind
from reflector.trajectories.trajectory import Trajectory
from reflector.usage import Usage

__all__ = ["SWE_AGENT"]

# The words with which the environment itself reports a command that ran out of time.
_TIMED_OUT = re.compile(
    r"\s*(?:(?:COMMAND|EXECUTION) TIMED OUT|The command .{0,5000}? was cancelled because it took more than)",
    re.DOTALL,
)


def _recognizes(sample: Sample) -> float:
    value = as_mapping(sample.value)
    taken = value.get("trajectory")
    if not isinstance(taken, list):
        return 0.0
    if not all({"action", "observation"} <= as_mapping(step).keys() for step in taken[:5]):
        return 0.0
    return 0.95 if isinstance(value.get("history"), list) or taken else 0.3


def _read(record: JSONValue, default_id: str) -> Trajectory:
    fields = as_mapping(record)
    taken = fields.get("trajectory")
    if not isinstance(taken, list):
        raise ValueError(f"expected an object with `trajectory`, got {type(taken).__name__} there")
    history = [as_mapping(message) for message in as_list(fields.get("history"))]
    reader = ChatReader()
    for message in _opening(history):
        reader.add(message, 0)
    # These stand in the history; `source_index` counts the trajectory.
    reader.steps = [step.model_copy(update={"source_index": None}) for step in reader.steps]
    answers = _answers(history, len(taken))
    for index, step in enumerate(taken):
        if not isinstance(step, dict):
            raise ValueError(f"step {index} is not an object but {type(step).__name__}")
        _add_taken(reader, step, index, answers[index] if answers else {})
    info = as_mapping(fields.get("info"))
    replay = _settings(fields.get("replay_config"))
    exit_status = as_text(info.get("exit_status"))
    agent = as_mapping(replay.get("agent"))
    return Trajectory(
        id=default_id,
        steps=tuple(reader.steps),
        outcome=_outcome(exit_status, as_text(info.get("submission"))),
        prompt=system_prompt(reader.steps),
        task=as_text(as_mapping(replay.get("problem_statement")).get("text")),
        error=exit_status if (exit_status or "").startswith(("exit_error", "exit_environment")) else None,
        exit_status=exit_status,
        limit=limit_of(exit_status) if "exit_" in (exit_status or "").lower() else None,
        model=as_text(as_mapping(agent.get("model")).get("name")),
        agent="SWE-agent",
        usage=_usage(as_mapping(info.get("model_stats"))),
        format=SWE_AGENT.name,
        metadata={"environment": fields["environment"]} if as_text(fields.get("environment")) else {},
        raw=record,
    )


def _settings(value: JSONValue) -> dict[str, Any]:
    """Return the configuration, which some versions write as JSON in a text."""
    if isinstance(value, str):
        try:
            return as_mapping(loads(value))
        except ValueError:
            return {}
    return as_mapping(value)


def _opening(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the model was told before its first step; demonstrations are not part of the run."""
    opening: list[dict[str, Any]] = []
    for message in history:
        if message.get("is_demo"):
            continue
        if message.get("role") == "assistant":
            break
        if isinstance(message.get("role"), str):
            opening.append({"role": message["role"], "content": message.get("content")})
    return opening


def _answers(history: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Return the model's answers in the history if there is one for every step, else an empty list."""
    answers = [m for m in history if m.get("role") == "assistant" and not m.get("is_demo")]
    return answers if len(answers) == count else []


def _add_taken(reader: ChatReader, step: dict[str, Any], index: int, answer: dict[str, Any]) -> None:
    reader.turn += 1
    thought = as_text(step.get("thought")) or as_text(step.get("response"))
    if thought:
        reader.add_step(StepKind.REASONING, index, content=thought)
    link: dict[str, Any] = {}
    action = text_of(step.get("action"))
    if action.strip():
        function = as_mapping(as_mapping(next(iter(as_list(answer.get("tool_calls"))), None)).get("function"))
        name = as_text(function.get("name")) or action.split(maxsplit=1)[0]
        given = parse_arguments(function.get("arguments")) if function else {"command": action.strip("\n")}
        link = {"name": name, "call_id": f"call_{index}"}
        reader.add_step(StepKind.TOOL_CALL, index, content=action, arguments=given, **link)
        reader.claim_call(link["call_id"])
    elif not thought:
        reader.add_step(StepKind.MESSAGE, index)
    seconds = as_number(step.get("execution_time"))
    observation = text_of(step.get("observation"))
    is_late = _TIMED_OUT.match(observation) is not None
    reader.add_step(
        StepKind.TOOL_RESULT,
        index,
        content=observation,
        is_error=is_late,
        error="timeout" if is_late else None,
        duration_ms=seconds * 1000 if seconds is not None else None,
        metadata={"state": step["state"]} if step.get("state") else {},
        **link,
    )


def _outcome(exit_status: str | None, submission: str | None) -> Outcome:
    """Return what the file proves: a submission is not yet a success, a run without one is none."""
    status = (exit_status or "").lower()
    if not status or status == "submitted":
        return Outcome.UNKNOWN
    if submission:
        return Outcome.PARTIAL
    if "time" in status:
        return Outcome.TIMEOUT
    return Outcome.ERROR if "error" in status or "environment" in status else Outcome.FAILURE


def _usage(stats: dict[str, Any]) -> Usage | None:
    usage = Usage(
        input_tokens=as_count(stats.get("tokens_sent")),
        output_tokens=as_count(stats.get("tokens_received")),
        calls=as_count(stats.get("api_calls")) or 0,
        cost_usd=as_number(first_of(stats, "instance_cost", "total_cost")),
    )
    return None if usage == Usage() else usage


SWE_AGENT = Format(name="swe_agent", extensions=(".traj",), recognizes=_recognizes, read=_read)
