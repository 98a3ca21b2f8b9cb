"""A service whose runs a test writes by hand, on the loopback; it shares nothing with the package."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from urllib.parse import parse_qs, unquote, urlsplit

from agentrun_nb.client import Client
from tests.support.http import KEY, Request, Server, http, serving

DEP = "dep_1"
NOT_FOUND = http({"error": {"code": "run_not_found", "message": "no such thing"}}, "404 X")
ENDED = ("succeeded", "failed", "cancelled", "timed_out")


def moment(second: int) -> str:
    minute, rest = divmod(second, 60)
    return f"2026-11-{1 + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}:{rest:02}Z"


@dataclass
class Book:
    """The runs of a service, as the bytes of their records, and what was asked of it.

    Attributes:
        runs: of each deployment the runs, the oldest first.
        versions: the versions of each deployment.
        files: the files of sandboxes, by sandbox and path.
        events: the log events of runs.
        broken: the numbers of requests that get an answer of 500.
        until: when the files of a sandbox go, by `time.monotonic`; others stay.
        seconds_per_record: how long it takes for the record of a run.
        seconds_per_file: how long the service takes for a file; it gives one after another.
        most: so many requests are answered; the others wait until there may be more.
        targets: the paths that were asked for, in order.
        given_at: when the service began to give each file, by `time.monotonic`.
    """

    runs: dict[str, dict[str, bytes]] = field(default_factory=dict)
    versions: dict[str, list[bytes]] = field(default_factory=dict)
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    events: dict[str, list[bytes]] = field(default_factory=dict)
    until: dict[str, float] = field(default_factory=dict)
    seconds_per_record: float = 0.0
    seconds_per_file: float = 0.0
    broken: set[int] = field(default_factory=set)
    most: float = inf
    targets: list[str] = field(default_factory=list)
    falling: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)
    giving: asyncio.Lock = field(default_factory=asyncio.Lock)
    given_at: list[float] = field(default_factory=list)

    def put(self, number: int, status: str = "succeeded", dep: str = DEP, **fields: object) -> str:
        """Writes a run, or writes it anew."""
        run_id = f"run_{number}"
        record = {
            "id": run_id,
            "deployment_id": dep,
            "version_id": "ver_1",
            "mode": "job",
            "status": status,
            "input": {"n": number},
            "created_at": moment(number),
            "updated_at": moment(number + (1_000 if status in ENDED else 0)),
        } | fields
        self.write(run_id, json.dumps(record).encode(), dep)
        return run_id

    def write(self, run_id: str, body: bytes, dep: str = DEP) -> None:
        with self.lock:
            self.runs.setdefault(dep, {})[run_id] = body
            one = {"id": "ver_1", "deployment_id": dep, "version_number": 1, "status": "ready"}
            self.versions.setdefault(dep, [json.dumps(one).encode()])

    def take_out(self, run_id: str, dep: str = DEP) -> None:
        with self.lock:
            del self.runs[dep][run_id]

    async def script(self, request: Request, writer: asyncio.StreamWriter) -> None:
        with self.lock:
            self.targets.append(request.target)
            number = len(self.targets)
            answer = self._answer(request.target)
        if "/sandboxes/" in request.target:
            answer = await self._file(request.target)
        if re.search(r"/runs/[^/]+$", request.target):
            await asyncio.sleep(self.seconds_per_record)
        while number > self.most:
            await asyncio.sleep(0.01)
        if number in self.broken:
            answer = http({"error": {"code": "internal"}}, "500 X")
        writer.write(answer)

    def _answer(self, target: str) -> bytes:
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        match parts:
            case ["v1", "agent-deployments"]:
                listed = [
                    json.dumps({"id": dep, "name": f"name of {dep}", "mode": "job"}).encode()
                    for dep in self.runs
                ]
                return self._page(listed, query)
            case ["v1", "agent-deployments", dep, "runs"] if dep in self.runs:
                bodies = list(self.runs[dep].values())
                return self._page(bodies[::-1] if self.falling else bodies, query)
            case ["v1", "agent-deployments", dep, "versions"] if dep in self.runs:
                return self._page(self.versions.get(dep, []), query)
            case ["v1", "agent-deployments", dep, "runs", run_id]:
                found = self.runs.get(dep, {}).get(run_id)
                if found is not None:
                    return http(found)
            case ["v1", "agent-deployments", _, "runs", run_id, "logs"] if run_id in self.events:
                return self._page(self.events[run_id], query, key=b"events")
        return NOT_FOUND

    async def _file(self, target: str) -> bytes:
        """Gives a file when its turn has come, if its sandbox lives then."""
        url = urlsplit(target)
        sandbox = unquote(url.path.split("/")[3])
        path = parse_qs(url.query)["path"][0]
        async with self.giving:
            found = self.files.get((sandbox, path))
            if found is None or time.monotonic() >= self.until.get(sandbox, inf):
                return NOT_FOUND
            self.given_at.append(time.monotonic())
            await asyncio.sleep(self.seconds_per_file)
            return http(found)

    def _page(self, bodies: list[bytes], query: dict[str, str], key: bytes = b"items") -> bytes:
        # A cursor counts from the oldest, so that new runs do not move what it names.
        end = int(query["cursor"]) if "cursor" in query else len(bodies)
        start = len(bodies) - end
        part = bodies[start : start + int(query.get("limit", 50))]
        left = end - len(part)
        following = b'"%d"' % left if left > 0 else b"null"
        items = b", ".join(part)
        return http(b'{"%s": [%s], "next_cursor": %s}' % (key, items, following))

    def count_of(self, part: str) -> int:
        """How many requests had this in their path."""
        return sum(part in urlsplit(target).path for target in self.targets)


@contextmanager
def served(book: Book, **settings: float) -> Iterator[tuple[Client, Server]]:
    with serving(book.script) as server, Client(KEY, server.url, **settings) as client:  # type: ignore[arg-type]
        yield client, server
