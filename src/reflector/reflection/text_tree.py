"""The lines of an answer as a tree: what stands under which heading, item or label."""

from __future__ import annotations

import re
from collections import Counter

from reflector.reflection.headings import (
    Field,
    Role,
    exact_role,
    field_of,
    intro_role,
    is_numbered_item,
    normalize_label,
    role_of,
)
from reflector.reflection.text_hints import clean_value, opens_with_tag
from reflector.reflection.text_lines import (
    LABEL_LEVEL,
    Line,
    LineKind,
    counted_rest,
    read_lines,
    split_label,
    strip_emphasis,
)
from reflector.reflection.text_nodes import Node, NodeKind, plain_text

__all__ = ["Node", "NodeKind", "build_tree", "plain_text"]


_ITEM_RANK = 10.0
_FIELD_RANK = 0.7
"""Above its item, below an item that is indented further."""
_BULLET_RANK = 0.5
"""A bullet below a numbered item belongs to it, although nothing is indented."""
_DEEPEST = 40
_STRUCTURED = {
    Field.TYPE,
    Field.CATEGORY,
    Field.PRIORITY,
    Field.TEXT,
    Field.ORIGINAL,
    Field.SECTION,
    Field.TITLE,
}
_BOLD_LEAD = re.compile(r"\*\*[^*\n]{3,120}(?:[.!:]\*\*|\*\*\s*[—–:.-])\s*\S")
"""A paragraph that opens with a sentence in bold is an item without a bullet."""
_ONE_WORD = frozenset({Field.TYPE, Field.CATEGORY, Field.PRIORITY})
_BARE_TITLES = 60
_SHORT_VALUE = 30
_BLOCK_SIGNS = frozenset({"", "|", ">", "|-", ">-", "|+", ">+"})
_LIST_VALUE = re.compile(r"(?<=[\"'])\s*,\s*(?=[\"'])")


def build_tree(text: str) -> Node:
    """Return the tree of `text`. Linear in its length; what is nested deeper than 40 levels hangs on the last one."""
    lines = read_lines(text)
    return _Builder(lines).build()


class _Builder:
    """Hangs one line after the other on the tree; the stack holds what is still open."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.root = Node(NodeKind.ROOT, rank=-1.0, end=lines[-1].at + 1 if lines else 0)
        self.stack = [self.root]
        self.labels = _count_labels(lines)
        self.continues = _list_continues(lines)
        self.index = 0
        self.is_org = any(line.info == "org" for line in lines)

    def build(self) -> Node:
        for index, line in enumerate(self.lines):
            self.index = index
            match line.kind:
                case LineKind.BLANK:
                    continue
                case LineKind.HEADING:
                    self._heading(line)
                case LineKind.ITEM:
                    self._item(line)
                case LineKind.ROW:
                    self._row(line)
                case LineKind.QUOTE:
                    self._append(Node(NodeKind.QUOTE, [line.text], at=line.at), line)
                case LineKind.FENCE:
                    self._append(Node(NodeKind.FENCE, [line.text], at=line.at, info=line.info), line)
                case LineKind.TEXT:
                    self._text(line)
        self._close(len(self.stack) - 1, self.root.end)
        return self.root

    # -- what is open ---------------------------------------------------------------------------------

    def _close(self, count: int, at: int) -> None:
        for _ in range(count):
            self.stack.pop().end = at

    def _pop_to(self, rank: float, at: int) -> None:
        """Close everything that hangs at `rank` or deeper."""
        keep = len(self.stack)
        while keep > 1 and self.stack[keep - 1].rank >= rank:
            keep -= 1
        self._close(len(self.stack) - keep, at)

    def _push(self, node: Node) -> None:
        self.stack[-1].children.append(node)
        if len(self.stack) < _DEEPEST:
            self.stack.append(node)

    def _role(self) -> Role | None:
        """Return the role of the section that is open."""
        return next((node.role for node in reversed(self.stack) if node.role is not None), None)

    def _open_item(self) -> Node | None:
        """Return the suggestion that is open: a list item, or a heading that stands for one."""
        for depth in range(len(self.stack) - 1, 0, -1):
            node = self.stack[depth]
            if node.kind is NodeKind.ITEM or (node.kind is NodeKind.HEADING and node.numbered):
                return node
            if node.kind is NodeKind.HEADING and node.role is None:
                above = next((it.role for it in reversed(self.stack[:depth]) if it.role is not None), None)
                return node if above is Role.SUGGESTIONS else None
            if node.role is not None:
                return None
        return None

    # -- headings -------------------------------------------------------------------------------------

    def _heading(self, line: Line) -> None:
        label = split_label(line.text)
        title, rest = (label[0], label[1]) if label else (line.text, "")
        if line.info == "toml" and role_of(title) is Role.SUGGESTIONS:
            self._announce(line, line.level - 0.1)
            self._start_item(line, "", numbered=True)
            return
        named = field_of(title)
        if named is not None and self._is_field(title, named, line, self._open_item()):
            self._field(line, named, rest, title)
            return
        if is_numbered_item(title):
            self._announce(line, line.level - 0.1)
            self._open_heading(line, counted_rest(title, rest), None, line.level, numbered=True)
            return
        role = exact_role(title) if label and rest else role_of(line.text)
        if role is None:
            self._open_heading(line, line.text, None, line.level)
        else:
            self._open_heading(line, title if rest else line.text, role, line.level)
            self._inline(line, rest)

    def _open_heading(
        self, line: Line, title: str, role: Role | None, level: float, *, numbered: bool = False
    ) -> None:
        if role is not None:
            outer = next((depth for depth, node in enumerate(self.stack) if node.role is not None), 0)
            if outer:
                self._close(len(self.stack) - outer, line.at)
            self._pop_to(level, line.at)
        else:
            level = self._nested_level(title, level, numbered)
            self._pop_to(level, line.at)
        self._push(
            Node(
                NodeKind.HEADING,
                [strip_emphasis(title)] if title else [],
                role=role,
                rank=level,
                at=line.at,
                numbered=numbered,
                info=line.info,
            )
        )

    def _announce(self, line: Line, level: float) -> None:
        """Open a section of suggestions for one that is counted: `Suggestion 1`."""
        if self._role() is not Role.SUGGESTIONS:
            self._open_heading(line, "", Role.SUGGESTIONS, level)

    def _nested_level(self, title: str, level: float, numbered: bool) -> float:
        """Return the level of a heading without a role: below the open section if it looks like a part of it."""
        section = next((node for node in reversed(self.stack) if node.role is not None), None)
        if section is None or level > section.rank:
            return level
        counted = numbered or title[:1].isdigit() or title[:1] in "#①②③④⑤"
        if (
            section.role is Role.PROMPT
            or level >= LABEL_LEVEL - 1
            or (counted and section.role is Role.SUGGESTIONS)
        ):
            return section.rank + 0.25
        return level

    def _inline(self, line: Line, rest: str) -> None:
        if rest.startswith("[") and rest.endswith("]"):
            for value in _LIST_VALUE.split(rest[1:-1]):
                if value.strip("\"' "):
                    self.stack[-1].children.append(Node(NodeKind.ITEM, [value.strip("\"' ")], at=line.at))
        elif rest not in _BLOCK_SIGNS:
            self._append(Node(NodeKind.PARAGRAPH, [clean_value(rest)], at=line.at, end=line.at + 1), line)

    # -- fields ---------------------------------------------------------------------------------------

    def _is_field(self, label: str, named: Field, line: Line, item: Node | None) -> bool:
        """Return whether a label speaks about one suggestion, not about the whole answer."""
        role = exact_role(label)
        if role is None:
            return True
        if item is not None and item.kind is NodeKind.ITEM and line.indent > item.rank - _ITEM_RANK:
            return True
        if named in _STRUCTURED and role not in (Role.ANALYSIS, Role.PROMPT, Role.ORIGINAL):
            return item is not None or self._role() is not Role.CAUSES
        if self.labels[normalize_label(label)] > 1:
            return True
        return item is not None and not line.blank_before and role is Role.CAUSES

    def _field(self, line: Line, named: Field, value: str, label: str = "") -> None:
        """Hang a field on the suggestion that is open, or on the section."""
        while len(self.stack) > 1 and (
            self.stack[-1].kind is NodeKind.FIELD
            or (
                self.stack[-1].kind is NodeKind.ITEM
                and line.kind is LineKind.ITEM
                and self.stack[-1].rank >= self._rank_of(line)
            )
        ):
            self._close(1, line.at)
        holder = self.stack[-1]
        if holder.kind is NodeKind.ITEM and holder.rank > _ITEM_RANK + line.indent + _BULLET_RANK:
            self._pop_to(_ITEM_RANK + line.indent + _BULLET_RANK, line.at)
        node = Node(
            NodeKind.FIELD,
            [value] if value else [],
            named=named,
            rank=_ITEM_RANK + line.indent + _FIELD_RANK,
            at=line.at,
            info=normalize_label(label),
        )
        self._push(node)

    # -- items ----------------------------------------------------------------------------------------

    def _rank_of(self, line: Line) -> float:
        return _ITEM_RANK + line.indent

    def _item(self, line: Line) -> None:
        text = line.text
        label = split_label(text)
        title, rest = (label[0], label[1]) if label else (strip_emphasis(text), "")
        item = self._open_item()
        named, role = field_of(title) if label else None, exact_role(title)
        if named is not None and role is not None and not self._is_item_field(title, line, item):
            named = None
        if named is not None:
            self._item_field(line, named, rest, title)
            return
        if (
            role is not None
            and (label or len(text) <= _BARE_TITLES)
            and self._takes_section(role, line, item)
        ):
            level = 6.0 if line.number and not line.indent else float(LABEL_LEVEL)
            if line.info == "*" and self.is_org:
                level = 1.0
            self._open_heading(line, title, role, level)
            self._inline(line, rest)
            return
        if label and is_numbered_item(title):
            self._announce(line, LABEL_LEVEL - 0.1)
            text = counted_rest(title, rest)
        self._start_item(
            line, text, numbered=bool(line.number), joined=not line.blank_before or self.continues[self.index]
        )

    def _is_item_field(self, title: str, line: Line, item: Node | None) -> bool:
        if item is not None and line.indent > item.rank - _ITEM_RANK:
            return True
        if self.labels[normalize_label(title)] > 1:
            return True
        return item is not None and self._role() is Role.SUGGESTIONS and exact_role(title) is not Role.EFFECT

    def _takes_section(self, role: Role, line: Line, item: Node | None) -> bool:
        if item is not None and item.kind is NodeKind.ITEM and line.indent > item.rank - _ITEM_RANK:
            return False
        return role is not self._role()

    def _item_field(self, line: Line, named: Field, value: str, label: str) -> None:
        """Hang `- Type: add` on the item above it, or open an item for it."""
        rank = self._rank_of(line)
        holder = next((n for n in reversed(self.stack) if n.kind in (NodeKind.ITEM, NodeKind.HEADING)), None)
        if line.number or holder is None:
            self._start_item(line, "", numbered=bool(line.number))
        elif (
            holder.kind is NodeKind.ITEM and holder.rank >= rank and not self._is_sibling_field(holder, named)
        ) or (holder.kind is NodeKind.HEADING and not holder.numbered and self._open_item() is not holder):
            self._start_item(line, "", numbered=False)
        self._field_on_top(line, named, value, label)

    def _is_sibling_field(self, holder: Node, named: Field) -> bool:
        """Return whether a field at the same indentation still speaks of the item that is open."""
        seen = {child.named for child in holder.children if child.kind is NodeKind.FIELD}
        return named not in seen and (
            bool(seen) or holder.numbered or not holder.text or named in _STRUCTURED
        )

    def _field_on_top(self, line: Line, named: Field, value: str, label: str) -> None:
        while self.stack[-1].kind is NodeKind.FIELD:
            self._close(1, line.at)
        rank, info = self._rank_of(line) + _FIELD_RANK, normalize_label(label)
        self._push(
            Node(NodeKind.FIELD, [value] if value else [], named=named, rank=rank, at=line.at, info=info)
        )

    def _start_item(self, line: Line, text: str, *, numbered: bool, joined: bool = False) -> None:
        rank = self._rank_of(line)
        if not numbered and joined and self._in_numbered(rank):
            rank += _BULLET_RANK
        self._introduce(line)
        self._pop_to(rank, line.at)
        node = Node(NodeKind.ITEM, rank=rank, at=line.at, numbered=numbered, info=line.info)
        self._push(node)
        label = split_label(text)
        if label and (named := field_of(label[0])) is not None and label[1]:
            info = normalize_label(label[0])
            self._push(
                Node(NodeKind.FIELD, [label[1]], named=named, rank=rank + _FIELD_RANK, at=line.at, info=info)
            )
        else:
            node.lines = [text] if text else []

    def _in_numbered(self, rank: float) -> bool:
        return any(node.kind is NodeKind.ITEM and node.numbered and node.rank == rank for node in self.stack)

    def _introduce(self, line: Line) -> None:
        """Let a sentence that ends in a colon right above a list say what the list holds."""
        top = self.stack[-1]
        if top.kind is NodeKind.ITEM or top.kind is NodeKind.FIELD or not top.children:
            return
        above = top.children[-1]
        if above.kind is not NodeKind.PARAGRAPH:
            return
        said = above.lines[-1].rstrip("*_ ")
        if said.endswith((":", "：")):
            role = intro_role(said.rstrip(":："))
        elif len(above.lines) == 1 and len(said) <= _BARE_TITLES and said[-1] not in ".!?。！？":
            role = role_of(said)
        else:
            return
        if (
            role is not None
            and self._role() in (None, Role.ANALYSIS, Role.CAUSES)
            and role is not self._role()
        ):
            self._open_heading(line, "", role, LABEL_LEVEL + 0.5)

    # -- text, tables, quotes, blocks -------------------------------------------------------------------

    def _text(self, line: Line) -> None:
        label = split_label(line.text)
        if label and self._labelled(line, *label):
            return
        led = line.blank_before and not line.indent and _BOLD_LEAD.match(line.text)
        if led or (self.stack[-1].kind is not NodeKind.FIELD and opens_with_tag(line.text)):
            self._label_item(line)
            return
        short = len(line.text) <= _BARE_TITLES and line.blank_before and not label
        if short and is_numbered_item(line.text):
            self._announce(line, LABEL_LEVEL - 0.1)
            self._open_heading(line, "", None, LABEL_LEVEL, numbered=True)
            return
        if short and exact_role(line.text):
            self._open_heading(line, line.text, exact_role(line.text), LABEL_LEVEL)
            return
        self._append(Node(NodeKind.PARAGRAPH, [line.text], at=line.at), line)

    def _labelled(self, line: Line, label: str, rest: str, strong: bool) -> bool:
        """Hang a line that opens with a label; return False if the label says nothing."""
        item = self._open_item()
        named = field_of(label)
        if named is not None and self._is_field(label, named, line, item):
            self._field(line, named, rest, label)
            return True
        if is_numbered_item(label):
            self._announce(line, LABEL_LEVEL - 0.1)
            if rest:
                self._start_item(line, counted_rest(label, rest), numbered=True)
            else:
                self._open_heading(line, counted_rest(label, ""), None, LABEL_LEVEL, numbered=True)
            return True
        role = exact_role(label) or (role_of(label) if strong or not rest else None)
        if role is Role.IGNORED and rest:
            return len(rest) <= _SHORT_VALUE
        if role is not None:
            self._open_heading(line, label, role, LABEL_LEVEL)
            self._inline(line, rest)
            return True
        if (
            not rest
            and line.text.rstrip("*_ ").endswith((":", "："))
            and len(label.split()) <= 5
            and line.blank_before
        ):
            self._open_heading(line, label, None, LABEL_LEVEL)
            return True
        top = self.stack[-1]
        if (
            strong
            and rest
            and (
                top.kind is not NodeKind.ITEM
                or top.info == "label"
                or (line.blank_before and not line.indent)
            )
        ):
            self._label_item(line)
            return True
        return False

    def _label_item(self, line: Line) -> None:
        """Open an item for a line that its label alone makes one."""
        line.info = "label"
        self._start_item(line, line.text, numbered=False)

    def _row(self, line: Line) -> None:
        top = self.stack[-1]
        last = top.children[-1] if top.children else None
        if last is not None and last.kind is NodeKind.TABLE and last.end == line.at:
            last.rows.append(line.text)
            last.end = line.at + 1
            return
        self._append(Node(NodeKind.TABLE, rows=[line.text], at=line.at, end=line.at + 1), line)

    def _append(self, node: Node, line: Line) -> None:
        """Hang a leaf on what it continues: the line above it, or the innermost part it is indented under."""
        node.end = line.at + 1
        self._leave(node, line)
        top = self.stack[-1]
        if node.kind is NodeKind.PARAGRAPH and not line.blank_before and self._continue_text(top, line):
            return
        last = top.children[-1] if top.children else None
        if last is not None and not line.blank_before and last.kind is node.kind is NodeKind.QUOTE:
            last.lines.extend(node.lines)
            return
        top.children.append(node)

    def _leave(self, node: Node, line: Line) -> None:
        """Close the items and fields that an unindented part after a blank line no longer belongs to."""
        if not line.blank_before:
            return
        while len(self.stack) > 1:
            top = self.stack[-1]
            if top.kind is NodeKind.FIELD:
                waits = not top.text and not top.children
                if waits or line.indent > top.rank - _ITEM_RANK - _FIELD_RANK + 0.01:
                    return
            elif top.kind is NodeKind.ITEM:
                if line.indent > top.rank - _ITEM_RANK or node.kind in (NodeKind.QUOTE, NodeKind.FENCE):
                    return
                if top.numbered and self.continues[self.index]:
                    return
            else:
                return
            self._close(1, line.at)

    def _continue_text(self, top: Node, line: Line) -> bool:
        if top.kind is NodeKind.FIELD and top.text and top.named in _ONE_WORD:
            self._close(1, line.at)
            top = self.stack[-1]
            if top.kind is not NodeKind.ITEM or top.text:
                top.children.append(Node(NodeKind.PARAGRAPH, [line.text], at=line.at, end=line.at + 1))
                return True
        last = top.children[-1] if top.children else None
        if last is not None:
            if last.kind is NodeKind.PARAGRAPH:
                last.lines.append(line.text)
                last.end = line.at + 1
                return True
            return False
        if top.kind in (NodeKind.ITEM, NodeKind.FIELD) and (top.text or top.kind is NodeKind.FIELD):
            top.lines.append(line.text)
            return True
        return False


def _count_labels(lines: list[Line]) -> Counter[str]:
    """Count how often each label opens a line: what is said once speaks of the whole answer."""
    counts: Counter[str] = Counter()
    for line in lines:
        if line.kind in (LineKind.TEXT, LineKind.ITEM, LineKind.HEADING) and (
            label := split_label(line.text)
        ):
            counts[normalize_label(label[0])] += 1
        elif line.kind is LineKind.HEADING:
            counts[normalize_label(line.text)] += 1
    return counts


def _list_continues(lines: list[Line]) -> list[bool]:
    """Return, for each line, whether a numbered list goes on after it with the next number."""
    goes_on = [False] * len(lines)
    open_number = False
    for index in range(len(lines) - 1, -1, -1):
        line = lines[index]
        if line.kind is LineKind.HEADING:
            open_number = False
        goes_on[index] = open_number
        if line.kind is LineKind.ITEM and line.number:
            open_number = line.number > 1
    return goes_on
