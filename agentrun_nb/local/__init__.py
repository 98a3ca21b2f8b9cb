"""A service embedded in Python that runs real agents, to try everything without a token or network.

`serve()` starts it in this process, `python -m agentrun_nb.local` as a process of its own;
`generate` makes finished runs by the hundred thousand, and `EVENTS` says which status each of its
log events begins. It needs the extra `local` and a system with process groups (Linux, macOS).
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ..errors import SettingsError
from .catalogue import EVENTS
from .generator import generate

if TYPE_CHECKING:
    from .service import Service, serve

__all__ = ["EVENTS", "Service", "generate", "serve"]


def __getattr__(name: str) -> object:
    if name not in ("Service", "serve"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    _check_system()
    try:
        from . import service
    except ModuleNotFoundError as error:
        hint = "The local service needs more packages: pip install 'agentrun-nb[local]'."
        raise ModuleNotFoundError(f"{hint} ({error})", name=error.name) from None
    return getattr(service, name)


def _check_system() -> None:
    """Raises SettingsError on a system without process groups.

    There the service could not end the processes that its agents have started.
    """
    try:
        import fcntl

        has_groups = hasattr(os, "killpg") and hasattr(fcntl, "flock")
    except ImportError:
        has_groups = False
    if sys.platform == "win32" or not has_groups:
        sentence = (
            "The local service runs agents as POSIX process groups, "
            f"which this system ({sys.platform}) does not have."
        )
        hint = (
            "Run it on Linux, on macOS, or on Windows inside WSL; "
            "nothing else of agentrun_nb needs it."
        )
        raise SettingsError(sentence, hint=hint)


def __dir__() -> list[str]:
    return __all__
