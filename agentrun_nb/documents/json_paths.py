"""Lists the paths in a column of JSON documents, with the types of the values there."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

import pandas as pd

from agentrun_nb.core import jsontext
from agentrun_nb.core.paths import Step, format_path
from agentrun_nb.documents.reading import ABSENT, BROKEN, read, texts, type_names
from agentrun_nb.tables.frames import Runs, check_columns, runs_frame

ATTRS = "agentrun_nb_paths"
"""The key in `attrs` of the table under which broken documents are counted."""

DEEPEST = 512
"""The most steps that a listed path has."""


def json_paths(runs: Runs, column: str = "output_manifest") -> pd.DataFrame:
    """Lists the paths in a column of JSON documents, with the types of the values there.

    Args:
        runs: anything that `runs_frame` takes.
        column: `input`, `output_manifest` or another column of JSON texts.

    Returns:
        One row per path, in the order of the first run that has it: `path` (to be given to
        `extract` after the column's name; lists as `[*]`), `types` (the JSON types seen, the most
        frequent first), `runs` (how many have it), `values` (how many values there are) and
        `example` (JSON text of the first, at most 80 characters). At 512 steps the object or list
        is listed, and nothing inside it. `attrs["agentrun_nb_paths"]` counts the documents that
        are not JSON.

    Raises:
        SchemaError: there is no such column.

    Example:
        >>> arn.json_paths(run)[["path", "types", "values"]].head(3)
                                 path   types  values
        0             outputs[*].name  string       3
        1  outputs[*].configured_path  string       3
        2             outputs[*].path  string       3
    """
    runs = runs_frame(runs)
    check_columns(runs, [column])
    found: dict[tuple[Step, ...], _Place] = {}
    first_row = broken = 0
    for documents in texts(runs[column]):
        trees = [read(text) for text in documents]
        known = [
            (row, tree)
            for row, tree in enumerate(trees, first_row)
            if tree is not ABSENT and tree is not BROKEN
        ]
        leaves = _leaves([row for row, _ in known], [tree for _, tree in known])
        for steps, rows, values in leaves:
            place = found.setdefault(steps, _Place(rows[0], values[0]))
            place.add(rows, values)
        first_row += len(trees)
        broken += trees.count(BROKEN)
    places = sorted(found.items(), key=lambda item: item[1].first)
    rows_of_table = [place.row(steps) for steps, place in places]
    frame = pd.DataFrame(rows_of_table, columns=list(_PATHS)).astype(_PATHS)
    frame.attrs[ATTRS] = {"broken": broken}
    return frame


_PATHS = {"path": "str", "types": "str", "runs": "Int64", "values": "Int64", "example": "str"}


class _Place:
    """Counts the values at one path.

    Attributes:
        first: the first row that has a value there.
    """

    def __init__(self, first: int, value: Any) -> None:
        self.first = first
        self._example = _example(value)
        self._runs = 0
        self._types = Counter[type]()

    def add(self, rows: Sequence[int], values: Sequence[Any]) -> None:
        """Counts values and the rows that they belong to."""
        self._runs += len(set(rows))
        self._types.update(map(type, values))

    def row(self, steps: Sequence[Step]) -> dict[str, Any]:
        """The row of the table by its columns."""
        path = format_path(steps)
        types = ", ".join(type_names(self._types))
        values = self._types.total()
        counts = {"runs": self._runs, "values": values}
        return {"path": path, "types": types, **counts, "example": self._example}


def _example(value: Any) -> str:
    """A value as short JSON text, what is inside an object or list as an ellipsis."""
    if isinstance(value, dict):
        return "{…}" if value else "{}"
    if isinstance(value, list):
        return "[…]" if value else "[]"
    text = str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)
    return jsontext.valid_unicode(text)[:80]


class _Values(NamedTuple):
    """The values at one path of many documents.

    Attributes:
        steps: the path.
        rows: the row of the document that each value belongs to.
        values: the values, in the order of the documents.
    """

    steps: tuple[Step, ...]
    rows: Sequence[int]
    values: Sequence[Any]


def _leaves(rows: Sequence[int], documents: Sequence[Any]) -> Iterator[_Values]:
    """Groups the leaves of documents by their paths.

    A leaf is a value with nothing inside: a scalar, or an empty object or list. At the depth
    DEEPEST every value is taken as a leaf.

    Two documents and what they give, path by path:

        row 0   {"a": 1, "b": [2, 3]}       a      rows 0, 1   values 1, 4
        row 1   {"a": 4}                    b[*]   rows 0, 0   values 2, 3
    """
    stack = [_Values((), rows, documents)] if rows else []
    while stack:
        here = stack.pop()
        kinds = set(map(type, here.values))
        if len(here.steps) == DEEPEST or not kinds & {dict, list}:
            yield here
            continue
        # Where all values are objects with members, which is usual, there is nothing to sort out.
        if kinds != {dict} or not all(here.values):
            leaves = _only_leaves(here)
            if leaves.rows:
                yield leaves
            elements = _elements(here)
            if elements.rows:
                stack.append(elements)
        if dict in kinds:
            # The last one on the stack is taken first.
            stack += reversed(_members(here))


def _only_leaves(here: _Values) -> _Values:
    """Those of the values that have nothing inside."""
    rows = []
    leaves = []
    for row, value in zip(here.rows, here.values, strict=True):
        if not value or type(value) not in (dict, list):
            rows.append(row)
            leaves.append(value)
    return _Values(here.steps, rows, leaves)


def _elements(here: _Values) -> _Values:
    """The elements of the values that are lists."""
    rows: list[int] = []
    elements: list[Any] = []
    for row, value in zip(here.rows, here.values, strict=True):
        if type(value) is list:
            rows += [row] * len(value)
            elements += value
    return _Values((*here.steps, None), rows, elements)


class _Part(NamedTuple):
    """The values of one key in objects that have the same keys.

    Attributes:
        positions: where the objects stand among all.
        rows: the row of the document that each object belongs to.
        values: the values of the key.
    """

    positions: Sequence[int]
    rows: Sequence[int]
    values: Sequence[Any]


def _members(here: _Values) -> list[_Values]:
    """Groups the members of the values that are objects by their keys.

    Objects with the same keys, in the same order, are turned into columns at once. Where a key
    stands in several such groups, its parts are put together again:

        position 0, row 0   {"a": 1, "b": 2}
        position 1, row 1   {"b": 3}             a   rows 0, 2      values 1, 4
        position 2, row 2   {"a": 4, "b": 5}     b   rows 0, 1, 2   values 2, 3, 5
    """
    alike: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for position, value in enumerate(here.values):
        if type(value) is dict:
            alike[tuple(value)].append(position)
    parts: defaultdict[str, list[_Part]] = defaultdict(list)
    for keys, positions in alike.items():
        rows = [here.rows[position] for position in positions]
        values_of_objects = (here.values[position].values() for position in positions)
        # `zip` turns one list of values for each object into one tuple of values for each key.
        columns = zip(*values_of_objects, strict=True)
        for key, values in zip(keys, columns, strict=True):
            parts[key].append(_Part(positions, rows, values))
    return [_merged((*here.steps, key), found) for key, found in parts.items()]


def _merged(steps: tuple[Step, ...], parts: list[_Part]) -> _Values:
    """The values of one key in the order of the objects."""
    if len(parts) == 1:
        return _Values(steps, parts[0].rows, parts[0].values)
    cells = chain.from_iterable(zip(*part, strict=True) for part in parts)
    _, rows, values = zip(*sorted(cells, key=itemgetter(0)), strict=True)
    return _Values(steps, rows, values)
