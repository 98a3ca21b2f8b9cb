"""Answers of the service with a status of 400 or more, in the documented error envelope."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from .models import encode


class RefusedError(Exception):
    """A request that the service refuses, with the answer to it.

    Attributes:
        status: the HTTP status.
        headers: extra response headers.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        retryable: bool = False,
        suggested_action: str | None = None,
        headers: dict[str, str] | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self._body = {
            "code": code,
            "message": message,
            "retryable": retryable,
            "suggested_action": suggested_action,
            "details": dict(details or {}),
        }

    def envelope(self, request_id: str) -> bytes:
        """The body of the answer."""
        return encode({"error": {**self._body, "request_id": request_id}})


def new_request_id() -> str:
    """A random id for one request."""
    return f"req_{secrets.token_hex(8)}"


def invalid(message: str, **details: object) -> RefusedError:
    """Makes the refusal of a request that is itself wrong."""
    return RefusedError(400, "invalid_request", message, details=details)


def not_found(what: str, identity: str) -> RefusedError:
    """Makes the refusal for a deployment, version, run, sandbox or file that does not exist."""
    code = f"{what}_not_found"
    message = f"there is no {what} {identity!r}"
    details = {f"{what}_id": identity}
    return RefusedError(404, code, message, details=details)
