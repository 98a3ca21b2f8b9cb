"""Laws of decoding: nothing lost, one odd value costs its own cell."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun_nb.core import times
from agentrun_nb.core.schema import (
    DEPLOYMENTS,
    LOGS,
    MARKS,
    NOTE_CODES,
    OBSERVATIONS,
    OUTPUTS,
    RUNS,
    VERSIONS,
    Table,
)
from agentrun_nb.errors import BadResponseError
from agentrun_nb.records import decode as records
from agentrun_nb.records.batch import ARROW, failed_runs
from agentrun_nb.records.decode import decode_page, decode_record, decode_records
from tests.support.strategies import (
    CLEAN_RECORDS,
    GOLDEN,
    GOLDEN_CELLS,
    ODD_JSON,
    ODD_OBJECTS,
    page,
    record,
)

READ = [RUNS, OUTPUTS, LOGS, OBSERVATIONS, DEPLOYMENTS, VERSIONS]


def rows(batch: records.Batch) -> list[dict]:
    columns = {name: cells.to_pylist() for name, cells in batch.cells.items()}
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def one(members=(), **changes) -> dict:
    """The row of the golden record with changed fields."""
    return rows(decode_record(RUNS, record({**GOLDEN, **dict(members), **changes})))[0]


def strict(body: bytes) -> records.Page | None:
    return records.decode_strict(RUNS, body, "items")


def test_each_field_lands_in_its_own_column():
    assert one() == GOLDEN_CELLS | dict.fromkeys(MARKS)


CONTRACT_EXAMPLE = b"""{
  "id": "adrun_1234abcd",
  "deployment_id": "<string>",
  "version_id": "<string>",
  "input": {},
  "created_at": "2023-11-07T05:31:56Z",
  "updated_at": "2023-11-07T05:31:56Z",
  "retain_on_failure": true,
  "retention_seconds": 2,
  "sandbox_id": "<string>",
  "process_id": 123,
  "exit_code": 123,
  "failure_reason": "<string>",
  "output_manifest": {},
  "started_at": "2023-11-07T05:31:56Z",
  "completed_at": "2023-11-07T05:31:56Z",
  "idempotency_key": "<string>"
}
"""


def test_the_example_of_the_contract_is_read():
    """It lacks `mode` and `status`, which the contract requires."""
    moment = datetime(2023, 11, 7, 5, 31, 56, tzinfo=UTC)
    (row,) = rows(decode_record(RUNS, CONTRACT_EXAMPLE))
    assert row == {
        **dict.fromkeys(RUNS.names),
        **dict.fromkeys(
            ("deployment_id", "version_id", "sandbox_id", "failure_reason", "idempotency_key"),
            "<string>",
        ),
        **dict.fromkeys(("created_at", "updated_at", "started_at", "completed_at"), moment),
        **dict.fromkeys(("input", "output_manifest"), "{}"),
        **dict.fromkeys(("process_id", "exit_code"), 123),
        "id": "adrun_1234abcd",
        "retain_on_failure": True,
        "retention_seconds": 2,
        "parse_notes": "mode: missing; status: missing",
    }


@given(st.lists(CLEAN_RECORDS, max_size=3))
def test_clean_pages_leave_no_note(members):
    """Documents with lone surrogates or NaN keep a page from the strict road, and that is no oddity of the record."""
    batch = decode_page(RUNS, page(map(record, members))).batch
    assert len(batch) == len(members)
    assert batch.cells["parse_notes"].null_count == batch.cells["extra"].null_count == len(members)


@given(st.lists(CLEAN_RECORDS, max_size=3), st.randoms())
def test_both_roads_lead_to_the_same_cells(members, random):
    """The order of the keys, the blanks between them and how a key is escaped are no matter."""
    shuffled = [dict(random.sample(list(one.items()), len(one))) for one in members]
    spaced = [
        record(one).replace(b"{", b"{ ", 1).replace(b'"id"', b'"\\u0069d"', 1) for one in shuffled
    ]
    assert strict(page(spaced)) is None or not spaced
    tight, loose = (decode_page(RUNS, page(some)) for some in (map(record, members), spaced))
    assert rows(tight.batch) == rows(loose.batch)
    assert tight.envelope == loose.envelope == {"next_cursor": None}


def test_a_clean_page_takes_the_strict_road():
    assert strict(page([record(GOLDEN)] * 3)) is not None
    assert strict(page([record({**GOLDEN, "input": '{"n": 1, "n":2}'})])) is not None


@given(ODD_OBJECTS, ODD_JSON, st.booleans())
def test_documents_are_kept_to_the_letter(given_input, manifest, known):
    members = {**GOLDEN, "input": given_input, "output_manifest": manifest}
    row = one(members) if known else one(members, more=manifest)
    assert (row["input"], row["output_manifest"]) == (given_input, manifest)
    assert row["extra"] == (None if known else f'{{"more":{manifest}}}')


def odd(column: str, text: str, cell: object, code: str | None, number: str) -> object:
    told = (
        "2026-01-05T13:00:00Z" if code == "time_order" else text[:200].replace("\udcff", "\ufffd")
    )
    note = code and f"{column}: {code}: {told}"
    return pytest.param(column, text, cell, note, id=f"{number} {column} {text[:20]}")


START = datetime(2026, 1, 5, tzinfo=UTC)
ODD_CELLS = [
    odd("input", '"\udcff"', '"\ufffd"', "not_unicode", "56"),
    odd("failure_reason", '"a\udcff"', "a\ufffd", "not_unicode", "56"),
    odd("failure_reason", r'"\ud800"', "\ufffd", "not_unicode", "59"),
    odd("input", r'{"a":"\ud800"}', r'{"a":"\ud800"}', None, "59"),
    odd("failure_reason", r'"\u0000\u001b"', "\0\x1b", None, "60"),
    odd("exit_code", "NaN", None, "not_integer", "61"),
    odd("exit_code", "-Infinity", None, "not_integer", "61"),
    odd("input", '{"a":NaN}', '{"a":NaN}', None, "61"),
    odd("exit_code", str(2**63), None, "out_of_range", "63"),
    odd("exit_code", "9" * 5_000, None, "out_of_range", "63"),
    odd("exit_code", "-" + "9" * 5_000, None, "out_of_range", "63"),
    odd("process_id", str(2**32), None, "out_of_range", "63"),
    odd("retention_seconds", "0", None, "out_of_range", "63"),
    odd("output_manifest", f'{{"n":{2**53 + 1}}}', f'{{"n":{2**53 + 1}}}', None, "64"),
    odd("exit_code", "1.0", 1, None, "65"),
    odd("exit_code", "1e2", 100, None, "65"),
    odd("exit_code", "1.5", None, "not_integer", "65"),
    odd("exit_code", '"7"', 7, "not_integer", "66"),
    odd("exit_code", '"seven"', None, "not_integer", "66"),
    odd("exit_code", "true", None, "not_integer", "66"),
    odd("exit_code", "[7]", None, "not_integer", "66"),
    odd("exit_code", "1e400", None, "not_integer", "67"),
    odd("output_manifest", '"text"', '"text"', "not_object", "73"),
    odd("output_manifest", "[1]", "[1]", "not_object", "73"),
    odd("output_manifest", "5", "5", "not_object", "73"),
    odd("output_manifest", "null", "null", "null", "73"),
    odd("input", "null", "null", "null", "74"),
    odd("input", "[ ]", "[ ]", "not_object", "74"),
    odd("input", '""', '""', "not_object", "74"),
    odd("input", "0", "0", "not_object", "74"),
    odd("status", '"waiting_for_input"', "waiting_for_input", "unknown_value", "75"),
    odd("status", '" Failed"', " Failed", "unknown_value", "76"),
    odd("status", "null", None, "null", "77"),
    odd("status", "5", None, "not_text", "77"),
    odd("status", '{"a":1}', None, "not_text", "77"),
    odd("mode", '"task"', "task", "unknown_value", "78"),
    odd("version_id", "null", None, "null", "81"),
    odd("retain_on_failure", '"yes"', None, "unknown_value", "81"),
    odd("retain_on_failure", "null", None, None, "81"),
    odd("created_at", '"2026-01-05T00:00:00"', START, "naive_time", "88"),
    odd("created_at", '"2026-01-05T05:30:00+05:30"', START, None, "89"),
    odd("created_at", '"2026-01-05T00:00:00.0000001Z"', START, "cut_precision", "90"),
    odd("created_at", '"2026-01-05t00:00:00z"', START, None, "91"),
    odd(
        "created_at",
        '"2025-12-31T23:59:60Z"',
        datetime(2025, 12, 31, 23, 59, 59, 999_999, UTC),
        "leap_second",
        "92",
    ),
    odd(
        "updated_at",
        '"9999-12-31T23:59:59Z"',
        datetime(9999, 12, 31, 23, 59, 59, 0, UTC),
        None,
        "93",
    ),
    odd("created_at", '"0001-01-01T00:00:00Z"', datetime(1, 1, 1, tzinfo=UTC), None, "93"),
    odd("updated_at", '"9999-12-31T23:59:59-01:00"', None, "out_of_range", "93"),
    odd("updated_at", '"0000-01-01T00:00:00Z"', None, "bad_time", "94"),
    odd("updated_at", '"2026-13-01T00:00:00Z"', None, "bad_time", "94"),
    odd("updated_at", "{}", None, "bad_time", "94"),
    odd("created_at", "1767571200", START, "epoch_time", "95"),
    odd("created_at", "1767571200000", START, "epoch_time", "95"),
    odd("created_at", "9" * 5_000, None, "bad_time", "95"),
    odd(
        "completed_at",
        '"2026-01-05T13:00:00Z"',
        datetime(2026, 1, 5, 13, tzinfo=UTC),
        "time_order",
        "96",
    ),
]


@pytest.mark.parametrize(("column", "text", "cell", "note"), ODD_CELLS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_odd_value_costs_its_own_cell(place, column, text, cell, note):
    """The cell is as documented, its row has the note, and every other cell is that of the clean page."""
    members = [{**GOLDEN, "id": f'"run-{number}"'} for number in range(3)]
    clean = rows(decode_page(RUNS, page(map(record, members))).batch)
    members[place][column] = text
    body = page(record(one) for one in members)
    found = rows(decode_page(RUNS, body).batch)
    clean[place] |= {column: cell, "parse_notes": note}
    assert found == clean


@pytest.mark.parametrize("name", list(GOLDEN))
def test_an_absent_field_is_na_and_noted_where_it_is_required(name):
    """Faults 73 and 80."""
    row = rows(
        decode_record(RUNS, record({key: text for key, text in GOLDEN.items() if key != name}))
    )[0]
    assert row == {
        **one(),
        name: None,
        "parse_notes": f"{name}: missing" if RUNS[name].required else None,
    }


@given(st.sampled_from(list(GOLDEN)), ODD_JSON, st.integers(0, 2))
def test_any_value_costs_at_most_its_own_cell(name, text, place):
    members = [dict(GOLDEN) for _ in range(3)]
    clean = rows(decode_page(RUNS, page(map(record, members))).batch)
    members[place][name] = text
    found = rows(decode_page(RUNS, page(map(record, members))).batch)
    for column in {name, "parse_notes"}:
        clean[place][column] = found[place][column]
    assert found == clean


EARLY, LATE = '"2026-01-05T09:59:59.9Z"', '"2026-01-05T10:05:00Z"'
ORDERS = [
    pytest.param(EARLY, None, "started_at", id="a clock a little behind, still running"),
    pytest.param(EARLY, "null", "started_at", id="no end"),
    pytest.param(EARLY, '"soon"', "started_at", id="an end that cannot be read"),
    pytest.param(EARLY, LATE, "started_at", id="ended in time"),
    pytest.param('"1970-01-01T00:00:00Z"', None, "started_at", id="1970"),
    pytest.param('"0001-01-01T00:00:00Z"', "null", "started_at", id="year 1"),
    pytest.param("1", "{}", "started_at", id="a number"),
    pytest.param(None, EARLY, "completed_at", id="ended before it was made, no start"),
    pytest.param(LATE, '"2026-01-05T10:04:59Z"', "completed_at", id="ended before it started"),
    pytest.param(EARLY, '"0001-01-01T00:00:00Z"', "started_at completed_at", id="both"),
]


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize(("started", "completed", "noted"), ORDERS)
def test_moments_out_of_order_cost_nobody_anything(place, started, completed, noted):
    """The record is read with its neighbours, and the note names the field that is odd."""
    moments = {
        "created_at": '"2026-01-05T10:00:00Z"',
        "started_at": started,
        "completed_at": completed,
    }
    known = {name: text for name, text in moments.items() if text is not None}
    records = [
        {key: GOLDEN[key] for key in GOLDEN if key not in moments} | known,
        {**GOLDEN, "id": '"ok"'},
    ]
    found = rows(decode_page(RUNS, page(map(record, records[:: 1 if place == 0 else -1]))).batch)
    notes = found[place]["parse_notes"].split("; ")
    assert [note.partition(":")[0] for note in notes if "time_order" in note] == noted.split()
    assert found[1 - place]["id"] == "ok"
    assert found[1 - place]["parse_notes"] is None


def test_equal_keys_are_noted_and_the_last_wins():
    """Fault 62."""
    body = record([*GOLDEN.items(), ("id", '"other"')])
    assert rows(decode_record(RUNS, body))[0] == {
        **one(),
        "id": "other",
        "parse_notes": 'id: duplicate_key: "run-1"',
    }


def test_fields_of_another_version_are_kept_in_extra():
    """Faults 79 and 84."""
    row = one(
        function_id='"f"', queued_reason="[ 1 ]", extra="2", parse_notes='"mine"', fetch_error="0"
    )
    assert (
        row["extra"]
        == '{"function_id":"f","queued_reason":[ 1 ],"extra":2,"parse_notes":"mine","fetch_error":0}'
    )
    assert row["parse_notes"] is row["fetch_error"] is None


def test_what_is_no_record_is_a_row_with_a_note():
    """Fault 112."""
    body = page([record(GOLDEN), b"5", b"null", b"[1]", record(GOLDEN)])
    found = rows(decode_page(RUNS, body).batch)
    assert found[0] == found[4] == one()
    assert [row["parse_notes"].partition("; ")[0] for row in found[1:4]] == [
        "id: not_object: 5",
        "id: not_object: null",
        "id: not_object: [1]",
    ]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(page([record(GOLDEN)])[:-40], id="51 cut off"),
        pytest.param(b"<!doctype html><p>Sign in</p>", id="52 HTML"),
        pytest.param(b"", id="53 empty"),
        pytest.param(b"null", id="53 null"),
        pytest.param(b"[]", id="53 list"),
        pytest.param(b"5", id="53 number"),
        pytest.param("{}".encode("utf-16"), id="58 UTF-16"),
        pytest.param(b'{"items":null}', id="108 null"),
        pytest.param(b'{"next_cursor":null}', id="108 absent"),
        pytest.param(b'{"items":{}}', id="108 object"),
        pytest.param(b'{"items":[]} {}', id="something after it"),
    ],
)
def test_what_is_no_page_is_refused(body):
    with pytest.raises(BadResponseError):
        decode_page(RUNS, body)


def test_a_byte_order_mark_is_no_matter():
    """Fault 58."""
    assert rows(decode_page(RUNS, b"\xef\xbb\xbf" + page([record(GOLDEN)])).batch) == [one()]
    assert rows(decode_record(RUNS, b"\xef\xbb\xbf" + record(GOLDEN))) == [one()]


def test_a_key_that_is_not_unicode_costs_nothing_else():
    """Fault 57."""
    row = rows(decode_record(RUNS, record(GOLDEN).replace(b"{", b'{"k\xff":1,', 1)))[0]
    assert json.loads(row.pop("extra")) == {"k\ufffd": 1}
    assert row.items() <= one().items()


@pytest.mark.parametrize("name", ["input", "more", "id"])
def test_depth_is_no_matter(name):
    """Faults 68 and 69."""
    deep = "[" * 100_000 + "]" * 100_000
    row = one({name: deep})
    assert (
        row["extra" if name == "more" else name]
        == {"input": deep, "more": f'{{"more":{deep}}}', "id": None}[name]
    )


def test_a_million_keys_are_kept_to_the_letter():
    """Fault 70."""
    text = "{" + ",".join(f'"k{number}":{number}' for number in range(1_000_000)) + "}"
    assert one(input=text)["input"] == text


def test_notes_are_short():
    row = rows(
        decode_record(
            RUNS,
            record(
                [("k" * 10_000, "1"), ("k" * 10_000, "2"), ("status", '"' + "s" * 10_000 + '"')]
            ),
        )
    )[0]
    assert len(row["parse_notes"]) < 1_000


@pytest.mark.parametrize("table", READ, ids=lambda table: table.name)
@given(text=ODD_JSON)
def test_any_json_gives_the_columns_of_the_table(table: Table, text):
    for body in (record(dict.fromkeys(table.names, text)), b"{}"):
        batch = decode_records(table, [body, body])
        assert {name: cells.type for name, cells in batch.cells.items()} == {
            column.name: ARROW[column.kind] for column in table.columns
        }
        assert {len(cells) for cells in batch.cells.values()} == {2}


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(noise):
    for body in (noise, b'{"items":[' + noise + b"]}", page([record(GOLDEN), noise])):
        try:
            decode_page(RUNS, body)
        except BadResponseError:
            continue


def test_suite_of_others_as_input_harms_no_neighbour(corpus):
    wrong = []
    for file in sorted((corpus("json-test-suite") / "test_parsing").iterdir()):
        document = file.read_bytes()
        poisoned = record({**GOLDEN, "input": "?"}).replace(b"?", document)
        try:
            found = rows(decode_page(RUNS, page([record(GOLDEN), poisoned, record(GOLDEN)])).batch)
        except BadResponseError:
            wrong += [file.name] if file.name.startswith("y") else []
            continue
        sound = len(found) == 3 and found[0] == found[2] == one() and found[1]["id"] == "run-1"
        if not sound and not file.name.startswith("n"):
            wrong.append(file.name)
        if file.name.startswith("y") and found[1]["input"] != document.strip(b" \t\r\n").decode():
            wrong.append(f"text of {file.name}")
    assert not wrong


def test_each_code_is_documented():
    notes = [param.values[3] for param in ODD_CELLS if param.values[3]]
    assert {note.split(": ")[1] for note in notes} <= set(NOTE_CODES)


def test_failed_runs_hold_what_was_asked_and_why():
    (row,) = rows(failed_runs([("dep", "run")], ["not_found: There is no such run."]))
    assert {name: cell for name, cell in row.items() if cell is not None} == {
        "deployment_id": "dep",
        "id": "run",
        "fetch_error": "not_found: There is no such run.",
    }


def test_a_batch_without_columns_keeps_its_rows():
    batch = decode_record(RUNS, record(GOLDEN)).without(["input", "output_manifest"])
    assert rows(batch) == [{**one(), "input": None, "output_manifest": None}]


@given(CLEAN_RECORDS)
def test_single_records_and_pages_give_the_same(members):
    body = record(members)
    assert rows(decode_records(RUNS, [body + b"\n", b" " + body])) == rows(
        decode_page(RUNS, page([body, body])).batch
    )


@pytest.mark.parametrize("body", [b"", b"[]", b"{} {}", b'{"a":1},{"a":2}', b"{", b"null", b'"x"'])
def test_what_is_no_single_record_is_refused(body):
    with pytest.raises(BadResponseError):
        decode_record(RUNS, body)


def test_written_times_are_those_that_were_read():
    assert (
        times.iso(times.read_time("2026-01-05T17:15:00.25+02:00").micros or 0)
        == "2026-01-05T15:15:00.250Z"
    )


@pytest.mark.parametrize(
    ("column", "text", "cell", "code"),
    [
        ("exit_code", "1." + "0" * 38, 1, None),
        ("exit_code", "1." + "0" * 39, None, "not_integer"),
        ("exit_code", "-1." + "0" * 37, -1, None),
        ("exit_code", '"' + "7".rjust(40, "0") + '"', 7, "not_integer"),
        ("exit_code", '"' + "7".rjust(41, "0") + '"', None, "out_of_range"),
        ("exit_code", "9" * 40, None, "out_of_range"),
        ("exit_code", "9" * 41, None, "out_of_range"),
        ("exit_code", "-" + "9" * 41, None, "out_of_range"),
        ("exit_code", "1e39", None, "out_of_range"),
        ("exit_code", "1e40", None, "not_integer"),
        ("exit_code", "1e999999999", None, "not_integer"),
        ("created_at", "1e-39", datetime(1970, 1, 1, tzinfo=UTC), "epoch_time"),
        ("created_at", "1e-40", None, "bad_time"),
        ("created_at", "1e-999999999", None, "bad_time"),
        ("created_at", "1767571200." + "0" * 29, START, "epoch_time"),
        ("created_at", "1767571200." + "0" * 30, None, "bad_time"),
    ],
)
def test_a_long_number_is_read_up_to_40_characters_and_40_places(column, text, cell, code):
    """Beyond that no digit is worked on: `1e999999999` would be an integer of a gigabyte."""
    row = one({column: text})
    assert (row[column], row["parse_notes"]) == (cell, code and f"{column}: {code}: {text}")
