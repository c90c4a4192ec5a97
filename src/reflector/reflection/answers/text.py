"""Answers that are not JSON: prose, lists, headings, tables and tags, read into the fields of a reflection.

answer
  → untag          tags as labelled lines                                               markup
  → build_tree     headings, items and labels hold what stands under them               lines, headings, outline
  → gather         drafts of suggestions, causes, analysis, effect: announced sections  gathering, tables, prose,
                   and fields first, then loose items, offered prompts, sentences       prompts, sentences
  → finish         a draft's title, fields, tags and quotes as one suggestion           drafts, tags, quotes
  → make_suggestion  the same as for JSON                                               suggestions
"""

from __future__ import annotations

from reflector.reflection.answers.cleaning import MAX_CHARS, clean, spoken_thoughts, strip_reasoning
from reflector.reflection.answers.drafts import finish
from reflector.reflection.answers.gathering import Gathered, gather
from reflector.reflection.answers.headings import Role
from reflector.reflection.answers.lines import Node, NodeKind
from reflector.reflection.answers.markup import untag
from reflector.reflection.answers.outline import build_tree
from reflector.reflection.answers.reading import Log, Reading
from reflector.reflection.models import Suggestion

__all__ = ["read_text"]

MOST_SUGGESTIONS = 50
MOST_TRIED = 500
MOST_DROPPED = 50
MOST_CAUSES = 20
MOST_LINES = 6_000
_HEAD_LINES = 1_500


def read_text(text: str, log: Log) -> Reading:
    """Return what `text` says; empty fields for what it does not say.

    Never raises and takes time linear in the length of `text`: of more than 262,144 characters the first 65,536
    and the last 196,608 are read, of more than 50 suggestions the first 50; `log` says what was left out.

    >>> reading = read_text("The agent guessed the year. Add the current date to the prompt.", Log())
    >>> reading.analysis, reading.suggestions[0].description
    ('The agent guessed the year.', 'Add the current date to the prompt.')
    """
    gathered = gather(_unwrap(build_tree(untag(_prepare(text, log)))))
    suggestions = tuple(_suggestions(gathered, log))
    if len(log.dropped) > MOST_DROPPED:
        more = len(log.dropped) - MOST_DROPPED + 1
        del log.dropped[MOST_DROPPED - 1 :]
        log.drop("too many dropped parts", f"{more} more")
    return Reading(
        analysis=gathered.joined(Role.ANALYSIS) or spoken_thoughts(text),
        root_causes=tuple(gathered.causes[:MOST_CAUSES]),
        suggestions=suggestions,
        expected_improvement=gathered.joined(Role.EFFECT),
    )


def _prepare(text: str, log: Log) -> str:
    """Return `text` with plain line ends and without thinking aloud, cut to a bounded length."""
    if (cut := len(text) - MAX_CHARS) > 0:
        log.drop("answer too long", f"{cut} characters in the middle")
    lines = strip_reasoning(clean(text)[0])[0].splitlines()
    if len(lines) > MOST_LINES:
        lines = [line for line in lines if line.strip()]
    if (cut := len(lines) - MOST_LINES) > 0:
        log.drop("answer too long", f"{cut} lines in the middle")
        del lines[_HEAD_LINES : _HEAD_LINES + cut]
    return "\n".join(lines)


def _unwrap(root: Node) -> Node:
    """Return the tree of a fenced block that holds the whole reflection, else `root`."""
    whole = sum(len(node.text) for node in root.children)
    for node in root.children:
        if node.kind is NodeKind.FENCE and len(node.text) > whole // 2:
            inner = build_tree(node.text)
            if any(child.role is Role.SUGGESTIONS for child in inner.children):
                return inner
    return root


def _suggestions(gathered: Gathered, log: Log) -> list[Suggestion]:
    """Return the suggestions; what is left out goes to `log`."""
    made: dict[tuple[str, str | None], Suggestion] = {}
    for tried, draft in enumerate(gathered.drafts):
        is_full = len(made) >= MOST_SUGGESTIONS or tried >= MOST_TRIED
        before = log.inferred.copy()
        suggestion = None if is_full else finish(draft, log)
        key = (suggestion.description.casefold(), suggestion.specific_text) if suggestion else None
        if suggestion is not None and key is not None and key not in made:
            made[key] = suggestion
            continue
        log.inferred = before
        if said := draft.title or "".join(draft.body[:1]) or "".join(draft.fields.values()):
            reason = f"more than {MOST_SUGGESTIONS} suggestions" if is_full else "says no change"
            log.drop("said twice" if key is not None else reason, said)
    return list(made.values())
