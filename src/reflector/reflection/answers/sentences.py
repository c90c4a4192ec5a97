"""Sentences of an answer, and what each of them does: suggest, regret, promise an effect, or only talk."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from itertools import islice

from reflector.reflection.answers import sentence_cues as cues
from reflector.reflection.answers.failures import declines

__all__ = ["Kind", "is_reason", "kind_of", "names_cause", "split_sentences"]


class Kind(IntEnum):
    """What a sentence does, from the least to the most useful to somebody who improves a prompt."""

    TALK = 0
    """Pleasantries, questions, refusals."""
    STATEMENT = 1
    """Says how things are or were."""
    EFFECT = 2
    """Says what the changes will bring."""
    ENCOURAGEMENT = 3
    """An empty appeal: `Try again to make it better!`."""
    REGRET = 4
    """What somebody else should have done: a suggestion only where nothing better is said."""
    SUGGESTION = 5


_SHORTEST, _GREETING = 4, 40
_MOST_SENTENCES = 2000
_LONGEST = 2000
"""Characters of one sentence that are looked at."""
_STOPS = re.compile(
    r"(?=[\"“«「`.!?…。！？؟।\n])(?:\"[^\"\n]{0,1500}\"|“[^“”\n]{0,1500}”|«[^«»\n]{0,1500}»|「[^「」\n]{0,1500}」"
    r"|`[^`\n]{0,600}`|[.!?…]+[\"'”’»)\]*_]*(?=\s|$)|[。！？؟।]+[」』”）]*|\n+)"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.?g|i\.?e|etc|vs|cf|Dr|Mr|Ms|Mrs|No|Fig|approx|z\.B|d\.h|bzw|p\.ej|ex|Sr|Sra|т\.е|т\.д)"
    r"|(?<!\w)[A-HJ-Z])\.$|(?:^|\n)[ \t>*_(-]*\d{1,2}\.$"
)
_ENDS_IN_QUOTE = re.compile(r"[.!?。！？][\"”»」]$")


def split_sentences(text: str) -> list[str]:
    """Return the first 2,000 sentences of `text`, stripped, in order; quoted passages are never split.

    Linear in the length of `text`.
    """
    pieces: list[str] = []
    start = 0
    for stop in _STOPS.finditer(text):
        if not _is_boundary(text, stop):
            continue
        pieces.append(text[start : stop.end()].strip())
        start = stop.end()
        if len(pieces) >= _MOST_SENTENCES:
            break
    pieces.append(text[start : start + 20 * _LONGEST].strip())
    return [piece for piece in pieces if piece]


def _is_boundary(text: str, stop: re.Match[str]) -> bool:
    start, end = stop.span()
    if text[start] in '"“«「`' and not _ENDS_IN_QUOTE.search(stop[0]):
        return False
    if text[end - 1] == "\n" or text[start] in "。！？؟।":
        return True
    follows = text[end : end + 12].lstrip()[:1]
    if not text[end : end + 1].isspace() or follows.islower() or follows in (",", ";", ")"):
        return False
    return text[start] != "." or not _ABBREVIATION.search(text, max(0, start - 8), start + 1)


@lru_cache(maxsize=1024)
def kind_of(sentence: str) -> Kind:
    """Return what `sentence` does, judged by its words in a dozen languages.

    >>> kind_of("Add the date format."), kind_of("The agent guessed."), kind_of("Let me know!")
    (<Kind.SUGGESTION: 5>, <Kind.STATEMENT: 1>, <Kind.TALK: 0>)
    """
    said = sentence[:_LONGEST].strip().lower().lstrip('*_-•–#>"“” \t')
    said = said[_after(cues.FILLER, said) :]
    if len(said) < _SHORTEST or (len(said) < _GREETING and said.endswith(",")) or cues.TALK.match(said):
        return Kind.TALK
    if cues.APPEAL.match(said):
        return Kind.ENCOURAGEMENT
    if cues.EFFECT.match(said):
        return Kind.EFFECT
    if said.rstrip("\"')”* ").endswith(("?", "？", "؟")):
        return Kind.SUGGESTION if cues.POLITE_QUESTION.match(said) else Kind.TALK
    clauses = (clause.end() for clause in islice(cues.CLAUSE.finditer(said), 4))
    if _orders(said, 0) or any(_orders(said, at) for at in clauses):
        return Kind.SUGGESTION
    return _kind_by_cue(said)


def _orders(said: str, at: int) -> bool:
    """Return whether an order stands at `at`: `Also, add …`, `If it fails, retry …`, `Adding … would help`."""
    start = _after_lead(said, at)
    first = cues.FIRST.match(said, start)
    if not first or " " not in said[start:].strip() or cues.NOUN_USE.match(said, start):
        return False
    word = first[0]
    if word in cues.VERBS or cues.ADVERB_VERB.match(said, start):
        return True
    if word in cues.CONDITIONS:
        return any(_first_word(said, _after_lead(said, at)) in cues.VERBS for at in _clauses(said, start))
    return _is_gerund(word) and bool(cues.HELPS.search(said, first.end(), start + 320))


def _after(marks: re.Pattern[str], text: str, at: int = 0) -> int:
    """Return where the text goes on after `marks`."""
    found = marks.match(text, at)
    return found.end() if found else at


def _after_lead(said: str, at: int) -> int:
    """Return where a clause goes on after words such as `also` and `please`."""
    for _ in range(4):
        at = _after(cues.LEAD_IN, said, at)
    return at


def _first_word(said: str, at: int) -> str:
    found = cues.FIRST.match(said, at)
    return found[0] if found else ""


def _is_gerund(word: str) -> bool:
    stem = word.removesuffix("ing")
    return stem != word and not cues.VERBS.isdisjoint((stem, stem + "e", stem[:-1]))


def _clauses(said: str, start: int) -> list[int]:
    """Return where the main clause after a condition may start; a second condition may come first."""
    first = said.find(", ", start + 3, start + 200) + 2
    if first < 2:
        return []
    second = said.find(", ", first, first + 160) + 2 if _first_word(said, first) in cues.CONDITIONS else 1
    return [first] if second < 2 else [first, second]


def _kind_by_cue(said: str) -> Kind:
    if declines(said):
        return Kind.TALK
    bare = cues.QUOTED.sub(" ", said)
    if cues.FINE_ALREADY.search(bare):
        return Kind.STATEMENT
    regret = " have" in bare and cues.REGRET.search(bare)
    if regret and not cues.ADVICE.search(cues.REGRET.sub(" ", bare)):
        return Kind.SUGGESTION if cues.OWN_REGRET.search(bare) else Kind.REGRET
    if regret or (cues.ADVICE.search(bare) and not cues.COMPLAINT.search(bare)):
        return Kind.SUGGESTION
    return Kind.SUGGESTION if _suggests_abroad(bare) else Kind.STATEMENT


def _suggests_abroad(said: str) -> bool:
    """Return whether a sentence in another language than English suggests something."""
    starts = (0, _after(cues.FRAME, said))
    if any(cues.LATIN_IMPERATIVE.match(said, at) for at in starts) or cues.LATIN.search(said):
        return True
    if said.isascii():
        return False
    return bool(cues.OTHER_SCRIPTS.search(said)) or any(
        cues.OTHER_IMPERATIVE.match(said, at) for at in starts
    )


def is_reason(sentence: str) -> bool:
    """Return whether `sentence` gives the reason of the one before it: `This will prevent …`, `Otherwise …`."""
    return bool(cues.REASON.match(sentence[:200].lower().lstrip("*_ ")))


def names_cause(sentence: str) -> bool:
    """Return whether `sentence` says why something went wrong."""
    return bool(cues.CAUSE.search(sentence[:_LONGEST].lower()))
