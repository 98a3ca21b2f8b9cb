"""The views in the notebook: one run, many runs, one JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentrun_nb.widget.json_explorer import JsonExplorer
from agentrun_nb.widget.run_explorer import RunExplorer

if TYPE_CHECKING:
    from agentrun_nb.widget.run_source import RunSource

__all__ = ["JsonExplorer", "RunExplorer", "explore", "explore_json"]


def explore(
    x: Any,
    client: RunSource | None = None,
    *,
    tz: str = "UTC",
    filter: Any = None,  # noqa: A002 - the word of the contract
) -> RunExplorer:
    """Shows runs: one in full, or many on a timeline.

    Args:
        x: a Run or a row of a frame, shown in full; or anything else that `runs_frame` takes.
        client: where the runs came from; `code` then tells how to get them again.
        tz: the zone in which times are shown, an IANA name.
        filter: which runs are shown, a mapping: `status`, `deployment_id`, `version_id`, `mode`
            (a value or a list; None in a list: runs without one), `since` and `until` (of
            created_at: a moment, or an age such as "1h" before the newest look), `text` (in id,
            name, version or reason, in whatever case), `has_outputs`, `failure` (a fingerprint of
            `failures`), `where` (rules [path, operator, value] about documents with ==, !=, <, <=,
            >, >=, contains, exists). None: all.

    Returns:
        The view; in a notebook it shows itself as the last value of a cell.

    Raises:
        SettingsError: there is no such zone, key, status or operator, or `client` is no client.
        SchemaError: `x` holds no runs.

    Example:
        >>> arn.explore(runs, client, tz="Europe/Berlin")
        <RunExplorer: 302 runs...>
        >>> arn.explore(run)
        <RunExplorer: ...>
    """
    return RunExplorer(x, client, tz=tz, filter=filter)


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
