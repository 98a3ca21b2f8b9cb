"""Whether one group of runs does better than another."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from typing import Any

import pandas as pd

from agentrun_nb.analysis.estimates import LEVEL, NO_DIFFERENCE, NOT_ENOUGH, TOO_FEW, Contrast
from agentrun_nb.analysis.inputs import input_keys
from agentrun_nb.analysis.outcomes import left_out, outcomes
from agentrun_nb.analysis.run_time import FASTER, compare_run_times, paired_run_time
from agentrun_nb.analysis.success import paired_success, success_rates, tallies
from agentrun_nb.errors import DataError
from agentrun_nb.tables.frames import Runs, check_columns, runs_frame
from agentrun_nb.tables.moments import last_moment

SUCCESS = ("b succeeds less often", "b succeeds more often")

_NUMBERS = ("a", "b", "difference", "low", "high", "ratio", "ratio_low", "ratio_high")
_DTYPES = {
    **{"measure": "str", "n_a": "Int64", "n_b": "Int64"},
    **dict.fromkeys(_NUMBERS, "Float64"),
    **{"verdict": "str", "notes": "str"},
}
_Groups = tuple[pd.DataFrame, pd.DataFrame]


def compare(runs: Runs, a: Any, b: Any, by: str = "version_id") -> pd.DataFrame:
    """Compares success and run time of two groups.

    Args:
        runs: anything that `runs_frame` takes; runs that have not ended are taken to go on until the latest moment
            that any record here speaks of.
        a: the value of `by` in the group before.
        b: the value of `by` in the group after.
        by: the column that tells the groups apart.

    Returns:
        One row per measure with a fresh index: measure, n_a, n_b (runs, or inputs where paired), a, b, difference, low,
        high (its 95 % interval), ratio, ratio_low, ratio_high (of run times, b to a, with its 95 % interval), verdict
        and notes. The verdict names a difference whose interval leaves zero out; groups that are equal get one in at
        most 5 of 100 comparisons. With fewer than 10 on a side, or an end of the interval that is not reached, it is
        `not enough data`. NA is what the data does not reach: an end that is NA is open.

        - success rate: of succeeded, failed and timed-out runs; Newcombe's interval, wider where inputs, equal as JSON,
          were run several times by a group (Rao & Scott 1992);
        - median run time (s): from started to completed, whatever the outcome, by Kaplan-Meier; Zou and Donner's
          interval. The ratio has those that the log-rank test does not refute, and the verdict is mostly that test's.
          It says `faster` and `slower` where the times to success differ likewise, else `ends sooner` and `ends later`:
          a version that fails at once is not fast. Wider too where inputs were run several times;
        - paired success rate: the mean success of the inputs that ran under both, each weighing the same; the exact
          interval of McNemar (1947) where each ran once on each side, else one over inputs;
        - paired run time (s): the median over those inputs, where no run goes on, of the differences of the medians of
          what succeeded; exact interval by the sign test.

        Then a row for each kind of run that nothing is known of; how many of them are in neither group is in the notes.

    Raises:
        SchemaError: there is no such column.
        DataError: no run has the value a, or b.
    """
    runs = runs_frame(runs)
    check_columns(runs, [by])
    runs = runs.assign(input_key=input_keys(runs))
    groups, horizon = (_group(runs, by, a), _group(runs, by, b)), last_moment(runs)
    rows = [*_measures(groups, horizon), *_unknown(runs, *groups)]
    return pd.DataFrame(rows, columns=list(_DTYPES)).astype(_DTYPES)


def _group(runs: pd.DataFrame, by: str, value: Any) -> pd.DataFrame:
    group = runs[(runs[by] == value).fillna(False)] if pd.api.types.is_scalar(value) else runs[:0]
    if group.empty:
        known = ", ".join(repr(word) for word in runs[by].dropna().unique()[:10])
        raise DataError(f"No run here has {by} {value!r}.", hint=f"There are {known or 'none'}.")
    return group


def _measures(groups: _Groups, horizon: float, level: float = LEVEL) -> list[dict[str, Any]]:
    """The rows of two groups."""
    counts = tallies(*groups)
    times = compare_run_times(groups, horizon, level)
    success, paired = success_rates(*counts, level), paired_success(*counts, level)
    paired_time, ratio = paired_run_time(*groups, level), times.ratio
    ratios = {"ratio": ratio.value, "ratio_low": ratio.low, "ratio_high": ratio.high}
    return [
        _row("success rate", success, _verdict(success, SUCCESS)),
        _row("median run time (s)", times.medians, times.verdict) | ratios,
        _row("paired success rate", paired, _verdict(paired, SUCCESS)),
        _row("paired run time (s)", paired_time, _verdict(paired_time, FASTER)),
    ]


def _row(name: str, found: Contrast, verdict: str) -> dict[str, Any]:
    a, b, between = found.a, found.b, found.between
    row = {"measure": name, "n_a": a.n, "n_b": b.n, "a": a.value, "b": b.value, "difference": between.value}
    return row | {"low": between.low, "high": between.high, "verdict": verdict, "notes": found.notes}


def _verdict(found: Contrast, words: tuple[str, str]) -> str:
    """What an interval of the difference says: less, more, nothing, or that it is open or of too few."""
    between = found.between
    if min(found.a.n, found.b.n) < TOO_FEW or isnan(between.low) or isnan(between.high):
        return NOT_ENOUGH
    return words[0] if between.high < 0 else words[1] if between.low > 0 else NO_DIFFERENCE


def _unknown(runs: pd.DataFrame, *groups: pd.DataFrame) -> Iterator[dict[str, Any]]:
    sides = [left_out(outcomes(group)) for group in groups]
    for word, count in left_out(outcomes(runs)).items():
        a, b = (side.get(word, 0) for side in sides)
        yield {"measure": word, "n_a": a, "n_b": b, "notes": f"{count - a - b} in neither group"}
