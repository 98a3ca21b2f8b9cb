"""An archive reads like the client: the same frames, the same arguments, the same errors."""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb import errors
from agentrun_nb.archive import database, read
from agentrun_nb.archive.packing import pack
from agentrun_nb.client import Client
from tests.archive.book import DEP, Book, served

NOT_OFFLINE = {"check", "wait", "watch", "refetch", "save_outputs", "base_url", "close"}
"""What a client does with the network only, and an archive does not have or has of its own."""


class World:
    def __init__(self, service: Any, path: Path) -> None:
        self.client: Client = service.client
        done = service.submit("csv-report"), service.submit("invoice-audit")
        service.wait()
        service.load(arn.local.generate(700, seed=5))
        self.archive = arn.Archive(path)
        self.archive.sync(self.client)
        self.runs = self.client.list_runs(progress=False)
        self.done = [self.client.get_run(run.deployment_id, run.id) for run in done]
        self.archive.rescue(self.client, self.done)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with arn.local.serve() as service:
        yield World(service, tmp_path_factory.mktemp("archive") / "runs.sqlite")


def same(left: pd.DataFrame, right: pd.DataFrame, *, order: bool = True) -> None:
    frames = []
    for frame in (left, right):
        plain = frame.drop(columns="fetched_at", errors="ignore")
        key = [name for name in ("deployment_id", "run_id", "id") if name in plain]
        frames.append(plain if order else plain.sort_values(key, ignore_index=True))
    pd.testing.assert_frame_equal(*frames)
    ours, theirs = (arn.fetch_report(frame) for frame in (left, right))
    for name in ("asked", "got", "rows", "complete", "truncated_by", "deployments", "without"):
        assert getattr(ours, name) == getattr(theirs, name), name
    for name in ("since", "until", "table", "duplicates", "order_verified"):
        assert getattr(ours, name) == getattr(theirs, name), name
    # What was odd about an answer as a whole is not of its records.
    of_records = {code: n for code, n in theirs.oddities.items() if code != "more_after_end"}
    assert ours.oddities == of_records


QUERIES: dict[str, dict[str, Any]] = {
    "all": {},
    "status": {"status": "failed"},
    "statuses": {"status": ["failed", "timed_out"]},
    "since": {"since": "2026-11-01"},
    "until": {"until": "2026-11-01"},
    "window": {"since": "2026-10-20", "until": "2026-11-01"},
    "without": {"without": ("input", "output_manifest")},
    "limit": {"limit": 7},
    "limit of more than there are": {"limit": 100_000},
    "nothing": {"since": "2100-01-01"},
}


@pytest.mark.parametrize("name", QUERIES)
def test_listings_are_those_of_the_client(world, name):
    query = QUERIES[name]
    deployment = world.runs["deployment_id"].mode()[0]
    theirs = world.client.list_runs(deployment, progress=False, **query)
    same(world.archive.list_runs(deployment, **query), theirs)
    if "limit" not in query:
        theirs = world.client.list_runs(progress=False, **query)
        same(world.archive.list_runs(**query), theirs, order=False)


def test_a_listing_of_one_version_is_that_of_the_client(world):
    row = world.runs.iloc[-1]
    query = {"version_id": row["version_id"]}
    theirs = world.client.list_runs(row["deployment_id"], progress=False, **query)
    assert len(theirs)
    same(world.archive.list_runs(row["deployment_id"], **query), theirs)


def test_newest_come_first_over_all_deployments(world):
    ours = world.archive.list_runs()
    assert ours["created_at"].is_monotonic_decreasing
    assert world.archive.list_runs(limit=5)["id"].tolist() == ours["id"].head(5).tolist()


def test_chunks_are_the_listing(world):
    chunks = list(world.archive.iter_runs(chunk=300))
    assert [len(chunk) for chunk in chunks] == [300, 300, 102]
    assert [arn.fetch_report(chunk).complete for chunk in chunks] == [False, False, True]
    joined = pd.concat([chunk["id"] for chunk in chunks])
    assert joined.tolist() == world.archive.list_runs()["id"].tolist()


def test_single_runs_are_those_of_the_client(world):
    for run in world.done:
        ours = world.archive.get_run(run.deployment_id, run.id)
        assert ours.raw == run.raw
        assert ours.to_dict() == run.to_dict()
        assert ours.fetched_at is not None


def test_runs_by_ids_are_those_of_the_client(world):
    run = world.done[0]
    ids = [run.id, "no-such-run", run.id]
    ours = world.archive.get_runs(run.deployment_id, ids)
    theirs = world.client.get_runs(run.deployment_id, ids, progress=False)
    same(ours.drop(columns="fetch_error"), theirs.drop(columns="fetch_error"))
    assert ours["fetch_error"].str.startswith("not_found: ").sum() == 1
    picked = world.runs.sample(20, random_state=1)
    assert world.archive.get_runs(picked).index.equals(picked.index)


def test_logs_and_files_are_those_of_the_client(world):
    same(world.archive.get_logs(world.done), world.client.get_logs(world.done, progress=False))
    assert arn.fetch_report(world.archive.get_logs(world.done)).oddities == {}
    last = world.archive.get_logs(world.done[0], tail=2)
    same(last, world.client.get_logs(world.done[0], tail=2, progress=False))
    run = world.done[0]
    for name in arn.outputs(run)["name"]:
        assert world.archive.read_output(run, name) == world.client.read_output(run, name)


def test_what_was_not_rescued_is_said(world):
    row = world.runs.iloc[-1]
    with pytest.raises(errors.NotFoundError, match="rescue"):
        world.archive.get_logs(row)
    name = arn.outputs(row)["name"].iloc[0]
    with pytest.raises(errors.NotFoundError, match="rescue"):
        world.archive.read_output(row, name)
    with pytest.raises(errors.PathNotFound, match="Nearest"):
        world.archive.read_output(world.done[0], "report.m")
    with pytest.raises(errors.TooLargeError):
        world.archive.read_output(world.done[0], "report.md", max_bytes=3)
    logs = world.archive.get_logs([*world.done, row])
    report = arn.fetch_report(logs)
    assert (report.complete, report.oddities["not_found"]) == (False, 1)


def test_it_stands_in_place_of_a_client(world):
    """In a view of many runs, of one, and in analysis."""
    source = world.archive
    runs = source.list_runs()
    assert len(arn.explore(runs, source).runs) == len(runs)
    view = source.explore(world.done[0].deployment_id, world.done[0].id)
    assert view.run.id == world.done[0].id
    assert arn.summarize(runs, by="deployment_id", names=source.names())["n"].sum() == len(runs)
    assert set(source.names()) == set(world.client.names())


@pytest.mark.parametrize(
    "name", sorted({name for name in vars(Client) if not name.startswith("_")} - NOT_OFFLINE)
)
def test_it_has_the_arguments_of_the_client(name):
    theirs = dict(inspect.signature(getattr(Client, name)).parameters)
    ours = dict(inspect.signature(getattr(arn.Archive, name)).parameters)
    ours.pop("as_of", None)
    assert list(ours) == list(theirs)
    assert [one.default for one in ours.values()] == [one.default for one in theirs.values()]


def test_it_needs_neither_a_network_nor_a_key(world, tmp_path, monkeypatch):
    copy = tmp_path / "copy.sqlite"
    world.archive.close()
    copy.write_bytes(world.archive.path.read_bytes())
    world.archive = arn.Archive(world.archive.path)
    for name in ("AGENTRUN_API_KEY", "NULLSPACE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("socket.socket.connect", None)
    with arn.Archive(copy) as archive:
        same(archive.list_runs(), world.archive.list_runs())
        assert repr(archive) == f"Archive('{copy}')"
    with pytest.raises(errors.ArchiveError, match="closed"):
        archive.list_runs()


def test_its_documentation_begins_with_what_it_is():
    assert arn.Archive.__doc__.startswith("A local copy of runs that reads like the client.")


ODD: list[dict[str, Any]] = [
    {"status": "faild"},
    {"status": 3},
    {"limit": 0},
    {"limit": "x"},
    {"without": "input"},
    {"without": ("id",)},
    {"since": "yesterday"},
    {"as_of": "then"},
    {"version_id": 5},
    {"deployment_id": 7},
    {"deployment_id": ".."},
]


@pytest.mark.parametrize("query", ODD, ids=str)
def test_what_it_cannot_take_is_refused(world, query):
    with pytest.raises(errors.SettingsError):
        world.archive.list_runs(**query)


@pytest.mark.parametrize(
    "naughty", ["'; DROP TABLE runs; --", '"', "%", "_", "\\", "a\x00b", "ä" * 50, "NULL"]
)
def test_text_is_no_sql(world, naughty):
    with pytest.raises(errors.AgentRunError):
        world.archive.get_run(naughty, naughty)
    assert len(world.archive.list_runs(status=["failed", naughty])) == len(
        world.archive.list_runs(status="failed")
    )
    assert world.archive.list_runs(version_id=naughty).empty
    assert len(world.archive.list_runs()) == len(world.runs)


@pytest.mark.parametrize("name", ["status", "version_id"])
def test_what_is_no_unicode_is_refused_as_by_a_client(world, name):
    with pytest.raises(errors.SettingsError, match=rf"{name}= takes no text like '\\ud800'"):
        world.archive.list_runs(**{name: "\ud800"})
    with pytest.raises(errors.AgentRunError):
        world.archive.get_run("\ud800", "\ud800")


def test_runs_that_are_forgotten_during_an_iteration_are_left_out(tmp_path):
    book = Book()
    for number in range(9):
        book.put(number)
    archive = arn.Archive(tmp_path / "runs.sqlite")
    with served(book) as (client, _):
        archive.sync(client)
    frames = archive.iter_runs(chunk=3)
    listed = next(frames)["id"].tolist()
    with arn.Archive(archive.path) as other:
        other.forget([(DEP, f"run_{number}") for number in (8, 5, 2, 1, 0)])
    rest = [*frames]
    assert [len(frame) for frame in rest] == [2, 0]
    assert [*listed, *pd.concat(rest)["id"]] == [f"run_{number}" for number in (8, 7, 6, 4, 3)]
    assert rest[-1].columns.tolist() == arn.runs_frame([]).columns.tolist()
    assert arn.fetch_report(rest[-1]).complete
    assert arn.fetch_report(rest[-1]).got == 0


def test_a_record_that_has_become_empty_is_not_taken_for_a_forgotten_run(tmp_path):
    book = Book()
    book.put(1)
    archive = arn.Archive(tmp_path / "runs.sqlite")
    with served(book) as (client, _):
        archive.sync(client)
    with closing(sqlite3.connect(archive.path)) as connection:
        connection.execute("UPDATE batches SET size = ?, body = ?", pack([b""]))
        connection.commit()
    with pytest.raises(errors.AgentRunError):
        list(archive.iter_runs())


def test_runs_by_ids_are_as_they_were_before_one_was_forgotten_meanwhile(tmp_path, monkeypatch):
    book = Book()
    for number in range(4):
        book.put(number)
    archive = arn.Archive(tmp_path / "runs.sqlite")
    with served(book) as (client, _):
        archive.sync(client)
    find_run = read.find_run

    def forgotten_then(*given: Any) -> Any:
        found = find_run(*given)
        if given[1] == (DEP, "run_1"):
            monkeypatch.setattr(read, "find_run", find_run)
            monkeypatch.setattr(database, "PATIENCE", 0.1)
            with arn.Archive(archive.path) as other, suppress(errors.ArchiveWriteError):
                other.forget((DEP, "run_1"))
        return found

    monkeypatch.setattr(read, "find_run", forgotten_then)
    ids = [f"run_{number}" for number in range(4)]
    assert archive.get_runs(DEP, ids)["id"].tolist() == ids
    assert archive.get_runs(DEP, ids)["fetch_error"].notna().tolist() == [False, True, False, False]


NO_IDS: dict[str, Callable[[arn.Run], tuple[Any, ...]]] = {
    "a run": lambda run: (run,),
    "two runs": lambda run: (run, run),
    "a run and an id": lambda run: (run, run.id),
    "a deployment alone": lambda run: (run.deployment_id,),
    "a deployment and a run": lambda run: (run.deployment_id, run),
    "a row": lambda run: (run.to_frame().iloc[0],),
    "a frame": lambda run: (run.to_frame(),),
    "a pair": lambda run: ((run.deployment_id, run.id),),
    "numbers": lambda _: (1, 2),
    "nothing": lambda _: (None, None),
}


@pytest.mark.parametrize("name", NO_IDS)
@pytest.mark.parametrize("method", ["get_run", "explore"])
def test_what_is_no_two_ids_is_refused_with_the_ids_where_they_are_known(world, method, name):
    run = world.done[0]
    given = NO_IDS[name](run)
    for source in (world.client, world.archive):
        with pytest.raises(errors.BadIdError, match=method) as caught:
            getattr(source, method)(*given)
        assert method in caught.value.hint
        is_known = not isinstance(given[0], str | int | None)
        assert (f"{method}({run.deployment_id!r}, {run.id!r})" in caught.value.hint) == is_known
