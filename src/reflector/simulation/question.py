"""What a reflection request asks: about which prompt, what further, after which attempts, and in which form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from reflector.llm.messages import ModelRequest

__all__ = ["AnswerForm", "Question", "read_question"]

_FENCED = re.compile(r"(?ms)^[ \t]*(`{3,})[^\n`]*\n(.*?)\n?[ \t]*\1[ \t]*$")
_TAGGED = re.compile(r"(?s)<(\w*(?:prompt|instructions?)\w*)>\s*(.*?)\s*</\1>", re.IGNORECASE)
_LABELLED = re.compile(
    r"(?im)^[^\n]*\b(?:prompt|instructions?)\b[^\n]{0,40}:[ \t]*\n+(.*?)(?=\n\s*\n|\Z)", re.DOTALL
)
_NAMES_PROMPT = re.compile(r"\b(?:prompt|instructions?)\b", re.IGNORECASE)
_LEAD = 300
"""Characters before a fence in which the prompt is announced."""
_REJECTED = re.compile(
    r"(?im)^[^\n]*\b(?:rejected|did not (?:help|improve)|(?:already|been|was|were) tried|tried before|without success|"
    r"made (?:it|things|the score) worse|not accepted)\b[^\n]*(?:\n(?!\s*#)[^\n]*)*"
)
_STEP = re.compile(r"\bsteps? (\d+)", re.IGNORECASE)
_KEEP = re.compile(r"\b(?:keep|preserve)\b", re.IGNORECASE)
_MOST_STEPS = 3


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
    def steps(self) -> tuple[int, ...]:
        """The steps that a further turn asks about: the first three, for nobody looks at all of them closely."""
        named = dict.fromkeys(int(number) for number in _STEP.findall(self.focus or ""))
        return tuple(named)[:_MOST_STEPS]


def read_question(request: ModelRequest) -> Question:
    """Return what a request asks, whoever wrote it.

    The prompt is the first fenced text that is announced as prompt or instructions, or stands in a tag of that name,
    or follows a line of that name that ends with a colon.
    """
    said = [message for message in request.messages if message.role not in ("system", "developer")]
    text = "\n\n".join(message.content for message in said)
    whole = "\n\n".join(message.content for message in request.messages)
    prompt = _find_prompt(text)
    shown = text.replace(prompt, "") if prompt else text
    is_further = any(message.role == "assistant" for message in said) and said[-1].role == "user"
    return Question(
        prompt=prompt,
        shown=shown,
        focus=_own_words(said[-1].content, prompt) if is_further else None,
        tried="\n".join(found[0] for found in _REJECTED.finditer(shown)),
        form=_form(whole),
        keeps=bool(_KEEP.search(whole)),
        asks_confidence='"confidence"' in whole,
    )


def _find_prompt(text: str) -> str:
    for found in _FENCED.finditer(text):
        if _NAMES_PROMPT.search(text[max(0, found.start() - _LEAD) : found.start()]):
            return found[2].strip()
        if found.start() > _LEAD and not _NAMES_PROMPT.search(text[: found.start()]):
            break
    tagged = _TAGGED.search(text)
    if tagged:
        return tagged[2].strip()
    labelled = _LABELLED.search(text)
    return labelled[1].strip() if labelled else ""


def _own_words(text: str, prompt: str) -> str:
    """Return what a message asks itself: without quotations in fences and list items, and without the prompt."""
    text = _FENCED.sub("", text.replace(prompt, "") if prompt else text)
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(("- ", "* ", ">")))


def _form(text: str) -> AnswerForm:
    if "specific_text" in text:
        return AnswerForm.REFLECTION
    if re.search(r"\bJSON (?:list|array)\b", text, re.IGNORECASE):
        return AnswerForm.LIST
    if re.search(r"\bJSON\b", text):
        return AnswerForm.OBJECT
    if re.search(
        r"within ```|between ```|``` ?(?:blocks?|fences?)|fenced? (?:code )?block", text, re.IGNORECASE
    ):
        return AnswerForm.FENCED
    return AnswerForm.PLAIN
