"""A view follows the runs that have not ended, while somebody sees it: what it asks, tells, and where it stops."""

from __future__ import annotations

import asyncio
import gc
import json
import multiprocessing
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pytest

import agentrun_nb as arn
from agentrun_nb.client import Client
from agentrun_nb.errors import SettingsError
from agentrun_nb.widget import RunExplorer, explore, following, protocol, run_table, run_view
from tests.faults.replies import DEP, KEY, refusal
from tests.faults.server import FaultServer, serving
from tests.live.lives import Life, Lives
from tests.support.samples import body
from tests.support.widgets import all_widgets

SHORT: Life = [(-2.0, "queued"), (0.6, "running"), (2.0, "succeeded")]
LONG: Life = [(-2.0, "queued"), (0.5, "running")]
ENDED: Life = [(-9.0, "queued"), (-5.0, "succeeded")]
SEEN = {"op": "follow", "view": "a1", "seen": True}


@pytest.fixture
def lives() -> Lives:
    return Lives({"run_1": SHORT, "run_2": LONG, "run_3": ENDED})


@pytest.fixture
def server(lives: Lives) -> Iterator[FaultServer]:
    with serving(lives) as server:
        yield server


@pytest.fixture
def client(server: FaultServer) -> Iterator[Client]:
    with Client(KEY, server.url, deadline=20.0) as client:
        yield client


class Page:
    """A page of a view: what it was told, and a way to say something."""

    def __init__(self, view: RunExplorer) -> None:
        self.view = view
        self.told: list[tuple[dict[str, Any], list[bytes]]] = []
        self.threads: set[str] = set()
        view.send = self._hear

    def _hear(self, content: dict[str, Any], buffers: Any = None) -> None:
        self.threads.add(threading.current_thread().name)
        self.told.append((content, list(buffers or [])))

    def say(self, **content: Any) -> None:
        self.view._handle_custom_msg({"id": 1} | SEEN | content, [])

    @property
    def patches(self) -> list[dict[str, Any]]:
        return [content for content, _ in self.told if content.get("op") == "rows"]

    @property
    def state(self) -> dict[str, Any]:
        """How following stands, as it was told last."""
        found: dict[str, Any] = self.patches[-1]["follow"]
        return found

    def open(self) -> None:
        """Asks for the page anew."""
        self.view._handle_custom_msg({"id": 2, "op": "open"}, [])

    def statuses(self) -> list[str | None]:
        """What it shows: the page that it opened with, and what it was told since."""
        pages = [at for at, (content, _) in enumerate(self.told) if "page" in content]
        content, buffers = self.told[pages[-1]]
        found = _statuses(content["page"], buffers)
        version = content["page"]["version"]
        for content, buffers in self.told[pages[-1] :]:
            # What it is told of a version that it has, it has.
            if content.get("op") != "rows" or content["version"] <= version:
                continue
            version = content["version"]
            if content["changed"]:
                changed = np.frombuffer(buffers[content["changed"]["buffer"]], "<u4").tolist()
                found += [None] * (max(changed) + 1 - len(found))
                for row, status in zip(changed, _statuses(content["part"], buffers), strict=True):
                    found[row] = status
        return found

    def rows(self, name: str) -> list[list[int]]:
        """The rows that each message names, where it does."""
        return [
            np.frombuffer(buffers[content[name]["buffer"]], "<u4").tolist()
            for content, buffers in self.told
            if content.get(name)
        ]

    def bytes_told(self) -> int:
        return sum(
            len(json.dumps(content)) + sum(map(len, buffers)) for content, buffers in self.told
        )

    async def until(self, true: Callable[[Page], bool], seconds: float = 15.0) -> None:
        async with asyncio.timeout(seconds):
            while not true(self):
                await asyncio.sleep(0.02)


def _statuses(page: dict[str, Any], buffers: list[bytes]) -> list[str | None]:
    """The statuses in the columns of a page."""
    codes = np.frombuffer(buffers[page["columns"]["status"]["buffer"]], "<i4")
    return [None if code < 0 else page["statuses"][code] for code in codes]


def on_a_loop(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(work())  # type: ignore[arg-type]


def listed(client: Client) -> Any:
    return client.list_runs(DEP, progress=False)


def asked(lives: Lives) -> int:
    return len(lives.arrivals)


# --- the rule -------------------------------------------------------------------------------------


def test_runs_that_have_not_ended_are_followed_to_their_end_and_the_others_are_left_alone(
    client, lives
):
    runs = listed(client)
    view = explore(runs, client)
    page = Page(view)
    row = {run_id: at for at, run_id in enumerate(runs["id"])}

    async def work() -> None:
        page.say()
        assert page.state["on"] is True
        assert page.state["left"] == 2
        await page.until(lambda page: page.state["left"] == 1)

    before = asked(lives)
    on_a_loop(work)
    assert view.runs["status"].tolist() == [
        {"run_1": "succeeded", "run_2": "running", "run_3": "succeeded"}[run_id]
        for run_id in runs["id"]
    ]
    looked = {place for rows in page.rows("rows") for place in rows}
    assert looked == {row["run_1"], row["run_2"]}
    targets = [target for _, target in lives.arrivals[before:]]
    assert not [target for target in targets if "run_3" in target]
    view.close()


def test_the_page_is_told_of_the_rows_that_changed_and_no_others(client, lives):
    """However many there are: what a look costs does not grow with the table."""
    ended = {f"old_{n:04}": ENDED for n in range(400)}
    lives.lives |= ended
    view = explore(listed(client), client)
    page = Page(view)

    async def work() -> None:
        page.say()
        await page.until(lambda page: page.state["left"] == 1)

    on_a_loop(work)
    changed = page.rows("changed")
    # A run that was queued, then running, then ended; and one that is running.
    assert 2 <= len(changed) <= 4
    assert all(len(rows) <= 2 for rows in page.rows("rows"))
    assert all(set(patch) == set(protocol.PATCH_KEYS) for patch in page.patches)
    assert all(set(patch["follow"]) == set(protocol.FOLLOW_KEYS) for patch in page.patches)
    parts = [patch["part"] for patch in page.patches if patch["part"]]
    assert all(set(part) == set(protocol.PART_KEYS) for part in parts)
    assert [part["n"] for part in parts] == [len(rows) for rows in changed]
    assert page.bytes_told() / len(page.patches) < 1_500
    assert [patch["version"] for patch in page.patches if patch["rows"]] == list(
        range(1, len(page.rows("rows")) + 1)
    )
    view.close()


@pytest.mark.parametrize(
    ("follow", "count", "is_on"),
    [(None, 50, True), (None, 51, False), (True, 51, True), (False, 2, False)],
)
def test_by_itself_a_view_follows_at_most_fifty(client, lives, follow, count, is_on):
    lives.lives = {f"run_{n:03}": LONG for n in range(count)}
    view = explore(listed(client), client, follow=follow)
    page = Page(view)

    async def work() -> None:
        page.say()
        state = page.state
        assert (state["on"], state["left"], state["can"]) == (is_on, count, True)
        # A person may have it otherwise, either way.
        page.say(on=not is_on)
        assert page.state["on"] is not is_on
        page.say(on=is_on)
        assert page.state["on"] is is_on

    on_a_loop(work)
    view.close()


def test_runs_that_this_process_has_not_fetched_are_not_followed_by_themselves(client, lives):
    brought = arn.runs_frame([lives.record("run_1"), lives.record("run_2")])
    cases = {None: False, True: True}
    for follow, is_on in cases.items():
        view = explore(brought, client, follow=follow)
        page = Page(view)

        async def work(page: Page = page, is_on: bool = is_on) -> None:
            page.say()
            assert page.state["on"] is is_on
            assert page.state["can"]

        on_a_loop(work)
        view.close()


def test_only_runs_that_the_filter_lets_through_are_followed(client, lives):
    view = explore(listed(client), client, filter={"text": "run_2"})
    page = Page(view)

    async def work() -> None:
        page.say()
        assert page.state["left"] == 1
        view.filter = None
        assert page.state["left"] == 2
        view.filter = {"status": "succeeded"}
        assert page.state["on"] is False

    before = asked(lives)
    on_a_loop(work)
    assert asked(lives) - before <= 8
    view.close()


def test_without_a_client_nothing_is_followed_and_to_want_it_is_an_error():
    with pytest.raises(SettingsError, match="needs a client"):
        explore(body(3), follow=True)
    with pytest.raises(SettingsError, match="follow= takes no str"):
        explore(body(3), follow="yes")

    class Reader:
        def read_output(self, *_: Any, **__: Any) -> bytes:
            return b""

    with pytest.raises(SettingsError, match="cannot look at runs again"):
        explore(body(3), Reader(), follow=True)
    for view in (explore(body(3)), explore(body(3), Reader(), follow=False)):
        page = Page(view)
        page.say()
        assert (page.state["can"], page.state["on"]) == (False, False)


def test_when_runs_were_read_is_said_where_that_is_known_only(client):
    """The latest moment of a record is not the moment at which somebody read it."""
    view, fetched = explore(body(3)), explore(listed(client), client, follow=False)
    pages = [shown._page()[0] for shown in (view, fetched)]
    assert pages[0]["read_at"] is None
    latest = fetched.runs["fetched_at"].max().timestamp() * 1_000
    assert pages[1]["read_at"] == pytest.approx(latest, rel=0, abs=0.001)
    for shown, is_known in ((view, False), (fetched, True)):
        page = Page(shown)
        page.say()
        assert (page.state["age"] is not None) == is_known


# --- one run --------------------------------------------------------------------------------------


def test_one_run_is_followed_to_its_end_to_the_letter(client, lives):
    view = client.explore(DEP, "run_1")
    page = Page(view)

    async def work() -> None:
        page.say()
        await page.until(lambda page: not page.state["on"])

    on_a_loop(work)
    assert view.run.status == "succeeded"
    assert view.run.raw == client.get_run(DEP, "run_1").raw
    docs = [
        json.loads(buffers[content["doc"]["buffer"]])
        for content, buffers in page.told
        if content.get("doc")
    ]
    assert docs[-1]["fields"]["status"] == "succeeded"
    assert page.state == page.state | {"on": False, "left": 0, "trouble": ""}
    assert view.runs["status"].tolist() == ["succeeded"]


def test_a_run_that_has_ended_or_is_not_to_be_followed_is_not(client, lives):
    for run_id, follow in (("run_3", None), ("run_2", False), ("run_3", True)):
        view = client.explore(DEP, run_id, follow=follow)
        page = Page(view)
        before = asked(lives)

        async def work(page: Page = page) -> None:
            page.say()
            await asyncio.sleep(0.3)
            assert page.state["on"] is False

        on_a_loop(work)
        assert asked(lives) == before


# --- a watch --------------------------------------------------------------------------------------


def test_new_runs_of_a_watch_wait_until_a_person_takes_them(client, lives):
    with client.watch(DEP, interval=0.2) as watch:
        view = explore(watch)
        page = Page(view)

        async def work() -> None:
            page.say()
            # An empty view has nothing that new runs could push away.
            await page.until(lambda _: len(view.runs) == 2)
            before = view.runs["id"].tolist()
            lives.add("run_8", [(0.0, "queued"), (0.5, "running")])
            lives.add("run_9", [(0.0, "queued")])
            await page.until(lambda page: page.state["news"] == 2)
            assert view.runs["id"].tolist() == before
            page.say(take=True)
            assert page.state["news"] == 0
            assert view.runs["id"].tolist()[:2] == before, "rows that are here stay where they are"
            assert set(view.runs["id"][2:]) == {"run_8", "run_9"}
            assert view.runs.index.tolist() == [0, 1, 2, 3]
            assert [rows for rows in page.rows("changed") if {2, 3} <= set(rows)]
            await page.until(lambda _: set(view.runs["status"][2:]) == {"running", "queued"})

        on_a_loop(work)
        view.close()
        assert watch.active, "it is not the view's own"


def test_a_watch_of_runs_is_shown_as_it_sees_them_with_its_client(client, lives):
    watch = client.watch([(DEP, "run_1"), (DEP, "run_2")])
    view = explore(watch)
    assert len(view.runs) == 2
    assert view._client is client
    page = Page(view)

    async def work() -> None:
        page.say()
        await page.until(lambda page: page.state["left"] == 1)

    on_a_loop(work)
    assert view.runs["status"].tolist() == ["succeeded", "running"]
    watch.stop()


def test_a_watch_of_one_run_shows_that_run(client):
    watch = client.watch(client.get_run(DEP, "run_1"))
    view = explore(watch)
    assert view._table.one is not None
    watch.wait(timeout=15)
    assert view.run.status == "succeeded", "whoever asks the view gets what the watch has seen"


def test_the_python_of_a_view_of_a_watch_says_so(client):
    with client.watch(DEP) as watch:
        view = explore(watch)
        assert view._view_code() == "arn.explore(watch)"
        assert view.code.startswith("runs = watch.runs\n")
    view = explore(listed(client), client, follow=False)
    assert view._view_code() == "arn.explore(runs, client, follow=False)"


def test_exploring_a_watch_keeps_nobody_waiting(client, lives):
    """Not even where the service does not answer: nothing is waited for on the way."""
    free = threading.Event()
    lives.fault = lambda _: free.wait(20) and None
    watch = client.watch([(DEP, "run_1")])
    view = explore(watch)
    page = Page(view)

    async def work() -> None:
        page.say()

    on_a_loop(work)
    assert view.runs["status"].isna().all(), "nothing has come yet"
    free.set()
    view.close()
    watch.stop()


# --- two threads ----------------------------------------------------------------------------------


@contextmanager
def meanwhile(
    monkeypatch: pytest.MonkeyPatch, place: Any, name: str, work: Callable[[], object]
) -> Iterator[None]:
    """Lets another thread do something once, after a function has found what it returns.

    Where the other one has to wait for its turn, this one goes on after a moment.
    """
    function = getattr(place, name)
    other = threading.Thread(target=work)

    def interrupted(*args: Any, **how: Any) -> Any:
        found = function(*args, **how)
        if other.ident is None:
            other.start()
            other.join(0.5)
        return found

    monkeypatch.setattr(place, name, interrupted)
    yield
    other.join(10)


def shown_in_the_end(view: RunExplorer, page: Page) -> bool:
    """Whether the page shows what is known, once it was told all of that."""
    page.say()
    return page.statuses() == view.runs["status"].tolist()


class Shown(NamedTuple):
    """A view of a watch of a run that waits, and its page; no loop wakes them."""

    view: RunExplorer
    page: Page
    go_on: Callable[[], None]
    """Has the run go on, and the watch see it."""


@pytest.fixture
def shown(client: Client, lives: Lives) -> Iterator[Shown]:
    lives.lives = {"run_1": [(-2.0, "queued")]}
    with client.watch([(DEP, "run_1")], interval=0.1) as watch:
        view = explore(watch)
        page = Page(view)
        page.open()
        page.say()

        def go_on() -> None:
            lives.enter("run_1", "running")
            until(lambda: watch.runs["status"].tolist() == ["running"])

        yield Shown(view, page, go_on)
        view.close()


def until(true: Callable[[], bool]) -> None:
    """Waits in a thread that runs no loop."""
    deadline = time.monotonic() + 15
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_page_that_opens_while_another_thread_takes_what_came_shows_it(shown, monkeypatch):
    """As when a cell asks for runs while the page is answered: no version without its rows."""
    view, page, go_on = shown
    with meanwhile(monkeypatch, run_view, "runs_page", lambda: (go_on(), view.runs)):
        page.open()
    assert shown_in_the_end(view, page)


def test_a_page_gets_what_another_thread_tells_after_the_page_itself(shown, monkeypatch):
    view, page, go_on = shown
    with meanwhile(monkeypatch, view, "_answer_open", lambda: (go_on(), view.runs)):
        page.open()
    assert shown_in_the_end(view, page)


def test_what_is_told_is_no_older_because_another_thread_reads(shown, monkeypatch):
    """As when names come for the view while its page is told how a run goes on."""
    view, page, go_on = shown
    go_on()
    is_told = threading.Event()
    put_together = run_table._with_newer

    def slowly(*args: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            is_told.wait(2)
        return put_together(*args)

    monkeypatch.setattr(run_table, "_with_newer", slowly)
    # After the rows were taken, and before they are told.
    names = {"run_1": "first"}
    with meanwhile(monkeypatch, following.Following, "state", lambda: view._take_names(names)):
        page.say()
        is_told.set()
    assert shown_in_the_end(view, page)


def test_runs_that_come_while_another_thread_reads_are_not_lost(client, lives, monkeypatch):
    lives.lives = {"run_1": [(-2.0, "queued")]}
    with client.watch(DEP, interval=0.2) as watch:
        until(lambda: len(watch.runs) == 1)
        view = explore(watch)
        page = Page(view)
        page.open()
        page.say()
        lives.enter("run_1", "running")
        lives.add("run_2", [(0.0, "queued")])
        until(lambda: watch.runs["status"].tolist() == ["running", "queued"])
        page.say()
        assert page.state["news"] == 1
        with meanwhile(monkeypatch, run_table, "_with_newer", lambda: page.say(take=True)):
            view._take_names({})
        assert shown_in_the_end(view, page)
        assert view.runs["status"].tolist() == ["running", "queued"]
        view.close()


def test_a_page_opens_with_what_is_known_whether_or_not_anybody_follows(shown):
    page = shown.page
    page.say(seen=False)
    shown.go_on()
    page.open()
    assert page.statuses() == ["running"]


# --- where it stops -------------------------------------------------------------------------------


@pytest.mark.parametrize("is_watch", [True, False], ids=["a watch", "runs"])
def test_a_run_that_ends_while_earlier_looks_are_taken_is_told_of(client, monkeypatch, is_watch):
    """The watch ends with it, so nobody wakes the view again."""
    run = client.get_run(DEP, "run_1")
    view = explore(client.watch([run]) if is_watch else run.to_frame(), client)
    page = Page(view)
    take = following.Following._take

    def take_slowly(self: following.Following) -> bool:
        came = take(self)
        feed = self._feed
        while feed is not None and feed.active:
            time.sleep(0.02)
        return came

    async def work() -> None:
        page.say()
        await page.until(lambda page: page.state["on"] is False)

    monkeypatch.setattr(following.Following, "_take", take_slowly)
    on_a_loop(work)
    assert [*view._table.runs["status"]] == ["succeeded"]
    assert page.state["left"] == 0
    assert page.rows("changed")
    view.close()


def test_a_watch_that_has_ended_before_the_page_opens_leaves_nothing_to_follow(client):
    """As when all cells of a notebook run at once: the page comes after the last, which closes all."""
    watch = client.watch([client.get_run(DEP, "run_1")])
    view = explore(watch, client)
    page = Page(view)
    assert view._table.runs["status"].tolist() == ["queued"]
    watch.wait(timeout=20)
    client.close()
    page.say()
    assert page.state["trouble"] == ""
    assert (page.state["on"], page.state["left"]) == (False, 0)
    assert view._table.runs["status"].tolist() == ["succeeded"]
    view.close()


def stays_quiet(lives: Lives, seconds: float = 1.6) -> bool:
    """Whether nothing is asked for longer than the shortest interval; what is under way may come."""
    time.sleep(0.3)
    before = asked(lives)
    time.sleep(seconds)
    return asked(lives) == before


def followed(client: Client, **how: Any) -> tuple[RunExplorer, Page]:
    """A view that follows, whose page is seen."""
    view = explore(listed(client), client, **how)
    page = Page(view)

    async def work() -> None:
        page.say()
        assert page.state["on"]
        await page.until(lambda page: len(page.patches) > 1)

    on_a_loop(work)
    return view, page


ENDS: dict[str, Callable[[RunExplorer, Page], object]] = {
    "out of sight": lambda view, page: page.say(seen=False),
    "turned off": lambda view, page: page.say(on=False),
    "other data": lambda view, page: view.update(body(3)),
    "closed": lambda view, page: view.close(),
    "its client closed": lambda view, page: view._client.close(),
}


@pytest.mark.parametrize("how", ENDS)
def test_nothing_is_asked_any_more_after(client, lives, how):
    view, page = followed(client)
    ENDS[how](view, page)
    assert stays_quiet(lives)
    view.close()


def test_a_view_on_two_pages_is_followed_while_one_of_them_is_seen(client, lives):
    view, page = followed(client)
    page.say(view="b2")
    page.say(view="a1", seen=False)
    assert view._following._feed is not None
    page.say(view="b2", seen=False)
    assert view._following._feed is None
    view.close()


def test_a_page_that_says_nothing_any_more_is_taken_to_be_closed(client, monkeypatch):
    view = explore(listed(client), client)
    page = Page(view)

    async def work() -> None:
        page.say()
        assert page.state["on"]
        before = view._following._pages["a1"].seen_until
        await asyncio.sleep(0.1)
        page.say()
        assert view._following._pages["a1"].seen_until > before, "it said that it is there"
        monkeypatch.setattr(following, "LEASE", 0.5)
        page.say()
        await page.until(lambda _: view._following._feed is None)
        page.say()
        assert page.state["on"] is True, "it is there after all, as after a sleep"

    on_a_loop(work)
    view.close()


def test_what_a_page_said_before_does_not_count_when_it_comes_later(client):
    """A kernel may hear it on two threads, one of which is busy."""
    view = explore(listed(client), client)
    page = Page(view)
    page.say(number=2, seen=False)
    page.say(number=1, seen=True)
    assert page.state["on"] is False
    page.say(number=5, seen=True)
    page.say(number=4, seen=False)
    assert page.state["on"] is True
    page.say(number=7, on=False)
    page.say(number=6, on=True)
    assert page.state["on"] is False
    page.say(number=9)
    page.say(number=8, seen=False, on=True)
    assert page.state["on"] is True, "a wish counts until the next one"
    view.close()


def test_a_view_that_is_dropped_stops(client, lives):
    view, page = followed(client)
    feed = weakref.ref(view._following._feed)
    # Those who route messages to widgets hold each until it is closed.
    all_widgets().pop(view.model_id)
    view.comm.on_msg(None)
    del view, page
    gc.collect()
    assert feed() is None
    assert stays_quiet(lives)


def test_a_forked_process_neither_looks_nor_tells(client, lives):
    view, page = followed(client)
    told = len(page.told)
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()

    def work() -> None:
        statuses = view.runs["status"].tolist()
        queue.put((len(page.told), len(statuses), threading.active_count()))

    child = context.Process(target=work)
    child.start()
    child.join(20)
    assert queue.get()[:2] == (told, 3)
    view.close()


def test_only_the_loop_of_the_kernel_tells_the_page(client):
    view, page = followed(client)
    assert page.threads == {threading.current_thread().name}
    view.close()


def test_without_a_loop_what_came_is_told_when_the_page_says_that_it_is_there(client):
    view = explore(listed(client), client)
    page = Page(view)
    page.say()
    before = len(page.patches)
    time.sleep(1.5)
    assert len(page.patches) == before
    page.say()
    assert page.rows("rows")
    assert view.runs["status"].tolist().count("queued") == 0
    view.close()


# --- when nothing comes ---------------------------------------------------------------------------


def trouble(client: Client, lives: Lives, fault: Any, seconds: float = 15.0) -> Page:
    view = explore(listed(client), client)
    page = Page(view)
    lives.fault = fault

    async def work() -> None:
        page.say()
        await page.until(lambda page: page.state["trouble"] and not page.state["on"], seconds)

    on_a_loop(work)
    return page


def test_a_key_that_is_refused_ends_it_with_a_sentence(client, lives):
    page = trouble(client, lives, lambda _: [refusal("401 X", code="unauthorized")])
    assert "key" in page.state["trouble"]
    assert page.state["on"] is False
    assert KEY not in json.dumps([content for content, _ in page.told])

    async def again() -> None:
        page.say()
        assert page.state["on"] is False, "only a person begins anew"
        lives.fault = lambda _: None
        page.say(on=True)
        assert page.state["on"] is True
        await page.until(lambda page: page.state["trouble"] == "")

    on_a_loop(again)
    page.view.close()


def test_a_service_that_is_silent_is_said_to_be_and_not_asked_for_ever(server, lives):
    with Client(KEY, server.url, deadline=1.0) as client:
        page = trouble(client, lives, lambda _: [refusal("503 X", code="down")])
        # It is said while it is still looked again, and when that has ended too.
        troubles = {patch["follow"]["trouble"] for patch in page.patches} - {""}
        assert all(sentence.endswith(".") for sentence in troubles)
        assert page.state["on"] is False
        assert stays_quiet(lives)
        page.view.close()


def test_after_retry_after_nothing_is_asked(client, lives):
    """Not even by a page that goes out of sight and comes back."""
    view, page = followed(client)
    lives.fault = lambda _: [refusal("429 X", "Retry-After: 5", code="slow_down")]
    before = asked(lives)
    deadline = time.monotonic() + 10
    while asked(lives) == before and time.monotonic() < deadline:
        time.sleep(0.05)
    lives.fault = lambda _: None
    time.sleep(0.2)
    before = asked(lives)

    async def work() -> None:
        for seen in (False, True, False, True):
            page.say(seen=seen)
            await asyncio.sleep(0.3)

    on_a_loop(work)
    assert asked(lives) == before
    view.close()
