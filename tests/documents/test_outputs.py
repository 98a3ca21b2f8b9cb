"""Laws of what lies inside documents: values, outputs, and the catalogue of paths."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import agentrun_nb as arn
from agentrun_nb.core.dtypes import COLUMN_DTYPES, TEXT
from agentrun_nb.core.paths import find, parse_path
from agentrun_nb.core.schema import OUTPUTS
from agentrun_nb.documents.json_paths import DEEPEST
from agentrun_nb.errors import DataError, PathNotFound, SchemaError
from agentrun_nb.run import value_at
from agentrun_nb.tables.frames import runs_frame
from tests.support.strategies import GOLDEN, ODD_JSON, page, record

MANIFEST = {
    "outputs": [
        {
            "name": "report",
            "path": "/out/report.md",
            "configured_path": "report.md",
            "kind": "file",
            "status": "available",
            "size_bytes": 2**53 + 1,
            "access": {"sandbox_id": "box", "path": "/mnt/report.md", "until": None},
            "digest": "abc",
        },
        "no object",
        {},
    ],
    "sandbox_id": "box",
}


def runs_of(*manifests: object) -> pd.DataFrame:
    texts = [text if isinstance(text, str) else json.dumps(text) for text in manifests]
    return runs_frame(
        page(
            record({**GOLDEN, "id": f'"run-{at}"', "output_manifest": text})
            for at, text in enumerate(texts)
        )
    )


def known(row: pd.Series) -> dict:
    return {name: value for name, value in row.items() if not pd.isna(value)}


def test_each_field_of_an_output_lands_in_its_own_column():
    frame = arn.outputs(runs_of(MANIFEST))
    assert frame.dtypes.astype("str").to_dict() == {
        column.name: COLUMN_DTYPES[column.kind] for column in OUTPUTS.columns
    }
    first, second, third = (known(row) for _, row in frame.iterrows())
    assert first == {
        "deployment_id": "dep-2",
        "run_id": "run-0",
        "position": 0,
        "name": "report",
        "path": "/out/report.md",
        "configured_path": "report.md",
        "kind": "file",
        "status": "available",
        "size_bytes": 2**53 + 1,
        "sandbox_id": "box",
        "access_path": "/mnt/report.md",
        "extra": '{"access.until":null,"digest":"abc"}',
    }
    assert (second["position"], second["extra"]) == (1, '{"value":"no object"}')
    assert third == {"deployment_id": "dep-2", "run_id": "run-0", "position": 2}


@pytest.mark.parametrize(
    "manifest",
    [
        "null",
        "{}",
        "[]",
        "5",
        '{"outputs":{}}',
        '{"outputs":null}',
        '{"outputs":[]}',
        '{"outputs":[1,',
        "{]",
    ],
)
def test_a_manifest_without_outputs_gives_no_rows_and_harms_no_neighbour(manifest):
    runs = runs_of(MANIFEST, "{}", MANIFEST).assign(
        output_manifest=[json.dumps(MANIFEST), manifest, json.dumps(MANIFEST)]
    )
    assert arn.outputs(runs)["run_id"].tolist() == ["run-0"] * 3 + ["run-2"] * 3


def test_no_output_can_name_another_run():
    (row,) = (
        known(row)
        for _, row in arn.outputs(
            runs_of({"outputs": [{"run_id": "evil", "position": 7}]})
        ).iterrows()
    )
    assert (row["run_id"], row["position"]) == ("run-0", 0)
    assert row["extra"] == '{"item.run_id":"evil","item.position":7}'


@given(ODD_JSON)
def test_any_manifest_gives_the_table_of_outputs(text):
    for manifest in (
        text,
        f'{{"outputs":{text}}}',
        f'{{"outputs":[{text},{{"name":{text},"size_bytes":{text}}}]}}',
    ):
        frame = arn.outputs(runs_of(manifest))
        assert list(frame.columns) == OUTPUTS.names
        assert frame["run_id"].isin(["run-0"]).all()
        assert frame["position"].tolist() == list(range(len(frame)))


def test_outputs_take_whatever_holds_runs():
    runs = runs_of(MANIFEST, "{}")
    run = arn.Run(record({**GOLDEN, "id": '"run-0"', "output_manifest": json.dumps(MANIFEST)}))
    pd.testing.assert_frame_equal(arn.outputs(run), arn.outputs(runs))
    pd.testing.assert_frame_equal(run.outputs, arn.outputs([run]))
    assert len(arn.outputs(runs[:0])) == 0


@given(ODD_JSON)
def test_parse_reads_what_is_there_and_marks_what_is_not(text):
    column = pd.Series([text, None, "{"], index=[5, 6, 6], name="input")
    parsed = arn.parse(column)
    assert list(parsed.index) == [5, 6, 6]
    assert parsed.name == "input"
    assert (
        repr(parsed.iloc[0]) == repr(json.loads(text, parse_float=float))
        or "E400" in text
        or len(text) > 300
    )
    assert parsed.iloc[1] is parsed.iloc[2] is pd.NA


def test_null_and_absent_stay_different():
    """Fault 73."""
    parsed = arn.parse(pd.Series(["null", None, "0", '""', "[]"], dtype=TEXT))
    assert parsed.tolist() == [None, pd.NA, 0, "", []]


def test_the_catalogue_counts_what_there_is():
    runs = runs_of({"a": [{"b": 1}, {"b": "x"}], "c d": {}}, {"a": [{"b": 2}]}, "null", "5")
    frame = arn.json_paths(runs)
    assert frame.to_dict("records") == [
        {"path": "a[*].b", "types": "integer, string", "runs": 2, "values": 3, "example": "1"},
        {"path": '["c d"]', "types": "object", "runs": 1, "values": 1, "example": "{}"},
        {"path": "", "types": "integer, null", "runs": 2, "values": 2, "example": "null"},
    ]
    assert (
        frame.dtypes.astype("str").to_dict()
        == arn.json_paths(runs[:0]).dtypes.astype("str").to_dict()
    )


@given(st.lists(ODD_JSON, min_size=1, max_size=3))
def test_each_path_of_the_catalogue_leads_to_as_many_values_as_it_says(texts):
    """Objects and lists that are not empty are not counted: their members are."""
    runs = runs_of(*texts)
    documents = list(arn.parse(runs["output_manifest"]))
    for row in arn.json_paths(runs).itertuples():
        found = [value for document in documents for value in find(document, parse_path(row.path))]
        assert (
            len([value for value in found if not isinstance(value, dict | list) or not value])
            == row.values
        )
        assert row.example.encode()


@pytest.mark.parametrize(("opener", "closer"), [("[", "]"), ('{"a":', "}"), ('[1,{"a":', "}]")])
def test_depth_is_no_matter(opener, closer):
    """Fault 68: down to a depth that is said; in more than linear time it would take hours."""
    depth = 100_000
    runs = runs_of(opener * depth + "1" + closer * depth)
    frame = arn.json_paths(runs)
    assert {len(parse_path(path)) for path in frame["path"]} <= set(range(DEEPEST + 1))
    assert frame["example"].iloc[-1] in ("1", "[…]", "{…}")
    assert len(arn.outputs(runs)) == 0
    assert len(arn.parse(runs["output_manifest"])) == 1


def test_value_at_reads_one_place():
    run = arn.Run(record({**GOLDEN, "output_manifest": json.dumps(MANIFEST)}))
    assert value_at(run, "input.four") == 4
    assert value_at(run, "output_manifest.outputs[0].size_bytes") == 2**53 + 1
    assert value_at(run, "output_manifest.outputs[*].name") == ["report"]
    assert value_at(run, "input") == {"four": 4}
    for path in ("", "status", "input.five", "output_manifest.outputs[9]", "input.["):
        with pytest.raises(PathNotFound):
            value_at(run, path)


def test_a_broken_document_is_refused_in_the_family():
    run = arn.Run(record({**GOLDEN, "input": '{"a":tru}'}))
    with pytest.raises(DataError):
        value_at(run, "input.a")
    assert run.input_text == '{"a":tru}'


def test_not_a_number_is_read_and_shown():
    frame = arn.json_paths(runs_of('{"a":NaN,"b":-Infinity,"c":1e400}'))
    assert frame["example"].tolist() == ["NaN", "-Infinity", "1E+400"]
    assert math.isnan(arn.parse(pd.Series(["NaN"]))[0])


@pytest.mark.parametrize("values", [[{"a": 1}, None], [[1]], [1, 2], [1.5, float("nan")]])
def test_a_column_of_other_things_than_texts_is_refused(values: list[object]) -> None:
    with pytest.raises(SchemaError, match="holds texts, and not"):
        arn.parse(pd.Series(values, dtype="object"))
    assert arn.parse(pd.Series(["1", *values], dtype="object")).iloc[0] == 1
