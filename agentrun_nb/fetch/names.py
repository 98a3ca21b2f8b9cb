"""What people call deployments and their versions."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from agentrun_nb.core.schema import DEPLOYMENTS, VERSIONS
from agentrun_nb.errors import AgentRunError, NotFoundError, UnauthorizedError
from agentrun_nb.fetch.page_reader import collect
from agentrun_nb.http import loop, routes
from agentrun_nb.http.wire import Wire

if TYPE_CHECKING:
    import pandas as pd


async def fetch_names(wire: Wire) -> dict[str, str]:
    """Fetches the names of all deployments and versions, by their ids.

    The lists of versions are asked for side by side.

    Raises:
        AgentRunError: the deployments did not come, or the key was refused.
    """
    deployments = await collect(wire, DEPLOYMENTS, routes.DEPLOYMENTS)
    named = deployments.dropna(subset=["id", "name"])
    plain = dict(zip(named["id"], named["name"], strict=True))
    shared = Counter(plain.values())
    names = {key: name if shared[name] == 1 else f"{name} ({key})" for key, name in plain.items()}
    asked = (_version_names(wire, key, name) for key, name in names.items())
    versions = await asyncio.gather(*asked)
    return names | {key: name for found in versions for key, name in found.items()}


async def _version_names(wire: Wire, deployment_id: str, name: str) -> dict[str, str]:
    try:
        versions = await collect(wire, VERSIONS, routes.VERSIONS, deployment_id)
    except UnauthorizedError:
        raise
    except AgentRunError:
        # A label is not worth an error: whoever has no name for a version shows its id.
        return {}
    numbered = versions.dropna(subset=["id", "version_number"])
    pairs = zip(numbered["id"], numbered["version_number"], strict=True)
    return {key: f"{name} v{number}" for key, number in pairs}


@contextmanager
def ids_for_names(wire: Wire, deployment_ids: Iterable[object]) -> Iterator[None]:
    """Adds the id that was meant to the error of a deployment that is not there.

    That is done where the name of a deployment was given in place of its id.
    """
    try:
        yield
    except NotFoundError as error:
        blamed = [given for given in deployment_ids if _missing(given) in error.message]
        error.hint = _id_hint(wire, blamed) or error.hint
        raise loop.bare(error) from None


def is_blamed(given: str, fetch_errors: pd.Series[str]) -> bool:
    """Whether not a run came, since there is no such deployment."""
    blamed = fetch_errors.str.contains(_missing(given), regex=False, na=False)
    return len(blamed) > 0 and bool(blamed.all())


def refuse_name(wire: Wire, given: str) -> None:
    """Raises NotFoundError where what was given is a deployment's name.

    The error has the id that was meant.
    """
    if hint := _id_hint(wire, [given]):
        raise NotFoundError(_missing(given), hint=hint, status=404)


def _missing(given: object) -> str:
    return f"The service has no deployment {given!r}."


def _id_hint(wire: Wire, names: Sequence[object]) -> str:
    """Writes a sentence with the id of a deployment that was given by its name.

    The sentence is empty where no name is that of a deployment.
    """
    if not names:
        return ""
    with suppress(AgentRunError):
        deployments = loop.run(collect(wire, DEPLOYMENTS, routes.DEPLOYMENTS))
        for name in names:
            same = (deployments["name"] == name).fillna(False)
            ids = deployments.loc[same, "id"].dropna().tolist()
            if ids:
                meant = " or ".join(map(repr, ids))
                return f"{name!r} is the name of a deployment; its id is {meant}."
    return ""
