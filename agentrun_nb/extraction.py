"""Places in `input` and `output_manifest` as columns: exact, typed, and counted where the runs disagree."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypedDict

import msgspec
import pandas as pd

from agentrun_nb import jsontext
from agentrun_nb.errors import PathNotFound, SchemaError
from agentrun_nb.frames import runs_frame
from agentrun_nb.manifest import DOCUMENTS, json_paths, type_name
from agentrun_nb.paths import Step, find, parse_path

if TYPE_CHECKING:
    from agentrun_nb.run import Run

ATTRS = "agentrun_nb_extract"
"""Where in `attrs` the counts of an extraction lie."""

_MOST = 2_000
"""In so many documents, and among so many paths, the nearest to a typo are looked for."""

_BROKEN, _UNFIT = object(), object()


@dataclass(frozen=True)
class Col:
    """One column to make of the places that a path leads to.

    Attributes:
        path: begins with `input`, `output_manifest` or `extra`; lists by index or by `[*]`.
        dtype: boolean, Int64, Float64, str or object; None: what holds the values exactly.
        default: the cell of a run that has nothing there; JSON null and broken documents are NA all the same.
        agg: what to make of the values of a path with `[*]`, nulls apart: count, sum, mean, median, min, max, first,
            last, any, all, or a function of the list. None gives the list itself, nulls included.

    Raises:
        SchemaError: an unknown dtype or aggregate, an aggregate without `[*]`, or a default that is not of the dtype.
        PathNotFound: the text is not a path into a document.
    """

    path: str
    dtype: str | None = None
    default: Any = pd.NA
    agg: str | Callable[[list[Any]], Any] | None = None

    def __post_init__(self) -> None:
        if self.document not in (*DOCUMENTS, "extra"):
            raise PathNotFound(f"{self.path!r} leads nowhere.", hint="Begin it with input., output_manifest. or extra.")
        if self.dtype and self.dtype not in _FITS:
            raise SchemaError(f"{self.dtype!r} is not a dtype here.", hint=f"Choose among {', '.join(_FITS)}.")
        if isinstance(self.agg, str) and self.agg not in AGGREGATES:
            raise SchemaError(f"{self.agg!r} is not an aggregate.", hint=f"Choose among {', '.join(AGGREGATES)}.")
        if self.agg is not None and None not in self.steps:
            raise SchemaError(f"{self.path!r} gives one value, so it takes no agg.", hint="Write a list as name[*].")
        if self.dtype and self.default is not pd.NA and not _FITS[self.dtype](self.default):
            raise SchemaError(f"The default {self.default!r} is not of the dtype {self.dtype}.")

    @cached_property
    def document(self) -> str:
        """The column of RUNS that the path begins with."""
        return str(next(iter(parse_path(self.path)), ""))

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The path inside that document."""
        return parse_path(self.path)[1:]


def extract(runs: Run | pd.DataFrame | Iterable[Any], /, **columns: str | Col) -> pd.DataFrame:
    """Makes typed columns of places in the documents; each document asked for is read once.

    Booleans make a boolean column, integers Int64, text str, numbers Float64 (the nearest double of each) as long as
    every integer among them is a double too. All else stays as it is in a column of dtype object: a conflict of types,
    integers beyond 64 bits, Decimal where a double overflows, NaN, lists, objects. Nothing becomes text on its own.

    Args:
        runs: anything that `runs_frame` takes.
        columns: the new column's name and its path, or a `Col` for dtype, default and aggregate.

    Returns:
        The new columns only, under the index of the runs; no rows give empty columns. `attrs["agentrun_nb_extract"]`
        counts for each column: `types` (JSON types of the cells, the most frequent first: several are a conflict),
        `absent`, `null`, `broken` (the document is not JSON), `unfit` (not of the dtype, or of a type that the
        aggregate does not take; the cell is NA), `mended` (text that was not Unicode).

    Raises:
        PathNotFound: a path that no row of a frame with rows has; the message names the nearest.
    """
    runs = runs_frame(runs)
    asked = {name: column if isinstance(column, Col) else Col(column) for name, column in columns.items()}
    found: dict[str, list[Any]] = {}
    for document in {column.document for column in asked.values()}:
        names = [name for name, column in asked.items() if column.document == document]
        found |= zip(names, _places(runs[document], [asked[name].steps for name in names]), strict=True)
    frame, counts = pd.DataFrame(index=runs.index), {}
    for name, column in asked.items():
        if len(runs) and not any(isinstance(row, list) for row in found[name]):
            raise _not_found(runs, column)
        cells, counts[name] = _cells(column, found[name])
        frame[name] = pd.Series(cells, runs.index, column.dtype or _dtype(cells))
    frame.attrs[ATTRS] = counts
    return frame


def _places(documents: pd.Series[Any], paths: Sequence[tuple[Step, ...]]) -> list[list[Any]]:
    """For each path and document the values there; None where there is nothing, `_BROKEN` where it is not JSON."""
    rows: list[list[Any]] = [[] for _ in paths]
    for tree in _trees(documents, paths):
        for steps, found in zip(paths, rows, strict=True):
            found.append(tree if tree is None or tree is _BROKEN else _values(tree[0], steps))
    return [list(_parsed(found)) for found in rows]


def _values(tree: Any, steps: tuple[Step, ...]) -> list[Any] | None:
    """The values at a path; none where a list of the path is there and empty, so that a count of it is 0."""
    values = [bytes(value) if isinstance(value, msgspec.Raw) else value for value in find(tree, steps)]
    lists = [find(tree, steps[:place]) for place, step in enumerate(steps) if step is None] if not values else []
    return values if values or any(found and all(value == [] for value in found) for found in lists) else None


def _trees(documents: pd.Series[Any], paths: Sequence[tuple[Step, ...]]) -> Iterator[Any]:
    """Each document in a tuple, cut down to the paths with leaves as raw JSON, or whole where its shape is another."""
    shape = _shape(paths)
    decode = msgspec.json.Decoder(shape).decode if shape else jsontext.parse
    for text in documents.to_numpy("object"):
        try:
            yield (decode(text),) if isinstance(text, str) else None
        except (msgspec.MsgspecError, jsontext.JSONTextError, RecursionError, UnicodeError):
            try:
                yield (jsontext.parse(text),)
            except jsontext.JSONTextError:
                yield _BROKEN


def _shape(paths: Sequence[tuple[Step, ...]]) -> Any:
    """The msgspec type that reads just these paths; None where a place is read both whole and cut.

    None also for keys outside ASCII: msgspec 0.22 does not find those of a TypedDict.
    """
    if () in paths:
        return None if any(paths) else msgspec.Raw
    inside: dict[Step, list[tuple[Step, ...]]] = {}
    for head, *rest in paths:
        inside.setdefault(head if isinstance(head, str) else None, []).append(tuple(rest))
    shapes = {head: _shape(rest) for head, rest in inside.items()}
    if None in shapes.values() or not all(head is None or str(head).isascii() for head in shapes):
        return None
    elements = shapes.pop(None, None)
    members: Any = TypedDict("Members", shapes, total=False) if shapes else None  # type: ignore[operator]
    return members | list[elements] if elements else members | None  # type: ignore[valid-type]


def _parsed(rows: list[Any]) -> Iterator[Any]:
    """Reads the raw leaves of a column, all in one go."""
    raw = [value for row in rows if isinstance(row, list) for value in row if isinstance(value, bytes)]
    values = iter(jsontext.parse("[" + b",".join(raw).decode() + "]"))
    for row in rows:
        yield [next(values) if isinstance(v, bytes) else v for v in row] if isinstance(row, list) else row


def _cells(column: Col, rows: list[Any]) -> tuple[list[Any], dict[str, Any]]:
    """The cells of a column, and the counts of what was found."""
    fits = _FITS[column.dtype or "object"]
    counts = Counter(absent=0, null=0, broken=0, unfit=0, mended=0)
    types: Counter[str] = Counter()
    cells: list[Any] = []
    for row in rows:
        cell = column.default if row is None else pd.NA if row is _BROKEN else _one(column, row)
        if row is None or row is _BROKEN or cell is None:
            counts["absent" if row is None else "null" if cell is None else "broken"] += 1
        elif cell is _UNFIT or (cell is not pd.NA and not fits(cell)):
            counts["unfit"] += 1
            cell = pd.NA
        elif cell is not pd.NA:
            types[type_name(cell)] += 1
        if isinstance(cell, str) and cell != (sound := jsontext.whole(cell)):
            counts["mended"] += 1
            cell = sound
        cells.append(pd.NA if cell is None else cell)
    return cells, {"path": column.path, "types": dict(types.most_common()), **counts}


def _one(column: Col, values: list[Any]) -> Any:
    """What stands in the cell of a run: its value, its list of them, or their aggregate."""
    if column.agg is None:
        return values if None in column.steps else values[0]
    try:
        aggregate = AGGREGATES[column.agg] if isinstance(column.agg, str) else column.agg
        return aggregate([value for value in values if value is not None])
    except (ValueError, IndexError):
        return pd.NA
    except (TypeError, OverflowError):
        return _UNFIT


def _only(values: list[Any], *types: type) -> list[Any]:
    if not all(type(value) in types for value in values):
        raise TypeError
    return values


def _sum(values: list[Any]) -> int | float:
    return sum(values) if all(type(value) is int for value in values) else math.fsum(values)


_NUMBERS = (int, float, Decimal)
AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "count": len,
    "sum": lambda values: _sum(_only(values, *_NUMBERS)),
    "mean": lambda values: statistics.fmean(_only(values, *_NUMBERS)),
    "median": lambda values: statistics.median(_only(values, *_NUMBERS)),
    "min": lambda values: min(_only(values, *_NUMBERS, str)),
    "max": lambda values: max(_only(values, *_NUMBERS, str)),
    "first": itemgetter(0),
    "last": itemgetter(-1),
    "any": lambda values: any(_only(values, bool)),
    "all": lambda values: all(_only(values, bool)),
}
_FITS: dict[str, Callable[[Any], bool]] = {
    "boolean": lambda value: type(value) is bool,
    "Int64": lambda value: type(value) is int and -(2**63) <= value < 2**63,
    "Float64": lambda value: (
        math.isfinite(value) if type(value) is float else type(value) is int and abs(value) <= 2**53
    ),
    "str": lambda value: type(value) is str,
    "object": lambda value: True,
}


def _dtype(cells: list[Any]) -> str:
    """The first dtype that holds all cells exactly."""
    known = [cell for cell in cells if cell is not pd.NA]
    return next(dtype for dtype, fits in _FITS.items() if (known or dtype == "object") and all(map(fits, known)))


def _not_found(runs: pd.DataFrame, column: Col) -> PathNotFound:
    sample = runs[runs[column.document].notna()].head(_MOST)
    inside = json_paths(sample, column.document)["path"].head(_MOST)
    known = [f"{column.document}{'' if path.startswith('[') else '.'}{path}" for path in inside if path]
    near = get_close_matches(column.path, known, 3, 0.5) or known[:3]
    hint = f"Near it: {', '.join(near)}." if near else f"None of them has anything in {column.document}."
    return PathNotFound(f"No run here has anything at {column.path!r}.", hint=hint)
