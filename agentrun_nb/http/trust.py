"""Decides which certificates are trusted, by the argument `verify=` of a client."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import certifi

from agentrun_nb.core.text import kind_of
from agentrun_nb.errors import SettingsError

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that name the authorities of other clients.

They are read only with `verify="env"`.
"""

MOST_BYTES = 32 * 2**20
"""The most bytes of a file of certificates; a larger one is a mistake."""

HINT = (
    'Give a file of certificates (PEM or DER), a folder of them, an ssl.SSLContext, "env" for what '
    f"{', '.join(VARIABLES)} name, True, or False to not check."
)

_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
"""The names of files in a folder that OpenSSL reads by itself."""

_ENDINGS = (".pem", ".crt", ".cer", ".der")


@dataclass(frozen=True)
class Trust:
    """The authorities whose certificates are trusted.

    Attributes:
        load: makes what checks certificates; reading those of all authorities takes a while.
        source: where the authorities come from, in words.
        remark: a remark for the repr of the client; empty for the authorities of certifi.
    """

    load: Callable[[], ssl.SSLContext]
    source: str
    remark: str = ""

    @property
    def context(self) -> ssl.SSLContext:
        """Checks certificates."""
        return self.load()


def read_trust(verify: object) -> Trust:
    """Reads the argument `verify=`.

    Args:
        verify: True for the authorities that certifi lists; False to check nothing; "env" for those
            that the variables in `VARIABLES` name, all of them, or certifi's where none is set; the
            path of a file (PEM or DER) or of a folder; an `ssl.SSLContext`.

    Raises:
        SettingsError: it is none of these, or holds no certificate that can be read.
    """
    if verify is True:
        return Trust(_of_certifi, "those that certifi lists")
    if verify is False:
        return Trust(_unchecked, "nobody's", "certificates NOT checked")
    if isinstance(verify, ssl.SSLContext):
        return _given(verify)
    if isinstance(verify, str) and verify == "env":
        return _of_environment()
    if isinstance(verify, str | Path) and str(verify).strip():
        return _of_path(verify)
    shown = "an empty text" if isinstance(verify, str) else kind_of(verify)
    if verify is None or isinstance(verify, int | float):
        shown = repr(verify)
    raise SettingsError(f"verify= cannot be {shown}.", hint=HINT)


def set_variables() -> list[str]:
    """Returns which of `VARIABLES` are set."""
    return [name for name in VARIABLES if os.environ.get(name)]


def _empty() -> ssl.SSLContext:
    # Made by hand: ssl.create_default_context lets SSLKEYLOGFILE write down what is meant to be
    # secret.
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@cache
def _of_certifi() -> ssl.SSLContext:
    context = _empty()
    context.load_verify_locations(certifi.where())
    return context


@cache
def _unchecked() -> ssl.SSLContext:
    context = _empty()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _given(context: ssl.SSLContext) -> Trust:
    if context.protocol == ssl.PROTOCOL_TLS_SERVER:
        hint = "Make one with ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)."
        raise SettingsError("The SSLContext of verify= is made for servers.", hint=hint)
    remark = "certificates by an SSLContext"
    if context.verify_mode == ssl.CERT_NONE:
        remark = "certificates NOT checked"
    elif not context.check_hostname:
        remark = "host names in certificates NOT checked"
    return Trust(lambda: context, "those of the SSLContext", remark)


def _of_path(verify: str | Path) -> Trust:
    context = _of_given_authorities()
    _load(context, str(verify), "verify=")
    return Trust(lambda: context, "those of verify=", f"certificates by {Path(verify).name}")


def _of_environment() -> Trust:
    names = set_variables()
    if not names:
        return Trust(_of_certifi, "those that certifi lists, since no variable names others")
    context = _of_given_authorities()
    for name in names:
        if name == "SSL_CERT_DIR":
            _load_folders(context, os.environ[name].split(os.pathsep), name)
        else:
            _load(context, os.environ[name], name)
    named = " and ".join(names)
    return Trust(lambda: context, f"those of {named}", f"certificates by {named}")


def _of_given_authorities() -> ssl.SSLContext:
    context = _empty()
    # A company may give the authority in the middle alone: what is given is believed, as curl does.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _load(context: ssl.SSLContext, place: str, named: str) -> None:
    """Loads the certificates of a file or a folder.

    Args:
        context: the context that they are loaded into.
        place: the path.
        named: what named the path, for the error.

    Raises:
        SettingsError: no certificate can be read there.
    """
    try:
        path = Path(place).expanduser()
        readable = _load_folder(context, path) if path.is_dir() else _load_file(context, path)
    except (OSError, ValueError, RuntimeError):
        # Not there, a NUL in the path, an unknown ~user.
        readable = False
    if not readable:
        kind = "file or folder of certificates that can be read"
        raise SettingsError(f"{named} names no {kind}.", hint=HINT)


def _load_folders(context: ssl.SSLContext, places: list[str], named: str) -> None:
    there = [place for place in places if Path(place).is_dir()]
    for place in there or places[:1]:
        _load(context, place, named)


def _load_folder(context: ssl.SSLContext, folder: Path) -> bool:
    files = sorted(folder.iterdir())
    if any(_HASHED.fullmatch(file.name) for file in files):
        context.load_verify_locations(capath=folder)
        return True
    loaded = [_load_quietly(context, file) for file in files if file.suffix.lower() in _ENDINGS]
    return any(loaded)


def _load_quietly(context: ssl.SSLContext, file: Path) -> bool:
    """Loads a file of a folder, in which there may be keys and requests as well."""
    try:
        return _load_file(context, file)
    except OSError:
        return False


def _load_file(context: ssl.SSLContext, file: Path) -> bool:
    """Loads a file; returns whether there was a certificate in it."""
    if not file.is_file() or file.stat().st_size > MOST_BYTES:
        return False
    content = file.read_bytes()
    if b"-----BEGIN" in content:
        context.load_verify_locations(cafile=file)
    else:
        context.load_verify_locations(cadata=content)
    return context.cert_store_stats()["x509"] > 0
