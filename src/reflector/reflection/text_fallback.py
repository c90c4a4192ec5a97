"""Answers that are not JSON: prose, lists, headings, tables and tags, read into the fields of a reflection."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reflector._text import one_line
from reflector.reflection.headings import Role
from reflector.reflection.models import DroppedItem, Suggestion
from reflector.reflection.text_gathering import Gathered, gather
from reflector.reflection.text_items import finish
from reflector.reflection.text_tags import untag
from reflector.reflection.text_tree import build_tree

__all__ = ["TextReading", "read_text"]

MOST_SUGGESTIONS = 50
MOST_TRIED = 500
MOST_DROPPED = 50
MOST_CAUSES = 20
MOST_CHARACTERS = 262_144
_HEAD, _TAIL = 65_536, 196_608
MOST_LINES = 6_000
_HEAD_LINES = 1_500
_THINKING = re.compile(r"<(think|thinking|thought|reasoning)>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TextReading:
    """What an answer in free text says."""

    analysis: str
    root_causes: tuple[str, ...]
    suggestions: tuple[Suggestion, ...]
    expected_improvement: str
    inferred: int
    """Number of types, categories and priorities that were read out of the wording, not out of a field."""
    dropped: tuple[DroppedItem, ...]


def read_text(text: str) -> TextReading:
    """Return what `text` says; empty fields for what it does not say.

    Never raises and takes time linear in the length of `text`: of more than 262,144 characters the first 65,536
    and the last 196,608 are read, of more than 50 suggestions the first 50; `dropped` says so.

    >>> reading = read_text("The agent guessed the year. Add the current date to the prompt.")
    >>> reading.analysis, reading.suggestions[0].description
    ('The agent guessed the year.', 'Add the current date to the prompt.')
    """
    dropped: list[DroppedItem] = []
    gathered = gather(build_tree(untag(_prepare(text, dropped))))
    suggestions, inferred = _suggestions(gathered, dropped)
    if len(dropped) > MOST_DROPPED:
        more = DroppedItem(reason="too many dropped parts", item=f"{len(dropped) - MOST_DROPPED + 1} more")
        dropped = [*dropped[: MOST_DROPPED - 1], more]
    return TextReading(
        analysis=gathered.joined(Role.ANALYSIS),
        root_causes=tuple(gathered.causes[:MOST_CAUSES]),
        suggestions=tuple(suggestions),
        expected_improvement=gathered.joined(Role.EFFECT),
        inferred=inferred,
        dropped=tuple(dropped),
    )


def _prepare(text: str, dropped: list[DroppedItem]) -> str:
    """Return `text` with plain line ends and without thinking aloud, cut to a bounded length."""
    if len(text) > MOST_CHARACTERS:
        cut = len(text) - MOST_CHARACTERS
        dropped.append(DroppedItem(reason="answer too long", item=f"{cut} characters in the middle"))
        text = text[:_HEAD] + "\n" + text[-_TAIL:]
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\ufeff", "")
    text = _without_thinking(text)
    if text.count("\n") < MOST_LINES:
        return text
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > MOST_LINES:
        dropped.append(
            DroppedItem(reason="answer too long", item=f"{len(lines) - MOST_LINES} lines in the middle")
        )
        lines = lines[:_HEAD_LINES] + lines[_HEAD_LINES - MOST_LINES :]
    return "\n".join(lines)


def _without_thinking(text: str) -> str:
    """Return `text` without its thinking blocks; an open one at the end goes with all that follows."""
    for name in ("think", "thinking", "thought", "reasoning"):
        closing = f"</{name}>"
        if closing in text:
            opened = text.find(f"<{name}>")
            end = text.rfind(closing) + len(closing)
            text = (text[:opened] if 0 <= opened < end else "") + text[end:]
    opened_again = _THINKING.search(text)
    if opened_again and text[: opened_again.start()].strip() and f"</{opened_again[1]}" not in text:
        return text[: opened_again.start()]
    return text.replace(opened_again[0], "", 1) if opened_again else text


def _suggestions(gathered: Gathered, dropped: list[DroppedItem]) -> tuple[list[Suggestion], int]:
    made: list[Suggestion] = []
    inferred, seen = 0, set[tuple[str, str | None]]()
    for tried, draft in enumerate(gathered.drafts):
        if len(made) >= MOST_SUGGESTIONS or tried >= MOST_TRIED:
            dropped.append(
                DroppedItem(
                    reason="more than 50 suggestions", item=one_line(draft.title or "".join(draft.body[:1]))
                )
            )
            continue
        finished = finish(draft)
        if finished is None:
            if said := draft.title or "".join(draft.fields.values()):
                dropped.append(DroppedItem(reason="says no change", item=one_line(said)))
            continue
        suggestion, guesses = finished
        key = (suggestion.description.casefold(), suggestion.specific_text)
        if key in seen:
            dropped.append(DroppedItem(reason="said twice", item=one_line(suggestion.description)))
            continue
        seen.add(key)
        made.append(suggestion)
        inferred += guesses
    return made, inferred
