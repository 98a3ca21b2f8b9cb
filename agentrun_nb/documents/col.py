"""What is asked of `extract` for one column, and the aggregates and dtypes there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from math import fsum, isfinite
from operator import itemgetter
from statistics import fmean, median
from typing import Any, NamedTuple

import pandas as pd

from agentrun_nb.core.paths import parse_path
from agentrun_nb.core.schema import DOCUMENTS
from agentrun_nb.documents.shapes import Path
from agentrun_nb.errors import PathNotFound, SchemaError


def _sum(values: list[Any]) -> int | float:
    """The sum, exact for integers."""
    are_integers = all(type(value) is int for value in values)
    return sum(values) if are_integers else fsum(values)


class Aggregate(NamedTuple):
    """A named aggregate.

    Attributes:
        function: makes it of a list of values that are not null.
        types: the types of values that it takes; none means all.
    """

    function: Callable[[list[Any]], Any]
    types: tuple[type, ...] = ()


_NUMBERS = (int, float, Decimal)
_ORDERED = (*_NUMBERS, str)

AGGREGATES = {
    "count": Aggregate(len),
    "first": Aggregate(itemgetter(0)),
    "last": Aggregate(itemgetter(-1)),
    "sum": Aggregate(_sum, _NUMBERS),
    "mean": Aggregate(fmean, _NUMBERS),
    "median": Aggregate(median, _NUMBERS),
    "min": Aggregate(min, _ORDERED),
    "max": Aggregate(max, _ORDERED),
    "any": Aggregate(any, (bool,)),
    "all": Aggregate(all, (bool,)),
}
"""The aggregates that `Col` knows by name."""


def _fits_float(value: Any) -> bool:
    """Whether a double holds the value exactly; of an integer only up to 2^53."""
    if type(value) is int:
        return abs(value) <= 2**53
    return type(value) is float and isfinite(value)


FITS: dict[str, Callable[[Any], bool]] = {
    "boolean": lambda value: type(value) is bool,
    "Int64": lambda value: type(value) is int and -(2**63) <= value < 2**63,
    "Float64": _fits_float,
    "str": lambda value: type(value) is str,
    "object": lambda value: True,
}
"""The dtypes of columns in the order of preference, each with a test whether it holds a value."""


@dataclass(frozen=True)
class Col:
    """One column for `extract`: the path of its values, its dtype, default and aggregate.

    Attributes:
        path: begins with `input`, `output_manifest` or `extra`; lists by index or by `[*]`.
        dtype: boolean, Int64, Float64, str or object. None takes the first of them that holds the
            values as they were read, integers exact and decimals as the nearest double.
        default: the cell of a run that has no value at the path. JSON null and broken documents
            give NA whatever the default.
        agg: how to aggregate the values of a path with `[*]`, nulls left out: count, sum, mean,
            median, min, max, first, last, any, all, or a function of the list. None gives the list
            itself, nulls included.

    Raises:
        SchemaError: an unknown dtype or aggregate, an aggregate without `[*]`, or a default that is
            not of the dtype.
        PathNotFound: the text is not a path into a document.

    Example:
        >>> first = arn.Col("output_manifest.outputs[*].size_bytes", agg="first")
        >>> arn.extract(run, bytes=first)
           bytes
        0    278
    """

    path: str
    dtype: str | None = None
    default: Any = pd.NA
    agg: str | Callable[[list[Any]], Any] | None = None

    def __post_init__(self) -> None:
        self._check_path()
        self._check_dtype()
        self._check_agg()
        self._check_default()

    def _check_path(self) -> None:
        if not isinstance(self.path, str) or self.document not in (*DOCUMENTS, "extra"):
            sentence = f"{self.path!r} leads nowhere."
            hint = "Begin it with input., output_manifest. or extra."
            raise PathNotFound(sentence, hint=hint)

    def _check_dtype(self) -> None:
        if self.dtype is None:
            return
        if not isinstance(self.dtype, str) or self.dtype not in FITS:
            hint = f"Choose among {', '.join(FITS)}."
            raise SchemaError(f"{self.dtype!r} is not a dtype here.", hint=hint)

    def _check_agg(self) -> None:
        if self.agg is None:
            return
        known = isinstance(self.agg, str) and self.agg in AGGREGATES
        if not known and not callable(self.agg):
            hint = f"Choose among {', '.join(AGGREGATES)}."
            raise SchemaError(f"{self.agg!r} is not an aggregate.", hint=hint)
        if None not in self.steps:
            sentence = f"{self.path!r} gives one value, so it takes no agg."
            raise SchemaError(sentence, hint="Write a list as name[*].")

    def _check_default(self) -> None:
        if not self.dtype or self.default is pd.NA:
            return
        if not FITS[self.dtype](self.default):
            sentence = f"The default {self.default!r} is not of the dtype {self.dtype}."
            raise SchemaError(sentence, hint="Give one of that dtype, or pd.NA.")

    @cached_property
    def document(self) -> str:
        """The column of RUNS that the path begins with."""
        steps = parse_path(self.path)
        return str(steps[0]) if steps else ""

    @cached_property
    def steps(self) -> Path:
        """The path inside that document."""
        return parse_path(self.path)[1:]
