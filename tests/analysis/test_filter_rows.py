"""Which runs a filter lets through, and which filters are refused."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb.analysis.filter_rows import _SIGNS, filter_rows
from agentrun_nb.analysis.filter_rules import KEYS, OPERATORS, read_filter, with_moments
from agentrun_nb.core import jsontext
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.paths import find, parse_path
from agentrun_nb.errors import SettingsError
from tests.documents.test_extract import random_texts
from tests.support.samples import START, moment, record

REASON = "KeyError: 'amount' in row 17"


def table() -> pd.DataFrame:
    """Six runs a minute apart, with documents that differ in kind."""
    manifests: list[Any] = [
        {"score": 5, "outputs": [{"name": "a"}], "tags": ["x", 1]},
        {"score": "5", "outputs": []},
        {"score": None},
        {"score": True, "outputs": "none"},
        None,
        {"score": 2**70, "list": [{"n": 1}, {"n": 7}]},
    ]
    statuses = ["succeeded", "failed", "timed_out", "running", "queued", "failed"]
    rows = [
        record(
            number,
            status,
            output_manifest=manifest,
            failure_reason=REASON if status in ("failed", "timed_out") else None,
        )
        for number, (status, manifest) in enumerate(zip(statuses, manifests, strict=True))
    ]
    rows[4] |= {"version_id": None, "mode": None, "created_at": None}
    return arn.runs_frame(json.dumps(rows).encode())


def rows(given: Any, newest: datetime | None = None, names: Any = None) -> list[int]:
    mask = filter_rows(table(), read_filter(given), newest, names)
    return np.flatnonzero(mask).tolist()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, [0, 1, 2, 3, 4, 5]),
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"status": None}, [0, 1, 2, 3, 4, 5]),
        ({"status": "failed"}, [1, 5]),
        ({"status": ["failed", "queued"]}, [1, 4, 5]),
        ({"status": {"failed"}}, [1, 5]),
        ({"status": pd.Series(["failed"])}, [1, 5]),
        ({"status": []}, []),
        ({"status": "a word of a newer service"}, []),
        ({"deployment_id": "agdep_reviews"}, [0, 3]),
        ({"version_id": ["agver_1", None]}, [0, 2, 4]),
        ({"mode": [None]}, [4]),
        ({"mode": "job"}, [0, 1, 2, 3, 5]),
        ({"since": moment(180)}, [3, 4, 5]),
        ({"until": moment(180)}, [0, 1, 2, 4]),
        ({"since": START + timedelta(minutes=1), "until": moment(120)}, [1, 4]),
        ({"since": pd.Timestamp(START).tz_convert("Asia/Tokyo") + pd.Timedelta("4min")}, [4, 5]),
        ({"since": "2026-11-21"}, [4]),
        ({"text": "ADRUN_00000003"}, [3]),
        ({"text": "keyerror: 'AMOUNT'"}, [1, 2, 5]),
        ({"text": "agver_2"}, [1, 3, 5]),
        ({"text": ".*"}, []),
        ({"text": ""}, [0, 1, 2, 3, 4, 5]),
        ({"has_outputs": True}, [0]),
        ({"has_outputs": False}, [1, 2, 3, 4, 5]),
        ({"status": "failed", "version_id": "agver_2", "since": moment(100)}, [5]),
    ],
    ids=str,
)
def test_all_rules_must_hold(given, expected):
    assert rows(given) == expected


@pytest.mark.parametrize(
    ("sign", "value", "expected"),
    [
        ("==", 5, [0]),
        ("==", 5.0, [0]),
        ("==", "5", [1]),
        ("==", None, [2]),
        ("==", True, [3]),
        ("==", 1, []),
        ("==", 2**70, [5]),
        ("!=", 5, [1, 2, 3, 5]),
        ("!=", "5", [0, 2, 3, 5]),
        ("<", 6, [0]),
        ("<=", 5, [0]),
        (">", 4, [0, 5]),
        (">=", 2**70, [5]),
        (">", "4", [1]),
        ("<", True, []),
        (">", None, []),
        ("contains", "5", [1]),
        ("contains", 5, []),
        ("exists", True, [0, 1, 2, 3, 5]),
        ("exists", False, [4]),
    ],
)
def test_a_number_never_equals_a_text_and_what_is_missing_never_matches(sign, value, expected):
    assert rows({"where": [["output_manifest.score", sign, value]]}) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (("output_manifest.list[*].n", ">", 6), [5]),
        (("output_manifest.list[1].n", "==", 7), [5]),
        (("output_manifest.list[2].n", "exists", False), [0, 1, 2, 3, 4, 5]),
        (("output_manifest.tags", "contains", "x"), [0]),
        (("output_manifest.tags", "contains", 1), [0]),
        (("output_manifest.tags", "contains", True), []),
        (("input.limit", "<=", 1), [0, 1]),
        (("output_manifest", "==", None), [4]),
    ],
)
def test_a_rule_takes_any_path_that_extract_takes(rule, expected):
    assert rows({"where": [rule]}) == expected


def test_rules_about_documents_are_all_needed():
    where = [["output_manifest.score", "exists", True], ["input.limit", ">", 2]]
    assert rows({"where": where}) == [3, 5]


def test_a_document_that_is_not_json_or_holds_nan_matches_nothing():
    runs = table().assign(output_manifest=['{"score": NaN}', "{nope", *[None] * 4])
    for sign, value in [(">", 0), ("<=", 0), ("==", 0)]:
        rules = read_filter({"where": [["output_manifest.score", sign, value]]})
        assert not filter_rows(runs, rules).any()


def test_a_group_of_failures_is_found_by_its_fingerprint():
    groups = arn.failures(table())
    fingerprint = groups["fingerprint"].iloc[0]
    assert rows({"failure": fingerprint}) == [1, 2, 5]
    assert rows({"failure": fingerprint, "status": "timed_out"}) == [2]
    assert rows({"failure": "no such group"}) == []


def test_names_are_searched_too():
    names = {"agdep_reviews": "Review bot", "agver_2": "reports v7"}
    assert rows({"text": "review BOT"}, names=names) == [0, 3]
    assert rows({"text": "v7"}, names=names) == [1, 3, 5]


@pytest.mark.parametrize("age", ["2m", "120s", timedelta(minutes=2), pd.Timedelta("2min")])
def test_an_age_counts_back_from_the_newest_look(age):
    newest = START + timedelta(minutes=5)
    rules = read_filter({"since": age})
    assert rows({"since": age}, newest) == [3, 4, 5]
    assert with_moments(rules, newest) == {"since": moment(180)}
    assert json.loads(json.dumps(rules)) == rules


def test_an_empty_table_has_no_rows():
    everything = {
        "status": "failed",
        "text": "x",
        "has_outputs": True,
        "failure": "x",
        "since": "1h",
        "where": [["input.a", "==", 1]],
    }
    assert filter_rows(table().iloc[:0], read_filter(everything)).shape == (0,)


@pytest.mark.parametrize("index", [[0] * 6, list("abcdef")])
def test_the_mask_is_by_place_whatever_the_index(index):
    runs = table().set_axis(index)
    everything = {
        "status": "failed",
        "text": "amount",
        "failure": arn.failures(runs)["fingerprint"][0],
    }
    assert np.flatnonzero(filter_rows(runs, read_filter(everything))).tolist() == [1, 5]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"statsu": "failed"}, "status"),
        ({"deployment": "a"}, "deployment_id"),
        ({"version": "a"}, "version_id"),
        ({"has_output": True}, "has_outputs"),
        ({"status": "faild"}, "failed"),
        ({"status": ["failed", "timeout"]}, "timed_out"),
        ({"where": [["input.a", "=", 1]]}, "=="),
        ({"where": [["input.a", "<>", 1]]}, "!="),
        ({"where": [["input.a", "=>", 1]]}, ">="),
        ({"where": [["input.a", "contain", 1]]}, "contains"),
        ({"where": [["input.a", "exist", True]]}, "exists"),
        ({1: 2}, "status"),
        ({"zzz": 2}, "status"),
    ],
    ids=str,
)
def test_an_unknown_word_is_refused_with_the_near_one(given, word):
    with pytest.raises(SettingsError) as refused:
        read_filter(given)
    assert word in refused.value.hint


@pytest.mark.parametrize(
    "given",
    [
        "failed",
        ["status"],
        5,
        {"status": 5},
        {"status": {"failed": 1}},
        {"status": [5]},
        {"version_id": ["x"] * 501},
        {"mode": b"job"},
        {"since": "yesterday"},
        {"since": True},
        {"until": pd.NaT},
        {"since": timedelta.max},
        {"text": ["a"]},
        {"text": "x" * 2_001},
        {"has_outputs": 1},
        {"has_outputs": "yes"},
        {"failure": 1},
        {"where": "input.a == 1"},
        {"where": [["input.a", "=="]]},
        {"where": [["input.a", "==", 1]] * 21},
        {"where": [["status", "==", "failed"]]},
        {"where": [["input.a[", "==", 1]]},
        {"where": [[5, "==", 1]]},
        {"where": [["input.a", ["=="], 1]]},
        {"where": [["input.a", "==", float("nan")]]},
        {"where": [["input.a", "==", [1]]]},
        {"where": [["input.a", "exists", 1]]},
        {"where": {"input.a": 1}},
    ],
    ids=lambda given: str(given)[:60],
)
def test_what_is_odd_is_refused_in_a_short_sentence(given):
    with pytest.raises(SettingsError) as refused:
        read_filter(given)
    assert len(str(refused.value)) < 500


def test_a_checked_filter_is_plain_json_and_checks_to_itself():
    given = {
        "status": ("failed", None),
        "since": datetime(2026, 1, 1, tzinfo=UTC),
        "text": "a\ud800",
        "where": (("input.n", ">", np.int64(3)), ("input.x", "==", np.float64(0.5))),
    }
    rules = read_filter(given)
    assert rules == read_filter(json.loads(json.dumps(rules)))
    assert rules["since"] == "2026-01-01T00:00:00Z"
    assert rules["where"] == [["input.n", ">", 3], ["input.x", "==", 0.5]]
    assert rules["text"] == "a\ufffd"


def test_the_tables_of_keys_and_operators_are_those_of_the_contract():
    assert list(KEYS) == [
        *("status", "deployment_id", "version_id", "mode", "since", "until"),
        *("text", "has_outputs", "failure", "where"),
    ]
    assert OPERATORS == ("==", "!=", "<", "<=", ">", ">=", "contains", "exists")


ODD_DOCUMENTS = [
    "",
    "null",
    "[]",
    '"outputs"',
    "{",
    '{"outputs":[]}',
    '{"outputs":[ \n ]}',
    '{"outputs":[null]}',
    '{"outputs":[ \t{}]}',
    '{"outputs":[[]]}',
    '{"outputs":{"0":1}}',
    '{"outputs":"[1]"}',
    '{"outputs":[1],"outputs":[]}',
    '{"outputs":[],"outputs":[1]}',
    '{"out\\u0070uts":[1]}',
    '{"outputs":[1]',
    '{"outputs":[1]} ,{"outputs":[1]}',
    '{"outputs":[1],"a":nope}',
    '{"outputs":[1],"a":NaN}',
    '{"outputs":[1],"a":"\\ud800"}',
    '{"outputs":[1],"a":"\\x"}',
    '{"outputs":[1],"a":01}',
    '{"a":{"outputs":[1]}}',
    '[{"outputs":[1]}]',
    '{"outputs":[' + "[" * 3_000 + "]" * 3_000 + "]}",
    '{"score":5,"score":"5"}',
    '{"score":"5","score":5}',
    '{"sc\\u006fre":5}',
    '{"score":5.0}',
    '{"score":5e0}',
    '{"score":1e999}',
    '{"score":NaN}',
    '{"score":-Infinity}',
    '{"score":90071992547409931234567890}',
    '{"score":true}',
    '{"score":{"score":5}}',
    '{"score":[5,[5]]}',
    '{"score":5,"a":' + "[" * 3_000 + "]" * 3_000 + "}",
    '{"score":5,}',
    '{"score" 5}',
    '{"__proto__":5,"score":6}',
    '{"nested":{"score":5}}',
    '{"nested":[{"score":5},{"score":"x"},7]}',
    '{"nested":[[{"score":5}]]}',
    '{"nested":null,"score":null}',
    '{"sc\u00f6re":5,"score":4}',
]
"""Documents of which it is easy to see more, or less, than is in them."""

SMALL = ["output_manifest.score", "<", 9]
PATHS = ["score", "outputs", "outputs[*]", "outputs[0]", "nested.score", "nested[*].score"]
PATHS += ["nested[0].score", "nested[0][*].score", '["sc\u00f6re"]', "__proto__", '["not there"]']


def slow(texts: list[str | None], passes: Any) -> list[bool]:
    """Reads every document whole, one by one, by Python's own parser."""
    found = []
    for text in texts:
        try:
            found.append(bool(passes(text and jsontext.parse(text))))
        except jsontext.JSONTextError:
            found.append(bool(passes(None)))
    return found


def of_documents(texts: list[str | None]) -> pd.DataFrame:
    runs = arn.runs_frame(json.dumps([record(number) for number in range(len(texts))]).encode())
    return runs.assign(output_manifest=pd.Series(texts, dtype=TEXT))


@pytest.fixture(scope="module")
def odd() -> tuple[list[str | None], pd.DataFrame]:
    texts: list[str | None] = [*ODD_DOCUMENTS, *random_texts(random.Random(5), 150), None]
    return texts, of_documents(texts)


def test_outputs_are_seen_where_a_whole_reading_sees_them(odd):
    texts, runs = odd

    def has_outputs(document: Any) -> bool:
        outputs = document.get("outputs") if isinstance(document, dict) else None
        return isinstance(outputs, list) and len(outputs) > 0

    expected = slow(texts, has_outputs)
    assert filter_rows(runs, {"has_outputs": True}).tolist() == expected
    assert filter_rows(runs, {"has_outputs": False}).tolist() == [not one for one in expected]


@pytest.mark.parametrize("path", PATHS)
def test_rules_hold_where_a_whole_reading_says_so(odd, path):
    texts, runs = odd
    steps = parse_path(path)
    place = f"output_manifest{'' if path.startswith('[') else '.'}{path}"
    rules = [("exists", True), ("exists", False), ("==", 5), ("!=", 5), (">", 4.5), ("<=", 5)]
    for sign, value in [*rules, ("==", "5"), ("==", None), ("contains", 5), ("<", "x")]:

        def passes(document: Any, sign: str = sign, value: Any = value) -> bool:
            values = find(document, steps)
            if sign == "exists":
                return bool(values) is value
            return any(_SIGNS[sign](each, value) for each in values)

        rule = read_filter({"where": [[place, sign, value]]})
        assert filter_rows(runs, rule).tolist() == slow(texts, passes), (sign, value)
        pair = read_filter({"where": [[place, sign, value], SMALL]})
        both = filter_rows(runs, rule) & filter_rows(runs, {"where": [SMALL]})
        assert np.array_equal(filter_rows(runs, pair), both)


@pytest.mark.parametrize("steps", [1, 29, 30, 31, 900])
def test_a_path_of_any_length_leads_to_its_place(steps):
    deep = '{"a":' * steps + "7" + "}" * steps
    runs = of_documents([deep, '{"a":7}', None])
    path = f"output_manifest{'.a' * steps}"
    found = filter_rows(runs, read_filter({"where": [[path, "==", 7]]}))
    assert found.tolist() == [True, steps == 1, False]
    assert arn.extract(runs, value=path)["value"].iloc[0] == 7
