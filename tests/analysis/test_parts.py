"""Statistics of runs that come part by part are those of one frame: by an iterator, a folder, a cluster.

With AGENTRUN_NB_PROFILE=torture 1,000 random datasets are counted in all these ways.
"""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import agentrun_nb as arn
from agentrun_nb.analysis.concurrency import ATTRS as LEFT_OUT
from agentrun_nb.analysis.concurrency import LOWER_BOUND
from agentrun_nb.errors import AgentRunError, DataError, SchemaError
from agentrun_nb.files import dataset, many_runs
from agentrun_nb.files import parts as parts_of_files
from agentrun_nb.local.generator import generate
from agentrun_nb.tables.frames import runs_frame
from tests.support.analysis import TORTURE, frame, run
from tests.support.many_runs import TABLES, runs_in_parts, together

QUESTIONS: dict[str, dict[str, Any]] = {
    "of all": {},
    "by version": {"by": "version_id"},
    "by two": {"by": ["status", "deployment_id"]},
    "by a further column": {"by": "team"},
    "by mode, with names": {"by": ["mode", "version_id"], "names": {"v1": "one", "v2": "one", "v3": "v1"}},
    "by period": {"freq": "7D", "by": "deployment_id"},
    "within": {"within": "10s", "by": "version_id"},
    "before start": {"phase": "before_start", "by": "version_id"},
    "after start": {"phase": "after_start", "within": 3},
    "a phase of looks": {"phase": "running", "by": "deployment_id"},
}  # fmt: skip


datasets = settings(max_examples=125 if TORTURE else 12)
"""Of each of the functions here."""


def outcome(compute: Callable[[], Any]) -> Any:
    """What a call gives: its value, or the sentence of its error."""
    try:
        return compute()
    except AgentRunError as error:
        return f"{type(error).__name__}: {error}"


def assert_same(found: Any, expected: Any) -> None:
    if isinstance(expected, str):
        assert found == expected
        return
    pd.testing.assert_frame_equal(found, expected, check_exact=False, rtol=1e-9, atol=1e-9)
    counts = expected.columns[expected.dtypes == "Int64"]
    pd.testing.assert_frame_equal(found[counts], expected[counts])
    assert found.attrs == expected.attrs


def assert_parts_are_one_frame(
    compute: Callable[[Any], Any], parts: list[pd.DataFrame], at_once: int = 3, many: int = 40
) -> None:
    """A statistic of parts, one after another, in a folder or on a cluster, is that of the whole table.

    Args:
        compute: the statistic.
        parts: of the runs.
        at_once: how many counts are combined at once.
        many: from how many rows on equal ones are counted together.
    """
    whole = together(parts)
    expected = outcome(lambda: compute(whole))
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(many_runs, "_AT_ONCE", at_once)
        patch.setattr("agentrun_nb.analysis.tallies._MANY", many)
        # Of the small parts here some stay apart, as those of a large folder do.
        patch.setattr("agentrun_nb.analysis.tallies._PIECE", 2)
        assert_same(outcome(lambda: compute(iter(parts))), expected)
        # Each part costs as much as hundreds of rows; with four of them counts are a tree.
        patch.setattr(dataset, "ROWS", max(9, len(whole) // 4))
        # The parts may have different columns, the files of a folder may not.
        path = arn.save(iter([whole]), Path(folder, "runs"))
        assert_same(outcome(lambda: compute(path)), expected)
        # A cluster of processes is in tests/test_dask.py.
        with dask.config.set(scheduler="synchronous"):
            assert_same(outcome(lambda: compute(arn.dask.read(path))), expected)


@datasets
@given(
    parts=TABLES,
    name=st.sampled_from([*QUESTIONS]),
    at_once=st.integers(2, 4),
    many=st.sampled_from([1, 40, 10**6]),
)
def test_a_summary_of_parts_is_that_of_one_frame(
    parts: list[pd.DataFrame], name: str, at_once: int, many: int
) -> None:
    question = QUESTIONS[name]
    assert_parts_are_one_frame(lambda runs: arn.summarize(runs, **question), parts, at_once, many)


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_question_has_one_answer(name: str) -> None:
    """Also where no example above happens upon it."""
    parts = [part for seed in (3, 5, 8) for part in runs_in_parts(seed)]
    assert sum(map(len, parts)) > 100
    question = QUESTIONS[name]
    assert_parts_are_one_frame(lambda runs: arn.summarize(runs, **question), parts)


@datasets
@given(parts=TABLES)
def test_concurrency_of_parts_is_that_of_one_frame(parts: list[pd.DataFrame]) -> None:
    assert_parts_are_one_frame(arn.concurrency, parts)


def test_what_concurrency_leaves_out_has_one_order() -> None:
    """The most frequent first, then by name, however the runs come."""
    odd = [
        *[run(number, "zombie") for number in range(2)],
        run(2, "asleep"),
        run(3, "asleep"),
        run(4, times=(0, 2, 1)),
        run(5, times=(0, 1, None)),
        *[run(number, times=(5, 2, 1)) for number in range(6, 8)],
        *[run(number, None) for number in range(8, 12)],
    ]
    runs = frame(odd)
    expected = [
        ("no status", 4),
        ("times out of order", 3),
        ("unknown status: asleep", 2),
        ("unknown status: zombie", 2),
        ("no creation or end recorded", 1),
    ]
    for many in (
        runs,
        runs[::-1],
        iter([runs[:2], runs[2:9], runs[9:]]),
        iter([runs[3:], runs[:3]]),
    ):
        assert [*arn.concurrency(many).attrs[LEFT_OUT].items()] == expected


FAILURES: dict[str, dict[str, Any]] = {
    "of all": {},
    "by version, with names": {"by": "version_id", "names": {"v1": "one", "v2": "one", "v3": "v1"}},
    "with names": {"names": {"v1": "one", "v2": "one"}},
    "by deployment and status": {"by": ["deployment_id", "status"]},
    "by a further column": {"by": "team"},
}


@datasets
@given(parts=TABLES, name=st.sampled_from([*FAILURES]))
def test_failures_of_parts_are_those_of_one_frame(parts: list[pd.DataFrame], name: str) -> None:
    assert_parts_are_one_frame(lambda runs: arn.failures(runs, **FAILURES[name]), parts)


COMPARISONS: dict[str, dict[str, Any]] = {
    "of versions": {"b": "v2"},
    "of several": {"b": ["v2", "v3"]},
    "of a number": {"b": "v2", "values": "output_manifest.score"},
    "of a phase": {"b": "v3", "phase": "before_start"},
}


@datasets
@given(parts=TABLES, name=st.sampled_from([*COMPARISONS]))
def test_a_comparison_of_parts_is_that_of_one_frame(parts: list[pd.DataFrame], name: str) -> None:
    assert_parts_are_one_frame(lambda runs: arn.compare(runs, "v1", **COMPARISONS[name]), parts)


def _longest(values: list[Any]) -> int:
    return max(len(str(value)) for value in values)


COLUMNS: dict[str, dict[str, Any]] = {
    "a number": {"score": "output_manifest.score"},
    "a document of each": {"score": "output_manifest.score", "case": "input.case", "all": "input"},
    "a dtype": {"n": arn.Col("output_manifest.score", "Int64", default=0)},
    "a list": {"a": "output_manifest.a[*]", "c": "output_manifest.a[*].c"},
    "an aggregate": {"n": arn.Col("output_manifest.a[*]", agg="count")},
    "a function": {"n": arn.Col("output_manifest.outputs[*].name", agg=_longest)},
    "a typo": {"score": "output_manifest.scores"},
    "nowhere": {"x": "input.x", "y": "extra.y"},
}


@datasets
@given(parts=TABLES, name=st.sampled_from([*COLUMNS]))
def test_columns_of_parts_are_those_of_one_frame(parts: list[pd.DataFrame], name: str) -> None:
    assert_parts_are_one_frame(lambda runs: arn.extract(runs, **COLUMNS[name]), parts)


@pytest.mark.parametrize("name", COLUMNS)
def test_each_column_is_that_of_one_frame(name: str) -> None:
    parts = [part for seed in range(9) for part in runs_in_parts(seed)]
    assert_parts_are_one_frame(lambda runs: arn.extract(runs, **COLUMNS[name]), parts)


@datasets
@given(parts=TABLES)
def test_outputs_of_parts_are_those_of_one_frame(parts: list[pd.DataFrame]) -> None:
    assert_parts_are_one_frame(arn.outputs, parts)


@datasets
@given(parts=TABLES, column=st.sampled_from(["output_manifest", "input", "extra", "id", "team"]))
def test_paths_of_parts_are_those_of_one_frame(parts: list[pd.DataFrame], column: str) -> None:
    assert_parts_are_one_frame(lambda runs: arn.json_paths(runs, column), parts)


def test_columns_stand_under_the_index_of_one_frame_and_a_fresh_one_of_several() -> None:
    runs = frame([run(number, input={"case": number}) for number in range(3)])
    runs = runs.set_axis(["x", "y", "z"])
    columns = {"case": "input.case"}
    assert list(arn.extract(iter([runs]), **columns).index) == ["x", "y", "z"]
    assert list(arn.extract(iter([runs, runs[:1]]), **columns).index) == [0, 1, 2, 3]


@datasets
@given(parts=TABLES, shuffle=st.randoms())
def test_the_order_of_the_parts_changes_no_number(parts: list[pd.DataFrame], shuffle: Any) -> None:
    expected = arn.summarize(together(parts), by="version_id")
    shuffle.shuffle(parts)
    found = arn.summarize(iter(parts), by="version_id")
    # The first run of a group says its version number, and the first of several words stands first.
    of_first = ["notes", "version_number"]
    assert_same(
        found.drop(columns=of_first, errors="ignore"),
        expected.drop(columns=of_first, errors="ignore"),
    )


@pytest.mark.posix
def test_the_left_edge_is_that_of_the_whole_listing(tmp_path: Path) -> None:
    """The last of the frames of a listing says since when runs were listed."""
    with arn.local.serve() as service:
        service.load(generate(500, seed=2))
        whole = service.client.list_runs(since="2026-05-05", progress=False)
        listed = [*service.client.iter_runs(since="2026-05-05", chunk=90, progress=False)]
    assert len(listed) > 1
    expected = arn.concurrency(whole)
    assert expected.attrs[LOWER_BOUND]
    assert_same(arn.concurrency(iter(listed)), expected)
    assert_same(arn.concurrency(arn.save(iter(listed), tmp_path / "runs")), expected)


def test_records_between_frames_are_runs_too() -> None:
    runs = frame([run(number) for number in range(30)])
    mixed = iter(
        [runs[:10], *(arn.Run.of_row(row) for _, row in runs[10:20].iterrows()), runs[20:]]
    )
    assert_same(arn.summarize(mixed), arn.summarize(runs))


def test_nothing_at_all_is_no_run() -> None:
    assert_same(arn.summarize(iter([])), arn.summarize([]))
    assert_same(arn.summarize(iter([]), by="status"), arn.summarize([], by="status"))


READERS: dict[str, Callable[[Any, Path], Any]] = {
    "summarize": lambda runs, _: arn.summarize(runs),
    "concurrency": lambda runs, _: arn.concurrency(runs),
    "extract": lambda runs, _: arn.extract(runs, "input.topic"),
    "health": lambda runs, _: arn.health(runs),
    "runs_frame": lambda runs, _: arn.runs_frame(runs),
    "explore": lambda runs, _: arn.explore(runs),
    "save to a folder": lambda runs, folder: arn.save(runs, folder / "runs"),
    "save to a file": lambda runs, folder: arn.save(runs, folder / "runs.parquet"),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_generator_that_was_read_is_refused_and_not_taken_for_no_runs(
    reader: str, tmp_path: Path
) -> None:
    runs = (part for part in [frame([run(0)])])
    assert len(arn.runs_frame(runs)) == 1
    with pytest.raises(SchemaError, match="read to its end already"):
        READERS[reader](runs, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("given", [list, iter], ids=["list", "iterator"])
def test_groups_that_have_no_order_are_refused_by_name(given: Any) -> None:
    record = {"id": "a", "deployment_id": "d", "created_at": "2026-01-01T00:00:00Z"}
    aware = arn.runs_frame([record])
    aware["day"] = aware["created_at"]
    naive = aware.assign(day=aware["created_at"].dt.tz_localize(None), id="b")
    with pytest.raises(SchemaError, match="'day' cannot be put in order"):
        arn.summarize(given([aware, naive]), by="day")


@pytest.mark.parametrize("count", [arn.summarize, arn.failures, arn.concurrency])
@pytest.mark.parametrize("text", ['{"id": "' + "x" * 5_000 + '"}', "no\0path", "x" * 300])
def test_a_text_is_no_folder_whatever_it_says(count: Any, text: str) -> None:
    with pytest.raises(SchemaError, match="holds no runs"):
        count(text)


def test_no_more_than_some_parts_are_in_memory() -> None:
    """A part is gone before the next but one comes."""
    alive: list[int] = []
    most = 0

    def frames() -> Iterator[pd.DataFrame]:
        nonlocal most
        for place in range(40):
            part = runs_frame(list(generate(20, seed=place)))
            alive.append(place)
            weakref.finalize(part, alive.remove, place)
            most = max(most, len(alive))
            yield part
            del part

    assert arn.summarize(frames())["n"].tolist() == [800]
    assert most <= 3


def test_of_a_folder_only_what_is_needed_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The documents are most of a dataset."""
    read: set[str] = set()
    real = parts_of_files.read_part

    def noting(folder: Path, part: Any, columns: list[str]) -> pd.DataFrame:
        read.update(columns)
        return real(folder, part, columns)

    monkeypatch.setattr(parts_of_files, "read_part", noting)
    runs = frame([run(number, input={"case": number}) for number in range(30)])
    folder = arn.save(iter([runs]), tmp_path / "runs")
    assert_same(arn.summarize(folder, by="version_id"), arn.summarize(runs, by="version_id"))
    assert {"input", "output_manifest", "extra", "failure_reason"}.isdisjoint(read)
    assert_same(arn.summarize(str(folder), by="exit_code"), arn.summarize(runs, by="exit_code"))
    assert "exit_code" in read
    for call, document in (
        (lambda given: arn.extract(given, "input.case"), "input"),
        (arn.json_paths, "output_manifest"),
        (arn.outputs, "output_manifest"),
    ):
        read.clear()
        assert_same(call(folder), call(runs))
        assert read == {"id", "deployment_id", document}


def test_a_folder_that_is_spoilt_or_holds_no_runs_is_refused(tmp_path: Path) -> None:
    runs = frame([run(number) for number in range(30)])
    folder = arn.save(iter([runs]), tmp_path / "team=x" / "runs")
    assert "team" not in arn.summarize(folder).columns
    with pytest.raises(SchemaError, match="version_id"):
        arn.summarize(folder, by="versionid")
    [part] = folder.glob("part-*")
    body = part.read_bytes()
    part.write_bytes(body[:-10])
    with pytest.raises(DataError, match="not as it was written"):
        arn.summarize(folder)
    part.write_bytes(b"x" * len(body))
    with pytest.raises(DataError, match="not as it was written"):
        arn.summarize(folder)
    part.unlink()
    with pytest.raises(DataError, match="is not there"):
        arn.summarize(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SchemaError, match="holds no dataset"):
        arn.summarize(tmp_path / "empty")
    logs = arn.save(iter([arn.summarize(runs)]), tmp_path / "summaries")
    with pytest.raises(SchemaError, match="not runs"):
        arn.summarize(logs)
