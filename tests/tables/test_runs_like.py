"""Whatever holds runs is taken by every function that takes runs; what does not is refused with what to do."""

from __future__ import annotations

import json
import math
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest

import agentrun_nb as arn
from agentrun_nb import figures
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import LOGS, OBSERVATIONS, PHASES, RUNS
from agentrun_nb.core.text import capital, kind_of
from agentrun_nb.errors import AgentRunError, BadResponseError, SchemaError
from agentrun_nb.records.decode import decode_page
from agentrun_nb.tables.frames import runs_frame, table_frame
from agentrun_nb.tables.mending import mend
from tests.support.strategies import GOLDEN, page, record


def rec(**changes: object) -> dict[str, object]:
    return {
        "id": "a",
        "deployment_id": "d",
        "version_id": "v",
        "mode": "job",
        "status": "succeeded",
        "input": {"n": 1},
        "created_at": "2026-11-20T10:00:00Z",
        "started_at": "2026-11-20T10:00:05Z",
        "completed_at": "2026-11-20T10:05:00Z",
        "updated_at": "2026-11-20T10:05:00Z",
        "output_manifest": {"outputs": [{"name": "report", "path": "/r.md"}], "score": 0.5},
        **changes,
    }


def runs() -> pd.DataFrame:
    return runs_frame(
        [
            rec(),
            rec(id="b", version_id="w", status="failed", exit_code=1, failure_reason="disk full"),
            rec(id="c", status="running", completed_at=None),
        ]
    )


def plain(frame: pd.DataFrame) -> list[dict[str, object]]:
    return frame.astype("object").where(frame.notna(), None).to_dict("records")


def repeated_keys(frame: pd.DataFrame) -> int:
    return len(
        frame.loc[frame.duplicated(["deployment_id", "id"]) & frame["id"].notna(), "id"].unique()
    )


def one_of_each(frame: pd.DataFrame) -> dict[str, object]:
    run = arn.Run.of_row(frame.iloc[0])
    return {
        "a Run": run,
        "a list of Runs": [arn.Run.of_row(row) for _, row in frame.iterrows()],
        "a row": frame.iloc[0],
        "a list of rows": [row for _, row in frame.iterrows()],
        "records of pandas": frame.to_dict("records"),
        "a tuple of frames": (frame.iloc[:1], frame.iloc[1:]),
        "an Arrow table": pa.Table.from_pandas(frame),
        "an Arrow reader": pa.Table.from_pandas(frame, preserve_index=False).to_reader(),
        "bytes": run.raw,
        "objects": frame.astype("object"),
    }


@pytest.mark.parametrize("kind", one_of_each(runs()))
def test_whatever_holds_runs_gives_the_rows(kind: str) -> None:
    given, expected = one_of_each(runs())[kind], runs()
    found = runs_frame(given)
    assert list(found.columns) == RUNS.names
    assert found.dtypes.astype("str").tolist() == expected.dtypes.astype("str").tolist()
    assert plain(found) == plain(expected.iloc[: len(found)])


def test_an_arrow_table_may_hold_documents_as_structs_and_long_integers_beside_gaps() -> None:
    records = [rec(process_id=2**31 + 1, mine=2**62 + 1), rec(id="b", process_id=None, mine=None)]
    for each in records:
        for name in ("created_at", "started_at", "completed_at", "updated_at"):
            each[name] = pd.Timestamp(each[name])
    found = runs_frame(pa.Table.from_pylist(records))
    assert json.loads(found["output_manifest"].iloc[0]) == records[0]["output_manifest"]
    assert found["process_id"].iloc[0] == 2**31 + 1
    assert found["mine"].iloc[0] == 2**62 + 1
    assert found["parse_notes"].isna().all()


def test_a_mapping_may_hold_values_of_pandas_numpy_and_decimals() -> None:
    values = rec(
        created_at=pd.Timestamp("2026-11-20T10:00:00", tz="UTC"),
        started_at=np.datetime64("2026-11-20T10:00:05"),
        completed_at=pd.NaT,
        exit_code=np.int64(3),
        retain_on_failure=np.bool_(True),
        sandbox_id=np.str_("box"),
        idempotency_key=pd.NA,
        input={"n": np.float64(0.5), "many": np.arange(2), "price": Decimal("0.1")},
    )
    (row,) = plain(runs_frame(values))
    assert row["input"] == '{"n":0.5,"many":[0,1],"price":0.1}'
    assert (row["exit_code"], row["retain_on_failure"], row["sandbox_id"]) == (3, True, "box")
    assert row["created_at"] == pd.Timestamp("2026-11-20T10:00:00", tz="UTC")
    assert row["started_at"] == pd.Timestamp("2026-11-20T10:00:05", tz="UTC")
    assert row["completed_at"] is None


def test_a_lone_surrogate_in_a_mapping_costs_its_character() -> None:
    (row,) = plain(runs_frame(rec(failure_reason="\ud800x")))
    assert row["failure_reason"] == "\ufffdx"
    assert "not_unicode" in row["parse_notes"]


@pytest.mark.parametrize("path", ["runs.parquet", Path("runs.csv"), ["runs.xlsx"]], ids=str)
def test_a_path_is_sent_to_load(path: object) -> None:
    with pytest.raises(SchemaError, match=r"arn\.load"):
        runs_frame(path)


COLUMN = pd.Series(["succeeded"], name="status")
NO_RUNS = {
    "Series": COLUMN,
    "Series of numbers": pd.Series([1, 2]),
    "Index": pd.Index(["a"]),
    "Categorical": COLUMN.astype("category").array,
    "ndarray": np.array(["a"]),
    "ndarray of numbers": np.eye(2),
    "list": ["a"],
    "list of columns": [COLUMN],
    "set": {"a"},
    "DataFrameGroupBy": pd.DataFrame({"a": ["b"]}).groupby("a"),
    "type": pd.DataFrame,
    "NoneType": None,
    "int": 3,
}


@pytest.mark.parametrize("name", NO_RUNS)
def test_what_was_given_is_named_and_not_only_what_is_in_it(name: str, tmp_path: Path) -> None:
    given = NO_RUNS[name]
    for read in (runs_frame, lambda runs: arn.save(runs, tmp_path / "runs.parquet")):
        with pytest.raises(SchemaError, match=capital(kind_of(given))) as caught:
            read(given)
        assert caught.value.hint
        assert ("one column" in caught.value.hint) == isinstance(given, pd.Series)
    assert not list(tmp_path.iterdir())


def test_one_table_for_a_folder_is_said_to_be_given_in_a_list(tmp_path: Path) -> None:
    with pytest.raises(SchemaError) as caught:
        arn.save(runs_frame(rec()), tmp_path / "runs")
    assert "[runs]" in caught.value.hint


def test_a_pair_and_a_json_text_say_what_to_do() -> None:
    with pytest.raises(SchemaError, match=r"client\.get_run\('d', 'a'\)"):
        runs_frame(("d", "a"))
    with pytest.raises(SchemaError, match=r"encode"):
        runs_frame(json.dumps(rec()))
    with pytest.raises(SchemaError, match="Give texts, numbers"):
        runs_frame(rec(input={"a": object()}))


@pytest.mark.parametrize("nothing", [{}, {"a": 1}, [{}], [{"a": 1}, {"b": 2}]], ids=repr)
def test_what_holds_nothing_of_a_run_is_refused(nothing: object) -> None:
    for given, error in ((nothing, SchemaError), (json.dumps(nothing).encode(), BadResponseError)):
        with pytest.raises(error, match="holds no run") as caught:
            runs_frame(given)
        assert caught.value.hint
    with pytest.raises(SchemaError):
        arn.explore(nothing)


def test_an_empty_record_beside_runs_costs_its_own_row() -> None:
    for given in ([{}, rec()], json.dumps([{}, rec()]).encode()):
        assert plain(runs_frame(given)[["id"]]) == [{"id": None}, {"id": "a"}]


KEYS = {
    "id in the index": lambda frame: frame.set_index("id"),
    "both in the index": lambda frame: frame.set_index(["deployment_id", "id"]),
    "run_id": lambda frame: frame.rename(columns={"id": "run_id"}),
    "run_id in the index": lambda frame: frame.rename(columns={"id": "run_id"}).set_index("run_id"),
}


@pytest.mark.parametrize("key", KEYS)
def test_the_key_may_stand_elsewhere(key: str) -> None:
    given = KEYS[key](runs())
    found = runs_frame(given)
    assert found.index.equals(given.index)
    assert plain(found[["deployment_id", "id"]]) == plain(runs()[["deployment_id", "id"]])


@pytest.mark.parametrize("name", RUNS.names)
def test_a_column_in_the_index_is_a_column_of_the_table(name: str) -> None:
    """As after `set_index("created_at")`, or `groupby("status").first()`."""
    given = runs().set_index(name)
    found = runs_frame(given)
    pd.testing.assert_index_equal(found.index, given.index)
    pd.testing.assert_frame_equal(found.reset_index(drop=True), runs())


def test_several_columns_in_the_index_are_columns_of_any_table() -> None:
    given = runs().set_index(["created_at", "status", "id"])
    pd.testing.assert_frame_equal(arn.summarize(given), arn.summarize(runs()))
    found = arn.phases(runs())
    pd.testing.assert_frame_equal(
        mend(found.set_index(["start", "phase"]), PHASES).reset_index(drop=True), found
    )


@pytest.mark.parametrize("drop", [True, False])
@pytest.mark.parametrize("level", ["run_id", "created_at", "event_type", "metadata"])
def test_an_index_of_logs_changes_no_phase(level: str, drop: bool) -> None:
    event = {"deployment_id": "d", "run_id": "b", "created_at": "2026-11-20T10:01:00Z"}
    queued = event | {"id": "1", "event_type": "run_queued"}
    failed = event | {"id": "2", "event_type": "run_failed"}
    failed["metadata"] = '{"failure_phase": "running"}'
    logs = mend(pd.DataFrame([queued, failed]), LOGS)
    given = logs.set_index(level, drop=drop)
    events = {"run_queued": "queued"}
    expected = arn.phases(runs(), logs, events=events)
    assert "queued" in expected["phase"].tolist()
    pd.testing.assert_frame_equal(arn.phases(runs(), given, events=events), expected)
    expected = arn.failures(runs(), logs)
    assert expected["phase"].tolist() == ["running: 1"]
    pd.testing.assert_frame_equal(arn.failures(runs(), given), expected)


@pytest.mark.parametrize("drop", [True, False])
@pytest.mark.parametrize("level", OBSERVATIONS.names)
def test_an_index_of_observations_changes_no_phase(level: str, drop: bool) -> None:
    look = {"deployment_id": "d", "run_id": "c", "status": "running"}
    looks = [look | {"seen_at": f"2026-11-20T10:0{minute}:00Z"} for minute in (1, 2)]
    observations = mend(pd.DataFrame(looks), OBSERVATIONS)
    expected = arn.phases(runs(), observations=observations)
    assert "observed" in expected["kind"].tolist()
    given = observations.set_index(level, drop=drop)
    pd.testing.assert_frame_equal(arn.phases(runs(), observations=given), expected)


def test_columns_of_several_levels_are_no_table_of_runs() -> None:
    given = pd.concat({"a": runs()}, axis=1)
    for columns in (given, given.swaplevel(axis=1)):
        with pytest.raises(SchemaError, match="several levels"):
            runs_frame(columns)


def test_an_empty_text_is_neither_an_error_nor_a_note() -> None:
    """As `read_csv(keep_default_na=False)` reads empty cells."""
    given = runs().assign(fetch_error="", parse_notes="")
    found = runs_frame(given)
    assert found[["fetch_error", "parse_notes"]].isna().all(axis=None)
    assert arn.summarize(given)["not_fetched"].tolist() == [0]


def test_a_column_goes_before_a_level_of_its_name() -> None:
    given = runs().set_index(runs()["status"].str.upper())
    assert runs_frame(given)["status"].tolist() == runs()["status"].tolist()


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (["id"], r"has no id\."),
        (["deployment_id"], r"has no deployment_id\."),
        (["deployment_id", "id"], "no id and no deployment_id"),
    ],
)
def test_the_part_of_the_key_that_is_missing_is_named(columns: list[str], sentence: str) -> None:
    with pytest.raises(SchemaError, match=sentence):
        runs_frame(runs().drop(columns=columns))


@pytest.mark.parametrize("name", ["status", "id", "created_at", "input"])
@pytest.mark.parametrize("suffixes", [("_x", "_y"), ("_left", "_right")])
def test_columns_that_a_merge_left_are_named(name: str, suffixes: tuple[str, str]) -> None:
    merged = runs().assign(**{name + suffixes[1]: 1}).rename(columns={name: name + suffixes[0]})
    with pytest.raises(SchemaError, match=f"{name}{suffixes[0]}.*{name}{suffixes[1]}.*Rename"):
        runs_frame(merged)


@pytest.mark.parametrize("suffixes", [("_old", "_new"), (".a", ".b"), (" 1", " 2")])
def test_columns_that_a_merge_left_are_named_whatever_the_user_called_them(
    suffixes: tuple[str, str],
) -> None:
    merged = runs().merge(runs(), on=["deployment_id", "id"], suffixes=suffixes)
    with pytest.raises(SchemaError, match="as a merge leaves them") as caught:
        runs_frame(merged)
    assert all(repr(f"version_id{suffix}") in caught.value.message for suffix in suffixes)


def test_columns_of_the_user_are_no_merge() -> None:
    frame = runs().drop(columns=["input", "output_manifest"])
    mine = frame.assign(input_tokens=1, input_cost=2, output_manifest_size=3)
    assert list(runs_frame(mine).columns)[-3:] == [
        "input_tokens",
        "input_cost",
        "output_manifest_size",
    ]


@pytest.mark.parametrize("extra_column", [False, True])
def test_another_table_is_no_table_of_runs(extra_column: bool) -> None:
    table = arn.outputs(runs())
    with pytest.raises(SchemaError, match="a table of outputs"):
        runs_frame(table.assign(mine=1) if extra_column else table)


# --- what a frame holds that lost its schema


def epoch(unit: str) -> int:
    return (
        int(pd.Timestamp("2025-11-20T10:00:00.123", tz="UTC").timestamp() * 1_000)
        * {"ms": 1, "us": 10**3, "ns": 10**6}[unit]
    )


@pytest.mark.parametrize(
    "dtype", ["int64", "float64", "Int64", "Float64", "object", "int64[pyarrow]"]
)
@pytest.mark.parametrize("number", [1_763_632_800, epoch("ms"), epoch("us"), epoch("ns")])
@pytest.mark.parametrize("name", ["created_at", "completed_at", "updated_at"])
def test_numbers_in_a_time_column_are_read_as_in_a_mapping(
    dtype: str, number: int, name: str
) -> None:
    of_mapping = runs_frame(rec(**{name: number}))
    frame = runs().iloc[:1].assign(**{name: pd.Series([number], dtype=dtype)})
    assert runs_frame(frame)[name].tolist() == of_mapping[name].tolist()
    assert runs_frame(frame)["parse_notes"].iloc[0].startswith(f"{name}: epoch_time: 1")


TIMES = [
    "2026-11-20T10:00:00Z",
    "2026-11-20 10:00:00+00:00",
    "2026-11-20T10:00:00",
    "2026-11-20T10:00:00+0000",
    "2026-11-20T10:00:00+00",
    "2026-11-20",
    "2026-11-20T10:00:00.1234567Z",
    "2026-11-20T10:00Z",
    "2026-11-20T24:00:00Z",
]


@pytest.mark.parametrize("text", TIMES)
def test_a_text_of_a_time_is_read_by_one_rule_at_every_door(text: str, tmp_path: Path) -> None:
    expected = plain(runs_frame(rec(updated_at=text))[["updated_at", "parse_notes"]])
    frame = runs().iloc[:1].astype({"updated_at": "object"}).assign(updated_at=text)
    file = tmp_path / "runs.csv"
    frame.to_csv(file, index=False)
    assert plain(runs_frame(frame)[["updated_at", "parse_notes"]]) == expected
    assert plain(runs_frame(pd.read_csv(file))[["updated_at", "parse_notes"]]) == expected
    assert plain(arn.load(file)[["updated_at", "parse_notes"]]) == expected


@pytest.mark.parametrize(
    "cells",
    [
        ["TRUE", "FALSE", None],
        ["yes", "no", ""],
        ["1", "0", None],
        [1, 0, None],
        [1.0, 0.0, None],
        ["True ", "n", None],
    ],
    ids=repr,
)
def test_truth_is_read_where_it_is_plain(cells: list[object]) -> None:
    found = runs_frame(runs().assign(retain_on_failure=pd.Series(cells)))["retain_on_failure"]
    assert found.astype("object").where(found.notna(), None).tolist() == [True, False, None]


ODD = [
    ("exit_code", "abc", "not_integer"),
    ("exit_code", 1.5, "not_integer"),
    ("exit_code", math.inf, "not_integer"),
    ("exit_code", True, "not_integer"),
    ("exit_code", [7], "not_integer"),
    ("exit_code", "1e999999", "not_integer"),
    ("exit_code", 10**5_000, "not_integer"),
    ("exit_code", 2**63, "out_of_range"),
    ("process_id", "12x", "not_integer"),
    ("retention_seconds", pd.Timedelta("1h"), "not_integer"),
    ("retain_on_failure", "maybe", "unknown_value"),
    ("retain_on_failure", 2, "unknown_value"),
    ("retain_on_failure", [True], "unknown_value"),
    ("status", 5, "not_text"),
    ("status", ["failed"], "not_text"),
    ("mode", b"job", "not_text"),
    ("mode", True, "not_text"),
    ("id", ["a"], "not_text"),
    ("failure_reason", {"a": 1}, "not_text"),
    ("sandbox_id", Decimal("Infinity"), "not_text"),
    ("created_at", "yesterday", "bad_time"),
    ("created_at", True, "bad_time"),
    ("updated_at", ["2026-11-20T10:00:00Z"], "bad_time"),
    ("completed_at", date(2026, 11, 20), "bad_time"),
    ("started_at", np.datetime64(300_000, "Y"), "out_of_range"),
    ("fetched_at", 1e30, "bad_time"),
    ("input", {1, 2}, "not_object"),
    ("output_manifest", b"{}", "not_object"),
    ("output_manifest", {"a": object()}, "not_object"),
    ("extra", object(), "not_object"),
]
"""A column, a value that has no place in it, and what is noted of that."""


def with_odd(name: str, value: object) -> pd.DataFrame:
    """Three runs, in the second of which a value is odd."""
    frame = runs().astype({name: "object"})
    frame[name] = pd.Series([*frame[name].iloc[:1], value, *frame[name].iloc[2:]], dtype="object")
    return frame


def assert_only_cell_is_lost(found: pd.DataFrame, name: str, code: str) -> None:
    expected = runs()
    assert found.dtypes.astype("str").tolist() == expected.dtypes.astype("str").tolist()
    assert pd.isna(found[name].iloc[1])
    assert found["parse_notes"].iloc[1].startswith(f"{name}: {code}: ")
    others = [other for other in expected if other not in (name, "parse_notes")]
    assert plain(found[others]) == plain(expected[others])
    for row in (0, 2):
        assert plain(found.iloc[[row]]) == plain(expected.iloc[[row]])


OBJECTS = {
    "a frame": lambda frame: frame,
    "records of pandas": lambda frame: frame.to_dict("records"),
    "rows": lambda frame: [row for _, row in frame.iterrows()],
    "frames of one row": lambda frame: [frame.iloc[[place]] for place in range(3)],
    "another index": lambda frame: frame.set_index("status", drop=False),
}


@pytest.mark.parametrize("door", OBJECTS)
@pytest.mark.parametrize("place", range(len(ODD)), ids=lambda place: f"{ODD[place][0]} {place}")
def test_an_odd_value_costs_its_cell_and_leaves_a_note(place: int, door: str) -> None:
    name, value, code = ODD[place]
    found = runs_frame(OBJECTS[door](with_odd(name, value)))
    assert_only_cell_is_lost(found, name, code)


FILES = {
    "pandas of CSV": lambda frame, path: runs_frame(pd.read_csv(_csv(frame, path))),
    "CSV": lambda frame, path: arn.load(_csv(frame, path)),
    "Excel": lambda frame, path: arn.load(_excel(frame, path)),
    "Parquet": lambda frame, path: arn.load(_parquet(frame, path)),
    "Arrow": lambda frame, path: runs_frame(pa.Table.from_pandas(frame, preserve_index=False)),
}


def _csv(frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / "runs.csv"
    frame.to_csv(path, index=False)
    return path


def _excel(frame: pd.DataFrame, folder: Path) -> Path:
    """A workbook of ours in which somebody wrote over a cell."""
    path = arn.save(runs(), folder / "runs.xlsx")
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    titles = [cell.value.removesuffix(" (UTC)") for cell in sheet[1]]
    for name in frame:
        if not frame[name].astype("str").equals(runs()[name].astype("str")):
            sheet.cell(3, titles.index(name) + 1).value = frame[name].iloc[1]
    book.save(path)
    return path


def _parquet(frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / "runs.parquet"
    frame.to_parquet(path)
    return path


IN_FILES = [
    ("exit_code", "abc", "not_integer"),
    ("retention_seconds", "1.5", "not_integer"),
    ("process_id", "9223372036854775808", "out_of_range"),
    ("retain_on_failure", "maybe", "unknown_value"),
    ("created_at", "yesterday", "bad_time"),
    ("fetched_at", "2026-11-20", "bad_time"),
]


@pytest.mark.parametrize("door", FILES)
@pytest.mark.parametrize(("name", "value", "code"), IN_FILES)
def test_an_odd_text_of_a_file_costs_its_cell_and_leaves_a_note(
    name: str, value: str, code: str, door: str, tmp_path: Path
) -> None:
    frame = runs()
    texts = frame[name].astype("object").where(frame[name].notna(), None).tolist()
    texts = [None if text is None else str(text).replace(" ", "T") for text in texts]
    texts[1] = value
    found = FILES[door](frame.assign(**{name: pd.Series(texts, dtype=TEXT)}), tmp_path)
    assert_only_cell_is_lost(found, name, code)


@pytest.mark.parametrize("dtype", ["float64", "Float64", "double[pyarrow]"])
def test_a_number_that_is_not_whole_costs_its_cell(dtype: str, tmp_path: Path) -> None:
    frame = runs().assign(exit_code=pd.array([None, 1.5, None], "Float64").astype(dtype))
    assert_only_cell_is_lost(runs_frame(frame), "exit_code", "not_integer")
    assert_only_cell_is_lost(arn.load(_parquet(frame, tmp_path)), "exit_code", "not_integer")


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("retain_on_failure", ["maybe", "perhaps", None]),
        ("retain_on_failure", [2, 3, 4]),
        ("status", [1, 2, 3]),
        ("status", [["failed"], 5, None]),
        ("mode", [True, False, True]),
        ("mode", [b"job", b"job", b"job"]),
        ("id", [["a"], ["b"], ["c"]]),
        ("failure_reason", [{"a": 1}, {"b": 1}, None]),
        ("exit_code", ["seven", 1.5, math.inf]),
        ("created_at", ["yesterday", "today", True]),
        ("input", [{1}, {2}, None]),
    ],
    ids=repr,
)
def test_a_column_of_which_no_value_can_be_read_is_refused_by_name(
    name: str, cells: list[object]
) -> None:
    with pytest.raises(SchemaError, match=f"{name}.*Mend its values"):
        runs_frame(runs().assign(**{name: pd.Series(cells, dtype="object")}))


@pytest.mark.parametrize(
    ("name", "cells", "code"),
    [
        ("exit_code", ["seven", "eight"], "not_integer"),
        ("retain_on_failure", ["maybe", "perhaps"], "unknown_value"),
        ("completed_at", ["yesterday", "today"], "bad_time"),
        ("failure_reason", [["a"], ["b"]], "not_text"),
    ],
)
def test_a_few_odd_values_of_a_column_that_is_mostly_empty_cost_their_cells(
    name: str, cells: list[object], code: str
) -> None:
    frame = runs_frame([rec(id=str(number)) for number in range(6)])
    values = pd.Series([*cells, None, None, None, None], dtype="object")
    found = runs_frame(frame.assign(**{name: values}))
    assert found[name].isna().all()
    assert found["parse_notes"].str.startswith(f"{name}: {code}: ").sum() == 2


# --- the same values at every door


def _through_arrow(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """An Arrow table that still has what pandas wrote of its dtypes before a column was changed."""
    before = pa.Table.from_pandas(runs(), preserve_index=False)
    changed = pa.Table.from_pandas(frame, preserve_index=False)
    return runs_frame(changed.replace_schema_metadata(before.schema.metadata))


DOORS = {
    "Arrow": _through_arrow,
    "Parquet": FILES["Parquet"],
    "CSV": FILES["CSV"],
    "pandas of CSV": FILES["pandas of CSV"],
    "Excel of pandas": lambda frame, path: arn.load(_excel_of_pandas(frame, path)),
}


def _excel_of_pandas(frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / "runs.xlsx"
    local = {name: frame[name].dt.tz_localize(None) for name in frame.select_dtypes("datetimetz")}
    frame.assign(**local).to_excel(path, index=False)
    return path


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("dtype", ["int64", "Int64", "float64", "uint64"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_numbers_since_the_epoch_are_the_same_times_at_every_door(
    unit: str, dtype: str, door: str, tmp_path: Path
) -> None:
    number = epoch("ns") // {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[unit]
    frame = runs().assign(created_at=pd.Series([number] * 3, dtype=dtype))
    found = DOORS[door](frame, tmp_path)
    off = (found["created_at"] - pd.Timestamp("2025-11-20T10:00:00.123Z")).abs()
    assert (off < pd.Timedelta("1s")).all()
    assert found["parse_notes"].str.contains("created_at: epoch_time: ", regex=False).all()


@pytest.mark.parametrize("door", ["Arrow", "Parquet"])
@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("retain_on_failure", [2, 1, 0]),
        ("retain_on_failure", [2.0, 1.0, None]),
        ("exit_code", [1.5, 2.0, None]),
        ("exit_code", [True, False, None]),
        ("status", [5, 6, 7]),
        ("status", [1.0, 2.0, None]),
        ("failure_reason", [True, False, None]),
        ("failure_reason", [b"a", b"\xff", None]),
        ("id", [True, False, True]),
        ("input", [{"a": 2**60 + 1}, {"a": None}, None]),
        ("input", [[2**60 + 1, None], [], None]),
        ("created_at", [True, False, None]),
        ("created_at", [date(2026, 11, 20)] * 3),
    ],
    ids=repr,
)
def test_arrow_and_parquet_take_and_refuse_what_a_frame_does(
    name: str, cells: list[object], door: str, tmp_path: Path
) -> None:
    def result(make: object) -> object:
        try:
            return plain(make()[[name, "parse_notes"]])
        except SchemaError as error:
            return error.message

    frame = runs().assign(**{name: pd.Series(cells, dtype="object")})
    assert result(lambda: DOORS[door](frame, tmp_path)) == result(lambda: runs_frame(frame))


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("year", ["57857-04-19", "10000-01-01", "0000-12-31"])
@pytest.mark.parametrize(
    "name", ["created_at", "started_at", "completed_at", "updated_at", "fetched_at"]
)
def test_a_typed_time_outside_of_the_calendar_costs_its_cell(
    name: str, year: str, unit: str, tmp_path: Path
) -> None:
    moments = np.array(["2026-11-20T10:00:01", year, "NaT"], f"datetime64[{unit}]")
    naive = pd.Series(moments)
    for cells in (naive, naive.dt.tz_localize("UTC")):
        frame = runs().assign(**{name: cells})
        _parquet(frame, tmp_path)
        for found in (
            runs_frame(frame),
            arn.load(tmp_path / "runs.parquet"),
            runs_frame(pa.Table.from_pandas(frame)),
            runs_frame([row for _, row in frame.iterrows()]),
        ):
            assert found[name].isna().tolist() == [False, True, True]
            assert f"{name}: out_of_range: " in found["parse_notes"].iloc[1]
        assert arn.explore(frame)._twin()
        arn.explore(frame).to_html(tmp_path / "runs.html")


def test_nanoseconds_that_are_cut_are_noted_at_every_door(tmp_path: Path) -> None:
    texts = ["2026-11-20T10:00:00.123456789Z", "2026-11-20T10:00:00.123456000Z", None]
    frame = runs().assign(created_at=pd.to_datetime(pd.Series(texts), format="ISO8601"))
    _parquet(frame, tmp_path)
    for found in (
        runs_frame(frame),
        runs_frame(frame.astype("object")),
        runs_frame(frame.to_dict("records")),
        arn.load(tmp_path / "runs.parquet"),
    ):
        assert found["created_at"].dt.microsecond.tolist()[:2] == [123456, 123456]
        noted = found["parse_notes"].str.contains("created_at: cut_precision: ", na=False)
        assert noted.tolist() == [True, False, False]


@pytest.mark.parametrize("name", [*RUNS.names[2:], None])
def test_a_frame_may_lack_any_column_but_the_key(name: str | None) -> None:
    columns = ["id", "deployment_id", *([name] if name else [])]
    for frame in (pd.DataFrame(runs()[columns]), runs().drop(columns=name or RUNS.names[2:])):
        assert list(runs_frame(frame)) == RUNS.names
        assert len(runs_frame(frame)) == 3


def test_a_frame_of_records_notes_times_that_are_not_in_order() -> None:
    early = rec(started_at="2026-11-20T09:59:59.9Z")
    late = rec(id="b", completed_at="2026-11-20T10:00:04Z")
    given = pd.DataFrame([early, late, rec(id="c")])
    expected = runs_frame([early, late, rec(id="c")])
    assert plain(runs_frame(given)[["parse_notes"]]) == plain(expected[["parse_notes"]])
    assert plain(runs_frame(runs_frame(given))) == plain(runs_frame(given))


def test_a_sheet_that_pandas_wrote_has_its_times(tmp_path: Path) -> None:
    found = arn.load(_excel_of_pandas(runs(), tmp_path))
    times = ["created_at", "started_at", "completed_at", "updated_at"]
    assert plain(found[times]) == plain(runs()[times])
    assert found["parse_notes"].str.contains("created_at: naive_time: ", regex=False).all()


def test_a_table_with_all_columns_of_a_smaller_one_is_what_it_is_most(tmp_path: Path) -> None:
    looks = pd.DataFrame({"run_id": runs()["id"], "seen_at": runs()["updated_at"]})
    both = pd.concat([runs(), looks], axis=1)
    assert list(arn.load(_parquet(both, tmp_path))["status"]) == list(runs()["status"])
    events = {column.name: [None] for column in LOGS.columns}
    events |= {"deployment_id": "d", "run_id": "a", "status": "x"}
    events |= {"seen_at": [None], "updated_at": [None]}
    path = arn.save(pd.DataFrame(events), tmp_path / "logs.csv")
    assert list(arn.load(path))[: len(LOGS.names)] == LOGS.names


def test_a_table_without_notes_refuses_what_it_cannot_read() -> None:
    names = {column.name: ["x", "y"] for column in OBSERVATIONS.columns}
    seen_at = ["2026-11-20T10:00:00Z", "yesterday"]
    with pytest.raises(SchemaError, match=r"seen_at.*yesterday"):
        mend(pd.DataFrame(names | {"seen_at": seen_at, "updated_at": seen_at[0]}), OBSERVATIONS)


def test_ids_that_a_csv_file_made_numbers_of_stay_whole() -> None:
    frame = runs().assign(sandbox_id=[12.0, np.nan, 7.0], id=[1, 2, 3])
    assert runs_frame(frame)["sandbox_id"].fillna("").tolist() == ["12", "", "7"]
    assert runs_frame(frame)["id"].tolist() == ["1", "2", "3"]


# --- one run of a row


def rows() -> dict[str, pd.Series]:
    frame = runs()
    csv = pd.read_csv(StringIO(frame.to_csv(index=False)))
    return {
        "of a CSV file": csv.iloc[0],
        "with naive times": frame.assign(created_at=frame["created_at"].dt.tz_localize(None)).iloc[
            0
        ],
        "with parsed documents": frame.assign(
            output_manifest=arn.parse(frame["output_manifest"])
        ).iloc[0],
        "with columns missing": frame.drop(
            columns=["extra", "mode", "parse_notes", "fetch_error"]
        ).iloc[0],
        "with a key in its name": frame.rename(columns={"id": "run_id"}).iloc[0],
    }


@pytest.mark.parametrize("kind", rows())
def test_a_row_is_mended_before_it_is_a_run(kind: str) -> None:
    run = arn.Run.of_row(rows()[kind])
    assert (run.id, run.status) == ("a", "succeeded")
    assert run.created_at == runs()["created_at"].iloc[0]
    assert run.output_manifest["score"] == 0.5
    assert len(run.outputs) == 1
    assert runs_frame(arn.Run(run.raw))["id"].tolist() == ["a"]


def test_a_row_with_a_cut_manifest_and_lone_surrogates_is_a_run_to_the_letter() -> None:
    cut = '{"outputs": [{"na'
    row = runs().astype("object").iloc[0]
    row[["output_manifest", "failure_reason", "input"]] = [cut, "\ud800", '["\ud800"]']
    run = arn.Run.of_row(row)
    assert run.output_manifest_text == cut
    assert run.input_text == '["\\ud800"]'
    assert run.failure_reason == "\ufffd"
    assert "failure_reason: not_unicode" in run.notes
    assert runs_frame(run)["output_manifest"].tolist() == [cut]
    assert arn.Run(run.raw).output_manifest_text == json.dumps(cut)


def test_a_row_keeps_its_notes_and_its_error() -> None:
    frame = runs_frame(rec(created_at=1_763_632_800)).assign(fetch_error="server: It failed.")
    pd.testing.assert_frame_equal(arn.Run.of_row(frame.iloc[0]).to_frame(), runs_frame(frame))


@pytest.mark.parametrize(
    "wrong", [{}, None, b"{}", pd.Series([1, 2]), pd.Series({"a": 1})], ids=repr
)
def test_what_is_no_row_of_runs_is_refused(wrong: object) -> None:
    with pytest.raises(AgentRunError):
        arn.Run.of_row(wrong)


# --- every function


FUNCTIONS = {
    "outputs": arn.outputs,
    "json_paths": arn.json_paths,
    "extract": lambda x: arn.extract(x, score="output_manifest.score"),
    "summarize": arn.summarize,
    "summarize by version": lambda x: arn.summarize(x, by="version_id"),
    "failures": arn.failures,
    "compare": lambda x: arn.compare(x, "v", "w"),
    "concurrency": arn.concurrency,
    "brief": arn.brief,
    "spans": arn.spans,
    "runs_frame": runs_frame,
    "latest": lambda x: runs_frame(x, latest=True),
    "explore": lambda x: arn.explore(x)._twin(),
    "the explorer's choice": lambda x: arn.explore(x).selection,
    "timeline": figures.timeline,
    "outcomes": figures.outcomes,
    "figure of concurrency": figures.concurrency,
    "durations": figures.durations,
    "survival": figures.survival,
    "fetch_report": arn.fetch_report,
}
INDICES = {
    name: (lambda frame, name=name: frame.set_index(name, drop=False))
    for name in (
        "id",
        "deployment_id",
        "version_id",
        "status",
        "created_at",
        "exit_code",
        "fetch_error",
    )
} | {
    "two levels": lambda frame: frame.set_index(["status", "id"], drop=False),
    "a name of a result": lambda frame: frame.rename_axis("seen"),
    "a name of a group": lambda frame: frame.rename_axis("fingerprint"),
    "no name, twice the same": lambda frame: frame.set_axis([0] * len(frame)),
    "a name that is a number": lambda frame: frame.rename_axis(5),
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_takes_any_index(function: str) -> None:
    for change in INDICES.values():
        FUNCTIONS[function](change(runs()))


@pytest.mark.parametrize("index", INDICES)
def test_an_index_changes_no_number_and_stays(index: str, tmp_path: Path) -> None:
    frame = INDICES[index](runs())
    for name in ("summarize", "summarize by version", "failures", "outputs"):
        pd.testing.assert_frame_equal(FUNCTIONS[name](frame), FUNCTIONS[name](runs()))
    for name in ("brief", "spans", "extract", "runs_frame"):
        pd.testing.assert_index_equal(FUNCTIONS[name](frame).index, frame.index)
    arn.diff(frame.iloc[0], frame.iloc[[1]])
    arn.save(frame, tmp_path / "runs.parquet")


@pytest.mark.parametrize(
    "function", [name for name in FUNCTIONS if name not in ("fetch_report", "compare")]
)
def test_every_function_takes_whatever_holds_runs(function: str) -> None:
    for given in one_of_each(runs()).values():
        FUNCTIONS[function](given)


# --- two looks at the same runs


def test_of_two_looks_the_newest_of_each_run_stays() -> None:
    morning = runs().assign(fetched_at=pd.Timestamp("2026-11-20T11:00:00Z"))
    evening = runs_frame(
        [rec(id="c", exit_code=0, completed_at="2026-11-20T12:00:00Z"), rec(id="e")]
    )
    evening = evening.assign(fetched_at=pd.Timestamp("2026-11-20T18:00:00Z"))
    for given in ([morning, evening], [evening, morning], pd.concat([evening, morning])):
        assert repeated_keys(runs_frame(given)) == 1
        found = runs_frame(given, latest=True)
        assert sorted(found["id"]) == ["a", "b", "c", "e"]
        assert found.set_index("id")["exit_code"]["c"] == 0
        assert repeated_keys(found) == 0


def test_without_a_time_of_fetching_the_last_update_decides_and_then_the_last_given() -> None:
    older, newer = (
        rec(updated_at="2026-11-20T10:05:00Z", exit_code=1),
        rec(updated_at="2026-11-20T10:06:00Z", exit_code=2),
    )
    for given in ([older, newer], [newer, older]):
        assert runs_frame(given, latest=True)["exit_code"].tolist() == [2]
    assert runs_frame([rec(exit_code=1), rec(exit_code=3)], latest=True)["exit_code"].tolist() == [
        3
    ]


def test_a_row_that_did_not_come_gives_way_and_rows_without_an_id_stay() -> None:
    failed = (
        runs()
        .iloc[:1]
        .assign(fetch_error="server: It failed.", fetched_at=pd.Timestamp("2030-01-01T00:00:00Z"))
    )
    assert runs_frame([runs(), failed], latest=True)["fetch_error"].isna().all()
    nameless = runs_frame([rec(id=None), rec(id=None)])
    assert len(runs_frame(nameless, latest=True)) == 2
    assert repeated_keys(nameless) == 0


def test_what_stays_of_two_complete_looks_is_complete() -> None:
    from agentrun_nb.tables import report

    looks = [runs(), runs()]
    for look in looks:
        report.attach(look, report.FetchReport(got=3, rows=3, complete=True))
    found = arn.fetch_report(runs_frame(looks, latest=True))
    assert (found.complete, found.got, found.rows, found.duplicates) == (True, 3, 3, 3)


def test_many_pages_are_read_as_one_table() -> None:
    pages = [
        page([record({**GOLDEN, "id": f'"{number}-{row}"'}) for row in range(3)])
        for number in range(4)
    ]
    expected = table_frame(RUNS, [decode_page(RUNS, body).batch for body in pages])
    pd.testing.assert_frame_equal(runs_frame(pages), expected)
    odd = b'{"\\u0069tems":[' + record(GOLDEN) + b"]}"
    assert len(runs_frame([odd, *pages])) == 13
