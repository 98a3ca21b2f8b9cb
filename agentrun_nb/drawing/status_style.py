"""The words, colours and shape of each status, wherever it is drawn.

The still pictures and the figures take them from here; the page is sent them when it opens.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.core.schema import FAILURES, STATUS_ROWS, STATUSES, Status


class Style(NamedTuple):
    """The colours and the shape of a status.

    Attributes:
        light: the colour on a light background.
        dark: the colour on a dark background.
        either: a colour that holds on both, for pictures that do not know where they will stand.
        shape: SVG path data in a box of 12 by 12, filled evenodd.
        symbol: the marker of plotly that comes nearest to the shape.
    """

    light: str
    dark: str
    either: str
    shape: str
    symbol: str = "diamond"


@dataclass(frozen=True)
class Look:
    """How a status is drawn: its words, its `Style`, and its place in a stack of counts.

    Attributes:
        label: the words.
        layer: looks are stacked in the order of this, from the bottom up.
    """

    label: str
    light: str
    dark: str
    either: str
    shape: str
    symbol: str
    layer: tuple[int, int]


_RING = "M6 0a6 6 0 1 0 0 12a6 6 0 1 0 0-12z"
_GREYS = ("#6b6b6b", "#a3a3a3", "#797979")

STYLES: dict[str, Style] = {
    "queued": Style("#9e6bd0", "#8576c3", "#8d59be", f"{_RING}M6 2a4 4 0 1 1 0 8a4 4 0 1 1 0-8z"),
    "starting": Style("#b42595", "#da98d9", "#c254a7", f"{_RING}M6 2a4 4 0 0 1 0 8z"),
    "installing": Style("#703420", "#e3cc81", "#9b7045", "M4 0h4v4h3L6 9 1 4h3zM0 10h12v2H0z"),
    "running": Style("#0a55c4", "#4fa6ff", "#1e85f3", "M2 0 12 6 2 12z"),
    "succeeded": Style("#2b9554", "#5ce0a9", "#309c5c", "M0 6 2 4 5 7 10 2 12 4 5 11z"),
    "failed": Style(
        "#a63307",
        "#f3696e",
        "#bb3e2c",
        "M2 0 6 4 10 0 12 2 8 6 12 10 10 12 6 8 2 12 0 10 4 6 0 2z",
        "x",
    ),
    "cancelled": Style("#294561", "#a8dbdd", "#577989", "M0 0h12v12H0zM3 5v2h6V5z"),
    "timed_out": Style(
        "#bf7c04", "#e1961a", "#bc7c05", "M1 0h10v2L7 6 11 10v2H1v-2L5 6 1 2z", "hourglass"
    ),
}
"""By the name of the status. One without a style of its own is drawn in grey, as a hexagon."""

_NO_STYLE = Style(*_GREYS, "M3 0h6l3 6-3 6H3L0 6z")


class _Layer(IntEnum):
    """Kinds of statuses in a stack of counts, from the bottom up."""

    SUCCEEDED = 0
    NOT_ENDED = 1
    UNKNOWN = 2
    STOPPED = 3
    FAILED = 4


def _layer(status: Status) -> tuple[int, int]:
    """The place of a status in a stack: its kind, and its place among those of that kind."""
    place = STATUS_ROWS.index(status)
    if status.succeeded:
        return _Layer.SUCCEEDED, place
    if not status.terminal:
        return _Layer.NOT_ENDED, -place
    if status.failed:
        return _Layer.FAILED, -place
    return _Layer.STOPPED, place


LOOKS: dict[str, Look] = {
    status.name: Look(
        status.words, **STYLES.get(status.name, _NO_STYLE)._asdict(), layer=_layer(status)
    )
    for status in STATUS_ROWS
}
"""The statuses of the contract, in lifecycle order."""

_NONE_STYLE = Style(*_GREYS, "M0 5h5v2H0zM7 5h5v2H7z")
_UNKNOWN_STYLE = Style(*_GREYS, "M6 0 12 6 6 12 0 6zM6 3 3 6 6 9 9 6z")

NONE = Look("no status recorded", **_NONE_STYLE._asdict(), layer=(_Layer.UNKNOWN, 0))
UNKNOWN = Look("unknown status", **_UNKNOWN_STYLE._asdict(), layer=(_Layer.UNKNOWN, 1))


def look_of(status: str | None) -> Look:
    """The look of a status as it stands in a record.

    One that this package does not know has neutral colours, and words that name it.
    """
    if not isinstance(status, str):
        return NONE
    return LOOKS.get(status) or replace(UNKNOWN, label=f"{UNKNOWN.label}: {status or '(empty)'}")


def stack() -> list[Look]:
    """All looks from the bottom of a stack up; unknown statuses share one."""
    return sorted([*LOOKS.values(), UNKNOWN, NONE], key=lambda look: look.layer)


def by_look(runs: pd.DataFrame) -> dict[Look, NDArray[np.bool_]]:
    """Which rows of a RUNS table have each look that occurs, from the bottom of a stack up.

    All unknown statuses have one look here, `UNKNOWN`.
    """
    status = runs["status"]
    rows_of = {look: (status == name).to_numpy(dtype=bool) for name, look in LOOKS.items()}
    rows_of[NONE] = status.isna().to_numpy(dtype=bool)
    rows_of[UNKNOWN] = ~(status.isin(STATUSES) | status.isna()).to_numpy(dtype=bool)
    return {look: rows_of[look] for look in stack() if rows_of[look].any()}


def painting_order(statuses: list[str | None]) -> list[str | None]:
    """Statuses in the order they are painted and counted.

    Unknown ones come first, then the others in lifecycle order, failures last.
    """
    rank = {name: place for place, name in enumerate(STATUSES)}

    def sort_key(name: str | None) -> tuple[bool, int, bool, str]:
        lifecycle = rank.get(name or "", -1)
        # Unknown statuses and None have the same place in lifecycle: None is first, then by name.
        return name in FAILURES, lifecycle, name is not None, str(name)

    return sorted(statuses, key=sort_key)
