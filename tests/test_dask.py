"""Runs of a folder on a real cluster: the numbers of one frame, whatever happens to the workers."""

from __future__ import annotations

import os
import pickle
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb.core.schema import RUNS
from agentrun_nb.errors import DataError, PathNotFound, SchemaError
from agentrun_nb.files import dataset
from tests.support.analysis import TORTURE
from tests.support.many_runs import runs_in_parts

cloudpickle = pytest.importorskip("cloudpickle")
distributed = pytest.importorskip("distributed")
pytest.importorskip("dask.dataframe")

pytestmark = [
    # What other packages will change some day, and workers that are killed on purpose.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:distributed"),
    pytest.mark.filterwarnings("ignore::FutureWarning:distributed"),
    pytest.mark.filterwarnings("ignore:.*:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

OPTIONS = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}

SECRET = "agr_this-key-is-in-no-graph"

QUESTIONS: dict[str, Callable[[Any], pd.DataFrame]] = {
    "summary": arn.summarize,
    "summary by version": lambda runs: arn.summarize(runs, by="version_id", within="10s"),
    "summary by period": lambda runs: arn.summarize(runs, by="deployment_id", freq="7D"),
    "summary of a phase of looks": lambda runs: arn.summarize(runs, phase="running"),
    "failures": arn.failures,
    "failures by version": lambda runs: arn.failures(runs, by="version_id", names={"v1": "one"}),
    "concurrency": arn.concurrency,
    "extract": lambda runs: arn.extract(
        runs,
        score="output_manifest.score",
        case=arn.Col("input.case", "Int64"),
        n=arn.Col("output_manifest.outputs[*]", agg=lambda values: len(values)),
    ),
    "outputs": arn.outputs,
    "json_paths": arn.json_paths,
    "json_paths of the input": lambda runs: arn.json_paths(runs, "input"),
}


ONE_FRAME = {
    "brief": arn.brief,
    "spans": arn.spans,
    "health": arn.health,
    "trend": lambda runs: arn.figures.trend(runs, freq="1D"),
    "explore": arn.explore,
}


@pytest.mark.parametrize("name", ONE_FRAME)
def test_what_takes_one_frame_says_so_of_runs_in_partitions(folder: Path, name: str) -> None:
    frame = arn.dask.read(folder)
    with pytest.raises(SchemaError, match="in partitions") as found:
        ONE_FRAME[name](frame)
    assert "compute()" in str(found.value)


@pytest.mark.parametrize("count", [arn.summarize, arn.failures, arn.concurrency])
def test_a_column_of_dask_is_no_table(folder: Path, count: Any) -> None:
    with pytest.raises(SchemaError, match="in partitions"):
        count(arn.dask.read(folder)["status"])


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with distributed.LocalCluster(**OPTIONS) as made, distributed.Client(made) as client:
        yield client


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs in 20 parts, odd ones among them."""
    parts = [part[RUNS.names] for seed in range(12) for part in runs_in_parts(seed)]
    size = sum(map(len, parts)) // 20 + 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset, "ROWS", size)
        return arn.save(iter(parts), tmp_path_factory.mktemp("cluster") / "runs")


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found, expected, check_exact=False, rtol=1e-9, atol=1e-9)
    counts = expected.columns[expected.dtypes == "Int64"]
    pd.testing.assert_frame_equal(found[counts], expected[counts])
    assert found.attrs == expected.attrs


def test_a_folder_is_a_frame_of_the_runs_table(folder: Path) -> None:
    runs = arn.dask.read(folder)
    whole = arn.load(folder)
    assert runs.npartitions == 20
    assert list(runs.columns) == list(whole.columns)
    computed = runs.compute(scheduler="synchronous")
    pd.testing.assert_frame_equal(arn.runs_frame(computed), whole, check_index_type=False)
    plain = [column.name for column in RUNS.columns if column.kind != "category"]
    assert runs.dtypes[plain].equals(whole.dtypes[plain])
    assert computed.dtypes[plain].equals(whole.dtypes[plain])
    assert (
        runs.loc[5:9].compute(scheduler="synchronous")["id"].tolist() == whole["id"][5:10].tolist()
    )


def test_an_empty_folder_is_an_empty_frame(tmp_path: Path) -> None:
    folder = arn.save(iter([arn.runs_frame([])]), tmp_path / "runs")
    assert arn.summarize(arn.dask.read(str(folder)))["n"].tolist() == [0]


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_cluster_gives_the_numbers_of_one_frame(cluster: Any, folder: Path, name: str) -> None:
    ask = QUESTIONS[name]
    assert_same(ask(arn.dask.read(folder)), ask(arn.load(folder)))


def test_a_path_that_is_nowhere_on_a_cluster_is_said_as_of_one_frame(
    cluster: Any, folder: Path
) -> None:
    sentences = []
    for runs in (arn.dask.read(folder), arn.load(folder)):
        with pytest.raises(PathNotFound, match="Near it") as found:
            arn.extract(runs, "output_manifest.scores")
        sentences.append(str(found.value))
    assert sentences[0] == sentences[1]


def test_columns_of_a_cluster_stand_under_the_index_of_its_runs(folder: Path) -> None:
    runs = arn.dask.read(folder)
    chosen = runs[runs["deployment_id"] == "dep-1"]
    columns = arn.extract(chosen, "output_manifest.score")
    assert columns.index.equals(chosen.compute().index)
    whole = arn.load(folder)
    assert_same(
        columns, arn.extract(whole[whole["deployment_id"] == "dep-1"], "output_manifest.score")
    )


def test_a_frame_may_be_filtered_before(cluster: Any, folder: Path) -> None:
    runs, whole = arn.dask.read(folder), arn.load(folder)
    chosen = runs[runs["deployment_id"] == "dep-1"].assign(team="a")
    expected = whole[whole["deployment_id"] == "dep-1"].assign(team="a")
    assert_same(arn.summarize(chosen, by="team"), arn.summarize(expected, by="team"))


def test_of_a_cluster_only_the_columns_that_are_needed_are_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dask

    read: set[str] = set()
    real = arn.dask.read_part

    def noting(folder: Path, part: Any, columns: list[str]) -> pd.DataFrame:
        read.update(columns)
        return real(folder, part, columns)

    monkeypatch.setattr(arn.dask, "read_part", noting)
    with dask.config.set(scheduler="synchronous"):
        arn.summarize(arn.dask.read(folder), by="version_id")
        assert "status" in read
        assert {"input", "output_manifest", "extra", "failure_reason"}.isdisjoint(read)
        for call, document in (
            (lambda runs: arn.extract(runs, "input.case"), "input"),
            (arn.json_paths, "output_manifest"),
            (arn.outputs, "output_manifest"),
        ):
            read.clear()
            call(arn.dask.read(folder))
            assert read == {"id", "deployment_id", document}


def slowly(partition: pd.DataFrame, log: str) -> pd.DataFrame:
    """A partition, after a while and a line in a file."""
    with Path(log).open("a") as lines:
        lines.write(f"{os.getpid()}\n")
    time.sleep(0.3)
    return partition


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_worker_that_is_killed_loses_and_doubles_nothing(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    with distributed.LocalCluster(**OPTIONS) as made, distributed.Client(made):
        runs = arn.dask.read(folder).map_partitions(
            slowly, str(log), meta=arn.dask.read(folder)._meta
        )
        with ThreadPoolExecutor(1) as pool:
            summary = pool.submit(arn.summarize, runs, by="version_id")
            wait_for(lambda: len(log.read_text().splitlines()) >= 6)
            killed = int(log.read_text().splitlines()[0])
            os.kill(killed, signal.SIGKILL)
            assert not summary.done()
            found = summary.result(timeout=120)
    read = log.read_text().splitlines()
    assert str(killed) not in read[-4:]
    assert len(read) > 20  # what the killed worker had counted was counted again
    assert_same(found, arn.summarize(arn.load(folder), by="version_id"))


def test_a_part_that_is_spoilt_is_named(cluster: Any, tmp_path: Path) -> None:
    folder = arn.save(iter([arn.runs_frame(list(arn.local.generate(30)))]), tmp_path / "runs")
    runs = arn.dask.read(folder)
    [part] = folder.glob("part-*")
    part.write_bytes(part.read_bytes()[:-1])
    with pytest.raises(DataError, match="not as it was written") as caught:
        arn.summarize(runs)
    assert caught.value.hint
    with pytest.raises(SchemaError, match="versionid"):
        arn.summarize(runs, by="versionid")
    with pytest.raises(SchemaError, match="holds no dataset"):
        arn.dask.read(tmp_path)


def test_no_key_is_in_the_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with arn.local.serve() as service:
        service.load(arn.local.generate(300, seed=2))
        monkeypatch.setenv("AGENTRUN_API_KEY", SECRET)
        keys = (SECRET.encode(), service.api_key.encode())
        with arn.Client(
            base_url=service.base_url, api_key=service.api_key, allow_http=True
        ) as client:
            folder = arn.save(client.iter_runs(chunk=100, progress=False), tmp_path / "runs")
    runs = arn.dask.read(folder)
    texts = [
        cloudpickle.dumps(runs),
        cloudpickle.dumps(dict(runs.__dask_graph__())),
        repr(runs).encode(),
    ]
    assert not any(key in text for key in keys for text in texts)
    assert len(pickle.loads(texts[0])) == 300


@pytest.mark.timeout(1_800)
def test_a_folder_of_three_times_the_memory_is_counted(tmp_path: Path) -> None:
    """By the torture profile; else of a smaller one, for which there is memory."""
    count, limit = (40_000, 400 * 2**20) if TORTURE else (1_000, 0)
    text = "".join(map(chr, np.random.default_rng(1).integers(97, 123, 33_000)))

    def frames() -> Iterator[pd.DataFrame]:
        records = arn.local.generate(count, manifest_bytes=0)
        while some := list(islice(records, 500)):
            part = arn.runs_frame(some)
            yield part.assign(output_manifest='{"log": "' + text + part["id"] + '"}')

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset, "ROWS", 500)
        folder = arn.save(frames(), tmp_path / "runs")
    expected = arn.summarize(folder, by="version_id")
    assert expected["n"].sum() == count
    with (
        distributed.LocalCluster(**OPTIONS, memory_limit=limit) as made,
        distributed.Client(made),
    ):
        runs = arn.dask.read(folder)
        assert runs["output_manifest"].str.len().sum().compute() > 3 * limit
        assert_same(arn.summarize(runs, by="version_id"), expected)
