"""Finding what an edit copies from the examples it was learned from."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from reflector.edits.drafts import Draft
from reflector.edits.edit import CopiedText
from reflector.errors import InvalidEditError
from reflector.trajectories.trajectory import Trajectory

__all__ = ["find_copied", "read_examples"]

_LENGTH = 8
"""Words in a row that two texts rarely share by chance."""
_DEEPEST = 20
_WORD = re.compile(r"[^\W_]+")
Gram = tuple[str, ...]


def read_examples(examples: Any) -> tuple[Any, ...]:
    """Return the examples as they are, one text as one example.

    Raises:
        InvalidEditError: If one is neither a text, nor a run, nor data that can hold texts.
    """
    if examples == ():
        return ()
    given = (examples,) if isinstance(examples, str | Trajectory | Mapping) else examples
    found = tuple(given) if isinstance(given, Iterable) else (given,)
    for example in found:
        if not isinstance(example, str | Trajectory | Mapping | list | tuple):
            raise InvalidEditError(
                f"an example is a text, a Trajectory, or a dict or list with texts; got {type(example).__name__}."
            )
    return found


def find_copied(
    drafts: Sequence[Draft], examples: Sequence[Any], known: Iterable[str]
) -> tuple[CopiedText, ...]:
    """Return the passages of eight words or more that edits share with an example and with no known text.

    The time grows with the length of all texts together.

    Args:
        drafts: Whose new text is looked at.
        examples: Texts, runs, or data with texts in it.
        known: Texts that an edit may repeat, such as the prompt.
    """
    if not examples:
        return ()
    words = [list(_WORD.finditer(d.text)) if d.place else [] for d in drafts]
    places: dict[Gram, list[tuple[int, int]]] = {}
    for number, found in enumerate(words):
        said = [match[0].lower() for match in found]
        for at in range(len(said) - _LENGTH + 1):
            places.setdefault(tuple(said[at : at + _LENGTH]), []).append((number, at))
    firsts = {gram[0] for gram in places}
    for text in known if places else ():
        for gram in _shared(text, places, firsts):
            del places[gram]
    seen: dict[tuple[int, int], int] = {}
    for index, example in enumerate(examples):
        for text in _texts(example) if places else ():
            for gram in _shared(text, places, firsts):
                seen |= dict.fromkeys(places.pop(gram), index)
    copied: list[CopiedText] = []
    for (number, first), example in sorted(seen.items()):
        if (number, first - 1) not in seen:
            last = first
            while (number, last + 1) in seen:
                last += 1
            start, end = words[number][first].start(), words[number][last + _LENGTH - 1].end()
            text, count = drafts[number].text[start:end], last - first + _LENGTH
            copied.append(CopiedText(edit=drafts[number].id, text=text, words=count, example=example))
    return tuple(copied)


def _shared(text: str, places: Mapping[Gram, Any], firsts: Container[str]) -> set[Gram]:
    """Return those of the word sequences that stand in a text; `firsts` are the words they begin with."""
    words = _WORD.findall(text.lower())
    found = (tuple(words[at : at + _LENGTH]) for at, word in enumerate(words) if word in firsts)
    return {gram for gram in found if gram in places}


def _texts(example: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(example, str):
        yield example
    elif isinstance(example, Trajectory):
        yield from (step.content for step in example.steps)
    elif isinstance(example, Mapping | list | tuple) and depth < _DEEPEST:
        for part in example.values() if isinstance(example, Mapping) else example:
            yield from _texts(part, depth + 1)
