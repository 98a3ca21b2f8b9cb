"""The API key, in an object that shows nothing of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

from agentrun_nb.errors import SettingsError

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
            raise SettingsError(
                f"The API key from {self.source} {problem}.", hint="Give it again with api_key=."
            )
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
