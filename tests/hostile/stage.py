"""The stub page, with every request in the hands of the test: what a view asks for beyond its own files is noted."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import plotly
from playwright.sync_api import Browser, Page, Route

from agentrun_nb.widget.view import View

HERE = Path(__file__).parent
PAGE = HERE.parent / "page"
STATIC = HERE.parents[1] / "agentrun_nb" / "widget" / "static"
ORIGIN = "http://127.0.0.1:9"
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
FILES = {
    "/": (PAGE / "stage.html", "text/html"),
    "/stage.mjs": (PAGE / "stage.mjs", "text/javascript"),
    "/stage.css": (PAGE / "stage.css", "text/css"),
    "/widget.js": (STATIC / "widget.js", "text/javascript"),
    "/shared.js": (STATIC / "shared.js", "text/javascript"),
    "/later.js": (STATIC / "later.js", "text/javascript"),
    "/widget.css": (STATIC / "widget.css", "text/css"),
    "/later.css": (STATIC / "later.css", "text/css"),
    "/plotly.js": (PLOTLY, "text/javascript"),
}
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
WATCH = """
window.fired = [];
for (const name of ["alert", "confirm", "prompt", "print", "open"])
  window[name] = (...given) => void window.fired.push([name, ...given.map(String)]);
window.violations = [];
document.addEventListener("securitypolicyviolation", ({violatedDirective, blockedURI}) => {
  if (!blockedURI.endsWith("/favicon.ico")) window.violations.push(violatedDirective);  // Which Chromium asks for.
});
"""
SHAPE = """(root) => [...root.querySelectorAll('*')].flatMap((one) =>
  [one.tagName, ...one.getAttributeNames().map((name) => `${one.tagName} ${name}`)])"""
TOUCH = """(root) => {
  for (const one of root.querySelectorAll('*'))
    for (const type of ['mouseover', 'mouseenter', 'pointerover', 'focus', 'toggle', 'error', 'load', 'animationend'])
      one.dispatchEvent(new Event(type));
}"""
CALM = "() => [window.fired, window.violations, ({}).polluted ?? null]"


class Stage:
    """A page of the browser in which nothing may run, leave or be added.

    Attributes:
        asked: addresses that were asked for, beyond the stage's own files.
        wandered: addresses that the page, or a new window, went to.
    """

    def __init__(self, browser: Browser, reported: str | None = None) -> None:
        self.context = browser.new_context(viewport={"width": 1_000, "height": 900})
        self.context.set_default_timeout(20_000)
        self.asked: list[str] = []
        self.wandered: list[str] = []
        self.errors: list[str] = []
        self._headers = {"Content-Security-Policy-Report-Only": reported} if reported else {}
        self._scenario = "{}"
        self._view: View | None = None
        self._page = ""
        self.context.route("**/*", self._serve)
        self.context.add_init_script(WATCH)
        self.page: Page = self.context.new_page()
        self.page.expose_function("kernel", self._ask)
        self.context.on("page", lambda page: self.wandered.append(f"window {page.url}"))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "dialog", lambda dialog: (self.wandered.append(dialog.message), dialog.dismiss())
        )

    def show(
        self,
        message: tuple[dict[str, Any], list[bytes]],
        logs: dict[str, Any] | None = None,
        **traits: Any,
    ) -> None:
        """Mounts a view on what Python sends to the page, and answers with these logs."""
        page, buffers = message
        packed = [base64.b64encode(part).decode() for part in buffers]
        self._scenario = json.dumps(
            {
                "page": page,
                "buffers": packed,
                "docs": [],
                "logs": logs,
                "traits": traits,
                "silent": False,
            }
        )
        self._go("/")
        self.page.locator(".arn-body > *").first.wait_for()

    def show_view(self, shown: View, /, **traits: Any) -> None:
        """Mounts the page of a view, which answers whatever the page asks of it."""
        self._view = shown
        known = {"buffers": [], "docs": [], "page": {}, "relay": True}
        self._scenario = json.dumps(known | {"traits": {"selected": [], **traits}})
        self._go("/")
        self.page.locator(".arn-workbench").wait_for()

    def _ask(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        """What the view answers to a message."""
        view = self._view
        assert view is not None
        sent: list[dict[str, Any]] = []

        def send(content: Any, buffers: Any = None) -> None:
            packed = [base64.b64encode(part).decode() for part in buffers or []]
            sent.append({"content": content, "buffers": packed})

        view.send = send
        # What waits for a client runs on a loop of its own where its thread has none.
        asking = threading.Thread(target=view._receive, args=(view, message, []))
        asking.start()
        asking.join()
        return sent

    def write(self, html: str) -> None:
        """Opens a page of this HTML, as a parser and not a script reads it."""
        self._page = html
        self._go("/page.html")

    def _go(self, path: str) -> None:
        self.page.goto(ORIGIN + path)
        self.page.on("framenavigated", self._note)

    def _note(self, frame: Any) -> None:
        if not frame.url.startswith(ORIGIN):
            self.wandered.append(frame.url)

    def _serve(self, route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        if path == "/scenario.json":
            route.fulfill(body=self._scenario, content_type="application/json")
        elif path == "/page.html":
            self._fulfil(route, self._page.encode("utf-8", "replace"), "text/html")
        elif path in FILES:
            file, kind = FILES[path]
            self._fulfil(route, file.read_bytes(), kind)
        else:
            self.asked.append(route.request.url)
            route.abort()

    def _fulfil(self, route: Route, body: bytes, kind: str) -> None:
        route.fulfill(body=body, headers=self._headers | {"Content-Type": f"{kind}; charset=utf-8"})

    def shape(self, selector: str) -> set[str]:
        """The tags there are, and their attributes by name."""
        return {name for root in self.page.locator(selector).all() for name in root.evaluate(SHAPE)}

    def touch(self, selector: str) -> None:
        """Sends the events for which markup likes to wait to every element."""
        for root in self.page.locator(selector).all():
            root.evaluate(TOUCH)

    def named(self, texts: Iterable[str]) -> list[str]:
        """Those of the texts under which the page finds an element by id or by name."""
        found: list[str] = self.page.evaluate(
            """(texts) => texts.filter((text) => text
              && (document.getElementById(text) || document.getElementsByName(text).length))""",
            list(texts),
        )
        return found

    def assert_calm(self) -> None:
        """Nothing ran, nothing was asked for, nothing was polluted."""
        assert self.page.evaluate(CALM) == [[], [], None]
        assert (self.asked, self.wandered, self.errors) == ([], [], [])

    def close(self) -> None:
        self.context.close()
