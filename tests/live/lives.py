"""A service whose runs live by the clock: what it says of them changes while somebody looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from agentrun_nb.core.schema import TERMINAL
from tests.faults.replies import DEP, http, page, record, refusal
from tests.faults.server import Reply, Request

Life = Sequence[tuple[float, str]]
"""When a run has each status, in seconds since the service began; the first is its creation."""

Fault = Callable[[Request], Reply | None]
"""What a request gets instead of its answer; None: its answer."""


def no_fault(request: Request) -> Reply | None:
    return None


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


class Lives:
    """Runs of one deployment; a script for `serving`.

    Args:
        lives: the life of each run by its id. A life may begin before the service does.
        lists: whether the service lists runs.
        filters: whether its lists heed `status`.
        fault: spoils requests.
    """

    def __init__(
        self,
        lives: Mapping[str, Life],
        *,
        lists: bool = True,
        filters: bool = True,
        fault: Fault = no_fault,
    ) -> None:
        self.lives = dict(lives)
        self.lists = lists
        self.filters = filters
        self.fault = fault
        self.began = time.time()
        self.arrivals: list[tuple[float, str]] = []
        self._lock = threading.Lock()

    def add(self, run_id: str, life: Life) -> None:
        """Adds a run whose life is counted from now."""
        now = time.time() - self.began
        self.lives[run_id] = [(now + seconds, status) for seconds, status in life]

    def enter(self, run_id: str, *statuses: str) -> None:
        """Has a run take one status after another, now."""
        for status in statuses:
            now = time.time() - self.began
            self.lives[run_id] = [*self.lives[run_id], (now, status)]

    def changes(self, run_id: str) -> list[tuple[datetime, str]]:
        """The true changes of a run."""
        return [
            (datetime.fromtimestamp(self.began + seconds, UTC), status)
            for seconds, status in self.lives[run_id]
        ]

    def record(self, run_id: str) -> dict[str, object] | None:
        """The record of a run as it is now; None before its creation."""
        now = time.time() - self.began
        past = [(seconds, status) for seconds, status in self.lives[run_id] if seconds <= now]
        if not past:
            return None
        changed, status = past[-1]
        running = [seconds for seconds, name in past if name == "running"]
        return record(
            run_id,
            status=status,
            created_at=iso(self.began + past[0][0]),
            updated_at=iso(self.began + changed),
            started_at=iso(self.began + running[0]) if running else None,
            completed_at=iso(self.began + changed) if status in TERMINAL else None,
        )

    def __call__(self, request: Request, number: int) -> Reply:
        with self._lock:
            self.arrivals.append((time.monotonic(), request.target))
        spoiled = self.fault(request)
        if spoiled is not None:
            return spoiled
        if request.last == "runs":
            return [self._list(request)]
        if request.last == "agent-deployments":
            return [page({"id": DEP, "name": "lives", "active_version_id": "ver_1"})]
        found = self.record(request.last) if request.last in self.lives else None
        return [http(found) if found else refusal("404 X", code="run_not_found")]

    def _list(self, request: Request) -> bytes:
        if not self.lists:
            return refusal("404 X", code="not_implemented")
        if f"/{DEP}/" not in request.path:
            return refusal("404 X", code="deployment_not_found")
        status = request.query.get("status") if self.filters else None
        found = [run for run_id in list(self.lives) if (run := self.record(run_id))]
        matching = [run for run in found if status in (None, run["status"])]
        matching.sort(key=lambda run: str(run["created_at"]), reverse=True)
        start, limit = int(request.query.get("cursor", 0)), int(request.query.get("limit", 50))
        following = start + limit
        return page(
            *matching[start:following],
            next_cursor=str(following) if following < len(matching) else None,
        )
