"""Gives the outcome of each run in words, and counts the runs that statistics leave out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import FAILURES, STATUSES, SUCCESSES
from agentrun_nb.tables.digests import text_digests

_SENTENCE = "(?s):.*"

JUDGED = (*SUCCESSES, *FAILURES)
"""The outcomes that say whether a run succeeded; a cancelled run was stopped before it could."""


def outcomes(runs: pd.DataFrame) -> pd.Series[Any]:
    """Gives the documented status of each run, or why it has none.

    The reasons are `not fetched: …`, `no status` and `unknown status: …`.
    """
    status = runs["status"].astype(TEXT)
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


@dataclass(frozen=True)
class OutcomeCodes:
    """The outcomes of runs as numbers, which are compared much faster than texts.

    Attributes:
        words: the outcomes that there may be, as `outcomes` gives them.
        codes: for each run, the place of its outcome among them.
    """

    words: tuple[str, ...]
    codes: NDArray[np.intp]

    @classmethod
    def of(cls, runs: pd.DataFrame) -> OutcomeCodes:
        """Finds the outcomes of a RUNS table."""
        codes = runs["status"].cat.codes.to_numpy("intp")
        words = runs["status"].cat.categories
        is_documented = np.append(words.isin(STATUSES), False)  # the last is that of code -1
        if is_documented[codes].all() and runs["fetch_error"].isna().all():
            return cls(tuple(words), codes)
        codes, words = pd.factorize(outcomes(runs))
        return cls(tuple(words), codes)

    def are(self, chosen: Iterable[str]) -> NDArray[np.bool_]:
        """Which of the runs have one of these outcomes."""
        is_chosen = np.array([word in {*chosen} for word in self.words], dtype="bool")
        return is_chosen[self.codes]


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


_MIX = np.uint64(0x9E3779B97F4A7C15)
"""An odd number that spreads the digest of a deployment over all its bits."""


def key_digests(runs: pd.DataFrame) -> tuple[NDArray[np.bool_], NDArray[np.uint64]]:
    """Computes a digest of 64 bits of the key (deployment and run) of each run that has one.

    Among a million runs the chance that any two keys share one is below 1 in 30 million.

    Args:
        runs: a RUNS table.

    Returns:
        Which runs have a key, and the digests of these.
    """
    has_key = (runs["deployment_id"].notna() & runs["id"].notna()).to_numpy()
    keys = runs if has_key.all() else runs[has_key]
    of_deployments = text_digests(keys["deployment_id"])
    return has_key, of_deployments * _MIX + text_digests(keys["id"])


def count_repeated(digests: NDArray[np.uint64]) -> int:
    """Counts the keys that stand more than once.

    Args:
        digests: of all keys, as from `key_digests`.
    """
    ordered = np.sort(digests)
    is_again = ordered[1:] == ordered[:-1]
    return len(np.unique(ordered[1:][is_again]))


def repeated_runs_notes(runs: pd.DataFrame) -> list[str]:
    """A note for a RUNS table in which keys stand more than once; no note where none does."""
    return repeated_count_notes(int(repeated_keys(runs).nunique()))


def repeated_count_notes(count: int) -> list[str]:
    """A note that so many keys stand more than once; no note for none."""
    if not count:
        return []
    stand = "run stands" if count == 1 else "runs stand"
    return [f"{count:,} {stand} here more than once, and each row is counted"]
