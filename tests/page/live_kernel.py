"""A stub page whose view is a real one: what the page says goes to it, on a loop as a kernel has one."""

from __future__ import annotations

import asyncio
import base64
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from agentrun_nb.widget import RunExplorer

from .conftest import Opener, Stage
from .scenarios import Scenario, blank_page

T = TypeVar("T")
TRAITS = ("selected", "path", "tz", "filter", "view", "by", "sort", "columns", "window", "height")


class Kernel:
    """Carries messages between a page and a view.

    Attributes:
        stage: the page.
        view: the view.
        loop: the loop of the kernel.
    """

    def __init__(self, stage: Stage, view: RunExplorer) -> None:
        self.stage, self.view = stage, view
        self.loop = asyncio.new_event_loop()
        self._said: list[tuple[dict[str, Any], list[bytes]]] = []
        self._thread = threading.Thread(target=self.loop.run_forever, name="kernel", daemon=True)
        self._thread.start()
        view.send = lambda content, buffers=None: self._said.append((content, buffers or []))

    def carry(self) -> None:
        """Hands over what either side has said."""
        messages, traits = self.stage.page.evaluate(
            """(names) => {
              const { model } = window.stage;
              return [model.outbox.splice(0), Object.fromEntries(names.map((name) => [name, model.get(name) ?? null]))];
            }""",
            list(TRAITS),
        )
        self.view.set_state(traits)
        for message in messages:
            self.on_loop(lambda message=message: self.view._handle_custom_msg(message, []))
        said, self._said = self._said, []
        packed = [
            (content, [base64.b64encode(buffer).decode() for buffer in buffers])
            for content, buffers in said
        ]
        if packed:
            code = "(said) => said.forEach((message) => window.stage.model.hear(...message))"
            self.stage.page.evaluate(code, packed)

    def on_loop(self, work: Callable[[], Any]) -> Any:
        """Runs something on the kernel's loop."""

        async def run() -> Any:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(60)

    def wait(self, true: Callable[[], Any], seconds: float = 60.0) -> None:
        """Carries messages until something is true.

        Raises:
            TimeoutError: it did not come to be.
        """
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                raise TimeoutError(self.stage.text())
            self.carry()
            time.sleep(0.03)

    def go_on(self, seconds: float) -> None:
        """Carries messages for some time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.carry()
            time.sleep(0.03)

    def settled(self, value: Callable[[], T]) -> T:
        """Carries messages until something stays what it is for a second; returns what that is."""
        before, found = None, value()
        while found != before:
            self.go_on(1.0)
            before, found = found, value()
        return found

    def close(self) -> None:
        self.on_loop(self.view.close)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@contextmanager
def living(open_stage: Opener, view: RunExplorer, **how: Any) -> Iterator[Kernel]:
    """A page that shows a view, which answers it."""
    traits = {name: getattr(view, name) for name in TRAITS}
    scenario = Scenario(blank_page("runs"), traits=traits, silent=True, has_kernel=True)
    kernel = Kernel(open_stage(scenario, **how), view)
    try:
        kernel.wait(lambda: kernel.stage.page.locator(".arn-body > *").count())
        yield kernel
    finally:
        kernel.close()
