"""Blocks of lines that a run shows again: printed once, then named."""

from __future__ import annotations

from collections.abc import Sequence

from reflector._text import one_line

__all__ = ["MARK", "RepeatedLines"]

MARK = "⟪"
"""What a line begins with that stands for others."""
_LINES = 4
"""Lines that must come again, one after another, to be left out."""
_CHARACTERS = 160
_NEAR = 2
"""Of them, lines that stay beside others: what is new says little without the lines around it."""


class RepeatedLines:
    """The lines printed so far, in the order of the steps. Linear in their number."""

    def __init__(self) -> None:
        self._printed: list[tuple[int, Sequence[str]]] = []
        self._places: dict[tuple[str, ...], tuple[int, int]] = {}

    def fold(self, text: str, step_index: int, kept: str = "") -> str:
        """Return a text with each block of lines that an earlier step showed replaced by a mark that names the step.

        The lines of such a block that are next to others stay.

        Args:
            text: What the step says.
            step_index: The step.
            kept: A passage whose lines are never left out.
        """
        lines = text.split("\n")
        wanted = frozenset(kept.split("\n")) - {""}
        result: list[str] = []
        fresh: list[str] = []
        at = 0
        while at < len(lines):
            step, length = self._known(lines, at)
            end = at + length
            first, last = at + (_NEAR if fresh else 0), end - (_NEAR if end < len(lines) else 0)
            block = lines[first:last] if length else []
            if len(block) < _LINES or sum(map(len, block)) < _CHARACTERS or wanted.intersection(block):
                fresh.append(lines[at])
                at += 1
                continue
            fresh += lines[at:first]
            self._note(step_index, fresh)
            head = next((line for line in block if line.strip()), "")
            result += [
                *fresh,
                f"{MARK}{len(block)} lines as in step {step}, from `{one_line(head.strip(), 60)}` on⟫",
            ]
            fresh, at = [], last
        self._note(step_index, fresh)
        return "\n".join([*result, *fresh]) if result else text

    def _known(self, lines: Sequence[str], at: int) -> tuple[int, int]:
        """Return the step that printed the lines from here on, and how many of them."""
        found = self._places.get(tuple(lines[at : at + _LINES]))
        if found is None:
            return 0, 0
        step, printed = self._printed[found[0]]
        length, start = _LINES, found[1]
        while at + length < len(lines) and printed[start + length : start + length + 1] == [
            lines[at + length]
        ]:
            length += 1
        return step, length

    def _note(self, step_index: int, lines: Sequence[str]) -> None:
        self._printed.append((step_index, lines))
        for start in range(len(lines) - _LINES + 1):
            place = (len(self._printed) - 1, start)
            self._places.setdefault(tuple(lines[start : start + _LINES]), place)
