"""Marks that say what kind of column a column of a plain file was.

CSV and Excel know text and numbers only. An index or a column of another kind (a length of time,
JSON values, local times, dates) is written as text under a name with a mark, such as
`took [duration]`, and converted back when the file is read. Parquet files have the marks in their
metadata.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa

from agentrun_nb.core import jsontext
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.errors import SchemaError
from agentrun_nb.tables.moments import parse_times

INDEX, DURATION, JSON, NUMBER = "index", "duration", "JSON", "number"
LOCAL, DATE = "local time", "date"
MARKS = (INDEX, DURATION, JSON, LOCAL, DATE, NUMBER)


def marked(name: str, marks: tuple[str, ...]) -> str:
    """Adds marks to the name of a column.

    >>> marked("took", ("duration",))
    'took [duration]'
    """
    for mark in marks:
        name += f" [{mark}]"
    return name


def unmarked(name: str) -> tuple[str, tuple[str, ...]]:
    """Splits a name that stands in a file into the column's name and its marks.

    >>> unmarked("took [duration]")
    ('took', ('duration',))
    """
    marks: tuple[str, ...] = ()
    while found := next((mark for mark in MARKS if name.endswith(f" [{mark}]")), None):
        name, marks = name.removesuffix(f" [{found}]"), (found, *marks)
    return name, marks


def with_index(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]]]:
    """Turns the index into the first columns of the frame; a plain RangeIndex is dropped.

    Returns:
        The frame, and the marks of the columns that were the index.
    """
    if isinstance(frame.index, pd.RangeIndex) and frame.index.name is None:
        return frame.reset_index(drop=True), {}
    names = []
    for place, name in enumerate(frame.index.names):
        names.append(f"level_{place}" if name is None else str(name))
    return frame.reset_index(names=names), dict.fromkeys(names, (INDEX,))


def to_json(name: str, column: pd.Series[Any]) -> pd.Series[Any]:
    """Writes the values of a column as JSON texts; missing values stay missing.

    Raises:
        SchemaError: a value cannot be written as JSON.
    """
    try:
        texts = [
            None if _is_missing(value) else json.dumps(value, ensure_ascii=False)
            for value in column
        ]
    except (TypeError, ValueError, RecursionError) as error:
        reason = f"the column {name!r} holds what JSON cannot: {error}"
        sentence = f"The table cannot be saved as it is: {reason}."
        raise SchemaError(sentence, hint="Write it as text first, or drop it.") from None
    return pd.Series(texts, index=column.index, dtype=TEXT)


def durations_as_text(column: pa.ChunkedArray) -> pa.Array:
    """Writes lengths of time as ISO 8601, such as `P0DT0H4M55S`, to the nanosecond."""
    lengths = column.cast(pa.duration("ns")).to_pandas()
    texts = [None if pd.isna(length) else length.isoformat() for length in lengths]
    return pa.array(texts, pa.large_string())


def _is_missing(value: Any) -> bool:
    # Of a list or an array isna would give one answer for each element.
    is_scalar = pd.api.types.is_scalar(value)
    return bool(is_scalar and pd.isna(value))


def restored(column: pd.Series[Any], marks: tuple[str, ...]) -> pd.Series[Any]:
    """Converts a column of a file back to the kind that its marks say.

    Where somebody has changed a cell to what is not of that kind, the column stays as it is in the
    file.
    """
    try:
        return _of_kind(column, marks)
    except (ValueError, TypeError, OverflowError):
        return column


def _of_kind(column: pd.Series[Any], marks: tuple[str, ...]) -> pd.Series[Any]:
    if JSON in marks:
        return column.astype("object").map(jsontext.parse, na_action="ignore").astype("object")
    if NUMBER in marks:
        return column.astype("object").map(float, na_action="ignore").astype("Float64")
    if DURATION in marks:
        return pd.to_timedelta(column.astype("object").map(_length)).astype("timedelta64[us]")
    if LOCAL in marks:
        return parse_times(column.astype("object")).astype("datetime64[us]")
    if DATE in marks:
        return column.astype("object").map(_date, na_action="ignore").astype("object")
    return column


def _length(value: Any) -> Any:
    # pandas takes a number for nanoseconds; a file of this package has no lengths as numbers.
    if isinstance(value, int | float) and not pd.isna(value):
        raise TypeError("a length of time is no number")
    return value


def _date(value: str | date) -> date:
    # Parquet gives dates as they are, and other files their texts.
    return date.fromisoformat(value) if isinstance(value, str) else value


def with_marks_read(
    columns: Mapping[str, pd.Series[Any]], marks: Mapping[str, tuple[str, ...]]
) -> pd.DataFrame:
    """Makes a frame of the columns of a file, with the index that their marks say."""
    values = {name: restored(column, marks.get(name, ())) for name, column in columns.items()}
    frame = pd.DataFrame(values)
    levels = [name for name, known in marks.items() if INDEX in known and name in frame.columns]
    if not levels:
        return frame
    names = [None if name == f"level_{at}" else name for at, name in enumerate(levels)]
    return frame.set_index(levels).rename_axis(index=names)
