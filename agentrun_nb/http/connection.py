"""Connects to the service by aiohttp, and explains why no answer came."""

from __future__ import annotations

import ssl

import aiohttp
import httpx
from aiohttp.http_exceptions import LineTooLong
from httpx_aiohttp import AiohttpTransport

from agentrun_nb.core.documentation import CORPORATE_NETWORKS, more_on
from agentrun_nb.errors import BadResponseError, ConnectionFailedError
from agentrun_nb.http.proxy import environment_proxy, proxy_variable
from agentrun_nb.http.replies import refused_by_proxy
from agentrun_nb.http.retry import Failure
from agentrun_nb.http.settings import Settings
from agentrun_nb.http.trust import set_variables

Transport = httpx.AsyncBaseTransport
"""Carries requests. A test may use one of its own in place of the network."""


def connect(settings: Settings) -> Transport:
    """Makes the transport to a service, which opens connections as requests need them."""
    trust = _context(settings)

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=settings.max_in_flight, ssl=trust)
        cookie_jar = aiohttp.DummyCookieJar()
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=cookie_jar,
            trust_env=False,
            middlewares=[_send_once],
        )

    return AiohttpTransport(verify=trust, trust_env=False, client=session, proxy=_proxy(settings))


def _context(settings: Settings) -> ssl.SSLContext:
    """What checks certificates, or what trusts none where no TLS is spoken."""
    proxy = settings.proxy
    speaks_tls = settings.origin[0] == "https" or (proxy and proxy.url.startswith("https:"))
    return settings.trust.context if speaks_tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


async def _send_once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Sends a request once, so that every request is counted.

    aiohttp sends a request again by itself after `ServerDisconnectedError` and `ClientOSError`, but
    not after their parent class, which is raised here instead.
    """
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        # No connection was made, and nothing was sent.
        raise
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        raise aiohttp.ClientConnectionError(type(error).__name__) from error


def _proxy(settings: Settings) -> httpx.Proxy | None:
    """Makes the proxy, with the password as a header: BasicAuth of aiohttp is deprecated."""
    proxy = settings.proxy
    if proxy is None:
        return None
    # aiohttp takes this header of the proxy and sends it as Proxy-Authorization.
    login = {"Authorization": f"Basic {proxy.login.reveal()}"} if proxy.login else None
    return httpx.Proxy(proxy.url, headers=login)


_UNREACHED: list[tuple[type | tuple[type, ...], str]] = [
    (
        (aiohttp.ClientConnectorError, httpx.ProxyError, httpx.ConnectError),
        "{} cannot be reached: no connection.",
    ),
    (
        (aiohttp.ServerTimeoutError, httpx.ReadTimeout, httpx.WriteTimeout),
        "{} was silent for {:g} s.",
    ),
    (httpx.TransportError, "The connection to {} broke before the answer was whole."),
]
"""The sentences for the errors that a transport raises; the first that fits holds."""


def unreached(error: Exception, settings: Settings) -> Failure:
    """Explains why no answer came.

    Args:
        error: what the transport raised.
        settings: those of the request.
    """
    causes = _causes(error)
    if any(map(_is_about_headers, causes)):
        message = f"The headers that {settings.host} sends are too large."
        return Failure(
            BadResponseError(message, hint="Check the base_url, and what is in between.")
        )
    for cause in causes:
        if isinstance(cause, aiohttp.ClientHttpProxyError):
            return refused_by_proxy(cause.status, settings)
    blamed = _blamed(causes, settings)
    for cause in causes:
        # aiohttp's own error is of the same class, and does not say what is wrong.
        if isinstance(cause, ssl.SSLCertVerificationError) and hasattr(cause, "verify_code"):
            return Failure(_untrusted(cause, blamed, settings))
    if any(isinstance(cause, ssl.SSLError | aiohttp.ClientSSLError) for cause in causes):
        hint = "Check proxy=: its scheme may be http."
        if blamed == settings.host:
            hint = "Check the base_url."
        message = f"{blamed} does not speak TLS as it should."
        return Failure(ConnectionFailedError(message, hint=hint))
    for kinds, sentence in _UNREACHED:
        if any(isinstance(cause, kinds) for cause in causes):
            through = settings.through if blamed == settings.host else ""
            message = sentence.format(blamed + through, settings.timeout)
            hint = _network_hint(blamed, settings)
            return Failure(ConnectionFailedError(message, hint=hint), transient=True)
    message = f"{settings.host}{settings.through} did not answer in HTTP."
    hint = "Check the scheme and the port of the base_url."
    if settings.proxy:
        hint = "Check the scheme and the port of proxy= and of the base_url."
    no_http = BadResponseError(message, hint=hint)
    return Failure(no_http, transient=True, once=True)


def _is_about_headers(cause: BaseException) -> bool:
    """Whether aiohttp refused the headers of an answer: a line too long, or too many of them."""
    return isinstance(cause, LineTooLong) or "Too many headers" in str(cause)


def _causes(error: BaseException) -> list[BaseException]:
    """Returns an exception and what led to it, the last one first, and no more than 10 of them."""
    causes = [error]
    while len(causes) < 10:
        cause = causes[-1].__cause__ or causes[-1].__context__
        if cause is None:
            break
        causes.append(cause)
    return causes


def _blamed(causes: list[BaseException], settings: Settings) -> str:
    """Names what failed: the proxy where no connection to it could be made, else the service."""
    proxy = settings.proxy
    if proxy is None:
        return settings.host
    place = proxy.host, proxy.port
    for cause in causes:
        if isinstance(cause, aiohttp.ClientConnectorError) and (cause.host, cause.port) == place:
            return f"The proxy {proxy.address}"
    return settings.host


def _network_hint(blamed: str, settings: Settings) -> str:
    if blamed != settings.host:
        return "Check proxy= and the network."
    return unused_proxy(settings) or "Check the network and the base_url."


def unused_proxy(settings: Settings) -> str:
    """Says that the environment names a proxy which is not used; empty where it names none."""
    if settings.proxy is not None or environment_proxy(settings.origin) is None:
        return ""
    variable = proxy_variable(settings.origin)
    sentence = f'{variable} names a proxy, which is not used: Client(proxy="env") uses it.'
    return f"{sentence} {more_on(CORPORATE_NETWORKS)}"


_WRONG_HOST, _EXPIRED, _NOT_YET = (62, 64), 10, 9
"""The numbers by which OpenSSL says what is wrong with a certificate."""


def _untrusted(
    error: ssl.SSLCertVerificationError, blamed: str, settings: Settings
) -> ConnectionFailedError:
    """Explains what is wrong with the certificate that was shown."""
    # A host is written as it is, "The proxy …" in the middle of a sentence with a small letter.
    owner = blamed[0].lower() + blamed[1:] if " " in blamed else blamed
    which = f"The certificate of {owner}"
    if error.verify_code in _WRONG_HOST:
        where = "base_url" if blamed == settings.host else "proxy="
        hint = f"Check the {where}: it is to have a name that the certificate bears."
        return ConnectionFailedError(f"{which} is for another host name.", hint=hint)
    if error.verify_code in (_EXPIRED, _NOT_YET):
        flaw = "has expired" if error.verify_code == _EXPIRED else "is not valid yet"
        hint = "Check this machine's clock, and tell those who run the service."
        return ConnectionFailedError(f"{which} {flaw}.", hint=hint)
    message = f"{which} is not trusted: its authority is not among {settings.trust.source}."
    hint = f"{_authority_hint(settings)} {more_on(CORPORATE_NETWORKS)}"
    return ConnectionFailedError(message, hint=hint)


def _authority_hint(settings: Settings) -> str:
    unused = [name for name in set_variables() if name not in settings.trust.source]
    if unused:
        variables = " and ".join(unused)
        verb = "names" if len(unused) == 1 else "name"
        return (
            f"{variables} {verb} others, not used: "
            'Client(verify="env") uses them; or give their file with verify=.'
        )
    return (
        "Check the base_url, or give the file of a company's own authority: "
        'Client(verify="ca.pem").'
    )
