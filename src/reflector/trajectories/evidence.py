"""What a record itself says about how its run went: scores, words, errors, limits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from reflector._json import JSONValue
from reflector._text import one_line, shorten
from reflector.trajectories.fields import as_list, as_mapping, as_number, as_text, first_of, keys, text_of
from reflector.trajectories.step import Outcome, RecordedScore

__all__ = [
    "combined_outcome", "error_of", "error_outcome", "feedback_of", "limit_of", "limit_reached", "outcome_of",
    "score_outcome", "scores_of",
]  # fmt: skip

_WORDS = {
    Outcome.SUCCESS: "c correct pass passed yes true success successful succeeded solved resolved",
    Outcome.FAILURE: "i n incorrect wrong fail failed failure no false unsuccessful unsolved unresolved",
    Outcome.PARTIAL: "p partial partially_correct",
    Outcome.TIMEOUT: "timeout timed_out",
    Outcome.ERROR: "error errored crashed",
}
_OUTCOMES = {word: outcome for outcome, words in _WORDS.items() for word in words.split()}
_SCORE_KEYS = ("score", "reward", "rating", "scores", "rewards")
_JUDGEMENT_KEYS = keys("success is_success successful resolved solved passed correct is_correct")
# One of five stars is not a full mark: what these mean depends on a scale that the record does not tell.
_SCALES = frozenset({"rating", "ratings", "stars"})
_FEEDBACK_KEYS = ("feedback", "critique", "comment", "comments", "explanation", "rationale", "judge_feedback")
# The first that occurs in the record's words names the limit.
_LIMITS = {
    "time": "time", "working": "time", "context": "tokens", "token": "tokens", "cost": "cost", "budget": "cost",
    "message": "messages", "turn": "turns", "step": "steps", "iteration": "steps", "call": "calls",
}  # fmt: skip
_LIMIT_REACHED = re.compile(r"limit|exceed|max[_ -]|too[_ -]many|time[sd]?[_ -]?out", re.IGNORECASE)
_SCORES_KEPT = 1000


def score_outcome(value: JSONValue) -> Outcome:
    """Return what one score means: 1 and `C` passed, 0 and `I` failed, between them partial, else unknown."""
    if isinstance(value, bool):
        return Outcome.SUCCESS if value else Outcome.FAILURE
    number = as_number(value)
    if number is not None:
        if number <= 0:
            return Outcome.FAILURE
        return Outcome.SUCCESS if number == 1 else Outcome.PARTIAL if number < 1 else Outcome.UNKNOWN
    return _word_outcome(value)


def _word_outcome(value: JSONValue) -> Outcome:
    if not isinstance(value, str):
        return Outcome.UNKNOWN
    word = value.strip().lower().replace(" ", "_").replace("-", "_")
    return _OUTCOMES.get(word, Outcome.UNKNOWN)


def combined_outcome(outcomes: Iterable[Outcome]) -> Outcome:
    """Return one outcome for several judgements: agreed, or partial; those that say nothing do not count."""
    known = set(outcomes) - {Outcome.UNKNOWN} or {Outcome.UNKNOWN}
    return known.pop() if len(known) == 1 else Outcome.PARTIAL


def scores_of(record: Mapping[str, Any]) -> tuple[RecordedScore, ...]:
    """Return the scores that stand in a record under their usual names."""
    explanation = as_text(first_of(record, "score_explanation", "explanation", "rationale"))
    named = [key for key in _SCORE_KEYS if record.get(key) is not None]
    named += [key for key in _JUDGEMENT_KEYS if _is_judgement(record.get(key))]
    found = (score for key in named for score in _scores_in(key, record[key], explanation))
    return tuple(islice(found, _SCORES_KEPT))


def _is_judgement(value: JSONValue) -> bool:
    """Return whether a value says yes or no; `correct` may just as well hold the letter of the right answer."""
    if isinstance(value, str):
        word = value.strip()
        return word in ("0", "1") or (len(word) > 1 and _word_outcome(word) is not Outcome.UNKNOWN)
    return isinstance(value, bool | int | float)


def _scores_in(name: str, value: JSONValue, explanation: str | None) -> list[RecordedScore]:
    if isinstance(value, dict) and ("value" in value or "score" in value):
        own = as_text(first_of(value, "explanation", "comment", "rationale", "reason"))
        inner = as_text(value.get("name")) or as_text(value.get("key")) or name
        return _scores_in(inner, first_of(value, "value", "score"), own or explanation)
    if isinstance(value, dict):
        return [score for key, item in value.items() for score in _scores_in(text_of(key), item, explanation)]
    if isinstance(value, list):
        return [score for item in value for score in _scores_in(name, item, explanation)]
    number = as_number(value)
    kept = number if number is not None else value if isinstance(value, bool | str) else None
    return [RecordedScore(name=name, value=kept, explanation=explanation)]


def feedback_of(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what somebody said about the run, each remark once."""
    said: dict[str, None] = {}
    for key in _FEEDBACK_KEYS:
        value = record.get(key)
        for item in as_list(value) or [value]:
            text = as_text(item) or as_text(
                first_of(as_mapping(item), "text", "comment", "feedback", "content")
            )
            if text:
                said[text] = None
    return tuple(said)


def error_of(record: Mapping[str, Any]) -> str | None:
    """Return the error that ended the run, if the record has one."""
    for key in ("error", "exception", "exception_str", "error_message"):
        value = record.get(key)
        details = as_mapping(value)
        message = as_text(first_of(details, "message", "detail", "error", "type")) or as_text(value)
        if message and not isinstance(value, int | float):
            return message
        if details:
            return shorten(text_of(value), 1000)
    return None


def error_outcome(error: str) -> Outcome:
    """Return whether an error was a time-out or any other."""
    text = one_line(error, 400).lower().replace(" ", "")
    return Outcome.TIMEOUT if "timeout" in text or "timedout" in text else Outcome.ERROR


def limit_reached(words: str | None) -> str | None:
    """Return which limit ended a run if its exit status says that one did."""
    if words is None or not _LIMIT_REACHED.search(words):
        return None
    return limit_of(words) or "limit"


def limit_of(words: str | None) -> str | None:
    """Return which limit a record's words speak of, or None when they name none."""
    text = (words or "").lower()
    return next((name for word, name in _LIMITS.items() if word in text), None)


def outcome_of(
    record: Mapping[str, Any], scores: Iterable[RecordedScore], error: str | None, limit: str | None = None
) -> Outcome:
    """Return how the run ended, by what weighs most: the record's own word, its scores, its error, its limit."""
    for key in ("outcome", "result_status", "verdict"):
        stated = _word_outcome(record.get(key))
        if stated is not Outcome.UNKNOWN:
            return stated
    status = _word_outcome(record.get("status"))
    if status.is_failure:  # that a call or a job succeeded says nothing about its answer
        return status
    judged = combined_outcome(score_outcome(score.value) for score in scores if score.name not in _SCALES)
    if error and judged in (Outcome.UNKNOWN, Outcome.FAILURE):
        return error_outcome(error)
    if limit and judged is Outcome.UNKNOWN:
        return Outcome.TIMEOUT if limit == "time" else Outcome.PARTIAL
    return judged
