"""Groups failed runs by what is the same about their failure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from agentrun_nb.analysis.fingerprints import exit_meaning, fingerprint
from agentrun_nb.analysis.groups import By, with_groups
from agentrun_nb.analysis.outcomes import left_out, outcomes, repeated_keys, repeated_note
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
_GROUP = ("status", "exit_code", "fingerprint")
_OF_THE_LAST = {
    "fingerprint": "fingerprint", "status": "status", "exit_code": "exit_code",
    "example": "failure_reason", "deployment_id": "deployment_id", "run_id": "id",
}  # fmt: skip
"""Columns of the result that are those of the last run of a group."""


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
            (`metadata.failure_phase`), it is told.
        by: a column, a Series under the index of the runs, or several of these: the failures of
            each value apart.
        each: give the group of every run instead.
        names: labels for the ids of deployments and versions, as from `client.names()`; an id
            without a label stays, and a label that several share is followed by the id.

    Returns:
        One row per status, exit code and fingerprint of the reason, the most frequent first, with a
        fresh index: the columns of `by`, n, share (of the failures, with `by` of those of that
        value), fingerprint, status, exit_code, meaning (of the exit code), phase (with counts; NA
        where no log tells), versions (labels with `names`, else numbers where the frame has
        `version_number`, else ids), first_seen and last_seen (completed_at, or created_at), and
        example, deployment_id, run_id: the reason of the last such run and the run, by its ids.
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
    runs, columns = with_groups(runs, by, _DTYPES, names)
    words = outcomes(runs)
    failed = runs[words.isin(FAILURES)]
    # Equal reasons are read once, however many runs ended with them.
    reasons = failed["failure_reason"].fillna("")
    found = reasons.map({reason: fingerprint(reason) for reason in reasons.unique()}).astype("str")
    if each:
        texts = np.full(len(runs), None, dtype="object")
        texts[words.isin(FAILURES).to_numpy()] = found
        return pd.Series(texts, runs.index, "str", name="fingerprint")
    # The index goes: it may bear the name of a column, and then pandas would not know which one
    # is meant.
    failed = (
        failed.assign(
            status=words[words.isin(FAILURES)],
            fingerprint=found,
            seen=failed["completed_at"].fillna(failed["created_at"]),
            phase=_phases(failed, logs),
            version=versions[words.isin(FAILURES)],
        )
        .reset_index(drop=True)
        .sort_values("seen", kind="stable", na_position="first")
    )
    of: Any = len(failed)
    if columns:
        of = failed.groupby(columns, dropna=False, observed=True)["id"].transform("size")
    failed = failed.assign(of=of)
    rows = []
    for _, group in failed.groupby([*columns, *_GROUP], dropna=False, observed=True):
        rows.append(group.iloc[-1][columns].to_dict() | _row(group))
    rows.sort(key=lambda row: -row["n"])
    repeated = int(repeated_keys(runs).nunique())
    others = left_out(words) | dict.fromkeys(repeated_note(repeated), repeated)
    rows += [{"fingerprint": word, "n": count} for word, count in others.items()]
    kinds = {name: runs[name].dtype for name in columns if str(runs[name].dtype) in _KEEP_NA}
    table = pd.DataFrame(rows, columns=[*columns, *_DTYPES]).astype(kinds | _DTYPES)
    return ShownFrame(table)


_KEEP_NA = ("str", "Int64", "Float64", "boolean", "category", "datetime64[us, UTC]")
"""Dtypes of columns to group by that a row without a value does not change."""


def _versions(runs: pd.DataFrame, names: Names) -> pd.Series[Any]:
    """What the version of each run is called."""
    if names is None and "version_number" in runs:
        return runs["version_number"].astype("str")
    return with_labels(runs, names, ["version_id"])["version_id"].astype("str")


def _row(group: pd.DataFrame) -> dict[str, Any]:
    """The values of one group, whose runs stand in the order of their ends."""
    last = group.iloc[-1]
    row = {column: last[source] for column, source in _OF_THE_LAST.items()}
    row["n"] = len(group)
    row["share"] = len(group) / last["of"]
    row["meaning"] = exit_meaning(last["exit_code"])
    row["phase"] = _listed(group["phase"])
    row["versions"] = _listed(group["version"])
    row["first_seen"] = group["seen"].min()
    row["last_seen"] = group["seen"].max()
    return row


def _listed(words: pd.Series[Any], most: int = 5) -> str | None:
    """Words with their counts, the most frequent first: `a: 3, b: 1`."""
    counts = words.value_counts()
    parts = [f"{word}: {count}" for word, count in counts.head(most).items()]
    text = ", ".join(parts)
    if len(counts) > most:
        return f"{text} and {len(counts) - most} more"
    return text or None


def _phases(failed: pd.DataFrame, logs: pd.DataFrame | None) -> pd.Series[Any]:
    """The phase of each run that the last of its events with one names."""
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
    metadata = read(text)
    phase = metadata.get("failure_phase") if isinstance(metadata, dict) else None
    return phase if isinstance(phase, str) else None
