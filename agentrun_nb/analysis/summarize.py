"""Counts runs by groups: how many there are, how they ended and how long they took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from math import isnan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.analysis.estimates import (
    TOO_FEW,
    Estimate,
    Times,
    quantiles,
    queue_times,
    rate,
    run_times,
    scipy_stats,
    share_within,
)
from agentrun_nb.analysis.groups import By, with_groups
from agentrun_nb.analysis.outcomes import JUDGED, outcomes, repeated_count_notes, repeated_keys
from agentrun_nb.analysis.periods import PERIOD, periods, read_freq, with_empty_periods
from agentrun_nb.core.schema import STATUSES, TERMINAL
from agentrun_nb.core.when import Span, read_span
from agentrun_nb.tables.frames import Runs, runs_frame
from agentrun_nb.tables.labels import Names
from agentrun_nb.tables.moments import last_moment

_ENDED = tuple(status for status in STATUSES if status in TERMINAL)
_COUNTS = ("n", *_ENDED, "not_ended", "not_fetched", "no_status", "unknown_status")
_UNKNOWN_KINDS = {
    "not_fetched": "not fetched", "no_status": "no status", "unknown_status": "unknown status",
}  # fmt: skip
"""Columns that count runs without a documented status, and how their outcomes begin."""
_RATES = ("success_rate", "success_low", "success_high")
_TIMES = (
    "before_start_p50",
    "before_start_p90",
    "after_start_p50",
    "after_start_p50_low",
    "after_start_p50_high",
    "after_start_p90",
)
_WITHIN = ("within", "within_low", "within_high")
_DTYPES = (
    dict.fromkeys(_COUNTS, "Int64")
    | dict.fromkeys([*_RATES, *_TIMES], "Float64")
    | {"notes": "str"}
)
_DTYPES_WITHIN = (
    {name: kind for name, kind in _DTYPES.items() if name != "notes"}
    | dict.fromkeys(_WITHIN, "Float64")
    | {"notes": "str"}
)
"""With the columns of `within=`, which stand before the notes."""


def summarize(
    runs: Runs,
    by: By = None,
    *,
    freq: str | timedelta | None = None,
    within: Span | None = None,
    names: Names = None,
) -> pd.DataFrame:
    """Counts, success rate and times of groups of runs.

    Args:
        runs: anything that `runs_frame` takes. Runs that have not ended are known to have gone on
            until their `fetched_at`; those that nobody fetched, until the latest moment known of
            the table.
        by: a column, a Series under the index of the runs (`runs["created_at"].dt.hour`), or
            several of these; rows without a value there are a group too.
        freq: the length of periods, such as `1h`, `1D` or `7D`: a row for each period in which runs
            were created and for the empty ones between them. Periods are of UTC, and those of weeks
            begin with a Monday.
        within: a time after the start, as seconds, a timedelta or a text such as `5m`: how many
            runs end within it is in three more columns.
        names: labels for the ids of deployments and versions, as from `client.names()`; an id
            without a label stays, and a label that several share is followed by the id.

    Returns:
        One row per group, one in all without `by`, with a fresh index: the columns of `by` (labels
        in place of ids), `version_number` beside `version_id` where the frame has it, with `freq`
        the first moment of the `period` (NA: runs without a created_at), and

        - n, and of them succeeded, failed, cancelled, timed_out, not_ended, not_fetched, no_status,
          unknown_status;
        - success_rate: succeeded / (succeeded + failed + timed_out), with Wilson's 95 % interval;
        - before_start_p50, before_start_p90: seconds from created to started;
        - after_start_p50 with its 95 % interval, after_start_p90: seconds from started to
          completed, whatever the outcome. Both by Kaplan-Meier: what has not ended is censored,
          services always; an interval without its upper end is open, since too few have ended to
          bound it;
        - with `within` also within, within_low, within_high: the share of runs that end within that
          time after their start, whatever the outcome, by Kaplan-Meier with its 95 % interval; NA
          where no run was watched that long;
        - notes: why a number is missing (`too few`, `not reached`), the names of what could not be
          counted, and how many runs stand more than once.

    Raises:
        SchemaError: there is no such column, or a Series is not of these runs.
        SettingsError: `names` is no mapping of texts to texts; `freq` is no length of a second at
            least, or there would be more than 500,000 rows; `within` is no length of time.

    Example:
        >>> table = arn.summarize(runs, by="deployment_id", names=client.names())
        >>> table[["deployment_id", "n", "success_rate"]]
          deployment_id    n  success_rate
        ...
    """
    # Asked for at once, so that no small table passes where a larger one would not.
    scipy_stats()
    runs = runs_frame(runs)
    length = None if freq is None else read_freq(freq)
    limit = read_span("within", within)
    dtypes = _DTYPES if limit is None else _DTYPES_WITHIN
    taken = dtypes if length is None else [*dtypes, PERIOD]
    runs, columns = with_groups(runs, by, taken, names)
    if length is not None:
        runs = runs.assign(**{PERIOD: periods(runs["created_at"], length)})
        columns.append(PERIOD)
    horizon = last_moment(runs)
    groups = _places(runs, columns)
    if "version_id" in columns and "version_number" in runs and "version_number" not in columns:
        columns.insert(columns.index("version_id") + 1, "version_number")
    firsts = [places[0] for places in groups if len(places)]
    keys = runs[columns].iloc[firsts].reset_index(drop=True)
    words = outcomes(runs).to_numpy("object")
    repeated = repeated_keys(runs).to_numpy("int64", na_value=-1)
    queues, spans = (times(runs, horizon).of_groups(groups) for times in (queue_times, run_times))
    rows = [
        _row(Counter(words[places]), queue, run, repeated[places])
        for places, queue, run in zip(groups, queues, spans, strict=True)
    ]
    if limit is not None:
        for row, run in zip(rows, spans, strict=True):
            found = share_within(run, limit)
            row |= zip(_WITHIN, (found.value, found.low, found.high), strict=True)
    table = keys.join(pd.DataFrame(rows, columns=list(dtypes)).astype(dtypes), how="right")
    if length is None:
        return table
    columns.remove(PERIOD)
    whole = with_empty_periods(table, columns, length)
    counts = dict.fromkeys(_COUNTS, 0)
    return whole.fillna(counts | {"notes": "no runs"})


def _places(runs: pd.DataFrame, columns: list[str]) -> list[NDArray[np.intp]]:
    """The places of the runs of each group, groups in the order of their values."""
    if not columns:
        return [np.arange(len(runs))]
    # By values and not by names, which an index may bear too.
    values = [runs[column] for column in columns]
    numbers = runs.groupby(values, dropna=False, observed=True).ngroup().to_numpy()
    by_group = np.argsort(numbers, kind="stable")
    edges = np.flatnonzero(np.diff(numbers[by_group])) + 1
    return np.split(by_group, edges) if len(runs) else []


def _row(
    words: Counter[str], queue: Times, run: Times, repeated: NDArray[np.int64]
) -> dict[str, Any]:
    """The values of one group, by their columns."""
    others = {word: count for word, count in words.most_common() if word not in STATUSES}
    judged = sum(words[status] for status in JUDGED)
    success = rate(words["succeeded"], judged)
    waits = quantiles(queue, 0.5, 0.9)
    spans = quantiles(run, 0.5, 0.9)
    row: dict[str, Any] = {"n": words.total()}
    row |= {status: words[status] for status in _ENDED}
    row["not_ended"] = sum(words[status] for status in STATUSES if status not in TERMINAL)
    for column, kind in _UNKNOWN_KINDS.items():
        counts = [count for word, count in others.items() if word.startswith(kind)]
        row[column] = sum(counts)
    row |= zip(_RATES, (success.value, success.low, success.high), strict=True)
    row["before_start_p50"], row["before_start_p90"] = (wait.value for wait in waits)
    median, late = spans
    row["after_start_p50"] = median.value
    row["after_start_p50_low"] = median.low
    row["after_start_p50_high"] = median.high
    row["after_start_p90"] = late.value
    notes: list[str] = []
    if not success.n:
        notes.append("success rate: none succeeded or failed")
    notes += _remarks("before_start", queue, waits)
    notes += _remarks("after_start", run, spans)
    notes += [f"{word}: {count}" for word, count in others.items()]
    notes += repeated_count_notes(len(np.unique(repeated[repeated >= 0])))
    row["notes"] = "; ".join(notes)
    return row


def _remarks(name: str, times: Times, found: list[Estimate]) -> Iterator[str]:
    ended, words = int(times.ended.sum()), name.replace("_", " ")
    seen = f"{ended} of {len(times.seconds)} seen to the end"
    if ended < TOO_FEW:
        yield f"{words}: too few ({seen})"
    else:
        for place, estimate in zip(("p50", "p90"), found, strict=True):
            if isnan(estimate.value):
                yield f"{name}_{place} not reached ({seen})"
    if times.unreadable:
        yield f"{words}: {times.unreadable} without readable times"
