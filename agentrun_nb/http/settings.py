"""Finds the key and the URL of the service, and checks the settings of a client."""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from pathlib import Path
from sys import float_info
from typing import Any
from urllib.parse import urlsplit

from agentrun_nb.core.arguments import is_number, is_whole, read_flag
from agentrun_nb.errors import MissingKeyError, SettingsError, UnsafeURLError
from agentrun_nb.http.proxy import Proxy, find_proxy
from agentrun_nb.http.secret import Secret
from agentrun_nb.http.trust import Trust, read_trust

DEFAULT_URL = "https://api.13-215-85-171.sslip.io"
"""The public service's address, as its documentation gives it."""

KEY_VARIABLES = ("AGENTRUN_API_KEY", "NULLSPACE_API_KEY")
URL_VARIABLES = ("AGENTRUN_BASE_URL", "NULLSPACE_API_URL", "NULLSPACE_BASE_URL")
MOST_CONFIG_BYTES = 1 << 20

_PLAIN_URL = re.compile(r"[A-Za-z0-9:/._~\[\]-]+")

_LIMITS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "timeout": (is_number, "a number of seconds above zero"),
    "deadline": (is_number, "a number of seconds above zero"),
    "max_in_flight": (is_whole, "a whole number above zero"),
    "max_bytes": (is_whole, "a whole number above zero"),
}
"""What each limit may be, and that in words."""


@dataclass(frozen=True)
class Settings:
    """The settings of a client.

    Attributes:
        base_url: scheme, host, port and a path prefix, without a slash at the end.
        secret: the key.
        timeout: the longest silence of the service, in seconds.
        deadline: the longest time of one request with all its retries, and the longest time without
            any answer, in seconds.
        max_in_flight: the most requests at a time.
        max_bytes: the most bytes of one answer, decompressed.
        trust: checks certificates.
        proxy: the proxy that requests go through, or None.
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
        mebibytes = self.max_bytes / 2**20
        parts = [
            self.base_url,
            f"key from {self.secret.source}",
            f"at most {self.max_in_flight} requests at a time",
            f"{self.timeout:g} s of silence",
            f"{self.deadline:g} s a request with its retries",
            f"{mebibytes:g} MiB an answer",
        ]
        if self.proxy:
            parts.append(f"through the proxy {self.proxy.address}")
        if self.trust.remark:
            parts.append(self.trust.remark)
        return ", ".join(parts)


def find_settings(
    secret: Secret | None,
    base_url: str | None,
    *,
    allow_http: bool,
    proxy: str | None,
    verify: object = True,
    **limits: Any,
) -> Settings:
    """Finds the key and the URL, each at the first place that has it, and checks all settings.

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
    allow_http = read_flag("allow_http", allow_http)
    url = check_url(base_url, allow_http=allow_http)
    check_limits({name: limits[name] for name in _LIMITS})
    through = find_proxy(proxy, origin(url), allow_http=allow_http)
    return Settings(url, secret, trust=read_trust(verify), proxy=through, **limits)


def check_limits(limits: Mapping[str, Any]) -> None:
    """Checks the limits of a client.

    Raises:
        SettingsError: one is no number above zero, or one that counts is not whole.
    """
    for name, limit in limits.items():
        is_of_its_kind, words = _LIMITS[name]
        # A whole number may be one that no float can hold, so none that anybody can count to.
        if not is_of_its_kind(limit) or not limit > 0 or float_info.max < limit < inf:
            hint = "Give a large one where there should be none."
            raise SettingsError(f"{name} is to be {words}.", hint=hint)


def config_paths(environment: Mapping[str, str]) -> list[Path]:
    """Returns the paths of the vendor's configuration files, in the order in which they are read.

    None of them lies in the working folder.
    """
    try:
        home = Path.home()
    except RuntimeError:
        return []
    configured = environment.get("XDG_CONFIG_HOME", "")
    folder = Path(configured) if Path(configured).is_absolute() else home / ".config"
    paths = [folder / "nullspace/config.json", home / ".nullspace/config.json"]
    return [path for path in paths if path.is_absolute()]


def _read_config(path: Path) -> dict[str, str]:
    """Reads the texts of a configuration file; none where it is absent, too large or not JSON."""
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
            return Secret(key, _shorten(path))
    looked = ["the argument api_key", *KEY_VARIABLES]
    looked += [f"api_key in {_shorten(path)}" for path in paths]
    places = "; ".join(looked)
    hint = (
        "Type it in with Client(api_key=getpass.getpass()), "
        "or try without one: agentrun_nb.local.serve().client."
    )
    raise MissingKeyError(f"No API key was found. Looked at: {places}.", hint=hint)


def _shorten(path: Path) -> str:
    """Writes a path with `~` for the home folder."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _find_url() -> str:
    for variable in URL_VARIABLES:
        if url := os.environ.get(variable):
            return url
    for path in config_paths(os.environ):
        config = _read_config(path)
        for name in ("base_url", "api_url"):
            if url := config.get(name):
                return url
    return DEFAULT_URL


def origin(url: str) -> tuple[str, str, int]:
    """Returns scheme, host and port of a URL that was checked."""
    parts = urlsplit(url)
    default_port = 443 if parts.scheme == "https" else 80
    return parts.scheme, parts.hostname or "", parts.port or default_port


def check_url(url: str, *, allow_http: bool = False) -> str:
    """Checks a base URL, and returns it in its plain form.

    Raises:
        UnsafeURLError: the key may not be sent to it. The message never repeats the whole URL,
            which may hold a password.
    """
    if not isinstance(url, str):
        raise UnsafeURLError(
            f"The base URL is not text but {type(url).__name__}.",
            hint="Give one such as https://api.example.com.",
        )
    if url != url.strip():
        raise UnsafeURLError(
            "The base URL begins or ends with a blank.", hint="Take the blank away."
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
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
    has_plain_path = _PLAIN_URL.fullmatch(url) and ".." not in parts.path
    if parts.query or parts.fragment or not has_plain_path:
        message = "The base URL holds more than scheme, host, port and a plain path."
        hint = (
            "Give one such as https://api.example.com; a name with other letters in its xn-- form."
        )
        raise UnsafeURLError(message, hint=hint)
    if parts.scheme == "http" and not (allow_http or _is_loopback(host)):
        message = f"The base URL would send the key to {host} unencrypted."
        raise UnsafeURLError(message, hint="Use https, or say allow_http=True.")
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
