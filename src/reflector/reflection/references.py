"""How a text names runs, steps and numbered items, and which ones it names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

__all__ = ["name_places", "named_items", "named_runs", "named_steps"]

_GAP = r"\s{0,3}"  # bounded, so that no text takes long
_SEPARATOR = rf"{_GAP}(?:,{_GAP}and\b|,|;|\band\b|&|\+|-|–|—|\bto\b|\bor\b){_GAP}"
_LIST = rf"#?\d{{1,6}}(?:{_SEPARATOR}#?\d{{1,6}}\b(?!{_GAP}(?:of\s\d|%|/)))*"
_RUNS = re.compile(rf"(?<!passing )\bruns?\s{_GAP}(?:no\.?{_GAP})?({_LIST})", re.IGNORECASE)
_ALL_RUNS = re.compile(r"\b(?:all|each|every)(?: (?:of the|the|\d+))?(?: failed)? runs?\b", re.IGNORECASE)
_STEPS = re.compile(
    rf"(?:(?P<passing>passing )?\brun\s{_GAP}#?(?P<run>\d{{1,6}}){_GAP}[,:(]?{_GAP})?\bsteps?\s{_GAP}(?P<steps>{_LIST})"
    rf"(?:\s{_GAP}(?:of|in)\s{_GAP}(?P<passing_of>passing )?run\s{_GAP}#?(?P<of>\d{{1,6}}))?",
    re.IGNORECASE,
)
_PART = re.compile(r"(\d+)(?:\s{0,3}(?:-|–|—|\bto\b)\s{0,3}#?(\d+))?")
_WIDEST = 1_000


def named_runs(text: str, known: Collection[int]) -> tuple[int, ...]:
    """Return those of the known failed runs that a text names, in ascending order.

    >>> named_runs("Runs 1, 4 and 7-9 never look; run 2 step 5 does; passing run 3 too.", range(1, 20))
    (1, 2, 4, 7, 8, 9)
    >>> named_runs("Shown by all 3 runs.", range(1, 4))
    (1, 2, 3)
    """
    if _ALL_RUNS.search(text):
        return tuple(sorted(known))
    named = {number for found in _RUNS.finditer(text) for number in _numbers(found[1])}
    return tuple(sorted(named.intersection(known)))


def named_steps(text: str) -> tuple[tuple[int | None, int], ...]:
    """Return the steps of failed runs that a text names, each with the number of its run if that is named too.

    >>> named_steps("What caused the error in step 2, and steps 4-5 of run 3?")
    ((None, 2), (3, 4), (3, 5))
    >>> named_steps("run 2 step 7")
    ((2, 7),)
    """
    named: dict[tuple[int | None, int], None] = {}
    for found in _STEPS.finditer(text):
        if found["passing"] or found["passing_of"]:
            continue
        run = found["run"] or found["of"]
        for step in _numbers(found["steps"]):
            named[int(run) if run else None, step] = None
    return tuple(named)


def named_items(text: str, letter: str) -> tuple[int, ...]:
    """Return the numbers of items such as `S2` that a text names.

    >>> named_items("Rests on S2, S5 and S2.", "S")
    (2, 5)
    """
    return tuple(dict.fromkeys(int(number) for number in re.findall(rf"\b{letter}(\d{{1,6}})\b", text)))


def name_places(places: Iterable[tuple[str, str]], most: int = 12) -> str:
    """Return places, each the label of a run and its steps, in few words: runs with the same steps together.

    >>> name_places([("run 1", "step 3"), ("run 2", "step 3"), ("run 3", "step 3"), ("passing run 1", "step 4")])
    'runs 1-3 step 3; passing run 1 step 4'
    """
    runs_of: dict[str, dict[str, None]] = {}
    for label, steps in places:
        runs_of.setdefault(steps, {})[label] = None
    named = [f"{_named(list(labels))} {steps}".strip() for steps, labels in runs_of.items()]
    more = f"; and {len(named) - most} more places" if len(named) > most else ""
    return "; ".join(named[:most]) + more


def _named(labels: Sequence[str]) -> str:
    numbers = sorted(int(label[4:]) for label in labels if label.startswith("run "))
    others = [label for label in labels if label and not label.startswith("run ")]
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    listed = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
    return ", ".join([*([f"run{'s' if len(numbers) > 1 else ''} {listed}"] if numbers else []), *others])


def _numbers(listed: str) -> list[int]:
    numbers: list[int] = []
    for found in _PART.finditer(listed):
        first, last = int(found[1]), int(found[2] or found[1])
        numbers += range(first, min(last, first + _WIDEST) + 1) if last >= first else (first, last)
    return numbers
