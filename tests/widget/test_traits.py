"""The values that page and kernel share: what each can be, and who may set it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb.drawing.window import Window
from agentrun_nb.errors import SettingsError
from agentrun_nb.widget import explore, traits
from agentrun_nb.widget.traits import choice_checksum
from tests.support.samples import body, record
from tests.widget.test_protocol import conversation, unpacked

RUNS = arn.runs_frame(body(12))
HOUR = ["2026-11-20T08:00:00Z", "2026-11-20T09:00:00Z"]

SOUND = [
    ("view", "table", "table"),
    ("view", "durations", "durations"),
    ("by", None, None),
    ("by", "none", "none"),
    ("by", "version_id", "version_id"),
    ("sort", None, None),
    ("sort", "-created_at", "-created_at"),
    ("sort", "after_start", "after_start"),
    ("sort", "-output_manifest.score", "-output_manifest.score"),
    ("columns", (), []),
    ("columns", "input.limit", ["input.limit"]),
    (
        "columns",
        ("output_manifest.outputs[*].name", "input.limit", "input.limit"),
        ["output_manifest.outputs[*].name", "input.limit"],
    ),
    ("window", None, None),
    ("window", HOUR, HOUR),
    ("window", (pd.Timestamp(HOUR[0]), pd.Timestamp(HOUR[1])), HOUR),
    ("window", ("2026-11-20T10:00+02:00", "2026-11-20 09:00"), HOUR),
    ("height", None, None),
    ("height", 400, 400),
]

ODD = [
    ("view", "timelime", "'timeline'"),
    ("view", None, "timeline, table, durations"),
    ("view", ["table"], "'table'"),
    ("by", "version", "'version_id'"),
    ("by", "time", "none, deployment_id"),
    ("by", True, "none, deployment_id"),
    ("sort", "created", "'created_at'"),
    ("sort", "-after_starts", "'after_start'"),
    ("sort", 5, "created_at"),
    ("columns", ["score"], "input., output_manifest."),
    ("columns", ["output_manifest.a["], "outputs[0].size_bytes"),
    ("columns", [5], "output_manifest.score"),
    ("columns", {"input.limit": 1}, "output_manifest.score"),
    ("columns", [f"input.key_{number}" for number in range(21)], "at most 20"),
    ("columns", ["input." + "a" * 3_000], "output_manifest.score"),
    ("window", "1h", "2026"),
    ("window", HOUR[:1], "2026"),
    ("window", [None, HOUR[1]], "2026"),
    ("window", ["yesterday", HOUR[1]], "ISO"),
    ("window", HOUR[::-1], "beginning first"),
    ("window", {"start": 1, "end": 2}, "2026"),
    ("height", 0, "whole pixels"),
    ("height", True, "whole pixels"),
    ("height", "400px", "whole pixels"),
    ("height", 10**6, "whole pixels"),
]


@pytest.mark.parametrize(("name", "given", "stored"), SOUND)
def test_what_explore_takes_may_be_set_as_well(name, given, stored):
    assert getattr(explore(RUNS, **{name: given}), name) == stored
    view = explore(RUNS)
    setattr(view, name, given)
    assert getattr(view, name) == stored
    assert view.get_state(name) == {name: stored}


@pytest.mark.parametrize(("name", "given", "hint"), ODD)
def test_what_is_odd_is_refused_with_what_is_near(name, given, hint):
    view = explore(RUNS)
    before = getattr(view, name)
    for attempt in (
        lambda: explore(RUNS, **{name: given}),
        lambda: setattr(view, name, given),
    ):
        with pytest.raises(SettingsError) as refused:
            attempt()
        assert hint in refused.value.hint
        assert len(str(refused.value)) < 500
    view.set_state({name: given})
    assert getattr(view, name) == before


@pytest.mark.parametrize(
    ("name", "stored"), [(name, stored) for name, given, stored in SOUND if given == stored]
)
def test_the_page_sets_all_but_what_the_program_says(name, stored):
    view = explore(RUNS)
    before = getattr(view, name)
    view.set_state({name: stored})
    assert getattr(view, name) == (before if name in traits.OF_THE_PROGRAM else stored)


def many(count: int) -> pd.DataFrame:
    """Runs with ids as long as those of the service."""
    ids = [f"adrun_{number:032x}" for number in range(count)]
    runs = arn.runs_frame(body(1))
    return pd.concat([runs] * count, ignore_index=True).assign(id=ids)


MANY = many(20_000)


@pytest.mark.parametrize("count", [0, 1, 100, 101, 20_000])
def test_a_saved_view_is_small_however_many_runs_are_chosen(count):
    view = explore(MANY, names={f"agdep_{n}": "a name" for n in range(1_000)})
    view.selected = MANY.head(count)
    assert len(view.selected) == len(view.selection) == count
    state = json.dumps(view.get_state(), default=str)
    assert len(state) <= 20_000
    shared = view.get_state("selected")["selected"]
    assert shared == (
        view.selected if count <= 100 else {"n": count, "mark": choice_checksum(view.selected)}
    )


def test_keys_that_are_long_are_not_saved_either():
    view = explore(RUNS)
    view.selected = [["d" * 400, "r" * 400]] * 100
    assert view.get_state("selected")["selected"]["n"] == 100


def test_another_choice_of_as_many_runs_is_shared_as_another():
    view = explore(MANY)
    marks = set()
    for start in range(3):
        view.selected = MANY.iloc[start : start + 500]
        marks.add(json.dumps(view.get_state("selected")))
    view.selected = [["\ud800", "x"]] * 500
    assert len(marks | {json.dumps(view.get_state("selected"))}) == 4


def test_the_page_chooses_many_runs_by_their_rows_and_is_told_them_again():
    view = explore(MANY)
    ask = conversation(view)
    rows = list(range(0, 20_000, 2))[::-1]
    content, _ = ask({"id": 1, "op": "select", "rows": [*rows, *rows]})
    assert content["mark"] == view.get_state("selected")["selected"]["mark"]
    assert view.selected[:2] == [["agdep_reviews", MANY["id"].iloc[row]] for row in rows[:2]]
    assert view.selection.index.tolist() == sorted(rows)
    content, buffers = ask({"id": 2, "op": "selected"})
    assert np.frombuffer(unpacked(content["rows"], buffers), "<u4").tolist() == rows
    view.set_state({"selected": {"n": 5, "mark": 1}})
    assert len(view.selected) == len(rows), (
        "a page that sends back what it was told changes nothing"
    )


def test_of_runs_with_one_key_the_page_is_told_the_first():
    view = explore(pd.concat([RUNS, RUNS]))
    view.selected = [*RUNS.iloc[[3, 1, 3]][["deployment_id", "id"]].to_numpy().tolist(), ["a", "b"]]
    content, buffers = conversation(view)({"id": 1, "op": "selected"})
    assert np.frombuffer(unpacked(content["rows"], buffers), "<u4").tolist() == [3, 1]


@pytest.mark.parametrize("rows", [None, "0", [12], [-1], [True], [0.0], [[0]], {"0": 0}])
def test_the_page_chooses_rows_that_are_there(rows):
    view = explore(RUNS)
    before = view.selected
    content, _ = conversation(view)({"id": 1, "op": "select", "rows": rows})
    assert (content["ok"], view.selected) == (False, before)


def test_ages_of_a_window_count_back_from_the_newest_look():
    view = explore(RUNS, window=("10 min", "0s"))
    start, end = (pd.Timestamp(edge) for edge in view.window)
    assert end - start == pd.Timedelta("10min")
    assert end.timestamp() * 1_000 == view._table.now


def test_a_figure_shows_what_a_page_would_open_with_until_a_page_says_what_it_shows():
    view = explore(RUNS, window=HOUR, by="status")
    start, end = (pd.Timestamp(edge).timestamp() * 1_000 for edge in HOUR)
    assert view._on_screen() == Window(start, end, "status")
    assert view.figure() != explore(RUNS).figure()
    view.set_state({"by": "version_id"})
    ask = conversation(view)
    ask({"id": 1, "op": "window", "start": 5, "end": 6, "by": "version_id", "dark": True})
    assert view._on_screen() == Window(5, 6, "version_id", width=100, dark=True)
    assert explore(RUNS)._on_screen() == Window()


def test_names_are_searched_and_travel_with_the_page():
    names = {"agdep_reviews": "code reviews", "agver_1": "code reviews v1"}
    view = explore(RUNS, names=names, filter={"text": "CODE REV"})
    in_name = RUNS["deployment_id"].eq("agdep_reviews") | RUNS["version_id"].eq("agver_1")
    pd.testing.assert_frame_equal(view.shown, RUNS[in_name])
    assert view._page()[0]["names"] == names


@pytest.mark.parametrize("names", ["csv", ["a"], {1: "a"}, {"a": None}, RUNS])
def test_names_are_a_mapping_of_texts(names):
    with pytest.raises(SettingsError) as refused:
        explore(RUNS, names=names)
    assert "client.names()" in refused.value.hint


def test_a_file_opens_with_what_was_set(tmp_path):
    shared = {"view": "table", "by": "status", "sort": "-after_start", "window": HOUR}
    shared |= {"columns": ["input.limit"], "height": 500}
    run = arn.Run(json.dumps(record(3)).encode())
    for number, x in enumerate((RUNS, run)):
        written = explore(x, **shared).to_html(tmp_path / f"{number}.html").read_text()
        data = written.partition('id="arn-data">')[2].partition("</script>")[0]
        assert shared.items() <= json.loads(data)["traits"].items()
