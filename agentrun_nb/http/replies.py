"""What an answer of the service means: its error bodies, and the error that each status becomes."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from agentrun_nb.core.schema import STATUSES
from agentrun_nb.core.text import visible
from agentrun_nb.errors import (
    AgentRunError,
    BadResponseError,
    ConnectionFailedError,
    ForbiddenError,
    NotFoundError,
    NotOffered,
    RateLimitedError,
    ServerError,
    ServiceError,
    UnauthorizedError,
)
from agentrun_nb.http.retry import CROWDED, TRANSIENT, Failure, is_transient, read_retry_after
from agentrun_nb.http.routes import Ask
from agentrun_nb.http.settings import Settings

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
    """A text of the service in one line, clipped, without the key in any form.

    Control characters are blanks, other characters that are not seen stand as codes.
    """
    shown = text if isinstance(text, str) else "" if text is None else str(text)
    forms: set[str] = set()
    if key:
        encoded = base64.b64encode(key.encode()).decode().rstrip("=")
        forms = {key, quote(key, safe=""), encoded}
    for form in sorted(forms, key=len, reverse=True):
        shown = shown.replace(form, "[key]")
    shown = visible(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", shown))
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def read_refusal(reply: Reply, key: str = "") -> Refusal:
    """Reads an error body.

    It is `{"error": {"code", "message", …}}`, or the older `{"error": "text", "code": …}`.
    """
    request_id = safe(reply.headers.get("x-request-id"), key, 80) or None
    try:
        found: Any = msgspec.json.decode(reply.body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return Refusal(
            message=safe(reply.body[:4000].decode("utf-8", "replace"), key), request_id=request_id
        )
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


def failure(reply: Reply, ask: Ask, key: str, settings: Settings) -> Failure:
    """What an answer other than 200 means.

    Args:
        reply: the answer.
        ask: what was asked.
        key: the key, so that no message repeats it.
        settings: whom it was asked, with a key from where, through which proxy.
    """
    refusal = read_refusal(reply, key)
    # A proxy in front of plain http answers in the service's place; in front of https only while it
    # connects.
    is_proxys = settings.proxy is not None and settings.origin[0] == "http" and not refusal.ours
    if reply.status == 407 or (reply.status == 403 and is_proxys):
        return refused_by_proxy(reply.status, settings)
    error = _error(reply, ask, refusal, settings, key)
    error.status, error.request_id = reply.status, refusal.request_id
    error.code = refusal.code if refusal.ours else None
    error.retry_after = read_retry_after(
        reply.headers.get("retry-after"), reply.headers.get("date")
    )
    return Failure(
        error, is_transient(reply.status, refusal.retryable), crowded=reply.status in CROWDED
    )


def refused_by_proxy(status: int, settings: Settings) -> Failure:
    """What it means that a proxy did not let a request through to the service."""
    proxy = settings.proxy
    named = f"The proxy {proxy.address}" if proxy else "A proxy on the way"
    if status == 407 and proxy and proxy.login:
        message = f"{named} refuses the name and password that it was given (407)."
        hint = "Check them in the proxy's URL."
    elif status == 407:
        message = f"{named} asks for a name and a password (407)."
        hint = 'Give them in its URL: Client(proxy="http://name:password@host:port").'
    elif status == 403:
        message = f"{named} does not let requests through to {settings.host} (403)."
        hint = "Ask those who run the proxy."
    else:
        message = f"{named} answered {status} in place of a connection to {settings.host}."
        hint = "Check proxy= and the base_url."
    return Failure(ConnectionFailedError(message, hint=hint), transient=status in TRANSIENT)


def misplaced(settings: Settings) -> str:
    """What is wrong with a base URL that holds a part of the routes; empty when it holds none."""
    url = settings.base_url
    path = urlsplit(url).path
    found = re.search(r"/v1(?=/|$)", path)
    if found is None:
        return ""
    plain = url.removesuffix(path) + path[: found.start()]
    ending = path[found.start() :]
    return f"The base_url ends in {ending!r}, which every route brings itself: give {plain}."


_REFUSALS = {
    401: (
        UnauthorizedError,
        "The service refused the API key from {source}.",
        "Give a valid api_key=.",
    ),
    403: (ForbiddenError, "The API key from {source} may not do this.", "Ask for a key that may."),
    429: (
        RateLimitedError,
        "The service asks for fewer requests.",
        "Wait, or lower max_in_flight.",
    ),
}


def _error(reply: Reply, ask: Ask, refusal: Refusal, settings: Settings, key: str) -> AgentRunError:
    status = reply.status
    said = f" The service says: {_said(refusal)}".removesuffix(".") + "." if _said(refusal) else ""
    if status in _REFUSALS:
        kind, message, hint = _REFUSALS[status]
        if status != 429 and not refusal.ours:
            hint += (
                f" The answer is not from the API: check also that {settings.base_url} is right."
            )
        return kind(message.format(source=settings.secret.source) + said, hint=hint)
    if _lacks_route(status, ask, refusal):
        hint = misplaced(settings) or ask.route.instead
        return NotOffered(f"This service does not offer {ask.route.template}.", hint=hint)
    if status == 404:
        return _not_found(ask, refusal, said, settings)
    if status >= 500 or status in (408, 425):
        return ServerError(f"The service failed.{said}", hint="Try again later.")
    if status == 304:
        message = (
            "The service answered that the record was not modified (304), which nobody had asked."
        )
        return BadResponseError(message, hint="A cache in between may be at fault.")
    if 300 <= status < 400:
        where = safe(reply.headers.get("location"), key) or "nowhere"
        message = f"The service redirects to {where}, which is never followed."
        return BadResponseError(message, hint="Give the right base_url.")
    if status < 300:
        return BadResponseError(f"The service answered {status} where 200 was expected.")
    wished = ask.params.get("status", "")
    near = get_close_matches(wished, STATUSES, 1)
    hint = "Check the arguments of the call."
    if near and wished != near[0]:
        hint = f"Near {wished!r}: {near[0]!r}."
    return ServiceError(f"The service refused the request.{said}", hint=hint)


def _said(refusal: Refusal) -> str:
    return ": ".join(part for part in (refusal.code, refusal.message) if part)


def _lacks_route(status: int, ask: Ask, refusal: Refusal) -> bool:
    """Whether the answer is about the route and not about what was asked for on it."""
    if not ask.route.instead:
        return False
    about_route = status in (405, 501) or refusal.code == "not_implemented"
    return about_route or (status == 404 and (not refusal.ours or not ask.ids))


def _not_found(ask: Ask, refusal: Refusal, said: str, settings: Settings) -> NotFoundError:
    named = ", ".join(f"{name.removesuffix('_id')} {value!r}" for name, value in ask.ids.items())
    address = misplaced(settings)
    if not refusal.ours:
        message = (
            f"The answer 404 is not from the API, so nothing says whether there is {named}.{said}"
        )
        hint = f"{settings.base_url} may be the address of another service: check it, and the ids."
        return NotFoundError(message, hint=address or hint)
    blamed = refusal.code.removesuffix("_not_found")
    missing = next((name for name in ask.ids if blamed and blamed.split("_")[-1] in name), None)
    if address and not missing:
        return NotFoundError(f"Nothing was found at this address.{said}", hint=address)
    found = f"{missing.removesuffix('_id')} {ask.ids[missing]!r}" if missing else named
    return NotFoundError(
        f"The service has no {found}.{said}", hint="Check the id, and that the key may see it."
    )
