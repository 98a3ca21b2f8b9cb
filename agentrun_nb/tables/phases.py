"""Finds the phases of runs: recorded by timestamps, logged by events, observed by looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from agentrun_nb.core.schema import LOGS, OBSERVATIONS, PHASES, TERMINAL, WAITING, Table
from agentrun_nb.core.text import kind_of
from agentrun_nb.core.times import iso
from agentrun_nb.errors import SchemaError, SettingsError
from agentrun_nb.tables.frames import Runs, newest, runs_frame
from agentrun_nb.tables.mending import mend
from agentrun_nb.tables.moments import ZERO_TIMES, milliseconds, times_of

EVENTS = {"run_failed": "failed"}
"""The phase that each event of a log begins, of those that the API documents."""

KEY = ["deployment_id", "run_id"]
_ZEROS = times_of(ZERO_TIMES)


def phases(
    runs: Runs,
    logs: pd.DataFrame | None = None,
    observations: pd.DataFrame | None = None,
    events: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Finds the phases of runs, with what is known of when each began and ended.

    Args:
        runs: anything that `runs_frame` takes. Of several rows with one key the latest counts.
        logs: events of `client.get_logs`.
        observations: looks of `client.observations()`; the rows of `runs` are looks too then.
        events: the phase that each event type begins, such as `arn.local.EVENTS`; a final status
            ends the phase before it. None: what the API documents, which is `run_failed` alone.
            All other events are points in time and make no phase.

    Returns:
        The PHASES table under a fresh index, of these runs alone, run after run. Its kinds are

        - recorded: `before_start` (created to started), `after_start` (started to completed), or
          `undivided` (created to completed) where no start is recorded;
        - logged: the phases of the events;
        - observed: statuses, as they were seen.

        `start` and `end` are the moments themselves, NA where they are not known. They lie between
        `start_low` and `start_high`, and `end_low` and `end_high`: of an observed phase between the
        last look that saw the status before and the first that saw the next one; a status that was
        seen twice in a row is taken to have held in between. An open end has no
        `end_high`. Final statuses are no phases. What contradicts itself is in `parse_notes` with
        the code `time_order`, and stays as it is.

    Raises:
        SchemaError: one of these is no such table.
        SettingsError: `events` is no mapping of texts to texts.

    Example:
        >>> table = arn.phases(run, client.get_logs(run), events=arn.local.EVENTS)
        >>> table[["phase", "kind"]]
                  phase      kind
        0  before_start  recorded
        1   after_start  recorded
        2        queued    logged
        3      starting    logged
        4    installing    logged
        5       running    logged
    """
    begins = _read_events(events)
    table = runs_frame(runs)
    table = table[table["fetch_error"].isna()]
    once = newest(table).reset_index(drop=True)
    once = once.rename(columns={"id": "run_id"})
    parts = [_recorded(once)]
    if logs is not None:
        parts.append(_logged(once, read_table(logs, LOGS, "event_type"), begins))
    if observations is not None:
        looks = [read_table(observations, OBSERVATIONS, "seen_at"), _looks_of(table)]
        parts.append(_observed(once, looks))
    found = pd.concat(parts, ignore_index=True)
    found = found.sort_values("place", kind="stable")
    found = found.assign(**{name: once[name].iloc[found["place"]].to_numpy() for name in KEY})
    return mend(found[PHASES.names].reset_index(drop=True), PHASES)


def read_table(frame: Any, table: Table, column: str) -> pd.DataFrame:
    """Reads a frame as a table, under a fresh index.

    Args:
        frame: what was given.
        table: the table that it has to be.
        column: one of its columns that no other table has.

    Raises:
        SchemaError: it is no such table.
    """
    if isinstance(frame, pd.DataFrame) and column not in {*frame.columns, *frame.index.names}:
        name = table.name.lower()
        given_by = "arn.phases gives" if table is PHASES else "the client gives"
        hint = f"Give the {name} as {given_by} them."
        raise SchemaError(f"This frame has no column {column!r}, so it holds no {name}.", hint=hint)
    # An index with the name of a column would leave open by which of them rows are put in order.
    return mend(frame, table).reset_index(drop=True)


def _read_events(events: Any) -> Mapping[str, str]:
    """Checks which phase each event begins.

    Raises:
        SettingsError: it is no mapping of texts to texts.
    """
    if events is None:
        return EVENTS
    texts = isinstance(events, Mapping) and all(
        isinstance(name, str) and isinstance(phase, str) for name, phase in events.items()
    )
    if not texts:
        raise SettingsError(
            f"events= takes a mapping of event types to phases, and not {kind_of(events)}.",
            hint='Give one such as arn.local.EVENTS or {"run_running": "running"}.',
        )
    return dict(events)


# --- recorded -------------------------------------------------------------------------------------


def _recorded(runs: pd.DataFrame) -> pd.DataFrame:
    """The phases that the timestamps of the records bound."""
    created, started, completed = (
        _without_zero(runs[name]) for name in ("created_at", "started_at", "completed_at")
    )
    waits = runs["status"].isin(WAITING)
    has_start = started.notna()
    before = created.notna() & (has_start | waits)
    undivided = created.notna() & ~has_start & ~waits
    found = pd.concat(
        [
            _stretch(runs, "before_start", before, created, started),
            _stretch(runs, "undivided", undivided, created, completed),
            _stretch(runs, "after_start", has_start, started, completed),
        ]
    )
    return found.assign(kind="recorded").sort_values("place", kind="stable")


def _without_zero(moments: pd.Series[Any]) -> pd.Series[Any]:
    """Leaves out zero times, which programs write for a time that has not come."""
    return moments.mask(moments.isin(_ZEROS))


def _stretch(
    runs: pd.DataFrame,
    phase: str,
    chosen: pd.Series[Any],
    starts: pd.Series[Any],
    ends: pd.Series[Any],
) -> pd.DataFrame:
    """One phase of the chosen runs, between two timestamps of each.

    Args:
        runs: the runs.
        phase: what it is called.
        chosen: the runs that have it.
        starts: when it began.
        ends: when it ended; NA where that is not recorded.
    """
    start, end = starts[chosen], ends[chosen]
    status, seen = runs.loc[chosen, "status"], runs.loc[chosen, "fetched_at"]
    has_ended = status.isin(TERMINAL)
    goes_on = status.notna() & ~has_ended
    # One that goes on had not ended when its record was fetched. One that has ended without saying
    # when had done so by then.
    at_least = start.where(~goes_on | ~(seen > start), seen)
    at_most = seen.where(has_ended)
    end_low, end_high = end.fillna(at_least), end.fillna(at_most)
    table = pd.DataFrame({"place": start.index, "phase": phase}, index=start.index)
    table = table.assign(start=start, start_low=start, start_high=start)
    table = table.assign(end=end, end_low=end_low, end_high=end_high, parse_notes=None)
    _note(table, end < start, "end", end)
    return _note(table, end.isna() & has_ended, "end", None)


# --- logged ---------------------------------------------------------------------------------------


def _logged(runs: pd.DataFrame, logs: pd.DataFrame, events: Mapping[str, str]) -> pd.DataFrame:
    """The phases that events of the log begin; each ends where the next one begins."""
    phase = logs["event_type"].astype("object").map(events)
    steps = logs[["created_at"]].assign(place=_places(runs, logs), phase=phase)
    steps = steps.dropna(subset=["place", "phase"])
    steps = steps.sort_values(["place", "created_at"], kind="stable", na_position="last")
    steps = steps[_begins(steps)].reset_index(drop=True)
    start = steps["created_at"]
    end = start.groupby(steps["place"]).shift(-1)
    table = steps[["phase"]].assign(place=steps["place"].astype("int64"), kind="logged")
    table = table.assign(start_low=start, start_high=start)
    # Where no event ends a phase, it had not ended before it began.
    table = table.assign(end_low=end.fillna(start), end_high=end, parse_notes=None)
    return _finished(runs, table, start)


# --- observed -------------------------------------------------------------------------------------


def _looks_of(runs: pd.DataFrame) -> pd.DataFrame:
    """The looks that the rows of a RUNS table are."""
    names = {"id": "run_id", "fetched_at": "seen_at"}
    looks = runs.rename(columns=names)[OBSERVATIONS.names]
    return looks.dropna(subset=["seen_at"])


def _observed(runs: pd.DataFrame, tables: list[pd.DataFrame]) -> pd.DataFrame:
    """The statuses that were seen one after another, and between which looks each changed.

    Args:
        runs: the runs.
        tables: looks at them.
    """
    looks = pd.concat([table[OBSERVATIONS.names].astype({"status": "object"}) for table in tables])
    looks = looks.assign(place=_places(runs, looks), phase=looks["status"])
    looks = looks.dropna(subset=["place", "phase", "seen_at"])
    # Records of one run have the order of their last changes, also where looks at them have not, as
    # with a wrong clock. Where a record does not say it, the looks have to do.
    has_order = looks["updated_at"].notna().groupby(looks["place"]).transform("all")
    looks = looks.assign(version=looks["updated_at"].where(has_order))
    order = ["place", "version", "seen_at"]
    looks = looks.sort_values(order, kind="stable", ignore_index=True)
    groups = looks.groupby(_begins(looks).cumsum().to_numpy())
    firsts, lasts = groups.head(1).reset_index(drop=True), groups.tail(1).reset_index(drop=True)
    place = firsts["place"].astype("int64")
    before, after = firsts.groupby(place), lasts.groupby(place)
    last_before = after["seen_at"].shift(1)
    # A record that changed before the last look at another status contradicts that look: the change
    # came after the one that the earlier record speaks of.
    is_odd = firsts["updated_at"] < last_before
    earliest = last_before.where(~is_odd, after["updated_at"].shift(1))
    created = runs["created_at"].iloc[place].set_axis(place.index)
    is_first = ~place.duplicated()
    start_low = earliest.where(~is_first, created.where(created <= firsts["seen_at"]))
    end_low = start_low.groupby(place).shift(-1)
    is_last = ~place.duplicated(keep="last")
    table = firsts[["phase"]].assign(place=place, kind="observed", parse_notes=None)
    table = table.assign(start_low=start_low, start_high=firsts["seen_at"])
    end_low = end_low.where(~is_last, lasts["seen_at"])
    table = table.assign(end_low=end_low, end_high=before["seen_at"].shift(-1))
    _note(table, is_odd, "start_low", firsts["updated_at"])
    return _finished(runs, table, lasts["seen_at"])


# --- what both have -------------------------------------------------------------------------------


def _places(runs: pd.DataFrame, table: pd.DataFrame) -> Any:
    """The row of the run that each row of another table is about; NA where it is not among them."""
    # A run without an id is nobody's.
    known = runs[KEY].dropna()
    keys = pd.MultiIndex.from_frame(known.astype("object"))
    found = keys.get_indexer(pd.MultiIndex.from_frame(table[KEY].astype("object")))
    # The last place, at which none is found, has -1.
    places = np.append(known.index.to_numpy("int64"), -1)[found]
    return pd.Series(places, index=table.index, dtype="Int64").mask(places < 0)


def _begins(steps: pd.DataFrame) -> pd.Series[Any]:
    """Whether each row is of another run or another phase than the row before."""
    changed = steps[["place", "phase"]].ne(steps[["place", "phase"]].shift())
    return changed.any(axis=1)


def _finished(runs: pd.DataFrame, table: pd.DataFrame, known: pd.Series[Any]) -> pd.DataFrame:
    """Closes open phases at the run's end, notes contradictions, and leaves out final statuses.

    Args:
        runs: the runs.
        table: their phases, run after run, each in the order of time.
        known: the last moment at which each phase is known to have gone on.
    """
    place = table["place"]
    created = runs["created_at"].iloc[place].set_axis(table.index)
    completed = _without_zero(runs["completed_at"]).iloc[place].set_axis(table.index)
    is_final = table["phase"].isin(TERMINAL)
    finals_before = is_final.groupby(place).cumsum() - is_final
    is_after_final = (finals_before > 0) & ~is_final
    _note(table, table["start_high"] < created, "start_high", table["start_high"])
    _note(table, (known > completed) & ~is_final, "end_low", known)
    _note(table, is_after_final, "phase", table["start_high"])
    # A run that is over does not go on in a phase of which nobody saw the end.
    is_open = table["end_high"].isna() & ~(completed < table["end_low"])
    end_high = table["end_high"].where(~is_open, completed)
    start = table["start_low"].where(table["start_low"] == table["start_high"])
    end = table["end_low"].where(table["end_low"] == end_high)
    return table.assign(start=start, end=end, end_high=end_high)[~is_final]


def _note(
    table: pd.DataFrame, rows: pd.Series[Any], column: str, moments: pd.Series[Any] | None
) -> pd.DataFrame:
    """Adds to some rows what is odd about a column.

    Args:
        table: the phases.
        rows: which of them are odd.
        column: the column that is.
        moments: the moment that is out of order; None: it is missing.
    """
    notes = table["parse_notes"].to_list()
    micros = None if moments is None else milliseconds(moments) * 1_000
    for place in np.flatnonzero(rows.to_numpy(dtype=bool, na_value=False)):
        note = f"{column}: missing"
        if micros is not None:
            note = f"{column}: time_order: {iso(round(micros[place]))}"
        before = notes[place]
        notes[place] = f"{before}; {note}" if isinstance(before, str) else note
    table["parse_notes"] = pd.Series(notes, index=table.index, dtype="object")
    return table
