"""The run view: one run, whole, and nothing in it that the record does not say."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from .conftest import Opener, Stage
from .scenarios import (
    COMPLETED,
    CREATED,
    STARTED,
    example_run,
    failed_run,
    finished_run,
    live_run,
    one_run,
    run_doc,
)

PANEL = "[role=tabpanel]:not([hidden])"
"""The panel of the tab that is open."""

STICKING_OUT = """() => {
  const edge = document.querySelector('.arn-root').getBoundingClientRect().right + 0.5;
  return [...document.querySelectorAll('.arn-root *')]
    .filter((one) => !one.closest('.arn-scroll, .arn-tree, .arn-utc, svg') && one.getBoundingClientRect().right > edge)
    .map((one) => one.className);
}"""


def words_of(stage: Stage, selector: str) -> list[str]:
    return [" ".join(text.split()) for text in stage.page.locator(selector).all_inner_texts()]


def clipboard(stage: Stage) -> str:
    text: str = stage.page.evaluate("() => navigator.clipboard.readText()")
    return text


def fields_of(stage: Stage) -> dict[str, str]:
    stage.open_tab("Record")
    expect(stage.page.get_by_text("All 18 fields of the record")).to_be_visible()
    return dict(
        zip(words_of(stage, ".arn-allfields dt"), words_of(stage, ".arn-allfields dd"), strict=True)
    )


def test_the_contracts_example_is_shown_without_mode_and_status(open_stage: Opener) -> None:
    stage = open_stage(one_run(example_run()))
    assert words_of(stage, ".arn-statusname") == ["no status recorded"]
    assert words_of(stage, ".arn-words") == ["0 s before start", "0 s after start"]
    fields = fields_of(stage)
    assert len(fields) == 18
    assert {name for name, text in fields.items() if text == "not in the record"} == {
        "mode",
        "status",
    }
    assert fields["id"] == "adrun_1234abcd"
    assert fields["exit_code"] == "123"
    assert fields["output_manifest"] == "{}"
    assert fields["failure_reason"] == "<string>"
    assert words_of(stage, ".arn-wide") == ["Sandbox after a failure kept on failure for 2 s"], (
        "no status, no failure"
    )
    assert "mode: missing" in stage.text()
    stage.open_tab("Overview")
    assert words_of(stage, ".arn-panel:not([hidden]) .arn-wide") == []


def test_null_and_absent_are_told_apart(open_stage: Opener) -> None:
    stage = open_stage(
        one_run(
            run_doc(
                id="r",
                status="queued",
                created_at=CREATED,
                input="null",
                absent=["retain_on_failure", "output_manifest"],
            )
        )
    )
    fields = fields_of(stage)
    assert (
        fields["sandbox_id"],
        fields["retain_on_failure"],
        fields["input"],
        fields["output_manifest"],
    ) == (
        "null",
        "not in the record",
        "null",
        "not in the record",
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("succeeded", "succeeded"),
        ("timed_out", "timed out"),
        (None, "no status recorded"),
        ("waiting_for_input", "unknown status: waiting_for_input"),
    ],
)
def test_a_status_is_told_in_words_and_by_a_shape(
    open_stage: Opener, status: str | None, words: str
) -> None:
    stage = open_stage(one_run(finished_run(status=status)))
    assert words_of(stage, ".arn-statusname") == [words]
    assert stage.page.locator(".arn-status svg path").get_attribute("d")


def test_both_durations_are_written_on_the_track(open_stage: Opener) -> None:
    stage = open_stage(one_run(finished_run()))
    assert words_of(stage, ".arn-words") == ["2.1 s before start", "41.3 s after start"]
    assert words_of(stage, ".arn-stop") == [
        "created 22:12:30.5 2023-11-14 UTC",
        "started 22:12:32.6 2023-11-14 UTC",
        "completed 22:13:13.9 2023-11-14 UTC",
    ]


PARTS = """() => [...document.querySelectorAll('.arn-part')].map((part) => {
  const {width, height} = part.getBoundingClientRect();
  return [width, height];
})"""


@pytest.mark.parametrize("width", [360, 1000])
@pytest.mark.parametrize("colors", ["none", "active"])
def test_the_track_is_to_scale_and_thin_before_the_start(
    open_stage: Opener, width: int, colors: str
) -> None:
    stage = open_stage(one_run(finished_run()), width=width)
    stage.page.emulate_media(forced_colors=colors)  # type: ignore[arg-type]
    (before, thin), (after, thick) = stage.page.evaluate(PARTS)
    assert before / after == pytest.approx(2.1 / 41.3, abs=0.005)
    assert 0 < thin < thick
    stage.page.emulate_media(forced_colors="none")


@pytest.mark.parametrize(
    ("started", "shorter"), [(CREATED, 0), (COMPLETED, 1)], ids=["at once", "at the end"]
)
def test_the_shortest_part_of_the_track_is_still_seen(
    open_stage: Opener, started: str, shorter: int
) -> None:
    stage = open_stage(one_run(finished_run(started_at=started)))
    widths = [width for width, _ in stage.page.evaluate(PARTS)]
    assert widths[shorter] == 6 < widths[1 - shorter]


def test_a_sentence_beside_the_status_says_how_the_run_ended(open_stage: Opener) -> None:
    stage = open_stage(one_run(finished_run()))
    [sentence] = words_of(stage, ".arn-sentence")
    assert re.fullmatch(r", exit code 0, 41\.3 s after start · .+ ago", sentence)
    unknown = open_stage(one_run(example_run()))
    assert words_of(unknown, ".arn-sentence")[0].startswith(", exit code 123, 0 s after start")


def test_an_open_end_is_dashed_and_no_end_is_made_up(open_stage: Opener) -> None:
    stage = open_stage(one_run(live_run()))
    assert words_of(stage, ".arn-words") == [
        "2.1 s before start",
        "47.4 s since start, open when read",
    ]
    assert words_of(stage, ".arn-completed") == ["completed not recorded"]
    assert "dashed" in stage.page.evaluate(
        "() => getComputedStyle(document.querySelector('.arn-part.arn-open')).borderTopStyle"
    )
    assert "Read at 22:13:20 2023-11-14 UTC" in " ".join(stage.text().split())


def test_an_ended_run_without_its_end_is_not_open_up_to_now(open_stage: Opener) -> None:
    stage = open_stage(one_run(finished_run(completed_at=None)))
    assert words_of(stage, ".arn-words") == ["2.1 s before start", "not known"]


def test_without_a_start_one_undivided_interval_is_drawn(open_stage: Opener) -> None:
    stage = open_stage(one_run(finished_run(started_at=None, status="cancelled")))
    assert words_of(stage, ".arn-words") == ["43.4 s from created to completed"]
    assert words_of(stage, ".arn-started") == ["started not recorded"]


def test_times_in_reverse_are_a_point_with_a_note(open_stage: Opener) -> None:
    stage = open_stage(one_run(finished_run(started_at=COMPLETED, completed_at=STARTED)))
    assert words_of(stage, ".arn-words")[1] == "completed before started by 41.3 s"


def test_times_follow_the_zone_and_keep_their_utc_text(open_stage: Opener) -> None:
    stage = open_stage(one_run(finished_run(), tz="Asia/Kolkata"))
    started = stage.page.locator(".arn-started .arn-moment")
    assert " ".join(started.inner_text().split()) == "03:42:32.6 2023-11-15 UTC+5:30"
    started.focus()
    assert (
        stage.page.locator(".arn-started [role=tooltip]").inner_text()
        == "2023-11-14 22:12:32.6 UTC"
    )
    stage.page.locator(".arn-zone select").select_option("UTC")
    assert stage.trait("tz") == "UTC"
    assert "22:12:32.6" in started.inner_text()
    stage.set_trait("tz", "Mars/Phobos")
    assert "unknown zone: shown in UTC" in stage.text()


def test_a_failure_says_why_at_once(open_stage: Opener) -> None:
    stage = open_stage(one_run(failed_run()))
    reason = stage.page.locator(".arn-banner pre")
    assert reason.inner_text().endswith("FileNotFoundError: data/sales.csv")
    tops = [
        stage.page.locator(part).first.bounding_box()["y"]  # type: ignore[index]
        for part in (".arn-sentence", ".arn-track", ".arn-banner pre", ".arn-wide")
    ]
    assert tops == sorted(tops), "the sentence, the track right under it, the reason, the rest"
    assert (
        "kept on failure for 1 h (the default), until 23:12:34.1 2023-11-14 UTC"
        in words_of(stage, ".arn-wide")[0]
    )
    stage.open_tab("Manifest")
    assert "Output manifest not in the record" in stage.text()


def test_a_text_of_several_lines_keeps_them_among_the_fields_too(open_stage: Opener) -> None:
    doc = failed_run()
    assert fields_of(open_stage(one_run(doc)))["failure_reason"] == " ".join(
        doc["fields"]["failure_reason"].split()
    )


def test_a_failed_run_without_a_reason_says_that_too(open_stage: Opener) -> None:
    stage = open_stage(one_run(failed_run(failure_reason=None)))
    assert words_of(stage, ".arn-banner") == ["Failure reason null"]


def test_a_run_that_could_not_be_fetched_says_so(open_stage: Opener) -> None:
    stage = open_stage(
        one_run(
            run_doc(id="adrun_gone", deployment_id="d", error="not_found: there is no such run")
        )
    )
    assert (
        "This run was not read not_found: there is no such run" in words_of(stage, ".arn-banner")[0]
    )
    assert "adrun_gone" in stage.text()
    assert stage.page.locator(".arn-track").count() == 0
    assert fields_of(stage)["input"] == "not read", "nothing is said of a record that was not read"


def test_what_cannot_be_read_is_shown_as_it_is_written_and_not_as_nothing(
    open_stage: Opener,
) -> None:
    output = {"name": None, "path": None, "size_bytes": None, "unread": {"size_bytes": "-5"}}
    named = {**output, "name": "a", "unread": {}, "parse_notes": "kind: unknown_value"}
    unread = {"created_at": '"gar\u202ebage"', "exit_code": '"zwei"', "retain_on_failure": "2"}
    doc = run_doc(id="r", unread={**unread, "status": "5"}, outputs=[output, named])
    stage = open_stage(one_run(doc))
    assert words_of(stage, ".arn-statusname") == ["status not readable: 5"]
    assert words_of(stage, ".arn-created") == ['created not readable: "gar‹U+202E›bage"']
    assert words_of(stage, ".arn-started") == ["started not recorded"]
    assert fields_of(stage)["exit_code"] == 'not readable: "zwei"'
    assert words_of(stage, ".arn-wide") == ["Sandbox after a failure not readable: 2"]
    stage.open_tab("Outputs")
    assert words_of(stage, f"{PANEL} .arn-outputs td:nth-child(4)") == [
        "not readable: -5",
        "not recorded",
    ]
    assert words_of(stage, f"{PANEL} .arn-outputs td:last-child") == ["", "kind: unknown_value"]
    assert words_of(stage, f"{PANEL} .arn-outputs tbody th") == ["not recorded", "a"]
    assert stage.page.locator(f"{PANEL} .arn-outputs tbody th button").count() == 1, (
        "a file without a name cannot be asked for"
    )


def test_a_sandbox_whose_keeping_is_null_is_told_as_null(open_stage: Opener) -> None:
    stage = open_stage(one_run(run_doc(id="r", status="failed")))
    assert words_of(stage, ".arn-wide") == [], "what is null is told among all fields only"
    stage.open_tab("Record")
    assert words_of(stage, ".arn-wide") == ["Sandbox after a failure null"]


def test_outputs_sort_by_column_and_show_exact_bytes_on_demand(open_stage: Opener) -> None:
    stage = open_stage(one_run(finished_run()))
    stage.open_tab("Outputs")
    names = lambda: words_of(stage, f"{PANEL} .arn-outputs tbody th")  # noqa: E731
    assert names() == ["report", "plot", "notes"]
    size = stage.page.locator(f"{PANEL} .arn-outputs th.arn-right")
    for order, expected in (
        ("ascending", ["report", "plot", "notes"]),
        ("descending", ["plot", "report", "notes"]),
        ("none", ["report", "plot", "notes"]),
    ):
        size.locator("button").click()
        assert (size.get_attribute("aria-sort"), names()) == (order, expected)
    assert words_of(stage, f"{PANEL} td.arn-right") == ["48.2 kB", "1.31 MB", "not recorded"]
    stage.page.get_by_role("button", name="Exact bytes").click()
    assert words_of(stage, f"{PANEL} td.arn-right") == [
        "48,213 bytes",
        "1,310,720 bytes",
        "not recorded",
    ]


def test_an_output_leads_to_its_place_in_the_manifest(open_stage: Opener) -> None:
    stage = open_stage(one_run(finished_run()))
    stage.page.get_by_role("button", name="outputs[1]").click()
    assert stage.trait("path") == "output_manifest.outputs[1]"
    assert stage.shown_tab() == "Manifest"
    assert stage.page.locator(".arn-active").inner_text().startswith("1: {…}")


def test_many_outputs_come_a_page_at_a_time(open_stage: Opener) -> None:
    outputs = [
        {"name": f"o{n}", "path": None, "kind": "file", "status": "available", "size_bytes": n}
        for n in range(120)
    ]
    stage = open_stage(one_run(finished_run(outputs=outputs)))
    assert stage.page.locator(".arn-outputs tbody tr").count() == 5
    stage.page.get_by_role("button", name="Show all").click()
    assert stage.shown_tab() == "Outputs 120"
    assert stage.page.locator(f"{PANEL} .arn-outputs tbody tr").count() == 50
    stage.page.get_by_role("button", name="70 rows are hidden").click()
    assert stage.page.locator(f"{PANEL} .arn-outputs tbody tr").count() == 100
    stage.page.get_by_role("button", name="20 rows are hidden").click()
    assert [
        text for text in stage.page.locator("button").all_text_contents() if "Show more" in text
    ] == []


def test_ids_are_copied_as_they_are(open_stage: Opener) -> None:
    stage = open_stage(one_run(finished_run(id="adrun_\u202eevil")))
    assert "adrun_‹U+202E›evil" in stage.text()
    stage.page.get_by_role("button", name="Copy id").click()
    stage.page.get_by_text("Copied").wait_for()
    assert clipboard(stage) == "adrun_\u202eevil"
    stage.page.get_by_role("button", name="Copy ▾").click()
    stage.page.get_by_role("menuitem", name="Run id").click()
    expect(stage.page.locator(".arn-menu > button").first).to_have_text("Copied")
    assert clipboard(stage) == "adrun_\u202eevil"


COPIES = {
    "Run id": "adrun_0be1d004",
    "Deployment id": "adep_csv_report",
    "Version id": "adver_0002",
    "Sandbox id": "sbx_51c0",
    "Key, as Python": "('adep_csv_report', 'adrun_0be1d004')",
    "Failure reason": failed_run()["fields"]["failure_reason"],
    "Python: this run": "run = client.get_run('adep_csv_report', 'adrun_0be1d004')",
    "Python: its log": "log = client.get_logs(('adep_csv_report', 'adrun_0be1d004'))",
}
"""What the menu of a failed run copies, by the words of its items."""


def test_the_menu_copies_each_of_what_it_names(open_stage: Opener) -> None:
    stage = open_stage(one_run(failed_run()))
    for name, text in COPIES.items():
        stage.page.get_by_role("button", name="Copy ▾").click()
        assert stage.page.get_by_role("menuitem").all_inner_texts() == list(COPIES)
        stage.page.get_by_role("menuitem", name=name).click()
        stage.page.get_by_role("button", name="Copied").wait_for()
        assert (name, clipboard(stage)) == (name, text)
        stage.page.get_by_role("button", name="Copy ▾").wait_for()


def test_without_a_client_the_menu_has_no_lines_that_need_one(open_stage: Opener) -> None:
    scenario = one_run(failed_run())
    scenario.page["no_previews"] = "This view has no client."
    stage = open_stage(scenario)
    stage.page.get_by_role("button", name="Copy ▾").click()
    found = stage.page.get_by_role("menuitem").all_inner_texts()
    assert found == [name for name in COPIES if not name.startswith("Python")]


def test_the_menu_obeys_the_keys_of_menus(open_stage: Opener) -> None:
    stage = open_stage(one_run(failed_run()))
    press = stage.page.keyboard.press
    opener = stage.page.get_by_role("button", name="Copy ▾")
    opener.press("ArrowDown")
    items = stage.page.get_by_role("menuitem")
    expect(items.first).to_be_focused()
    for key, place in (("ArrowUp", -1), ("ArrowDown", 0), ("End", -1), ("Home", 0)):
        press(key)
        expect(items.nth(place)).to_be_focused()
    press("Escape")
    expect(opener).to_be_focused()
    expect(items).to_have_count(0)
    expect(opener).to_have_attribute("aria-expanded", "false")
    opener.click()
    press("Tab")
    expect(items).to_have_count(0)


def test_tabs_obey_the_keys_of_tabs(open_stage: Opener) -> None:
    stage = open_stage(one_run(finished_run()))
    names = ["Overview", "Outputs 3", "Manifest", "Input", "Logs", "Record"]
    tabs = stage.page.get_by_role("tab")
    assert tabs.all_inner_texts() == names
    tabs.first.focus()
    for key, at in (("ArrowRight", 1), ("End", -1), ("ArrowRight", 0), ("ArrowLeft", -1)):
        stage.page.keyboard.press(key)
        expect(tabs.nth(at)).to_be_focused()
        assert stage.shown_tab() == tabs.nth(at).inner_text()
        panel = stage.page.get_by_role("tabpanel")
        expect(panel).to_have_count(1)
        assert panel.get_attribute("id") == tabs.nth(at).get_attribute("aria-controls")
        assert tabs.evaluate_all("(all) => all.filter(({tabIndex}) => tabIndex === 0).length") == 1


def test_a_run_is_called_by_the_name_that_is_known(open_stage: Opener) -> None:
    for names, words in (
        ({}, "adep_csv_report · adver_0002"),
        ({"adep_csv_report": "csv-report"}, "csv-report"),
        ({"adep_csv_report": "csv-report", "adver_0002": "csv-report v2"}, "csv-report v2"),
    ):
        scenario = one_run(finished_run())
        scenario.page["names"] = names
        assert words_of(open_stage(scenario), ".arn-name") == [words]
    nameless = open_stage(one_run(run_doc(status="queued")))
    assert words_of(nameless, ".arn-title")[0].startswith("(no deployment) (no id)")


def test_a_long_id_is_short_and_stands_whole_at_the_pointer(open_stage: Opener) -> None:
    whole = "adrun_" + "0123456789" * 8
    stage = open_stage(one_run(finished_run(id=whole)))
    short = stage.page.get_by_role("button", name="Copy id")
    assert short.inner_text().split()[-1] == f"{whole[:20]}…"
    expect(stage.page.get_by_text(whole)).to_be_hidden()
    short.hover()
    expect(stage.page.get_by_text(whole)).to_be_visible()


def test_the_name_of_an_output_opens_it_where_one_stands(open_stage: Opener) -> None:
    scenario = one_run(finished_run())
    scenario.files = [b"the report", b"the plot", None]
    stage = open_stage(scenario)
    for tab in ("Overview", "Outputs"):
        stage.open_tab(tab)
        stage.page.get_by_role("button", name="report", exact=True).click()
        expect(stage.page.locator(".arn-preview:visible pre")).to_have_text("the report")


def test_a_previewed_file_can_be_saved_under_a_safe_name(open_stage: Opener) -> None:
    outputs = [{**finished_run()["outputs"][0], "path": "../../.out/re<b>port\u202e.md"}]
    scenario = one_run(finished_run(outputs=outputs))
    scenario.files = [b"the report"]
    stage = open_stage(scenario)
    stage.page.get_by_role("button", name="report", exact=True).click()
    with stage.page.expect_download() as download:
        stage.page.get_by_role("button", name="Save file").click()
    assert download.value.suggested_filename == "re_b_port_.md"
    assert download.value.path().read_bytes() == b"the report"


@pytest.mark.parametrize(
    "doc",
    [finished_run(), failed_run(), live_run(), example_run()],
    ids=["finished", "failed", "live", "example"],
)
def test_nothing_sticks_out_at_any_width(open_stage: Opener, doc: dict[str, object]) -> None:
    stage = open_stage(one_run(doc, tz="America/Argentina/ComodRivadavia"))
    for tab in stage.page.get_by_role("tab").all():
        tab.click()
        for width in (320, 620, 1600):
            stage.page.set_viewport_size({"width": width, "height": 900})
            assert stage.page.evaluate("() => document.documentElement.scrollWidth") <= width
            assert stage.page.evaluate(STICKING_OUT) == []


def test_a_sandbox_that_was_kept_until_long_ago_is_told_of_in_the_past(open_stage: Opener) -> None:
    past = open_stage(one_run(failed_run()))
    words = words_of(past, ".arn-wide")[0]
    assert (
        "was kept on failure for 1 h (the default), until 23:12:34.1 2023-11-14 UTC, counted from completed"
        in words
    )
    cancelled = open_stage(one_run(failed_run(status="cancelled")))
    cancelled.open_tab("Record")
    assert "until" not in words_of(cancelled, ".arn-wide")[0]


def test_a_record_that_nobody_fetched_does_not_say_when_it_was_read(open_stage: Opener) -> None:
    """The length then is up to the latest moment known, and the page says so."""
    stage = open_stage(one_run(live_run(fetched=None)))
    words = " ".join(stage.text().split())
    assert "Read at" not in words
    assert (
        "When it was read is not known; the latest moment known is 22:13:20 2023-11-14 UTC" in words
    )


def test_what_a_listing_left_out_is_not_said_to_be_null(open_stage: Opener) -> None:
    left_out = ["status", "started_at", "exit_code", "output_manifest"]
    blank = dict.fromkeys(left_out)
    stage = open_stage(one_run(finished_run(**blank, outputs=[], left_out=left_out)))
    words = " ".join(stage.text().split())
    assert "status left out of the listing" in words
    assert "started left out of the listing" in words
    assert "not recorded" not in words
    for tab in ("Outputs 0", "Manifest"):
        stage.open_tab(tab)
        assert "Output manifest left out of the listing" in " ".join(stage.text().split())


@pytest.mark.parametrize(
    ("started", "share"),
    [
        ("2023-11-14T22:00:05Z", 0.05),
        ("2023-11-14T22:00:50Z", 0.5),
        ("2023-11-14T22:01:10Z", 0.7),
        ("2023-11-14T22:01:35Z", 0.95),
    ],
)
@pytest.mark.parametrize("width", [620, 1000])
def test_the_moment_of_the_start_stands_under_its_place_on_the_line(
    open_stage: Opener, started: str, share: float, width: int
) -> None:
    times = {"created_at": "2023-11-14T22:00:00Z", "completed_at": "2023-11-14T22:01:40Z"}
    page = open_stage(one_run(finished_run(**times, started_at=started)), width=width).page
    line, *stops = [
        page.locator(name).bounding_box()
        for name in (".arn-line", ".arn-created", ".arn-started", ".arn-completed")
    ]
    assert line
    assert all(stops)
    created, start, completed = (stop or {} for stop in stops)
    edges = [created["x"] + created["width"], completed["x"]]
    place = line["x"] + share * line["width"]
    leftmost, rightmost = edges[0] + 16, edges[1] - 16 - start["width"]
    # Beside the other two it has its own room, however near its place is to theirs.
    if leftmost <= place <= rightmost:
        assert abs(start["x"] - place) <= 2
    assert start["x"] >= edges[0]
    assert start["x"] + page.locator(".arn-started .arn-time").bounding_box()["width"] <= edges[1]
