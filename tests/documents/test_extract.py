"""Places in documents as columns."""

from __future__ import annotations

import json
import random
import re
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.paths import format_path
from agentrun_nb.documents import extract as extraction
from agentrun_nb.documents.col import Col
from agentrun_nb.documents.extract import ATTRS, extract
from agentrun_nb.errors import DataError, PathNotFound, SchemaError
from tests.support.analysis import TORTURE, documents, frame, run

SCALARS = (
    "0", "-0", "7", "9007199254740993", "-9223372036854775808", "9223372036854775807", "9223372036854775808",
    "1" * 40, "0.1", "1.5e3", "-2.5", "1e400", "5e-324", "true", "false", "null", '""', '"x"', '"7"', '"Zürich"',
    r'"\u00e9\n"', "[]", "{}", "NaN", "-Infinity",
)  # fmt: skip
KEYS = ("a", "b", "score", "key with . or space", 'quo"te', "", "__proto__", "納期", "\n")


LEAF = "\N{SECTION SIGN}"


def shape(rng: random.Random, depth: int = 0) -> str:
    """A JSON text of a random shape, with a mark where the scalars are to stand."""
    drawn = rng.random()
    if depth > 3 or (depth and drawn < 0.45):
        return LEAF
    inner = [shape(rng, depth + 1) for _ in range(rng.randrange(4))]
    if drawn < 0.7:
        return "[" + ", ".join(inner) + "]"
    return "{" + ",".join(f"{json.dumps(rng.choice(KEYS))}:{text}" for text in inner) + "}"


def random_texts(rng: random.Random, n: int) -> list[str]:
    """JSON texts of a few shapes, so that some columns agree and some do not."""
    shapes = [shape(rng) for _ in range(rng.choice((1, 2, n)))]
    texts = [rng.choice(shapes) for _ in range(n)]
    return [re.sub(LEAF, lambda _: rng.choice(SCALARS), text) for text in texts]


def exact(text: str) -> Any:
    """The oracle's reading of a JSON text."""

    def number(token: str) -> Any:
        value = float(token)
        return Decimal(token) if abs(value) == float("inf") else value

    return json.loads(text, parse_float=number)


ABSENT = object()


def walk(value: Any, steps: tuple[Any, ...]) -> Any:
    """The oracle's look-up, step by step."""
    for place, step in enumerate(steps):
        if step is None:
            if not isinstance(value, list):
                return ABSENT
            inner = [walk(item, steps[place + 1 :]) for item in value]
            rest = None in steps[place + 1 :]
            found = [item for item in inner if item is not ABSENT]
            return [x for item in found for x in item] if rest else found
        fits = (
            isinstance(value, list) and step < len(value)
            if isinstance(step, int)
            else isinstance(value, dict)
        )
        if not fits or (isinstance(step, str) and step not in value):
            return ABSENT
        value = value[step]
    return value


def every_path(value: Any, steps: tuple[Any, ...] = ()) -> set[tuple[Any, ...]]:
    found = {steps}
    if isinstance(value, dict):
        for key, inner in value.items():
            found |= every_path(inner, (*steps, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            found |= every_path(inner, (*steps, place)) | every_path(inner, (*steps, None))
    return found


def same(cell: Any, value: Any) -> bool:
    """Whether they are the same to the last digit and of the same type."""
    if isinstance(value, list | dict):
        return json.dumps(cell, default=str) == json.dumps(value, default=str)
    if isinstance(value, bool | int | float | str) and not isinstance(value, bool):
        return type(cell) in (
            type(value),
            float if isinstance(value, int) else type(value),
        ) and repr(int(cell) if isinstance(value, int) else cell) == repr(value)
    return bool(cell == value)


@pytest.mark.timeout(900)
def test_every_place_of_random_documents_is_extracted_exactly() -> None:
    rng = random.Random(5)
    checked = 0
    for _ in range(10_000 if TORTURE else 150):
        texts = random_texts(rng, 10)
        parsed = [exact(text) for text in texts]
        paths = sorted(set().union(*map(every_path, parsed)), key=str)
        asked = rng.sample(paths, min(6, len(paths)))
        names = {
            f"c{place}": f"output_manifest{_joined(steps)}" for place, steps in enumerate(asked)
        }
        found = extract(documents(texts), **names)
        for name, steps in zip(names, asked, strict=True):
            for cell, value in zip(
                found[name].astype("object"), (walk(p, steps) for p in parsed), strict=True
            ):
                if value is ABSENT or value is None or (None in steps and not value):
                    assert cell == [] or cell is pd.NA or pd.isna(cell)
                else:
                    assert same(cell, value), (steps, cell, value)
                    checked += 1
    assert checked > 1_000


def _joined(steps: tuple[Any, ...]) -> str:
    path = format_path(steps)
    return path if not path or path.startswith("[") else f".{path}"


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["1", "9223372036854775807"], "Int64"),
        (["1", "0.5"], "Float64"),
        (["true", "null"], "boolean"),
        (['"a"', "null"], str(TEXT)),
        (["1", "9223372036854775808"], "object"),
        (["9007199254740993", "0.5"], "object"),
        (["0.5", "1e400"], "object"),
        (["0.5", "NaN"], "object"),
        (["1", '"a"'], "object"),
        (["1", "true"], "object"),
        (["null", "null"], "object"),
    ],
)
def test_a_column_has_the_dtype_that_holds_it_exactly(values: list[str], dtype: str) -> None:
    found = extract(documents([f'{{"x":{value}}}' for value in values]), x="output_manifest.x")["x"]
    assert str(found.dtype) == dtype
    for cell, value in zip(found, map(exact, values), strict=True):
        assert pd.isna(cell) if value is None else cell == value or value != value


def test_every_cell_is_accounted_for() -> None:
    texts = [
        '{"x":1}',
        '{"x":"1"}',
        '{"x":2}',
        "{}",
        '{"x":null}',
        "{oops",
        None,
        r'{"x":"\ud800"}',
    ]
    counts = extract(documents(texts), x="output_manifest.x").attrs[ATTRS]["x"]
    assert counts == {
        "path": "output_manifest.x",
        "types": {"integer": 2, "string": 2},
        "absent": 2,
        "null": 1,
        "broken": 1,
        "unfit": 0,
        "mended": 1,
    }


def test_a_value_that_is_not_of_the_dtype_asked_for_is_missing_and_counted() -> None:
    runs = documents(['{"x":1}', '{"x":"1"}', '{"x":true}', '{"x":1.5}', "{}"])
    found = extract(runs, x=Col("output_manifest.x", "Int64", default=-1))
    assert found["x"].tolist() == [1, pd.NA, pd.NA, pd.NA, -1]
    assert found.attrs[ATTRS]["x"]["unfit"] == 3


@pytest.mark.parametrize(
    ("agg", "cells"),
    [
        ("count", [3, 0, pd.NA, 2]),
        ("sum", [2**62 + 3, 0, pd.NA, pd.NA]),
        ("max", [2**62, pd.NA, pd.NA, pd.NA]),
        ("first", [1, pd.NA, pd.NA, 1]),
        ("median", [2, pd.NA, pd.NA, pd.NA]),
        (
            lambda values: max(map(str, values), default="none"),
            ["4611686018427387904", "none", pd.NA, "x"],
        ),
    ],
)
def test_lists_are_aggregated_without_their_nulls(agg: Any, cells: list[Any]) -> None:
    texts = [f'{{"o":[{{"n":1}},{{"n":null}},{{"n":2}},{{}},{{"n":{2**62}}}]}}', '{"o":[]}', "{}"]
    texts.append('{"o":[{"n":1},{"n":"x"}]}')
    found = extract(documents(texts), x=Col("output_manifest.o[*].n", agg=agg))["x"]
    assert [None if pd.isna(cell) else cell for cell in found] == [
        None if cell is pd.NA else cell for cell in cells
    ]


def test_without_an_aggregate_a_list_stays_a_list() -> None:
    found = extract(documents(['{"o":[1,null]}', '{"o":[]}']), x="output_manifest.o[*]")["x"]
    assert found.tolist() == [[1, None], []]


def test_a_typo_is_an_error_that_names_near_paths() -> None:
    runs = documents(['{"score":1,"outputs":[{"size_bytes":1}]}', "{}"])
    with pytest.raises(PathNotFound, match=r"output_manifest\.score"):
        extract(runs, x="output_manifest.scroe")
    with pytest.raises(PathNotFound, match=r"outputs\[\*\]\.size_bytes"):
        extract(runs, x=Col("output_manifest.outputs[*].sise_bytes", agg="sum"))
    with pytest.raises(PathNotFound):
        extract(documents([None]), x="output_manifest.score")


def test_documents_that_are_not_json_are_told_where_nothing_is_found() -> None:
    with pytest.raises(PathNotFound, match=r"2 of 3 documents are not JSON\."):
        extract(documents(["{'a': 1}", "{'a': 2}", None]), a="output_manifest.a")


def test_a_function_that_fails_is_told_with_its_path_and_values() -> None:
    column = Col("output_manifest.o[*]", agg=lambda values: 1 / 0)
    with pytest.raises(
        DataError, match=r"'output_manifest\.o\[\*\]' raised ZeroDivisionError for \[1, 2\]"
    ):
        extract(documents(['{"o":[1,2]}']), x=column)


def test_an_empty_list_says_nothing_against_a_path_into_it() -> None:
    found = extract(documents(['{"o":[]}', "{}"]), x=Col("output_manifest.o[*].size", agg="count"))[
        "x"
    ]
    assert found.tolist() == [0, pd.NA]


def test_an_empty_frame_gives_an_empty_column() -> None:
    found = extract(documents([]), x="output_manifest.x", y=Col("input.y", "Int64"))
    assert found.shape == (0, 2)
    assert str(found["y"].dtype) == "Int64"


def test_only_new_columns_come_back_under_the_same_index() -> None:
    runs = documents(['{"id":1}', '{"id":2}', '{"id":3}'])
    runs.index = pd.Index(["b", "a", "b"], name="key")
    found = extract(runs, id="output_manifest.id", runs="output_manifest.id")
    assert list(found.columns) == ["id", "runs"]
    assert found.index.equals(runs.index)
    assert found["id"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("key", KEYS)
def test_any_key_is_found_in_documents_of_one_shape(key: str) -> None:
    quoted = json.dumps(key, ensure_ascii=False)
    runs = documents([f'{{"other":[{{}}],{quoted}:{{{quoted}:{number}}}}}' for number in range(3)])
    found = extract(
        runs, x=f"output_manifest[{quoted}][{quoted}]", whole=f"output_manifest[{quoted}]"
    )
    assert found["x"].tolist() == [0, 1, 2]
    assert found["whole"].tolist() == [{key: number} for number in range(3)]
    assert extract(runs, x=f"output_manifest[{quoted}][{quoted}]")["x"].tolist() == [0, 1, 2]


def test_each_document_that_is_asked_for_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    trees = extraction._trees
    monkeypatch.setattr(
        extraction, "_trees", lambda column, paths: read.append(column.name) or trees(column, paths)
    )
    extract(
        frame([run(1, output_manifest={"a": 1, "b": 2})]),
        a="output_manifest.a",
        b="output_manifest.b",
    )
    assert read == ["output_manifest"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"dtype": "int"},
        {"agg": "average"},
        {"agg": 5},
        {"agg": []},
        {"dtype": ""},
        {"dtype": []},
        {"agg": "sum", "path": "input.x"},
        {"dtype": "Int64", "default": "none"},
    ],
)
def test_a_wrong_column_fails_where_it_is_written(wrong: dict[str, Any]) -> None:
    with pytest.raises(SchemaError):
        Col(**{"path": "input.x[*]", **wrong})


@pytest.mark.parametrize("path", ["", "status", "inputs.x", "output_manifest.[", "[0]", 5])
def test_a_path_begins_with_a_document(path: str) -> None:
    with pytest.raises(PathNotFound):
        Col(path)


def test_documents_of_any_depth_are_read() -> None:
    deep = '{"x":1,"deep":' + "[" * 100_000 + "]" * 100_000 + "}"
    assert extract(documents([deep]), x="output_manifest.x")["x"].tolist() == [1]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("output_manifest.score", "score"),
        ("output_manifest.outputs[*].name", "name"),
        ("output_manifest.outputs[0]", "outputs"),
        ('output_manifest["a key. with ]"]', "a key. with ]"),
        ("output_manifest", "output_manifest"),
        ("input.topic", "topic"),
    ],
)
def test_a_bare_path_is_named_by_its_last_key(path, name):
    runs = documents(['{"score":1.5,"outputs":[{"name":"x"}],"a key. with ]":1}']).assign(
        input='{"topic":"t"}'
    )
    frame = (
        extract(runs, path, Col("input.topic"), other=path)
        if name != "topic"
        else extract(runs, path, other=path)
    )
    assert list(frame.columns) == list(dict.fromkeys([name, "topic", "other"]))
    assert frame[name].tolist() == frame["other"].tolist()


def test_two_columns_of_one_name_are_refused():
    runs = documents(['{"score":1,"old":{"score":2}}'])
    for paths, more in (
        (["output_manifest.score", "output_manifest.old.score"], {}),
        (["output_manifest.score"], {"score": "output_manifest.old.score"}),
    ):
        with pytest.raises(SchemaError, match="would be called 'score'"):
            extract(runs, *paths, **more)
