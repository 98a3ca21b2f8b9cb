"""The difference of two runs."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from analysis_support import documents, frame, run
from hypothesis import given
from strategies import ODD_OBJECTS

from agentrun_nb.documents.diff import diff
from agentrun_nb.errors import SchemaError
from agentrun_nb.run import Run, value_at


def one(manifest: Any, **more: Any) -> Run:
    return Run(json.dumps(run(1, output_manifest=manifest, **more)).encode())


def rows(a: Any, b: Any) -> list[tuple[Any, ...]]:
    found = diff(one(a), one(b)).astype("object")
    return list(found.where(found.notna(), None).itertuples(index=False, name=None))


@given(ODD_OBJECTS)
def test_a_run_does_not_differ_from_itself(text: str) -> None:
    runs = documents([text])
    assert diff(runs, runs).empty
    assert set(diff(runs, runs, equal=True)["change"]) <= {"equal"}


@pytest.mark.parametrize(
    ("a", "b", "change"),
    [(1, 2, "changed"), (1, "1", "type changed"), (1, 1.0, "type changed"), (2**53, 2**53 + 1, "changed")],
)
def test_values_differ_by_type_and_to_the_last_digit(a: Any, b: Any, change: str) -> None:
    path = "output_manifest.x"
    assert rows({"x": a, "same": 0}, {"x": b, "same": 0}) == [(path, path, change, json.dumps(a), json.dumps(b))]


def test_what_one_run_lacks_is_added_or_removed_whole() -> None:
    assert rows({"x": {"b": 1, "a": [2]}}, {}) == [("output_manifest.x", None, "removed", '{"a":[2],"b":1}', None)]
    assert rows({}, {"x": None}) == [(None, "output_manifest.x", "added", None, "null")]


def test_outputs_belong_together_by_configured_path_then_path_then_name() -> None:
    a = [{"configured_path": "r", "n": 1}, {"path": "/p", "n": 2}, {"name": "c", "n": 3}, {"n": 4}, {"name": "c"}]
    b = [{"name": "c", "n": 3}, {"configured_path": "r", "n": 1, "path": "/p"}, {"path": "/p", "n": 5}]
    base = "output_manifest.outputs"
    assert rows({"outputs": a}, {"outputs": b}) == [
        (None, f"{base}[1].path", "added", None, '"/p"'),
        (f"{base}[1].n", f"{base}[2].n", "changed", "2", "5"),
        (f"{base}[3]", None, "removed", '{"n":4}', None),
        (f"{base}[4]", None, "removed", '{"name":"c"}', None),
    ]


def test_an_element_put_into_a_list_is_the_only_difference() -> None:
    added = (None, "output_manifest.x[1]", "added", None, "9")
    assert rows({"x": [1, 2, 3]}, {"x": [1, 9, 2, 3]}) == [added]


def test_the_paths_lead_to_the_values() -> None:
    a, b = one({"x": [1, {"k e y": 2}]}, input={"t": 1}), one({"x": [0, 1, {"k e y": 3}]}, input={"t": 2})
    for row in diff(a, b).itertuples():
        for found, path, text in ((a, row.path_a, row.a), (b, row.path_b, row.b)):
            assert pd.isna(path) or value_at(found, path) == json.loads(text)


def test_documents_too_deep_to_write_and_documents_that_are_not_json_are_compared() -> None:
    deep = '{"x":' + "[" * 20_000 + "%s" + "]" * 20_000 + "}"
    assert diff(documents([deep % 1]), documents([deep % 2]))["change"].tolist() == ["changed"]
    found = diff(documents(["{oops"]), documents(["{}"]))
    assert found["change"].tolist() == ["type changed"]


def test_a_difference_is_between_two_runs() -> None:
    runs = frame([run(1, input={"t": 1}), run(2, input={"t": 2})])
    assert diff(runs.iloc[0], runs.iloc[1])["path_a"].tolist() == ["input.t"]
    with pytest.raises(SchemaError, match="frame of 2"):
        diff(runs, runs.iloc[0])
