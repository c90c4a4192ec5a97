"""What a prompt quotes of the runs, and how much of each step.

A reflection is as good as the evidence it reads, and a prompt has a budget. So evidence is kept by value, quoted
verbatim, and what had to be left out is said.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from reflector._text import estimate_tokens, shorten_around
from reflector.reflection.evidence_ranking import (
    Excerpt,
    RankedSteps,
    Worth,
    rank_one_of_many,
    step_text,
    step_title,
    steps_of,
    telling_line,
)  # fmt: skip
from reflector.reflection.repeated_lines import RepeatedLines
from reflector.trajectories.analysis import TrajectoryAnalysis

__all__ = ["Evidence", "EvidenceBudget", "least_tokens", "quote_steps", "select_evidence"]

_EXCERPT_OVERHEAD = 24
"""Tokens of an excerpt's own heading and fence."""
_NUMBERED = re.compile(r"^\s*\d{1,6}(?::|\t|\s*[|→])")
"""What tools that show a file write before its lines."""
_ID = re.compile(r"\b[A-Za-z_-]*\d[\w-]{2,40}")
"""A number of some digits, or a name with one: what tells one record from others."""
_RARE = 2
_WORTH_CONDENSING = 300
"""Characters from which on a repeated text is shown as its changes."""
_BY_PLACE = attrgetter("run", "step_index")


@dataclass(frozen=True, slots=True)
class EvidenceBudget:
    """How much evidence a prompt may hold."""

    tokens: int
    """For all excerpts together, in estimated tokens."""
    excerpt_characters: int
    """For one excerpt; a longer step is cut around its evidence."""
    worth: Worth = Worth.CONTEXT
    """The least valuable evidence to show."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a prompt quotes, and what it leaves out."""

    excerpts: tuple[Excerpt, ...]
    """In the order of the runs and their steps."""
    left_out: int = 0
    """Number of steps of failed runs that are not quoted."""
    others: tuple[Excerpt, ...] = ()
    """The steps that say something and are not quoted, in the order of the runs and their steps."""

    @property
    def cut(self) -> int:
        """Number of excerpts that were shortened."""
        return sum(excerpt.is_cut for excerpt in self.excerpts)


def select_evidence(ranked: RankedSteps, budget: EvidenceBudget) -> Evidence:
    """Return the most valuable excerpts that fit the budget, in the order of the runs, the passing ones last.

    A step whose text does not fit as a whole is cut around the words that a finding quotes; one that does not fit even
    then is left out and counted. What is tried or shown again with few changes is shown as what changed, and the room
    that this saves is used for further steps.
    """
    chosen, rest = _take(
        [each for each in ranked.excerpts if each.worth <= budget.worth], budget, budget.tokens
    )
    excerpts = _condense(chosen)
    if any(len(excerpt.text) > _WORTH_CONDENSING for excerpt in chosen):
        saved = sum(map(_cost, chosen)) - sum(map(_cost, excerpts))
        more, _ = _take(rest, budget, saved) if saved > _EXCERPT_OVERHEAD else ([], [])
        excerpts = _condense([*chosen, *more]) if more else excerpts
    places = {_BY_PLACE(excerpt) for excerpt in excerpts}
    others = sorted((each for each in ranked.excerpts if _BY_PLACE(each) not in places), key=_BY_PLACE)
    quoted = Counter(excerpt.run for excerpt in excerpts)
    left_out = sum(max(0, count - quoted[run]) for run, count in enumerate(ranked.steps))
    return Evidence(tuple(excerpts), left_out, tuple(others))


def least_tokens(analysis: TrajectoryAnalysis, budget: EvidenceBudget) -> int:
    """Return about how many tokens it takes to show what went wrong in one of many failed runs."""
    return sum(map(_cost, _take(rank_one_of_many(analysis), budget, budget.tokens)[0]))


def quote_steps(
    failed: Sequence[TrajectoryAnalysis], places: Iterable[tuple[int, int]], characters: int
) -> list[Excerpt]:
    """Return excerpts of the steps at the places (run, step) that exist, each of at most about so many characters."""
    excerpts = []
    for run, index in sorted(set(places)):
        steps = steps_of(failed[run])
        if index < len(steps):
            step = steps[index]
            passages = (each.evidence for each in failed[run].failure_points if index in each.step_indices)
            text = shorten_around(step_text(step), next(passages, ""), characters)
            excerpts.append(Excerpt(Worth.ERROR, 0, run, index, step_title(step), text, step.kind))
    return excerpts


def _cost(excerpt: Excerpt) -> int:
    return estimate_tokens(excerpt.text) + _EXCERPT_OVERHEAD


def _take(
    ranked: Sequence[Excerpt], budget: EvidenceBudget, tokens: int
) -> tuple[list[Excerpt], list[Excerpt]]:
    """Return as many excerpts as fit, shortened where need be, and those that do not."""
    chosen: list[Excerpt] = []
    rest: list[Excerpt] = []
    for excerpt in ranked:
        limit = budget.excerpt_characters * excerpt.quarters // 4
        for characters in (limit, limit // 4):
            if min(len(excerpt.text), characters) // 4 + _EXCERPT_OVERHEAD > tokens:
                continue  # not worth looking for what has to stay of it
            text = shorten_around(excerpt.text, _passage(excerpt, characters), characters)
            cost = estimate_tokens(text) + _EXCERPT_OVERHEAD
            if cost <= tokens:
                tokens -= cost
                is_whole = text is excerpt.text
                chosen.append(excerpt if is_whole else excerpt._replace(text=text, is_cut=True))
                break
        else:
            rest.append(excerpt)
    return chosen, rest


def _passage(excerpt: Excerpt, characters: int) -> str:
    """Return what has to stay of a text that is cut: what a finding quotes, else a line that stands out."""
    if len(excerpt.text) <= characters or (excerpt.passage and excerpt.passage in excerpt.text):
        return excerpt.passage
    room = characters * 3 // 4
    return (
        _worked_on(excerpt.text, excerpt.called, room)
        or telling_line(excerpt.text)
        or _named_in_calls(excerpt.text, excerpt.called, room)
    )


def _worked_on(text: str, called: Container[str], characters: int) -> str:
    """Return the part of a text in which most lines stand that the run's calls hold too; empty if fewer than two."""
    places: list[tuple[int, int]] = []
    at = first = 0
    best: tuple[int, int, int] = (1, 0, 0)
    for line in text.splitlines(keepends=True) if called else ():
        if _bare(line) in called:
            places.append((at, at + len(line.rstrip())))
            while first < len(places) - 1 and places[-1][1] - places[first][0] > characters:
                first += 1
            best = max(best, (len(places) - first, places[first][0], places[-1][1]), key=lambda each: each[0])
        at += len(line)
    return text[best[1] : best[2]]


def _named_in_calls(text: str, called: Iterable[str], characters: int) -> str:
    """Return the part of a text in which most numbers and ids stand that the run's calls name, and the text does once
    or twice: one of many offers that was chosen. Empty if there is none."""
    named = {word for line in called for word in _ID.findall(line)}
    found = [each for each in _ID.finditer(text) if each.group() in named] if named else []
    often = Counter(each.group() for each in found)
    places = [each for each in found if often[each.group()] <= _RARE]
    first, best = 0, (0, 0, 0)
    for last, each in enumerate(places):
        while each.end() - places[first].start() > characters:
            first += 1
        best = max(best, (last - first + 1, places[first].start(), each.end()), key=lambda found: found[0])
    return text[best[1] : best[2]]


def _bare(line: str) -> str:
    return _NUMBERED.sub("", line).strip()


def _condense(chosen: Sequence[Excerpt]) -> list[Excerpt]:
    """Return the excerpts with long texts, and blocks of lines, that come again replaced by what changed in them.

    Each refers to a step that is printed in full. The lines that a finding quotes stay, unless all is the same to the
    letter.
    """
    whole: dict[tuple[int, str], Excerpt] = {}
    same: dict[tuple[int, str, str], int] = {}
    lines: dict[int, RepeatedLines] = {}
    result = []
    for excerpt in sorted(chosen, key=_BY_PLACE):
        if len(excerpt.text) > _WORTH_CONDENSING:
            key = (excerpt.run, excerpt.title)
            known = same.setdefault((*key, excerpt.text), excerpt.step_index)
            short = _relative(excerpt, known, whole.get(key))
            if short is excerpt:
                printed = lines.setdefault(excerpt.run, RepeatedLines())
                text = printed.fold(excerpt.text, excerpt.step_index, excerpt.passage)
                if text == excerpt.text:
                    whole[key] = excerpt
                short = excerpt._replace(text=text)
            excerpt = short
        result.append(excerpt)
    return result


def _relative(excerpt: Excerpt, same: int, before: Excerpt | None) -> Excerpt:
    if same != excerpt.step_index:
        return excerpt._replace(title=f"{excerpt.title}, the same as step {same}", text="")
    if before is None or excerpt.worth <= Worth.DIVERGENCE or before.is_cut or excerpt.is_cut:
        return excerpt
    changes = _changes(before.text, excerpt.text)
    if not changes:
        return excerpt
    return excerpt._replace(
        title=f"{excerpt.title}, as in step {before.step_index} but for these lines", text=changes
    )


def _changes(before: str, after: str) -> str:
    """Return the changed lines marked with - and +, or nothing if too much has changed for that to be shorter."""
    lines = [
        line.rstrip("\n")
        for line in difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
        if not line.startswith(("---", "+++"))
    ]
    text = "\n".join("…" if line.startswith("@@") else line for line in lines)
    return text if len(text) < len(after) // 2 else ""
