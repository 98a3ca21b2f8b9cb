"""Fetch reports: small, plain, and never speaking for another frame."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agentrun_nb import (
    explore,
    failures,
    health,
    load,
    outputs,
    runs_frame,
    save,
    spans,
    summarize,
)
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.fetch.query import RunQuery
from agentrun_nb.tables.remainder import Remainder
from agentrun_nb.tables.report import (
    ATTRS,
    MOST_BYTES,
    FetchReport,
    attach,
    completeness,
    count_oddities,
    fetch_report,
    fingerprint,
    join,
    remainder_of,
    verdict,
)
from tests.support.http import run_record

WHOLE = FetchReport(
    asked=None,
    got=3,
    rows=3,
    complete=True,
    deployments=2,
    pages=4,
    streams=2,
    order_verified=True,
    duplicates=1,
    retries=5,
    waited_seconds=6.5,
    clock_offset=(-0.5, 1.5),
    oddities={"missing": 7},
    seconds=8.25,
)


@pytest.fixture
def runs() -> pd.DataFrame:
    frame = runs_frame([run_record(f"run_{number}") for number in range(3)])
    attach(frame, WHOLE)
    return frame


def test_a_frame_gives_its_report_back(runs: pd.DataFrame) -> None:
    assert fetch_report(runs) == WHOLE


def with_gaps(keys: pd.DataFrame, column: str, missing: object) -> pd.DataFrame:
    """Keys of which each third one is missing."""
    is_there = pd.Series(keys.index % 3 > 0, keys.index)
    return keys.assign(**{column: keys[column].astype("object").where(is_there, missing)})


KEYS = {
    "plain": lambda keys: keys,
    "none": lambda keys: keys.head(0),
    "one": lambda keys: keys.head(1),
    "each twice": lambda keys: pd.concat([keys, keys]),
    "each of another deployment": lambda keys: keys.assign(deployment_id=keys["id"]),
    "no deployment": lambda keys: keys.assign(deployment_id=float("nan")),
    "gaps in ids": lambda keys: with_gaps(keys, "id", float("nan")),
    "gaps of None": lambda keys: with_gaps(keys, "id", None),
    "gaps of NA": lambda keys: with_gaps(keys, "id", pd.NA),
    "gaps in deployments": lambda keys: with_gaps(keys, "deployment_id", None),
    "without deployments": lambda keys: keys[["id"]],
}


@pytest.mark.parametrize("name", KEYS)
def test_the_hash_of_keys_is_that_of_files_that_were_written_before(name: str) -> None:
    """It is what pandas makes of the keys as objects, however it is made."""
    ids = [f"run_{number % 17}_{number}" for number in range(12_345)]
    keys = pd.DataFrame({"deployment_id": ["dep_1", *["dep_2"] * 12_344], "id": ids}, dtype=TEXT)
    keys = KEYS[name](keys)
    plain = pd.util.hash_pandas_object(keys.astype("object"), index=False)
    assert fingerprint(keys, "RUNS") == f"{int(plain.to_numpy().sum()):016x}"


def test_it_is_plain_data(runs: pd.DataFrame) -> None:
    assert json.loads(json.dumps(runs.attrs)) == runs.attrs


def test_it_holds_for_the_same_runs_in_another_order_or_with_further_columns(
    runs: pd.DataFrame,
) -> None:
    assert fetch_report(runs.sort_values("id", ascending=False)) == WHOLE
    assert fetch_report(runs.assign(score=1)) == WHOLE


@pytest.mark.parametrize(
    "other",
    [
        lambda runs: runs.iloc[1:],
        lambda runs: runs.iloc[:0],
        lambda runs: runs.assign(id=["run_0", "run_1", "run_9"]),
        lambda runs: runs.assign(deployment_id="dep_2"),
        lambda runs: runs.iloc[[0, 1, 1]],
        lambda runs: runs.drop(columns="id"),
    ],
)
def test_it_never_speaks_for_another_frame(runs: pd.DataFrame, other: object) -> None:
    told = fetch_report(other(runs))  # type: ignore[operator]
    assert told.complete is None
    assert "not the frame" in repr(told)


def test_a_frame_without_a_report_claims_nothing() -> None:
    assert fetch_report(pd.DataFrame({"id": ["a"]})) == FetchReport(rows=1)


def test_it_is_small_whatever_it_counts(runs: pd.DataFrame) -> None:
    attach(
        runs,
        replace(
            WHOLE,
            oddities={f"code_{number}" * 9: 1 for number in range(500)},
            truncated_by="x" * 9_000,
        ),
    )
    assert len(json.dumps(runs.attrs[ATTRS])) <= MOST_BYTES
    assert fetch_report(runs).complete is True


@pytest.mark.parametrize("cut", [None, "limit"])
def test_the_verdict_says_how_complete_runs_are_and_not_how_many(cut: str | None) -> None:
    runs = runs_frame([{"id": "a"}])
    assert verdict(runs) == (None, "1 run without a status that can be read")
    plain = replace(WHOLE, duplicates=0, retries=0, oddities={})
    attach(runs, replace(plain, complete=cut is None, truncated_by=cut))
    complete, words = verdict(runs)
    assert complete is (cut is None)
    judgement = "NOT complete (limit)" if cut else "complete"
    assert words == f"{judgement}; 1 run without a status that can be read"
    assert completeness(runs).endswith(f"{judgement}. 1 run without a status that can be read.")
    complete, words = verdict(runs.iloc[:0])
    assert complete is None
    assert "nothing is known of completeness" in words


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (FetchReport(got=1, rows=1, complete=True, seconds=1.25), "1 run in 1.2 s, complete."),
        (
            FetchReport(
                asked=1000, got=980, rows=1000, complete=False, truncated_by="interrupt", seconds=4
            ),
            "980 of 1,000 runs asked for in 4.0 s, NOT complete (interrupt).",
        ),
        (
            replace(WHOLE, order_verified=False),
            "3 runs of 2 deployments in 8.2 s, complete, 1 came twice, not in order of creation, 5 retries, "
            "7 x missing.",
        ),
        (
            FetchReport(
                got=2, rows=2, complete=True, oddities={"mood": 2, "not_offered": 1, "null": 1}
            ),
            "2 runs in 0.0 s, complete, 2 x unknown field mood, 1 x not_offered, 1 x null.",
        ),
    ],
)
def test_its_repr_is_a_sentence(report: FetchReport, sentence: str) -> None:
    assert repr(report) == sentence


@pytest.mark.parametrize(
    ("verdicts", "joined"),
    [
        ([True, True], True),
        ([True, False], False),
        ([True, None], None),
        ([False, None], None),
        ([], None),
    ],
)
def test_together_they_are_complete_when_each_is(
    verdicts: list[bool | None], joined: bool | None
) -> None:
    assert join([replace(WHOLE, complete=verdict) for verdict in verdicts]).complete is joined


def test_joining_adds_up() -> None:
    both = join([WHOLE, replace(WHOLE, truncated_by="limit", order_verified=None)])
    assert (both.rows, both.retries, both.waited_seconds, both.oddities) == (
        6,
        10,
        13.0,
        {"missing": 14},
    )
    assert (both.truncated_by, both.order_verified, both.asked) == ("limit", True, None)
    assert join([replace(WHOLE, asked=2), replace(WHOLE, asked=3)]).asked == 5


def test_oddities_are_counted_by_code_and_not_by_what_the_texts_say() -> None:
    hostile = run_record("run_1", status="x; id: missing: ; y: null: ", retention_seconds=1.5)
    failed = pd.DataFrame(
        {
            "parse_notes": runs_frame(hostile)["parse_notes"],
            "fetch_error": ["server: The service failed: twice."],
        }
    )
    counted = count_oddities(failed)
    assert counted["not_integer"] == 1
    assert counted["server"] == 1
    assert counted["unknown_value"] == 1


@pytest.mark.parametrize(
    "foreign",
    [
        None,
        5,
        "text",
        [],
        {},
        {"rows": []},
        {"rows": 3, "digest": 1, "oddities": 7},
        pd.DataFrame({"a": [1]}),
        object(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_others_put_in_its_place_is_no_report(runs: pd.DataFrame, foreign: object) -> None:
    runs.attrs[ATTRS] = foreign
    assert fetch_report(runs) == FetchReport(rows=3)


@pytest.mark.parametrize(
    "rest", ["text", 5, [], {}, {"branches": 5}, {"branches": [["d", 1, 2, 3, 4]]}]
)
def test_what_others_put_in_the_place_of_the_rest_leads_nowhere(
    runs: pd.DataFrame, rest: object
) -> None:
    attach(runs, replace(WHOLE, complete=False, truncated_by="interrupt"), Remainder(whole=False))
    runs.attrs[ATTRS]["rest"] = rest
    assert RunQuery.of_rest(remainder_of(runs).rest) is None


def test_a_row_carries_the_report_of_its_table(runs: pd.DataFrame) -> None:
    attach(runs, WHOLE)
    assert fetch_report(runs.iloc[0]).complete is None
    only = runs.head(1)
    attach(only, replace(WHOLE, rows=1))
    assert fetch_report(only.iloc[0]).complete is True
    assert fetch_report(only.iloc[0][["status"]]).complete is None


def test_rows_that_are_no_runs_are_not_called_runs() -> None:
    runs = runs_frame([run_record("run_1"), run_record("run_2", status="failed")])
    for made, count in ((summarize(runs, by="status"), 2), (failures(runs), 1), (spans(runs), 2)):
        assert repr(fetch_report(made)).startswith(f"{count} row")
    assert repr(fetch_report(runs[["id"]])).startswith("2 runs")


@pytest.mark.parametrize("foreign", [np.arange(3), pd.DataFrame({"a": [1, 2]}), object()])
@pytest.mark.parametrize("name", ["mine", ATTRS])
def test_no_call_stumbles_over_what_a_user_keeps_in_attrs(
    name: str, foreign: object, tmp_path: Path
) -> None:
    """pandas cannot compare arrays in attrs, and compares the attrs of all that it puts together."""
    runs = runs_frame([run_record("run_1"), run_record("run_2", status="failed")])
    runs.attrs[name] = foreign
    assert len(runs_frame([runs, runs])) == 4
    assert len(failures(runs)) == 1
    assert health(runs) is not None
    for file in ("runs.parquet", "runs.csv"):
        save(runs, tmp_path / file)
        assert len(load(tmp_path / file)) == 2
    explore(runs).to_html(tmp_path / "runs.html")


def test_a_table_made_of_others_says_so() -> None:
    made = outputs(
        runs_frame(run_record("run_1", output_manifest={"outputs": [{"name": "a"}, {"name": "b"}]}))
    )
    assert repr(fetch_report(made)).startswith("2 outputs; made of another table")


def test_frames_of_one_deployment_are_of_one_deployment() -> None:
    parts = []
    for number in range(2):
        part = runs_frame([run_record(f"run_{number}")])
        attach(part, replace(WHOLE, deployments=1))
        parts.append(part)
    assert fetch_report(runs_frame(parts)).deployments == 1
