"""Lanes and columns of runs along time in pixels, as the page's `timeline/layout.mjs` has them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agentrun_nb.drawing.spans import Kind, Spans
from agentrun_nb.tables.moments import Floats

MARK, COLUMN = 3, 3
"""The least length of a run, and the width of a column."""
THINNEST = 5
"""The least height of a lane."""
MOST_SINGLE = 4_000
"""More runs than this are counted in columns and not drawn one by one."""
MOST_ROWS = 24
"""Up to so many runs have a row each."""
MOST_BANDS = 12
"""Up to so many groups have a band each; the last holds all others where there are more."""
_PLAIN_END, _MARKED_END = 1, 13
"""What stays free behind a run: more where the shape of its status stands there."""


def lanes(
    placed: Spans, succeeded: NDArray[np.bool_], unit: float, height: float
) -> dict[int, int] | None:
    """The lane of each run that has a place; None where they do not fit.

    Args:
        placed: where the runs lie on the axis.
        succeeded: which of them succeeded, whose end needs no mark.
        unit: how much of the axis a pixel is.
        height: how many pixels there are for all lanes.
    """
    if np.count_nonzero(~np.isnan(placed.begin)) > MOST_SINGLE:
        return None
    plain = succeeded & (placed.kind <= Kind.UNDIVIDED)
    room = np.where(plain, _PLAIN_END, _MARKED_END) * unit
    return placed.lanes(MARK * unit, room, int(height // THINNEST))


def column_edges(start: float, end: float, unit: float) -> Floats:
    """The edges of the columns between two places, at whole multiples of their width."""
    step = COLUMN * unit
    return step * np.arange(np.floor(start / step), np.ceil(end / step) + 1)
