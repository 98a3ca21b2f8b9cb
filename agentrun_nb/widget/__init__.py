"""The views in the notebook: one run, many runs, one JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentrun_nb.widget.json_explorer import JsonExplorer
from agentrun_nb.widget.run_explorer import RunExplorer

if TYPE_CHECKING:
    from agentrun_nb.widget.run_source import RunSource

__all__ = ["JsonExplorer", "RunExplorer", "explore", "explore_json"]


def explore(x: Any, client: RunSource | None = None, *, tz: str = "UTC") -> RunExplorer:
    """Shows runs: one in full, or many on a timeline.

    Args:
        x: a Run or a row of a frame, shown in full; or anything else that `runs_frame` takes.
        client: where the runs came from; `code` then tells how to get them again.
        tz: the zone in which times are shown, an IANA name.

    Returns:
        The view; in a notebook it shows itself as the last value of a cell.

    Raises:
        SettingsError: there is no such zone, or `client` is no client.
        SchemaError: `x` holds no runs.

    Example:
        >>> arn.explore(runs, client, tz="Europe/Berlin")
        <RunExplorer: 302 runs...>
        >>> arn.explore(run)
        <RunExplorer: ...>
    """
    return RunExplorer(x, client, tz=tz)


def explore_json(x: Any) -> JsonExplorer:
    """Shows a JSON document as a tree that can be searched.

    Args:
        x: JSON text as `str` or bytes, shown to the letter; or Python objects, which are written as
            JSON.

    Returns:
        The view.

    Raises:
        DataError: the objects cannot be written as JSON.

    Example:
        >>> arn.explore_json('{"score": 0.97}')
        <JsonExplorer: 15 characters of JSON...>
    """
    return JsonExplorer(x)
