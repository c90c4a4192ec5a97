"""The answer of a Reflector: what went wrong, what to change, how sure we are, and the changed prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from pydantic import Field

from reflector.edits.plan import EditPlan
from reflector.edits.planning import plan_edits
from reflector.reflecting.page import Page
from reflector.reflection.calibration import Probability
from reflector.reflection.models import Origin, ParsedReflection, ParseMode, Suggestion
from reflector.trajectories.analysis import TrajectoryAnalysis
from reflector.trajectories.step import Outcome
from reflector.usage import Usage

__all__ = ["Reflection", "combined"]


class Reflection(ParsedReflection):
    """A parsed reflection together with the runs it is about, the edits that follow from it, and what it cost."""

    run_analysis: TrajectoryAnalysis = Field(repr=False)
    """The run it is about: of several failed ones, the one with the gravest findings."""
    other_analyses: tuple[TrajectoryAnalysis, ...] = Field(default=(), repr=False)
    """The further runs: failed ones gave evidence, passing ones served as comparison."""
    plan: EditPlan = Field(repr=False)
    """The suggestions as checked edits of the prompt."""
    suggestion_confidence: tuple[Probability, ...] = ()
    """For each suggestion, how probable it is that it improves the score; it says whether that is learned."""
    model: str
    """The model that answered; `rules` when no model was asked."""
    prompt_version: str = ""
    """Version of the prompts that were asked with; empty for rules."""
    usage: Usage = Usage()
    cached: bool = False
    """Whether the model's answer was paid before and came from a store: then its usage is nothing."""
    duration_ms: float = 0.0

    @property
    def prompt(self) -> str:
        """The prompt that was reflected on."""
        return self.plan.original_prompt

    @property
    def improved_prompt(self) -> str:
        """The prompt with the edits applied; everything outside them is unchanged."""
        return self.plan.apply()

    @property
    def failed_count(self) -> int:
        """How many of the runs did not pass; `provenance` numbers them."""
        return 1 + sum(each.outcome is not Outcome.SUCCESS for each in self.other_analyses)

    @property
    def cost_usd(self) -> float | None:
        """What the model calls cost; None when the price or the usage is unknown."""
        return self.usage.cost_usd

    @property
    def is_from_rules(self) -> bool:
        """Whether it was derived from the analysis alone, without a model."""
        return self.parse_mode is ParseMode.RULES

    def origin(self) -> Origin:
        """Return which runs it is about, when they were, and the impact of the edits that found their place."""
        run, impacts = self.run_analysis.trajectory, dict[int, float]()
        for edit in self.plan.edits:
            if edit.location is not None:
                impacts[edit.suggestion_index] = max(edit.impact, impacts.get(edit.suggestion_index, 0.0))
        failed = [each for each in self.other_analyses if each.outcome is not Outcome.SUCCESS]
        names = tuple(each.trajectory_id for each in (self.run_analysis, *failed))

        def named(numbers: tuple[tuple[int, ...], ...]) -> tuple[tuple[str, ...], ...]:
            return tuple(tuple(names[number - 1] for number in each) for each in numbers)

        return Origin(
            sources=names,
            suggestion_sources=named(self.provenance.suggestion_runs),
            cause_sources=named(self.provenance.cause_runs),
            at=run.started_at if run is not None else None,
            impacts=impacts,
        )

    def diff(self) -> str:
        """Return a unified diff of the prompt in which each edit names the suggestion that caused it."""
        return self.plan.diff()

    def __str__(self) -> str:
        """A page for people, as `reflector reflect` prints it below the run."""
        return self.page.to_text()

    def _repr_html_(self) -> str:
        return self.page.to_html()

    @property
    def page(self) -> Page:
        """What there is to show of it."""
        run, others = self.run_analysis, len(self.other_analyses)
        return Page(
            parsed=self,
            plan=self.plan,
            suggestions=self.by_priority(),
            failed_count=self.failed_count,
            model=self.model,
            usage=self.usage,
            cached=self.cached,
            subject=f"run {run.trajectory_id} ({run.outcome}){f' and {others} more' if others else ''}",
        )

    def summary(self) -> dict[str, Any]:
        """Return the parsed reflection's fields with edits, prompt, diff, model and usage, ready for JSON."""
        parsed = self.model_dump(mode="json", include=set(ParsedReflection.model_fields))
        return parsed | {
            "suggestion_confidence": [each.model_dump() for each in self.suggestion_confidence],
            "edits": [edit.to_row() for edit in self.plan.edits],
            "open_conflicts": [group.model_dump(mode="json") for group in self.plan.open_conflicts],
            "copied": [each.model_dump(mode="json") for each in self.plan.copied],
            "improved_prompt": self.improved_prompt,
            "diff": self.diff(),
            "model": self.model,
            "cached": self.cached,
            "usage": self.usage.model_dump(mode="json") | {"duration_ms": self.duration_ms},
        }

    def by_priority(self) -> tuple[Suggestion, ...]:
        """Return the suggestions, high priority first; of equal priority in the order of the answer."""
        return tuple(sorted(self.suggestions, key=lambda suggestion: suggestion.priority.rank))


def combined(parts: Sequence[Reflection], joined: ParsedReflection, *, task: str | None) -> Reflection:
    """Return several reflections on the same runs as one, with the edits that follow from it.

    Args:
        parts: The reflections.
        joined: What they say together: one of them, with other fields.
        task: What the agent is to do.
    """
    last = parts[-1]
    seen = [each.trajectory for each in (last.run_analysis, *last.other_analyses)]
    examples = [run for run in seen if run is not None]
    sure = {
        suggestion: confidence
        for each in parts
        for suggestion, confidence in zip(each.suggestions, each.suggestion_confidence, strict=False)
    }
    known = [sure.get(suggestion) for suggestion in joined.suggestions]
    reflection = joined.replace(
        suggestion_confidence=tuple(each for each in known if each is not None) if all(known) else (),
        plan=plan_edits(joined, last.prompt, config=last.plan.config, examples=examples, task=task),
        model=", ".join(dict.fromkeys(each.model for each in parts)),
        usage=sum((each.usage for each in parts), Usage()),
        cached=all(each.cached for each in parts),
        duration_ms=sum(each.duration_ms for each in parts),
    )
    return cast(Reflection, reflection)
