"""The few columns that a person reads, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from agentrun_nb.core.text import visible
from agentrun_nb.core.times import span_text, zone

if TYPE_CHECKING:
    pass
from agentrun_nb.tables.frames import Runs, runs_frame


def brief(runs: Runs, tz: str = "UTC") -> pd.DataFrame:
    """The few columns that a person reads, in words.

    Args:
        runs: anything that `runs_frame` takes.
        tz: the zone of `created`, an IANA name; it stands in the column's name.

    Returns:
        One row per run under the input's index, all but `exit_code` as text: status, created (in the zone),
        before_start and after_start (the spans between the record's timestamps, NA where one is missing), exit_code,
        reason (the failure_reason or fetch_error, empty when there is none), id, deployment_id, version_id. Control
        and direction characters are seen in it instead of obeyed.

    Raises:
        SettingsError: there is no such zone.
    """
    runs = runs_frame(runs)
    created = runs["created_at"].dt.tz_convert(zone(tz))
    readable = {
        "status": runs["status"].astype("str").str.replace("_", " "),
        f"created ({tz})": created.dt.strftime("%Y-%m-%d %H:%M:%S"),
        "before_start": _spans(runs["started_at"] - runs["created_at"]),
        "after_start": _spans(runs["completed_at"] - runs["started_at"]),
        "exit_code": runs["exit_code"],
        "reason": runs["failure_reason"].fillna(runs["fetch_error"]).fillna(""),
    } | {name: runs[name] for name in ("id", "deployment_id", "version_id")}
    told = ("status", "reason", "id", "deployment_id", "version_id")
    return pd.DataFrame(readable | {name: readable[name].map(visible, na_action="ignore") for name in told})


def _spans(spans: pd.Series[Any]) -> pd.Series[Any]:
    return spans.map(lambda span: span_text(span.total_seconds()), na_action="ignore").astype("str")
