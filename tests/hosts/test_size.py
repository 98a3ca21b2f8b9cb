"""Data of any size in a real JupyterLab: the page stays alive, small in elements, and bounded in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.jupyter_host import Host, OpenNotebook

IMPORTS = """import json, secrets
import agentrun_nb as arn
from agentrun_nb.local import generate"""
LARGE = {
    "a million keys": (
        "arn.explore_json(json.dumps({f'key {n}': n for n in range(1_000_000)}))",
        "key 999999: 999999",
    ),
    "a hundred thousand levels": (
        "arn.explore_json('[' * 100_000 + ']' * 100_000)",
        "0: […]1 item",
    ),
    "a text of 50 MB": (
        "arn.explore_json(json.dumps({'text': secrets.token_hex(25_000_000)}))",
        "49,980,000 characters are hidden",
    ),
    "a hundred thousand runs": (
        "arn.explore(arn.runs_frame(b'[' + b','.join(generate(100_000, seed=1)) + b']'))",
        "100,000 runs",
    ),
}
"""What is shown, the cell that shows it, and words of the last place in it."""
ELEMENTS, MEMORY = 5_000, 300_000_000


@pytest.fixture(scope="module")
def notebook(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenNotebook]:
    with Host(tmp_path_factory.mktemp("size")) as host:
        name = host.write("size.ipynb", IMPORTS, *(cell for cell, _ in LARGE.values())).name
        with host.open(browser, name) as opened:
            opened.run(0)
            yield opened


@pytest.mark.parametrize("what", LARGE)
def test_a_view_of_much_is_alive_and_small(notebook: OpenNotebook, what: str) -> None:
    cell, words = 1 + list(LARGE).index(what), LARGE[what][1]
    before = notebook.memory()
    notebook.run(cell)
    view = notebook.cell(cell).locator(".arn-root")
    place = view.locator("canvas, [role=tree]").first
    expect(place).to_be_visible(timeout=30_000)
    place.press("End")
    expect(view).to_contain_text(words)
    elements, memory = view.locator("*").count(), notebook.memory() - before
    print(f"\n{what}: {elements:,} elements, {memory:,} bytes")
    assert elements < ELEMENTS
    assert memory < MEMORY
    assert (notebook.errors, notebook.outside) == ([], [])
