"""What edits change, line by line: hunks that name the suggestions they come from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from reflector._json import Value
from reflector._text import one_line
from reflector.edits.applying import Change
from reflector.edits.edit import Edit

__all__ = ["DiffLine", "Hunk", "hunks_of", "unified"]

_CONTEXT = 3
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")


class DiffLine(Value):
    """One line of a diff, with its line break if it has one."""

    kind: Literal["context", "removed", "added"]
    text: str


class Hunk(Value):
    """Neighbouring lines that change together, and why. Line numbers count from 1."""

    edits: tuple[str, ...]
    """Ids of the edits that cause it."""
    comments: tuple[str, ...]
    """One line for each edit: its id, its kind and the suggestion."""
    old_start: int
    old_count: int
    new_start: int
    new_count: int
    lines: tuple[DiffLine, ...]


def _comment(edit: Edit) -> str:
    what = one_line(edit.suggestion.description or edit.text, 200)
    return f"# {edit.id} ({edit.suggestion.type.value}, {edit.priority.value}): {what}"


class _Region:
    """Changes that share lines: old lines `[first, last)` become `after`."""

    def __init__(self, first: int, last: int, changes: list[Change]) -> None:
        self.first, self.last, self.changes = first, last, changes


def hunks_of(prompt: str, changes: Sequence[Change]) -> tuple[Hunk, ...]:
    """Return the hunks of ordered, disjoint changes of `prompt`; one for each set of lines that change together."""
    old = [match.span() for match in _LINE.finditer(prompt)]
    regions = _regions(old, len(prompt), changes)
    hunks: list[Hunk] = []
    shift, context_from = 0, 0
    for number, region in enumerate(regions):
        before = prompt[old[region.first][0] : _line_end(old, region.last)] if old else ""
        removed, added = _split(before), _split(_changed(prompt, old, region))
        first, last = region.first, region.last
        while removed and added and removed[0] == added[0]:
            removed, added, first = removed[1:], added[1:], first + 1
        while removed and added and removed[-1] == added[-1]:
            removed, added, last = removed[:-1], added[:-1], last - 1
        if not removed and not added:
            continue
        following = regions[number + 1].first if number + 1 < len(regions) else len(old)
        top, bottom = max(first - _CONTEXT, context_from), min(last + _CONTEXT, following)
        lines = [
            *(DiffLine(kind="context", text=prompt[a:b]) for a, b in old[top:first]),
            *(DiffLine(kind="removed", text=line) for line in removed),
            *(DiffLine(kind="added", text=line) for line in added),
            *(DiffLine(kind="context", text=prompt[a:b]) for a, b in old[last:bottom]),
        ]
        old_count = bottom - top
        new_count = old_count - len(removed) + len(added)
        edits = list({change.edit.id: change.edit for change in region.changes}.values())
        hunks.append(
            Hunk(
                edits=tuple(edit.id for edit in edits),
                comments=tuple(_comment(edit) for edit in edits),
                old_start=top + 1 if old_count else top,
                old_count=old_count,
                new_start=top + shift + (1 if new_count else 0),
                new_count=new_count,
                lines=tuple(lines),
            )
        )
        shift += len(added) - len(removed)
        context_from = bottom
    return tuple(hunks)


def _split(text: str) -> list[str]:
    return _LINE.findall(text)


def _line_end(old: list[tuple[int, int]], last: int) -> int:
    return old[last - 1][1] if last > 0 else 0


def _regions(old: list[tuple[int, int]], size: int, changes: Sequence[Change]) -> list[_Region]:
    """Return the changes, joined where they share lines."""
    regions: list[_Region] = []
    line = 0
    for change in changes:
        while line + 1 < len(old) and old[line][1] <= change.start:
            line += 1
        first, last = (line, line + 1) if old else (0, 0)
        while last < len(old) and old[last - 1][1] < change.end:
            last += 1
        ends_with_line = (
            0 < last < len(old) and change.end == old[last - 1][1] and not change.text.endswith("\n")
        )
        if ends_with_line and change.text:
            last += 1
        if regions and first < regions[-1].last:
            regions[-1].last = max(regions[-1].last, last)
            regions[-1].changes.append(change)
        elif regions and not old:
            regions[-1].changes.append(change)
        else:
            regions.append(_Region(first, last, [change]))
    return regions


def _changed(prompt: str, old: list[tuple[int, int]], region: _Region) -> str:
    at = old[region.first][0] if old else 0
    pieces: list[str] = []
    for change in region.changes:
        pieces += (prompt[at : change.start], change.text)
        at = change.end
    return "".join((*pieces, prompt[at : max(at, _line_end(old, region.last))]))


def unified(hunks: Sequence[Hunk], *, old_name: str = "prompt", new_name: str = "improved prompt") -> str:
    """Return a unified diff; before each hunk stands a comment line for every edit in it. "" if nothing changes."""
    if not hunks:
        return ""
    lines = [f"--- {old_name}", f"+++ {new_name}"]
    signs = {"context": " ", "removed": "-", "added": "+"}
    for hunk in hunks:
        lines += hunk.comments
        lines.append(f"@@ -{hunk.old_start},{hunk.old_count} +{hunk.new_start},{hunk.new_count} @@")
        for line in hunk.lines:
            lines.append(signs[line.kind] + line.text.removesuffix("\n"))
            if not line.text.endswith("\n"):
                lines.append("\\ No newline at end of file")
    return "\n".join(lines) + "\n"
