"""The class Archive."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

import pandas as pd

from agentrun_nb.archive import check, forget, listing, read, rescue, rescued, sync
from agentrun_nb.archive.check import ArchiveCheck
from agentrun_nb.archive.database import Database
from agentrun_nb.archive.read import Selection
from agentrun_nb.archive.store import check_service
from agentrun_nb.archive.sync import Synced
from agentrun_nb.client import Client
from agentrun_nb.core.arguments import read_count, read_path, read_words
from agentrun_nb.core.schema import DEPLOYMENTS, VERSIONS
from agentrun_nb.core.text import capital, kind_of
from agentrun_nb.errors import NotFoundError, SettingsError
from agentrun_nb.fetch.keys import RunsLike, check_ids, keys_given, one_key, run_keys
from agentrun_nb.fetch.names import deployment_names, ids_for_names, version_names
from agentrun_nb.fetch.output_files import output_row
from agentrun_nb.fetch.query import (
    When,
    read_deployments,
    read_period,
    read_statuses,
    read_when,
    read_without,
)
from agentrun_nb.files.save_load import save
from agentrun_nb.http.wire import Wire
from agentrun_nb.run import Run

if TYPE_CHECKING:
    from agentrun_nb.widget import RunExplorer


class Archive:
    """A local copy of runs that reads like the client.

    It is one file: `sync` and `rescue` bring runs into it, and then it answers the client's calls
    without a network and without a key. The records are in it to the letter, and what was known
    earlier stays. Several processes of one machine may use it at once. While none has it open it
    can be copied.

    Beside an archive of many runs lies what a listing of them gives, in a file whose name ends in
    `-typed`: the next listing is quick by it. It can be deleted at any time, and no copy needs it.
    Where an archive is moved to another folder, delete the one that stays.

    Args:
        path: the file, which is made where there is none. Only its owner may read it, and no key is
            in it.

    Raises:
        ArchiveError: the file is no archive, or cannot be opened or made.
        ArchiveDamagedError: it is not whole.
        ArchiveVersionError: a newer version of this package wrote it.

    Example:
        >>> archive = arn.Archive("runs.sqlite")
        >>> archive.sync(client)
        302 new, 0 ended, 0 vanished; ... requests
        >>> len(archive.list_runs(status="failed"))
        27
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        file = read_path(path)
        if str(file) == ":memory:":
            raise SettingsError("An archive is a file, and not in memory.", hint="Give its path.")
        self._database = Database(file)

    @property
    def path(self) -> Path:
        """The file.

        Example:
            >>> archive.path.name
            'archive.sqlite'
        """
        return self._database.path

    # --- from the service ------------------------------------------------------------------------

    def sync(
        self, client: Client, deployment_id: str | Sequence[str] | pd.DataFrame | None = None
    ) -> Synced:
        """Brings runs into the archive: new ones, and those that had not ended.

        Runs that have ended are not asked for again. New runs stand first in a listing, so it is
        read until a whole page is known and the runs came newest first; otherwise to its end. Once
        a week all pages are read, to find what is missing or gone. What came is in the archive page
        by page: after an interrupt, an error or a crash the next sync goes on from there.

        Args:
            client: a client of the service; all syncs of one archive are of one service.
            deployment_id: a deployment, several, or a frame of `list_deployments`; None: all.

        Returns:
            What has changed and how many requests it took; its text says both. The looks of the
            client's process at these runs are in `observations` then, also those of a watch.

        Raises:
            UnauthorizedError: the key was refused.
            AgentRunError: nothing came at all.
            ArchiveError: the archive holds runs of another service.
            ArchiveWriteError: it cannot be written; what was in it is as it was.

        Example:
            >>> fresh = arn.Archive("fresh.sqlite")
            >>> fresh.sync(client, runs["deployment_id"].iloc[-1])
            85 new, 0 ended, 0 vanished; 3 requests
            >>> fresh.sync(client, runs["deployment_id"].iloc[-1])
            0 new, 0 ended, 0 vanished; 1 request
        """
        wire = wire_of(client)
        deployments = None if deployment_id is None else read_deployments(deployment_id)
        check_service(self._database, service_name(client.base_url))
        with ids_for_names(wire, deployments or []):
            return sync.sync(wire, self._database, deployments)

    def rescue(self, client: Client, runs: RunsLike) -> pd.DataFrame:
        """Brings runs, their logs and their output files into the archive.

        A sandbox lives for a while only, and its files with it. The files of failed runs come
        first, and among them those whose sandbox goes first. What the archive has already is not
        asked for again.

        Args:
            client: a client of the service.
            runs: a Run, a row of a frame, (deployment_id, run_id), a list of these, or a frame.

        Returns:
            One row for each file, as `Client.save_outputs` gives them, and one for each log, which
            has no `position`. `where` is the digest of a file. What did not come has an `error`: of
            a file that is gone it says by how many seconds it was missed.

        Raises:
            UnauthorizedError: the key was refused.
            ArchiveWriteError: the archive cannot be written; what was in it is as it was.

        Example:
            >>> archive = arn.Archive("rescued.sqlite")
            >>> archive.rescue(client, run)["name"].tolist()
            ['log', 'report.md', 'plot.png', 'result.json']
            >>> archive.read_output(run, "report.md")[:8]
            b'# bicycl'
        """
        wire = wire_of(client)
        keys = run_keys(runs)
        check_service(self._database, service_name(client.base_url))
        with ids_for_names(wire, {deployment_id for deployment_id, _ in keys}):
            return rescue.rescue(wire, self._database, keys)

    # --- the file --------------------------------------------------------------------------------

    def forget(self, run: RunsLike) -> None:
        """Takes runs out of the archive, with their logs and files; no sync brings them back.

        Nothing of them is left in the file but a digest, by which they are known if they come
        again. While another process reads the archive traces may have to stay; the error says so,
        and the same call takes them out later.

        Args:
            run: a Run, a row of a frame, (deployment_id, run_id), a list of these, or a frame.

        Raises:
            NotFoundError: the archive does not have one of them; nothing is changed.
            ArchiveWriteError: it cannot be written, and nothing is changed; or the runs are
                forgotten, and something of them is left in it or beside it. It says which.

        Example:
            >>> public = arn.Archive("public.sqlite")
            >>> changes = public.sync(client, deployment_id)
            >>> public.forget(run)
            >>> public.sync(client, deployment_id).new
            0
        """
        forget.forget(self._database, run_keys(run))

    def export(self, folder: str | os.PathLike[str]) -> Path:
        """Saves all runs as a dataset, as `arn.save(archive.iter_runs(), folder)` does.

        Args:
            folder: where to; a dataset that is there is replaced at the end.

        Returns:
            The folder, which `arn.load`, DuckDB, Polars and others read.

        Raises:
            DataError: it cannot be written to, or holds other files.

        Example:
            >>> folder = archive.export("exported")
            >>> len(arn.load(folder))
            302
        """
        return save(self.iter_runs(), folder)

    def check(self) -> ArchiveCheck:
        """Compares everything in the archive with its digest, and the columns beside it with that.

        Returns:
            How much there is, and what cannot be read or is not what it was; its text says both.
            Columns that are only of an earlier state are no problem, and said too.

        Example:
            >>> archive.check()
            302 runs, 302 records, 1 log, 3 files; whole
        """
        return check.check(self._database)

    # --- as the client reads ---------------------------------------------------------------------

    def get_run(self, deployment_id: str, run_id: str | None = None) -> Run:
        """One run as it was seen last.

        Args:
            deployment_id: its deployment.
            run_id: its id.

        Returns:
            The run, with its record to the letter; `fetched_at` says when it was seen last.

        Raises:
            BadIdError: something else than two ids is given, such as a run.
            NotFoundError: the archive does not have it.

        Example:
            >>> archive.get_run(deployment_id, run.id)
            <Run 'adrun_...': deployment 'adep_6257b013', succeeded, exit code 0, ...>
        """
        key = check_ids(deployment_id, run_id, "get_run")
        try:
            return read.read_run(self._database, key)
        except NotFoundError:
            read.check_deployments(self._database, [deployment_id])
            raise

    def explore(
        self,
        deployment_id: str,
        run_id: str | None = None,
        *,
        tz: str = "UTC",
        follow: bool | None = None,
        height: int | None = None,
    ) -> RunExplorer:
        """One run on the screen, as `Client.explore` shows it.

        Args:
            deployment_id: its deployment.
            run_id: its id.
            tz: the zone of the times shown, an IANA name.
            follow: None or False; an archive asks no service how a run goes on.
            height: of the view, in pixels; None: as it fits.

        Returns:
            The view; logs and output files are those of the archive.

        Raises:
            SettingsError: `follow` is True.

        Example:
            >>> archive.explore(deployment_id, run.id)
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
        """Many runs by their ids, as they were seen last.

        Args:
            deployment_id: their deployment, or a frame with `deployment_id` and `id`.
            run_ids: their ids, when `deployment_id` is a deployment.
            progress: as for `Client.get_runs`; an archive is read at once, and says nothing.

        Returns:
            The RUNS table, one row for each id given, in that order; a frame keeps its index. A run
            that the archive does not have is a row with `fetch_error`.

        Example:
            >>> archive.get_runs(deployment_id, [run.id, "no-such-run"])["status"].tolist()
            ['succeeded', nan]
        """
        keys = keys_given(deployment_id, run_ids)
        runs = read.read_runs(self._database, keys)
        if isinstance(deployment_id, pd.DataFrame):
            return runs.set_axis(deployment_id.index)
        if runs["fetch_error"].notna().all():
            read.check_deployments(self._database, [deployment_id])
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
        as_of: When | None = None,
    ) -> pd.DataFrame:
        """All runs that match, newest first, as they were seen last.

        Args:
            deployment_id: a deployment, several, or a frame of `list_deployments`; None: all there
                are.
            status: one or several.
            version_id: one or several.
            since: the earliest `created_at`: a moment (naive: UTC), or an age such as "7d".
            until: the `created_at` before which they lie.
            limit: how many runs at most; None: all.
            without: columns that are left empty, such as `("input", "output_manifest")`.
            progress: as for `Client.list_runs`; an archive is read at once, and says nothing.
            as_of: a moment; the runs are those that had been seen by then, as they were then.

        Returns:
            The RUNS table; `arn.fetch_report` says how complete the archive is and when it was
            brought up to date: `fetched_from` and `fetched_to`. It is not complete where runs came
            by `rescue` since, or where all that is listed may have been created since.

        Raises:
            NotFoundError: the archive has nothing of the deployment.

        Example:
            >>> runs = archive.list_runs()
            >>> len(runs), arn.fetch_report(runs).complete
            (302, True)
            >>> len(archive.list_runs(as_of="2020-01-01"))
            0
        """
        selection = self._selection(
            deployment_id, status, version_id, since, until, limit, without, as_of
        )
        return listing.list_frame(self._database, selection)

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
        as_of: When | None = None,
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
            without: columns that are left empty.
            progress: as for `Client.iter_runs`; an archive says nothing.
            as_of: a moment; the runs are as they were known then.
            chunk: the rows of a frame; the last one has what is left.

        Yields:
            RUNS tables. The report of the last one speaks for all of them.

        Example:
            >>> [len(chunk) for chunk in archive.iter_runs(chunk=200)]
            [200, 102]
        """
        selection = self._selection(
            deployment_id, status, version_id, since, until, limit, without, as_of
        )
        rows = read_count("chunk", chunk, "Give the rows of a frame, above zero.")
        return listing.list_chunks(self._database, selection, rows)

    def _selection(
        self,
        deployment_id: Any,
        status: Any,
        version_id: Any,
        since: Any,
        until: Any,
        limit: int | None,
        without: Sequence[str],
        as_of: Any,
    ) -> Selection:
        deployments = read.deployments_here(self._database)
        if deployment_id is not None:
            given = read_deployments(deployment_id)
            read.check_deployments(self._database, given)
            # In the order of the service, in which runs of one moment stand.
            deployments = [name for name in deployments if name in given]
        if limit is not None:
            limit = read_count("limit", limit, "Give one above zero, or None for all.")
        versions = version_id
        if version_id is not None:
            versions = read_words("version_id", version_id, "Give one or a list of them.")
        begin, end = read_period(since, until)
        return Selection(
            deployments=deployments,
            statuses=read_statuses(status),
            versions=versions,
            since=begin,
            until=end,
            limit=limit,
            without=read_without(without),
            as_of=read_when(as_of),
        )

    def get_logs(
        self, runs: RunsLike, *, tail: int | None = None, progress: bool = True
    ) -> pd.DataFrame:
        """The log events of one run or many that `rescue` has brought.

        Args:
            runs: a Run, a row of a frame, (deployment_id, run_id), a list of these, or a frame.
            tail: only so many of the last events of each run.
            progress: as for `Client.get_logs`; an archive is read at once, and says nothing.

        Returns:
            The LOGS table under a fresh index: run after run as given, the events of each in the
            order of `created_at`. Runs whose log is not there are counted in the fetch report.

        Raises:
            NotFoundError: the archive has no log of any of them.

        Example:
            >>> archive.get_logs(run, tail=1)["message"].tolist()
            ['ended with exit code 0']
        """
        keys = run_keys(runs)
        if tail is not None:
            tail = read_count("tail", tail, "Give one above zero, or None for all events.")
        return rescued.read_logs(self._database, keys, tail)

    def read_output(
        self,
        run: RunsLike,
        name: str,
        *,
        max_bytes: int | None = None,
        deadline: float | None = None,
    ) -> bytes:
        """The bytes of an output of a run that `rescue` has brought.

        Args:
            run: a Run, a row of a frame, (deployment_id, run_id), or a list or frame of one.
            name: the output's name or path, as `arn.outputs` lists it.
            max_bytes: the most that the file may have; None: as many as it has.
            deadline: as for `Client.read_output`; a file of the archive needs none.

        Returns:
            The whole file as bytes.

        Raises:
            PathNotFound: the manifest lists no such output; the message names the nearest.
            NotFoundError: the file was not rescued.
            TooLargeError: it has more than `max_bytes`.

        Example:
            >>> archive.read_output(run, "report.md")[:8]
            b'# bicycl'
        """
        key = one_key(run)
        position = int(output_row(self.get_run(*key), name)["position"])
        return rescued.read_file(self._database, key, position, max_bytes)

    def observations(self) -> pd.DataFrame:
        """The OBSERVATIONS table: which status of which run was seen, and when.

        Returns:
            The looks in the order of `seen_at`; where looks in a row saw the same status of a run,
            the first and the last of them.

        Example:
            >>> seen = archive.observations()
            >>> seen.loc[seen["run_id"] == run.id, "status"].iloc[-1]
            'succeeded'
        """
        return read.read_observations(self._database)

    def list_deployments(self) -> pd.DataFrame:
        """The DEPLOYMENTS table, as it was at the last sync that asked for it.

        Returns:
            One row per deployment, in the order of the service.

        Example:
            >>> archive.list_deployments()["name"].head(2).tolist()
            ['nightly-forecast', 'site-crawler']
        """
        return read.read_table(self._database, DEPLOYMENTS)

    def list_versions(self, deployment_id: str) -> pd.DataFrame:
        """The VERSIONS table: all versions of a deployment, as they were when they were read.

        Args:
            deployment_id: the deployment.

        Returns:
            One row per version, in the order of the service.

        Raises:
            NotFoundError: the archive has nothing of the deployment.

        Example:
            >>> archive.list_versions(deployment_id)["version_number"].tolist()
            [2, 1]
        """
        names = read_deployments(deployment_id)
        if len(names) != 1:
            hint = "Give the id of one: list_deployments() lists them."
            raise SettingsError(f"One deployment is needed, and not {len(names)}.", hint=hint)
        (name,) = names
        read.check_deployments(self._database, [name])
        return read.read_table(self._database, VERSIONS, name)

    def names(self) -> dict[str, str]:
        """What people call deployments and versions, by id: `csv-report`, `csv-report v2`.

        Returns:
            Names by id, as `names=` takes them.

        Example:
            >>> archive.names()[deployment_id]
            'csv-report'
        """
        names = deployment_names(self.list_deployments())
        for deployment_id, name in list(names.items()):
            versions = read.read_table(self._database, VERSIONS, deployment_id)
            names |= version_names(versions, name)
        return names

    def close(self) -> None:
        """Closes the file; it can be copied then. An archive that is dropped does that by itself.

        Example:
            >>> closing = arn.Archive("runs.sqlite")
            >>> closing.close()
        """
        self._database.close()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Archive({str(self.path)!r})"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("An Archive is never pickled; open it where it is needed.")


def wire_of(client: Any) -> Wire:
    """What sends the requests of a client.

    Raises:
        SettingsError: it is no client.
    """
    if not isinstance(client, Client):
        sentence = f"{capital(kind_of(client))} is no client."
        raise SettingsError(sentence, hint="Give arn.Client().")
    return client._wire


def service_name(base_url: str) -> str:
    """What a service is called in an archive: its address, whatever port of this machine it has.

    A local service has another port each time that it starts.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    is_local = host in ("localhost", "::1") or host.startswith("127.")
    return f"this machine{parts.path}" if is_local else f"{parts.netloc}{parts.path}"
