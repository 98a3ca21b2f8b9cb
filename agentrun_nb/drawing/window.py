"""What part of time is on the screen."""

from __future__ import annotations

from dataclasses import dataclass

GROUPINGS = ("none", "deployment_id", "version_id", "status")
"""By what the runs of a timeline are grouped; None: as it fits."""

LARGEST_DATE = 8.64e15
"""The largest date of JavaScript, in ms since the epoch; the smallest lies as far before it."""

Fold = tuple[float, float, float]
"""A stretch of time of which an axis keeps a part.

It is its first moment, its length and what is kept of it, all in ms.
"""


@dataclass(frozen=True)
class Window:
    """What is on the screen.

    Attributes:
        start: where it begins, in ms since the epoch; None: with the first run.
        end: likewise.
        by: the grouping, one of GROUPINGS; None: as it fits.
        folds: the stretches that are folded.
        width: of the time axis, in pixels.
        dark: whether the background is dark; None where no page has said.
        folded: whether the reader asked for the stretches without runs to be folded.
        colour: the path of the column that gives the runs their colours; None: their statuses do.
    """

    start: float | None = None
    end: float | None = None
    by: str | None = None
    folds: tuple[Fold, ...] = ()
    width: float = 800
    dark: bool | None = None
    folded: bool = False
    colour: str | None = None
