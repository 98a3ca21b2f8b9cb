"""A service that misbehaves on purpose. It shares nothing with the client, and writes down what it really sent."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Pause:
    """Nothing for a while."""

    seconds: float


@dataclass(frozen=True)
class Drip:
    """Bytes one by one."""

    content: bytes
    every: float


@dataclass(frozen=True)
class Endless:
    """The same bytes without end, or until so many were sent."""

    content: bytes
    most: float = float("inf")


CLOSE, RESET, KEEP = "close", "reset", "keep"
"""How a connection ends after a reply, or that it does not."""

Step = bytes | Pause | Drip | Endless | str
Reply = Sequence[Step]


@dataclass(frozen=True)
class Request:
    """What arrived: the target as it stood on the wire, and the headers with names in lower case."""

    target: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def last(self) -> str:
        """The last part of the path, unquoted."""
        return unquote(self.path.rsplit("/", 1)[1])

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}


@dataclass
class Sent:
    """What really went out for one request: how many bytes, how they began, and how it ended."""

    request: Request
    count: int = 0
    start: bytes = b""
    ended: str = "unfinished"

    def add(self, content: bytes) -> None:
        self.count += len(content)
        self.start = (self.start + content[:80])[:80]


Script = Callable[[Request, int], Reply]
"""Which reply a request gets; the number counts requests from 0."""


@dataclass
class FaultServer:
    """A server on the loopback, and its record.

    Attributes:
        arrived: the requests.
        sent: what went out for each.
        connections: how many were ever opened.
        open: how many are open now.
    """

    script: Script
    port: int = 0
    scheme: str = "http"
    arrived: list[Request] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    connections: int = 0
    open: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def told(self) -> str:
        """The record in a few words."""
        if not self.sent:
            return f"{self.connections} connections, no request" if self.connections else "nothing"
        ends = ", ".join(dict.fromkeys(sent.ended for sent in self.sent))
        first = self.sent[0].start.partition(b"\r\n")[0][:40].decode("latin-1") or "no byte"
        return (
            f"{len(self.sent)} x {first!r}, {sum(sent.count for sent in self.sent):,} bytes, {ends}"
        )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        self.open += 1
        try:
            while head := await _head(reader):
                request = _read(head)
                self.arrived.append(request)
                sent = Sent(request)
                self.sent.append(sent)
                if not await self._reply(
                    self.script(request, len(self.arrived) - 1), sent, reader, writer
                ):
                    break
        except (ConnectionError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _reply(
        self, reply: Reply, sent: Sent, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Sends the steps of a reply; whether the connection stays."""

        async def send(content: bytes) -> None:
            writer.write(content)
            await writer.drain()
            sent.add(content)

        try:
            for step in reply:
                if isinstance(step, bytes):
                    await send(step)
                elif isinstance(step, Pause):
                    await _idle(step.seconds, reader)
                elif isinstance(step, Drip):
                    for byte in step.content:
                        await send(bytes([byte]))
                        await asyncio.sleep(step.every)
                elif isinstance(step, Endless):
                    left = step.most
                    while left > 0:
                        await send(step.content)
                        left -= len(step.content)
                else:
                    sent.ended = step
                    if step == RESET:
                        writer.transport.abort()
                    return step == KEEP
        except ConnectionError:
            sent.ended = "left by the client"
            raise
        sent.ended = KEEP
        return True


async def _idle(seconds: float, reader: asyncio.StreamReader) -> None:
    """Waits, unless the client leaves."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not reader.at_eof():
                await asyncio.sleep(0.01)
            raise ConnectionResetError


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return b""


def _read(head: bytes) -> Request:
    line, *rest = head.decode("latin-1").rstrip().split("\r\n")
    pairs = (text.partition(":") for text in rest)
    return Request(line.split(" ")[1], {name.lower(): value.strip() for name, _, value in pairs})


@contextmanager
def serving(
    script: Script, tls: ssl.SSLContext | None = None, server: FaultServer | None = None
) -> Iterator[FaultServer]:
    """Serves on a thread and a loop of its own while the block runs."""
    server = server or FaultServer(script)
    server.scheme = "https" if tls else "http"
    loop = asyncio.new_event_loop()

    async def begin() -> asyncio.Server:
        return await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)

    async def end() -> None:
        listener.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.01)

    thread = threading.Thread(target=loop.run_forever, name="fault-server", daemon=True)
    thread.start()
    listener = asyncio.run_coroutine_threadsafe(begin(), loop).result()
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
