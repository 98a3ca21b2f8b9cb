"""Answers the requests of the page of a view of runs, and shares the view's values with it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pandas as pd
import traitlets

from agentrun_nb.analysis.filter_rows import Mask
from agentrun_nb.errors import SettingsError
from agentrun_nb.tables.labels import Names, read_names
from agentrun_nb.widget.ask_names import ask_names
from agentrun_nb.widget.changes import Changes
from agentrun_nb.widget.column_values import column_values
from agentrun_nb.widget.comparison import comparison
from agentrun_nb.widget.failure_groups import groups_part
from agentrun_nb.widget.following import Following, State
from agentrun_nb.widget.last_success import compared_with_last_success
from agentrun_nb.widget.page import Message, page_names, runs_page
from agentrun_nb.widget.preview import NO_CLIENT, read_file
from agentrun_nb.widget.protocol import Parcel, Request
from agentrun_nb.widget.run_logs import read_log
from agentrun_nb.widget.run_source import feed_of, seen_here, with_runs_fetched
from agentrun_nb.widget.run_table import table_of
from agentrun_nb.widget.traits import choice_checksum, compact_keys, window_with_moments
from agentrun_nb.widget.turns import Turns
from agentrun_nb.widget.view import View

if TYPE_CHECKING:
    from agentrun_nb.run import Run
    from agentrun_nb.widget.run_source import Feed
    from agentrun_nb.widget.run_table import Key


TWIN_EVERY = 30.0
"""The fewest seconds between two twins of a view whose runs are followed."""


def _shared_choice(keys: list[list[str]], view: RunView) -> Any:
    """The chosen runs as a page gets them: none while it is only the view that chose one."""
    return compact_keys(keys) if view._is_chosen else []


_IN_THE_TWIN = ("filter", "by", "window", "tz")
"""The shared values that the still picture shows."""


class RunView(View):
    """A view of runs: the values that it shares with its page, and what the page may ask.

    `RunExplorer` says what the values are.
    """

    # The keys of thousands of runs would be in every saved notebook.
    selected: Any = traitlets.TraitType([]).tag(sync=True, to_json=_shared_choice)
    filter: Any = traitlets.TraitType(None, allow_none=True).tag(sync=True)
    view: Any = traitlets.TraitType("timeline").tag(sync=True)
    by: Any = traitlets.TraitType(None, allow_none=True).tag(sync=True)
    sort: Any = traitlets.TraitType(None, allow_none=True).tag(sync=True)
    columns: Any = traitlets.TraitType([]).tag(sync=True)
    window: Any = traitlets.TraitType(None, allow_none=True).tag(sync=True)
    height: Any = traitlets.TraitType(None, allow_none=True).tag(sync=True)

    def __init__(
        self,
        x: Any,
        client: Any = None,
        shared: Mapping[str, Any] | None = None,
        names: Names = None,
        follow: bool | None = None,
    ) -> None:
        """Makes the view; `explore` says what may be given."""
        feed = feed_of(x)
        if client is None and feed is not None:
            client = feed.source
        if client is not None and not hasattr(client, "read_output"):
            raise SettingsError(
                "`client` is no client.",
                hint="Give the arn.Client that the runs came from, or leave it out.",
            )
        self._turns = Turns()
        self._client = client
        self._names = read_names(names)
        self._asks_names = names is None
        self._table = table_of(with_runs_fetched(x, client), feed)
        self._changes = Changes()
        self._drawn_version = 0
        self._drawn_at = time.monotonic()
        self._following = Following(self, self._turns, client, feed, follow)
        # Of many runs the newest is chosen for Python; on the page none is, until somebody chooses.
        self._is_chosen = len(self._table) <= 1
        with self._choosing_itself():
            super().__init__(selected=self._table.newest_key(), **(shared or {}))
        self.observe(lambda _: self._renew_twin_later(), _IN_THE_TWIN)
        self.observe(lambda _: self._following.retarget(), "filter")

    _chooses_itself = False
    """Whether it is the view that sets `selected` just now, and not somebody else."""

    @contextmanager
    def _choosing_itself(self) -> Iterator[None]:
        self._chooses_itself = True
        yield
        self._chooses_itself = False

    def _on_set(self, name: str, value: Any) -> None:
        if name != "selected" or self._chooses_itself or self._is_chosen:
            return
        self._is_chosen = True
        # Where it is the newest, that is no change for Python, but it is one for the page.
        if value == self.selected:
            self.send_state(name)

    def _choose(self, keys: list[list[str]], by_somebody: bool) -> None:
        """Sets `selected`, which is known to the page where it was somebody who chose."""
        with self._choosing_itself(), self.hold_sync():
            self.selected = keys
            self._is_chosen = by_somebody or len(self._table) <= 1

    def _checked_value(self, name: str, value: Any) -> Any:
        sound = super()._checked_value(name, value)
        return window_with_moments(sound, self._table.newest) if name == "window" else sound

    @property
    def _runs(self) -> pd.DataFrame:
        return self._table.runs

    def _on_opened(self) -> None:
        if self._asks_names:
            self._asks_names = False
            ask_names(self._client, self._take_names)

    def _take_names(self, names: dict[str, str]) -> None:
        """Takes names that came after the view was displayed, and gives them to the page."""
        with self._turns:
            self._names = names
            self.send({"op": "names", "names": page_names(self._runs, names)})
        self._renew_twin_later()

    def _shown(self) -> Mask:
        """Which rows the filter lets through."""
        return self._table.mask(self.filter, self._names)

    # --- following

    @contextmanager
    def _up_to_date(self) -> Iterator[None]:
        """A turn in which the runs are as they were last seen."""
        with self._turns:
            self._following.pull()
            yield

    def _switch_to(self, x: Any) -> None:
        """Takes other data in the place of what is here."""
        feed = feed_of(x)
        table = table_of(x, feed)
        self._client = self._client or (feed and feed.source)
        self._following.switch_to(self._client, feed)
        self._table = table
        self._changes.restart()

    def _going(self, *, by_itself: bool) -> list[Key]:
        shown = self._shown() if self._table.one is None else np.ones(1, dtype=bool)
        rows = self._table.going(shown)
        if by_itself:
            rows = rows[rows["fetched_at"].notna()]
        keys = list(dict.fromkeys(zip(rows["deployment_id"], rows["id"], strict=True)))
        return seen_here(self._client, keys) if by_itself else keys

    def _take(self, fresh: pd.DataFrame, feed: Feed) -> list[Key]:
        if self._table.one is not None:
            [key] = self._table.keys([0])
            run = feed.run(key)
            if run is not None:
                self._changes.add([0], [0] if self._table.renew_one(run) else [])
            return []
        found = self._table.renew(fresh)
        self._changes.add(found.looked, found.changed, completes=found.completes)
        return found.unknown

    def _append(self, new: pd.DataFrame) -> None:
        rows = self._table.append(new)
        self._changes.add(rows, rows, completes=True)

    def _is_empty(self) -> bool:
        return len(self._table) == 0

    def _age(self) -> float | None:
        newest = self._table.runs["fetched_at"].max()
        return None if pd.isna(newest) else max(0.0, time.time() - newest.timestamp())

    def _tell(self, state: State) -> None:
        self.send(*self._changes.patch(self._table, self._names, state))
        if time.monotonic() - self._drawn_at > TWIN_EVERY:
            self._rest()

    def _rest(self) -> None:
        """Draws the twin anew where it shows what is no more so."""
        if self._changes.version != self._drawn_version:
            self._drawn_version = self._changes.version
            self._drawn_at = time.monotonic()
            self._renew_twin()

    def _answer_follow(self, request: Request) -> Message:
        self._following.attend(request.attention)
        return {}, []

    def close(self) -> None:
        """Takes the view off the screen; it looks at no runs any more.

        Example:
            >>> ex = arn.explore(runs)
            >>> ex.close()
        """
        following = vars(self).get("_following")  # absent where the view could not be made
        if following is not None:
            following.end()
        super().close()

    # --- what the page opens with

    def _page(self) -> Message:
        # What its watch has seen by now, whether or not anybody follows.
        self._following.pull()
        docs = self._table.docs() if self._table.one is not None else None
        return self._page_of(self._runs, docs)

    def _whole_page(self) -> Message:
        return self._page_of(self._runs, self._table.docs())

    def _page_of(self, runs: pd.DataFrame, docs: bytes | None) -> Message:
        kind = "runs" if self._table.one is None else "run"
        now = self._table.now
        page, buffers = runs_page(runs, self.uid, now, kind=kind, docs=docs, names=self._names)
        page |= {"no_previews": NO_CLIENT if self._client is None else "", "screen": self._screen()}
        page["version"] = self._changes.version
        return page, buffers

    def _screen(self) -> dict[str, Any] | None:
        """How the page stood when it last said so, as a page opens with it.

        It is None before the page has said anything.
        """
        seen = self._window
        if seen.start is None or seen.end is None:
            return None
        screen = {"start": seen.start, "end": seen.end, "by": seen.by, "folded": seen.folded}
        return screen if seen.colour is None else screen | {"colour": seen.colour}

    # --- what it asks

    def _rows(self) -> int:
        return len(self._table)

    def _answer_docs(self, _: Request) -> Message:
        parcel = Parcel()
        docs = self._table.docs()
        found = None if docs is None else parcel.add(docs, is_gzipped=True)
        return {"docs": found}, parcel.packed()

    def _answer_run(self, request: Request) -> Message:
        [row] = request.rows
        return _json_part("doc", self._table.doc(row))

    def _answer_compare(self, request: Request) -> Message:
        a, b = (self._table.part(row) for row in request.rows)
        return _json_part("comparison", comparison(a, b))

    def _answer_select(self, request: Request) -> Message:
        self.selected = [list(key) for key in self._table.keys(list(request.rows))]
        return {"mark": choice_checksum(self.selected)}, []

    def _answer_selected(self, _: Request) -> Message:
        rows = np.array(self._table.first_rows(self.selected), dtype="<u4")
        parcel = Parcel()
        return {"rows": parcel.add(rows.tobytes())}, parcel.packed()

    def _answer_shown(self, request: Request) -> Message:
        mask = self._table.mask(request.rules, self._names)
        rows = np.flatnonzero(mask).astype("<u4")
        parcel = Parcel()
        return {"rows": parcel.add(rows.tobytes())}, parcel.packed()

    def _answer_groups(self, _: Request) -> Message:
        parcel = Parcel()
        return groups_part(self._table.groups, parcel), parcel.packed()

    def _answer_column(self, request: Request) -> Message:
        found = column_values(self._runs, request.path)
        answer, buffers = _json_part("values", found.values)
        return answer | {"clipped": found.clipped}, buffers

    def _answer_last_success(self, request: Request) -> Message:
        [row] = request.rows
        answer = compared_with_last_success(self._runs, row)
        parcel = Parcel()
        if "comparison" in answer:
            answer["comparison"] = parcel.add(msgspec.json.encode(answer["comparison"]))
        return answer, parcel.packed()

    async def _read_preview(self, request: Request) -> Message:
        run = self._run_of(request)
        parcel = Parcel()
        file = await read_file(self._client, run, request.output)
        return {"file": parcel.add(file)}, parcel.packed()

    async def _read_logs(self, request: Request) -> Message:
        log = await read_log(self._client, self._run_of(request))
        answer, buffers = _json_part("logs", log.events)
        return answer | {"more": log.more, "phases": log.phases}, buffers

    def _run_of(self, request: Request) -> Run:
        [row] = request.rows
        with self._turns:
            return self._table.run(row)


def _json_part(name: str, value: Any) -> Message:
    """An answer with one part, as JSON."""
    parcel = Parcel()
    return {name: parcel.add(msgspec.json.encode(value))}, parcel.packed()
