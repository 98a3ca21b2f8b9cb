"""What a plain file cannot say of a column: whether it is an index, a length of time, a JSON value, a local time.

CSV and Excel know text and numbers only. A column of another kind is written as text under a name
that says what it is, such as `took [duration]`, and read back as it was. Parquet has the same marks
beside its columns.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from agentrun_nb.core import jsontext
from agentrun_nb.errors import SchemaError

INDEX, DURATION, JSON, LOCAL, NUMBER = "index", "duration", "JSON", "local time", "number"
MARKS = (INDEX, DURATION, JSON, LOCAL, NUMBER)


def marked(name: str, marks: tuple[str, ...]) -> str:
    """The name as it stands in a file: `took [duration]`."""
    return name + "".join(f" [{mark}]" for mark in marks)


def unmarked(name: str) -> tuple[str, tuple[str, ...]]:
    """A name out of a file, and its marks.

    >>> unmarked("took [duration]")
    ('took', ('duration',))
    """
    marks: tuple[str, ...] = ()
    while found := next((mark for mark in MARKS if name.endswith(f" [{mark}]")), None):
        name, marks = name.removesuffix(f" [{found}]"), (found, *marks)
    return name, marks


def with_index(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]]]:
    """The frame with an index that says something as its first columns, and the marks of those."""
    if isinstance(frame.index, pd.RangeIndex) and frame.index.name is None:
        return frame.reset_index(drop=True), {}
    names = [
        f"level_{place}" if name is None else str(name)
        for place, name in enumerate(frame.index.names)
    ]
    return frame.reset_index(names=names), dict.fromkeys(names, (INDEX,))


def to_json(name: str, column: pd.Series[Any]) -> pd.Series[Any]:
    """A column of lists, objects, long integers or mixed values as JSON texts; what is missing stays so.

    Raises:
        SchemaError: a value cannot be written as JSON.
    """
    try:
        texts = [
            None if _is_missing(value) else json.dumps(value, ensure_ascii=False)
            for value in column
        ]
    except (TypeError, ValueError, RecursionError) as error:
        raise SchemaError(
            f"The table cannot be saved as it is: the column {name!r} holds what JSON cannot: {error}.",
            hint="Write it as text first, or drop it.",
        ) from None
    return pd.Series(texts, index=column.index, dtype="str")


def durations_as_text(column: pa.ChunkedArray) -> pa.Array:
    """Lengths of time as ISO 8601 writes them, such as `P0DT0H4M55S`, to the nanosecond."""
    spans = column.cast(pa.duration("ns")).to_pandas()
    return pa.array(
        [None if pd.isna(span) else span.isoformat() for span in spans], pa.large_string()
    )


def _is_missing(value: Any) -> bool:
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def restored(column: pd.Series[Any], marks: tuple[str, ...]) -> pd.Series[Any]:
    """A column out of a file as its marks say that it was."""
    if JSON in marks:
        return column.astype("object").map(jsontext.parse, na_action="ignore").astype("object")
    if NUMBER in marks:
        return column.astype("object").map(float, na_action="ignore").astype("Float64")
    if DURATION in marks:
        return pd.to_timedelta(column.astype("object")).astype("timedelta64[us]")
    if LOCAL in marks:
        return pd.to_datetime(column.astype("object"), format="ISO8601").astype("datetime64[us]")
    return column


def with_marks_read(
    columns: Mapping[str, pd.Series[Any]], marks: Mapping[str, tuple[str, ...]]
) -> pd.DataFrame:
    """A frame of the columns of a file, its index again where it had one."""
    frame = pd.DataFrame(
        {name: restored(column, marks.get(name, ())) for name, column in columns.items()}
    )
    levels = [name for name, known in marks.items() if INDEX in known and name in frame.columns]
    if not levels:
        return frame
    frame = frame.set_index(levels)
    return frame.rename_axis(
        index=[None if name == f"level_{at}" else name for at, name in enumerate(levels)]
    )
