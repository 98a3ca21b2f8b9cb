"""Numbers of the manifest in two groups: means, their intervals, and verdicts that are rarely false."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import agentrun_nb as arn
from agentrun_nb.analysis.means import InputMeans, means, paired_means, sum_by_input
from agentrun_nb.errors import PathNotFound, SettingsError
from tests.support.analysis import TORTURE, assert_rarely_false, frame, run

REPEATS = 10_000 if TORTURE else 600


def group(version: str, scores: list[Any], inputs: list[Any]) -> list[Any]:
    return [
        run(
            f"{version}-{number}",
            version_id=version,
            input={"case": case},
            output_manifest=None if score is None else {"score": score},
        )
        for number, (score, case) in enumerate(zip(scores, inputs, strict=True))
    ]


def compared(before: list[Any], after: list[Any], **options: Any) -> pd.DataFrame:
    options = {"values": "output_manifest.score", **options}
    table = arn.compare(frame([*before, *after]), "v1", "v2", **options)
    return table.set_index("measure")


def test_means_of_different_inputs_are_compared_as_welch_does() -> None:
    random = np.random.default_rng(3)
    a, b = random.normal(1, 1, 30).tolist(), random.normal(2, 3, 22).tolist()
    table = compared(group("v1", a, list(range(30))), group("v2", b, list(range(100, 122))))
    row = table.loc["mean output_manifest.score"]
    test = stats.ttest_ind(b, a, equal_var=False)
    interval = test.confidence_interval(0.95)
    assert (row["n_a"], row["n_b"]) == (30, 22)
    assert [row["a"], row["b"]] == pytest.approx([np.mean(a), np.mean(b)])
    assert [row["low"], row["high"]] == pytest.approx([interval.low, interval.high])
    assert table.loc["paired mean output_manifest.score", "notes"] == "no input in common"


def test_inputs_of_both_groups_are_paired_as_student_does() -> None:
    random = np.random.default_rng(4)
    hard = random.normal(0, 5, 25)
    a, b = hard + random.normal(0, 1, 25), hard + random.normal(1.5, 1, 25)
    table = compared(group("v1", a.tolist(), [*range(25)]), group("v2", b.tolist(), [*range(25)]))
    interval = stats.ttest_rel(b, a).confidence_interval(0.95)
    for name in ("mean output_manifest.score", "paired mean output_manifest.score"):
        row = table.loc[name]
        assert row["difference"] == pytest.approx((b - a).mean())
        assert [row["low"], row["high"]] == pytest.approx([interval.low, interval.high])
        assert row["verdict"] == "b is higher"
    assert (
        compared(group("v1", b.tolist(), [*range(25)]), group("v2", a.tolist(), [*range(25)])).loc[
            "paired mean output_manifest.score", "verdict"
        ]
        == "b is lower"
    )


def test_a_group_of_a_few_alike_numbers_is_compared_as_student_does() -> None:
    """By chance so few may vary less than the many: then both are taken to vary alike."""
    random = np.random.default_rng(7)
    a, b = random.normal(1, 0.2, 12).tolist(), random.normal(2, 3, 60).tolist()
    table = compared(group("v1", a, [*range(12)]), group("v2", b, [*range(100, 160)]))
    interval = stats.ttest_ind(b, a).confidence_interval(0.95)
    row = table.loc["mean output_manifest.score"]
    assert [row["low"], row["high"]] == pytest.approx([interval.low, interval.high])


def robust_variance(values: Any, after: Any, inputs: Any) -> float:
    """The sandwich of a regression on the group, summed by input, as matrices: the reference."""
    design = np.column_stack([np.ones(len(values)), after])
    bread = np.linalg.inv(design.T @ design)
    left = values - design @ (bread @ design.T @ values)
    meat = np.zeros((2, 2))
    for case in np.unique(inputs):
        score = design[inputs == case].T @ left[inputs == case]
        meat += np.outer(score, score)
    return float((bread @ meat @ bread)[1, 1])


def test_the_variance_by_inputs_is_that_of_a_regression() -> None:
    random = np.random.default_rng(5)
    inputs = np.repeat(np.arange(20), 6)
    after = np.tile([0, 0, 0, 1, 1, 1], 20)
    values = random.normal(0, 2, 20)[inputs] + random.normal(0, 1, 120)
    table = pd.DataFrame({"input_key": inputs.astype(str)})
    a, b = sum_by_input(pd.Series(values), table[after == 0], table[after == 1])
    found = means(a, b).between
    margin = stats.t.ppf(0.975, 19) * np.sqrt(robust_variance(values, after, inputs) * 20 / 19)
    assert [found.low, found.high] == pytest.approx([found.value - margin, found.value + margin])


def sums(values: Any, inputs: Any) -> tuple[Any, Any]:
    runs = np.bincount(inputs, minlength=220).astype(float)
    return runs, np.bincount(inputs, weights=values, minlength=220)


def drawn(design: str, random: np.random.Generator) -> tuple[InputMeans, InputMeans]:
    """Two groups of one mean, each in its own way."""
    ease = random.normal(0, 1, 200)
    count, a, b = 24, np.arange(24), np.arange(100, 124)
    spread = (1.0, 1.0)
    if design.endswith("unequal"):
        b, spread = np.arange(100, 160), (3.0, 1.0)
    elif design == "repeated":
        a, b = np.repeat(a, 4), np.repeat(b, 4)
    elif design == "repeated by both":
        a, b = np.repeat(a, 3), np.repeat(np.arange(count), 3)
    elif design == "once by both":
        b = np.arange(count)
    elif design == "partly shared":
        b = np.arange(12, 36)
    found = []
    for inputs, width in ((a, spread[0]), (b, spread[1])):
        noise = random.normal(0, width, len(inputs))
        if design != "unequal":
            noise = random.exponential(width, len(inputs)) - width
        found.append(InputMeans(*sums(ease[inputs] + noise, inputs), 0))
    return found[0], found[1]


DESIGNS = [
    "independent",
    "unequal",
    "repeated",
    "repeated by both",
    "once by both",
    "partly shared",
]
PAIRED = ["repeated by both", "once by both", "partly shared"]


@pytest.mark.parametrize(
    ("compare", "designs"), [(means, DESIGNS), (paired_means, PAIRED)], ids=["all", "paired"]
)
def test_intervals_hold_the_truth_as_often_as_they_say(
    compare: Callable[..., Any], designs: list[str]
) -> None:
    random = np.random.default_rng(11)
    false = dict.fromkeys(designs, 0)
    for design in designs:
        for _ in range(REPEATS):
            found = compare(*drawn(design, random)).between
            false[design] += not found.low <= 0 <= found.high
    assert_rarely_false(false, REPEATS)
    covered = 1 - np.mean([*false.values()]) / REPEATS
    assert 0.93 <= covered <= 0.97


EQUAL: dict[str, tuple[tuple[int, int], tuple[int, int], int, float]] = {
    # of each group how many inputs and how many runs of each, how many inputs both have, how skewed
    "10 against 10": ((10, 1), (10, 1), 0, 1.0),
    "10 against 60": ((10, 1), (60, 1), 0, 1.0),
    "10 against 200, very skewed": ((10, 1), (200, 1), 0, 2.0),
    "10 three times against 100": ((10, 3), (100, 3), 0, 1.0),
    "10 once against 100 20 times": ((10, 1), (100, 20), 0, 1.5),
    "10 of 150": ((10, 1), (150, 1), 10, 2.0),
    "10 five times of 150": ((10, 5), (150, 1), 10, 1.0),
    "half of 40": ((40, 1), (40, 1), 20, 1.5),
}


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("digits", [None, 0], ids=["costs", "with ties"])
def test_equal_groups_rarely_get_a_verdict(digits: int | None) -> None:
    """Also where a few of very skewed numbers stand against many, of which some are far beyond."""
    random = np.random.default_rng(13)
    repeats = 10_000 if TORTURE else 100
    false = dict.fromkeys(EQUAL, 0)
    for name, ((n_a, runs_a), (n_b, runs_b), both, skew) in EQUAL.items():
        a = np.repeat(np.arange(n_a), runs_a)
        b = np.repeat(np.arange(n_a - both, n_a - both + n_b), runs_b)
        for _ in range(repeats):
            ease = random.lognormal(0, skew, 220)
            costs = [ease[inputs] * random.lognormal(0, 0.5, len(inputs)) for inputs in (a, b)]
            if digits is not None:
                costs = [np.round(cost, digits) for cost in costs]
            groups = [InputMeans(*sums(*pair), 0) for pair in zip(costs, (a, b), strict=True)]
            found = means(*groups).between
            false[name] += found.low > 0 or found.high < 0
    print(false)
    assert_rarely_false(false, repeats)


@pytest.mark.parametrize(("n_a", "n_b"), [(10, 10), (10, 60), (30, 30), (15, 100)])
def test_equal_shares_of_passes_rarely_get_a_verdict(n_a: int, n_b: int) -> None:
    """Exactly, over all tables there can be."""
    differs = np.zeros((n_a + 1, n_b + 1), bool)
    for a, b in np.ndindex(differs.shape):
        found = means(scored(a, n_a, 0), scored(b, n_b, 100)).between
        differs[a, b] = found.low > 0 or found.high < 0
    for share in np.linspace(0.02, 0.98, 25):
        chances = np.outer(
            stats.binom.pmf(np.arange(n_a + 1), n_a, share),
            stats.binom.pmf(np.arange(n_b + 1), n_b, share),
        )
        assert chances[differs].sum() < 0.056


def test_of_skewed_numbers_of_unequal_groups_it_is_little_less_often() -> None:
    """The limit that the documentation names: a mean of 24 costs, with three times the spread of the others."""
    random = np.random.default_rng(12)
    pairs = (drawn("skewed and unequal", random) for _ in range(REPEATS))
    intervals = [means(*pair).between for pair in pairs]
    assert np.mean([found.low <= 0 <= found.high for found in intervals]) > 0.91


def test_what_is_no_number_is_left_out_and_counted() -> None:
    odd = [True, "7", None, [1], {"a": 1}, 10**400]
    before = group("v1", [*range(12), *odd], [*range(18)])
    after = group("v2", [0.5] * 12, [*range(12)])
    row = compared(before, after).loc["mean output_manifest.score"]
    assert (row["n_a"], row["n_b"], row["a"]) == (12, 12, 5.5)
    assert "without a number: 6 of a, 0 of b" in row["notes"]


def test_too_few_numbers_get_no_verdict() -> None:
    few = compared(group("v1", [1] * 9, [*range(9)]), group("v2", [2] * 30, [*range(50, 80)]))
    assert few.loc["mean output_manifest.score", "verdict"] == "not enough data"
    none = compared(group("v1", [None] * 12, [*range(12)]), group("v2", [2] * 12, [*range(12)]))
    assert none.loc["mean output_manifest.score", ["a", "difference", "low"]].isna().all()
    assert none.loc["mean output_manifest.score", "verdict"] == "not enough data"
    one = compared(group("v1", [1, 2] * 6, [0] * 12), group("v2", [1, 4] * 6, [1] * 12))
    assert one.loc["mean output_manifest.score", "verdict"] == "not enough data"


def test_too_few_inputs_get_no_verdict_however_often_they_ran() -> None:
    """The runs of one input are alike."""
    inputs = [*range(9), *range(9)]
    before = group("v1", [0, 1, 2] * 6, inputs)
    after = group("v2", [10, 11, 12] * 6, inputs)
    table = compared(before, after)
    rows = table.loc[["mean output_manifest.score", "paired mean output_manifest.score"]]
    assert rows["verdict"].tolist() == ["not enough data"] * 2
    assert "18 runs of 9 inputs" in rows["notes"].iloc[0]
    tenth = [*inputs, 9]
    table = compared(
        group("v1", [0, 1, 2] * 6 + [1], tenth), group("v2", [10, 11, 13] * 6 + [11], tenth)
    )
    verdicts = table.loc[rows.index, "verdict"].tolist()
    assert verdicts == ["b is higher"] * 2


NO_SPREAD = "no spread of {} over the inputs: no interval"
VARIED = [0.0, 1.0, 0.5, 0.7] * 5


@pytest.mark.parametrize(
    ("a", "b", "inputs", "note"),
    [
        ([0.0] * 20, [1.0] * 20, [*range(20)], NO_SPREAD.format("a and b")),
        # Their sum is a little less than twenty times the number.
        ([0.1] * 20, [0.7] * 20, [*range(20)], NO_SPREAD.format("a and b")),
        ([0.1] * 20, VARIED, [*range(20)], NO_SPREAD.format("a")),
        (VARIED, [1.0] * 20, [*range(20)], NO_SPREAD.format("b")),
        ([0.1] * 20, VARIED, [0, 1, 2, 3, 4, 4, 5, 5, *range(6, 18)], NO_SPREAD.format("a")),
        ([0.0, 1.0] * 10, VARIED, [*np.repeat(range(10), 2).tolist()], NO_SPREAD.format("a")),
    ],
)
def test_a_group_without_spread_gets_no_interval(
    a: list[float], b: list[float], inputs: list[int], note: str
) -> None:
    """What was never seen to vary is not known to be the same."""
    table = compared(group("v1", a, inputs), group("v2", b, [100 + case for case in inputs]))
    row = table.loc["mean output_manifest.score"]
    assert row["difference"] == pytest.approx(np.mean(b) - np.mean(a))
    assert row[["low", "high"]].isna().all()
    assert row["verdict"] == "not enough data"
    assert note in row["notes"]


def test_differences_without_spread_get_no_interval() -> None:
    scores = [case / 10 for case in range(20)]
    higher = [score + 0.7 for score in scores]
    table = compared(group("v1", scores, [*range(20)]), group("v2", higher, [*range(20)]))
    for name in ("mean output_manifest.score", "paired mean output_manifest.score"):
        row = table.loc[name]
        assert row["difference"] == pytest.approx(0.7)
        assert row[["low", "high"]].isna().all()
        assert row["verdict"] == "not enough data"
        assert row["notes"] == NO_SPREAD.format("b - a")


def scored(passed: int, of: int, first: int) -> InputMeans:
    """A group of which so many runs scored 1 and the others 0, each of an input of its own."""
    runs = np.zeros(400)
    runs[first : first + of] = 1
    total = np.zeros(400)
    total[first : first + passed] = 1
    return InputMeans(runs, total, 0)


@pytest.mark.parametrize(("n_a", "n_b"), [(10, 10), (10, 60), (30, 30)])
def test_of_passes_and_failures_few_intervals_leave_the_truth_out(n_a: int, n_b: int) -> None:
    """The limit that the documentation names, over all tables there can be."""
    passed_a, passed_b = np.arange(n_a + 1), np.arange(n_b + 1)
    low, high = np.full((2, n_a + 1, n_b + 1), np.nan)
    for a in passed_a:
        for b in passed_b:
            found = means(scored(a, n_a, 0), scored(b, n_b, 100)).between
            low[a, b], high[a, b] = found.low, found.high
    for chance_a in (0.5, 0.7, 0.9, 0.95, 0.99):
        for chance_b in (0.05, 0.3, 0.5, 0.9, 0.99):
            chances = np.outer(
                stats.binom.pmf(passed_a, n_a, chance_a), stats.binom.pmf(passed_b, n_b, chance_b)
            )
            truth = chance_b - chance_a
            outside = (low > truth + 1e-9) | (high < truth - 1e-9)
            assert chances[outside].sum() < 0.08


@pytest.mark.parametrize("unit", [1e-300, 1e-90, 1e80, 1e200, 1e300])
@pytest.mark.parametrize("first", [0, 100], ids=["same inputs", "different inputs"])
def test_numbers_of_any_size_are_compared(unit: float, first: int) -> None:
    random = np.random.default_rng(6)
    numbers_a, numbers_b = random.integers(1, 20, 15), random.integers(5, 40, 15)
    a, b = np.arange(15), np.arange(first, first + 15)
    plain = [InputMeans(*sums(numbers_a, a), 0), InputMeans(*sums(numbers_b, b), 0)]
    sized = [InputMeans(group.runs, group.sums * unit, 0) for group in plain]
    for compare in (means, paired_means):
        expected, found = compare(*plain).between, compare(*sized).between
        for end in ("value", "low", "high"):
            number = getattr(found, end) / unit
            assert number == pytest.approx(getattr(expected, end), rel=1e-9, nan_ok=True)


def test_values_are_named_listed_and_aggregated() -> None:
    before = group("v1", [1] * 11 + [1.1], [*range(12)])
    after = group("v2", [5, 6] * 6, [*range(12)])
    for record in (*before, *after):
        record["output_manifest"]["sizes"] = [1, 2, 3]
    sizes = arn.Col("output_manifest.sizes[*]", agg="sum")
    table = compared(before, after, values=["output_manifest.score", sizes])
    assert list(table.index[4:]) == [
        "mean output_manifest.score",
        "paired mean output_manifest.score",
        "mean output_manifest.sizes[*]",
        "paired mean output_manifest.sizes[*]",
    ]
    assert table.loc["mean output_manifest.sizes[*]", "a"] == 6
    named = compared(before, after, values={"cost": "output_manifest.score"})
    assert "paired mean cost" in named.index
    runs = frame([*before, *after])
    several = arn.compare(runs, "v1", ["v2"], values={"cost": "output_manifest.score"})
    verdicts = several.set_index("measure")["verdict"]
    assert verdicts["mean cost"] == "b is higher (Holm)"
    assert "for 6 comparisons" in several["notes"].iloc[0]


SCORE, BY_PATH = "output_manifest.score", arn.Col("output_manifest.score", default=0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([SCORE, BY_PATH], "output_manifest.score"),
        ([BY_PATH, "output_manifest.cost", BY_PATH], "output_manifest.score"),
        ({1: SCORE, "1": BY_PATH}, "'1'"),
    ],
)
def test_two_numbers_of_one_name_are_refused(values: Any, message: str) -> None:
    runs = frame([*group("v1", [1], [0]), *group("v2", [1], [0])])
    with pytest.raises(SettingsError, match=message) as error:
        arn.compare(runs, "v1", "v2", values=values)
    assert "name" in error.value.hint
    named = arn.compare(runs, "v1", "v2", values={"score": SCORE, "or zero": BY_PATH})
    assert {"mean score", "mean or zero"} < {*named["measure"]}


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean", "str", "object"])
def test_a_number_counts_whatever_the_dtype_of_its_column(dtype: str) -> None:
    scores = [0.0, 1.0, 2.0, 2**53 + 1] * 3
    before, after = group("v1", scores, [*range(12)]), group("v2", scores[::-1], [*range(50, 62)])
    row = compared(before, after, values=arn.Col("output_manifest.score", dtype=dtype))
    expected = compared(before, after)
    pd.testing.assert_frame_equal(row, expected)
    assert row.loc["mean output_manifest.score", ["n_a", "n_b"]].tolist() == [12, 12]


@pytest.mark.parametrize("values", [7, object(), b"output_manifest.score"])
def test_what_is_no_path_is_refused(values: Any) -> None:
    runs = frame([*group("v1", [1], [0]), *group("v2", [1], [0])])
    with pytest.raises(SettingsError, match="values="):
        arn.compare(runs, "v1", "v2", values=values)
    with pytest.raises(PathNotFound):
        arn.compare(runs, "v1", "v2", values="output_manifest.cost")
    with pytest.raises(PathNotFound):
        arn.compare(runs, "v1", "v2", values=["status"])


def test_frames_and_folders_are_compared_as_one_frame(tmp_path: Path) -> None:
    runs = frame([*group("v1", [1] * 12, [*range(12)]), *group("v2", [3] * 12, [*range(12)])])
    expected = arn.compare(runs, "v1", "v2", values="output_manifest.score")
    parts = [runs[:7], runs[7:20], runs[20:]]
    folder = arn.save(iter(parts), tmp_path / "runs")
    for many in (iter(parts), folder, arn.dask.read(folder)):
        found = arn.compare(many, "v1", "v2", values="output_manifest.score")
        pd.testing.assert_frame_equal(found, expected)
    assert json.loads(runs["output_manifest"][0]) == {"score": 1}
