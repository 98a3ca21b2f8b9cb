"""Places in `input` and `output_manifest` as columns.

Typed, integers exact, and counted where the runs disagree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property
from itertools import islice
from math import fsum, isfinite
from operator import itemgetter
from statistics import fmean, median
from typing import Any, TypedDict

import msgspec
import pandas as pd

from agentrun_nb.core import jsontext
from agentrun_nb.core.paths import Step, parse_path
from agentrun_nb.core.schema import DOCUMENTS
from agentrun_nb.core.text import clip, counted
from agentrun_nb.documents.json_paths import json_paths
from agentrun_nb.documents.reading import ABSENT, BROKEN, Gap, read, texts, type_names
from agentrun_nb.errors import DataError, PathNotFound, SchemaError
from agentrun_nb.tables.frames import Runs, runs_frame

ATTRS = "agentrun_nb_extract"
"""Where in `attrs` the counts of an extraction lie."""

_MOST = 2_000
"""In so many documents, and among so many paths, the nearest to a typo are looked for."""

_SHOWN = 80
"""Characters of the values that a message shows."""

_UNFIT = type("Unfit", (Gap,), {})()


@dataclass(frozen=True)
class Col:
    """One column to make of the places that a path leads to.

    Attributes:
        path: begins with `input`, `output_manifest` or `extra`; lists by index or by `[*]`.
        dtype: boolean, Int64, Float64, str or object; None: the first that holds the
            values as they were read, integers exact and decimals as the nearest double.
        default: the cell of a run that has nothing there; JSON null and broken documents are NA all
            the same.
        agg: what to make of the values of a path with `[*]`, nulls apart: count, sum, mean, median,
            min, max, first, last, any, all, or a function of the list. None gives the list itself,
            nulls included.

    Raises:
        SchemaError: an unknown dtype or aggregate, an aggregate without `[*]`, or a default that is
            not of the dtype.
        PathNotFound: the text is not a path into a document.
    """

    path: str
    dtype: str | None = None
    default: Any = pd.NA
    agg: str | Callable[[list[Any]], Any] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.path, str) or self.document not in (*DOCUMENTS, "extra"):
            raise PathNotFound(
                f"{self.path!r} leads nowhere.",
                hint="Begin it with input., output_manifest. or extra.",
            )
        if self.dtype is not None and self.dtype not in [*_FITS]:
            raise SchemaError(
                f"{self.dtype!r} is not a dtype here.", hint=f"Choose among {', '.join(_FITS)}."
            )
        if self.agg is not None and not callable(self.agg) and self.agg not in [*AGGREGATES]:
            raise SchemaError(
                f"{self.agg!r} is not an aggregate.", hint=f"Choose among {', '.join(AGGREGATES)}."
            )
        if self.agg is not None and None not in self.steps:
            raise SchemaError(
                f"{self.path!r} gives one value, so it takes no agg.",
                hint="Write a list as name[*].",
            )
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


def extract(runs: Runs, /, *paths: str | Col, **columns: str | Col) -> pd.DataFrame:
    """Makes typed columns of places in the documents; each document asked for is read once.

    Booleans make a boolean column, integers Int64, text str, numbers Float64 (the nearest double of
    each) as long as every integer among them is a double too. All else stays as it is in a column
    of dtype object: a conflict of types, integers beyond 64 bits, Decimal where a double overflows,
    NaN, lists, objects. Nothing becomes text on its own.

    Args:
        runs: anything that `runs_frame` takes.
        paths: paths, or a `Col` each for dtype, default and aggregate; the last key of a path is
            the new column's name.
        columns: the same under a name of its own.

    Returns:
        The new columns only, in the order given, under the index of the runs; no rows give empty
        columns. `attrs["agentrun_nb_extract"]` counts for each column: `types` (JSON types of the
        cells, the most frequent first: several are a conflict), `absent`, `null`, `broken` (the
        document is not JSON), `unfit` (not of the dtype, or of a type that the aggregate does not
        take; the cell is NA), `mended` (text that was not Unicode).

    Raises:
        PathNotFound: a path that no row of a frame with rows has; the message names the nearest.
        SchemaError: two columns of one name.
        DataError: a function given as `agg` failed.

    Example:
        >>> extract(runs, "output_manifest.score", files=Col("output_manifest.outputs[*]", agg="count"))
           score  files
        0    0.9      2
    """
    runs = runs_frame(runs)
    asked = _named(paths, columns)
    found: dict[str, list[Any]] = {name: [] for name in asked}
    for document in {column.document for column in asked.values()}:
        inside = {
            name: column.steps for name, column in asked.items() if column.document == document
        }
        for trees in _trees(runs[document], list(inside.values())):
            for name, steps in inside.items():
                found[name] += _values(trees, steps)
    frame, counts = pd.DataFrame(index=runs.index), {}
    for name, column in asked.items():
        if len(runs) and all(isinstance(value, Gap) for value in found[name]):
            raise _not_found(runs, column, found[name].count(BROKEN))
        cells, counts[name] = _cells(column, found[name])
        frame[name] = pd.Series(cells, runs.index, column.dtype or _dtype(cells))
    frame.attrs[ATTRS] = counts
    return frame


def _named(paths: Sequence[str | Col], columns: Mapping[str, str | Col]) -> dict[str, Col]:
    """Every column that is asked for, by its name."""
    named: dict[str, Col] = {}
    for path in paths:
        column = path if isinstance(path, Col) else Col(path)
        name = [step for step in parse_path(column.path) if isinstance(step, str)][-1]
        if name in named or name in columns:
            hint = f"Name one of them: extract(runs, another={column.path!r})."
            raise SchemaError(f"Two columns would be called {name!r}.", hint=hint)
        named[name] = column
    return named | {
        name: column if isinstance(column, Col) else Col(column) for name, column in columns.items()
    }


def _trees(documents: pd.Series[Any], paths: Sequence[tuple[Step, ...]]) -> Iterator[list[Any]]:
    """The documents, a few at a time.

    Cut down to the paths, or whole where their shape is another.
    """
    decode = msgspec.json.Decoder(_shape(paths)).decode
    for part in texts(documents):
        yield [read(text, decode) for text in part]


def _shape(paths: Sequence[tuple[Step, ...]]) -> Any:
    """The msgspec type that reads just these paths; everything where a place is read both whole and cut.

    Everything also for keys outside ASCII: msgspec 0.22 does not find those of a TypedDict.
    """
    if () in paths:
        return Any
    inside: dict[Step, list[tuple[Step, ...]]] = {}
    for head, *rest in paths:
        inside.setdefault(head if isinstance(head, str) else None, []).append(tuple(rest))
    if not all(head is None or str(head).isascii() for head in inside):
        return Any
    shapes = {head: _shape(rest) for head, rest in inside.items()}
    elements = shapes.pop(None, None)
    members: Any = TypedDict("Members", shapes, total=False) if shapes else None  # type: ignore[operator]
    return members | list[elements] | None if elements else members | None  # type: ignore[valid-type]


def _values(trees: list[Any], steps: tuple[Step, ...]) -> list[Any]:
    """What stands at a path in each of the trees, with `[*]` a list of it; a gap where there is nothing.

    A list that is there and empty gives an empty list, so that a count of it is 0.
    """
    found = trees
    for place, step in enumerate(steps):
        if step is None:
            found = _every(found, steps[place + 1 :])
            break
        if isinstance(step, int):
            found = [
                value[step] if type(value) is list and step < len(value) else ABSENT
                for value in found
            ]
        else:
            found = [
                value[step] if type(value) is dict and step in value else ABSENT for value in found
            ]
    return [BROKEN if tree is BROKEN else value for tree, value in zip(trees, found, strict=True)]


def _every(lists: list[Any], steps: tuple[Step, ...]) -> list[Any]:
    """What stands at a path in every element of each list."""
    lists = [value if type(value) is list else ABSENT for value in lists]
    inner = iter(_values([item for value in lists if value is not ABSENT for item in value], steps))
    rows: list[Any] = []
    for value in lists:
        found = (
            value
            if value is ABSENT
            else [item for item in islice(inner, len(value)) if item is not ABSENT]
        )
        rows.append(ABSENT if value and not found else found)
    if None in steps:
        rows = [row if row is ABSENT else [item for items in row for item in items] for row in rows]
    return rows


def _cells(column: Col, rows: list[Any]) -> tuple[list[Any], dict[str, Any]]:
    """The cells of a column, and the counts of what was found."""
    if column.agg is not None:
        rows = [_aggregate(column, column.agg, row) if type(row) is list else row for row in rows]
    if column.dtype:
        fits = _FITS[column.dtype]
        rows = [
            row if row is None or row is pd.NA or isinstance(row, Gap) or fits(row) else _UNFIT
            for row in rows
        ]
    kinds = Counter(map(type, rows))
    gaps = {"absent": ABSENT, "null": None, "broken": BROKEN, "unfit": _UNFIT}
    counts: dict[str, int] = {name: kinds.pop(type(gap), 0) for name, gap in gaps.items()}
    kinds.pop(type(pd.NA), None)
    cells = [
        column.default if row is ABSENT else pd.NA if row is None or isinstance(row, Gap) else row
        for row in rows
    ]
    counts["mended"] = 0
    for place, cell in enumerate(cells) if str in kinds else ():
        if type(cell) is str and not cell.isascii() and cell != (sound := jsontext.whole(cell)):
            cells[place] = sound
            counts["mended"] += 1
    return cells, {"path": column.path, "types": type_names(kinds), **counts}


def _aggregate(column: Col, agg: str | Callable[[list[Any]], Any], values: list[Any]) -> Any:
    function, kinds = AGGREGATES[agg] if isinstance(agg, str) else (agg, ())
    known = [value for value in values if value is not None]
    try:
        return _UNFIT if kinds and not {*map(type, known)} <= set(kinds) else function(known)
    except (ValueError, IndexError):
        return pd.NA
    except (TypeError, OverflowError):
        return _UNFIT
    except Exception as error:
        told = f"agg= of {column.path!r} raised {type(error).__name__} for {clip(repr(known), _SHOWN)}: {error}."
        raise DataError(
            told, hint="Let the function return pd.NA where it has no answer."
        ) from error


def _sum(values: list[Any]) -> int | float:
    return sum(values) if all(type(value) is int for value in values) else fsum(values)


_NUMBERS = (int, float, Decimal)
AGGREGATES: dict[str, tuple[Callable[[list[Any]], Any], tuple[type, ...]]] = {
    "count": (len, ()), "first": (itemgetter(0), ()), "last": (itemgetter(-1), ()), "sum": (_sum, _NUMBERS),
    "mean": (fmean, _NUMBERS), "median": (median, _NUMBERS), "min": (min, (*_NUMBERS, str)),
    "max": (max, (*_NUMBERS, str)), "any": (any, (bool,)), "all": (all, (bool,)),
}  # fmt: skip
"""What an aggregate is made by, and of which types alone; none: of all."""

_FITS: dict[str, Callable[[Any], bool]] = {
    "boolean": lambda value: type(value) is bool,
    "Int64": lambda value: type(value) is int and -(2**63) <= value < 2**63,
    "Float64": lambda value: (
        (type(value) is float and isfinite(value)) or (type(value) is int and abs(value) <= 2**53)
    ),
    "str": lambda value: type(value) is str,
    "object": lambda value: True,
}


def _dtype(cells: list[Any]) -> str:
    """The first dtype that holds all cells as they were read."""
    known = [cell for cell in cells if cell is not pd.NA]
    return next(
        dtype
        for dtype, fits in _FITS.items()
        if (known or dtype == "object") and all(map(fits, known))
    )


def _not_found(runs: pd.DataFrame, column: Col, broken: int) -> PathNotFound:
    sample = runs[runs[column.document].notna()].head(_MOST)
    inside = json_paths(sample, column.document)["path"].head(_MOST)
    known = [
        f"{column.document}{'' if path.startswith('[') else '.'}{path}" for path in inside if path
    ]
    near = get_close_matches(column.path, known, 3, 0.5) or known[:3]
    hint = (
        f"Near it: {', '.join(near)}."
        if near
        else f"None of them has anything in {column.document} that is JSON."
    )
    if broken:
        hint += f" {broken:,} of {counted(len(runs), 'document')} are not JSON."
    return PathNotFound(f"No run here has anything at {column.path!r}.", hint=hint)
