"""What a sync asks for, keeps and says: new runs and those that had not ended, and nothing twice."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb import errors
from agentrun_nb.archive import database, packing, places, store, walk
from agentrun_nb.core.schema import RUNS
from agentrun_nb.records.decode import decode_records
from tests.archive.book import DEP, Book, moment, served
from tests.support.http import KEY

ODD = {
    "white space": b'{ "id" : "odd",\n "deployment_id":"dep_1","status":"succeeded" }',
    "large integer": b'{"id":"odd","deployment_id":"dep_1","input":{"n":123456789012345678901234567890}}',
    "a key twice": b'{"id":"odd","deployment_id":"dep_1","status":"failed","status":"succeeded"}',
    "unknown field": b'{"id":"odd","deployment_id":"dep_1","new":[1.0, 1e400, NaN]}',
    "lone surrogate": rb'{"id":"odd","deployment_id":"dep_1","failure_reason":"\ud800"}',
    "not UTF-8": b'{"id":"odd","deployment_id":"dep_1","failure_reason":"\xff\xfe"}',
    "escapes": rb'{"\u0069d":"odd","deployment_id":"dep_1","input":{"\/":"\u00e9"}}',
    "null character": rb'{"id":"odd","deployment_id":"dep_1","failure_reason":"a\u0000b"}',
    "deep": b'{"id":"odd","deployment_id":"dep_1","input":' + b'{"a":' * 600 + b"1" + b"}" * 601,
    "another deployment": b'{"id":"odd","deployment_id":"dep_9","status":"succeeded"}',
}


@pytest.fixture
def archive(tmp_path: Path) -> arn.Archive:
    return arn.Archive(tmp_path / "runs.sqlite")


def filled(count: int, **fields: object) -> Book:
    book = Book()
    for number in range(count):
        book.put(number, **fields)
    return book


def test_a_sync_says_what_has_changed_and_what_it_took(archive):
    book = filled(3)
    book.put(3, "running")
    book.put(4, "running")
    with served(book) as (client, _):
        assert repr(archive.sync(client, DEP)) == "5 new, 0 ended, 0 vanished; 3 requests"
        book.put(3, "failed")
        book.take_out("run_4")
        for number in range(5, 8):
            book.put(number)
        # One page, which also brings what has ended, and the run that is on no page.
        assert repr(archive.sync(client, DEP)) == "3 new, 1 ended, 1 vanished; 2 requests"
    runs = archive.list_runs(DEP)
    assert len(runs) == 8
    assert archive.get_run(DEP, "run_3").status == "failed"
    assert archive.get_run(DEP, "run_4").status == "running"


def test_finished_runs_are_not_asked_for_again(archive):
    book = filled(20_400)
    with served(book) as (client, _):
        first = archive.sync(client, DEP)
        second = archive.sync(client, DEP)
    assert (first.new, second.new) == (20_400, 0)
    assert second.requests == 1
    assert first.requests >= 100 * second.requests
    assert not [path for path in book.targets if "/runs/" in path]


def test_only_new_pages_are_read(archive):
    book = filled(1_000)
    with served(book) as (client, _):
        archive.sync(client, DEP)
        for number in range(1_000, 1_450):
            book.put(number)
        before = book.count_of("/runs")
        assert archive.sync(client, DEP).new == 450
        # Two pages of new runs only, one of both, and one that is known whole.
        assert book.count_of("/runs") - before == 4


def test_a_listing_in_another_order_is_read_to_its_end(archive):
    book = filled(1_000)
    book.falling = False
    with served(book) as (client, _):
        archive.sync(client, DEP)
        book.put(1_000)
        assert archive.sync(client, DEP).new == 1
    assert len(archive.list_runs(DEP)) == 1_001


@pytest.mark.parametrize("broken_at", [3, 4, 5])
def test_an_interrupted_sync_goes_on_and_leaves_no_gap(archive, broken_at):
    """Runs that are created between the two lie before those that are there, and older ones behind."""
    book = filled(1_000)
    with served(book, deadline=0.5) as (client, _):
        book.broken = set(range(broken_at, 1_000))
        first = archive.sync(client, DEP)
        assert first.failures[DEP].startswith(("server", "deadline"))
        report = arn.fetch_report(archive.list_runs(DEP))
        assert (report.complete, report.truncated_by) == (False, "not synced to the end")

        book.broken = set()
        for number in range(1_000, 1_300):
            book.put(number)
        count = len(book.targets)
        second = archive.sync(client, DEP)
        assert first.new + second.new == 1_300
        # What had come is not asked for again, but for the page that joins the two.
        pages = sum("/runs?" in target for target in book.targets[count:])
        assert pages <= (1_300 - first.new) // 200 + 2
    runs = archive.list_runs(DEP)
    assert arn.fetch_report(runs).complete is True
    assert runs["id"].tolist() == [f"run_{number}" for number in range(1_299, -1, -1)]


def test_two_interruptions_leave_no_gap_either(archive):
    """The second one ends between its own newest runs and those of the first."""
    book = filled(1_000)
    with served(book, deadline=0.5) as (client, _):
        book.broken = set(range(4, 10_000))
        archive.sync(client, DEP)
        for number in range(1_000, 1_900):
            book.put(number)
        book.broken = set(range(len(book.targets) + 3, 10_000))
        archive.sync(client, DEP)
        for number in range(1_900, 1_950):
            book.put(number)
        book.broken = set()
        archive.sync(client, DEP)
    runs = archive.list_runs(DEP)
    assert len(runs) == 1_950
    assert arn.fetch_report(runs).complete is True


def whole_and_true(archive: arn.Archive, book: Book) -> bool:
    """Whether a listing says that it is complete; it says so only where all runs are there."""
    runs = archive.list_runs(DEP)
    complete = arn.fetch_report(runs).complete
    if complete:
        assert set(runs["id"]) == set(book.runs[DEP])
    return complete is True


@pytest.fixture
def small_pages(monkeypatch) -> None:
    """Pages of 20 runs, ten times smaller than they are."""
    monkeypatch.setattr(walk, "PAGE", 20)


def reason(archive: arn.Archive, **query: object) -> str | None:
    """Why a listing is not complete; None where it says that it is."""
    report = arn.fetch_report(archive.list_runs(**query))
    assert report.complete is (report.truncated_by is None)
    return report.truncated_by


def test_what_was_never_synced_is_not_complete(archive):
    assert reason(archive) == "not synced to the end"
    with served(Book()) as (client, _):
        archive.sync(client)
    assert reason(archive) is None


@pytest.mark.parametrize("status", ["succeeded", "running"])
def test_between_a_rescue_and_the_next_sync_a_listing_is_not_complete(archive, status):
    """Unless it ends before the runs that came alone, or as it was before they came."""
    book = filled(10, status=status)
    with served(book) as (client, _):
        archive.sync(client, DEP)
        archive.rescue(client, (DEP, "run_5"))
        assert reason(archive) is None
        for number in range(10, 20):
            book.put(number)
        before = pd.Timestamp.now(tz="UTC")
        archive.rescue(client, (DEP, "run_15"))
        assert reason(archive) == "not synced since a rescue"
        assert reason(archive, until=moment(16)) == "not synced since a rescue"
        assert reason(archive, limit=3) == "limit, not synced since a rescue"
        assert reason(archive, until=moment(12)) is None
        assert reason(archive, as_of=before) is None
        archive.sync(client, DEP)
        assert reason(archive) is None
        assert len(archive.list_runs()) == 20


def test_what_may_have_come_since_the_last_sync_is_not_complete(archive):
    """A listing of a time before is; and of what is to come nobody says that it is missing."""
    book = filled(3)
    with served(book) as (client, _):
        earlier = pd.Timestamp.now(tz="UTC")
        archive.sync(client, DEP)
        later = pd.Timestamp.now(tz="UTC")
    assert reason(archive, since=earlier) is None
    assert reason(archive, since=later) == "not synced by then"
    assert reason(archive, since="2100-01-01") is None
    assert reason(archive, as_of=earlier) == "not synced by then"
    assert reason(archive, as_of=later) is None


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("status", ["succeeded", "running"])
@pytest.mark.parametrize(
    "rescued", [range(40, 60), range(35, 60), range(20, 40), range(15, 45), range(60)], ids=str
)
def test_runs_that_came_alone_say_nothing_of_their_neighbours(archive, rescued, status):
    """A page may be full of runs that were rescued, and others be missing before and behind it."""
    book = filled(60, status=status)
    with served(book) as (client, _):
        archive.rescue(client, [(DEP, f"run_{number}") for number in rescued])
        assert not whole_and_true(archive, book)
        archive.sync(client, DEP)
        assert whole_and_true(archive, book)
        for number in range(60, 120):
            book.put(number, status)
        archive.rescue(client, [(DEP, f"run_{number + 60}") for number in rescued])
        archive.sync(client, DEP)
        assert whole_and_true(archive, book)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("status", ["succeeded", "running"])
def test_a_walk_that_was_interrupted_is_finished_whatever_came_alone(archive, status, is_first):
    book = filled(30)
    with served(book, deadline=0.5) as (client, _):
        if not is_first:
            archive.sync(client, DEP)
        for number in range(30, 130):
            book.put(number, status)
        book.broken = set(range(len(book.targets) + 4, 10_000))
        archive.sync(client, DEP)
        book.broken = set()
        archive.rescue(client, [(DEP, f"run_{number}") for number in range(110, 130)])
        assert not whole_and_true(archive, book)
        for number in range(130, 190):
            book.put(number, status)
        archive.rescue(client, [(DEP, f"run_{number}") for number in range(150, 190)])
        archive.sync(client, DEP)
        assert whole_and_true(archive, book)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("by", ["rescue", "sync"])
def test_what_comes_during_a_walk_is_not_settled_by_it(archive, by):
    """What another process reads after the first page of a walk may be newer than that page."""
    book = filled(60)
    with served(book, deadline=0.5) as (client, _):
        archive.sync(client, DEP)
        book.put(60)
        place = places.plan_walk(archive._database, DEP)
        for number in range(61, 120):
            book.put(number)
        first_page = [book.runs[DEP]["run_60"]]
        batch = decode_records(RUNS, first_page).with_fetched_at([places.now()])
        looks = store.seen_records(batch, first_page)
        places.take_page(archive._database, place, looks, None)
        if by == "rescue":
            archive.rescue(client, [(DEP, f"run_{number}") for number in range(100, 120)])
        else:
            book.broken = set(range(len(book.targets) + 2, 10_000))
            archive.sync(client, DEP)
            book.broken = set()
        places.finish(archive._database, place, True, read_all=False)
        archive.sync(client, DEP)
        assert whole_and_true(archive, book)


@pytest.mark.usefixtures("small_pages")
def test_the_first_walk_goes_to_the_end_whatever_is_settled(archive):
    """Files of before have settled runs that no walk has read."""
    book = filled(60)
    with served(book) as (client, _):
        archive.rescue(client, [(DEP, f"run_{number}") for number in range(40, 60)])
        with archive._database.writing() as connection:
            connection.execute("UPDATE runs SET walk = 0")
        archive.sync(client, DEP)
        assert whole_and_true(archive, book)


def test_all_pages_are_read_once_a_week_and_what_is_gone_is_named(archive, monkeypatch):
    book = filled(1_000)
    with served(book) as (client, _):
        assert archive.sync(client, DEP).full_walks == [DEP]
        book.take_out("run_5")
        assert archive.sync(client, DEP).vanished == 0
        week_later = places.now() + places.FULL_WALK_EVERY + 1
        monkeypatch.setattr(places, "now", lambda: week_later)
        walked = archive.sync(client, DEP)
        assert (walked.vanished, walked.full_walks) == (1, [DEP])
        again = archive.sync(client, DEP)
        assert (again.vanished, again.requests, again.full_walks) == (0, 1, [])
    assert archive.get_run(DEP, "run_5").status == "succeeded"


@pytest.mark.parametrize("case", ODD)
def test_records_are_in_the_archive_to_the_letter(archive, case):
    book = filled(2)
    book.write("odd", ODD[case])
    with served(book) as (client, _):
        archive.sync(client, DEP)
        theirs = client.list_runs(DEP, progress=False)
        alone = client.get_run(DEP, "odd")
    run = archive.get_run(DEP, "odd")
    assert run.raw == alone.raw == ODD[case]
    assert run.notes == alone.notes
    same_values(archive.list_runs(DEP), theirs)
    assert archive.check().whole


def test_naughty_texts_are_ids_statuses_and_filters(archive, corpus):
    texts = json.loads((corpus("naughty") / "blns.json").read_text("utf-8"))
    texts = list(dict.fromkeys([*texts, "'; DROP TABLE runs; --", "a\0b", "%", "\u202e"]))
    book = Book({DEP: {}})
    for number, text in enumerate(texts):
        record = {"id": text, "deployment_id": DEP, "status": text, "version_id": text}
        record["created_at"] = moment(number)
        book.write(f"{number}", json.dumps(record).encode())
    with served(book) as (client, _):
        archive.sync(client, DEP)
        theirs = client.list_runs(DEP, progress=False)
    runs = archive.list_runs(DEP)
    assert len(runs) == len(texts)
    assert runs["id"].tolist() == theirs["id"].tolist()
    for text in runs["id"]:
        assert archive.get_run(DEP, text).status == text
        # A blank text is refused as it is by a client, to which it would be no filter.
        if text.strip():
            assert text in archive.list_runs(DEP, version_id=text)["id"].tolist()
    assert archive.check().whole


def same_values(left: pd.DataFrame, right: pd.DataFrame) -> None:
    """In values and dtypes, in whatever order; when they were fetched does not count."""
    frames = []
    for frame in (left, right):
        ordered = frame.sort_values(["deployment_id", "id"], ignore_index=True)
        frames.append(ordered.drop(columns="fetched_at"))
    pd.testing.assert_frame_equal(*frames)


def test_a_record_without_an_id_is_there_once(archive):
    book = filled(2)
    book.write("nameless", b'{"deployment_id":"dep_1","status":"succeeded"}')
    with served(book) as (client, _):
        assert archive.sync(client, DEP).new == 3
        assert archive.sync(client, DEP).new == 0
    assert archive.list_runs(DEP)["id"].isna().sum() == 1


ODD_IDS = [None, "", 3, {"a": 1}, "a/b", "..", "\ud800", "x" * 3_000, "MISSING"]


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("status", ["succeeded", "running"])
@pytest.mark.parametrize("odd", ODD_IDS, ids=repr)
def test_an_odd_id_never_costs_the_sync(archive, odd, status):
    """Not when it is new, came before, has changed, or stands on a page that is not read again."""
    record = {"id": odd, "deployment_id": DEP, "status": status, "failure_reason": "first"}
    if odd == "MISSING":
        del record["id"]
    book = Book()
    book.write("odd", json.dumps(record).encode())
    book.put(1)
    with served(book) as (client, _):
        archive.sync(client, DEP)
        assert archive.sync(client, DEP).new == 0
        record["failure_reason"] = "second"
        book.write("odd", json.dumps(record).encode())
        archive.sync(client, DEP)
        for number in range(2, 60):
            book.put(number)
        assert archive.sync(client, DEP).new == 58
        assert archive.sync(client, DEP).new == 0
        theirs = client.list_runs(DEP, progress=False)
    runs = archive.list_runs(DEP)
    assert {*theirs["id"].dropna()} == {*runs["id"].dropna()}
    assert "second" in runs["failure_reason"].tolist()
    assert archive.check().whole


@pytest.mark.parametrize("odd", ["", "a/b", ".."])
def test_a_deployment_with_an_odd_id_never_costs_the_others(archive, odd):
    book = filled(2)
    book.put(1, dep=odd)
    with served(book) as (client, _):
        done = archive.sync(client)
    assert done.new == 2
    assert done.failures[odd].startswith("bad_id")


def test_a_page_larger_than_one_batch_is_there_to_the_letter(archive, monkeypatch):
    monkeypatch.setattr(packing, "LARGEST", 3_000)
    book = filled(50)
    book.put(50, failure_reason="x" * 2_500)
    with served(book) as (client, _):
        assert archive.sync(client, DEP).new == 51
    assert archive.check().whole
    for run in archive.list_runs(DEP)["id"]:
        assert archive.get_run(DEP, run).raw == book.runs[DEP][run]


def test_a_record_that_could_not_be_read_again_is_not_written(archive, monkeypatch):
    monkeypatch.setattr(packing, "LARGEST", 3_000)
    book = filled(2)
    book.put(2, failure_reason="x" * 4_000)
    book.put(1, dep="dep_2")
    with served(book) as (client, _):
        done = archive.sync(client)
        assert done.failures[DEP].startswith("too_large")
        saved = archive.rescue(client, [(DEP, "run_2"), (DEP, "run_1")])
    assert saved["error"].str.startswith("too_large").sum() == 1
    assert arn.fetch_report(archive.list_runs(DEP)).complete is False
    assert archive.list_runs()["id"].tolist() == ["run_1", "run_1"]
    assert archive.check().whole


def test_equal_ids_of_two_deployments_are_two_runs(archive):
    book = Book()
    book.put(1, "succeeded", dep="dep_1")
    book.put(1, "failed", dep="dep_2")
    with served(book) as (client, _):
        archive.sync(client)
    assert archive.get_run("dep_1", "run_1").status == "succeeded"
    assert archive.get_run("dep_2", "run_1").status == "failed"


def test_a_run_that_goes_backwards_stays_at_its_newest_and_both_are_seen(archive):
    book = Book()
    book.put(1, "succeeded", updated_at=moment(500))
    with served(book) as (client, _):
        archive.sync(client, DEP)
        book.put(1, "running", updated_at=moment(100))
        archive.sync(client, DEP)
        archive.sync(client, DEP)
    assert archive.get_run(DEP, "run_1").status == "succeeded"
    assert set(archive.observations()["status"]) == {"succeeded", "running"}
    assert archive.check().records == 2


def test_what_was_known_earlier_stays(archive):
    book = Book()
    book.put(1, "running")
    with served(book) as (client, _):
        archive.sync(client, DEP)
        between = pd.Timestamp.now(tz="UTC")
        book.put(1, "succeeded", updated_at="2099-01-01T00:00:00Z")
        book.put(2)
        archive.sync(client, DEP)
    assert archive.list_runs(DEP)["status"].tolist() == ["succeeded", "succeeded"]
    then = archive.list_runs(DEP, as_of=between)
    assert then["status"].tolist() == ["running"]
    assert (then["fetched_at"] <= between).all()
    assert archive.list_runs(DEP, status="running").empty
    assert len(archive.list_runs(DEP, as_of=between, status="running")) == 1
    assert archive.list_runs(DEP, as_of="2020-01-01").empty


def test_looks_of_the_process_are_in_the_archive(archive):
    book = Book()
    book.put(1, "queued")
    with served(book) as (client, _):
        archive.sync(client, DEP)
        book.put(1, "running", updated_at=moment(2))
        client.get_run(DEP, "run_1")
        book.put(1, "succeeded", updated_at=moment(3))
        archive.sync(client, DEP)
    assert archive.observations()["status"].tolist() == ["queued", "running", "succeeded"]


def test_the_looks_of_a_watch_are_in_the_archive(archive):
    with arn.local.serve() as service:
        watch = service.client.watch(service.submit("csv-report"))
        run = watch.wait(timeout="1m")
        archive.sync(service.client, run.deployment_id)
    seen = archive.observations()
    theirs = watch.observations
    assert seen["status"].drop_duplicates().tolist() == theirs["status"].drop_duplicates().tolist()


def test_an_archive_is_of_one_service(archive, tmp_path):
    with served(filled(1)) as (client, _):
        archive.sync(client, DEP)
    with arn.Client(KEY, "https://api.test") as other, pytest.raises(errors.ArchiveError) as caught:
        archive.sync(other, DEP)
    assert "api.test" in str(caught.value)
    assert caught.value.hint


def test_what_does_not_come_is_said(archive):
    with served(filled(2)) as (client, _):
        with pytest.raises(errors.NotFoundError, match="dep_9"):
            archive.sync(client, "dep_9")
        with pytest.raises(errors.SettingsError):
            archive.sync("client", DEP)
        done = archive.sync(client, [DEP, "dep_9"])
    assert done.new == 2
    assert done.failures["dep_9"].startswith("not_found")
    assert "dep_9: not_found" in repr(done)


def test_a_name_in_place_of_an_id_is_answered_with_the_id(archive):
    with served(filled(1)) as (client, _):
        with pytest.raises(errors.NotFoundError, match="its id is 'dep_1'"):
            archive.sync(client, f"name of {DEP}")
        archive.sync(client)
    for call in (archive.list_runs, archive.list_versions, lambda name: archive.get_run(name, "x")):
        with pytest.raises(errors.NotFoundError, match="its id is 'dep_1'"):
            call(f"name of {DEP}")


def test_neither_the_key_nor_the_address_is_in_the_file(archive):
    with served(filled(5)) as (client, server):
        archive.sync(client)
    content = archive.path.read_bytes() + Path(f"{archive.path}-wal").read_bytes()
    assert b"run_1" in content
    assert KEY.encode() not in content
    assert str(server.port).encode() not in content


def test_a_forgotten_run_does_not_come_back(archive):
    book = filled(5)
    book.put(5, failure_reason="zanzibar")
    book.events["run_5"] = [b'{"id":"e1","message":"quetzalcoatl"}']
    with served(book) as (client, _):
        archive.sync(client, DEP)
        archive.rescue(client, [(DEP, "run_5")])
        archive.forget((DEP, "run_5"))
        assert archive.sync(client, DEP).new == 0
    assert archive.check().whole
    assert len(archive.list_runs(DEP)) == 5
    with pytest.raises(errors.NotFoundError):
        archive.get_run(DEP, "run_5")
    with pytest.raises(errors.NotFoundError):
        archive.forget([(DEP, "run_1"), (DEP, "run_5")])
    assert archive.get_run(DEP, "run_1").id == "run_1"
    archive.close()
    content = archive.path.read_bytes()
    assert b"run_1" in content
    assert b"run_5" not in content


def test_names_of_deployments_and_versions_are_there(archive):
    book = filled(2)
    book.put(3, dep="dep_2")
    with served(book) as (client, _):
        archive.sync(client)
        for dep in (DEP, "dep_2"):
            pd.testing.assert_frame_equal(archive.list_versions(dep), client.list_versions(dep))
        pd.testing.assert_frame_equal(archive.list_deployments(), client.list_deployments())
        assert archive.names() == client.names()
        # A new version is asked for when a run names it.
        version = {"id": "ver_2", "deployment_id": DEP, "version_number": 2}
        book.versions[DEP].append(json.dumps(version).encode())
        book.put(4, version_id="ver_2")
        archive.sync(client, DEP)
    assert archive.names()["ver_2"] == f"name of {DEP} v2"


@pytest.mark.parametrize("again", ["run_5", "run_4"])
def test_traces_that_a_reader_keeps_in_the_file_are_said_and_erased_later(
    archive, monkeypatch, again
):
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    archive = arn.Archive(archive.path)
    book = filled(5)
    book.put(5, failure_reason="zanzibar")
    with served(book) as (client, _):
        archive.sync(client, DEP)
    with closing(sqlite3.connect(archive.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM runs").fetchone()
        for _ in range(2):
            with pytest.raises(errors.ArchiveWriteError, match="traces of them stay") as caught:
                archive.forget((DEP, "run_5"))
            assert "forget" in caught.value.hint
        assert len(archive.list_runs(DEP)) == 5
        with pytest.raises(errors.NotFoundError):
            archive.forget([(DEP, "run_1"), (DEP, "run_5")])
        assert b"run_5" in content_of(archive)
    archive.forget((DEP, again))
    assert b"run_1" in content_of(archive)
    assert b"run_5" not in content_of(archive)


def content_of(archive: arn.Archive) -> bytes:
    """What is in the file and in the log of changes beside it."""
    log = archive.path.with_name(f"{archive.path.name}-wal")
    return archive.path.read_bytes() + log.read_bytes()


class WithoutVersions(Book):
    """A service that has no route for versions, and says no more than that nothing is there."""

    def _answer(self, target: str) -> bytes:
        return super()._answer(target.replace("/versions", "/nothing"))


def test_where_versions_are_not_listed_the_deployment_is_not_said_to_be_gone(archive):
    book = WithoutVersions()
    book.put(0, "running", version_id="ver_1")
    with served(book) as (client, _):
        done = archive.sync(client, DEP)
        assert done.failures[DEP].startswith("not_offered: The service does not list the versions")
        assert archive.list_runs()["id"].tolist() == ["run_0"]
        assert archive.list_deployments()["id"].tolist() == [DEP]
