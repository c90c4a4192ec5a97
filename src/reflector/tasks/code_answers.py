"""What a model said about code: its suggestions with their lines, its new text with the snippet's indentation."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from reflector.code.chunk import Chunk
from reflector.errors import UnparsableReflectionError
from reflector.reflection.answers.cleaning import strip_reasoning
from reflector.reflection.answers.documents import find_documents
from reflector.reflection.models import Suggestion
from reflector.reflection.suggestion_parser import parse_reflection
from reflector.tasks.code_prompt import chunk_names
from reflector.tasks.code_results import CodeEvolution, CodeReflection, CodeSuggestion
from reflector.tasks.patch import Patch
from reflector.tasks.payloads import CodeEvolutionTask

__all__ = ["read_code_evolution", "read_code_reflection"]

_LINES = re.compile(
    r"(?:[:#(,]|\blines?\b|\bat\b)\s*L?(\d{1,7})(?:\s*(?:[-–—]|\bto\b|\band\b)\s*L?(\d{1,7}))?", re.IGNORECASE
)
_QUOTED = re.compile(r"`+([^`\n]{3,200})`+")
_NUMBERED = re.compile(r"^ *\d+\| ?", re.MULTILINE)
_FENCE = re.compile(
    r"^(?P<ticks>[ \t]*(?:`{3,}|~{3,}))[^\n`]*\n(?P<body>.*?)^(?P=ticks)[ \t]*$", re.MULTILINE | re.DOTALL
)
_NO_CHANGE = re.compile(r"^\W*NO CHANGE\b[:. ]*", re.IGNORECASE)
_CODE_FIELDS = ("code", "text", "new_code", "code_snippet", "snippet", "replacement")


# --- code reflection ------------------------------------------------------------------------------------------


def read_code_reflection(
    answer: str, chunks: Sequence[Chunk], *, finish_reason: str | None = None
) -> CodeReflection:
    """Return what an answer says about chunks, each suggestion with its file and lines.

    Lines that the answer names are kept as far as they lie in a chunk; where it names none, or wrong ones, the code
    that it quotes is looked for, then the definition that it names; else they are those of the chunk.

    Raises:
        UnparsableReflectionError: If it holds no reflection; `reason` says why.
    """
    parsed = parse_reflection(answer, finish_reason=finish_reason)
    located = [_located(suggestion, chunks) for suggestion in parsed.suggestions]
    located.sort(key=lambda each: (each.priority.rank, each.path, each.start_line))
    return CodeReflection(
        analysis=parsed.analysis,
        suggestions=tuple(located),
        confidence=parsed.confidence,
        confidence_score=parsed.confidence_score,
        dropped=parsed.dropped,
        parse_mode=parsed.parse_mode,
    )


def _located(suggestion: Suggestion, chunks: Sequence[Chunk]) -> CodeSuggestion:
    meant = _chunks_meant(suggestion.target_section or "", chunks)
    chunk, first, last = _by_lines(suggestion, meant) or _by_quotes(suggestion, meant) or (None, 0, 0)
    is_located = chunk is not None
    if chunk is None:
        chunk = _by_name(suggestion, meant)
        first, last = chunk.start_line, chunk.end_line
    new = suggestion.specific_text
    fields = suggestion.model_dump(exclude={"specific_text"})
    return CodeSuggestion(
        **fields,
        specific_text=_without_numbers(new) if new else None,
        path=chunk.path,
        start_line=first,
        end_line=last,
        is_located=is_located,
    )


def _chunks_meant(target: str, chunks: Sequence[Chunk]) -> list[Chunk]:
    """Return the chunks whose path a target names, the longest path first found; all of them if it names none."""
    names = chunk_names(chunks)
    for name in sorted(set(names), key=len, reverse=True):
        if name in target:
            return [chunk for chunk, its in zip(chunks, names, strict=True) if its == name]
    simple = {name: name.rpartition("/")[2] for name in names}
    meant = {name for name, short in simple.items() if re.search(rf"(?<![\w/]){re.escape(short)}\b", target)}
    if len(meant) == 1:
        return [chunk for chunk, its in zip(chunks, names, strict=True) if its in meant]
    return list(chunks)


def _by_lines(suggestion: Suggestion, chunks: Sequence[Chunk]) -> tuple[Chunk, int, int] | None:
    target = suggestion.target_section or ""
    for found in _LINES.finditer(target):
        first = int(found[1])
        last = max(first, int(found[2] or first))
        best = max(chunks, key=lambda chunk: _overlap(chunk, first, last))
        if _overlap(best, first, last) > 0:
            return best, max(first, best.start_line), min(last, best.end_line)
    return None


def _overlap(chunk: Chunk, first: int, last: int) -> int:
    return min(last, chunk.end_line) - max(first, chunk.start_line) + 1


def _by_quotes(suggestion: Suggestion, chunks: Sequence[Chunk]) -> tuple[Chunk, int, int] | None:
    """Return where the code stands that a suggestion quotes, if it stands there only; the longest quote first."""
    texts = (suggestion.target_section or "", suggestion.description, suggestion.rationale)
    quotes = {quote.strip() for text in texts for quote in _QUOTED.findall(text)}
    quotes |= {line.strip() for line in texts[0].splitlines()}
    for quote in sorted(quotes, key=lambda each: (-len(each), each)):
        places = list(_places(quote, chunks)) if len(quote) >= 3 else []
        if len(places) == 1:
            chunk, at = places[0]
            first = chunk.start_line + chunk.text.count("\n", 0, at)
            return chunk, first, first + quote.count("\n")
    return None


def _places(quote: str, chunks: Sequence[Chunk]) -> Iterator[tuple[Chunk, int]]:
    for chunk in chunks:
        at = chunk.text.find(quote)
        while at >= 0:
            yield chunk, at
            at = chunk.text.find(quote, at + 1)


def _by_name(suggestion: Suggestion, chunks: Sequence[Chunk]) -> Chunk:
    """Return the chunk whose definition a suggestion names first, else the first chunk."""
    text = f"{suggestion.target_section or ''} {suggestion.description}"
    for part in (str.strip, lambda name: name.rpartition(".")[2]):
        for chunk in chunks:
            name = part(chunk.name)
            if name and re.search(rf"(?<![\w.]){re.escape(name)}\b", text):
                return chunk
    return chunks[0]


def _without_numbers(code: str) -> str:
    """Return code without the line numbers of the question, where every line has one."""
    lines = code.splitlines()
    return _NUMBERED.sub("", code) if lines and all(map(_NUMBERED.match, lines)) else code


# --- code evolution -------------------------------------------------------------------------------------------


def read_code_evolution(answer: str, task: CodeEvolutionTask, *, is_truncated: bool = False) -> CodeEvolution:
    """Return the new text of a snippet that an answer gives: in a fence, as a field of JSON, or bare if it is code.

    An answer that says why nothing should change gives the snippet as it is, and the reason.

    Raises:
        UnparsableReflectionError: If it holds no code.
    """
    said, _ = strip_reasoning(answer)
    code, rationale = _code_in(said)
    if code is None and (refused := _NO_CHANGE.match(said)):
        code, rationale = task.code_snippet, said[refused.end() :].strip()
    if code is None or is_truncated:
        raise UnparsableReflectionError(
            "the answer was cut off at max_tokens."
            if is_truncated
            else "the answer holds no code; expected the whole snippet in one fenced block.",
            reason="empty" if not answer.strip() else "no_reflection",
            raw=answer,
        )
    text = _fitted(_without_numbers(code), task.code_snippet)
    patch = Patch(path=task.path, start_line=task.start_line, before=task.code_snippet, after=text)
    return CodeEvolution(text=text, rationale=rationale, patch=patch)


def _code_in(answer: str) -> tuple[str | None, str]:
    """Return the code of an answer, None if it has none, and what is said about it."""
    fences = list(_FENCE.finditer(answer))
    largest = max(fences, key=lambda fence: len(fence["body"]), default=None)
    if largest is None or largest["body"].lstrip().startswith("{"):
        for document in find_documents(answer):
            fields = document.value if isinstance(document.value, dict) else {}
            for name in _CODE_FIELDS:
                code = fields.get(name)
                if isinstance(code, str) and code.strip():
                    return code, str(fields.get("rationale") or fields.get("summary") or "")
    if largest is not None:
        around = f"{answer[: largest.start()]}\n{answer[largest.end() :]}"
        return largest["body"], around.strip()
    is_code = "\n" in answer.strip() and Patch(before="pass", after=answer).parses
    return (answer, "") if is_code else (None, "")


def _fitted(code: str, snippet: str) -> str:
    """Return new code with the indentation and the line ends of the snippet."""
    code = code.replace("\r\n", "\n").rstrip("\n")
    margin, own = _margin(snippet), _margin(code)
    if margin != own:
        code = textwrap.indent(textwrap.dedent(code), margin)
    code += "\n" * (len(snippet) - len(snippet.rstrip("\n")))
    return code.replace("\n", "\r\n") if "\r\n" in snippet else code


def _margin(text: str) -> str:
    """Return the indentation that all lines share."""
    lines = [line for line in text.splitlines() if line.strip()]
    margin = lines[0][: len(lines[0]) - len(lines[0].lstrip())] if lines else ""
    for line in lines:
        while not line.startswith(margin):
            margin = margin[:-1]
    return margin
