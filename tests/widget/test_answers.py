"""What a page may ask about many runs: the answers are those of the package's own functions."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

import agentrun_nb as arn
from agentrun_nb.core.schema import FAILURES
from agentrun_nb.widget import explore, explore_json, protocol
from agentrun_nb.widget import failure_groups as groups_module
from agentrun_nb.widget import last_success as last_success_module
from agentrun_nb.widget.failure_groups import NO_GROUP
from agentrun_nb.widget.last_success import last_success
from tests.support.samples import body, moment, record
from tests.widget.test_filter import FILTERS, MANY, RUNS
from tests.widget.test_protocol import conversation, unpacked

NOTHING_ELSE = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def places(content: dict[str, Any], buffers: list[bytes], name: str = "rows") -> list[int]:
    return np.frombuffer(unpacked(content[name], buffers), "<u4").tolist()


# --- which runs are shown


@NOTHING_ELSE
@given(rules=FILTERS)
def test_a_page_is_told_which_runs_a_filter_lets_through(rules):
    plain = explore(RUNS, filter=rules).filter
    ask = conversation(explore(RUNS))
    content, buffers = ask({"id": 1, "op": "shown", "filter": plain})
    shown = np.zeros(len(RUNS), dtype=bool)
    shown[places(content, buffers)] = True
    pd.testing.assert_frame_equal(RUNS[shown], explore(RUNS, filter=rules).shown)
    assert places(content, buffers) == sorted(places(content, buffers))


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"statsu": "failed"}, ["'statsu'", "Near it: 'status'"]),
        ({"where": [["output_manifest.a", "=", 1]]}, ["'='", "Near it: '=='"]),
        ({"where": [["score", "==", 1]]}, ["score", "Begin it with"]),
        ({"since": "soon"}, ["soon", "ISO"]),
        ("failed", ["mapping"]),
        ([1], ["mapping"]),
    ],
)
def test_a_filter_that_is_none_is_refused_with_what_to_do(rules, words):
    content, _ = conversation(explore(RUNS))({"id": 1, "op": "shown", "filter": rules})
    assert content["ok"] is False
    assert all(word in content["error"] for word in words)


def test_no_filter_shows_all():
    content, buffers = conversation(explore(RUNS))({"id": 1, "op": "shown"})
    assert places(content, buffers) == list(range(len(RUNS)))


# --- groups of failures


@pytest.mark.parametrize("runs", [RUNS, MANY, RUNS.iloc[:0], RUNS[RUNS["status"].eq("queued")]])
def test_groups_of_failures_are_those_of_the_package(runs):
    content, buffers = conversation(explore(runs))({"id": 1, "op": "groups"})
    codes, listed = places(content, buffers, "codes"), content["list"]
    assert all(set(group) == set(protocol.GROUP_KEYS) for group in listed)
    named = [None if code == NO_GROUP else listed[code]["fingerprint"] for code in codes]
    expected = arn.failures(runs, each=True)
    assert named == [None if pd.isna(name) else name for name in expected]
    assert [group["n"] for group in listed] == sorted(expected.value_counts(), reverse=True)
    assert content["more"] == 0
    for group in listed:
        failed = runs[expected.eq(group["fingerprint"]).to_numpy()]
        assert group["example"] in failed["failure_reason"].fillna("").tolist()


def test_the_example_of_a_group_is_its_last_run():
    ends = [30, None, 90, 60]
    records = [
        record(
            number,
            "failed",
            failure_reason=f"row {number} of 9 is odd",
            completed_at=end and moment(end),
            created_at=moment(0) if end else None,
        )
        for number, end in enumerate(ends)
    ]
    view = explore(arn.runs_frame(json.dumps(records).encode()))
    content, _ = conversation(view)({"id": 1, "op": "groups"})
    assert [(group["n"], group["example"]) for group in content["list"]] == [
        (4, "row 2 of 9 is odd")
    ]


def test_the_largest_groups_are_told_and_the_others_counted(monkeypatch):
    monkeypatch.setattr(groups_module, "MOST_GROUPS", 1)
    content, buffers = conversation(explore(RUNS))({"id": 1, "op": "groups"})
    codes = places(content, buffers, "codes")
    failed = int(RUNS["status"].isin(FAILURES).sum())
    [group] = content["list"]
    assert set(codes) == {0, NO_GROUP}
    assert codes.count(0) == group["n"] == failed - content["more"]


# --- one column of all runs


def test_a_column_is_a_json_text_for_each_run():
    ask = conversation(explore(RUNS))
    content, buffers = ask({"id": 1, "op": "column", "path": "output_manifest.label"})
    values = json.loads(unpacked(content["values"], buffers))
    expected = arn.extract(RUNS, "output_manifest.label")["label"]
    assert [value and json.loads(value) for value in values] == [
        None if pd.isna(value) else value for value in expected
    ]
    assert content["clipped"] == 0


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("output_manifest.lable", ["No run here", "output_manifest.label"]),
        ("label", ["leads nowhere", "Begin it with"]),
        ("output_manifest.a[", ["is not a path"]),
        ("input." + "a." * 2_000, ["a text, and no long one"]),
        (None, ["a text"]),
        (5, ["a text"]),
        (["input"], ["a text"]),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_with_what_is_near(path, words):
    content, _ = conversation(explore(RUNS))({"id": 1, "op": "column", "path": path})
    assert content["ok"] is False
    assert all(word in content["error"] for word in words)
    assert len(content["error"]) < 500


# --- the last success before a run

COURSE = [
    # number, deployment, version, status, minute
    ("a", "v1", "succeeded", 1),
    ("a", "v1", "succeeded", 2),
    ("b", "v9", "succeeded", 3),
    ("a", "v1", "failed", 4),
    ("a", "v1", "succeeded", 5),
    ("a", "v2", "failed", 6),
    ("c", "v7", "failed", 7),
    ("a", None, "failed", 8),
    (None, None, "failed", 9),
    ("a", "v1", "failed", None),
    ("b", "v9", "timed_out", 2),
    ("a", "v1", "cancelled", 5),
]


def course() -> pd.DataFrame:
    records = []
    for number, (deployment, version, status, minute) in enumerate(COURSE):
        fields = {"deployment_id": deployment, "version_id": version}
        fields["created_at"] = None if minute is None else moment(60 * minute)
        records.append(record(number, status) | fields)
    return arn.runs_frame(json.dumps(records).encode()).set_axis([0] * len(COURSE))


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (0, (None, None)),
        (1, (0, "version")),
        (3, (1, "version")),
        (5, (4, "deployment")),
        (6, (None, None)),
        (7, (4, "deployment")),
        (8, (None, None)),
        (9, (4, "version")),
        (10, (None, None)),
        (11, (4, "version")),
    ],
)
def test_a_run_is_compared_with_the_last_success_before_it(row, found):
    runs = course()
    assert last_success(runs, row) == found
    content, buffers = conversation(explore(runs))({"id": 1, "op": "last_success", "row": row})
    assert (content["row"], content["of"]) == found
    assert ("comparison" in content) == (found[0] is not None)
    if found[0] is not None:
        told = json.loads(unpacked(content["comparison"], buffers))
        other, other_buffers = conversation(explore(runs))(
            {"id": 1, "op": "compare", "rows": [found[0], row]}
        )
        assert told == json.loads(unpacked(other["comparison"], other_buffers))


# --- the view as Python, and as a file

SHARED = {
    "view": "table",
    "by": "version_id",
    "filter": {"status": ["failed", "queued"], "since": "30 min"},
    "sort": "-after_start",
    "columns": ["output_manifest.score"],
    "window": ["20 min", "0s"],
    "tz": "Asia/Tokyo",
    "height": 400,
}


@pytest.mark.parametrize("shared", [{}, SHARED, {"filter": {"text": "reviews v1"}}])
def test_the_view_as_python_makes_it_again(shared):
    names = {"agdep_reviews": "code reviews", "agver_1": "code reviews v1", "other": "reviews v1"}
    view = explore(RUNS, names=names, **shared)
    view.selected = view.shown.head(5)
    content, _ = conversation(view)({"id": 1, "op": "python"})
    namespace = {"runs": RUNS, "arn": arn, "pd": pd}
    exec(content["text"], namespace)
    made = namespace["ex"]
    pd.testing.assert_frame_equal(made.shown, view.shown)
    pd.testing.assert_frame_equal(namespace["shown"], view.shown)
    pd.testing.assert_frame_equal(namespace["selection"], view.selection)
    for name in SHARED.keys() - {"filter"}:
        assert getattr(made, name) == getattr(view, name)
    assert content["text"].startswith(f"ex = {content['call']}\n{content['code']}\n")
    assert ("names=" in content["call"]) == ("text" in (view.filter or {}))


KEYS = RUNS[["deployment_id", "id"]].to_numpy().tolist()


@pytest.mark.parametrize(
    ("selected", "path"),
    [
        (None, ""),
        ([], ""),
        ([KEYS[-1]], ""),
        ([KEYS[4], KEYS[2]], "output_manifest.rows[0][1]"),
        ([KEYS[4]], "output_manifest.not[0].there"),
        (KEYS[3:9], "input.limit"),
        ([["agdep_gone", 'it\'s \\ "gone"\n']], ""),
    ],
    ids=[
        "nobody chose",
        "none",
        "the newest",
        "two, the later first",
        "no such place",
        "several",
        "gone",
    ],
)
def test_the_copied_cell_ends_with_the_view_and_what_is_chosen_in_it(selected, path):
    view = explore(RUNS)
    if selected is not None:
        view.selected = selected
    view.path = path
    content, _ = conversation(view)({"id": 1, "op": "python"})
    namespace = {"runs": RUNS, "arn": arn, "pd": pd}
    exec(content["text"], namespace)
    made = namespace["ex"]
    assert content["text"].splitlines()[-1] == "ex"
    assert (made.selected, made.path) == (view.selected, view.path)
    # What the page is told may be another thing: none, until somebody has chosen.
    assert made.get_state("selected") == view.get_state("selected")


def test_a_plain_view_is_plain_python():
    class Client:
        def read_output(self, *_: Any, **__: Any) -> bytes:
            return b""

    run = arn.Run(json.dumps(record(3)).encode())
    for view, call in (
        (explore(RUNS), "arn.explore(runs)"),
        (explore(RUNS, Client()), "arn.explore(runs, client)"),
        (explore(run), "arn.explore(run)"),
    ):
        assert conversation(view)({"id": 1, "op": "python"})[0]["call"] == call


def test_a_page_gets_the_file_that_to_html_writes(tmp_path):
    view = explore(RUNS, filter={"status": "failed"})
    content, buffers = conversation(view)({"id": 1, "op": "file"})
    sent = unpacked(content["file"], buffers)
    written = view.to_html(tmp_path / "file.html").read_bytes()
    before, _, _ = sent.partition(b"Written")
    assert written.startswith(before)
    assert content["name"].startswith("runs-")
    assert content["name"].endswith(".html")


def test_the_name_of_a_file_is_safe():
    run = arn.Run(json.dumps(record(3, id="../../etc/passwd\n\u202e<b>")).encode())
    content, _ = conversation(explore(run))({"id": 1, "op": "file"})
    assert set(content["name"]) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
    )


def test_a_file_that_is_too_large_for_a_page_is_written_by_python(monkeypatch):
    monkeypatch.setattr("agentrun_nb.widget.run_explorer.MOST_BYTES", 1_000)
    content, _ = conversation(explore(RUNS))({"id": 1, "op": "file"})
    assert "write it with ex.to_html(path)" in content["error"]


def title_of(view: Any, path: Any) -> str:
    written = view.to_html(path).read_text()
    return written.partition("<title>")[2].partition("</title>")[0]


def test_the_title_of_a_file_says_what_of_whom_from_when_to_when_and_when_read(tmp_path):
    runs = arn.runs_frame(body(12)).assign(fetched_at=pd.Timestamp("2026-11-20T21:03:09Z"))
    path = tmp_path / "file.html"
    names = {"agdep_reviews": "code <reviews>"}
    assert title_of(explore(runs, tz="Asia/Tokyo"), path) == (
        "12 runs of 2 deployments \u00b7 20 Nov 2026 17:00 to 17:11 Asia/Tokyo"
        " \u00b7 read 21 Nov 2026 06:03 Asia/Tokyo"
    )
    some = explore(runs, names=names, filter={"deployment_id": "agdep_reviews"})
    assert title_of(some, path).startswith(
        "4 runs of code &lt;reviews&gt; \u00b7 20 Nov 2026 08:00 to 08:09 UTC"
    )
    assert "of 4 of 12 runs (deployment code &lt;reviews&gt;) with" in path.read_text()
    never = runs.assign(created_at=pd.NaT, fetched_at=pd.NaT, deployment_id=None)
    assert title_of(explore(arn.runs_frame(never)), path) == "12 runs"
    one = explore(arn.Run(json.dumps(record(3)).encode()))
    assert title_of(one, path).startswith("Run adrun_00000003 of agdep_reviews")
    assert title_of(explore([]), path) == "0 runs"


# --- what is not of these requests


@pytest.mark.parametrize("op", sorted(set(protocol.OPS) - {"open", "module", "later", "window"}))
def test_a_document_has_no_runs_to_ask_about(op):
    request = {"id": 1, "op": op, "row": 0, "rows": [0, 1], "output": 0, "path": "input.a"}
    content, _ = conversation(explore_json({}))(request)
    assert content["ok"] is False


# --- what a file holds, which has no kernel to ask


def page_of(view: Any, path: Any) -> tuple[dict[str, Any], list[bytes]]:
    written = view.to_html(path).read_text()
    data = json.loads(written.partition('id="arn-data">')[2].partition("</script>")[0])
    return data["page"], [base64.b64decode(part) for part in data["buffers"]]


def test_a_file_holds_groups_and_last_successes_of_its_runs(tmp_path):
    view = explore(MANY, filter={"status": ["failed", "succeeded", "queued"]})
    shown = view.shown
    page, buffers = page_of(view, tmp_path / "file.html")
    asked, asked_buffers = conversation(explore(shown))({"id": 1, "op": "groups"})
    assert page["groups"]["list"] == asked["list"]
    assert places(page["groups"], buffers, "codes") == places(asked, asked_buffers, "codes")
    failed = np.flatnonzero(shown["status"].isin(FAILURES)).tolist()
    assert {int(row) for row in page["last_success"]} < set(failed)
    assert len(page["last_success"]) == last_success_module.MOST_RUNS
    assert page["last_success_cut"] is True
    row = next(iter(page["last_success"]))
    assert page["last_success"][row] == last_success_module.compared_with_last_success(
        shown, int(row)
    )


def test_a_file_compares_the_latest_failed_runs_and_says_where_it_is_cut(tmp_path, monkeypatch):
    runs = course()
    page, _ = page_of(explore(runs), tmp_path / "file.html")
    assert set(page["last_success"]) == {"3", "5", "6", "7", "8", "9", "10"}
    assert page["last_success_cut"] is False
    monkeypatch.setattr(last_success_module, "MOST_RUNS", 2)
    page, _ = page_of(explore(runs), tmp_path / "file.html")
    assert set(page["last_success"]) == {"8", "7"}
    assert page["last_success_cut"] is True
    monkeypatch.setattr(last_success_module, "MOST_BYTES", 10)
    page, _ = page_of(explore(runs), tmp_path / "file.html")
    assert (page["last_success"], page["last_success_cut"]) == ({}, True)


def test_what_is_left_out_of_a_file_is_in_none_of_its_comparisons(tmp_path):
    view = explore(course())
    written = view.to_html(tmp_path / "file.html", without=("input", "output_manifest")).read_text()
    assert "2026-Q1" not in written
    assert '"comparison"' in written


def test_a_page_with_a_kernel_asks_for_what_a_file_holds():
    page = conversation(explore(RUNS))({"id": 1, "op": "open"})[0]["page"]
    assert (page["groups"], page["last_success"], page["last_success_cut"]) == (None, None, False)
