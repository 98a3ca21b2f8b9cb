"""How many runs there are, how they ended and how long they took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan
from typing import Any

import pandas as pd

from agentrun_nb.analysis.estimates import TOO_FEW, Estimate, Times, quantiles, queue_times, rate, run_times
from agentrun_nb.analysis.outcomes import JUDGED, left_out, outcomes
from agentrun_nb.core.schema import STATUSES, TERMINAL
from agentrun_nb.tables.frames import Runs, check_columns, runs_frame
from agentrun_nb.tables.moments import last_moment

_COUNTS = ("n", *STATUSES[4:], "not_ended", "not_fetched", "no_status", "unknown_status")
_RATES = ("success_rate", "success_low", "success_high")
_TIMES = ("queue_p50", "queue_p90", "run_p50", "run_p50_low", "run_p50_high", "run_p90")
_DTYPES = dict.fromkeys(_COUNTS, "Int64") | dict.fromkeys([*_RATES, *_TIMES], "Float64") | {"notes": "str"}


def summarize(runs: Runs, by: str | Sequence[str] | None = None) -> pd.DataFrame:
    """Counts, success rate and times of groups of runs.

    Args:
        runs: anything that `runs_frame` takes. Runs that have not ended are taken to go on until the latest moment
            that any record here speaks of, so give runs that were read together.
        by: a column or several to group by; rows without a value there are a group too.

    Returns:
        One row per group, one in all without `by`, with a fresh index: the columns of `by`, `version_number` beside
        `version_id` where the frame has it, and

        - n, and of them succeeded, failed, cancelled, timed_out, not_ended, not_fetched, no_status, unknown_status;
        - success_rate: succeeded / (succeeded + failed + timed_out), with Wilson's 95 % interval;
        - queue_p50, queue_p90: seconds from created to started; run_p50 with its 95 % interval, run_p90: seconds from
          started to completed, whatever the outcome. Kaplan-Meier: what has not ended is censored, services always; an
          interval without its upper end is open, since too few have ended to bound it;
        - notes: why a number is missing (`too few`, `not reached`), and the names of what could not be counted.

    Raises:
        SchemaError: there is no such column.
    """
    runs = runs_frame(runs)
    names = [by] if isinstance(by, str) else list(by or ())
    check_columns(runs, names)
    horizon = last_moment(runs)
    parts = [part for _, part in runs.groupby(names, dropna=False, observed=True)] if names else [runs]
    if "version_id" in names and "version_number" in runs and "version_number" not in names:
        names.insert(names.index("version_id") + 1, "version_number")
    keys = pd.concat([part[names].head(1) for part in parts] or [runs[names]], ignore_index=True)
    rows = [dict(zip(_DTYPES, _row(part, horizon), strict=True)) for part in parts]
    return keys.join(pd.DataFrame(rows, columns=list(_DTYPES)).astype(_DTYPES), how="right")


def _row(runs: pd.DataFrame, horizon: float) -> list[Any]:
    """The values of one group, in the order of the columns."""
    words = outcomes(runs)
    known = {status: int((words == status).sum()) for status in STATUSES}
    others = left_out(words)
    success = rate(known["succeeded"], sum(known[status] for status in JUDGED))
    queue, run = queue_times(runs, horizon), run_times(runs, horizon)
    waits, spans = quantiles(queue, 0.5, 0.9), quantiles(run, 0.5, 0.9)
    notes = [
        *([] if success.n else ["success rate: none succeeded or failed"]),
        *_remarks("queue", queue, waits),
        *_remarks("run", run, spans),
        *(f"{word}: {count}" for word, count in others.items()),
    ]
    kinds = ("not fetched", "no status", "unknown status")
    return [
        len(runs),
        *(known[status] for status in STATUSES[4:]),
        sum(count for status, count in known.items() if status not in TERMINAL),
        *(sum(count for word, count in others.items() if word.startswith(kind)) for kind in kinds),
        *(success.value, success.low, success.high),
        *(wait.value for wait in waits),
        *(spans[0].value, spans[0].low, spans[0].high, spans[1].value),
        "; ".join(notes),
    ]


def _remarks(name: str, times: Times, found: list[Estimate]) -> Iterator[str]:
    ended = int(times.ended.sum())
    seen = f"{ended} of {len(times.seconds)} seen to the end"
    if ended < TOO_FEW:
        yield f"{name} time: too few ({seen})"
    else:
        for place, estimate in zip(("p50", "p90"), found, strict=True):
            if isnan(estimate.value):
                yield f"{name}_{place} not reached ({seen})"
    if times.unreadable:
        yield f"{name} time: {times.unreadable} without readable times"
