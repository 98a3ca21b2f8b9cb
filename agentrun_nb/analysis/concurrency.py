"""Counts how many runs waited and ran at each moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.analysis.outcomes import count_repeated, key_digests, left_out, outcomes
from agentrun_nb.core.schema import STATUSES, TERMINAL, WAITING
from agentrun_nb.files.many_runs import ManyRuns, count_parts, opened
from agentrun_nb.files.parts import RunsFolder
from agentrun_nb.tables.chunks import report_of_parts
from agentrun_nb.tables.moments import YEAR_9999, ZERO_TIMES
from agentrun_nb.tables.report import FetchReport, fetch_report

ATTRS = "agentrun_nb_left_out"
"""The key in `attrs` of the runs that could not be counted, by the reason."""

REPEATED = "agentrun_nb_repeated"
"""The key in `attrs` of the number of runs that stand in the frame more than once."""

LOWER_BOUND = "agentrun_nb_lower_bound"
"""The key in `attrs` of the time in which counts are lower bounds, for lack of older runs."""

_COUNTS = ("waiting", "running", "undivided")
_NEEDED = (
    "id", "deployment_id", "status", "created_at", "started_at", "completed_at", "fetch_error",
)  # fmt: skip
"""The columns that are read."""

Micros = NDArray[np.int64]
Mask = NDArray[np.bool_]

_NONE = np.iinfo("int64").min
"""Stands for a time that is not recorded."""
_OPEN = np.iinfo("int64").max
"""Stands for a time that has not come."""
_LATEST = int(np.datetime64("9999-12-31T23:59:59", "us").astype("int64"))
"""The last second that an ISO time of four digits for the year can say."""


def concurrency(runs: ManyRuns) -> pd.DataFrame:
    """Counts the runs that waited and that ran at each moment, from the timestamps of the records.

    A run waits from `created_at` until `started_at` and runs from there until `completed_at`; the
    end is not part of either. One that has not ended is counted to the end of the table. Where no
    start is recorded, and the status does not say that the run still waits, it counts as undivided:
    how much of its time was waiting is not known.

    Args:
        runs: anything that `runs_frame` takes, and as for `summarize` what does not fit in memory.

    Returns:
        One row for each moment that a timestamp names, in order, with a fresh index: `at` (UTC),
        and `waiting`, `running` and `undivided` (Int64), which hold from that moment until the
        next. `attrs["agentrun_nb_left_out"]` counts the runs that are in no row, by the reason: no
        known status, no creation or end recorded, times out of order. The most frequent reason is
        the first, and equally frequent ones are in the order of their names.
        `attrs["agentrun_nb_repeated"]` counts the runs that stand more than once; each of their
        rows is counted.

        Where the frame was listed with `since=`, or the listing was cut, the counts at the left
        edge are lower bounds: runs that were created before and still went on are not in it. Then
        `attrs["agentrun_nb_lower_bound"]` holds two ISO times: `from` that moment, and `until` so
        long after it as the longest run here went on. Of longer ones nothing is known.

    Example:
        >>> arn.concurrency(runs)["running"].max()
        np.int64(2)
    """
    runs = opened(runs)
    report = runs.report if isinstance(runs, RunsFolder) else None
    changes = count_parts(runs, _NEEDED, _Changes.of, _combined)
    table = changes.table()
    uncounted = (changes.left_out + changes.misplaced).items()
    table.attrs[ATTRS] = dict(sorted(uncounted, key=lambda item: (-item[1], item[0])))
    table.attrs[REPEATED] = count_repeated(changes.keys)
    edge = _left_edge(report or report_of_parts(changes.reports), changes.first)
    if edge is not None:
        until = min(edge + changes.longest(edge), _LATEST)
        table.attrs[LOWER_BOUND] = {"from": _iso(edge), "until": _iso(until)}
    return table


@dataclass(frozen=True)
class _Changes:
    """What is counted of some runs, and can be added to what is counted of others.

    Times are in microseconds since the epoch.

    Attributes:
        counts: under every moment at which a timestamp lies, in order, by how much `waiting`,
            `running` and `undivided` change there.
        left_out: how many runs have no documented status, by the reason.
        misplaced: how many others cannot be placed, by the reason.
        keys: the digests of the keys of the runs.
        first: when the first run that is counted was created; None without one.
        first_open: when the first of those that go on was.
        longest_ended: how long the longest of those that ended went on.
        reports: the fetch reports of the tables.
    """

    counts: pd.DataFrame
    left_out: Counter[str]
    misplaced: Counter[str]
    keys: NDArray[np.uint64]
    first: int | None
    first_open: int | None
    longest_ended: int
    reports: tuple[FetchReport, ...]

    @classmethod
    def of(cls, runs: pd.DataFrame) -> _Changes:
        """Counts the runs of a RUNS table."""
        all_outcomes = outcomes(runs)
        phases = _Phases.of(runs, all_outcomes)
        created, ends = phases.created[phases.placed], phases.ends[phases.placed]
        has_ended = ends != _OPEN
        lengths = (ends - created)[has_ended]
        _, keys = key_digests(runs)
        return cls(
            counts=phases.changes(),
            left_out=Counter(left_out(all_outcomes)),
            misplaced=Counter(phases.reasons()),
            keys=keys,
            first=_least(created),
            first_open=_least(created[~has_ended]),
            longest_ended=int(lengths.max(initial=0)),
            reports=(fetch_report(runs),),
        )

    def table(self) -> pd.DataFrame:
        """How many runs wait, run, and of how many neither is known, at every moment."""
        moments = self.counts.index.to_numpy("int64")
        at = pd.DatetimeIndex(moments.view("datetime64[us]")).tz_localize("UTC")
        counts = self.counts.cumsum().reset_index(drop=True).astype("Int64")
        counts.insert(0, "at", at)
        return counts

    def longest(self, edge: int) -> int:
        """Returns how long the longest run went on, as far as it was seen.

        Args:
            edge: until when runs were seen, where no moment is known.
        """
        if self.first_open is None:
            return self.longest_ended
        moments = self.counts.index.to_numpy("int64")
        last = int(moments.max(initial=edge))
        return max(self.longest_ended, last - self.first_open)


def _least(moments: Micros) -> int | None:
    return int(moments.min()) if len(moments) else None


def _combined(parts: Sequence[_Changes]) -> _Changes:
    """Adds up what was counted of several tables."""
    counts = pd.concat([part.counts for part in parts])
    firsts = [part.first for part in parts if part.first is not None]
    firsts_open = [part.first_open for part in parts if part.first_open is not None]
    left_out: Counter[str] = Counter()
    misplaced: Counter[str] = Counter()
    reports: list[FetchReport] = []
    for part in parts:
        left_out += part.left_out
        misplaced += part.misplaced
        reports += part.reports
    return _Changes(
        counts=counts.groupby(level=0).sum(),
        left_out=left_out,
        misplaced=misplaced,
        keys=np.concatenate([part.keys for part in parts]),
        first=min(firsts, default=None),
        first_open=min(firsts_open, default=None),
        longest_ended=max(part.longest_ended for part in parts),
        reports=tuple(reports),
    )


@dataclass(frozen=True)
class _Phases:
    """When runs began to wait, began to run and ended, in microseconds since the epoch.

    Attributes:
        created: when each run was created.
        middle: when it began to run. Where that is not known, it is when it was created, and
            `_OPEN` while it waits.
        ends: when it ended; `_OPEN` while it goes on.
        begun: whether its start is recorded.
        known: whether its status is documented.
        complete: whether, besides, its creation and its end are recorded.
        placed: whether, besides, its times are in order.
    """

    created: Micros
    middle: Micros
    ends: Micros
    begun: Mask
    known: Mask
    complete: Mask
    placed: Mask

    @classmethod
    def of(cls, runs: pd.DataFrame, all_outcomes: pd.Series[Any]) -> _Phases:
        """Reads the times of a RUNS table, whose outcomes are given beside it."""
        created = _micros(runs["created_at"])
        started = _micros(runs["started_at"])
        completed = _micros(runs["completed_at"])
        known = all_outcomes.isin(STATUSES).to_numpy()
        has_ended = all_outcomes.isin(TERMINAL)
        waits = all_outcomes.isin(WAITING)
        begun = started != _NONE
        ends = np.where(has_ended, completed, _OPEN)
        middle_without_start = np.where(waits, _OPEN, created)
        middle = np.where(begun, started, middle_without_start)
        complete = known & (created != _NONE) & (ends != _NONE)
        placed = complete & (created <= middle) & (middle <= ends)
        return cls(
            created=created,
            middle=middle,
            ends=ends,
            begun=begun,
            known=known,
            complete=complete,
            placed=placed,
        )

    def reasons(self) -> dict[str, int]:
        """Counts the runs of a documented status that cannot be placed, by the reason."""
        incomplete = int((self.known & ~self.complete).sum())
        not_in_order = int((self.complete & ~self.placed).sum())
        counts = {"no creation or end recorded": incomplete, "times out of order": not_in_order}
        return {reason: count for reason, count in counts.items() if count}

    def changes(self) -> pd.DataFrame:
        """Counts by how much each count changes at every moment that a timestamp names."""
        begun = self.placed & self.begun
        undivided = self.placed & ~self.begun
        created, starts = self.created[self.placed], self.middle[self.placed]
        changes = [*_spans("waiting", created, starts)]
        changes += _spans("running", self.middle[begun], self.ends[begun])
        changes += _spans("undivided", self.middle[undivided], self.ends[undivided])
        table = pd.concat(changes).reindex(columns=[*_COUNTS])
        # What has not come changes nothing yet.
        table = table[table.index != _OPEN]
        return table.fillna(0).astype("int64").groupby(level=0).sum()


def _spans(count: str, begins: Micros, ends: Micros) -> Iterator[pd.DataFrame]:
    """By how much a count changes where spans of time begin and end."""
    for moments, amount in ((begins, 1), (ends, -1)):
        at, runs = np.unique(moments, return_counts=True)
        yield pd.DataFrame({count: amount * runs}, index=at)


def _left_edge(report: FetchReport, first: int | None) -> int | None:
    """Finds the moment before which no run of the table can have been created.

    Args:
        report: the fetch report of the table.
        first: when the first of its runs was created; None without one.

    Returns:
        The moment; None where all runs that there are may be in the table.
    """
    if report.since is not None:
        since = report.since.astimezone(UTC).replace(tzinfo=None)
        return int(np.datetime64(since, "us").astype("int64"))
    reasons = (report.truncated_by or "").split(", ")
    # Runs that were asked for by their ids are no listing, whatever did not come of them.
    was_listed = report.asked is None or report.pages > 0 or "limit" in reasons
    return first if was_listed and report.truncated_by is not None else None


def _iso(micros: int) -> str:
    return f"{np.datetime64(micros, 'us')}Z"


def _micros(moments: pd.Series[Any]) -> Micros:
    """Converts times to microseconds since the epoch; `_NONE` where none is recorded.

    What programs write for a time that has not come or will never come is none either.
    """
    naive = moments.dt.tz_localize(None).to_numpy("datetime64[us]")
    # The number of NaT is the least one, which is `_NONE`.
    micros = naive.view("int64")
    is_zero = np.isin(micros, [int(moment * 1_000) for moment in ZERO_TIMES])
    found: Micros = np.where(is_zero | (micros >= int(YEAR_9999 * 1_000)), _NONE, micros)
    return found
