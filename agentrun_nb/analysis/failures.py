"""Groups failed runs by what is the same about their failure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from agentrun_nb.analysis.fingerprints import exit_meaning, fingerprint
from agentrun_nb.analysis.groups import By, group_values
from agentrun_nb.analysis.outcomes import left_out, outcomes, repeated_count_notes, repeated_keys
from agentrun_nb.core.schema import FAILURES, LOGS
from agentrun_nb.documents.reading import read
from agentrun_nb.tables.frames import Runs, runs_frame
from agentrun_nb.tables.labels import Names, with_labels
from agentrun_nb.tables.mending import mend
from agentrun_nb.tables.shown import ShownFrame

_DTYPES = {
    "n": "Int64", "share": "Float64", "fingerprint": "str", "status": "str",
    "exit_code": "Int64", "meaning": "str", "phase": "str", "versions": "str",
    "first_seen": "datetime64[us, UTC]", "last_seen": "datetime64[us, UTC]",
    "example": "str", "deployment_id": "str", "run_id": "str",
}  # fmt: skip
_SAME_IN_GROUP = ("status", "exit_code", "fingerprint")
_SAME_WITH_BY = {"deployment_id", "status", "exit_code"}
"""Columns of the result in which all runs of a group are the same once they are grouped by them."""
_OF_THE_LAST = {
    "fingerprint": "fingerprint", "status": "status", "exit_code": "exit_code",
    "example": "failure_reason", "deployment_id": "deployment_id", "run_id": "id",
}  # fmt: skip
"""Columns of the result, and the columns of a group's last run that they are taken from."""


def failures(
    runs: Runs,
    logs: pd.DataFrame | None = None,
    by: By = None,
    *,
    each: bool = False,
    names: Names = None,
) -> pd.DataFrame | pd.Series[Any]:
    """Groups failed and timed-out runs by what is the same about them.

    Args:
        runs: anything that `runs_frame` takes.
        logs: events of `client.get_logs`; where one names the phase that failed
            (`metadata.failure_phase`), the result says it.
        by: a column, a Series under the index of the runs, or several of these: the failures of
            each value apart.
        each: give the group of every run instead.
        names: labels for the ids of deployments and versions, as from `client.names()`; an id
            without a label stays, and a label that several share is followed by the id.

    Returns:
        One row per status, exit code and fingerprint of the reason, the most frequent first, with a
        fresh index: the columns of `by` (one of these names stands once, in front), n, share (of
        the failures, with `by` of those of that value), fingerprint, status, exit_code, meaning (of
        the exit code), phase (with counts; NA where no log tells), versions (labels with `names`,
        else numbers where the frame has `version_number`, else ids), first_seen and last_seen
        (completed_at, or created_at), and example, deployment_id, run_id: the reason of the last
        such run and the run, by its ids.
        After them a row for each kind of run that nothing is known of, such as
        `not fetched: connection`, and one where runs stand more than once, with n alone.

        With `each` a Series of fingerprints under the index of the runs, NA where a run did not
        fail.

    Raises:
        SchemaError: there is no such column, or a Series is not of these runs.
        SettingsError: `names` is no mapping of texts to texts.

    Example:
        >>> arn.failures(runs)[["n", "fingerprint"]].head(2)
            n  fingerprint
        0  10  KeyError: <text>
        1   5  ConnectError: upstream-<n> refused the connection
        >>> lost = runs[arn.failures(runs, each=True) == "KeyError: <text>"]
        >>> len(lost)
        10
    """
    runs = runs_frame(runs)
    versions = _versions(runs, names)
    values = group_values(runs, by, _DTYPES.keys() - _SAME_WITH_BY, names)
    run_outcomes = outcomes(runs)
    has_failed = run_outcomes.isin(FAILURES)
    failed = runs[has_failed]
    fingerprints = _fingerprints(failed["failure_reason"])
    if each:
        texts = np.full(len(runs), None, dtype="object")
        texts[has_failed.to_numpy()] = fingerprints
        return pd.Series(texts, runs.index, "str", name="fingerprint")
    failed = failed.assign(
        status=run_outcomes[has_failed],
        fingerprint=fingerprints,
        seen=failed["completed_at"].fillna(failed["created_at"]),
        phase=_phases(failed, logs),
        version=versions[has_failed],
    )
    values = values[has_failed]
    rows = _rows_of_groups(failed, values)
    repeated = int(repeated_keys(runs).nunique())
    others = left_out(run_outcomes) | dict.fromkeys(repeated_count_notes(repeated), repeated)
    rows += [{"fingerprint": sentence, "n": count} for sentence, count in others.items()]
    kept = {name: dtype for name, dtype in values.dtypes.items() if str(dtype) in _HOLDS_NA}
    further = {name: dtype for name, dtype in _DTYPES.items() if name not in values}
    table = pd.DataFrame(rows, columns=[*values, *further])
    return ShownFrame(table.astype(further | kept))


_HOLDS_NA = ("str", "Int64", "Float64", "boolean", "category", "datetime64[us, UTC]")
"""Dtypes that hold NA. A column of `by` keeps such a dtype in a row that has no value of it."""


def _versions(runs: pd.DataFrame, names: Names) -> pd.Series[Any]:
    """What the version of each run is called."""
    if names is None and "version_number" in runs:
        return runs["version_number"].astype("str")
    return with_labels(runs, names, ["version_id"])["version_id"].astype("str")


def _fingerprints(reasons: pd.Series[Any]) -> pd.Series[Any]:
    """The fingerprint of each reason; that of no text where none is recorded."""
    texts = reasons.fillna("")
    # Equal reasons are read once, however many runs ended with them.
    fingerprint_of = {text: fingerprint(text) for text in texts.unique()}
    return texts.map(fingerprint_of).astype("str")


def _rows_of_groups(failed: pd.DataFrame, values: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of the result for groups of failed runs, the largest group first.

    Args:
        failed: the failed runs, with the columns that `failures` adds to them.
        values: by what they are grouped besides, a row for each of them.
    """
    # The index goes: it may bear the name of a column, and then pandas would not know which one
    # is meant.
    values = values.reset_index(drop=True)
    failed = failed.reset_index(drop=True)
    failed = failed.sort_values("seen", kind="stable", na_position="first")
    columns = [values[name] for name in values]
    total: Any = len(failed)
    if columns:
        total = failed.groupby(columns, dropna=False, observed=True)["id"].transform("size")
    failed = failed.assign(total=total)
    columns += [failed[name] for name in _SAME_IN_GROUP]
    rows = []
    for _, group in failed.groupby(columns, dropna=False, observed=True):
        last = group.index[-1]
        rows.append(_row(group) | {name: values.loc[last, name] for name in values})
    rows.sort(key=lambda row: -row["n"])
    return rows


def _row(group: pd.DataFrame) -> dict[str, Any]:
    """The values of one group, whose runs stand in the order of their ends.

    Its column `total` is the number of failures of which `share` is the share.
    """
    last = group.iloc[-1]
    row = {column: last[source] for column, source in _OF_THE_LAST.items()}
    row["n"] = len(group)
    row["share"] = len(group) / last["total"]
    row["meaning"] = exit_meaning(last["exit_code"])
    row["phase"] = _words_with_counts(group["phase"])
    row["versions"] = _words_with_counts(group["version"])
    row["first_seen"] = group["seen"].min()
    row["last_seen"] = group["seen"].max()
    return row


def _words_with_counts(words: pd.Series[Any], most: int = 5) -> str | None:
    """The most frequent words with their counts, such as `a: 3, b: 1`; None without any."""
    counts = words.value_counts()
    parts = [f"{word}: {count}" for word, count in counts.head(most).items()]
    text = ", ".join(parts)
    if len(counts) > most:
        return f"{text} and {len(counts) - most} more"
    return text or None


def _phases(failed: pd.DataFrame, logs: pd.DataFrame | None) -> pd.Series[Any]:
    """The phase in which each run failed, by the last of its events that names one."""
    named: dict[tuple[str, str], str] = {}
    if logs is not None:
        events = mend(logs, LOGS)
        events = events[events["metadata"].str.contains("failure_phase", regex=False, na=False)]
        events = events.sort_values("created_at", kind="stable")
        columns = (events[name] for name in ("deployment_id", "run_id", "metadata"))
        for deployment, run, text in zip(*columns, strict=True):
            if phase := _phase(text):
                named[deployment, run] = phase
    keys = zip(failed["deployment_id"], failed["id"], strict=True)
    return pd.Series([named.get(key) for key in keys], index=failed.index, dtype="str")


def _phase(text: str) -> str | None:
    """The phase that the metadata of an event names, if any."""
    metadata = read(text)
    phase = metadata.get("failure_phase") if isinstance(metadata, dict) else None
    return phase if isinstance(phase, str) else None
