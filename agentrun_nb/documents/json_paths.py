"""Lists the paths in a column of JSON documents, with the types of the values there."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

import pandas as pd

from agentrun_nb.core import jsontext
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.paths import Step, format_path
from agentrun_nb.documents.reading import BROKEN, Gap, read, texts, type_names
from agentrun_nb.files.many_runs import ManyRuns, check_known_columns, count_parts, opened
from agentrun_nb.tables.frames import check_columns, is_among

ATTRS = "agentrun_nb_paths"
"""The key in `attrs` of the table under which broken documents are counted."""

DEEPEST = 512
"""The most steps that a listed path has."""


def json_paths(runs: ManyRuns, column: str = "output_manifest") -> pd.DataFrame:
    """Lists the paths in a column of JSON documents, with the types of the values there.

    Args:
        runs: anything that `runs_frame` takes; also frames one after another, a folder that `save`
            has written, or a frame of Dask, whose documents are read part by part.
        column: `input`, `output_manifest` or another column of JSON texts.

    Returns:
        One row per path, in the order of the first run that has it, and then as they stand in that
        run: `path` (to be given to `extract` after the column's name; lists as `[*]`), `types` (the
        JSON types seen, the most frequent first), `runs` (how many have it), `values` (how many
        values there are) and `example` (JSON text of the first, at most 80 characters). At 512
        steps the object or list is listed, and nothing inside it. `attrs["agentrun_nb_paths"]`
        counts the documents that are not JSON.

    Raises:
        SchemaError: there is no such column.

    Example:
        >>> arn.json_paths(run)[["path", "types", "values"]].head(3)
                                 path   types  values
        0             outputs[*].name  string       3
        1  outputs[*].configured_path  string       3
        2             outputs[*].path  string       3
    """
    runs = opened(runs)
    check_known_columns(runs, [column])
    found = count_parts(runs, [column], partial(_paths_of_runs, column=column), combine_paths)
    check_columns(pd.DataFrame(columns=[*found.columns]), [column])
    return path_table(found)


_PATHS = {"path": TEXT, "types": TEXT, "runs": "Int64", "values": "Int64", "example": TEXT}


class _Place(NamedTuple):
    """What is counted of the values at one path.

    Attributes:
        row: the first row that has a value there.
        position: which of the paths of that row's document this is.
        example: the first value, as text.
        runs: how many documents have a value there.
        types: how many values there are of each type.
    """

    row: int
    position: int
    example: str
    runs: int
    types: Counter[type]

    def plus(self, later: _Place) -> _Place:
        """This with what was counted of later rows."""
        runs = self.runs + later.runs
        types = self.types + later.types
        return self._replace(runs=runs, types=types)

    def as_row(self, steps: Sequence[Step]) -> dict[str, Any]:
        """The row of the table by its columns."""
        path = format_path(steps)
        types = ", ".join(type_names(self.types))
        counts = {"runs": self.runs, "values": self.types.total()}
        return {"path": path, "types": types, **counts, "example": self.example}


@dataclass(frozen=True)
class Paths:
    """What is counted of the documents of some runs, which can be added to that of others.

    Attributes:
        rows: how many rows there are.
        places: what is counted at each path.
        broken: how many documents are not JSON.
        columns: the columns that the runs have.
    """

    rows: int
    places: Mapping[tuple[Step, ...], _Place]
    broken: int
    columns: tuple[Any, ...] = ()


def _paths_of_runs(runs: pd.DataFrame, column: Any) -> Paths:
    """Counts the paths in a column of a RUNS table, which may lack it."""
    columns = tuple(runs.columns)
    if not is_among(column, {*columns}):
        return Paths(len(runs), {}, 0, columns)
    return replace(count_paths(runs[column]), columns=columns)


def count_paths(column: pd.Series[Any]) -> Paths:
    """Counts the paths in a column of JSON texts."""
    places: dict[tuple[Step, ...], _Place] = {}
    rows = broken = 0
    for documents in texts(column):
        part = _paths_of_documents(documents, places.keys())
        _add(part.places, places, rows)
        rows += part.rows
        broken += part.broken
    return Paths(rows, places, broken)


def combine_paths(parts: Iterable[Paths]) -> Paths:
    """Adds up what was counted of several tables of runs, in their order."""
    places: dict[tuple[Step, ...], _Place] = {}
    columns: dict[Any, None] = {}
    rows = broken = 0
    for part in parts:
        _add(part.places, places, rows)
        rows += part.rows
        broken += part.broken
        columns |= dict.fromkeys(part.columns)
    return Paths(rows, places, broken, tuple(columns))


def _add(
    part: Mapping[tuple[Step, ...], _Place], places: dict[tuple[Step, ...], _Place], rows: int
) -> None:
    """Adds what was counted of some rows to what was counted of the rows before them.

    Args:
        part: what is added.
        places: to what it is added.
        rows: how many rows there were before.
    """
    for steps, place in part.items():
        before = places.get(steps)
        if before is None:
            places[steps] = place._replace(row=rows + place.row)
        else:
            places[steps] = before.plus(place)


def path_table(paths: Paths) -> pd.DataFrame:
    """Makes the table of what was counted of all runs."""
    places = sorted(paths.places.items(), key=lambda item: (item[1].row, item[1].position))
    rows = [place.as_row(steps) for steps, place in places]
    frame = pd.DataFrame(rows, columns=list(_PATHS)).astype(_PATHS)
    frame.attrs[ATTRS] = {"broken": paths.broken}
    return frame


def _paths_of_documents(
    documents: Sequence[memoryview | None], known: Container[tuple[Step, ...]]
) -> Paths:
    """Counts the paths in some documents.

    Args:
        documents: their texts.
        known: paths of documents before these, whose first positions are known.
    """
    trees = [read(text) for text in documents]
    rows = [row for row, tree in enumerate(trees) if not isinstance(tree, Gap)]
    found = [*_leaves(rows, [trees[row] for row in rows])]
    # Documents that are read together say nothing of the order of the paths in one of them.
    firsts = {here.rows[0] for here in found if here.steps not in known}
    positions = {row: _positions(trees[row]) for row in firsts}
    places = {}
    for here in found:
        first = here.rows[0]
        places[here.steps] = _Place(
            row=first,
            position=positions.get(first, {}).get(here.steps, 0),
            example=_example(here.values[0]),
            runs=len(set(here.rows)),
            types=Counter(map(type, here.values)),
        )
    return Paths(len(trees), places, trees.count(BROKEN))


def _positions(document: Any) -> dict[tuple[Step, ...], int]:
    """The paths of a document, numbered as they stand in it."""
    leaves = _leaves([0], [document])
    return {here.steps: place for place, here in enumerate(leaves)}


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
