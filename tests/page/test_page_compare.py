"""Two runs side by side: how they went on top, then their documents, and folded what differs between any two runs."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from .conftest import Opener, Stage
from .scenarios import Scenario, failed_run, finished_run, many_runs
from .test_page_runs import DEP, asked

HOSTILE = "<img src=x onerror=alert(1)>"
OK, FAILED = "adrun_2", "adrun_0be1d004"


def difference(path: str, a: str | None, b: str | None, change: str = "changed") -> dict[str, Any]:
    from_, to = (None if value is None else path for value in (a, b))
    return {"path_a": from_, "path_b": to, "change": change, "a": a, "b": b}


def pair(**success: Any) -> Scenario:
    """Three runs, of which a success and the run that failed after it are chosen."""
    docs = [finished_run(id="adrun_0"), finished_run(id=OK, **success), failed_run()]
    scenario = many_runs(docs, selected=[[DEP, OK], [DEP, FAILED]])
    scenario.page["names"] = {"adver_0002": "csv-report v2"}
    output = {**finished_run()["outputs"][0], "size_bytes": 1500}
    scenario.comparison = {
        "count": 2_001,
        "differences": [
            difference("input.limit", HOSTILE, "4"),
            difference("input.request_id", '"a"', '"b"'),
            difference("output_manifest.score", None, "1", "added"),
            difference("output_manifest.outputs[0].sandbox_id", '"sbx_1"', '"sbx_2"'),
            difference("output_manifest.outputs[0].created_at", '"9"', None, "removed"),
        ],
        "outputs": [{"a": output, "b": {**output, "size_bytes": 10}}, {"a": None, "b": output}],
    }
    scenario.last_success = {"row": 1, "of": "version"}
    return scenario


def compared(open_stage: Opener, scenario: Scenario | None = None, **how: Any) -> Stage:
    stage = open_stage(scenario or pair(), **how)
    stage.page.get_by_role("button", name="Compare the two").click()
    expect(stage.page.locator(".arn-comparison")).to_be_visible()
    return stage


def pairs_of(table: Locator) -> dict[str, list[str]]:
    """The values of both runs by what they are of."""
    found = {}
    for body in table.locator("tbody").all():
        label = " ".join(body.locator("th").inner_text().split())
        found[label] = [text.strip() for text in body.locator("td").all_inner_texts()]
    return found


def test_how_they_went_comes_first_and_what_always_differs_is_folded(open_stage: Opener) -> None:
    stage = compared(open_stage)
    assert [message["rows"] for message in asked(stage, "compare")] == [[1, 2]]
    tables = stage.page.locator(".arn-pairs").all()
    assert tables[0].locator("thead th").all_inner_texts() == [OK, FAILED]
    outcome = pairs_of(tables[0])
    assert list(outcome)[:5] == ["status", "exit code", "failure reason", "version", "spans"]
    assert outcome["status"] == ["succeeded", "failed"]
    assert outcome["failure reason"][0] == "not there"
    assert outcome["version"] == ["csv-report v2", "csv-report v2"]
    assert outcome["spans"] == [
        "2.1 s before start, 41.3 s after start",
        "2.1 s before start, 1.5 s after start",
    ]
    assert outcome["retain on failure"] == ["not there", "true"], "a field that need not differ"
    assert pairs_of(tables[1]) == {"input.limit": [HOSTILE, "4"]}
    assert pairs_of(tables[2]) == {
        "output_manifest.score added": ["not there", "1"],
        "output_manifest.outputs[0].created_at removed": ['"9"', "not there"],
    }
    outputs = [body.locator("td").all_inner_texts() for body in tables[3].locator("tbody").all()]
    assert outputs == [
        ["available, 1.5 kB", "available, 10 B"],
        ["not there", "available, 1.5 kB"],
    ]
    assert "Input: 1 difference" in stage.text()
    assert "Output manifest: 2 differences" in stage.text()
    assert "2,001 differences in input and output manifest. Only the first 5" in stage.text()
    folded = stage.page.get_by_text("5 that always differ")
    expect(folded).to_be_visible()
    expect(tables[4]).to_be_hidden()
    folded.click()
    assert list(pairs_of(tables[4])) == [
        "id",
        "updated at",
        "completed at",
        "input.request_id",
        "output_manifest.outputs[0].sandbox_id",
    ]


@pytest.mark.parametrize("width", [320, 479, 480, 1000, 1600])
def test_both_columns_are_in_sight_and_stand_one_under_the_other_where_it_is_narrow(
    open_stage: Opener, width: int
) -> None:
    stage = compared(open_stage, width=1000)
    stage.page.set_viewport_size({"width": width, "height": 900})
    # Where it is narrow the list of runs lies over the details.
    stage.page.locator(".arn-wb-details").evaluate("(pane) => (pane.style.display = 'block')")
    a, b = (cell.bounding_box() for cell in stage.page.locator(".arn-pairs td").all()[:2])
    assert a is not None
    assert b is not None
    edge = stage.page.locator(".arn-root").bounding_box()
    assert edge is not None
    assert b["x"] + b["width"] <= edge["x"] + edge["width"]
    if width < 480:
        assert b["y"] >= a["y"] + a["height"]
        expect(stage.page.locator(".arn-pairname").first).to_be_visible()
    else:
        assert b["x"] >= a["x"] + a["width"]
        assert b["y"] == a["y"]
        expect(stage.page.locator(".arn-pairname").first).to_be_hidden()


@pytest.mark.parametrize(
    ("of", "words"),
    [
        ("version", "Beside the last success of the same version"),
        ("deployment", "Beside the last success of the deployment, of another version"),
    ],
)
def test_a_failed_run_stands_beside_the_last_success_by_one_press(
    open_stage: Opener, of: str, words: str
) -> None:
    scenario = pair()
    scenario.traits["selected"] = [[DEP, FAILED]]
    scenario.last_success = {"row": 1, "of": of}
    stage = open_stage(scenario)
    stage.page.get_by_role("button", name="Compare with last success").click()
    expect(stage.page.locator(".arn-comparison")).to_contain_text(words)
    assert [message["row"] for message in asked(stage, "last_success")] == [2]
    heads = stage.page.locator(".arn-pairs").first.locator("thead th").all_inner_texts()
    assert heads == [OK, FAILED]
    stage.page.get_by_role("button", name="Back to the run").click()
    expect(stage.page.locator(".arn-run header")).to_contain_text(FAILED)
    assert stage.trait("selected") == [[DEP, FAILED]]


def test_where_nothing_succeeded_before_that_is_said(open_stage: Opener) -> None:
    scenario = pair()
    scenario.traits["selected"] = [[DEP, FAILED]]
    scenario.last_success = {"row": None, "of": None}
    stage = open_stage(scenario)
    stage.page.get_by_role("button", name="Compare with last success").click()
    expect(stage.page.locator(".arn-hint")).to_contain_text("succeeded before this one")
    stage.page.get_by_role("button", name="Back to the run").click()
    expect(stage.page.locator(".arn-run header")).to_contain_text(FAILED)


def test_a_file_without_a_success_to_compare_with_says_so(open_stage: Opener) -> None:
    scenario = many_runs([failed_run(id="adrun_0"), failed_run()], selected=[[DEP, FAILED]])
    scenario.page["last_success"] = {"1": {"row": None, "of": None}}
    stage = open_stage(scenario)
    stage.page.evaluate("() => { window.stage.unmount(); window.stage.mountOffline(); }")
    stage.page.get_by_role("button", name="Compare with last success").click()
    expect(stage.page.locator(".arn-hint")).to_have_text(
        "No run of this deployment that is here succeeded before this one."
    )


def test_only_a_failed_run_is_offered_its_last_success(open_stage: Opener) -> None:
    stage = open_stage(pair())
    offer = stage.page.get_by_role("button", name="Compare with last success")
    expect(offer).to_have_count(0)
    stage.set_trait("selected", [[DEP, FAILED]])
    expect(offer).to_have_count(1)
    alone = many_runs([failed_run()], selected=[[DEP, FAILED]])
    expect(
        open_stage(alone).page.get_by_role("button", name="Compare with last success")
    ).to_have_count(0)


def test_a_file_offers_the_last_success_where_it_holds_it(open_stage: Opener) -> None:
    scenario = pair()
    scenario.traits["selected"] = [[DEP, FAILED]]
    offline = "() => { window.stage.unmount(); window.stage.mountOffline(); }"
    stage = open_stage(scenario)
    stage.page.evaluate(offline)
    expect(stage.page.get_by_role("button", name="Copy ▾")).to_be_visible()
    offer = "Compare with last success"
    expect(stage.page.get_by_role("button", name=offer)).to_have_count(0)
    found = {"row": 1, "of": "version", "comparison": scenario.comparison}
    scenario.page["last_success"] = {"2": found}
    held = open_stage(scenario)
    held.page.evaluate(offline)
    held.page.get_by_role("button", name=offer).click()
    expect(held.page.locator(".arn-comparison")).to_contain_text("input.limit")


def test_a_document_that_is_not_here_is_asked_for(open_stage: Opener) -> None:
    scenario = pair()
    scenario.page["docs"] = None
    stage = compared(open_stage, scenario)
    assert {message["row"] for message in asked(stage, "run")} == {1, 2}
    assert pairs_of(stage.page.locator(".arn-pairs").first)["status"] == ["succeeded", "failed"]


def test_many_differences_come_a_page_at_a_time(open_stage: Opener) -> None:
    scenario = pair()
    assert scenario.comparison is not None
    scenario.comparison["differences"] = [
        difference(f"input.key{n}", str(n), str(-n - 1)) for n in range(120)
    ]
    stage = compared(open_stage, scenario)
    table = stage.page.locator(".arn-pairs").nth(1)
    expect(table.locator("tbody")).to_have_count(50)
    for shown in (100, 120):
        stage.page.get_by_role("button", name="Show more").click()
        expect(table.locator("tbody")).to_have_count(shown)


def test_one_chosen_run_offers_no_comparison_of_two(open_stage: Opener) -> None:
    stage = open_stage(
        many_runs([finished_run()], selected=[[DEP, finished_run()["fields"]["id"]]])
    )
    assert stage.page.get_by_role("button", name="Compare the two").count() == 0


def test_the_second_press_leads_from_the_comparison_back_to_the_run(open_stage: Opener) -> None:
    stage = open_stage(pair())
    both = stage.page.get_by_role("button", name="Compare the two")
    stage.page.get_by_role("button", name="Next chosen run").click()
    for pressed, count in (("false", 0), ("true", 1), ("false", 0), ("true", 1)):
        expect(both).to_have_attribute("aria-pressed", pressed)
        expect(stage.page.locator(".arn-comparison")).to_have_count(count)
        if pressed == "false":
            assert FAILED in stage.page.locator(".arn-run header").inner_text()
        both.click()
