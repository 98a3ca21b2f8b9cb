"""Files of many runs are saved, the most endangered first, and never outside of the folder."""

from __future__ import annotations

import cProfile
import json
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import agentrun_nb as arn
from agentrun_nb import errors
from agentrun_nb.archive import packing
from agentrun_nb.fetch.many_outputs import urgent_first
from agentrun_nb.files.folder import LONGEST, safe_name
from tests.archive.book import DEP, Book, served


def at(seconds: float) -> str:
    """A moment from now on; below 0 one that is over."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def with_files(book: Book, number: int, names: list[str], gone: bool = False, **fields: Any) -> str:
    """Writes a run with outputs; each file says whose it is."""
    sandbox = f"sbx_{number}"
    outputs = [{"name": name, "path": f"/out/{place}"} for place, name in enumerate(names)]
    fields = {"completed_at": at(-60)} | fields
    run_id = book.put(number, sandbox_id=sandbox, output_manifest={"outputs": outputs}, **fields)
    for place, name in enumerate(names):
        if not gone:
            book.files[sandbox, f"/out/{place}"] = f"{run_id} {name}".encode()
    return run_id


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outputs"


def test_each_file_is_a_row_and_lies_where_it_says(folder):
    book = Book()
    with_files(book, 1, ["report.md", "plot.png"])
    with_files(book, 2, ["report.md"])
    with served(book) as (client, _):
        saved = client.save_outputs(client.list_runs(DEP, progress=False), folder)
        again = client.save_outputs([(DEP, "run_1")], folder, names="plot.png")
    assert list(saved) == ["deployment_id", "run_id", "position", "name", "where", "bytes", "error"]
    assert saved["run_id"].tolist() == ["run_2", "run_1", "run_1"]
    for row in saved.itertuples():
        content = Path(row.where).read_bytes()
        assert content == f"{row.run_id} {row.name}".encode()
        assert row.bytes == len(content)
    assert saved["error"].isna().all()
    assert again["name"].tolist() == ["plot.png"]
    assert (folder / DEP / "run_1" / "report.md").read_bytes() == b"run_1 report.md"


def test_failed_runs_come_first_and_the_shortest_lived_before_the_others(folder):
    book = Book()
    retained: dict[str, Any] = {"status": "failed", "retain_on_failure": True}
    with_files(book, 1, ["a"])
    with_files(book, 2, ["a"], **retained, retention_seconds=9_000)
    with_files(book, 3, ["a"], **retained, retention_seconds=600)
    with_files(book, 4, ["a"], status="failed")
    with_files(book, 5, ["a"], **retained)
    with served(book, max_in_flight=1) as (client, _):
        client.save_outputs(client.list_runs(DEP, progress=False), folder)
    sandboxes = [
        urlsplit(target).path.split("/")[3] for target in book.targets if "/file" in target
    ]
    assert sandboxes == ["sbx_3", "sbx_5", "sbx_2", "sbx_4", "sbx_1"]


def test_each_loss_says_by_how_much_it_was_missed(folder):
    book = Book()
    retained: dict[str, Any] = {"status": "failed", "retain_on_failure": True, "gone": True}
    with_files(book, 1, ["a"], **retained, retention_seconds=10)
    with_files(book, 2, ["a"], gone=True)
    with_files(book, 3, ["a"], **retained, retention_seconds=9_000)
    with_files(book, 4, ["a"])
    with served(book) as (client, _):
        saved = client.save_outputs(client.list_runs(DEP, progress=False), folder)
    losses = saved.set_index("run_id")["error"]
    missed = losses["run_1"].partition("Its sandbox had gone ")[2].partition(" s before")[0]
    assert 50 <= int(missed) <= 600
    assert losses["run_1"].startswith("not_found: ")
    assert "does not say how long" in losses["run_2"]
    assert "was to live for" in losses["run_3"]
    assert losses.isna()["run_4"]
    assert saved["where"].notna().sum() == 1


def test_to_know_the_files_of_a_run_takes_little() -> None:
    """Counted in calls of functions: the rows of a table are read as what they are."""

    def calls(n: int) -> int:
        runs = arn.runs_frame(arn.local.generate(n))
        urgent_first(runs)
        with cProfile.Profile() as profile:
            urgent_first(runs)
        return sum(row.callcount for row in profile.getstats())

    assert (calls(120) - calls(20)) / 100 < 2_000


def test_files_lead_back_to_their_run_also_where_ids_are_missing() -> None:
    record = {"status": "failed", "sandbox_id": "sbx_0", "output_manifest": {"outputs": []}}
    named = [{"outputs": [{"name": f"{number}"}]} for number in range(3)]
    manifests = [named[0], {"outputs": []}, named[1], "no mapping", None, named[2]]
    runs = arn.runs_frame(
        [record | {"sandbox_id": f"sbx_{place}", "output_manifest": manifest}
         for place, manifest in enumerate(manifests)]
    )  # fmt: skip
    files = urgent_first(runs.set_axis([7] * 6))
    assert [(file.name, file.run.sandbox_id) for file in files] == [
        ("0", "sbx_0"), ("1", "sbx_2"), ("2", "sbx_5")
    ]  # fmt: skip


def test_folders_and_outputs_without_a_place_are_rows_too(folder):
    book = Book()
    outputs = [{"name": "tree", "kind": "directory", "path": "/out"}, {"name": "nowhere"}, 7]
    book.put(1, output_manifest={"outputs": outputs})
    with served(book) as (client, _):
        saved = client.save_outputs(client.list_runs(DEP, progress=False), folder)
        missing = client.save_outputs((DEP, "run_9"), folder)
    assert len(saved) == 3
    assert saved["error"].notna().all()
    assert "folder" in saved["error"][0]
    assert missing["error"].str.startswith("not_found").all()


EVIL = [
    "../../escaped",
    "/etc/passwd",
    "C:\\Windows\\system.ini",
    "..",
    ".",
    "",
    "a\0b",
    "a/b/../../../../c",
    "con.txt",
    "x" * 300 + ".csv",
    "\u202egpj.exe",
    "%2e%2e%2fescaped",
    ".hidden",
    "~/x",
    "a\nb",
]


def test_no_file_lies_outside_of_the_folder(folder, tmp_path):
    book = Book()
    with_files(book, 1, EVIL)
    with served(book) as (client, _):
        saved = client.save_outputs(client.list_runs(DEP, progress=False), folder)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == saved["where"].notna().sum() == len(EVIL)
    assert {path.parent for path in written} == {folder / DEP / "run_1"}
    assert all(len(path.name.encode()) <= LONGEST + 4 for path in written)


def test_naughty_texts_are_names_of_files(corpus):
    texts = json.loads((corpus("naughty") / "blns.json").read_text("utf-8"))
    for text in [*texts, *EVIL, "\ud800"]:
        name = safe_name(text)
        assert name not in ("", ".", "..")
        assert not set(name) & set("/\\:\0\n")
        assert len(name.encode()) <= LONGEST


def test_links_are_not_followed(folder, tmp_path):
    book = Book()
    with_files(book, 1, ["report.md"])
    outside = tmp_path / "outside.md"
    outside.write_text("mine")
    place = folder / DEP / "run_1"
    place.mkdir(parents=True)
    (place / "report.md").symlink_to(outside)
    with served(book) as (client, _):
        client.save_outputs((DEP, "run_1"), folder)
        assert outside.read_text() == "mine"
        assert not (place / "report.md").is_symlink()
        (place / "report.md").unlink()
        place.rmdir()
        place.symlink_to(tmp_path)
        with pytest.raises(errors.DataError, match="link"):
            client.save_outputs((DEP, "run_1"), folder)
    assert not (tmp_path / "report.md").exists()


@pytest.mark.parametrize(
    "names",
    [
        ["a.txt", "A.txt", "a.txt"],
        ["2-a", "a", "a"],
        ["2-A", "a", "a"],
        ["3-a", "3-2-a", "a", "a"],
        ["3-a", "a", "3-a", "a"],
        ["a/b", "a:b", "2-a_b", "a_b", "3-a_b"],
        ["x" * 300 + "1", "x" * 300 + "2", "1-" + "x" * 300, "x" * 300],
        ["\u00e9", "e\u0301", "E\u0301"],
        ["", ".", "_", "1-_", ""],
    ],
)
def test_files_of_one_run_never_take_each_others_place(folder, names):
    """Nor on systems that take capitals, or two ways to write one letter, for the same."""
    book = Book()
    run_id = with_files(book, 1, names)
    with served(book) as (client, _):
        saved = client.save_outputs((DEP, run_id), folder)
        again = client.save_outputs([(DEP, run_id), (DEP, run_id)], folder)
    places = {unicodedata.normalize("NFC", where.casefold()) for where in saved["where"]}
    assert len(places) == len(names)
    for row, name in zip(saved.itertuples(), names, strict=True):
        assert Path(row.where).read_bytes() == f"{run_id} {name}".encode()
    assert {*again["where"]} == {*saved["where"]}


def test_runs_whose_ids_make_one_folder_keep_their_files_apart(folder):
    book = Book()
    ids = ["run_a", "Run_A", "run a", "run~a", "run'a", 'run"a']
    for number, run_id in enumerate(ids):
        with_files(book, number, ["a", "1-a"])
        record = json.loads(book.runs[DEP].pop(f"run_{number}"))
        book.write(run_id, json.dumps(record | {"id": run_id}).encode())
    with served(book) as (client, _):
        saved = client.save_outputs([(DEP, run_id) for run_id in ids], folder)
    assert saved["error"].isna().all()
    assert saved["where"].str.casefold().nunique() == 2 * len(ids)
    for row in saved.itertuples():
        number = ids.index(row.run_id)
        assert Path(row.where).read_bytes() == f"run_{number} {row.name}".encode()


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    book = Book()
    with_files(book, 1, ["a.txt"])
    (tmp_path / "file").touch()
    with served(book) as (client, _), pytest.raises(errors.DataError) as caught:
        client.save_outputs((DEP, "run_1"), tmp_path / "file")
    assert caught.value.hint


def test_what_it_cannot_take_is_refused(tmp_path):
    with served(Book()) as (client, _):
        for arguments in [("x", tmp_path), ((DEP, "run_1"), 3), ((DEP, "run_1"), tmp_path, 5)]:
            with pytest.raises(errors.AgentRunError):
                client.save_outputs(*arguments)  # type: ignore[arg-type]


# --- the same into an archive --------------------------------------------------------------------


def test_a_rescue_brings_runs_logs_and_files_once(tmp_path):
    book = Book()
    with_files(book, 1, ["report.md", "plot.png"], status="failed", retain_on_failure=True)
    with_files(book, 2, ["report.md"])
    for number in (1, 2):
        event = {
            "id": f"e{number}",
            "deployment_id": DEP,
            "run_id": f"run_{number}",
            "message": "m",
        }
        book.events[f"run_{number}"] = [json.dumps(event).encode(), b'{ "id":"odd" }']
    archive = arn.Archive(tmp_path / "runs.sqlite")
    keys = [(DEP, "run_2"), (DEP, "run_1")]
    with served(book) as (client, _):
        saved = archive.rescue(client, keys)
        count = len(book.targets)
        again = archive.rescue(client, keys)
        assert len(book.targets) == count
        theirs = client.get_logs(keys, progress=False)
    assert saved["name"].tolist() == ["log", "report.md", "log", "report.md", "plot.png"]
    assert saved["error"].isna().all()
    assert again["where"].tolist() == saved["where"].tolist()
    assert archive.read_output((DEP, "run_1"), "plot.png") == b"run_1 plot.png"
    ours = archive.get_logs(keys)
    assert ours.equals(theirs)
    assert archive.check().files == 3


def test_equal_files_are_in_the_archive_once(tmp_path):
    book = Book()
    for number in (1, 2, 3):
        with_files(book, number, ["same"])
        book.files[f"sbx_{number}", "/out/0"] = b"the same bytes" * 100
    archive = arn.Archive(tmp_path / "runs.sqlite")
    with served(book) as (client, _):
        saved = archive.rescue(client, client.list_runs(DEP, progress=False))
    assert saved["where"].dropna().nunique() == 1
    assert archive.check().files == 1
    archive.forget((DEP, "run_1"))
    assert archive.check().files == 1
    archive.forget([(DEP, "run_2"), (DEP, "run_3")])
    assert archive.check().files == 0


def test_what_could_not_be_read_again_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(packing, "LARGEST", 3_000)
    book = Book()
    with_files(book, 1, ["large", "small"])
    book.files["sbx_1", "/out/0"] = bytes(3_001)
    book.events["run_1"] = [json.dumps({"id": "e1", "message": "m" * 3_000}).encode()]
    archive = arn.Archive(tmp_path / "runs.sqlite")
    with served(book) as (client, _):
        saved = archive.rescue(client, (DEP, "run_1")).set_index("name")
    assert saved["error"].str.startswith("too_large", na=False).to_dict() == {
        "log": True,
        "large": True,
        "small": False,
    }
    assert archive.read_output((DEP, "run_1"), "small") == b"run_1 small"
    with pytest.raises(errors.NotFoundError):
        archive.read_output((DEP, "run_1"), "large")
    assert archive.check().whole


def test_the_log_of_a_run_that_goes_on_is_asked_for_again(tmp_path):
    book = Book()
    book.put(1, "running")
    book.events["run_1"] = [b'{"id":"e1"}']
    archive = arn.Archive(tmp_path / "runs.sqlite")
    with served(book) as (client, _):
        archive.rescue(client, (DEP, "run_1"))
        report = arn.fetch_report(archive.get_logs((DEP, "run_1")))
        assert (report.complete, report.truncated_by) == (False, "the run had not ended")
        book.put(1, "succeeded")
        book.events["run_1"].append(b'{"id":"e2"}')
        archive.rescue(client, (DEP, "run_1"))
    assert archive.get_logs((DEP, "run_1"))["id"].tolist() == ["e1", "e2"]


def test_what_is_lost_is_named_and_the_rest_is_there(tmp_path):
    book = Book()
    with_files(
        book, 1, ["gone"], gone=True, status="failed", retain_on_failure=True, retention_seconds=5
    )
    with_files(book, 2, ["there"])
    archive = arn.Archive(tmp_path / "runs.sqlite")
    with served(book) as (client, _):
        saved = archive.rescue(client, [(DEP, "run_1"), (DEP, "run_2"), (DEP, "run_9")])
    errors_of = dict(zip(saved["name"].fillna("run"), saved["error"], strict=True))
    assert "had gone" in errors_of["gone"]
    assert errors_of["run"].startswith("not_found")
    assert archive.read_output((DEP, "run_2"), "there") == b"run_2 there"
    with pytest.raises(errors.NotFoundError):
        archive.read_output((DEP, "run_1"), "gone")


@pytest.mark.parametrize("form", ["run", "row", "frame"])
def test_a_run_that_was_read_before_it_had_ended_is_read_again(form, folder):
    book = Book()
    with served(book) as (client, _):
        book.put(1, status="running", completed_at=None, output_manifest=None)
        book.put(2, status="running", completed_at=None, output_manifest=None)
        early = client.get_run(DEP, "run_1")
        forms = {"run": early, "row": early.to_frame().iloc[0], "frame": early.to_frame()}
        with_files(book, 1, ["report.md"], status="succeeded", updated_at=at(0))
        saved = client.save_outputs(forms[form], folder)
        assert saved["name"].tolist() == ["report.md"]
        assert saved["error"].isna().all()
        assert len(client.save_outputs(client.get_run(DEP, "run_2"), folder)) == 0
