"""What a Reflector hides before anything of a reflection is sent, shown to subscribers or journaled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reflector._json import dumps
from reflector.edits.edit import EditConfig
from reflector.edits.planning import plan_edits
from reflector.llm.messages import Message
from reflector.llm.redaction import Redaction, Redactor
from reflector.reflecting.reflection import Reflection
from reflector.reflecting.runs import seen_runs
from reflector.reflection.models import ParsedReflection, ReflectionRequest
from reflector.trajectories.analysis import TrajectoryAnalysis
from reflector.trajectories.trajectory import Trajectory

__all__ = ["Hiding"]

_PLACEHOLDER = re.compile(r"<([a-z][a-z0-9_-]{0,30})-(\d{1,9})>")
Run = Trajectory | TrajectoryAnalysis


@dataclass(frozen=True, slots=True)
class Hiding:
    """One reflection's redactor and the keys that the process uses.

    The prompt keeps its own text until a request is sent, because edits are planned on it. What is secret in it, and in
    the task, gets the first placeholders, so that runs and prompt agree on them.
    """

    redactor: Redactor
    keys: tuple[str, ...]

    def runs(self, runs: Sequence[Run], prompt: str | None, task: str | None) -> list[Run]:
        """Return the runs with placeholders in everything but their prompts."""
        redaction = self.redactor.begin(self.keys)
        if redaction.is_idle:
            return list(runs)
        for text in [prompt] if prompt is not None else [_prompt_of(run) for run in runs]:
            redaction.text(text or "")
        redaction.text(task or "")
        return [_with_prompt(redaction.value(run), _prompt_of(run)) for run in runs]

    def request(self, request: ReflectionRequest) -> tuple[ReflectionRequest, Redaction]:
        """Return a request as it may be sent, and what undoes that."""
        redaction = self.redactor.begin(self.keys)
        if redaction.is_idle:
            return request, redaction
        redaction.text(request.original_prompt)
        redaction.text(request.task_description or "")
        _pass_over(redaction, dumps(request).decode())
        return redaction.value(request), redaction

    def messages(self, messages: Sequence[Message]) -> tuple[tuple[Message, ...], Redaction]:
        """Return messages as they may be sent, and what undoes that."""
        redaction = self.redactor.begin(self.keys)
        _pass_over(redaction, "\n".join(message.content for message in messages))
        return redaction.value(tuple(messages)), redaction

    @staticmethod
    def restored(
        reflection: Reflection, request: ReflectionRequest, redaction: Redaction, edits: EditConfig
    ) -> Reflection:
        """Return a reflection whose plan is one for the prompt itself, not for the prompt that was sent."""
        prompt = request.original_prompt
        if reflection.prompt == prompt:
            return reflection
        parsed = ParsedReflection(
            **{name: getattr(reflection, name) for name in ParsedReflection.model_fields}
        )
        parsed = redaction.restored(parsed, within=prompt)
        fields = {name: getattr(parsed, name) for name in ParsedReflection.model_fields}
        plan = plan_edits(
            parsed, prompt, config=edits, examples=seen_runs(request), task=request.task_description
        )
        restored: Reflection = reflection.replace(**fields, plan=plan)
        return restored


def _pass_over(redaction: Redaction, text: str) -> None:
    """Let placeholders that stand in a text already mean nothing else."""
    for name, number in _PLACEHOLDER.findall(text):
        redaction.pass_over(name, int(number))


def _prompt_of(run: Run) -> str | None:
    trajectory = run.trajectory if isinstance(run, TrajectoryAnalysis) else run
    return None if trajectory is None else trajectory.prompt


def _with_prompt(run: Run, prompt: str | None) -> Run:
    if _prompt_of(run) == prompt:
        return run
    kept: Run
    if isinstance(run, TrajectoryAnalysis):
        assert run.trajectory is not None
        kept = run.replace(trajectory=run.trajectory.replace(prompt=prompt))
    else:
        kept = run.replace(prompt=prompt)
    return kept
