"""A look at the service before the work begins: cheap, and it changes nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from agentrun_nb.core.schema import DEPLOYMENTS, RUNS, VERSIONS
from agentrun_nb.errors import AgentRunError, NotOffered
from agentrun_nb.http import routes
from agentrun_nb.http.routes import Route
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.records.decode import decode_page


@dataclass(frozen=True)
class Check:
    """What was found.

    Attributes:
        base_url: the service.
        key_from: where the key was found; never the key.
        ok: whether the service can be worked with.
        problem: what went wrong, in a sentence; empty when nothing did.
        clock_offset: the service's clock minus ours lies between these, in seconds; None when it sent no date.
        routes: which routes it offers; None: not tried, since that needs a deployment.
        next_step: what to type next.
    """

    base_url: str
    key_from: str
    ok: bool
    problem: str = ""
    clock_offset: tuple[float, float] | None = None
    routes: dict[str, bool | None] = field(default_factory=dict)
    next_step: str = ""

    def __repr__(self) -> str:
        words = {True: "yes", False: "no", None: "not tried"}
        lines = [
            f"service    {self.base_url}",
            f"key        from {self.key_from}",
            f"answer     {self.problem or 'as it should be'}",
            f"clock      {_clock(self.clock_offset)}",
            *(f"{words[offered]:<10} {route}" for route, offered in self.routes.items()),
            f"next       {self.next_step}",
        ]
        return "\n".join(lines)


def _clock(offset: tuple[float, float] | None) -> str:
    if offset is None:
        return "the service sends no date"
    low, high = offset
    return "agrees with ours" if low <= 0 <= high else f"the service's is {low:+.1f} to {high:+.1f} s from ours"


async def check(wire: Wire) -> Check:
    """Asks for one deployment, then for one version and one run of it."""
    tally = Tally()
    tables = {routes.DEPLOYMENTS: DEPLOYMENTS, routes.VERSIONS: VERSIONS, routes.RUNS: RUNS}
    found: dict[str, bool | None] = {route.template: None for route in (*tables, routes.RUN)}
    problem, next_step = "", "client.get_run(dep, run_id)"

    async def first_id(route: Route, *ids: str) -> str | None:
        """The id of the first record; None when there is none, or no such route."""
        try:
            page = await wire.fetch(route.ask(*ids, limit=1), lambda body: decode_page(tables[route], body), tally)
        except NotOffered:
            found[route.template] = False
            return None
        found[route.template] = True
        return next(iter(page.batch.cells["id"].to_pylist()), None)

    try:
        deployment = await first_id(routes.DEPLOYMENTS)
        if deployment is not None:
            await asyncio.gather(first_id(routes.VERSIONS, deployment), first_id(routes.RUNS, deployment))
        if found[routes.RUNS.template]:
            next_step = f"client.list_runs({deployment!r}, limit=100)"
    except AgentRunError as error:
        problem, next_step = error.message, error.hint or next_step
    settings = wire.settings
    told = (settings.base_url, settings.secret.source, not problem, problem, tally.clock_offset, found, next_step)
    return Check(*told)
