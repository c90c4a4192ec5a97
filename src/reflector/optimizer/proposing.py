"""From runs of a parent to new texts: the Reflector's part in a proposal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reflector._json import dumps
from reflector._text import shorten
from reflector.edits.planning import plan_edits
from reflector.errors import BudgetExceededError, LLMError, ReflectorError
from reflector.optimizer.candidate import Candidate
from reflector.optimizer.evaluation import Evaluation
from reflector.optimizer.running import example_text
from reflector.optimizer.work import Proposed, Reflect
from reflector.reflecting.reflection import Reflection
from reflector.reflecting.reflector import Reflector
from reflector.trajectories.step import Outcome
from reflector.trajectories.trajectory import Trajectory
from reflector.usage import Usage

__all__ = ["Proposer"]


class Proposer:
    """Asks a Reflector what the prompt did wrong in the runs of a minibatch, and makes its edits a child."""

    def __init__(self, reflector: Reflector, examples: Sequence[Any], perfect_score: float) -> None:
        self._reflector = reflector
        self._examples = examples
        self._perfect = perfect_score

    async def propose(self, order: Reflect) -> tuple[Proposed, Usage]:
        """Return the new texts, or the reason why there are none, and what the model used.

        Raises:
            LLMError: If it is one that no further call can survive.
            BudgetExceededError: If the budget does not allow the call.
        """
        texts = {name: order.candidate[name] for name in order.components}
        prompt = _shown(texts)
        runs = [
            self._run(order.candidate, row, evaluation, prompt)
            for row, evaluation in zip(order.rows, order.evaluations, strict=True)
        ]
        try:
            reflection = await self._reflector.reflect(runs, prompt=prompt)
        except BudgetExceededError:
            raise
        except LLMError as err:
            if err.fatal:
                raise
            return Proposed(reason=_reason(err), is_error=True), err.usage or Usage()
        except ReflectorError as err:
            return Proposed(reason=_reason(err), is_error=True), Usage()
        return _proposed(reflection, texts), reflection.usage

    def _run(self, candidate: Candidate, row: int, evaluation: Evaluation, prompt: str) -> Trajectory:
        """Return the record of a run as a reflection reads it, with its outcome and what the scorer said."""
        run = evaluation.trajectory or _record(self._examples[row], evaluation, prompt)
        is_success = evaluation.error is None and evaluation.score >= self._perfect
        feedback = (
            evaluation.error or evaluation.feedback or f"score {evaluation.score:g} of {self._perfect:g}"
        )
        return run.with_outcome(Outcome.SUCCESS if is_success else Outcome.FAILURE, feedback=feedback)


def _proposed(reflection: Reflection, texts: Mapping[str, str]) -> Proposed:
    plan = reflection.plan if len(texts) == 1 else plan_edits(reflection, dict(texts))
    applied = plan.apply()
    improved = {next(iter(texts)): applied} if isinstance(applied, str) else dict(applied)
    changed = {name: text for name, text in improved.items() if text != texts[name]}
    if not changed:
        reason = "no suggestion" if not reflection.suggestions else "no suggestion could be placed"
        return Proposed(reason=f"{reason} (confidence {reflection.confidence})")
    if any(not text.strip() for text in changed.values()):
        return Proposed(reason="the edits leave a text empty")
    changes = tuple(
        shorten(suggestion.specific_text or suggestion.description, 300)
        for suggestion in reflection.suggestions
    )
    return Proposed(changed, changes)


def _shown(texts: Mapping[str, str]) -> str:
    """Return the texts as one prompt: a single one as it is, several under their names."""
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "\n\n".join(f"# {name}\n{text}" for name, text in texts.items())


def _record(example: Any, evaluation: Evaluation, prompt: str) -> Trajectory:
    """Return the record of a run that left none: the prompt, the example, the output."""
    output = evaluation.output
    if not isinstance(output, str):
        try:
            output = dumps(output).decode()
        except (TypeError, ValueError, RecursionError):
            output = repr(output)
    return Trajectory.from_openai_messages(
        [
            {"role": "system", "content": prompt},
            {"role": "user", "content": example_text(example)},
            {"role": "assistant", "content": output or ""},
        ]
    )


def _reason(error: Exception) -> str:
    return shorten(f"{type(error).__name__}: {error}", 500)
