"""The run that a failed one is best compared_with_last_success with: the last success before it."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd

from agentrun_nb.core.schema import FAILURES, SUCCESSES
from agentrun_nb.tables.moments import milliseconds
from agentrun_nb.widget.comparison import comparison

MOST_RUNS = 50
MOST_BYTES = 2 * 2**20
"""A file holds comparisons of so many failed runs, and so many bytes of them."""

KINDS = ("version", "deployment")
"""Of what the two runs are, the nearer first; the columns are named after them."""


class LastSuccess(NamedTuple):
    """The last success before a run.

    Attributes:
        row: its place; None where there is none.
        of: `version` where it is of the run's own version, `deployment` where it is of another
            version of its deployment; None where there is none.
    """

    row: int | None = None
    of: str | None = None


def last_success(runs: pd.DataFrame, row: int) -> LastSuccess:
    """Finds the last success before a run, of its version or else of its deployment.

    Of a run without a readable created_at it is the last success of all.

    Args:
        runs: a RUNS table.
        row: the place of the run in it.
    """
    created = runs["created_at"]
    at = created.iloc[row]
    is_before = runs["status"].isin(SUCCESSES) & created.notna()
    if pd.notna(at):
        is_before &= created <= at
    is_other = np.arange(len(runs)) != row
    before = is_before.to_numpy(dtype=bool) & is_other
    in_deployment = _has_same(runs["deployment_id"], row) & before
    in_version = _has_same(runs["version_id"], row) & in_deployment
    for kind, rows in zip(KINDS, (in_version, in_deployment), strict=True):
        places = np.flatnonzero(rows)
        if len(places):
            latest = int(created.iloc[places].argmax())
            return LastSuccess(int(places[latest]), kind)
    return LastSuccess()


def _has_same(ids: pd.Series[Any], row: int) -> Any:
    """Which rows have the id of one row; none where it has no id."""
    return (ids == ids.iloc[row]).to_numpy(dtype=bool, na_value=False)


class LastSuccesses(NamedTuple):
    """What a file holds of the last successes before its failed runs.

    Attributes:
        found: what `compared_with_last_success` gives, by the place of the failed run.
        cut: whether there are failed runs of which it is not there.
    """

    found: dict[int, dict[str, Any]]
    cut: bool


def last_successes(runs: pd.DataFrame) -> LastSuccesses:
    """Compares the failed runs that were created last with the last success before each.

    Args:
        runs: the RUNS table that is in the file.
    """
    failed = np.flatnonzero(runs["status"].isin(FAILURES))
    created = milliseconds(runs["created_at"])[failed]
    latest_first = failed[np.argsort(-created, kind="stable")]
    found: dict[int, dict[str, Any]] = {}
    room = MOST_BYTES
    for row in latest_first[:MOST_RUNS].tolist():
        answer = compared_with_last_success(runs, row)
        room -= len(msgspec.json.encode(answer))
        if room < 0:
            break
        found[row] = answer
    return LastSuccesses(found, len(found) < len(failed))


def compared_with_last_success(runs: pd.DataFrame, row: int) -> dict[str, Any]:
    """The last success before a run, and the comparison of the two: the success first.

    Args:
        runs: a RUNS table.
        row: the place of the run in it.
    """
    found = last_success(runs, row)
    answer = found._asdict()
    if found.row is not None:
        success, run = (runs.iloc[place : place + 1] for place in (found.row, row))
        answer["comparison"] = comparison(success, run)
    return answer
