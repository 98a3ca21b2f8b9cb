"""The few columns that a person reads, in words."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from agentrun_nb.core.schema import TERMINAL
from agentrun_nb.core.text import visible
from agentrun_nb.core.times import span_text, zone
from agentrun_nb.tables.frames import Runs, runs_frame
from agentrun_nb.tables.moments import ZERO_TIMES, milliseconds


def brief(runs: Runs, tz: str = "UTC") -> pd.DataFrame:
    """The few columns that a person reads, in words.

    Args:
        runs: anything that `runs_frame` takes.
        tz: the zone of `created`, an IANA name; it stands in the column's name.

    Returns:
        One row per run under the input's index, all but `exit_code` as text: status, created (in the zone),
        before_start and after_start (the spans between the record's timestamps, NA where one is missing or a zero
        time), exit_code, reason (the failure_reason or fetch_error, empty when there is none), id, deployment_id,
        version_id. Control and direction characters are seen in it instead of obeyed.

    Raises:
        SettingsError: there is no such zone.
    """
    runs = runs_frame(runs)
    started, completed = (_without_zero_times(runs[name]) for name in ("started_at", "completed_at"))
    readable = {
        "status": runs["status"].astype("str").str.replace("_", " "),
        f"created ({tz})": _clock(runs["created_at"], zone(tz)),
        "before_start": _spans(started - runs["created_at"]),
        "after_start": _spans(completed - started),
        "exit_code": runs["exit_code"],
        "reason": runs["failure_reason"].fillna(runs["fetch_error"]).fillna(""),
    } | {name: runs[name] for name in ("id", "deployment_id", "version_id")}
    told = ("status", "reason", "id", "deployment_id", "version_id")
    return pd.DataFrame(readable | {name: readable[name].map(visible, na_action="ignore") for name in told})


def _clock(moments: pd.Series[Any], tz: ZoneInfo) -> pd.Series[Any]:
    """What the clock of a zone shows; where that would leave the years 1 to 9999, the time in UTC, which is said."""
    local = moments.dt.tz_convert(tz)
    in_zone, in_utc = (times.dt.strftime("%Y-%m-%d %H:%M:%S") for times in (local, moments))
    return in_zone.where(local.dt.year.between(1, 9999) | local.isna(), in_utc + " UTC")


def _without_zero_times(moments: pd.Series[Any]) -> pd.Series[Any]:
    return moments.mask(np.isin(milliseconds(moments), ZERO_TIMES))


def _spans(spans: pd.Series[Any]) -> pd.Series[Any]:
    return spans.map(lambda span: span_text(span.total_seconds()), na_action="ignore").astype("str")


def spans(runs: Runs) -> pd.DataFrame:
    """The lengths of time between the timestamps of each run, to sort, to add up and to plot.

    Args:
        runs: anything that `runs_frame` takes.

    Returns:
        One row per run under the input's index:

        - before_start: from created_at to started_at (timedelta64[us], as the next two);
        - after_start: from started_at to completed_at;
        - total: from created_at to completed_at;
        - ended: whether the status is one that does not change any more (boolean); NA where none is recorded.

        A length is NA where one of its ends is not recorded, where it would be negative (`parse_notes` has `time_order`
        then), and where a zero time stands for a moment that has not come. So a mean leaves out the runs that have not
        ended, which makes all look faster than they are; `arn.summarize` counts them in.

    Raises:
        SchemaError: it holds no runs.

    Example:
        >>> arn.spans(runs)["after_start"].max()
        Timedelta('0 days 00:05:00')
    """
    runs = runs_frame(runs)
    created, started, completed = (
        _without_zero_times(runs[name]) for name in ("created_at", "started_at", "completed_at")
    )
    lengths = {
        "before_start": _length(created, started),
        "after_start": _length(started, completed),
        "total": _length(created, completed),
        "ended": runs["status"].isin(TERMINAL).astype("boolean").mask(runs["status"].isna()),
    }
    return pd.DataFrame(lengths, index=runs.index)


def _length(start: pd.Series[Any], end: pd.Series[Any]) -> pd.Series[Any]:
    length = end - start
    return length.mask(length < pd.Timedelta(0))
