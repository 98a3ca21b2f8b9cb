"""Runs asked for again: those that did not come, and those that had not ended."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agentrun_nb import report
from agentrun_nb.fetch.bulk import fetch_runs
from agentrun_nb.frames import mend
from agentrun_nb.http.wire import Wire
from agentrun_nb.schema import RUNS, TERMINAL


def refetch(wire: Wire, runs: pd.DataFrame) -> pd.DataFrame:
    """The same rows under the same index, those that may have changed as they are now.

    Args:
        wire: the way to the service.
        runs: a RUNS table.
    """
    failed = runs["fetch_error"].notna().to_numpy(dtype=bool)
    asked = failed | ~runs["status"].isin(TERMINAL).to_numpy(dtype=bool)
    again = runs[asked]
    keys = list(zip(again["deployment_id"].fillna(""), again["id"].fillna(""), strict=True))
    fresh = fetch_runs(wire, keys, progress=True)
    replaced = failed[asked] | fresh["fetch_error"].isna().to_numpy(dtype=bool)
    positions = np.flatnonzero(asked)[replaced]
    kept = np.setdiff1d(np.arange(len(runs)), positions)
    parts = [runs.iloc[kept][RUNS.names], fresh[replaced]]
    mended = _joined(parts).iloc[np.argsort(np.concatenate([kept, positions]))].set_axis(runs.index)
    mended = mended.assign(**{name: runs[name] for name in runs.columns if name not in RUNS.names})
    mended.attrs = dict(runs.attrs)
    report.attach(mended, report.renew(report.fetch_report(runs), report.fetch_report(fresh), mended))
    return mended


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    plain = [part.astype({"mode": "str", "status": "str"}).set_axis(range(len(part))) for part in parts]
    for part in plain:
        part.attrs = {}
    return mend(pd.concat(plain, ignore_index=True))
