"""Where the file of an output lies, and its bytes, while the sandbox of the run lives."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from agentrun_nb.core.schema import STATUSES
from agentrun_nb.errors import NotFoundError, PathNotFound, SettingsError
from agentrun_nb.http import loop, routes
from agentrun_nb.http.wire import Tally, Wire

if TYPE_CHECKING:
    from agentrun_nb.run import Run

NAMES = "arn.outputs(run) lists the names."


def read_output(wire: Wire, run: Run, name: str) -> bytes:
    """The bytes of an output of a run, by its name or its path in the manifest.

    Raises:
        PathNotFound: the manifest lists no such output, or does not say where it lies.
        NotFoundError: the sandbox or the file is gone.
    """
    sandbox, path = _place(run, name)
    try:
        return loop.run(wire.fetch(routes.FILE.ask(sandbox, path=path), bytes, Tally()))
    except NotFoundError as error:
        error.hint = (
            "A sandbox lives for a while only: "
            "retention_seconds of the run says how long after it ended."
        )
        raise error from None


def _place(run: Run, name: str) -> tuple[str, str]:
    """Sandbox and path of an output."""
    if not isinstance(name, str):
        kind = type(name).__name__
        raise SettingsError(f"An output is named by a text, and not by a {kind}.", hint=NAMES)
    table = run.outputs
    named = [table[column] == name for column in ("name", "path", "configured_path")]
    rows = next((table[mask.fillna(False)] for mask in named if mask.any()), None)
    if rows is None:
        known = [value for value in table["name"].fillna(table["path"]) if isinstance(value, str)]
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.0)
        others = f"Nearest: {', '.join(map(repr, near))}." if near else ""
        message = f"Run {run.id!r} lists no output {name!r}{_when_read(run)}."
        hint = " ".join(filter(None, (others, _read_again(run))))
        raise PathNotFound(message, hint=hint or "Its manifest lists no outputs.")
    row = rows.iloc[0]
    manifest = run.output_manifest if isinstance(run.output_manifest, dict) else {}
    sandbox = _first(row["sandbox_id"], manifest.get("sandbox_id"), run.sandbox_id)
    path = _first(row["access_path"], row["path"], row["configured_path"])
    if sandbox is None or path is None:
        unknown = f"does not say where {name!r} lies{_when_read(run)}"
        message = f"The manifest of run {run.id!r} {unknown}."
        raise PathNotFound(message, hint=_read_again(run))
    return sandbox, path


def _when_read(run: Run) -> str:
    """How far the run was when it was read, as the end of a sentence; empty when it had ended."""
    if run.ended is not False:
        return ""
    if run.status not in STATUSES:
        return f": its status was {run.status!r} when it was read"
    return f": it was read before it had ended, when it was {run.status!r}"


def _read_again(run: Run) -> str:
    """Says how to get the run as it is now.

    The text is empty when the run had ended, since it does not change any more.
    """
    again = f"client.get_run({run.deployment_id!r}, {run.id!r})"
    return f"Read the run again once it has ended: {again}." if run.ended is False else ""


def _first(*values: Any) -> str | None:
    return next((value for value in values if isinstance(value, str) and value), None)
