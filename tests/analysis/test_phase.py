"""How long runs were in a phase: what the best source says, between what is least and most, of how many."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb.analysis.bounded import bounded_curve, bounded_quantiles, bounded_share_within
from agentrun_nb.analysis.censored_times import Times
from agentrun_nb.analysis.phase_lengths import Lengths, measure
from agentrun_nb.analysis.survival import curve, quantiles, share_within
from agentrun_nb.core.schema import PHASES, RUNS, STATUSES, TERMINAL
from agentrun_nb.core.times import AnswerTime
from agentrun_nb.errors import DataError, SchemaError, SettingsError
from agentrun_nb.records.batch import to_batch
from agentrun_nb.tables import ledger as ledger_module
from agentrun_nb.tables.ledger import Ledger
from tests.support.analysis import ZERO, frame, run

Bounds = tuple[float | None, float | None, float | None, float | None]
"""The least and the greatest second of a beginning and of an end; None: not known."""


def moments(seconds: list[float | None]) -> pd.Series[Any]:
    known = [pd.NaT if one is None else ZERO + timedelta(seconds=one) for one in seconds]
    return pd.Series(pd.to_datetime(known, utc=True)).astype("datetime64[us, UTC]")


def phases_of(*rows: tuple[int, str, str, Bounds]) -> pd.DataFrame:
    """A PHASES table of the number of the run, the phase, how it is known, and its bounds."""
    columns: dict[str, Any] = dict.fromkeys(PHASES.names)
    columns |= {"deployment_id": "dep", "run_id": [f"run-{number}" for number, *_ in rows]}
    columns |= {"phase": [row[1] for row in rows], "kind": [row[2] for row in rows]}
    for place, name in enumerate(("start_low", "start_high", "end_low", "end_high")):
        columns[name] = moments([row[3][place] for row in rows])
    return pd.DataFrame(columns, index=range(len(rows)))


def exactly(start: float, end: float) -> Bounds:
    return (start, start, end, end)


def seconds_of(lengths: Lengths) -> list[tuple[float, float, bool]]:
    ends = lengths.middle.ended.tolist()
    return list(zip(lengths.least.seconds, lengths.greatest.seconds, ends, strict=True))


# fmt: off
MEASURED = {
    "logged": ([(0, "running", "logged", exactly(4, 9))], (5, 5, True)),
    "observed": ([(0, "running", "observed", (3, 4, 9, 11))], (5, 8, True)),
    "logged is better than observed": (
        [(0, "running", "observed", (3, 4, 9, 11)), (0, "running", "logged", exactly(4, 10))],
        (6, 6, True)),
    "its end was not seen": ([(0, "running", "observed", (3, 4, 9, None))], (5, 5, False)),
    "its beginning was not seen": ([(0, "running", "observed", (None, 4, 9, 11))], (5, 5, False)),
    "a look at each side of a short phase": (
        [(0, "running", "observed", (3, 5, 5, 8))], (0, 5, True)),
    "a look is no length": ([(0, "running", "observed", (3, 6, 5, 8))], (0, 5, True)),
    "several times": (
        [(0, "running", "logged", exactly(1, 2)), (0, "running", "logged", exactly(4, 9))],
        (6, 6, True)),
    "several times, and not over": (
        [(0, "running", "logged", exactly(1, 2)), (0, "running", "logged", (4, 4, 9, None))],
        (6, 6, False)),
    "another phase": ([(0, "running", "logged", exactly(4, 9)), (0, "queued", "logged", exactly(0, 4))],
        (5, 5, True)),
}
# fmt: on


@pytest.mark.parametrize("case", MEASURED)
def test_a_phase_is_as_long_as_the_best_source_says(case: str) -> None:
    rows, expected = MEASURED[case]
    lengths = measure(frame([run(0)]), "running", phases_of(*rows))
    assert seconds_of(lengths) == [expected]
    assert lengths.count_known() == 1


def test_what_contradicts_itself_is_counted_and_no_length() -> None:
    lengths = measure(
        frame([run(0)]), "running", phases_of((0, "running", "observed", exactly(9, 4)))
    )
    assert seconds_of(lengths) == []
    assert (lengths.count_known(), lengths.middle.unreadable) == (0, 1)


@pytest.mark.parametrize(("phase", "ended"), [("running", False), ("installing", True)])
def test_a_service_ends_by_itself_only_what_comes_before_it_runs(phase: str, ended: bool) -> None:
    runs = frame([run(0, mode="service")])
    lengths = measure(runs, phase, phases_of((0, phase, "logged", exactly(4, 9))))
    assert seconds_of(lengths) == [(5, 5, ended)]


def test_rows_of_one_run_have_one_length_and_others_none() -> None:
    runs = frame([run(0), run(1), run(0), run(2, None)])
    table = phases_of(
        (0, "running", "logged", exactly(4, 9)), (2, "running", "logged", exactly(4, 9))
    )
    lengths = measure(runs, "running", table)
    assert lengths.middle.seconds.tolist() == [5, 5]
    assert lengths.count_known() == 2, "one without a status is in no statistic"


# --- what the numbers are --------------------------------------------------------------------------


def observed(count: int, width: float, version: str = "v1", first: int = 0) -> tuple[Any, Any]:
    """Runs that took 10, 11 … seconds, of which each change is known to within a width."""
    numbers = range(first, first + count)
    runs = [run(n, version_id=version, input={"n": n}) for n in numbers]
    rows = [
        (n, "running", "observed", (5 - width, 5.0, 15.0 + n - first, 15.0 + n - first + width))
        for n in numbers
    ]
    return runs, rows


def test_quantiles_curves_and_shares_hold_those_of_all_lengths_that_are_possible() -> None:
    runs, rows = observed(40, 2.0)
    lengths = measure(frame(runs), "running", phases_of(*rows))
    rng = np.random.default_rng(7)
    [found] = bounded_quantiles(lengths, 0.5)
    within = bounded_share_within(lengths, 30)
    drawn = bounded_curve(lengths)
    for _ in range(50):
        share = rng.uniform(0, 1, 40)
        seconds = lengths.least.seconds + share * (lengths.greatest.seconds - lengths.least.seconds)
        times = Times(seconds, lengths.middle.ended)
        [one] = quantiles(times, 0.5)
        assert found.low <= one.low <= one.value <= one.high <= found.high
        exact = curve(times)
        place = np.searchsorted(drawn.seconds, exact.seconds, "right") - 1
        assert (drawn.low[place] <= exact.low + 1e-9).all()
        assert (drawn.high[place] >= exact.high - 1e-9).all()
        share_of_one = share_within(times, 30)
        assert within.low <= share_of_one.low <= share_of_one.high <= within.high


def test_the_table_names_what_it_measured_and_of_how_many_it_was_known() -> None:
    runs, rows = observed(12, 1.0)
    more = [run(100 + n, times=(0, 1, 2)) for n in range(4)]
    rows += [(100, "running", "logged", exactly(4, 9))]
    table = arn.summarize(frame([*runs, *more]), phase="running", phases=phases_of(*rows))
    columns = [
        "running_p50",
        "running_p50_low",
        "running_p50_high",
        "running_p90",
        "running_p95",
        "running_p99",
        "running_known",
    ]
    assert [name for name in table.columns if name.startswith("running_")] == columns
    assert not [name for name in table.columns if name.startswith("after_start")]
    [row] = table.to_dict("records")
    assert row["running_p50_low"] < row["running_p50"] < row["running_p50_high"]
    assert (row["n"], row["running_known"]) == (16, 13)
    note = "time in running: known of 13 of 16 runs (1 logged, 12 observed, half of these to within"
    assert note in row["notes"]
    assert str(table["running_known"].dtype) == "Int64"


@pytest.mark.parametrize("phase", ["after_start", "before_start"])
def test_a_recorded_phase_has_the_numbers_of_the_record(phase: str) -> None:
    runs = frame([run(n, times=(0, 1 + n / 10, 3 + n)) for n in range(30)])
    plain, asked = arn.summarize(runs), arn.summarize(runs, phase=phase)
    assert asked[f"{phase}_p50"].tolist() == plain[f"{phase}_p50"].tolist()
    assert asked[f"{phase}_p90"].tolist() == plain[f"{phase}_p90"].tolist()
    assert asked[f"{phase}_known"].tolist() == [30]
    assert asked.columns.is_unique
    given = arn.summarize(runs, phase=phase, phases=arn.phases(runs))
    assert given[f"{phase}_p50"].tolist() == plain[f"{phase}_p50"].tolist()


def test_it_goes_with_groups_periods_a_limit_and_no_runs() -> None:
    runs, rows = observed(12, 1.0)
    table, phases = frame(runs), phases_of(*rows)
    whole = arn.summarize(
        table, "version_id", freq="1h", within="20s", phase="running", phases=phases
    )
    assert whole["running_known"].tolist() == [12]
    assert whole["within_low"].iloc[0] < whole["within"].iloc[0] < whole["within_high"].iloc[0]
    empty = arn.summarize(table.iloc[:0], phase="running", phases=phases)
    assert empty["running_known"].tolist() == [0]
    nothing = arn.summarize(table, phase="installing", phases=phases)
    assert nothing["installing_known"].tolist() == [0]
    assert "time in installing: known of 0 of 12 runs" in nothing["notes"].iloc[0]


def test_labels_in_place_of_ids_hide_no_phase() -> None:
    runs, phases = two_versions(1.0, 60.0)
    second = runs["version_id"] == "v2"
    runs["deployment_id"] = runs["deployment_id"].mask(second, "dep-2")
    phases["deployment_id"] = phases["run_id"].map(runs.set_index("id")["deployment_id"])
    options: dict[str, Any] = {"phase": "running", "phases": phases}
    options["names"] = {"dep": "reports", "dep-2": "audits"}
    table = arn.summarize(runs, "deployment_id", **options)
    assert table[["deployment_id", "running_known"]].to_numpy().tolist() == [
        ["audits", 40],
        ["reports", 40],
    ]
    compared = arn.compare(runs, "reports", "audits", "deployment_id", **options)
    assert compared["n_a"].tolist()[1] == 40
    assert compared["verdict"].tolist()[1] == "b is slower"
    figure = arn.figures.survival(runs, "deployment_id", **options)
    assert "known of 80 of 80 runs" in told(figure)


# --- comparing ---------------------------------------------------------------------------------------


def two_versions(width: float, later: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two versions of 40 runs, of which the second takes so many seconds longer."""
    before, rows = observed(40, width)
    after, more = observed(40, width, "v2", 100)
    moved = [(n, phase, kind, (*bounds[:2], bounds[2] + later, bounds[3] + later))
             for n, phase, kind, bounds in more]  # fmt: skip
    return frame([*before, *after]), phases_of(*rows, *moved)


def verdict_of(width: float, later: float) -> pd.Series[Any]:
    runs, phases = two_versions(width, later)
    table = arn.compare(runs, "v1", "v2", phase="running", phases=phases).set_index("measure")
    return table.loc["median time in running (s)"]


def test_a_difference_that_is_larger_than_what_is_not_known_is_named() -> None:
    row = verdict_of(width=1.0, later=60.0)
    assert row["verdict"] == "b is slower"
    assert row["low"] > 0
    assert row["ratio_low"] > 1
    assert "a: time in running: known of 40 of 40 runs (40 observed" in row["notes"]


@pytest.mark.parametrize("later", [0.0, 10.0, -4.0])
def test_a_difference_that_what_is_not_known_could_make_is_not_named(later: float) -> None:
    row = verdict_of(width=30.0, later=later)
    assert row["verdict"] == "no difference seen"
    assert row["low"] < 0 < row["high"]
    assert row["ratio_low"] < 1 < row["ratio_high"]


def test_exact_phases_are_compared_as_run_times_are() -> None:
    """The same times, once as those of the record and once as those of a log."""
    rng = np.random.default_rng(4)
    records, rows = [], []
    for n in range(60):
        took = float(rng.exponential(20 if n % 2 else 60)) + 1
        status = "succeeded" if n % 5 else "running"
        version = "v2" if n % 2 else "v1"
        ends = None if status == "running" else 1 + took
        record = run(n, status, (0, 1, ends), version_id=version, input={"n": n // 2})
        records.append(record)
        rows.append((n, "running", "logged", (1, 1, 1 + took, ends)))
    runs = frame(records)
    runs["fetched_at"] = runs["created_at"] + pd.to_timedelta([row[3][2] for row in rows], unit="s")
    plain = arn.compare(runs, "v1", "v2")
    asked = arn.compare(runs, "v1", "v2", phase="running", phases=phases_of(*rows))
    numbers = [name for name in plain.columns if name not in ("measure", "notes")]
    pd.testing.assert_frame_equal(asked[numbers], plain[numbers])
    assert asked["measure"].tolist()[1::2] == [
        "median time in running (s)",
        "paired time in running (s)",
    ]


def test_equal_groups_get_a_verdict_in_5_of_100_at_most_however_they_are_seen() -> None:
    rng = np.random.default_rng(11)
    repeats, false = 60, 0
    for _ in range(repeats):
        records, rows = [], []
        for n in range(60):
            length, first = float(rng.exponential(20)), float(rng.uniform(0, 3))
            begin, end = 5.0, 5.0 + length
            # Looks at equal distances, from a moment of their own.
            last_before = begin - (begin - first) % 3
            sees_end = end + 3 - (end - first) % 3
            bounds = (last_before, last_before + 3, max(sees_end - 3, last_before + 3), sees_end)
            records.append(run(n, version_id=f"v{n % 2 + 1}", input={"n": n}))
            rows.append((n, "running", "observed", bounds))
        table = arn.compare(
            frame(records), "v1", "v2", phase="running", phases=phases_of(*rows)
        ).set_index("measure")
        false += table.loc["median time in running (s)", "verdict"].startswith("b ")
    assert false <= 7, "a binomial of 60 and 0.05 is above 7 once in a hundred"


# --- where phases come from --------------------------------------------------------------------------


@pytest.fixture
def ledgers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Ledger]:
    """The ledgers of a process that has not looked at anything yet."""
    found: dict[str, Ledger] = {}
    monkeypatch.setattr(ledger_module, "_ledgers", found)
    return found


def looked(runs: pd.DataFrame, *looks: tuple[str, float]) -> Ledger:
    """A ledger of looks at all of some runs, in seconds after ZERO."""
    ledger = Ledger()
    for status, second in looks:
        cells = {
            "id": runs["id"].tolist(),
            "deployment_id": runs["deployment_id"].tolist(),
            "status": [status] * len(runs),
        }
        micros = round((ZERO + timedelta(seconds=second)).timestamp() * 1e6)
        batch = to_batch(RUNS, cells, len(runs))
        ledger.note(batch.with_answer_times([AnswerTime(micros, micros)] * len(runs)))
    return ledger


def test_without_a_table_it_is_what_this_process_saw(ledgers: dict[str, Ledger]) -> None:
    runs = frame([run(n, times=(0, 1, 20)) for n in range(12)])
    ledgers["https://one.test"] = looked(
        runs, ("queued", 1), ("running", 4), ("running", 9), ("succeeded", 12)
    )
    row = arn.summarize(runs, phase="running").iloc[0]
    assert row["running_known"] == 12
    # It began between 1 and 4, and ended between 9 and 12.
    assert (row["running_p50_low"], row["running_p50"], row["running_p50_high"]) == (5, 8, 11)
    assert "12 observed" in row["notes"]


def test_runs_that_two_services_know_are_nobodys(ledgers: dict[str, Ledger]) -> None:
    runs = frame([run(n, times=(0, 1, 20)) for n in range(12)])
    ledgers["https://one.test"] = looked(runs, ("running", 4), ("succeeded", 12))
    ledgers["https://two.test"] = looked(runs.head(5), ("running", 5))
    assert arn.summarize(runs, phase="running").iloc[0]["running_known"] == 7


def test_runs_that_nobody_looked_at_have_no_phase_of_their_status(
    ledgers: dict[str, Ledger],
) -> None:
    runs = frame([run(n, times=(0, 1, 20)) for n in range(12)])
    row = arn.summarize(runs, phase="running").iloc[0]
    assert row["running_known"] == 0
    assert pd.isna(row["running_p50"])
    assert "time in running: known of 0 of 12 runs" in row["notes"]


CALLS = {
    "summarize": lambda runs, **more: arn.summarize(runs, **more),
    "compare": lambda runs, **more: arn.compare(runs, "v1", "v1", **more),
    "survival": lambda runs, **more: arn.figures.survival(runs, **more),
    "trend": lambda runs, **more: arn.figures.trend(runs, **more),
}


@pytest.mark.parametrize("call", CALLS)
def test_what_cannot_be_measured_is_an_error_in_a_sentence(
    call: str, ledgers: dict[str, Ledger]
) -> None:
    runs = frame([run(0)])
    measured = CALLS[call]
    with pytest.raises(DataError, match="'runing'") as caught:
        measured(runs, phase="runing")
    assert "running" in (caught.value.hint or "")
    with pytest.raises(DataError, match="'failed'"):
        measured(runs, phase="failed")
    with pytest.raises(SettingsError, match="phase= takes"):
        measured(runs, phase=3)
    with pytest.raises(SettingsError, match="no phase to measure"):
        measured(runs, phases=phases_of())
    with pytest.raises(SchemaError, match="phases"):
        measured(runs, phase="running", phases=runs)


def test_every_status_that_a_run_goes_on_in_can_be_asked_for(ledgers: dict[str, Ledger]) -> None:
    runs = frame([run(0)])
    for status in STATUSES:
        if status not in TERMINAL:
            assert f"{status}_p50" in arn.summarize(runs, phase=status)


# --- the picture ---------------------------------------------------------------------------------------


def told(figure: Any) -> str:
    words = f"{figure.layout.title.text} {figure.layout.title.subtitle.text}"
    return words.replace("<br>", " ")


def test_the_curves_of_a_phase_say_which_it_is_and_of_how_many_it_is_known() -> None:
    runs, phases = two_versions(2.0, 10.0)
    figure = arn.figures.survival(runs, phase="running", phases=phases)
    assert figure.layout.title.text == "Time in running of 80 of 80 runs, by version_id"
    assert "known of 80 of 80 runs (80 observed" in told(figure)
    assert "of all times that are possible between looks" in told(figure)
    assert figure.layout.xaxis.title.text == "time in running (logarithmic)"
    assert figure.layout.yaxis.title.text == "share still in it (%)"


@pytest.mark.parametrize("phase", ["running", "before_start", "after_start"])
def test_a_trend_of_a_phase_draws_what_summarize_says_of_it(phase: str) -> None:
    runs, phases = two_versions(2.0, 10.0)
    options: dict[str, Any] = {"phase": phase, "phases": phases if phase == "running" else None}
    figure = arn.figures.trend(runs, "1h", "version_id", **options)
    table = arn.summarize(runs, "version_id", freq="1h", **options)
    for version in ("v1", "v2"):
        rows = table[table["version_id"] == version]
        _, median, late = (trace for trace in figure.data if trace.name.startswith(version))
        for trace, name in ((median, f"{phase}_p50"), (late, f"{phase}_p90")):
            expected = rows[name].to_numpy("float64", na_value=np.nan)
            assert list(10 ** np.array(trace.y)) == pytest.approx(list(expected), nan_ok=True)
            assert not np.isnan(expected).all()
    words = {"running": "time in running", "before_start": "time before start"}
    assert figure.layout.yaxis2.title.text == words.get(phase, "run time")
    assert "known of 80 of 80 runs" in told(figure)


PICTURES: dict[str, Any] = {
    "survival": arn.figures.survival,
    "trend": lambda runs, **options: arn.figures.trend(runs, "1h", **options),
}


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("evil", ["<a href='https://evil.test'>x</a>", "<a>%{y} %{customdata}"])
def test_the_name_of_a_phase_is_no_markup(picture: str, evil: str) -> None:
    runs, rows = observed(12, 0.0)
    renamed = [(n, evil, kind, bounds) for n, _, kind, bounds in rows]
    figure = PICTURES[picture](frame(runs), phase=evil, phases=phases_of(*renamed))
    assert "<a" not in figure.to_json()
    assert not [trace for trace in figure.data if "%{y}" in (trace.hovertemplate or "")]
    assert "&lt;a" in told(figure)
