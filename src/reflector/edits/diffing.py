"""What edits change: exact spans are replaced, everything else is copied. The same line by line, as a diff."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise, zip_longest

from reflector._text import one_line
from reflector.edits.edit import Edit
from reflector.errors import InvalidEditError

__all__ = ["Change", "apply_changes", "changes_of", "unified"]


@dataclass(frozen=True, slots=True)
class Change:
    """One replacement of characters. Several may begin at the same offset; their order is kept."""

    start: int
    end: int
    text: str
    edit: Edit
    order: int = 0


def changes_of(prompt: str, edits: Iterable[Edit]) -> list[Change]:
    """Return what the applied edits change in `prompt`, by offset; insertions at one offset in their order.

    Raises:
        InvalidEditError: If an edit's target text does not stand at its place, or two edits overlap.
    """
    changes: list[Change] = []
    for edit in edits:
        place = edit.location
        if not edit.is_made or place is None:
            continue
        if prompt[place.start : place.end] != edit.target_text:
            raise InvalidEditError(
                f"{edit.id}: expected {edit.target_text[:60]!r} at {place.start}:{place.end}, found "
                f"{prompt[place.start : place.end][:60]!r}. Plan the edits again for this prompt."
            )
        changes.append(Change(place.start, place.end, edit.content, edit, place.order))
    # At one offset insertions come before what replaces the characters behind it.
    changes.sort(key=lambda change: (change.start, change.end, change.order))
    for left, right in pairwise(changes):
        if left.end > right.start:
            raise InvalidEditError(
                f"{left.edit.id} and {right.edit.id} change the same characters "
                f"({left.start}:{left.end} and {right.start}:{right.end}); apply only one of them."
            )
    return changes


def apply_changes(prompt: str, changes: Sequence[Change]) -> str:
    """Return `prompt` with ordered, disjoint changes made."""
    pieces: list[str] = []
    at = 0
    for change in changes:
        pieces += (prompt[at : change.start], change.text)
        at = change.end
    return "".join((*pieces, prompt[at:])) if changes else prompt


_CONTEXT = 3
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")


def unified(prompt: str, changes: Sequence[Change], name: str = "prompt") -> str:
    """Return ordered, disjoint changes as a unified diff; "" if nothing changes.

    Lines that change together are a hunk; before it stands a comment line for every edit in it.
    """
    old = _LINE.findall(prompt)
    starts = [0, *accumulate(map(len, old))]
    regions = _regions(starts[1:], changes)
    lines: list[str] = []
    shift = shown = 0
    for region, after in zip_longest(regions, regions[1:]):
        first, last = region.first, region.last
        removed, added = old[first:last], _changed(prompt, starts, region)
        while removed and added and removed[0] == added[0]:
            removed, added, first = removed[1:], added[1:], first + 1
        while removed and added and removed[-1] == added[-1]:
            removed, added, last = removed[:-1], added[:-1], last - 1
        if not removed and not added:
            continue
        top, shown = max(first - _CONTEXT, shown), min(last + _CONTEXT, after.first if after else len(old))
        count = shown - top
        new_count = count - len(removed) + len(added)
        lines += dict.fromkeys(_comment(change.edit) for change in region.changes)
        lines.append(f"@@ -{top + bool(count)},{count} +{top + shift + bool(new_count)},{new_count} @@")
        for sign, texts in ((" ", old[top:first]), ("-", removed), ("+", added), (" ", old[last:shown])):
            for text in texts:
                lines.append(sign + text.removesuffix("\n"))
                if not text.endswith("\n"):
                    lines.append("\\ No newline at end of file")
        shift += len(added) - len(removed)
    head = [f"--- {name}", f"+++ improved {name}"] if lines else []
    return "".join(f"{line}\n" for line in (*head, *lines))


@dataclass
class _Region:
    """Old lines from `first` to before `last` that change together."""

    first: int
    last: int
    changes: list[Change]


def _regions(ends: Sequence[int], changes: Sequence[Change]) -> list[_Region]:
    """Return the changes, joined where they share lines, of which the ends are given."""
    regions: list[_Region] = []
    line = 0
    for change in changes:
        while line + 1 < len(ends) and ends[line] <= change.start:
            line += 1
        last = min(line + 1, len(ends))
        while last < len(ends) and ends[last - 1] < change.end:
            last += 1
        joins_next = ends[last - 1 : last] == [change.end] and not change.text.endswith("\n")
        if change.text and joins_next and last < len(ends):
            last += 1
        if regions and (line < regions[-1].last or not ends):
            regions[-1].last = max(regions[-1].last, last)
            regions[-1].changes.append(change)
        else:
            regions.append(_Region(line, last, [change]))
    return regions


def _changed(prompt: str, starts: Sequence[int], region: _Region) -> list[str]:
    """Return the new lines of a region."""
    offset, end = starts[region.first], starts[region.last]
    moved = [replace(c, start=c.start - offset, end=c.end - offset) for c in region.changes]
    return _LINE.findall(apply_changes(prompt[offset:end], moved))


def _comment(edit: Edit) -> str:
    what = one_line(edit.suggestion.description or edit.text, 200)
    return f"# {edit.id} ({edit.suggestion.type.value}, {edit.priority.value}): {what}"
