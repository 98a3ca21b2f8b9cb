"""What a status looks like wherever Python draws it.

Words, colours and a shape, the same as in the widget.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.core.schema import FAILURES, STATUSES


@dataclass(frozen=True)
class Look:
    """The look of a status.

    Attributes:
        label: the words.
        light: the colour on a light ground.
        dark: the colour on a dark ground.
        either: a colour that holds on both, for pictures that do not know where they will stand.
        shape: SVG path data in a box of 12 by 12, filled evenodd.
    """

    label: str
    light: str
    dark: str
    either: str
    shape: str


_RING = "M6 0a6 6 0 1 0 0 12a6 6 0 1 0 0-12z"

LOOKS: dict[str, Look] = {
    "queued": Look(
        "queued", "#9b68cf", "#8577c4", "#9a68cf", f"{_RING}M6 2a4 4 0 1 1 0 8a4 4 0 1 1 0-8z"
    ),
    "starting": Look("starting", "#b52896", "#da97d7", "#c04aaa", f"{_RING}M6 2a4 4 0 0 1 0 8z"),
    "installing": Look(
        "installing", "#713521", "#e2cd82", "#9d7047", "M4 0h4v4h3L6 9 1 4h3zM0 10h12v2H0z"
    ),
    "running": Look("running", "#0a55c4", "#50a7ff", "#2878dd", "M2 0 12 6 2 12z"),
    "succeeded": Look("succeeded", "#2c9554", "#59e0a8", "#2c9554", "M0 6 2 4 5 7 10 2 12 4 5 11z"),
    "failed": Look(
        "failed",
        "#b23c12",
        "#f4686e",
        "#cf4f3a",
        "M2 0 6 4 10 0 12 2 8 6 12 10 10 12 6 8 2 12 0 10 4 6 0 2z",
    ),
    "cancelled": Look("cancelled", "#2a4560", "#a9dbdd", "#5a7e90", "M0 0h12v12H0zM3 5v2h6V5z"),
    "timed_out": Look(
        "timed out", "#ba7900", "#e1961a", "#ba7900", "M1 0h10v2L7 6 11 10v2H1v-2L5 6 1 2z"
    ),
}
"""The statuses of the contract, in lifecycle order."""


_OTHER = ("#6b6b6b", "#a3a3a3", "#797979")
_NONE = Look("no status recorded", *_OTHER, "M0 5h5v2H0zM7 5h5v2H7z")
_UNKNOWN = Look("unknown status", *_OTHER, "M6 0 12 6 6 12 0 6zM6 3 3 6 6 9 9 6z")


def look_of(status: str | None) -> Look:
    """The look of a status as it stands in a record.

    One that this package does not know is neutral.
    """
    if not isinstance(status, str):
        return _NONE
    return LOOKS.get(status) or replace(_UNKNOWN, label=f"{_UNKNOWN.label}: {status or '(empty)'}")


def by_look(runs: pd.DataFrame) -> dict[Look, NDArray[np.bool_]]:
    """Which rows of a RUNS table have each look that occurs, from the ground up.

    All unknown statuses are one.
    """
    codes = runs["status"].cat.codes.to_numpy().clip(max=len(STATUSES))
    looks = [*LOOKS.values(), _UNKNOWN, _NONE]
    # The widget stacks them in this order, the worst on top; 8 is an unknown status, -1 none.
    return {
        looks[code]: codes == code
        for code in (4, 3, 2, 1, 0, -1, 8, 6, 7, 5)
        if (codes == code).any()
    }


def painting_order(statuses: list[str | None]) -> list[str | None]:
    """Statuses in the order they are painted and counted.

    Unknown ones, lifecycle order, failures last.
    """
    rank = {name: place for place, name in enumerate(STATUSES)}
    return sorted(
        statuses,
        key=lambda name: (name in FAILURES, rank.get(name or "", -1), name is not None, str(name)),
    )
