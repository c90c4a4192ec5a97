"""The JSON documents in a model's answer: what stands around them is taken away, what is broken is repaired."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reflector._json import loads, scan
from reflector._text import replace_surrogates
from reflector.reflection.lenient_json import decode
from reflector.reflection.lenient_strings import BLANK, holds_latex

__all__ = ["MAX_CHARS", "Document", "clean", "find_documents", "strip_reasoning", "whole_document"]

MAX_CHARS = 262_144
"""A longer answer that is not one valid JSON document is read without its middle."""
_HEAD = MAX_CHARS // 4
_MOST_DOCUMENTS = 20_000


@dataclass(frozen=True, slots=True)
class Document:
    """One JSON value found in an answer."""

    value: Any
    fixes: dict[str, int]
    truncated: bool
    start: int
    end: int


# --- taking away ------------------------------------------------------------------------------------------

_SURROGATE = re.compile("[\ud800-\udfff]")
_QUOTED_LINE = re.compile(r"^[ \t]*>[ \t]?", re.MULTILINE)
_MARKER = r"<[|｜][\w▁ ]{1,40}[|｜]>|</?s>|<eos>|<end_of_turn>|<start_of_turn>(?:model)?|\[/?INST\]"
_LEADING = re.compile(rf"(?:\s*(?:{_MARKER})(?:assistant\b)?)+")
_TRAILING = re.compile(rf"(?:{_MARKER})\s*\Z")
_FINAL_CHANNEL = re.compile(r"<\|channel\|>\s*final\b[^<\n]{0,80}<\|message\|>")
_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)[^<\n]{0,80}<\|message\|>")

_NAMES = (
    "think|thinking|thought|thoughts|reasoning|scratchpad|inner_monologue|antThinking|reflection_thoughts"
)
_TAG = re.compile(
    rf"(?P<open><(?:{_NAMES})(?:\s[^<>\n]{{0,80}})?>|\[THINK\]|◁think▷|<[|｜](?:START_THINKING|begin_of_thought)[|｜]>)"
    rf"|(?P<close></(?:{_NAMES})\s*>|\[/THINK\]|◁/think▷|<[|｜](?:END_THINKING|end_of_thought)[|｜]>)",
    re.IGNORECASE,
)


def clean(text: str) -> tuple[str, dict[str, int]]:
    """Return `text` without what no reader sees, and what was taken away."""
    fixes: dict[str, int] = {}
    if len(text) > MAX_CHARS:
        fixes["cut_input"] = 1
        text = text[:_HEAD] + "\n" + text[len(text) - (MAX_CHARS - _HEAD) :]
    if not text.isascii() and _SURROGATE.search(text):
        fixes["lone_surrogate"] = 1
        text = replace_surrogates(text)
    if "\x00" in text or "\ufeff" in text:
        text = text.replace("\x00", "").replace("\ufeff", "")
    if text.lstrip()[:1] == ">":
        lines = text.splitlines()
        if all(line.lstrip()[:1] == ">" for line in lines if line.strip()):
            fixes["block_quote"] = 1
            text = _QUOTED_LINE.sub("", text)
    if "&quot;" in text and '"' not in text:
        fixes["html_entities"] = 1
        text = html.unescape(text)
    return text, fixes


def strip_reasoning(text: str) -> tuple[str, str]:
    """Return `text` without the model's thinking and markers of its chat format, and that thinking.

    Thinking stands between tags, before a closing tag that was never opened, or after an opening tag that is
    never closed; or in another channel than the final one. Tags in the middle of a line are text, unless they
    close what is open.
    """
    thoughts: list[str] = []
    if "<|channel|>" in text:
        text = _final_channel(text, thoughts)
    if ("<" in text or "[" in text or "◁" in text) and _TAG.search(text):
        text = _without_thoughts(text, thoughts)
    leading = _LEADING.match(text)
    if leading is not None:
        text = text[leading.end() :]
    end = len(text)
    while trailing := _TRAILING.search(text, max(0, end - _LONGEST_MARKER), end):
        end = trailing.start()
    text = text[:end]
    return text, "\n".join(thoughts)


def _final_channel(text: str, thoughts: list[str]) -> str:
    start = 0
    for final in _FINAL_CHANNEL.finditer(text):
        start = final.end()
    if not start and (channel := _CHANNEL.search(text)):
        return text[channel.end() :]
    thoughts.append(text[:start])
    return text[start:]


def _without_thoughts(text: str, thoughts: list[str]) -> str:
    kept: list[str] = []
    depth = position = 0
    for tag in _TAG.finditer(text):
        if tag["open"]:
            if depth == 0:
                if not _begins_line(text, position, tag.start()):
                    continue
                kept.append(text[position : tag.start()])
                position = tag.end()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                thoughts.append(text[position : tag.start()])
                position = tag.end()
        elif _ENDS_THOUGHT.match(text, tag.end()):
            thoughts.append("".join(kept) + text[position : tag.start()])
            kept = []
            position = tag.end()
    rest = text[position:]
    if depth and any(part.strip() for part in kept):
        thoughts.append(rest)
    else:
        kept.append(rest)
    return "".join(kept)


_LONGEST_MARKER = 80
_ENDS_THOUGHT = re.compile(r"[ \t]*(?:\n|[{\[]|```|\Z)")


def _begins_line(text: str, position: int, tag: int) -> bool:
    """Return whether nothing but quoting stands between the beginning of the line, or `position`, and a tag."""
    start = max(position, tag - _LONGEST_MARKER)
    before = text[start:tag]
    line = before[before.rfind("\n") + 1 :]
    return not line.strip(" \t>*") and (start == position or len(line) < len(before))


# --- finding ----------------------------------------------------------------------------------------------

_KEY = r"[\"'“”„«「『`＂][\w .\-]{1,60}[\"'“”»」』`＂]\s*[:=：]"
_OPENER = re.compile(
    rf"[{{｛](?=[{BLANK}]*(?:[\"'“”„«「『`＂{{}}]|\\+[\"nt]"
    r"|[^\W\d][\w.\-\\]*(?: [\w.\-\\]+){0,4}[\"'”]?\s*(?:=>|[:=：])"
    rf"|//|/\*|\#|\d+\s*:))"
    rf"|[\[［](?=[{BLANK}]*(?:[\"'“„«「『{{\[｛]|\\+[\"nt]|[A-Z]\w*\())"
    r"|\b[A-Za-z_][\w.]{0,80}\((?=\s*(?:[a-z_]\w{0,40}\s*=\s*[\"'\[({A-Z]))"
)
_HEADLESS = re.compile(rf"\s*(?:```\w*\s*)?(?={_KEY}|\w{{1,40}}\"\s*:\s*[\"\[{{]|[a-z_]{{1,40}}=[\"'\[(])")
_PREFILLED = re.compile(r"[^\"{}\[\]]{1,4000}\"\s*,\s*\"[\w ]{1,60}\"\s*:\s*[\"\[{]")
_PREFIX = '{"analysis": "'
"""Where an answer goes on when it was begun for the model."""
_ESCAPED = re.compile(r"\s*[{\[]\s*(?:\\n\s*)*\\+\"")
_ESCAPED_BREAK = re.compile(r"(?<!\\)\\n")


def find_documents(text: str) -> list[Document]:
    """Return the JSON documents in `text`, in order; linear in its length."""
    whole = whole_document(text)
    if whole is not None:
        return [whole]
    if _ESCAPED.match(text):
        return [_unescaped(text)]
    documents = list(_scan_all(text))
    if headless := _HEADLESS.match(text):
        first = documents[0].start if documents else len(text)
        if headless.end() < first:
            decoded = decode(text, headless.end(), headless=True)
            return [Document(decoded.value, decoded.fixes, decoded.truncated, headless.end(), decoded.end)]
    if _PREFILLED.match(text):
        decoded = decode(_PREFIX + text)
        return [
            Document(decoded.value, {**decoded.fixes, "missing_start": 1}, decoded.truncated, 0, len(text))
        ]
    return documents


def whole_document(text: str) -> Document | None:
    """Return the document if `text` is valid JSON and nothing else."""
    body = text.strip()
    if body[:1] not in ("{", "[", '"') or holds_latex(body, 0, len(body)):
        return None
    try:
        return Document(loads(body), {}, False, 0, len(text))
    except ValueError:
        return None


def _scan_all(text: str) -> Iterator[Document]:
    position = 0
    for _ in range(_MOST_DOCUMENTS):
        opener = _OPENER.search(text, position)
        if opener is None:
            return
        document = _read(text, opener.start())
        yield document
        position = max(document.end, opener.start() + 1)


def _read(text: str, start: int) -> Document:
    if text[start] in "{[":
        try:
            value, end = scan(text, start)
        except ValueError:
            pass
        else:
            if not holds_latex(text, start, end):
                return Document(value, {}, False, start, end)
    decoded = decode(text, start)
    return Document(decoded.value, decoded.fixes, decoded.truncated, start, decoded.end)


def _unescaped(text: str) -> Document:
    """Return the document of a text in which every quotation mark is escaped, as inside a string."""
    body = text.strip()
    outer = whole_document('"' + body.replace("\n", "\\n") + '"')
    inner = str(outer.value) if outer is not None else _ESCAPED_BREAK.sub("\n", body).replace('\\"', '"')
    found = find_documents(inner) if not _ESCAPED.match(inner) else []
    if found:
        return Document(found[0].value, {**found[0].fixes, "escaped": 1}, found[0].truncated, 0, len(text))
    decoded = decode(inner.replace('\\"', '"'), len(inner) - len(inner.lstrip()))
    return Document(decoded.value, {**decoded.fixes, "escaped": 1}, decoded.truncated, 0, len(text))
