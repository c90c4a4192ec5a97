"""What stands in a model's answer around what it says: invisible characters, thinking, marks of the chat format."""

from __future__ import annotations

import html
import re

from reflector._text import replace_surrogates

__all__ = ["MAX_CHARS", "clean", "spoken_thoughts", "strip_reasoning"]

MAX_CHARS = 262_144
"""A longer answer that is not one valid JSON document is read without its middle."""
_HEAD = MAX_CHARS // 4

_SURROGATE = re.compile("[\ud800-\udfff]")
_QUOTED_LINE = re.compile(r"^[ \t]*>[ \t]?", re.MULTILINE)
_MARKER = r"<[|｜][\w▁ ]{1,40}[|｜]>|</?s>|<eos>|<end_of_turn>|<start_of_turn>(?:model)?|\[/?INST\]"
_LEADING = re.compile(rf"\A(?:\s*(?:{_MARKER})(?:assistant\b)?)+")
_TRAILING = re.compile(rf"(?:{_MARKER})\s*\Z")
_FINAL_CHANNEL = re.compile(r"<\|channel\|>\s*final\b[^<\n]{0,80}<\|message\|>")

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
    text = _LEADING.sub("", _without_thoughts(text, thoughts))
    end = len(text)
    while trailing := _TRAILING.search(text, max(0, end - _LONGEST_MARKER), end):
        end = trailing.start()
    return text[:end], "\n".join(thoughts)


def _final_channel(text: str, thoughts: list[str]) -> str:
    start = 0
    for final in _FINAL_CHANNEL.finditer(text):
        start = final.end()
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


_SPOKEN = re.compile(
    r"<(thoughts?|reasoning|analysis)>([^<]{1,4000})</\1>"
    r"|^\[\[ ## (?:reasoning|rationale|thoughts?) ## \]\]\s*\n((?:(?!\[\[ ##).*\n){1,60})",
    re.IGNORECASE | re.MULTILINE,
)


def spoken_thoughts(text: str) -> str:
    """Return what an answer says in a section called reasoning or thoughts: its analysis, if it has no other.

    A section that drafts the answer is none.

    >>> spoken_thoughts("<thoughts>It guessed the year.</thoughts>\\n- Give the date.")
    'It guessed the year.'
    """
    found = _SPOKEN.search(text)
    said = (found[2] or found[3]).strip() if found else ""
    return "" if "{" in said or "```" in said else said
