"""Laws of one run."""

from __future__ import annotations

import copy
import json
import math
import pickle
from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import given

import agentrun_nb as arn
from agentrun_nb.core.schema import RUNS, STATUSES
from agentrun_nb.errors import BadResponseError, DataError
from agentrun_nb.tables.frames import runs_frame
from tests.records.test_decode import CONTRACT_EXAMPLE
from tests.support.strategies import CLEAN_RECORDS, GOLDEN, GOLDEN_CELLS, ODD_JSON, page, record


def run_of(**changes: str) -> arn.Run:
    return arn.Run(record({**GOLDEN, **changes}))


def test_each_field_is_an_attribute_of_its_own():
    run = run_of()
    assert {column.name: getattr(run, column.name) for column in RUNS.wire} == GOLDEN_CELLS | {
        "input": {"four": 4},
        "output_manifest": {"thirteen": [13]},
    }
    assert (run.input_text, run.output_manifest_text) == ('{"four": 4}', '{"thirteen": [13]}')
    assert (run.extra, run.notes, run.ended) == ({}, None, True)
    assert run.duration == timedelta(seconds=4_500) - timedelta(microseconds=14)
    assert run.raw == record(GOLDEN)


def test_a_run_as_a_dictionary_is_its_fields_in_their_order():
    run = run_of()
    fields = run.to_dict()
    assert list(fields) == [column.name for column in RUNS.wire]
    assert len(fields) == len(GOLDEN)
    assert fields == {name: getattr(run, name) for name in fields}


def test_a_dictionary_keeps_integers_and_copes_with_what_is_odd():
    big = 2**70
    odd = {
        **GOLDEN,
        "input": f'{{"n": {big}}}',
        "output_manifest": '{"n": nope}',
        "status": "null",
        "exit_code": '"x"',
    }
    fields = arn.Run(record(odd)).to_dict()
    assert fields["input"] == {"n": big}
    assert fields["output_manifest"] == '{"n": nope}'
    assert (fields["status"], fields["exit_code"]) == (None, None)


def test_a_dictionary_of_an_empty_record_has_all_fields():
    fields = arn.Run(b"{}").to_dict()
    assert list(fields) == [column.name for column in RUNS.wire]
    assert set(fields.values()) == {None}


def test_the_example_of_the_contract_is_a_run():
    run = arn.Run(CONTRACT_EXAMPLE)
    assert run.raw == CONTRACT_EXAMPLE
    assert (run.mode, run.status, run.ended) == (None, None, None)
    assert run.notes == "mode: missing; status: missing"
    assert run.duration == timedelta(0)
    assert (
        repr(run)
        == "<Run 'adrun_1234abcd': deployment '<string>', no status recorded, exit code 123, 0 s, with notes>"
    )
    assert len(run.to_frame()) == 1
    assert len(run.outputs) == 0


@given(CLEAN_RECORDS)
def test_a_run_and_its_row_say_the_same(members):
    run = arn.Run(record(members))
    frame = run.to_frame()
    pd.testing.assert_frame_equal(frame, runs_frame(page([record(members)])))
    row = frame.iloc[0]
    for name in (
        "id",
        "status",
        "created_at",
        "completed_at",
        "exit_code",
        "retain_on_failure",
        "failure_reason",
    ):
        value = getattr(run, name)
        assert pd.isna(row[name]) if value is None else row[name] == value
    pd.testing.assert_frame_equal(runs_frame(run), frame)


@given(CLEAN_RECORDS)
def test_a_run_of_a_row_is_that_run(members):
    frame = runs_frame(page([record({**members, "more": "[ 1.0 ]"})]))
    pd.testing.assert_frame_equal(arn.Run.of_row(frame.iloc[0]).to_frame(), frame)


@given(ODD_JSON)
def test_documents_are_read_with_exact_integers(text):
    run = run_of(output_manifest=text)
    assert run.output_manifest_text == text
    assert repr(run.output_manifest) == repr(arn.parse(pd.Series([text])).iloc[0])


def test_absent_null_and_empty_documents_stay_different():
    """Faults 73 and 74."""
    absent = arn.Run(
        record({name: text for name, text in GOLDEN.items() if name != "output_manifest"})
    )
    null, empty = run_of(output_manifest="null"), run_of(output_manifest="{}")
    assert [run.output_manifest_text for run in (absent, null, empty)] == [None, "null", "{}"]
    assert [run.output_manifest for run in (absent, null, empty)] == [None, None, {}]
    assert [run.notes for run in (absent, null, empty)] == [
        None,
        "output_manifest: null: null",
        None,
    ]


@pytest.mark.parametrize("status", [*STATUSES, "waiting_for_input"])
def test_a_run_has_ended_when_its_status_does_not_change_any_more(status):
    """Fault 75: an unknown status is not an end."""
    assert run_of(status=json.dumps(status)).ended == (
        status in ("succeeded", "failed", "cancelled", "timed_out")
    )


@pytest.mark.parametrize("name", ["status", "id", "deployment_id"])
def test_no_control_character_is_in_a_repr(name):
    """Rule C15."""
    assert repr(run_of(**{name: json.dumps("\x1b]0;title\x07\u202e")})).isprintable()


def test_the_repr_is_a_line_that_a_person_reads():
    assert (
        repr(run_of()) == "<Run 'run-1': deployment 'dep-2', timed out, exit code -11, 1 h 15 min>"
    )
    unknown = run_of(status='"waiting"', exit_code="null", started_at="null")
    assert repr(unknown) == "<Run 'run-1': deployment 'dep-2', status 'waiting', with notes>"


def test_a_broken_document_is_refused_only_when_it_is_opened():
    run = run_of(input='{"a":tru}', more="tru", odd='"\\q"')
    assert run.status == "timed_out"
    assert run.extra == {"more": "tru", "odd": '"\\q"'}
    with pytest.raises(DataError):
        _ = run.input


def test_numbers_beyond_json_are_kept():
    run = run_of(output_manifest='{"n":NaN,"big":' + "9" * 5_000 + "}")
    assert math.isnan(run.output_manifest["n"])
    assert len(str(run.output_manifest["big"])) == 5_000


def test_a_deep_run_is_held_shown_and_put_in_a_frame():
    """Fault 68."""
    deep = "[" * 100_000 + "]" * 100_000
    run = run_of(input=deep, more=deep)
    assert repr(run)
    assert run.to_frame()["input"].tolist() == [deep]
    assert isinstance(run.input, list)
    assert isinstance(run.extra["more"], list)


def test_a_deep_run_that_was_read_can_be_copied_and_pickled():
    deep = "[" * 10_000 + "]" * 10_000
    run = run_of(input=deep, more=deep)
    assert isinstance(run.input, list)
    for again in (pickle.loads(pickle.dumps(run)), copy.deepcopy(run), copy.copy(run)):
        assert (again.raw, again.input_text, again.id) == (run.raw, run.input_text, run.id)
        assert again.to_frame().equals(run.to_frame())


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"{", b"\xff"])
def test_what_is_no_record_is_no_run(raw):
    with pytest.raises(BadResponseError, match="JSON" if raw else "The record is empty") as caught:
        arn.Run(raw)
    assert raw or caught.value.hint
