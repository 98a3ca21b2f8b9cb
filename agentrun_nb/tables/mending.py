"""Restores the columns and dtypes of a table to a frame that lost them.

Values that can be read are converted, and any other leaves an empty cell and a note. A column of
which no value can be read raises an error.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pandas as pd
import pyarrow as pa

from agentrun_nb.core.dtypes import COLUMN_DTYPES
from agentrun_nb.core.schema import RUNS, TABLES, Column, Table
from agentrun_nb.core.text import capital, kind_of
from agentrun_nb.errors import SchemaError
from agentrun_nb.records.batch import ARROW, TIMES_IN_ORDER, out_of_order
from agentrun_nb.records.cells import Notes
from agentrun_nb.tables.encode import document_text, json_value
from agentrun_nb.tables.reading_values import (
    UNREADABLE,
    Noted,
    categories,
    cells_of,
    outside_calendar,
    read_values,
    series_of,
)

OTHERS = [table for table in TABLES if table is not RUNS and "deployment_id" in table.names]
"""Tables that have a key like that of runs, and hold something else than runs."""

_MERGED = {"_x", "_y", "_left", "_right"}
"""Suffixes that pandas and polars add where both sides of a merge have a column."""

_OWN = {"parse_notes", "fetch_error"}
"""The columns in which this package says what was odd and what did not come."""


def mend(frame: pd.DataFrame, table: Table = RUNS) -> pd.DataFrame:
    """Restores the columns and dtypes of a table, whatever a filter, merge or concat left of them.

    The index, further columns and `attrs` stay. A frame that has all columns and dtypes is returned
    unchanged. Columns may stand in the index, and `run_id` in place of `id`. Times may be texts
    (RFC 3339) or numbers since the epoch. As in a record, a value that cannot be read, such as a
    text that is not RFC 3339, gives an empty cell and a note.

    Raises:
        SchemaError: it is not a frame, it lacks the table's key columns, or a column holds several
            values of which none can be read.
    """
    hint = f"Give a table of {table.name.lower()} as the client gives it."
    if table is RUNS:
        hint = "Give a frame of client.list_runs, client.get_runs, arn.load or arn.runs_frame."
    if not isinstance(frame, pd.DataFrame):
        sentence = f"{capital(kind_of(frame))} is not a table of {table.name.lower()}."
        raise SchemaError(sentence, hint=hint)
    if frame.columns.nlevels > 1:
        sentence = "The columns of this frame have several levels."
        raise SchemaError(sentence, hint="Leave one: frame.droplevel(0, axis=1).")
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        sentence = f"The column {twice[0]!r} stands twice in this frame."
        raise SchemaError(sentence, hint="Rename or drop one of them.")
    _check_merge(frame, table)
    _check_table(frame, table)
    frame = _with_key(_with_columns_of_index(frame, table), table, hint)
    has_notes = "parse_notes" in frame.columns
    given = frame
    changed: dict[str, Any] = {}
    noted: dict[str, Noted] = {}
    for column in table.columns:
        if column.name not in frame.columns:
            changed[column.name] = pd.Series(None, index=frame.index, dtype="object")
        found = changed.get(column.name, frame.get(column.name))
        if not _has_dtype(column, found):
            changed[column.name], noted[column.name] = _converted(table, column, found)
    if changed:
        frame = frame.assign(**changed)
    frame = _without_empty_words(frame, table)
    if any(noted.values()) and "parse_notes" in table.names:
        frame = frame.assign(parse_notes=_with_notes(frame["parse_notes"], noted))
    if table is RUNS and not has_notes:
        # Times that came with notes were looked at when the record was read.
        frame = frame.assign(parse_notes=_with_notes(frame["parse_notes"], _order(frame, given)))
    further = [name for name in frame.columns if name not in table.names]
    ordered = [*table.names, *further]
    return frame if list(frame.columns) == ordered else frame[ordered]


def _check_merge(frame: pd.DataFrame, table: Table) -> None:
    """Raises SchemaError where a merge left two columns in place of one.

    Only the user knows which of them is meant.
    """
    names = [name for name in frame.columns if isinstance(name, str)]
    absent = [column.name for column in table.columns if column.name not in names]
    endings = {name: _endings(name, names) for name in absent}
    # Suffixes that the user chose are recognised by several columns having the same ones.
    counts = Counter(ending for found in endings.values() for ending in found)
    own = {ending for ending, count in counts.items() if count > 1}
    left_by_merge = _MERGED | (own if len(own) > 1 else set())
    for name in absent:
        left = [name + ending for ending in endings[name] if ending in left_by_merge]
        if left:
            columns = " and ".join(map(repr, left))
            sentence = f"In place of {name!r} this frame has {columns}, as a merge leaves them."
            hint = f"Rename the right one to {name!r}, or merge with suffixes=('', '_other')."
            raise SchemaError(sentence, hint=hint)


def _endings(name: str, names: list[str]) -> list[str]:
    """The suffixes of columns that begin with a name, such as `_x` where there is `status_x`."""
    endings = [other[len(name) :] for other in names if other.startswith(name)]
    return [ending for ending in endings if not ending[0].isalnum()]


def _check_table(frame: pd.DataFrame, table: Table) -> None:
    """Raises SchemaError where runs are expected and the frame is another table."""
    columns = set(frame.columns)
    if table is not RUNS or set(RUNS.names) <= columns:
        return
    for other in OTHERS:
        if set(other.names) <= columns:
            sentence = f"This frame is a table of {other.name.lower()}, and not of runs."
            raise SchemaError(sentence, hint="Give the runs themselves.")


def _with_columns_of_index(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """The frame with those columns of the table that stand in its index only.

    pandas puts them there in `set_index` and `groupby`. The index stays.
    """
    levels = list(frame.index.names)
    names = [name for name in table.names if name in levels and name not in frame.columns]
    if not names:
        return frame
    # By their places, since two levels may have one name.
    values = {name: frame.index.get_level_values(levels.index(name)) for name in names}
    return frame.assign(**values)


def _without_empty_words(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """The frame without empty texts in the columns that this package writes.

    Files have them where a cell is empty, and they name neither an error nor anything odd.
    """
    for name in _OWN & {*table.names}:
        is_empty = frame[name].eq("")
        if is_empty.any():
            frame = frame.assign(**{name: frame[name].mask(is_empty)})
    return frame


def _with_key(frame: pd.DataFrame, table: Table, hint: str) -> pd.DataFrame:
    """The frame with the two key columns; the id of a run may be called `run_id`."""
    missing = []
    for column in table.columns[:2]:
        name = column.name
        other_name = "run_id" if table is RUNS and name == "id" else name
        if name in frame.columns:
            continue
        if other_name in frame.columns:
            frame = frame.rename(columns={other_name: name})
        elif other_name in frame.index.names:
            frame = frame.assign(**{name: frame.index.get_level_values(other_name)})
        else:
            missing.append(name)
    if missing:
        names = " and no ".join(missing)
        sentence = f"This frame is not a table of {table.name.lower()}: it has no {names}."
        raise SchemaError(sentence, hint=hint)
    return frame


def _has_dtype(column: Column, found: pd.Series[Any]) -> bool:
    """Whether values have the dtype of the table's column, and all its categories in order."""
    if column.kind == "time":
        return bool(found.dtype == COLUMN_DTYPES["time"]) and not outside_calendar(found).any()
    if column.kind != "category":
        return bool(found.dtype == COLUMN_DTYPES[column.kind])
    if not isinstance(found.dtype, pd.CategoricalDtype) or found.cat.ordered:
        return False
    own = found.cat.categories
    return list(own) == categories(column, own)


def _converted(table: Table, column: Column, found: pd.Series[Any]) -> tuple[pd.Series[Any], Noted]:
    """Converts values to the dtype of the table's column; returns them and what was odd.

    Raises:
        SchemaError: there are several values and none can be read, so this is another column; or
            one cannot be read and the table has no place for a note.
    """
    cells, noted = read_values(column, found)
    is_empty = cells.isna().to_numpy()
    unread = [value for place, (_, value) in noted.items() if is_empty[place]]
    if column.kind == "time" and any(_begins_with_year(value) for value in unread):
        return cells, noted
    # Where most rows are empty, a few odd values say nothing about the column.
    is_other_column = len(unread) > 1 and is_empty.all() and 2 * len(unread) > len(cells)
    if is_other_column or (unread and "parse_notes" not in table.names):
        dtype = {"json": "JSON", "category": "text"}.get(column.kind, COLUMN_DTYPES[column.kind])
        example = _clipped(unread[0])
        sentence = f"The column {column.name!r} cannot be read as {dtype}: there is {example}."
        raise SchemaError(sentence, hint="Mend its values, or drop the column.")
    return cells, noted


def _order(frame: pd.DataFrame, given: pd.DataFrame) -> dict[str, Noted]:
    """The times that are not in order, as in a record.

    Args:
        frame: the runs with their dtypes.
        given: the same runs with the values as they came.
    """
    cells = {name: pa.array(frame[name], ARROW["time"]) for name in TIMES_IN_ORDER}
    noted: dict[str, Noted] = {}
    for name, rows in out_of_order(cells).items():
        if not rows:
            continue
        values = given[name].iloc[rows]
        noted[name] = {row: ("time_order", value) for row, value in zip(rows, values, strict=True)}
    return noted


def _begins_with_year(value: Any) -> bool:
    """Whether a text that cannot be read is still meant as a time."""
    return isinstance(value, str) and value[:4].isdigit()


def _clipped(value: Any) -> str:
    """A value as an error shows it; its type where it cannot be written."""
    try:
        return repr(value)[:80]
    except Exception:  # the code of foreign objects may raise anything
        return kind_of(value)


def _with_notes(before: pd.Series[Any], noted: dict[str, Noted]) -> pd.Series[Any]:
    """The column of notes with new ones added."""
    cells = cells_of(before)
    for name, odd in noted.items():
        for place, (code, value) in odd.items():
            original = _original(value)
            if code == "time_order":
                original = original.strip(b'"')  # as in the note of a record
            notes = Notes()
            notes.add(name, code, original)
            known = (cells[place], notes.text)
            cells[place] = "; ".join(note for note in known if note)
    return series_of(before, cells, "text")


def _original(value: Any) -> bytes:
    """A value as the JSON text that a record would have; as Python shows it where there is none."""
    if isinstance(value, bytes):
        return _clipped(value).encode()
    try:
        return msgspec.json.encode(value, enc_hook=json_value)
    except UnicodeError:
        return document_text([value]).encode()[1:-1]
    except UNREADABLE:
        return _clipped(value).encode("utf-8", "replace")
