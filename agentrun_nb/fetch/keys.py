"""Reads which runs are meant from Runs, rows, pairs, frames, or lists of these."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

import pandas as pd

from agentrun_nb.core.dtypes import is_text
from agentrun_nb.core.text import capital, kind_of
from agentrun_nb.errors import BadIdError, SchemaError, SettingsError
from agentrun_nb.run import Run
from agentrun_nb.tables.frames import in_plain_form
from agentrun_nb.tables.mending import mend

Key: TypeAlias = tuple[str, str]
"""Identifies a run: (deployment_id, id)."""

RunsLike: TypeAlias = "Run | pd.Series[Any] | pd.DataFrame | Key | Iterable[Any]"
"""Names runs: a Run, a row, (deployment_id, run_id), a list of these, or a frame."""

HINT = "Give a Run, a row of a frame of runs, (deployment_id, run_id), a list of these or a frame."


def run_keys(runs: RunsLike) -> list[Key]:
    """Returns the key of each run, each once, in the order given.

    Raises:
        SettingsError: something in it names no run.

    Example:
        >>> run_keys([("dep-1", "run-1"), {"deployment_id": "dep-1", "id": "run-2"}])
        [('dep-1', 'run-1'), ('dep-1', 'run-2')]
    """
    return list(dict.fromkeys(_keys(in_plain_form(runs))))


def one_key(run: RunsLike) -> Key:
    """Returns the key of the one run that is named.

    Raises:
        SettingsError: it names none, or several.
    """
    keys = run_keys(run)
    if len(keys) != 1:
        raise SettingsError(
            f"One run is needed, and this names {len(keys):,}.", hint="Take one: runs.iloc[0]."
        )
    return keys[0]


def check_ids(deployment_id: Any, run_id: Any, method: str) -> Key:
    """Returns the key of the one run that a method was given the two ids of.

    Args:
        deployment_id: the deployment.
        run_id: the run; None where none was given.
        method: what the method is called.

    Raises:
        BadIdError: something else than ids was given, such as a run.
    """
    if isinstance(deployment_id, str) and isinstance(run_id, str):
        return deployment_id, run_id
    hint = f"Give {method}(deployment_id, run_id); list_runs(deployment_id) lists its runs."
    if isinstance(deployment_id, str):
        what = "" if run_id is None else f", not {kind_of(run_id)}"
        sentence = f"{method} takes the id of a run beside that of its deployment{what}."
        raise BadIdError(sentence, hint=hint)
    with suppress(SettingsError):
        named = ", ".join(map(repr, one_key(deployment_id)))
        hint = f"Give {method}({named})."
    kind = kind_of(deployment_id)
    sentence = f"{method} takes the ids of a deployment and a run, not {kind}."
    raise BadIdError(sentence, hint=hint)


def keys_given(deployment_id: Any, run_ids: Any) -> list[Key]:
    """Returns the keys that `get_runs` was given, in that order, duplicates repeated.

    Args:
        deployment_id: a deployment, or a frame with `deployment_id` and `id`.
        run_ids: the ids of its runs; None for a frame.

    Raises:
        SettingsError: it is neither, or both.

    Example:
        >>> keys_given("dep-1", ["run-1", "run-1"])
        [('dep-1', 'run-1'), ('dep-1', 'run-1')]
    """
    hint = "Give get_runs(deployment_id, run_ids), or a frame alone: get_runs(runs)."
    if isinstance(deployment_id, pd.DataFrame):
        if run_ids is not None:
            raise SettingsError("get_runs takes no ids of runs beside a frame of them.", hint=hint)
        rows = mend(deployment_id)
        columns = rows["deployment_id"].fillna(""), rows["id"].fillna("")
        return list(zip(*columns, strict=True))
    # Of bytes and of a row of runs, Python would take each number and each cell for an id.
    is_one = isinstance(run_ids, str | bytes | pd.DataFrame) or _is_row(run_ids)
    several = isinstance(run_ids, Iterable) and not is_one
    if not (several and isinstance(deployment_id, str)):
        sentence = "get_runs takes a deployment and a list of run ids, or a frame of runs."
        raise SettingsError(sentence, hint=hint)
    return [(deployment_id, _run_id(run_id)) for run_id in run_ids]


def _is_row(given: Any) -> bool:
    has_names = isinstance(given, pd.Series | Mapping)
    return has_names and "id" in given and "deployment_id" in given


def _run_id(given: Any) -> Any:
    """What stands for the id of a run; where it is none, the row of the answer says so."""
    if given is not None and pd.api.types.is_scalar(given) and pd.isna(given):
        return ""  # what pandas writes where there is no text
    # A run in place of an id cannot be looked up beside the others.
    if not isinstance(given, Hashable):
        hint = "Give the ids of its runs, or a frame alone: get_runs(runs)."
        raise SettingsError(f"{capital(kind_of(given))} is no id of a run.", hint=hint)
    return given


def has_bare_keys(runs: Any) -> bool:
    """Whether some of the runs are given by their keys alone, as (deployment_id, run_id)."""
    sequence = isinstance(runs, tuple | list)
    return is_pair(runs) or (sequence and any(is_pair(run) for run in runs))


def names_deployments(thing: Any) -> bool:
    """Whether it names deployments and no runs: a text, a frame or row of them, or texts.

    Two texts in a list or a tuple are a run.
    """
    if isinstance(thing, str):
        return True
    if isinstance(thing, pd.DataFrame | pd.Series):
        labels = {*thing.keys()}  # the columns of a frame, the index of a row
        if isinstance(thing, pd.DataFrame):
            labels |= {*thing.index.names}
        if "id" in labels and "active_version_id" in labels:
            return True
        is_row = "id" in labels or "run_id" in labels
        return isinstance(thing, pd.Series) and not is_row and is_text(thing)
    is_plain = isinstance(thing, list | tuple | set | frozenset) and not is_pair(thing)
    return is_plain and bool(thing) and all(isinstance(part, str) for part in thing)


def _keys(runs: Any) -> list[Key]:
    if isinstance(runs, pd.DataFrame):
        return _keys_of_frame(runs)
    if isinstance(runs, pd.Series | Mapping):
        return [_key_of_row(runs)]
    if is_pair(runs):
        return [(runs[0], runs[1])]
    if hasattr(runs, "deployment_id") and hasattr(runs, "id"):
        return [(runs.deployment_id, runs.id)]
    if isinstance(runs, str | bytes) or not isinstance(runs, Iterable):
        raise _names_none(runs)
    return [key for run in runs for key in _keys(run)]


def is_pair(runs: Any) -> bool:
    """Whether it is (deployment_id, run_id): two texts, as a tuple or a list."""
    sequence = isinstance(runs, tuple | list) and len(runs) == 2
    return sequence and all(isinstance(part, str) for part in runs)


def _key_of_row(row: pd.Series[Any] | Mapping[str, Any]) -> Key:
    # A row of logs or outputs has an id of its own beside that of its run.
    name = "run_id" if "run_id" in row else "id"
    if "deployment_id" not in row or name not in row:
        raise _names_none(row)
    return row["deployment_id"], row[name]


def _keys_of_frame(frame: pd.DataFrame) -> list[Key]:
    # Frames of logs and outputs bear their run's id as `run_id`, and need no mending for it.
    if not {"deployment_id", "run_id"} <= set(frame.columns):
        try:
            frame = mend(frame).rename(columns={"id": "run_id"})
        except SchemaError as error:
            raise SettingsError(error.message, hint=error.hint) from None
    columns = frame[["deployment_id", "run_id"]].astype("object")
    # What has no id is fetched too, and refused by name.
    columns = columns.where(columns.notna(), "")
    return list(zip(columns["deployment_id"], columns["run_id"], strict=True))


def _names_none(thing: object) -> SettingsError:
    return SettingsError(f"This {type(thing).__name__} names no run.", hint=HINT)
