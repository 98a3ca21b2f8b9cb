"""The views in the notebook: one run, many runs, one JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agentrun_nb.tables.labels import Names
from agentrun_nb.widget.json_explorer import JsonExplorer
from agentrun_nb.widget.run_explorer import RunExplorer
from agentrun_nb.widget.traits import Stretch

if TYPE_CHECKING:
    from agentrun_nb.widget.run_source import RunSource

__all__ = ["JsonExplorer", "RunExplorer", "explore", "explore_json"]


def explore(
    x: Any,
    client: RunSource | None = None,
    *,
    tz: str = "UTC",
    height: int | None = None,
    view: str = "timeline",
    by: str | None = None,
    filter: Any = None,  # noqa: A002 - the word of the contract
    sort: str | None = None,
    columns: Sequence[str] = (),
    window: Stretch | None = None,
    names: Names = None,
    follow: bool | None = None,
) -> RunExplorer:
    """Shows runs: one in full, or many on a timeline.

    Args:
        x: a Run, a row of a frame or, with a client, (deployment_id, run_id), shown in full; or
            anything else that `runs_frame` takes, and with a client a list of such keys; or a
            Watch, whose runs are shown as it sees them.
        client: where the runs came from: it reads logs and output files, `code` then says how to
            get a run again, and it is asked for names once, behind the view.
        tz: the zone in which times are shown, an IANA name.
        height: of the view, in pixels; None: as it fits.
        view: `timeline`, `table` or `durations`.
        by: what runs are grouped by: `deployment_id`, `version_id`, `status` or `none`; None: as it
            fits.
        filter: which runs are shown, a mapping: `status`, `deployment_id`, `version_id`, `mode`
            (a value or a list; None in a list: runs without one), `since` and `until` (of
            created_at: a moment, or an age such as "1h" before the newest look), `text` (in id,
            name, version or reason, in whatever case), `has_outputs`, `failure` (a fingerprint of
            `failures`), `where` (rules [path, operator, value] about documents with ==, !=, <, <=,
            >, >=, contains, exists). None: all.
        sort: what runs are sorted by: a field such as `exit_code`, `before_start`, `after_start` or
            the path of a document; with `-` before it the last one first. None: as they come.
        columns: paths in documents that the table shows, such as `output_manifest.score`.
        window: the stretch of time that is shown: its beginning and its end, as moments or as ages
            before the newest look. None: all.
        names: of deployments and versions by their ids, as `client.names()` gives them. None: the
            client is asked; a mapping, also an empty one, is taken instead.
        follow: whether runs that have not ended are looked at again while the view is on the
            screen, so that it shows them as they are. True: all that are shown; False: none; None:
            those that this process has fetched, where they are at most 50. A button on the view
            says so, and turns it on and off. New runs come through a Watch only.

    Returns:
        The view; in a notebook it shows itself as the last value of a cell.

    Raises:
        SettingsError: there is no such zone, view, grouping, order, column, key, status or
            operator, `client` is no client, or runs are to be followed without one.
        SchemaError: `x` holds no runs.

    Example:
        >>> arn.explore(runs, client, tz="Europe/Berlin")
        <RunExplorer: 302 runs...>
        >>> arn.explore(client.watch(deployment_id))
        <RunExplorer: ...>
        >>> arn.explore(run)
        <RunExplorer: ...>
    """
    shared: dict[str, Any] = {"tz": tz, "height": height, "view": view}
    shared |= {"by": by, "filter": filter, "sort": sort}
    shared |= {"columns": columns, "window": window}
    return RunExplorer(x, client, shared, names, follow)


def explore_json(x: Any) -> JsonExplorer:
    """Shows a JSON document as a tree that can be searched.

    Args:
        x: JSON text as `str` or bytes, shown to the letter; a Run, whose record is shown; or Python
            objects, those of pandas and numpy too, which are written as JSON.

    Returns:
        The view.

    Raises:
        DataError: the objects cannot be written as JSON.

    Example:
        >>> arn.explore_json('{"score": 0.97}')
        <JsonExplorer: 15 characters of JSON...>
    """
    return JsonExplorer(x)
