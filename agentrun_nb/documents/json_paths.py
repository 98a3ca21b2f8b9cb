"""What lies inside `input` and `output_manifest`.

Values, outputs, and the catalogue of their paths.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import chain
from operator import itemgetter
from typing import Any

import pandas as pd

from agentrun_nb.core import jsontext
from agentrun_nb.core.paths import Step, format_path
from agentrun_nb.documents.reading import ABSENT, BROKEN, read, texts, type_names
from agentrun_nb.tables.frames import Runs, check_columns, runs_frame

ATTRS = "agentrun_nb_paths"
"""Where in `attrs` of a catalogue lies what could not be read."""

DEEPEST = 512
"""How many steps a path of the catalogue has at most."""


def json_paths(runs: Runs, column: str = "output_manifest") -> pd.DataFrame:
    """The catalogue of the places in a column of documents.

    Args:
        runs: anything that `runs_frame` takes.
        column: `input`, `output_manifest` or another column of JSON texts.

    Returns:
        One row per path, in the order of the first run that has it: `path` (to be given to
        `extract` after the column's name; lists as `[*]`), `types` (the JSON types seen, the most
        frequent first), `runs` (how many have it), `values` (how many values there are) and
        `example` (JSON text of the first, at most 80 characters). What lies deeper than 512 steps
        is not catalogued; the object or list there is. `attrs["agentrun_nb_paths"]` counts the
        documents that are not JSON.

    Raises:
        SchemaError: there is no such column.
    """
    found: dict[tuple[Step, ...], _Place] = {}
    start = broken = 0
    runs = runs_frame(runs)
    check_columns(runs, [column])
    for documents in texts(runs[column]):
        trees = [read(text) for text in documents]
        rows = [
            row
            for row, tree in enumerate(trees, start)
            if tree is not ABSENT and tree is not BROKEN
        ]
        for steps, held, values in _leaves(rows, [trees[row - start] for row in rows]):
            found.setdefault(steps, _Place(held[0], values[0])).see(held, values)
        start, broken = start + len(trees), broken + trees.count(BROKEN)
    places = sorted(found.items(), key=lambda item: item[1].first)
    frame = pd.DataFrame(
        [place.row(steps) for steps, place in places], columns=list(_PATHS)
    ).astype(_PATHS)
    frame.attrs[ATTRS] = {"broken": broken}
    return frame


_PATHS = {"path": "str", "types": "str", "runs": "Int64", "values": "Int64", "example": "str"}


class _Place:
    """What was seen at one path."""

    def __init__(self, first: int, value: Any) -> None:
        self.first, self._example = first, _example(value)
        self._runs, self._types = 0, Counter[type]()

    def see(self, rows: Sequence[int], values: Sequence[Any]) -> None:
        self._runs += len(set(rows))
        self._types.update(map(type, values))

    def row(self, steps: Sequence[Step]) -> tuple[Any, ...]:
        types = ", ".join(type_names(self._types))
        return format_path(steps), types, self._runs, self._types.total(), self._example


def _example(value: Any) -> str:
    if isinstance(value, dict | list):
        return ("{…}" if value else "{}") if isinstance(value, dict) else ("[…]" if value else "[]")
    text = str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)
    return jsontext.whole(text)[:80]


_Column = tuple[tuple[Step, ...], Sequence[int], Sequence[Any]]


def _leaves(rows: Sequence[int], documents: Sequence[Any]) -> Iterator[_Column]:
    """The scalars and empty containers of documents and what is too deep, by path, with the rows they belong to."""
    stack: list[_Column] = [((), rows, documents)] if rows else []
    while stack:
        steps, rows, values = stack.pop()
        kinds = set(map(type, values))
        if len(steps) == DEEPEST or not kinds & {dict, list}:
            yield steps, rows, values
            continue
        pairs = [] if kinds == {dict} and all(values) else list(zip(rows, values, strict=True))
        leaves = [pair for pair in pairs if not pair[1] or type(pair[1]) not in (dict, list)]
        if leaves:
            yield steps, *zip(*leaves, strict=True)  # type: ignore[misc]
        lists = [(row, value) for row, value in pairs if value and type(value) is list]
        if lists:
            inner = list(chain.from_iterable(value for _, value in lists))
            stack.append(((*steps, None), [row for row, value in lists for _ in value], inner))
        if dict in kinds:
            stack += [
                ((*steps, key), *column) for key, column in reversed(_members(rows, values).items())
            ]


def _members(
    rows: Sequence[int], values: Sequence[Any]
) -> dict[str, tuple[Sequence[int], Sequence[Any]]]:
    """The values of each key of the objects, in columns.

    Objects of the same keys are turned at once.
    """
    alike: defaultdict[tuple[str, ...], list[tuple[int, Any]]] = defaultdict(list)
    for place, value in enumerate(values):
        if type(value) is dict:
            alike[tuple(value)].append((place, value.values()))
    parts: defaultdict[str, list[tuple[Sequence[int], Sequence[int], Sequence[Any]]]] = defaultdict(
        list
    )
    for keys, objects in alike.items():
        places, inside = zip(*objects, strict=True)
        owners = [rows[place] for place in places]
        for key, column in zip(keys, zip(*inside, strict=True), strict=True):
            parts[key].append((places, owners, column))
    members: dict[str, tuple[Sequence[int], Sequence[Any]]] = {}
    for key, found in parts.items():
        _, held, cells = found[0]
        if len(found) > 1:
            every = chain.from_iterable(zip(*part, strict=True) for part in found)
            _, held, cells = zip(*sorted(every, key=itemgetter(0)), strict=True)
        members[key] = held, cells
    return members
