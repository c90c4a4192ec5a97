"""What a reflection request asks: about which prompt, what further, after which attempts, and in which form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from reflector.llm.messages import ModelRequest

__all__ = ["AnswerForm", "Question", "read_question"]

_FENCE = re.compile(r"[ \t]{0,3}(`{3,})[^`]*$")
_TAG = re.compile(r"<(\w{0,20}(?:prompt|instructions?)\w{0,20})>", re.IGNORECASE)
_LABEL = re.compile(r"\b(?:prompt|instructions?)\b[^\n]{0,40}:$", re.IGNORECASE)
_NAMES_PROMPT = re.compile(r"\b(?:prompt|instructions?)\b", re.IGNORECASE)
_TICKET = re.compile(r"\bT-\d+\b")
_LEAD = 300
"""Characters before a fence in which the prompt is announced."""
_REJECTED = re.compile(
    r"\b(?:rejected|did not (?:help|improve)|not accepted|already tried|(?:been|was|were) tried|tried before|"
    r"without success|made (?:it|things|the score) worse)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(r"\bsteps? (\d+)|\b(T-\d+|[0-9a-f]{8})\b", re.IGNORECASE)
_KEEP = re.compile(r"\b(?:keep|preserve)\b", re.IGNORECASE)
_LIST = re.compile(r"\bJSON (?:list|array)\b", re.IGNORECASE)
_IN_FENCES = re.compile(
    r"(?:within|between|in) ```|``` ?(?:blocks?|fences?)|\bfenced (?:code )?block", re.IGNORECASE
)
_MOST_NAMED = 3


class AnswerForm(Enum):
    """The form in which a request wants its answer."""

    REFLECTION = "an object with analysis and suggestions that have a specific_text"
    LIST = "a JSON list of sentences"
    OBJECT = "a JSON object with a list of sentences"
    FENCED = "the whole new prompt between fences"
    PLAIN = "the whole new prompt and nothing else"


@dataclass(frozen=True, slots=True)
class Question:
    """A request to the reflection model, read."""

    prompt: str
    """The prompt under reflection; empty when none is announced."""
    shown: str
    """Everything else that it shows: all messages but the system's, without the prompt."""
    focus: str | None
    """What a further turn asks, in its own words; None in the first turn."""
    tried: str
    """What it lists as rejected before."""
    form: AnswerForm
    keeps: bool
    """Whether it asks to keep what works."""
    asks_confidence: bool

    @property
    def named(self) -> tuple[str, ...]:
        """What a further turn asks about: the first three steps, tickets or blocks that it names.

        Nobody looks at everything closely.
        """
        found = (match[1] or match[2] for match in _NAMED.finditer(self.focus or ""))
        return tuple(dict.fromkeys(found))[:_MOST_NAMED]


def read_question(request: ModelRequest) -> Question:
    """Return what a request asks, whoever wrote it.

    The prompt is the first fenced text that is announced as prompt or instructions, or stands in a tag of that name,
    or follows a line of that name that ends with a colon.
    """
    told = [message for message in request.messages if message.role in ("system", "developer")]
    said = [message for message in request.messages if message.role not in ("system", "developer")]
    text = "\n\n".join(message.content for message in said)
    prompt = _fenced_prompt(text) or _tagged_prompt(text) or _labelled_prompt(text)
    shown = _without(text, prompt)
    is_further = any(message.role == "assistant" for message in said) and said[-1].role == "user"
    whole = "\n\n".join([*(each.content for each in told), shown])
    return Question(
        prompt=prompt,
        shown=shown,
        focus=_own_words(_without(said[-1].content, prompt)) if is_further else None,
        tried="\n".join(_tried(shown)),
        form=_form(whole, is_json=request.response_format is not None),
        keeps=bool(_KEEP.search(whole)),
        asks_confidence='"confidence"' in whole,
    )


def _without(text: str, prompt: str) -> str:
    # A prompt of a few letters stands everywhere by chance.
    return text.replace(prompt, "", -1 if len(prompt) >= 40 else 1) if prompt else text


# --- the prompt ---


def _fenced_prompt(text: str) -> str:
    for start, body in _fences(text):
        if _NAMES_PROMPT.search(text, max(0, start - _LEAD), start):
            return body.strip()
    return ""


def _fences(text: str) -> Iterator[tuple[int, str]]:
    """Yield the start and the body of every fenced block; a fence closes with at least as many backticks."""
    place, opened, fence, body = 0, 0, "", list[str]()
    for line in text.splitlines(keepends=True):
        found = _FENCE.match(line.rstrip("\r\n"))
        if found and not fence:
            opened, fence, body = place, found[1], []
        elif found and len(found[1]) >= len(fence) and line.strip() == found[1]:
            yield opened, "".join(body)
            fence = ""
        elif fence:
            body.append(line)
        place += len(line)


def _tagged_prompt(text: str) -> str:
    found = _TAG.search(text)
    end = text.find(f"</{found[1]}>", found.end()) if found else -1
    return text[found.end() : end].strip() if found and end >= 0 else ""


def _labelled_prompt(text: str) -> str:
    """Return what follows a line such as `Current prompt:`, up to the next such line or the first ticket."""
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines) if _LABEL.search(line.strip()[-120:])), None)
    if start is None:
        return ""
    body: list[str] = []
    for line in lines[start + 1 :]:
        is_label = line.rstrip().endswith(":") and bool(body) and not body[-1].strip()
        if is_label or _TICKET.search(line):
            break
        body.append(line)
    return "\n".join(body).strip()


# --- the rest ---


def _own_words(text: str) -> str:
    """Return what a message asks itself: without quotations in fences and list items."""
    quoted = {line for _, body in _fences(text) for line in body.splitlines()}
    said = (line for line in text.splitlines() if line not in quoted)
    return "\n".join(line for line in said if not line.lstrip().startswith(("- ", "* ", ">")))


def _tried(text: str) -> Iterator[str]:
    """Yield the lines under a heading or a sentence that speaks of rejected attempts, up to the next heading."""
    is_under = False
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            is_under = False
        is_under = is_under or bool(_REJECTED.search(line))
        if is_under:
            yield line


def _form(text: str, *, is_json: bool) -> AnswerForm:
    if "specific_text" in text:
        return AnswerForm.REFLECTION
    if _LIST.search(text):
        return AnswerForm.LIST
    if _IN_FENCES.search(text):
        return AnswerForm.FENCED
    return AnswerForm.OBJECT if is_json or re.search(r"\bJSON\b", text) else AnswerForm.PLAIN
