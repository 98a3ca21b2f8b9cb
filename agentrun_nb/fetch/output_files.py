"""Fetches the files of a run's outputs, while its sandbox exists."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from agentrun_nb.core import jsontext
from agentrun_nb.core.schema import STATUSES
from agentrun_nb.core.text import kind_of
from agentrun_nb.errors import NotFoundError, PathNotFound, SettingsError
from agentrun_nb.http import loop, routes
from agentrun_nb.http.wire import Tally, Wire

if TYPE_CHECKING:
    import pandas as pd

    from agentrun_nb.run import Run

NAMES = "arn.outputs(run) lists the names."


def read_output(wire: Wire, run: Run, name: str) -> bytes:
    """Fetches an output of a run by its name or its path in the manifest.

    Raises:
        PathNotFound: the manifest lists no such output, or does not say where it lies.
        NotFoundError: the sandbox or the file is gone.
    """
    place = locate(run, output_row(run, name))
    return loop.run(fetch_file(wire, place, Tally()))


class FilePlace(NamedTuple):
    """Where a file lies."""

    sandbox: str
    path: str


async def fetch_file(wire: Wire, place: FilePlace, tally: Tally) -> bytes:
    """Fetches a file of a sandbox.

    Raises:
        NotFoundError: the sandbox or the file is gone.
    """
    request = routes.FILE.ask(place.sandbox, path=place.path)
    try:
        return await wire.fetch(request, bytes, tally)
    except NotFoundError as error:
        # Where the address may be wrong, nothing is known of the file.
        if error.message.startswith("The service has no"):
            error.hint = (
                "A sandbox lives for a while only: "
                "retention_seconds of the run says how long after it ended."
            )
        raise error


def locate(run: Run, row: Mapping[str, Any] | pd.Series[Any]) -> FilePlace:
    """Returns where an output of a run lies.

    Args:
        run: the run.
        row: its row in the table of the run's outputs.

    Raises:
        PathNotFound: the manifest does not say where it lies.
    """
    manifest = run.output_manifest if isinstance(run.output_manifest, dict) else {}
    sandbox = _first_text(row["sandbox_id"], manifest.get("sandbox_id"), run.sandbox_id)
    path = _first_text(row["access_path"], row["path"], row["configured_path"])
    if sandbox is None or path is None:
        name = _first_text(row["name"], row["path"], row["configured_path"]) or ""
        where = f"where {name!r} lies{_when_read(run)}"
        message = f"The manifest of run {run.id!r} does not say {where}."
        raise PathNotFound(message, hint=_read_again(run))
    return FilePlace(sandbox, path)


def output_row(run: Run, name: str) -> pd.Series[Any]:
    """Returns the row of an output in the table of a run's outputs.

    Raises:
        PathNotFound: there is none.
        SettingsError: the name is no text.
    """
    if not isinstance(name, str):
        kind = kind_of(name)
        raise SettingsError(f"An output is named by a text, and not by {kind}.", hint=NAMES)
    table = run.outputs
    mended_name = jsontext.valid_unicode(name)  # as the names in the table are
    for column in ("name", "path", "configured_path"):
        has_name = (table[column] == mended_name).fillna(False)
        if has_name.any():
            return table[has_name].iloc[0]
    known = [value for value in table["name"].fillna(table["path"]) if isinstance(value, str)]
    hint = " ".join(filter(None, [nearest_names(name, known), _read_again(run)]))
    message = f"Run {run.id!r} lists no output {name!r}{_when_read(run)}."
    raise PathNotFound(message, hint=hint or "Its manifest lists no outputs.")


def nearest_names(name: str, known: Sequence[str]) -> str:
    """Says which names of outputs are near to one that is not there; empty where there are none."""
    nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.0)
    return f"Nearest: {', '.join(map(repr, nearest))}." if nearest else ""


def _when_read(run: Run) -> str:
    """Says how far the run was when it was read, to end a sentence; empty when it had ended."""
    if run.ended is not False:
        return ""
    if run.status not in STATUSES:
        return f": its status was {run.status!r} when it was read"
    return f": it was read before it had ended, when it was {run.status!r}"


def _read_again(run: Run) -> str:
    """Says how to get the run as it is now; empty when it had ended and changes no more."""
    if run.ended is not False:
        return ""
    again = f"client.get_run({run.deployment_id!r}, {run.id!r})"
    return f"Read the run again once it has ended: {again}."


def _first_text(*values: Any) -> str | None:
    """Returns the first value that is text and not empty."""
    for value in values:
        if isinstance(value, str) and value:
            return value
    return None
