"""Fetches the output files of many runs, the most endangered first."""

from __future__ import annotations

import itertools
import math
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from agentrun_nb.analysis.health import evidence_ends
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.jsontext import valid_unicode
from agentrun_nb.core.schema import FAILURES
from agentrun_nb.core.text import counted
from agentrun_nb.documents.outputs import outputs
from agentrun_nb.errors import AgentRunError, NotFoundError, PathNotFound, TooLargeError
from agentrun_nb.fetch.by_id import fetch_error, fetch_runs
from agentrun_nb.fetch.keys import Key, RunsLike, has_bare_keys, run_keys
from agentrun_nb.fetch.output_files import fetch_file, locate, nearest_names
from agentrun_nb.fetch.progress import ProgressLine
from agentrun_nb.fetch.refetch import fetch_rows, renew_rows, rows_to_fetch
from agentrun_nb.fetch.side_by_side import fetch_each
from agentrun_nb.files.folder import safe_name, write_inside
from agentrun_nb.http.interrupts import DeferredInterrupts
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.run import Run, runs_of
from agentrun_nb.tables.frames import in_plain_form, runs_frame

COLUMNS = {
    "deployment_id": TEXT,
    "run_id": TEXT,
    "position": "Int64",
    "name": TEXT,
    "where": TEXT,
    "bytes": "Int64",
    "error": TEXT,
}
"""The table of what was saved: its columns and their dtypes."""

LIVES_UNKNOWN = "The record does not say how long its sandbox was to live."
INTERRUPTED = "not_asked: The call was interrupted before this file came."
SILENT = "not_asked: The service had brought nothing for as long as the deadline allows."


class OutputFile(NamedTuple):
    """A file that a run has left.

    Attributes:
        key: the run.
        position: its place among the outputs of the manifest.
        name: its name, or its path where it has none.
        is_folder: whether the manifest calls it a directory.
        run: the run with its manifest.
        row: the output in the OUTPUTS table, without its run.
        ends_at: when its sandbox goes, in seconds since the epoch; None where that is not known.
    """

    key: Key
    position: int
    name: str
    is_folder: bool
    run: Run
    row: dict[str, Any]
    ends_at: float | None


@dataclass
class Saved:
    """What became of files, for the table that is returned.

    Attributes:
        rows: the rows of the table.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self, key: Key, position: int | None, name: str | None, **outcome: str | int | None
    ) -> None:
        """Adds a row; `outcome` has `where`, `bytes` or `error`."""
        deployment_id, run_id = key
        row = {"deployment_id": deployment_id, "run_id": run_id}
        self.rows.append(row | {"position": position, "name": name} | outcome)

    def frame(self) -> pd.DataFrame:
        """The table."""
        frame = pd.DataFrame(self.rows, columns=list(COLUMNS))
        return frame.astype(COLUMNS)


def runs_with_manifests(wire: Wire, runs: RunsLike) -> pd.DataFrame:
    """The RUNS table of the runs that are named.

    Fetched are those that are named by their keys, those that were read before they had ended, when
    nobody knew what they would leave, and those whose manifest is not at hand: a listing may have
    gone without it.
    """
    given = in_plain_form(runs)
    if has_bare_keys(given):
        return fetch_runs(wire, run_keys(given), progress=False)
    table = runs_frame(given, latest=True)
    lacking = rows_to_fetch(table) | table["output_manifest"].isna().to_numpy(dtype=bool)
    if not lacking.any():
        return table
    return renew_rows(table, lacking, fetch_rows(wire, table[lacking], progress=False))


def urgent_first(runs: pd.DataFrame) -> list[OutputFile]:
    """The output files of the runs of a RUNS table, in the order in which they are fetched.

    Those of failed runs come first, and among them those whose sandbox goes first.
    """
    listed = _outputs_by_place(runs)
    files = []
    for place, (run, end) in enumerate(zip(runs_of(runs), evidence_ends(runs), strict=True)):
        ends_at = None if pd.isna(end) else end.timestamp()
        files += [_file_of(run, row, ends_at) for row in listed.get(place, [])]
    return sorted(files, key=urgency)


def _outputs_by_place(runs: pd.DataFrame) -> dict[int, list[dict[str, Any]]]:
    """The outputs of each run that lists some, as rows of the OUTPUTS table, by the run's place."""
    # Under its place as its id, each output leads back to its run, also where runs have no id.
    places = pd.Series(range(len(runs)), runs.index).astype(TEXT)
    table = outputs(runs.assign(id=places))
    rows = table.drop(columns=["deployment_id", "run_id"]).to_dict("records")
    listed: dict[int, list[dict[str, Any]]] = {}
    for place, row in zip(table["run_id"], rows, strict=True):
        listed.setdefault(int(place), []).append(row)
    return listed


def urgency(file: OutputFile) -> tuple[bool, float]:
    """By what files are put in order, so that the most endangered is the first."""
    has_failed = file.run.status in FAILURES
    return not has_failed, math.inf if file.ends_at is None else file.ends_at


def _file_of(run: Run, row: dict[str, Any], ends_at: float | None) -> OutputFile:
    """An output of a run as a file that is to be fetched.

    Args:
        run: the run.
        row: the output in the OUTPUTS table.
        ends_at: when its sandbox goes, in seconds since the epoch; None where that is not known.
    """
    key = run.deployment_id or "", run.id or ""
    is_folder = row["kind"] == "directory"
    name = next(iter(_names_of(row)), "")
    return OutputFile(key, int(row["position"]), name, bool(is_folder), run, row, ends_at)


def _names_of(row: Mapping[str, Any]) -> list[str]:
    """The names under which an output is known: its name first, then its paths."""
    known = [row[column] for column in ("name", "path", "configured_path")]
    return [text for text in known if isinstance(text, str)]


def check_names(files: Sequence[OutputFile], names: Iterable[str]) -> None:
    """Checks that each name or path is that of one of the files at least.

    Raises:
        PathNotFound: one is not; the hint gives the nearest.
    """
    known = dict.fromkeys(name for file in files for name in _names_of(file.row))
    for name in names:
        if name not in known:
            message = f"None of these runs lists an output {name!r}."
            hint = nearest_names(name, [*known]) or "Their manifests list no outputs."
            raise PathNotFound(message, hint=hint)


def fetch_files(
    wire: Wire,
    files: Sequence[OutputFile],
    take: Callable[[OutputFile, bytes], str],
    saved: Saved,
    *,
    shown: bool = True,
) -> None:
    """Fetches files side by side, in their order.

    Args:
        wire: sends the requests.
        files: the files.
        take: stores the content of a file, and says where; a `TooLargeError` of it is a row.
        saved: gets a row for each file.
        shown: whether a line says how far it is.
    """
    tally = Tally()
    left = dict(enumerate(files))
    lost = 0

    async def fetch(number: int) -> bytes:
        file = files[number]
        return await fetch_file(wire, locate(file.run, file.row), tally)

    def note(number: int, outcome: bytes | AgentRunError) -> None:
        nonlocal lost
        file = left.pop(number)
        if not isinstance(outcome, AgentRunError):
            try:
                where = take(file, outcome)
                saved.add(file.key, file.position, file.name, where=where, bytes=len(outcome))
            except TooLargeError as error:
                outcome = error
        if isinstance(outcome, AgentRunError):
            lost += 1
            saved.add(file.key, file.position, file.name, error=_loss(file, outcome))
        line.add(1, f"{lost:,} lost" if lost else "")

    with (
        DeferredInterrupts() as interrupts,
        ProgressLine(len(files), shown=shown, noun="files") as line,
    ):
        numbers = [number for number, file in enumerate(files) if not file.is_folder]
        interrupted = fetch_each(wire, numbers, fetch, note, tally, line, interrupts)
        for file in left.values():
            reason = INTERRUPTED if interrupted else SILENT
            if file.is_folder:
                reason = "not_asked: It is a folder, and the service gives single files."
            saved.add(file.key, file.position, file.name, error=reason)
        line.end(
            f"{counted(len(files) - len(left) - lost, 'file')} of {len(files):,}; {lost:,} lost."
        )


def _loss(file: OutputFile, error: AgentRunError) -> str:
    """Says why a file did not come; of one that is gone also by how many seconds it was missed."""
    sentence = fetch_error(error)
    if not isinstance(error, NotFoundError):
        return sentence
    if file.ends_at is None:
        return f"{sentence} {LIVES_UNKNOWN}"
    late = time.time() - file.ends_at
    if late < 0:
        return f"{sentence} Its sandbox was to live for {-late:,.0f} s more."
    return f"{sentence} Its sandbox had gone {late:,.0f} s before."


def add_failed_runs(runs: pd.DataFrame, saved: Saved) -> None:
    """Adds a row for each run that could not be fetched."""
    failed = runs[runs["fetch_error"].notna()]
    for row in failed.itertuples():
        key = str(row.deployment_id), str(row.id)
        saved.add(key, None, None, error=row.fetch_error)


def in_given_order(saved: Saved, keys: Iterable[Key]) -> pd.DataFrame:
    """The table in the order of the runs as they were given, then of their manifests."""
    places = {key: place for place, key in enumerate(keys)}
    frame = saved.frame()
    pairs = zip(frame["deployment_id"], frame["run_id"], strict=True)
    frame["place"] = [places.get(key, len(places)) for key in pairs]
    ordered = frame.sort_values(["place", "position"], kind="stable", na_position="first")
    return ordered.drop(columns="place").reset_index(drop=True)


def save_outputs(
    wire: Wire, runs: RunsLike, folder: Path, names: Sequence[str] | None
) -> pd.DataFrame:
    """Saves the output files of runs into a folder, as `Client.save_outputs` says."""
    table = runs_with_manifests(wire, runs)
    saved = Saved()
    add_failed_runs(table, saved)
    files = urgent_first(table)
    if names is not None:
        chosen = {*map(valid_unicode, names)}  # as those in the table are
        # Of a run that did not come nobody knows what it lists.
        if len(table) and table["fetch_error"].isna().all():
            check_names(files, chosen)
        files = [file for file in files if not chosen.isdisjoint(_names_of(file.row))]
    titles = _titles(files)

    def take(file: OutputFile, content: bytes) -> str:
        title = titles[file.key, file.position]
        return str(write_inside(folder, (*file.key, title), content))

    fetch_files(wire, files, take, saved)
    return in_given_order(saved, zip(table["deployment_id"], table["id"], strict=True))


def _titles(files: Iterable[OutputFile]) -> dict[tuple[Key, int], str]:
    """The names of files on disk; where a name is taken, the later file has its place in it too."""
    titles: dict[tuple[Key, int], str] = {}
    taken: set[tuple[str, ...]] = set()
    for file in files:
        if (file.key, file.position) in titles:
            # The same run was given twice.
            continue
        for title in _possible_titles(file):
            # Two runs may have one folder, where their ids differ in what no folder can be called.
            path = tuple(_as_on_any_disk(part) for part in (*file.key, title))
            if path not in taken:
                break
        taken.add(path)
        titles[file.key, file.position] = title
    return titles


def _possible_titles(file: OutputFile) -> Iterator[str]:
    """The names that a file may have on disk, the best first; they never end."""
    yield safe_name(file.name)
    yield safe_name(f"{file.position}-{file.name}")
    for number in itertools.count(2):
        yield safe_name(f"{file.position}-{number}-{file.name}")


def _as_on_any_disk(name: str) -> str:
    """What is equal for names that some system takes for one: some take no notice of capitals."""
    return unicodedata.normalize("NFC", safe_name(name).casefold())
