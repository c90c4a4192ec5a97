"""Tables of an answer: which column holds which field, one suggestion a row."""

from __future__ import annotations

from reflector.reflection.answers.drafts import Draft
from reflector.reflection.answers.headings import Field, field_of
from reflector.reflection.answers.kinds import Kinds
from reflector.reflection.answers.lines import is_table_rule, strip_emphasis

__all__ = ["proves_suggestions", "read_table"]

_MOST_COLUMNS = 40
_PROOF = frozenset({Field.DESCRIPTION, Field.TYPE, Field.TEXT, Field.CATEGORY})


def read_table(rows: list[str], kinds: Kinds) -> list[Draft]:
    """Return what the rows of a table say; the first row is its head when a rule or field names tell so."""
    cells = [_cells(row) for row in rows if row.strip("+-=:| ")]
    has_rule = any(map(is_table_rule, rows[:3]))
    columns = [field_of(cell) for cell in cells[0]] if cells else []
    named = sum(column is not None for column in columns)
    if named >= 2 or (named and has_rule):
        return [_row_draft(columns, row, kinds) for row in cells[1:]]
    if all(len(row) == 2 for row in cells):
        return _read_pairs(cells, kinds)
    return [Draft(title=max(row, key=len), kinds=kinds) for row in cells[1:]] if has_rule else []


def proves_suggestions(drafts: list[Draft]) -> bool:
    """Return whether the columns of a table prove that its rows are suggestions."""
    return any(draft.fields.keys() & _PROOF for draft in drafts)


def _cells(row: str) -> list[str]:
    bare = row.strip().removeprefix("|").removesuffix("|").replace("\\|", "\0")
    cells = bare.replace("<br>", " ").replace("<br/>", " ").split("|", _MOST_COLUMNS)
    return [strip_emphasis(cell.replace("\0", "|")) for cell in cells]


def _row_draft(columns: list[Field | None], row: list[str], kinds: Kinds) -> Draft:
    draft = Draft(kinds=kinds)
    rest = ""
    for column, cell in zip(columns, row, strict=False):
        if column is None:
            rest = max(rest, cell, key=len)
        elif column is not Field.IGNORED and cell.strip("-—– "):
            draft.put(column, cell)
    if rest.strip("-—– ") and draft.fields.keys().isdisjoint((Field.DESCRIPTION, Field.TITLE)):
        draft.body.append(rest)
    return draft


def _read_pairs(cells: list[list[str]], kinds: Kinds) -> list[Draft]:
    """Read rows of `label | value`: fields of suggestions one below the other."""
    drafts = [Draft(kinds=kinds)]
    for label, value in cells:
        if (named := field_of(label)) is not None:
            if named in drafts[-1].fields:
                drafts.append(Draft(kinds=kinds))
            drafts[-1].put(named, value)
    return [draft for draft in drafts if draft.fields]
