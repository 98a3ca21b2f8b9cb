"""First views over a slow link: a real JupyterLab behind a proxy that holds back every byte.

    python -m benchmarks.link [--milliseconds 150] [--repeats 3] [--runs 1_000]

Prints ms on the clock, medians, from running the cell to the end of the first frame with marks, as
`benchmarks.page` takes them, in a kernel that has imported all. The link has that latency there and
back, half of it each way, as much again for a new connection, and as much bandwidth as the machine.
Each look is a page of its own with an empty cache; the page itself is loaded before, which over such
a link takes most of a look's 15 s.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser

from tests.support.chromium import chromium
from tests.support.jupyter_host import Host

from .page_bench import Bench
from .page_cases import CHECKOUT, HTML, LOAD, OTHERS, OURS, TRIVIAL, WARM, Case, frame_of

ONE_RUN = Case("one run", "", "arn.explore(runs.iloc[0])", ".arn-track", ".arn-track")
PLOTLY = OTHERS[0]


@dataclass(frozen=True)
class View:
    """Something that is shown, and whether the page has shown HTML before."""

    name: str
    case: Case
    after_html: bool = False


VIEWS = (
    View("a widget that writes one word", TRIVIAL),
    View("one run", ONE_RUN),
    View("one run where HTML was shown before", ONE_RUN, after_html=True),
    View("many runs", OURS),
    View("many runs where HTML was shown before", OURS, after_html=True),
    View("px.timeline", PLOTLY),
)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Hands on what comes from one side to the other, each piece that much later."""
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def read() -> None:
        piece = b"-"
        while piece:
            try:
                piece = await reader.read(1 << 16)
            except ConnectionError:
                # The other side waits for ever unless it hears that this one has gone.
                piece = b""
            pieces.put_nowait((loop.time() + delay, piece))

    reading = asyncio.ensure_future(read())
    piece = b"-"
    while piece:
        due, piece = await pieces.get()
        await asyncio.sleep(due - loop.time())
        writer.write(piece)
    await reading
    writer.close()


async def _end_others() -> None:
    """Ends the connections that are still open."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def slow_link(port: int, milliseconds: float) -> Iterator[int]:
    """A port of the loopback that leads to another one, with a latency there and back."""
    delay = milliseconds / 2_000
    loop = asyncio.new_event_loop()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The end of the link cancels what is still open.
        with suppress(asyncio.CancelledError):
            # A connection is made in one way there and back.
            await asyncio.sleep(2 * delay)
            there, back = await asyncio.open_connection("127.0.0.1", port)
            both = _carry(reader, back, delay), _carry(there, writer, delay)
            await asyncio.gather(*both, return_exceptions=True)

    # In a thread of its own, since Playwright has a loop in this one.
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    starting = asyncio.start_server(connect, "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(starting, loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end_others(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def first_view(host: Host, browser: Browser, view: View, runs: int, port: int) -> float:
    """Ms until a view is painted for the first time, in a page and a kernel of its own."""
    cells = [
        LOAD.format(checkout=str(CHECKOUT), path=str(frame_of(runs))),
        f"{WARM}{view.case.prepare}{HTML if view.after_html else ''}",
        view.case.show,
    ]
    name = f"{len(list(host.files.iterdir()))}.ipynb"
    host.write(name, *cells)
    with host.open(browser, name, port=port) as notebook:
        bench = Bench(notebook)
        bench.load()
        bench.run(1)
        return bench.first_paint(2, view.case).clock


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--milliseconds", type=float, default=150)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--runs", type=int, default=1_000)
    options = parser.parse_args()
    frame_of(options.runs)
    found: dict[str, list[float]] = {view.name: [] for view in VIEWS}
    with (
        tempfile.TemporaryDirectory() as folder,
        chromium() as browser,
        Host(Path(folder)) as host,
        slow_link(host.port, options.milliseconds) as port,
    ):
        for _ in range(options.repeats):
            for view in VIEWS:
                found[view.name].append(first_view(host, browser, view, options.runs, port))
    print(f"{options.runs:,} runs, {options.milliseconds:g} ms there and back; ms, medians")
    for name, looks in found.items():
        print(f"{name:>40}{median(looks):8,.0f}   ({min(looks):,.0f} to {max(looks):,.0f})")


if __name__ == "__main__":
    main()
