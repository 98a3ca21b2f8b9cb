"""What a status looks like wherever Python draws it: words, colours and a shape, the same as in the widget."""

from __future__ import annotations

from dataclasses import dataclass

from agentrun_nb.schema import STATUSES


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


_RING = "M6 .5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11z"

LOOKS: dict[str, Look] = {
    "queued": Look("queued", "#9b68cf", "#8577c4", "#9a68cf", f"{_RING}M6 2.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 1 1 0-7z"),
    "starting": Look("starting", "#b52896", "#da97d7", "#c04aaa", f"{_RING}M6 2.5a3.5 3.5 0 0 1 0 7z"),
    "installing": Look("installing", "#713521", "#e2cd82", "#9d7047", "M4.5 .5h3v4h3L6 9L1.5 4.5h3zM1 10h10v1.5h-10z"),
    "running": Look("running", "#0a55c4", "#50a7ff", "#2878dd", "M2.5 .5L11 6L2.5 11.5z"),
    "succeeded": Look(
        "succeeded", "#2c9554", "#59e0a8", "#2c9554", "M.5 6.5L2.3 4.7L4.7 7.1L9.9 1.8L11.6 3.5L4.7 10.5z"
    ),
    "failed": Look(
        "failed",
        "#b23c12",
        "#f4686e",
        "#cf4f3a",
        "M2.3 .5L6 4.2L9.7 .5L11.5 2.3L7.8 6L11.5 9.7L9.7 11.5L6 7.8L2.3 11.5L.5 9.7L4.2 6L.5 2.3z",
    ),
    "cancelled": Look("cancelled", "#2a4560", "#a9dbdd", "#5a7e90", "M.8 .8h10.4v10.4h-10.4zM3 5v2h6v-2z"),
    "timed_out": Look(
        "timed out", "#ba7900", "#e1961a", "#ba7900", "M1.2 .5h9.6v1.8L7.2 6L10.8 9.7v1.8H1.2V9.7L4.8 6L1.2 2.3z"
    ),
}
"""The statuses of the contract, in lifecycle order."""

FAILURES = ("failed", "timed_out")
"""The statuses that are painted last and never left out of a picture."""

_OTHER = ("#6b6b6b", "#a3a3a3", "#797979")
_NONE = Look("no status recorded", *_OTHER, "M.5 5h4.5v2H.5zM7 5h4.5v2H7z")
_UNKNOWN_SHAPE = "M6 .3L11.7 6L6 11.7L.3 6zM6 3.3L3.3 6L6 8.7L8.7 6z"


def look_of(status: str | None) -> Look:
    """The look of a status as it stands in a record; one that this package does not know is neutral."""
    if not isinstance(status, str):
        return _NONE
    return LOOKS.get(status) or Look(f"unknown status: {status or '(empty)'}", *_OTHER, _UNKNOWN_SHAPE)


def painting_order(statuses: list[str | None]) -> list[str | None]:
    """Statuses in the order they are painted and counted: unknown ones, lifecycle order, failures last."""
    rank = {name: place for place, name in enumerate(STATUSES)}
    return sorted(statuses, key=lambda name: (name in FAILURES, rank.get(name or "", -1), name is not None, str(name)))
