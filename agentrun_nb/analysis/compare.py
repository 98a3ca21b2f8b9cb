"""Compares two groups of runs: which succeeds more often, and which takes longer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any

import pandas as pd

from agentrun_nb.analysis.bounded import BoundedRunTimes
from agentrun_nb.analysis.estimates import (
    LEVEL,
    NO_DIFFERENCE,
    NOT_ENOUGH,
    TOO_FEW,
    Contrast,
    scipy_stats,
)
from agentrun_nb.analysis.inputs import input_keys
from agentrun_nb.analysis.means import (
    InputMeans,
    Values,
    means,
    paired_means,
    read_numbers,
    read_values,
    sum_by_input,
)
from agentrun_nb.analysis.outcomes import left_out, outcomes, repeated_runs_notes
from agentrun_nb.analysis.phase_lengths import Lengths, measure
from agentrun_nb.analysis.run_time import FASTER, PairedTimes, paired_run_time
from agentrun_nb.analysis.success import (
    SuccessCounts,
    count_successes,
    paired_success,
    success_rates,
)
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import RUNS
from agentrun_nb.documents.col import Col
from agentrun_nb.errors import DataError
from agentrun_nb.files.many_runs import ManyRuns, check_known_columns, opened, whole_table
from agentrun_nb.tables.frames import check_columns
from agentrun_nb.tables.labels import LABELLED, Names, with_labels

NO_VERDICT = (NO_DIFFERENCE, NOT_ENOUGH)
HIGHER = ("b is lower", "b is higher")
SUCCESS = ("b succeeds less often", "b succeeds more often")

_NUMBERS = ("a", "b", "difference", "low", "high", "ratio", "ratio_low", "ratio_high")
_DTYPES = {
    **{"measure": TEXT, "n_a": "Int64", "n_b": "Int64"},
    **dict.fromkeys(_NUMBERS, "Float64"),
    **{"verdict": TEXT, "notes": TEXT},
}


def compare(
    runs: ManyRuns,
    a: Any,
    b: Any,
    by: str = "version_id",
    *,
    values: Values = None,
    phase: str | None = None,
    phases: pd.DataFrame | None = None,
    names: Names = None,
) -> pd.DataFrame:
    """Compares success and run time of two groups.

    Args:
        runs: anything that `runs_frame` takes, and as for `summarize` frames one after another, a
            folder or a frame of Dask, of which what is needed is read into one frame. Runs that
            have not ended are taken to go on until their `fetched_at`, or until the latest moment
            that any record here speaks of.
        a: the value of `by` in the group before.
        b: the value of `by` in the group after, or a list of them: then all are compared with a,
            and the verdicts have Holm's correction, so that in 95 of 100 tables of equal groups
            none is named. a itself in it is left out.
        by: the column that tells the groups apart.
        values: the path of a number of the documents to compare too, such as
            `output_manifest.score`, a `Col` with an aggregate, whose dtype plays no part, a list of
            these, or a mapping of names to them.
        phase: the phase to compare in place of the run time, such as `running`, as for `summarize`.
        phases: the PHASES table of the runs, such as `arn.phases(runs, logs, events=...)`; None:
            as for `summarize`.
        names: labels for the ids of deployments and versions, as from `client.names()`; a and b may
            be given by their ids or labels then.

    Returns:
        One row per measure with a fresh index; NA is what the data does not reach, and an interval
        with an end that is NA is open there:

        - measure;
        - n_a, n_b: runs of each group, or inputs where paired;
        - a, b: the value of each group, and difference: b less a, with its 95 % interval from low
          to high;
        - ratio: of run times, b to a, with its 95 % interval from ratio_low to ratio_high;
        - verdict: names a difference whose interval leaves zero out. Groups that are equal get one
          in at most 5 of 100 comparisons. It is `not enough data` where there are fewer than 10 on
          a side, or where an end of the interval is NA;
        - notes: what the numbers leave out, such as how many runs are in neither group.

        The measures are

        - success rate: of succeeded, failed and timed-out runs;
        - median run time (s): from started to completed, whatever the outcome, by Kaplan-Meier. Its
          verdict is `faster` or `slower` where the times to success differ likewise, else `ends
          sooner` or `ends later`: a version that fails at once is not fast;
        - paired success rate: the mean success of the inputs (equal as JSON) that ran under both,
          each weighing the same;
        - paired run time (s): the median over these inputs of which no run goes on of the
          differences between the medians of their succeeded runs;
        - with `values` for each number its mean over all runs that have it, whatever their outcome,
          and its paired mean over the inputs that ran under both; the verdict is `b is lower` or
          `b is higher`. Numbers that are all the same, which show no spread, have no verdict;
        - with `phase` the median and the paired time in it, in place of the run times.

        Then a row for each kind of run that nothing is known of. Where b is a list the first column
        bears the name of `by` and holds the value of b (its label with `names`), and the verdicts
        end with `(Holm)`; the intervals are still those of one comparison alone.

        The documentation's page *Which statistics, and why* has the test and the interval of each.

    Raises:
        SchemaError: there is no such column, or `phases` is no such table.
        DataError: no run has the value a, or b; no run here was in that phase.
        SettingsError: `names` is no mapping of texts to texts; `phase` is no text; `values` are no
            paths, or two of them have one name.
        PathNotFound: no run has anything at a path of `values`.

    Example:
        >>> others = ["ticket-triage v2", "ticket-triage v3"]
        >>> table = arn.compare(runs, "ticket-triage v1", others, names=client.names())
        >>> table[["version_id", "measure", "verdict"]].head(2)
                 version_id              measure                    verdict
        0  ticket-triage v2         success rate  no difference seen (Holm)
        1  ticket-triage v2  median run time (s)  no difference seen (Holm)
        >>> versions = runs["version_id"].unique()
        >>> table = arn.compare(runs, versions[0], versions[1], values="output_manifest.score")
        >>> table["measure"].tolist()[4:6]
        ['mean output_manifest.score', 'paired mean output_manifest.score']
    """
    scipy_stats()
    columns = read_values(values)
    runs = opened(runs)
    if isinstance(by, str):
        check_known_columns(runs, [by])
    # An index may bear the name of a column, or repeat itself; no row here is found by it.
    runs = whole_table(runs, _needed(by, columns)).reset_index(drop=True)
    check_columns(runs, [by])
    numbers = read_numbers(runs, columns)
    # Phases are found by the ids, which may be labels afterwards.
    lengths = measure(runs, phase, phases)
    ids = runs[by]
    runs = with_labels(runs, names, [by])
    a = _label(ids, runs[by], a)
    several = pd.api.types.is_list_like(b)
    b = [_label(ids, runs[by], value) for value in b] if several else _label(ids, runs[by], b)
    runs = runs.assign(input_key=input_keys(runs))
    before = _group(runs, by, a, names)
    others = _groups_after(a, b)
    groups = [_group(runs, by, other, names) for other in others]
    pairs = [_Pair.of((before, after), lengths, numbers) for after in groups]
    rows = [
        [*pair.rows(), *_left_out_rows(runs, before, after)]
        for pair, after in zip(pairs, groups, strict=True)
    ]
    if several:
        _put_holm_verdicts(rows, pairs)
    every = [row for part in rows for row in part]
    table = pd.DataFrame(every, columns=list(_DTYPES)).astype(_DTYPES)
    if several:
        values = [other for other, part in zip(others, rows, strict=True) for _ in part]
        table.insert(0, by, pd.Series(values, table.index, runs[by].dtype), allow_duplicates=True)
    return table


def _needed(by: Any, values: Mapping[str, Col]) -> list[str]:
    """The columns that are read: of the documents the inputs, and those that hold the values."""
    plain = [column.name for column in RUNS.columns if column.kind != "json"]
    documents = {"input", *(column.document for column in values.values())}
    return [*plain, *documents, *([by] if isinstance(by, str) else [])]


def _label(ids: pd.Series[Any], labels: pd.Series[Any], value: Any) -> Any:
    """The label of a group that is given by its id; any other value as it is."""
    found = labels[_equals(ids, value)]
    return found.iloc[0] if len(found) else value


def _groups_after(a: Any, b: Any) -> list[Any]:
    """The groups after: b, or each value in it once, of which the group before is none."""
    if not pd.api.types.is_list_like(b):
        return [b]
    others: list[Any] = []
    for value in b:
        if not pd.api.types.is_scalar(value):
            others.append(value)  # which no run has, as the error says
        elif not pd.isna(value) and value != a and value not in others:
            others.append(value)
    if not others:
        raise DataError(
            "There is no group to compare with.",
            hint="Give the values of `by` in the groups after as b.",
        )
    return others


def _group(runs: pd.DataFrame, by: str, value: Any, names: Names) -> pd.DataFrame:
    group = runs[_equals(runs[by], value)]
    if group.empty:
        known = ", ".join(repr(word) for word in runs[by].dropna().unique()[:10])
        hint = f"There are {known or 'none'}."
        if names is None and by in LABELLED:
            hint += " Labels need names=client.names()."
        raise DataError(f"No run here has {by} {value!r}.", hint=hint)
    return group


def _equals(column: pd.Series[Any], value: Any) -> pd.Series[bool]:
    nowhere = pd.Series(False, index=column.index)
    if not pd.api.types.is_scalar(value):
        return nowhere
    try:
        return (column == value).fillna(False)
    except (OverflowError, NotImplementedError, UnicodeEncodeError, TypeError):
        return nowhere  # Arrow compares with no number of that size, nor with any kind of value


@dataclass(frozen=True)
class _Pair:
    """Two groups, with what is measured of them."""

    groups: tuple[pd.DataFrame, pd.DataFrame]
    counts: tuple[SuccessCounts, SuccessCounts]
    lengths: tuple[Lengths, Lengths]
    times: BoundedRunTimes
    paired_times: PairedTimes
    numbers: dict[str, tuple[InputMeans, InputMeans]]

    @classmethod
    def of(
        cls,
        groups: tuple[pd.DataFrame, pd.DataFrame],
        lengths: Lengths,
        numbers: Mapping[str, pd.Series[float]],
    ) -> _Pair:
        """Measures two groups.

        Args:
            groups: the RUNS tables of the group before and the one after, whose index numbers the
                rows of the whole table.
            lengths: how long the runs of the whole table took.
            numbers: what else is compared of the runs of the whole table, by names.
        """
        counts = count_successes(*groups)
        before, after = lengths.of_groups([group.index.to_numpy() for group in groups])
        times = BoundedRunTimes.of(groups, (before, after))
        paired = PairedTimes.of(groups, (before, after))
        sums = {name: sum_by_input(values, *groups) for name, values in numbers.items()}
        return cls(groups, counts, (before, after), times, paired, sums)

    @property
    def measures(self) -> tuple[str, ...]:
        """What is compared, in words."""
        words = self.lengths[0].words
        usual = (
            "success rate",
            f"median {words} (s)",
            "paired success rate",
            f"paired {words} (s)",
        )
        return (*usual, *(name for name, _ in self._contrasts_of_numbers()))

    def verdicts(self, level: float = LEVEL) -> dict[str, str]:
        """Gives the verdict of each measure.

        Groups that are equal get one as rarely as the level says.
        """
        rates = success_rates(*self.counts, level)
        success = _verdict(rates, SUCCESS)
        run_time = self.times.verdict(level)
        of_pairs = paired_success(*self.counts, level)
        paired_rate = _verdict(of_pairs, SUCCESS)
        paired_times = paired_run_time(self.paired_times, level)
        paired_time = _verdict(paired_times, FASTER)
        of_numbers = [_verdict(found, HIGHER) for _, found in self._contrasts_of_numbers(level)]
        verdicts = (success, run_time, paired_rate, paired_time, *of_numbers)
        return dict(zip(self.measures, verdicts, strict=True))

    def rows(self) -> list[dict[str, Any]]:
        """A row per measure, with 95 % intervals."""
        found = [
            success_rates(*self.counts),
            self.times.medians(),
            paired_success(*self.counts),
            paired_run_time(self.paired_times),
            *(contrast for _, contrast in self._contrasts_of_numbers()),
        ]
        rows = [
            _row(name, contrast, verdict)
            for (name, verdict), contrast in zip(self.verdicts().items(), found, strict=True)
        ]
        for row in (rows[1], rows[3]):
            _add_notes(row, self._known_notes())
        for row in rows:
            _add_notes(row, repeated_runs_notes(pd.concat(self.groups)))
        ratio = self.times.ratio()
        rows[1] |= {"ratio": ratio.value, "ratio_low": ratio.low, "ratio_high": ratio.high}
        return rows

    def _contrasts_of_numbers(self, level: float = LEVEL) -> list[tuple[str, Contrast]]:
        """The names of what is compared of numbers, with how the groups compare."""
        found = []
        for name, sums in self.numbers.items():
            found.append((f"mean {name}", means(*sums, level)))
            found.append((f"paired mean {name}", paired_means(*sums, level)))
        return found

    def _known_notes(self) -> list[str]:
        """Of how many runs of each group the phase is known."""
        sides = zip("ab", self.lengths, strict=True)
        return [f"{side}: {note}" for side, lengths in sides for note in lengths.known_notes()]


def _add_notes(row: dict[str, Any], notes: list[str]) -> None:
    before = [row["notes"]] if row["notes"] else []
    row["notes"] = "; ".join([*before, *notes])


def _put_holm_verdicts(rows: list[list[dict[str, Any]]], pairs: list[_Pair]) -> None:
    """Puts the verdicts of many comparisons into the rows of each pair.

    The notes say so.
    """
    found = _holm(pairs)
    for place, (part, pair) in enumerate(zip(rows, pairs, strict=True)):
        for row in part[: len(pair.measures)]:
            verdict = found.get((place, row["measure"]), NO_DIFFERENCE)
            row["verdict"] = NOT_ENOUGH if row["verdict"] == NOT_ENOUGH else f"{verdict} (Holm)"
            note = f"Holm's correction for {len(pairs) * len(pair.measures)} comparisons"
            row["notes"] = f"{row['notes']}; {note}" if row["notes"] else note


def _holm(pairs: list[_Pair]) -> dict[tuple[int, str], str]:
    """The differences among many comparisons, in 95 of 100 cases none of them false (Holm 1979).

    The clearest must stand at the level for all comparisons, and each further one at the level for
    those left.

    Returns:
        The verdict by the place of the pair and the measure.
    """
    comparisons = sum(len(pair.measures) for pair in pairs)
    found: dict[tuple[int, str], str] = {}
    while len(found) < comparisons:
        level = 1 - (1 - LEVEL) / (comparisons - len(found))
        further = {
            (place, measure): verdict
            for place, pair in enumerate(pairs)
            for measure, verdict in pair.verdicts(level).items()
            if verdict not in NO_VERDICT and (place, measure) not in found
        }
        if not further:
            break
        found |= further
    return found


def _row(name: str, found: Contrast, verdict: str) -> dict[str, Any]:
    a, b, between = found.a, found.b, found.between
    row: dict[str, Any] = {"measure": name, "verdict": verdict, "notes": found.notes}
    row |= {"n_a": a.n, "n_b": b.n}
    row |= {"a": a.value, "b": b.value}
    row |= {"difference": between.value, "low": between.low, "high": between.high}
    return row


def _verdict(found: Contrast, words: tuple[str, str]) -> str:
    """Says what an interval of the difference shows.

    That is less, more or no difference, or not enough data where it is open or of too few.
    """
    between = found.between
    sizes = [found.a.n, found.b.n]
    if found.inputs is not None:
        sizes.append(found.inputs)
    if min(sizes) < TOO_FEW or isnan(between.low) or isnan(between.high):
        return NOT_ENOUGH
    less, more = words
    if between.high < 0:
        return less
    return more if between.low > 0 else NO_DIFFERENCE


def _left_out_rows(runs: pd.DataFrame, *groups: pd.DataFrame) -> Iterator[dict[str, Any]]:
    sides = [left_out(outcomes(group)) for group in groups]
    for word, count in left_out(outcomes(runs)).items():
        a, b = (side.get(word, 0) for side in sides)
        yield {"measure": word, "n_a": a, "n_b": b, "notes": f"{count - a - b} in neither group"}
