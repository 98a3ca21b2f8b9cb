"""Phases say what is known of a run's life and no more: recorded, logged, observed, with what contradicts itself noted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

import agentrun_nb as arn
from agentrun_nb.core.schema import LOGS, OBSERVATIONS, PHASES, RUNS, STATUSES, TERMINAL
from agentrun_nb.core.times import AnswerTime
from agentrun_nb.errors import SchemaError, SettingsError
from agentrun_nb.local import EVENTS
from agentrun_nb.records.batch import to_batch
from agentrun_nb.tables.frames import table_frame
from agentrun_nb.tables.ledger import Ledger
from tests.support.http import DEP

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def at(seconds: float | None) -> pd.Timestamp | Any:
    return pd.NaT if seconds is None else pd.Timestamp(START + timedelta(seconds=seconds))


def micros(seconds: float | None) -> int | None:
    return None if seconds is None else round((START.timestamp() + seconds) * 1e6)


def run(status: str | None = "succeeded", **moments: float | None) -> pd.DataFrame:
    """A run whose moments are seconds after the start; created, started, completed, fetched."""
    cells: dict[str, Any] = {"id": ["run_1"], "deployment_id": [DEP], "status": [status]}
    times = {"created": 0.0} | moments
    cells |= {f"{name}_at": [micros(moment)] for name, moment in times.items()}
    return table_frame(RUNS, [to_batch(RUNS, cells, 1)])


def observations(*looks: tuple[str, float], updated: float | None = None) -> pd.DataFrame:
    count = len(looks)
    cells = {
        "deployment_id": [DEP] * count,
        "run_id": ["run_1"] * count,
        "status": [status for status, _ in looks],
        "seen_at": [micros(moment) for _, moment in looks],
        "updated_at": [micros(updated)] * count,
    }
    return table_frame(OBSERVATIONS, [to_batch(OBSERVATIONS, cells, count)])


def logs(*events: tuple[str, float]) -> pd.DataFrame:
    count = len(events)
    cells = {
        "id": [f"event_{number}" for number in range(count)],
        "deployment_id": [DEP] * count,
        "run_id": ["run_1"] * count,
        "event_type": [name for name, _ in events],
        "created_at": [micros(moment) for _, moment in events],
    }
    return table_frame(LOGS, [to_batch(LOGS, cells, count)])


def rows(table: pd.DataFrame, kind: str) -> list[tuple[Any, ...]]:
    """The phases of a kind: their name and their bounds, in seconds after the start."""
    columns = ["start", "end", "start_low", "start_high", "end_low", "end_high"]
    found = table[table["kind"] == kind]
    seconds = [(found[name] - at(0)).dt.total_seconds() for name in columns]
    plain = [[None if pd.isna(value) else value for value in column] for column in seconds]
    return list(zip(found["phase"], *plain, strict=True))


# fmt: off
RECORDED = {
    "ended": (run(started=3, completed=10), [
        ("before_start", 0, 3, 0, 0, 3, 3), ("after_start", 3, 10, 3, 3, 10, 10)]),
    "running": (run("running", started=3, fetched=8), [
        ("before_start", 0, 3, 0, 0, 3, 3), ("after_start", 3, None, 3, 3, 8, None)]),
    "running, of bytes": (run("running", started=3), [
        ("before_start", 0, 3, 0, 0, 3, 3), ("after_start", 3, None, 3, 3, 3, None)]),
    "queued": (run("queued", fetched=8), [("before_start", 0, None, 0, 0, 8, None)]),
    "never started": (run("cancelled", completed=5), [("undivided", 0, 5, 0, 0, 5, 5)]),
    "running without a start": (run("running", fetched=8), [("undivided", 0, None, 0, 0, 8, None)]),
    "a status of the service": (run("dormant", started=3, fetched=8), [
        ("before_start", 0, 3, 0, 0, 3, 3), ("after_start", 3, None, 3, 3, 8, None)]),
    "no status": (run(None, started=3, fetched=8), [
        ("before_start", 0, 3, 0, 0, 3, 3), ("after_start", 3, None, 3, 3, 3, None)]),
    "ended without an end": (run("failed", started=3, fetched=8), [
        ("before_start", 0, 3, 0, 0, 3, 3), ("after_start", 3, None, 3, 3, 3, 8)]),
    "no creation": (run(created=None, started=3, completed=9), [("after_start", 3, 9, 3, 3, 9, 9)]),
    "no times": (run(created=None), []),
    "started before it was created": (run(started=-1, completed=9), [
        ("before_start", 0, -1, 0, 0, -1, -1), ("after_start", -1, 9, -1, -1, 9, 9)]),
    "fetched before it began": (run("queued", fetched=-3), [("before_start", 0, None, 0, 0, 0, None)]),
}
# fmt: on


@pytest.mark.parametrize("case", RECORDED)
def test_what_is_recorded_is_four_timestamps_and_no_status(case):
    runs, expected = RECORDED[case]
    assert rows(arn.phases(runs), "recorded") == expected


@pytest.mark.parametrize(
    ("runs", "note"),
    [
        (run(started=-1, completed=9), "end: time_order: 2026-11-20T11:59:59Z"),
        (run(started=4, completed=3), "end: time_order: 2026-11-20T12:00:03Z"),
        (run("failed", started=4, fetched=9), "end: missing"),
    ],
)
def test_what_contradicts_itself_is_noted_and_stays(runs, note):
    assert note in arn.phases(runs)["parse_notes"].dropna().tolist()


def test_zero_times_are_no_times():
    runs = run("running", fetched=8).assign(
        started_at=pd.Timestamp("0001-01-01", tz="UTC").as_unit("us"),
        completed_at=pd.Timestamp(0, unit="us", tz="UTC"),
    )
    assert rows(arn.phases(runs), "recorded") == [("undivided", 0, None, 0, 0, 8, None)]


def test_logged_phases_begin_with_their_events_and_end_with_the_next():
    log = logs(
        ("run_queued", 0), ("output", 1), ("run_running", 4), ("output", 5), ("run_failed", 9)
    )
    found = arn.phases(run("failed", started=3, completed=9), log, events=EVENTS)
    expected = [("queued", 0, 4, 0, 0, 4, 4), ("running", 4, 9, 4, 4, 9, 9)]
    assert rows(found, "logged") == expected


def test_a_log_of_a_run_that_goes_on_ends_open():
    log = logs(("run_queued", 0), ("run_running", 4), ("output", 7))
    found = arn.phases(run("running", started=3, fetched=8), log, events=EVENTS)
    assert rows(found, "logged")[-1] == ("running", 4, None, 4, 4, 4, None)


def test_a_log_that_lost_its_end_ends_with_the_run():
    found = arn.phases(run(started=3, completed=9), logs(("run_running", 4)), events=EVENTS)
    assert rows(found, "logged") == [("running", 4, None, 4, 4, 4, 9)]


def test_no_phase_ends_before_it_was_seen_to_go_on():
    """A log whose last event came after the run's own end says nothing of when that phase ended."""
    found = arn.phases(run(started=1, completed=3), logs(("run_running", 5)), events=EVENTS)
    logged = found[found["kind"] == "logged"]
    assert logged["end_high"].isna().all()
    assert "end_low: time_order" in logged["parse_notes"].iloc[0]


def test_without_a_table_only_documented_events_count():
    log = logs(("run_queued", 0), ("run_running", 4), ("runtime_failed", 8), ("run_failed", 9))
    assert rows(arn.phases(run("failed"), log), "logged") == []
    assert rows(arn.phases(run("failed"), log, events={"run_running": "at work"}), "logged") == [
        ("at work", 4, None, 4, 4, 4, None)
    ]


def test_observed_phases_lie_between_looks():
    looks = observations(("queued", 1), ("queued", 2), ("running", 4), ("running", 6))
    found = arn.phases(run("succeeded", started=3, completed=7, fetched=9), observations=looks)
    assert rows(found, "observed") == [
        ("queued", None, None, 0, 1, 2, 4),
        ("running", None, None, 2, 4, 6, 9),
    ]


def test_a_look_at_a_run_that_goes_on_ends_open():
    found = arn.phases(run("running", fetched=6), observations=observations(("queued", 1)))
    assert rows(found, "observed") == [
        ("queued", None, None, 0, 1, 1, 6),
        ("running", None, None, 1, 6, 6, None),
    ]


# fmt: off
CONTRADICTIONS = {
    "seen before it was created": (
        run("running", fetched=9), observations(("queued", -2)), "start_high: time_order: 2026-11-20T11:59:58Z"),
    "seen to go on after it ended": (
        run(completed=5, fetched=9), observations(("running", 7)), "end_low: time_order: 2026-11-20T12:00:07Z"),
    "seen to go on after it was seen to have ended": (
        run("running", fetched=9), observations(("failed", 3)), "phase: time_order: 2026-11-20T12:00:09Z"),
    "changed before it was seen not to have": (
        run("running", fetched=9, updated=2), observations(("queued", 5), updated=0), "start_low: time_order: 2026-11-20T12:00:02Z"),
}
# fmt: on


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_looks_that_contradict_the_record_are_noted(case):
    runs, looks, note = CONTRADICTIONS[case]
    assert note in "; ".join(arn.phases(runs, observations=looks)["parse_notes"].dropna())


def test_a_change_before_the_last_look_opens_the_interval_to_the_record_before():
    looks = observations(("queued", 5), updated=1)
    found = arn.phases(run("running", fetched=9, updated=2), observations=looks)
    assert rows(found, "observed")[1][3:5] == (1, 9)


def test_the_table_is_that_of_the_contract_also_where_nothing_is_in_it():
    for runs in (run(), run().head(0), [], run().assign(fetch_error="not_found: gone")):
        found = arn.phases(runs, logs(), observations(), EVENTS)
        assert list(found.columns) == PHASES.names
        expected = table_frame(PHASES, [])
        assert [str(kind) for kind in found.dtypes] == [str(kind) for kind in expected.dtypes]
        assert found["kind"].cat.categories.tolist() == ["recorded", "logged", "observed"]
        assert found.index.tolist() == [*range(len(found))]


def test_only_the_runs_that_were_given_and_each_once():
    runs = pd.concat([run("queued", fetched=1), run("running", started=3, fetched=6)])
    other = observations(("queued", 2)).assign(run_id="run_2")
    found = arn.phases(runs, logs().assign(run_id="run_2"), other)
    assert set(found["run_id"]) == {"run_1"}
    assert rows(found, "recorded")[0] == ("before_start", 0, 3, 0, 0, 3, 3)
    assert [row[0] for row in rows(found, "observed")] == ["queued", "running"]


def test_rows_without_an_id_have_what_is_recorded():
    runs = pd.concat([run(started=1, completed=2)] * 2, ignore_index=True).assign(id=pd.NA)
    assert len(arn.phases(runs, observations=observations(("queued", 1)))) == 4


@pytest.mark.parametrize("events", ["run_running", ["run_running"], {"a": 1}, {1: "a"}, 3])
def test_events_are_a_mapping_of_texts(events):
    for given in (logs(), None):
        with pytest.raises(SettingsError, match="events="):
            arn.phases(run(), given, events=events)


def test_another_table_in_place_of_logs_or_looks_is_refused():
    with pytest.raises(SchemaError):
        arn.phases(run(), run())
    with pytest.raises(SchemaError):
        arn.phases(run(), observations=3)


# --- a model ---------------------------------------------------------------------------------------

NEXT = {
    "queued": ["starting", "cancelled", "failed"],
    "starting": ["installing", "failed"],
    "installing": ["running", "failed"],
    "running": [*sorted(TERMINAL)],
}


def parts(most: int) -> st.SearchStrategy[float]:
    """Seconds in parts of 1/64, so that sums of them are exact, also in microseconds."""
    return st.integers(1, 64 * most).map(lambda count: count / 64)


class Life(RuleBasedStateMachine):
    """A run that lives, is looked at through answers that take their time, and writes a log.

    Its statuses are those of the contract in their order, without a way back: of a status that was
    left and taken again unseen nobody knows. The clock of the looks may be wrong. What the phases say is compared with the
    whole truth at the end.
    """

    @initialize(skew=st.sampled_from([0.0, 0.0, 0.0, -1.5, 1.5]))
    def create(self, skew: float) -> None:
        self.now = 0.0
        self.truth = [("queued", 0.0)]
        self.log: list[tuple[str, float]] = [("run_queued", 0.0)]
        self.ledger = Ledger()
        self.skew = skew
        self.looked: list[str] = []

    # One rule: of several, hypothesis leaves out some in most lives.
    @rule(
        idle=parts(20),
        choice=st.none() | st.integers(0, 9),
        is_looked_at=st.booleans(),
        before=parts(3),
        after=parts(3),
    )
    def go_on(
        self, idle: float, choice: int | None, is_looked_at: bool, before: float, after: float
    ) -> None:
        """The run changes its status or does not, and is looked at or is not."""
        self.now += idle if choice is None else min(idle, 1.0)
        status = self.truth[-1][0]
        if choice is not None and status in NEXT:
            following = NEXT[status][choice % len(NEXT[status])]
            self.truth.append((following, self.now))
            self.log.append((f"run_{following}", self.now))
            self.now += 1 / 64
        if is_looked_at:
            self.look(before, after)

    def look(self, before: float, after: float) -> None:
        """The service reads the record now; the run may go on while the answer is on its way."""
        status, changed = self.truth[-1]
        cells = {
            "id": ["run_1"],
            "deployment_id": [DEP],
            "status": [status],
            "updated_at": [micros(changed)],
        }
        sent, received = self.now - before + self.skew, self.now + after + self.skew
        answer = AnswerTime(micros(sent), micros(received))
        self.ledger.note(to_batch(RUNS, cells, 1).with_answer_times([answer]))
        self.looked.append(status)

    def record(self) -> pd.DataFrame:
        status, changed = self.truth[-1]
        running = [moment for name, moment in self.truth if name == "running"]
        return run(
            status,
            started=running[0] if running else None,
            completed=changed if status in TERMINAL else None,
            updated=changed,
        )

    def teardown(self) -> None:
        """Compares once a life; shorter lives are compared in their own turn."""
        table = arn.phases(self.record(), logs(*self.log), self.ledger.frame(), EVENTS)
        stretches = [
            (status, begin, self.truth[place + 1][1] if place + 1 < len(self.truth) else None)
            for place, (status, begin) in enumerate(self.truth)
            if status not in TERMINAL
        ]
        logged = [(phase, start, end) for phase, start, end, *_ in rows(table, "logged")]
        assert logged == stretches
        seen = rows(table, "observed")
        if not self.skew:
            statuses = [row[0] for row in seen]
            assert statuses == changes_of(self.looked)
            assert table["parse_notes"].isna().all()
        for status, _, _, *bounds in seen:
            assert any(
                status == name and self.holds(begin, end, *bounds) for name, begin, end in stretches
            ), (status, bounds, stretches)

    def holds(
        self,
        begin: float,
        end: float | None,
        start_low: float | None,
        start_high: float,
        end_low: float | None,
        end_high: float | None,
    ) -> bool:
        """Whether the bounds of a phase hold for when it truly began and ended."""
        slack = 2 * abs(self.skew) + 1e-6
        began = (start_low is None or start_low - slack <= begin) and begin <= start_high + slack
        if end is None:
            return began and end_high is None
        late_enough = end_low is None or end_low - slack <= end
        return began and late_enough and (end_high is None or end <= end_high + slack)


def changes_of(statuses: list[str]) -> list[str]:
    """The statuses one after another, without final ones and repeated ones."""
    found = [
        status
        for place, status in enumerate(statuses)
        if place == 0 or statuses[place - 1] != status
    ]
    return [status for status in found if status not in TERMINAL]


TestLife = Life.TestCase
TestLife.settings = settings(stateful_step_count=20)


def test_every_status_can_be_lived():
    """The control of the model: its statuses are those of the contract."""
    assert {*NEXT, *TERMINAL} == set(STATUSES)
