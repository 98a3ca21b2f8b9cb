"""Extracts values from the documents of runs into typed columns.

Integers stay exact, and where the runs disagree on a type it is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Any

import msgspec
import pandas as pd

from agentrun_nb.core import jsontext
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.paths import parse_path
from agentrun_nb.core.text import clip, counted
from agentrun_nb.documents.col import AGGREGATES, FITS, Aggregate, Col
from agentrun_nb.documents.json_paths import Paths, combine_paths, count_paths, path_table
from agentrun_nb.documents.reading import ABSENT, BROKEN, Gap, read, texts, type_names
from agentrun_nb.documents.shapes import Path, shape
from agentrun_nb.documents.values import Found, values_at
from agentrun_nb.errors import DataError, PathNotFound, SchemaError
from agentrun_nb.files.many_runs import ManyRuns, count_parts, is_cluster

ATTRS = "agentrun_nb_extract"
"""Where in `attrs` the counts of an extraction lie."""

_MOST = 2_000
"""How many documents, and how many paths in them, are searched for the nearest to a typo."""

_SHOWN = 80
"""How many characters of the values a message shows."""

# A gap is a class of its own, so that a count of types counts the gaps too.
_UNFIT = type("Unfit", (Gap,), {})()
"""Stands where a value is not of the column's dtype, or its aggregate does not take it."""


def extract(runs: ManyRuns, /, *paths: str | Col, **columns: str | Col) -> pd.DataFrame:
    """Extracts values from the documents of runs into typed columns.

    Each document is read once, however many columns come from it.

    Booleans make a boolean column, integers Int64, text str, numbers Float64 (the nearest double of
    each) as long as every integer among them is a double too. Everything else stays as it is in a
    column of dtype object: a conflict of types, integers beyond 64 bits, Decimal where a double
    overflows, NaN, lists, objects. Nothing becomes text on its own.

    Args:
        runs: anything that `runs_frame` takes; also frames one after another, a folder that `save`
            has written, or a frame of Dask, whose documents are read part by part.
        paths: a path for each column, or a `Col` with its dtype, default and aggregate. The last
            key of the path becomes the column's name.
        columns: the same, with the column's name as the keyword.

    Returns:
        The new columns only, in the order given, under the index of the runs (a fresh one for
        several frames); no rows give empty columns. `attrs["agentrun_nb_extract"]` counts for each
        column: `types` (JSON types of the cells, the most frequent first: several are a conflict),
        `absent`, `null`, `broken` (the document is not JSON), `unfit` (not of the dtype, or of a
        type that the aggregate does not take; the cell is NA), `mended` (text that was not
        Unicode).

    Raises:
        PathNotFound: a path that no row of a frame with rows has; the message names the nearest.
        SchemaError: two columns have the same name.
        DataError: a function given as `agg` failed.

    Example:
        >>> files = arn.Col("output_manifest.outputs[*]", agg="count")
        >>> arn.extract(runs.tail(2), "output_manifest.score", files=files)
              score  files
        300  0.9886      2
        301  0.9805      3
    """
    requested = _named(paths, columns)
    documents = [column.document for column in requested.values()]
    parts = count_parts(runs, documents, partial(_extract, columns=requested), _combine)
    frame = pd.DataFrame(index=_index(parts.indexes, stays=is_cluster(runs)))
    counts = {}
    for name, column in requested.items():
        part = parts.columns[name]
        if len(frame) and not part.is_found:
            raise _not_found(column, part, len(frame))
        cells = part.cells
        frame[name] = _series(cells, frame.index, column.dtype or _dtype(cells))
        counts[name] = part.counts(column.path)
    frame.attrs[ATTRS] = counts
    return frame


@dataclass(frozen=True)
class _Extracted:
    """One column of some runs, which can be joined to that of others.

    Attributes:
        cells: a cell for each run.
        types: how many cells there are of each type.
        gaps: how many cells have no value, by the reason; and how many texts were mended.
        is_found: whether any of the runs has the path.
        others: the paths that the first of the documents have, where none has this one.
    """

    cells: list[Any]
    types: Counter[type]
    gaps: Counter[str]
    is_found: bool
    others: Paths

    def counts(self, path: str) -> dict[str, Any]:
        """What `extract` counts about the column."""
        gaps = {name: self.gaps[name] for name in (*_GAPS, "mended")}
        return {"path": path, "types": type_names(self.types), **gaps}


@dataclass(frozen=True)
class _Parts:
    """What was extracted of some runs.

    Attributes:
        indexes: those of the tables of the runs, in order.
        columns: the columns by their names.
    """

    indexes: list[pd.Index]
    columns: dict[str, _Extracted]


def _extract(runs: pd.DataFrame, columns: Mapping[str, Col]) -> _Parts:
    """Extracts columns of a RUNS table."""
    found = _found(runs, columns)
    extracted = {}
    for name, column in columns.items():
        entries = found[name]
        is_found = not all(isinstance(entry, Gap) for entry in entries)
        others = _NO_PATHS if is_found else _first_paths(runs[column.document])
        extracted[name] = _column(column, entries, is_found, others)
    return _Parts([runs.index], extracted)


def _combine(parts: Sequence[_Parts]) -> _Parts:
    """Joins what was extracted of several tables of runs, in their order."""
    indexes = [index for part in parts for index in part.indexes]
    names = parts[0].columns
    columns = {name: _joined([part.columns[name] for part in parts]) for name in names}
    return _Parts(indexes, columns)


def _joined(parts: Sequence[_Extracted]) -> _Extracted:
    """Joins a column of several tables."""
    cells: list[Any] = []
    types = Counter[type]()
    gaps = Counter[str]()
    for part in parts:
        cells += part.cells
        types += part.types
        gaps += part.gaps
    is_found = any(part.is_found for part in parts)
    others = _NO_PATHS
    if not is_found:
        others = _first_of([part.others for part in parts])
    return _Extracted(cells, types, gaps, is_found, others)


def _index(indexes: Sequence[pd.Index], *, stays: bool) -> pd.Index:
    """The index of the rows of several tables; a fresh one, unless theirs stay."""
    if len(indexes) == 1:
        return indexes[0]
    if not stays:
        return pd.RangeIndex(sum(map(len, indexes)))
    # An empty table may have an index of another type.
    first, *others = [index for index in indexes if len(index)] or indexes[:1]
    return first.append(others)


_NO_PATHS = Paths(0, {}, 0)


def _first_paths(documents: pd.Series[Any]) -> Paths:
    """The paths of the first documents of a column."""
    return count_paths(documents[documents.notna()].head(_MOST))


def _first_of(parts: Sequence[Paths]) -> Paths:
    """The paths of the first documents of several tables."""
    first = []
    rows = 0
    for part in parts:
        if rows < _MOST:
            first.append(part)
        rows += part.rows
    return combine_paths(first)


def _named(paths: Sequence[str | Col], columns: Mapping[str, str | Col]) -> dict[str, Col]:
    """The requested columns by their names, in the order given."""
    named: dict[str, Col] = {}
    for path in paths:
        column = path if isinstance(path, Col) else Col(path)
        keys = [step for step in parse_path(column.path) if isinstance(step, str)]
        name = keys[-1]
        if name in named or name in columns:
            hint = f"Name one of them: extract(runs, another={column.path!r})."
            raise SchemaError(f"Two columns would be called {name!r}.", hint=hint)
        named[name] = column
    for name, path in columns.items():
        named[name] = path if isinstance(path, Col) else Col(path)
    return named


def _found(runs: pd.DataFrame, columns: Mapping[str, Col]) -> dict[str, Found]:
    """What was found for each column, in one entry for each run."""
    found: dict[str, Found] = {name: [] for name in columns}
    # Columns from the same document are looked up together, so that it is parsed once.
    paths_of: dict[str, dict[str, Path]] = {}
    for name, column in columns.items():
        paths_of.setdefault(column.document, {})[name] = column.steps
    for document, paths in paths_of.items():
        for trees in _trees(runs[document], list(paths.values())):
            for name, steps in paths.items():
                found[name] += values_at(trees, steps)
    return found


def _trees(documents: pd.Series[Any], paths: Sequence[Path]) -> Iterator[list[Any]]:
    """Parses documents, some at a time.

    What lies on none of the paths is skipped where the documents have the shape of the paths.
    """
    decode = msgspec.json.Decoder(shape(paths)).decode
    for part in texts(documents):
        yield [read(text, decode) for text in part]


_GAPS: dict[str, Any] = {"absent": ABSENT, "null": None, "broken": BROKEN, "unfit": _UNFIT}
"""What stands in place of a value, by the reason why there is none."""


def _column(column: Col, found: Found, is_found: bool, others: Paths) -> _Extracted:
    """Makes the cells of a column of what was found.

    Args:
        column: the column.
        found: an entry for each run.
        is_found: whether any of the runs has the path.
        others: paths that the documents have, where none has this one.
    """
    if column.agg is not None:
        found = _aggregated(found, column, column.agg)
    if column.dtype:
        found = _fitting(found, column.dtype)
    types = Counter(map(type, found))
    gaps = Counter({name: types.pop(type(gap), 0) for name, gap in _GAPS.items()})
    types.pop(type(pd.NA), None)
    cells = _filled(found, column.default)
    gaps["mended"] = _mend_texts(cells) if str in types else 0
    return _Extracted(cells, types, gaps, is_found, others)


def _aggregated(found: Found, column: Col, agg: str | Callable[[list[Any]], Any]) -> Found:
    """The entries with each list replaced by its aggregate."""
    result: Found = []
    for entry in found:
        result.append(_aggregate(column, agg, entry) if type(entry) is list else entry)
    return result


def _fitting(found: Found, dtype: str) -> Found:
    """The entries with `_UNFIT` in place of each value that the dtype does not hold."""
    fits = FITS[dtype]
    is_gap = (Gap, type(None), type(pd.NA))
    return [entry if isinstance(entry, is_gap) or fits(entry) else _UNFIT for entry in found]


def _filled(found: Found, default: Any) -> list[Any]:
    """The entries as cells: the default where nothing is, NA for null and what cannot be read."""
    cells = []
    for entry in found:
        if entry is ABSENT:
            cells.append(default)
        elif entry is None or isinstance(entry, Gap):
            cells.append(pd.NA)
        else:
            cells.append(entry)
    return cells


def _mend_texts(cells: list[Any]) -> int:
    """Replaces texts that are not Unicode in place, and returns how many there were."""
    mended = 0
    for place, cell in enumerate(cells):
        if type(cell) is not str or cell.isascii():
            continue
        sound = jsontext.valid_unicode(cell)
        if sound != cell:
            cells[place] = sound
            mended += 1
    return mended


def _aggregate(column: Col, agg: str | Callable[[list[Any]], Any], values: list[Any]) -> Any:
    """The aggregate of a list; NA where it has none, unfit where it does not take the types."""
    aggregate = AGGREGATES[agg] if isinstance(agg, str) else Aggregate(agg)
    known = [value for value in values if value is not None]
    if aggregate.types and not set(map(type, known)) <= set(aggregate.types):
        return _UNFIT
    try:
        return aggregate.function(known)
    except (ValueError, IndexError):
        return pd.NA
    except (TypeError, OverflowError):
        return _UNFIT
    except Exception as error:
        shown = clip(repr(known), _SHOWN)
        raised = type(error).__name__
        sentence = f"agg= of {column.path!r} raised {raised} for {shown}: {error}."
        hint = "Let the function return pd.NA where it has no answer."
        raise DataError(sentence, hint=hint) from error


def _series(cells: list[Any], index: pd.Index, dtype: str) -> pd.Series[Any]:
    return pd.Series(cells, index, TEXT if dtype == "str" else dtype)


def _dtype(cells: list[Any]) -> str:
    """The first dtype that holds all cells as they were read."""
    known = [cell for cell in cells if cell is not pd.NA]
    if not known:
        return "object"
    return next(dtype for dtype, fits in FITS.items() if all(map(fits, known)))


def _not_found(column: Col, extracted: _Extracted, rows: int) -> PathNotFound:
    """The error for a path that no run has; its hint names the nearest paths."""
    known = []
    for path in path_table(extracted.others)["path"].head(_MOST):
        if path:
            separator = "" if path.startswith("[") else "."
            known.append(f"{column.document}{separator}{path}")
    near = get_close_matches(column.path, known, n=3, cutoff=0.5) or known[:3]
    hint = f"None of them has anything in {column.document} that is JSON."
    if near:
        hint = f"Near it: {', '.join(near)}."
    broken = extracted.gaps["broken"]
    if broken:
        hint += f" {broken:,} of {counted(rows, 'document')} are not JSON."
    return PathNotFound(f"No run here has anything at {column.path!r}.", hint=hint)
