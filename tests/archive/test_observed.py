"""What this process has seen of runs goes into an archive once, and at a cost of what is new."""

from __future__ import annotations

import random

import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb.archive import observed
from agentrun_nb.client import Client
from tests.archive.book import DEP, Book, moment, served

STATUSES = ("queued", "running", "succeeded", "failed")


class Story:
    """What a process does with a service and an archive, in an order of chance."""

    def __init__(self, client: Client, book: Book, archive: arn.Archive, seed: int) -> None:
        self.client = client
        self.book = book
        self.archive = archive
        self.chance = random.Random(seed)
        self.second = 10
        self.known: list[tuple[str, int]] = []
        self.forgotten: set[tuple[str, int]] = set()

    def step(self) -> None:
        """Does one thing."""
        deeds = (self.create, self.change, self.look, self.look, self.list, self.sync, self.forget)
        self.chance.choice(deeds)()

    def create(self) -> None:
        dep, number = self.chance.choice(("dep_1", "dep_2")), len(self.known)
        self.book.put(number, "queued", dep=dep, updated_at=moment(self.second))
        self.known.append((dep, number))

    def change(self) -> None:
        if self.known:
            self.second += 1
            dep, number = self.chance.choice(self.known)
            status = self.chance.choice(STATUSES)
            self.book.put(number, status, dep=dep, updated_at=moment(self.second))

    def look(self) -> None:
        if self.known:
            dep, number = self.chance.choice(self.known)
            self.client.get_run(dep, f"run_{number}")

    def list(self) -> None:
        if self.known:
            self.client.list_runs(self.chance.choice(self.known)[0], progress=False)

    def sync(self) -> None:
        if self.known:
            self.archive.sync(self.client, self.chance.choice(self.known)[0])

    def forget(self) -> None:
        here = set(self.archive.list_runs()["id"])
        runs = [(dep, number) for dep, number in self.known if f"run_{number}" in here]
        if runs and self.chance.random() < 0.3:
            dep, number = self.chance.choice(runs)
            self.archive.forget((dep, f"run_{number}"))
            self.forgotten.add((dep, number))


@pytest.mark.parametrize("seed", range(12))
def test_an_archive_has_what_it_would_have_if_all_looks_were_given_again(tmp_path, seed):
    book = Book()
    with served(book) as (client, _), arn.Archive(tmp_path / "runs.sqlite") as archive:
        story = Story(client, book, archive, seed)
        for _ in range(60):
            story.step()
        for dep in sorted({dep for dep, _ in story.known}):
            archive.sync(client, dep)
        found = archive.observations()
        observed._taken.clear()
        observed.add_observations(archive._database, client._wire.ledger)
        pd.testing.assert_frame_equal(archive.observations(), found)
        ours = {tuple(row) for row in found.itertuples(index=False)}
        gone = {(dep, f"run_{number}") for dep, number in story.forgotten}
        theirs = {
            tuple(row)
            for row in client.observations().itertuples(index=False)
            if row[:2] not in gone
        }
        seen = {row[:3] for row in theirs}
        assert {row[:3] for row in ours} == seen
        assert seen


def test_a_look_at_a_run_that_an_archive_does_not_have_waits_for_it(tmp_path):
    book = Book()
    book.put(1, "queued")
    book.put(2, dep="dep_2")
    with served(book) as (client, _), arn.Archive(tmp_path / "runs.sqlite") as archive:
        client.get_run(DEP, "run_1")
        archive.sync(client, "dep_2")
        archive.sync(client, "dep_2")
        book.put(1, updated_at=moment(90))
        archive.sync(client, DEP)
        seen = archive.observations()
    assert seen[seen["run_id"] == "run_1"]["status"].tolist() == ["queued", "succeeded"]


def test_an_archive_takes_each_look_once(tmp_path, monkeypatch):
    """It costs what is new, and not what is known; each archive takes them for itself."""
    sought: list[int] = []
    latest = observed._latest

    def noting(database, keys):
        sought.append(len(keys))
        return latest(database, keys)

    monkeypatch.setattr(observed, "_latest", noting)
    book = Book()
    for number in range(1_500):
        book.put(number)
    with served(book) as (client, _):
        client.list_runs(DEP, progress=False)
        for number in (1_500, 1_501):
            with arn.Archive(tmp_path / f"runs-{number}") as archive:
                sought.clear()
                archive.sync(client, DEP)
                assert sought == [number]
                book.put(number)
                archive.sync(client, DEP)
                client.get_run(DEP, "run_3")
                archive.sync(client, DEP)
                # A sync reads the newest pages again, at most two here.
                assert max(sought[1:]) <= 401
