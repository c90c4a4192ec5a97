"""The reading of a model's answer: JSON first, repaired where it is broken, then text.

    answer
      → clean, strip_reasoning   what no reader sees, thinking, marks of the chat format   answers.cleaning
      → find_documents           JSON wherever it stands, repaired                         answers.documents
      → Search.find_part         through envelopes to what is a reflection, per document   answers.parts
      → choose                   which document is the answer, completed by the others     answers.parts
      → align                    its fields in our names, its suggestions in our values    answers.parts
      → ParsedReflection         with the confidence that it deserves                      confidence

If no document holds a reflection, the answer is a refusal, an error or an echo (`answers.failures`), or it is read as
text (`answers.text`). A `Log` goes along and keeps what was dropped and inferred.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from reflector._text import one_line
from reflector.errors import UnparsableReflectionError
from reflector.reflection.answers.cleaning import clean, spoken_thoughts, strip_reasoning
from reflector.reflection.answers.documents import find_documents, whole_document
from reflector.reflection.answers.failures import is_error_text, is_refusal, repeats_form
from reflector.reflection.answers.lenient_json import Document
from reflector.reflection.answers.names import REFLECTION_FIELDS
from reflector.reflection.answers.parts import Part, Search, align, choose, is_filled
from reflector.reflection.answers.reading import Log, Reading
from reflector.reflection.answers.text import read_text
from reflector.reflection.confidence import rescored
from reflector.reflection.models import ParsedReflection, ParseMode

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
    return _Answer(text, strict, min_suggestions, finish_reason).read()


@dataclass(slots=True)
class _Answer:
    """One answer on its way to a reflection."""

    raw: str
    strict: bool
    min_suggestions: int
    finish_reason: str | None
    text: str = ""
    """The answer without reasoning and what no reader sees."""
    documents: list[Document] = field(default_factory=list)
    search: Search = field(init=False)
    fixes: Counter[str] = field(default_factory=Counter)
    inner_fixes: Counter[str] = field(default_factory=Counter)
    """Repairs in JSON that stood in strings."""
    decodes: int = 0
    texts: dict[str, tuple[Reading, Log]] = field(default_factory=dict)

    def read(self) -> ParsedReflection:
        self.search = Search(Log(strict=self.strict, decode=self.decode_inner))
        whole = whole_document(self.raw)
        if whole is not None:
            self.text, self.documents = self.raw, [whole]
        else:
            text, fixes = clean(self.raw)
            self.fixes.update(fixes)
            self.text, thoughts = strip_reasoning(text)
            self.documents = find_documents(self.text)
            if not self.documents and thoughts and not self.text.strip():
                self.documents = find_documents(thoughts)
        found = self.from_documents()
        if found is not None:
            return found
        self.check_for_failure()
        return self.from_text()

    def decode_inner(self, text: str) -> Any:
        """Return the JSON value that a string inside the answer holds, None if it holds none."""
        self.decodes += 1
        found = find_documents(text) if self.decodes <= _DECODES else []
        for document in found:
            self.inner_fixes.update(document.fixes)
        return [document.value for document in found] if len(found) > 1 else found[0].value if found else None

    def as_text(self, text: str) -> tuple[Reading, Log]:
        """Return what a text says; each text is read once."""
        if text not in self.texts:
            log = Log()
            self.texts[text] = read_text(text, log), log
        return self.texts[text]

    def suggests(self, text: str) -> bool:
        return bool(self.as_text(text)[0].suggestions)

    # --- JSON ----------------------------------------------------------------------------------------------

    def from_documents(self) -> ParsedReflection | None:
        """Return the reflection that the JSON in an answer says, None if it says none."""
        usable = [document for document in self.documents if not (self.strict and document.fixes)]
        found = (
            self.search.find_part(document.value, complete=not document.truncated, document=number)
            for number, document in enumerate(usable)
        )
        parts = [part for part in found if part is not None]
        if not parts:
            return None
        best = parts[0]
        if len(parts) > 1:
            said = [self.text[document.start : document.end] for document in usable]
            best = choose([part for part in parts if not repeats_form(said[part.document])] or parts)
        if not best.has_suggestions and self.is_only_quoted(best, usable):
            return None
        if not self.strict and not is_filled(best.fields.get("analysis")):
            best = self.with_words_around(best, usable)
        log = self.search.log
        reading = align(best, log)
        if not reading.suggestions and log.placeholders:
            self.fail("template_echo", _ECHO)
        said_something = reading.suggestions or reading.analysis or reading.root_causes
        if not said_something and not reading.expected_improvement and not log.dropped:
            return None
        for part in parts:
            self.fixes.update(usable[part.document].fixes)
        self.fixes.update(self.inner_fixes)
        mode = ParseMode.REPAIRED if self.fixes else ParseMode.JSON
        return self.result(reading, log, mode, usable[best.document].truncated or usable[-1].truncated)

    def is_only_quoted(self, part: Part, documents: list[Document]) -> bool:
        """Return whether JSON without suggestions is not the answer: it quotes, or wraps, a text that has some."""
        analysis = part.fields.get("analysis")
        wrapped = analysis[0] if analysis and analysis[1] == 2 and isinstance(analysis[0], str) else ""
        if "\n" in wrapped and self.suggests(wrapped):
            self.search.texts.append(wrapped)
            return True
        size = sum(document.end - document.start for document in documents)
        return size * 2 < len(self.text) and self.suggests(self.text)

    def with_words_around(self, part: Part, documents: list[Document]) -> Part:
        """Return `part` with the analysis and causes that stand, named, in words around the JSON."""
        pieces, position = [], 0
        for document in documents:
            pieces.append(self.text[position : document.start])
            position = document.end
        around = "\n".join([*pieces, self.text[position:]])
        around = _TOOL_TAG.sub("\n", _PARAMETER.sub(r"\n## \1\n", around))
        said: dict[str, Any] = {}
        if any(_names_analysis(label[1]) for label in _LABEL.finditer(around)):
            reading, _ = self.as_text(around)
            said = {"analysis": reading.analysis, "root_causes": list(reading.root_causes)}
        if not any(said.values()):
            said = {"analysis": spoken_thoughts(self.raw)}
        lacking = {
            name: (value, 1) for name, value in said.items() if value and not is_filled(part.fields.get(name))
        }
        return replace(part, fields=part.fields | lacking) if lacking else part

    def result(self, said: Reading, log: Log, mode: ParseMode, truncated: bool = False) -> ParsedReflection:
        metadata: dict[str, Any] = {
            "fixes": dict(self.fixes),
            "inferred": dict(log.inferred),
            "truncated": truncated or self.finish_reason in _CUT_SHORT,
        }
        if said.stated_confidence is not None:
            metadata["stated_confidence"] = said.stated_confidence
        parsed = ParsedReflection(
            analysis=said.analysis,
            root_causes=said.root_causes,
            suggestions=said.suggestions,
            expected_improvement=said.expected_improvement,
            dropped=tuple(log.dropped),
            parse_mode=mode,
            metadata=metadata,
        )
        scored = rescored(parsed)
        return scored.model_copy(update={"needs_clarification": True}) if mode is ParseMode.TEXT else scored

    # --- text ----------------------------------------------------------------------------------------------

    def check_for_failure(self) -> None:
        """Raise if the answer is one of the known kinds that hold no reflection."""
        text, search = self.text, self.search
        if not text.strip():
            reasoning = " but for the model's reasoning" if self.raw.strip() else ""
            self.fail("empty", f"the answer is empty{reasoning}.")
        if search.refusal is not None or is_refusal(text) or any(map(is_refusal, search.texts[:5])):
            self.fail("refusal", "the model declined to answer.")
        if search.error is not None or is_error_text(text):
            self.fail("error_payload", "the answer is an error message, not a reflection.")
        if search.is_echo or repeats_form(text):
            self.fail("template_echo", _ECHO)
        if self.strict:
            if len(self.documents) == 1 and not self.documents[0].fixes:
                self.fail("no_reflection", _OTHER_JSON)
            self.fail("invalid_json", "the answer is not valid JSON. Use `strict=False` to have it repaired.")

    def from_text(self) -> ParsedReflection:
        """Return what the answer says as text: the longest text inside when it is a JSON envelope."""
        text, documents = self.text, self.documents
        if len(documents) == 1 and documents[0].end - documents[0].start >= len(text.strip()):
            text = max(self.search.texts, key=len, default="")
        if not text.strip():
            self.fail("no_reflection", _OTHER_JSON)
        reading, log = self.as_text(text)
        least = max(self.min_suggestions, 1)
        if (count := len(reading.suggestions)) < least:
            self.fail("no_reflection", f"found {count} suggestions in the text, expected at least {least}.")
        reading.analysis = reading.analysis or spoken_thoughts(self.raw)
        return self.result(reading, log, ParseMode.TEXT)

    def fail(self, reason: str, why: str) -> NoReturn:
        beginning = f" It begins: {one_line(self.raw, 80)!r}" if self.raw.strip() else ""
        raise UnparsableReflectionError(why + beginning, reason=reason, raw=self.raw)


_ECHO = "the answer repeats the form it was asked in instead of filling it."
_OTHER_JSON = "the answer is JSON, but no reflection."


def _names_analysis(label: str) -> bool:
    return any(REFLECTION_FIELDS.strength(label, name) in (0, 1) for name in ("analysis", "root_causes"))


_LABEL = re.compile(
    r"^[ \t>#*_<\[]*(?:parameter(?:=| name=)\W?)?([^\W\d][\w \-]{2,40}?)\W{0,6}[:：>*\]\n]", re.MULTILINE
)
_PARAMETER = re.compile(r"<parameter(?:=| name=)[\"']?(\w{1,60})[\"']?\s*>")
_TOOL_TAG = re.compile(r"</?(?:parameter|function|invoke|tool_call|function_calls?)\b[^<>]{0,80}>")
