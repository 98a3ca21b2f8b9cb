"""The tree of a document: exact, searchable, walkable, and as small on the page as its window."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from .conftest import Opener, Stage
from .scenarios import finished_run, one_document, one_run

DOCUMENT = (
    '{"outputs": [{"size_bytes": 9007199254740993, "key with . or space": 1.10}], '
    '"__proto__": {"polluted": 1}, "": NaN, "a": 1, "a": 2}'
)


def search(stage: Stage, query: str, said: str) -> None:
    stage.page.locator(".arn-search").fill(query)
    expect(stage.page.locator(".arn-hits")).to_have_text(said)


def press(stage: Stage, *keys: str) -> str:
    stage.page.locator(".arn-tree").focus()
    for key in keys:
        stage.page.keyboard.press(key)
    return stage.page.locator(".arn-active").inner_text()


def test_scalars_are_shown_as_the_source_has_them(open_stage: Opener) -> None:
    stage = open_stage(one_document(DOCUMENT))
    assert stage.rows() == [
        "document: {…}5 keys",
        "outputs: […]1 item",
        "0: {…}2 keys",
        "size_bytes: 9007199254740993",
        "key with . or space: 1.10",
        "__proto__: {…}1 key",
        "polluted: 1",
        '"": NaNnot JSON',
        "a: 1repeated key",
        "a: 2repeated key",
    ]
    assert stage.page.evaluate("() => ({}).polluted") is None


def test_paths_and_values_are_copied_exactly(open_stage: Opener) -> None:
    stage = open_stage(one_document(DOCUMENT))
    stage.page.get_by_text("key with . or space").click()
    assert stage.trait("path") == 'outputs[0]["key with . or space"]'
    forms = {
        "Copy path": 'outputs[0]["key with . or space"]',
        "Copy as Python": "value = document['outputs'][0]['key with . or space']",
        "Copy as JSON Pointer": "/outputs/0/key with . or space",
        "Copy value": "1.10",
    }
    for name, text in forms.items():
        button = stage.page.get_by_role("button", name=name)
        button.click()
        expect(button).to_have_text("Copied")
        assert stage.page.evaluate("() => navigator.clipboard.readText()") == text


def test_a_path_set_in_the_kernel_opens_the_way(open_stage: Opener) -> None:
    stage = open_stage(one_run(finished_run(), path="output_manifest.steps[11].messages[1]"))
    assert stage.page.locator(".arn-active").inner_text() == '1: "checked"'
    assert stage.shown_tab() == "Manifest"
    stage.set_trait("path", "input.limit")
    assert stage.shown_tab() == "Input"
    assert stage.page.locator(".arn-active").last.inner_text() == "limit: 9007199254740993"
    stage.set_trait("path", "input.no.such")
    assert stage.page.locator(".arn-active").last.inner_text() == "limit: 9007199254740993"


def test_search_counts_opens_the_way_and_goes_round(open_stage: Opener) -> None:
    stage = open_stage(one_run(finished_run()))
    stage.open_tab("Manifest")
    search(stage, "CHECKED", "1 of 12")
    assert stage.trait("path") == "output_manifest.steps[0].messages[1]"
    stage.page.get_by_role("button", name="Previous match").click()
    assert stage.page.locator(".arn-hits").inner_text() == "12 of 12"
    stage.page.get_by_role("button", name="Next match").click()
    stage.page.locator(".arn-search").press("Enter")
    assert stage.page.locator(".arn-hits").inner_text() == "2 of 12"
    assert stage.page.locator(".arn-active").inner_text() == '1: "checked"'
    search(stage, "no such words", "no match")


def test_expand_all_and_collapse_all(open_stage: Opener) -> None:
    stage = open_stage(one_run(finished_run()))
    stage.open_tab("Manifest")
    closed = len(stage.rows())
    stage.page.get_by_role("button", name="Expand all").click()
    assert len(stage.rows()) > closed
    stage.page.get_by_role("button", name="Collapse all").click()
    assert stage.rows() == ["output_manifest: {…}3 keys"]
    stage.page.locator(".arn-twisty").click()
    assert len(stage.rows()) == closed
    stage.page.get_by_text("summary").dblclick()
    assert "rows: 10412" in stage.rows()


def test_the_keyboard_does_what_the_tree_pattern_says(open_stage: Opener) -> None:
    stage = open_stage(one_run(finished_run()))
    stage.open_tab("Manifest")
    assert press(stage, "ArrowDown") == "outputs: […]3 items"
    assert press(stage, "ArrowRight", "ArrowRight") == "0: {…}6 keys"
    assert press(stage, "ArrowLeft") == "outputs: […]3 items"
    assert press(stage, "ArrowLeft", "End") == "steps: […]12 items"
    assert press(stage, "*", "ArrowDown") == "0: {…}3 keys"
    assert press(stage, "Enter", "ArrowDown") == 'name: "step 0"'
    assert press(stage, "Home") == "output_manifest: {…}3 keys"
    assert press(stage, "PageDown") != press(stage, "PageUp") == "output_manifest: {…}3 keys"
    stage.page.keyboard.press("Tab")
    assert stage.page.evaluate("() => document.activeElement.textContent") == "Copy path"


def test_the_tree_tells_a_screen_reader_where_it_is(open_stage: Opener) -> None:
    stage = open_stage(one_document(json.dumps([list(range(500))])))
    press(stage, "ArrowDown", "ArrowRight", "End")
    tree = stage.page.locator("[role=tree]")
    assert tree.get_attribute("data-lm-suppress-shortcuts") == "true"
    active = stage.page.locator(f"#{tree.get_attribute('aria-activedescendant')}")
    told = [
        active.get_attribute(f"aria-{name}")
        for name in ("level", "posinset", "setsize", "expanded", "selected")
    ]
    assert told == ["3", "500", "500", None, "true"]
    tree.evaluate("(tree) => (tree.scrollTop = 0)")
    stage.page.get_by_text("document", exact=True).wait_for()
    assert active.count() == 1, "the active row stays mounted out of sight"
    assert active.bounding_box()["height"] <= 1  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a": [1, 2,, 3]}', "a value is missing (line 1, character 13)"),
        ('{\n "a": 1\n "b"', "a comma or a closing bracket is missing (line 3, character 2)"),
        ("", "line 1, character 1"),
    ],
)
def test_broken_json_is_shown_as_text_with_the_place_of_the_error(
    open_stage: Opener, text: str, place: str
) -> None:
    stage = open_stage(one_document(text))
    assert place in stage.text()
    assert stage.page.locator("pre").inner_text() == text


def test_long_strings_are_clipped_and_seen_whole_on_demand(open_stage: Opener) -> None:
    stage = open_stage(one_document(json.dumps({"long": "x" * 50_000})))
    assert stage.rows()[1].endswith("49,700 more characters")
    stage.page.get_by_text("long").click()
    assert "string, 50,000 characters" in stage.text()
    for hidden in ("30,000", "10,000"):
        stage.page.get_by_role("button", name=f"{hidden} characters are hidden").click()
    assert len(stage.page.locator("pre").inner_text()) == 50_000


def test_depth_of_a_hundred_thousand_is_walked_like_any_other(open_stage: Opener) -> None:
    depth = 100_000
    stage = open_stage(one_document("[" * depth + "]" * depth))
    stage.page.get_by_role("button", name="Expand all").click()
    assert press(stage, "End") == "level 100,0000: [ ]"
    assert stage.page.locator(".arn-active").get_attribute("aria-level") == str(depth)


def test_a_million_nodes_are_a_few_rows(open_stage: Opener) -> None:
    stage = open_stage(one_document(json.dumps([{"i": n, "v": [n, None]} for n in range(200_000)])))
    stage.page.get_by_role("button", name="Expand all").click()
    nodes = "() => document.querySelectorAll('*').length"
    assert stage.page.evaluate(nodes) < 1_000
    assert press(stage, "End") == "1: null"
    assert "200" in stage.rows()[-4] or stage.rows()[-1] == "1: null"
    stage.page.locator(".arn-tree").evaluate("(tree) => (tree.scrollTop = tree.scrollHeight / 2)")
    expect(stage.page.get_by_text("199999", exact=True)).to_have_count(0)
    search(stage, "199999", "1 of 2")
    assert stage.page.locator(".arn-active").inner_text() == "i: 199999"
    assert stage.page.evaluate(nodes) < 1_000
    assert len(stage.rows()) <= 60


def test_a_search_is_narrowed_to_a_type(open_stage: Opener) -> None:
    stage = open_stage(one_document('{"a": "1", "b": 1, "c": [1, null], "n": null}'))
    hits = stage.page.locator(".arn-hits")
    active = stage.page.locator(".arn-active")
    # Two searches in a row may say the same; the row that one leads to tells that it has ended.
    for name, said, row in (
        ("numbers", "1 of 2", "b"),
        ("strings", "1 of 1", "a"),
        ("null", "1 of 2", "1"),
        ("arrays", "1 of 1", "c"),
        ("objects", "1 of 1", "document"),
        ("null", "1 of 2", "1"),
        ("numbers", "1 of 2", "b"),
    ):
        stage.page.get_by_label("Search only").select_option(name)
        expect(active).to_have_text(re.compile(f"^{row}"))
        expect(hits).to_have_text(said)
    search(stage, "b", "1 of 1")
    assert stage.trait("path") == "b"
    stage.page.get_by_label("Search only").select_option("null")
    expect(hits).to_have_text("no match")


def test_letters_typed_lead_to_the_next_name_that_begins_with_them(open_stage: Opener) -> None:
    stage = open_stage(one_document('{"steps": 1, "summary": 2, "size": 3, "other": 4}'))
    assert press(stage, "s") == "steps: 1"
    assert press(stage, "u") == "summary: 2"
    stage.page.wait_for_timeout(800)
    assert press(stage, "s") == "size: 3"
    stage.page.wait_for_timeout(800)
    assert press(stage, "s") == "steps: 1"


def test_search_and_its_filter_share_a_line_where_it_is_narrow(open_stage: Opener) -> None:
    stage = open_stage(one_document("{}"), width=320)
    box, choice = (
        stage.page.locator(f".arn-toolbar {part}").bounding_box() for part in ("input", "select")
    )
    assert box
    assert choice
    assert box["y"] == choice["y"]


ITEMS = [
    {"n": 10, "name": "b"},
    {"n": 9, "name": "<b>a"},
    {"name": "c", "more": {"x": 1}},
    {"n": None, "__proto__": 1},
]


def test_an_array_of_objects_is_shown_as_a_table_that_sorts_and_leads_back(
    open_stage: Opener,
) -> None:
    stage = open_stage(
        one_document(json.dumps({"items": ITEMS, "mixed": [{"a": 1}, 2]}), path="items")
    )
    table_button = stage.page.get_by_role("button", name="Table", exact=True)
    table_button.click()
    table = stage.page.locator(".arn-outputs")
    assert table.locator("thead th").all_inner_texts() == ["#", "n", "name", "more", "__proto__"]

    def cells() -> list[list[str]]:
        return [row.locator("th, td").all_inner_texts() for row in table.locator("tbody tr").all()]

    assert cells()[1:3] == [
        ["1", "9", "<b>a", "not there", "not there"],
        ["2", "not there", "c", "1 key", "not there"],
    ]
    table.get_by_role("button", name="n", exact=True).click()
    assert [row[0] for row in cells()] == ["1", "0", "2", "3"]
    assert stage.page.evaluate("() => document.activeElement.textContent") == "n", (
        "sorting keeps the focus"
    )
    table.get_by_role("button", name="2", exact=True).click()
    assert stage.trait("path") == "items[2]"
    stage.set_trait("path", "mixed")
    table_button.click()
    assert "Not all of these items are objects." in stage.text()
