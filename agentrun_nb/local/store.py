"""Stores deployments, runs and logs in memory: documents as bytes, with a small index."""

from __future__ import annotations

import threading
from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from .failures import not_found
from .models import Deployment, LogEvent, RunDocument, Version, encode, now
from .pages import Key, page, read_cursor, write_cursor

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Indexed(msgspec.Struct):
    """What the index needs to know of a run that somebody else has made."""

    id: str
    deployment_id: str
    version_id: str = ""
    status: str = ""
    created_at: str | None = None


@dataclass
class _Entry:
    """One run: its bytes and what listings filter by."""

    body: bytes
    status: str
    version_id: str
    key: Key


@dataclass
class _Shelf:
    """One deployment, its versions and its runs."""

    deployment: Deployment
    versions: list[Version] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    by_key: dict[Key, _Entry] = field(default_factory=dict)
    by_id: dict[str, _Entry] = field(default_factory=dict)


class Store:
    """The deployments, runs and logs of one service; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._shelves: dict[str, _Shelf] = {}
        self._logs: defaultdict[tuple[str, str], list[bytes]] = defaultdict(list)
        self._arrivals = 0

    def __len__(self) -> int:
        return sum(len(shelf.keys) for shelf in self._shelves.values())

    def add_deployment(self, deployment: Deployment, versions: Iterable[Version]) -> None:
        """Adds a deployment with its versions, the oldest first."""
        self._shelves[deployment.id] = _Shelf(deployment, list(versions))

    def deployments(self) -> list[Deployment]:
        """All deployments, the oldest first."""
        return [shelf.deployment for shelf in self._shelves.values()]

    def deployment(self, deployment_id: str) -> Deployment:
        """One deployment, or a 404."""
        return self._shelf(deployment_id).deployment

    def versions(self, deployment_id: str) -> list[Version]:
        """The versions of a deployment, the oldest first, or a 404."""
        return self._shelf(deployment_id).versions

    def version(self, deployment_id: str, version_id: str) -> Version:
        """One version, or a 404."""
        for version in self.versions(deployment_id):
            if version.id == version_id:
                return version
        raise not_found("version", version_id)

    def put(self, run: RunDocument, events: Iterable[LogEvent]) -> None:
        """Writes a run as it is now; its events can be read from the same moment on."""
        body, lines = encode(run), [encode(event) for event in events]
        with self._lock:
            self._logs[run.deployment_id, run.id].extend(lines)
            shelf = self._shelf(run.deployment_id)
            entry = shelf.by_id.get(run.id)
            if entry is None:
                entry = self._enter(
                    shelf,
                    run.id,
                    _Entry(body, run.status, run.version_id, self._key(run.created_at)),
                )
                insort(shelf.keys, entry.key)
            entry.body, entry.status = body, run.status

    def log(self, run: RunDocument, event: LogEvent) -> None:
        """Appends one event to the log of a run."""
        log = self._logs[run.deployment_id, run.id]
        log.append(encode(event))

    def load(self, bodies: Iterable[bytes], names: Mapping[str, str]) -> int:
        """Adds finished runs, with the deployments and versions that they name.

        Args:
            bodies: the runs, JSON objects in UTF-8.
            names: what unknown deployments are called, by their id.

        Returns:
            The number of runs added.

        Raises:
            ValueError: one is not a JSON object with `id` and `deployment_id`, or its id is there
                already.
        """
        decoder, touched, count = msgspec.json.Decoder(_Indexed), set(), 0
        with self._lock:
            try:
                for count, body in enumerate(bodies, 1):  # noqa: B007
                    run = decoder.decode(body)
                    shelf = self._shelves.get(run.deployment_id) or self._new_shelf(
                        run.deployment_id, names
                    )
                    if run.id in shelf.by_id:
                        raise ValueError(f"the run {run.id!r} is there already")
                    entry = _Entry(
                        body, run.status, run.version_id, self._key(_moment(run.created_at))
                    )
                    shelf.keys.append(self._enter(shelf, run.id, entry).key)
                    touched.add(run.deployment_id)
            finally:
                for deployment_id in touched:
                    self._settle(self._shelves[deployment_id])
        return count

    def run(self, deployment_id: str, run_id: str) -> bytes:
        """The bytes of one run, or a 404."""
        return self._entry(deployment_id, run_id).body

    def runs(
        self,
        deployment_id: str,
        *,
        status: str | None,
        version_id: str | None,
        limit: int,
        cursor: str | None,
    ) -> bytes:
        """One page of runs, newest first, as the body of the answer."""
        return b"".join(self.runs_in_pieces(deployment_id, status, version_id, limit, cursor))

    def runs_in_pieces(
        self,
        deployment_id: str,
        status: str | None,
        version_id: str | None,
        limit: int,
        cursor: str | None,
    ) -> list[bytes]:
        """One page of runs as pieces of the answer's body.

        The pieces are the stored runs themselves, so that a page of large runs takes no memory.
        """
        listing = f"runs/{deployment_id}"

        def matches(key: Key) -> bool:
            entry = shelf.by_key[key]
            return status in (None, entry.status) and version_id in (None, entry.version_id)

        with self._lock:
            shelf = self._shelf(deployment_id)
            keys, more = page(shelf.keys, limit, read_cursor(listing, cursor), matches)
            bodies = [shelf.by_key[key].body for key in keys]
        commas = [b","] * (2 * len(bodies) - 1)
        commas[::2] = bodies
        return [
            b'{"items":[',
            *commas,
            b'],"next_cursor":%b}' % encode(more and write_cursor(listing, more)),
        ]

    def events(self, deployment_id: str, run_id: str) -> list[bytes]:
        """The log of one run from its beginning, or a 404."""
        self._entry(deployment_id, run_id)
        return self._logs.get((deployment_id, run_id), [])

    def _shelf(self, deployment_id: str) -> _Shelf:
        try:
            return self._shelves[deployment_id]
        except KeyError:
            raise not_found("deployment", deployment_id) from None

    def _entry(self, deployment_id: str, run_id: str) -> _Entry:
        try:
            return self._shelf(deployment_id).by_id[run_id]
        except KeyError:
            raise not_found("run", run_id) from None

    def _key(self, created_at: datetime) -> Key:
        self._arrivals += 1
        return (created_at - _EPOCH) // timedelta(microseconds=1), self._arrivals

    def _enter(self, shelf: _Shelf, run_id: str, entry: _Entry) -> _Entry:
        shelf.by_id[run_id] = shelf.by_key[entry.key] = entry
        return entry

    def _new_shelf(self, deployment_id: str, names: Mapping[str, str]) -> _Shelf:
        name, at = names.get(deployment_id, deployment_id), now()
        self.add_deployment(Deployment(deployment_id, name, "loaded runs", None, at, at), [])
        return self._shelves[deployment_id]

    def _settle(self, shelf: _Shelf) -> None:
        shelf.keys.sort()
        known = {version.id for version in shelf.versions}
        for version_id in dict.fromkeys(shelf.by_key[key].version_id for key in shelf.keys):
            if version_id not in known:
                shelf.versions.append(_loaded_version(shelf, version_id))
        if shelf.deployment.active_version_id is None and shelf.versions:
            shelf.deployment.active_version_id = shelf.versions[-1].id


def _moment(text: str | None) -> datetime:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return _EPOCH
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _loaded_version(shelf: _Shelf, version_id: str) -> Version:
    """A version of which only runs are known; it is as old as the first of them."""
    keys = [key for key, entry in shelf.by_key.items() if entry.version_id == version_id]
    micros, _ = min(keys)
    at = _EPOCH + timedelta(microseconds=micros)
    number = len(shelf.versions) + 1
    digest = "sha256:" + "0" * 64
    return Version(
        id=version_id,
        deployment_id=shelf.deployment.id,
        version_number=number,
        bundle_digest=digest,
        config={},
        install_command=None,
        entrypoint_command="",
        resource_config={},
        debug_config={},
        created_at=at,
        ready_at=at,
    )
