"""What a chat message says: words, thinking, refusals, calls and results, whichever way a provider writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from reflector._json import JSONValue
from reflector.trajectories.fields import as_list, as_mapping, as_text, first_of, text_of

__all__ = ["Piece", "content_text", "pieces_of"]

_TEXT_PARTS = frozenset({"text", "input_text", "output_text", ""})
_THINKING_PARTS = frozenset({"thinking", "reasoning", "reasoning_text", "redacted_thinking"})
_THINK = re.compile(r"\s*<(think|thinking|reasoning)>(.*?)</\1>\s*", re.DOTALL)
_THINK_END = "</think>"


class Piece(NamedTuple):
    """One thing that a message says."""

    kind: str
    """`text`, `reasoning`, `refusal`, `call` or `result`."""
    value: Any


def content_text(content: JSONValue) -> str:
    """Return the text of a message's content; what is not text is named, never inlined."""
    if isinstance(content, str):
        return content
    return "\n".join(piece.value for piece in _parts_of(content) if isinstance(piece.value, str))


def pieces_of(message: Mapping[str, Any], *, is_model: bool) -> Iterator[Piece]:
    """Yield what a message says in the order thinking, words, calls."""
    thoughts = as_text(first_of(message, "reasoning_content", "reasoning", "thinking")) if is_model else None
    if is_model and thoughts is None:
        blocks = (_thinking_text(as_mapping(block)) for block in as_list(message.get("thinking_blocks")))
        thoughts = "\n".join(block for block in blocks if block) or None
    if thoughts:
        yield Piece("reasoning", thoughts)
    calls: list[Piece] = []
    for piece in _joined(_parts_of(first_of(message, "content", "parts"))):
        if piece.kind == "call":
            calls.append(piece)
        elif piece.kind == "text" and is_model and "</" in piece.value:
            yield from _split_thinking(piece.value, is_known=thoughts is not None)
        elif piece.kind != "reasoning" or piece.value != thoughts:
            yield piece
    refusal = as_text(message.get("refusal"))
    if refusal:
        yield Piece("refusal", refusal)
    yield from calls
    yield from (Piece("call", call) for call in as_list(message.get("tool_calls")) if as_mapping(call))
    if as_mapping(message.get("function_call")):
        yield Piece("call", message["function_call"])


def _split_thinking(text: str, *, is_known: bool) -> Iterator[Piece]:
    """Yield a leading block of thinking apart from the words after it."""
    block = _THINK.match(text)
    if block:
        thought, words = block.group(2).strip(), text[block.end() :]
    elif _THINK_END in text and "<think>" not in text:
        # Some chat templates put the opening tag into the prompt, so that only the closing one is recorded.
        thought, _, words = text.partition(_THINK_END)
        thought, words = thought.strip(), words.lstrip()
    else:
        thought, words = "", text
    if thought and not is_known:
        yield Piece("reasoning", thought)
    if words.strip() or not thought:
        yield Piece("text", words)


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield the pieces with neighbouring texts joined by a line break, empty ones left out."""
    for is_text, group in groupby(pieces, key=lambda piece: piece.kind == "text"):
        if not is_text:
            yield from group
        elif any(texts := [piece.value for piece in group]):
            yield Piece("text", "\n".join(texts))


def _parts_of(content: JSONValue) -> Iterator[Piece]:
    if isinstance(content, list | tuple):
        for part in content:
            yield from _parts_of(part)
    elif isinstance(content, dict):
        yield _part_of(content)
    elif content is not None:
        yield Piece("text", text_of(content))


def _part_of(part: Mapping[str, Any]) -> Piece:
    kind = text_of(part.get("type"))
    if kind in _TEXT_PARTS and ("text" in part or "content" in part):
        text = first_of(part, "text", "content")
        return Piece("text", text_of(as_mapping(text).get("value", text)))
    if kind in _THINKING_PARTS:
        return Piece("reasoning", _thinking_text(part) or "[thinking withheld]")
    if kind == "refusal":
        return Piece("refusal", text_of(part.get("refusal")))
    if kind in ("tool_use", "tool_result"):
        return Piece("call" if kind == "tool_use" else "result", part)
    return Piece("text", _name_of_part(kind, part))


def _thinking_text(part: Mapping[str, Any]) -> str | None:
    text = as_text(first_of(part, "thinking", "reasoning", "text", "content"))
    summary = part.get("summary")
    return text or "\n".join(content_text(item) for item in as_list(summary)) or as_text(summary)


def _name_of_part(kind: str, part: Mapping[str, Any]) -> str:
    """Return a short stand-in for a picture, a sound, a file, or a part of an unknown type."""
    body = first_of(part, kind, "image_url", "url", "source", "data", "file", "input_audio", "image")
    inner = as_mapping(body)
    address = as_text(body) or as_text(first_of(inner, "url", "filename", "file_id", "id", "path"))
    if address and len(address) <= 200 and not address.startswith("data:"):
        return f"[{kind or 'part'}: {address}]"
    if body is None and "text" in part:
        return text_of(part["text"])
    size = len(text_of(body if body is not None else dict(part)))
    return f"[{kind or 'part'}, {size} characters]"
