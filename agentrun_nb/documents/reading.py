"""Documents out of a column of JSON texts.

Read a few at a time, where they lie, and without exceptions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa

from agentrun_nb.core import jsontext

_MOST, _MOST_BYTES = 64, 2**20
"""So many documents at a time.

Few enough to stay in the processor's cache and out of the collector's way.
"""


def texts(column: pd.Series[Any]) -> Iterator[list[memoryview | None]]:
    """The UTF-8 of a column of texts without copying it, some at a time; None where it is NA."""
    array = pa.array(column.array)
    for part in array.chunks if isinstance(array, pa.ChunkedArray) else [array]:
        _, places, data = part.cast(pa.large_string()).buffers()
        ends = np.frombuffer(places or bytes(8), "int64")[part.offset :][: len(part) + 1]
        body, known, start = memoryview(data or b""), part.is_valid().to_numpy(False), 0
        while start < len(part):
            full = int(np.searchsorted(ends, ends[start] + _MOST_BYTES, "right")) - 1
            stop = min(max(full, start + 1), start + _MOST, len(part))
            cuts = ends[start : stop + 1].tolist()
            chosen = zip(cuts, cuts[1:], known[start:stop], strict=False)
            yield [body[begin:end] if there else None for begin, end, there in chosen]
            start = stop


class Gap:
    """Stands where a document or a place in it gives no value.

    Each has a type of its own, to be counted by.
    """


ABSENT, BROKEN = (type(name, (Gap,), {})() for name in ("Absent", "Broken"))


def read(text: memoryview | str | None, decode: Any = msgspec.json.decode) -> Any:
    """A document as Python values, `ABSENT` without a text, `BROKEN` where it is not JSON."""
    if text is None:
        return ABSENT
    try:
        return decode(text)
    except jsontext.NOT_STRICT:
        try:
            return jsontext.parse(text if isinstance(text, str) else str(text, "utf-8"))
        except jsontext.JSONTextError:
            return BROKEN


_NAMES = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    Decimal: "number",
    str: "string",
}


def type_name(value: Any) -> str:
    """The JSON type of a parsed value."""
    return next(iter(type_names(Counter([type(value)]))))


def type_names(kinds: Counter[type]) -> dict[str, int]:
    """How many values have each JSON type, the most frequent first, then by name."""
    names: Counter[str] = Counter()
    for kind, count in kinds.items():
        names[_NAMES.get(kind) or ("object" if kind is dict else "array")] += count
    return dict(sorted(names.items(), key=lambda item: (-item[1], item[0])))
