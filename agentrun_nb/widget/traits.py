"""The values that page and kernel share, and what each of them can be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from agentrun_nb.analysis.filter_rules import read_filter
from agentrun_nb.core import times
from agentrun_nb.core.paths import parse_path
from agentrun_nb.errors import AgentRunError, SettingsError
from agentrun_nb.tables.frames import runs_frame


def selected(value: Any) -> list[list[str]]:
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


def _keys(value: Any) -> Iterator[list[str]]:
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


def path(value: Any) -> str:
    """A path to one place.

    Raises:
        PathNotFound: the text is no path.
        SettingsError: it is no text, or leads to many places.
    """
    if not isinstance(value, str) or None in parse_path(value):
        hint = "Write it as output_manifest.outputs[0].size_bytes."
        raise SettingsError("`path` leads to one place.", hint=hint)
    return value


def tz(value: Any) -> str:
    """The name of a zone.

    Raises:
        SettingsError: there is no such zone.
    """
    return times.zone(value).key


CHECKS = {"selected": selected, "path": path, "tz": tz, "filter": read_filter}
