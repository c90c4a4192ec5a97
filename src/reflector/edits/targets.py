"""What a suggestion names: a component, a section, or a passage that it quotes or says in other words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reflector._text import one_line
from reflector.edits.likeness import contains, folded, name_words
from reflector.edits.lines import Span
from reflector.edits.passages import Passages
from reflector.edits.sections import Section
from reflector.edits.wording import quoted
from reflector.reflection.models import Suggestion
from reflector.trajectories.findings.wording import content_words, words_of

__all__ = [
    "ambiguous", "is_telling", "matching_section", "named_part", "named_spans", "only_one",
    "rewritten_span", "whole_sentence",
]  # fmt: skip

# --- sections and components ----------------------------------------------------------------------------

_FILLERS = words_of(
    "section heading part block list paragraph the a an of in under after below end bottom start beginning top"
)
_GENERIC = _FILLERS | words_of("rule rules prompt system instructions guidelines main current existing")
_AROUND_COMPONENT = _FILLERS | words_of("component prompt text")
_PATH = re.compile(r"\s*(?:>|→|::|/|\||»| - |: )\s*")
_LONGEST_NAME = 300


def matching_section(passages: Passages, name: str, hint: str = "", *, exact: bool = False) -> Section | None:
    """Return the section that `name` means; of several of one name the one that shares most words with `hint`.

    Exact: the same words without case, marks and words like "section", or a path ("A > B"). Otherwise
    also the same words without "rules" and the like, and a name inside a longer one.
    """
    name = name.strip()
    if not passages.named_sections or not 0 < len(name) <= _LONGEST_NAME or "\n" in name:
        return None
    parts = [part for part in _PATH.split(name.strip("<>/ ")) if part]
    found = _same(passages, name, _FILLERS)
    if not found and len(parts) > 1:
        outer = _same(passages, parts[0], _FILLERS)
        inner = _same(passages, parts[-1], _FILLERS)
        nested = [s for s in inner if any(o.start <= s.start < o.end for o in outer)]
        found = nested if exact else nested or inner or outer
    if not found and not exact:
        found = _same(passages, name, _GENERIC) or _inside(passages, name)
    if len(found) < 2:
        return found[0] if found else None

    def fit(section: Section) -> tuple[bool, int]:
        heading = passages.prompt[section.start : section.body_start].strip()
        held = content_words(passages.prompt[section.start : section.body_end], 20_000)
        return heading == name, len(held & content_words(hint, 20_000))

    return max(found, key=fit)


def _words(words: list[str], without: frozenset[str]) -> list[str]:
    return [word for word in words if word not in without] or words


def _same(passages: Passages, name: str, without: frozenset[str]) -> list[Section]:
    wanted = name_words(name)
    equal = [section for section, words in passages.named_sections if words == wanted]
    bare = _words(wanted, without)
    return equal or [s for s, words in passages.named_sections if words and _words(words, without) == bare]


def _inside(passages: Passages, name: str) -> list[Section]:
    """Return the section with the most words that stand in `name`, else those whose name holds all its words."""
    wanted = set(name_words(name)) - _GENERIC
    if not 0 < len(wanted) <= 8:
        return []
    names = [(section, set(words) - _GENERIC) for section, words in passages.named_sections]
    shorter = [(len(words), section) for section, words in names if words and words <= wanted]
    longest = max((count for count, _ in shorter), default=0)
    return [s for count, s in shorter if count == longest] or [s for s, words in names if wanted <= words]


def named_part(target: str, names: Iterable[str]) -> tuple[str | None, str]:
    """Return which of several names a target is, or begins with, and what it says beside it: `system > Rules`."""
    first, *rest = _PATH.split(target.strip(), maxsplit=1) if len(target) <= _LONGEST_NAME else [""]
    for name in names:
        wanted = name_words(name)
        if wanted and wanted in (said := name_words(first), _words(said, _AROUND_COMPONENT)):
            return name, "".join(rest)
    return None, target


# --- passages -------------------------------------------------------------------------------------------

_LIKE_TARGET = 0.75
_LIKE_TEXT = 0.6
_LIKE_IN_SECTION = 0.5


def is_telling(quote: str) -> bool:
    """Whether a quote is long enough to be looked for: a single short word stands anywhere."""
    return len(quote) >= 12 or len(folded(quote)) >= 2


def named_spans(passages: Passages, suggestion: Suggestion, new: str = "") -> list[Span]:
    """Return where the passage stands that a suggestion names, or quotes in its words; headings are no passages.

    A quote of a word or two only names the topic if a sentence is to be written.
    """
    target = (suggestion.target_section or "").strip()
    quotes = sorted(quoted(target) + quoted(suggestion.description), key=len, reverse=True)
    for quote in filter(is_telling, (target, *quotes)):
        spans = [span for span in passages.find(quote) if not passages.is_heading(span)]
        if spans and (contains(new, quote) or not _is_topic(passages, spans[0], new)):
            return spans
    return []


def _is_topic(passages: Passages, span: Span, new: str) -> bool:
    unit, size = passages.unit_at(span[0]), len(folded(passages.text(span)))
    is_part = unit is not None and span[1] - span[0] < (unit.span[1] - unit.span[0]) * 0.8
    return is_part and size <= 3 and len(folded(new[:2_000])) >= 3 + 2 * size


def only_one(spans: list[Span], section: Section | None) -> Span | None:
    """Return the only span, or the only one in the named section."""
    if section is not None and len(spans) > 1:
        spans = [span for span in spans if section.start <= span[0] and span[1] <= section.end]
    return spans[0] if len(spans) == 1 else None


def whole_sentence(passages: Passages, span: Span) -> Span:
    """Return the sentence that a quote of several words begins; any other span as it is."""
    unit = passages.unit_at(span[0])
    is_beginning = unit is not None and span[0] - unit.span[0] <= 3 and span[1] < unit.span[1]
    return unit.span if unit and is_beginning and len(folded(passages.text(span))) >= 4 else span


def ambiguous(passages: Passages, spans: list[Span]) -> str:
    """Return why nothing is done to a passage that stands in several places."""
    quote = one_line(passages.text(spans[0]), 60)
    return f"{quote!r} stands {len(spans)} times in the prompt; name the section that is meant"


def rewritten_span(passages: Passages, target: str, new: str, section: Section | None) -> Span | None:
    """Return the sentences that a misquoted `target` means, or that `new` says again in other words.

    A target that names a section narrows the search.
    """
    within = (section.body_start, section.body_end) if section else None
    enough = _LIKE_IN_SECTION if within else _LIKE_TEXT
    queries = [(target, _LIKE_TARGET)] if len(target.split()) >= 4 else []
    for text, least in (*queries, (new, enough)):
        found = passages.resembling(text, within)
        if found and found[0] >= least:
            start, end = _run_around(passages, found[1].block, found[1].span, f"{text}\n{new}")
            return max(start, within[0] if within else 0), end
    return None


def _run_around(passages: Passages, block: Span, span: Span, text: str) -> Span:
    """Return a sentence with the neighbours in its block that `text` says too."""
    said = content_words(text)
    spans = [unit.span for unit in passages.units_within(block)]
    is_said = [passages.share(each, said) >= _LIKE_TEXT for each in spans]
    first = last = spans.index(span)
    while first > 0 and is_said[first - 1]:
        first -= 1
    while last + 1 < len(spans) and is_said[last + 1]:
        last += 1
    return spans[first][0], spans[last][1]
