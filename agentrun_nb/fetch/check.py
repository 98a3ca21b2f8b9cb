"""Checks whether the service can be worked with, in a few requests that change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

from agentrun_nb.errors import AgentRunError, BadResponseError, ForbiddenError, NotOffered
from agentrun_nb.fetch.by_id import read_identity
from agentrun_nb.fetch.keys import Key
from agentrun_nb.http import routes
from agentrun_nb.http.replies import ELSEWHERE, base_url_hint
from agentrun_nb.http.routes import ROUTES, Route
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.records.batch import Batch
from agentrun_nb.records.decode import decode_page, decode_record

T = TypeVar("T")

NOBODY = "agentrun-nb-check"
"""The id of a run that does not exist, which is fetched where no run is known.

The API says so in a form of its own; other services do not.
"""

MOST_DEPLOYMENTS = 5
"""The number of deployments in which a run is looked for."""

TRIED = "tried: "


@dataclass(frozen=True)
class Check:
    """The result of a check.

    Attributes:
        base_url: the address of the service.
        key_from: where the key was found; never the key itself.
        ok: whether the service can be worked with.
        problem: what went wrong, in a sentence; empty when nothing did.
        clock_offset: bounds of the service's clock minus ours, in seconds; None when no answer had
            a date.
        routes: whether each route is offered, the one that gets a run first; None where it was not
            tried, or its answer leaves that open.
        reasons: for a route, why it was not tried or what its answer leaves open.
        next_step: the call to make next.
    """

    base_url: str
    key_from: str
    ok: bool
    problem: str = ""
    clock_offset: tuple[float, float] | None = None
    routes: dict[str, bool | None] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    next_step: str = ""

    def __repr__(self) -> str:
        answer = self.problem or "as it should be"
        clock = _clock_text(self.clock_offset)
        lines = [
            f"service      {self.base_url}",
            f"key          from {self.key_from}",
            f"answer       {answer}",
            f"clock        {clock}",
        ]
        lines += map(self._route_text, self.routes)
        lines.append(f"next         {self.next_step}")
        return "\n".join(lines)

    def _route_text(self, route: str) -> str:
        reason = self.reasons.get(route, "")
        open_word = "not known" if reason.startswith(TRIED) else "not tried"
        word = {True: "offered", False: "not offered", None: open_word}[self.routes[route]]
        remark = f" ({reason})" if reason else ""
        return f"{word:<12} {route}{remark}"


def _clock_text(offset: tuple[float, float] | None) -> str:
    if offset is None:
        return "not known, since no answer had a date"
    low, high = offset
    if low <= 0 <= high:
        return "agrees with ours"
    return f"the service's is {low:+.1f} to {high:+.1f} s from ours"


class _RouteCheck:
    """Asks the routes of a service, and notes what they answer.

    Attributes:
        offered: whether each route is offered; None where that is not known.
        reasons: why it is not known.
        errors: the error of each route that did not answer with what was asked for.
    """

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.tally = Tally()
        self.offered: dict[Route, bool | None] = dict.fromkeys(ROUTES)
        self.reasons: dict[Route, str] = {}
        self.errors: dict[Route, AgentRunError] = {}

    async def ask(
        self, route: Route, read: Callable[[bytes], T], *ids: str, limit: int | None = None
    ) -> T | None:
        """Asks a route, and notes whether it is offered; returns None when nothing came."""
        try:
            answer = await self.wire.fetch(route.ask(*ids, limit=limit), read, self.tally)
        except AgentRunError as error:
            self.errors[route] = error
            if isinstance(error, NotOffered) or error.status in (405, 501):
                self.offered[route] = False
            else:
                self.reasons[route] = f"{TRIED}{error.message}"
            return None
        self.offered[route] = True
        return answer

    async def ask_for_ids(self, route: Route, *ids: str, limit: int = 1) -> list[str]:
        """Returns the ids of the first records of a listing."""
        batch = await self.ask(route, lambda body: _records(route, body), *ids, limit=limit)
        if batch is None:
            return []
        found = batch.cells["id"].to_pylist()
        return [record_id for record_id in found if record_id]

    async def ask_of_run(self, route: Route, run: Key) -> None:
        """Asks a route for what belongs to a run."""
        limit = 1 if route.key else None
        await self.ask(route, lambda body: _records(route, body), *run, limit=limit)

    async def find_run(self, deployments: list[str]) -> Key | None:
        """Looks for a run of these deployments, which asks the routes of listings too."""
        if not deployments:
            return None
        versions = asyncio.create_task(self.ask_for_ids(routes.VERSIONS, deployments[0]))
        found = None
        for deployment in deployments:
            runs = await self.ask_for_ids(routes.RUNS, deployment)
            found = (deployment, runs[0]) if runs else None
            if found or not self.offered[routes.RUNS]:
                break
        await versions
        return found

    async def ask_about(self, run: Key) -> None:
        """Asks each route of a single run."""
        identity, *_ = await asyncio.gather(
            self.ask(routes.RUN, read_identity, *run),
            *(self.ask_of_run(route, run) for route in ROUTES if _belongs_to_run(route)),
        )
        error = self.errors.get(routes.RUN)
        if error is not None and error.status == 404 and error.code is None:
            self.offered[routes.RUN] = False
        elif error is None and identity != run[1]:
            self.offered[routes.RUN] = None
            self.reasons[routes.RUN] = f"{TRIED}the answer is not the run that was asked for"

    async def ask_for_missing_run(self, deployments: list[str]) -> None:
        """Fetches a run that does not exist, and judges by the form of the answer."""
        deployment = deployments[0] if deployments else NOBODY
        await self.ask(routes.RUN, read_identity, deployment, NOBODY)
        error = self.errors.get(routes.RUN)
        if error is None:
            self.offered[routes.RUN] = None
            always = "there is an answer even for a run that does not exist"
            self.reasons[routes.RUN] = f"{TRIED}{always}"
        elif error.status == 404 or (error.status in (400, 410, 422) and error.code is not None):
            self.offered[routes.RUN] = self._speaks_of_the_run(error)
            self.reasons[routes.RUN] = {
                True: "asked for a run that does not exist, and the answer says so",
                False: "asked for a run that does not exist, and the answer is not from the API",
                None: f"{TRIED}404 may mean the route, or the run, which does not exist",
            }[self.offered[routes.RUN]]

    def _speaks_of_the_run(self, error: AgentRunError) -> bool | None:
        """Whether a refusal is about the run; None when it may be about the route as well."""
        if error.code is None:
            return False
        listing = self.errors.get(routes.DEPLOYMENTS)
        says_the_same = listing is not None and (listing.status, listing.code) == (404, error.code)
        if not says_the_same:
            return True
        # A service that says the same of a route which it surely has not leaves it open. What this
        # API does not say of a run is said of the route.
        return None if error.code == "not_found" else False


def _belongs_to_run(route: Route) -> bool:
    """Whether a route gives what belongs to a run, and the check asks it."""
    return "run_id" in route.names and route is not routes.RUN and not route.unchecked


def _records(route: Route, body: bytes) -> Batch:
    """Decodes the records of an answer: a list of them, or one."""
    if route.table is None:
        raise BadResponseError(f"{route.template} gives no records.", hint=ELSEWHERE)
    if route.key:
        return decode_page(route.table, body, route.key).batch
    return decode_record(route.table, body)


async def check(wire: Wire) -> Check:
    """Checks whether the service can be worked with.

    It lists deployments, then a version and a run of one of them, and fetches that run and what
    belongs to it.
    """
    checked = _RouteCheck(wire)
    deployments = await checked.ask_for_ids(routes.DEPLOYMENTS, limit=MOST_DEPLOYMENTS)
    failed = checked.errors.get(routes.DEPLOYMENTS)
    run = None
    if failed is None or isinstance(failed, NotOffered | ForbiddenError | BadResponseError):
        run = await checked.find_run(deployments)
        await (checked.ask_for_missing_run(deployments) if run is None else checked.ask_about(run))
    _explain_untried(checked, deployments, run)
    problem, hint = _problem(checked)
    settings = wire.settings
    return Check(
        base_url=settings.base_url,
        key_from=settings.secret.source,
        ok=not problem,
        problem=problem,
        clock_offset=checked.tally.clock_offset,
        routes={route.template: checked.offered[route] for route in ROUTES},
        reasons={
            route.template: checked.reasons[route] for route in ROUTES if route in checked.reasons
        },
        next_step=hint or _next_step(checked, deployments, run),
    )


def _explain_untried(checked: _RouteCheck, deployments: list[str], run: Key | None) -> None:
    """Notes for each route that was not asked why it was not."""
    missing = "none is known"
    if checked.offered[routes.RUNS] and run is None:
        missing = f"none is listed; deployments looked at: {len(deployments)}"
    for route in ROUTES:
        if checked.offered[route] is None and route not in checked.reasons:
            checked.reasons[route] = _why_untried(route, missing)


def _why_untried(route: Route, missing: str) -> str:
    """Returns why a route was not asked.

    Args:
        route: the route.
        missing: why there is no run to ask it for.
    """
    if route.unchecked:
        return route.unchecked
    if _belongs_to_run(route):
        return f"needs a run, and {missing}"
    if "run_id" not in route.names and "deployment_id" in route.names:
        return "needs a deployment, and none is known"
    return "the service did not answer before"


def _problem(checked: _RouteCheck) -> tuple[str, str]:
    """Says what is wrong and what to do about it, in a sentence each; empty where nothing is."""
    settings, offered = checked.wire.settings, checked.offered[routes.RUN]
    error = checked.errors.get(routes.RUN) or checked.errors.get(routes.DEPLOYMENTS)
    address = base_url_hint(settings)
    elsewhere = address or ELSEWHERE
    if offered:
        return "", ""
    if offered is False and checked.offered[routes.DEPLOYMENTS]:
        return f"This service does not offer {routes.RUN.template}.", elsewhere
    if offered is False:
        return f"{settings.base_url} does not answer as this API does.", elsewhere
    if error is None:
        return "The answers are not those of this API.", elsewhere
    if isinstance(error, BadResponseError):
        return error.message, elsewhere
    if error.status != 404:
        return error.message, address or error.hint
    path = urlsplit(settings.base_url).path
    if path:
        return f"Nothing of this API is found under the path {path!r} of the base_url.", elsewhere
    return "", ""


def _next_step(checked: _RouteCheck, deployments: list[str], run: Key | None) -> str:
    if checked.offered[routes.RUNS] and deployments:
        deployment = run[0] if run else deployments[0]
        return f"client.list_runs({deployment!r}, limit=100)"
    return "client.get_run(deployment_id, run_id)"
