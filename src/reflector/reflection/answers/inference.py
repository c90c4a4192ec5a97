"""What kind of change a sentence asks for, when the answer does not say it in a field."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from reflector.reflection.answers.vocabulary import SUBJECTS, VERBS, WordGroups, is_joined, match_priority
from reflector.reflection.models import Priority, SuggestionCategory, SuggestionType
from reflector.trajectories.findings.wording import words_of

__all__ = ["infer_category", "infer_priority", "infer_type"]

_READ = 500
"""Characters looked at: the verb and the subject of a change stand at its beginning."""
_STRONG, _WEAK = 3, 1


def infer_type(text: str) -> SuggestionType:
    """Return what the first verb of change in `text` does to a prompt; `modify` when there is none.

    Whole words in ten languages, whatever their case; a negated verb does not count.

    >>> infer_type("Add examples."), infer_type("Address the tone."), infer_type("Drop rule 3.")
    (<SuggestionType.ADD: 'add'>, <SuggestionType.MODIFY: 'modify'>, <SuggestionType.REMOVE: 'remove'>)
    """
    head = _head(text)
    if is_joined(head) and (stem := VERBS.stems.search(head)):
        return SuggestionType(str(stem.lastgroup))
    before = ""
    for word in _WORD.findall(head):
        kind = VERBS.member(word)
        if kind is not None and before not in _NEGATIONS:
            return SuggestionType(kind)
        before = word
    return SuggestionType.ADD if _ABSENCE.search(head) else SuggestionType.MODIFY


def infer_category(text: str) -> SuggestionCategory:
    """Return what `text` is mostly about; on a tie what it names first, `clarity` when nothing is named.

    >>> infer_category("The goal is unclear because it has two meanings.")
    <SuggestionCategory.CLARITY: 'clarity'>
    """
    head = _head(text)
    weights: Counter[str] = Counter()
    for word in _WORD.findall(head):
        if strong := SUBJECTS.member(word):
            weights[strong] += _STRONG
        elif weak := _WEAK_SUBJECTS.member(word):
            weights[weak] += _WEAK
    for stem in SUBJECTS.stems.finditer(head) if is_joined(head) else ():
        weights[str(stem.lastgroup)] += _STRONG
    if weights:
        return SuggestionCategory(max(weights, key=lambda name: weights[name]))
    moves = infer_type(text) is SuggestionType.RESTRUCTURE
    return SuggestionCategory.STRUCTURE if moves else SuggestionCategory.CLARITY


def infer_priority(text: str) -> Priority | None:
    """Return the priority that `text` itself names, None when it names none.

    Only phrases that speak of importance count: "low-dimensional" is no low priority.
    """
    said = (found[found.lastindex or 0] for found in _IMPORTANCE.finditer(text[:_READ].lower()))
    return next(filter(None, map(match_priority, said)), None)


@lru_cache(maxsize=64)
def _head(text: str) -> str:
    """Return the beginning of `text` in lower case, each phrase replaced by the one word that means the same."""
    return _PHRASES.sub(lambda phrase: f" {phrase.lastgroup} ", text[:_READ].lower())


_WORD = re.compile(r"[^\W_]+")
_NEGATIONS = words_of("not t never without nicht não не")
_PHRASES = re.compile(
    r"\b(?:(?P<remove>get(?:ting)? rid of|tak(?:e|ing) out|leav(?:e|ing) out)"
    r"|(?P<restructure>break(?:ing)?(?: \w+){0,4} (?:down|up|into)|neu (?:ordnen|gliedern|strukturieren)"
    r"|re-(?:order|organi[sz]|structur)\w*)"
    r"|(?P<nothing>for example|for instance)|(?P<examples>few[\s-]shots?|worked \w+)"
    r"|(?P<reasoning>step[\s-]by[\s-]step|chain[\s-]of[\s-]thought|double[\s-]check\w*|self-check\w*|paso a paso"
    r"|passo a passo|schritt für schritt|étape par étape)"
    r"|(?P<maximum>at (?:most|least)|no more than)|(?P<layout>output format))\b"
)
_ABSENCE = re.compile(r"\b(?:missing|lacks?|lacking|absent|no mention|never (?:says|states|mentions))\b")
_IMPORTANCE = re.compile(
    r"\b(?:(high|highest|top|critical|urgent|medium|moderate|normal|low|lowest|minor)"
    r"[\s-]+(?:priority|impact|importance|severity)\b|priority\s*[:=(]?\s*(\w+)|most\s+(important)(?:ly)?\b"
    r"|(must[\s-](?:have|fix)|nice[\s-]to[\s-]have|p[0-4])\b)"
    r"|[\[(](high|critical|medium|moderate|low|minor|optional)[\])]|([🔴🟡🟠🟢])"
)
_WEAK_SUBJECTS = WordGroups(
    constraint="must never always only rules? avoid ensure checks?",
    structure="format order lists? json tables?",
    clarity="specif(?:y|ies|ic|ically) defin(?:e|ition) meaning terms?",
    reasoning="plan steps? intermediate reflect",
)
