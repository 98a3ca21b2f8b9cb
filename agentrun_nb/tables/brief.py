"""The few columns that a person reads, and the lengths of time between the timestamps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from agentrun_nb.core.schema import TERMINAL
from agentrun_nb.core.text import visible
from agentrun_nb.core.times import span_text, zone
from agentrun_nb.tables.frames import Runs, runs_frame
from agentrun_nb.tables.moments import ZERO_TIMES, milliseconds


def brief(runs: Runs, tz: str = "UTC", names: Mapping[str, str] | None = None) -> pd.DataFrame:
    """The few columns that a person reads, and that sort and add up.

    Args:
        runs: anything that `runs_frame` takes.
        tz: the zone of `created`, an IANA name; it stands in the column's name.
        names: labels by the ids of deployments and versions, as from `client.names()`; an id
            without one stays.

    Returns:
        One row per run under the input's index: status (the service's word), created (text, in the
        zone), before_start_s and after_start_s (seconds to the millisecond; NaN where `spans` has
        no length), exit_code, reason (the failure_reason or fetch_error, empty when there is none),
        id, deployment_id, version_id. Control and direction characters are seen in its text instead
        of obeyed.

    Raises:
        SettingsError: there is no such zone.

    Example:
        >>> arn.brief(runs, names=client.names()).query("status == 'timed_out'").sort_values("after_start_s")
    """
    runs = runs_frame(runs)
    lengths = spans(runs)
    label = (names or {}).get
    columns = {
        "status": runs["status"].astype("str"),
        f"created ({tz})": _clock(runs["created_at"], zone(tz)),
        "before_start_s": lengths["before_start"].dt.total_seconds().round(3),
        "after_start_s": lengths["after_start"].dt.total_seconds().round(3),
        "exit_code": runs["exit_code"],
        "reason": runs["failure_reason"].fillna(runs["fetch_error"]).fillna(""),
        "id": runs["id"],
        "deployment_id": runs["deployment_id"].map(lambda key: label(key, key), na_action="ignore"),
        "version_id": runs["version_id"].map(lambda key: label(key, key), na_action="ignore"),
    }
    for name in ("status", "reason", "id", "deployment_id", "version_id"):
        columns[name] = columns[name].map(visible, na_action="ignore").astype("str")
    return pd.DataFrame(columns)


def in_words(runs: Runs, tz: str = "UTC") -> pd.DataFrame:
    """The same for a page that nobody computes with.

    Statuses and lengths are words, such as `1 h 15 min`.
    """
    runs = runs_frame(runs)
    table, lengths = brief(runs, tz), spans(runs)
    words = {
        "status": table["status"].str.replace("_", " "),
        "before_start": _length_words(lengths["before_start"]),
        "after_start": _length_words(lengths["after_start"]),
    }
    columns = {"before_start_s": "before_start", "after_start_s": "after_start"}
    return table.rename(columns=columns).assign(**words)


def _clock(moments: pd.Series[Any], tz: ZoneInfo) -> pd.Series[Any]:
    """What the clock of a zone shows.

    Where that would leave the years 1 to 9999, the time in UTC, which is said.
    """
    local = moments.dt.tz_convert(tz)
    in_zone, in_utc = (times.dt.strftime("%Y-%m-%d %H:%M:%S") for times in (local, moments))
    return in_zone.where(local.dt.year.between(1, 9999) | local.isna(), in_utc + " UTC")


def _without_zero_times(moments: pd.Series[Any]) -> pd.Series[Any]:
    return moments.mask(np.isin(milliseconds(moments), ZERO_TIMES))


def _length_words(lengths: pd.Series[Any]) -> pd.Series[Any]:
    return lengths.map(lambda span: span_text(span.total_seconds()), na_action="ignore").astype(
        "str"
    )


def spans(runs: Runs) -> pd.DataFrame:
    """The lengths of time between the timestamps of each run, to sort, to add up and to plot.

    Args:
        runs: anything that `runs_frame` takes.

    Returns:
        One row per run under the input's index:

        - before_start: from created_at to started_at (timedelta64[us], as the next two);
        - after_start: from started_at to completed_at;
        - total: from created_at to completed_at;
        - ended: whether the status is one that does not change any more (boolean); NA where none is
          recorded.

        A length is NA where one of its ends is not recorded, where it would be negative
        (`parse_notes` has `time_order` then), and where a zero time stands for a moment that has
        not come. So a mean leaves out the runs that have not ended, which makes all look faster
        than they are; `arn.summarize` counts them in.

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
