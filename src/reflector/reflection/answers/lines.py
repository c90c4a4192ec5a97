"""The lines of an answer (headings, list items, table rows, quotes, blocks, text) and the nodes of its tree."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum

from reflector.reflection.answers.headings import (
    LONGEST_TITLE,
    Field,
    Role,
    exact_role,
    field_of,
    is_numbered_item,
    role_of,
)

__all__ = [
    "BOLD_LEVEL",
    "LABEL_LEVEL",
    "Line",
    "Node",
    "NodeKind",
    "is_table_rule",
    "list_continues",
    "plain_text",
    "read_lines",
    "split_label",
    "strip_emphasis",
]


class NodeKind(IntEnum):
    """What a part of an answer is."""

    ROOT = 0
    BLANK = 1
    HEADING = 2
    ITEM = 3
    FIELD = 4
    PARAGRAPH = 5
    QUOTE = 6
    FENCE = 7
    TABLE = 8


@dataclass(slots=True)
class Node:
    """A part of an answer with all that belongs to it."""

    kind: NodeKind
    lines: list[str] = field(default_factory=list)
    """What it says, without marks, line by line; of a table: its rows."""
    children: list[Node] = field(default_factory=list)
    role: Role | None = None
    """Of a heading: what its section holds."""
    named: Field | None = None
    """Of a field: what its label announces."""
    rank: float = 0.0
    """How deep it hangs: heading level, 10 + indentation of an item, more for a field."""
    info: str = ""
    """Of a fenced block: its language; of a field: its label; of an item: its marker."""
    is_numbered: bool = False

    @property
    def text(self) -> str:
        """What it says, with its line breaks."""
        return self.lines[0] if len(self.lines) == 1 else "\n".join(self.lines)

    @property
    def last(self) -> Node | None:
        """The last part below it."""
        return self.children[-1] if self.children else None


def plain_text(node: Node, *, title: bool = False) -> str:
    """Return what stands under `node`, one part a line, without marks."""
    parts = [node.text] if title and node.text else []
    pending = list(reversed(node.children))
    while pending:
        part = pending.pop()
        if part.text:
            parts.append(part.text)
        pending.extend(reversed(part.children))
    return "\n".join(parts).strip()


BOLD_LEVEL, LABEL_LEVEL = 7, 8
"""Levels of a heading in bold and of one that only ends in a colon; those with marks have 1 to 6."""


@dataclass(slots=True)
class Line:
    """One line, or one whole fenced block, by its marks alone."""

    kind: NodeKind
    text: str
    """Without marks; a fenced block keeps its lines."""
    indent: int = 0
    level: int = 0
    """Of a heading."""
    number: int = 0
    """Of an item in a numbered list, else 0."""
    info: str = ""
    """Of a fenced block: the language word; of an item: its marker."""
    label: tuple[str, str, bool] | None = None
    """Of a heading, an item or text: what `split_label` finds in it."""
    is_blank_before: bool = True


_LONGEST_HEADING = 200
_FENCE = re.compile(r"(\s*)(`{3,}|~{3,})[ \t]*([\w+.#-]*)([^`\n]*)$")
_HEADINGS = tuple(
    map(
        re.compile,
        (
            r"(?P<marks>#{1,6})(?:\s+|(?=[^\W\d_#]))(?P<title>\S.*?)[# ]*$",
            r"(?P<marks>={1,5}|\*{2,5})\s+(?P<title>\S[^=]*?)\s*=*$",
            r"(?:[=~—─]{2,}|-{2,}|\*{3,})\s*(?P<title>[^\s=~*—─-].{0,80}?)\s*(?:[=~—─]{2,}|-{2,}|\*{3,})$",
            r"\[\[\s*##\s*(?P<title>[\w ]{1,60}?)\s*##\s*\]\]$",
            r"\\(?:sub)*section\*?\{(?P<title>[^{}]{1,90})\}$",
            r"h[1-6]\.\s+(?P<title>\S.{0,90})$",
            r"【(?P<title>[^【】]{1,60})】$",
        ),
    )
)
"""Of Markdown, AsciiDoc and Org, plain text, DSPy, LaTeX, Textile and Chinese texts."""
_BRACKETED = re.compile(r"\[{1,2}([\w .-]{2,50})\]{1,2}$")
_UNDERLINE = re.compile(r"([=\-~^\"'`*+#:._])\1{2,}$")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{[\w*]{1,30}\}(?:\[[^\[\]]{0,40}\])?$")
_BOLD_LINE = re.compile(r"(?:\*\*\*|\*\*|__)([^*\n]{1,120}?)(?:\*\*\*|\*\*|__)\s*[:：]?$")
_NUMBER = re.compile(
    r"(?:(?:\d{1,2}\.){0,3}(\d{1,3})(?:[.)、．]|(?<=\d\.\d)(?=\s)|(?<=\d\.\d\d)(?=\s))(?=\s|[^\W\d_]|[*\"“「`\[])"
    r"|\((\d{1,3})\)|\*\*(\d{1,3})[.)]\*\*|(\d)\ufe0f?\u20e3)\s*"
)
_BOLD_NUMBER = re.compile(r"(\*\*|__)\s*(\d{1,2})[.)]\s+(?=\S)")
_BULLET = re.compile(
    r"(?:[(（]?(?:[a-hA-H]|[ivx]{1,4}|[IVX]{2,4})[.)）](?=\s)|[①-⑳]|[一二三四五六七八九十]{1,2}、"
    r"|\\item\b(?:\[[^\[\]]{0,20}\])?|#\.(?=\s)|[★☆✱✶✳◆◇](?![★☆])|[-*+–—](?=\s)(?:\s+\[[ xX✓]\](?=\s))?"
    r"|[•‣◦▪▸►→➤✦✔✓✗✘❖·○●■□☐☑✅❌👉🔹🔸▶➡➜»⭐✨💡🔧📌⚡](?![•●])\ufe0f?|(?=[🔴🟠🟡🟢🔵🟥🟧🟨🟩🟦⚪🔥🚨]))\s*"
)
_LABEL = re.compile(
    r"(?:(?P<open>\*\*\*|\*\*|__|\*|_|`|\"|')(?P<bold>[^*\n`\"]{1,70}?)(?:\s*[:：])?(?P=open)"
    r"(?P<colon>\s*(?:[:：=]|->|→|=>|[–—-](?=\s))?)\s*"
    r"|:?(?P<plain>[^\W\d_][^\n:：=→|.!?。\"“]{0,58}?)\s{0,8}(?P<sign>[:：]|=(?!=|>)|\s[–—-]{1,2}(?=\s)|->|→|=>)\s*)"
)
_WORDS_OF_LABEL = 8


_EMPHASIZED = re.compile(r"(\*{1,3}|_{1,2})((?:(?!\1).)+)\1", re.DOTALL)


def strip_emphasis(text: str) -> str:
    """Return `text` without the emphasis marks that surround all of it."""
    found = _EMPHASIZED.fullmatch(text.strip())
    return found[2].strip() if found else text.strip()


def split_label(text: str) -> tuple[str, str, bool] | None:
    """Return label, rest, and whether the label is set off by emphasis; None if `text` does not open with one.

    >>> split_label("**Type:** add"), split_label("Why this helps: it stops the loop.")
    (('Type', 'add', True), ('Why this helps', 'it stops the loop.', False))
    """
    found = _LABEL.match(text)
    if not found:
        return None
    rest = text[found.end() :].strip()
    if bold := found["bold"]:
        is_marked = ":" in found[0] or "：" in found[0] or found["colon"].strip()
        if not is_marked and (rest[:1].islower() or not (field_of(bold) or role_of(bold))):
            return None
        return bold.strip(), rest, found["open"] not in ("`", '"', "'")
    plain, is_address = found["plain"], rest.startswith("//")
    if len(plain.split()) > _WORDS_OF_LABEL or is_address:
        return None
    if found["sign"] not in ":：" and not (field_of(plain) or exact_role(plain) or is_numbered_item(plain)):
        return None
    return plain, rest, False


def read_lines(text: str) -> list[Line]:
    """Return the lines of `text` in order, fenced blocks as one line each. Linear in the length of `text`."""
    raw = text.split("\n")
    lines = [Line(NodeKind.BLANK, "")]
    at = 0
    while at < len(raw):
        after = raw[at + 1].strip() if at + 1 < len(raw) else ""
        line, used = _read_fence(raw, at) or _read(raw[at].expandtabs(4), after, lines[-1])
        line.is_blank_before = lines[-1].kind is NodeKind.BLANK
        if line.kind in (NodeKind.HEADING, NodeKind.ITEM, NodeKind.PARAGRAPH):
            line.label = split_label(line.text)
        lines.append(line)
        at += used
    return lines


def is_table_rule(line: str) -> bool:
    """Return whether `line` is the rule below the head of a table: `|---|:--|`."""
    marks = set(line.strip())
    return "-" in marks and not marks.isdisjoint("|+") and marks <= set("|:+-= \t")


def _read_fence(raw: list[str], at: int) -> tuple[Line, int] | None:
    """Return the fenced block that opens at index `at` and how many lines it takes; None if none does."""
    fence = _FENCE.match(raw[at]) if "```" in raw[at] or "~~~" in raw[at] else None
    if not fence:
        return None
    mark, end = fence[2], at + 1
    while end < len(raw) and not (raw[end].strip().startswith(mark) and not raw[end].strip().strip(mark[0])):
        end += 1
    inside = raw[at + 1 : end]
    margin = min((len(line) - len(line.lstrip()) for line in inside if line.strip()), default=0)
    block = "\n".join(line[min(margin, len(fence[1])) :] for line in inside).strip("\n")
    return Line(NodeKind.FENCE, block, len(fence[1]), info=fence[3].lower()), end - at + 1


def _read(source: str, after: str, above: Line) -> tuple[Line, int]:
    """Return the line `source` and how many lines it takes: a title takes the rule below it as well."""
    body = source.strip()
    indent = len(source) - len(source.lstrip())
    if not body or _UNDERLINE.match(body) or _ENVIRONMENT.match(body):
        return Line(NodeKind.BLANK, ""), 1
    if body[0] == "|" or ("|" in body and (above.kind is NodeKind.TABLE or is_table_rule(after))):
        return Line(NodeKind.TABLE, body, indent), 1
    if body[0] == ">":
        return Line(NodeKind.QUOTE, body.lstrip("> "), indent), 1
    if len(body) <= LONGEST_TITLE and _UNDERLINE.match(after) and _may_be_underlined(body, after):
        return Line(NodeKind.HEADING, body, level=1 if after[0] == "=" else 2), 2
    if len(body) <= _LONGEST_HEADING and (heading := _read_heading(body)):
        return heading, 1
    return _read_item(body, indent) or Line(NodeKind.PARAGRAPH, body, indent), 1


def _may_be_underlined(body: str, after: str) -> bool:
    """Return whether a line above a rule is a title: a paragraph above a thematic break is none."""
    if body[-1] in ".!?。" or _read_item(body, 0):
        return exact_role(body) is not None
    return abs(len(after) - len(body)) <= max(6, len(body) // 2) or role_of(body) is not None


def _read_heading(body: str) -> Line | None:
    for pattern in _HEADINGS:
        if found := pattern.match(body):
            level = len(found["marks"]) if "marks" in pattern.groupindex else 2
            return Line(NodeKind.HEADING, found["title"], level=level)
    if (found := _BRACKETED.match(body)) and (role_of(found[1]) or is_numbered_item(found[1])):
        return Line(NodeKind.HEADING, found[1], level=5)
    if found := _BOLD_LINE.match(body):
        return Line(NodeKind.HEADING, found[1].strip(), level=BOLD_LEVEL)
    return None


def _read_item(body: str, indent: int) -> Line | None:
    if found := _BOLD_NUMBER.match(body):
        return Line(NodeKind.ITEM, found[1] + body[found.end() :], indent, number=int(found[2]), info="1.")
    if bullet := _BULLET.match(body):
        body = body[bullet.end() :]
    if found := _NUMBER.match(body):
        number = int(next(filter(None, found.groups()), 0))
        return Line(NodeKind.ITEM, body[found.end() :], indent, number=number, info="1.")
    return Line(NodeKind.ITEM, body, indent, info="-") if bullet else None


def list_continues(lines: list[Line]) -> list[bool]:
    """Return, for each line, whether a numbered list goes on after it with the next number."""
    goes_on = [False] * len(lines)
    is_open = False
    for index in range(len(lines) - 1, -1, -1):
        line = lines[index]
        is_open = is_open and line.kind is not NodeKind.HEADING
        goes_on[index] = is_open
        if line.kind is NodeKind.ITEM and line.number:
            is_open = line.number > 1
    return goes_on
