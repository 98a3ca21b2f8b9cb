"""A page follows its runs: they change in their places, and what a person is at stays as it is."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator

from agentrun_nb.client import Client
from agentrun_nb.widget import explore
from tests.faults.replies import DEP, KEY, http, refusal
from tests.faults.server import serving
from tests.live.lives import Life, Lives
from tests.support.samples import body

from .conftest import Opener
from .live_kernel import Kernel, living

WAITING: Life = [(-3.0, "queued")]
ENDED: Life = [(-9.0, "queued"), (-8.0, "running"), (-5.0, "succeeded")]


@pytest.fixture
def lives() -> Lives:
    """Three runs that wait until a test has them go on, and one that has ended."""
    return Lives({"run_1": WAITING, "run_2": WAITING, "run_3": WAITING, "run_4": ENDED})


def end_two(lives: Lives) -> None:
    """Of the three runs one succeeds, one fails, and one goes on."""
    lives.enter("run_1", "running", "succeeded")
    lives.enter("run_2", "running")
    lives.enter("run_3", "running", "failed")


@pytest.fixture
def client(lives: Lives) -> Iterator[Client]:
    with serving(lives) as server, Client(KEY, server.url, deadline=20.0) as client:
        yield client


def listed(client: Client) -> Any:
    return client.list_runs(DEP, progress=False)


def words(locator: Locator) -> str:
    """What stands there now; waiting for it would keep the kernel from answering."""
    return " ".join(locator.all_inner_texts())


def button(kernel: Kernel) -> Locator:
    return kernel.stage.page.get_by_test_id("arn-follow")


def is_pressed(kernel: Kernel) -> bool:
    return button(kernel).get_attribute("aria-pressed") == "true"


def status_counts(kernel: Kernel) -> str:
    return kernel.stage.page.get_by_test_id("arn-wb-statuses").inner_text()


def choose(kernel: Kernel, *run_ids: str) -> None:
    """Chooses runs, as a person does on the page."""
    keys = [[DEP, run_id] for run_id in run_ids]
    kernel.stage.page.evaluate("(keys) => window.stage.model.set('selected', keys)", keys)


def test_runs_change_in_their_places_and_what_is_chosen_stays(open_stage: Opener, client, lives):
    view = explore(listed(client), client, columns=["output_manifest.x"])
    with living(open_stage, view) as kernel:
        page = kernel.stage.page
        kernel.wait(lambda: "Follow 3" in words(button(kernel)))
        kernel.wait(lambda: is_pressed(kernel))
        assert page.title() == "(3 left) Stub page"
        canvas = page.get_by_test_id("arn-timeline-canvas")
        canvas.focus()
        page.keyboard.press("End")
        page.keyboard.press("Enter")
        page.keyboard.press("+")
        kernel.wait(lambda: view.selected and view.window)
        before = kernel.settled(lambda: (view.selected, view.window))
        end_two(lives)
        kernel.wait(lambda: "Follow 1" in words(button(kernel)))
        kernel.wait(lambda: "succeeded" in status_counts(kernel))
        kernel.wait(lambda: "failed" in status_counts(kernel))
        assert kernel.settled(lambda: (view.selected, view.window)) == before
        assert page.evaluate("document.activeElement.dataset.testid") == "arn-timeline-canvas"
        assert page.title() == "(1 left) Stub page"
        assert sorted(view.runs["status"]) == ["failed", "running", "succeeded", "succeeded"]


def test_the_open_run_is_told_of_as_it_is_and_its_tab_stays(open_stage: Opener, client, lives):
    runs = listed(client)
    view = explore(runs, client)
    view.selected = [[DEP, "run_3"]]
    with living(open_stage, view) as kernel:
        page = kernel.stage.page
        kernel.wait(lambda: page.get_by_role("tab", name="Input").count())
        page.get_by_role("tab", name="Input").click()
        tree = page.locator(".arn-panel:not([hidden]) [role=tree]")
        kernel.wait(lambda: tree.is_visible())
        page.evaluate(
            "document.querySelector('.arn-panel:not([hidden]) [role=tree]').dataset.same = 1"
        )
        page.locator(".arn-run").evaluate("(element) => (element.dataset.same = 1)")
        lives.enter("run_3", "running", "failed")
        kernel.wait(lambda: "failed" in words(page.locator(".arn-statusname")))
        assert page.locator(".arn-run[data-same]").count() == 1, "the view of the run is the same"
        assert page.locator("[role=tree][data-same]").count() == 1, (
            "so is what did not change in it"
        )
        assert kernel.stage.shown_tab() == "Input"
        page.get_by_role("tab", name="Overview").click()
        kernel.wait(lambda: "Failure reason" in words(page.locator(".arn-run")))
        compare = page.get_by_role("button", name="Compare with last success")
        kernel.wait(lambda: compare.is_visible())


def test_a_view_of_one_run_follows_it(open_stage: Opener, client, lives):
    view = client.explore(DEP, "run_1")
    with living(open_stage, view) as kernel:
        page = kernel.stage.page
        kernel.wait(lambda: "Follow 1" in words(button(kernel)))
        lives.enter("run_1", "running")
        kernel.wait(lambda: "running" in words(page.locator(".arn-statusname")))
        before = words(page.locator(".arn-lengths"))
        kernel.wait(lambda: words(page.locator(".arn-lengths")) != before)
        lives.enter("run_1", "succeeded")
        kernel.wait(lambda: "succeeded" in words(page.locator(".arn-statusname")))
        kernel.wait(lambda: button(kernel).is_hidden())
        read = page.get_by_test_id("arn-follow-read")
        kernel.wait(lambda: re.search(r"read \d+ (s|min) ago", words(read)))
        assert page.title() == "Stub page"


def test_new_runs_are_a_button_and_never_a_jump(open_stage: Opener, client, lives):
    with client.watch(DEP, interval=0.3) as watch:
        view = explore(watch, filter={"status": ["queued", "running"]})
        with living(open_stage, view) as kernel:
            page = kernel.stage.page
            sentence = page.get_by_test_id("arn-wb-sentence")
            kernel.wait(lambda: len(view.runs) == 3)
            kernel.wait(lambda: "3 runs" in words(sentence))
            for number in (7, 8):
                lives.add(f"run_{number}", [(0.0, "queued")])
            news = page.get_by_test_id("arn-follow-news")
            kernel.wait(lambda: "2 new runs" in words(news))
            assert "3 runs" in words(sentence)
            assert len(view.runs) == 3
            news.click()
            kernel.wait(lambda: "5 runs" in words(sentence))
            kernel.wait(lambda: news.is_hidden())
            assert len(view.runs) == 5
            for number in (7, 8):
                lives.enter(f"run_{number}", "running")
            kernel.wait(lambda: set(view.runs["status"][3:]) == {"running"})
            lives.enter("run_1", "succeeded")
            result = page.get_by_test_id("arn-wb-result")
            kernel.wait(lambda: "4 of 5 shown" in words(result))


def test_out_of_sight_nothing_is_asked_and_back_in_sight_all_is_as_it_is(
    open_stage: Opener, client, lives
):
    view = explore(listed(client), client)
    with living(open_stage, view) as kernel:
        page = kernel.stage.page
        kernel.wait(lambda: view._following._feed is not None)
        page.evaluate("document.body.style.paddingTop = '5000px'")
        kernel.wait(lambda: view._following._feed is None)
        # What was under way may still come.
        kernel.wait(lambda: time.monotonic() - lives.arrivals[-1][0] > 2.5)
        assert page.title() == "Stub page"
        assert "Follow 3" in words(button(kernel)), "there was something to look at"
        end_two(lives)
        page.evaluate("document.body.style.paddingTop = ''")
        kernel.wait(lambda: view._following._feed is not None)
        kernel.wait(lambda: "Follow 1" in words(button(kernel)))


def test_a_page_that_missed_something_opens_anew(open_stage: Opener, client, lives):
    """A server may drop a message: what the page shows in the end is what the kernel knows."""
    view = explore(listed(client), client)
    with living(open_stage, view) as kernel:
        kernel.wait(lambda: "Follow 3" in words(button(kernel)))
        choose(kernel, "run_1")
        status = kernel.stage.page.locator(".arn-statusname")
        kernel.wait(lambda: words(status) == "queued")
        send, missed = view.send, []

        def send_all_but_one(content: Any, buffers: Any = None) -> None:
            if content.get("changed") and not missed:
                missed.append(content)
            else:
                send(content, buffers)

        view.send = send_all_but_one
        for run_id in ("run_1", "run_2", "run_3"):
            lives.enter(run_id, "succeeded")
        kernel.wait(lambda: missed)
        kernel.wait(lambda: button(kernel).is_hidden())
        assert status_counts(kernel).split() == ["4", "succeeded"]
        kernel.wait(lambda: words(status) == "succeeded")
        assert view.selected == [[DEP, "run_1"]]


def test_documents_that_were_read_before_a_run_changed_are_not_shown_after_it(
    open_stage: Opener, client, lives
):
    """They are unpacked while it is told how the run goes on."""
    view = explore(listed(client), client)
    with living(open_stage, view) as kernel:
        send, held = view.send, []

        def hold_documents(content: Any, buffers: Any = None) -> None:
            if "docs" in content:
                held.append((content, buffers))
                return
            if content.get("changed"):
                send(*held[0])
            send(content, buffers)

        view.send = hold_documents
        kernel.wait(lambda: held)
        choose(kernel)
        status = kernel.stage.page.locator(".arn-statusname")
        kernel.wait(lambda: not words(status))
        kernel.wait(lambda: "Follow 3" in words(button(kernel)))
        lives.enter("run_1", "running", "succeeded")
        kernel.wait(lambda: "Follow 2" in words(button(kernel)))
        choose(kernel, "run_1")
        kernel.wait(lambda: words(status))
        assert words(status) == "succeeded"


def test_two_runs_beside_each_other_are_told_of_as_they_are(open_stage: Opener, client, lives):
    view = explore(listed(client), client)
    with living(open_stage, view) as kernel:
        page = kernel.stage.page
        kernel.wait(lambda: "Follow 3" in words(button(kernel)))
        choose(kernel, "run_1", "run_2")
        page.get_by_role("button", name="Compare the two").click()
        comparison = page.locator(".arn-comparison")
        kernel.wait(lambda: "queued" in words(comparison))
        folded = comparison.locator("details")
        folded.locator("summary").press("Enter")
        for run_id in ("run_1", "run_2", "run_3"):
            lives.enter(run_id, "running", "failed")
        kernel.wait(lambda: button(kernel).is_hidden())
        kernel.wait(lambda: "failed" in words(comparison))
        kernel.wait(lambda: "queued" not in words(comparison))
        assert folded.evaluate("(element) => element.open"), "what was opened in it stays so"
        assert folded.locator("summary").evaluate("(one) => one === document.activeElement")


def test_a_log_that_is_read_while_its_run_ends_has_the_end_of_it(open_stage: Opener, client, lives):
    events = [{"id": "event_1", "message": "it begins"}]
    lives.fault = lambda request: [http({"events": events})] if request.last == "logs" else None
    view = client.explore(DEP, "run_1")
    with living(open_stage, view) as kernel:
        kernel.wait(lambda: "Follow 1" in words(button(kernel)))
        send, held = view.send, []

        def hold_log(content: Any, buffers: Any = None) -> None:
            if "logs" in content and not held:
                held.append((content, buffers))
            else:
                send(content, buffers)

        view.send = hold_log
        kernel.stage.page.get_by_role("tab", name="Logs").click()
        kernel.wait(lambda: held)
        events.append({"id": "event_2", "message": "it ends"})
        lives.enter("run_1", "running", "succeeded")
        kernel.wait(lambda: button(kernel).is_hidden())
        send(*held[0])
        log = kernel.stage.page.locator(".arn-logrow")
        kernel.wait(lambda: "it begins" in words(log))
        kernel.wait(lambda: "it ends" in words(log))


def test_a_view_that_goes_away_tells_the_kernel(open_stage: Opener, client):
    view = explore(listed(client), client)
    with living(open_stage, view) as kernel:
        kernel.wait(lambda: "Follow 3" in words(button(kernel)))
        kernel.stage.page.evaluate("window.stage.unmount()")
        kernel.wait(lambda: view._following._feed is None)
        assert kernel.stage.page.title() == "Stub page"


def test_following_is_turned_off_and_on(open_stage: Opener, client):
    view = explore(listed(client), client)
    with living(open_stage, view) as kernel:
        kernel.wait(lambda: "Follow 3" in words(button(kernel)))
        button(kernel).click()
        kernel.wait(lambda: not is_pressed(kernel))
        assert view._following._feed is None
        button(kernel).click()
        kernel.wait(lambda: is_pressed(kernel))


def test_what_is_wrong_is_said_at_the_button(open_stage: Opener, client, lives):
    view = explore(listed(client), client)
    with living(open_stage, view) as kernel:
        kernel.wait(lambda: "Follow 3" in words(button(kernel)))
        lives.fault = lambda _: [refusal("401 X", code="unauthorized", message="<b>no</b>\x1b")]
        trouble = kernel.stage.page.get_by_test_id("arn-follow-trouble")
        kernel.wait(lambda: words(trouble))
        assert "key" in words(trouble)
        kernel.wait(lambda: not is_pressed(kernel))


@pytest.mark.parametrize("view_name", ["timeline", "table", "durations"])
@pytest.mark.parametrize("width", [1300, 420])
def test_each_view_takes_newer_records(open_stage: Opener, client, lives, view_name, width):
    view = explore(listed(client), client, view=view_name, sort="status")
    with living(open_stage, view, width=width) as kernel:
        kernel.wait(lambda: "Follow 3" in words(button(kernel)))
        assert "failed" not in kernel.stage.text()
        end_two(lives)
        kernel.wait(lambda: "Follow 1" in words(button(kernel)))
        kernel.wait(lambda: "failed" in kernel.stage.text())


def test_what_goes_over_the_wire_does_not_grow_with_the_table(open_stage: Opener, client, lives):
    lives.lives |= {f"old_{n:04}": ENDED for n in range(600)}
    view = explore(listed(client), client)
    with living(open_stage, view) as kernel:
        kernel.wait(lambda: "Follow 3" in words(button(kernel)))
        end_two(lives)
        kernel.wait(lambda: "Follow 1" in words(button(kernel)))
        heard = kernel.stage.page.evaluate("window.stage.model.heard")
        assert heard["bytes"] / heard["messages"] < 1_500


def test_without_a_client_it_is_said_when_the_runs_were_read(open_stage: Opener, client):
    runs = listed(client)
    with living(open_stage, explore(runs)) as kernel:
        read = kernel.stage.page.get_by_test_id("arn-follow-read")
        kernel.wait(lambda: words(read))
        assert read.inner_text().startswith("read ")
        assert button(kernel).is_hidden()


def test_runs_of_which_nobody_knows_when_they_were_read_say_nothing_of_it(open_stage: Opener):
    with living(open_stage, explore(body(3))) as kernel:
        page = kernel.stage.page
        kernel.wait(lambda: page.get_by_test_id("arn-follow-read").count())
        assert "read" not in page.get_by_test_id("arn-follow-read").inner_text()
