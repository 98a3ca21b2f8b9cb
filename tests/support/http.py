"""Servers of bytes for the client's tests, apart from the client's code: what is sent is written by hand."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from agentrun_nb.client import Client

KEY = "sk-hush+0123456789/abcdef=="
DEP = "dep_1"

Script = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]


def run_record(run_id: str, deployment_id: str = DEP, **fields: object) -> dict[str, object]:
    """A finished run, made a second after the one with the number before."""
    number = int("".join(filter(str.isdigit, run_id)) or 0)
    moment = f"2026-11-07T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z"
    return {
        "id": run_id,
        "deployment_id": deployment_id,
        "version_id": "ver_1",
        "mode": "job",
        "status": "succeeded",
        "input": {},
        "created_at": moment,
        "updated_at": moment,
    } | fields


def answer(body: object, status: int = 200, **headers: str) -> httpx.Response:
    """An answer for a mock transport; bytes are sent as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.Response(
        status,
        content=content,
        headers={name.replace("_", "-"): text for name, text in headers.items()},
    )


def mocked(handler: Callable[[httpx.Request], httpx.Response], **settings: object) -> Client:
    """A client whose service is a function."""
    return Client(KEY, "https://api.test", transport=httpx.MockTransport(handler), **settings)  # type: ignore[arg-type]


@dataclass
class Request:
    """What arrived: the request line's target, and the headers with names in lower case."""

    target: str
    headers: dict[str, str]


@dataclass
class Server:
    """A server on the loopback that runs a script for each request and writes down what arrived."""

    port: int = 0
    arrived: list[Request] = field(default_factory=list)
    open: int = 0
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def keys(self) -> int:
        """How many requests carried the key."""
        return sum(KEY in text for request in self.arrived for text in request.headers.values())


@contextmanager
def serving(script: Script) -> Iterator[Server]:
    """Serves on a thread of its own while the block runs."""
    server = Server()

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.open += 1
        try:
            while first := await reader.read(1):
                if first == b"\x16":  # the hello of TLS
                    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    break
                head = first + await reader.readuntil(b"\r\n\r\n")
                line, *rest = head.decode("latin-1").rstrip().split("\r\n")
                headers = dict(text.split(": ", 1) for text in rest)
                request = Request(
                    line.split(" ")[1], {name.lower(): value for name, value in headers.items()}
                )
                server.arrived.append(request)
                await script(request, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            server.open -= 1
            writer.close()

    async def begin() -> asyncio.Server:
        return await asyncio.start_server(connection, "127.0.0.1", 0)

    async def end(listener: asyncio.Server) -> None:
        listener.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.01)

    thread = threading.Thread(target=server.loop.run_forever, daemon=True)
    thread.start()
    listener = asyncio.run_coroutine_threadsafe(begin(), server.loop).result()
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(end(listener), server.loop).result()
        server.loop.call_soon_threadsafe(server.loop.stop)
        thread.join()
        server.loop.close()


def http(body: bytes | dict[str, object], status: str = "200 OK", *headers: str) -> bytes:
    """The bytes of a whole answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (
        "\r\n".join(
            [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *headers, "", ""]
        ).encode()
        + content
    )
