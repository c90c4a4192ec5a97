"""Sentences of an answer, and what each of them does: suggest, regret, promise an effect, or only talk."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from itertools import islice

from reflector.reflection.sentence_cues import (
    ADVERB_VERB,
    ADVICE,
    APPEAL,
    CAUSE,
    CLAUSE,
    COMPLAINT,
    CONDITIONS,
    EFFECT,
    FILLER,
    FINE_ALREADY,
    FINE_CLUES,
    FIRST,
    GERUNDS,
    HAS_QUOTE,
    HELPS,
    LATIN,
    LATIN_FIRST,
    LATIN_IMPERATIVE,
    LEAD_IN,
    NOUN_USE,
    OTHER_IMPERATIVE,
    OTHER_SCRIPTS,
    OWN_REGRET,
    POLITE_QUESTION,
    QUOTED,
    REASON,
    REFUSAL,
    REFUSES,
    REGRET,
    TALK,
    VERBS,
)

__all__ = ["Kind", "is_reason", "is_refusal", "kind_of", "names_cause", "split_sentences"]


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


_SHORTEST = 4
_GREETING = 40
_MOST_SENTENCES = 2000
_LONGEST = 2000
"""Characters of one sentence that are looked at."""
_STOPS = re.compile(
    r"(?=[\"“«「`.!?…。！？؟।\n])(?:\"[^\"\n]{0,1500}\"|“[^“”\n]{0,1500}”|«[^«»\n]{0,1500}»|"
    r"「[^「」\n]{0,1500}」|`[^`\n]{0,600}`"
    r"|[.!?…]+[\"'”’»)\]*_]*(?=\s|$)|[。！？؟।]+[」』”）]*|\n+)"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.?g|i\.?e|etc|vs|cf|Dr|Mr|Ms|Mrs|No|Fig|approx|z\.B|d\.h|bzw|p\.ej|ex|Sr|Sra|т\.е|"
    r"т\.д)|(?<!\w)[A-HJ-Z])\.$|(?:^|\n)[ \t>*_(-]*\d{1,2}\.$"
)
_ENDS_IN_QUOTE = re.compile(r"[.!?。！？][\"”»」]$")


def split_sentences(text: str) -> list[str]:
    """Return the first 2,000 sentences of `text`, stripped, in order; quoted passages are never split.

    Linear in the length of `text`.
    """
    pieces: list[str] = []
    start = 0
    for stop in _STOPS.finditer(text):
        end = stop.end()
        if text[stop.start()] in '"“«「`' and not _ENDS_IN_QUOTE.search(stop[0]):
            continue
        if not _is_boundary(text, stop.start(), end):
            continue
        pieces.append(text[start:end].strip())
        start = end
        if len(pieces) >= _MOST_SENTENCES:
            break
    pieces.append(text[start : start + 20 * _LONGEST].strip())
    return [piece for piece in pieces if piece]


def _is_boundary(text: str, start: int, end: int) -> bool:
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
    said = sentence[:_LONGEST].strip().lstrip('*_-•–#>"“” \t')
    said = said[_after(FILLER, said) :]
    if len(said) < _SHORTEST or (len(said) < _GREETING and said.endswith(",")) or TALK.match(said):
        return Kind.TALK
    if APPEAL.match(said):
        return Kind.ENCOURAGEMENT
    if EFFECT.match(said):
        return Kind.EFFECT
    if said.rstrip("\"')”* ").endswith(("?", "？", "؟")):
        return Kind.SUGGESTION if POLITE_QUESTION.match(said) else Kind.TALK
    if _orders(said) or any(_orders(said[clause.end() :]) for clause in islice(CLAUSE.finditer(said), 4)):
        return Kind.SUGGESTION
    return _kind_by_cue(said)


def _orders(clause: str) -> bool:
    return " " in clause.strip() and _is_imperative(clause) and not NOUN_USE.match(clause)


def _is_imperative(said: str) -> bool:
    """Return whether `said` opens with an order: `Also, add …`, `If it fails, retry …`, `Adding … would help`."""
    start = _after(LEAD_IN, said)
    first = FIRST.match(said, start)
    if not first:
        return False
    word = first[0].lower()
    if word in VERBS or ADVERB_VERB.match(said, start):
        return True
    if word in CONDITIONS:
        return any(
            _first_word(said, _after(LEAD_IN, said, comma + 2)) in VERBS for comma in _commas(said, start)
        )
    return word in GERUNDS and bool(HELPS.search(said, first.end(), start + 320))


def _after(marks: re.Pattern[str], text: str, at: int = 0) -> int:
    """Return where the text goes on after `marks`."""
    found = marks.match(text, at)
    return found.end() if found else at


def _first_word(said: str, at: int) -> str:
    found = FIRST.match(said, at)
    return found[0].lower() if found else ""


def _commas(said: str, start: int) -> list[int]:
    """Return where the clause of a condition ends, and where a second condition after it does."""
    first = said.find(", ", start + 3, start + 200)
    if first < 0:
        return []
    second = said.find(", ", first + 2, first + 160) if _first_word(said, first + 2) in CONDITIONS else -1
    return [first] if second < 0 else [first, second]


def _kind_by_cue(said: str) -> Kind:
    if REFUSES.search(said, 0, 200):
        return Kind.TALK
    bare = QUOTED.sub(" ", said) if HAS_QUOTE.search(said) else said
    low = bare.lower()
    if any(clue in low for clue in FINE_CLUES) and FINE_ALREADY.search(low):
        return Kind.STATEMENT
    if " have" in low and REGRET.search(low):
        if not _advises(REGRET.sub(" ", low)):
            return Kind.SUGGESTION if OWN_REGRET.search(low) else Kind.REGRET
        return Kind.SUGGESTION
    if _advises(low) and not COMPLAINT.search(low):
        return Kind.SUGGESTION
    return Kind.SUGGESTION if _suggests_abroad(bare) else Kind.STATEMENT


def _advises(low: str) -> bool:
    """Return whether an English sentence in lower case gives advice: at each telling word, look what follows."""
    for word in FIRST.finditer(low):
        follows = ADVICE.get(word[0])
        if follows is not None and follows.match(low, word.end()):
            return True
    return False


def _suggests_abroad(said: str) -> bool:
    """Return whether a sentence in another language than English suggests something."""
    if LATIN_IMPERATIVE.match(said) or any(
        _opens_latin_advice(word[0].lower()) and LATIN.match(said, word.start())
        for word in FIRST.finditer(said)
    ):
        return True
    return not said.isascii() and bool(OTHER_SCRIPTS.search(said) or OTHER_IMPERATIVE.match(said))


@lru_cache(maxsize=8192)
def _opens_latin_advice(word: str) -> bool:
    return bool(LATIN_FIRST.fullmatch(word))


def is_reason(sentence: str) -> bool:
    """Return whether `sentence` gives the reason of the one before it: `This will prevent …`, `Otherwise …`."""
    return bool(REASON.match(sentence[:200].lstrip("*_ ")))


def names_cause(sentence: str) -> bool:
    """Return whether `sentence` says why something went wrong."""
    return bool(CAUSE.search(sentence[:_LONGEST]))


def is_refusal(text: str) -> bool:
    """Return whether an answer opens by refusing or apologising for not answering."""
    return bool(REFUSAL.search(text[:300]))
