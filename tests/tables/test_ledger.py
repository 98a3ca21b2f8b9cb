"""Every record that comes is a look: remembered once, on the clock of the service, by all clients of it together."""

from __future__ import annotations

import gc
import os
import time
from datetime import UTC, datetime, timedelta
from itertools import groupby

import httpx
import msgspec
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import agentrun_nb as arn
from agentrun_nb.client import Client
from agentrun_nb.core.schema import OBSERVATIONS, RUNS, STATUSES
from agentrun_nb.core.times import AnswerTime
from agentrun_nb.records.batch import Batch, to_batch
from agentrun_nb.tables import ledger as ledger_module
from agentrun_nb.tables.frames import table_frame
from agentrun_nb.tables.ledger import Ledger
from tests.support.http import DEP, KEY, answer, mocked, run_record


def looks(*rows: tuple[str | None, str | None, str | None, int | None]) -> Batch:
    """Looks as (deployment, run, status, seconds); a record last changed a second before it was seen."""
    deployments, ids, statuses, seconds = ([*column] for column in zip(*rows, strict=True))
    seen = [None if second is None else second * 10**6 for second in seconds]
    cells = {
        "deployment_id": deployments,
        "id": ids,
        "status": statuses,
        "fetched_at": seen,
        "updated_at": [None if moment is None else moment - 10**6 for moment in seen],
    }
    return to_batch(RUNS, cells, len(rows))


def seen(ledger: Ledger) -> list[tuple[str, str, str, int]]:
    frame = ledger.frame()
    seconds = frame["seen_at"].astype("int64") // 10**6
    return list(zip(frame["deployment_id"], frame["run_id"], frame["status"], seconds, strict=True))


def test_equal_looks_widen_the_last_one_and_no_other():
    ledger = Ledger()
    for second, status in enumerate(["queued", "queued", "queued", "running", "queued"]):
        ledger.note(looks((DEP, "a", status, second)))
    expected = [("queued", 0), ("queued", 2), ("running", 3), ("queued", 4)]
    assert [(status, second) for _, _, status, second in seen(ledger)] == expected


def test_the_table_is_that_of_the_contract():
    ledger = Ledger()
    empty = ledger.frame()
    ledger.note(looks((DEP, "a", "queued", 7)))
    for frame in (empty, ledger.frame()):
        expected = table_frame(OBSERVATIONS, [])
        assert list(frame.columns) == OBSERVATIONS.names
        assert frame.dtypes.equals(expected.dtypes)
    assert ledger.frame()["updated_at"].tolist() == [pd.Timestamp(6, unit="s", tz="UTC")]


@pytest.mark.parametrize(
    "odd",
    [
        (None, "a", "queued", 1),
        (DEP, None, "queued", 1),
        (DEP, "a", None, 1),
        (DEP, "a", "queued", None),
    ],
)
def test_what_has_no_key_no_status_or_no_time_is_no_look(odd):
    ledger = Ledger()
    ledger.note(looks(odd, (DEP, "b", "a word of the service", 1)))
    assert seen(ledger) == [(DEP, "b", "a word of the service", 1)]


def test_only_the_last_changes_are_remembered():
    ledger = Ledger(most=3)
    for second in range(10):
        ledger.note(looks((DEP, f"run_{second}", "queued", second)))
        ledger.note(looks((DEP, "run_0", "queued", second)))
    assert {run_id for _, run_id, _, _ in seen(ledger)} <= {"run_0", "run_8", "run_9", "run_7"}
    assert len({(run_id, status) for _, run_id, status, _ in seen(ledger)}) == 3


def test_what_is_new_is_what_came_after_a_revision():
    ledger = Ledger()
    assert ledger.news(0).looks == []
    ledger.note(looks((DEP, "a", "queued", 1), (DEP, "b", "queued", 1)))
    first = ledger.news(0)
    assert {look.key for look in first.looks} == {(DEP, "a"), (DEP, "b")}
    assert ledger.news(first.revision).looks == []
    # A look between two that are known says nothing new, and one after them does.
    ledger.note(looks((DEP, "a", "queued", 5)))
    second = ledger.news(first.revision)
    assert [(look.key, look.seen_at // 10**6) for look in second.looks] == [
        ((DEP, "a"), 1),
        ((DEP, "a"), 5),
    ]
    ledger.note(looks((DEP, "a", "queued", 3)))
    third = ledger.news(second.revision)
    assert third.looks == []
    assert [look.key for look in ledger.news(third.revision, {(DEP, "b")}).looks] == [(DEP, "b")]


LOOKS = st.lists(
    st.tuples(
        st.just(DEP), st.sampled_from("ab"), st.sampled_from(STATUSES[:4]), st.integers(0, 30)
    ),
    max_size=30,
)


@given(LOOKS)
def test_the_looks_of_each_run_are_the_first_and_last_of_equal_ones(rows):
    """However they are batched, as long as they come in the order in which they were had."""
    in_order = sorted(rows, key=lambda row: row[3])
    ledger = Ledger()
    for start in range(0, len(in_order), 3):
        ledger.note(looks(*in_order[start : start + 3]))
    found = seen(ledger)
    for run_id in "ab":
        of_run = [(status, second) for _, other, status, second in in_order if other == run_id]
        groups = [[*group] for _, group in groupby(of_run, key=lambda look: look[0])]
        expected = [
            edge
            for group in groups
            for edge in (group[:1] if group[0][1] == group[-1][1] else [group[0], group[-1]])
        ]
        rows_of_run = [(status, second) for _, other, status, second in found if other == run_id]
        assert sorted(rows_of_run, key=lambda row: row[1]) == rows_of_run
        assert sorted(rows_of_run) == sorted(expected)


@given(LOOKS, st.randoms(use_true_random=False))
def test_looks_that_come_late_say_nothing_that_was_not_seen(rows, dice):
    """Two listings side by side bring looks in any order: each status was seen within its rows."""
    shuffled = dice.sample(rows, len(rows))
    ledger = Ledger()
    for row in shuffled:
        ledger.note(looks(row))
    assert set(seen(ledger)) <= set(rows)
    assert {row[:3] for row in seen(ledger)} == {row[:3] for row in rows}


# --- through the client ----------------------------------------------------------------------------


def service(request: httpx.Request) -> httpx.Response:
    """Three runs, of which one has not ended."""
    runs = [run_record(f"run_{n}", status="running" if n == 1 else "succeeded") for n in (3, 2, 1)]
    name = request.url.path.rpartition("/")[2]
    if name == "runs":
        return answer({"items": runs, "next_cursor": None})
    found = [run for run in runs if run["id"] == name]
    return answer(found[0]) if found else answer({"error": {"code": "run_not_found"}}, 404)


WAYS = {
    "get_run": lambda client: client.get_run(DEP, "run_1").to_frame(),
    "get_runs": lambda client: client.get_runs(DEP, ["run_1", "no_run"], progress=False),
    "list_runs": lambda client: client.list_runs(DEP, progress=False),
    "iter_runs": lambda client: pd.concat(client.iter_runs(DEP, chunk=2, progress=False)),
    "refetch": lambda client: client.refetch([(DEP, "run_1")], progress=False),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_record_that_comes_is_a_look(way):
    with mocked(service) as client:
        assert client.observations().empty
        runs = WAYS[way](client)
        found = client.observations()
    came = runs[runs["fetch_error"].isna()]
    pairs = [
        ("run_id", "id"),
        ("status", "status"),
        ("seen_at", "fetched_at"),
        ("updated_at", "updated_at"),
    ]
    by_run = found.sort_values("run_id", ignore_index=True)
    expected = came.sort_values("id", ignore_index=True)
    for column, of_runs in pairs:
        assert by_run[column].tolist() == expected[of_runs].tolist()


@pytest.mark.posix
def test_the_clients_of_one_service_share_their_looks_and_others_do_not():
    with arn.local.serve() as here, arn.local.serve() as there:
        run = here.submit("csv-report")
        with Client(here.api_key, here.base_url) as other:
            other.get_run(run.deployment_id, run.id)
            assert run.id in set(other.observations()["run_id"])
        assert run.id in set(here.client.observations()["run_id"])
        assert run.id not in set(there.client.observations()["run_id"])


def reachable(root: object) -> list[object]:
    """Everything that can be reached from an object by references, but for classes and modules."""
    found, waiting = {}, [root]
    while waiting:
        thing = waiting.pop()
        if id(thing) not in found and not isinstance(thing, type) and not callable(thing):
            found[id(thing)] = thing
            # A Struct that the garbage collector does not follow says itself what it holds.
            is_struct = isinstance(thing, msgspec.Struct)
            waiting += msgspec.structs.astuple(thing) if is_struct else gc.get_referents(thing)
    return list(found.values())


def test_there_is_no_key_in_it():
    with mocked(service) as client:
        client.list_runs(DEP, progress=False)
        things = reachable(client._wire.ledger)
        texts = [thing for thing in things if isinstance(thing, str | bytes)]
        assert "run_1" in texts
        assert not [text for text in texts if KEY in str(text)]


@pytest.mark.posix
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_looks_on_though_its_parent_was_writing():
    ledger = Ledger()
    ledger.note(looks((DEP, "a", "queued", 1)))
    with ledger._lock:
        child = os.fork()
        if not child:
            ledger.note(looks((DEP, "a", "running", 2)))
            os._exit(0 if len(seen(ledger)) == 2 else 1)
        until = time.monotonic() + 60
        while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < until:
            time.sleep(0.01)
    assert ended == (child, 0)
    assert len(seen(ledger)) == 1


def test_ledgers_are_shared_by_address():
    first = ledger_module.shared_ledger("https://one.test")
    assert ledger_module.shared_ledger("https://one.test") is first
    assert ledger_module.shared_ledger("https://two.test") is not first


def test_only_the_ledgers_that_know_a_run_are_read(monkeypatch):
    monkeypatch.setattr(ledger_module, "_ledgers", {})
    for number in range(20):
        ledger = ledger_module.shared_ledger(f"https://{number}.test")
        ledger.note(looks((DEP, f"run_{number}", "queued", 1), (DEP, "run_of_two", "queued", 1)))
    read: list[Ledger] = []
    frame_of = Ledger.frame

    def frame(ledger: Ledger, run_ids):
        read.append(ledger)
        return frame_of(ledger, run_ids)

    monkeypatch.setattr(Ledger, "frame", frame)
    found = ledger_module.looks_at(pd.Series(["run_3", "run_4", "unknown"]))
    assert sorted(found["run_id"]) == ["run_3", "run_4"]
    assert len(read) == 2
    assert not len(ledger_module.looks_at(pd.Series(["unknown"])))
    assert not len(ledger_module.looks_at(pd.Series(["run_of_two"]))), "nobody knows whose it is"
    assert len(read) == 2 + 20


# --- when a record held ----------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("change", [timedelta(hours=-1), timedelta(0), timedelta(hours=1)])
def test_a_record_is_not_said_to_hold_after_the_service_read_it(way, change):
    """Its answer takes long: what the run does meanwhile is not in the record."""
    moments: list[datetime] = []

    def slow(request: httpx.Request) -> httpx.Response:
        time.sleep(0.02)
        moments.append(datetime.now(UTC))
        updated = (moments[-1] + change).isoformat()
        body = run_record("run_1", status="running", updated_at=updated)
        time.sleep(0.05)
        name = request.url.path.rpartition("/")[2]
        return answer({"items": [body]} if name == "runs" else body)

    with mocked(slow) as client:
        before = datetime.now(UTC)
        runs = WAYS[way](client)
        after = datetime.now(UTC)
    moment = runs["fetched_at"].iloc[0]
    assert before <= moment <= after
    if change <= timedelta(0):
        assert moment <= moments[0]
    if not change:
        assert moment == moments[0]


def test_a_record_without_a_time_of_its_change_held_when_it_was_asked_for():
    cells = {"updated_at": [None, 5, 15, 99]}
    batch = to_batch(RUNS, cells, 4).with_answer_times([AnswerTime(10, 20)] * 4)
    assert batch.cells["fetched_at"].cast("int64").to_pylist() == [10, 10, 15, 20]
