"""Random tables of runs, cut into parts, for statistics that are counted part by part."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.tables.frames import runs_frame
from tests.support.analysis import at

STATUSES = [
    *["succeeded"] * 6, *["failed"] * 3, "timed_out", "cancelled", "running", "running", "queued",
    "starting", "waiting_for_input", "paused_by_moon", None,
]  # fmt: skip
ODD_TIMES = [
    None, "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "no time",
    "2026-03-02T00:00:00", "2026-03-09T12:00:00+05:30",
]  # fmt: skip
REASONS = [
    None, "", "KeyError: 'a'", "KeyError: 'b'", "Timeout after 30 s", "Timeout after 31 s", "no",
]  # fmt: skip
MANIFESTS = [
    None, {}, {"score": 1}, {"a": [1, "b"], "score": True}, {"score": 0.5}, {"a": {"b": None}},
    {"score": 2**53 + 1}, {"score": 2**70}, {"score": "high"}, {"score": None, "a": []},
    {"a": [{"c": 1}, {"d": {}, "c": 2}]}, {"d": 1, "a": [[3], {}], "c": 1}, {"score": "caf\u00e9 \udc80"},
    {"outputs": [{"name": "plot", "size_bytes": 3}, {"name": "log", "access": {"path": "/x"}}]},
    {"outputs": [5, {"size_bytes": "many", "new": []}], "score": 3}, {"outputs": {}}, [], "text",
]  # fmt: skip
BROKEN = '{"score": '
LOST = "not_found: There is no such run."


def _seconds(random: Random) -> float:
    """A length of time: often a whole second, so that many are equal."""
    return random.choice(
        [random.randrange(20), random.randrange(5_000) / 10, round(random.uniform(0, 1e6), 6)]
    )


def _record(random: Random, manifests: Sequence[Any]) -> dict[str, Any]:
    """A record, odd now and then.

    Args:
        random: the dice.
        manifests: those that it may have.
    """
    created = _seconds(random)
    started = created + _seconds(random)
    moments: list[Any] = [at(created), at(started), at(started + _seconds(random))]
    if random.random() < 0.25:
        moments[random.randrange(3)] = random.choice(ODD_TIMES)
    status = random.choice(STATUSES)
    if status in ("running", "queued", "starting"):
        moments[2] = None
    if status == "queued":
        moments[1] = None
    return {
        "id": f"run-{random.randrange(200)}",
        "deployment_id": random.choice(["dep-1", "dep-2", "dep-3"]),
        "version_id": random.choice(["v1", "v2", "v3", None]),
        "mode": random.choice(["job", "job", "job", "service", "other"]),
        "status": status,
        "input": {"case": random.randrange(9)},
        "created_at": moments[0],
        "updated_at": moments[0],
        "started_at": moments[1],
        "completed_at": moments[2],
        "exit_code": random.choice([None, 0, 1, 137]),
        "failure_reason": random.choice(REASONS),
        "output_manifest": random.choice(manifests),
    }


def runs_in_parts(seed: int) -> list[pd.DataFrame]:
    """A RUNS table in parts: runs stand several times, times are odd, parts are empty, some have further columns."""
    random = Random(seed)
    # Of a few kinds of manifest, so that some parts agree on a type and others do not.
    manifests = random.choices(MANIFESTS, k=random.choice([1, 2, 4, 9]))
    records = [_record(random, manifests) for _ in range(random.choice([0, 1, 9, 60, 120]))]
    records += [random.choice(records) for _ in range(random.randrange(8)) if records]
    random.shuffle(records)
    whole = runs_frame(json.dumps(records).encode())
    fetched = pd.Series([at(random.choice([None, 5.0, 5e5])) for _ in records], dtype=TEXT)
    whole["fetched_at"] = pd.to_datetime(fetched, utc=True, format="ISO8601").astype(
        "datetime64[us, UTC]"
    )
    is_lost = pd.Series([random.random() < 0.06 for _ in records], dtype="bool")
    whole["fetch_error"] = whole["fetch_error"].mask(is_lost, LOST)
    # As text: a category that no run has would stay.
    whole["status"] = whole["status"].astype("str").mask(is_lost)
    is_broken = pd.Series([random.random() < 0.03 for _ in records], dtype="bool")
    whole["output_manifest"] = whole["output_manifest"].mask(is_broken, BROKEN)
    cuts = sorted(random.randint(0, len(whole)) for _ in range(random.randrange(6)))
    has_teams = random.random() < 0.6
    parts = []
    for start, end in pairwise([0, *cuts, len(whole)]):
        part = runs_frame(whole.iloc[start:end].reset_index(drop=True))
        if has_teams and random.random() < 0.7:
            part = part.assign(team=part["id"].str[-1], version_number=random.randrange(4))
        parts.append(part)
    return parts


TABLES = st.integers(0, 2**32).map(runs_in_parts)


def together(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The parts as one table."""
    return runs_frame(list(parts))
