"""Where runs lie on a time axis, from the timestamps of their records alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.core.schema import TERMINAL
from agentrun_nb.tables.moments import Floats, known_until, milliseconds, without_zero_times

YEAR = 365 * 86_400_000.0
ABSURD = 20
"""How many times longer than all shorter gaps together a gap before an outlier is.

Such a gap is also longer than a year.
"""


class Kind(IntEnum):
    """What a record says of a run's course."""

    PHASES = 0
    """From created over started to completed."""
    UNDIVIDED = 1
    """From created to completed; no start is recorded, or one that lies before created."""
    LIVE = 2
    """Not ended when the data was read."""
    OPEN = 3
    """Ended, but when is not recorded."""
    POINT = 4
    """It ended before it began: no length can be drawn."""


@dataclass(frozen=True)
class Spans:
    """Spans of n runs, in ms since the epoch.

    Attributes:
        begin: created; NaN where it is not recorded, and the run has no place then.
        middle: started, NaN where it is not known.
        end: where the run ends on the axis; never later than `now` for a run that has not ended.
        kind: one of `Kind`.
    """

    begin: Floats
    middle: Floats
    end: Floats
    kind: NDArray[np.int8]

    def touching(self, start: float | None, end: float | None) -> NDArray[np.bool_]:
        """Which runs touch a window; None leaves that side open."""
        inside = ~np.isnan(self.begin)
        if start is not None:
            inside &= self.end >= start
        if end is not None:
            inside &= self.begin <= end
        return inside

    def bulk(self) -> tuple[float, float]:
        """Finds the first and the last moment, without outliers.

        Where years of nothing lie before outliers, the moments are those on the side of most runs.
        """
        moments = np.sort(np.concatenate([self.begin, self.end]))
        moments = moments[~np.isnan(moments)]
        gaps = np.diff(moments)
        long = np.sort(gaps[gaps > YEAR])
        shorter = gaps[gaps <= YEAR].sum() + np.cumsum(long) - long
        least = long[long > ABSURD * shorter].min(initial=np.inf)
        parts = np.split(moments, np.flatnonzero(gaps >= least) + 1)
        most = max(parts, key=len)
        return float(most[0]), float(most[-1])

    def only(self, chosen: NDArray[np.bool_]) -> Spans:
        """The same rows, of which only the chosen have a place."""
        return replace(self, begin=np.where(chosen, self.begin, np.nan))

    def lanes(self, least: float, room: Floats | float, most: int) -> dict[int, int] | None:
        """Finds first-fit lanes in which no two runs touch.

        Each run that has a place gets a lane, in the order of time.

        Args:
            least: the least length of a run in ms.
            room: what stays free behind each, likewise.
            most: how many lanes there may be; None is the answer where more were needed.
        """
        ends: list[float] = []
        lane_of: dict[int, int] = {}
        free = np.fmax(self.end, self.begin + least) + room
        placed = np.count_nonzero(~np.isnan(self.begin))
        for row in np.argsort(self.begin, kind="stable")[:placed].tolist():
            begin = self.begin[row]
            lane = next((lane for lane, end in enumerate(ends) if end <= begin), len(ends))
            if lane == most:
                return None
            ends[lane : lane + 1] = [float(free[row])]
            lane_of[row] = lane
        return lane_of

    def tally(self, groups: NDArray[np.intp], count: int, edges: Floats) -> NDArray[np.int64]:
        """How many runs of each group touch each stretch between two edges, as on the page.

        Args:
            groups: the group of each run, from 0 on; -1: of none.
            count: how many groups there are.
            edges: rising moments.

        Returns:
            A row for each group, with a number for each stretch.
        """
        rows = np.flatnonzero((groups >= 0) & ~np.isnan(self.begin))
        stretches = len(edges) - 1

        def up_to(moments: Floats, limits: Floats) -> NDArray[np.int64]:
            """How many of a group have their moment before each limit."""
            # The first limit that lies after the moment; one more where none does.
            places = np.searchsorted(limits, moments[rows], "right")
            cells = groups[rows] * (stretches + 1) + places
            counts = np.bincount(cells, minlength=count * (stretches + 1))
            return counts.reshape(count, stretches + 1)[:, :-1].cumsum(axis=1)

        # Those that touch a stretch are those begun before its end less those ended before it.
        return up_to(self.begin, edges[1:]) - up_to(self.end, edges[:-1])


def numbered(masks: Iterable[NDArray[np.bool_]]) -> NDArray[np.intp]:
    """The number of the mask in which each row is, -1 where it is in none; no row is in two."""
    masks = list(masks)
    numbers = np.full(len(masks[0]), -1)
    for number, rows in enumerate(masks):
        numbers[rows] = number
    return numbers


def spans(runs: pd.DataFrame, now: float) -> Spans:
    """The spans of runs.

    Args:
        runs: a RUNS table.
        now: in ms since the epoch, when a record was read that does not say it itself.
    """
    created = milliseconds(runs["created_at"])
    started = without_zero_times(milliseconds(runs["started_at"]))
    completed = without_zero_times(milliseconds(runs["completed_at"]))
    terminal = runs["status"].isin(TERMINAL).to_numpy(dtype=bool)
    divided = started >= created
    reversed_ = (completed < created) | (completed < started)
    ended = completed >= created
    kind = np.select(
        [reversed_, ended & divided, ended, terminal],
        [Kind.POINT, Kind.PHASES, Kind.UNDIVIDED, Kind.OPEN],
        default=Kind.LIVE,
    ).astype(np.int8)
    point = kind == Kind.POINT
    known = np.where(divided, started, created)
    seen_until = np.fmax(known, known_until(runs, now))
    end = np.select(
        [point, ended, kind == Kind.OPEN], [created, completed, known], default=seen_until
    )
    end = np.where(np.isnan(created), np.nan, end)
    middle = np.where(divided & ~point, started, np.nan)
    return Spans(created, middle, end, kind)
