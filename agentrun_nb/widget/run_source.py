"""What a view asks of a client."""

from __future__ import annotations

from typing import Any, Protocol

import pandas as pd

from agentrun_nb.tables.frames import is_key


class RunSource(Protocol):
    """Whatever runs came from and output files can be read from, such as a Client.

    A view asks for this and not for the Client itself, so that clients may open views. A source
    may have more of the methods of a Client: where it has no `get_logs` there are no logs, and
    where it has no `names` ids stand for themselves.
    """

    def read_output(
        self, run: Any, name: str, *, max_bytes: int | None = None, deadline: float | None = None
    ) -> bytes:
        """The bytes of an output of a run."""
        ...


def with_runs_fetched(x: Any, client: Any) -> Any:
    """Puts runs where (deployment_id, run_id) stands, if there is a client to fetch them.

    Args:
        x: what was given to be shown.
        client: a RunSource; one that cannot get runs, or None, fetches nothing.

    Returns:
        A Run for one key, a list with rows for a list in which keys are; anything else as it came.
    """
    if not hasattr(client, "get_runs"):
        return x
    if is_key(x):
        return client.get_run(*x)
    if not isinstance(x, list | tuple) or not any(map(is_key, x)):
        return x
    keys = [part for part in x if is_key(part)]
    fetched = client.get_runs(pd.DataFrame(keys, columns=["deployment_id", "id"]))
    rows = iter(range(len(fetched)))
    return [fetched.iloc[[next(rows)]] if is_key(part) else part for part in x]
