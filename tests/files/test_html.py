"""A page that a view has written is a table again: the same values, dtypes and report."""

from __future__ import annotations

import random

import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb.errors import DataError, SchemaError
from agentrun_nb.tables import report
from agentrun_nb.tables.report import FetchReport
from tests.support.strategies import GOLDEN


@pytest.fixture
def runs() -> pd.DataFrame:
    hostile = {"failure_reason": "</script><!-- \u2028 <script>alert(1)</script>", "status": "odd"}
    records = [GOLDEN | {"id": f"run_{number}"} for number in range(30)]
    frame = arn.runs_frame([*records, GOLDEN | {"id": "run_x"} | hostile])
    report.attach(frame, FetchReport(asked=31, got=31, complete=True, pages=3))
    return frame


def test_a_page_gives_back_its_runs(tmp_path, runs):
    loaded = arn.load(arn.explore(runs).to_html(tmp_path / "runs.html"))
    pd.testing.assert_frame_equal(loaded, runs)
    assert loaded.attrs == runs.attrs
    assert arn.fetch_report(loaded).complete is True


@pytest.mark.parametrize("rows", [0, 1])
def test_few_runs_come_back_too(tmp_path, runs, rows):
    some = arn.runs_frame([GOLDEN] * rows)
    pd.testing.assert_frame_equal(arn.load(arn.explore(some).to_html(tmp_path / "runs.html")), some)


def test_a_page_of_one_run_is_a_table_of_one_row(tmp_path, runs):
    run = arn.Run.of_row(runs.iloc[-1])
    loaded = arn.load(arn.explore(run).to_html(tmp_path / "run.html"))
    pd.testing.assert_frame_equal(loaded, run.to_frame())


def test_it_holds_what_the_page_shows_and_no_more(tmp_path, runs):
    view = arn.explore(runs, filter={"status": "odd"})
    loaded = arn.load(view.to_html(tmp_path / "runs.html", without="input"))
    assert loaded["id"].tolist() == ["run_x"]
    assert loaded["input"].isna().all()
    assert arn.fetch_report(loaded).without == ("input",)
    assert loaded["output_manifest"].tolist() == view.shown["output_manifest"].tolist()
    assert arn.fetch_report(loaded).complete is None


@pytest.mark.parametrize("attrs", ["with a report", "without one"])
def test_a_document_that_was_left_out_is_no_value_of_a_record(tmp_path, runs, attrs):
    given = runs if attrs == "with a report" else report.without_attrs(runs)
    documents = ["input", "output_manifest"]
    loaded = arn.load(arn.explore(given).to_html(tmp_path / "runs.html", without=documents))
    assert loaded[documents].isna().all(axis=None)
    pd.testing.assert_frame_equal(loaded.drop(columns=documents), runs.drop(columns=documents))
    found = arn.fetch_report(loaded)
    assert found.without == ("input", "output_manifest")
    assert found.complete is (True if attrs == "with a report" else None)
    assert len(arn.json_paths(loaded)) == 0


def test_further_columns_come_back_where_a_file_can_hold_them(tmp_path, runs):
    more = runs.assign(score=1.5)
    loaded = arn.load(arn.explore(more).to_html(tmp_path / "runs.html"))
    assert loaded["score"].tolist() == more["score"].tolist()
    odd = runs.assign(thing=[object()] * len(runs))
    loaded = arn.load(arn.explore(odd).to_html(tmp_path / "odd.html"))
    pd.testing.assert_frame_equal(loaded, runs)


@pytest.mark.parametrize("seed", range(20))
def test_a_changed_page_is_refused(tmp_path, runs, seed):
    path = arn.explore(runs).to_html(tmp_path / "runs.html")
    page = bytearray(path.read_bytes())
    chance = random.Random(seed)
    page[chance.randrange(len(page))] ^= 1 << chance.randrange(7)
    path.write_bytes(page)
    with pytest.raises((DataError, SchemaError)) as caught:
        arn.load(path)
    assert caught.value.hint


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"<!-- agentrun_nb sha256 00 -->\n"])
def test_another_page_is_refused(tmp_path, runs, body):
    path = tmp_path / "page.html"
    path.write_bytes(body)
    with pytest.raises(SchemaError):
        arn.load(path)
    whole = arn.explore(runs).to_html(path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SchemaError):
        arn.load(path)


def test_a_page_of_a_json_document_holds_no_table(tmp_path):
    path = tmp_path / "document.html"
    arn.explore_json('{"a": 1}').to_html(path)
    with pytest.raises(SchemaError, match="no table"):
        arn.load(path)


def test_save_says_who_writes_pages(tmp_path, runs):
    with pytest.raises(SchemaError, match="to_html"):
        arn.save(runs, tmp_path / "runs.html")
    assert not list(tmp_path.iterdir())
