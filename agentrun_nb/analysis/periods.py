"""Cuts time into periods of one length, and has those in which nothing happened too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from agentrun_nb.errors import SettingsError
from agentrun_nb.tables.moments import YEAR_9999, ZERO_TIMES, times_of

PERIOD = "period"
"""The column of the first moments of periods."""
MOST_ROWS = 500_000
"""The most rows of a table by periods."""
_MONDAY = pd.Timestamp("1970-01-05", tz="UTC")
"""Periods are counted from here, so that those of a week begin with a Monday."""
_SHORTEST = pd.Timedelta("1s")
_HINT = 'Give a length such as "1h", "1D" or "7D", or a timedelta.'


def read_freq(freq: Any) -> pd.Timedelta:
    """Reads the length of periods.

    Args:
        freq: a text such as `1h`, `15min`, `D` or `7D`, or a timedelta; a second at least.

    Raises:
        SettingsError: it is none; months and years are none, since they differ in length.
    """
    if not isinstance(freq, str | timedelta | np.timedelta64) or pd.isna(freq):
        raise SettingsError(f"freq={freq!r:.80} is no length of time.", hint=_HINT)
    # A unit alone is one of it, as in pandas.
    text = f"1{freq}" if isinstance(freq, str) and freq[:1].isalpha() else freq
    try:
        length = pd.Timedelta(text)
    except (ValueError, OverflowError):
        length = pd.NaT
    if pd.isna(length):
        raise SettingsError(f"freq={freq!r:.80} is no length of time.", hint=_HINT)
    if length < _SHORTEST:
        raise SettingsError(f"freq={freq!r:.80} is shorter than a second.", hint=_HINT)
    return length.as_unit("us")


def periods(moments: pd.Series[Any], length: pd.Timedelta) -> pd.Series[Any]:
    """The first moment, in UTC, of the period in which each moment is; NA for none.

    Args:
        moments: a time column. A zero time and one of the year 9999 stand for none.
        length: of all periods.
    """
    is_zero = moments.isin(times_of(ZERO_TIMES))
    is_never = moments >= times_of([YEAR_9999])[0]
    known = moments.mask(is_zero | is_never)
    since = (known - _MONDAY) // length
    return (_MONDAY + since * length).astype("datetime64[us, UTC]")


def with_empty_periods(
    table: pd.DataFrame, columns: list[str], length: pd.Timedelta
) -> pd.DataFrame:
    """Adds a row, without values, for each period between the first and the last that has none.

    Args:
        table: a row for each group and period, with any other columns.
        columns: those of the groups; each of them gets all periods.
        length: of all periods.

    Returns:
        The table in the order of groups and then of periods, those without a period last.

    Raises:
        SettingsError: there would be more than 500,000 rows.
    """
    dated = table[table[PERIOD].notna()]
    if dated.empty:
        return table
    first, last = dated[PERIOD].min(), dated[PERIOD].max()
    groups = dated[columns].drop_duplicates()
    rows = ((last - first) // length + 1) * max(len(groups), 1)
    if rows > MOST_ROWS:
        raise SettingsError(
            f"Periods of {length} from {first} to {last} would be {rows:,} rows.",
            hint="Give a longer freq=, or leave out the runs that are far from the others.",
        )
    every = pd.DataFrame({PERIOD: pd.date_range(first, last, freq=length, unit="us")})
    if columns:
        every = groups.merge(every, how="cross")
    whole = every.merge(dated, how="left", on=[*columns, PERIOD])
    return pd.concat([whole, table[table[PERIOD].isna()]], ignore_index=True)
