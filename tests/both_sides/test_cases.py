"""What is told and drawn without the page is what the page tells and draws; node reads the same cases.

A case of `pictures.json` is runs as `[status, created, started, completed]` in ms since the epoch,
when they were read, and a window of the axis in pixels. One of `numbers.json` is runs as `[status, created, started,
completed, until, mode, whether it was read]`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agentrun_nb.analysis.summarize import summarize
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import RUNS, SUCCESSES
from agentrun_nb.core.times import duration_text
from agentrun_nb.drawing.bands import bands_of, percent
from agentrun_nb.drawing.course import Phase, course, phase_segments
from agentrun_nb.drawing.layout import are_counted, column_edges, fitting_grouping, lanes
from agentrun_nb.drawing.spans import Kind, numbered, spans
from agentrun_nb.drawing.status_style import by_look
from agentrun_nb.tables.frames import runs_frame
from agentrun_nb.tables.labels import names_of_runs, short_id
from agentrun_nb.widget.column_values import column_values
from tests.support.samples import record

FOLDER = Path(__file__).parent
NAN = float("nan")


def cases(name: str) -> list[dict[str, Any]]:
    return json.loads(FOLDER.joinpath(f"{name}.json").read_text("utf-8"))


def instant(text: str | None) -> float:
    """Milliseconds since the epoch; NaN for nothing."""
    if text is None:
        return NAN
    return float(np.datetime64(text.removesuffix("Z"), "ms").astype("int64"))


@pytest.mark.parametrize("case", cases("durations"), ids=lambda case: str(case["ms"]))
def test_a_length_of_time_has_the_words_of_the_page(case):
    assert duration_text(NAN if case["ms"] is None else case["ms"]) == case["words"]


@pytest.mark.parametrize("case", cases("percents"), ids=lambda case: case["words"])
def test_a_share_has_the_words_of_the_page(case):
    assert percent(case["share"]) == case["words"]


def bands_of_case(case: dict[str, Any]) -> list[list[Any]]:
    """The bands of runs `[status, created, deployment, version]`: name, how many, how many failed, of how many."""
    records = [
        record(number, deployment_id=deployment, version_id=version, status=status)
        | {"created_at": None if created is None else moment_text(created)}
        for number, (status, created, deployment, version) in enumerate(case["runs"])
    ]
    runs = runs_frame(json.dumps(records).encode())
    placed = spans(runs, 0)
    known = placed.touching(None, None)
    bands = bands_of(runs, known, placed.begin, case["by"], case["names"])
    return [[band.name, band.size, band.failed, band.judged] for band in bands]


def moment_text(milliseconds: float) -> str:
    return str(np.datetime64(int(milliseconds), "ms")) + "Z"


@pytest.mark.parametrize(
    "case", cases("bands"), ids=lambda case: f"{case['by']}, {len(case['runs'])}"
)
def test_runs_are_in_the_bands_of_the_page(case):
    assert bands_of_case(case) == case["bands"]


@pytest.mark.parametrize("case", cases("names"), ids=str)
def test_a_run_is_called_as_on_the_page(case):
    runs = runs_frame(
        json.dumps(
            [record(0, deployment_id=case["deployment"], version_id=case["version"])]
        ).encode()
    )
    assert names_of_runs(runs, case["names"]) == [case["name"]]
    assert short_id(case["id"]) == case["short"]


@pytest.mark.parametrize("case", cases("courses"), ids=str)
def test_the_course_of_a_run_has_the_words_of_the_page(case):
    moments = (instant(case[name]) for name in ("created", "started", "completed"))
    stretches = course(*moments, case["live"], case["now"])
    assert [[stretch.kind, stretch.words] for stretch in stretches] == case["stretches"]


@pytest.mark.parametrize("case", cases("phases"), ids=str)
def test_the_phases_of_a_run_have_the_line_and_the_words_of_the_page(case):
    phases = [Phase.of(row) for row in case["phases"]]
    assert [list(segment) for segment in phase_segments(phases)] == case["segments"]
    assert [phase.words for phase in phases] == case["words"]


@pytest.mark.parametrize("case", cases("groupings"), ids=str)
def test_runs_are_grouped_as_on_the_page_where_nobody_has_chosen(case):
    found = fitting_grouping(case["count"], case["deployments"], case["versions"])
    assert found == case["by"]


@pytest.mark.parametrize("case", cases("counted"), ids=str)
def test_the_runs_of_a_picture_are_counted_where_the_page_counts_them(case):
    runs = [["succeeded", 0, 0, 2 if row < case["brief"] else 3] for row in range(case["count"])]
    placed = spans(frame_of(runs), 0)
    assert are_counted(placed, np.ones(case["count"], bool), 1.0) is case["counted"]


def frame_of(runs: list[list[Any]]) -> pd.DataFrame:
    """A RUNS table of statuses and moments."""
    table = runs_frame(json.dumps([record(number) for number in range(len(runs))]).encode())
    names = ("created_at", "started_at", "completed_at")
    for place, name in enumerate(names, 1):
        moments = np.array([run[place] for run in runs], "float64")
        micros = pd.Series(np.rint(moments * 1_000)).astype("Int64")
        whole = pd.to_datetime(micros, unit="us", utc=True)
        table[name] = whole.astype("datetime64[us, UTC]")
    table["status"] = pd.Categorical(
        [run[0] for run in runs], categories=list(RUNS["status"].known)
    )
    return table.assign(
        fetched_at=pd.Series(pd.NaT, index=table.index, dtype="datetime64[us, UTC]")
    )


def numbers_of(case: dict[str, Any]) -> dict[str, Any]:
    """What `arn.summarize` says of a case, with NaN as None and times in ms."""
    cases_of = case["runs"]
    runs = frame_of(cases_of)
    until = pd.Series([run[4] for run in cases_of], runs.index, "Int64")
    runs["fetched_at"] = pd.to_datetime(until, unit="ms", utc=True).astype("datetime64[us, UTC]")
    runs["mode"] = pd.Categorical([run[5] for run in cases_of], list(RUNS["mode"].known))
    errors = [None if run[6] else "not_found: There is no such run." for run in cases_of]
    runs["fetch_error"] = pd.Series(errors, runs.index, TEXT)
    [row] = summarize(runs).astype("object").to_dict("records")

    def number(value: Any, scale: float = 1) -> float | None:
        return None if pd.isna(value) else round(float(value) * scale, 12)

    success = [row[f"success_{name}"] for name in ("rate", "high", "low")]
    failed = row["failed"] + row["timed_out"]
    return {
        "n": row["n"],
        "failed": failed,
        "judged": row["succeeded"] + failed,
        "failure": [number(1 - share) if pd.notna(share) else None for share in success],
        "before": [number(row[f"before_start_p{share}"], 1_000) for share in (50, 90)],
        "after": [number(row[f"after_start_p{share}"], 1_000) for share in (50, 90)],
    }


@pytest.mark.parametrize("case", cases("numbers"), ids=lambda case: case["what"])
def test_the_numbers_of_the_page_are_those_of_summarize(case):
    assert numbers_of(case) == case["numbers"]


def picture_of(case: dict[str, Any]) -> dict[str, Any]:
    """What Python computes of a case."""
    runs = frame_of(case["runs"])
    placed = spans(runs, case["now"])
    start, end, unit = case["start"], case["end"], (case["end"] - case["start"]) / case["width"]
    inside = placed.touching(start, end)
    succeeded = runs["status"].isin(SUCCESSES).to_numpy(dtype=bool)
    lane_of = lanes(placed.only(inside), succeeded, unit, case["height"])
    edges = column_edges(start, end, unit)
    looks = by_look(runs)
    groups = np.where(inside, numbered(looks.values()), -1)
    tallies = placed.tally(groups, len(looks), edges).tolist()
    counts = {
        look.label: tally
        for (look, rows), tally in zip(looks.items(), tallies, strict=True)
        if (rows & inside).any()
    }
    places = np.transpose([placed.begin, placed.middle, placed.end])
    return {
        "spans": [
            [Kind(kind).name, *(None if np.isnan(at) else at for at in moments)]
            if not np.isnan(moments[0])
            else None
            for kind, moments in zip(placed.kind, places.tolist(), strict=True)
        ],
        "lanes": lane_of and [lane_of.get(row) for row in range(len(runs))],
        "columns": dict(sorted(counts.items())),
    }


@pytest.mark.parametrize("case", cases("pictures"), ids=lambda case: case["what"])
def test_runs_lie_where_they_lie_on_the_page(case):
    found = picture_of(case)
    for part in ("spans", "lanes", "columns"):
        assert found[part] == case[part]


def test_the_cases_hold_every_way_to_draw_a_run():
    kinds = {span[0] for case in cases("pictures") for span in case["spans"] if span}
    assert kinds == {kind.name for kind in Kind}
    assert {case["lanes"] is None for case in cases("pictures")} == {True, False}
    told = {kind for case in cases("courses") for kind, _ in case["stretches"]}
    assert told == {"closed", "open", "missing", "reversed"}
    assert len(cases("durations")) >= 14
    year = [case for case in cases("ticks") if case["end"] - case["start"] >= 365 * 86_400_000]
    assert {case["zone"] for case in year} >= {"Europe/Berlin", "America/New_York"}


@pytest.mark.parametrize("case", cases("columns"), ids=lambda case: case["path"])
def test_a_column_has_the_values_of_the_page_of_a_file(case):
    runs = runs_frame(json.dumps([record(n) for n in range(len(case["documents"]))]).encode())
    texts = pd.array(case["documents"], dtype=runs["output_manifest"].dtype)
    values = column_values(runs.assign(output_manifest=texts), case["path"]).values
    assert values == case["values"]
