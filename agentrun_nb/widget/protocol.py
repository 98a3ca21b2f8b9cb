"""Checks the messages of the page, and names the keys of what the kernel sends to it.

The page is not trusted: every message is checked before it is answered.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agentrun_nb.analysis.filter_rules import Rules, read_filter
from agentrun_nb.drawing.window import GROUPINGS, LARGEST_DATE, Window
from agentrun_nb.errors import SettingsError
from agentrun_nb.widget.traits import document_path

TABLES = ("statuses", "versions", "deployments", "modes", "reasons", "errors")
PAGE_KEYS = (
    "kind", "uid", "n", "now", "read_at", "title", *TABLES, "reasons_clipped", "names", "columns",
    "docs", "groups", "last_success", "last_success_cut", "text", "note", "complete", "verdict",
    "no_previews", "screen", "head", "version",
)  # fmt: skip
COLUMN_KEYS = (
    "created", "started", "completed", "until",
    "status", "version", "deployment", "mode", "reason", "error", "exit", "ids",
)  # fmt: skip
DIFFERENCE_KEYS = ("path_a", "path_b", "change", "a", "b")
LOG_KEYS = ("created_at", "level", "event_type", "source", "message", "metadata")
GROUP_KEYS = ("fingerprint", "example", "n")
COMPARISON_KEYS = ("count", "differences", "outputs")
DOC_KEYS = (
    "row", "fields", "fetched", "absent", "left_out", "unread",
    "input", "output_manifest", "outputs", "extra", "notes", "error", "not_read",
    "phases",
)  # fmt: skip

PART_KEYS = ("n", *TABLES, "reasons_clipped", "names", "columns")
FOLLOW_KEYS = ("can", "on", "left", "age", "trouble", "news")
PATCH_KEYS = (
    "op", "version", "now", "rows", "until", "changed", "part", "report", "doc", "follow",
)  # fmt: skip
"""What the page is told of runs that have changed: the rows that were looked at and until when they
are known, and of those that are other now the columns, as a page of their own has them."""

_VIEW = re.compile(r"[0-9a-f]{1,32}")

GZIP_ABOVE = 256 * 1024
"""Buffers of more bytes are sent gzipped, where they pack."""
_NO_SMALL_CODE = 255
"""What -1 is in a byte."""
_SAMPLE = 16 * 1024
"""By so many bytes it is judged whether all of them pack."""
_WORTH_PACKING = 0.8
"""Bytes pack where gzip leaves a smaller share of them."""


class RefusedError(ValueError):
    """The message is not one of the protocol's; the text is the one sentence that the page gets."""


class Attention(NamedTuple):
    """What a page says of itself, so that runs are followed while somebody sees them.

    Attributes:
        view: the page's own name, hex: a view may be on several pages.
        number: how often it has said something before, so that nothing older counts.
        seen: whether it is on the screen.
        on: whether a person wants runs to be followed; None: nobody said so.
        take: whether a person wants to see the runs that have come since.
    """

    view: str = ""
    number: int = 0
    seen: bool = False
    on: bool | None = None
    take: bool = False


class Request(NamedTuple):
    """A message of the page that was checked.

    It names runs and outputs by their place and by nothing else.

    Attributes:
        id: the number under which an answer is expected.
        op: the name of the request, one of `OPS`.
        rows: the places of runs.
        output: the place of an output of a run.
        window: what is on the screen.
        rules: a filter, checked.
        path: a path in a document.
        attention: what the page says of itself.
    """

    id: int
    op: str
    rows: tuple[int, ...] = ()
    output: int = 0
    window: Window = Window()
    rules: Rules | None = None
    path: str = ""
    attention: Attention = Attention()


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
    if not isinstance(op, str) or op not in _READERS:
        raise RefusedError("The kernel knows no such request.")
    return Request(number, op, **_READERS[op](content, rows))


def _read_nothing(content: dict[str, Any], rows: int) -> dict[str, Any]:
    return {}


def _read_row(content: dict[str, Any], rows: int) -> dict[str, Any]:
    return {"rows": _rows([content.get("row")], rows)}


def _read_pair(content: dict[str, Any], rows: int) -> dict[str, Any]:
    pair = _rows(content.get("rows"), rows)
    if len(pair) != 2:
        raise RefusedError("Two runs can be compared, no more and no less.")
    return {"rows": pair}


def _read_choice(content: dict[str, Any], rows: int) -> dict[str, Any]:
    chosen = _rows(content.get("rows"), rows)
    return {"rows": tuple(dict.fromkeys(chosen))}


def _read_output(content: dict[str, Any], rows: int) -> dict[str, Any]:
    row = _read_row(content, rows)
    output = content.get("output", 0)
    if not _is_place(output, 2**53):
        raise RefusedError("There is no such output.")
    return {**row, "output": output}


def _read_filter(content: dict[str, Any], rows: int) -> dict[str, Any]:
    try:
        return {"rules": read_filter(content.get("filter"))}
    except SettingsError as error:
        raise RefusedError(str(error)) from None


def _read_path(content: dict[str, Any], rows: int) -> dict[str, Any]:
    return {"path": _path(content.get("path"))}


def _path(text: Any) -> str:
    try:
        return document_path(text)
    except SettingsError as error:
        raise RefusedError(str(error)) from None


def _read_attention(content: dict[str, Any], rows: int) -> dict[str, Any]:
    view, on = content.get("view"), content.get("on")
    seen, take = content.get("seen"), content.get("take", False)
    number = content.get("number", 0)
    if not isinstance(view, str) or not _VIEW.fullmatch(view):
        raise RefusedError("A page has a name of hex digits.")
    if not isinstance(seen, bool) or not isinstance(take, bool):
        raise RefusedError("A page is on the screen or is not.")
    if on is not None and not isinstance(on, bool):
        raise RefusedError("Runs are followed or are not.")
    if not _is_place(number, 2**53):
        raise RefusedError("What a page says has a number.")
    return {"attention": Attention(view, number, seen, on, take)}


def _read_window(content: dict[str, Any], rows: int) -> dict[str, Any]:
    return {"window": _window(content)}


_READERS: dict[str, Callable[[dict[str, Any], int], dict[str, Any]]] = {
    "module": _read_nothing,
    "later": _read_nothing,
    "open": _read_nothing,
    "docs": _read_nothing,
    "run": _read_row,
    "compare": _read_pair,
    "select": _read_choice,
    "selected": _read_nothing,
    "shown": _read_filter,
    "groups": _read_nothing,
    "column": _read_path,
    "last_success": _read_row,
    "python": _read_nothing,
    "file": _read_nothing,
    "preview": _read_output,
    "logs": _read_row,
    "window": _read_window,
    "follow": _read_attention,
}
"""How each request is read: what it holds is checked there, and nothing else of it is used."""

OPS = tuple(_READERS)


def _rows(places: Any, count: int) -> tuple[int, ...]:
    if not isinstance(places, list) or not all(_is_place(row, count) for row in places):
        raise RefusedError("There is no such row.")
    return tuple(places)


def _window(content: dict[str, Any]) -> Window:
    start, end, by = content.get("start"), content.get("end"), content.get("by")
    are_edges = all(edge is None or _is_moment(edge) for edge in (start, end))
    if not are_edges or by not in (None, *GROUPINGS):
        raise RefusedError("A window has a start, an end and a grouping.")
    if start is not None and end is not None and start > end:
        raise RefusedError("A window ends after it starts.")
    folds, width = content.get("folds", []), content.get("width", 0)
    dark = content.get("dark", False)
    if not (_are(folds, _is_fold) and _is_moment(width) and isinstance(dark, bool)):
        raise RefusedError("A screen has folds, a width, and a background that is dark or not.")
    folded = content.get("folded", False)
    if not isinstance(folded, bool):
        raise RefusedError("A screen has its gaps folded or not.")
    colour = content.get("colour")
    return Window(
        start,
        end,
        by=by,
        folds=tuple(map(tuple, folds)),
        width=max(width, 100),
        dark=dark,
        folded=folded,
        colour=None if colour is None else _path(colour),
    )


def _are(values: Any, sound: Callable[[Any], bool]) -> bool:
    return isinstance(values, list) and all(map(sound, values))


def _is_fold(fold: Any) -> bool:
    """Whether it is a fold: where it begins, how long it is, and the length that is left of it."""
    if not _are(fold, _is_moment) or len(fold) != 3:
        return False
    _, length, left = fold
    return bool(0 < left <= length)


def _is_place(value: Any, count: int) -> bool:
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    return 0 <= value < count


def _is_moment(value: Any) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) <= LARGEST_DATE


class Parcel:
    """The buffers of one message.

    Args:
        buffers: those that are in it already.
    """

    def __init__(self, buffers: Sequence[bytes] = ()) -> None:
        self._buffers = list(buffers)
        self._large: list[int] = []

    def add(self, data: bytes, *, is_gzipped: bool = False) -> dict[str, Any]:
        """Adds bytes, and gives the reference to them. Many bytes that pack are sent gzipped.

        Args:
            data: the bytes.
            is_gzipped: whether they are gzipped already.
        """
        place = len(self._buffers)
        self._buffers.append(data)
        if not is_gzipped and len(data) > GZIP_ABOVE and _packs(data):
            self._large.append(place)
            is_gzipped = True
        return {"buffer": place, "gzip": is_gzipped}

    def add_floats(self, values: NDArray[Any]) -> dict[str, Any]:
        """Adds floats, and gives the reference to them.

        Many of them go in two halves: the upper ones of moments are almost all alike, and the lower
        ones hardly pack at all, so that no time is lost over them on either side.
        """
        numbers = np.ascontiguousarray(values, "<f8")
        if numbers.nbytes <= GZIP_ABOVE:
            return self.add(numbers.tobytes())
        halves = numbers.view("<u4")
        low, high = (self.add(half.tobytes()) for half in (halves[::2], halves[1::2]))
        return low | {"high": high}

    def add_codes(self, codes: NDArray[Any]) -> dict[str, Any]:
        """Adds places in a list, -1 for none, and gives the reference to them.

        Many of them go in a byte each, where that is enough.
        """
        numbers = np.asarray(codes, "<i4")
        if numbers.nbytes <= GZIP_ABOVE or numbers.max() >= _NO_SMALL_CODE:
            return self.add(numbers.tobytes())
        return self.add(numbers.astype("u1").tobytes()) | {"small": True}

    def packed(self) -> list[bytes]:
        """The buffers as they are sent."""
        large = _gzipped([self._buffers[place] for place in self._large])
        for place, data in zip(self._large, large, strict=True):
            self._buffers[place] = data
        self._large = []
        return self._buffers


def _gzipped(parts: Sequence[bytes]) -> list[bytes]:
    """Each of them gzipped; several at a time, since of a large page this is most of the work."""
    if len(parts) > 1:
        # Where no thread can be started, as in Pyodide, they take their turns.
        with suppress(RuntimeError), ThreadPoolExecutor() as pool:
            return list(pool.map(_gzip, parts))
    return [_gzip(part) for part in parts]


def _packs(data: bytes) -> bool:
    """Whether bytes become clearly fewer when they are gzipped, by those in the middle."""
    middle = len(data) // 2
    sample = data[middle : middle + _SAMPLE]
    return len(_gzip(sample)) < _WORTH_PACKING * len(sample)


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, 1, mtime=0)
