"""Checks the values that page and kernel share."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

import pandas as pd

from agentrun_nb.analysis.filter_rules import read_filter
from agentrun_nb.core import times
from agentrun_nb.core.arguments import is_whole, read_texts
from agentrun_nb.core.jsontext import valid_unicode
from agentrun_nb.core.paths import parse_path
from agentrun_nb.core.when import When, plain_when, read_when
from agentrun_nb.documents.col import Col
from agentrun_nb.drawing.window import GROUPINGS
from agentrun_nb.errors import AgentRunError, SettingsError
from agentrun_nb.tables.frames import in_plain_form, runs_frame

Stretch = Sequence[When]
"""A stretch of time: where it begins and ends."""

VIEWS = ("timeline", "table", "durations")
SORTS = (
    "name", "id", "deployment_id", "version_id", "mode", "status", "created_at", "started_at",
    "completed_at", "before_start", "after_start", "exit_code", "failure_reason",
)  # fmt: skip
"""What runs are sorted by, beside the paths of documents; `-` before it turns the order round."""

MOST_KEYS = 100
"""So many keys of chosen runs are synced with the page; more are asked for by it."""

_MOST_BYTES = 10_000
MOST_COLUMNS = 20
_LONGEST_PATH = 2_000
_LOWEST, _HIGHEST = 100, 10_000
"""The bounds of the height of a view, in pixels."""
_PATH_HINT = 'Write it as "output_manifest.score".'


def check_selected(value: Any) -> list[list[str]]:
    """The keys [deployment_id, run_id] of runs.

    Args:
        value: a list of keys, or whatever `runs_frame` makes runs of: a frame, a row, a Run, a list
            of them.

    Raises:
        SettingsError: it is something else.
    """
    try:
        return list(_keys(value))
    except (AgentRunError, TypeError, ValueError):
        raise SettingsError(
            "`selected` is a list of [deployment_id, run_id], or the runs themselves.",
            hint="Give a frame of runs, rows of it, Runs or their keys; "
            "an empty list selects nothing.",
        ) from None


def are_keys(value: Any) -> bool:
    """Whether this is a list of keys, which is all that a page may send."""
    return _is_list(value) and all(map(_is_key, value))


def _keys(given: Any) -> Iterator[list[str]]:
    value = in_plain_form(given)
    # A key in a tuple is one run.
    # A list of two texts is more likely a list of ids, of which one cannot be sure.
    if isinstance(value, tuple) and _is_key(value):
        yield list(value)
    elif _is_list(value):
        for part in value:
            yield from [list(part)] if _is_key(part) else _keys(part)
    else:
        runs = runs_frame(value.to_frame().T if isinstance(value, pd.Series) else value)
        yield from runs[["deployment_id", "id"]].fillna("").to_numpy().tolist()


def _is_key(value: Any) -> bool:
    if not _is_list(value) or len(value) != 2:
        return False
    return all(isinstance(part, str) for part in value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def compact_keys(keys: list[list[str]], _: Any = None) -> Any:
    """The chosen runs as they are synced and saved: their keys while they are few.

    Of more runs it is how many they are, and a checksum of the choice.
    """
    if len(keys) <= MOST_KEYS and len(json.dumps(keys)) <= _MOST_BYTES:
        return keys
    return {"n": len(keys), "mark": choice_checksum(keys)}


def choice_checksum(keys: Sequence[Sequence[str]]) -> int:
    """A number that differs from one choice of runs to another."""
    return zlib.crc32(json.dumps(keys).encode())


def check_path(value: Any) -> str:
    """A path to one place.

    Raises:
        PathNotFound: the text is no path.
        SettingsError: it is no text, or leads to many places.
    """
    if not isinstance(value, str) or None in parse_path(value):
        hint = "Write it as output_manifest.outputs[0].size_bytes."
        raise SettingsError("`path` leads to one place.", hint=hint)
    return value


def check_tz(value: Any) -> str:
    """The name of a zone.

    Raises:
        SettingsError: there is no such zone.
    """
    return times.zone(value).key


def check_view(value: Any) -> str:
    """The way in which runs are shown.

    Raises:
        SettingsError: there is no such view.
    """
    return _one_of("view", value, VIEWS)


def check_by(value: Any) -> str | None:
    """What runs are grouped by; None: as it fits.

    Raises:
        SettingsError: runs are not grouped by that.
    """
    return None if value is None else _one_of("by", value, GROUPINGS)


def check_sort(value: Any) -> str | None:
    """What runs are sorted by, with `-` before it from the last to the first; None: as they come.

    Raises:
        SettingsError: runs are not sorted by that.
    """
    if value is None:
        return None
    if isinstance(value, str) and _is_document_path(value.removeprefix("-")):
        return value
    descending = isinstance(value, str) and value.startswith("-")
    key = value[1:] if descending else value
    return f"{'-' * descending}{_one_of('sort', key, SORTS)}"


def check_columns(value: Any) -> list[str]:
    """The paths in documents that a table shows, each once.

    Raises:
        SettingsError: one of them is no path, or they are too many.
    """
    paths = read_texts("columns", () if value is None else value, _PATH_HINT)
    if len(paths) > MOST_COLUMNS:
        sentence = f"{len(paths):,} columns are too many."
        raise SettingsError(sentence, hint=f"Give at most {MOST_COLUMNS}.")
    return [document_path(path) for path in dict.fromkeys(paths)]


def check_window(value: Any) -> list[str] | None:
    """The stretch of time that is shown: where it begins and ends; None: all.

    An edge may be an age, such as "1h", which the view counts back from its newest look.

    Raises:
        SettingsError: it is no such pair.
    """
    if value is None:
        return None
    is_pair = isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2
    if not is_pair or None in list(value):
        hint = 'Write it as ["2026-11-20T08:00Z", "2026-11-20T09:00Z"].'
        raise SettingsError("`window` is a beginning and an end.", hint=hint)
    return [plain_when(edge) for edge in value]


def window_with_moments(edges: list[str] | None, newest: Any) -> list[str] | None:
    """The same window with moments in place of ages.

    Args:
        edges: what `check_window` gave.
        newest: the moment from which ages count back.

    Raises:
        SettingsError: it ends before it begins.
    """
    if edges is None:
        return None
    start, end = (read_when(edge, newest) or 0 for edge in edges)
    if start > end:
        hint = "Give the beginning first."
        raise SettingsError("`window` ends before it begins.", hint=hint)
    return [times.iso(start), times.iso(end)]


def check_height(value: Any) -> int | None:
    """The height of a view in pixels; None: as it fits.

    Raises:
        SettingsError: it is no such number.
    """
    if value is None:
        return None
    if not is_whole(value) or not _LOWEST <= value <= _HIGHEST:
        hint = f"Give whole pixels from {_LOWEST} to {_HIGHEST:,}, or None."
        raise SettingsError(f"height={value!r:.80} is no height.", hint=hint)
    return int(value)


def _one_of(what: str, value: Any, known: Sequence[str]) -> str:
    if isinstance(value, str) and value in known:
        return value
    near = get_close_matches(str(value)[:80], known, 1, 0.5)
    hint = f"Near it: {near[0]!r}." if near else f"Known: {', '.join(known)}."
    raise SettingsError(f"There is no {what} {value!r:.80}.", hint=hint)


def document_path(path: Any) -> str:
    """A path in a document, which may lead to many places.

    Raises:
        SettingsError: it is none.
    """
    try:
        if not isinstance(path, str) or len(path) > _LONGEST_PATH:
            raise SettingsError("A path is a text, and no long one.", hint=_PATH_HINT)
        return Col(valid_unicode(path)).path
    except AgentRunError as error:
        raise SettingsError(error.message[:200], hint=error.hint or _PATH_HINT) from None


def _is_document_path(text: str) -> bool:
    try:
        return document_path(text) == text
    except SettingsError:
        return False


CHECKS = {
    "selected": check_selected,
    "path": check_path,
    "tz": check_tz,
    "filter": read_filter,
    "view": check_view,
    "by": check_by,
    "sort": check_sort,
    "columns": check_columns,
    "window": check_window,
    "height": check_height,
}
"""How each value that page and kernel share is checked."""

OF_THE_PROGRAM = frozenset({"height"})
"""The values that only a program sets, and a page may not."""
