"""Laws of saving and loading: what is loaded is what was saved, and nothing in a file runs."""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
import zipfile
from datetime import date, timedelta
from functools import cache

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

import agentrun_nb as arn
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import RUNS, Column, Table
from agentrun_nb.errors import AgentRunError, DataError, SchemaError, SettingsError
from agentrun_nb.files.content import TABLES
from agentrun_nb.files.save_load import FORMATS
from agentrun_nb.local import generate
from agentrun_nb.records.batch import ARROW, to_batch
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import runs_frame, table_frame
from tests.support.strategies import CLEAN_RECORDS, GOLDEN, HOSTILE, ODD_JSON, page, record

ENDINGS = sorted(FORMATS.keys() - {".html"})
"""What `save` writes; a page is written by a view, and `test_html.py` loads it again."""
PLACES = st.integers(0, 10**6)
FORMULAS = "=+-@\t\r\n＝＋－＠"


@pytest.fixture(params=ENDINGS)
def path(request, tmp_path):
    return tmp_path / f"runs{request.param}"


def golden(**columns) -> pd.DataFrame:
    frame = runs_frame(page([record(GOLDEN)] * 3))
    return frame.assign(**columns)


def loaded(frame: pd.DataFrame, path) -> pd.DataFrame:
    assert arn.save(frame, path) == path
    return arn.load(path)


def assert_equal(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, check_exact=True, check_categorical=True)


def frame_of(table: Table, rows: list[dict]) -> pd.DataFrame:
    cells = {name: [row.get(name) for row in rows] for name in table.names}
    return table_frame(table, [to_batch(table, cells, len(rows))])


def cells_of(column: Column) -> st.SearchStrategy:
    if column.name in ("parse_notes", "fetch_error"):
        # An empty text there, as files have it for an empty cell, says nothing and is read as none.
        return st.one_of(st.none(), HOSTILE.filter(bool))
    known = {
        "time": st.one_of(
            st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999),
            st.integers(1_700_000_000_000_000, 1_900_000_000_000_000),
        ),
        "int": st.integers(-(2**63), 2**63 - 1),
        "bool": st.booleans(),
        "category": st.sampled_from(["failed", "job", "=1", "unheard of"]),
        "json": ODD_JSON,
    }
    return st.one_of(st.none(), known.get(column.kind, HOSTILE))


@pytest.mark.parametrize("ending", ENDINGS)
@given(data=st.data())
def test_any_table_comes_back_as_it_was(ending, data, tmp_path):
    table = data.draw(st.sampled_from(TABLES))
    row = st.fixed_dictionaries({column.name: cells_of(column) for column in table.columns})
    frame = frame_of(table, data.draw(st.lists(row, max_size=3)))
    assert_equal(loaded(frame, tmp_path / f"it{ending}"), frame)


@given(records=st.lists(CLEAN_RECORDS, max_size=3))
def test_any_runs_come_back_as_they_were(records, tmp_path):
    frame = runs_frame(page(map(record, records)))
    for ending in ENDINGS:
        assert_equal(loaded(frame, tmp_path / f"it{ending}"), frame)


@pytest.mark.parametrize(
    "long",
    ["x" * 40_000, '{"k":"' + "\u202e\0é\U0001f600" * 10_000 + '"}', "\x01" * 5_000, "x" * 32_767],
)
def test_long_texts_come_back_whole(path, long):
    frame = golden().assign(
        failure_reason=pd.Series([long, None, "=" + long], dtype=TEXT),
        output_manifest=pd.Series(long, range(3), TEXT),
    )
    assert_equal(loaded(frame, path), frame)


def test_a_filtered_frame_comes_back_with_a_fresh_index(path):
    frame = golden()
    assert_equal(loaded(frame[1:], path), frame[1:].reset_index(drop=True))


def test_whatever_holds_runs_can_be_saved(path):
    one = runs_frame(record(GOLDEN))
    for given_runs in (
        arn.Run(record(GOLDEN)),
        record(GOLDEN),
        [record(GOLDEN)],
        one.drop(columns="input"),
    ):
        assert len(loaded(given_runs, path)) == 1
    assert_equal(arn.load(arn.save(arn.Run(record(GOLDEN)), str(path))), one)


FAR = pd.DatetimeIndex(
    np.array(["0001-01-01T00:00:00.000001", "NaT", "9999-12-31T23:59:59"], "datetime64[us]")
)
"""Times that pandas 2 cannot count in nanoseconds, as it does where it reads texts."""

FURTHER = {
    "far": FAR.tz_localize("UTC"),
    "far local": FAR,
    "score": pd.array([1.5, None, -0.1 - 0.2], "Float64"),
    "plain": np.array([1.5, np.nan, 1e300]),
    "count": pd.array([2**62, None, -3], "Int64"),
    "flag": pd.array([True, None, False], "boolean"),
    "when": pd.to_datetime(
        ["2026-01-01T00:00:00.000001Z", None, "2026-01-03T00:00:00Z"], format="ISO8601"
    ).as_unit("us"),
    "text": pd.array(["=1", None, ""], TEXT),
    "numbers as text": pd.array(["007", None, "1e5"], TEXT),
    "words as text": pd.array(["true", None, "false"], TEXT),
    "times as text": pd.array(["2026-01-01T00:00:00Z", None, "2026-01-01T00:00:00"], TEXT),
    "kind": pd.Categorical(["a", None, "b"]),
    "took": pd.to_timedelta(["4 min 55 s", None, "-1 us"]).as_unit("us"),
    "local": pd.to_datetime(
        ["2026-01-01T00:00:00.000001", None, "1969-12-31T23:59:59"], format="ISO8601"
    ).as_unit("us"),
    "infinite": pd.array([float("inf"), None, -float("inf")], "Float64"),
    "whole": pd.array([1.0, None, 2e300], "Float64"),
    "large": pd.array([2**64 - 1, None, 0], "UInt64"),
    "all infinite": [float("inf")] * 3,
    "inf as text": pd.array(["inf", None, "-inf"], TEXT),
    "=name": pd.array(["a", None, "'b"], TEXT),
    "'quoted": [1, 2, 3],
    "text (UTC)": pd.array(["a", None, "5"], TEXT),
    "_x0041_\tname": [1, 2, 3],
    "": pd.array(["a", None, "b"], TEXT),
}


@pytest.mark.parametrize("name", FURTHER)
def test_a_further_column_keeps_its_values(path, name):
    frame = golden(**{name: FURTHER[name]})
    back = loaded(frame, path)
    assert_equal(back[RUNS.names], frame[RUNS.names])
    assert list(back.columns) == list(frame.columns)
    values, expected = (
        column.astype("object").where(column.notna(), None).tolist()
        for column in (back[name], frame[name])
    )
    assert values == expected
    assert [value is None or isinstance(value, str) for value in values] == [
        value is None or isinstance(value, str) for value in expected
    ]


@cache
def tables() -> dict[str, pd.DataFrame]:
    """What the package itself makes of runs, and what people make of that."""
    runs = runs_frame(generate(60))
    runs = runs.assign(version_id=np.where(np.arange(60) % 2, "v1", "v2"))
    documents = pd.DataFrame(
        {
            "lists": [[1, 2**70, {"a": None}], [], None],
            "objects": [{"b": [1.5], "a": "=1"}, {}, None],
            "long integers": [2**64, -(2**70), 1],
            "mixed": [1, "1", True],
            "text": ["=1", None, "nan"],
        }
    )
    by_status = runs.groupby(["version_id", "status"], observed=True)["exit_code"].agg(
        ["size", "max"]
    )
    return {
        "summarize": arn.summarize(runs, by="version_id"),
        "summarize of nothing": arn.summarize(runs[:0]),
        "failures": arn.failures(runs),
        "compare": arn.compare(runs, "v1", "v2"),
        "diff": arn.diff(runs.iloc[:1], runs.iloc[1:2]),
        "json_paths": arn.json_paths(runs),
        "concurrency": arn.concurrency(runs),
        "brief": arn.brief(runs),
        "extract": arn.extract(
            runs, sizes="output_manifest.outputs[*].size_bytes", score="output_manifest.score"
        ),
        "extract of objects": arn.extract(
            runs, outputs="output_manifest.outputs", first="output_manifest.outputs[0]"
        ),
        "documents": documents,
        "an index": documents.set_index(pd.Index(["x", "y", "z"], name="key")),
        "an index without a name": documents.set_axis(["x", "y", "z"]),
        "two levels": by_status,
        "dates": pd.DataFrame({"day": [date(2026, 11, 20), None], "n": [1, 2]}),
        "an index of dates": pd.DataFrame(
            {"n": [1, 2]}, pd.Index([date(2026, 11, 20), date(1, 1, 1)], name="day")
        ),
        "moments and lengths as objects": pd.DataFrame(
            {
                "at": pd.Series([pd.Timestamp("2026-11-20T08:00:00.000001Z"), None], dtype=object),
                "took": pd.Series([timedelta(seconds=5), None], dtype=object),
            }
        ),
        "lengths": pd.DataFrame({"total": runs["completed_at"] - runs["created_at"]}).set_axis(
            runs["id"]
        ),
    }


@pytest.mark.parametrize("name", tables())
def test_every_table_of_this_package_comes_back(path, name):
    """Values, columns and index; of a whole column without a value nothing tells the type in a plain file."""
    frame = tables()[name]
    back = loaded(frame, path)
    assert list(back.columns) == list(frame.columns)
    assert back.index.names == frame.index.names
    assert back.index.tolist() == frame.index.tolist()
    for column in frame:
        values, expected = (
            [
                None if pd.api.types.is_scalar(value) and pd.isna(value) else value
                for value in table[column]
            ]
            for table in (back, frame)
        )
        assert values == expected, column
        if path.suffix == ".parquet" and frame[column].dtype != "object":
            assert back[column].dtype == frame[column].dtype, column


MARKED = {
    "duration": timedelta(seconds=5),
    "JSON": ["a", 1],
    "date": date(2026, 11, 20),
    "local time": pd.Timestamp("2026-11-20T08:00"),
}


@pytest.mark.parametrize("as_index", [False, True], ids=["column", "index"])
@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
@pytest.mark.parametrize("mark", MARKED)
@pytest.mark.parametrize("typed", ["no such thing", 5])
def test_a_cell_that_somebody_has_changed_costs_no_table(tmp_path, typed, mark, ending, as_index):
    frame = pd.DataFrame({"it": [MARKED[mark]] * 2, "n": [1, 2]})
    path = arn.save(frame.set_index("it") if as_index else frame, tmp_path / f"it{ending}")
    if ending == ".csv":
        cells = pd.read_csv(path, dtype=object)
        assert f"[{mark}]" in cells.columns[0]
        cells.iloc[1, 0] = str(typed)
        cells.to_csv(path, index=False)
    else:
        book = openpyxl.load_workbook(path)
        book.active.cell(3, 1).value = typed
        book.save(path)
    back = arn.load(path).reset_index()
    assert back["n"].tolist() == [1, 2]
    changed = back["it"].iloc[1]
    assert str(changed) == str(typed) or isinstance(changed, type(MARKED[mark]))


@pytest.mark.parametrize("value", [object(), {1, 2}, 1j, b"bytes"])
def test_what_no_file_can_hold_is_refused_by_name(path, value):
    with pytest.raises(SchemaError, match=r"cannot be saved as it is.*odd"):
        arn.save(pd.DataFrame({"odd": [value, "text"]}), path)


@pytest.mark.parametrize("as_index", [False, True])
def test_periods_and_intervals_come_back_or_are_refused_and_never_become_numbers(path, as_index):
    for values in (pd.period_range("2026-11-20", periods=2, freq="D"), pd.interval_range(0, 2)):
        frame = pd.DataFrame({"day": values, "n": [1, 2]})
        frame = frame.set_index("day") if as_index else frame
        if path.suffix == ".parquet":
            assert_equal(loaded(frame, path), frame)
        else:
            with pytest.raises(SchemaError, match="cannot be saved as it is"):
                arn.save(frame, path)


def test_a_name_that_reads_like_a_mark_is_refused(path):
    with pytest.raises(SchemaError, match="read as a mark"):
        arn.save(pd.DataFrame({"took [duration]": ["x"]}), path)


@pytest.mark.parametrize("name", FURTHER)
def test_parquet_keeps_the_type_of_a_further_column(tmp_path, name):
    frame = golden(**{name: FURTHER[name]})
    assert_equal(loaded(frame, tmp_path / "runs.parquet"), frame)


@given(
    texts=st.lists(
        st.one_of(st.none(), HOSTILE, st.floats().map(repr), st.integers().map(str)),
        min_size=1,
        max_size=3,
    )
)
def test_a_further_column_of_text_stays_text(texts, tmp_path):
    frame = pd.concat([golden()[:1]] * len(texts), ignore_index=True).assign(
        note=pd.Series(texts, dtype=TEXT)
    )
    for ending in (".csv", ".xlsx"):
        back = loaded(frame, tmp_path / f"it{ending}")["note"]
        assert back.astype("object").where(back.notna(), None).tolist() == texts


@pytest.mark.parametrize(
    "values",
    [
        [{}, {}, {}],
        [[1], [], None],
        [{"a": 1}, "x", 2],
        [2**64, 1, 1],
        [object(), None, None],
        ["\ud800", None, None],
    ],
    ids=["124 empty dicts", "lists", "124 mixed", "124 2^64", "objects", "59 lone surrogates"],
)
def test_what_is_not_plain_is_refused_by_name_and_leaves_the_old_file(path, values):
    path.write_bytes(b"old")
    frame = golden(odd=pd.Series(values, dtype="object"))
    with pytest.raises(SchemaError, match="cannot be saved"):
        arn.save(frame, path)
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_names_that_stand_twice_are_refused(path):
    frame = golden(a=1)
    frame.columns = [*RUNS.names[:-1], "a", "a"]
    with pytest.raises(SchemaError):
        arn.save(frame, path)


@pytest.mark.parametrize(
    "text", [start + rest for start in FORMULAS for rest in ("", "1+1", "cmd|' /C calc'!A0")]
)
def test_no_formula_is_in_a_csv(tmp_path, text):
    """Fault 122: neither in a cell nor in a column's name; the reader is Python's own."""
    frame = golden(**{text: "x"}).assign(failure_reason=text, input=text, mine=text)
    path = arn.save(frame, tmp_path / "runs.csv")
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))
    numbers = {RUNS.names.index("exit_code"), RUNS.names.index("process_id")}
    assert not [
        cell
        for row in rows
        for at, cell in enumerate(row)
        if cell[:1] in {*FORMULAS} and cell and at not in numbers
    ]
    control = frame.to_csv(index=False)
    assert [
        cell
        for row in csv.reader(io.StringIO(control, newline=""))
        for cell in row
        if cell and cell[0] in FORMULAS
    ]


def test_a_csv_is_readable_without_us(tmp_path):
    path = arn.save(golden(), tmp_path / "runs.csv")
    first = next(csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")))
    assert first["created_at"] == "2026-01-05T00:00:00.000000Z"
    assert (first["exit_code"], first["retain_on_failure"], first["input"]) == (
        "-11",
        "true",
        '{"four": 4}',
    )
    assert "\0" not in path.read_text("utf-8")


@pytest.mark.parametrize("text", ["=1+1", '=HYPERLINK("http://x")', "#N/A", "=", "+1"])
def test_no_formula_is_in_a_sheet(tmp_path, text):
    """Fault 123."""
    path = arn.save(golden(**{text: text}).assign(failure_reason=text), tmp_path / "runs.xlsx")
    sheet = openpyxl.load_workbook(path).worksheets[0]
    types = {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value == text}
    assert types == {"s"}
    assert b"<f>" not in zipfile.ZipFile(path).read("xl/worksheets/sheet1.xml")


def test_a_sheet_has_real_times_and_says_that_they_are_utc(tmp_path):
    path = arn.save(golden(), tmp_path / "runs.xlsx")
    sheet = openpyxl.load_workbook(path).worksheets[0]
    header = [cell.value for cell in next(sheet.iter_rows())]
    cell = sheet.cell(2, header.index("created_at (UTC)") + 1)
    assert cell.is_date
    assert cell.value == pd.Timestamp("2026-01-05")


TIMES = [
    "2026-01-05T00:00:00.123456Z",
    "2026-11-20T10:00:00.001Z",
    "2026-11-20T10:00:07Z",
    "9999-12-31T23:59:59Z",
]


@pytest.mark.parametrize("digits", [15, 16, 17])
@pytest.mark.parametrize("times", [TIMES, TIMES[1:], TIMES[:1], [None, TIMES[0], TIMES[2]]])
def test_a_sheet_that_another_program_saved_again_has_the_same_times(tmp_path, digits, times):
    """Other programs write a number with fewer digits than it has."""
    frame = runs_frame(
        [record({**GOLDEN, "created_at": f'"{time}"'} if time else GOLDEN) for time in times]
    )
    frame.loc[pd.isna(pd.Series(times)), "created_at"] = pd.NaT
    path = arn.save(frame, tmp_path / "runs.xlsx")
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    shortened = re.sub(
        r"<v>([0-9.]+)</v>",
        lambda v: f"<v>{float(v[1]):.{digits}g}</v>" if "." in v[1] else v[0],
        sheet,
    )
    with zipfile.ZipFile(path, "w") as book:
        for name, body in (parts | {"xl/worksheets/sheet1.xml": shortened.encode()}).items():
            book.writestr(name, body)
    assert_equal(arn.load(path), frame)


def test_a_csv_of_another_layout_is_named(tmp_path):
    path = arn.save(golden(), tmp_path / "runs.csv")
    text = path.read_text("utf-8")
    for body, word in (
        (pd.read_csv(path).to_csv(index=False, sep=";").encode(), "semicolons"),
        (pd.read_csv(path).to_csv(index=False, sep="\t").encode(), "tabs"),
        (text.encode("utf-16"), "UTF-16"),
    ):
        path.write_bytes(body)
        with pytest.raises(SchemaError, match=word):
            arn.load(path)


def test_reading_a_sheet_without_openpyxl_names_the_extra(tmp_path, monkeypatch):
    path = arn.save(golden(), tmp_path / "runs.xlsx")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(SettingsError, match=r"agentrun-nb\[excel\]"):
        arn.load(path)


def test_parquet_has_groups_of_rows(tmp_path):
    frame = pd.DataFrame({"n": np.arange(250_000)})
    file = pyarrow.parquet.ParquetFile(arn.save(frame, tmp_path / "numbers.parquet"))
    assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [
        100_000,
        100_000,
        50_000,
    ]


def test_long_texts_of_a_sheet_are_said_and_needed(tmp_path, capsys):
    path = arn.save(golden(note="x" * 40_000), tmp_path / "runs.xlsx")
    assert (
        capsys.readouterr().out
        == "3 texts of over 32,767 characters lie in runs.long.jsonl, beside runs.xlsx.\n"
    )
    beside = tmp_path / "runs.long.jsonl"
    beside.write_bytes(beside.read_bytes().replace(b"x", b"y", 1))
    with pytest.raises(SchemaError, match=r"runs\.long\.jsonl"):
        arn.load(path)
    beside.unlink()
    with pytest.raises(SchemaError, match=r"runs\.long\.jsonl"):
        arn.load(path)


def test_what_somebody_typed_into_a_sheet_is_read(tmp_path):
    path = arn.save(golden(), tmp_path / "runs.xlsx")
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    header = [cell.value for cell in next(sheet.iter_rows())]
    for name, value in {
        "version_id": 5.0,
        "exit_code": 7.0,
        "process_id": "8",
        "created_at (UTC)": 46_023.5,
    }.items():
        sheet.cell(2, header.index(name) + 1).value = value
    book.save(path)
    row = arn.load(path).iloc[0]
    assert (row["version_id"], row["exit_code"], row["process_id"]) == ("5", 7, 8)
    assert row["created_at"] == pd.Timestamp("2026-01-01T12:00:00Z")


def test_the_fetch_report_travels_in_parquet(tmp_path):
    frame = golden()
    report.attach(frame, report.FetchReport(asked=3, got=3, complete=True, clock_offset=(0.0, 1.5)))
    back = loaded(frame, tmp_path / "runs.parquet")
    assert arn.fetch_report(back) == arn.fetch_report(frame)
    assert arn.fetch_report(loaded(frame[:1], tmp_path / "runs.parquet")).complete is None
    assert arn.fetch_report(loaded(frame, tmp_path / "runs.csv")).complete is None


def test_a_false_report_in_a_file_is_dropped(tmp_path):
    frame = golden()
    frame.attrs[report.ATTRS] = {"rows": []}
    assert loaded(frame, tmp_path / "runs.parquet").attrs == {}


def test_other_attrs_do_not_hinder(path):
    frame = golden()
    frame.attrs["mine"] = object()
    assert loaded(frame, path).attrs == {}


def test_a_dataset_has_plain_text_and_no_pickle(tmp_path):
    cells = pyarrow.parquet.read_table(arn.save(golden(), tmp_path / "runs.parquet"))
    assert {cells.schema.field(name).type for name in ("mode", "status", "input")} == {
        pa.large_string()
    }
    assert cells.schema.field("created_at").type == ARROW["time"]


def test_parquet_of_others_is_read_exactly(tmp_path):
    """Nothing says in such a file that an integer with NA must not become a float."""
    cells = pa.table(
        {"id": ["a", "b"], "deployment_id": ["d", "d"], "exit_code": [2**62 + 1, None]}
    )
    pyarrow.parquet.write_table(cells, tmp_path / "other.parquet")
    frame = arn.load(tmp_path / "other.parquet")
    assert frame["exit_code"].tolist() == [2**62 + 1, pd.NA]
    assert_equal(frame[:0], runs_frame([]))


def test_an_unknown_ending_is_refused_with_the_known_ones(tmp_path):
    for name, ending in (("runs.pkl", r"\.pkl"), ("runs", "nothing"), ("runs.json", r"\.json")):
        with pytest.raises(SchemaError, match=rf"ends in {ending}.*\.csv, \.xlsx\."):
            arn.save(golden(), tmp_path / name)
        with pytest.raises(SchemaError, match=r"\.csv, \.xlsx, \.html\."):
            arn.load(tmp_path / name)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 50,
        b"PAR1",
        b"PK\x03\x04",
        b"id,deployment_id\n",
        b'"',
        b"a,b\n1\n",
        b"\xff\xfe",
    ],
)
def test_what_is_no_table_is_refused_in_the_family(path, content):
    path.write_bytes(content)
    try:
        assert len(arn.load(path)) == 0
    except DataError:
        return
    assert content.startswith(b"id")


@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_in_the_family(data, tmp_path):
    ending = data.draw(st.sampled_from(ENDINGS))
    path = arn.save(golden(note="x"), tmp_path / f"it{ending}")
    body = bytearray(path.read_bytes())
    for _ in range(3):
        body[data.draw(PLACES) % len(body)] = data.draw(st.integers(0, 255))
    path.write_bytes(body[: data.draw(PLACES) % len(body) or None])
    try:
        arn.load(path)
    except AgentRunError:
        return


def test_a_missing_file_or_folder_is_said(path):
    with pytest.raises(DataError, match="cannot be read"):
        arn.load(path)
    with pytest.raises(DataError, match="cannot be written"):
        arn.save(golden(), path.parent / "no folder" / path.name)


@pytest.mark.posix
def test_a_full_disk_leaves_the_old_file(path):
    """Faults 115 and 125."""
    arn.save(golden(), path)
    before = path.read_bytes()
    code = f"""
import resource, signal, pandas as pd, agentrun_nb as arn
runs = arn.load({str(path)!r})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    arn.save(pd.concat([runs] * 100), {str(path)!r})
except arn.errors.DataError as error:
    print(error)
"""
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "cannot be written" in told.stdout, told.stderr
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_without_openpyxl_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(SettingsError, match=r"agentrun-nb\[excel\]"):
        arn.save(golden(), tmp_path / "runs.xlsx")


@pytest.mark.posix
def test_a_link_stays_a_link(path):
    real = path.with_name(f"real{path.suffix}")
    real.write_bytes(b"")
    path.symlink_to(real)
    assert_equal(loaded(golden(), path), golden())
    assert path.is_symlink()
    assert real.stat().st_size


def test_a_file_is_whole_and_on_the_disk_before_it_takes_the_old_ones_place(path, monkeypatch):
    path.write_bytes(b"old")
    synced, sync = [], os.fsync

    def watched(number):
        synced.append(
            (os.fstat(number).st_size, path.read_bytes(), len(list(path.parent.iterdir())))
        )
        sync(number)

    monkeypatch.setattr(os, "fsync", watched)
    arn.save(golden(), path)
    assert synced == [(path.stat().st_size, b"old", 2)]
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.posix
@pytest.mark.parametrize("there", [True, False])
def test_the_new_file_of_a_link_is_made_beside_its_target(tmp_path, monkeypatch, there):
    """Elsewhere it could lie on another disk, and could not take the place in one step."""
    here, far = tmp_path / "here", tmp_path / "far"
    here.mkdir()
    far.mkdir()
    real, middle, link = far / "real.csv", here / "middle.csv", here / "link.csv"
    middle.symlink_to(real)
    link.symlink_to(middle)
    if there:
        real.write_bytes(b"old")
    folders, sync = [], os.fsync

    def watched(number):
        folders.append(({*here.iterdir()}, len({*far.iterdir()} - {real})))
        sync(number)

    monkeypatch.setattr(os, "fsync", watched)
    assert_equal(loaded(golden(), link), golden())
    assert folders == [({middle, link}, 1)]
    assert (list(far.iterdir()), link.readlink(), middle.readlink()) == ([real], middle, real)


def test_a_file_that_is_not_finished_never_bears_the_name_of_another(tmp_path, monkeypatch):
    """Two that save to one path at once do not write into each other's file."""
    names, sync = set(), os.fsync

    def watched(number):
        names.update(set(tmp_path.iterdir()) - {tmp_path / "runs.csv"})
        sync(number)

    monkeypatch.setattr(os, "fsync", watched)
    for _ in range(3):
        arn.save(golden(), tmp_path / "runs.csv")
    assert len(names) == 3


@pytest.mark.parametrize("titles", ["a,a", "took,took [duration]", "'=x,'=x"])
def test_a_csv_in_which_two_columns_have_one_name_is_refused(titles, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(f"{titles}\n1,2\n", "utf-8")
    with pytest.raises(SchemaError, match="stands twice"):
        arn.load(path)
