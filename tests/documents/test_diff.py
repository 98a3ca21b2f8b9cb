"""The difference of two runs."""

from __future__ import annotations

import json
import random
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun_nb.analysis.inputs import input_keys
from agentrun_nb.documents.align import aligned
from agentrun_nb.documents.diff import diff
from agentrun_nb.errors import PathNotFound, SchemaError
from agentrun_nb.run import Run, value_at
from tests.support.analysis import documents, frame, run
from tests.support.strategies import ODD_OBJECTS


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
    [
        (1, 2, "changed"),
        (1, "1", "type changed"),
        (1, 1.0, "type changed"),
        (2**53, 2**53 + 1, "changed"),
    ],
)
def test_values_differ_by_type_and_to_the_last_digit(a: Any, b: Any, change: str) -> None:
    path = "output_manifest.x"
    assert rows({"x": a, "same": 0}, {"x": b, "same": 0}) == [
        (path, path, change, json.dumps(a), json.dumps(b))
    ]


def texts_differ(a: str, b: str) -> list[str]:
    return diff(documents(['{"x":' + a + "}"]), documents(['{"x":' + b + "}"]))["change"].tolist()


HUGE = "1" + "0" * 400
EQUAL = [
    *[
        ("1.0", "1.00"),
        ("1.0", "10e-1"),
        ("1e400", "1E+400"),
        ("1e400", "10.0e399"),
        ("-1e400", "-1E400"),
    ],
    *[
        ("0.1", "0.10"),
        (HUGE, HUGE),
        ("1" * 5_000, "1" * 5_000),
        ("NaN", "NaN"),
        ('{"a":1,"b":2}', '{"b":2,"a":1}'),
    ],
]
UNEQUAL = [
    *[
        ("1", "1.0"),
        ("1", "true"),
        ("0", "false"),
        ("1e400", '"1E+400"'),
        ("1e400", '"1e400"'),
        ("1e400", "2e400"),
    ],
    *[
        ("1e400", "-1e400"),
        ("1e400", HUGE),
        ("1" * 5_000, f'"{"1" * 5_000}"'),
        ("1" * 5_000, "1" * 4_999 + "2"),
    ],
    *[
        ("9007199254740993", "9007199254740992"),
        ("0", '"0"'),
        ("null", '"null"'),
        ("NaN", '"NaN"'),
        ("NaN", "null"),
    ],
]


@pytest.mark.parametrize("shape", ["%s", "[%s]", "[0,%s,0,%s]", '{"k":[{"k":%s}]}'])
@pytest.mark.parametrize(
    ("a", "b", "same"), [(*p, True) for p in EQUAL] + [(*p, False) for p in UNEQUAL]
)
def test_numbers_are_equal_by_one_rule_wherever_they_stand(
    a: str, b: str, same: bool, shape: str
) -> None:
    """An integer is no decimal, a number no text, and the way a decimal is written does not count."""
    a, b = (shape.replace("%s", text) for text in (a, b))
    assert (texts_differ(a, b) == []) == same
    inputs = documents(['{"x":' + text + "}" for text in (a, b)], "input")
    assert (input_keys(inputs).nunique() == 1) == same


def test_what_is_shown_of_a_number_is_a_number() -> None:
    found = diff(documents(['{"x":1e400}']), documents(['{"x":[1e400]}'])).iloc[0]
    assert (found["a"], found["b"]) == ("1E+400", "[1E+400]")


def test_what_is_ignored_is_not_compared_in_any_element_nor_deeper() -> None:
    a = one({"t": {"s": 1}, "x": [{"n": 1, "m": 1}, {"n": 2, "m": 2}]}, input={"t": 1})
    b = one({"t": {"s": 2}, "x": [{"n": 5, "m": 1}, {"n": 6, "m": 3}]}, input={"t": 2})
    everything = {"input.t", "output_manifest.t.s", *(f"output_manifest.x[{i}].n" for i in (0, 1))}
    everything |= {"output_manifest.x[1].m"}
    assert set(diff(a, b)["path_a"]) == everything
    cases: dict[str | tuple[str, ...], set[str]] = {
        "output_manifest.t": {"output_manifest.t.s"},
        "output_manifest.x[*].n": {"output_manifest.x[0].n", "output_manifest.x[1].n"},
        ("input", "output_manifest.x[1].m"): {"input.t", "output_manifest.x[1].m"},
        "output_manifest": everything - {"input.t"},
        (): set(),
    }
    for ignore, gone in cases.items():
        assert set(diff(a, b, ignore=ignore)["path_a"]) == everything - gone
    for path in ("t", "", 7, "x["):
        with pytest.raises(PathNotFound):
            diff(a, b, ignore=[path])


SCALARS = st.lists(st.integers(0, 3) | st.integers(0, 40), max_size=40)


@given(SCALARS, SCALARS)
def test_an_alignment_keeps_the_order_of_both_lists_and_pairs_as_many_equals_as_can_be(
    a: list[int], b: list[int]
) -> None:
    pairs = list(aligned(a, b))
    assert [i for i, _ in pairs if i is not None] == [*range(len(a))]
    assert [k for _, k in pairs if k is not None] == [*range(len(b))]
    # The longest common subsequence, by the textbook.
    row = [0] * (len(b) + 1)
    for x in a:
        before = row[:]
        for place, y in enumerate(b, 1):
            row[place] = before[place - 1] + 1 if x == y else max(before[place], row[place - 1])
    assert sum(a[i] == b[k] for i, k in pairs if i is not None and k is not None) >= row[-1]


class Counted:
    """An element that counts how often it is compared."""

    compared = 0

    def __init__(self, value: int) -> None:
        self.value = value

    def __hash__(self) -> int:
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return isinstance(other, Counted) and self.value == other.value


@pytest.mark.parametrize("kind", ["bits", "shifted", "reversed", "disjoint", "shuffled", "islands"])
@pytest.mark.parametrize("size", [500, 5_000, 50_000])
def test_lists_of_any_kind_are_aligned_with_a_few_comparisons_an_element(
    kind: str, size: int
) -> None:
    rng = random.Random(size)
    numbers = list(range(size))
    after = {
        "bits": [rng.randrange(2) for _ in numbers],
        "shifted": [-1, *numbers],
        "reversed": numbers[::-1],
        "disjoint": [-1 - number for number in numbers],
        "shuffled": rng.sample(numbers, size),
        "islands": [number if number % 2 else rng.randrange(3) for number in numbers],
    }[kind]
    before = [rng.randrange(2) for _ in numbers] if kind == "bits" else numbers
    Counted.compared = 0
    pairs = list(aligned([*map(Counted, before)], [*map(Counted, after)]))
    assert len(pairs) <= 2 * size + 1
    assert Counted.compared <= 40 * size + 100_000


def test_elements_too_deep_to_write_are_compared_inside_a_list() -> None:
    deep = '{"x":[0,' + "[" * 20_000 + "%s" + "]" * 20_000 + ",0]}"
    assert diff(documents([deep % 1]), documents([deep % 2]))["change"].tolist() == ["changed"]


def test_what_one_run_lacks_is_added_or_removed_whole() -> None:
    assert rows({"x": {"b": 1, "a": [2]}}, {}) == [
        ("output_manifest.x", None, "removed", '{"a":[2],"b":1}', None)
    ]
    assert rows({}, {"x": None}) == [(None, "output_manifest.x", "added", None, "null")]


def test_outputs_belong_together_by_configured_path_then_path_then_name() -> None:
    a = [
        {"configured_path": "r", "n": 1},
        {"path": "/p", "n": 2},
        {"name": "c", "n": 3},
        {"n": 4},
        {"name": "c"},
    ]
    b = [
        {"name": "c", "n": 3},
        {"configured_path": "r", "n": 1, "path": "/p"},
        {"path": "/p", "n": 5},
    ]
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
    a, b = (
        one({"x": [1, {"k e y": 2}]}, input={"t": 1}),
        one({"x": [0, 1, {"k e y": 3}]}, input={"t": 2}),
    )
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
