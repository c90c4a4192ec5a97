"""From a suggestion's words to the exact text it means: unwrapped, without labels, quotes told apart."""

from __future__ import annotations

import re

from reflector._text import replace_surrogates
from reflector.edits.likeness import name_words
from reflector.edits.sections import Section, SectionKind
from reflector.reflection.models import Suggestion

__all__ = [
    "begins_with_heading", "clean_text", "described_text", "quoted", "replacement_pair", "without_own_heading",
]  # fmt: skip

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CLOSING = {'"': '"', "“": "”", "”": "”", "'": "'", "‘": "’", "«": "»", "„": "“", "`": "`"}
_FENCE = re.compile(r"(`{3,}|~{3,})(?:text|txt|plaintext|plain|markdown|md|prompt)?[ \t]*\n")
_LABEL = re.compile(
    r"(?:(?:please\s+)?(?:add|insert|append|include|remove|delete|replace(?:\s+with)?|change\s+to)"
    r"|(?:new|revised|updated|suggested|improved|replacement)\s+(?:text|wording|version|instruction|rule))"
    r"(?:\s+(?:this|the\s+following|following)(?:\s+(?:text|line|rule|instruction|sentence|section))?)?\s*:\s*",
    re.IGNORECASE,
)
_MAX_DESCRIPTION = 4_000


def clean_text(text: str | None) -> str:
    """Return the text a suggestion means: without control characters, wrapping quotes or fence, and label.

    A fence that names a programming language is kept: it is part of the text.

    >>> clean_text('Add: "Never guess."')
    'Never guess.'
    """
    text = (text or "").replace("\r\n", "\n").replace("\r", "\n")
    text = replace_surrogates(_CONTROL.sub("", text)).strip("\n").rstrip()
    for _ in range(3):
        text = text if "\n" in text else text.lstrip()
        bare = _unwrapped(text)
        label = _LABEL.match(bare)
        bare = bare[label.end() :] if label and bare[label.end() :].strip() else bare
        if bare == text:
            break
        text = bare.strip("\n")
    return text


def _unwrapped(text: str) -> str:
    fence = _FENCE.match(text)
    if fence and text.endswith("\n" + fence[1]) and text.count(fence[1]) == 2:
        return text[fence.end() : -len(fence[1])]
    closing = _CLOSING.get(text[:1])
    if closing and len(text) > 2 and text.endswith(closing):
        # An apostrophe inside a word is not a quote that closes.
        marks = re.sub(r"(?<=\w)['’](?=\w)", "", text[1:-1])
        if closing not in marks and text[0] not in marks:
            return text[1:-1].strip()
    return text


def begins_with_heading(text: str, section: Section) -> bool:
    """Whether the first line of `text` is the heading, or the opening tag, of `section`."""
    first, _, rest = text.strip().partition("\n")
    is_marked = first.startswith(("#", "*", "_", "<")) or first.rstrip().endswith(":") or bool(rest)
    return is_marked and name_words(first.strip("<>/#* ")) == name_words(section.name)


def without_own_heading(text: str, section: Section | None) -> str:
    """Return `text` without a first line that repeats the heading, or the tags, of the section it goes into."""
    rest = text.partition("\n")[2]
    if section is None or not rest.strip() or not begins_with_heading(text, section):
        return text
    body, _, last = rest.strip("\n").rpartition("\n")
    is_closed = section.kind is SectionKind.XML and last.strip().lower() == f"</{section.name.lower()}>"
    return body.rstrip("\n") if is_closed else rest.strip("\n")


_QUOTED = re.compile(
    r"\"([^\"\n]{2,2000})\"|“([^”\n]{2,2000})”|«([^»\n]{2,2000})»|`([^`\n]{2,2000})`"
    r"|(?<!\w)['‘]((?:[^'’‘\n]|(?<=\w)['’](?=\w)){2,2000})['’](?!\w)"
)


def quoted(text: str) -> list[str]:
    """Return what stands in quotes, in order."""
    found = (match[match.lastindex or 0].strip() for match in _QUOTED.finditer(text[:_MAX_DESCRIPTION]))
    return [quote for quote in found if quote]


_BEFORE_AFTER = re.compile(
    r"\W*(?:before|old|original|current)\W*:(?P<old>.+?)\n\W*(?:after|new|revised|updated)\W*:(?P<new>.+)",
    re.IGNORECASE | re.DOTALL,
)
_CHANGE = re.compile(
    r"\W*(?:replace|change|rewrite|rephrase|reword|substitute|modify|update)\b", re.IGNORECASE
)


def replacement_pair(suggestion: Suggestion) -> tuple[str, str] | None:
    """Return old and new text where a suggestion names both: `Replace "A" with "B"`, or `Before: A` and `After: B`."""
    text = (suggestion.specific_text or "")[:_MAX_DESCRIPTION]
    if match := _BEFORE_AFTER.match(text):
        return clean_text(match["old"].strip(" *_")), clean_text(match["new"].strip(" *_"))
    quotes = quoted(text) if _CHANGE.match(text) else [] if text else quoted(suggestion.description)
    return (clean_text(quotes[0]), clean_text(quotes[1])) if len(quotes) == 2 else None


_AGENT = r"(?:the\s+)?(?:agent|model|assistant|llm|ai|it|you)"
_TALK = re.compile(
    rf"(?:please\s+)?(?:(?:add|include|insert|introduce|put)\s+(?:[\w-]+\s+){{0,4}}?"
    rf"(?:instruction|rule|requirement|constraint|step|reminder|note|guideline|line|sentence|check|warning)s?\s+"
    rf"(?:that\s+(?:says|tells|requires)|saying|telling|requiring|that|to|for)\s*:?\s+(?:{_AGENT}\s+)?"
    rf"|(?:tell|instruct|remind|ask|require)\s+{_AGENT}\s+|(?:state|specify|clarify|mention)\s+that\s+(?:{_AGENT}\s+)?)"
    rf"(?:to\s+|that\s+(?:{_AGENT}\s+)?)?(?:must\s+(?!not\b)|should\s+(?!not\b))?",
    re.IGNORECASE,
)
_COMMAND = re.compile(
    r"(?:always|never|do not|don['’]t|only|before|after|when|whenever|if|once|unless|until|avoid|use|keep|verify|"
    r"check|confirm|ask|think|list|read|return|answer|respond|write|call|stop|wait|cite|ensure|make sure|must)\b",
    re.IGNORECASE,
)
_ABOUT_THE_PROMPT = re.compile(
    r"\b(?:prompt|examples? (?:of|showing|to|for)|sections?|wording)\b", re.IGNORECASE
)


def described_text(suggestion: Suggestion) -> str:
    """Return the instruction that a suggestion without exact text describes, or "" if it only talks about the prompt.

    "Add a rule that the agent must confirm dates" means "Confirm dates."; "Add more examples" means nothing
    that could be written into a prompt.
    """
    description = clean_text(suggestion.description[:_MAX_DESCRIPTION])
    if quotes := [quote for quote in quoted(description) if len(quote.split()) >= 3]:
        return clean_text(quotes[-1])
    said = description.split("\n", 1)[0].strip()
    talk = _TALK.match(said)
    if talk is None and (_ABOUT_THE_PROMPT.search(said) or not _COMMAND.match(said)):
        return ""
    text = said[talk.end() :] if talk else said
    if len(text.split()) < 2:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?:…" else ".")
