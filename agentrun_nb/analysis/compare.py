"""Whether one group of runs does better than another."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from agentrun_nb.analysis.estimates import TOO_FEW, Contrast, Estimate, difference, quantiles, run_times, scipy_stats
from agentrun_nb.analysis.inputs import input_keys
from agentrun_nb.analysis.outcomes import left_out, outcomes
from agentrun_nb.analysis.success import paired_success, success_rates, tallies
from agentrun_nb.core.schema import TERMINAL
from agentrun_nb.errors import DataError
from agentrun_nb.tables.frames import Runs, check_columns, runs_frame
from agentrun_nb.tables.moments import last_moment

_NUMBERS = dict.fromkeys(("a", "b", "difference", "low", "high"), "Float64")
_DTYPES = {"measure": "str", "n_a": "Int64", "n_b": "Int64", **_NUMBERS, "verdict": "str", "notes": "str"}
_SUCCESS = ("b succeeds less often", "b succeeds more often")
_TIME = ("b is faster", "b is slower")


def compare(runs: Runs, a: Any, b: Any, by: str = "version_id") -> pd.DataFrame:
    """Compares success and run time of two groups.

    Args:
        runs: anything that `runs_frame` takes; runs that have not ended are taken to go on until the latest moment
            that any record here speaks of.
        a: the value of `by` in the group before.
        b: the value of `by` in the group after.
        by: the column that tells the groups apart.

    Returns:
        One row per measure with a fresh index: measure, n_a, n_b (runs, or pairs), a, b, difference, low, high (its
        95 % interval), verdict and notes. The verdict names a difference whose interval leaves zero out; with fewer
        than 10 on a side, or an end of the interval that is not reached, it is `not enough data`.

        - success rate: of succeeded, failed and timed-out runs; Newcombe's interval, wider where inputs, equal as JSON,
          were run several times by a group (Rao & Scott 1992);
        - median run time (s): from started to completed, whatever the outcome, by Kaplan-Meier; Zou and Donner's
          interval;
        - paired success rate: the mean success of the inputs that ran under both, each weighing the same; the exact
          interval of McNemar (1947) where each ran once on each side, else one over inputs; n_a and n_b are inputs;
        - paired run time (s): the median over those inputs, where no run goes on, of the differences of the medians;
          exact interval by the sign test.

        Then a row for each kind of run that nothing is known of; how many of them are in neither group is in the notes.

    Raises:
        SchemaError: there is no such column.
        DataError: no run has the value a, or b.
    """
    runs = runs_frame(runs)
    check_columns(runs, [by])
    runs = runs.assign(input_key=input_keys(runs))
    before, after = _group(runs, by, a), _group(runs, by, b)
    pairs = pd.merge(_by_input(before), _by_input(after), on="input_key", suffixes=("_a", "_b"))
    counts = tallies(before, after)
    rows = [
        _measure("success rate", _SUCCESS, success_rates(*counts)),
        _run_time(before, after, last_moment(runs)),
        _measure("paired success rate", _SUCCESS, paired_success(*counts)),
        _paired_run_time(pairs),
        *_unknown(runs, before, after),
    ]
    return pd.DataFrame(rows, columns=list(_DTYPES)).astype(_DTYPES)


def _group(runs: pd.DataFrame, by: str, value: Any) -> pd.DataFrame:
    group = runs[(runs[by] == value).fillna(False)] if pd.api.types.is_scalar(value) else runs[:0]
    if group.empty:
        known = ", ".join(repr(word) for word in runs[by].dropna().unique()[:10])
        raise DataError(f"No run here has {by} {value!r}.", hint=f"There are {known or 'none'}.")
    return group


def _measure(name: str, words: tuple[str, str], found: Contrast) -> dict[str, Any]:
    a, b, between = found.a, found.b, found.between
    verdict = words[0] if between.high < 0 else words[1] if between.low > 0 else "no difference seen"
    if min(a.n, b.n) < TOO_FEW or isnan(between.low) or isnan(between.high):
        verdict = "not enough data"
    numbers = (a.value, b.value, between.value, between.low, between.high)
    return dict(zip(_DTYPES, (name, a.n, b.n, *numbers, verdict, found.notes), strict=True))


def _run_time(before: pd.DataFrame, after: pd.DataFrame, horizon: float) -> dict[str, Any]:
    times = [run_times(group, horizon) for group in (before, after)]
    a, b = (quantiles(time, 0.5)[0] for time in times)
    censored = " and ".join(str(int((~time.ended).sum())) for time in times)
    return _measure("median run time (s)", _TIME, Contrast(a, b, difference(a, b), f"end not seen: {censored}"))


def _by_input(runs: pd.DataFrame) -> pd.DataFrame:
    """One row per input: its median seconds, where none of its runs goes on."""
    words = outcomes(runs)
    seconds = (runs["completed_at"] - runs["started_at"]).dt.total_seconds()
    seconds = seconds.where(words.isin(TERMINAL) & (runs["mode"] != "service") & (seconds >= 0))
    timed = seconds.groupby(runs["input_key"]).median().mask((~words.isin(TERMINAL)).groupby(runs["input_key"]).any())
    return timed.rename("seconds").reset_index()


def _paired_run_time(pairs: pd.DataFrame) -> dict[str, Any]:
    timed = pairs.dropna(subset=["seconds_a", "seconds_b"])
    n, gains = len(timed), np.sort(timed["seconds_b"] - timed["seconds_a"])
    place = int(scipy_stats().binom.ppf(0.025, n, 0.5)) if n else 0
    low, high = (gains[place - 1], gains[n - place]) if place else (nan, nan)
    a, b = (Estimate(n, timed[name].median()) for name in ("seconds_a", "seconds_b"))
    between = Estimate(n, np.median(gains) if n else nan, low, high)
    notes = f"inputs without times on both sides: {len(pairs) - n}"
    return _measure("paired run time (s)", _TIME, Contrast(a, b, between, notes))


def _unknown(runs: pd.DataFrame, *groups: pd.DataFrame) -> Iterator[dict[str, Any]]:
    sides = [left_out(outcomes(group)) for group in groups]
    for word, count in left_out(outcomes(runs)).items():
        a, b = (side.get(word, 0) for side in sides)
        yield {"measure": word, "n_a": a, "n_b": b, "notes": f"{count - a - b} in neither group"}
