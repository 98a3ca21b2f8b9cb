"""The three values that page and kernel share, and what each of them can be."""

from __future__ import annotations

from typing import Any

from agentrun_nb.core import times
from agentrun_nb.core.paths import parse_path
from agentrun_nb.errors import SettingsError


def selected(value: Any) -> list[list[str]]:
    """A list of [deployment_id, run_id].

    Raises:
        SettingsError: it is something else.
    """
    pairs = [list(pair) for pair in value] if _is_list(value) and all(map(_is_list, value)) else None
    if pairs is None or any(len(pair) != 2 or not all(isinstance(part, str) for part in pair) for pair in pairs):
        raise SettingsError("`selected` is a list of [deployment_id, run_id].", hint="An empty list selects nothing.")
    return pairs


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def path(value: Any) -> str:
    """A path to one place.

    Raises:
        PathNotFound: the text is no path.
        SettingsError: it is no text, or leads to many places.
    """
    if not isinstance(value, str) or None in parse_path(value):
        raise SettingsError("`path` leads to one place.", hint="Write it as output_manifest.outputs[0].size_bytes.")
    return value


def tz(value: Any) -> str:
    """The name of a zone.

    Raises:
        SettingsError: there is no such zone.
    """
    return times.zone(value).key


CHECKS = {"selected": selected, "path": path, "tz": tz}
