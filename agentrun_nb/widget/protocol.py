"""What page and kernel say to each other.

The page is not trusted: every message is checked before it is answered.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from math import isfinite
from typing import Any, NamedTuple

from agentrun_nb.drawing.window import Window

OPS = ("module", "open", "run", "window", "preview", "compare")
GROUPINGS = ("time", "version", "status")
TABLES = ("statuses", "versions", "deployments", "errors")
# fmt: off
PAGE_KEYS = (
    "kind",
    "uid",
    "n",
    "now",
    "title",
    *TABLES,
    "columns",
    "docs",
    "text",
    "note",
    "no_previews",
    "screen",
    "head",
)
COLUMN_KEYS = (
    "created", "started", "completed", "until",
    "status", "version", "deployment", "error", "ids",
)
# fmt: on
DIFFERENCE_KEYS = ("path_a", "path_b", "change", "a", "b")
COMPARISON_KEYS = ("count", "differences", "outputs")
DOC_KEYS = (
    *("row", "fields", "fetched", "absent", "left_out", "unread"),
    *("input", "output_manifest", "outputs", "extra", "notes", "error", "not_read"),
)

PACK_ABOVE = 256 * 1024
"""Buffers of more bytes are sent gzipped."""

_LATEST = 8.64e15
_MOST_HIGHLIGHTED = 100
_LONGEST_STATUS = 10_000


class RefusedError(ValueError):
    """The message is not one of the protocol's; the text is the one sentence that the page gets."""


class Request(NamedTuple):
    """A message of the page that is sound.

    Runs and outputs are named in it by their place and by nothing else.
    """

    id: int
    op: str
    rows: tuple[int, ...] = ()
    output: int = 0
    window: Window = Window()


def request_id(content: Any) -> int | None:
    """The number under which an answer is expected, if the message has a sound one."""
    found = content.get("id") if isinstance(content, dict) else None
    return found if _is_place(found, 2**53 + 1) else None


def read_request(content: Any, rows: int) -> Request:
    """Checks a message.

    Args:
        content: what came.
        rows: how many runs the page holds.

    Raises:
        RefusedError: it is not a message of the protocol.
    """
    number = request_id(content)
    if number is None:
        raise RefusedError("A request is an object with a whole number as its id.")
    op = content.get("op")
    if not isinstance(op, str) or op not in OPS:
        raise RefusedError("The kernel knows no such request.")
    if op == "window":
        return Request(number, op, window=_window(content))
    wanted = content.get("rows") if op == "compare" else [content.get("row")]
    if op in ("module", "open"):
        wanted = []
    if not isinstance(wanted, list) or not all(_is_place(row, rows) for row in wanted):
        raise RefusedError("There is no such row.")
    if op == "compare" and len(wanted) != 2:
        raise RefusedError("Two runs can be compared, no more and no less.")
    output = content.get("output", 0) if op == "preview" else 0
    if not _is_place(output, 2**53):
        raise RefusedError("There is no such output.")
    return Request(number, op, rows=tuple(wanted), output=output)


def _window(content: dict[str, Any]) -> Window:
    start, end, by = content.get("start"), content.get("end"), content.get("by")
    if not all(edge is None or _is_moment(edge) for edge in (start, end)) or by not in GROUPINGS:
        raise RefusedError("A window has a start, an end and a grouping.")
    if start is not None and end is not None and start > end:
        raise RefusedError("A window ends after it starts.")
    folds, width = content.get("folds", []), content.get("width", 0)
    dark = content.get("dark", False)
    if not (_are(folds, _is_fold) and _is_moment(width) and isinstance(dark, bool)):
        raise RefusedError("A screen has folds, a width and a ground.")
    folded, highlighted = content.get("folded", False), content.get("highlighted", [])
    if not (isinstance(folded, bool) and _are(highlighted, _is_status)):
        wanted = "A screen has its gaps folded or not, and statuses that are highlighted."
        raise RefusedError(wanted)
    return Window(
        start,
        end,
        str(by),
        tuple(map(tuple, folds)),
        max(width, 100),
        dark,
        folded,
        tuple(highlighted[:_MOST_HIGHLIGHTED]),
    )


def _are(values: Any, sound: Callable[[Any], bool]) -> bool:
    return isinstance(values, list) and all(map(sound, values))


def _is_status(name: Any) -> bool:
    return name is None or (isinstance(name, str) and len(name) <= _LONGEST_STATUS)


def _is_fold(fold: Any) -> bool:
    return _are(fold, _is_moment) and len(fold) == 3 and 0 < fold[2] <= fold[1]


def _is_place(value: Any, count: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count


def _is_moment(value: Any) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) <= _LATEST and isfinite(value)


class Parcel:
    """The buffers of one message."""

    def __init__(self) -> None:
        self.buffers: list[bytes] = []

    def add(self, data: bytes, *, packed: bool = False) -> dict[str, Any]:
        """Adds bytes, and gives the reference to them.

        They are gzipped where they are many, unless they are already.
        """
        if large := not packed and len(data) > PACK_ABOVE:
            data = gzip.compress(data, 1, mtime=0)
        self.buffers.append(data)
        return {"buffer": len(self.buffers) - 1, "gzip": packed or large}
