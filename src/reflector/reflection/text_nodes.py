"""The parts of an answer: headings, items, fields, paragraphs, and what belongs to each."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from reflector.reflection.headings import Field, Role

__all__ = ["Node", "NodeKind", "plain_text"]


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
