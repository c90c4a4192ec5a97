"""Suggestions that add, modify or restructure: the exact text, and its place or the passage that it replaces."""

from __future__ import annotations

import re

from reflector._text import one_line
from reflector.edits.drafts import Draft
from reflector.edits.edit import EditOperation
from reflector.edits.likeness import folded, says_the_same
from reflector.edits.lines import Span, overlap, without_marker
from reflector.edits.passages import Passages
from reflector.edits.placing import locate
from reflector.edits.sections import Section, SectionKind
from reflector.edits.targets import (
    ambiguous,
    matching_section,
    named_spans,
    only_one,
    rewritten_span,
    whole_sentence,
)
from reflector.edits.wording import begins_with_heading, described_text, replacement_pair, without_own_heading
from reflector.trajectories.findings.wording import content_words

__all__ = ["draft_addition", "draft_modification", "draft_restructuring"]

_MOST_LINES = 50


def draft_addition(passages: Passages, draft: Draft, text: str, note: str = "") -> None:
    """Insert `text`, or the instruction that the description tells, at the place that the suggestion names."""
    suggestion = draft.suggestion
    if not text.strip():
        text, note = described_text(suggestion), "; the text is taken from the description"
    if not text:
        return draft.leave(
            "it holds no text to put into the prompt: the description only says what to change"
        )
    text, changed = passages.template.fitted(text)
    place, how = locate(passages, suggestion.target_section, f"{suggestion.description}\n{text}")
    draft.text = text = without_own_heading(text, place.section)
    draft.operation, draft.place, draft.reason = EditOperation.INSERT, place, how + note + changed
    if present := _present(passages, text):
        draft.drop(_already(present))
    elif "\n" in text:
        _leave_out_known_lines(passages, draft)
    return None


def _already(text: str) -> str:
    return f"already present in the prompt: {one_line(text, 80)!r}"


def _present(passages: Passages, text: str) -> str | None:
    """Return the passage that says already what `text` says."""
    if (spans := passages.find(text)) and len(folded(text[:2_000])) >= 2:
        return passages.text(spans[0])
    nearest = passages.resembling(text)
    passage = passages.text(nearest[1].span) if nearest else ""
    return passage if passage and says_the_same(passage, text) else None


def _leave_out_known_lines(passages: Passages, draft: Draft) -> None:
    """Leave out the items of a list that the prompt has already; drop the draft if it has every line."""
    lines = [line for line in draft.text.split("\n") if line.strip()]
    if not 1 < len(lines) <= _MOST_LINES:
        return
    bare = [without_marker(line) for line in lines]
    known = [len(folded(line)) >= 2 and _present(passages, line) is not None for line in bare]
    is_list = "\n\n" not in draft.text and all(map(str.__ne__, lines, bare))
    if all(known):
        draft.drop(_already(draft.text))
    elif is_list and any(known):
        draft.text = "\n".join(line for line, is_known in zip(lines, known, strict=True) if not is_known)
        draft.reason += f"; {sum(known)} of its {len(lines)} lines are in the prompt already"


_COVERS_PROMPT = 0.6
_COVERS_SUBSECTIONS = 0.5
_COVERS_SECTION = 0.3
_READ = 20_000
_STOPS = (".", "!", "?")


def draft_modification(passages: Passages, draft: Draft, new: str) -> None:
    """Replace the passage that a suggestion names, quotes, or says again in other words.

    Without any such passage the text is added instead, and the reason says so.
    """
    suggestion, target = draft.suggestion, draft.suggestion.target_section or ""
    section = matching_section(passages, target, new)
    if (pair := replacement_pair(suggestion)) and (spans := passages.find(pair[0])):
        _replace_one(passages, draft, spans, pair[1], section)
    elif not new:
        draft_addition(passages, draft, "")
    elif section and begins_with_heading(new, section):
        _rewrite_section(passages, draft, section, new)
    elif spans := named_spans(passages, suggestion, new):
        _replace_one(passages, draft, spans, new, section)
    elif span := rewritten_span(passages, target, new, section):
        _replace(passages, draft, span, new, "the passage it rewrites")
        if any(not overlap(found, span) for found in passages.find(new)):
            draft.drop(_already(new))
    else:
        draft_addition(passages, draft, new, "; no passage to replace was found, so it is added")


def _replace_one(
    passages: Passages, draft: Draft, spans: list[Span], new: str, section: Section | None
) -> None:
    span = only_one(spans, section)
    if span is None:
        return draft.leave(ambiguous(passages, spans), new)
    if new.endswith((*_STOPS, ":", ";", '"', "”")) and len(new.split()) >= 4:
        span = whole_sentence(passages, span)
    return _replace(passages, draft, span, new, "the passage it names")


def _replace(passages: Passages, draft: Draft, span: Span, new: str, how: str) -> None:
    new, changed = passages.template.fitted(new, passages.text(span))
    span, content = _fitted(passages, span, new)
    draft.change(span, new, content)
    draft.reason = f"replaces {how}: {one_line(passages.text(span), 60)!r}{changed}"
    start, end = span
    if passages.prompt.find(content, max(0, end - len(content)), start + len(content)) >= 0:
        # The passage reads so already, or is a part of one that does.
        draft.drop(_already(new))


def _fitted(passages: Passages, span: Span, new: str) -> tuple[Span, str]:
    """Return exact span and content: a list item keeps its marker; marks, a stop, the end of a tag are not doubled."""
    (start, end), prompt = span, passages.prompt
    line = passages.lines[passages.line_at(start)]
    if line.marker and line.start <= start <= line.text_start < end:
        start = line.text_start
        first, *rest = without_marker(new).split("\n")
        new = "\n".join([first, *(line.indent + other if other[:1].strip() else other for other in rest)])
    marks = new[: len(new) - len(new.lstrip("*_`"))]
    if new.endswith(marks) and prompt.endswith(marks, 0, start) and prompt.startswith(marks, end):
        start, end = start - len(marks), end + len(marks)
    behind = prompt[end : end + 1]
    if (behind in _STOPS and new.endswith(_STOPS)) or (behind == ">" and new.endswith(">")):
        end += 1
    return (start, end), new.replace("\n", passages.newline)


# --- sections and whole prompts -------------------------------------------------------------------------

_ALL_OF_IT = re.compile(
    r"\b(?:entire|whole|full|complete)\s+(?:system\s+)?prompt\b"
    r"|\b(?:rewrite|replace|restructure|reorgani[sz]e)\s+the\s+(?:system\s+)?prompt\b",
    re.IGNORECASE,
)


def draft_restructuring(passages: Passages, draft: Draft, new: str) -> None:
    """Put a new version in the place of the whole prompt, or of the section or passage that the suggestion names."""
    target = draft.suggestion.target_section or ""
    if new and _is_whole_prompt(passages, draft, new, matching_section(passages, target, new)):
        _rewrite_prompt(passages, draft, new)
    elif new and (section := matching_section(passages, target, new, exact=True)):
        _rewrite_section(passages, draft, section, new)
    else:
        draft_modification(passages, draft, new)


def _is_whole_prompt(passages: Passages, draft: Draft, new: str, section: Section | None) -> bool:
    said = f"{draft.suggestion.target_section or ''}\n{draft.suggestion.description[:1_000]}"
    if _ALL_OF_IT.search(said):
        return len(new) * 3 >= len(passages.prompt)
    is_long = len(new) * 2 >= len(passages.prompt)
    return (
        section is None
        and is_long
        and passages.share((0, _READ), content_words(new, _READ)) >= _COVERS_PROMPT
    )


def _rewrite_prompt(passages: Passages, draft: Draft, new: str) -> None:
    prompt = passages.prompt
    new, changed = passages.template.fitted(new, prompt)
    ending = prompt[len(prompt.rstrip("\r\n")) :]
    draft.change((0, len(prompt)), new, new.replace("\n", passages.newline) + ending, is_all=True)
    draft.reason = f"replaces the whole prompt{changed}"
    if draft.content == prompt:
        draft.drop("already present: it is the prompt itself")


def _rewrite_section(passages: Passages, draft: Draft, section: Section, new: str) -> None:
    """Replace a section's text; subsections that `new` does not speak of stay."""
    start, end = section.body_start, section.body_end
    said = content_words(new, _READ)
    if passages.share((start, end), said) < _COVERS_SUBSECTIONS:
        end = section.own_end
    share = passages.share((start, end), said)
    if share < _COVERS_SECTION:
        note = f"; the section's text is kept, as the new text holds only {share:.0%} of its words"
        return draft_addition(passages, draft, new, note)
    if section.kind is SectionKind.XML:
        new = without_own_heading(new, section)
    elif begins_with_heading(new, section):
        start = section.start
    old = passages.prompt[start:end]
    new, changed = passages.template.fitted(new, old)
    start, end = start + len(old) - len(old.lstrip(" \t\r\n")), end - len(old) + len(old.rstrip(" \t\r\n"))
    draft.change((start, end), new, new.replace("\n", passages.newline))
    draft.reason = f"replaces section {section.name!r}{changed}"
    if draft.content == passages.text((start, end)):
        draft.drop(f"already present: section {section.name!r} reads so")
    return None
