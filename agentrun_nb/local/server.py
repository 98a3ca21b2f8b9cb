"""The HTTP server: asks for the API key, and listens on a loopback socket in its own thread."""

from __future__ import annotations

import hmac
import socket
import threading
import time
from collections.abc import Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from .failures import RefusedError, new_request_id

START_SECONDS = 10.0


def application(routes: Sequence[Route], api_key: str) -> ASGIApp:
    """Makes the application: the routes behind the API key, failures in the documented envelope."""
    app = Starlette(
        routes=list(routes),
        exception_handlers={
            RefusedError: _answer_failure,
            HTTPException: _answer_http,
            Exception: _answer_bug,
        },
    )
    app.router.redirect_slashes = False
    return _Guard(app, api_key)


class _Guard:
    """Refuses requests without the API key."""

    def __init__(self, app: ASGIApp, api_key: str) -> None:
        self._app = app
        self._expected = f"Bearer {api_key}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope["headers"]).get(b"authorization", b"")
        if hmac.compare_digest(given, self._expected):
            await self._app(scope, receive, send)
            return
        code = "unauthorized" if given else "missing_api_key"
        failure = RefusedError(
            401,
            code,
            "the API key is missing or wrong",
            suggested_action="send the header Authorization: Bearer <api key>",
            headers={"WWW-Authenticate": "Bearer"},
        )
        await _response(failure)(scope, receive, send)


def bind(port: int = 0) -> socket.socket:
    """Takes a port of 127.0.0.1; 0: any free one."""
    # Named as TCP, or asyncio leaves Nagle's algorithm on: an answer then waits 40 ms for an
    # acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.close()
        raise
    return listener


class Server:
    """A running server.

    Args:
        app: what answers.
        listener: the socket on which it listens; closed with the server.

    Raises:
        TimeoutError: it does not listen in time.
    """

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        self._socket = listener
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            app,
            loop="asyncio",
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run,
            args=([self._socket],),
            name="agentrun-local-server",
            daemon=True,
        )
        self._thread.start()
        self._wait_until_started()

    def close(self) -> None:
        """Ends the server and frees its port."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def _wait_until_started(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self.close()
                raise TimeoutError(f"it does not listen after {START_SECONDS:g} seconds")
            time.sleep(0.005)


def _response(failure: RefusedError) -> Response:
    request_id = new_request_id()
    headers = {**failure.headers, "X-Request-Id": request_id}
    return Response(failure.envelope(request_id), failure.status, headers, "application/json")


async def _answer_failure(_: Request, failure: Exception) -> Response:
    assert isinstance(failure, RefusedError)  # noqa: S101
    return _response(failure)


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "invalid_request")
    message = (
        f"{request.method} is not offered here" if error.status_code in (404, 405) else error.detail
    )
    return _response(
        RefusedError(error.status_code, code, message, headers=dict(error.headers or {}))
    )


async def _answer_bug(_: Request, error: Exception) -> Response:
    kind = type(error).__name__
    return _response(RefusedError(500, "internal", f"the service failed: {kind}"))
