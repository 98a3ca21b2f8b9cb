"""Groups failures for the page: which groups there are, and in which each run is."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.core.text import clip
from agentrun_nb.widget.protocol import Parcel

MOST_GROUPS = 1_000
"""The page gets so many groups, those with the most runs."""

NO_GROUP = 0xFFFFFFFF
"""The code of a run that is in none of them."""

_LONGEST = 300


class FailureGroups(NamedTuple):
    """The groups, the largest first.

    Attributes:
        codes: the group of each run by its place in `groups`, `NO_GROUP` where it has none.
        groups: of each the fingerprint, the reason of its last run as `example`, and how many runs
            it has as `n`.
        more: how many runs are in groups that are left out.
    """

    codes: NDArray[np.uint32]
    groups: list[dict[str, Any]]
    more: int


def failure_groups(runs: pd.DataFrame, fingerprints: pd.Series[Any]) -> FailureGroups:
    """Groups runs by their fingerprints.

    Args:
        runs: a RUNS table.
        fingerprints: what `failures` gives for each of its runs.
    """
    found, distinct = pd.factorize(fingerprints)
    counts = np.bincount(found[found >= 0], minlength=len(distinct))
    order = np.argsort(-counts, kind="stable")
    shown = order[:MOST_GROUPS]
    # The last code stands for what has no group, as the code of a missing value is -1.
    code_of = np.full(len(distinct) + 1, NO_GROUP, dtype="u4")
    code_of[shown] = np.arange(len(shown))
    examples = _last_reasons(runs, found, len(distinct))
    groups = []
    for code in shown.tolist():
        example = clip(examples[code], _LONGEST)
        groups.append(
            {"fingerprint": str(distinct[code]), "example": example, "n": int(counts[code])}
        )
    return FailureGroups(code_of[found], groups, int(counts[order[MOST_GROUPS:]].sum()))


def groups_part(found: FailureGroups, parcel: Parcel) -> dict[str, Any]:
    """The groups as a part of a message.

    Args:
        found: the groups.
        parcel: what their codes are added to.
    """
    codes = parcel.add(found.codes.astype("<u4").tobytes())
    return {"codes": codes, "list": found.groups, "more": found.more}


def _last_reasons(runs: pd.DataFrame, codes: NDArray[Any], count: int) -> list[str]:
    """The failure reason of the last run of each group."""
    seen = runs["completed_at"].fillna(runs["created_at"])
    order = np.argsort(seen.to_numpy("datetime64[us]"), kind="stable")
    # Missing times stand last in numpy's order and are the first here.
    missing = seen.isna().to_numpy()[order]
    order = np.concatenate([order[missing], order[~missing]])
    order = order[codes[order] >= 0]
    last = np.zeros(count, dtype="int64")
    last[codes[order]] = order
    reasons = runs["failure_reason"].fillna("").to_numpy("object")
    return [str(reason) for reason in reasons[last]] if count else []
