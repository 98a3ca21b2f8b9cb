"""Finds the values at one path in the documents of all runs, as they are written there."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd

from agentrun_nb.core import jsontext
from agentrun_nb.core.text import clip
from agentrun_nb.documents.col import Col
from agentrun_nb.documents.extract import extract
from agentrun_nb.documents.reading import ABSENT, BROKEN, read, texts
from agentrun_nb.documents.shapes import Path, has_shape, shape
from agentrun_nb.documents.values import values_at

MOST_CHARACTERS = 8 * 2**20
"""So many characters of all values together go to the page."""

_SHORTEST = 40
"""To how many characters a value is clipped at the least."""


class ColumnValues(NamedTuple):
    """The values at a path.

    Attributes:
        values: a JSON text for each run, to the letter; None where nothing is.
        clipped: how many of them are clipped, since they would be too much together.
    """

    values: list[str | None]
    clipped: int


def column_values(runs: pd.DataFrame, path: str) -> ColumnValues:
    """Finds what stands at a path in the documents of runs.

    Of a path with `[*]` a value is the list of all that was found.

    Args:
        runs: a RUNS table.
        path: as `extract` takes it.

    Raises:
        PathNotFound: no run has anything there.
        SettingsError: it is no path.
    """
    column = Col(path)
    values = _values(runs[column.document], column.steps)
    if len(runs) and all(value is None for value in values):
        # The error names what is near; where there is one after all, it is null.
        extract(runs, path)
    return _bounded(values)


def _bounded(values: list[str | None]) -> ColumnValues:
    lengths = np.array([len(value or "") for value in values])
    if lengths.sum() <= MOST_CHARACTERS:
        return ColumnValues(values, 0)
    most = max(_SHORTEST, MOST_CHARACTERS // len(values))
    clipped = [value and clip(value, most) for value in values]
    return ColumnValues(clipped, int((lengths > most).sum()))


def _values(documents: pd.Series[Any], steps: Path) -> list[str | None]:
    decode = None
    if has_shape(steps):
        decode = msgspec.json.Decoder(shape([steps], msgspec.Raw)).decode
    values: list[str | None] = []
    for part in texts(documents):
        trees = [_tree(text, steps, decode) for text in part]
        values += map(_text, values_at(trees, steps))
    return values


def _tree(text: memoryview | None, steps: Path, decode: Any) -> Any:
    """A document as far as it lies on the path, with the bytes of what stands at its end."""
    if text is None:
        return ABSENT
    if decode is not None:
        try:
            return decode(text)
        except jsontext.NOT_STRICT:
            pass
    if read(text) is BROKEN:
        return BROKEN
    return _cut(bytes(text).strip(_SPACE), steps)


_SPACE = b" \t\n\r"


def _cut(value: bytes, steps: Path) -> Any:
    """What `_tree` gives, of a JSON value that the decoder of msgspec does not read."""
    if not steps:
        return msgspec.Raw(value)
    step, rest = steps[0], steps[1:]
    if isinstance(step, str) and value.startswith(b"{"):
        inside = [member.value for member in jsontext.members(value) if member.key == step]
        # Of duplicate keys the last one counts.
        return {step: _cut(inside[-1], rest)} if inside else {}
    if not isinstance(step, str) and value.startswith(b"["):
        return [_cut(element, rest) for element in jsontext.elements(value)]
    return None


def _text(found: Any) -> str | None:
    """What was found in one document, as JSON text."""
    if isinstance(found, msgspec.Raw):
        return bytes(found).decode()
    if isinstance(found, list):
        return f"[{','.join(bytes(piece).decode() for piece in found)}]"
    return None
