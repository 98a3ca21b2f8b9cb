"""The service's HTTP routes: reads requests and answers them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import threading
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import BinaryIO, TypeVar

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ..core.jsontext import members
from .failures import RefusedError, invalid
from .models import STATUSES, Deployment, NewRun, Version, encode
from .pages import page, read_cursor, read_limit, write_cursor
from .store import Store
from .workshop import Workshop

Item = TypeVar("Item", Deployment, Version)
DEPLOYMENTS_PATH = "/v1/agent-deployments"
DEPLOYMENT_PATH = DEPLOYMENTS_PATH + "/{deployment_id}"
VERSIONS_PATH = DEPLOYMENT_PATH + "/versions"
RUNS_PATH = DEPLOYMENT_PATH + "/runs"
RUN_PATH = RUNS_PATH + "/{run_id}"
SANDBOX_PATH = "/v1/sandboxes/{sandbox_id}"

GET = {
    DEPLOYMENTS_PATH: "deployments",
    DEPLOYMENT_PATH: "deployment",
    VERSIONS_PATH: "versions",
    VERSIONS_PATH + "/{version_id}": "version",
    RUNS_PATH: "runs",
    RUN_PATH: "run",
    RUN_PATH + "/logs": "logs",
    RUN_PATH + "/outputs": "outputs",
    SANDBOX_PATH: "sandbox",
    SANDBOX_PATH + "/file": "file",
}
"""The methods of `Routes` that answer GET requests."""

POST = {RUNS_PATH: "create_run", RUN_PATH + "/cancel": "cancel_run"}
"""The methods of `Routes` that answer POST requests."""

PIECE = 256 * 2**10
"""How many bytes are sent at a time; a larger answer is not put together in memory."""
REQUEST_BYTES = 8 * 2**20
"""The most that the body of a request may have."""


class Routes:
    """Answers requests from a store and a workshop."""

    def __init__(self, store: Store, workshop: Workshop) -> None:
        self._store = store
        self._workshop = workshop
        self._keys: dict[tuple[str, str], tuple[str, str]] = {}
        self._creating = threading.Lock()

    def table(self) -> list[Route]:
        """The routes of `GET` and `POST`."""
        reading = [Route(path, getattr(self, name)) for path, name in GET.items()]
        method = ["POST"]
        writing = [Route(path, getattr(self, name), methods=method) for path, name in POST.items()]
        return [*reading, *writing]

    async def deployments(self, request: Request) -> Response:
        """Lists deployments, newest first."""
        query = request.query_params
        mode = query.get("mode")
        status = query.get("status")
        deployments = self._store.deployments()
        of_mode = [item for item in deployments if mode in (None, item.mode)]
        items = [item for item in of_mode if status in (None, item.status)]
        return _json(_items(request, "deployments", items))

    async def deployment(self, request: Request) -> Response:
        """One deployment."""
        return _json(encode(self._store.deployment(request.path_params["deployment_id"])))

    async def versions(self, request: Request) -> Response:
        """Lists the versions of a deployment, newest first."""
        deployment_id = request.path_params["deployment_id"]
        status = request.query_params.get("status")
        versions = self._store.versions(deployment_id)
        items = [version for version in versions if status in (None, version.status)]
        return _json(_items(request, f"versions/{deployment_id}", items))

    async def version(self, request: Request) -> Response:
        """One version."""
        return _json(encode(self._store.version(**request.path_params)))

    async def runs(self, request: Request) -> Response:
        """Lists the runs of a deployment, newest first."""
        query = request.query_params
        status = query.get("status")
        if status is not None and status not in STATUSES:
            raise invalid(f"status must be one of {', '.join(STATUSES)}", parameter="status")
        pieces = self._store.runs_in_pieces(
            request.path_params["deployment_id"],
            status,
            query.get("version_id"),
            read_limit(query.get("limit")),
            query.get("cursor"),
        )
        size = sum(map(len, pieces))
        if size <= PIECE:
            return _json(b"".join(pieces))
        return _streamed(_each(pieces), size, "application/json")

    async def run(self, request: Request) -> Response:
        """One run."""
        return _json(self._store.run(**request.path_params))

    async def create_run(self, request: Request) -> Response:
        """Queues a run; the same idempotency key with the same body gives the same run again."""
        deployment_id = request.path_params["deployment_id"]
        body, key = await _body(request), request.headers.get("Idempotency-Key")
        new_run = _new_run(body)
        if key is None:
            run = self._workshop.submit(deployment_id, new_run)
            return _json(self._store.run(deployment_id, run.id), 201)
        digest = hashlib.sha256(body).hexdigest()
        with self._creating:
            known = self._keys.get((deployment_id, key))
            if known is None:
                run = self._workshop.submit(deployment_id, new_run, key)
                self._keys[deployment_id, key] = digest, run.id
                return _json(self._store.run(deployment_id, run.id), 201)
        if known[0] != digest:
            raise RefusedError(409, "conflict", "this idempotency key was used with another body")
        return _json(self._store.run(deployment_id, known[1]))

    async def cancel_run(self, request: Request) -> Response:
        """Cancels a run that has not ended; an ended one is answered as it is."""
        place = request.path_params
        self._store.run(**place)
        self._workshop.cancel(
            place["deployment_id"], place["run_id"], _reason(await _body(request))
        )
        return _json(self._store.run(**place))

    async def logs(self, request: Request) -> Response:
        """Log events in their order, by offset, by cursor, or the last ones with `tail`.

        `next_cursor` is always there, also at the end, so that a live log can be followed;
        `has_more` says whether there is more now.
        """
        query = request.query_params
        events = self._store.events(**request.path_params)
        limit = read_limit(query.get("limit"), 100)
        listing = f"logs/{request.path_params['run_id']}"
        after = read_cursor(listing, query.get("cursor"))
        if after is not None:
            offset = max(0, after[0])
        elif "tail" in query:
            offset = max(0, len(events) - _natural("tail", query["tail"]))
        else:
            offset = _natural("offset", query.get("offset", "0"))
        chosen = events[offset : offset + limit]
        end = offset + len(chosen)
        more = {"has_more": end < len(events), "next_cursor": write_cursor(listing, (end, 0))}
        facts = encode({"offset": offset, "limit": limit, **more})
        return _json(b'{"events":[%b],%b' % (b",".join(chosen), facts[1:]))

    async def outputs(self, request: Request) -> Response:
        """The manifest of a run, and its outputs."""
        run = _members(self._store.run(**request.path_params))
        manifest = run.get("output_manifest", b"null")
        found = _members(manifest).get("outputs", b"[]") if manifest.startswith(b"{") else b"[]"
        listed = found if found.startswith(b"[") else b"[]"
        return _json(
            b'{"run_id":%b,"output_manifest":%b,"outputs":%b}' % (run["id"], manifest, listed)
        )

    async def sandbox(self, request: Request) -> Response:
        """One sandbox that an ended run has left."""
        sandbox_id = request.path_params["sandbox_id"]
        sandbox = self._workshop.sandbox(sandbox_id)
        answer = {
            "id": sandbox.id,
            "status": "running",
            "template": "python",
            "config": {"vcpus": 1, "memory_mb": 512},
            "metadata": {},
            "created_at": sandbox.created_at,
            "expires_at": sandbox.expires_at,
        }
        return _json(encode(answer))

    async def file(self, request: Request) -> Response:
        """The bytes of one file in a sandbox."""
        path = request.query_params.get("path")
        if not path:
            raise invalid("path is required", parameter="path")
        file = self._workshop.sandbox(request.path_params["sandbox_id"]).open(path)
        size = os.fstat(file.fileno()).st_size
        return _streamed(_read(file, size), size, "application/octet-stream")


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")


def _streamed(pieces: AsyncIterator[bytes], size: int, media_type: str) -> Response:
    """An answer that is sent as it is read, no faster than it is taken."""
    return StreamingResponse(pieces, headers={"Content-Length": str(size)}, media_type=media_type)


async def _each(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
        # Only a turn of the loop brings the news that the reader has gone; without it every further
        # write warns.
        await asyncio.sleep(0)


async def _read(file: BinaryIO, size: int) -> AsyncIterator[bytes]:
    """A file in pieces, up to the length that was announced."""
    with file:
        while size > 0 and (piece := await run_in_threadpool(file.read, min(PIECE, size))):
            size -= len(piece)
            yield piece


async def _body(request: Request) -> bytes:
    """The body of a request.

    Raises:
        RefusedError: it is larger than a record may be.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > REQUEST_BYTES:
            raise RefusedError(
                413, "invalid_request", f"a request has {REQUEST_BYTES:,} bytes at most"
            )
    return bytes(body)


def _members(text: bytes) -> dict[str, bytes]:
    return {member.key: member.value for member in members(text)}


def _items(request: Request, listing: str, items: Sequence[Item]) -> bytes:
    query = request.query_params
    keys = [(0, position) for position in range(len(items))]
    after = read_cursor(listing, query.get("cursor"))
    chosen, more = page(keys, read_limit(query.get("limit")), after, lambda _: True)
    return encode(
        {
            "items": [items[key[1]] for key in chosen],
            "next_cursor": more and write_cursor(listing, more),
        }
    )


def _natural(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise invalid(f"{name} must be an integer of 0 or more", parameter=name)
    return int(text)


def _new_run(body: bytes) -> NewRun:
    try:
        new_run = msgspec.json.decode(body, type=NewRun)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise invalid(f"the body is not what it should be: {error}") from None
    if not bytes(new_run.input).startswith(b"{"):
        raise invalid("input must be an object", parameter="input")
    if new_run.retention_seconds is not None and new_run.retention_seconds < 1:
        raise invalid("retention_seconds must be 1 or more", parameter="retention_seconds")
    return new_run


def _reason(body: bytes) -> str | None:
    try:
        reason = json.loads(body or b"{}").get("reason")
    except (ValueError, AttributeError, RecursionError):
        raise invalid("the body must be an object") from None
    return None if reason is None else str(reason)[:500]
