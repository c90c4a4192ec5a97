"""From a suggestion's words to the exact text it means: unwrapped, without labels, quotes told apart."""

from __future__ import annotations

import re
from itertools import pairwise

from reflector._text import replace_surrogates
from reflector.reflection.models import Suggestion, SuggestionType

__all__ = ["asked_for", "clean_text", "described_text", "quoted", "replacement_pair"]

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_QUOTES = {'"': '"', "“": "”", "”": "”", "'": "'", "‘": "’", "«": "»", "„": "“", "`": "`"}
_FENCE_OPENS = re.compile(r"(`{3,}|~{3,})(?:text|txt|plaintext|plain|markdown|md|prompt)?[ \t]*\n")
_LABEL = re.compile(
    r"(?:(?:please\s+)?(?:add|insert|append|include|remove|delete|replace(?:\s+(?:it\s+)?with)?|change(?:\s+to)?|"
    r"(?:new|revised|updated|suggested|proposed|improved|specific|exact|replacement)\s+"
    r"(?:text|wording|version|instruction|prompt|rule|section|sentence))"
    r"(?:\s+(?:this|the\s+following|following)(?:\s+(?:text|line|rule|instruction|sentence|section))?)?"
    r"(?:\s+(?:to|in|at|under|after|before)\s+(?:the\s+)?[^:\n\"“]{1,60})?)\s*:\s*",
    re.IGNORECASE,
)
_MAX_DESCRIPTION = 4_000


def clean_text(text: str | None) -> str:
    """Return the text a suggestion means: without control characters, wrapping quotes or fence, and label.

    A fence that names a programming language is kept: it is part of the text.

    >>> clean_text('Add: "Never guess."')
    'Never guess.'
    """
    if not text:
        return ""
    text = replace_surrogates(_CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    text = text.strip("\n").rstrip()
    if text[:1] in " \t" and "\n" not in text:
        text = text.lstrip()
    for _ in range(3):
        bare = _without_label(_unwrapped(text))
        if bare == text:
            break
        text = bare
    return text


def _unwrapped(text: str) -> str:
    stripped = text.strip()
    fence = _FENCE_OPENS.match(stripped)
    if fence and stripped.endswith("\n" + fence[1]) and stripped.count(fence[1]) == 2:
        return stripped[fence.end() : -len(fence[1])].strip("\n")
    closing = _QUOTES.get(stripped[:1])
    if closing and len(stripped) > 2 and stripped.endswith(closing):
        inner = stripped[1:-1]
        # An apostrophe inside a word is not a quote that closes.
        marks = re.sub(r"(?<=\w)['’](?=\w)", "", inner)
        if closing not in marks and stripped[0] not in marks:
            return inner.strip()
    return text


def _without_label(text: str) -> str:
    label = _LABEL.match(text)
    return text[label.end() :].strip("\n") if label and text[label.end() :].strip() else text


_QUOTED = re.compile(
    r"\"([^\"\n]{2,2000})\"|“([^”\n]{2,2000})”|«([^»\n]{2,2000})»|`([^`\n]{2,2000})`"
    r"|(?<!\w)['‘]((?:[^'’‘\n]|(?<=\w)['’](?=\w)){2,2000})['’](?!\w)"
)


def quoted(text: str) -> list[str]:
    """Return what stands in quotes, in order."""
    return [quote for quote, _, _ in _quotes(text[:_MAX_DESCRIPTION])]


def _quotes(text: str) -> list[tuple[str, int, int]]:
    found = []
    for match in _QUOTED.finditer(text):
        inner = next(group for group in match.groups() if group is not None).strip()
        if inner:
            found.append((inner, match.start(), match.end()))
    return found


_CHANGES = re.compile(
    r"\b(?:replac|chang|rewrit|reword|rephras|substitut|modif|updat|edit|turn)\w*\b[^.;]*\Z", re.IGNORECASE
)
_INTO = re.compile(r"\W{0,3}(?:[^\"“”«»`]{0,40}\s)?(?:with|to|by|into|as)\b[^\"“”«»`]{0,60}\Z", re.IGNORECASE)
_BECOMES = re.compile(r"\s*(?:->|→|=>|⇒|should (?:be|read|say)|becomes)\s*:?\s*\Z", re.IGNORECASE)
_OLD_LABEL = re.compile(
    r"\W{0,4}(?:before|old|original|current|existing|from)(?: (?:text|wording|version))?\W{0,3}:",
    re.IGNORECASE,
)
_NEW_LABEL = re.compile(
    r"\W{0,4}(?:after|new|revised|updated|replacement|to)(?: (?:text|wording|version))?\W{0,3}:",
    re.IGNORECASE,
)


def replacement_pair(suggestion: Suggestion) -> tuple[str, str] | None:
    """Return old and new text where a suggestion names both, as in `Replace "A" with "B"`."""
    for text in (suggestion.specific_text or "", suggestion.description):
        pair = _labelled_pair(text[:_MAX_DESCRIPTION]) or _quoted_pair(text[:_MAX_DESCRIPTION])
        if pair is not None:
            return clean_text(pair[0]), clean_text(pair[1])
    return None


def _labelled_pair(text: str) -> tuple[str, str] | None:
    lines = text.strip().split("\n")
    old = _OLD_LABEL.match(lines[0])
    if not old:
        return None
    for number in range(1, len(lines)):
        if new := _NEW_LABEL.match(lines[number]):
            before = "\n".join([lines[0][old.end() :], *lines[1:number]]).strip(" *_")
            after = "\n".join([lines[number][new.end() :], *lines[number + 1 :]]).strip(" *_")
            return (before, after) if before.strip() and after.strip() else None
    return None


def _quoted_pair(text: str) -> tuple[str, str] | None:
    quotes = _quotes(text)
    for (old, start, end), (new, behind, _) in pairwise(quotes):
        between = text[end:behind]
        if _BECOMES.match(between):
            return old, new
        if len(between) <= 110 and _INTO.match(between) and _CHANGES.search(text[max(0, start - 90) : start]):
            return old, new
    return None


_THING = (
    r"(?:instructions?|rules?|requirements?|constraints?|steps?|reminders?|notes?|statements?|guidelines?|guidance|"
    r"lines?|sentences?|checks?|warnings?|directives?|clauses?|conditions?|polic(?:y|ies)|wording|language)"
)
_ADJECTIVES = (
    r"(?:(?:an?|the|some|more|one|explicit|clear|new|specific|strict|additional|short|brief|"
    r"strong|final)\s+){0,4}"
)
_META = re.compile(
    rf"(?:please\s+)?(?:(?:you|we|the prompt|prompt|it|the instructions?)\s+(?:should|must|could|needs? to|can)\s+)?"
    rf"(?:also\s+|explicitly\s+|clearly\s+)?(?:add|include|insert|introduce|provide|give|write|put)\s+"
    rf"{_ADJECTIVES}(?:\w+\s+)?{_THING}\s+(?:in the prompt\s+)?"
    rf"(?:that\s+(?:says?|tells?|requires?|instructs?|states?|forbids?)\b|saying|telling|requiring|instructing|stating|"
    rf"reminding|asking|that|to|for)\s*:?\s*"
    rf"(?:that\s+)?(?:(?:the\s+)?(?:agent|model|assistant|llm|ai|it)\s+(?:that\s+)?"
    rf"(?=to\b|must\b|should\b|never\b|always\b|not\b|has\b))?",
    re.IGNORECASE,
)
_TELL = re.compile(
    r"(?:please\s+)?(?:(?:you|we|the prompt|it)\s+(?:should|must|could|needs? to)\s+)?(?:explicitly\s+|clearly\s+)?"
    r"(?:(?:tell|instruct|remind|ask|require|force|direct|encourage)\s+(?:the\s+)?(?:agent|model|assistant|llm|ai|it)\s+"
    r"(?:that\s+it\s+(?:must|should)\s+|that\s+|to\s+)?"
    r"|(?:clarify|specify|state|emphasi[sz]e|mention|stress|require|make\s+(?:it\s+)?(?:clear|explicit))\s+(?:explicitly\s+)?that\s+)",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"(?:the\s+)?(?:agent|model|assistant|llm|ai|i|you|we)\s+(?:will|should|must|need(?:s)? to|have to|has to|"
    r"ought to)\s+(?:also\s+)?",
    re.IGNORECASE,
)
_DIRECTIVE = re.compile(
    r"(?:always|never|do not|don['’]t|only|before|after|when|whenever|if|once|unless|until|avoid|use|keep|verify|"
    r"check|confirm|ask|think|show|list|read|return|answer|respond|reply|write|call|stop|wait|report|cite|quote|format|"
    r"treat|prefer|follow|double-check|validate|review|explain|first|each|every|all|no|ensure|make sure|must|"
    r"you must)\b",
    re.IGNORECASE,
)
_STEP_BY_STEP = re.compile(r"step[- ]by[- ]step", re.IGNORECASE)
_ABOUT_THE_PROMPT = re.compile(
    r"\b(?:the|this) (?:system )?prompt\b|\bexamples? (?:of|showing|to|for|that)\b|\bsection\b|\bwording\b|"
    r"\bthe instructions?\b",
    re.IGNORECASE,
)


def described_text(suggestion: Suggestion) -> str:
    """Return the instruction that a suggestion without exact text describes, or "" if it only talks about the prompt.

    "Add a rule that the agent must confirm dates" means "Confirm dates."; "Add more examples" means nothing
    that could be written into a prompt.
    """
    description = clean_text(suggestion.description[:_MAX_DESCRIPTION])
    quotes = [quote for quote in quoted(description) if len(quote.split()) >= 3]
    if quotes and suggestion.type in (SuggestionType.ADD, SuggestionType.MODIFY):
        return clean_text(quotes[-1])
    first = description.split("\n", 1)[0].strip()
    for pattern in (_META, _TELL):
        match = pattern.match(first)
        if match and len(first[match.end() :].split()) >= 2:
            return _as_instruction(first[match.end() :])
    if _STEP_BY_STEP.search(first) and suggestion.type is SuggestionType.ADD:
        return "Think step by step before you answer."
    if _ABOUT_THE_PROMPT.search(first):
        return ""
    if (match := _SUBJECT.match(first)) and len(first[match.end() :].split()) >= 3:
        return _as_instruction(first[match.end() :])
    return _as_instruction(first) if _DIRECTIVE.match(first) and len(first.split()) >= 3 else ""


def _as_instruction(text: str) -> str:
    text = re.sub(r"^(?:to|it|and|then)\s+", "", text.strip(), flags=re.IGNORECASE)
    text = _SUBJECT.sub("", text, count=1) if _SUBJECT.match(text) else text
    text = re.sub(r"^(?:must|should)\s+(?=not\b)", "do ", text, flags=re.IGNORECASE)
    text = re.sub(r"^(?:must|should)\s+", "", text, flags=re.IGNORECASE)
    text = text[:1].upper() + text[1:]
    return text if text[-1:] in ".!?:…" else text + "."


def asked_for(suggestion: Suggestion) -> str:
    """Return description and exact text together: all words that tell what a suggestion is about."""
    return (
        f"{suggestion.description[:_MAX_DESCRIPTION]}\n{(suggestion.specific_text or '')[:_MAX_DESCRIPTION]}"
    )
