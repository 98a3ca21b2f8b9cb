"""Counts runs by groups: how many there are, how they ended and how long they took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from math import isnan
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.analysis.bounded import bounded_quantiles, bounded_share_within
from agentrun_nb.analysis.estimates import TOO_FEW, rate, scipy_special
from agentrun_nb.analysis.group_tallies import (
    NUMBER,
    Question,
    count_groups,
    lengths_by_group,
    repeated_by_group,
    waits_by_group,
)
from agentrun_nb.analysis.groups import By, as_list
from agentrun_nb.analysis.outcomes import JUDGED, repeated_count_notes
from agentrun_nb.analysis.periods import PERIOD, read_freq, with_empty_periods
from agentrun_nb.analysis.phase_lengths import AFTER_START, BEFORE_START, Lengths, check_phase
from agentrun_nb.analysis.survival import quantile_values
from agentrun_nb.analysis.tallies import Tallies
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import STATUSES, TERMINAL
from agentrun_nb.core.when import Span, read_span
from agentrun_nb.files.many_runs import ManyRuns
from agentrun_nb.tables.labels import Names, read_names

_ENDED = tuple(status for status in STATUSES if status in TERMINAL)
_COUNTS = ("n", *_ENDED, "not_ended", "not_fetched", "no_status", "unknown_status")
_UNKNOWN_KINDS = {
    "not_fetched": "not fetched", "no_status": "no status", "unknown_status": "unknown status",
}  # fmt: skip
"""Columns that count runs without a documented status, and how their outcomes begin."""
_RATES = ("success_rate", "success_low", "success_high")
_WAITS = (f"{BEFORE_START}_p50", f"{BEFORE_START}_p90")
_LATE = {"p90": 0.9, "p95": 0.95, "p99": 0.99}
"""The late quantiles of what is measured, and their shares."""
_QUANTILES = ("p50", "p50_low", "p50_high", *_LATE)
_WITHIN = ("within", "within_low", "within_high")


def summarize(
    runs: ManyRuns,
    by: By = None,
    *,
    freq: str | timedelta | None = None,
    within: Span | None = None,
    phase: str | None = None,
    phases: pd.DataFrame | None = None,
    names: Names = None,
) -> pd.DataFrame:
    """Counts, success rate and times of groups of runs.

    Args:
        runs: anything that `runs_frame` takes. Where they do not fit in memory: frames one after
            another, such as those of `client.iter_runs()`; a folder that `save` has written, or a
            frame of `arn.dask.read`, of which no more columns are read than are needed. The numbers
            are those of one frame. Runs that have not ended are known to have gone on until their
            `fetched_at`; those that nobody fetched, until the latest moment known of the table.
        by: a column, a Series under the index of the runs (`runs["created_at"].dt.hour`), or
            several of these; rows without a value there are a group too. For a Series, and for
            phases that no timestamps bound, all runs are read into one frame.
        freq: the length of periods, such as `1h`, `1D` or `7D`: a row for each period in which runs
            were created and for the empty ones between them. Periods are of UTC, and those of weeks
            begin with a Monday.
        within: a time after the start, as seconds, a timedelta or a text such as `5m`: how many
            runs end within it is in three more columns.
        phase: the phase whose length is measured in place of the time after the start, such as
            `running`: the recorded time after the start contains the installation. One of
            `phases`, or a status that a run goes on in.
        phases: the PHASES table of the runs, such as `arn.phases(runs, logs, events=...)`; None:
            what their timestamps say and the looks of this process at them (as from
            `client.watch`), which see a status only while somebody looks.
        names: labels for the ids of deployments and versions, as from `client.names()`; an id
            without a label stays, and a label that several share is followed by the id.

    Returns:
        One row per group, one in all without `by`, with a fresh index:

        - the columns of `by` (labels in place of ids), and `version_number` beside `version_id`
          where the frame has it;
        - with `freq` the first moment of the `period`; NA: runs without a created_at;
        - n, and of them succeeded, failed, cancelled, timed_out, not_ended, not_fetched, no_status,
          unknown_status;
        - success_rate: succeeded / (succeeded + failed + timed_out), with its 95 % interval from
          success_low to success_high;
        - before_start_p50, before_start_p90: seconds from created to started;
        - after_start_p50 with its 95 % interval, after_start_p90, after_start_p95, after_start_p99:
          seconds from started to completed, whatever the outcome. Both by Kaplan-Meier: what has
          not ended is censored, services always. An interval without its upper end is open;
        - with `phase="running"`, in place of after_start_*: running_p50 with its interval to
          running_p99, and running_known: of how many runs the phase is known, by logs before looks
          before timestamps. A run that was in it several times counts once, with all of them
          together; a phase of which nobody saw the end is censored;
        - with `within`: within, within_low, within_high: the share of runs that end within that
          time after their start (with `phase`: whose phase ends within it), whatever the outcome;
          NA where no run was watched that long;
        - notes: why a number is missing (`too few`, `not reached`), the names of what could not be
          counted, and how many runs stand more than once.

        The documentation's page *Which statistics, and why* says how each is computed.

    Raises:
        SchemaError: there is no such column, a Series is not of these runs, or `phases` is no such
            table.
        DataError: no run here was in that phase.
        SettingsError: `names` is no mapping of texts to texts; `freq` is no length of a second at
            least, or there would be more than 500,000 rows; `within` is no length of time; `phase`
            is no text.

    Example:
        >>> table = arn.summarize(runs, by="deployment_id", names=client.names())
        >>> table[["deployment_id", "n", "success_rate"]]
          deployment_id    n  success_rate
        ...
        >>> arn.summarize(client.iter_runs(chunk=100))["n"].tolist()
        [302]
        >>> phases = arn.phases(run, client.get_logs(run), events=arn.local.EVENTS)
        >>> arn.summarize(run, phase="installing", phases=phases)["installing_known"].tolist()
        [1]
    """
    # Asked for at once, so that no small table passes where a larger one would not.
    scipy_special()
    check_phase(phase, phases)
    read_names(names)
    length = None if freq is None else read_freq(freq)
    limit = read_span("within", within)
    dtypes = _dtypes(phase, has_limit=limit is not None)
    taken = [*dtypes] if length is None else [*dtypes, PERIOD]
    question = Question(tuple(as_list(by)), length, phase, phases, tuple(taken))
    tallies = count_groups(runs, question, names)
    rows = _rows(tallies, phase, limit)
    columns = list(tallies.keys)
    if NUMBER in tallies.groups and NUMBER not in columns:
        columns.insert(columns.index("version_id") + 1, NUMBER)
    table = pd.DataFrame(rows, columns=list(dtypes)).astype(dtypes)
    table = tallies.groups[columns].join(table, how="right")
    if length is None:
        return table
    columns.remove(PERIOD)
    whole = with_empty_periods(table, columns, length)
    counts = {name: 0 for name, kind in dtypes.items() if kind == "Int64"}
    return whole.fillna(counts | {"notes": "no runs"})


def _rows(tallies: Tallies, phase: str | None, limit: float | None) -> list[dict[str, Any]]:
    """The values of each group by their columns.

    Args:
        tallies: what was counted of the runs.
        phase: the phase that was measured; None: after the start.
        limit: the time within which runs may have ended, in seconds; None: none was given.
    """
    # All of the lengths are let go of before those of the waits are there.
    rows = [
        _row(found, phase, lengths, repeated, limit)
        for found, lengths, repeated in zip(
            tallies.by_group("outcomes"),
            lengths_by_group(tallies, phase),
            repeated_by_group(tallies),
            strict=True,
        )
    ]
    if phase != BEFORE_START:
        for row, waits in zip(rows, waits_by_group(tallies), strict=True):
            _add_waits(row, waits)
    for row in rows:
        row["notes"] = "; ".join(row["notes"])
    return rows


def _dtypes(phase: str | None, has_limit: bool) -> dict[str, str]:
    """The dtypes of the columns that are not those of groups, in their order."""
    name = AFTER_START if phase is None else phase
    # Where the time before the start is what is measured, it is not told twice.
    waits = () if name == BEFORE_START else _WAITS
    lengths = [f"{name}_{quantile}" for quantile in _QUANTILES]
    dtypes = dict.fromkeys(_COUNTS, "Int64")
    dtypes |= dict.fromkeys([*_RATES, *waits, *lengths], "Float64")
    if phase is not None:
        dtypes[f"{phase}_known"] = "Int64"
    if has_limit:
        dtypes |= dict.fromkeys(_WITHIN, "Float64")
    return dtypes | {"notes": TEXT}


def _row(
    found: dict[str, NDArray[Any]],
    phase: str | None,
    lengths: Lengths,
    repeated: int,
    limit: float | None,
) -> dict[str, Any]:
    """The values of one group by their columns, its notes as a list.

    Args:
        found: its outcomes, and how many runs have each.
        phase: the phase that was measured; None: after the start.
        lengths: how long its runs were in it.
        repeated: how many of its runs stand more than once.
        limit: the time within which runs may have ended, in seconds; None: none was given.
    """
    words = Counter(dict(zip(found["outcome"], found["n"].tolist(), strict=True)))
    others = {word: count for word, count in words.most_common() if word not in STATUSES}
    judged = sum(words[status] for status in JUDGED)
    success = rate(words["succeeded"], judged)
    row: dict[str, Any] = {"n": words.total()}
    row |= {status: words[status] for status in _ENDED}
    row["not_ended"] = sum(words[status] for status in STATUSES if status not in TERMINAL)
    for column, kind in _UNKNOWN_KINDS.items():
        counts = [count for word, count in others.items() if word.startswith(kind)]
        row[column] = sum(counts)
    row |= zip(_RATES, (success.value, success.low, success.high), strict=True)
    name = AFTER_START if phase is None else phase
    [median] = bounded_quantiles(lengths, 0.5)
    late = quantile_values(lengths.middle, *_LATE.values())
    row[f"{name}_p50"] = median.value
    row[f"{name}_p50_low"] = median.low
    row[f"{name}_p50_high"] = median.high
    for place, value in zip(_LATE, late, strict=True):
        row[f"{name}_{place}"] = value
    row[f"{name}_known"] = lengths.count_known()
    if limit is not None:
        share = bounded_share_within(lengths, limit)
        row |= zip(_WITHIN, (share.value, share.low, share.high), strict=True)
    notes: list[str] = []
    if not success.n:
        notes.append("success rate: none succeeded or failed")
    notes += lengths.known_notes()
    notes += _remarks(name, lengths, [median.value, *late])
    notes += [f"{word}: {count}" for word, count in others.items()]
    notes += repeated_count_notes(repeated)
    row["notes"] = notes
    return row


def _add_waits(row: dict[str, Any], waits: Lengths) -> None:
    """Adds the times before the start to the values of a group."""
    found = quantile_values(waits.middle, 0.5, 0.9)
    row |= zip(_WAITS, found, strict=True)
    row["notes"] += _remarks(BEFORE_START, waits, found)


def _remarks(name: str, lengths: Lengths, found: list[float]) -> Iterator[str]:
    """Why a number is missing, of the median and of the late quantiles."""
    times = lengths.middle
    ended, words = times.ends, name.replace("_", " ")
    seen = f"{ended} of {times.n} seen to the end"
    if ended < TOO_FEW:
        yield f"{words}: too few ({seen})"
    else:
        for place, value in zip(("p50", *_LATE), found, strict=False):
            if isnan(value):
                yield f"{name}_{place} not reached ({seen})"
    if times.unreadable:
        yield f"{words}: {times.unreadable} without readable times"
