"""Tables in the view: words stay whole, columns stand in line, and one Tab stop leads to every cell."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import Opener, Stage
from .scenarios import finished_run, one_document, one_run

WIDTHS = (320, 360, 620, 1000, 1600)
NAMES = (
    "review.md",
    "redline-of-the-whole-contract.docx",
    "figures/quarterly/2023/revenue_by_region.png",
)
PROSE = "the quick brown fox jumps over the lazy dog, and then over the very same dog once more"

BROKEN = """() => {
  const broken = [], walker = document.createTreeWalker(document.querySelector('.arn-outputs'), NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) for (const word of node.data.matchAll(/[^\\s/-]+[/-]*/g)) {
    const range = document.createRange();
    range.setStart(node, word.index);
    range.setEnd(node, word.index + word[0].length);
    if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1) broken.push(word[0]);
  }
  return broken;
}"""
"""The words that stand on more than one line."""

SQUEEZED = """document.querySelectorAll('.arn-outputs *').forEach(({ style }) =>
  Object.assign(style, { whiteSpace: 'normal', overflowWrap: 'anywhere', minWidth: 0, maxWidth: '9ch' }));"""

FIRST_LINES = """() => [...document.querySelectorAll('.arn-outputs tr')].map((row) => [...row.cells].map((cell) => {
  const range = document.createRange(), texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  range.selectNode(texts.nextNode());
  const [{ top, left, right }] = range.getClientRects();
  const { color, fontVariantNumeric: figures } = getComputedStyle(cell.querySelector('button') ?? cell);
  return { top, left, right, color, figures, numbers: cell.className === 'arn-right' };
}))"""
"""Where the first line of each cell's text lies, row by row."""

GRID = """() => {
  const cell = document.activeElement.closest('th, td');
  return cell && [cell.closest('tr').rowIndex, cell.cellIndex];
}"""


def output(name: str, **changes: Any) -> dict[str, Any]:
    known = {
        "name": name,
        "path": f"/workspace/outputs/{name}",
        "configured_path": f"outputs/{name}",
        "access_path": f"/workspace/outputs/{name}",
        "sandbox_id": "sbx_51c0",
        "kind": "file",
        "status": "available",
        "size_bytes": 48213,
    }
    return {**known, **changes}


def shown(open_stage: Opener, *outputs: dict[str, Any], **how: Any) -> Stage:
    """A run with these outputs, and the tab with their table."""
    stage = open_stage(one_run(finished_run(outputs=list(outputs))), **how)
    stage.open_tab("Outputs")
    # What the overview shows of them is another table.
    stage.page.locator("[role=tabpanel][hidden]").evaluate_all(
        "(all) => all.map((one) => one.replaceChildren())"
    )
    return stage


def headings(stage: Stage) -> list[str]:
    return stage.page.locator(".arn-outputs").first.locator("thead th").all_inner_texts()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_word_is_broken_at_any_width(open_stage: Opener, width: int) -> None:
    stage = shown(
        open_stage, *map(output, NAMES), output("sum", kind=PROSE, status="f" * 60), width=width
    )
    assert stage.page.evaluate(BROKEN) == []
    assert stage.page.evaluate("() => document.documentElement.scrollWidth") <= width
    stage.page.evaluate(SQUEEZED)
    assert stage.page.evaluate(BROKEN) != [], "the control"


def test_on_paper_the_table_fits_and_what_can_be_pressed_is_gone(open_stage: Opener) -> None:
    """Paper does not scroll: 718 pixels are the width of A4 without its margins."""
    stage = shown(open_stage, *map(output, NAMES), width=718)
    place = stage.page.get_by_role("button", name="outputs[0]")
    assert place.is_visible()
    stage.page.emulate_media(media="print")
    assert stage.page.evaluate(BROKEN) == []
    assert stage.page.locator(".arn-outputs").bounding_box()["width"] <= 718  # type: ignore[index]
    assert not place.is_visible()
    assert not stage.page.get_by_role("toolbar").first.is_visible()
    stage.page.emulate_media(media="screen")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_cells_stand_in_line(open_stage: Opener, width: int, scheme: str) -> None:
    """In a row by their first lines, in a column by their left edges, numbers by their right ones."""
    stage = shown(
        open_stage, *map(output, NAMES), output("b", size_bytes=7), width=width, scheme=scheme
    )
    rows = stage.page.evaluate(FIRST_LINES)
    for row in rows:
        assert max(cell["top"] for cell in row) - min(cell["top"] for cell in row) <= 1
    columns = list(zip(*rows, strict=True))
    assert [column[0]["numbers"] for column in columns] == [
        False,
        False,
        False,
        True,
        False,
        False,
        False,
    ]
    for column in columns:
        edges = [cell["right" if cell["numbers"] else "left"] for cell in column]
        assert max(edges) - min(edges) <= 1
        assert not column[0]["numbers"] or column[1]["figures"] == "tabular-nums"
    assert len({cell["color"] for cell in rows[0]}) == 1, (
        "headings look the same, whether they sort or not"
    )


def test_a_column_that_only_repeats_or_serves_the_machine_is_left_to_the_tree(
    open_stage: Opener,
) -> None:
    plain = ["Name", "Kind", "Status", "Size", "In manifest", "Path"]
    assert headings(shown(open_stage, output("a"), output("b"))) == [
        *plain,
        "Configured path",
    ]
    same = shown(
        open_stage,
        output("a", configured_path="p", path="p"),
        output("b", configured_path=None, path=None),
    )
    assert headings(same) == [*plain, "Access path"]
    apart = shown(
        open_stage, output("a", sandbox_id="sbx_1"), output("b", access_path="/elsewhere/b")
    )
    assert headings(apart) == [*plain, "Configured path", "Access path", "Sandbox"]


def test_a_column_of_numbers_stands_at_the_right_and_null_is_no_word(open_stage: Opener) -> None:
    items = [
        {"n": 10, "word": "null", "mixed": 1},
        {"n": None, "word": None, "mixed": "1"},
        {"n": 0.25},
    ]
    stage = open_stage(one_document(json.dumps({"items": items}), path="items"))
    stage.page.get_by_role("button", name="Table", exact=True).click()
    assert stage.page.locator(".arn-outputs thead .arn-right").all_inner_texts() == ["#", "n"]
    assert stage.page.locator(".arn-outputs td:nth-child(3) .arn-quiet").all_inner_texts() == [
        "null",
        "not there",
    ]


def test_short_names_stay_in_sight_while_the_table_scrolls_under_them(open_stage: Opener) -> None:
    stage = shown(open_stage, output("review.md"), output("notes.txt"), width=360)
    left = lambda cell: stage.page.locator(f".arn-outputs tbody {cell}").first.bounding_box()["x"]  # type: ignore[index]  # noqa: E731
    before = left("th"), left("td")
    stage.page.locator(".arn-scroll").evaluate("(scroller) => (scroller.scrollLeft = 200)")
    assert (left("th"), left("td")) == (pytest.approx(before[0], abs=4), before[1] - 200)


def test_the_names_never_cover_the_cell_that_has_the_focus(open_stage: Opener) -> None:
    stage = shown(open_stage, output("review.md"), output("notes.txt"), width=360)
    stage.page.get_by_role("button", name="review.md").focus()
    free = """() => document.activeElement.getBoundingClientRect().left
      - document.querySelector('.arn-outputs th').getBoundingClientRect().right"""
    for key, steps in {"ArrowRight": 6, "ArrowLeft": 5}.items():
        for _ in range(steps):
            stage.page.keyboard.press(key)
            assert stage.page.evaluate(free) >= 0


def test_a_table_is_one_tab_stop_and_arrows_lead_to_every_cell(open_stage: Opener) -> None:
    """The grid pattern: a cell that holds a button hands the focus to it, so that Enter presses it."""
    stage = shown(open_stage, *map(output, NAMES))
    press = stage.page.keyboard.press
    at = lambda: stage.page.evaluate(GRID)  # noqa: E731
    assert stage.page.locator(".arn-outputs [tabindex='0']").count() == 1
    stage.page.get_by_role("button", name="Exact bytes").focus()
    press("Tab")
    assert at() == [0, 0]
    assert (
        stage.page.locator(
            ".arn-outputs td:not(:has(button)):not([data-lm-suppress-shortcuts])"
        ).count()
        == 0
    )
    walk = {
        "ArrowUp": [0, 0],
        "ArrowLeft": [0, 0],
        "End": [0, 6],
        "ArrowRight": [0, 6],
        "ArrowDown": [1, 6],
        "Home": [1, 0],
    }
    for key, cell in walk.items():
        press(key)
        assert (key, at()) == (key, cell)
    press("Enter")
    assert stage.page.locator(".arn-preview:visible").count() == 1
    for _ in range(9):
        press("ArrowDown")
    assert at() == [3, 0]
    press("Tab")
    assert at() is None
    press("Shift+Tab")
    assert at() == [3, 0], "Tab comes back to where it left"
    assert stage.page.locator(".arn-outputs [tabindex='0']").count() == 1


def test_sorting_keeps_the_focus_and_the_one_stop(open_stage: Opener) -> None:
    stage = shown(open_stage, *map(output, NAMES))
    stage.page.get_by_role("button", name="Size").press("Enter")
    assert stage.page.evaluate(GRID) == [0, 3]
    stage.page.keyboard.press("ArrowDown")
    assert stage.page.evaluate(GRID) == [1, 3]
    stage.page.get_by_role("button", name="Exact bytes").click()
    assert stage.page.locator(".arn-outputs [tabindex='0']").count() == 1


def test_the_last_rows_that_are_shown_get_the_focus_of_the_button_that_goes(
    open_stage: Opener,
) -> None:
    stage = shown(open_stage, *(output(f"{number}.txt") for number in range(110)))
    for row in (0, 101):
        stage.page.get_by_role("button", name="Show more").press("Enter")
        assert (stage.page.evaluate(GRID) or [0])[0] == row


def test_the_arrow_of_the_column_that_sorts_stands_out(open_stage: Opener) -> None:
    stage = shown(open_stage, *map(output, NAMES))
    colour = lambda: stage.page.evaluate(  # noqa: E731
        "() => getComputedStyle(document.querySelector('.arn-sort'), '::after').color"
    )
    before = colour()
    stage.page.get_by_role("button", name="Name").click()
    assert colour() != before
