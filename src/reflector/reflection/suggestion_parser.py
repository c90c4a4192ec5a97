"""The reading of a model's answer: JSON first, repaired where it is broken, then text.

    answer
      → clean, strip_reasoning   what no reader sees, thinking, marks of the chat format   answer_cleaning
      → find_documents           JSON wherever it stands, repaired                         candidates, lenient_*
      → find_part                through envelopes to what is a reflection, per document   parts, part_shapes
      → choose                   which document is the answer, completed by the others     parts
      → align                    its fields in our names, its suggestions in our values    alignment
      → ParsedReflection         with the confidence that it deserves                      confidence

If no document holds a reflection, the answer is a refusal, an error or an echo (`failed_answers`), or it is read as
text (`text_fallback`). A `Log` goes along and keeps what was dropped, repaired and inferred.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from reflector._text import one_line
from reflector.errors import UnparsableReflectionError
from reflector.reflection.alignment import Aligned, align
from reflector.reflection.answer_cleaning import clean, spoken_thoughts, strip_reasoning
from reflector.reflection.candidates import find_documents, whole_document
from reflector.reflection.confidence import rescored
from reflector.reflection.failed_answers import is_error_text, is_refusal, repeats_form
from reflector.reflection.field_names import REFLECTION_FIELDS
from reflector.reflection.lenient_json import Document
from reflector.reflection.models import ParsedReflection, ParseMode
from reflector.reflection.parts import Part, Search, choose, find_part, is_filled
from reflector.reflection.reading_log import Log
from reflector.reflection.text_fallback import TextReading, read_text

__all__ = ["parse_reflection"]

_CUT_SHORT = frozenset(
    {"length", "max_tokens", "max_output_tokens", "model_length", "content_filter", "incomplete"}
)
_DECODES = 200
"""Strings that are looked into for JSON, per answer."""


def parse_reflection(
    text: str, *, strict: bool = False, min_suggestions: int = 1, finish_reason: str | None = None
) -> ParsedReflection:
    """Return what a model's answer says: read as JSON, repaired where it is broken, else as text.

    JSON with an analysis and no suggestion is a result; a missing analysis or rationale is empty text. What
    could not be used stands in `dropped`. `metadata` says how it was read: `fixes` and `inferred` count repairs
    and fields that the answer left open, `truncated` whether it was cut off, `stated_confidence` what the model
    says of itself. Takes time linear in the length of the answer; the same answer gives the same value.

    Args:
        text: The answer as it came, reasoning included.
        strict: Accept valid JSON only, and drop suggestions with an unknown type, category or priority. By default
            JSON is repaired, synonyms are understood, and what is unknown is inferred from the text.
        min_suggestions: Fewer than this in a text are no reflection. JSON may have none.
        finish_reason: Why the model stopped; `length` and the like lower the confidence.

    Raises:
        UnparsableReflectionError: If the answer holds no reflection; `reason` says why.
    """
    if not isinstance(text, str):
        raise UnparsableReflectionError(
            f"an answer is a text, got {type(text).__name__}.",
            reason="empty" if text is None else "no_reflection",
            raw=text,
        )
    return _Reading(text, strict, min_suggestions, finish_reason).read()


@dataclass(slots=True)
class _Reading:
    """One answer on its way to a reflection."""

    raw: str
    strict: bool
    min_suggestions: int
    finish_reason: str | None
    decodes: int = 0
    inner_fixes: dict[str, int] = field(default_factory=dict)
    """Repairs in JSON that stood in strings."""
    texts: dict[str, TextReading] = field(default_factory=dict)

    def read(self) -> ParsedReflection:
        search = Search(Log(strict=self.strict, decode=self.decode_inner))
        whole = whole_document(self.raw)
        if whole is not None:
            text, fixes, documents = self.raw, _NO_FIXES, [whole]
        else:
            text, fixes = clean(self.raw)
            text, thoughts = strip_reasoning(text)
            documents = find_documents(text)
            if not documents and thoughts and not text.strip():
                documents = find_documents(thoughts)
        found = self.from_documents(documents, fixes, search, text)
        if found is not None:
            return found
        self.check_for_failure(text, search, documents)
        return self.from_text(_text_inside(text, documents, search), fixes, search)

    def decode_inner(self, text: str) -> Any:
        """Return the JSON value that a string inside the answer holds, None if it holds none."""
        self.decodes += 1
        found = find_documents(text) if self.decodes <= _DECODES else []
        for document in found:
            _add(self.inner_fixes, document.fixes)
        return [document.value for document in found] if len(found) > 1 else found[0].value if found else None

    def text_reading(self, text: str) -> TextReading:
        """Return what a text says; each text is read once."""
        if text not in self.texts:
            self.texts[text] = read_text(text)
        return self.texts[text]

    # --- JSON ----------------------------------------------------------------------------------------------

    def from_documents(
        self, documents: list[Document], fixes: dict[str, int], search: Search, text: str
    ) -> ParsedReflection | None:
        """Return the reflection that the JSON in an answer says, None if it says none."""
        usable = [document for document in documents if not (self.strict and document.fixes)]
        parts = [
            part
            for number, document in enumerate(usable)
            if (part := find_part(document.value, search, complete=not document.truncated, document=number))
        ]
        if not parts:
            return None
        if len(parts) > 1:
            filled = [part for part in parts if not repeats_form(_said_by(usable[part.document], text))]
            best = choose(filled or parts)
        else:
            best = parts[0]
        if not best.has_suggestions and self.is_only_quoted(best, usable, text, search):
            return None
        if not self.strict and not is_filled(best.fields.get("analysis")):
            best = self.with_words_around(best, usable, text)
        totals = dict(fixes)
        for part in parts:
            _add(totals, usable[part.document].fixes)
        truncated = usable[best.document].truncated or usable[-1].truncated
        return self.from_part(best, totals, truncated, search.log)

    def is_only_quoted(self, part: Part, documents: list[Document], text: str, search: Search) -> bool:
        """Return whether JSON without suggestions is not the answer: it quotes, or wraps, a text that has some."""
        analysis = part.fields.get("analysis")
        wrapped = analysis[0] if analysis and analysis[1] == 2 and isinstance(analysis[0], str) else ""
        if "\n" in wrapped and self.text_reading(wrapped).suggestions:
            search.texts.append(wrapped)
            return True
        size = sum(document.end - document.start for document in documents)
        return size * 2 < len(text) and bool(self.text_reading(text).suggestions)

    def with_words_around(self, part: Part, documents: list[Document], text: str) -> Part:
        """Return `part` with the analysis that stands in words around the JSON."""
        said = _analysis_around(text, documents, self.text_reading)
        if not said and (spoken := spoken_thoughts(self.raw)):
            said = {"analysis": spoken}
        lacking = {name: (value, 1) for name, value in said.items() if not is_filled(part.fields.get(name))}
        return replace(part, fields={**part.fields, **lacking})

    def from_part(
        self, part: Part, fixes: dict[str, int], truncated: bool, log: Log
    ) -> ParsedReflection | None:
        aligned = align(part, log)
        if not aligned.suggestions and log.placeholders:
            self.fail("template_echo", "the answer repeats the form it was asked in instead of filling it.")
        if not (aligned.says_something or log.dropped):
            return None
        _add(fixes, self.inner_fixes)
        return self.result(aligned, ParseMode.REPAIRED if fixes else ParseMode.JSON, fixes, truncated, log)

    def result(
        self, aligned: Aligned, mode: ParseMode, fixes: dict[str, int], truncated: bool, log: Log
    ) -> ParsedReflection:
        truncated = truncated or self.finish_reason in _CUT_SHORT
        metadata: dict[str, Any] = {"fixes": fixes, "inferred": log.inferred, "truncated": truncated}
        if aligned.stated_confidence is not None:
            metadata["stated_confidence"] = aligned.stated_confidence
        parsed = ParsedReflection(
            analysis=aligned.analysis,
            root_causes=aligned.root_causes,
            suggestions=aligned.suggestions,
            expected_improvement=aligned.expected_improvement,
            dropped=tuple(log.dropped),
            parse_mode=mode,
            metadata=metadata,
        )
        scored = rescored(parsed)
        return scored.model_copy(update={"needs_clarification": True}) if mode is ParseMode.TEXT else scored

    # --- text ----------------------------------------------------------------------------------------------

    def check_for_failure(self, text: str, search: Search, documents: list[Document]) -> None:
        """Raise if the answer is one of the known kinds that hold no reflection."""
        if not text.strip():
            self.fail(
                "empty",
                "the answer is empty" + (" but for the model's reasoning." if self.raw.strip() else "."),
            )
        if search.refusal is not None or is_refusal(text) or any(map(is_refusal, search.texts[:5])):
            self.fail("refusal", "the model declined to answer.")
        if search.error is not None or is_error_text(text):
            self.fail("error_payload", "the answer is an error message, not a reflection.")
        if search.is_echo or repeats_form(text):
            self.fail("template_echo", "the answer repeats the form it was asked in instead of filling it.")
        if self.strict:
            if len(documents) == 1 and not documents[0].fixes:
                self.fail("no_reflection", "the answer is JSON, but no reflection.")
            self.fail("invalid_json", "the answer is not valid JSON. Use `strict=False` to have it repaired.")

    def from_text(self, text: str, fixes: dict[str, int], search: Search) -> ParsedReflection:
        reading = self.text_reading(text) if text.strip() else None
        count = len(reading.suggestions) if reading else 0
        if reading is None or count == 0 or count < self.min_suggestions:
            self.fail(
                "no_reflection",
                f"found {count} suggestions in the text, expected at least {max(self.min_suggestions, 1)}."
                if reading
                else "the answer is JSON, but no reflection.",
            )
        log = Log(
            dropped=list(reading.dropped), inferred={"fields": reading.inferred} if reading.inferred else {}
        )
        aligned = Aligned(
            analysis=reading.analysis or spoken_thoughts(self.raw),
            root_causes=reading.root_causes,
            suggestions=reading.suggestions,
            expected_improvement=reading.expected_improvement,
            stated_confidence=None,
        )
        return self.result(aligned, ParseMode.TEXT, fixes, False, log)

    def fail(self, reason: str, why: str) -> NoReturn:
        beginning = (
            f" It begins: {one_line(self.raw, 80)!r}"
            if isinstance(self.raw, str) and self.raw.strip()
            else ""
        )
        raise UnparsableReflectionError(why + beginning, reason=reason, raw=self.raw)


_NO_FIXES: dict[str, int] = {}


def _add(totals: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        totals[name] = totals.get(name, 0) + count


def _said_by(document: Document, text: str) -> str:
    return text[document.start : document.end]


def _text_inside(text: str, documents: list[Document], search: Search) -> str:
    """Return the text to read: the longest one inside when the answer is a JSON envelope, else the answer."""
    if len(documents) == 1 and documents[0].end - documents[0].start >= len(text.strip()):
        return max(search.texts, key=len, default="")
    return text


def _analysis_around(
    text: str, documents: list[Document], read: Callable[[str], TextReading]
) -> dict[str, Any]:
    """Return analysis and root causes from the words around the JSON, if a heading, label or tag names them."""
    around = _around(text, documents)
    if not any(_names_analysis(label[1]) for label in _LABEL.finditer(around)):
        return {}
    reading = read(around)
    said = {"analysis": reading.analysis, "root_causes": list(reading.root_causes)}
    return {name: value for name, value in said.items() if value}


def _around(text: str, documents: list[Document]) -> str:
    """Return the text without its JSON."""
    pieces, position = [], 0
    for document in documents:
        pieces.append(text[position : document.start])
        position = document.end
    around = "\n".join([*pieces, text[position:]])
    return _TOOL_TAG.sub("\n", _PARAMETER.sub(r"\n## \1\n", around))


def _names_analysis(label: str) -> bool:
    return any(REFLECTION_FIELDS.strength(label, name) in (0, 1) for name in ("analysis", "root_causes"))


_LABEL = re.compile(
    r"^[ \t>#*_<\[]*(?:parameter(?:=| name=)\W?)?([^\W\d][\w \-]{2,40}?)\W{0,6}[:：>*\]\n]", re.MULTILINE
)
_PARAMETER = re.compile(r"<parameter(?:=| name=)[\"']?(\w{1,60})[\"']?\s*>")
_TOOL_TAG = re.compile(r"</?(?:parameter|function|invoke|tool_call|function_calls?)\b[^<>]{0,80}>")
