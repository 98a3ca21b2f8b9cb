"""What a view asks of a client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from agentrun_nb.tables.frames import in_plain_form, is_key

if TYPE_CHECKING:
    from agentrun_nb.run import Run


class RunSource(Protocol):
    """Whatever runs came from and output files can be read from, such as a Client.

    A view asks for this and not for the Client itself, so that clients may open views. A source
    may have more of the methods of a Client: where it has no `get_logs` there are no logs, where it
    has no `names` ids stand for themselves, and where it has no `watch` nothing is followed.
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
    given = in_plain_form(x)
    if not isinstance(given, list | tuple) or not any(map(is_key, given)):
        return given
    keys = [part for part in given if is_key(part)]
    fetched = client.get_runs(pd.DataFrame(keys, columns=["deployment_id", "id"]))
    rows = iter(range(len(fetched)))
    return [fetched.iloc[[next(rows)]] if is_key(part) else part for part in given]


class Feed(Protocol):
    """The runs of a watch, as a view reads them; all of it may be called from any thread."""

    @property
    def source(self) -> Any:
        """The client that watches."""
        ...

    @property
    def active(self) -> bool:
        """Whether the watch still looks."""
        ...

    def now(self) -> Any:
        """What was given to the watch, as it is now: a Run or a RUNS table."""
        ...

    def changes(self) -> pd.DataFrame:
        """The RUNS table of the runs of which a record came since the last call."""
        ...

    def frame(self, keys: Iterable[tuple[str, str]]) -> pd.DataFrame:
        """The RUNS table of some runs, as they were last seen."""
        ...

    def run(self, key: tuple[str, str]) -> Run | None:
        """A run of the watch; None before it was seen."""
        ...

    def count_waiting(self) -> int:
        """How many runs have not ended and may still be seen to."""
        ...

    def follow(self, heard: Callable[[], None]) -> Callable[[], None]:
        """Calls a function after each change, on the thread that made it.

        Returns:
            What ends that.
        """
        ...

    def trouble(self) -> str:
        """Why nothing comes, in a sentence; empty where all is well."""
        ...

    def stop(self) -> None:
        """Looks no more."""
        ...


def feed_of(x: Any) -> Feed | None:
    """What a view reads of a watch; None of anything else."""
    make = getattr(x, "_feed", None)
    return make() if callable(make) else None


def seen_here(client: Any, keys: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of some runs that a client of this process has seen."""
    looks = getattr(client, "observations", None)
    if looks is None or not keys:
        return []
    seen = looks()
    # The ids alone first: few of a hundred thousand looks are at these runs.
    near = seen[seen["run_id"].isin([run_id for _, run_id in keys])]
    pairs = set(zip(near["deployment_id"], near["run_id"], strict=True))
    return [key for key in keys if key in pairs]
