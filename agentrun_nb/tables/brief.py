"""Makes short tables for people to read, and computes the lengths of time between timestamps."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import TERMINAL
from agentrun_nb.core.text import visible
from agentrun_nb.core.times import seconds_text, zone
from agentrun_nb.tables.frames import Runs, runs_frame
from agentrun_nb.tables.labels import Names, with_labels
from agentrun_nb.tables.moments import ZERO_TIMES, milliseconds


def brief(runs: Runs, tz: str = "UTC", names: Names = None) -> pd.DataFrame:
    """Selects the few columns that a person reads, as values that sort and add up.

    Args:
        runs: anything that `runs_frame` takes.
        tz: the time zone of `created`, an IANA name; the column's name says it.
        names: labels for the ids of deployments and versions, as from `client.names()`; an id
            without a label stays, and a label that several share is followed by the id.

    Returns:
        One row per run under the input's index: status (the service's word), created (text, in the
        zone), before_start_s and after_start_s (seconds to the millisecond; NaN where `spans` has
        no length), exit_code, reason (the failure_reason or fetch_error, empty when there is none),
        id, deployment_id, version_id. Control and direction characters in its text are replaced by
        signs.

    Raises:
        SettingsError: there is no such zone, or `names` is no mapping of texts to texts.

    Example:
        >>> table = arn.brief(runs, names=client.names())
        >>> late = table.query("status == 'timed_out'").sort_values("after_start_s")
        >>> late["deployment_id"].tolist()
        ['nightly-forecast', 'contract-review', 'site-crawler']
    """
    runs = runs_frame(runs)
    return _brief(runs, _spans(runs), tz, names)


def in_words(runs: Runs, tz: str = "UTC", names: Names = None) -> pd.DataFrame:
    """Makes the table of `brief` with words in place of values, for pages that are only read.

    Statuses lose their underscores, and lengths of time are written as `1 h 15 min`.
    """
    runs = runs_frame(runs)
    lengths = _spans(runs)
    table = _brief(runs, lengths, tz, names)
    words = {
        "status": table["status"].str.replace("_", " "),
        "before_start": _length_words(lengths["before_start"]),
        "after_start": _length_words(lengths["after_start"]),
    }
    columns = {"before_start_s": "before_start", "after_start_s": "after_start"}
    return table.rename(columns=columns).assign(**words)


def _brief(runs: pd.DataFrame, lengths: pd.DataFrame, tz: str, names: Names) -> pd.DataFrame:
    """The table of `brief`, from the RUNS table and its `spans`."""
    runs = with_labels(runs, names)
    reason = runs["failure_reason"].fillna(runs["fetch_error"])
    created = _clock(runs["created_at"], zone(tz))
    before_start = _seconds(lengths["before_start"])
    after_start = _seconds(lengths["after_start"])
    columns = {
        "status": runs["status"].astype(TEXT),
        f"created ({tz})": created,
        "before_start_s": before_start,
        "after_start_s": after_start,
        "exit_code": runs["exit_code"],
        "reason": reason.fillna(""),
        "id": runs["id"],
        "deployment_id": runs["deployment_id"],
        "version_id": runs["version_id"],
    }
    texts = ("status", "reason", "id", "deployment_id", "version_id")
    for name in texts:
        columns[name] = columns[name].map(visible, na_action="ignore").astype(TEXT)
    return pd.DataFrame(columns)


def _seconds(lengths: pd.Series[Any]) -> pd.Series[Any]:
    return lengths.dt.total_seconds().round(3)


def _clock(moments: pd.Series[Any], tz: ZoneInfo) -> pd.Series[Any]:
    """Writes times as text in a time zone.

    A time whose year there is not one of 1 to 9999 is written in UTC, and the text says so.
    """
    utc = moments.dt.tz_localize(None).to_numpy("datetime64[us]")
    # pandas 2 converts no time whose year in the zone is not one of 1 to 9999.
    near = pd.DatetimeIndex(utc.clip(_SECOND_DAY, _LAST_DAY), tz="UTC")
    offsets = near.tz_convert(tz).tz_localize(None) - near.tz_localize(None)
    local = utc + offsets.to_numpy()
    can_be_written = (local >= _FIRST_DAY) & (local < _YEAR_10000)
    words = np.where(can_be_written, _clock_words(local), _clock_words(utc) + " UTC")
    words[np.isnat(utc)] = None
    return pd.Series(words, moments.index, TEXT, name=moments.name)


def _clock_words(naive: NDArray[np.datetime64]) -> NDArray[np.object_]:
    """Writes times as `2026-11-24 05:31:56`; not by strftime, which writes the year 1 as 1."""
    words = [text.replace("T", " ") for text in np.datetime_as_string(naive, unit="s")]
    return np.array(words, dtype="object")


_FIRST_DAY = np.datetime64("0001-01-01", "us")
_SECOND_DAY = np.datetime64("0001-01-02", "us")
_LAST_DAY = np.datetime64("9999-12-31", "us")
_YEAR_10000 = np.datetime64("10000-01-01", "us")


def _without_zero_times(moments: pd.Series[Any]) -> pd.Series[Any]:
    is_zero = np.isin(milliseconds(moments), ZERO_TIMES)
    return moments.mask(is_zero)


def _length_words(lengths: pd.Series[Any]) -> pd.Series[Any]:
    words = lengths.map(lambda length: seconds_text(length.total_seconds()), na_action="ignore")
    return words.astype(TEXT)


def spans(runs: Runs) -> pd.DataFrame:
    """Computes the lengths of time between the timestamps of each run.

    Args:
        runs: anything that `runs_frame` takes.

    Returns:
        One row per run under the input's index:

        - before_start: from created_at to started_at (timedelta64[us], as the next two);
        - after_start: from started_at to completed_at;
        - total: from created_at to completed_at;
        - ended: whether the status is a final one (boolean); NA where no status is recorded.

        A length is NA where one of its ends is not recorded, where it would be negative
        (`parse_notes` has `time_order` then), and where a zero time stands for a time that has not
        come. So a mean leaves out the runs that have not ended, which makes runs look faster than
        they are; `arn.summarize` takes them into account.

    Raises:
        SchemaError: `runs` holds no runs.

    Example:
        >>> arn.spans(runs)["after_start"].max()
        Timedelta('0 days ...')
    """
    return _spans(runs_frame(runs))


def _spans(runs: pd.DataFrame) -> pd.DataFrame:
    """The table of `spans`, from the RUNS table."""
    created = _without_zero_times(runs["created_at"])
    started = _without_zero_times(runs["started_at"])
    completed = _without_zero_times(runs["completed_at"])
    ended = runs["status"].isin(TERMINAL).astype("boolean")
    lengths = {
        "before_start": _length(created, started),
        "after_start": _length(started, completed),
        "total": _length(created, completed),
        "ended": ended.mask(runs["status"].isna()),
    }
    return pd.DataFrame(lengths, index=runs.index)


def _length(start: pd.Series[Any], end: pd.Series[Any]) -> pd.Series[Any]:
    length = end - start
    return length.mask(length < pd.Timedelta(0))
