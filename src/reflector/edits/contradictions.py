"""Rules that forbid what another demands."""

from __future__ import annotations

import re

from reflector.edits.drafts import Draft
from reflector.edits.edit import EditOperation
from reflector.edits.likeness import content_words

__all__ = ["Rule", "contradict", "rules_of"]

Rule = tuple[bool, frozenset[str]]

_FORBIDS = re.compile(
    r"\b(?:never|do\s+not|don['’]?t|must\s+not|mustn['’]?t|should\s+not|shouldn['’]?t|may\s+not|cannot|can['’]?t|avoid|refrain\s+from|stop)\b",
    re.IGNORECASE,
)

_DEMANDS = re.compile(
    r"\b(?:always|must|should|ensure|make\s+sure|be\s+sure\s+to|remember\s+to|do|have\s+to|need\s+to)\b",
    re.IGNORECASE,
)

_HEDGED = re.compile(
    r"\b(?:unless|except|only|if|when|whenever|until|without|before|after|instead|rather|but)\b",
    re.IGNORECASE,
)

_FORCE_WORDS = frozenset({
    "alway", "avoid", "refrain", "stop", "ensur", "remember", "need",
})  # fmt: skip


def rules_of(draft: Draft) -> list[Rule]:
    """Return the plain commands and bans of an edit's text; sentences with conditions say too much to compare."""
    if draft.operation is EditOperation.DELETE or draft.operation is EditOperation.MOVE:
        return []
    rules: list[Rule] = []
    for sentence in re.split(r"[.!?;\n]+", draft.text[:4_000])[:60]:
        bans = len(_FORBIDS.findall(sentence))
        words = frozenset(content_words(_FORBIDS.sub(" ", sentence)) - _FORCE_WORDS)
        if bans > 1 or len(words) < 2 or _HEDGED.search(sentence):
            continue
        if bans or _DEMANDS.search(sentence) or sentence.strip()[:1].isupper():
            rules.append((bool(bans), words))
    return rules


def contradict(first: list[Rule], second: list[Rule]) -> bool:
    return any(
        ban_a != ban_b and 2 * len(words_a & words_b) >= 0.8 * (len(words_a) + len(words_b))
        for ban_a, words_a in first
        for ban_b, words_b in second
    )
