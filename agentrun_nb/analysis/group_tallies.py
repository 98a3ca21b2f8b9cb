"""Counts outcomes and lengths of runs by group, in a form that can be added up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.analysis.censored_times import Times
from agentrun_nb.analysis.groups import group_values
from agentrun_nb.analysis.outcomes import OutcomeCodes, key_digests
from agentrun_nb.analysis.periods import PERIOD, periods
from agentrun_nb.analysis.phase_lengths import (
    AFTER_START,
    BEFORE_START,
    Lengths,
    measure,
    words_of,
)
from agentrun_nb.analysis.tallies import (
    GROUP,
    N,
    Tallies,
    combine,
    count_equal,
    in_order,
    numbered,
)
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import RUNS
from agentrun_nb.files.many_runs import (
    ManyRuns,
    check_known_columns,
    count_parts,
    opened,
    whole_table,
)
from agentrun_nb.tables.frames import check_columns
from agentrun_nb.tables.labels import Names, with_labels
from agentrun_nb.tables.moments import last_moment
from agentrun_nb.tables.report import without_attrs

NUMBER = "version_number"
"""The column that stands beside `version_id` where runs have it."""

_NEEDED = (
    "id", "deployment_id", "mode", "status", "created_at", "updated_at", "started_at",
    "completed_at", "fetch_error", "fetched_at",
)  # fmt: skip
"""The columns that are read whatever is asked."""
_DOCUMENTS = {column.name for column in RUNS.columns if column.kind == "json"}

_LENGTHS, _WAITS = "lengths", "waits"
"""What is measured: the length of the phase, and the time before the start."""
_KEYS, _REPEATED = "keys", "repeated keys"
"""The digests of the keys of all runs, and how many of them stand more than once."""


@dataclass(frozen=True)
class Question:
    """By what runs are grouped, and what is measured of them.

    Attributes:
        by: the columns and Series that they are grouped by.
        length: that of periods; None: none are told apart.
        phase: the phase that is measured; None: after the start.
        phases: the PHASES table of the runs; None: none was given.
        taken: the names of the columns that the result has besides.
    """

    by: tuple[Any, ...]
    length: pd.Timedelta | None = None
    phase: str | None = None
    phases: pd.DataFrame | None = None
    taken: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """The columns by which runs are grouped."""
        return [part for part in self.by if isinstance(part, str)]

    @property
    def needs_whole(self) -> bool:
        """Whether no part can be counted apart from the others.

        A Series belongs to the index of one table, and of the rows of one run the newest says what
        its phases were.
        """
        has_series = len(self.columns) < len(self.by)
        of_timestamps = self.phase in (None, AFTER_START, BEFORE_START)
        return has_series or self.phases is not None or not of_timestamps

    def needed(self) -> list[str]:
        """The columns of runs that are read."""
        numbers = [NUMBER] if "version_id" in self.columns else []
        of_phases = set(RUNS.names) - _DOCUMENTS if self.needs_whole else set()
        return list(dict.fromkeys([*_NEEDED, *self.columns, *numbers, *of_phases]))


def count_groups(runs: ManyRuns, question: Question, names: Names) -> Tallies:
    """Counts runs by groups, which are in the order of their values.

    Args:
        runs: what holds the runs.
        question: what is counted.
        names: labels for the ids of deployments and versions by which they are grouped.

    Raises:
        SchemaError: there is no such column, or a Series is not of these runs.
    """
    runs = opened(runs)
    check_known_columns(runs, question.columns)
    if question.needs_whole:
        found = _count(whole_table(runs, question.needed()), question)
    else:
        found = count_parts(runs, question.needed(), lambda part: _count(part, question), combine)
    check_columns(pd.DataFrame(columns=[*found.columns]), question.columns)
    # Only now: whether groups share a label is seen when all of them are there.
    groups = with_labels(found.groups, names, found.keys)
    numbers = in_order(groups[[*found.keys]])
    _, firsts = np.unique(numbers, return_index=True)
    found = found.with_groups(groups.iloc[firsts].reset_index(drop=True), numbers)
    return _with_keys_counted(found)


def _count(runs: pd.DataFrame, question: Question) -> Tallies:
    """Counts the runs of a RUNS table."""
    # pandas would copy the report, which is not needed, with every column that is read.
    runs = without_attrs(runs)
    by = [part for part in question.by if not isinstance(part, str) or part in runs]
    values = group_values(runs, by, question.taken)
    keys = list(values) if len(by) == len(question.by) else question.columns
    if question.length is not None:
        values[PERIOD] = periods(runs["created_at"], question.length)
        keys.append(PERIOD)
    numbers, firsts = numbered(values)
    group = numbers.astype("int32")
    groups = values.iloc[firsts].reset_index(drop=True)
    if not keys:
        # Without a column all runs are one group, even where there is none.
        groups = pd.DataFrame(index=range(1))
    if "version_id" in values and NUMBER in runs and NUMBER not in values:
        groups[NUMBER] = runs[NUMBER].iloc[firsts].array
    latest = last_moment(runs)
    found = OutcomeCodes.of(runs)
    measured = {_LENGTHS: measure(runs, question.phase, question.phases, latest, found)}
    if question.phase != BEFORE_START:
        measured[_WAITS] = measure(runs, BEFORE_START, latest=latest, found=found)
    counts = {}
    measures = {_KEYS: [_keys(runs, group)]}
    for name, lengths in measured.items():
        counts[f"{name} unreadable"] = pd.DataFrame({GROUP: group[_unreadable(lengths.middle)]})
        measures[name] = [_rows_of_lengths(lengths, group)]
        measures[f"{name} going on"] = [_rows_going_on(lengths.middle, group)]
        if lengths.kinds is not None and name == _LENGTHS:
            counts[f"{name} known"] = pd.DataFrame({GROUP: group, "kind": lengths.kinds})
    return Tallies(
        groups,
        tuple(dict.fromkeys(keys)),
        {
            "outcomes": _count_outcomes(found, group),
            **{name: count_equal(table) for name, table in counts.items()},
        },
        measures,
        latest,
        tuple(runs.columns),
    )


def _count_outcomes(found: OutcomeCodes, group: NDArray[np.int32]) -> pd.DataFrame:
    """Counts the outcomes of the runs in each group."""
    # A number for each pair of a group and an outcome is counted much faster than the pairs.
    many = max(len(found.words), 1)
    pairs = group.astype("intp") * many
    pairs += found.codes
    numbers, uniques = pd.factorize(pairs)
    groups, codes = np.divmod(uniques, many)
    words = pd.Series(found.words, dtype=TEXT)
    return pd.DataFrame(
        {
            GROUP: groups.astype("int32"),
            "outcome": words[codes].array,
            N: np.bincount(numbers, minlength=len(uniques)),
        }
    )


def _unreadable(times: Times) -> NDArray[np.bool_]:
    known, due = _arrays(times)
    return due & ~known


def _arrays(times: Times) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which runs of the table have a time, and which should have one."""
    if times.known is None or times.due is None:
        raise ValueError("these times do not know which runs they are of")
    return times.known, times.due


def _rows_of_lengths(lengths: Lengths, group: NDArray[np.int32]) -> pd.DataFrame:
    """A row for each length that does not depend on the latest moment of all runs."""
    times = lengths.middle
    known, _ = _arrays(times)
    table = pd.DataFrame({GROUP: group[known], "middle": times.seconds, "ended": times.ended})
    if not lengths.is_exact:
        table = table.assign(least=lengths.least.seconds, greatest=lengths.greatest.seconds)
    return table if times.since is None else table[np.isnan(times.since)]


def _rows_going_on(times: Times, group: NDArray[np.int32]) -> pd.DataFrame:
    """A row for each run that goes on until the latest moment of all runs, with its start."""
    known, _ = _arrays(times)
    since = np.full(len(times.seconds), np.nan) if times.since is None else times.since
    goes_on = ~np.isnan(since)
    return pd.DataFrame({GROUP: group[known][goes_on], "since": since[goes_on]})


def _keys(runs: pd.DataFrame, group: NDArray[np.int32]) -> pd.DataFrame:
    """The group and the digest of the key of each run that has one."""
    has_key, digests = key_digests(runs)
    return pd.DataFrame({GROUP: group[has_key], "key": digests})


def _with_keys_counted(tallies: Tallies) -> Tallies:
    """Counts the keys that stand more than once in the whole table, and forgets the keys.

    They take as much memory as the lengths do.
    """
    measures = {name: pieces for name, pieces in tallies.measures.items() if name != _KEYS}
    groups = np.arange(len(tallies.groups))
    repeated = pd.DataFrame({GROUP: groups, N: _count_repeated(tallies, len(groups))})
    return replace(tallies, counts={**tallies.counts, _REPEATED: repeated}, measures=measures)


def _count_repeated(tallies: Tallies, groups: int) -> NDArray[np.int64]:
    """Counts for each group the keys that stand more than once."""
    pieces = tallies.measures[_KEYS]
    if not any(N in piece for piece in pieces):
        keys = np.concatenate([piece["key"] for piece in pieces])
        keys.sort()
        if not (keys[1:] == keys[:-1]).any():
            return np.zeros(groups, "int64")
    pairs = count_equal(tallies.measure(_KEYS))
    total = pairs.groupby("key")[N].transform("sum")
    return np.bincount(pairs[GROUP][total > 1], minlength=groups)


def repeated_by_group(tallies: Tallies) -> list[int]:
    """How many keys of each group stand more than once in the whole table."""
    counts: list[int] = tallies.counts[_REPEATED][N].tolist()
    return counts


def lengths_by_group(tallies: Tallies, phase: str | None) -> list[Lengths]:
    """The lengths of a phase in each group.

    Args:
        tallies: what was counted with that phase in question.
        phase: the phase; None: after the start.
    """
    return _lengths(tallies, _LENGTHS, words_of(phase))


def waits_by_group(tallies: Tallies) -> list[Lengths]:
    """The times before the start in each group."""
    return _lengths(tallies, _WAITS, words_of(BEFORE_START))


def _lengths(tallies: Tallies, name: str, words: str) -> list[Lengths]:
    kinds: list[Any] = [None] * len(tallies.groups)
    if f"{name} known" in tallies.counts:
        kinds = [np.repeat(rows["kind"], rows[N]) for rows in tallies.by_group(f"{name} known")]
    parts = zip(
        tallies.by_group(name),
        tallies.by_group(f"{name} going on"),
        tallies.by_group(f"{name} unreadable"),
        kinds,
        strict=True,
    )
    latest = np.rint(tallies.latest * 1_000)
    found = []
    for rows, going_on, unreadable, known in parts:
        since = going_on["since"]
        last = (np.fmax(latest, since) - since) / 1e6
        least, middle, greatest = (
            _times(rows, column, going_on, last, int(unreadable[N].sum()))
            for column in ("least", "middle", "greatest")
        )
        if "least" not in rows:
            least = greatest = middle
        found.append(Lengths(words, least, middle, greatest, known))
    return found


def _times(
    rows: dict[str, NDArray[Any]],
    column: str,
    going_on: dict[str, NDArray[Any]],
    last: NDArray[np.float64],
    unreadable: int,
) -> Times:
    """The times of a group: those that were measured, and then those of runs that go on."""
    seconds = rows.get(column, rows["middle"])
    ended = rows["ended"]
    counts = rows.get(N)
    if len(last):
        if N in rows or N in going_on:
            ones = (np.ones(len(ended), "int64"), np.ones(len(last), "int64"))
            counts = np.concatenate([rows.get(N, ones[0]), going_on.get(N, ones[1])])
        seconds = np.concatenate([seconds, last])
        ended = np.concatenate([ended, np.zeros(len(last), bool)])
    return Times(seconds, ended, unreadable, counts=counts)
