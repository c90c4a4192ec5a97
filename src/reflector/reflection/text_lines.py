"""The lines of an answer: headings, list items, table rows, quotes, fenced blocks and plain text."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from enum import IntEnum

from reflector.reflection.headings import LONGEST_TITLE, exact_role, field_of, is_numbered_item, role_of

__all__ = ["Line", "LineKind", "counted_rest", "is_table_rule", "read_lines", "split_label", "strip_emphasis"]


class LineKind(IntEnum):
    """What a line is by its marks alone."""

    BLANK = 0
    TEXT = 1
    HEADING = 2
    ITEM = 3
    ROW = 4
    QUOTE = 5
    FENCE = 6


@dataclass(slots=True)
class Line:
    """One line, or one whole fenced block."""

    kind: LineKind
    text: str
    """Without marks; a fenced block keeps its lines."""
    at: int
    """Index of the line in the answer, from 0."""
    indent: int = 0
    level: int = 0
    """Of a heading: 1 to 6 for marked ones, 7 for a bold line, 8 for a line that only ends in a colon."""
    number: int = 0
    """Of an item in a numbered list, else 0."""
    info: str = ""
    """Of a fenced block: the language word; of an item: its marker."""
    blank_before: bool = True


BOLD_LEVEL = 7
_LONGEST_HEAD = 200
LABEL_LEVEL = 8
_FENCE = re.compile(r"(\s*)(`{3,}|~{3,})[ \t]*([\w+.#-]*)([^`\n]*)$")
_MARKDOWN = re.compile(r"\s{0,3}(#{1,6})(?:\s+|(?=[^\W\d_#]))(\S.*)$")
_ASCIIDOC = re.compile(r"(={1,5}|\*{2,5})\s+(\S[^=]*?)\s*=*$")
_RULED = re.compile(
    r"(?:={2,}|-{2,}|~{2,}|\*{3,}|—{2,}|─{2,})\s*([^\s=~*—─-].{0,80}?)\s*(?:={2,}|-{2,}|~{2,}|\*{3,}|"
    r"—{2,}|─{2,})$"
)
_DSPY = re.compile(r"\[\[\s*##\s*([\w ]{1,60}?)\s*##\s*\]\]\s*(.*)$")
_OTHER_HEADING = re.compile(
    r"(?:\\(?:sub)*section\*?\{([^{}]{1,90})\}|h[1-6]\.\s+(\S.{0,90})|【([^【】]{1,60})】)\s*$"
)
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{[\w*]{1,30}\}(?:\[[^\[\]]{0,40}\])?$")
_BRACKETED = re.compile(r"\[{1,2}([\w .-]{2,50})\]{1,2}\s*$")
_UNDERLINE = re.compile(r"([=\-~^\"'`*+#:._])\1{2,}\s*$")
_BOLD_LINE = re.compile(r"(?:\*\*\*|\*\*|__)([^*\n]{1,120}?)(?:\*\*\*|\*\*|__)\s*[:：]?$")
_ITEM = re.compile(
    r"(?:(?:\d{1,2}\.){0,3}(?P<number>\d{1,3})(?:[.)、．]|(?<=\d\.\d)(?=\s)|(?<=\d\.\d\d)(?=\s))(?=\s|"
    r"[^\W\d_]|[*\"“「`\[])|\((?P<round>\d{1,3})\)|\*\*(?P<bold>\d{1,3})[.)]\*\*|"
    r"[(（]?(?P<letter>[a-hA-H]|[ivx]{1,4}|[IVX]{2,4})[.)）](?=\s)"
    r"|(?P<circle>[①-⑳])|(?P<cap>\d)\ufe0f?\u20e3|(?P<cjk>[一二三四五六七八九十]{1,2})、"
    r"|\\item\b(?:\[[^\[\]]{0,20}\])?|#\.(?=\s)|[★☆✱✶✳◆◇](?![★☆])|"
    r"[-*+–—](?=\s)(?:\s+\[[ xX✓]\](?=\s))?|"
    r"[•‣◦▪▸►→➤✦✔✓✗✘❖·○●■□☐☑✅❌👉🔹🔸▶➡➜»⭐✨💡🔧📌⚡](?![•●])\ufe0f?)\s*"
)
_BOLD_NUMBER = re.compile(r"(\*\*|__)\s*(\d{1,2})[.)]\s+(?=\S)")
_EMOJI_ITEM = re.compile(r"(?=[🔴🟠🟡🟢🔵🟥🟧🟨🟩🟦⚪🔥🚨])")
_SEPARATOR_MARKS = frozenset("|:+-= \t")
_LABEL = re.compile(
    r"(?:(?P<open>\*\*\*|\*\*|__|\*|_|`|\"|"
    r"')(?P<bold>[^*\n`\"]{1,70}?)(?:\s*[:：])?(?P=open)(?P<colon>\s*(?:[:：=]|->|→|=>|"
    r"[–—-](?=\s))?)\s*"
    r"|:(?P<rst>[\w ]{2,40}):\s+"
    r"|(?P<plain>[^\W\d_][^\n:：=→|.!?。\"“]{0,58}?)\s*(?P<sign>[:：]|=(?!=|>)|\s[–—-]{1,2}(?=\s)|->|"
    r"→|=>)\s*)"
)
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}
_TAGS_IN_LABEL = re.compile(r"[(\[（【][^()\[\]（）【】]{1,60}[)\]）】]\s*$")
_CJK_DIGITS = {digit: value for value, digit in enumerate("一二三四五六七八九十", 1)}


def strip_emphasis(text: str) -> str:
    """Return `text` without the emphasis marks that surround all of it."""
    text = text.strip()
    for mark in ("***", "**", "__", "*", "_"):
        size = len(mark)
        if (
            len(text) > 2 * size
            and text.startswith(mark)
            and text.endswith(mark)
            and mark not in text[size:-size]
        ):
            return text[size:-size].strip()
    return text


def split_label(text: str) -> tuple[str, str, bool] | None:
    """Return label, rest, and whether the label is set off by emphasis; None if `text` does not open with one.

    >>> split_label("**Type:** add"), split_label("Why this helps: it stops the loop.")
    (('Type', 'add', True), ('Why this helps', 'it stops the loop.', False))
    """
    found = _LABEL.match(text)
    if not found:
        return None
    rest = text[found.end() :].strip()
    if (bold := found["bold"]) is not None:
        marked = ":" in found[0] or "：" in found[0] or bool((found["colon"] or "").strip())
        if not marked and (rest[:1].islower() or not (field_of(bold) or role_of(bold))):
            return None
        return bold.strip(), rest, found["open"] not in ("`", '"', "'")
    if (rst := found["rst"]) is not None:
        return rst, rest, True
    plain, sign = found["plain"].strip(), found["sign"].strip()
    if len(plain.split()) > 8 or (text[found.end() :].startswith("//") and sign == ":"):
        return None
    if sign not in ":：" and not (field_of(plain) or exact_role(plain) or is_numbered_item(plain)):
        return None
    return plain, rest, False


def is_table_rule(line: str) -> bool:
    """Return whether `line` is the rule below the head of a table: `|---|:--|`."""
    marks = set(line.strip())
    return "-" in marks and bool(marks & {"|", "+"}) and marks <= _SEPARATOR_MARKS


def counted_rest(label: str, rest: str) -> str:
    """Return what follows a counting label with the tags that stand in it: `Edit 1 (high): x` → `(high) x`."""
    tags = _TAGS_IN_LABEL.search(label)
    return f"{tags[0]} {rest}".strip() if tags else rest


def read_lines(text: str) -> list[Line]:
    """Return the lines of `text` in order, fenced blocks as one line each. Linear in the length of `text`."""
    raw = _lay_out_values(text.split("\n"))
    lines: list[Line] = []
    at, in_table, blank = 0, False, True
    while at < len(raw):
        line, used = _read(raw, at, in_table)
        line.blank_before = blank
        blank = line.kind is LineKind.BLANK
        in_table = line.kind is LineKind.ROW
        lines.append(line)
        at += used
    return lines


def _lay_out_values(raw: list[str]) -> list[str]:
    """Return the lines with comma-, semicolon- or tab-separated values as rows of a table."""
    for at, line in enumerate(raw):
        separator = _separator_of(line) if len(line) <= _LONGEST_HEAD else None
        if separator is None:
            continue
        end = next(
            (it for it in range(at, len(raw)) if not raw[it].strip() or separator not in raw[it]), len(raw)
        )
        try:
            cells = list(
                csv.reader(
                    [it.replace("|", "\\|") for it in raw[at:end]], delimiter=separator, skipinitialspace=True
                )
            )
        except csv.Error:
            return raw
        rows = ["| " + " | ".join(row) + " |" for row in cells]
        return [*raw[:at], "", *rows, *raw[end:]] if len(rows) > 1 else raw
    return raw


def _separator_of(head: str) -> str | None:
    """Return what separates the values below `head` if it names three fields of a suggestion or more, else None."""
    for separator in (",", ";", "\t"):
        if head.count(separator) >= 2:
            names = [field_of(cell.strip("\"' ")) for cell in head.split(separator)]
            if sum(name is not None for name in names) >= max(3, len(names) - 1):
                return separator
    return None


def _read(raw: list[str], at: int, in_table: bool) -> tuple[Line, int]:
    """Return the line at index `at` and how many raw lines it takes."""
    source = raw[at].expandtabs(4)
    body = source.strip()
    if not body:
        return Line(LineKind.BLANK, "", at), 1
    indent = len(source) - len(source.lstrip())
    if body[0] in "`~" and (fence := _FENCE.match(source)):
        return _read_fence(raw, at, fence)
    after = raw[at + 1] if at + 1 < len(raw) else ""
    if body[0] == "|" or (in_table and "|" in body) or ("|" in body and is_table_rule(after)):
        return Line(LineKind.ROW, body, at, indent), 1
    if body[0] == ">":
        return Line(LineKind.QUOTE, body.lstrip("> ").strip(), at, indent), 1
    if len(body) <= 200 and (heading := _read_heading(body, at, after)):
        return heading
    return _read_item(body, at, indent) or Line(LineKind.TEXT, body, at, indent), 1


def _read_fence(raw: list[str], at: int, fence: re.Match[str]) -> tuple[Line, int]:
    mark = fence[2]
    end = at + 1
    while end < len(raw):
        closing = raw[end].strip()
        if closing.startswith(mark) and not closing.strip(mark[0]):
            break
        end += 1
    inside = raw[at + 1 : end]
    margin = min((len(line) - len(line.lstrip()) for line in inside if line.strip()), default=0)
    block = "\n".join(line[min(margin, len(fence[1])) :] for line in inside).strip("\n")
    return Line(LineKind.FENCE, block, at, len(fence[1]), info=fence[3].lower()), end - at + 1


def _read_heading(body: str, at: int, after: str) -> tuple[Line, int] | None:
    if found := _MARKDOWN.match(body):
        return Line(LineKind.HEADING, found[2].rstrip("# "), at, level=len(found[1])), 1
    if found := _DSPY.match(body):
        return Line(
            LineKind.HEADING, found[1].replace("_", " ") + (": " + found[2] if found[2] else ""), at, level=1
        ), 1
    if (found := _RULED.match(body)) and len(found[1]) <= LONGEST_TITLE:
        return Line(LineKind.HEADING, found[1], at, level=2), 1
    if _UNDERLINE.match(body) or _ENVIRONMENT.match(body):
        return Line(LineKind.BLANK, "", at), 1
    if found := _ASCIIDOC.match(body):
        return Line(
            LineKind.HEADING, found[2], at, level=len(found[1]), info="org" if body[0] == "*" else ""
        ), 1
    if found := _OTHER_HEADING.match(body):
        return Line(LineKind.HEADING, found[1] or found[2] or found[3], at, level=2), 1
    if len(body) <= LONGEST_TITLE and _UNDERLINE.match(after.strip()) and _may_be_underlined(body, after):
        return Line(LineKind.HEADING, body, at, level=1 if after.strip()[0] == "=" else 2), 2
    if found := _BRACKETED.match(body):
        title = found[1].replace("_", " ").replace(".", " ")
        if role_of(title) or is_numbered_item(title) or body.startswith("[["):
            return Line(LineKind.HEADING, title, at, level=5, info="toml" if body.startswith("[[") else ""), 1
    if found := _BOLD_LINE.match(body):
        return Line(LineKind.HEADING, found[1].strip(), at, level=BOLD_LEVEL), 1
    return None


def _may_be_underlined(body: str, after: str) -> bool:
    """Return whether a line above a rule is a title: a paragraph above a thematic break is none."""
    if body[-1] in ".!?。" or _ITEM.match(body):
        return bool(role_of(body)) and len(body) < 50
    return abs(len(after.strip()) - len(body)) <= max(6, len(body) // 2) or role_of(body) is not None


def _read_item(body: str, at: int, indent: int) -> Line | None:
    if found := _BOLD_NUMBER.match(body):
        return Line(
            LineKind.ITEM, found[1] + body[found.end() :], at, indent, number=int(found[2]), info="1."
        )
    if not (found := _ITEM.match(body)):
        if _EMOJI_ITEM.match(body):
            return Line(LineKind.ITEM, body, at, indent, info="emoji")
        return None
    digits = found["number"] or found["round"] or found["bold"] or found["cap"]
    number = int(digits) if digits else 0
    if found["circle"]:
        number = ord(found["circle"]) - ord("①") + 1
    elif found["cjk"]:
        number = _CJK_DIGITS.get(found["cjk"][0], 0)
    elif letter := found["letter"]:
        number = _ROMAN.get(letter.lower(), 0) or ord(letter[0].lower()) - ord("a") + 1
    text = body[found.end() :]
    if not number and (inner := _ITEM.match(text)) and (inner["number"] or inner["round"]):
        text = text[inner.end() :]
    return Line(LineKind.ITEM, text, at, indent, number=number, info=body[0])
