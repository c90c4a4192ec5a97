"""Tables of an answer: which column holds which field, one suggestion a row."""

from __future__ import annotations

from reflector.reflection.headings import Field, Role, exact_role, field_of, is_numbered_item
from reflector.reflection.text_hints import Hints, group_hints
from reflector.reflection.text_items import Draft
from reflector.reflection.text_lines import is_table_rule, strip_emphasis

__all__ = ["TableReading", "read_table"]

_MOST_COLUMNS = 40


class TableReading:
    """What a table says: drafts of suggestions, or one labelled value a row."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.sections: list[tuple[Role, str]] = []
        self.named = False
        """Whether the head names the fields of a suggestion."""


def read_table(rows: list[str], hints: Hints) -> TableReading:
    """Return what the rows of a table say; the first row is its head when a rule or field names tell so."""
    cells = [_cells(row) for row in rows if not is_table_rule(row) and row.strip("+-=| ")]
    reading = TableReading()
    if not cells:
        return reading
    columns = [field_of(cell) for cell in cells[0]]
    if sum(column is not None for column in columns) >= 2 or (
        any(columns) and any(map(is_table_rule, rows[:3]))
    ):
        reading.named = True
        reading.drafts = [_row_draft(columns, row, hints) for row in cells[1:]]
    elif all(len(row) == 2 for row in cells):
        _read_pairs(cells, reading, hints)
    elif any(map(is_table_rule, rows[:3])):
        reading.drafts = [_longest_cell(row, hints) for row in cells[1:]]
    return reading


def _cells(row: str) -> list[str]:
    row = row.strip().removeprefix("|").removesuffix("|")
    hidden = row.replace("\\|", "\0")
    return [
        strip_emphasis(cell.replace("\0", "|").replace("<br>", " ").replace("<br/>", " ").strip())
        for cell in hidden.split("|", _MOST_COLUMNS)
    ]


def _row_draft(columns: list[Field | None], row: list[str], hints: Hints) -> Draft:
    draft = Draft(hints=hints)
    for column, cell in zip(columns, row, strict=False):
        if not cell.strip("-—– ") or column is Field.IGNORED:
            continue
        if column is not None:
            draft.put(column, cell)
        elif not cell.isdigit() and len(cell) > 2:
            draft.body.append(cell)
    if Field.DESCRIPTION in draft.fields or Field.TITLE in draft.fields:
        draft.body.clear()
    elif Field.DESCRIPTION not in draft.fields and len(draft.body) > 1:
        draft.body = [max(draft.body, key=len)]
    return draft


def _longest_cell(row: list[str], hints: Hints) -> Draft:
    main = max(row, key=len)
    for cell in row:
        if cell is not main:
            hints = group_hints(cell).over(hints)
    return Draft(title=main, hints=hints)


def _read_pairs(cells: list[list[str]], reading: TableReading, hints: Hints) -> None:
    """Read rows of `label | value`: fields of suggestions one below the other, or sections of the answer."""
    draft = Draft(hints=hints)
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
    if draft.fields:
        reading.drafts.append(draft)
    reading.named = bool(reading.drafts)
