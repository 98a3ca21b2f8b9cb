"""A service as a process of its own on one core: every body is encoded before the first request comes."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs

from agentrun_nb.local import generate

DEP = "dep_1"
PAGE = 200
SHARES: dict[str, Callable[[int], int]] = {
    "one": lambda number: 1,
    "equal": lambda number: 1 + number % 8,
    "skewed": lambda number: 1 if number % 10 else 2 + number // 10 % 7,
}
"""Which version a run has: all the same, eight equal ones, or nine of ten in the first."""


def records(count: int, size: int, share: str) -> list[bytes]:
    """Runs of about `size` bytes, newest first, in one deployment."""
    version = SHARES[share]
    made = []
    for number, run in enumerate(generate(count, manifest_bytes=max(0, size - 620))):
        run = re.sub(
            rb'"deployment_id":"[^"]*","version_id":"[^"]*"',
            b'"deployment_id":"%s","version_id":"ver_%d"' % (DEP.encode(), version(number)),
            run,
            count=1,
        )
        made.append(run)
    return made[::-1]


def reply(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        len(body),
        body,
    )


class Bodies:
    """All replies by path and cursor."""

    def __init__(self, count: int, size: int, share: str) -> None:
        runs = records(count, size, share)
        names = [run[7 : run.index(b'"', 7)].decode() for run in runs]
        self.runs = {name: reply(run) for name, run in zip(names, runs, strict=True)}
        self.ids = names
        self.pages: dict[tuple[str, int], bytes] = {}
        self._list("", runs)
        numbers = range(1, 9) if share != "one" else (1,)
        for number in numbers if share != "one" else ():
            mark = b'"version_id":"ver_%d"' % number
            self._list(f"ver_{number}", [run for run in runs if mark in run[:120]])
        items = b",".join(
            b'{"id":"ver_%d","version_number":%d}' % (number, number) for number in numbers
        )
        self.versions = reply(b'{"items":[%s],"next_cursor":null}' % items)
        deployment = b'{"id":"%s","name":"one"}' % DEP.encode()
        self.deployments = reply(b'{"items":[%s],"next_cursor":null}' % deployment)

    def _list(self, version: str, runs: list[bytes]) -> None:
        for start in range(0, len(runs) or 1, PAGE):
            end = start + PAGE
            cursor = b'"%d"' % end if end < len(runs) else b"null"
            body = b'{"items":[%s],"next_cursor":%s}' % (b",".join(runs[start:end]), cursor)
            self.pages[version, start] = reply(body)

    def __call__(self, target: str) -> bytes:
        path, _, query = target.partition("?")
        last = path.rsplit("/", 1)[1]
        if last == "runs":
            asked = parse_qs(query)
            return self.pages[asked.get("version_id", [""])[0], int(asked.get("cursor", ["0"])[0])]
        if last == "agent-deployments":
            return self.deployments
        return self.versions if last == "versions" else self.runs[last]


class Connection(asyncio.Protocol):
    """One connection; a request is answered after the latency."""

    def __init__(self, bodies: Bodies, latency: float) -> None:
        self._bodies, self._latency = bodies, latency
        self._came = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._came += data
        while b"\r\n\r\n" in self._came:
            head, _, self._came = self._came.partition(b"\r\n\r\n")
            body = self._bodies(head.split(b" ", 2)[1].decode())
            if self._latency:
                asyncio.get_running_loop().call_later(self._latency, self._write, body)
            else:
                self._write(body)

    def _write(self, body: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(body)  # type: ignore[attr-defined]


async def main(count: int, size: int, share: str, milliseconds: float) -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    bodies = Bodies(count, size, share)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(bodies, milliseconds / 1e3), "127.0.0.1", 0
    )
    print(server.sockets[0].getsockname()[1], *bodies.ids[:20_000], flush=True)
    await server.serve_forever()


@contextmanager
def serving(
    count: int, *, size: int = 1_400, share: str = "one", latency: float = 0.0
) -> Iterator[tuple[str, list[str]]]:
    """The address of a service, and the ids of up to 20,000 of its runs; latency in milliseconds."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.service",
        str(count),
        str(size),
        share,
        str(latency),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        port, *ids = process.stdout.readline().split()  # type: ignore[union-attr]
        yield f"http://127.0.0.1:{port}", ids
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4])))
