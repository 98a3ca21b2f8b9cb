"""Measures how long runs were in a phase, at least and at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.analysis.censored_times import Times, queue_times, run_times
from agentrun_nb.analysis.outcomes import OutcomeCodes, outcomes
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import PHASES, STATUSES, TERMINAL, WAITING
from agentrun_nb.core.text import kind_of
from agentrun_nb.core.times import seconds_text
from agentrun_nb.errors import DataError, SettingsError
from agentrun_nb.tables.ledger import looks_at
from agentrun_nb.tables.moments import Floats, last_moment
from agentrun_nb.tables.phases import KEY, read_table
from agentrun_nb.tables.phases import phases as find_phases

BEFORE_START, AFTER_START = "before_start", "after_start"
RUN_TIME = "run time"
"""What is measured where nobody asks for a phase."""

_RECORDED = {
    BEFORE_START: "time before start",
    AFTER_START: RUN_TIME,
    "undivided": "time from created to completed",
}
"""The phases that timestamps bound, and what the time in them is called."""

_KINDS = ("logged", "observed", "recorded")
"""How a phase is known, the best first."""

_RECORDED_OR_NOT = np.array(["", "recorded"], "object")

_DONE_BY_THEMSELVES = (BEFORE_START, *WAITING)
"""The phases that a service ends by itself, and not because somebody stops it."""


@dataclass(frozen=True)
class Lengths:
    """How long runs were in a phase.

    Where its changes were only observed they lie between two looks, and so a length lies between
    the least and the greatest that those allow.

    Attributes:
        words: what is measured, such as `run time`.
        least: the shortest times that are possible.
        middle: those halfway between.
        greatest: the longest.
        kinds: how the phase of each run of the table is known, "" where it is not; None where
            nobody asked for a phase.
    """

    words: str
    least: Times
    middle: Times
    greatest: Times
    kinds: NDArray[np.object_] | None = None

    @classmethod
    def exact(cls, words: str, times: Times) -> Lengths:
        """Lengths of which each has one value."""
        return cls(words, times, times, times)

    @property
    def is_exact(self) -> bool:
        """Whether no length lies between two others."""
        return self.least is self.greatest

    def of_groups(self, groups: Sequence[NDArray[np.intp]]) -> list[Lengths]:
        """Returns the lengths of groups of the runs.

        Args:
            groups: for each group, the row numbers of its runs in the table.
        """
        middle = self.middle.of_groups(groups)
        least, greatest = middle, middle
        if not self.is_exact:
            least, greatest = self.least.of_groups(groups), self.greatest.of_groups(groups)
        kinds = [None if self.kinds is None else self.kinds[rows] for rows in groups]
        parts = zip(least, middle, greatest, kinds, strict=True)
        return [Lengths(self.words, *part) for part in parts]

    def count_known(self) -> int:
        """For how many runs the phase is known."""
        if self.kinds is None:
            return 0
        is_known = self.kinds != ""
        return int(is_known.sum())

    def known_notes(self) -> list[str]:
        """For how many runs the phase is known and how; nothing where nobody asked for a phase."""
        if self.kinds is None:
            return []
        counts = Counter(self.kinds)
        ways = [f"{counts[kind]:,} {kind}" for kind in _KINDS if counts[kind]]
        if not self.is_exact and counts["observed"]:
            ways.append(f"half of these to within {seconds_text(self._width())}")
        how = f" ({', '.join(ways)})" if ways else ""
        return [f"{self.words}: known of {self.count_known():,} of {len(self.kinds):,} runs{how}"]

    def _width(self) -> float:
        """The median of greatest minus least over the observed lengths, in seconds."""
        widths = self.greatest.seconds - self.least.seconds
        is_observed = self.middle.ended & (widths > 0)
        observed = widths[is_observed]
        if self.middle.counts is not None:
            observed = np.repeat(observed, self.middle.counts[is_observed])
        return float(np.median(observed)) if len(observed) else 0.0


def measure(
    runs: pd.DataFrame,
    phase: str | None = None,
    phases: pd.DataFrame | None = None,
    latest: float | None = None,
    found: OutcomeCodes | None = None,
) -> Lengths:
    """Measures how long runs were in a phase, whatever became of them.

    Args:
        runs: a RUNS table.
        phase: the name of the phase; None: after the start.
        phases: a PHASES table of the runs. None: what their timestamps and the looks of this
            process at them say.
        latest: the latest moment in the table, in ms since the epoch, where it is known already.
        found: the outcomes of the runs, where they are known already.

    Raises:
        SettingsError: `phase` is no text, or is missing where there is `phases`.
        SchemaError: `phases` is no PHASES table.
        DataError: no phase of these runs has that name.
    """
    check_phase(phase, phases)
    horizon = last_moment(runs) if latest is None else latest
    if phases is None and phase in (None, AFTER_START, BEFORE_START):
        is_wait = phase == BEFORE_START
        read_times = queue_times if is_wait else run_times
        times = read_times(runs, horizon, found)
        words = words_of(phase)
        if phase is None:
            return Lengths.exact(words, times)
        kinds = _RECORDED_OR_NOT[_known(times).astype("intp")]
        return Lengths(words, times, times, times, kinds)
    if phases is None:
        table = find_phases(runs, observations=looks_at(runs["id"]))
    else:
        table = read_table(phases, PHASES, "start_high")
    name = str(phase)
    if len(runs):
        _check_name(name, table)
    return _measured(runs, name, table[table["phase"] == name])


def words_of(phase: str | None) -> str:
    """What the time in a phase is called; None: after the start."""
    if phase is None:
        return RUN_TIME
    return _RECORDED.get(phase, f"time in {phase}")


def check_phase(phase: Any, phases: Any) -> None:
    """Refuses what cannot be a phase.

    Raises:
        SettingsError: `phase` is no text, or is missing where there is `phases`.
    """
    if phase is None and phases is not None:
        raise SettingsError(
            "phases= is given, and no phase to measure.",
            hint='Name one of them: phase="running".',
        )
    if phase is not None and not isinstance(phase, str):
        raise SettingsError(
            f"phase= takes the name of a phase, and not {kind_of(phase)}.",
            hint='Give one such as "running", and a table of phases as phases=.',
        )


def _check_name(phase: str, table: pd.DataFrame) -> None:
    """Refuses a phase that these runs do not have, and that is no status that a run goes on in."""
    found = table["phase"].dropna().unique()
    going = [status for status in STATUSES if status not in TERMINAL]
    known = list(dict.fromkeys([*found, *going, *_RECORDED]))
    if phase in known:
        return
    near = get_close_matches(phase, known, n=3, cutoff=0.5)
    hint = f"Near it: {', '.join(near)}." if near else f"There are {', '.join(known[:10])}."
    if phase in TERMINAL:
        hint = f"It ends a run and does not last. There are {', '.join(known[:10])}."
    raise DataError(f"No run here was in a phase {phase[:80]!r}.", hint=hint)


def _known(times: Times) -> NDArray[np.bool_]:
    return np.zeros(0, bool) if times.known is None else times.known


def _measured(runs: pd.DataFrame, phase: str, rows: pd.DataFrame) -> Lengths:
    """The lengths of a phase by the rows of a PHASES table that are about it."""
    found = _lengths_by_run(_best_known(rows))
    keys = pd.MultiIndex.from_frame(found[KEY].astype("object"))
    names = ["deployment_id", "id"]
    place = keys.get_indexer(pd.MultiIndex.from_frame(runs[names].astype("object")))
    has_phase = place >= 0
    least, greatest = (_at(found[name], place) for name in ("least", "greatest"))
    all_outcomes = outcomes(runs)
    is_due = (all_outcomes.isin(STATUSES) & has_phase).to_numpy(dtype=bool)
    end_seen = ~np.isnan(greatest)
    is_service = (runs["mode"] == "service").to_numpy(dtype=bool)
    ended = end_seen & ~(is_service & (phase not in _DONE_BY_THEMSELVES))
    # What has no end yet has lasted as long as it is known to.
    greatest = np.where(ended, greatest, least)
    known = is_due & (greatest >= 0)
    # Looks that contradict each other may say that it lasted longer at least than at most.
    least = np.fmin(np.fmax(least, 0.0), greatest)
    unreadable = int((is_due & ~known).sum())
    kind = np.append(found["kind"].to_numpy("object"), "")[place]

    def times(seconds: Floats) -> Times:
        return Times(seconds[known], ended[known], unreadable, known, is_due)

    words = words_of(phase)
    kinds = np.where(known, kind, "")
    if (least[known] == greatest[known]).all():
        same = times(greatest)
        return Lengths(words, same, same, same, kinds)
    middle = (least + greatest) / 2
    return Lengths(words, times(least), times(middle), times(greatest), kinds)


def _best_known(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each run the rows of the kind that knows most."""
    rank = rows["kind"].astype(TEXT).map({kind: place for place, kind in enumerate(_KINDS)})
    best = rank.groupby([rows[name] for name in KEY]).transform("min")
    return rows[rank == best]


def _lengths_by_run(rows: pd.DataFrame) -> pd.DataFrame:
    """How many seconds each run was in a phase, all times that it was in it together.

    Returns:
        A row for each run, with the key, `kind`, `least` and `greatest`, which is NaN where an end
        is not known.
    """
    least = (rows["end_low"] - rows["start_high"]).dt.total_seconds()
    greatest = (rows["end_high"] - rows["start_low"]).dt.total_seconds()
    table = rows[[*KEY, "kind"]].astype("object")
    # A time that is known to be no shorter than less than nothing is no shorter than nothing; one
    # that is known to be no longer than that contradicts itself.
    table = table.assign(least=least.clip(lower=0).fillna(0.0), greatest=greatest)
    table["is_open"] = greatest.isna()
    table["contradicts"] = greatest < 0
    by_run = table.groupby(KEY, sort=False)
    found = by_run.agg(
        kind=("kind", "first"),
        least=("least", "sum"),
        greatest=("greatest", "sum"),
        is_open=("is_open", "any"),
        contradicts=("contradicts", "any"),
    ).reset_index()
    greatest = found["greatest"].mask(found["is_open"], nan).mask(found["contradicts"], -1.0)
    return found.assign(greatest=greatest)


def _at(values: pd.Series[Any], place: NDArray[np.intp]) -> Floats:
    """Values at places; NaN at place -1."""
    found: Floats = np.append(values.to_numpy("float64"), nan)[place]
    return found
