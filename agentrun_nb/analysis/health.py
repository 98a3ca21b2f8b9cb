"""Says of runs that go on how old they are, how much longer they may take, and which look stuck."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.analysis.outcomes import outcomes
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import RUNS, STATUS_ROWS, STATUSES, TERMINAL
from agentrun_nb.core.times import seconds_text
from agentrun_nb.tables.frames import Runs, concat, newest, runs_frame
from agentrun_nb.tables.moments import (
    YEAR_9999,
    Floats,
    known_until,
    last_moment,
    milliseconds,
    times_of,
    without_zero_times,
)

ENOUGH = 20
"""The fewest ended runs that a run is compared with."""

TWO_SIDED = 19
"""The fewest ended runs that lived as long for an interval with two ends.

Of so many the shortest and the longest hold one more run between them in nine cases of ten.
"""

STUCK = 99
"""The fewest ended runs by which a run may be said to look stuck: one in a hundred is longer."""

LOW, MIDDLE, HIGH = 0.05, 0.5, 0.95
"""The shares of an interval that holds nine runs of ten."""

RETENTION = 3_600
"""Seconds that a kept sandbox lives where the record does not say how many."""

_RETAINED = [status.name for status in STATUS_ROWS if status.retained]
_DTYPES = {
    "status": TEXT,
    "age_s": "Float64",
    "since": TEXT,
    "remaining_p50": "Float64",
    "remaining_low": "Float64",
    "remaining_high": "Float64",
    "of": "Int64",
    "compared_with": TEXT,
    "looks_stuck": "boolean",
    "notes": TEXT,
}
KEY = ["deployment_id", "id"]
_ROUNDING = 1e-9
Mask = NDArray[np.bool_]


def health(runs: Runs, history: Runs | None = None) -> pd.DataFrame:
    """Estimates how much longer runs take that have not ended, and finds those that look stuck.

    A run is compared with those of its version that lived at least as long, ended or not: what goes
    on is known to have lived until it was fetched (Kaplan & Meier 1958). Where fewer than 20 of its
    version have ended, it is compared with its deployment, and where fewer than 20 of that have,
    with nothing. All of it holds for a run that is like those before it: a service that has become
    slower is not.

    Args:
        runs: anything that `runs_frame` takes.
        history: the runs to compare with; None: the same.

    Returns:
        One row per run under the input's index:

        - status; age_s: seconds from `since`, which is `started_at` or, before the start,
          `created_at`, to when the record was fetched; NA for a run that has ended;
        - remaining_p50: the seconds more that half of those this old take. remaining_low and
          remaining_high hold one run of this age in nine cases of ten, by order statistics; they
          need 19 ended runs that lived as long (`of`), and NA is an end that is not reached;
        - compared_with: `version` or `deployment`;
        - looks_stuck: whether it is older than each of 99 ended runs or more, and than twice what
          95 of 100 take; before the start, whether it has waited so long. Chance makes that of one
          run in a hundred at most;
        - evidence_until: when the sandbox of a failed run goes that was to be retained; at_risk:
          whether that was still to come at the latest moment known. NA for all other runs;
        - notes: all this in words.

    Raises:
        SchemaError: one of these holds no runs.

    Example:
        >>> table = arn.health(runs)
        >>> table.loc[table["looks_stuck"], "notes"].tolist()
        []
    """
    runs = runs_frame(runs)
    going = _Going(runs)
    comparison = _Comparison(_others(runs, runs if history is None else runs_frame(history), going))
    places = np.flatnonzero(going.chosen).tolist()
    rows = [comparison.row(going, place) for place in places]
    found = pd.DataFrame(rows, index=places, columns=list(_DTYPES)).astype(_DTYPES)
    table = found.reindex(range(len(runs))).set_axis(runs.index)
    table["status"] = runs["status"].astype(TEXT)
    table["looks_stuck"] = table["looks_stuck"].fillna(False)
    evidence = evidence_ends(runs)
    known = times_of([last_moment(runs)])[0]
    at_risk = (evidence > known).astype("boolean").mask(evidence.isna())
    notes = table.pop("notes")
    return table.assign(evidence_until=evidence, at_risk=at_risk, notes=notes)


def _others(runs: pd.DataFrame, history: pd.DataFrame, going: _Going) -> pd.DataFrame:
    """The runs to compare with, each once: those of the history, and what goes on as it is here.

    A later record of a run that goes on would stand beside the run itself as one that lived longer.
    """
    here = runs[going.chosen]
    keys = pd.MultiIndex.from_frame(here[KEY].astype("object"))
    is_here = pd.MultiIndex.from_frame(history[KEY].astype("object")).isin(keys)
    return newest(concat([history[RUNS.names][~is_here], here[RUNS.names]]))


def evidence_ends(runs: pd.DataFrame) -> pd.Series[Any]:
    """When the retained sandbox of each failed run is removed; NA for runs without one."""
    is_retained = runs["retain_on_failure"].fillna(False).to_numpy(dtype=bool)
    is_retained &= runs["status"].isin(_RETAINED).to_numpy(dtype=bool)
    seconds = runs["retention_seconds"].fillna(RETENTION).to_numpy("float64")
    completed = without_zero_times(milliseconds(runs["completed_at"]))
    ends = completed + seconds * 1_000
    # What lives longer than a time can hold is not lost.
    known = np.where(is_retained & (ends < YEAR_9999), ends, nan)
    return pd.Series(times_of(known), index=runs.index)


# --- how long runs took ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Ages:
    """How old runs became, counted from one moment of their records to another.

    Attributes:
        seconds: until the second moment or, where it has not come, until it was last known that it
            had not; NaN where that is not known.
        ended: whether it has come.
    """

    seconds: Floats
    ended: Mask

    @classmethod
    def between(cls, runs: pd.DataFrame, begin: str, end: str) -> _Ages:
        """Measures from one column of times to another."""
        begins = without_zero_times(milliseconds(runs[begin]))
        ends = without_zero_times(milliseconds(runs[end]))
        completed = without_zero_times(milliseconds(runs["completed_at"]))
        has_ended = runs["status"].isin(TERMINAL).to_numpy(dtype=bool)
        came = ~np.isnan(ends) & (has_ended | (end != "completed_at"))
        # Until when it is known not to have come: until the run ended, or was fetched.
        seen = np.fmax(np.where(has_ended, completed, known_until(runs)), begins)
        seconds = (np.where(came, ends, seen) - begins) / 1_000
        if end == "completed_at":
            # A service is ended by somebody, and not when it is ready.
            came &= (runs["mode"] != "service").to_numpy(dtype=bool)
        return cls(np.where(seconds >= 0, seconds, nan), came)


class _Going:
    """The runs of a table that have not ended.

    Attributes:
        chosen: which rows they are.
        since: the column from which each row is counted.
        age: the age of each row in seconds; NaN where it is not known.
    """

    def __init__(self, runs: pd.DataFrame) -> None:
        words = outcomes(runs)
        is_unknown = words.str.startswith("not fetched") | (words == "no status")
        self.chosen: Mask = (~words.isin(TERMINAL) & ~is_unknown).to_numpy(dtype=bool)
        has_start = ~np.isnan(without_zero_times(milliseconds(runs["started_at"])))
        self.since = np.where(has_start, "started_at", "created_at")
        after_start = _Ages.between(runs, "started_at", "completed_at").seconds
        in_all = _Ages.between(runs, "created_at", "completed_at").seconds
        self.age: Floats = np.where(has_start, after_start, in_all)
        self.deployments = runs["deployment_id"].to_numpy("object")
        self.versions = runs["version_id"].to_numpy("object")
        self.is_service = (runs["mode"] == "service").to_numpy(dtype=bool)
        self.has_unknown_status = ~runs["status"].isin(STATUSES).to_numpy(dtype=bool)
        self.was_fetched = runs["fetched_at"].notna().to_numpy(dtype=bool)


# --- with what they are compared ------------------------------------------------------------------


@dataclass(frozen=True)
class Ahead:
    """What is to be expected of a run of some age.

    Attributes:
        of: the number of ended runs that lived as long.
        low: seconds more, of which one run in twenty takes no more; NaN where too few say so.
        middle: seconds more, of which half take no more.
        high: seconds more, of which 19 in 20 take no more.
        is_oldest: whether no other run is known to have lived as long.
    """

    of: int
    low: float
    middle: float
    high: float
    is_oldest: bool


class Survival:
    """How long runs of one kind live, as a curve of Kaplan & Meier with one more run.

    That run is the one that is asked about: it lives at least as long as each end that was seen.
    Where every end was seen, the curve says that it is as likely to end between any two of them:
    these are the intervals by order statistics, which hold whatever the distribution.

    Args:
        seconds: how long each run lived, or was seen to.
        ended: whether its end was seen.

    Attributes:
        ended: the number of ends that were seen.
        longest: how long the oldest run lived, or was seen to; NaN where there is none. The run
            that is asked about may be among them.
    """

    def __init__(self, seconds: Floats, ended: Mask) -> None:
        is_known = ~np.isnan(seconds)
        seconds, ended = seconds[is_known], ended[is_known]
        self.ended = int(ended.sum())
        self.longest = float(seconds.max()) if len(seconds) else nan
        moments, counts = np.unique(seconds[ended], return_counts=True)
        # A run whose end was not seen was at risk at a moment if it was seen at that moment.
        at_risk = len(seconds) - np.searchsorted(np.sort(seconds), moments, "left")
        self._moments = moments
        self._ends = counts
        self._log_share = np.log1p(-counts / (at_risk + 1)).cumsum()

    def ahead(self, age: float) -> Ahead:
        """Says what is to be expected of a run of this age, in seconds."""
        first = int(np.searchsorted(self._moments, age, "right"))
        before = self._log_share[first - 1] if first else 0.0
        gone = -np.expm1(self._log_share[first:] - before)
        of = int(self._ends[first:].sum())
        moments = self._moments[first:] - age

        def by(share: float) -> float:
            """The first moment by which that share has ended."""
            reached = np.flatnonzero(gone >= share - _ROUNDING)
            return float(moments[reached[0]]) if len(reached) else nan

        low = high = nan
        if of >= TWO_SIDED:
            # Both ends lie outwards: the last moment by which no more than that share has ended.
            early = np.flatnonzero(gone <= LOW + _ROUNDING)
            low = float(moments[early[-1]]) if len(early) else 0.0
            high = by(HIGH)
        return Ahead(of, low, by(MIDDLE), high, not self.longest > age)

    def late_age(self) -> float:
        """The seconds after which 95 of 100 have ended; NaN where that is not reached."""
        gone = -np.expm1(self._log_share)
        reached = np.flatnonzero(gone >= HIGH - _ROUNDING)
        return float(self._moments[reached[0]]) if len(reached) else nan

    def is_stuck_at(self, age: float) -> bool:
        """Whether a run is older than each of enough others, and than twice what most take."""
        if self.ended < STUCK:
            return False
        limit = 2 * self.late_age()
        return age >= self.longest and age > limit


class _Comparison:
    """The runs that others are compared with, by version and by deployment."""

    def __init__(self, runs: pd.DataFrame) -> None:
        self._ages = {
            "started_at": _Ages.between(runs, "started_at", "completed_at"),
            "created_at": _Ages.between(runs, "created_at", "completed_at"),
            "waiting": _Ages.between(runs, "created_at", "started_at"),
        }
        keys = ["deployment_id", "version_id"]
        self._groups: dict[Any, NDArray[np.intp]] = {}
        for names in (keys[:1], keys):
            self._groups |= runs.reset_index(drop=True).groupby(names, observed=True).indices
        self._curves: dict[Any, Survival] = {}

    def _curve(self, group: Any, ages: str) -> Survival:
        if (group, ages) not in self._curves:
            places = self._groups.get(group, np.array([], dtype=np.intp))
            found = self._ages[ages]
            curve = Survival(found.seconds[places], found.ended[places])
            self._curves[group, ages] = curve
        return self._curves[group, ages]

    def row(self, going: _Going, place: int) -> dict[str, Any]:
        """What is said of one run, by the columns of the result."""
        since, age = str(going.since[place]), float(going.age[place])
        row: dict[str, Any] = {"age_s": age, "since": since, "looks_stuck": False}
        compared = self._compared(going, place, since, age)
        notes = [compared.pop("notes")]
        if going.has_unknown_status[place]:
            notes.append("its status is not known here")
        if not going.was_fetched[place] and not isnan(age):
            notes.append("its age is counted to the latest moment of the table")
        return row | compared | {"notes": "; ".join(notes)}

    def _compared(self, going: _Going, place: int, since: str, age: float) -> dict[str, Any]:
        if going.is_service[place]:
            return {"notes": "a service, which does not end by itself"}
        if isnan(age):
            return {"notes": "no age: its times are not recorded"}
        deployment = going.deployments[place]
        groups = {"version": (deployment, going.versions[place]), "deployment": deployment}
        for name, group in groups.items():
            curve = self._curve(group, since)
            if curve.ended >= ENOUGH:
                waiting = self._curve(group, "waiting") if since == "created_at" else None
                return _compared(name, curve, waiting, age)
        few = f"nothing to compare with: fewer than {ENOUGH} runs of the deployment have ended"
        return {"notes": few}


def _compared(name: str, curve: Survival, waiting: Survival | None, age: float) -> dict[str, Any]:
    """What is said of a run by the runs that it is compared with.

    Args:
        name: what they are of.
        curve: how long they lived.
        waiting: how long they waited for their start, where the run has none yet.
        age: how old the run is.
    """
    ahead = curve.ahead(age)
    stuck = [some for some in (curve, waiting) if some is not None and some.is_stuck_at(age)]
    notes = [_suspicion(stuck[0], stuck[0] is waiting)] if stuck else []
    # A suspicion by the same curve says already that the run is older than each.
    if not curve.is_stuck_at(age):
        notes.append(_expectation(ahead, curve))
    if name == "deployment":
        notes.append(f"compared with the deployment: fewer than {ENOUGH} of its version have ended")
    return {
        "remaining_p50": ahead.middle,
        "remaining_low": ahead.low,
        "remaining_high": ahead.high,
        "of": ahead.of,
        "compared_with": name,
        "looks_stuck": bool(stuck),
        "notes": "; ".join(notes),
    }


def _suspicion(curve: Survival, waits: bool) -> str:
    """Says why a run looks stuck, and how often chance makes one so old."""
    verb = "has waited longer than" if waits else "is older than"
    limit = seconds_text(2 * curve.late_age())
    return (
        f"looks stuck: it {verb} each of {curve.ended:,}, and than twice what 95 of 100 take "
        f"({limit}); chance makes that of one run in {curve.ended + 1:,} at most"
    )


def _expectation(ahead: Ahead, curve: Survival) -> str:
    """Says how much longer a run may take."""
    if ahead.is_oldest:
        return f"older than each of {curve.ended:,}"
    if isnan(ahead.middle):
        return f"of the {ahead.of:,} this old not half were seen to end"
    middle = seconds_text(ahead.middle)
    if ahead.of < TWO_SIDED:
        return f"longer than {middle} more in half of {ahead.of:,} this old"
    low = seconds_text(ahead.low)
    if isnan(ahead.high):
        return f"half of those this old end within {middle} ({low} or more), of {ahead.of:,}"
    high = seconds_text(ahead.high)
    return f"half of those this old end within {middle} ({low} to {high}), of {ahead.of:,}"
