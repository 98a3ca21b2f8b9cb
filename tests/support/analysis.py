"""Runs for the tests of the analysis, written as the service would send them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
from scipy import stats

from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.tables.frames import runs_frame

ZERO = datetime(2026, 3, 2, tzinfo=UTC)
TORTURE = os.environ.get("AGENTRUN_NB_PROFILE") == "torture"


def at(seconds: float | None) -> str | None:
    """A moment so many seconds after ZERO."""
    return (
        None
        if seconds is None
        else (ZERO + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
    )


def run(
    number: int,
    status: str | None = "succeeded",
    times: tuple[Any, Any, Any] = (0, 1, 2),
    **more: Any,
) -> Any:
    """A record: created, started and completed in seconds after ZERO."""
    created, started, completed = map(at, times)
    return {
        "id": f"run-{number}",
        "deployment_id": "dep",
        "version_id": "v1",
        "mode": "job",
        "status": status,
        "input": {},
        "created_at": created,
        "updated_at": created,
        "started_at": started,
        "completed_at": completed,
        **more,
    }


def frame(records: list[Any]) -> pd.DataFrame:
    """The RUNS table of records; a text is a document to the letter."""
    return runs_frame(json.dumps(records).encode())


def documents(texts: list[str | None], column: str = "output_manifest") -> pd.DataFrame:
    """Runs with these documents to the letter; None where the run has none."""
    runs = frame([run(number) for number in range(len(texts))])
    return runs.assign(**{column: pd.Series(texts, index=runs.index, dtype=TEXT)})


def assert_rarely_false(false: dict[str, int], repeats: int) -> None:
    """At most 5 in 100 verdicts are false in each of several designs: a binomial test of each, with Holm's correction.

    Args:
        false: per design, how many of its verdicts were false.
        repeats: how many there were in each.
    """
    chances = {
        name: stats.binomtest(count, repeats, 0.05, "greater").pvalue
        for name, count in false.items()
    }
    for place, (name, chance) in enumerate(sorted(chances.items(), key=lambda item: item[1])):
        if chance > 0.01 / (len(false) - place):
            break
        raise AssertionError(f"{name}: {false[name]} of {repeats} are false")
