"""What a filter lets through on the page is what Python lets through; node reads the same cases.

`filters.json` holds runs as `[id, deployment_id, version_id, mode, status, failure_reason, created]`
(created in ms since the epoch), the groups of their failures, names, the newest look, and cases: a
filter and the rows that it lets through. `python -m tests.both_sides.test_filters` writes it anew.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from agentrun_nb.analysis.failures import failures
from agentrun_nb.analysis.filter_rows import filter_rows
from agentrun_nb.analysis.filter_rules import read_filter
from agentrun_nb.tables.frames import runs_frame
from tests.support.samples import record

FILE = Path(__file__).with_name("filters.json")
FIELDS = ("id", "deployment_id", "version_id", "mode", "status", "failure_reason")
NEWEST = datetime(2026, 11, 20, 12, 0, 0, 250_000, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

HOSTILE = [
    "",
    "a.*b",
    "[x](y)|{z}^$",
    "back\\slash / -",
    "<img src=x onerror=fire()>",
    "\u202egpj.exe",
    "Straße",
    "İstanbul ſpam K",
    "ΣΊΣΥΦΟΣ",
    "__proto__",
    "😀 emoji",
    "line\nbreak",
]
VALUES: dict[str, list[str | None]] = {
    "deployment_id": ["adep_csv", "adep_review", None, *HOSTILE[1:6], "__proto__"],
    "version_id": ["adver_1", "adver_2", None, *HOSTILE[6:9]],
    "mode": ["job", "service", None, "a mode of tomorrow"],
    "status": ["succeeded", "failed", "timed_out", "running", None, "of a newer service"],
    "failure_reason": [None, None, "KeyError: 'amount'", "exit 137: killed", *HOSTILE],
}
NAMES = {"adep_csv": "csv-report", "adver_2": "csv-report v2", "__proto__": "Straßenname"}
TEXTS = [
    *HOSTILE[1:],
    *("adrun_0", "ADRUN_00", "keyerror", "CSV-REPORT", "v2", "strasse", "STRASSE", "STRAßE"),
    *("k", "K", "s", "ſ", "i", "İ", "σίσυφος", "😀", "x", ".", "\\", "constructor", "tostring"),
]
AGES = ["0s", "1h", "90 min", "1.5h", "2d", "0.0000015s", "7d", "1w"]


def generated(count: int = 60, seed: int = 7) -> list[list[Any]]:
    """Runs of every kind, a few minutes apart to the microsecond."""
    chance = random.Random(seed)
    runs = []
    for number in range(count):
        values = [chance.choice(VALUES[field]) for field in FIELDS[1:]]
        age = timedelta(minutes=7 * number, microseconds=chance.choice([0, 1, 250_000, 999_999]))
        created = (NEWEST - age - EPOCH) / timedelta(milliseconds=1)
        if number % 13 == 5:
            created = None
        runs.append([f"adrun_{number:04}", *values, created])
    return runs


def frame_of(runs: list[list[Any]]) -> pd.DataFrame:
    """The RUNS table of such runs."""
    records = []
    for number, (*values, created) in enumerate(runs):
        moment = None
        if created is not None:
            moment = (EPOCH + timedelta(milliseconds=created)).isoformat().replace("+00:00", "Z")
        own = dict(zip(FIELDS, values, strict=True)) | {"created_at": moment}
        records.append(record(number) | own)
    return runs_frame(json.dumps(records).encode())


def filters(runs: list[list[Any]], groups: list[str], seed: int = 11) -> list[dict[str, Any]]:
    """Filters by every key alone, by hostile values, and by several keys at once."""
    moments = [read_filter({"since": moment})["since"] for moment in moments_of(runs)]  # type: ignore[index]
    alone: list[dict[str, Any]] = [{}]
    for key in ("status", "deployment_id", "version_id", "mode"):
        alone += [{key: value} for value in VALUES[key] if value is not None]
        alone += [{key: VALUES[key]}, {key: [None]}, {key: []}, {key: ["no such value"]}]
    alone += [{"text": text} for text in TEXTS]
    alone += [{edge: when} for edge in ("since", "until") for when in [*AGES, *moments]]
    alone += [{"failure": group} for group in [*groups, "no such group"]]
    chance = random.Random(seed)
    mixed = []
    for _ in range(250):
        parts = chance.sample(alone, chance.randint(2, 4))
        mixed.append({key: value for part in parts for key, value in part.items()})
    return alone + mixed


def moments_of(runs: list[list[Any]]) -> list[datetime]:
    """The moments of some runs, and those a microsecond before and after them."""
    created = [run[-1] for run in runs if run[-1] is not None][:8]
    around = [timedelta(microseconds=shift) for shift in (-1, 0, 1)]
    return [EPOCH + timedelta(milliseconds=at) + shift for at in created for shift in around]


def answered(runs: pd.DataFrame, rules: dict[str, Any]) -> list[int]:
    """The rows that Python lets through."""
    mask = filter_rows(runs, read_filter(rules), NEWEST, NAMES)
    return [int(row) for row in mask.nonzero()[0]]


def content() -> dict[str, Any]:
    """What the file holds."""
    runs = generated()
    table = frame_of(runs)
    fingerprints = failures(table, each=True).astype("object")
    groups = fingerprints.where(fingerprints.notna(), None).tolist()
    known = list(dict.fromkeys(group for group in groups if group is not None))
    cases = [{"filter": rules, "rows": answered(table, rules)} for rules in filters(runs, known)]
    newest = (NEWEST - EPOCH) / timedelta(milliseconds=1)
    return {
        "runs": runs,
        "newest": newest,
        "names": NAMES,
        "fingerprints": groups,
        "cases": cases,
    }


@pytest.fixture(scope="module")
def held() -> dict[str, Any]:
    return json.loads(FILE.read_text("utf-8"))


def test_the_cases_are_what_python_answers(held):
    table = frame_of(held["runs"])
    for case in held["cases"]:
        assert answered(table, case["filter"]) == case["rows"], case["filter"]


def test_each_key_is_tried_where_it_narrows_and_where_it_does_not(held):
    """A case that lets nothing or everything through says little of a key."""
    count = len(held["runs"])
    for key in ("status", "deployment_id", "version_id", "mode", "since", "until", "text"):
        sizes = {len(case["rows"]) for case in held["cases"] if list(case["filter"]) == [key]}
        assert {size for size in sizes if 0 < size < count}, key


if __name__ == "__main__":
    FILE.write_text(json.dumps(content(), ensure_ascii=True) + "\n", "utf-8")
