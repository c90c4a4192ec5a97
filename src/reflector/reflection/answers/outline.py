"""The lines of an answer as a tree: what stands under which heading, item or label."""

from __future__ import annotations

import re
from collections import Counter

from reflector.reflection.answers.headings import (
    Field,
    Role,
    exact_role,
    field_of,
    intro_role,
    is_numbered_item,
    normalize_label,
    role_of,
)
from reflector.reflection.answers.lenient_json import decode
from reflector.reflection.answers.lines import (
    BOLD_LEVEL,
    LABEL_LEVEL,
    Line,
    Node,
    NodeKind,
    list_continues,
    read_lines,
    strip_emphasis,
)
from reflector.reflection.answers.tags import clean_value, opens_with_tag

__all__ = ["build_tree"]

_ITEM_RANK = 10.0
_FIELD_RANK = 0.7
"""Above its item, below an item that is indented further."""
_BULLET_RANK = 0.5
"""A bullet below a numbered item belongs to it, although nothing is indented."""
_DEEPEST = 40
_SHORT_TITLE, _SHORT_VALUE, _WORDS_OF_TITLE = 60, 30, 5
_ONE_WORD = frozenset({Field.TYPE, Field.CATEGORY, Field.PRIORITY})
_OF_ONE_SUGGESTION = _ONE_WORD | {Field.TEXT, Field.ORIGINAL, Field.SECTION, Field.TITLE}
_BOLD_LEAD = re.compile(r"\*\*[^*\n]{3,120}(?:[.!:]\*\*|\*\*\s*[—–:.-])\s*\S")
"""A paragraph that opens with a sentence in bold is an item without a bullet."""
_TAGS_IN_LABEL = re.compile(r"[(\[（【][^()\[\]（）【】]{1,60}[)\]）】]\s*$")


def build_tree(text: str) -> Node:
    """Return the tree of `text`. Linear in its length; what is nested deeper than 40 levels hangs on the last one."""
    builder = _Builder(read_lines(text))
    for index, line in enumerate(builder.lines):
        builder.add(line, builder.continues[index])
    return builder.root


class _Builder:
    """Hangs one line after the other on the tree; the stack holds what is still open."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.root = Node(NodeKind.ROOT, rank=-1.0)
        self.stack = [self.root]
        self.labels = _count_labels(lines)
        self.continues = list_continues(lines)

    def add(self, line: Line, continues: bool) -> None:
        """Hang a line: first as what its label or title announces, else as what its marks say."""
        if line.kind is NodeKind.BLANK:
            return
        if line.kind in (NodeKind.HEADING, NodeKind.ITEM, NodeKind.PARAGRAPH) and self._announced(line):
            return
        if line.kind is NodeKind.HEADING:
            self._open_heading(line.text, None, line.level)
        elif line.kind is NodeKind.ITEM:
            self._start_item(line, line.text, is_joined=not line.is_blank_before or continues)
        else:
            self._append(line, continues)

    # -- what is open ---------------------------------------------------------------------------------

    @property
    def top(self) -> Node:
        return self.stack[-1]

    @property
    def section(self) -> Node | None:
        """The section that is open and says what it holds."""
        return next((node for node in reversed(self.stack) if node.role is not None), None)

    @property
    def role(self) -> Role | None:
        return self.section.role if self.section else None

    @property
    def item(self) -> Node | None:
        """The suggestion that is open: a list item, or a heading that stands for one."""
        for node in reversed(self.stack):
            if node.kind is NodeKind.ITEM or node.is_numbered:
                return node
            if node.kind is NodeKind.HEADING:
                return node if node.role is None and self.role is Role.SUGGESTIONS else None
        return None

    def _close_to(self, rank: float) -> None:
        """Close everything that hangs at `rank` or deeper."""
        while len(self.stack) > 1 and self.top.rank >= rank:
            self.stack.pop()

    def _push(self, node: Node) -> None:
        self.top.children.append(node)
        if len(self.stack) < _DEEPEST:
            self.stack.append(node)

    # -- what a label or title announces --------------------------------------------------------------

    def _announced(self, line: Line) -> bool:
        """Hang a line by its label or title: a field, a counted suggestion, a section; False if it is none of them."""
        label = line.label
        title, rest, is_strong = label or (strip_emphasis(line.text), "", False)
        is_titled = bool(label) or line.kind is NodeKind.HEADING
        is_short = len(line.text) <= _SHORT_TITLE and (line.kind is NodeKind.ITEM or line.is_blank_before)
        named = field_of(title) if is_titled else None
        if named is not None and self._is_field(title, named, line):
            self._field(line, named, rest, title)
            return True
        if (is_titled or is_short) and is_numbered_item(title):
            self._counted(line, title, rest)
            return True
        is_sure = is_strong or (is_titled and not rest)
        role = role_of(title) if is_sure and line.kind is not NodeKind.ITEM else exact_role(title)
        if role is not None and (is_titled or is_short) and self._opens(role, line):
            return self._section(line, title, role, rest)
        return line.kind is NodeKind.PARAGRAPH and self._open_by_form(
            line, title, rest, bool(label), is_strong
        )

    def _is_field(self, label: str, named: Field, line: Line) -> bool:
        """Return whether a label that may title a section speaks about one suggestion only."""
        role, item = exact_role(label), self.item
        if role is None or self._is_below(line, item) or self.labels[normalize_label(label)] > 1:
            return True
        if line.kind is NodeKind.ITEM:
            return item is not None and self.role is Role.SUGGESTIONS and role is not Role.EFFECT
        if named in _OF_ONE_SUGGESTION:
            return role not in (Role.ANALYSIS, Role.PROMPT, Role.IGNORED)
        return item is not None and not line.is_blank_before and role is Role.CAUSES

    def _is_below(self, line: Line, item: Node | None) -> bool:
        """Return whether a line is indented under a list item."""
        return item is not None and item.kind is NodeKind.ITEM and line.indent > item.rank - _ITEM_RANK

    def _opens(self, role: Role, line: Line) -> bool:
        return line.kind is not NodeKind.ITEM or (
            role is not self.role and not self._is_below(line, self.item)
        )

    def _section(self, line: Line, title: str, role: Role, rest: str) -> bool:
        """Open a section; what stands beside its title comes first in it."""
        if role is Role.IGNORED and rest and line.kind is NodeKind.PARAGRAPH:
            return len(rest) <= _SHORT_VALUE
        level = {NodeKind.HEADING: line.level, NodeKind.ITEM: 1}.get(line.kind, LABEL_LEVEL)
        self._open_heading(title, role, level)
        if rest.startswith("[") and rest.endswith("]"):
            values = decode(rest).value
            self.top.children += [Node(NodeKind.ITEM, [value]) for value in values if isinstance(value, str)]
        elif rest.strip("|>+-"):
            self.top.children.append(Node(NodeKind.PARAGRAPH, [clean_value(rest)]))
        return True

    def _counted(self, line: Line, title: str, rest: str) -> None:
        """Open a suggestion that its title only counts: `Suggestion 1 (high): …`."""
        level = line.level or LABEL_LEVEL
        if self.role is not Role.SUGGESTIONS:
            self._open_heading("", Role.SUGGESTIONS, level - 0.1)
        tags = _TAGS_IN_LABEL.search(title)
        said = f"{tags[0]} {rest}".strip() if tags else rest
        self._open_heading(said, None, level, is_numbered=True)

    def _open_by_form(self, line: Line, label: str, rest: str, is_labelled: bool, is_strong: bool) -> bool:
        """Open a heading or an item for a line of text that only its form sets off."""
        if is_labelled and not rest and line.is_blank_before and len(label.split()) <= _WORDS_OF_TITLE:
            self._open_heading(label, None, LABEL_LEVEL)
            return True
        leads = line.is_blank_before and not line.indent and _BOLD_LEAD.match(line.text)
        is_tagged = self.top.kind is not NodeKind.FIELD and opens_with_tag(line.text)
        if is_tagged or leads or (is_strong and rest):
            self._start_item(line, line.text, info="label")
            return True
        return False

    # -- headings, items, fields ------------------------------------------------------------------------

    def _open_heading(
        self, title: str, role: Role | None, level: float, *, is_numbered: bool = False
    ) -> None:
        """Open a heading; one that says what it holds closes the section before it, whatever their levels."""
        section = self.section
        if role is not None and section is not None:
            self._close_to(section.rank)
        elif section is not None and level <= section.rank:
            is_part = is_numbered or title[:1].isdigit() or level >= BOLD_LEVEL or section.role is Role.PROMPT
            level = section.rank + 0.25 if is_part else level
        self._close_to(level)
        lines = [strip_emphasis(title)] if title else []
        self._push(Node(NodeKind.HEADING, lines, role=role, rank=level, is_numbered=is_numbered))

    def _start_item(
        self, line: Line, text: str, *, is_numbered: bool = False, is_joined: bool = False, info: str = ""
    ) -> None:
        rank, is_numbered = _ITEM_RANK + line.indent, is_numbered or bool(line.number)
        if is_joined and not is_numbered and any(it.is_numbered and it.rank == rank for it in self.stack):
            rank += _BULLET_RANK
        self._introduce()
        self._close_to(rank)
        self._push(Node(NodeKind.ITEM, rank=rank, info=info, is_numbered=is_numbered))
        if text:
            self.top.lines.append(text)

    def _introduce(self) -> None:
        """Let a sentence that ends in a colon right above a list say what the list holds."""
        above = self.top.last
        if above is None or above.kind is not NodeKind.PARAGRAPH or self.top.kind > NodeKind.HEADING:
            return
        said = above.lines[-1].rstrip("*_ ")
        role = intro_role(said) if said.endswith((":", "：")) else None
        if role not in (None, self.role) and self.role in (None, Role.ANALYSIS, Role.CAUSES):
            self._open_heading("", role, LABEL_LEVEL + 0.5)

    def _field(self, line: Line, named: Field, value: str, label: str) -> None:
        """Hang a field on the suggestion that is open; `- Type: add` may open one for itself."""
        if line.kind is NodeKind.ITEM and (line.number or not self._continues_item(line, named)):
            self._start_item(line, "")
        while self.top.kind is NodeKind.FIELD:
            self.stack.pop()
        self._push_field(line, named, value, label)

    def _continues_item(self, line: Line, named: Field) -> bool:
        """Return whether a field in a list item of its own still speaks of the suggestion that is open."""
        item = self.item
        if item is None or item.kind is NodeKind.HEADING or item.rank < _ITEM_RANK + line.indent:
            return item is not None
        seen = {child.named for child in item.children if child.kind is NodeKind.FIELD}
        is_open = bool(seen) or item.is_numbered or not item.text or named in _OF_ONE_SUGGESTION
        return named not in seen and is_open

    def _push_field(self, line: Line, named: Field, value: str, label: str) -> None:
        lines, rank = ([value] if value else []), _ITEM_RANK + line.indent + _FIELD_RANK
        self._push(Node(NodeKind.FIELD, lines, named=named, rank=rank, info=normalize_label(label)))

    # -- text, tables, quotes, blocks -------------------------------------------------------------------

    def _append(self, line: Line, continues: bool) -> None:
        """Hang a leaf on what it continues: the line above it, or the innermost part it is indented under."""
        if line.is_blank_before:
            while self._is_left(line, continues):
                self.stack.pop()
        top, last = self.top, self.top.last
        if top.kind is NodeKind.FIELD and top.text and top.named in _ONE_WORD:
            self.stack.pop()
            top, last = self.top, None
        if not line.is_blank_before:
            if last is not None and last.kind is line.kind is not NodeKind.FENCE:
                last.lines.append(line.text)
                return
            is_open = top.kind is NodeKind.FIELD or (top.kind is NodeKind.ITEM and bool(top.text))
            if line.kind is NodeKind.PARAGRAPH and is_open and not top.children:
                top.lines.append(line.text)
                return
        top.children.append(Node(line.kind, [line.text], info=line.info))

    def _is_left(self, line: Line, continues: bool) -> bool:
        """Return whether an unindented part after a blank line no longer belongs to the open item or field."""
        top = self.top
        if top.kind is NodeKind.FIELD:
            return bool(top.text or top.children) and line.indent <= top.rank - _ITEM_RANK - _FIELD_RANK
        if top.kind is not NodeKind.ITEM or line.kind in (NodeKind.QUOTE, NodeKind.FENCE):
            return False
        return line.indent <= top.rank - _ITEM_RANK and not (top.is_numbered and continues)


def _count_labels(lines: list[Line]) -> Counter[str]:
    """Count how often each label opens a line: what is said once speaks of the whole answer."""
    labelled = (line for line in lines if line.label or line.kind is NodeKind.HEADING)
    return Counter(normalize_label(line.label[0] if line.label else line.text) for line in labelled)
