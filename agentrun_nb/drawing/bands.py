"""The groups of a timeline, each with what is said of it, as the page's `timeline/grouping.mjs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.core.schema import FAILURES, STATUSES, SUCCESSES
from agentrun_nb.core.text import counted
from agentrun_nb.drawing.layout import MOST_BANDS
from agentrun_nb.drawing.status_style import look_of
from agentrun_nb.tables.labels import LABELLED, labels_of

Mask = NDArray[np.bool_]
Codes = NDArray[np.intp]

WORDS = {"deployment_id": "deployment", "version_id": "version", "status": "status"}
"""What is said of a grouping."""
_MANY = {"deployment_id": "deployments", "version_id": "versions", "status": "statuses"}


@dataclass(frozen=True)
class Band:
    """The runs of one group.

    Attributes:
        name: what it is called; empty where runs are not grouped.
        rows: which rows of the table are its runs.
        failed: how many of them failed or timed out.
        judged: how many of them did, or succeeded; none where each band is of one status.
    """

    name: str
    rows: Mask
    failed: int
    judged: int

    @property
    def size(self) -> int:
        """How many runs it has."""
        return int(np.count_nonzero(self.rows))

    @property
    def failed_words(self) -> str:
        """How many failed, of those that succeeded or failed: `30 failed, 7 %`; empty for none."""
        if not self.judged:
            return ""
        return f"{self.failed:,} failed, {percent(self.failed / self.judged)}"

    @property
    def sentence(self) -> str:
        """What is said of it: `code-review: 450 runs, 30 failed, 7 %`."""
        parts = [counted(self.size, "run"), self.failed_words]
        words = ", ".join(filter(None, parts))
        return f"{self.name}: {words}" if self.name else words


def bands_of(
    runs: pd.DataFrame, placed: Mask, begin: NDArray[np.float64], by: str, names: Mapping[str, str]
) -> list[Band]:
    """The bands of a timeline, at most `MOST_BANDS`; the last holds all others where more are.

    The oldest group is first, or statuses stand in the order of their lives. There is one band at
    least, also of no runs.

    Args:
        runs: a RUNS table.
        placed: which of them have a place in time.
        begin: where they lie, NaN for others.
        by: one of GROUPINGS of `window.py`.
        names: of deployments and versions by their ids.
    """
    in_turn = np.argsort(begin, kind="stable")[: np.count_nonzero(placed)]
    if by == "none" or not len(in_turn):
        return [_band("", runs, placed)]
    codes, groups = _groups(runs[by], in_turn)
    sizes = np.bincount(codes)
    shown = _most_common(sizes)
    if by == "status":
        shown.sort(key=lambda code: _lifecycle(groups[code]))
    labels = _labels([groups[code] for code in shown], by, names)
    bands = []
    for code, name in zip(shown, labels, strict=True):
        bands.append(_band(name, runs, _rows(in_turn[codes == code], len(runs)), by))
    rest = len(sizes) - len(shown)
    if rest:
        others = in_turn[~np.isin(codes, shown)]
        bands.append(_band(f"{rest:,} other {_MANY[by]}", runs, _rows(others, len(runs)), by))
    return bands


def _groups(values: pd.Series[Any], in_turn: Codes) -> tuple[Codes, list[Any]]:
    """The group of each run in its turn, by number, and what each group has in common.

    The groups are in the order in which they come; runs without a value are one too.
    """
    codes, groups = pd.factorize(values, use_na_sentinel=False)
    codes = codes[in_turn]
    first = np.full(len(groups), len(codes))
    # Of several that are written in one place the last stays, which is the first run of the group.
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    by_turn = np.argsort(first, kind="stable")[: np.count_nonzero(first < len(codes))]
    number = np.empty(len(groups), dtype=codes.dtype)
    number[by_turn] = np.arange(len(by_turn))
    return number[codes], groups[by_turn].tolist()


def _most_common(sizes: NDArray[np.int64]) -> list[int]:
    """The codes of groups that have a band of their own, in order."""
    if len(sizes) <= MOST_BANDS:
        return list(range(len(sizes)))
    by_size = np.argsort(-sizes, kind="stable")
    largest = by_size[: MOST_BANDS - 1]
    return sorted(largest.tolist())


def _lifecycle(status: Any) -> int:
    return STATUSES.index(status) if status in STATUSES else len(STATUSES)


def _labels(groups: list[Any], by: str, names: Mapping[str, str]) -> list[str]:
    if by not in LABELLED:
        return [look_of(group if isinstance(group, str) else None).label for group in groups]
    ids = [group for group in groups if isinstance(group, str)]
    labels = labels_of(ids, names)
    return [labels.get(group, f"no {WORDS[by]} recorded") for group in groups]


def _rows(places: NDArray[np.intp], count: int) -> Mask:
    rows = np.zeros(count, dtype=bool)
    rows[places] = True
    return rows


def _band(name: str, runs: pd.DataFrame, rows: Mask, by: str = "") -> Band:
    if by == "status":
        return Band(name, rows, 0, 0)
    status = runs["status"][rows]
    failed = int(status.isin(FAILURES).sum())
    succeeded = int(status.isin(SUCCESSES).sum())
    return Band(name, rows, failed, failed + succeeded)


def percent(share: float) -> str:
    """A share in whole percent, as the page writes it; only none is 0 % and only all are 100 %."""
    whole = int(np.floor(100 * share + 0.5))
    if whole == 0 and share > 0:
        return "<\u00a01\u00a0%"
    if whole == 100 and share < 1:
        return ">\u00a099\u00a0%"
    return f"{whole}\u00a0%"
