"""The page shows the fields and the statuses that Python tells it; its sources hold no list of them."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.support.changed_package import NEW_FIELD, NEW_STATUS, changed_package, printed_by

from .conftest import Opener
from .scenarios import Scenario

PROGRAM = """
import base64, json, sys
import agentrun_nb as arn
from tests.support.samples import record

suspended = record(1, "suspended", completed_at=None, priority="soon")
records = [suspended, record(2), record(3, "failed"), *(record(number) for number in range(4, 40))]


def opened(view):
    page, buffers = view._whole_page()
    view.to_html(f"{sys.argv[1]}/{page['kind']}.html")
    packed = [base64.b64encode(part).decode() for part in buffers]
    return {"page": page, "buffers": packed, "selected": view.selected}


runs = arn.runs_frame(json.dumps(records).encode())
one = arn.Run(json.dumps(suspended).encode())
print(json.dumps({"run": opened(arn.explore(one)), "runs": opened(arn.explore(runs))}))
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The pages of a package whose schema has a field and a status more, and where their files are."""
    home = changed_package(tmp_path_factory.mktemp("told"), NEW_STATUS, NEW_FIELD)
    return {"folder": home, **printed_by(PROGRAM, home, str(home))}


def scenario_of(opened: dict[str, Any]) -> Scenario:
    buffers = [base64.b64decode(part) for part in opened["buffers"]]
    traits = {"selected": opened["selected"], "path": "", "tz": "UTC"}
    return Scenario(opened["page"], buffers, traits=traits)


def test_a_nineteenth_field_is_shown_with_its_meaning(open_stage: Opener, pages):
    stage = open_stage(scenario_of(pages["run"]))
    stage.open_tab("Record")
    assert "All 19 fields of the record" in stage.text()
    term = stage.page.locator("dt", has_text="priority")
    assert term.get_attribute("aria-description") == "how soon the run was wanted"
    assert term.locator("xpath=following-sibling::dd[1]").inner_text() == "soon"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_new_status_is_shown_under_its_own_words(open_stage: Opener, pages, scheme):
    stage = open_stage(scenario_of(pages["runs"]), scheme=scheme)
    statuses = stage.page.get_by_test_id("arn-wb-statuses")
    assert "suspended" in statuses.inner_text()
    assert "unknown" not in stage.text()
    # Every mark has a colour of its own, which is neither the ink nor nothing.
    fills = statuses.locator("svg path").evaluate_all(
        "(paths) => paths.map((path) => getComputedStyle(path).fill)"
    )
    assert len({*fills}) == len(fills) == 3
    assert not {"rgb(0, 0, 0)", "none"} & {*fills}


def test_an_exported_file_knows_them_too(context, pages):
    page = context.new_page()
    page.goto((Path(pages["folder"]) / "run.html").as_uri())
    page.get_by_role("tab", name="Record").click()
    assert "All 19 fields of the record" in page.locator(".arn-run").inner_text()
    assert "suspended" in page.locator(".arn-statusname").inner_text().lower()
    assert "soon" in page.locator(".arn-allfields").inner_text()
    page.close()


def test_colours_follow_the_theme_and_stay_in_print(open_stage: Opener, pages):
    """The same properties give the light colour and the dark one, and paper takes the light one."""
    stage = open_stage(scenario_of(pages["run"]), scheme="dark")
    mark = stage.page.locator(".arn-status svg path")
    fill = "(path) => getComputedStyle(path).fill"
    dark = mark.evaluate(fill)
    stage.page.emulate_media(color_scheme="light")
    light = mark.evaluate(fill)
    stage.page.emulate_media(color_scheme="dark", media="print")
    printed = mark.evaluate(fill)
    stage.page.emulate_media(color_scheme="dark", media="screen", forced_colors="active")
    forced = mark.evaluate(fill)
    stage.page.emulate_media(media="screen", forced_colors="none")
    assert dark != light == printed
    assert forced not in ("none", "")
