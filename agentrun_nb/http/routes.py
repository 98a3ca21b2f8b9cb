"""The service's routes, and ids checked before they enter a path.

Only calls that change nothing are listed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

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
    """

    template: str
    instead: str = ""

    def ask(self, *ids: str, **params: str | int | None) -> Ask:
        """Fills the template with ids in its order; a param that is None is left out.

        Raises:
            BadIdError: an id cannot be one part of a path.
        """
        names = re.findall(r"\{(\w+)\}", self.template)
        filled = dict(zip(names, ids, strict=True))
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

RUN = Route("/v1/agent-deployments/{deployment_id}/runs/{run_id}")
RUNS = Route("/v1/agent-deployments/{deployment_id}/runs", BY_SINGLE_RUNS)
DEPLOYMENTS = Route(
    "/v1/agent-deployments",
    "Name the deployment: client.list_runs(deployment_id). " + BY_SINGLE_RUNS,
)
VERSIONS = Route(
    "/v1/agent-deployments/{deployment_id}/versions",
    "Each run names its version_id. " + BY_SINGLE_RUNS,
)
LOGS = Route(
    RUN.template + "/logs",
    "The run itself has failure_reason and timestamps: client.get_run(deployment_id, run_id).",
)
OUTPUTS = Route(
    RUN.template + "/outputs",
    "The run's manifest lists its outputs: client.get_run(deployment_id, run_id).outputs.",
)
FILE = Route(
    "/v1/sandboxes/{sandbox_id}/file",
    "The manifest says what was left: client.get_run(deployment_id, run_id).outputs.",
)


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
