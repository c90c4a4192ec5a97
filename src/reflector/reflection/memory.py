"""The memory of a Reflector: what was tried is shown to the model, and not bought a second time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from reflector._text import estimate_tokens, inline_code, one_line
from reflector.errors import InputError
from reflector.reflection.aggregation.likeness import Wording
from reflector.reflection.calibration import Probability, SuggestionFeatures
from reflector.reflection.confidence import rescored
from reflector.reflection.experience import Experience, Trial
from reflector.reflection.models import Attempt, DroppedItem, ParsedReflection, ReflectionRequest, Suggestion
from reflector.trajectories.findings.wording import count_times

__all__ = ["ReflectionMemory", "drop_repeats", "memory_section"]

_TOKENS = 1_200
_BLAMED = 0.5
_NOTHING = Experience()


class ReflectionMemory:
    """What was tried, and what became of it. Several Reflectors, also in several threads, may share one.

    It holds one immutable `Experience`, which `record` replaces by a longer one.
    """

    def __init__(self, experience: Experience | None = None) -> None:
        self._lock = Lock()
        self._experience = experience or _NOTHING

    @property
    def experience(self) -> Experience:
        """All trials, with the calibration and the counters that follow from them."""
        return self._experience

    def record(self, trial: Trial) -> None:
        """Add one trial."""
        with self._lock:
            self._experience = self._experience.record(trial)

    def recall(self, request: ReflectionRequest) -> ReflectionRequest:
        """Return the request with what is known of its prompt."""
        known, prompt = self._experience, request.original_prompt
        if not known.trials:
            return request
        return request.model_copy(update={"attempts": known.attempts(prompt), "kept": known.kept(prompt)})

    @property
    def is_empty(self) -> bool:
        """Whether nothing was recorded yet: probabilities are then those of the formula, at no cost."""
        return not self._experience.trials

    def probabilities(self, features: Iterable[SuggestionFeatures]) -> tuple[Probability, ...]:
        """Return how probable it is that suggestions with these features improve the score."""
        calibration = self._experience.calibration
        return tuple(calibration.probability(each) for each in features)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file; a file that is there is replaced at once or not at all.

        Raises:
            InputError: If it cannot be written there.
        """
        target = Path(path)
        draft = target.with_name(f"{target.name}.{os.getpid()}.tmp")
        try:
            draft.write_text(self._experience.to_json(), "utf-8")
            draft.replace(target)
        except OSError as err:
            with suppress(OSError):  # it may be the folder that is missing
                draft.unlink()
            raise InputError(f"the memory {os.fspath(path)!r} cannot be written: {err.strerror}.") from err

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ReflectionMemory:
        """Return what `save` wrote.

        Raises:
            InputError: If the file cannot be read, or is not such a file.
        """
        try:
            data = Path(path).read_bytes()
        except OSError as err:
            raise InputError(f"the memory {os.fspath(path)!r} cannot be read: {err.strerror}.") from err
        return cls(Experience.from_json(data))


def memory_section(request: ReflectionRequest, *, max_tokens: int = _TOKENS) -> str:
    """Return what is remembered of the prompt, for the model to read; the latest first, cut at the limit.

    Empty if nothing is.
    """
    tried = [_attempt_line(each) for each in request.attempts]
    kept = [
        f"- helped {count_times(each.helpful)}, harmed {count_times(each.harmful)}: {inline_code(each.text)}"
        for each in request.kept
    ]
    parts = []
    if tried:
        parts += [
            "## Already Tried",
            "These changes of this prompt, or of a version that it comes from, were tried and did not help. Do not "
            "suggest them again in other words: look for another cause, or another remedy.",
            _within(tried, max_tokens * (2 if kept else 3) // 3),
        ]
    if kept:
        parts += [
            "## Put In by Earlier Changes",
            "How these texts of the prompt have fared since they were added. Keep what helps; suspect what harmed.",
            _within(kept, max_tokens * (1 if tried else 3) // 3),
        ]
    return "\n\n".join(parts)


def drop_repeats(parsed: ParsedReflection, request: ReflectionRequest) -> ParsedReflection:
    """Return a reflection without the suggestions that were tried and rejected before; `dropped` says which.

    One that was rejected alone, or several times among others, is dropped. One that was rejected once among several
    others may have been innocent and stays, unless every suggestion of the answer repeats a rejected one: then the
    same prompt would be tried again.
    """
    if not request.attempts or not parsed.suggestions:
        return parsed
    rejected = [(each, Wording.of(each.suggestion)) for each in request.attempts]
    blames = []
    for suggestion in parsed.suggestions:
        said = Wording.of(suggestion)
        blames.append(max((each.blame for each, other in rejected if said.says_the_same(other)), default=0.0))
    least = min(_BLAMED, min(blames)) if min(blames) > 0 else _BLAMED
    gone = [blame >= least - 1e-9 for blame in blames]
    if not any(gone):
        return parsed
    known = parsed.provenance
    repeats = (said for said, is_gone in zip(parsed.suggestions, gone, strict=True) if is_gone)
    left = parsed.replace(
        suggestions=_without(gone, parsed.suggestions),
        provenance=known.replace(
            suggestion_runs=_without(gone, known.suggestion_runs),
            suggestion_turns=_without(gone, known.suggestion_turns),
        ),
        dropped=(*parsed.dropped, *map(_dropped, repeats)),
    )
    return rescored(left)


def _without(gone: Sequence[bool], parts: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(part for part, is_gone in zip(parts, gone, strict=False) if not is_gone)


def _dropped(suggestion: Suggestion) -> DroppedItem:
    said = suggestion.description or suggestion.specific_text or ""
    return DroppedItem(reason="tried before on this prompt and rejected", item=one_line(said, 200))


def _attempt_line(attempt: Attempt) -> str:
    said = attempt.suggestion
    line = f"- {said.type}, {said.category}: {inline_code(said.description)}"
    if said.specific_text:
        line += f", text {inline_code(said.specific_text)}"
    line += f" (rejected {count_times(attempt.rejected)}"
    if attempt.accepted:
        line += f", accepted {count_times(attempt.accepted)}"
    if attempt.best_delta is not None:
        line += f", score {attempt.best_delta:+.3g} at best"
    return line + ")"


def _within(lines: list[str], max_tokens: int) -> str:
    """Return as many lines, from the first on, as the limit allows; how many are left out is said."""
    shown, left = [], max_tokens
    for line in lines:
        if (left := left - estimate_tokens(line)) < 0:
            break
        shown.append(line)
    if len(shown) < len(lines):
        shown.append(f"- … and {len(lines) - len(shown)} more")
    return "\n".join(shown)
