"""What failed, in groups of the same failure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from agentrun_nb.analysis.fingerprints import exit_meaning, fingerprint
from agentrun_nb.analysis.outcomes import left_out, outcomes
from agentrun_nb.core.schema import FAILURES, LOGS
from agentrun_nb.documents.reading import read
from agentrun_nb.tables.frames import Runs, mend, runs_frame

_DTYPES = {
    "status": "str", "exit_code": "Int64", "fingerprint": "str", "meaning": "str", "phase": "str", "n": "Int64",
    "share": "Float64", "versions": "str", "first_seen": "datetime64[us, UTC]", "last_seen": "datetime64[us, UTC]",
    "deployment_id": "str", "run_id": "str", "example": "str",
}  # fmt: skip


def failures(runs: Runs, logs: pd.DataFrame | None = None) -> pd.DataFrame:
    """Groups failed and timed-out runs by what is the same about them.

    Args:
        runs: anything that `runs_frame` takes.
        logs: events of `client.get_logs`; where one names the phase that failed (`metadata.failure_phase`), it is told.

    Returns:
        One row per status, exit code and fingerprint of the reason, the most frequent first, with a fresh index:
        status, exit_code, fingerprint, meaning (of the exit code), phase (with counts; NA where no log tells), n,
        share (of all failures), versions (numbers where the frame has `version_number`, else ids), first_seen and
        last_seen (completed_at, or created_at), and deployment_id, run_id, example: the last such run and its reason.
        After them a row for each kind of run that nothing is known of, such as `not fetched: connection`, with n alone.
    """
    runs = runs_frame(runs)
    words = outcomes(runs)
    failed = runs[words.isin(FAILURES)]
    failed = failed.assign(
        status=words[words.isin(FAILURES)],
        fingerprint=failed["failure_reason"].map(fingerprint).astype("str"),
        seen=failed["completed_at"].fillna(failed["created_at"]),
        phase=_phases(failed, logs),
        version=failed["version_number" if "version_number" in failed else "version_id"].astype("str"),
    ).sort_values("seen", kind="stable", na_position="first")
    groups = failed.groupby(["status", "exit_code", "fingerprint"], dropna=False)
    rows = [dict(zip(_DTYPES, _row(key, group, len(failed)), strict=True)) for key, group in groups]
    rows.sort(key=lambda row: -row["n"])
    rows += [{"fingerprint": word, "n": count} for word, count in left_out(words).items()]
    return pd.DataFrame(rows, columns=list(_DTYPES)).astype(_DTYPES)


def _row(key: tuple[Any, ...], group: pd.DataFrame, failures: int) -> Iterator[Any]:
    """The values of one group, in the order of the columns."""
    yield from (*key, exit_meaning(key[1]), _listed(group["phase"]))
    yield from (len(group), len(group) / failures, _listed(group["version"]))
    yield from (group["seen"].min(), group["seen"].max())
    yield from group.iloc[-1][["deployment_id", "id", "failure_reason"]]


def _listed(words: pd.Series[Any], most: int = 5) -> str | None:
    """Words with their counts, the most frequent first: `a: 3, b: 1`."""
    counts = words.value_counts()
    text = ", ".join(f"{word}: {count}" for word, count in counts.head(most).items())
    return f"{text} and {len(counts) - most} more" if len(counts) > most else text or None


def _phases(failed: pd.DataFrame, logs: pd.DataFrame | None) -> pd.Series[Any]:
    """The phase of each run that the last of its events with one names."""
    named: dict[tuple[str, str], str] = {}
    if logs is not None:
        events = mend(logs, LOGS)
        events = events[events["metadata"].str.contains("failure_phase", regex=False, na=False)]
        events = events.sort_values("created_at", kind="stable")
        for deployment, run, text in zip(events["deployment_id"], events["run_id"], events["metadata"], strict=True):
            if phase := _phase(text):
                named[deployment, run] = phase
    keys = zip(failed["deployment_id"], failed["id"], strict=True)
    return pd.Series([named.get(key) for key in keys], index=failed.index, dtype="str")


def _phase(text: str) -> str | None:
    metadata = read(text)
    phase = metadata.get("failure_phase") if isinstance(metadata, dict) else None
    return phase if isinstance(phase, str) else None
