"""The client: everything that can be asked of the service, and nothing that changes it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from ssl import SSLContext
from typing import TYPE_CHECKING, Any, NoReturn

import pandas as pd

from agentrun_nb.core.arguments import read_count, read_path, read_texts
from agentrun_nb.core.schema import DEPLOYMENTS, VERSIONS
from agentrun_nb.core.text import capital, kind_of
from agentrun_nb.core.when import Span, read_span
from agentrun_nb.errors import SettingsError
from agentrun_nb.fetch import check, listing, output_files
from agentrun_nb.fetch.by_id import fetch_run, fetch_runs, make_run
from agentrun_nb.fetch.keys import (
    RunsLike,
    check_ids,
    has_bare_keys,
    keys_given,
    names_deployments,
    one_key,
    run_keys,
)
from agentrun_nb.fetch.logs import fetch_logs
from agentrun_nb.fetch.many_outputs import save_outputs
from agentrun_nb.fetch.names import deployment_is_unknown, fetch_names, ids_for_names, refuse_name
from agentrun_nb.fetch.page_reader import fetch_table
from agentrun_nb.fetch.query import (
    RunQuery,
    When,
    branches_of,
    read_deployments,
    read_period,
    read_statuses,
    read_when,
    read_without,
    with_usable_ids,
)
from agentrun_nb.fetch.refetch import refetch
from agentrun_nb.http import loop, routes
from agentrun_nb.http.connection import Transport
from agentrun_nb.http.interrupts import DeferredInterrupts
from agentrun_nb.http.secret import Secret
from agentrun_nb.http.settings import find_settings
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.live.listener import Listener
from agentrun_nb.live.outcome import Given
from agentrun_nb.live.watch import Watch, end_watches, wait_for
from agentrun_nb.run import Run
from agentrun_nb.tables.frames import in_plain_form, runs_frame
from agentrun_nb.tables.report import fetch_report

if TYPE_CHECKING:
    from agentrun_nb.widget import RunExplorer


class Client:
    """A client of one service. It works inside a notebook's running event loop, and reads only.

    Args:
        api_key: the key, or a function that is asked for it at each request. Without it:
            `AGENTRUN_API_KEY`, then the variables and files of the vendor's own tools.
        base_url: the service. Without it: `AGENTRUN_BASE_URL`, then as above, then the public
            service.
        timeout: longest silence of the service, in seconds.
        deadline: longest time of one request with all its retries, in seconds. A call of many
            requests takes as long as answers come, and ends when none has come for that long;
            `refetch` then goes on.
        max_in_flight: how many requests may be under way at once.
        max_bytes: how many bytes one answer may have, decoded.
        verify: whose certificates are believed: True for the authorities that certifi lists; the
            path of a file (PEM or DER) or folder of them; "env" for those that `SSL_CERT_FILE`,
            `SSL_CERT_DIR`, `REQUESTS_CA_BUNDLE` and `CURL_CA_BUNDLE` name; an `ssl.SSLContext`;
            False to check nothing.
        proxy: URL of a proxy, or "env" for the one that `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY`
            name, unless `NO_PROXY` excepts the service.
        allow_http: whether the key may go unencrypted to another machine.
        transport: an `httpx.AsyncBaseTransport` to use in place of the network.

    Raises:
        MissingKeyError: no key was found; the message lists every place looked at.
        UnsafeURLError: the URL would carry the key to a place it must not go.
        SettingsError: another setting cannot be used.

    Example:
        >>> with arn.Client(api_key=service.api_key, base_url=service.base_url) as client:
        ...     client
        Client(http://127.0.0.1:..., key from the argument api_key, ...)
    """

    def __init__(
        self,
        api_key: str | Callable[[], str] | None = None,
        base_url: str | None = None,
        *,
        timeout: float = 30.0,
        deadline: float = 120.0,
        max_in_flight: int = 16,
        max_bytes: int = 64 * 2**20,
        verify: bool | str | Path | SSLContext = True,
        proxy: str | None = None,
        allow_http: bool = False,
        transport: Transport | None = None,
    ) -> None:
        secret = None if api_key is None else Secret(api_key, "the argument api_key")
        del api_key  # a traceback may show the locals of this frame
        if transport is not None and not hasattr(transport, "handle_async_request"):
            raise SettingsError(
                f"{capital(kind_of(transport))} is no transport.",
                hint="Give one of httpx that is asynchronous.",
            )
        limits = {
            "timeout": timeout,
            "deadline": deadline,
            "max_in_flight": max_in_flight,
            "max_bytes": max_bytes,
        }
        settings = find_settings(
            secret, base_url, allow_http=allow_http, proxy=proxy, verify=verify, **limits
        )
        self._wire = Wire(settings, transport)

    @property
    def base_url(self) -> str:
        """The service; it does not change.

        Example:
            >>> client.base_url
            'http://127.0.0.1:...'
        """
        return self._wire.settings.base_url

    def check(self) -> check.Check:
        """Checks whether the service can be worked with, in a few requests that change nothing.

        Returns:
            Which address and which key are used (never the key itself), whether the key is
            accepted, which routes the service offers, and what to type next.

        Example:
            >>> client.check()
            service      http://127.0.0.1:...
            key          from the argument api_key
            answer       as it should be
            ...
        """
        return loop.run(check.check(self._wire))

    def get_run(self, deployment_id: str, run_id: str | None = None) -> Run:
        """One run.

        Args:
            deployment_id: its deployment.
            run_id: its id.

        Returns:
            The run as it is now; `refetch` asks for it again.

        Raises:
            BadIdError: something else than two ids is given, such as a run.
            NotFoundError: there is none.
            AgentRunError: it did not come; the class says why.

        Example:
            >>> client.get_run(deployment_id, run.id)
            <Run 'adrun_...': deployment 'adep_6257b013', succeeded, exit code 0, ...>
        """
        key = check_ids(deployment_id, run_id, "get_run")
        with ids_for_names(self._wire, [deployment_id]):
            record = loop.run(fetch_run(self._wire, key, Tally()))
        return make_run(self._wire, deployment_id, record)

    def explore(
        self,
        deployment_id: str,
        run_id: str | None = None,
        *,
        tz: str = "UTC",
        follow: bool | None = None,
        height: int | None = None,
    ) -> RunExplorer:
        """One run on the screen: status, course through time, outputs, manifest.

        Args:
            deployment_id: its deployment.
            run_id: its id.
            tz: the zone of the times shown, an IANA name.
            follow: whether the view looks at the run again while it is on the screen; None: as long
                as the run has not ended.
            height: of the view, in pixels; None: as it fits.

        Returns:
            The view; in a notebook it shows itself as the last value of a cell.

        Example:
            >>> client.explore(deployment_id, run.id, tz="Europe/Berlin")
            <RunExplorer: ...>
        """
        from agentrun_nb.widget import explore

        key = check_ids(deployment_id, run_id, "explore")
        run = self.get_run(*key)
        return explore(run, self, tz=tz, height=height, follow=follow)

    def get_runs(
        self,
        deployment_id: str | pd.DataFrame,
        run_ids: Iterable[str] | None = None,
        *,
        progress: bool = True,
    ) -> pd.DataFrame:
        """Many runs by their ids, side by side.

        Args:
            deployment_id: their deployment, or a frame with `deployment_id` and `id`.
            run_ids: their ids, when `deployment_id` is a deployment.
            progress: whether a line says how far it is.

        Returns:
            The RUNS table, one row for each id given, in that order; a frame keeps its index. A run
            that did not come is a row with `fetch_error`; an interrupt leaves the rest as rows with
            `not_asked`.

        Raises:
            UnauthorizedError: the key was refused.

        Example:
            >>> client.get_runs(deployment_id, [run.id, "no-such-run"])[["status", "fetch_error"]]
                  status                                        fetch_error
            0  succeeded                                                NaN
            1        NaN  not_found: The service has no run 'no-such-run...
        """
        keys = keys_given(deployment_id, run_ids)
        if isinstance(deployment_id, pd.DataFrame):
            with DeferredInterrupts():
                return fetch_runs(self._wire, keys, progress=progress).set_axis(deployment_id.index)
        with DeferredInterrupts():
            runs = fetch_runs(self._wire, keys, progress=progress)
            if not deployment_is_unknown(deployment_id, runs["fetch_error"]):
                return runs
        refuse_name(self._wire, deployment_id)
        return runs

    def list_runs(
        self,
        deployment_id: str | Sequence[str] | pd.DataFrame | None = None,
        *,
        status: str | Sequence[str] | None = None,
        version_id: str | Sequence[str] | None = None,
        since: When | None = None,
        until: When | None = None,
        limit: int | None = None,
        without: Sequence[str] = (),
        progress: bool = True,
    ) -> pd.DataFrame:
        """All runs that match, newest first.

        Without `limit`, the versions of a deployment are listed side by side where its list of
        versions is whole.

        Args:
            deployment_id: a deployment, several, or a frame of `list_deployments`; None: all there
                are.
            status: one or several.
            version_id: one or several.
            since: the earliest `created_at`: a moment (naive: UTC), or an age such as "7d".
            until: the `created_at` before which they lie; it saves no request.
            limit: how many runs at most; None: all.
            without: columns that are not kept, such as `("input", "output_manifest")`.
            progress: whether a line says how far it is and, at the end, how complete the frame is.

        Returns:
            The RUNS table; `arn.fetch_report` says how complete it is. An interrupt gives what had
            come by then.

        Raises:
            NotOffered: the service does not list runs.
            AgentRunError: not a single page came, or the key was refused.

        Example:
            >>> failed = client.list_runs(status=["failed", "timed_out"], without=("input",))
            >>> len(failed), arn.fetch_report(failed).complete
            (30, True)
        """
        query = self._query(deployment_id, status, version_id, since, until, limit, without)
        with ids_for_names(self._wire, query.deployments), DeferredInterrupts():
            return listing.list_frame(self._wire, query, progress=progress)

    def iter_runs(
        self,
        deployment_id: str | Sequence[str] | pd.DataFrame | None = None,
        *,
        status: str | Sequence[str] | None = None,
        version_id: str | Sequence[str] | None = None,
        since: When | None = None,
        until: When | None = None,
        limit: int | None = None,
        without: Sequence[str] = (),
        progress: bool = True,
        chunk: int = 10_000,
    ) -> Iterator[pd.DataFrame]:
        """Lists runs as `list_runs` does, in frames of `chunk` rows.

        Args:
            deployment_id: as for `list_runs`, like all but the last.
            status: one or several.
            version_id: one or several.
            since: the earliest `created_at`: a moment, or an age such as "7d".
            until: the `created_at` before which they lie.
            limit: how many runs at most; None: all.
            without: columns that are not kept.
            progress: whether a line says how far it is.
            chunk: the rows of a frame; the last one has what is left.

        Yields:
            RUNS tables. The fetch report of the last one speaks for the whole listing.

        Example:
            >>> [len(chunk) for chunk in client.iter_runs(chunk=200)]
            [200, 102]
        """
        query = self._query(deployment_id, status, version_id, since, until, limit, without)
        rows = read_count("chunk", chunk, "Give the rows of a frame, above zero.")
        return self._chunks(query, rows, progress=progress)

    def _chunks(self, query: RunQuery, rows: int, *, progress: bool) -> Iterator[pd.DataFrame]:
        with ids_for_names(self._wire, query.deployments):
            yield from listing.list_chunks(self._wire, query, rows, progress=progress)

    def _query(
        self,
        deployment_id: Any,
        status: Any,
        version_id: Any,
        since: Any,
        until: Any,
        limit: int | None,
        without: Sequence[str],
    ) -> RunQuery:
        statuses = read_statuses(status)
        given = self.list_deployments() if deployment_id is None else deployment_id
        named = with_usable_ids(given) if deployment_id is None else given
        deployments = read_deployments(named)
        unlisted = None
        if deployment_id is None:
            unlisted = fetch_report(given).truncated_by
            unlisted = unlisted or ("bad_id" if len(named) < len(given) else None)
        if limit is not None:
            limit = read_count("limit", limit, "Give one above zero, or None for all.")
        branches = branches_of(deployments, statuses, version_id)
        begin, end = read_period(since, until)
        return RunQuery(branches, begin, end, limit, read_without(without), unlisted)

    def refetch(self, runs: Any, *, progress: bool = True) -> pd.DataFrame:
        """Asks again for rows with a `fetch_error` and for those that have not ended.

        It also goes on with a listing that was cut.

        Args:
            runs: anything that `runs_frame` takes, or (deployment_id, run_id) and lists of these.
            progress: whether a line says how far it is.

        Returns:
            The same rows under the same index, those asked for as they are now. A row that had come
            before and does not come now stays as it was; the fetch report counts it. Of a listing
            that was interrupted or broke off, the runs that were left follow, unless rows were
            taken out of it since.

        Example:
            >>> runs = client.refetch(runs)
            >>> len(runs)
            302
        """
        with DeferredInterrupts():
            given = in_plain_form(runs)
            if has_bare_keys(given):
                return fetch_runs(self._wire, run_keys(given), progress=progress)
            return refetch(self._wire, runs_frame(given), progress=progress)

    def wait(
        self, runs: RunsLike, *, timeout: Span | None = None, progress: bool = True
    ) -> Run | pd.DataFrame:
        """Waits until runs have ended, and looks at them now and then meanwhile.

        A run is looked at after a tenth of its age, at least after a second and at most after half
        a minute. A run that has failed raises nothing.

        Args:
            runs: a Run, a row of a frame, (deployment_id, run_id), a list of these, or a frame.
            timeout: how long at most: seconds, a timedelta or a text such as "30m"; None: as long
                as it takes.
            progress: whether a line says how many have ended and, at the end, how.

        Returns:
            What was given as it is then: a Run, or the RUNS table; a frame keeps its index. An
            interrupt gives what is known by then.

        Raises:
            NotEndedError: not all had ended after `timeout`, or some of them cannot be seen; its
                `runs` are the runs as they were last seen.
            NotFoundError: there is no such run, where one alone is waited for.
            UnauthorizedError: the key was refused.

        Example:
            >>> client.wait(service.submit("csv-report"), timeout="1m").status
            'succeeded'
        """
        seconds = read_span("timeout", timeout)
        watch = self._watch_runs(Given.of(runs), None)
        return wait_for(watch, seconds, progress=progress)

    def watch(
        self,
        what: RunsLike | str | Iterable[str] | None = None,
        *,
        since: When | None = None,
        interval: Span | None = None,
    ) -> Watch:
        """Looks at runs in the background until they have ended; the call returns at once.

        Args:
            what: runs, as for `wait`; or a deployment, several of them as a set or a frame of
                `list_deployments`, or None for all. Of a deployment: the runs that have not ended,
                and those that are created from now on.
            since: of a deployment also those that were created since, ended or not: a moment, or
                an age such as "7d".
            interval: the time between two looks at a run: seconds, a timedelta or a text such as
                "10s"; None: a tenth of the run's age, at least a second and at most half a minute.

        A deployment that is not there any more, or may not be seen, costs a watch of several its
        own runs and no others; the text of the watch says which one that is, and why.

        A status that this package does not know ends no run. Such runs of a deployment are found
        where one of its 200 newest runs, or any run of it that this process has seen, has that
        status: no list gives all that has not ended.

        Returns:
            The watch. It ends when nothing refers to it any more, so keep it in a variable.

        Raises:
            SettingsError: something in `what` names no run.

        Example:
            >>> with client.watch(deployment_id) as watch:
            ...     submitted = service.submit("csv-report")
            ...     for ended in watch:
            ...         break
            >>> ended.id == submitted.id, watch.reason
            (True, 'stopped')
        """
        seconds = read_span("interval", interval)
        if seconds == 0:
            hint = "Give a second or more."
            raise SettingsError("interval=0 would ask without a pause.", hint=hint)
        deployments = self._deployments_of(what)
        if deployments is None:
            if since is not None:
                hint = "Leave it out, or watch the deployment."
                raise SettingsError("since= is for the runs of a deployment.", hint=hint)
            return self._watch_runs(Given.of(what), seconds)
        moment = read_when(since)
        listener = Listener(self._wire, deployments=deployments, since=moment, interval=seconds)
        return Watch(listener, Given.nothing(), self)

    def _deployments_of(self, what: Any) -> list[str] | None:
        """The deployments that are to be watched; None where runs are."""
        if what is None:
            return read_deployments(with_usable_ids(self.list_deployments()))
        if names_deployments(what):
            return read_deployments(what)
        return None

    def _watch_runs(self, given: Given, interval: float | None) -> Watch:
        return Watch(Listener(self._wire, given.to_watch, interval=interval), given, self)

    def get_logs(
        self, runs: RunsLike, *, tail: int | None = None, progress: bool = True
    ) -> pd.DataFrame:
        """The log events of one run or many, each event once.

        Args:
            runs: a Run, a row of a frame, (deployment_id, run_id), a list of these, or a frame. A
                run that is named more than once is asked for once.
            tail: only so many of the last events of each run.
            progress: whether a line says how far it is, where there are several runs.

        Returns:
            The LOGS table under a fresh index: run after run as given, the events of each in the
            order of `created_at`, equal ones as they came. Logs that did not come are counted in
            the fetch report by their reason. An interrupt gives what had come by then.

        Raises:
            NotFoundError, NotOffered: no log came, and the first one did not for this reason.
            UnauthorizedError: the key was refused.

        Example:
            >>> client.get_logs(run, tail=2)[["level", "message"]]
              level                            message
            0  info  3 of 3 declared outputs are there
            1  info             ended with exit code 0
        """
        keys = run_keys(runs)
        if tail is not None:
            tail = read_count("tail", tail, "Give one above zero, or None for all events.")
        with (
            ids_for_names(self._wire, {deployment_id for deployment_id, _ in keys}),
            DeferredInterrupts(),
        ):
            return fetch_logs(self._wire, keys, tail, progress=progress)

    def read_output(
        self,
        run: RunsLike,
        name: str,
        *,
        max_bytes: int | None = None,
        deadline: float | None = None,
    ) -> bytes:
        """The bytes of an output of a run, while its sandbox lives.

        Args:
            run: a Run, a row of a frame, (deployment_id, run_id), or a list or frame of one.
            name: the output's name or path, as `arn.outputs` lists it.
            max_bytes: the most that the file may have; None: as the client allows.
            deadline: seconds that it may take; None: as the client allows.

        Returns:
            The whole file as bytes.

        Raises:
            PathNotFound: the manifest lists no such output; the message names the nearest.
            NotFoundError: the sandbox or the file is gone.
            TooLargeError, DeadlineExceededError: it was more, or took longer.

        Example:
            >>> client.read_output(run, "report.md")[:8]
            b'# bicycl'
        """
        wire = self._wire.within(max_bytes=max_bytes, deadline=deadline)
        found = run if isinstance(run, Run) else self.get_run(*one_key(run))
        return output_files.read_output(wire, found, name)

    def save_outputs(
        self,
        runs: RunsLike,
        folder: str | os.PathLike[str],
        names: str | Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Saves the output files of runs, those that will be gone first before the others.

        The files of failed runs come first, and among them those whose sandbox goes first. A file
        lies in `folder` under its deployment, its run and its name; what cannot stand in a file's
        name is an underscore there. A file that is there already is replaced.

        Args:
            runs: a Run, a row of a frame, (deployment_id, run_id), a list of these, or a frame.
            folder: where to; it is made where it is not there.
            names: only the outputs of this name or path, or of several; None: all.

        Returns:
            One row for each file: `deployment_id`, `run_id`, `position` in the manifest, `name`,
            `where` (the path), `bytes`, and `error` (`code: sentence`) of one that did not come. Of
            a file that is gone it says by how many seconds it was missed.

        Raises:
            PathNotFound: none of the runs lists an output of one of the names.
            DataError: the folder cannot be written to.
            UnauthorizedError: the key was refused.

        Example:
            >>> client.save_outputs(run, "outputs")[["name", "bytes", "error"]].head(1)
                    name  bytes error
            0  report.md    ...   NaN
        """
        chosen = None if names is None else read_texts("names", names, output_files.NAMES)
        target = read_path(folder)
        with DeferredInterrupts():
            return save_outputs(self._wire, runs, target, chosen)

    def observations(self) -> pd.DataFrame:
        """The OBSERVATIONS table: which status of which run this process saw, and when.

        Every record that comes is a look, by whichever client of the service it comes. Where looks
        in a row saw the same status of a run, the first and the last of them are remembered; the
        last 100,000 changes are. `seen_at` is the last moment at which the record is known to have
        held: when it was requested or, where that is later, when it was changed.

        Returns:
            The looks in the order of `seen_at`, under a fresh index.

        Example:
            >>> seen = client.observations()
            >>> seen.loc[seen["run_id"] == run.id, "status"].iloc[-1]
            'succeeded'
        """
        return self._wire.ledger.frame()

    def list_deployments(self) -> pd.DataFrame:
        """The DEPLOYMENTS table: all there are.

        Returns:
            One row per deployment, in the order of the service.

        Example:
            >>> client.list_deployments()["name"].head(2).tolist()
            ['nightly-forecast', 'site-crawler']
        """
        return fetch_table(self._wire, DEPLOYMENTS, routes.DEPLOYMENTS)

    def list_versions(self, deployment_id: str) -> pd.DataFrame:
        """The VERSIONS table: all versions of a deployment.

        Args:
            deployment_id: the deployment.

        Returns:
            One row per version, in the order of the service.

        Example:
            >>> client.list_versions(deployment_id)[["version_number", "status"]]
               version_number status
            0               2  ready
            1               1  ready
        """
        with ids_for_names(self._wire, [deployment_id]):
            return fetch_table(self._wire, VERSIONS, routes.VERSIONS, deployment_id)

    def names(self) -> dict[str, str]:
        """What people call deployments and versions, by id: `csv-report`, `csv-report v2`.

        Where several deployments share a name, the id follows it. What has no name, and the
        versions of a deployment whose list does not come, are left out.

        Returns:
            Names by id, as `names=` takes them; `runs["deployment_id"].map(client.names())` makes a
            column.

        Raises:
            NotOffered: the service does not list deployments.
            AgentRunError: the deployments did not come, or the key was refused.

        Example:
            >>> client.names()[deployment_id]
            'csv-report'
            >>> labels = runs["deployment_id"].map(client.names())
        """
        return loop.run(fetch_names(self._wire))

    def close(self) -> None:
        """Closes the connections, and ends the watches of this client.

        A client that is dropped closes its connections by itself.

        Example:
            >>> client = arn.Client(api_key=service.api_key, base_url=service.base_url)
            >>> client.close()
        """
        self._wire.close()
        end_watches(self._wire)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        wire = vars(self).get("_wire")  # absent while a traceback of the constructor is shown
        return f"Client({wire.settings!r})" if wire else "Client()"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(
            "A Client is never pickled, since it holds a key; make a new one where it is needed."
        )
