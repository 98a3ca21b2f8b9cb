"""Finds the runs of a deployment that were created since the last look."""

from __future__ import annotations

import pyarrow as pa

from agentrun_nb.core.schema import RUNS
from agentrun_nb.fetch import paging
from agentrun_nb.fetch.page_reader import Pager, ReadPage
from agentrun_nb.fetch.paging import PageAsk
from agentrun_nb.http import routes
from agentrun_nb.http.routes import Ask
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.live.record import some_of
from agentrun_nb.records.batch import Batch

PAGE = 20
"""How many of the newest runs are read at once: few, since it is done every few seconds."""

FIRST_PAGE = 200
"""How many are read at the first look, which is to meet each status that runs there have."""

MARGIN = 30_000_000
"""Microseconds by which a run may come into the list later than others that are newer.

A service with several machines creates runs by several clocks.
"""


class News:
    """Knows the newest runs of a deployment.

    The list is read from its newest run on until all that follows is older than what is known. That
    is so for the rest of a list that came newest first so far; any other is read to its end.

    Attributes:
        statuses: each status that one of the runs had.
    """

    def __init__(self) -> None:
        self.statuses: set[str] = set()
        self._edge: int | None = None
        self._known: dict[str, int | None] = {}
        self._began = False

    async def read(self, wire: Wire, deployment: str) -> list[Batch]:
        """Reads the newest runs, and returns those that were not there at the look before.

        The first look returns none.

        Raises:
            AgentRunError: the list did not come.
        """
        order = paging.Order()
        fresh: list[Batch] = []
        came: dict[str, int | None] = {}

        async def take(read: ReadPage) -> bool:
            batch = read.page.batch
            created = batch.cells["created_at"].cast(pa.int64()).to_pylist()
            ids = batch.cells["id"].to_pylist()
            self.statuses.update(batch.cells["status"].drop_null().to_pylist())
            rows = []
            for row, (run_id, moment) in enumerate(zip(ids, created, strict=True)):
                if run_id is not None and self._is_new(run_id, moment):
                    rows.append(row)
                    came[run_id] = moment
            fresh.append(some_of(batch, rows))
            if not self._began and self._edge is None:
                self._move_edge(came)
            order.add_page(created)
            return not self._is_last_page(order, created)

        def ask_for(page: PageAsk) -> Ask:
            return routes.RUNS.ask(deployment, **page.params)

        pager = Pager(wire, RUNS, ask_for, Tally(), ahead=False)
        page = PAGE if self._began else FIRST_PAGE
        await pager.read_pages(paging.pages(page), take)
        was_first = not self._began
        self._began = True
        self._remember(came)
        return [] if was_first else [batch for batch in fresh if len(batch)]

    def _is_new(self, run_id: str, created: int | None) -> bool:
        is_old = created is not None and self._edge is not None and created < self._edge
        return not is_old and run_id not in self._known

    def _is_last_page(self, order: paging.Order, created: list[int | None]) -> bool:
        """Whether all runs after a page are older than what is known."""
        last = created[-1] if created else None
        if last is None or self._edge is None:
            return False
        return order.verified is True and last < self._edge

    def _remember(self, came: dict[str, int | None]) -> None:
        """Adds runs to those that are known, and forgets those that can come no more."""
        self._known |= came
        self._move_edge(came)
        edge = self._edge
        if edge is not None:
            self._known = {
                run_id: created
                for run_id, created in self._known.items()
                if created is None or created >= edge
            }

    def _move_edge(self, came: dict[str, int | None]) -> None:
        moments = [created for created in came.values() if created is not None]
        if moments:
            newest = max(moments) - MARGIN
            self._edge = newest if self._edge is None else max(self._edge, newest)
