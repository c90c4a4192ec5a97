"""Several results as one: of the parts of a task, or of several providers that did the same one."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Literal, assert_never, cast, get_args

from pydantic import ValidationError

from reflector._json import Value, dumps
from reflector.dispatch.decision import Decision
from reflector.dispatch.task import TaskOutput
from reflector.errors import ConfigurationError
from reflector.reflecting.reflection import Reflection, combined
from reflector.reflection.aggregation.likeness import Wording
from reflector.reflection.confidence import level_of
from reflector.reflection.joining import join_groups
from reflector.reflection.models import Priority
from reflector.tasks.code_results import CodeReflection, CodeSuggestion
from reflector.tasks.group import TaskGroup
from reflector.tasks.results import GroupResult, TaskFailure
from reflector.usage import Usage

__all__ = [
    "Ensemble", "FailurePolicy", "Merge", "check_merge", "merge_results", "merge_values", "suggestions_of",
]  # fmt: skip

FailurePolicy = Literal["all", "quorum", "best_effort"]
"""When several results make one: if all are there, more than half of them, or any."""

Reduction = Callable[[Sequence[Any]], Any | Awaitable[Any]]

MergeName = Literal["union", "vote", "best"]
Merge = MergeName | Reduction
"""How values become one.

- `union`: everything that any of them says: suggestions once each, plain data put together, of anything else
  a list of those that differ.
- `vote`: what more than half of them say; of values without suggestions, the most frequent one.
- `best`: the one that is most confident; of equals the first.
- a function of the values, sync or async, such as `model_reduction(model)`; a `TaskOutput` says what it cost.
"""


class Ensemble(Value):
    """The same task to several providers, and one result of it."""

    size: int = 3
    """How many are asked, in the order of the table; fewer if fewer accept the kind and can take it all."""
    merge: Merge = "union"


def check_merge(merge: Merge, on_failure: FailurePolicy) -> None:
    """Raise ConfigurationError if there is no such way to merge."""
    if not callable(merge) and merge not in ("union", "vote", "best"):
        raise ConfigurationError(f"merge is union, vote, best or a function of the values; got {merge!r}")
    if on_failure not in get_args(FailurePolicy):
        raise ConfigurationError(f"on_failure is all, quorum or best_effort; got {on_failure!r}")


async def merge_results(
    group: TaskGroup,
    results: Sequence[GroupResult],
    *,
    merge: Merge = "union",
    on_failure: FailurePolicy = "all",
) -> GroupResult:
    """Return the result of a group from those of its parts, or of the providers that did it.

    What each used is added up whatever became of it, and the results themselves are its `parts`.
    """
    done = [result for result in results if result.status == "completed"]
    usage = sum((result.usage for result in results), Usage())
    names = ", ".join(dict.fromkeys(result.provider for result in done or results if result.provider))
    merged = GroupResult(
        id=group.id,
        task_type=group.task_type,
        status="completed",
        provider=names,
        decision=_decision(names, results, merge),
        usage=usage,
        attempts=sum(result.attempts for result in results),
        parts=tuple(results),
    )
    failure = _failure(results, done, on_failure)
    if failure is not None:
        return merged.with_failure(failure)
    try:
        value = await merge_values([result.value for result in done], merge)
    except Exception as err:  # noqa: BLE001 - the border to the caller's function; its error is this one's
        spent = getattr(err, "usage", None) or Usage()
        return cast(GroupResult, merged.replace(usage=usage + spent)).with_failure(TaskFailure.of(err))
    if isinstance(value, TaskOutput):
        return cast(GroupResult, merged.replace(value=value.value, usage=usage + value.usage))
    return cast(GroupResult, merged.replace(value=value))


def _decision(names: str, results: Sequence[GroupResult], merge: Merge) -> Decision:
    how = merge if isinstance(merge, str) else getattr(merge, "__name__", "a function")
    said = "; ".join(
        f"{result.id}: {result.decision.reason}" for result in results[:8] if result.decision is not None
    )
    return Decision(provider=names, reason=f"{len(results)} results, merged by {how}. {said}")


def _failure(
    results: Sequence[GroupResult], done: Sequence[GroupResult], on_failure: FailurePolicy
) -> TaskFailure | None:
    needed = {"all": len(results), "quorum": len(results) // 2 + 1, "best_effort": 1}[on_failure]
    if len(done) >= needed:
        return None
    first = next(result.error for result in results if result.error is not None)
    failed = f"{len(results) - len(done)} of {len(results)} failed; {needed} have to succeed"
    message = f"{failed}. The first said: {first.message}"
    return first.replace(message=message)  # type: ignore[no-any-return]


# --- values ---


async def merge_values(values: Sequence[Any], merge: Merge) -> Any:
    """Return one value for several; of a single one, that."""
    values = [_typed(value) for value in values]
    if callable(merge):
        value = merge(values)
        return await value if inspect.isawaitable(value) else value
    if len(values) == 1:
        return values[0]
    match merge:
        case "best":
            return max(values, key=_confidence)
        case "vote":
            return _voted(values)
        case "union":
            return _united(values)
        case _:
            assert_never(merge)


def _typed(value: Any) -> Any:
    """Return a reflection that came from a program as what it is."""
    for kind in (CodeReflection, Reflection):
        if isinstance(value, dict) and "suggestions" in value:
            with suppress(ValidationError):
                return kind.model_validate(value)
    return value


def _confidence(value: Any) -> float:
    for name in ("confidence_score", "confidence"):
        found = value.get(name) if isinstance(value, dict) else getattr(value, name, None)
        if isinstance(found, int | float):
            return float(found)
    return 0.0


def _voted(values: Sequence[Any]) -> Any:
    if (joined := _joined(values, least=len(values) // 2 + 1)) is not None:
        return joined
    ballots = [dumps(value, sort_keys=True) for value in values]
    return values[ballots.index(Counter(ballots).most_common(1)[0][0])]


def _united(values: Sequence[Any]) -> Any:
    if (joined := _joined(values, least=1)) is not None:
        return joined
    if all(isinstance(value, dict) for value in values):
        keys = dict.fromkeys(key for value in values for key in value)
        return {key: _united([value[key] for value in values if key in value]) for key in keys}
    if all(isinstance(value, list | tuple) for value in values):
        return [item for value in values for item in value]
    kept = [value for at, value in enumerate(values) if value not in values[:at]]
    if len(kept) > 1 and all(isinstance(value, str) for value in kept):
        return "\n\n".join(kept)
    return kept[0] if len(kept) == 1 else kept


def suggestions_of(reflections: Sequence[CodeReflection]) -> list[tuple[CodeSuggestion, int]]:
    """Return what reflections suggest, each thing once, and how many of them say it; what matters most first.

    Two suggestions are one if they say the same about the same lines; the wording of the first is kept.
    """
    known: list[tuple[CodeSuggestion, Wording, set[int]]] = []
    by_path: dict[str, list[tuple[CodeSuggestion, Wording, set[int]]]] = {}
    for number, reflection in enumerate(reflections):
        for suggestion in reflection.suggestions:
            wording, here = Wording.of(suggestion), by_path.setdefault(suggestion.path, [])
            for other, words, said_by in here:
                if _overlap(suggestion, other) and (suggestion == other or wording.says_the_same(words)):
                    said_by.add(number)
                    break
            else:
                entry = (suggestion, wording, {number})
                here.append(entry)
                known.append(entry)
    ranks = list(Priority)
    known.sort(key=lambda entry: (ranks.index(entry[0].priority), entry[0].path, entry[0].start_line))
    return [(suggestion, len(said_by)) for suggestion, _, said_by in known]


def _overlap(first: CodeSuggestion, second: CodeSuggestion) -> bool:
    return first.start_line <= second.end_line and second.start_line <= first.end_line


def _joined(values: Sequence[Any], *, least: int) -> CodeReflection | Reflection | None:
    """Return one reflection that suggests what at least so many say; None if the values are no such reflections."""
    if all(isinstance(value, CodeReflection) for value in values):
        return _joined_code(values, least=least)
    if all(isinstance(value, Reflection) for value in values) and len({each.prompt for each in values}) == 1:
        return combined(values, join_groups(values, least=least), task=None)
    return None


def _joined_code(reflections: Sequence[CodeReflection], *, least: int) -> CodeReflection:
    kept = tuple(each for each, voices in suggestions_of(reflections) if voices >= least)
    # Who found nothing says little about what is kept: it may have seen other code.
    telling = [each for each in reflections if each.suggestions or not kept]
    score = sum(each.confidence_score for each in telling) / len(telling)
    return CodeReflection(
        analysis="\n\n".join(dict.fromkeys(each.analysis for each in reflections if each.analysis)),
        suggestions=kept,
        confidence=level_of(score),
        confidence_score=score,
        dropped=tuple(item for each in reflections for item in each.dropped),
        parse_mode=reflections[0].parse_mode,
    )
