"""The stub page: a small server on the loopback and a Chromium that can reach nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
)

from tests.support.chromium import chromium

from .scenarios import Scenario

HERE = Path(__file__).parent
STATIC = HERE.parents[1] / "agentrun_nb" / "widget" / "static"
FILES = {
    "/": (HERE / "stage.html", "text/html"),
    "/stage.mjs": (HERE / "stage.mjs", "text/javascript"),
    "/stage.css": (HERE / "stage.css", "text/css"),
    "/loader.js": (STATIC / "loader.js", "text/javascript"),
    "/widget.js": (STATIC / "widget.js", "text/javascript"),
    "/shared.js": (STATIC / "shared.js", "text/javascript"),
    "/later.js": (STATIC / "later.js", "text/javascript"),
    "/widget.css": (STATIC / "widget.css", "text/css"),
    "/later.css": (STATIC / "later.css", "text/css"),
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


class StageServer(ThreadingHTTPServer):
    """Serves the stub page and one scenario, under the strict policy unless told otherwise."""

    scenario = b"{}"
    policy: str | None = POLICY


class _Handler(BaseHTTPRequestHandler):
    server: StageServer

    def do_GET(self) -> None:
        if self.path == "/scenario.json":
            return self._answer(self.server.scenario, "application/json")
        if self.path in FILES:
            path, kind = FILES[self.path]
            return self._answer(path.read_bytes(), kind)
        self.send_error(404)

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if self.server.policy:
            self.send_header("Content-Security-Policy", self.server.policy)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


ROWS = """() => [...document.querySelectorAll('.arn-row:not(.arn-outofsight)')]
  .filter((row) => row.checkVisibility())
  .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
  .map((row) => row.innerText)"""

WRITTEN = """() => [...document.querySelectorAll('.arn-panel:not([hidden])')]
  .some((panel) => panel.innerText.trim())"""


@dataclass
class Stage:
    """A mounted view, and everything that must not happen while it is open.

    `has_clock` says that its time is that of a clock which a test moves on.
    """

    page: Page
    has_clock: bool = False
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def fail(self, error: Error) -> None:
        self.errors.append(str(error))

    def listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def record(self, request: Request) -> None:
        self.requests.append(request.url)

    def leave(self) -> None:
        """Stops listening and lets the page forget what it shows."""
        for event, listener in (
            ("pageerror", self.fail),
            ("console", self.listen),
            ("request", self.record),
        ):
            self.page.remove_listener(event, listener)
        self.page.goto("about:blank")

    def trait(self, name: str) -> object:
        return self.page.evaluate("(name) => window.stage.model.get(name)", name)

    def set_trait(self, name: str, value: object) -> None:
        self.page.evaluate("([name, value]) => window.stage.model.set(name, value)", [name, value])

    def press(self, control: str) -> None:
        """Presses a button by its test id, or chooses a grouping: "by:status"; "by:" is as it fits."""
        kind, _, by = control.partition(":")
        if kind == "by":
            self.page.get_by_test_id("arn-by").select_option(by)
        else:
            self.page.get_by_test_id(control).click()

    def open_tab(self, name: str) -> None:
        """Opens a tab of the run on show, whose code may come after the page."""
        self.page.get_by_role("tab", name=name).click()
        self.page.wait_for_function(WRITTEN)

    def shown_tab(self) -> str:
        return self.page.get_by_role("tab", selected=True).inner_text()

    def rows(self) -> list[str]:
        """The texts of the tree rows that are mounted, from top to bottom."""
        rows: list[str] = self.page.evaluate(ROWS)
        return rows

    def text(self) -> str:
        return self.page.locator(".arn-root").inner_text()


@pytest.fixture(scope="package")
def stage_server() -> Iterator[StageServer]:
    server = StageServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="package")
def context() -> Iterator[BrowserContext]:
    with chromium() as browser:
        yield browser.new_context(permissions=["clipboard-read", "clipboard-write"])


Opener = Callable[..., Stage]


@pytest.fixture(scope="package")
def shared_page(context: BrowserContext) -> Page:
    """The page that each test takes first: going elsewhere is quicker than a page of one's own."""
    return context.new_page()


@pytest.fixture
def open_stage(
    context: BrowserContext, stage_server: StageServer, shared_page: Page
) -> Iterator[Opener]:
    """Mounts a scenario on the stub page; at the end of the test nothing may have gone wrong unseen."""
    stages: list[tuple[Stage, bool]] = []

    def open_stage(
        scenario: Scenario,
        *,
        width: int = 1000,
        height: int = 900,
        scheme: str = "light",
        strict: bool = True,
        clock: bool = False,
    ) -> Stage:
        stage_server.scenario = scenario.to_json()
        stage_server.policy = POLICY if strict else None
        page = context.new_page() if clock or stages else shared_page
        if clock:
            page.clock.install()
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        stage = Stage(page, has_clock=clock)
        stages.append((stage, strict))
        page.on("pageerror", stage.fail)
        page.on("console", stage.listen)
        page.goto(f"http://127.0.0.1:{stage_server.server_port}/")
        page.locator("html[data-staged]").wait_for()
        if not scenario.silent:
            page.locator(".arn-body > *").first.wait_for()
        page.on("request", stage.record)
        return stage

    yield open_stage
    for stage, strict in stages:
        if stage.has_clock:
            # A clock is that of all pages: one that stands still would stop those of other tests.
            stage.page.clock.resume()
        stage.leave()
        if stage.page is not shared_page:
            stage.page.close()
        if strict:
            assert stage.errors == []
            assert stage.requests == []
