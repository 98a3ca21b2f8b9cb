"""The service's routes, and ids checked before they enter a path.

Only calls that change nothing are listed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from agentrun_nb.core import schema
from agentrun_nb.core.schema import Table
from agentrun_nb.errors import BadIdError

LONGEST_ID = 512
"""Characters of an id; a longer one is a mistake."""


@dataclass(frozen=True)
class Ask:
    """One request: a route filled in.

    Attributes:
        route: the route.
        path: the path, quoted.
        ids: what the path was filled with, by name.
        params: the query.
    """

    route: Route
    path: str
    ids: dict[str, str]
    params: dict[str, str]


@dataclass(frozen=True)
class Route:
    """A path template of the service.

    Attributes:
        template: the path, with the names of ids in braces.
        instead: for a route that a service may lack, how to go on without it.
        table: the table whose records it gives; None where it gives a file.
        key: where in the answer the list of records stands; empty where the answer is one record.
        unchecked: why `client.check()` does not ask it; empty where it does.
    """

    template: str
    instead: str = ""
    table: Table | None = None
    key: str = ""
    unchecked: str = ""

    @property
    def names(self) -> list[str]:
        """The ids that the path is filled with."""
        return re.findall(r"\{(\w+)\}", self.template)

    def ask(self, *ids: str, **params: str | int | None) -> Ask:
        """Fills the template with ids in its order; a param that is None is left out.

        Raises:
            BadIdError: an id cannot be one part of a path.
        """
        filled = dict(zip(self.names, ids, strict=True))
        path = self.template.format(
            **{name: quote(check_id(name, value), safe="") for name, value in filled.items()}
        )
        return Ask(
            self,
            path,
            filled,
            {name: str(value) for name, value in params.items() if value is not None},
        )


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
"""All of them, the contract's own first."""


def check_id(name: str, value: object) -> str:
    """Gives the id back when it can be one part of a path, however often it is unquoted on its way.

    Raises:
        BadIdError: it cannot.
    """
    if not isinstance(value, str):
        raise BadIdError(
            f"{name} is to be text, not {type(value).__name__}.",
            hint="Give the id as the service does.",
        )
    plain = value
    while len(value) <= LONGEST_ID and (further := unquote(plain)) != plain:
        plain = further
    harmless = plain not in ("", ".", "..") and not re.search(
        r"[/\\?#\x00-\x1f\x7f-\x9f\ud800-\udfff]", plain
    )
    if len(value) > LONGEST_ID or not harmless or not value.strip():
        told = f"{name} {value[:80]!r} cannot be one part of a path."
        raise BadIdError(told, hint="Give the id as the service does, unquoted.")
    return value
