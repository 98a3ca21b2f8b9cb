"""Lists the routes of the service, and checks ids before they become part of a path.

Only routes that change nothing are listed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, unquote

from agentrun_nb.core import schema
from agentrun_nb.core.schema import Table
from agentrun_nb.errors import BadIdError

LONGEST_ID = 512
"""The most characters of an id; a longer one is a mistake."""


_HARMFUL = re.compile(r"[/\\?#\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Characters that end a part of a path, or cannot be written in one."""


@dataclass(frozen=True)
class Ask:
    """A request to a route.

    Attributes:
        route: the route.
        path: the path with its ids, quoted.
        ids: the ids by their names in the template.
        params: the parameters of the query.
    """

    route: Route
    path: str
    ids: dict[str, str]
    params: dict[str, str]


@dataclass(frozen=True)
class Route:
    """A route of the service.

    Attributes:
        template: the path, with the names of ids in braces.
        instead: how to go on without the route, where a service may lack it.
        table: the table whose records it gives; None where it gives a file.
        key: the key of the answer that holds the list of records; empty where the answer is one
            record.
        unchecked: why `client.check()` does not ask it; empty where it does.
    """

    template: str
    instead: str = ""
    table: Table | None = None
    key: str = ""
    unchecked: str = ""

    @cached_property
    def names(self) -> list[str]:
        """The names of the ids in the path."""
        return re.findall(r"\{(\w+)\}", self.template)

    def ask(self, *ids: str, **params: str | int | None) -> Ask:
        """Makes a request.

        Args:
            *ids: the ids of the path, in the order of the template.
            **params: the parameters of the query; one that is None is left out.

        Raises:
            BadIdError: an id cannot be one part of a path.
        """
        named = dict(zip(self.names, ids, strict=True))
        quoted = {}
        for name, value in named.items():
            quoted[name] = quote(check_id(name, value), safe="")
        query = {name: str(value) for name, value in params.items() if value is not None}
        return Ask(self, self.template.format(**quoted), named, query)


BY_SINGLE_RUNS = (
    "One run still works: client.get_run(deployment_id, run_id), "
    "and many: client.get_runs(deployment_id, run_ids)."
)

RUN = Route("/v1/agent-deployments/{deployment_id}/runs/{run_id}", table=schema.RUNS)
RUNS = Route(
    "/v1/agent-deployments/{deployment_id}/runs", BY_SINGLE_RUNS, table=schema.RUNS, key="items"
)
DEPLOYMENTS = Route(
    "/v1/agent-deployments",
    "Name the deployment: client.list_runs(deployment_id). " + BY_SINGLE_RUNS,
    table=schema.DEPLOYMENTS,
    key="items",
)
VERSIONS = Route(
    "/v1/agent-deployments/{deployment_id}/versions",
    "Each run names its version_id. " + BY_SINGLE_RUNS,
    table=schema.VERSIONS,
    key="items",
)
LOGS = Route(
    RUN.template + "/logs",
    "The run itself has failure_reason and timestamps: client.get_run(deployment_id, run_id).",
    table=schema.LOGS,
    key="events",
)
OUTPUTS = Route(
    RUN.template + "/outputs",
    "The run's manifest lists its outputs: client.get_run(deployment_id, run_id).outputs.",
    table=schema.RUNS,
)
FILE = Route(
    "/v1/sandboxes/{sandbox_id}/file",
    "The manifest says what was left: client.get_run(deployment_id, run_id).outputs.",
    unchecked="it would read a whole file; client.read_output does",
)

ROUTES = (RUN, DEPLOYMENTS, RUNS, VERSIONS, LOGS, OUTPUTS, FILE)
"""All routes, the one of the contract first."""


def check_id(name: str, value: object) -> str:
    """Returns an id if it is one part of a path, however often it is unquoted on its way.

    Args:
        name: the name of the id in the template.
        value: the id.

    Raises:
        BadIdError: it is not.
    """
    if not isinstance(value, str):
        raise BadIdError(
            f"{name} is to be text, not {type(value).__name__}.",
            hint="Give the id as the service does.",
        )
    plain = value
    while len(value) <= LONGEST_ID and (further := unquote(plain)) != plain:
        plain = further
    harmless = plain not in ("", ".", "..") and not _HARMFUL.search(plain)
    if len(value) > LONGEST_ID or not harmless or not value.strip():
        message = f"{name} {value[:80]!r} cannot be one part of a path."
        raise BadIdError(message, hint="Give the id as the service does, unquoted.")
    return value
