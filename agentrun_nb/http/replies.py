"""What the service answered: its error bodies in both shapes, and the error that each status becomes."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote

import msgspec

from agentrun_nb.core.schema import STATUSES
from agentrun_nb.errors import (
    AgentRunError,
    BadResponseError,
    ForbiddenError,
    NotFoundError,
    NotOffered,
    RateLimitedError,
    ServerError,
    ServiceError,
    UnauthorizedError,
)
from agentrun_nb.http.retry import CROWDED, Failure, is_transient, read_retry_after
from agentrun_nb.http.routes import Ask

MOST_CHARACTERS = 200
"""Characters of an answer that an error repeats."""


@dataclass(frozen=True)
class Reply:
    """An answer: its status, its headers (names in lower case) and its decoded body."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Refusal:
    """What an error body says; every part may be missing.

    Attributes:
        code: the service's word for what happened.
        message: its sentence.
        request_id: its name for the request.
        retryable: whether it says that another attempt may do better.
        ours: whether the body is the API's own, and not that of a proxy in between.
    """

    code: str = ""
    message: str = ""
    request_id: str | None = None
    retryable: bool | None = None
    ours: bool = False


def safe(text: object, key: str = "", most: int = MOST_CHARACTERS) -> str:
    """A text of the service in one line, clipped, without control characters and without the key in any form."""
    shown = text if isinstance(text, str) else "" if text is None else str(text)
    forms = {key, quote(key, safe=""), base64.b64encode(key.encode()).decode().rstrip("=")} if key else set()
    for form in sorted(forms, key=len, reverse=True):
        shown = shown.replace(form, "[key]")
    shown = re.sub(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]+", " ", shown)
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def read_refusal(reply: Reply, key: str = "") -> Refusal:
    """Reads an error body: `{"error": {"code", "message", …}}` or the older `{"error": "text", "code": …}`."""
    request_id = safe(reply.headers.get("x-request-id"), key, 80) or None
    try:
        found: Any = msgspec.json.decode(reply.body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return Refusal(message=safe(reply.body[:4000].decode("utf-8", "replace"), key), request_id=request_id)
    if not isinstance(found, dict) or "error" not in found:
        return Refusal(request_id=request_id)
    error = found["error"]
    told = error if isinstance(error, dict) else found | {"message": error}
    retryable = told.get("retryable")
    return Refusal(
        safe(told.get("code"), key, 80),
        safe(told.get("message") if isinstance(told.get("message"), str) else None, key),
        safe(told.get("request_id"), key, 80) or request_id,
        retryable if isinstance(retryable, bool) else None,
        ours=True,
    )


def failure(reply: Reply, ask: Ask, key: str = "", source: str = "") -> Failure:
    """What an answer other than 200 means.

    Args:
        reply: the answer.
        ask: what was asked.
        key: the key, so that no message repeats it.
        source: where the key was found, in words.
    """
    refusal = read_refusal(reply, key)
    error = _error(reply, ask, refusal, source, key)
    error.status, error.request_id = reply.status, refusal.request_id
    error.retry_after = read_retry_after(reply.headers.get("retry-after"), reply.headers.get("date"))
    return Failure(error, is_transient(reply.status, refusal.retryable), crowded=reply.status in CROWDED)


_REFUSALS = {
    401: (UnauthorizedError, "The service refused the API key from {source}.", "Give a valid api_key=."),
    403: (ForbiddenError, "The API key from {source} may not do this.", "Ask for a key that may."),
    429: (RateLimitedError, "The service asks for fewer requests.", "Wait, or lower max_in_flight."),
}


def _error(reply: Reply, ask: Ask, refusal: Refusal, source: str, key: str) -> AgentRunError:
    status = reply.status
    said = f" The service says: {_said(refusal)}".removesuffix(".") + "." if _said(refusal) else ""
    if status in _REFUSALS:
        kind, told, hint = _REFUSALS[status]
        return kind(told.format(source=source) + said, hint=hint)
    if _lacks_route(status, ask, refusal):
        return NotOffered(f"This service does not offer {ask.route.template}.", hint=ask.route.instead)
    if status == 404:
        return _not_found(ask, refusal, said)
    if status >= 500 or status in (408, 425):
        return ServerError(f"The service failed.{said}", hint="Try again later.")
    if 300 <= status < 400:
        where = safe(reply.headers.get("location"), key) or "nowhere"
        told = f"The service redirects to {where}, which is never followed."
        return BadResponseError(told, hint="Give the right base_url.")
    if status < 300:
        return BadResponseError(f"The service answered {status} where 200 was expected.")
    wished = ask.params.get("status", "")
    near = get_close_matches(wished, STATUSES, 1)
    hint = f"Near {wished!r}: {near[0]!r}." if near and wished != near[0] else "Check the arguments of the call."
    return ServiceError(f"The service refused the request.{said}", hint=hint)


def _said(refusal: Refusal) -> str:
    return ": ".join(part for part in (refusal.code, refusal.message) if part)


def _lacks_route(status: int, ask: Ask, refusal: Refusal) -> bool:
    """Whether the answer is about the route and not about what was asked for on it."""
    if not ask.route.instead:
        return False
    about_route = status in (405, 501) or refusal.code == "not_implemented"
    return about_route or (status == 404 and (not refusal.ours or not ask.ids))


def _not_found(ask: Ask, refusal: Refusal, said: str) -> NotFoundError:
    named = ", ".join(f"{name.removesuffix('_id')} {value!r}" for name, value in ask.ids.items())
    if not refusal.ours:
        told = f"{named} was not found, and the answer is not from the API.{said}"
        return NotFoundError(told, hint="Check the base_url and the ids.")
    blamed = refusal.code.removesuffix("_not_found")
    missing = next((name for name in ask.ids if blamed and blamed.split("_")[-1] in name), None)
    found = f"{missing.removesuffix('_id')} {ask.ids[missing]!r}" if missing else named
    return NotFoundError(f"The service has no {found}.{said}", hint="Check the id, and that the key may see it.")
