"""Reads the answers of the service, and makes errors of all but the successful ones."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from agentrun_nb.core.documentation import CORPORATE_NETWORKS, more_on
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
"""The most characters of an answer that an error repeats."""

ELSEWHERE = "Check the base_url: it may be that of another service."
"""What to do about an answer that is none of this API."""


@dataclass(frozen=True)
class Reply:
    """An answer.

    Attributes:
        status: the HTTP status.
        headers: the headers by their names in lower case.
        body: the decompressed body.
        sent: when the request was sent, in seconds since the epoch by our clock.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    sent: float = 0.0


@dataclass(frozen=True)
class Refusal:
    """The body of an error; every part may be missing.

    Attributes:
        code: the code of the error.
        message: a sentence about it.
        request_id: the id of the request.
        retryable: whether another attempt may do better, in the words of the service.
        from_api: whether the body comes from the API itself, and not from a proxy in between.
    """

    code: str = ""
    message: str = ""
    request_id: str | None = None
    retryable: bool | None = None
    from_api: bool = False


def safe(text: object, key: str = "", most: int = MOST_CHARACTERS) -> str:
    """Returns a text of the service as one line, clipped, without the key in any form.

    Control characters become blanks; other invisible characters are written as codes.

    Args:
        text: the text.
        key: the API key.
        most: the most characters.
    """
    line = "" if text is None else str(text)
    for form in _forms_of(key):
        line = line.replace(form, "[key]")
    line = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", line)
    line = visible(line)
    return line if len(line) <= most else line[: most - 1] + "…"


def _forms_of(key: str) -> list[str]:
    """Returns the forms in which a text may hold the key, the longest first."""
    if not key:
        return []
    quoted = quote(key, safe="")
    encoded = base64.b64encode(key.encode()).decode().rstrip("=")
    return sorted({key, quoted, encoded}, key=len, reverse=True)


def read_refusal(reply: Reply, key: str = "") -> Refusal:
    """Reads the body of an error.

    It is `{"error": {"code", "message", …}}`, or in the older form `{"error": "text", "code": …}`.
    """
    request_id = safe(reply.headers.get("x-request-id"), key, 80) or None
    try:
        found: Any = msgspec.json.decode(reply.body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        text = reply.body[:4000].decode("utf-8", "replace")
        return Refusal(message=safe(text, key), request_id=request_id)
    if not isinstance(found, dict) or "error" not in found:
        return Refusal(request_id=request_id)
    error = found["error"]
    fields = error if isinstance(error, dict) else found | {"message": error}
    message = fields.get("message")
    retryable = fields.get("retryable")
    return Refusal(
        code=safe(fields.get("code"), key, 80),
        message=safe(message, key) if isinstance(message, str) else "",
        request_id=safe(fields.get("request_id"), key, 80) or request_id,
        retryable=retryable if isinstance(retryable, bool) else None,
        from_api=True,
    )


def failure(reply: Reply, ask: Ask, key: str, settings: Settings) -> Failure:
    """Makes the error of an answer other than 200.

    Args:
        reply: the answer.
        ask: the request.
        key: the API key, which no message may repeat.
        settings: those of the request.
    """
    refusal = read_refusal(reply, key)
    # A proxy in front of plain http answers in the service's place; in front of https only while it
    # connects.
    proxy = settings.proxy if settings.origin[0] == "http" and not refusal.from_api else None
    if reply.status == 407 or (reply.status == 403 and proxy):
        return refused_by_proxy(reply.status, settings)
    error = _error(reply, ask, refusal, settings, key)
    if proxy:
        error.hint += f" It may be the proxy {proxy.address} that answered."
    error.status = reply.status
    error.request_id = refusal.request_id
    error.code = refusal.code if refusal.from_api else None
    headers = reply.headers
    error.retry_after = read_retry_after(headers.get("retry-after"), headers.get("date"))
    transient = is_transient(reply.status, refusal.retryable)
    return Failure(error, transient, crowded=reply.status in CROWDED)


def refused_by_proxy(status: int, settings: Settings) -> Failure:
    """Makes the error of a proxy that did not let a request through to the service."""
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
    error = ConnectionFailedError(message, hint=f"{hint} {more_on(CORPORATE_NETWORKS)}")
    return Failure(error, transient=status in TRANSIENT)


def base_url_hint(settings: Settings) -> str:
    """Says that the base URL holds a part of the routes; empty when it does not."""
    url = settings.base_url
    path = urlsplit(url).path
    found = re.search(r"/v1(?=/|$)", path)
    if found is None:
        return ""
    prefix, rest = path[: found.start()], path[found.start() :]
    plain = url.removesuffix(path) + prefix
    return f"The base_url ends in {rest!r}, which every route brings itself: give {plain}."


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
    quotation = _quotation(refusal)
    if status in _REFUSALS:
        kind, message, hint = _REFUSALS[status]
        if status != 429 and not refusal.from_api:
            hint += _not_from_api(settings)
        return kind(message.format(source=settings.secret.source) + quotation, hint=hint)
    if _lacks_route(status, ask, refusal):
        hint = base_url_hint(settings) or ask.route.instead
        if not refusal.from_api and not base_url_hint(settings):
            hint += _not_from_api(settings)
        return NotOffered(f"This service does not offer {ask.route.template}.", hint=hint)
    if status == 404:
        return _not_found(ask, refusal, quotation, settings)
    if status >= 500 or status in (408, 425):
        return ServerError(f"The service failed.{quotation}", hint="Try again later.")
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
        message = f"The service answered {status} where 200 was expected."
        return BadResponseError(message, hint=ELSEWHERE)
    return _refused(ask, quotation)


def _refused(ask: Ask, quotation: str) -> ServiceError:
    """Makes the error of a request that the service does not take, which names its filters."""
    given = {name: ask.params[name] for name in ("status", "version_id") if name in ask.params}
    filters = " and ".join(f"{name}={value!r:.80}" for name, value in given.items())
    request = f"a request with {filters}" if filters else "the request"
    hint = "Check the arguments of the call."
    status = given.get("status", "")
    near = get_close_matches(status, STATUSES, 1)
    if near and near[0] != status:
        hint = f"Near {status!r}: {near[0]!r}."
    elif status:
        hint = f"Statuses of the contract: {', '.join(STATUSES)}."
    return ServiceError(f"The service refused {request}.{quotation}", hint=hint)


def _not_from_api(settings: Settings) -> str:
    return f" The answer is not from the API: check also that {settings.base_url} is right."


def _quotation(refusal: Refusal) -> str:
    """Quotes what the service says, to follow a sentence; empty when it says nothing."""
    text = ": ".join(part for part in (refusal.code, refusal.message) if part)
    return f" The service says: {text.removesuffix('.')}." if text else ""


def _lacks_route(status: int, ask: Ask, refusal: Refusal) -> bool:
    """Whether an answer means that the service lacks the route, and not what was requested."""
    if not ask.route.instead:
        return False
    about_route = status in (405, 501) or refusal.code == "not_implemented"
    return about_route or (status == 404 and (not refusal.from_api or not ask.ids))


def _not_found(ask: Ask, refusal: Refusal, quotation: str, settings: Settings) -> NotFoundError:
    """Makes the error of a 404, which names the id that is not there where the answer says it."""
    named = ", ".join(_named(name, value) for name, value in ask.ids.items())
    address = base_url_hint(settings)
    if not refusal.from_api:
        message = (
            "The answer 404 is not from the API, "
            f"so nothing says whether there is {named}.{quotation}"
        )
        hint = f"{settings.base_url} may be the address of another service: check it, and the ids."
        return NotFoundError(message, hint=address or hint)
    blamed = refusal.code.removesuffix("_not_found")
    missing = next((name for name in ask.ids if blamed and blamed.split("_")[-1] in name), None)
    # What this API does not say of an id is said of the address.
    says_less = bool(refusal.code) and "not_found" not in refusal.code
    if not missing and (address or says_less):
        hint = address or "Check the base_url and the ids."
        return NotFoundError(f"Nothing was found at this address.{quotation}", hint=hint)
    found = _named(missing, ask.ids[missing]) if missing else named
    hint = "Check the id, and that the key may see it."
    path = urlsplit(settings.base_url).path
    if path and not missing:
        hint = f"Check the id, that the key may see it, and the path {path!r} of the base_url."
    return NotFoundError(f"The service has no {found}.{quotation}", hint=hint)


def _named(name: str, value: str) -> str:
    """Writes an id with what it is of: `run 'run_1'`."""
    kind = name.removesuffix("_id")
    return f"{kind} {value!r}"
