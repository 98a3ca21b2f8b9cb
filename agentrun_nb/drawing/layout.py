"""Lays out lanes and columns of runs along time in pixels, as the page's `timeline/layout.mjs`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.drawing.spans import Kind, Spans
from agentrun_nb.tables.moments import Floats

MARK = 3
"""The least length of a run."""
COLUMN = 3
"""The width of a column."""
THINNEST = 5
"""The least height of a lane."""
MOST_SINGLE = 4_000
"""More runs than this are counted in columns and not drawn one by one."""
MOST_MARKS = 150
"""More runs than this are counted too where most of them are no longer than the least length."""
MOST_ROWS = 30
"""Up to so many runs have a row each."""
MOST_BANDS = 12
"""Up to so many groups have a band each; the last holds all others where there are more."""
ROW = 22
"""The height of a row."""
LANE = 16
"""The height of a lane."""
THICKEST = 22
"""The most height of a lane where there is room."""
LOWEST_BAND = 34
"""The least height of a band."""
BAND_LABEL = 18
"""The height of the name above a band."""
BAND_GAP = 8
"""What stays free below a band."""
ONE_BAND_HEIGHT = 240
"""The most height of a band that stands alone."""
ALL_BANDS_HEIGHT = 400
"""The most height of all bands together."""
FAILURE_STRIP = 20
"""The height of the strip of failures above all bands."""
FAILURE_CELL = 10
"""The width in which failures share one mark."""
_FREE_TOP = 4
"""What stays free above all bands where there is no strip of failures."""
_PLAIN_END = 1
"""What stays free behind a run."""
_MARKED_END = 13
"""The same where the shape of its status stands there."""


def fitting_grouping(count: int, deployments: int, versions: int) -> str:
    """By what runs are grouped where nobody has chosen: one of the GROUPINGS of `window.py`.

    Args:
        count: how many runs have a place.
        deployments: how many deployments they are of; having none counts as one.
        versions: how many versions, likewise.
    """
    if count <= MOST_ROWS:
        return "none"
    if deployments > 1:
        return "deployment_id"
    return "version_id" if versions > 1 else "none"


def grouping_of(placed: pd.DataFrame) -> str:
    """By what these runs, all of which have a place, are grouped where nobody has chosen."""
    deployments = placed["deployment_id"].nunique(dropna=False)
    versions = placed["version_id"].nunique(dropna=False)
    return fitting_grouping(len(placed), deployments, versions)


def are_counted(placed: Spans, near: NDArray[np.bool_], unit: float) -> bool:
    """Whether the runs of a picture are counted in columns and not drawn one by one.

    Args:
        placed: where the runs lie on the axis.
        near: which of them are in the picture or near it, those of all bands together.
        unit: how much of the axis a pixel is.
    """
    count = np.count_nonzero(near)
    if count > MOST_SINGLE:
        return True
    lengths = placed.end[near] - placed.begin[near]
    brief = np.count_nonzero(lengths < MARK * unit)
    return bool(count > MOST_MARKS and 2 * brief > count)


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


def lane_count(lane_of: dict[int, int] | None) -> int | None:
    """How many lanes a band has, at least one; None where its runs do not fit into lanes."""
    if lane_of is None:
        return None
    lowest = max(lane_of.values(), default=0)
    return lowest + 1


class Place(NamedTuple):
    """Where a band lies, in pixels from the top of the picture."""

    top: float
    bottom: float

    @property
    def height(self) -> float:
        """How high it is."""
        return self.bottom - self.top


def most_height(bands: int, grouped: bool) -> int:
    """The most height that each of so many bands may have."""
    everything = ALL_BANDS_HEIGHT if grouped else ONE_BAND_HEIGHT
    return round(everything / bands)


def band_height(count: int | None, most: int) -> int:
    """The height of a band with so many lanes; of columns, which is None, all that there is."""
    if count is None:
        return most
    least = min(LOWEST_BAND, most)
    return min(max(LANE * count, least), most)


def stack_bands(heights: Iterable[int], named: bool, strip: bool) -> list[Place]:
    """The places of bands, one below the other.

    Args:
        heights: of each band, its name not counted.
        named: whether a name stands above each.
        strip: whether a strip of failures stands above all.
    """
    label = BAND_LABEL if named else 0
    y = FAILURE_STRIP if strip else _FREE_TOP
    places: list[Place] = []
    for height in heights:
        top = y + label
        bottom = top + height
        places.append(Place(top, bottom))
        y = bottom + BAND_GAP
    return places


def column_edges(start: float, end: float, unit: float) -> Floats:
    """The edges of the columns between two places, at whole multiples of their width."""
    step = COLUMN * unit
    first = np.floor(start / step)
    last = np.ceil(end / step)
    return step * np.arange(first, last + 1)
