"""Holds the API key in an object that does not show it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

from agentrun_nb.errors import SettingsError

_vault: WeakKeyDictionary[Secret, str | Callable[[], str]] = WeakKeyDictionary()


class Secret:
    """Holds an API key, a function that gives one, or a proxy's login, and shows none of them.

    Attributes:
        source: where it was found, in words.
    """

    __slots__ = ("__weakref__", "source")

    def __init__(self, key: str | Callable[[], str], source: str) -> None:
        self.source = source
        _vault[self] = key

    def reveal(self) -> str:
        """Returns the key, after checking that it can stand in a header.

        Where it is a function that gives the key, that is called.

        Raises:
            SettingsError: the function failed, or what it gave cannot stand in a header.
        """
        key, failure = _key_of(self)
        problem = failure or _flaw(key)
        if problem:
            # A traceback may show the locals of this frame.
            key = ""
            raise SettingsError(
                f"The API key from {self.source} {problem}.", hint="Give it again with api_key=."
            )
        return key

    def flaw(self) -> str:
        """Says what is wrong with the key without showing it; a function is not called."""
        key = _vault[self]
        return "" if callable(key) else _flaw(key)

    def is_same_as(self, other: Secret) -> bool:
        """Whether another one holds the same key or the same function; no function is called."""
        return _vault[self] == _vault[other]

    def __repr__(self) -> str:
        return f"<API key from {self.source}>"

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("An API key is never pickled; make a new Client where it is needed.")


def _key_of(secret: Secret) -> tuple[str, str]:
    """Returns the key, or in words why the function did not give it."""
    key = _vault[secret]
    try:
        return (key() if callable(key) else key), ""
    except Exception as error:
        # The text of the error may hold the key.
        return "", f"could not be had: the function raised {type(error).__name__}"


def _flaw(key: object) -> str:
    if not isinstance(key, str):
        return f"is not text but {type(key).__name__}"
    if not key:
        return "is empty"
    if not re.fullmatch(r"[!-~]+", key):
        return "holds a blank or another character that cannot stand in a header"
    return ""
