"""Reads a column of JSON texts into Python values, some documents at a time.

The texts are not copied, and a document that is not JSON raises no error: it becomes a `Gap`.
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

_MOST = 64
_MOST_BYTES = 2**20
"""How many documents are read at a time, and how many bytes of them.

So small a number stays in the processor's cache and gives the garbage collector little to do.
"""


def texts(column: pd.Series[Any]) -> Iterator[list[memoryview | None]]:
    """Yields the texts of a column as UTF-8, some at a time, without copying them.

    Args:
        column: texts; NA gives None.
    """
    array = pa.array(column.array, from_pandas=True)
    for chunk in array.chunks if isinstance(array, pa.ChunkedArray) else [array]:
        yield from _chunk_texts(chunk.cast(pa.large_string()))


def _chunk_texts(chunk: pa.Array) -> Iterator[list[memoryview | None]]:
    # Arrow holds all texts in one buffer, and in another where each begins: text i is the bytes
    # from offsets[i] to offsets[i + 1].
    _, offset_buffer, text_buffer = chunk.buffers()
    all_offsets = np.frombuffer(offset_buffer or bytes(8), "int64")
    offsets = all_offsets[chunk.offset : chunk.offset + len(chunk) + 1]
    body = memoryview(text_buffer or b"")
    is_valid = chunk.is_valid().to_numpy(zero_copy_only=False)
    start = 0
    while start < len(chunk):
        # The last text that ends within the bytes of one turn; one text at least.
        full = int(np.searchsorted(offsets, offsets[start] + _MOST_BYTES, "right")) - 1
        stop = min(max(full, start + 1), start + _MOST, len(chunk))
        cuts = offsets[start : stop + 1].tolist()
        part = zip(cuts[:-1], cuts[1:], is_valid[start:stop], strict=True)
        yield [body[begin:end] if valid else None for begin, end, valid in part]
        start = stop


class Gap:
    """Stands where a document, or a path in it, gives no value.

    Each reason has a subclass, so that gaps are counted by type as values are.
    """


ABSENT = type("Absent", (Gap,), {})()
"""There is nothing."""

BROKEN = type("Broken", (Gap,), {})()
"""The document is not JSON."""


def read(text: memoryview | str | None, decode: Any = msgspec.json.decode) -> Any:
    """Reads one document.

    Args:
        text: its text, None where there is none.
        decode: a decoder of msgspec, which is tried first.

    Returns:
        Python values, `ABSENT` for None, or `BROKEN` where the text is not JSON.
    """
    if text is None:
        return ABSENT
    try:
        return decode(text)
    except jsontext.NOT_STRICT:
        characters = text if isinstance(text, str) else str(text, "utf-8")
    try:
        return jsontext.parse(characters)
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


def _name(kind: type) -> str:
    return _NAMES.get(kind) or ("object" if kind is dict else "array")


def type_name(value: Any) -> str:
    """The JSON type of a parsed value."""
    return _name(type(value))


def type_names(kinds: Counter[type]) -> dict[str, int]:
    """Counts values by JSON type, the most frequent first, then by name."""
    names: Counter[str] = Counter()
    for kind, count in kinds.items():
        names[_name(kind)] += count
    ordered = sorted(names.items(), key=lambda item: (-item[1], item[0]))
    return dict(ordered)
