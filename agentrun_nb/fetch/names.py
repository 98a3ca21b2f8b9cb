"""Looks up the names of deployments and versions, and ids for names that were given instead."""

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

    A name that several deployments share is followed by the id. A version is named after its
    deployment, as in `invoices v3`.

    Raises:
        AgentRunError: the deployments did not come, or the key was refused.
    """
    names = deployment_names(await collect(wire, DEPLOYMENTS, routes.DEPLOYMENTS))
    requests = [_version_names(wire, key, name) for key, name in names.items()]
    for version_names in await asyncio.gather(*requests):
        names |= version_names
    return names


def deployment_names(deployments: pd.DataFrame) -> dict[str, str]:
    """Returns the names in a DEPLOYMENTS table by their ids; one that several have with its id."""
    named = deployments.dropna(subset=["id", "name"])
    plain = dict(zip(named["id"], named["name"], strict=True))
    uses = Counter(plain.values())
    names = {}
    for key, name in plain.items():
        names[key] = name if uses[name] == 1 else f"{name} ({key})"
    return names


def version_names(versions: pd.DataFrame, name: str) -> dict[str, str]:
    """Returns the names of the versions in a VERSIONS table, of a deployment of that name."""
    numbered = versions.dropna(subset=["id", "version_number"])
    pairs = zip(numbered["id"], numbered["version_number"], strict=True)
    return {key: f"{name} v{number}" for key, number in pairs}


async def _version_names(wire: Wire, deployment_id: str, name: str) -> dict[str, str]:
    try:
        versions = await collect(wire, VERSIONS, routes.VERSIONS, deployment_id)
    except UnauthorizedError:
        raise
    except AgentRunError:
        # A label is not worth an error: whoever has no name for a version shows its id.
        return {}
    return version_names(versions, name)


@contextmanager
def ids_for_names(wire: Wire, deployment_ids: Iterable[object]) -> Iterator[None]:
    """Adds the id to the error for an unknown deployment, where its name was given instead.

    Args:
        wire: sends the requests.
        deployment_ids: what was given as ids.
    """
    try:
        yield
    except NotFoundError as error:
        missing = [given for given in deployment_ids if _may_be_missing(given, error.message)]
        error.hint = _id_hint(wire, missing) or error.hint
        raise loop.safe_error(error) from None


def deployment_is_unknown(given: str, fetch_errors: pd.Series[str]) -> bool:
    """Whether no run came at all because there is no such deployment.

    Args:
        given: what was given as the id of the deployment.
        fetch_errors: the `fetch_error` of each run.
    """
    is_missing = [_may_be_missing(given, error) for error in fetch_errors.fillna("")]
    return len(is_missing) > 0 and all(is_missing)


def refuse_name(wire: Wire, given: str) -> None:
    """Refuses the name of a deployment that was given as its id.

    Raises:
        NotFoundError: there is a deployment of that name; the hint says its id.
    """
    if hint := _id_hint(wire, [given]):
        raise NotFoundError(_missing(given), hint=hint, status=404)


def _missing(given: object) -> str:
    return f"The service has no deployment {given!r}."


def _may_be_missing(given: object, message: str) -> bool:
    """Whether an error is about a deployment; a plain `not_found` leaves it or the run open."""
    sentence = _missing(given)
    either = f"{sentence[:-1]}, run " in message and "The service says: not_found" in message
    return sentence in message or either


def _id_hint(wire: Wire, names: Sequence[object]) -> str:
    """Returns a sentence with the id of the first of these that is the name of a deployment.

    It is empty where none is, or where the deployments could not be listed.
    """
    if not names:
        return ""
    with suppress(AgentRunError):
        deployments = loop.run(collect(wire, DEPLOYMENTS, routes.DEPLOYMENTS))
        for name in names:
            has_name = (deployments["name"] == name).fillna(False)
            ids = deployments.loc[has_name, "id"].dropna()
            if len(ids):
                either = " or ".join(map(repr, ids))
                return f"{name!r} is the name of a deployment; its id is {either}."
    return ""
