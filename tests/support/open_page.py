"""A page in the browser, and what must not happen while it is open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import ConsoleMessage, Locator, Page

LOCAL = ("http://127.0.0.1:", "ws://127.0.0.1:", "blob:", "data:", "file:")
OURS = ("blob:", "agentrun", "anywidget", "arn-")


@dataclass
class OpenPage:
    """A page that remembers its errors, and the requests that wanted to leave the machine.

    Attributes:
        errors: uncaught errors and errors in the console.
        ours: those of them that came out of the widget's module or speak of it.
        outside: the addresses that were asked for.
    """

    page: Page
    errors: list[str] = field(default_factory=list)
    ours: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self._note(str(error), error.stack or ""))
        self.page.on("console", self._hear)
        self.page.on(
            "request",
            lambda asked: None if asked.url.startswith(LOCAL) else self.outside.append(asked.url),
        )

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self._note(said.text, said.location["url"])

    def _note(self, text: str, source: str) -> None:
        self.errors.append(text)
        if any(name in part for name in OURS for part in (text, source)):
            self.ours.append(text)


def click_run(root: Locator, row: int) -> None:
    """Clicks a run on the timeline of a live view."""
    canvas = root.get_by_test_id("arn-timeline-canvas")
    canvas.scroll_into_view_if_needed()
    canvas.page.wait_for_function("(canvas) => canvas.arnLocate?.(0)", arg=canvas.element_handle())
    found: dict[str, Any] = canvas.evaluate("(canvas, row) => canvas.arnLocate(row)", row)
    box = canvas.bounding_box()
    assert box is not None
    canvas.page.mouse.move(box["x"] + found["x"], box["y"] + found["y"])
    canvas.page.mouse.click(box["x"] + found["x"], box["y"] + found["y"])
