"""Groups failed runs by what is the same about their failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.analysis.fingerprints import exit_meaning, fingerprint
from agentrun_nb.analysis.groups import By, as_list, group_values
from agentrun_nb.analysis.outcomes import (
    count_repeated,
    key_digests,
    outcomes,
    repeated_count_notes,
)
from agentrun_nb.analysis.tallies import GROUP, N, Tallies, combine, in_order, numbered
from agentrun_nb.core.arguments import read_flag
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import FAILURES, LOGS, STATUSES
from agentrun_nb.documents.reading import read
from agentrun_nb.files.many_runs import (
    ManyRuns,
    check_known_columns,
    count_parts,
    opened,
    whole_table,
)
from agentrun_nb.tables.frames import check_columns
from agentrun_nb.tables.labels import LABELLED, Names, read_names, with_labels
from agentrun_nb.tables.mending import mend
from agentrun_nb.tables.report import without_attrs
from agentrun_nb.tables.shown import ShownFrame

_DTYPES = {
    "n": "Int64", "share": "Float64", "fingerprint": TEXT, "status": TEXT,
    "exit_code": "Int64", "meaning": TEXT, "phase": TEXT, "versions": TEXT,
    "first_seen": "datetime64[us, UTC]", "last_seen": "datetime64[us, UTC]",
    "example": TEXT, "deployment_id": TEXT, "run_id": TEXT,
}  # fmt: skip
_SAME_IN_GROUP = ("status", "exit_code", "fingerprint")
_OWN = {name: f"agentrun_nb {name}" for name in _SAME_IN_GROUP}
"""What these are called beside the columns of `by`, which may bear their names."""
_SAME_WITH_BY = {"deployment_id", "status", "exit_code"}
"""Columns of the result in which all runs of a group are the same once they are grouped by them."""
_NEEDED = (
    "id", "deployment_id", "version_id", "version_number", "status", "exit_code", "failure_reason",
    "created_at", "completed_at", "fetch_error",
)  # fmt: skip
"""The columns that are read."""
_OF_THE_LAST = {"example": "failure_reason", "deployment_id": "deployment_id", "run_id": "id"}
"""Columns of the result, and the columns of a group's last run that they are taken from."""


def failures(
    runs: ManyRuns,
    logs: pd.DataFrame | None = None,
    by: By = None,
    *,
    each: bool = False,
    names: Names = None,
) -> pd.DataFrame | pd.Series[Any]:
    """Groups failed and timed-out runs by what is the same about them.

    Args:
        runs: anything that `runs_frame` takes, and as for `summarize` what does not fit in memory.
        logs: events of `client.get_logs`; where one names the phase that failed
            (`metadata.failure_phase`), the result says it.
        by: a column, a Series under the index of the runs, or several of these: the failures of
            each value apart.
        each: give the group of every run instead.
        names: labels for the ids of deployments and versions, as from `client.names()`; an id
            without a label stays, and a label that several share is followed by the id.

    Returns:
        One row per status, exit code and fingerprint of the reason, the most frequent first, with a
        fresh index:

        - the columns of `by`; where one is among the following it stands once, in front;
        - n, and share: of the failures, with `by` of those of that value;
        - fingerprint, status, exit_code, meaning (of the exit code);
        - phase: with counts; NA where no log tells;
        - versions: labels with `names`, else numbers where the frame has `version_number`, else
          ids;
        - first_seen, last_seen: by completed_at, or created_at where that is missing;
        - example, deployment_id, run_id: the reason of the last such run, and the run.

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
    read_names(names)
    each = read_flag("each", each)
    parts = as_list(by)
    columns = [part for part in parts if isinstance(part, str)]
    runs = opened(runs)
    check_known_columns(runs, columns)
    needed = [*_NEEDED, *columns]
    if each:
        return _fingerprint_of_each(whole_table(runs, needed), by)
    question = _Question(tuple(parts), _named_phases(logs))
    if len(columns) < len(parts):
        # A Series belongs to the index of one table.
        found = _Found.of(whole_table(runs, needed), question)
    else:
        found = count_parts(runs, needed, lambda part: _Found.of(part, question), _combined)
    check_columns(pd.DataFrame(columns=[*found.failed.columns]), columns)
    rows = _rows_of_groups(found, names)
    repeated = count_repeated(found.keys)
    others = dict(found.left_out.most_common())
    others |= dict.fromkeys(repeated_count_notes(repeated), repeated)
    rows += [{"fingerprint": sentence, "n": count} for sentence, count in others.items()]
    values = found.failed.groups[[*found.by]]
    by_dtypes = {name: dtype for name, dtype in values.dtypes.items() if str(dtype) in _HOLDS_NA}
    further = {name: dtype for name, dtype in _DTYPES.items() if name not in values}
    table = pd.DataFrame(rows, columns=[*values, *further])
    dtypes = further | by_dtypes
    # Where no moment of a column is known, pandas has made local times of it.
    moments = [name for name, dtype in dtypes.items() if str(dtype) == _MOMENTS]
    table = table.astype(dict.fromkeys(moments, "object"))
    return ShownFrame(table.astype(dtypes))


_MOMENTS = "datetime64[us, UTC]"
_HOLDS_NA = (str(TEXT), "Int64", "Float64", "boolean", "category", _MOMENTS)
"""Dtypes that hold NA. A column of `by` keeps such a dtype in a row that has no value of it."""


def _fingerprint_of_each(runs: pd.DataFrame, by: By) -> pd.Series[Any]:
    """The fingerprint of each run that failed, NA for the others."""
    group_values(runs, by, _DTYPES.keys() - _SAME_WITH_BY)
    has_failed = outcomes(runs).isin(FAILURES).to_numpy()
    texts = np.full(len(runs), None, dtype="object")
    texts[has_failed] = _fingerprints(runs["failure_reason"][has_failed])
    return pd.Series(texts, runs.index, TEXT, name="fingerprint")


@dataclass(frozen=True)
class _Question:
    """By what failed runs are grouped, and which phase each failed in.

    Attributes:
        by: the columns and Series.
        phases: the phase by the key of a run, where a log tells it.
    """

    by: tuple[Any, ...]
    phases: dict[tuple[str, str], str]


@dataclass(frozen=True)
class _Found:
    """What is counted of some runs, and can be added to what is counted of others.

    Attributes:
        failed: the failed runs by group.
        by: the columns of its groups that the caller asked for.
        left_out: how many runs have no documented status, by the reason.
        keys: the digests of the keys of all runs.
        ids: the ids of all deployments and versions, by the column.
    """

    failed: Tallies
    by: tuple[str, ...]
    left_out: Counter[str]
    keys: NDArray[np.uint64]
    ids: dict[str, pd.Series[Any]]

    @classmethod
    def of(cls, runs: pd.DataFrame, question: _Question) -> _Found:
        """Counts the failed runs of a RUNS table."""
        by = [part for part in question.by if not isinstance(part, str) or part in runs]
        values = group_values(runs, by, _DTYPES.keys() - _SAME_WITH_BY)
        names = [*values] if len(by) == len(question.by) else [*dict.fromkeys(question.by)]
        run_outcomes = outcomes(runs)
        has_failed = run_outcomes.isin(FAILURES).to_numpy()
        failed = runs[has_failed].assign(status=run_outcomes[has_failed])
        failed = failed.assign(fingerprint=_fingerprints(failed["failure_reason"]))
        # The index goes: it may bear the name of a column.
        tallies = _tally(
            failed.reset_index(drop=True),
            values[has_failed].reset_index(drop=True),
            question.phases,
        )
        keys = (*names, *_OWN.values())
        columns = tuple(runs.columns)
        _, digests = key_digests(runs)
        return cls(
            replace(tallies, keys=keys, columns=columns),
            tuple(names),
            # In the order in which they first stand, as they do where parts are added up.
            Counter(run_outcomes[~run_outcomes.isin(STATUSES)]),
            digests,
            {name: runs[name].drop_duplicates() for name in LABELLED},
        )


def _combined(parts: Sequence[_Found]) -> _Found:
    """Adds up what was counted of several tables."""
    failed = combine([part.failed for part in parts])
    left_out: Counter[str] = Counter()
    for part in parts:
        left_out += part.left_out
    keys = np.concatenate([part.keys for part in parts])
    ids = {}
    for name in LABELLED:
        every = pd.concat([part.ids[name] for part in parts])
        ids[name] = every.drop_duplicates()
    return _Found(failed, parts[0].by, left_out, keys, ids)


def _tally(
    failed: pd.DataFrame, values: pd.DataFrame, phases: dict[tuple[str, str], str]
) -> Tallies:
    """Counts failed runs by group.

    Args:
        failed: the runs with their outcomes as `status`, and `fingerprint`.
        values: by what they are grouped besides, a row for each of them.
        phases: the phase in which runs failed, by their keys.
    """
    own = failed[[*_SAME_IN_GROUP]].rename(columns=_OWN)
    every = values.join(own)
    numbers, firsts = numbered(every)
    keys = zip(failed["deployment_id"], failed["id"], strict=True)
    of_run = [*_OF_THE_LAST.values()]
    versions = [name for name in ("version_id", "version_number") if name in failed]
    rows = failed[[*of_run, *versions]].assign(
        seen=failed["completed_at"].fillna(failed["created_at"]),
        phase=pd.Series([phases.get(key) for key in keys], failed.index, TEXT),
        **{GROUP: numbers},
    )
    # Runs without a time come first, as if they had been seen before all others.
    rows = rows.sort_values("seen", kind="stable", na_position="first")
    by_group = rows.groupby(GROUP)
    lasts = rows.drop_duplicates(GROUP, keep="last").set_index(GROUP)[["seen", *of_run]]
    lasts = lasts.assign(first_seen=by_group["seen"].min(), **{N: by_group.size()})
    measures = {
        "lasts": [lasts.reset_index()],
        "versions": [_count_words(rows, versions)],
        "phases": [_count_words(rows, ["phase"])],
    }
    return Tallies(every.iloc[firsts].reset_index(drop=True), (), {}, measures)


def _count_words(rows: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """How often each word stands in each group, with the time of the first run that has it."""
    columns = [GROUP, *names]
    words = rows.drop_duplicates(columns)[[*columns, "seen"]]
    sizes = rows.groupby(columns, sort=False, dropna=False, observed=True).size()
    return words.assign(**{N: sizes.to_numpy("int64")})


def _rows_of_groups(found: _Found, names: Names) -> list[dict[str, Any]]:
    """The rows of the result for groups of failed runs, the largest group first."""
    groups = _labelled(found.failed.groups, found, names, [*found.by])
    numbers = in_order(groups[[*found.failed.keys]])
    _, firsts = np.unique(numbers, return_index=True)
    groups = groups.iloc[firsts].reset_index(drop=True)
    failed = found.failed.with_groups(groups, numbers)
    lasts = failed.measure("lasts").sort_values("seen", kind="stable", na_position="first")
    by_group = lasts.groupby(GROUP)
    n = by_group[N].sum()
    first_seen = by_group["first_seen"].min()
    last = lasts.drop_duplicates(GROUP, keep="last").set_index(GROUP)
    total = n.groupby(in_order(groups[[*found.by]])).transform("sum")
    versions = failed.measure("versions")
    versions = versions.assign(word=_versions(versions, found, names))
    version_words = _words_with_counts(versions)
    phase_words = _words_with_counts(failed.measure("phases").rename(columns={"phase": "word"}))
    rows = []
    for number in groups.index:
        group = groups.loc[number]
        row = {name: group[_OWN[name]] for name in _SAME_IN_GROUP}
        row |= {column: last.at[number, name] for column, name in _OF_THE_LAST.items()}
        row["n"] = n[number]
        row["share"] = n[number] / total[number]
        row["meaning"] = exit_meaning(row["exit_code"])
        row["phase"] = phase_words.get(number)
        row["versions"] = version_words.get(number)
        row["first_seen"] = first_seen[number]
        row["last_seen"] = last.at[number, "seen"]
        rows.append(row | {name: group[name] for name in found.by})
    rows.sort(key=lambda row: -row["n"])
    return rows


def _labelled(table: pd.DataFrame, found: _Found, names: Names, columns: list[str]) -> pd.DataFrame:
    """Puts labels where ids stand; labels that ids of other runs share are seen too."""
    changed = {}
    for column in set(columns).intersection(found.ids):
        every = pd.concat([table[[column]], without_attrs(found.ids[column].to_frame())])
        changed[column] = with_labels(every, names, [column])[column].iloc[: len(table)]
    return table.assign(**changed)


def _versions(table: pd.DataFrame, found: _Found, names: Names) -> pd.Series[Any]:
    """What the version in each row is called."""
    if names is None and "version_number" in table:
        # Beside runs that have none, pandas makes decimals of whole numbers.
        return table["version_number"].convert_dtypes().astype(TEXT)
    return _labelled(table, found, names, ["version_id"])["version_id"].astype(TEXT)


def _words_with_counts(words: pd.DataFrame, most: int = 5) -> dict[int, str]:
    """The most frequent words of each group with their counts, such as `a: 3, b: 1`.

    Args:
        words: a row for a `word` in a `group`, with `n` and the time `seen` of its first run.
        most: how many words are named.
    """
    known = words.dropna(subset=["word"])
    known = known.sort_values("seen", kind="stable", na_position="first")
    counts = known.groupby([GROUP, "word"], sort=False, observed=True)[N].sum().reset_index()
    counts = counts.sort_values(N, ascending=False, kind="stable")
    texts = {}
    for number, group in counts.groupby(GROUP):
        pairs = zip(group["word"].head(most), group[N].head(most), strict=True)
        text = ", ".join(f"{word}: {count}" for word, count in pairs)
        further = len(group) - most
        texts[number] = f"{text} and {further} more" if further > 0 else text
    return texts


def _fingerprints(reasons: pd.Series[Any]) -> pd.Series[Any]:
    """The fingerprint of each reason; that of no text where none is recorded."""
    texts = reasons.fillna("")
    # Equal reasons are read once, however many runs ended with them.
    fingerprint_of = {text: fingerprint(text) for text in texts.unique()}
    return texts.map(fingerprint_of).astype(TEXT)


def _named_phases(logs: pd.DataFrame | None) -> dict[tuple[str, str], str]:
    """The phase in which runs failed by their keys, of each by the last event that names one."""
    named: dict[tuple[str, str], str] = {}
    if logs is not None:
        events = mend(logs, LOGS).reset_index(drop=True)
        events = events[events["metadata"].str.contains("failure_phase", regex=False, na=False)]
        events = events.sort_values("created_at", kind="stable")
        columns = (events[name] for name in ("deployment_id", "run_id", "metadata"))
        for deployment, run, text in zip(*columns, strict=True):
            if phase := _phase(text):
                named[deployment, run] = phase
    return named


def _phase(text: str) -> str | None:
    """The phase that the metadata of an event names, if any."""
    metadata = read(text)
    phase = metadata.get("failure_phase") if isinstance(metadata, dict) else None
    return phase if isinstance(phase, str) else None
