"""A folder of part files: what was saved comes back, whole or as it was before."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pandas as pd
import pyarrow.parquet
import pytest

import agentrun_nb as arn
from agentrun_nb.errors import DataError, SchemaError
from agentrun_nb.files import dataset
from agentrun_nb.files import parts as parts_of_files
from agentrun_nb.tables import report
from agentrun_nb.tables.report import FetchReport
from tests.support.strategies import GOLDEN


def frame_of(count: int, start: int = 0, **fields: object) -> pd.DataFrame:
    records = [GOLDEN | {"id": f"run_{start + number}"} | fields for number in range(count)]
    return arn.runs_frame(records) if records else arn.runs_frame([])


def chunks(*sizes: int) -> list[pd.DataFrame]:
    """Frames as iter_runs gives them: the last one speaks for all."""
    frames, start = [], 0
    for place, size in enumerate(sizes):
        frame = frame_of(size, start, status=["failed", "waiting"][place % 2])
        reason = None if place == len(sizes) - 1 else "chunk"
        made = FetchReport(got=size, complete=reason is None, truncated_by=reason, pages=7)
        report.attach(frame, made)
        frames.append(frame)
        start += size
    return frames


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(dataset, "ROWS", 10)


def parts(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith((".", "_")))


@pytest.mark.parametrize("sizes", [(0,), (1,), (9,), (10,), (11,), (4, 4, 4), (25,), (30, 1, 9)])
def test_what_was_saved_comes_back(tmp_path, small_parts, sizes):
    frames = chunks(*sizes)
    folder = tmp_path / "runs"
    assert arn.save(iter(frames), folder) == folder
    rows = sum(sizes)
    assert len(parts(folder)) == max(1, -(-rows // 10))
    loaded = arn.load(folder)
    pd.testing.assert_frame_equal(loaded, arn.runs_frame([frame.copy() for frame in frames]))
    found = arn.fetch_report(loaded)
    assert (found.complete, found.got, found.rows, found.pages) == (True, rows, rows, 7)
    assert found.truncated_by is None


def test_one_frame_and_its_file_are_equal(tmp_path):
    (frame,) = chunks(7)
    arn.save([frame], tmp_path / "folder")
    arn.save(frame, tmp_path / "file.parquet")
    folder, file = arn.load(tmp_path / "folder"), arn.load(tmp_path / "file.parquet")
    pd.testing.assert_frame_equal(folder, file)
    assert folder.attrs == file.attrs == frame.attrs


@pytest.mark.posix
def test_frames_of_the_client_and_of_an_archive_are_the_dataset(tmp_path):
    with arn.local.serve() as service:
        service.load(arn.local.generate(900, seed=2))
        client = service.client
        archive = arn.Archive(tmp_path / "runs.sqlite")
        archive.sync(client)
        whole = client.list_runs(progress=False)
        arn.save(client.iter_runs(chunk=200, progress=False), tmp_path / "of the client")
    archive.export(tmp_path / "of the archive")
    expected = whole.sort_values(["deployment_id", "id"], ignore_index=True)
    for name in ("of the client", "of the archive"):
        loaded = arn.load(tmp_path / name)
        assert arn.fetch_report(loaded).complete is True
        assert arn.fetch_report(loaded).got == 900
        assert arn.fetch_report(loaded).deployments == arn.fetch_report(whole).deployments
        ordered = loaded.sort_values(["deployment_id", "id"], ignore_index=True)
        pd.testing.assert_frame_equal(
            ordered.drop(columns="fetched_at"), expected.drop(columns="fetched_at")
        )
    ours, theirs = arn.load(tmp_path / "of the archive"), archive.list_runs()
    pd.testing.assert_frame_equal(ours, theirs)
    assert arn.fetch_report(ours).oddities == arn.fetch_report(theirs).oddities


def test_further_columns_and_other_tables_come_back(tmp_path, small_parts):
    frames = [
        frame.assign(score=[1.5] * len(frame), took=pd.Timedelta("3s")) for frame in chunks(7, 8)
    ]
    loaded = arn.load(arn.save(frames, tmp_path / "runs"))
    assert loaded["score"].tolist() == [1.5] * 15
    assert (loaded["took"] == pd.Timedelta("3s")).all()
    tables = [arn.outputs(frame) for frame in chunks(3, 3)]
    loaded = arn.load(arn.save(tables, tmp_path / "outputs"))
    pd.testing.assert_frame_equal(loaded, pd.concat(tables, ignore_index=True))


def test_single_columns_are_read(tmp_path):
    folder = arn.save(chunks(7, 8), tmp_path / "runs")
    loaded = arn.load(folder, columns=["status", "id"])
    whole = arn.load(folder)
    pd.testing.assert_frame_equal(loaded, whole[["status", "id"]])
    pd.testing.assert_frame_equal(arn.load(folder, "status"), whole[["status"]])
    pd.testing.assert_frame_equal(
        arn.load(arn.save(whole, tmp_path / "runs.parquet"), columns=["id"]), whole[["id"]]
    )
    keys = arn.load(folder, columns=["deployment_id", "id"])
    assert arn.fetch_report(keys).complete is True
    with pytest.raises(SchemaError, match="status"):
        arn.load(folder, columns=["stat"])


def test_other_programs_read_it_as_one_table(tmp_path, small_parts):
    """Arrow here; some others refuse a folder with files of another kind."""
    folder = arn.save(chunks(7, 8, 20), tmp_path / "runs")
    assert {entry.suffix for entry in folder.iterdir()} == {".parquet"}
    found = pyarrow.parquet.read_table(folder)
    assert found.num_rows == 35
    assert {str(found.schema.field(name).type) for name in ("status", "id")} <= {
        "string",
        "large_string",
    }


def test_a_dataset_is_replaced_at_the_end(tmp_path, small_parts):
    folder = arn.save(chunks(25), tmp_path / "runs")
    before = parts(folder)

    def broken():
        yield from chunks(30)
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        arn.save(broken(), folder)
    assert parts(folder) == before
    assert len(arn.load(folder)) == 25
    arn.save(chunks(12), folder)
    assert len(parts(folder)) == 2
    assert len(arn.load(folder)) == 12
    assert not [entry for entry in folder.iterdir() if entry.name.startswith(".")]


KILLED = """
import sys
import agentrun_nb as arn
from agentrun_nb.files import dataset
from tests.files.test_dataset import chunks

dataset.ROWS = 10
def slowly():
    for frame in chunks(*[10] * 30):
        yield frame
        if frame["id"].iloc[-1] == "run_199":
            print("half", flush=True)
            sys.stdin.readline()

arn.save(slowly(), sys.argv[1])
"""


def test_a_killed_saver_goes_on_with_the_parts_that_are_there(tmp_path):
    folder = tmp_path / "runs"
    saver = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert saver.stdout is not None
    assert saver.stdout.readline() == "half\n"
    saver.kill()
    saver.communicate()
    with pytest.raises(SchemaError, match="save it again"):
        arn.load(folder)
    staged = {entry.name: entry.stat().st_mtime_ns for entry in folder.glob(".part-*")}
    assert len(staged) >= 19
    time.sleep(0.02)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder)], input="\n", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    final = {f".{entry.name}.tmp": entry.stat().st_mtime_ns for entry in folder.glob("part-*")}
    assert len(final) == 30
    assert staged.items() <= final.items()
    assert len(arn.load(folder)) == 300


def test_a_changed_part_is_refused(tmp_path, small_parts):
    folder = arn.save(chunks(25), tmp_path / "runs")
    part = folder / parts(folder)[1]
    body = bytearray(part.read_bytes())
    body[len(body) // 2] ^= 1
    part.write_bytes(body)
    with pytest.raises(DataError, match=part.name):
        arn.load(folder)
    part.unlink()
    with pytest.raises(DataError, match=part.name):
        arn.load(folder)


# --- bits that flip ------------------------------------------------------------------------------

READERS = {
    "load": arn.load,
    "load of columns": lambda folder: arn.load(folder, columns=["status", "created_at"]),
    "load of further columns": lambda folder: arn.load(folder, columns=["score"]),
    "summarize": arn.summarize,
    "concurrency": arn.concurrency,
    "failures": arn.failures,
    "dask": lambda folder: arn.dask.read(folder).compute(scheduler="synchronous"),
    "columns of dask": lambda folder: (
        arn.dask.read(folder)["status"].compute(scheduler="synchronous").to_frame()
    ),
}
"""What reads a dataset."""


def flipped(path: Path, places: range):
    """Yields at each place once, while one bit of the file is another."""
    body = bytearray(path.read_bytes())
    for number, place in enumerate(places):
        bit = 1 << number % 8
        body[place] ^= bit
        path.write_bytes(body)
        yield place
        body[place] ^= bit
    path.write_bytes(body)


@pytest.fixture(scope="module")
def generated(tmp_path_factory) -> Path:
    runs = arn.runs_frame(list(arn.local.generate(60)))
    return arn.save([runs.assign(score=1.5)], tmp_path_factory.mktemp("generated") / "runs")


@pytest.mark.parametrize("name", READERS)
def test_a_bit_that_flips_changes_nothing_that_is_read_or_is_refused(generated, name):
    read = READERS[name]
    expected = read(generated)
    refused = 0
    for path in (generated / parts(generated)[0], generated / dataset.MANIFEST):
        size = path.stat().st_size
        for place in flipped(path, range(size % 97, size, size // 60)):
            try:
                found = read(generated)
            except (DataError, SchemaError):
                refused += 1
            else:
                pd.testing.assert_frame_equal(found, expected)
                assert found.attrs == expected.attrs, place
    assert refused > 20
    pd.testing.assert_frame_equal(read(generated), expected)


def test_a_bit_that_flips_in_a_value_of_a_single_file_is_refused(tmp_path):
    """What says where values lie, at the end of the file, has no checksum there."""
    runs = arn.runs_frame(list(arn.local.generate(60)))
    path = arn.save(runs, tmp_path / "runs.parquet")
    body = path.read_bytes()
    footer = int.from_bytes(body[-8:-4], "little")
    refused = 0
    for _ in flipped(path, range(4, len(body) - 8 - footer, 97)):
        try:
            pd.testing.assert_frame_equal(arn.load(path), runs)
        except (DataError, SchemaError):
            refused += 1
    assert refused > 20


def as_before(folder: Path) -> None:
    """Writes a dataset as earlier versions did: without checksums of pages and of its manifest."""
    path = folder / dataset.MANIFEST
    manifest = dataset.read_manifest(folder)
    for part in manifest.parts:
        cells = pyarrow.parquet.read_table(folder / part.file)
        pyarrow.parquet.write_table(cells, folder / part.file, compression="zstd")
        body = (folder / part.file).read_bytes()
        part.bytes, part.sha256 = len(body), hashlib.sha256(body).hexdigest()
    plain = msgspec.to_builtins(manifest)
    for part in plain["parts"]:
        del part["footer"]
    schema = pyarrow.parquet.read_schema(path)
    metadata = {dataset._KEY: json.dumps(plain)}
    pyarrow.parquet.write_table(schema.with_metadata(metadata).empty_table(), path)


@pytest.mark.parametrize("name", READERS)
def test_a_dataset_of_an_earlier_version_is_read_and_checked(tmp_path, name):
    read = READERS[name]
    runs = arn.runs_frame(list(arn.local.generate(60))).assign(score=1.5)
    folder = arn.save([runs], tmp_path / "runs")
    expected = read(folder)
    as_before(folder)
    pd.testing.assert_frame_equal(read(folder), expected)
    path = folder / parts(folder)[0]
    size = path.stat().st_size
    for _ in flipped(path, range(5, size, size // 20)):
        with pytest.raises(DataError, match="not as it was written"):
            read(folder)


@pytest.mark.parametrize("name", READERS)
def test_a_folder_is_opened_once(tmp_path, monkeypatch, name):
    """Whoever opens it twice may read of two datasets, where it is replaced meanwhile."""
    frames = [frame.assign(score=1.5) for frame in chunks(30)]
    folder = arn.save(frames, tmp_path / "runs")
    opened = []
    real = dataset.read_manifest

    def noting(folder):
        opened.append(folder)
        return real(folder)

    monkeypatch.setattr(dataset, "read_manifest", noting)
    monkeypatch.setattr(parts_of_files, "read_manifest", noting)
    READERS[name](folder)
    assert len(opened) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"parts": [{"file": "../../etc/passwd", "rows": 1, "bytes": 1, "sha256": ""}]},
        {"parts": []},
        {"parts": "x"},
        {"version": 99},
        {"version": "x"},
    ],
    ids=str,
)
def test_a_manifest_of_somebody_else_is_refused(tmp_path, change):
    folder = arn.save(chunks(5), tmp_path / "runs")
    path = folder / dataset.MANIFEST
    schema = pyarrow.parquet.read_schema(path)
    (key,) = [key for key in schema.metadata if key.endswith(b"manifest")]
    manifest = json.loads(schema.metadata[key])
    text = json.dumps(manifest | change)
    table = schema.with_metadata({key: text}).empty_table()
    pyarrow.parquet.write_table(table, path)
    with pytest.raises(SchemaError) as caught:
        arn.load(folder)
    assert caught.value.hint
    path.write_bytes(b"PAR1")
    with pytest.raises(SchemaError):
        arn.load(folder)


def test_a_folder_of_other_files_is_not_touched(tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    (folder / "mine.parquet").write_bytes(b"mine")
    with pytest.raises(DataError, match=r"mine\.parquet"):
        arn.save(chunks(5), folder)
    with pytest.raises(SchemaError, match="no dataset"):
        arn.load(folder)
    assert [entry.name for entry in folder.iterdir()] == ["mine.parquet"]


def test_what_is_no_table_is_refused(tmp_path):
    for odd in (iter([]), iter([3]), [arn.outputs(frame_of(1)), frame_of(1)]):
        with pytest.raises(SchemaError):
            arn.save(odd, tmp_path / "runs")
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(DataError, match="cannot be written"):
        arn.save(chunks(1), file)
    assert not list((tmp_path / "runs").iterdir())
