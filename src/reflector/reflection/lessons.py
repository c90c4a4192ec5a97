"""What a remark on a run teaches, without the data of that run: solutions must not find their way into a prompt."""

from __future__ import annotations

import re
from itertools import takewhile

from reflector._text import one_line
from reflector.trajectories.findings.wording import content_words, sentences, words_of

__all__ = ["lesson_of"]

_SOLUTION = re.compile(
    r"\b(?:expected|(?:correct|right|reference|true|actual) (?:answer|value|result)|ground truth|gold|target|solution|"
    r"answer (?:is|was|should|would)|answer:|should (?:be|have|say|read|equal)|instead of|rather than)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b|\b(?:previous|prior|above|system|these|new) (?:\w+ )?"
    r"(?:instructions?|prompt|rules?|messages?)\b|\b(?:system|assistant|user) ?:|://|```|[<>{}@\\]",
    re.IGNORECASE,
)
# What may be the answer itself: numbers, quotations, names in the middle of a sentence, identifiers.
_DATA = re.compile(r"\S*\d\S*|[\"“`][^\"”`]*[\"”`]|(?<!^)\b[A-Z]\w*|\w+_\w+|\S+=\S+")
# A sentence that begins otherwise may begin with the answer.
_OPENERS = words_of(
    "never always no not nothing nobody none only some all each every any do don't check use ask say state give name "
    "look read call answer keep avoid make tell explain include add put cite too missing wrong one two when while "
    "before after if unless without there here he she they someone somebody user users agent assistant model"
)
_FORMATS = frozenset(
    ("I", "JSON", "XML", "CSV", "API", "URL", "ISO", "HTML", "SQL", "PDF", "UTC", "ID", "Markdown")
)
_MEANINGFUL = 2
_LONGEST = 160


def lesson_of(remark: str, prompt: str) -> str:
    """Return the sentences of a remark that a prompt may hold, on one line; empty if there are none.

    Left out are a solution and all that follows it, orders to whoever reads the prompt, and sentences with numbers,
    names or quotations that the prompt does not hold already.
    """
    before = takewhile(lambda part: not _SOLUTION.search(part), sentences(remark.replace(";", ".")))
    whole = [part for part in before if _is_general(part, prompt)]
    lesson = " ".join(whole)
    return one_line(lesson, _LONGEST) if len(content_words(lesson)) >= _MEANINGFUL else ""


def _is_general(sentence: str, prompt: str) -> bool:
    opener = content_words(sentence.split(maxsplit=1)[0])
    if opener - _OPENERS - content_words(prompt, 100_000):
        return False
    held = (found.group(0) in _FORMATS or found.group(0) in prompt for found in _DATA.finditer(sentence))
    return not _ORDER.search(sentence) and all(held)
