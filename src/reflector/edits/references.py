"""Passages that are referred to, not quoted: "rule 3", "the sentence about refunds", "Payment"."""

from __future__ import annotations

import re

from reflector.edits.likeness import content_words, folded, name_words
from reflector.edits.naming import matching_section
from reflector.edits.passages import Passages, Span, Unit
from reflector.edits.wording import quoted

__all__ = ["described_passage", "labelled_passage", "named_passage", "numbered_passage", "resembling_passage"]

_ORDINAL = re.compile(
    r"(?:(?P<kind>paragraph|line|rule|step|item|point|tip|bullet|number|instruction|guideline)\s*#?\s*(?P<number>\d{1,3})\b"
    r"|(?P<word>first|second|third|fourth|fifth|last|final)\s+(?P<kind2>paragraph|line|rule|step|item|point|tip|bullet))",
    re.IGNORECASE,
)

_COUNT = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1, "final": -1}


def named_passage(passages: Passages, text: str) -> Span | None:
    """Return the passage that is quoted or numbered in `text`; of several the first."""
    for quote in (text, *sorted(quoted(text), key=len, reverse=True)):
        words = folded(quote[:20_000])
        if len(words) < 2 and len(quote) < 12:
            continue
        if spans := passages.find(quote):
            return spans[0]
    return (
        labelled_passage(passages, text)
        or numbered_passage(passages, text)
        or described_passage(passages, text)
    )


_DESCRIBED = re.compile(
    r"\b(?:sentence|paragraph|line|rule|part|instruction|bullet|item|statement|clause|passage|text|point|requirement|"
    r"constraint|note|warning)s?\s+(?:about|on|regarding|describing|concerning|covering|mentioning|that|which|for|"
    r"saying|starting with)\s+(?P<what>[^.;\n]{3,160})",
    re.IGNORECASE,
)

_REASON_WHY = re.compile(
    r"\s*(?:,|;| - | – | — )\s*|\s+(?:since|because|as|so that|which|to avoid|to make|in order)\s+"
)
_INLINE_LABEL = re.compile(r"[*_`]{0,3}([^\W\d_][^\r\n:.!?{}<>]{0,50}?)[*_`]{0,3}:[*_`]{0,3}\s")


def labelled_passage(passages: Passages, text: str) -> Span | None:
    """Return the paragraph or list item that begins with `text` and a colon."""
    wanted = name_words(text[:200])
    if not 1 <= len(wanted) <= 6:
        return None
    for unit in passages.units:
        if unit.start == unit.block_start:
            label = _INLINE_LABEL.match(passages.prompt, unit.start, unit.block_end)
            if label and name_words(label[1]) == wanted:
                return unit.block_start, unit.block_end
    return None


def described_passage(passages: Passages, text: str) -> Span | None:
    """Return the one sentence that holds every word of a description, as in "the sentence about refunds"."""
    match = _DESCRIBED.search(text[:1_000])
    if match is None:
        return None
    what = _REASON_WHY.split(match["what"])[0]
    holding = [unit for unit in passages.units_holding(content_words(what)) if not unit.is_heading]
    return (holding[0].start, holding[0].end) if len(holding) == 1 else None


def numbered_passage(passages: Passages, text: str, within: Span | None = None) -> Span | None:
    """Return the list item, line or paragraph that `text` counts out, as in "rule 3" or "second paragraph"."""
    match = _ORDINAL.search(text[:400])
    if match is None:
        return None
    kind = (match["kind"] or match["kind2"]).lower()
    count = int(match["number"]) if match["number"] else _COUNT[match["word"].lower()]
    low, high = within or (0, len(passages.prompt))
    if section := matching_section(passages, _ORDINAL.sub("", text)[:200]):
        low, high = max(low, section.body_start), min(high, section.body_end)
    blocks = list(
        dict.fromkeys(
            (u.block_start, u.block_end) for u in passages.units_within(low, high) if _counts_as(u, kind)
        )
    )
    if match["number"] and kind not in ("paragraph", "line"):
        labelled = [b for b in blocks if re.match(rf"\(?{count}[.)]", passages.marker_before(b[0]))]
        if labelled:
            return labelled[0]
        if any(passages.marker_before(b[0])[:1].isdigit() for b in blocks):
            return None
    at = count - 1 if count > 0 else count
    return blocks[at] if -len(blocks) <= at < len(blocks) else None


def _counts_as(unit: Unit, kind: str) -> bool:
    return not unit.is_heading and (not unit.is_item if kind == "paragraph" else unit.is_item)


def resembling_passage(passages: Passages, text: str) -> Span | None:
    if len(text.split()) < 4:
        return None
    best = passages.resembling(text)
    if not best or best[0][0] < 0.75:
        return None
    return best[0][1].start, best[0][1].end
