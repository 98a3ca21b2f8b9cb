"""The few columns that a person reads, in words."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

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
