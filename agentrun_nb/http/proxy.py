"""Finds the proxy that requests go through, as it is given or as the environment names it."""

from __future__ import annotations

import base64
import ipaddress
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from agentrun_nb.errors import SettingsError, UnsafeURLError
from agentrun_nb.http.secret import Secret

Place = tuple[str, str, int]
"""Scheme, host and port of a service."""

SYSTEM = "The system's setting"


@dataclass(frozen=True)
class Proxy:
    """A proxy, which shows neither the name nor the password.

    Attributes:
        url: its scheme, host and port.
        login: the value of the header `Proxy-Authorization` after `Basic`; None without a name.
    """

    url: str
    login: Secret | None = None

    @property
    def address(self) -> str:
        """Its host and port."""
        return urlsplit(self.url).netloc

    @property
    def host(self) -> str:
        """Its host."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int | None:
        """Its port."""
        return urlsplit(self.url).port


def find_proxy(proxy: object, place: Place, *, allow_http: bool) -> Proxy | None:
    """Reads the argument `proxy=`.

    Args:
        proxy: a URL, "env" for the proxy that the environment names, or None for no proxy.
        place: the service.
        allow_http: whether the key may be sent unencrypted.

    Raises:
        SettingsError: the proxy cannot be used. The message never repeats the URL, which may hold a
            password.
        UnsafeURLError: the proxy would see the key.
    """
    named = "The proxy"
    if isinstance(proxy, str) and proxy == "env":
        proxy = environment_proxy(place)
        named = f"The proxy that {proxy_variable(place)} names"
    if proxy is None:
        return None
    hint = 'Give a URL such as http://proxy.example.com:3128, or "env" for the environment\'s.'
    if not isinstance(proxy, str):
        raise SettingsError(f"{named} is not text but {type(proxy).__name__}.", hint=hint)
    parts = _parts(proxy)
    if parts is None:
        raise SettingsError(f"{named} is not an http address.", hint=hint)
    if place[0] == "http" and not allow_http:
        raise UnsafeURLError(
            f"{named} would see the key.", hint="Use an https base URL, or say allow_http=True."
        )
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return Proxy(f"{parts.scheme}://{host}:{port}", _login(parts))


def _parts(proxy: str) -> SplitResult | None:
    """Splits the URL of a proxy; returns None where it is no http address."""
    try:
        proxy.encode()  # its name and password go into a header
        parts = urlsplit(proxy)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    is_http = parts.scheme in ("http", "https")
    is_plain = re.fullmatch(r"[A-Za-z0-9._:-]+", host) is not None
    return parts if is_http and is_plain and port != 0 else None


def _login(parts: SplitResult) -> Secret | None:
    if parts.username is None:
        return None
    plain = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return Secret(base64.b64encode(plain.encode()).decode(), "the proxy's URL")


def environment_proxy(place: Place) -> str | None:
    """Returns the URL of the proxy that the environment names for a service; None for none.

    The variables are read by `urllib`, as in requests, aiohttp and httpx, in capital or small
    letters: `HTTPS_PROXY` or `HTTP_PROXY` by the scheme of the service, then `ALL_PROXY`.
    `NO_PROXY` names hosts and the domains under them, with or without a port. Two forms of
    `NO_PROXY` that other clients know and `urllib` does not are added: networks such as
    `10.0.0.0/8`, and `*` among other names and in `*.example.com`.
    """
    proxies = getproxies()
    proxy = proxies.get(place[0]) or proxies.get("all")
    if not proxy or _is_excepted(place, proxies.get("no", "")):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_excepted(place: Place, no_proxy: str) -> bool:
    _, host, port = place
    quoted = f"[{host}]" if ":" in host else host
    if any(proxy_bypass(form) for form in (host, quoted, f"{quoted}:{port}")):
        return True
    entries = [entry.strip().lower() for entry in no_proxy.split(",")]
    return any(fnmatchcase(host, entry) or _lies_in(host, entry) for entry in entries)


def _lies_in(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network.strip("[]"), strict=False)
    except ValueError:
        return False


def proxy_variable(place: Place) -> str:
    """Returns the name of the variable that names the proxy for a service."""
    return next(_variables(f"{place[0]}_proxy", "all_proxy"), SYSTEM)


def _variables(*names: str) -> Iterator[str]:
    """Yields the variables of these names that are set, in capital or small letters.

    Small letters go first, as in `urllib`.
    """
    for name in names:
        for variable in sorted(os.environ, reverse=True):
            if variable.lower() == name and os.environ[variable]:
                yield variable
