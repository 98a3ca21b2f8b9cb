"""Where the key and the URL come from; the key lives in an object that shows nothing."""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakKeyDictionary

from agentrun_nb.errors import MissingKeyError, SettingsError, UnsafeURLError

DEFAULT_URL = "https://api.13-215-85-171.sslip.io"
"""The public service's address, as its documentation gives it."""

KEY_VARIABLES = ("AGENTRUN_API_KEY", "NULLSPACE_API_KEY")
URL_VARIABLES = ("AGENTRUN_BASE_URL", "NULLSPACE_API_URL", "NULLSPACE_BASE_URL")
MOST_CONFIG_BYTES = 1 << 20

_LIMITS: dict[str, Any] = {"timeout": int | float, "deadline": int | float, "max_in_flight": int, "max_bytes": int}

_vault: WeakKeyDictionary[Secret, str | Callable[[], str]] = WeakKeyDictionary()


class Secret:
    """An API key, or a function that is asked for it at each request. It shows neither.

    Attributes:
        source: where it was found, in words.
    """

    __slots__ = ("__weakref__", "source")

    def __init__(self, key: str | Callable[[], str], source: str) -> None:
        self.source = source
        _vault[self] = key

    def reveal(self) -> str:
        """The key itself.

        Raises:
            SettingsError: the function failed, or what it gave cannot stand in a header.
        """
        key, failure = _held(self)
        problem = failure or _flaw(key)
        if problem:
            key = ""  # a traceback may show the locals of this frame
            raise SettingsError(f"The API key from {self.source} {problem}.", hint="Give it again with api_key=.")
        return key

    def flaw(self) -> str:
        """What is wrong with the key, in words that do not show it; a function is not asked."""
        held = _vault[self]
        return "" if callable(held) else _flaw(held)

    def __repr__(self) -> str:
        return f"<API key from {self.source}>"

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("An API key is never pickled; make a new Client where it is needed.")


def _held(secret: Secret) -> tuple[str, str]:
    held = _vault[secret]
    try:
        return (held() if callable(held) else held), ""
    except Exception as error:  # whatever it says may hold the key
        return "", f"could not be had: the function raised {type(error).__name__}"


def _flaw(key: object) -> str:
    if not isinstance(key, str):
        return f"is not text but {type(key).__name__}"
    if not key:
        return "is empty"
    if not re.fullmatch(r"[!-~]+", key):
        return "holds a blank or another character that cannot stand in a header"
    return ""


@dataclass(frozen=True)
class Settings:
    """What a client works with.

    Attributes:
        base_url: scheme, host, port and a path prefix, without a slash at the end.
        secret: the key.
        timeout: longest silence of the service, in seconds.
        deadline: longest time of one request with all its retries, and longest time without any answer, in seconds.
        max_in_flight: how many requests may be under way at once.
        max_bytes: how many bytes one answer may have, decoded.
        verify: whether certificates are checked, or the path of a bundle of authorities.
        proxy: URL of a proxy, or None.
    """

    base_url: str
    secret: Secret
    timeout: float = 30.0
    deadline: float = 120.0
    max_in_flight: int = 16
    max_bytes: int = 64 * 2**20
    verify: bool | str = True
    proxy: str | None = None

    @property
    def host(self) -> str:
        """The service's host, and its port where one is given."""
        return urlsplit(self.base_url).netloc

    @cached_property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: the only place that the key is sent to."""
        return origin(self.base_url)

    def __repr__(self) -> str:
        limits = (
            f"at most {self.max_in_flight} requests at a time, {self.timeout:g} s of silence, "
            f"{self.deadline:g} s a request with its retries, {self.max_bytes / 2**20:g} MiB an answer"
        )
        told = [self.base_url, f"key from {self.secret.source}", limits]
        if self.proxy:
            told.append(f"through the proxy {urlsplit(self.proxy).hostname}:{urlsplit(self.proxy).port}")
        if self.verify is False:
            told.append("certificates NOT checked")
        return ", ".join(told)


def find_settings(
    secret: Secret | None, base_url: str | None, *, allow_http: bool, proxy: str | None, **limits: Any
) -> Settings:
    """Finds the key and the URL, each at the first place that has it, and checks them.

    Raises:
        MissingKeyError: no place has a key.
        UnsafeURLError: the URL would carry the key to a place it must not go.
        SettingsError: a limit or the key cannot be used.
    """
    secret = secret or _find_key()
    flaw = secret.flaw()
    if flaw:
        raise SettingsError(f"The API key from {secret.source} {flaw}.", hint="Give it again with api_key=.")
    url = check_url(base_url or _find_url(), allow_http=allow_http)
    check_limits({name: limits[name] for name in _LIMITS})
    return Settings(url, secret, proxy=_check_proxy(proxy, url, allow_http=allow_http), **limits)


def check_limits(limits: Mapping[str, Any]) -> None:
    """Raises SettingsError where a limit is no number above zero, or none that is whole where it counts."""
    for name, limit in limits.items():
        if isinstance(limit, bool) or not isinstance(limit, _LIMITS[name]) or not limit > 0:
            hint = "Give a large one where there should be none."
            raise SettingsError(f"{name} is to be a {'whole ' * (_LIMITS[name] is int)}number above zero.", hint=hint)


def config_paths(environment: Mapping[str, str]) -> list[Path]:
    """The vendor's configuration files, in the order they are looked at; never in the working folder."""
    try:
        home = Path.home()
    except RuntimeError:
        return []
    configured = environment.get("XDG_CONFIG_HOME", "")
    folder = Path(configured) if Path(configured).is_absolute() else home / ".config"
    return [path for path in (folder / "nullspace/config.json", home / ".nullspace/config.json") if path.is_absolute()]


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
    looked = ["the argument api_key", *KEY_VARIABLES, *(f"api_key in {_homely(path)}" for path in paths)]
    hint = "Type it in with Client(api_key=getpass.getpass()), or try without one: agentrun_nb.local.serve().client."
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
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def check_url(url: str, *, allow_http: bool = False) -> str:
    """Gives the URL back in its plain form.

    Raises:
        UnsafeURLError: it is not an address that a key may be sent to. The message never repeats the whole URL, which
            may hold a password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except (ValueError, AttributeError):
        raise UnsafeURLError("The base URL cannot be read.", hint="Give one such as https://api.example.com.") from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise UnsafeURLError("The base URL is not an http address.", hint="Give one such as https://api.example.com.")
    if "@" in parts.netloc:
        raise UnsafeURLError("The base URL holds a name or a password.", hint="Give the key with api_key= instead.")
    if parts.query or parts.fragment or not re.fullmatch(r"[A-Za-z0-9:/._~\[\]-]+", url) or ".." in parts.path:
        hint = "Give one such as https://api.example.com; a name with other letters in its xn-- form."
        raise UnsafeURLError("The base URL holds more than scheme, host, port and a plain path.", hint=hint)
    if parts.scheme == "http" and not (allow_http or _is_loopback(host)):
        told = f"The base URL would send the key to {host} unencrypted."
        raise UnsafeURLError(told, hint="Use https, or say allow_http=True.")
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_proxy(proxy: str | None, url: str, *, allow_http: bool) -> str | None:
    """The proxy's URL; "env" asks the environment for it."""
    scheme, host, _ = origin(url)
    if proxy == "env":
        proxy = None if proxy_bypass(host) else getproxies().get(scheme)
    if proxy is None:
        return None
    try:
        parts = urlsplit(str(proxy))
        readable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        readable = False
    if not readable:
        raise SettingsError("The proxy is not an http address.", hint='Give its URL, or "env" for the environment\'s.')
    if scheme == "http" and not allow_http:
        raise UnsafeURLError("The proxy would see the key.", hint="Use an https base URL, or say allow_http=True.")
    return proxy
