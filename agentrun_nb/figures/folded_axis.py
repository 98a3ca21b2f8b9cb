"""Computes places on a time axis of which some stretches are folded, and checks its ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from math import isnan
from typing import Any

import numpy as np

from agentrun_nb.core.times import EPOCH
from agentrun_nb.core.when import read_when
from agentrun_nb.drawing.axis import Tick, ticks
from agentrun_nb.drawing.window import LARGEST_DATE, Fold
from agentrun_nb.errors import SettingsError
from agentrun_nb.figures.style import GREY, GRID, safe_text

FOLD_SHAPE = {
    "yref": "paper", "y0": 0, "y1": 1, "layer": "below", "fillcolor": GRID,
    "line": {"color": GREY, "width": 1, "dash": "dot"},
}  # fmt: skip
"""How a fold is marked, over the whole height of a figure."""


class FoldedAxis:
    """The time axis: a place on it is a moment, less the middles of the folds before it."""

    def __init__(self, folds: Iterable[Fold]) -> None:
        at, length, shown = np.array(list(folds), "float64").reshape(-1, 3).T
        # Of what a fold keeps one half stands before the cut and one behind it.
        half = shown / 2
        self.cuts = np.column_stack([at + half, at + length - half])
        removed = np.diff(self.cuts).cumsum()
        self._removed = np.append(0.0, removed)
        self._places = self.cuts[:, 0] - self._removed[:-1]

    def place(self, moments: Any) -> Any:
        """The places of moments; those inside a cut lie where the cut is."""
        cuts_before = np.searchsorted(self.cuts[:, 1], moments)
        next_cut = np.append(self._places, np.inf)[cuts_before]
        return np.minimum(moments - self._removed[cuts_before], next_cut)

    def moment(self, places: Any) -> Any:
        """The moments at places, the inverse of `place`."""
        cuts_before = np.searchsorted(self._places, places)
        return places + self._removed[cuts_before]

    def ticks(self, start: float, end: float, tz: str, most: int) -> list[Tick]:
        """Ticks between two places, none in a fold, at most about `most` of them."""
        places = self.place(self.cuts[:, 0])
        # A place where a cut is stands for the moment before it, as in `moment`.
        between = self.cuts[(start <= places) & (places < end)]
        # What is left of the axis are the stretches from the end of a cut to the next one.
        first, last = self.moment([start, end])
        edges = [first, *between.ravel(), last]
        found: list[Tick] = []
        for begin, stop in zip(edges[::2], edges[1::2], strict=True):
            share = (stop - begin) / (end - start)
            room = int(most * share)
            if room:
                found += ticks(begin, stop, tz, room)
        return found


def read_ends(window: Any, newest: float) -> tuple[float | None, float | None]:
    """The ends of a stretch of time in ms since the epoch, as a reader gave them.

    Args:
        window: two moments or ages, numbers of ms since the epoch, or None each; None: no ends.
        newest: the moment from which an age counts back, in ms since the epoch.

    Raises:
        SettingsError: it is something else, or the ends are not in order.
    """
    if window is None:
        return None, None
    if not isinstance(window, tuple | list) or len(window) != 2:
        raise SettingsError(
            f"{safe_text(window)!r} is not a window of a timeline.",
            hint="Give its first and its last moment, or None for either.",
        )
    start, stop = (_read_end(end, newest) for end in window)
    if start is not None and stop is not None and start >= stop:
        raise SettingsError(
            f"The window {safe_text(window)} ends before it begins.",
            hint="Give its first moment before its last one.",
        )
    return start, stop


def _read_end(end: Any, newest: float) -> float | None:
    is_number = isinstance(end, int | float | np.number) and not isinstance(end, bool)
    if is_number and abs(end) <= LARGEST_DATE:
        return float(end)
    # Without any moment in the runs an age counts back from now.
    now = None if isnan(newest) else EPOCH + timedelta(milliseconds=newest)
    micros = read_when(end, now)
    return None if micros is None else micros / 1_000
