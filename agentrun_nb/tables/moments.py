"""Time columns as milliseconds since the epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ZERO_TIMES = (-62_135_596_800_000.0, 0.0)
"""What programs write for a moment that has not come, in ms since the epoch.

The zero times of Go and of Unix.
"""

YEAR_9999 = 253_370_764_800_000.0
"""Its first moment, in ms since the epoch."""


def milliseconds(moments: pd.Series[Any]) -> Floats:
    """A time column as ms since the epoch, NaN where nothing is recorded."""
    naive = moments.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")
    return np.where(np.isnat(naive), np.nan, naive.astype("int64") / 1_000)


def last_moment(runs: pd.DataFrame) -> float:
    """The latest moment known of a table of runs, in ms since the epoch; NaN without any.

    The year 9999, which programs write for "never", is no moment at which anything is known: with
    it a run that goes on would have done so for thousands of years.
    """
    names = ["created_at", "updated_at", "started_at", "completed_at", "fetched_at"]
    moments = np.concatenate([milliseconds(runs[name]) for name in names])
    known = moments[moments < YEAR_9999]
    return float(known.max()) if len(known) else float("nan")


def known_until(runs: pd.DataFrame, otherwise: float | None = None) -> Floats:
    """Until when a run that has not ended is known to have gone on, in ms since the epoch, for each row.

    That is when its record was fetched. Where nobody knows that, it is the latest moment known of
    the table.

    Args:
        runs: a RUNS table.
        otherwise: the moment for rows that nobody fetched, where another one is known than the
            table's own.
    """
    fetched = milliseconds(runs["fetched_at"])
    return np.where(
        np.isnan(fetched), last_moment(runs) if otherwise is None else otherwise, fetched
    )


def without_zero_times(moments: Any) -> Any:
    """Moments in ms since the epoch, NaN also where they are a zero time.

    From there no length of time is counted.
    """
    return np.where(np.isin(moments, ZERO_TIMES), np.nan, moments)
