"""Where the key and the URL come from, and what a client works with."""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agentrun_nb.errors import MissingKeyError, SettingsError, UnsafeURLError
from agentrun_nb.http.proxy import Proxy, find_proxy
from agentrun_nb.http.secret import Secret
from agentrun_nb.http.trust import Trust, read_trust

DEFAULT_URL = "https://api.13-215-85-171.sslip.io"
"""The public service's address, as its documentation gives it."""

KEY_VARIABLES = ("AGENTRUN_API_KEY", "NULLSPACE_API_KEY")
URL_VARIABLES = ("AGENTRUN_BASE_URL", "NULLSPACE_API_URL", "NULLSPACE_BASE_URL")
MOST_CONFIG_BYTES = 1 << 20

_LIMITS: dict[str, Any] = {
    "timeout": int | float,
    "deadline": int | float,
    "max_in_flight": int,
    "max_bytes": int,
}


@dataclass(frozen=True)
class Settings:
    """What a client works with.

    Attributes:
        base_url: scheme, host, port and a path prefix, without a slash at the end.
        secret: the key.
        timeout: longest silence of the service, in seconds.
        deadline: longest time of one request with all its retries, and longest time without any
            answer, in seconds.
        max_in_flight: how many requests may be under way at once.
        max_bytes: how many bytes one answer may have, decoded.
        trust: whose certificates are believed.
        proxy: what the requests go through, or None.
    """

    base_url: str
    secret: Secret
    timeout: float = 30.0
    deadline: float = 120.0
    max_in_flight: int = 16
    max_bytes: int = 64 * 2**20
    trust: Trust = field(default_factory=lambda: read_trust(True))
    proxy: Proxy | None = None

    @property
    def host(self) -> str:
        """The service's host, and its port where one is given."""
        return urlsplit(self.base_url).netloc

    @property
    def through(self) -> str:
        """The proxy on the way, as the end of a clause; empty without one."""
        return f" through the proxy {self.proxy.address}" if self.proxy else ""

    @cached_property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: the only place that the key is sent to."""
        return origin(self.base_url)

    def __repr__(self) -> str:
        limits = (
            f"at most {self.max_in_flight} requests at a time, {self.timeout:g} s of silence, "
            f"{self.deadline:g} s a request with its retries, "
            f"{self.max_bytes / 2**20:g} MiB an answer"
        )
        told = [self.base_url, f"key from {self.secret.source}", limits]
        if self.proxy:
            told.append(f"through the proxy {self.proxy.address}")
        if self.trust.remark:
            told.append(self.trust.remark)
        return ", ".join(told)


def find_settings(
    secret: Secret | None,
    base_url: str | None,
    *,
    allow_http: bool,
    proxy: str | None,
    verify: object = True,
    **limits: Any,
) -> Settings:
    """Finds the key and the URL, each at the first place that has it, and checks them.

    Raises:
        MissingKeyError: no place has a key.
        UnsafeURLError: the URL would carry the key to a place it must not go.
        SettingsError: a limit, the key, the proxy or the certificates cannot be used.
    """
    secret = secret or _find_key()
    flaw = secret.flaw()
    if flaw:
        raise SettingsError(
            f"The API key from {secret.source} {flaw}.", hint="Give it again with api_key=."
        )
    # Only an empty text is as good as none: a frame or an array has no truth of its own.
    if base_url is None or (isinstance(base_url, str) and not base_url):
        base_url = _find_url()
    url = check_url(base_url, allow_http=allow_http)
    check_limits({name: limits[name] for name in _LIMITS})
    through = find_proxy(proxy, origin(url), allow_http=allow_http)
    return Settings(url, secret, trust=read_trust(verify), proxy=through, **limits)


def check_limits(limits: Mapping[str, Any]) -> None:
    """Raises SettingsError where a limit is no number above zero; counts have to be whole."""
    for name, limit in limits.items():
        if isinstance(limit, bool) or not isinstance(limit, _LIMITS[name]) or not limit > 0:
            hint = "Give a large one where there should be none."
            raise SettingsError(
                f"{name} is to be a {'whole ' * (_LIMITS[name] is int)}number above zero.",
                hint=hint,
            )


def config_paths(environment: Mapping[str, str]) -> list[Path]:
    """The vendor's configuration files, in the order they are looked at.

    None of them is looked for in the working folder.
    """
    try:
        home = Path.home()
    except RuntimeError:
        return []
    configured = environment.get("XDG_CONFIG_HOME", "")
    folder = Path(configured) if Path(configured).is_absolute() else home / ".config"
    return [
        path
        for path in (folder / "nullspace/config.json", home / ".nullspace/config.json")
        if path.is_absolute()
    ]


def _read_config(path: Path) -> dict[str, str]:
    """The texts of a configuration file; nothing of one that is absent, too large or not JSON."""
    try:
        if path.stat().st_size > MOST_CONFIG_BYTES:
            return {}
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    items = found.items() if isinstance(found, dict) else ()
    return {name: value for name, value in items if isinstance(value, str) and value}


def _find_key() -> Secret:
    for name in KEY_VARIABLES:
        if os.environ.get(name):
            return Secret(os.environ[name], name)
    paths = config_paths(os.environ)
    for path in paths:
        if key := _read_config(path).get("api_key"):
            return Secret(key, _homely(path))
    looked = [
        "the argument api_key",
        *KEY_VARIABLES,
        *(f"api_key in {_homely(path)}" for path in paths),
    ]
    hint = (
        "Type it in with Client(api_key=getpass.getpass()), "
        "or try without one: agentrun_nb.local.serve().client."
    )
    raise MissingKeyError("No API key was found. Looked at: " + "; ".join(looked) + ".", hint=hint)


def _homely(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _find_url() -> str:
    configured = map(_read_config, config_paths(os.environ))
    written = (found.get(name) for found in configured for name in ("base_url", "api_url"))
    return next(filter(None, chain(map(os.environ.get, URL_VARIABLES), written)), DEFAULT_URL)


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL that was checked."""
    parts = urlsplit(url)
    return (
        parts.scheme,
        parts.hostname or "",
        parts.port or (443 if parts.scheme == "https" else 80),
    )


def check_url(url: str, *, allow_http: bool = False) -> str:
    """Gives the URL back in its plain form.

    Raises:
        UnsafeURLError: it is not an address that a key may be sent to. The message never repeats
            the whole URL, which may hold a password.
    """
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        host, port = parts.hostname, parts.port
    except (ValueError, AttributeError):
        raise UnsafeURLError(
            "The base URL cannot be read.", hint="Give one such as https://api.example.com."
        ) from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise UnsafeURLError(
            "The base URL is not an http address.", hint="Give one such as https://api.example.com."
        )
    if "@" in parts.netloc:
        raise UnsafeURLError(
            "The base URL holds a name or a password.", hint="Give the key with api_key= instead."
        )
    if (
        parts.query
        or parts.fragment
        or not re.fullmatch(r"[A-Za-z0-9:/._~\[\]-]+", url)
        or ".." in parts.path
    ):
        hint = (
            "Give one such as https://api.example.com; a name with other letters in its xn-- form."
        )
        raise UnsafeURLError(
            "The base URL holds more than scheme, host, port and a plain path.", hint=hint
        )
    if parts.scheme == "http" and not (allow_http or _is_loopback(host)):
        told = f"The base URL would send the key to {host} unencrypted."
        raise UnsafeURLError(told, hint="Use https, or say allow_http=True.")
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
