"""Tables of an answer: which column holds which field, one suggestion a row."""

from __future__ import annotations

from dataclasses import dataclass, field

from reflector.reflection.headings import Field, Role, exact_role, field_of, is_numbered_item
from reflector.reflection.text_hints import Hints, group_hints
from reflector.reflection.text_items import Draft
from reflector.reflection.text_lines import is_table_rule, strip_emphasis

__all__ = ["TableReading", "read_table"]

_MOST_COLUMNS = 40
_PROOF = frozenset({Field.DESCRIPTION, Field.TYPE, Field.TEXT, Field.CATEGORY})


@dataclass(slots=True)
class TableReading:
    """What a table says: drafts of suggestions, and sections of the answer that stand in its rows."""

    drafts: list[Draft] = field(default_factory=list)
    sections: list[tuple[Role, str]] = field(default_factory=list)

    @property
    def is_certain(self) -> bool:
        """Whether its columns prove that its rows are suggestions."""
        return any(draft.fields.keys() & _PROOF for draft in self.drafts)


def read_table(rows: list[str], hints: Hints) -> TableReading:
    """Return what the rows of a table say; the first row is its head when a rule or field names tell so."""
    cells = [_cells(row) for row in rows if row.strip("+-=:| ")]
    has_rule = any(map(is_table_rule, rows[:3]))
    columns = [field_of(cell) for cell in cells[0]] if cells else []
    named = sum(column is not None for column in columns)
    if named >= 2 or (named and has_rule):
        return TableReading([_row_draft(columns, row, hints) for row in cells[1:]])
    if all(len(row) == 2 for row in cells):
        return _read_pairs(cells, hints)
    return TableReading([_longest_cell(row, hints) for row in cells[1:]] if has_rule else [])


def _cells(row: str) -> list[str]:
    bare = row.strip().removeprefix("|").removesuffix("|").replace("\\|", "\0")
    cells = bare.replace("<br>", " ").replace("<br/>", " ").split("|", _MOST_COLUMNS)
    return [strip_emphasis(cell.replace("\0", "|")) for cell in cells]


def _row_draft(columns: list[Field | None], row: list[str], hints: Hints) -> Draft:
    draft = Draft(hints=hints)
    rest = ""
    for column, cell in zip(columns, row, strict=False):
        if column is None:
            rest = max(rest, cell, key=len) if not cell.isdigit() else rest
        elif column is not Field.IGNORED and cell.strip("-—– "):
            draft.put(column, cell)
    if rest.strip("-—– ") and draft.fields.keys().isdisjoint((Field.DESCRIPTION, Field.TITLE)):
        draft.body.append(rest)
    return draft


def _longest_cell(row: list[str], hints: Hints) -> Draft:
    main = max(row, key=len)
    for cell in row:
        if cell is not main:
            hints = group_hints(cell).over(hints)
    return Draft(title=main, hints=hints)


def _read_pairs(cells: list[list[str]], hints: Hints) -> TableReading:
    """Read rows of `label | value`: fields of suggestions one below the other, or sections of the answer."""
    reading, draft = TableReading(), Draft(hints=hints)
    for label, value in cells:
        named, role = field_of(label), exact_role(label)
        if is_numbered_item(label):
            reading.drafts.append(Draft(title=value, hints=hints))
        elif role is not None and (named is None or role in (Role.ANALYSIS, Role.CAUSES)):
            reading.sections.append((role, value))
        elif named is not None:
            if named in draft.fields:
                reading.drafts.append(draft)
                draft = Draft(hints=hints)
            draft.put(named, value)
    reading.drafts += [draft] if draft.fields else []
    return reading
