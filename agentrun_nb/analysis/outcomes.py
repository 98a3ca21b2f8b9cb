"""What became of each run, in a word, and which runs no statistic can speak of."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

import pandas as pd

from agentrun_nb.errors import SchemaError
from agentrun_nb.schema import STATUSES

_SENTENCE = re.compile(":.*", re.DOTALL)

JUDGED = ("succeeded", "failed", "timed_out")
"""The outcomes that say whether a run succeeded; a cancelled run was stopped before it could."""


def outcomes(runs: pd.DataFrame) -> pd.Series[Any]:
    """The documented status of each run, or why it has none: `not fetched: …`, `no status`, `unknown status: …`."""
    status = runs["status"].astype("str")
    words = status.where(runs["status"].isin(STATUSES), "unknown status: " + status).fillna("no status")
    return words.mask(
        runs["fetch_error"].notna(), "not fetched: " + runs["fetch_error"].str.replace(_SENTENCE, "", regex=True)
    )


def left_out(words: pd.Series[Any]) -> dict[str, int]:
    """How many runs have each outcome that is no documented status, the most frequent first."""
    counts: dict[str, int] = words[~words.isin(STATUSES)].value_counts().to_dict()
    return counts


def check_columns(runs: pd.DataFrame, names: list[str]) -> None:
    """Raises SchemaError where the frame lacks a column, and names the nearest."""
    for name in names:
        if name not in runs.columns:
            near = get_close_matches(str(name), [str(column) for column in runs.columns], 3, 0.5)
            hint = f"Near it: {', '.join(near)}." if near else "Join the column to the runs first."
            raise SchemaError(f"These runs have no column {name!r}.", hint=hint)
