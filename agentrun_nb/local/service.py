"""The embedded service for notebooks: starts it, submits runs to it, and ends it."""

from __future__ import annotations

import atexit
import json
import os
import secrets
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from msgspec import Raw

from ..core.arguments import is_whole, read_flag, read_path
from ..core.text import clip, counted, kind_of
from ..core.times import seconds_text
from ..core.when import Span, read_span
from ..errors import SettingsError
from ..fetch.progress import ProgressLine
from ..tables.ledger import shared_ledger
from .catalogue import CATALOGUE, EVENTS, Agent
from .failures import RefusedError
from .folders import ServiceFolder
from .generator import NAMES
from .models import NewRun, now
from .routes import REQUEST_BYTES, Routes
from .server import Server, application, bind
from .store import Store
from .workshop import Workshop

if TYPE_CHECKING:
    import pandas as pd

    from ..client import Client
    from ..run import Run


MOST_WORKERS = 1_000
"""Each is a thread of this process, and a run that it waits for."""


class LocalServiceError(SettingsError, ValueError):
    """The local service cannot do what was requested."""


class ServiceClosedError(LocalServiceError, RuntimeError):
    """The local service has been closed."""


class Service:
    """A running local service: it runs real agents and has the API of the real service.

    It listens on this machine only. Made by `serve`; it ends with `close`, at the end of a `with`
    block, or with the interpreter.

    Args:
        workers: runs at one time.
        folder: where the service makes its own folder; None: among the temporary files.
        port: where to listen; 0: on a port that is free.

    Attributes:
        base_url: where it listens, a random port of 127.0.0.1.
        api_key: made for this service; in no repr.

    Example:
        >>> with arn.local.serve() as service:
        ...     run = service.submit("csv-report")
        ...     service.wait()
        True
    """

    def __init__(
        self, workers: int = 2, folder: str | Path | None = None, *, port: int = 0
    ) -> None:
        if not is_whole(workers) or not 1 <= workers <= MOST_WORKERS:
            raise LocalServiceError(
                f"A service cannot have {_quoted(workers)} workers.",
                hint=f"Give the number of runs at one time, 1 to {MOST_WORKERS:,}.",
            )
        place = None if folder is None else read_path(folder)
        listener = bind(port)
        self.api_key = f"local_{secrets.token_urlsafe(24)}"
        try:
            self._folder = ServiceFolder(place)
        except OSError as error:
            listener.close()
            raise LocalServiceError(
                f"The service cannot make its folder: {error}.", hint="Give another folder=."
            ) from None
        self._store = Store()
        for agent in reversed(CATALOGUE):  # listings begin with the newest
            at = now()
            self._store.add_deployment(agent.deployment(at), agent.versions(at))
        self._workshop = Workshop(self._store, CATALOGUE, self._folder.path, int(workers))
        app = application(Routes(self._store, self._workshop).table(), self.api_key)
        try:
            self._server = Server(app, listener)
        except TimeoutError as error:
            self._workshop.close()
            self._folder.remove()
            raise LocalServiceError(
                f"The local service did not start: {error}.",
                hint="Try again when less else runs on this machine.",
            ) from None
        self.base_url = self._server.base_url
        # Views of its runs, in this process, know from here what the events of its logs begin.
        shared_ledger(self.base_url).events = EVENTS
        self._client: Client | None = None
        self._owner = os.getpid()
        self._closed = False
        atexit.register(self.close)

    @property
    def client(self) -> Client:
        """A client of this service, the same one each time.

        Example:
            >>> service.client.list_versions(deployment_id)["version_number"].tolist()
            [2, 1]
        """
        if self._client is None:
            self._check_open()
            from ..client import Client

            self._client = Client(api_key=self.api_key, base_url=self.base_url)
        return self._client

    @property
    def deployments(self) -> pd.DataFrame:
        """What can be run: id, name, what_it_does, longest_seconds (from starting to its end).

        Example:
            >>> service.deployments["name"].head(2).tolist()
            ['csv-report', 'code-review']
        """
        import pandas as pd

        rows = [
            (agent.deployment_id, agent.name, agent.description, agent.longest)
            for agent in CATALOGUE
        ]
        return pd.DataFrame(rows, columns=["id", "name", "what_it_does", "longest_seconds"])

    def submit(
        self,
        deployment: str,
        input: Mapping[str, Any] | None = None,  # noqa: A002
        *,
        version: str | int | None = None,
    ) -> Run:
        """Queues a run and returns it as it is now; `client.get_run` reads it later.

        Args:
            deployment: its name or its id, as in `deployments`.
            input: what the agent gets, a mapping that can be written as JSON; every agent accepts
                `{}`.
            version: 1, 2, or the version's id; None: the active one.

        Returns:
            The run as it is now, mostly queued.

        Raises:
            LocalServiceError: no such deployment or version, or the input is no JSON object; a
                ValueError too.
            ServiceClosedError: the service is closed; a RuntimeError too.

        Example:
            >>> with arn.local.serve() as service:
            ...     run = service.submit("code-review", {"package": "json"}, version=1)
            ...     run.input
            {'package': 'json'}
        """
        self._check_open()
        agent = _agent_of(deployment)
        request = NewRun(_version_id(agent, version), Raw(_json_object(input)))
        try:
            run = self._workshop.submit(agent.deployment_id, request)
        except RefusedError as failure:
            hint = "service.wait() waits until those before it have ended; submit it again then."
            if failure.status != 429:
                hint = "service.deployments lists what can be run."
            sentence = f"The service did not take the run: {failure}."
            raise LocalServiceError(sentence, hint=hint) from None
        return self.client.get_run(run.deployment_id, run.id)

    def wait(self, timeout: Span | None = None, *, progress: bool = True) -> bool:
        """Waits until every run has ended.

        Args:
            timeout: how long at most: seconds, a timedelta or a text such as "30s"; None: as long
                as it takes.
            progress: whether a line says how many have ended.

        Returns:
            Whether every run has ended; False: the time was over before that.

        Example:
            >>> service.wait(timeout=60)
            True
        """
        seconds = read_span("timeout", timeout)
        began = time.monotonic()
        left = self._workshop.unfinished()
        ended = 0
        # Without a run to wait for there is nothing to show.
        with ProgressLine(left, shown=read_flag("progress", progress) and left > 0) as line:
            while left:
                rest = None if seconds is None else max(began + seconds - time.monotonic(), 0)
                if not self._workshop.wait(rest, fewer_than=left):
                    break
                before, left = left, self._workshop.unfinished()
                # Others may have been submitted meanwhile.
                newly = max(before - left, 0)
                ended += newly
                line.add(newly)
            took = seconds_text(time.monotonic() - began)
            line.end(f"{ended:,} of {counted(ended + left, 'run')} ended; waited {took}")
        return left == 0

    def load(self, runs: Iterable[bytes]) -> int:
        """Adds finished runs, such as the runs of `generate`.

        Args:
            runs: records as JSON, of which every one has an id of its own.

        Returns:
            How many they were.

        Raises:
            LocalServiceError: one is not a JSON object with `id` and `deployment_id`, or its id is
                there already; those before it are added. A ValueError too.
            ServiceClosedError: the service is closed; a RuntimeError too.

        Example:
            >>> with arn.local.serve() as service:
            ...     service.load(arn.local.generate(1_000))
            1000
        """
        self._check_open()
        try:
            return self._store.load(runs, NAMES)
        except (TypeError, ValueError) as error:
            hint = "Give records as bytes of JSON, such as those of arn.local.generate."
            raise LocalServiceError(f"This is no run to add: {error}.", hint=hint) from error

    def _check_open(self) -> None:
        if self._closed:
            raise ServiceClosedError(
                "The service is closed.", hint="Start another: arn.local.serve()."
            )

    def close(self) -> None:
        """Stops all runs and the server, and removes the service's folder.

        Example:
            >>> service = arn.local.serve()
            >>> service.close()
        """
        if self._closed or os.getpid() != self._owner:
            return
        self._closed = True
        atexit.unregister(self.close)
        if self._client is not None:
            self._client.close()
        self._server.close()
        self._workshop.close()
        self._folder.remove()

    def __enter__(self) -> Service:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        facts = f"{self._workshop.workers} workers, {len(self._store)} runs"
        if self._closed:
            facts = "closed"
        lines = [f"local service at {self.base_url}: {facts}"]
        for agent in CATALOGUE:
            description = f"{agent.description} (up to {agent.longest:g} s)"
            lines.append(f"  {agent.name:<16}{description}")
        return "\n".join(lines)


def _agent_of(deployment: str) -> Agent:
    for agent in CATALOGUE:
        if isinstance(deployment, str) and deployment in (agent.name, agent.deployment_id):
            return agent
    names = ", ".join(agent.name for agent in CATALOGUE)
    raise LocalServiceError(
        f"There is no deployment {_quoted(deployment)}.", hint=f"There are {names}."
    )


def _version_id(agent: Agent, version: object) -> str | None:
    """The id of a version given by its number or its id."""
    numbers = range(1, len(agent.releases) + 1)
    ids = {agent.version_id(number): number for number in numbers}
    if version is None:
        return None
    if isinstance(version, str) and version in ids:
        return version
    if is_whole(version) and version in numbers:
        return agent.version_id(int(version))
    there = " and ".join(map(str, numbers))
    raise LocalServiceError(
        f"{agent.name} has no version {_quoted(version)}; there are {there}.",
        hint=f"Give one of the numbers, or its id: {' or '.join(ids)}.",
    )


def _json_object(input_: Mapping[str, Any] | None) -> bytes:
    """Encodes an input as the JSON that the service gets."""
    if input_ is None:
        return b"{}"
    if not isinstance(input_, Mapping):
        hint = (
            'Give a dict such as {"package": "json"}; '
            "json.loads makes one of a text or of what a file holds."
        )
        kind = kind_of(input_)
        raise LocalServiceError(f"The input of a run is a mapping, not {kind}.", hint=hint)
    try:
        text = json.dumps(dict(input_), separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        hint = (
            "JSON has texts, numbers that are finite, booleans, None, lists "
            "and mappings with texts as keys."
        )
        sentence = f"The input cannot be written as JSON: {error}."
        raise LocalServiceError(sentence, hint=hint) from None
    if len(text) > REQUEST_BYTES:
        raise LocalServiceError(
            f"The input has {len(text):,} bytes as JSON; a request has {REQUEST_BYTES:,} at most.",
            hint="Give the agent a smaller input.",
        )
    return text


def _quoted(value: object) -> str:
    one_line = " ".join(repr(value).split())
    return clip(one_line, 80)


def serve(workers: int = 2, folder: str | Path | None = None) -> Service:
    """Starts the local service.

    Args:
        workers: runs at one time.
        folder: where the service makes its own folder, removed at its end; None: among the
            temporary files.

    Returns:
        The running service, which ends with `close` or at the end of a `with` block.

    Example:
        >>> with arn.local.serve(workers=4) as service:
        ...     service.client.list_runs()["id"].tolist()
        []
    """
    return Service(workers, folder)
