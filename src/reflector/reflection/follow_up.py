"""What to ask next: the question is chosen from what was weak, and names the step it is about."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import assert_never

from reflector._json import Value
from reflector._text import clean, one_line
from reflector.reflection.confidence import FEW_CAUSES, GENERIC_SHARE, generic_share, generic_suggestions
from reflector.reflection.evidence_ranking import step_text, step_title
from reflector.reflection.models import ParsedReflection, ReflectionRequest, Suggestion
from reflector.reflection.references import named_steps
from reflector.reflection.shared_findings import SharedFinding, share_findings

__all__ = ["FollowUp", "Weakness", "choose_question", "weaknesses"]

_NAMED = 3
"""Suggestions or failures that a question names."""
_SHORT_CAUSE = 5
"""A root cause of fewer words is vague."""
_QUOTE = 160


class Weakness(StrEnum):
    """What was weak in an answer, in the order in which it is asked about."""

    GENERIC = "generic"
    """Most suggestions have no exact text, or hardly any words."""
    VAGUE = "vague"
    """There are hardly any root causes, or only slogans."""
    SEVERAL = "several"
    """The runs fail in several ways, and the answer does not say which one matters."""
    UNSUPPORTED = "unsupported"
    """Most suggestions name no step that shows that they are needed."""
    ALTERNATIVES = "alternatives"
    """Nothing in particular: is there another explanation?"""


class FollowUp(Value):
    """The next question of a conversation."""

    question: str
    weakness: Weakness
    step: tuple[int, int] | None = None
    """Number of the run, and index of the step that it asks about; None if the runs have no steps."""


def weaknesses(parsed: ParsedReflection, request: ReflectionRequest) -> tuple[Weakness, ...]:
    """Return what is weak in an answer, the weakest first; empty if nothing is."""

    def found() -> Iterator[Weakness]:
        if generic_share(parsed) > GENERIC_SHARE:
            yield Weakness.GENERIC
        clear = [cause for cause in parsed.root_causes if len(cause.split()) >= _SHORT_CAUSE]
        if len(clear) < FEW_CAUSES:
            yield Weakness.VAGUE
        kinds = {finding.point.category for finding in share_findings(request.failed)}
        if len(kinds) > 1 and _unexplained(parsed, request):
            yield Weakness.SEVERAL
        if 2 * len(_unsupported(parsed)) > max(len(parsed.suggestions), 1):
            yield Weakness.UNSUPPORTED

    return tuple(found())


def choose_question(
    parsed: ParsedReflection, request: ReflectionRequest, *, asked: Collection[FollowUp] = ()
) -> FollowUp:
    """Return what to ask after an answer. Pure: the same arguments give the same question.

    Args:
        parsed: The last answer.
        request: The first question of the conversation; its analyses say what the runs show.
        asked: What was asked before: another weakness and another step are preferred.
    """
    weak = weaknesses(parsed, request)
    known = {each.weakness for each in asked}
    weakness = next((each for each in weak if each not in known), Weakness.ALTERNATIVES)
    steps = list(dict.fromkeys(_steps(parsed, request, weakness)))
    seen = {each.step for each in asked}
    step = next((each for each in steps if each not in seen), steps[0] if steps else None)
    question = _question(weakness, parsed, request, _place(step, request))
    return FollowUp(question=question, weakness=weakness, step=step)


def _question(weakness: Weakness, parsed: ParsedReflection, request: ReflectionRequest, place: str) -> str:
    match weakness:
        case Weakness.GENERIC:
            named = _quoted(generic_suggestions(parsed))
            return (
                f"These suggestions do not say exactly what to change: {named}. Look at {place} again. Which exact "
                "text would have made the agent act differently there? For each change give the text, ready to stand "
                "in the prompt, the place where it goes, and the passage as it is now and as it will be."
            )
        case Weakness.VAGUE:
            return (
                f"What went wrong at {place}, and is it the most critical failure? Which chain of events led to it? "
                "What did the agent assume there, and which words of the prompt, or which words missing in it, let "
                "it assume that?"
            )
        case Weakness.SEVERAL:
            kinds = "; ".join(
                f"{each.point.category} at {_place(_first_step(each, request), request)}"
                for each in share_findings(request.failed)[:_NAMED]
            )
            return (
                f"The failures are of several kinds: {kinds}. Which single change of the prompt would have the highest "
                f"impact, and which of these failures follow from others? What explains {place}, which no root cause "
                "or suggestion names so far?"
            )
        case Weakness.UNSUPPORTED:
            return (
                f"Which step shows that these suggestions are needed: {_quoted(_unsupported(parsed))}? Start from "
                f"{place}. Name for each suggestion the step and the words of the record that support it, and withdraw "
                "those that nothing supports."
            )
        case Weakness.ALTERNATIVES:
            return (
                f"Which other explanation of {place} fits the record as well as yours? What would the prompt have to "
                "say if that one is right, and which step of the record tells the two apart?"
            )
        case _:
            assert_never(weakness)


def _quoted(suggestions: Collection[Suggestion]) -> str:
    named = [f"“{one_line(clean(each.description), 120)}”" for each in list(suggestions)[:_NAMED]]
    more = f" and {len(suggestions) - _NAMED} more" if len(suggestions) > _NAMED else ""
    return ", ".join(named) + more


def _unsupported(parsed: ParsedReflection) -> list[Suggestion]:
    return [each for each in parsed.suggestions if not named_steps(f"{each.rationale} {each.description}")]


def _said_steps(parsed: ParsedReflection, request: ReflectionRequest) -> set[tuple[int, int]]:
    """Return the steps that an answer names; one that names no run is of the gravest run."""
    first = request.numbers[0]
    texts = [parsed.analysis, *parsed.root_causes]
    texts += [f"{each.description} {each.rationale}" for each in parsed.suggestions]
    return {(first if run is None else run, step) for text in texts for run, step in named_steps(text)}


def _unexplained(parsed: ParsedReflection, request: ReflectionRequest) -> list[SharedFinding]:
    """Return the failures of which no step is named in an answer, those first that matter most."""
    said = _said_steps(parsed, request)
    numbers = request.numbers
    return [
        finding
        for finding in share_findings(request.failed)
        if not any(
            (numbers[run], index) in said for run, point in finding.places for index in point.step_indices
        )
    ]


def _steps(
    parsed: ParsedReflection, request: ReflectionRequest, weakness: Weakness
) -> Iterator[tuple[int, int]]:
    """Yield the steps worth asking about: those of generic suggestions, those that nothing explains yet, the others."""
    if weakness is Weakness.GENERIC:
        for each in generic_suggestions(parsed):
            for run, index in named_steps(each.rationale):
                step = (request.numbers[0] if run is None else run, index)
                if _exists(step, request):
                    yield step
    for finding in (*_unexplained(parsed, request), *share_findings(request.failed)):
        if (found := _first_step(finding, request)) is not None:
            yield found
    trajectory = request.trajectory_analysis.trajectory
    if trajectory is not None and trajectory.steps:
        yield request.numbers[0], len(trajectory.steps) - 1


def _first_step(finding: SharedFinding, request: ReflectionRequest) -> tuple[int, int] | None:
    for run, point in finding.places:
        if point.step_index is not None:
            return request.numbers[run], point.step_index
    return None


def _exists(step: tuple[int, int], request: ReflectionRequest) -> bool:
    if step[0] not in request.numbers:
        return False
    trajectory = request.failed[request.numbers.index(step[0])].trajectory
    return trajectory is not None and step[1] < len(trajectory.steps)


def _place(step: tuple[int, int] | None, request: ReflectionRequest) -> str:
    """Return a step as a question names it, with its first words."""
    if step is None:
        return "the run as a whole"
    number, index = step
    name = f"step {index}" + (f" of run {number}" if len(request.numbers) > 1 else "")
    if not _exists(step, request):
        return name
    analysis = request.failed[request.numbers.index(number)]
    assert analysis.trajectory is not None
    told = analysis.trajectory.steps[index]
    evidence = (point.evidence for point in analysis.failure_points if index in point.step_indices)
    words = one_line(clean(next((each for each in evidence if each), "") or step_text(told)), _QUOTE)
    return f"{name} ({one_line(clean(step_title(told)), 80)}{f': “{words}”' if words else ''})"
