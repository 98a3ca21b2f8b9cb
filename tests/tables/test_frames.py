"""Laws of frames: one schema for 0, 1 and N rows, whatever pandas did to them in between."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import agentrun_nb as arn
from agentrun_nb.core.dtypes import COLUMN_DTYPES, TEXT
from agentrun_nb.core.schema import LOGS, OUTPUTS, RUNS, STATUSES, VERSIONS
from agentrun_nb.errors import BadResponseError, SchemaError
from agentrun_nb.records.decode import decode_records
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import runs_frame, table_frame
from agentrun_nb.tables.mending import mend
from agentrun_nb.tables.reading_values import categories
from tests.support.strategies import CLEAN_RECORDS, GOLDEN, ODD_JSON, page, record


def runs(count: int = 4) -> pd.DataFrame:
    """Runs that differ in every column, with NA in each, and a status that nobody knows."""
    absent = {
        name: "null" for name in GOLDEN if not RUNS[name].required and name != "output_manifest"
    }
    rows = [
        {**GOLDEN, "id": f'"run-{number}"', "failure_reason": f'"{number}"'}
        for number in range(count)
    ]
    for row in rows[1::2]:
        row |= {**absent, "status": '"waiting"', "more": "[1, 2]"}
    return runs_frame(page(map(record, rows)))


def assert_schema(frame: pd.DataFrame, table=RUNS) -> None:
    assert list(frame.columns)[: len(table.names)] == table.names
    for column in table.columns:
        found = frame[column.name]
        assert found.dtype == COLUMN_DTYPES[column.kind], column.name
        if column.kind == "category":
            assert list(found.cat.categories) == categories(column, found.cat.categories)
            assert not found.cat.ordered
        if column.kind in ("text", "json"):
            assert found.dtype.storage == TEXT.storage


def plain(column: pd.Series) -> list:
    return column.astype("object").where(column.notna(), None).tolist()


def assert_equal(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, check_exact=True)


@given(st.lists(CLEAN_RECORDS, max_size=3))
def test_any_runs_give_the_schema(records):
    frame = runs_frame(page(map(record, records)))
    assert_schema(frame)
    assert len(frame) == len(records)


@given(ODD_JSON, st.integers(0, 2))
def test_any_odd_records_give_the_schema(text, count):
    assert_schema(runs_frame(page([record(dict.fromkeys(RUNS.names, text))] * count)))


@pytest.mark.parametrize("table", [RUNS, OUTPUTS, LOGS, VERSIONS], ids=lambda table: table.name)
def test_every_table_has_its_schema_at_every_length(table):
    for count in (0, 1, 3):
        frame = table_frame(table, [decode_records(table, [b"{}"] * count)] if count else [])
        assert_schema(frame, table)
        assert len(frame) == count
        assert mend(frame, table) is frame


def test_categories_are_the_known_ones_in_their_order_and_then_the_others():
    assert list(runs()["status"].cat.categories) == [*STATUSES, "waiting"]
    assert list(runs(0)["status"].cat.categories) == list(STATUSES)


LOSSES = {
    "filter": lambda frame: frame[frame["exit_code"].notna()],
    "filter to nothing": lambda frame: frame[frame["id"] == "none"],
    "copy": lambda frame: frame.copy(),
    "deep copy": copy.deepcopy,
    "pickle": lambda frame: pickle.loads(pickle.dumps(frame)),
    "sort": lambda frame: frame.sort_values("id", ascending=False),
    "sample": lambda frame: frame.sample(frac=1, random_state=1),
    "other order of columns": lambda frame: frame[frame.columns[::-1]],
    "reindex of rows": lambda frame: frame.reindex([3, 0]),
    "set_index and back": lambda frame: frame.set_index("id").reset_index(),
    "transpose twice": lambda frame: frame.T.T,
    "object": lambda frame: frame.astype("object"),
    "object with None": lambda frame: frame.astype("object").where(frame.notna(), None),
    "plain text": lambda frame: frame.astype({"status": "str", "mode": "str"}),
    "old strings": lambda frame: frame.astype({"id": pd.StringDtype("python"), "input": "object"}),
    "nanoseconds": lambda frame: frame.astype({"created_at": "datetime64[ns, UTC]"}),
    "another zone": lambda frame: frame.assign(
        created_at=frame["created_at"].dt.tz_convert("Asia/Kolkata")
    ),
    "naive times": lambda frame: frame.assign(created_at=frame["created_at"].dt.tz_localize(None)),
    "times as text": lambda frame: frame.assign(created_at=frame["created_at"].astype("str")),
    "ordered categories": lambda frame: frame.assign(status=frame["status"].cat.as_ordered()),
    "fewer categories": lambda frame: frame.assign(
        status=frame["status"].cat.remove_unused_categories()
    ),
    "floats": lambda frame: frame.assign(exit_code=frame["exit_code"].astype("float64")),
    "merge": lambda frame: frame.merge(pd.DataFrame({"id": frame["id"]}), on="id", how="inner"),
    "outer merge": lambda frame: frame.merge(frame[["id"]], on="id", how="outer"),
    "concat of parts": lambda frame: pd.concat([frame[:1], frame[1:]]),
    "concat of unequal categories": lambda frame: pd.concat(
        [
            part.assign(status=part["status"].cat.remove_unused_categories())
            for part in (frame[:1], frame[1:])
        ]
    ),
    "groupby": lambda frame: pd.concat(
        [part for _, part in frame.groupby("status", observed=True)]
    ),
    "query": lambda frame: frame.query("exit_code < 0 or exit_code.isna()"),
    "drop of empty columns": lambda frame: frame.dropna(axis="columns", how="all"),
    "update in place": lambda frame: frame.assign(exit_code=frame["exit_code"].tolist()),
    "records": lambda frame: pd.DataFrame(frame.to_dict("records"), index=frame.index),
    "convert_dtypes": lambda frame: frame.convert_dtypes(),
    "pyarrow": lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"),
    "json text": lambda frame: pd.DataFrame(
        json.loads(frame.to_json(orient="records", date_format="iso", date_unit="us"))
    ),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("count", [0, 1, 4])
# pandas 2 says so of a part without rows.
@pytest.mark.filterwarnings("ignore:The behavior of DataFrame concatenation:FutureWarning")
def test_what_pandas_took_is_given_back(loss, count):
    """The schema is whole again, and each value is the one it was."""
    if count < 4 and loss in (
        "reindex of rows",
        "json text",
        "records",
        "groupby",
        "drop of empty columns",
    ):
        count = 4
    frame = runs(count)
    changed = LOSSES[loss](frame)
    mended = runs_frame(changed)
    assert_schema(mended)
    assert list(mended.index) == list(changed.index)
    expected = frame.set_index("id").loc[changed["id"]]
    for name in RUNS.names[1:]:
        found, wanted = (
            part.astype("object").where(part.notna(), None).tolist()
            for part in (mended[name], expected[name])
        )
        assert found == wanted, name


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_sound_frame_comes_back_itself(count):
    frame = runs(count)
    assert runs_frame(frame) is frame


def test_further_columns_and_attrs_stay():
    frame = runs().assign(mine=[1, 2, 3, 4]).astype({"status": TEXT})
    frame.attrs["mine"] = 5
    mended = runs_frame(frame)
    assert list(mended.columns) == [*RUNS.names, "mine"]
    assert mended.attrs == {"mine": 5}
    assert frame["status"].dtype == TEXT


def test_rows_that_reindex_made_are_na():
    mended = runs_frame(runs().reindex([0, 99]))
    assert_schema(mended)
    assert mended.loc[99].isna().all()


@pytest.mark.parametrize(
    "change",
    [
        {"created_at": "yesterday"},
        {"exit_code": "seven"},
        {"exit_code": 1.5},
        {"retain_on_failure": 5},
    ],
    ids=str,
)
def test_what_cannot_be_mended_is_refused_by_name(change):
    with pytest.raises(SchemaError, match=next(iter(change))):
        runs_frame(runs().assign(**change))


def test_parsed_documents_are_written_as_json_again():
    texts = [f'{{"n":{2**70},"x":NaN}}', '["\\ud800"]', '["é"]', "7", None]
    frame = pd.concat([runs().head(1)] * len(texts), ignore_index=True).assign(
        output_manifest=texts
    )
    parsed = runs_frame(frame.assign(output_manifest=arn.parse(frame["output_manifest"])))
    assert parsed["output_manifest"].fillna("").tolist() == [*texts[:-1], ""]
    assert_schema(parsed)


@pytest.mark.parametrize(
    "odd", [{1, 2}, b"{}", {"a": object()}], ids=["set", "bytes", "an object in a mapping"]
)
def test_a_document_that_no_json_can_hold_is_refused_by_name(odd):
    with pytest.raises(SchemaError, match=r"output_manifest.*JSON.*Mend its values"):
        runs_frame(runs().assign(output_manifest=pd.Series([odd] * len(runs()), runs().index)))


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: arn.json_paths(runs(), "output_manfest"), "Near it: output_manifest"),
        (lambda: arn.json_paths(runs(), ["input"]), "no name of a column"),
        (lambda: arn.failures(runs(), runs()[["id"]]), "a table of logs as the client gives it"),
        (lambda: arn.failures(runs(), "x"), "A str is not a table of logs"),
        (lambda: arn.parse("x"), "A str is not a column"),
        (lambda: arn.parse([]), "A list is not a column"),
        (lambda: arn.fetch_report(5), "An int carries no report"),
        (lambda: arn.Run("{}"), "A str is not the bytes"),
        (lambda: arn.Run({}), "A dict is not the bytes"),
        (lambda: arn.Run(runs().iloc[0]), "of_row"),
    ],
)
def test_what_is_of_another_kind_is_refused_with_what_to_give(call, told):
    with pytest.raises(SchemaError, match=told) as caught:
        call()
    assert caught.value.hint


def test_a_frame_of_something_else_is_refused():
    for frame in (
        pd.DataFrame(),
        pd.DataFrame({"id": ["x"]}),
        pd.concat([runs(), runs()], axis="columns"),
    ):
        with pytest.raises(SchemaError):
            runs_frame(frame)


WHOLE = b" " + record({**GOLDEN, "input": '{"big":1' + "0" * 400 + "}"}) + b"\n"


@pytest.mark.parametrize(
    "given_runs",
    [
        WHOLE,
        bytearray(WHOLE),
        memoryview(WHOLE),
        b"\xef\xbb\xbf" + WHOLE,
        page([WHOLE]),
        b" [" + WHOLE + b"]",
        arn.Run(WHOLE),
        [WHOLE],
        (part for part in [arn.Run(WHOLE)]),
        [[page([WHOLE])], []],
        [runs_frame(WHOLE)],
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_holds_a_run_gives_its_row_to_the_letter(given_runs):
    assert_equal(runs_frame(given_runs), runs_frame(WHOLE))
    assert runs_frame(WHOLE)["input"].tolist() == ['{"big":1' + "0" * 400 + "}"]


def test_a_mapping_is_written_first():
    (text,) = runs_frame({**json.loads(record(GOLDEN)), "input": {"n": 2**60 + 1}})["input"]
    assert text == f'{{"n":{2**60 + 1}}}'


@pytest.mark.parametrize(
    "wrong",
    ["text", 5, None, [5], ["text"], {"id": object()}, object()],
    ids=["text", "number", "None", "numbers", "texts", "an object in a mapping", "object"],
)
def test_what_holds_no_runs_is_refused(wrong):
    with pytest.raises(SchemaError):
        runs_frame(wrong)


def test_deep_mappings_are_refused_in_the_family():
    deep: dict = {}
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(SchemaError):
        runs_frame({"id": deep})


@pytest.mark.parametrize("wrong", [b"", b"x", b"[1", b"{", b'{"items":5}', b"5"])
def test_bytes_that_hold_no_runs_are_refused(wrong):
    with pytest.raises(BadResponseError):
        runs_frame(wrong)


def test_a_run_may_have_a_field_called_items():
    frame = runs_frame(record({**GOLDEN, "items": "[]"}))
    assert frame["extra"].tolist() == ['{"items":[]}']


def test_several_are_joined_in_their_order_and_nothing_changes():
    one, other = runs(3), runs(4)
    joined = runs_frame([one[2:], other, record(GOLDEN)])
    assert_schema(joined)
    assert joined["id"].tolist() == ["run-2", *other["id"], "run-1"]
    assert_equal(joined[1:5].reset_index(drop=True), other)
    assert list(joined.index) == list(range(6))


def test_records_side_by_side_are_read_together_and_each_odd_one_costs_its_own_row(monkeypatch):
    """A list of records is the table of their array; what is a page or a frame among them keeps its place."""
    read = []
    monkeypatch.setattr(
        "agentrun_nb.tables.frames.decode_records",
        lambda *told: read.append(1) or decode_records(*told),
    )
    bodies = [record({**GOLDEN, "id": f'"run-{number}"'}) for number in range(1_200)]
    bodies[700] = record({**GOLDEN, "id": '"run-700"', "created_at": '"soon"', "items": "[]"})
    frame = runs_frame(bodies)
    assert len(read) <= 3
    assert_schema(frame)
    assert_equal(frame, runs_frame(b"[" + b",".join(bodies) + b"]"))
    assert frame["parse_notes"].notna().sum() == 1
    mixed = [
        *bodies[:2],
        page(bodies[2:4]),
        runs_frame(bodies[4]),
        arn.Run(bodies[5]),
        json.loads(bodies[6]),
        bodies[7],
    ]
    assert runs_frame(iter(mixed))["id"].tolist() == frame["id"].tolist()[:8]
    with pytest.raises(BadResponseError):
        runs_frame([*bodies[:3], b'{"id": ', *bodies[3:6]])


def test_reports_are_joined_with_their_frames():
    parts = [runs(3), runs(2)]
    for part in parts:
        report.attach(part, report.FetchReport(got=len(part), complete=True))
    joined = arn.fetch_report(runs_frame(parts))
    assert (joined.got, joined.rows, joined.complete) == (5, 5, True)
    assert arn.fetch_report(runs_frame([*parts, runs(1)])).complete is None


def test_brief_is_what_a_person_reads():
    frame = arn.brief(runs(2), tz="Asia/Kolkata")
    assert frame.astype("object").where(frame.notna(), None).to_dict("records") == [
        {
            "status": "timed_out",
            "created (Asia/Kolkata)": "2026-01-05 05:30:00",
            "before_start_s": 50_400.0,
            "after_start_s": 4_500.0,
            "exit_code": -11,
            "reason": "0",
            "id": "run-0",
            "deployment_id": "dep-2",
            "version_id": "ver-3",
        },
        {
            "status": "waiting",
            "created (Asia/Kolkata)": "2026-01-05 05:30:00",
            "before_start_s": None,
            "after_start_s": None,
            "exit_code": None,
            "reason": "",
            "id": "run-1",
            "deployment_id": "dep-2",
            "version_id": "ver-3",
        },
    ]


def test_brief_sorts_adds_up_and_is_asked_by_the_words_of_the_service():
    lengths = {"9.9 s": "10:00:09.9", "30 min": "10:30:00", "4 ms": "10:00:00.0042"}
    bodies = [
        record(
            {
                **GOLDEN,
                "started_at": '"2026-01-05T10:00:00Z"',
                "completed_at": f'"2026-01-05T{end}Z"',
            }
        )
        for end in lengths.values()
    ]
    brief = arn.brief(bodies)
    assert brief["after_start_s"].dtype == "float64"
    assert brief["after_start_s"].sort_values().tolist() == [0.004, 9.9, 1_800.0]
    assert brief["after_start_s"].mean() == pytest.approx(1_809.904 / 3)
    assert len(brief.query("status == 'timed_out'")) == 3


def test_brief_labels_ids_by_names_and_keeps_those_without_one():
    brief = arn.brief(runs(2), names={"dep-2": "mail\u202e", "run-0": "no label for this"})
    assert brief["deployment_id"].tolist() == ["mail\u2039U+202E\u203a"] * 2
    assert brief["version_id"].tolist() == ["ver-3"] * 2
    assert brief["id"].tolist() == ["run-0", "run-1"]


@given(st.lists(CLEAN_RECORDS, max_size=3))
def test_brief_has_a_row_for_each_run_at_its_index(records):
    frame = runs_frame(page(map(record, records)))[::-1]
    brief = arn.brief(frame)
    assert list(brief.index) == list(frame.index)
    assert brief.dtypes.astype("str").tolist() == arn.brief(runs(0)).dtypes.astype("str").tolist()


def test_extreme_times_are_read_shown_and_subtracted():
    """Fault 93: a span from year 1 to year 9999 fits in microseconds."""
    extreme = {
        "created_at": '"0001-01-02T00:00:00Z"',
        "started_at": '"9999-12-31T23:59:59.999999Z"',
    }
    frame = runs_frame(record({**GOLDEN, **extreme, "completed_at": "null"}))
    assert arn.brief(frame)["before_start_s"].tolist() == [3_652_058 * 86_400.0]


def test_brief_shows_what_would_act_on_a_terminal_and_refuses_a_zone_that_is_none():
    frame = runs_frame(record({**GOLDEN, "failure_reason": '"\\u001b[31mred\\u202e"'}))
    assert arn.brief(frame)["reason"].tolist() == ["\u241b[31mred\u2039U+202E\u203a"]
    with pytest.raises(arn.errors.SettingsError, match="not a time zone"):
        arn.brief(frame, tz="Mars/Olympus")


def test_deep_documents_pass_through_every_frame():
    """Fault 68."""
    deep = "[" * 100_000 + "]" * 100_000
    frame = runs_frame(
        record({**GOLDEN, "input": deep, "output_manifest": f'{{"outputs":[{deep}]}}'})
    )
    assert frame["input"].tolist() == [deep]
    assert repr(frame)
    assert frame._repr_html_()
    assert len(arn.outputs(frame)) == len(arn.brief(frame)) == 1
    assert runs_frame(frame) is frame


def test_a_column_of_numbers_that_lost_nothing_is_mended_exactly():
    frame = runs(1).assign(exit_code=np.array([2**62 + 1]))
    assert runs_frame(frame)["exit_code"].tolist() == [2**62 + 1]
