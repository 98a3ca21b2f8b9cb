"""What people call deployments and their versions."""

from __future__ import annotations

import asyncio
from collections import Counter

from agentrun_nb.core.schema import DEPLOYMENTS, VERSIONS
from agentrun_nb.errors import AgentRunError, UnauthorizedError
from agentrun_nb.fetch.page_reader import collect
from agentrun_nb.http import routes
from agentrun_nb.http.wire import Wire


async def fetch_names(wire: Wire) -> dict[str, str]:
    """The names of all deployments and versions by their ids; the lists of versions come side by side.

    Raises:
        AgentRunError: the deployments did not come, or the key was refused.
    """
    deployments = await collect(wire, DEPLOYMENTS, routes.DEPLOYMENTS)
    named = deployments.dropna(subset=["id", "name"])
    plain = dict(zip(named["id"], named["name"], strict=True))
    shared = Counter(plain.values())
    names = {key: name if shared[name] == 1 else f"{name} ({key})" for key, name in plain.items()}
    versions = await asyncio.gather(*(_version_names(wire, key, name) for key, name in names.items()))
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
    return {key: f"{name} v{number}" for key, number in zip(numbered["id"], numbered["version_number"], strict=True)}
