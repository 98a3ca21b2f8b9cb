"""Takes the pictures of the gallery anew: `python -m docs.pictures`.

Each is of the example above it, so that a picture shows what its code makes. Views are taken in
JupyterLab, with what the page has asked Python for; figures in a page of their own.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import plotly.graph_objects as go
from playwright.sync_api import Browser

from docs.examples import BEGINNING, DOCS, begin, blocks, type_in
from notebooks.execute import few_colours
from tests.support.chromium import chromium
from tests.support.jupyter_host import Host

EXAMPLE = re.compile(
    r"^```python\n(?P<code>.*?)^```$\n\n!\[(?P<words>.*?)\]\((?P<file>.*?)\)",
    re.MULTILINE | re.DOTALL,
)
WINDOW = {"width": 1_540, "height": 1_000}
FIGURE = {"width": 760, "height": 450}
SETTLED = 2_000
"""Milliseconds until a view has drawn itself and what comes later to it."""

PRESSED = {"pictures/two-runs.png": "Compare the two"}
"""The button that is pressed before a picture is taken, as the gallery says above it."""

SET_SOURCE = """(code) => window.jupyterapp.shell.currentWidget.content.widgets[1]
  .model.sharedModel.setSource(code)"""


def examples(part: str) -> Iterator[tuple[str, str]]:
    """Each example under a heading of the gallery with the file of its picture."""
    text = (DOCS / "gallery.md").read_text("utf-8")
    section = text.partition(f"\n## {part}\n")[2].partition("\n## ")[0]
    for found in EXAMPLE.finditer(section):
        yield found["code"], found["file"]


def views(browser: Browser) -> Iterator[tuple[str, bytes]]:
    """A picture of each view, by its file."""
    with tempfile.TemporaryDirectory() as folder, Host(Path(folder)) as host:
        host.write("gallery.ipynb", *blocks(BEGINNING), "")
        with host.open(browser, "gallery.ipynb") as notebook:
            notebook.page.set_viewport_size(WINDOW)
            notebook.command("application:toggle-left-area")
            notebook.run(0)
            for code, file in examples("Views"):
                notebook.page.evaluate(SET_SOURCE, code)
                notebook.run(1)
                view = notebook.cell(1).locator(".arn-root")
                view.wait_for()
                if file in PRESSED:
                    view.get_by_role("button", name=PRESSED[file]).click()
                notebook.page.wait_for_timeout(SETTLED)
                yield file, view.screenshot()


def figures(browser: Browser) -> Iterator[tuple[str, bytes]]:
    """A picture of each figure, by its file."""
    names = begin()
    with names["service"]:
        for code, _ in examples("Views"):
            type_in(code, names)
        for code, file in examples("Figures"):
            yield file, picture_of(browser, type_in(code, names))


def picture_of(browser: Browser, figure: go.Figure) -> bytes:
    """A picture of a figure that answers to nothing."""
    page = browser.new_page(viewport=FIGURE)
    page.set_content(figure.to_html(include_plotlyjs=True, config={"staticPlot": True}))
    page.locator(".main-svg").first.wait_for()
    picture = page.locator(".js-plotly-plot").screenshot()
    page.close()
    return picture


def main() -> None:
    """Takes all pictures, and says how large they are."""
    with chromium() as browser:
        for take in (views, figures):
            for file, picture in take(browser):
                target = DOCS / file
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(few_colours(picture))
                print(f"{file}: {target.stat().st_size / 1_000:,.0f} kB")


if __name__ == "__main__":
    main()
