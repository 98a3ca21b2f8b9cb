"""Gives the outcome of each run in words, and counts the runs that statistics leave out."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from agentrun_nb.core.schema import FAILURES, STATUSES, SUCCESSES

_SENTENCE = re.compile(":.*", re.DOTALL)

JUDGED = (*SUCCESSES, *FAILURES)
"""The outcomes that say whether a run succeeded; a cancelled run was stopped before it could."""


def outcomes(runs: pd.DataFrame) -> pd.Series[Any]:
    """Gives the documented status of each run, or why it has none.

    The reasons are `not fetched: …`, `no status` and `unknown status: …`.
    """
    status = runs["status"].astype("str")
    is_documented = status.isin(STATUSES)
    # Most tables hold documented statuses alone, and are read many times by one analysis.
    if is_documented.all():
        words = status
    else:
        words = status.where(is_documented, "unknown status: " + status).fillna("no status")
    errors = runs["fetch_error"]
    if errors.isna().all():
        return words
    codes = errors.str.replace(_SENTENCE, "", regex=True)
    return words.mask(errors.notna(), "not fetched: " + codes)


def left_out(words: pd.Series[Any]) -> dict[str, int]:
    """How many runs have each outcome that is no documented status, the most frequent first."""
    counts: dict[str, int] = words[~words.isin(STATUSES)].value_counts().to_dict()
    return counts


def repeated_keys(runs: pd.DataFrame) -> pd.Series[Any]:
    """Numbers the keys (deployment and run) that stand more than once.

    A key's number is at each of its rows; all other rows have NA.

    Args:
        runs: a RUNS table.
    """
    key = ["deployment_id", "id"]
    repeated = runs.duplicated(key, keep=False) & runs[key].notna().all(axis=1)
    # By values and not by names, which an index may bear too.
    numbers = runs.groupby([runs[name] for name in key], dropna=False, observed=True).ngroup()
    return numbers.astype("Int64").where(repeated)


def repeated_runs_notes(runs: pd.DataFrame) -> list[str]:
    """A note for a RUNS table in which keys stand more than once; no note where none does."""
    return repeated_count_notes(int(repeated_keys(runs).nunique()))


def repeated_count_notes(count: int) -> list[str]:
    """A note that so many keys stand more than once; no note for none."""
    if not count:
        return []
    stand = "run stands" if count == 1 else "runs stand"
    return [f"{count:,} {stand} here more than once, and each row is counted"]
