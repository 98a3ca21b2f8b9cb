"""Two groups of runs against each other."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agentrun_nb.analysis.compare import compare
from agentrun_nb.errors import DataError, SchemaError
from agentrun_nb.local.generator import LINES, generate
from agentrun_nb.tables.frames import runs_frame
from tests.support.analysis import TORTURE, assert_rarely_false, frame, run

MEASURES = ["success rate", "median run time (s)", "paired success rate", "paired run time (s)"]


def drawn(
    rng: np.random.Generator, n: int, slower: float = 1.0, success: float = 0.9
) -> pd.DataFrame:
    """Runs of the same n inputs under v1 and v2, a third of which still run when the data is read."""
    records: list[Any] = []
    for version, factor, share in (("v1", 1.0, 0.9), ("v2", slower, success)):
        for number in range(n):
            created = float(rng.uniform(0, 40))
            ended = created + 1 + factor * float(rng.exponential(15))
            status = "succeeded" if rng.random() < share else "failed"
            times = (created, created + 1, ended) if ended < 60 else (created, created + 1, None)
            more = {"version_id": version, "input": {"n": number}, "id": f"{version}-{number}"}
            records.append(run(0, status if ended < 60 else "running", times, **more))
    records.append(run(0, "queued", (60, None, None), version_id="v0"))
    return frame(records)


def verdicts(found: pd.DataFrame) -> dict[str, str]:
    return dict(zip(found["measure"], found["verdict"], strict=True))


@pytest.mark.timeout(14_400)
def test_groups_of_one_distribution_rarely_raise_an_alarm() -> None:
    """At the level of 5 %, for each of the four measures."""
    rng = np.random.default_rng(23)
    repeats = 10_000 if TORTURE else 100
    alarms = dict.fromkeys(MEASURES, 0)
    for _ in range(repeats):
        for measure, verdict in verdicts(compare(drawn(rng, 60), "v1", "v2")).items():
            alarms[measure] += verdict != "no difference seen"
    assert_rarely_false(alarms, repeats)


def test_a_version_that_is_slower_and_fails_more_is_told_so() -> None:
    found = compare(drawn(np.random.default_rng(2), 300, slower=2.0, success=0.6), "v1", "v2")
    assert verdicts(found) == dict(
        zip(
            MEASURES,
            ["b succeeds less often", "b is slower", "b succeeds less often", "b is slower"],
            strict=True,
        )
    )
    assert (found["low"] <= found["difference"]).all()
    assert (found["difference"] <= found["high"]).all()


def test_swapping_the_groups_turns_every_number_round() -> None:
    runs = drawn(np.random.default_rng(3), 80, slower=1.4, success=0.8)
    there, back = compare(runs, "v1", "v2"), compare(runs, "v2", "v1")
    assert there["difference"].to_numpy() == pytest.approx(
        -back["difference"].to_numpy(), abs=1e-12
    )
    assert there["low"].to_numpy() == pytest.approx(-back["high"].to_numpy(), abs=1e-12)
    assert (there["n_a"] == back["n_b"]).all()


def test_few_runs_are_not_enough_for_a_verdict() -> None:
    runs = frame(
        [run(number, version_id="ab"[number % 2], input={"n": number // 2}) for number in range(18)]
    )
    assert set(compare(runs, "a", "b")["verdict"]) == {"not enough data"}


def test_inputs_are_paired_when_they_are_equal_as_json() -> None:
    records = []
    for number in range(12):
        for version, text in (
            ("a", f'{{"n":{number},"m":[1, 2]}}'),
            ("b", f'{{"m": [1,2], "n": {number}}}'),
        ):
            record = run(
                number,
                times=(0, 1, 3 + number + (version == "b")),
                version_id=version,
                id=version + str(number),
            )
            records.append(json.dumps(record).replace('"input": {}', f'"input": {text}'))
    runs = runs_frame(("[" + ",".join(records) + "]").encode())
    paired = compare(runs, "a", "b").set_index("measure").loc["paired run time (s)"]
    assert (paired["n_a"], paired["difference"], paired["low"], paired["high"]) == (12, 1, 1, 1)
    assert paired["verdict"] == "b is slower"


def test_an_input_with_a_run_that_goes_on_has_no_paired_run_time() -> None:
    records = [
        run(
            0,
            "running" if number == 3 else "succeeded",
            (0, 1, None if number == 3 else 2),
            id=f"{version}-{number}",
            version_id=version,
            input={"n": number % 4},
        )
        for number in range(12)
        for version in "ab"
    ]
    paired = compare(frame(records), "a", "b").set_index("measure").loc["paired run time (s)"]
    assert (paired["n_a"], paired["notes"]) == (3, "inputs without times on both sides: 1")


def test_inputs_too_deep_to_write_are_paired_by_their_text() -> None:
    runs = frame([run(number, version_id="ab"[number % 2]) for number in range(4)])
    deep = ["[" * 5_000 + str(number // 2) + "]" * 5_000 for number in range(4)]
    paired = (
        compare(runs.assign(input=deep), "a", "b").set_index("measure").loc["paired success rate"]
    )
    assert (paired["n_a"], paired["low"], paired["high"]) == (
        2,
        pytest.approx(-0.8418861),
        pytest.approx(0.8418861),
    )


def test_the_paired_interval_is_that_of_mcnemars_exact_test() -> None:
    """8 against 2 of 20 pairs differ: the exact interval of 8 in 10 is 0.4439 to 0.9748 (Clopper & Pearson)."""
    outcomes = (
        [("failed", "succeeded")] * 8
        + [("succeeded", "failed")] * 2
        + [("succeeded", "succeeded")] * 10
    )
    records = [
        run(0, status, version_id=version, input={"n": number}, id=f"{version}{number}")
        for number, pair in enumerate(outcomes)
        for version, status in zip("ab", pair, strict=True)
    ]
    paired = compare(frame(records), "a", "b").set_index("measure").loc["paired success rate"]
    assert (paired["a"], paired["b"], paired["difference"]) == (0.6, 0.9, pytest.approx(0.3))
    assert paired["low"] == pytest.approx((2 * 0.4439045 - 1) / 2, abs=1e-6)
    assert paired["high"] == pytest.approx((2 * 0.9747893 - 1) / 2, abs=1e-6)


def test_what_is_not_known_is_named_with_its_numbers() -> None:
    records = [
        run(0, version_id="a"),
        run(1, version_id="b"),
        run(2, None, version_id="b"),
        run(3, None),
        run(4, "odd"),
    ]
    found = compare(frame(records), "a", "b").set_index("measure")
    assert found.loc["no status", ["n_a", "n_b", "notes"]].tolist() == [0, 1, "1 in neither group"]
    assert found.loc["unknown status: odd", ["n_a", "n_b"]].tolist() == [0, 0]


def test_a_label_without_names_is_an_error_that_says_what_it_needs() -> None:
    runs = frame([run(0)])
    with pytest.raises(DataError, match="Labels need names="):
        compare(runs, "triage v1", "triage v2")
    with pytest.raises(DataError) as caught:
        compare(runs, "triage v1", "triage v2", names={"v1": "triage v1"})
    assert "Labels need" not in str(caught.value), "it has them"


def test_a_group_that_is_not_there_is_an_error_that_names_those_that_are() -> None:
    runs = frame([run(0)])
    with pytest.raises(DataError, match="'v1'"):
        compare(runs, "v1", "v9")
    for several in ([], {}, ["v1"]):
        with pytest.raises(DataError, match=r"There are 'v\d'|There are '"):
            compare(runs, several, several)
    with pytest.raises(SchemaError, match="version_id"):
        compare(runs, "v1", "v1", by="version")


def test_in_generated_runs_the_third_version_of_the_first_line_is_slower() -> None:
    runs = runs_frame(b"[" + b",".join(generate(20_000)) + b"]")
    found = verdicts(compare(runs, LINES[0].version_id(2), LINES[0].version_id(3)))
    assert found["median run time (s)"] == found["paired run time (s)"] == "b is slower"
    assert found["success rate"] == "no difference seen"


def versions(
    rng: np.random.Generator, count: int, n: int, worse: int | None = None
) -> pd.DataFrame:
    """Runs of n inputs under v0, v1 …; one of them may take four times as long and fail in half of its runs."""
    records = [
        run(
            0,
            "succeeded" if rng.random() < (0.5 if version == worse else 0.9) else "failed",
            (0, 1, 1 + (4 if version == worse else 1) * float(rng.exponential(15))),
            version_id=f"v{version}",
            input={"n": number},
        )
        for version in range(count)
        for number in range(n)
    ]
    return frame(records)


@pytest.mark.timeout(14_400)
def test_among_many_versions_that_are_equal_none_is_named() -> None:
    """In 95 of 100 tables; with a verdict of its own for each row it would be every second one."""
    rng = np.random.default_rng(41)
    repeats, false = (10_000 if TORTURE else 8), 0
    for _ in range(repeats):
        found = compare(versions(rng, 10, 30), "v0", [f"v{number}" for number in range(1, 10)])
        false += not found["verdict"].isin(["no difference seen (Holm)", "not enough data"]).all()
    print(false / repeats)
    assert_rarely_false({"ten versions": false}, repeats)


def test_the_one_version_of_many_that_is_worse_is_named() -> None:
    runs = versions(np.random.default_rng(42), 6, 80, worse=4)
    found = compare(runs, "v0", runs["version_id"].unique())
    assert list(found)[:2] == ["version_id", "measure"]
    assert found["version_id"].unique().tolist() == ["v1", "v2", "v3", "v4", "v5"]
    worse = found[found["version_id"] == "v4"]
    assert set(worse["verdict"]) == {"b is slower (Holm)", "b succeeds less often (Holm)"}
    assert set(found[found["version_id"] != "v4"]["verdict"]) == {"no difference seen (Holm)"}
    assert found["notes"].str.endswith("Holm's correction for 20 comparisons").all()
    alone = compare(runs, "v0", "v4")
    assert worse["low"].tolist() == alone["low"].tolist()
    assert not alone["verdict"].str.contains("Holm").any()


def test_a_correction_makes_no_verdict_of_too_little() -> None:
    runs = versions(np.random.default_rng(43), 3, 5)
    assert set(compare(runs, "v0", ["v1", "v2"])["verdict"]) == {"not enough data"}


@pytest.mark.parametrize("several", [[], ["v0"], [None], ["v1", "v9"], [["v1"]]])
def test_a_list_of_groups_that_are_not_there_is_an_error(several: list[Any]) -> None:
    with pytest.raises(DataError):
        compare(versions(np.random.default_rng(44), 2, 2), "v0", several)


def test_runs_that_stand_more_than_once_are_said_to_in_every_measure() -> None:
    runs = drawn(np.random.default_rng(5), 30)
    assert not compare(runs, "v1", "v2")["notes"].str.contains("more than once").any()
    twice = pd.concat([runs, runs[runs["version_id"] == "v2"].head(3)], ignore_index=True)
    measured = compare(twice, "v1", "v2").set_index("measure").loc[MEASURES]
    assert measured["notes"].str.contains("3 runs stand here more than once").all()
