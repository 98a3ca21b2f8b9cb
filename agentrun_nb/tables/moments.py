"""Converts time columns to milliseconds since the epoch, and finds the last time in a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ZERO_TIMES = (-62_135_596_800_000.0, 0.0)
"""The zero times of Go and of Unix, in ms since the epoch.

Programs write them for a time that has not come.
"""

YEAR_9999 = 253_370_764_800_000.0
"""The beginning of that year, in ms since the epoch."""


def microseconds(moments: pd.Series[Any]) -> Floats:
    """Converts a time column to microseconds since the epoch, NaN where no time is recorded.

    A double holds them exactly.
    """
    # Of times with a zone, numpy gets those of UTC.
    utc = moments.to_numpy("datetime64[us]")
    micros: Floats = utc.view("int64").astype("float64")
    micros[np.isnat(utc)] = np.nan
    return micros


def milliseconds(moments: pd.Series[Any]) -> Floats:
    """Converts a time column to ms since the epoch, NaN where no time is recorded."""
    return microseconds(moments) / 1_000


def times_of(moments: Any) -> pd.DatetimeIndex:
    """Converts ms since the epoch to times in UTC, NaT for NaN.

    `pandas.to_datetime(unit="ms")` cannot give times before 1677 in pandas 2.
    """
    numbers = np.asarray(moments, "float64")
    naive = np.full(numbers.shape, np.datetime64("NaT", "us"))
    is_known = ~np.isnan(numbers)
    micros = np.round(numbers[is_known] * 1_000).astype("int64")
    naive[is_known] = micros.view("datetime64[us]")
    return pd.DatetimeIndex(naive, tz="UTC")


def parse_times(texts: pd.Series[Any], *, utc: bool = False) -> pd.Series[Any]:
    """Reads texts of ISO 8601 as times; those without a zone have none, or are in UTC.

    Args:
        texts: times such as `2026-11-24T05:31:56Z`; NA gives NaT.
        utc: whether all are in UTC, also those that do not say so.
    """
    try:
        return pd.to_datetime(texts, format="ISO8601", utc=utc)
    except pd.errors.OutOfBoundsDatetime:
        # pandas 2 counts nanoseconds, which reach from 1677 to 2262.
        known = texts.dropna().astype("str")
        naive = [np.datetime64(text.removesuffix("Z"), "us") for text in known]
        moments = pd.Series(np.array(naive, "datetime64[us]"), known.index).reindex(texts.index)
        is_utc = utc or known.str.endswith("Z").all()
        return moments.dt.tz_localize("UTC") if is_utc else moments


def last_moment(runs: pd.DataFrame) -> float:
    """Finds the latest time in a table of runs, in ms since the epoch; NaN when there is none.

    Times from the year 9999 on are left out. Programs write that year for "never", and a run that
    goes on would seem to have done so for thousands of years.
    """
    names = ["created_at", "updated_at", "started_at", "completed_at", "fetched_at"]
    latest = []
    for name in names:
        moments = milliseconds(runs[name])
        latest.append(np.fmax.reduce(moments, where=moments < YEAR_9999, initial=np.nan))
    return float(np.fmax.reduce(latest))


def known_until(runs: pd.DataFrame, otherwise: float | None = None) -> Floats:
    """Finds for each row the time until which a run without an end is known to have gone on.

    That is when its record was fetched. Where that is not known, it is the latest time in the
    table.

    Args:
        runs: a RUNS table.
        otherwise: the time to take instead of the latest one in the table.

    Returns:
        Milliseconds since the epoch, one for each row.
    """
    fetched = milliseconds(runs["fetched_at"])
    if otherwise is None:
        otherwise = last_moment(runs)
    return np.where(np.isnan(fetched), otherwise, fetched)


def without_zero_times(moments: Any) -> Any:
    """Replaces zero times by NaN, so that no length of time is counted from them.

    Args:
        moments: times in ms since the epoch.
    """
    return np.where(np.isin(moments, ZERO_TIMES), np.nan, moments)
