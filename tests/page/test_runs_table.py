"""The table of many runs: rows in their order, columns, the selection, the keys of a grid, hostile text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

import agentrun_nb as arn
from agentrun_nb.widget import explore, traits
from tests.support.samples import record, records

from .conftest import Opener, Stage
from .scenarios import Scenario, finished_run, many_runs, one_run
from .test_page_safety import PAYLOADS, assert_harmless, watched

MANY = 3_000
SEEN = """() => {
  const grid = document.querySelector('.arn-grid');
  const head = grid.querySelector('.arn-grid-head').getBoundingClientRect();
  const box = grid.getBoundingClientRect();
  return [...grid.querySelectorAll('.arn-grid-row:not(.arn-outofsight)')].filter((row) => {
    const {top, bottom} = row.getBoundingClientRect();
    return top >= head.bottom - 1 && bottom <= box.bottom + 1;
  }).sort((a, b) => a.ariaRowIndex - b.ariaRowIndex).map((row) => [Number(row.ariaRowIndex), row.innerText]);
}"""
"""The rows that are in sight, whole: which of all rows each is, and its text."""

ACTIVE = """() => {
  const grid = document.querySelector('.arn-grid');
  const cell = document.getElementById(grid.getAttribute('aria-activedescendant'));
  return cell && [Number(cell.parentElement.ariaRowIndex), Number(cell.ariaColIndex)];
}"""
"""The row and column that the keyboard is at, counted from 1 with the head."""


def stage_of(view: Any, open_stage: Opener, *, width: int = 1_240, **how: Any) -> Stage:
    """The page of a real view, at its table."""
    page, buffers = view._page()
    traits = {"tz": "UTC", "selected": [], "path": ""}
    stage = open_stage(Scenario(page, buffers, traits=traits), width=width, **how)
    stage.page.get_by_role("button", name="Table", exact=True).click()
    stage.page.locator(".arn-grid-row").first.wait_for()
    return stage


def grid(stage: Stage) -> Locator:
    return stage.page.get_by_test_id("arn-table")


def head(stage: Stage, name: str) -> Locator:
    return stage.page.get_by_role("columnheader", name=name)


def seen(stage: Stage) -> list[str]:
    """The texts of the rows in sight, from top to bottom."""
    return [text for _, text in stage.page.evaluate(SEEN)]


def column(stage: Stage, place: int) -> list[str]:
    """The texts of a column of the rows that are mounted, from top to bottom; 1 is the first."""
    cells = f".arn-grid-row:not(.arn-outofsight) > :nth-child({place})"
    return stage.page.locator(cells).all_inner_texts()


def run(number: int, **changes: Any) -> dict[str, Any]:
    return record(number, **changes)


def frame(*runs: dict[str, Any]) -> Any:
    return arn.runs_frame(json.dumps(runs).encode())


def test_the_newest_come_first_and_a_click_sorts_one_way_then_the_other_then_no_more(
    open_stage: Opener,
) -> None:
    stage = stage_of(explore(frame(*records(40))), open_stage)
    newest = seen(stage)
    assert "00000027" in newest[0]
    after = head(stage, "after start")
    assert after.get_attribute("aria-sort") == "none"
    found = []
    for _ in range(3):
        after.click()
        found.append((after.get_attribute("aria-sort"), stage.trait("sort")))
    assert found == [
        ("descending", "-after_start"),
        ("ascending", "after_start"),
        ("none", None),
    ]
    assert seen(stage) == newest
    assert head(stage, "age").get_attribute("aria-sort") == "descending"


LENGTHS = {"00000000": 5, "00000001": None, "00000002": 900, "00000003": 60}


@pytest.mark.parametrize("clicks", [1, 2])
def test_what_has_no_value_comes_last_both_ways(open_stage: Opener, clicks: int) -> None:
    runs = [
        run(
            number,
            created_at="2026-11-20T08:00:00Z",
            started_at="2026-11-20T08:00:01Z",
            completed_at=seconds
            and f"2026-11-20T08:{(seconds + 1) // 60:02}:{(seconds + 1) % 60:02}Z",
        )
        for number, seconds in enumerate(LENGTHS.values())
    ]
    stage = stage_of(explore(frame(*runs)), open_stage)
    for _ in range(clicks):
        head(stage, "after start").click()
    found = [next(name for name in LENGTHS if name in text) for text in seen(stage)]
    known = ["00000002", "00000003", "00000000"]
    assert found == [*(known if clicks == 1 else reversed(known)), "00000001"]


def test_all_rows_are_counted_although_few_are_elements(open_stage: Opener) -> None:
    stage = stage_of(explore(frame(*records(MANY))), open_stage)
    table = grid(stage)
    assert table.get_attribute("aria-rowcount") == str(MANY + 1)
    assert table.locator(".arn-grid-row").count() < 60
    first = [index for index, _ in stage.page.evaluate(SEEN)]
    assert first == [*range(2, len(first) + 2)]
    table.focus()
    stage.page.keyboard.press("Control+End")
    last = [index for index, _ in stage.page.evaluate(SEEN)]
    assert last[-1] == MANY + 1
    assert "00000000" in seen(stage)[-1]
    assert table.locator(".arn-grid-row").count() < 60


def test_click_ctrl_and_shift_choose_as_everywhere(open_stage: Opener) -> None:
    stage = stage_of(explore(frame(*records(40))), open_stage)
    rows = stage.page.locator(".arn-grid-row")
    ids = lambda: [key[1][-2:] for key in stage.trait("selected")]  # noqa: E731
    rows.nth(2).click()
    assert ids() == ["25"]
    rows.nth(4).click(modifiers=["Shift"])
    assert ids() == ["25", "24", "23"]
    rows.nth(3).click(modifiers=["Control"])
    assert ids() == ["25", "23"]
    rows.nth(7).click(modifiers=["Control"])
    assert ids() == ["25", "23", "20"]
    chosen = stage.page.locator(".arn-grid-row[aria-selected=true]")
    assert chosen.count() == 3
    grid(stage).press("Escape")
    assert ids() == []
    assert chosen.count() == 0


def test_what_is_chosen_elsewhere_is_chosen_here_and_in_sight(open_stage: Opener) -> None:
    view = explore(frame(*records(MANY)))
    stage = stage_of(view, open_stage)
    key = [records(1)[0]["deployment_id"], records(1)[0]["id"]]
    stage.set_trait("selected", [key])
    assert any(key[1][-8:] in text for text in seen(stage))
    for name in ("exit", "after start", "age", "run"):
        head(stage, name).click()
        assert any(key[1][-8:] in text for text in seen(stage)), f"sorted by {name}"


def test_one_tab_stop_and_the_keys_of_a_grid(open_stage: Opener) -> None:
    stage = stage_of(explore(frame(*records(MANY))), open_stage)
    table = grid(stage)
    assert table.evaluate("(grid) => grid.querySelectorAll('[tabindex=\"0\"]').length") == 0
    table.focus()
    at = lambda: stage.page.evaluate(ACTIVE)  # noqa: E731
    page = len(stage.page.evaluate(SEEN))
    width = int(table.get_attribute("aria-colcount") or 0)
    walk = [
        ("ArrowDown", [3, 2]),
        ("ArrowRight", [3, 3]),
        ("End", [3, width]),
        ("ArrowRight", [3, width]),
        ("Home", [3, 1]),
        ("ArrowLeft", [3, 1]),
        ("Control+End", [MANY + 1, width]),
        ("ArrowDown", [MANY + 1, width]),
        ("Control+Home", [2, 1]),
        ("ArrowUp", [1, 1]),
        ("ArrowUp", [1, 1]),
        ("PageDown", None),
    ]
    for key, expected in walk:
        stage.page.keyboard.press(key)
        if expected:
            assert (key, at()) == (key, expected)
    assert abs(at()[0] - 1 - page) <= 1
    stage.page.keyboard.press("Enter")
    assert stage.page.locator(".arn-grid-row[aria-selected=true]").count() == 1
    stage.page.keyboard.press("Shift+ArrowDown")
    assert stage.page.locator(".arn-grid-row[aria-selected=true]").count() == 2
    assert table.evaluate("(grid) => grid === document.activeElement")


def test_a_program_sorts_too(open_stage: Opener) -> None:
    stage = stage_of(explore(frame(*records(40))), open_stage)
    stage.set_trait("sort", "created_at")
    assert "00000000" in seen(stage)[0]
    assert head(stage, "age").get_attribute("aria-sort") == "ascending"


def test_enter_on_a_head_sorts(open_stage: Opener) -> None:
    stage = stage_of(explore(frame(*records(40))), open_stage)
    grid(stage).focus()
    for key in ("ArrowUp", "ArrowRight", "ArrowRight", "Enter"):
        stage.page.keyboard.press(key)
    assert head(stage, "before start").get_attribute("aria-sort") == "descending"


ENTRY = "entrypoint failed with exit code 1: "


def test_of_a_reason_the_part_that_tells_it_apart_is_shown(open_stage: Opener) -> None:
    reasons = [f"{ENTRY}KeyError: 'a'", f"{ENTRY}OSError: full", "install failed: no pip", None]
    runs = [run(number, failure_reason=reason) for number, reason in enumerate(reasons)]
    stage = stage_of(explore(frame(*runs)), open_stage)
    assert column(stage, 7) == ["", "install failed: no pip", "… OSError: full", "… KeyError: 'a'"]


def test_names_stand_before_short_ids(open_stage: Opener) -> None:
    runs = frame(*records(4))
    stage = stage_of(explore(runs, names={"agver_1": "report v1"}), open_stage)
    found = [" ".join(text.split()) for text in column(stage, 2)]
    assert found[1] == "report v1 00000002"
    assert found[0] == "agdep_reviews 00000003", "where no name is known, the id of its deployment"


@pytest.mark.parametrize("width", [520, 820, 1_240, 1_600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_heads_stand_over_their_cells_and_nothing_leaves_its_place(
    open_stage: Opener, width: int, scheme: str
) -> None:
    stage = stage_of(explore(frame(*records(60))), open_stage, width=width, scheme=scheme)
    edges = stage.page.evaluate(
        """() => ['.arn-grid-head', '.arn-grid-row'].map((row) =>
          [...document.querySelector(row).children].map((cell) => Math.round(cell.getBoundingClientRect().left)))"""
    )
    assert edges[0] == edges[1]
    assert stage.page.evaluate("() => document.documentElement.scrollWidth") <= width
    grid(stage).evaluate("(grid) => (grid.scrollLeft = grid.scrollWidth)")
    cut = stage.page.evaluate(
        """() => [...document.querySelectorAll('.arn-grid-head > *')]
          .filter((cell) => cell.scrollWidth > cell.clientWidth + 1).map((cell) => cell.innerText)"""
    )
    assert cut == [], "heads are read whole"


def test_hostile_text_is_text(open_stage: Opener) -> None:
    runs = [
        run(
            number,
            id=f"{text}_{number}",
            deployment_id=text,
            version_id=text,
            status=text,
            failure_reason=text,
            completed_at=None,
        )
        for number, text in enumerate(PAYLOADS)
    ]
    view = explore(frame(*runs), names={text: f"{text} {text}" for text in PAYLOADS})
    stage = stage_of(view, open_stage)
    watched(stage)
    stage.page.get_by_role("button", name="Table", exact=True).click()
    for name in ("run", "reason", "after start"):
        head(stage, name).click()
    for row in stage.page.locator(".arn-grid-row").all()[:8]:
        row.click(force=True)
    expect(stage.page.locator(".arn-grid-row").first).to_be_visible()
    assert_harmless(stage, PAYLOADS)


def test_a_table_that_was_not_looked_at_shows_what_has_changed(open_stage: Opener) -> None:
    stage = stage_of(explore(frame(*records(40))), open_stage)
    stage.page.get_by_role("button", name="Timeline", exact=True).click()
    stage.page.get_by_test_id("arn-wb-statuses").get_by_role("button", name="failed").click()
    stage.page.get_by_role("button", name="Table", exact=True).click()
    failed = sum(made["status"] == "failed" for made in records(40))
    expect(grid(stage)).to_have_attribute("aria-rowcount", str(failed + 1))


MANIFESTS: list[dict[str, Any]] = [
    {"score": 2**60 + 1, "outputs": [{"size": 1}, {"size": 2}]},
    {"score": 7, "outputs": [{"size": 3}]},
    {"score": None, "outputs": []},
    {},
]


COLUMNS = {
    f"output_manifest.{key}": [json.dumps(made[key]) if key in made else None for made in MANIFESTS]
    for key in ("score", "outputs")
}
"""The JSON texts that a kernel would give for each path."""

ANSWER_COLUMNS = """(columns) => {
  const {model} = window.stage, answer = model.answer.bind(model);
  model.answer = (message) => {
    if (message.op !== 'column') return answer(message);
    const values = columns[message.path];
    if (!values) return model.emit('msg:custom', {id: message.id, ok: false, error: 'No run has that.'}, []);
    const bytes = new TextEncoder().encode(JSON.stringify(values));
    model.emit('msg:custom', {id: message.id, ok: true, values: {buffer: 0, gzip: false}}, [new DataView(bytes.buffer)]);
  };
}"""


def with_manifests(open_stage: Opener, **how: Any) -> Stage:
    """A page whose kernel knows some columns, with the first run chosen."""
    runs = frame(*(run(number, output_manifest=made) for number, made in enumerate(MANIFESTS)))
    stage = stage_of(explore(runs), open_stage, **how)
    stage.page.evaluate(ANSWER_COLUMNS, COLUMNS)
    stage.page.locator(".arn-grid-row").last.click()
    return stage


def test_columns_come_from_the_program_and_are_removed_at_their_head(open_stage: Opener) -> None:
    stage = with_manifests(open_stage)
    stage.set_trait("columns", ["output_manifest.score"])
    expect(head(stage, "score")).to_be_visible()
    expect(stage.page.locator(".arn-grid-row > :nth-child(8)").last).not_to_have_text("…")
    assert column(stage, 8) == ["", "null", "7", "1152921504606846977"]
    stage.set_trait("sort", "-output_manifest.score")
    assert column(stage, 8) == ["1152921504606846977", "7", "", "null"]
    aligned = "(cell) => getComputedStyle(cell).textAlign"
    assert stage.page.locator(".arn-grid-row > :nth-child(8)").first.evaluate(aligned) == "right"
    head(stage, "score").get_by_role("button", name="Remove this column").click()
    assert (stage.trait("columns"), stage.trait("sort")) == ([], None)
    expect(head(stage, "score")).to_have_count(0)


IS_IN_SIGHT = """(cell) => {
  const grid = cell.closest('.arn-grid').getBoundingClientRect(), own = cell.getBoundingClientRect();
  return own.left >= grid.left && own.right <= grid.right + 1;
}"""


def assert_in_sight(stage: Stage, name: str) -> None:
    assert head(stage, name).evaluate(IS_IN_SIGHT), f"{name} is in sight"


@pytest.mark.parametrize("added", ["before the table", "with the table", "beside the table"])
def test_columns_of_ones_own_are_in_sight_with_their_values(open_stage: Opener, added: str) -> None:
    runs = frame(*(run(number, output_manifest=made) for number, made in enumerate(MANIFESTS)))
    page, buffers = explore(runs)._page()
    traits = {"tz": "UTC", "selected": [], "path": ""}
    stage = open_stage(Scenario(page, buffers, traits=traits), width=700)
    values = [json.dumps("a long text " * 9)] * len(MANIFESTS)
    stage.page.evaluate(ANSWER_COLUMNS, {**COLUMNS, "output_manifest.text": values})

    def show(view: str) -> None:
        stage.page.get_by_role("button", name=view, exact=True).click()

    if added != "before the table":
        show("Table")
    if added == "beside the table":
        show("Timeline")
    stage.set_trait("columns", ["output_manifest.score", "output_manifest.text"])
    show("Table")
    expect(stage.page.locator(".arn-grid-row > :nth-child(9)").first).to_contain_text("a long text")
    assert_in_sight(stage, "score")
    assert_in_sight(stage, "text")


def test_delete_removes_the_column_that_the_keyboard_is_at(open_stage: Opener) -> None:
    stage = with_manifests(open_stage)
    stage.set_trait("columns", ["output_manifest.score"])
    grid(stage).focus()
    for key in ("Control+Home", "End", "ArrowUp", "Delete"):
        stage.page.keyboard.press(key)
    assert stage.trait("columns") == []
    grid(stage).press("Delete")
    assert head(stage, "reason").count() == 1, "the columns of all runs stay"


def test_a_column_that_cannot_be_had_says_why(open_stage: Opener) -> None:
    stage = with_manifests(open_stage)
    stage.set_trait("columns", ["output_manifest.nothing"])
    warning = stage.page.locator(".arn-table p.arn-warning")
    expect(warning).to_have_text("output_manifest.nothing: No run has that.")


def test_a_leaf_becomes_a_column_with_its_line_of_python(open_stage: Opener) -> None:
    runs = [
        finished_run(id=f"adrun_{number}", output_manifest=json.dumps(made))
        for number, made in enumerate(MANIFESTS)
    ]
    stage = open_stage(many_runs(runs, selected=[["adep_csv_report", "adrun_0"]]), width=1_240)
    stage.page.evaluate(ANSWER_COLUMNS, COLUMNS)
    stage.page.get_by_role("tab", name="Manifest").click()
    stage.page.locator(".arn-row", has_text="score").first.click()
    stage.page.get_by_role("button", name="Column", exact=True).click()
    assert stage.trait("columns") == ["output_manifest.score"]
    line = "arn.extract(runs, 'output_manifest.score')"
    expect(stage.page.locator("code", has_text=line)).to_be_visible()
    stage.page.get_by_role("button", name="Copy the line that extracts it").click()
    assert stage.page.evaluate("() => navigator.clipboard.readText()") == line


@pytest.mark.parametrize("place", ["score", "outputs"])
def test_the_row_under_the_pointer_becomes_a_column_and_the_table_shows_it(
    open_stage: Opener, place: str
) -> None:
    runs = [
        finished_run(id=f"adrun_{number}", output_manifest=json.dumps(made))
        for number, made in enumerate(MANIFESTS)
    ]
    stage = open_stage(many_runs(runs, selected=[["adep_csv_report", "adrun_0"]]), width=1_240)
    stage.page.evaluate(ANSWER_COLUMNS, COLUMNS)
    stage.page.get_by_role("tab", name="Manifest").click()
    row = stage.page.locator(".arn-row", has=stage.page.locator(f"text='{place}'")).first
    row.hover()
    row.locator(".arn-on-row").click()
    path = f"output_manifest.{place}"
    assert (stage.trait("columns"), stage.trait("view")) == ([path], "table")
    expect(grid(stage)).to_be_visible()
    expect(stage.page.locator("code", has_text=f"arn.extract(runs, '{path}')")).to_be_visible()
    stage.page.locator(".arn-row").first.hover()
    stage.page.get_by_test_id("arn-wb-sentence").hover()
    expect(stage.page.locator(".arn-on-row")).to_have_count(0)


@pytest.mark.parametrize(
    ("choice", "path"),
    [
        ("output_manifest.outputs[1].size", "output_manifest.outputs[1].size"),
        ("output_manifest.outputs[*].size", "output_manifest.outputs[*].size"),
    ],
)
def test_a_path_through_a_list_is_asked_for_one_item_or_all(
    open_stage: Opener, choice: str, path: str
) -> None:
    made = finished_run(output_manifest=json.dumps(MANIFESTS[0]))
    key = [made["fields"]["deployment_id"], made["fields"]["id"]]
    other = finished_run(id="adrun_other")
    stage = open_stage(many_runs([made, other], selected=[key]), width=1_240)
    stage.page.get_by_role("tab", name="Manifest").click()
    stage.page.get_by_role("button", name="Expand all").click()
    stage.page.locator(".arn-row", has_text="size").nth(1).click()
    stage.page.get_by_role("button", name="Column", exact=True).click()
    assert stage.trait("columns") in (None, [])
    stage.page.get_by_role("button", name=choice, exact=True).click()
    assert stage.trait("columns") == [path]


def test_one_column_too_many_is_refused_at_the_button(open_stage: Opener) -> None:
    made = finished_run(output_manifest=json.dumps(MANIFESTS[0]))
    key = [made["fields"]["deployment_id"], made["fields"]["id"]]
    columns = [f"input.key{n}" for n in range(traits.MOST_COLUMNS)]
    scenario = many_runs([made, finished_run(id="a")], selected=[key], columns=columns)
    stage = open_stage(scenario, width=1_240)
    stage.page.get_by_role("tab", name="Manifest").click()
    stage.page.locator(".arn-row", has_text="score").first.click()
    stage.page.get_by_role("button", name="Column", exact=True).click()
    refusal = stage.page.locator(".arn-section .arn-warning")
    expect(refusal).to_contain_text("has 20 columns from documents")
    assert stage.trait("columns") == columns
    # The line that extracts it needs no column.
    expect(stage.page.locator("code", has_text="arn.extract")).to_be_visible()
    stage.set_trait("columns", columns[1:])
    stage.page.get_by_role("button", name="Column", exact=True).click()
    expect(refusal).to_have_count(0)
    assert stage.trait("columns") == [*columns[1:], "output_manifest.score"]


def test_one_run_alone_has_no_columns_to_make(open_stage: Opener) -> None:
    stage = open_stage(one_run(finished_run()))
    stage.page.get_by_role("tab", name="Manifest").click()
    stage.page.locator(".arn-row").nth(1).click()
    expect(stage.page.get_by_role("button", name="Copy path")).to_be_visible()
    expect(stage.page.get_by_role("button", name="Column", exact=True)).to_have_count(0)
    stage.page.locator(".arn-row").nth(1).hover()
    expect(stage.page.locator(".arn-on-row")).to_have_count(0)


def test_in_a_file_columns_come_from_the_documents_that_it_holds(open_stage: Opener) -> None:
    runs = [
        finished_run(id=f"adrun_{number}", output_manifest=json.dumps(made))
        for number, made in enumerate(MANIFESTS)
    ]
    path = "output_manifest.outputs[*].size"
    stage = open_stage(many_runs(runs, view="table", columns=[path], sort=f"-{path}"), width=1_240)
    stage.page.evaluate("() => { window.stage.unmount(); window.stage.mountOffline(); }")
    expect(stage.page.locator(".arn-grid-row > :nth-child(8)").first).to_have_text("[]")
    assert column(stage, 8) == ["[]", "[3]", "[1,2]", ""]


def test_in_a_narrow_file_columns_of_ones_own_are_in_sight(open_stage: Opener) -> None:
    runs = [finished_run(id="adrun_0", output_manifest='{"size": 3}')]
    columns = ["output_manifest.size"]
    stage = open_stage(many_runs(runs, view="table", columns=columns), width=600)
    stage.page.evaluate("() => { window.stage.unmount(); window.stage.mountOffline(); }")
    expect(stage.page.locator(".arn-grid-row > :nth-child(8)").first).to_have_text("3")
    assert_in_sight(stage, "size")
