"""What is shown of the runs: the filter in both directions, and the code that gives it again."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import agentrun_nb as arn
from agentrun_nb.errors import SettingsError
from agentrun_nb.widget import explore
from tests.support.samples import moment, record

STATUSES = ["succeeded", "failed", "timed_out", "running", "queued", None, "of a newer service"]
REASONS = [None, "KeyError: 'amount'", "exit 137: out of memory", 'a "quoted"\nreason']


def table(count: int = 60) -> pd.DataFrame:
    """Runs of every kind, under an index with repeated labels."""
    records = [
        record(
            number,
            failure_reason=REASONS[number % 4],
            output_manifest={"score": number / 7, "label": str(number)} if number % 5 else None,
        )
        | {"status": STATUSES[number % 7]}
        for number in range(count)
    ]
    for number in range(0, count, 11):
        records[number] |= {"created_at": None, "version_id": None, "mode": None}
    runs = arn.runs_frame(json.dumps(records).encode())
    return runs.set_axis([number // 2 for number in range(count)])


RUNS = table()
MANY = table(400)


def keys(runs: pd.DataFrame) -> list[list[str]]:
    return runs[["deployment_id", "id"]].to_numpy().tolist()


def again(view: Any, runs: pd.DataFrame) -> dict[str, Any]:
    """What `code` assigns, run where there is nothing but the runs."""
    names = {"runs": runs, "arn": arn, "pd": pd}
    exec(view.code, names)
    return names


def several(values: list[Any]) -> st.SearchStrategy[Any]:
    texts = [value for value in values if value is not None]
    return st.sampled_from(texts) | st.lists(st.sampled_from(values), max_size=3)


FINGERPRINTS = arn.failures(RUNS)["fingerprint"].dropna().tolist()
WHEN = st.integers(-10, 70).map(lambda minute: moment(60 * minute)) | st.sampled_from(
    ["1h", "20 min", "0s", pd.Timedelta("30min"), "2026-11-20"]
)
RULES = st.tuples(
    st.sampled_from(["output_manifest.score", "output_manifest.label", "input.limit"]),
    st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
    st.integers(0, 60) | st.floats(0, 8) | st.sampled_from(["7", "5", None]),
)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "status": several(STATUSES),
        "deployment_id": several(["agdep_reports", "agdep_reviews", "x'] | \"\\"]),
        "version_id": several(["agver_1", "agver_2", None]),
        "mode": several(["job", "service", None]),
        "since": WHEN,
        "until": WHEN,
        "text": st.sampled_from(["0000001", "AMOUNT", '"quoted"', "agver_2", "'"]),
        "has_outputs": st.booleans(),
        "failure": st.sampled_from(FINGERPRINTS),
        "where": st.lists(RULES, max_size=2),
    },
)
PLACES = st.lists(st.integers(0, 59), max_size=60, unique=True)


NAMES = {"agdep_reviews": "code reviews", "agver_2": "reviews 0000001", "other": "KeyError"}
EDGES = st.tuples(st.integers(-1, 61), st.integers(-1, 61)).map(sorted)


def choose(view: Any, chosen: Any) -> pd.DataFrame:
    """What a person may choose on the page: all, a group, a stretch, a drag, or one by one."""
    kind, what = chosen
    if kind == "shown":
        return view.shown
    if kind == "all":
        return view.runs
    if kind == "group":
        return view.shown[arn.failures(view.shown, each=True).eq(what).to_numpy()]
    if kind == "places":
        return view.runs.iloc[what]
    start, end = (pd.Timestamp(moment(60 * minute)) for minute in what)
    if kind == "stretch":
        return view.shown[view.shown["created_at"].between(start, end)]
    return view.shown[view.shown["created_at"].le(end) & ~view.shown["completed_at"].lt(start)]


CHOICES = st.one_of(
    st.tuples(st.just("places"), PLACES),
    st.tuples(st.sampled_from(["shown", "all"]), st.none()),
    st.tuples(st.just("group"), st.sampled_from(FINGERPRINTS)),
    st.tuples(st.sampled_from(["stretch", "drag"]), EDGES),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rules=FILTERS, chosen=CHOICES, names=st.sampled_from([None, NAMES]))
def test_the_code_gives_what_is_shown_and_what_is_chosen(rules, chosen, names):
    view = explore(RUNS, filter=rules, names=names)
    view.selected = choose(view, chosen)
    made = again(view, RUNS)
    pd.testing.assert_frame_equal(made["shown"], view.shown)
    pd.testing.assert_frame_equal(made["selection"], view.selection)
    call = view._view_code()
    pd.testing.assert_frame_equal(eval(call, {"arn": arn, "runs": RUNS}).shown, view.shown)


def test_there_are_three_sets():
    view = explore(RUNS, filter={"status": "failed"})
    view.selected = RUNS.iloc[[0, 1]]
    pd.testing.assert_frame_equal(view.runs, RUNS)
    assert set(view.shown["status"]) == {"failed"}
    assert view.selection["status"].tolist() == ["succeeded", "failed"], (
        "a run that is not shown stays chosen"
    )
    view.filter = None
    pd.testing.assert_frame_equal(view.shown, RUNS)


def test_the_code_assigns_in_order():
    view = explore(RUNS, filter={"status": "failed", "since": "1h"})
    view.selected, view.path = view.shown.iloc[:1], "input.limit"
    names = [line.partition(" = ")[0] for line in view.code.splitlines()]
    assert names == ["shown", "selection", "value"]
    assert "1h" not in view.code, "an age is a moment in code"


def test_the_code_of_one_run_assigns_what_is_shown():
    run = arn.Run(json.dumps(record(3, "failed")).encode())
    view = explore(run)
    names = {"arn": arn, "pd": pd, "run": run}
    exec(view.code, names)
    pd.testing.assert_frame_equal(names["shown"], view.shown)
    pd.testing.assert_frame_equal(names["selection"], view.selection)


def touching(runs: pd.DataFrame) -> pd.DataFrame:
    """What a drag over the timeline chooses: the runs that go on at any time of a stretch."""
    before = runs["created_at"].le(moment(15_000))
    return runs[before & ~runs["completed_at"].lt(moment(3_020))]


SHORT = {
    "all that is shown": lambda view: view.shown,
    "all": lambda view: view.runs,
    "a stretch of what is shown": lambda view: view.shown[
        view.shown["created_at"].between(moment(3_000), moment(15_000))
    ],
    "a stretch to the end": lambda view: view.runs[view.runs["created_at"] >= moment(3_000)],
    "a drag": lambda view: touching(view.shown),
    "a version": lambda view: view.shown[view.shown["version_id"].eq("agver_1")],
    "two statuses": lambda view: view.runs[view.runs["status"].isin(["failed", "queued"])],
    "no version": lambda view: view.runs[view.runs["version_id"].isna()],
    "three": lambda view: view.runs.iloc[[5, 90, 200]],
}


@pytest.mark.parametrize("chosen", SHORT.values(), ids=SHORT)
@pytest.mark.parametrize("rules", [None, {"status": ["failed", "succeeded"]}])
def test_the_code_of_what_a_rule_says_is_short(chosen, rules):
    view = explore(MANY, filter=rules)
    view.selected = chosen(view)
    assert len(view.selection) >= 3
    assert len(view.code) < 320, view.code
    pd.testing.assert_frame_equal(again(view, MANY)["selection"], view.selection)


def test_a_changed_filter_and_other_data_show_other_runs():
    view = explore(RUNS, filter={"status": "failed"})
    seen = []
    view.observe(lambda change: seen.append(change["new"]), "filter")
    view.filter = {"status": ["queued"], "mode": None}
    assert seen == [{"status": ["queued"]}]
    assert set(view.shown["status"]) == {"queued"}
    view.update(RUNS.iloc[:5])
    assert set(view.shown["status"]) == {"queued"}
    assert len(view.runs) == 5
    view.filter = {}
    assert view.filter is None


@pytest.mark.parametrize(
    "rules", [{"statsu": "failed"}, {"status": "faild"}, "failed", {"since": 5}]
)
def test_a_bad_filter_is_refused_and_changes_nothing(rules):
    view = explore(RUNS, filter={"status": "failed"})
    with pytest.raises(SettingsError):
        view.filter = rules
    with pytest.raises(SettingsError):
        explore(RUNS, filter=rules)
    view.set_state({"filter": rules})
    assert view.filter == {"status": "failed"}
    view.set_state({"filter": {"mode": "job"}})
    assert view.filter == {"mode": "job"}
    view.set_state({"filter": None})
    assert view.filter is None


@pytest.mark.parametrize(
    "rules",
    [
        {"text": "x" * 3_000},
        {"status": ["failed"] * 501},
        {"where": [["input.a", "==", {}]]},
        {"where": [["input." + "a." * 5_000, "==", 1]]},
        {"where": [["input.a", "==", float("inf")]]},
        json.loads('{"status":' + "[" * 500 + "]" * 500 + "}"),
    ],
    ids=lambda rules: str(rules)[:40],
)
def test_a_page_cannot_set_what_is_too_large_or_too_deep(rules):
    view = explore(RUNS)
    view.set_state({"filter": rules})
    assert view.filter is None


def test_an_empty_view_takes_a_filter():
    view = explore([], filter={"status": "failed", "since": "1h"})
    assert (len(view.shown), len(view.selection)) == (0, 0)
    assert np.array_equal(again(view, view.runs)["shown"].columns, view.shown.columns)


def test_a_figure_and_a_file_hold_what_is_shown(tmp_path):
    view, shown = explore(RUNS, filter={"status": "failed"}), RUNS[RUNS["status"].eq("failed")]
    assert view.figure() == explore(shown).figure()
    written = view.to_html(tmp_path / "runs.html", without="input").read_text()
    assert f"the records of {len(shown)} of {len(RUNS)} runs (status failed)" in written
    one = explore(arn.Run(json.dumps(record(3)).encode()), filter={"status": "failed"})
    assert "the records of 1 run " in one.to_html(tmp_path / "run.html").read_text()
