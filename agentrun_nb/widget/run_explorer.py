"""The view of one run, or of many with the one that is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from agentrun_nb.analysis.filter_rules import Rules, with_moments
from agentrun_nb.analysis.filter_words import filter_words
from agentrun_nb.core.arguments import read_texts
from agentrun_nb.core.jsontext import JSONTextError
from agentrun_nb.core.paths import parse_path
from agentrun_nb.core.schema import DOCUMENTS
from agentrun_nb.core.text import clip, counted, visible
from agentrun_nb.core.when import read_when
from agentrun_nb.drawing.status_style import look_of, painting_order
from agentrun_nb.drawing.window import Window
from agentrun_nb.errors import DataError, SettingsError
from agentrun_nb.files.save_load import runs_as_parquet
from agentrun_nb.run import Run, value_at
from agentrun_nb.tables.report import without_documents
from agentrun_nb.widget.failure_groups import failure_groups, groups_part
from agentrun_nb.widget.file_words import file_contents, file_name, file_title
from agentrun_nb.widget.html_file import page_html, write_page
from agentrun_nb.widget.last_success import last_successes
from agentrun_nb.widget.page import Message
from agentrun_nb.widget.protocol import Parcel, RefusedError, Request
from agentrun_nb.widget.python_code import (
    FEW,
    place_code,
    rows_code,
    selection_code,
    shown_code,
    view_code,
)
from agentrun_nb.widget.run_docs import packed_docs
from agentrun_nb.widget.run_source import with_runs_fetched
from agentrun_nb.widget.run_view import RunView
from agentrun_nb.widget.twin import Shown, Story, run_story, runs_story
from agentrun_nb.widget.view import shows_html

if TYPE_CHECKING:
    import plotly.graph_objects as go


LEFT_OUT = '"left out when this file was written"'
"""What stands in an exported file for a document that was not to be in it.

It is JSON, so that it reads as what it is.
"""

MOST_BYTES = 64 * 2**20
"""A larger file does not go through the page."""

_OF_A_CALL = ("view", "by", "sort", "columns", "window", "tz", "height")
"""The shared values that the Python of a view says."""

_OF_A_FILE = ("selected", "path", "tz", "view", "by", "sort", "columns", "window", "height")
"""The shared values that an exported file opens with; its rows are those of the filter already."""


class RunExplorer(RunView):
    """One run, whole; or many on a timeline, with the one that is chosen under it.

    It is an ipywidget: it goes into an `HBox`, is observed and linked.

    Attributes:
        selected: the chosen runs as [deployment_id, run_id]; may be set to such keys, a frame, rows
            or Runs. A key that no row here has chooses nothing. Of many runs it begins with the
            newest, while the page tells of all of them until somebody chooses.
        path: the place that is chosen in a document, such as `output_manifest.outputs[0].path`; may
            be set.
        tz: the zone in which times are shown, an IANA name; may be set.
        filter: which runs are shown, as `explore` takes it; None: all. May be set.
        view: `timeline`, `table` or `durations`; may be set.
        by: what runs are grouped by: `deployment_id`, `version_id`, `status` or `none`; None: as it
            fits. May be set.
        sort: what runs are sorted by, such as `-created_at`; may be set.
        columns: paths in documents that the table shows; may be set.
        window: the stretch of time that is shown, as two ISO texts; None: all. May be set.
        height: of the view, in pixels; None: as it fits. May be set.
    """

    @property
    def runs(self) -> pd.DataFrame:
        """All runs of the view, under the index they came with.

        Example:
            >>> len(ex.runs)
            302
        """
        with self._up_to_date():
            return self._runs.copy(deep=False)

    @property
    def shown(self) -> pd.DataFrame:
        """The runs that `filter` lets through, under the index they came with.

        Example:
            >>> failed = arn.explore(runs, filter={"status": "failed"})
            >>> set(failed.shown["status"])
            {'failed'}
        """
        with self._up_to_date():
            return self._runs[self._shown()]

    @property
    def selection(self) -> pd.DataFrame:
        """The selected rows, under the index they came with.

        A run that the filter does not let through stays selected.

        Example:
            >>> ex.selected = runs.head(2)
            >>> len(ex.selection)
            2
        """
        with self._up_to_date():
            return self._runs.iloc[self._table.rows(self.selected)]

    @property
    def run(self) -> Run | None:
        """The first of the selected runs, None when none of them is here.

        Example:
            >>> ex.selected = run
            >>> ex.run
            <Run 'adrun_...': deployment 'adep_6257b013', succeeded, exit code 0, ...>
        """
        with self._up_to_date():
            rows = self._table.first_rows(self.selected)
            return self._table.run(rows[0]) if rows else None

    @property
    def value(self) -> Any:
        """What stands at `path` in the chosen run; None when no path or no run is chosen.

        Raises:
            PathNotFound: the chosen run has nothing there.
            JSONTextError: the document is not JSON.

        Example:
            >>> ex.selected, ex.path = run, "output_manifest.outputs[0].name"
            >>> ex.value
            'report.md'
        """
        run = self.run
        try:
            return value_at(run, self.path) if run is not None and self.path else None
        except JSONTextError as error:
            error.hint = "The text itself is in run.input_text and run.output_manifest_text."
            raise

    @property
    def code(self) -> str:
        """The Python that gives `shown`, `selection`, and `value` where a path is chosen.

        The data is called `runs` in it. Ages in the filter stand in it as moments.

        Example:
            >>> ex.selected, ex.path = run, ""
            >>> print(ex.code)
            shown = runs
            selection = runs[runs["deployment_id"].eq('adep_6257b013') & runs["id"].eq('adrun_...')]
        """
        with self._up_to_date():
            value = self._value_code()
            return "\n".join(self._table_code() if value is None else [*self._table_code(), value])

    def _table_code(self) -> list[str]:
        """The lines of Python that give `shown` and `selection`."""
        lines = []
        if self._table.one is not None:
            lines += [f"run = {self._source()}", "runs = run.to_frame()"]
        elif self._following.watches:
            lines.append("runs = watch.runs")
        return [*lines, f"shown = {self._shown_code()}", f"selection = {self._selection_code()}"]

    def _value_code(self) -> str | None:
        """The line of Python that gives `value`; None where no path or no run is chosen."""
        run, steps = self.run, parse_path(self.path)
        if run is None or not steps:
            return None
        # The page copies this line alone, so it stands by itself.
        first = rows_code([(run.deployment_id or "", run.id or "")])
        document = f"run.{steps[0]}"
        if self._table.one is None:
            document = f'arn.parse({first}["{steps[0]}"]).iloc[0]'
        return f"value = {place_code(document, steps[1:])}"

    def _shown_code(self) -> str:
        rules = self._moments()
        return shown_code(rules, self._table.needed_names(rules, self._names))

    def _selection_code(self) -> str:
        chosen = np.zeros(len(self._runs), dtype=bool)
        chosen[self._table.rows(self.selected)] = True
        keys = ((deployment, name) for deployment, name in self.selected)
        return selection_code(self._runs, self._shown(), chosen, keys)

    def _view_code(self) -> str:
        """The Python that makes this view again."""
        rules = self._moments()
        values = {name: getattr(self, name) for name in _OF_A_CALL}
        values["filter"] = rules
        values["names"] = self._table.needed_names(rules, self._names)
        values["follow"] = self._following.choice
        if self._following.watches and self._table.one is None:
            return view_code("watch", False, values)
        source = "runs" if self._table.one is None else self._source()
        return view_code(source, self._client is not None, values)

    def _cell_code(self) -> str:
        """The Python of a cell that shows this view again, with what is chosen in it."""
        lines = [f"ex = {self._view_code()}", *self._table_code()]
        value = self._value_code()
        # A path stays while other runs are chosen, and the line of one that is not there fails.
        if value is not None and self._has_value():
            lines.append(value)
        if self._has_own_choice():
            # The first of a few is the one on show, and a table does not say which that is.
            is_few = len(self.selected) <= FEW
            lines.append(f"ex.selected = {self.selected if is_few else 'selection'}")
        if self.path:
            lines.append(f"ex.path = {self.path!r}")
        return "\n".join([*lines, "ex"])

    def _has_own_choice(self) -> bool:
        """Whether something else is chosen than in a view that nobody has touched."""
        if len(self._table) > 1:
            return self._is_chosen
        return bool(self.selected != self._table.newest_key())

    def _has_value(self) -> bool:
        try:
            self.value  # noqa: B018
        except DataError:
            return False
        return True

    def _answer_python(self, _: Request) -> Message:
        text = self._cell_code()
        return {"text": text, "call": self._view_code(), "code": self.code}, []

    def _answer_file(self, _: Request) -> Message:
        html = self._html()
        if len(html) > MOST_BYTES:
            size = f"{len(html):,} bytes"
            raise RefusedError(f"This file has {size}: write it with ex.to_html(path).")
        parcel = Parcel()
        one = self._table.one
        name = file_name(one.id if one is not None else None, datetime.now(UTC))
        return {"file": parcel.add(html), "name": name}, parcel.packed()

    def _source(self) -> str:
        """The Python that gives the one run."""
        run = self._table.one
        if run is None or self._client is None:
            return "arn.Run.of_row(row)" if self._table.is_row else "run"
        return f"client.get_run({run.deployment_id!r}, {run.id!r})"

    def update(self, x: Any) -> None:
        """Shows other data in place; what is selected stays so where it is still there.

        What was followed is followed no more; the new data is, as `explore` would follow it.

        Args:
            x: as for `explore`.

        Example:
            >>> ex.update(client.refetch(runs))
        """
        data = with_runs_fetched(x, self._client)
        with self._turns:
            self._switch_to(data)
            rows = self._table.first_rows(self.selected)
            chosen = [list(key) for key in self._table.keys(rows)]
            by_somebody = self._is_chosen and bool(chosen)
            self._choose(chosen or self._table.newest_key(), by_somebody)
            self._replaced()
            self._following.go_on()

    def figure(self) -> go.Figure:
        """Draws what is on the screen as a plotly figure.

        Returns:
            The figure, with the rows, names, bands, stretch of time, folds, colours and zone of the
            screen; of a single run also its phases, where this process saw some.

        Example:
            >>> figure = ex.figure()
            >>> type(figure).__name__
            'Figure'
        """
        from agentrun_nb.figures.timeline import draw

        window = self._on_screen()
        template = {None: None, True: "plotly_dark", False: "plotly_white"}[window.dark]
        with self._up_to_date():
            runs, now, phases = self._drawn(), self._table.now, self._table.phases()
        return draw(runs, now, self.tz, window, template, self._names, phases)

    def _on_screen(self) -> Window:
        """What is on the screen: as the page has last said it, else as the shared values say."""
        seen = replace(self._window, by=self.by or self._window.by)
        if (seen.start, seen.end) != (None, None):
            return seen
        start, end = self._stretch() or (None, None)
        return replace(seen, start=start, end=end)

    def _stretch(self) -> tuple[float, float] | None:
        """The stretch of time of `window`, in ms since the epoch; None: all."""
        if self.window is None:
            return None
        start, end = (read_when(edge) or 0 for edge in self.window)
        return start / 1_000, end / 1_000

    def to_html(self, path: str | Path, without: Iterable[str] = ()) -> Path:
        """Writes the view as one file that works offline and opens as the page was last seen.

        It holds the runs that `filter` lets through; `arn.load` makes a table of it again, in which
        the documents that were left out are empty and named by `arn.fetch_report`.

        Args:
            path: where to.
            without: what is left out of it: `input`, `output_manifest`, or both.

        Returns:
            The path.

        Raises:
            SettingsError: `without` names something else.
            DataError: the file cannot be written; what was there stays.

        Example:
            >>> ex.to_html("runs.html", without="input")
            PosixPath('runs.html')
            >>> len(arn.load("runs.html")) == len(ex.shown)
            True
        """
        return write_page(path, self._html(without))

    def _html(self, without: Iterable[str] = ()) -> bytes:
        """The bytes of that file."""
        hint = f"It may name {' and '.join(DOCUMENTS)}."
        left_out = read_texts("without", without, hint)
        if not set(left_out) <= set(DOCUMENTS):
            raise SettingsError(f"without= names no document: {left_out!r:.80}.", hint=hint)
        with self._up_to_date():
            return self._html_without(left_out)

    def _html_without(self, left_out: Sequence[str]) -> bytes:
        runs = self._drawn()
        # What is shown is a sentence, and what is loaded again is nothing: a record never had it.
        table = without_documents(runs, left_out) if left_out else runs
        texts = {name: runs[name] for name in left_out}
        blank = {name: column.where(column.isna(), LEFT_OUT) for name, column in texts.items()}
        runs = runs.assign(**blank)
        page, buffers = self._page_of(runs, packed_docs(runs, self._table.absent))
        page["title"] = file_title(runs, self._names, self.tz, page["title"])
        if self._table.one is None:
            buffers = self._add_answers(page, buffers, runs)
        shared = {name: getattr(self, name) for name in _OF_A_FILE}
        shared["selected"] = self.selected if self._is_chosen else []
        words = self._filter_words() if self._table.one is None else ""
        contents = file_contents(len(runs), len(self._runs), words, left_out)
        return page_html((page, buffers), shared, contents, runs_as_parquet(table))

    def _add_answers(
        self, page: dict[str, Any], buffers: list[bytes], runs: pd.DataFrame
    ) -> list[bytes]:
        """Adds to the page of a file what it cannot ask a kernel for; returns all its buffers."""
        fingerprints = self._table.fingerprints[self._shown()]
        parcel = Parcel(buffers)
        page["groups"] = groups_part(failure_groups(runs, fingerprints), parcel)
        successes = last_successes(runs)
        page["last_success"] = successes.found
        page["last_success_cut"] = successes.cut
        return parcel.packed()

    def _moments(self) -> Rules | None:
        """The filter with moments in place of ages."""
        if self.filter is None:
            return None
        return with_moments(self.filter, self._table.newest)

    def _drawn(self) -> pd.DataFrame:
        """The rows of a figure or file: what is shown, and one run always."""
        return self.shown if self._table.one is None else self._runs

    # --- what a view gives

    def _story(self) -> Story:
        runs = self._drawn()
        now = self._table.now
        if self._table.one is not None:
            return run_story(runs, self._table.doc(0), now, self.tz, self._names)
        shown = Shown(self._runs, self._filter_words(), self.by, self._stretch())
        return runs_story(runs, now, self.tz, shown, self._names)

    def _filter_words(self) -> str:
        """What is true of the runs that are shown; empty where all are."""
        if self.filter is None:
            return ""
        return filter_words(self.filter, self._table.newest, self.tz, self._names)

    def _call(self) -> str:
        if self._table.is_row and self._client is None:
            return "arn.explore(row)"
        if self._table.one is None:
            return self._view_code()
        source = self._source()
        return "run" if source == "run" else f"arn.explore({source})"

    def _line(self) -> str:
        with self._up_to_date():
            if len(self._table) == 1:
                return repr(self._table.run(0))
            statuses = self._runs["status"].astype("object")
        tallies = statuses.where(statuses.notna(), None).value_counts(dropna=False)
        names = [None if pd.isna(status) else str(status) for status in tallies.index]
        counts = dict(zip(names, tallies, strict=True))
        parts = []
        for status in painting_order(list(counts)):
            label = clip(look_of(status).label, 40)
            parts.append(f"{counts[status]:,} {visible(label)}")
        sentence = counted(len(statuses), "run")
        if parts:
            sentence += f": {', '.join(parts)}"
        return f"<RunExplorer: {sentence}>"

    def __repr__(self) -> str:
        if not shows_html():
            return self._line()
        one = self._table.one
        shown = counted(len(self._table), "run") if one is None else f"run {one.id!r:.200}"
        return f"<RunExplorer: {shown}, live while its kernel runs>"
