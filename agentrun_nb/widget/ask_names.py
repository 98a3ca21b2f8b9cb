"""Asks a client for names in the background, so that no view waits for them."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

from agentrun_nb.errors import AgentRunError
from agentrun_nb.tables.labels import read_names

_LOG = logging.getLogger(__name__)


def ask_names(client: Any, take: Callable[[dict[str, str]], None]) -> threading.Thread | None:
    """Asks for the names of deployments and versions; where none come it stays silent.

    Args:
        client: whose `names()` is asked, where it has them.
        take: is given the names, on the loop of this thread where one runs.

    Returns:
        The thread that asks; it ends with the process. None where nobody can be asked.
    """
    ask = getattr(client, "names", None)
    if ask is None:
        return None
    try:
        loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
    except RuntimeError:
        loop = None

    def work() -> None:
        names = _names(ask)
        if not names:
            return
        if loop is None:
            take(names)
        elif not loop.is_closed():
            loop.call_soon_threadsafe(take, names)

    thread = threading.Thread(target=work, name="agentrun_nb names", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        # A browser, as with JupyterLite, has no threads.
        return None
    return thread


def _names(ask: Callable[[], Any]) -> dict[str, str]:
    try:
        return read_names(ask())
    except AgentRunError as error:
        # Ids stand for themselves, so a view without names is whole.
        _LOG.debug("Names did not come: %s", error.kind)
    except Exception as error:
        _LOG.debug("Names did not come: %s", type(error).__name__)
    return {}
