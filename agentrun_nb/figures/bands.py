"""Gives the groups of a timeline, each of which has a band of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.core.schema import STATUSES
from agentrun_nb.drawing.layout import MOST_BANDS
from agentrun_nb.figures.style import groups, label

Chosen = NDArray[np.bool_]


def bands_of(runs: pd.DataFrame, known: Chosen, by: str) -> list[tuple[str, Chosen]]:
    """Gives the names of the groups and which runs are theirs, in the widget's order.

    Args:
        runs: the RUNS table.
        known: which of them have a place on the axis.
        by: the grouping; `none` is one band without a name.
    """
    if by == "none" or runs.empty:
        # Without runs there are no groups, and still one band to write into.
        return [("", known)]
    names = groups(runs, by, MOST_BANDS)
    order = list(names.cat.categories)
    if by == "status":
        documented = [status for status in STATUSES if status in order]
        order = documented + [name for name in order if name not in STATUSES]
    bands = []
    for name in order:
        rows = known & (names == name).to_numpy()
        bands.append((f"{label(name)}, {np.count_nonzero(rows):,}", rows))
    return bands
