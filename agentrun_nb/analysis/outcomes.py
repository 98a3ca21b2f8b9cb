"""What became of each run, in a word, and which runs no statistic can speak of."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from agentrun_nb.core.schema import FAILURES, STATUSES, SUCCESSES

_SENTENCE = re.compile(":.*", re.DOTALL)

JUDGED = (*SUCCESSES, *FAILURES)
"""The outcomes that say whether a run succeeded; a cancelled run was stopped before it could."""


def outcomes(runs: pd.DataFrame) -> pd.Series[Any]:
    """The documented status of each run, or why it has none.

    `not fetched: …`, `no status`, `unknown status: …`.
    """
    status = runs["status"].astype("str")
    words = status.where(runs["status"].isin(STATUSES), "unknown status: " + status).fillna(
        "no status"
    )
    return words.mask(
        runs["fetch_error"].notna(),
        "not fetched: " + runs["fetch_error"].str.replace(_SENTENCE, "", regex=True),
    )


def left_out(words: pd.Series[Any]) -> dict[str, int]:
    """How many runs have each outcome that is no documented status, the most frequent first."""
    counts: dict[str, int] = words[~words.isin(STATUSES)].value_counts().to_dict()
    return counts


def repeated_keys(runs: pd.DataFrame) -> pd.Series[Any]:
    """A number for each key (deployment and run) that stands more than once, at each of its rows; NA at all others.

    Args:
        runs: a RUNS table.
    """
    key = ["deployment_id", "id"]
    repeated = runs.duplicated(key, keep=False) & runs[key].notna().all(axis=1)
    # By values and not by names, which an index may bear too.
    numbers = runs.groupby([runs[name] for name in key], dropna=False, observed=True).ngroup()
    return numbers.astype("Int64").where(repeated)


def repeated_notes(runs: pd.DataFrame) -> list[str]:
    """What is said of a RUNS table in which keys stand more than once; nothing where none does."""
    return repeated_note(int(repeated_keys(runs).nunique()))


def repeated_note(count: int) -> list[str]:
    """What is said where keys stand more than once; nothing where none does."""
    if not count:
        return []
    return [
        f"{count:,} {'run stands' if count == 1 else 'runs stand'} here more than once, and each row is counted"
    ]
