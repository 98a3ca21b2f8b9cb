"""Names stand where the ids of deployments and versions stood, in every table and figure of groups."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb import figures
from agentrun_nb.errors import SettingsError
from tests.support.analysis import frame, run
from tests.support.samples import HOSTILE

NAMES = {"v1": "report v1", "v2": "report v2", "dep": "report", "run-1": "no label for a run"}


def runs_of(versions: str = "v1 v2") -> pd.DataFrame:
    """12 runs of each version, of which every third failed."""
    records = [
        run(
            number,
            "succeeded" if number % 3 else "failed",
            (number, number + 1, number + 9),
            version_id=version,
            failure_reason=None if number % 3 else "boom",
        )
        for place, version in enumerate(versions.split())
        for number in range(12 * place, 12 * place + 12)
    ]
    return frame(records)


def versions_of(table: pd.DataFrame) -> list[str]:
    return sorted(table["version_id"].unique())


def groups_of(figure: Any) -> list[str]:
    """The names of groups that a figure writes, without their counts."""
    texts = [
        text
        for trace in figure.data
        for text in [trace.name, *(trace.y if trace.orientation == "h" else ())]
        if isinstance(text, str) and "(" in text
    ]
    return sorted({unescape(re.sub(r" \(\d+\)$", "", text)) for text in texts})


Groups = Callable[[pd.DataFrame, Any], list[str]]
DOORS: dict[str, Groups] = {
    "brief": lambda runs, names: versions_of(arn.brief(runs, names=names)),
    "summarize": lambda runs, names: versions_of(arn.summarize(runs, "version_id", names=names)),
    "summarize by a Series": lambda runs, names: versions_of(
        arn.summarize(runs, runs["version_id"], names=names)
    ),
    "failures": lambda runs, names: versions_of(arn.failures(runs, by="version_id", names=names)),
    "the versions of failures": lambda runs, names: sorted(
        text.rpartition(": ")[0]
        for text in arn.failures(runs, names=names)["versions"][0].split(", ")
    ),
    "compare": lambda runs, names: versions_of(
        arn.compare(runs, "v1", list(runs["version_id"].unique()), names=names)
    ),
    "figures.outcomes": lambda runs, names: groups_of(
        figures.outcomes(runs, "version_id", names=names)
    ),
    "figures.timeline": lambda runs, names: sorted(
        unescape(band.text.rpartition(", ")[0])
        for band in figures.timeline(runs, by="version_id", names=names).layout.annotations
    ),
    "figures.trend": lambda runs, names: groups_of(
        figures.trend(runs, by="version_id", names=names)
    ),
    "figures.survival": lambda runs, names: groups_of(figures.survival(runs, names=names)),
}
"""What each function calls the versions of runs; `compare` those that are not the first one."""


@pytest.mark.parametrize("door", DOORS)
def test_a_name_stands_where_the_id_stood_and_an_id_without_one_stays(door: str) -> None:
    without = DOORS[door](runs_of("v1 v2 v3"), None)
    labelled = DOORS[door](runs_of("v1 v2 v3"), NAMES)
    assert labelled == sorted(NAMES.get(key, key) for key in without)
    assert "v3" in labelled
    assert DOORS[door](runs_of("v1 v2 v3"), {}) == without


@pytest.mark.parametrize("door", DOORS)
def test_groups_that_share_a_name_stay_apart(door: str) -> None:
    shared = {"v1": "report", "v2": "report", "v3": "v4"}
    labels = DOORS[door](runs_of("v1 v2 v3 v4"), shared)
    assert labels == ["report (v1)"] * (door != "compare") + ["report (v2)", "v4", "v4 (v3)"]


@pytest.mark.parametrize("door", DOORS)
def test_what_stands_in_a_name_is_text_and_no_more(door: str) -> None:
    """Also what is no Unicode, and what plotly would read as markup."""
    labels = DOORS[door](runs_of(), {"v2": f"{HOSTILE[:20]}\ud800"})
    assert any(label.startswith(HOSTILE[:5]) for label in labels)


@pytest.mark.parametrize("rows", [1, 24])
@pytest.mark.parametrize(
    "draw", [figures.outcomes, figures.survival, figures.trend, figures.timeline]
)
def test_a_name_is_escaped_in_a_figure(draw: Any, rows: int) -> None:
    names = {"v1": HOSTILE, "v2": "<b>x</b>"}
    by = "none" if draw is figures.timeline and rows == 1 else "version_id"
    written = draw(runs_of().iloc[:rows], by=by, names=names).to_json()
    # A timeline writes the id of a run in bold letters.
    written = re.sub(r"<b>run-\d+</b>", "", written).replace("\\u003c", "<")
    assert "<img" not in written
    assert "<b>" not in written
    assert "\\u202e" not in written


def test_labels_change_no_number_and_no_row() -> None:
    runs = runs_of("v1 v2 v3")
    for by in ("version_id", ["status", "version_id"], ["version_id", "deployment_id"]):
        plain, labelled = arn.summarize(runs, by), arn.summarize(runs, by, names=NAMES)
        numbers = plain.columns.difference(["version_id", "deployment_id"])
        pd.testing.assert_frame_equal(plain[numbers], labelled[numbers])
    plain, labelled = arn.failures(runs), arn.failures(runs, names=NAMES)
    pd.testing.assert_frame_equal(
        pd.DataFrame(plain.drop(columns="versions")),
        pd.DataFrame(labelled.drop(columns="versions")),
    )
    assert set(labelled["deployment_id"]) == {"dep"}


@pytest.mark.parametrize("a", ["v1", "report v1"])
@pytest.mark.parametrize("b", ["v2", "report v2", ["v2", "report v2"]])
def test_groups_are_compared_by_their_ids_or_labels(a: str, b: Any) -> None:
    found = arn.compare(runs_of(), a, b, names=NAMES)
    plain = arn.compare(runs_of(), "v1", "v2")
    assert found["difference"].equals(plain["difference"])
    assert len(found) == len(plain)


def test_rows_without_an_id_have_no_label() -> None:
    runs = frame([run(0), run(1, version_id=None)])
    assert arn.summarize(runs, "version_id", names=NAMES)["version_id"].isna().tolist() == [
        False,
        True,
    ]
    assert arn.brief(runs, names=NAMES)["version_id"].isna().tolist() == [False, True]


@pytest.mark.parametrize("count", [0, 1])
def test_few_or_no_runs_have_labels_of_the_same_kind(count: int) -> None:
    runs = runs_of().iloc[:count]
    for table in (arn.brief, lambda runs, names: arn.summarize(runs, "version_id", names=names)):
        assert (table(runs, names=NAMES).dtypes == table(runs, names=None).dtypes).all()


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("odd", ["text", 3, ["v1"], {"v1": 1}, {1: "v1"}, {"v1": None}, pd.NA])
def test_what_is_no_mapping_of_texts_is_refused(door: str, odd: Any) -> None:
    with pytest.raises(SettingsError, match="names=") as caught:
        DOORS[door](runs_of(), odd)
    assert "client.names()" in caught.value.hint
