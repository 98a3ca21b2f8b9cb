"""The explorer of runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import traitlets

from agentrun_nb.analysis.filter_rows import Mask, filter_rows
from agentrun_nb.analysis.filter_rules import frozen
from agentrun_nb.core.arguments import read_texts
from agentrun_nb.core.jsontext import JSONTextError
from agentrun_nb.core.paths import parse_path
from agentrun_nb.core.schema import DOCUMENTS
from agentrun_nb.core.text import clip, counted, visible
from agentrun_nb.core.times import EPOCH
from agentrun_nb.drawing.status_style import look_of, painting_order
from agentrun_nb.errors import SettingsError
from agentrun_nb.run import Run, value_at
from agentrun_nb.tables.frames import runs_frame
from agentrun_nb.tables.moments import last_moment
from agentrun_nb.widget.comparison import comparison
from agentrun_nb.widget.html_file import write_page
from agentrun_nb.widget.page import Message, runs_page, small_docs
from agentrun_nb.widget.preview import NO_CLIENT, read_file
from agentrun_nb.widget.python_code import place_code, rows_code, selection_code, shown_code
from agentrun_nb.widget.run_docs import absent_fields, packed_docs, run_docs
from agentrun_nb.widget.traits import Names, frozen_window
from agentrun_nb.widget.traits import names as read_names
from agentrun_nb.widget.twin import Story, run_story, runs_story
from agentrun_nb.widget.view import View, shows_html

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from agentrun_nb.widget.run_source import RunSource

LEFT_OUT = '"left out when this file was written"'
"""What stands in an exported file for a document that was not to be in it.

It is JSON, so that it reads as what it is.
"""

_OF_A_FILE = ("selected", "path", "tz", "view", "by", "sort", "columns", "window", "height")
"""The shared values that an exported file opens with; its rows are those of the filter already."""


class RunExplorer(View):
    """One run, whole; or many on a timeline, with the one that is chosen under it.

    It is an ipywidget: it goes into an `HBox`, is observed and linked.

    Attributes:
        selected: the chosen runs as [deployment_id, run_id]; may be set to such keys, a frame, rows
            or Runs. A key that no row here has chooses nothing.
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

    selected: Any = traitlets.TraitType([]).tag(sync=True)
    filter: Any = traitlets.TraitType(None, allow_none=True).tag(sync=True)
    view: Any = traitlets.TraitType("timeline").tag(sync=True)
    by: Any = traitlets.TraitType(None, allow_none=True).tag(sync=True)
    sort: Any = traitlets.TraitType(None, allow_none=True).tag(sync=True)
    columns: Any = traitlets.TraitType([]).tag(sync=True)
    window: Any = traitlets.TraitType(None, allow_none=True).tag(sync=True)
    height: Any = traitlets.TraitType(None, allow_none=True).tag(sync=True)

    def __init__(
        self,
        x: Any,
        client: RunSource | None = None,
        shared: Mapping[str, Any] | None = None,
        names: Names | None = None,
    ) -> None:
        """Makes the view; `explore` says what may be given."""
        if client is not None and not hasattr(client, "read_output"):
            raise SettingsError(
                "`client` is no client.",
                hint="Give the arn.Client that the runs came from, or leave it out.",
            )
        self._client = client
        self._names = read_names(names)
        self._take(x)
        super().__init__(selected=self._first_choice(), **(shared or {}))

    def _take(self, x: Any) -> None:
        self._is_row = isinstance(x, pd.Series)
        self._runs = runs_frame(x.to_frame().T if self._is_row else x).copy(deep=False)
        self._one = x if isinstance(x, Run) else None
        if self._is_row:
            self._one = Run.of_row(self._runs.iloc[0])
        # A row has NA both for what its record does not have and for what is null there.
        self._absent = () if self._one is None or self._is_row else absent_fields(self._one)
        latest = last_moment(self._runs)
        self._now = 0.0 if isnan(latest) else latest
        self._mask: Mask | None = None

    def _sound(self, name: str, value: Any) -> Any:
        sound = super()._sound(name, value)
        return frozen_window(sound, self._newest) if name == "window" else sound

    @traitlets.observe("filter")
    def _filtered(self, _: Any) -> None:
        self._mask = None

    @property
    def _newest(self) -> datetime:
        """The newest look, from which ages in a filter count back."""
        return EPOCH + timedelta(milliseconds=self._now)

    def _shown(self) -> Mask:
        """Which rows the filter lets through; computed once for a filter and a table."""
        if self._mask is None:
            self._mask = filter_rows(self._runs, self.filter, self._newest, self._names)
        return self._mask

    def _first_choice(self) -> list[list[str]]:
        """The newest run."""
        created = self._runs["created_at"]
        if not len(created):
            return []
        return [list(self._keys([int(created.argmax()) if created.notna().any() else 0])[0])]

    def _chosen(self) -> list[int]:
        """The places of the selected rows in the table."""
        ids = self._runs["id"].fillna("")
        near = np.flatnonzero(ids.isin([run for _, run in self.selected]))
        chosen = set(map(tuple, self.selected))
        keyed = zip(near.tolist(), self._keys(near), strict=True)
        return [row for row, key in keyed if key in chosen]

    def _keys(self, rows: Any) -> list[tuple[str, str]]:
        key = self._runs[["deployment_id", "id"]].iloc[rows].fillna("")
        return list(zip(key["deployment_id"], key["id"], strict=True))

    @property
    def runs(self) -> pd.DataFrame:
        """All runs of the view, under the index they came with.

        Example:
            >>> len(ex.runs)
            302
        """
        return self._runs.copy(deep=False)

    @property
    def shown(self) -> pd.DataFrame:
        """The runs that `filter` lets through, under the index they came with.

        Example:
            >>> failed = arn.explore(runs, filter={"status": "failed"})
            >>> set(failed.shown["status"])
            {'failed'}
        """
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
        return self._runs.iloc[self._chosen()]

    @property
    def run(self) -> Run | None:
        """The first of the selected runs, None when none of them is here.

        Example:
            >>> ex.selected = run
            >>> ex.run
            <Run 'adrun_...': deployment 'adep_6257b013', succeeded, exit code 0, ...>
        """
        rows = self._chosen()
        # Of rows with one key the first is meant, so the first row enters the mapping last.
        row_of = dict(zip(reversed(self._keys(rows)), reversed(rows), strict=True))
        for key in map(tuple, self.selected):
            if key in row_of:
                return self._run_at(row_of[key])
        return None

    def _run_at(self, row: int) -> Run:
        if self._one is not None:
            return self._one
        return Run.of_row(self._runs.iloc[row])

    def _table_of(self, row: int) -> pd.DataFrame:
        """One row, as a table."""
        return self._runs.iloc[row : row + 1]

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
        lines = []
        if self._one is not None:
            lines += [f"run = {self._source()}", "runs = run.to_frame()"]
        chosen = np.zeros(len(self._runs), dtype=bool)
        chosen[self._chosen()] = True
        keys = ((deployment, name) for deployment, name in self.selected)
        rules = None if self.filter is None else frozen(self.filter, self._newest)
        lines += [
            f"shown = {shown_code(rules)}",
            f"selection = {selection_code(self._runs, self._shown(), chosen, keys)}",
        ]
        run, steps = self.run, parse_path(self.path)
        if run is not None and steps:
            # The page copies this line alone, so it stands by itself.
            first = rows_code([(run.deployment_id or "", run.id or "")])
            document = f"run.{steps[0]}"
            if self._one is None:
                document = f'arn.parse({first}["{steps[0]}"]).iloc[0]'
            lines.append(f"value = {place_code(document, steps[1:])}")
        return "\n".join(lines)

    def _source(self) -> str:
        """The Python that gives the one run."""
        run = self._one
        if run is None or self._client is None:
            return "arn.Run.of_row(row)" if self._is_row else "run"
        return f"client.get_run({run.deployment_id!r}, {run.id!r})"

    def update(self, x: Any) -> None:
        """Shows other data in place; what is selected stays so where it is still there.

        Args:
            x: as for `explore`.

        Example:
            >>> ex.update(client.refetch(runs))
        """
        self._take(x)
        present = set(self._keys(self._chosen()))
        chosen = [key for key in self.selected if tuple(key) in present]
        self.selected = chosen or self._first_choice()
        self._replaced()

    def figure(self) -> go.Figure:
        """Draws what is on the screen as a plotly figure.

        Returns:
            The figure, with the rows, stretch of time, folds, colours and zone of the screen. What
            the legend highlights there is not told apart: in the figure a click on the legend hides
            a status.

        Example:
            >>> figure = ex.figure()
            >>> type(figure).__name__
            'Figure'
        """
        from agentrun_nb.figures.timeline import draw

        template = {None: None, True: "plotly_dark", False: "plotly_white"}[self._window.dark]
        return draw(self._drawn(), self._now, self.tz, self._window, template)

    def to_html(self, path: str | Path, without: Iterable[str] = ()) -> Path:
        """Writes the view as one file that works offline and opens as the page was last seen.

        It holds the runs that `filter` lets through.

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
        """
        hint = f"It may name {' and '.join(DOCUMENTS)}."
        left_out = read_texts("without", without, hint)
        if not set(left_out) <= set(DOCUMENTS):
            raise SettingsError(f"without= names no document: {left_out!r:.80}.", hint=hint)
        runs = self._drawn()
        texts = {name: runs[name] for name in left_out}
        blank = {name: column.where(column.isna(), LEFT_OUT) for name, column in texts.items()}
        runs = runs.assign(**blank)
        page = self._page_of(runs, packed_docs(runs, self._absent))
        shared = {name: getattr(self, name) for name in _OF_A_FILE}
        return write_page(path, page, shared, _contents(len(runs), left_out))

    def _drawn(self) -> pd.DataFrame:
        """The rows of a figure or file: what is shown, and one run always."""
        return self.shown if self._one is None else self._runs

    # --- what a view gives

    def _page(self) -> Message:
        docs = self._docs() if self._one is not None else None
        return self._page_of(self._runs, docs)

    def _whole_page(self) -> Message:
        return self._page_of(self._runs, self._docs())

    def _page_of(self, runs: pd.DataFrame, docs: bytes | None) -> Message:
        kind = "runs" if self._one is None else "run"
        page, buffers = runs_page(
            runs, self.uid, self._now, kind=kind, docs=docs, names=self._names
        )
        page |= {"no_previews": NO_CLIENT if self._client is None else "", "screen": self._screen()}
        return page, buffers

    def _screen(self) -> dict[str, Any] | None:
        """How the page stood when it last said so, as a page opens with it.

        It is None before the page has said anything.
        """
        seen = self._window
        if seen.start is None or seen.end is None:
            return None
        shown = {"start": seen.start, "end": seen.end, "by": seen.by, "folded": seen.folded}
        return shown | {"highlighted": list(seen.highlighted)}

    def _rows(self) -> int:
        return len(self._runs)

    def _doc(self, row: int) -> dict[str, Any]:
        docs = run_docs(self._table_of(row), row, self._absent)
        return docs[0]

    def _docs(self) -> bytes | None:
        whole = self._one is not None
        return packed_docs(self._runs, self._absent) if whole else small_docs(self._runs)

    def _comparison(self, a: int, b: int) -> dict[str, Any]:
        return comparison(self._table_of(a), self._table_of(b))

    async def _file(self, row: int, output: int) -> bytes:
        return await read_file(self._client, self._run_at(row), output)

    def _story(self) -> Story:
        if self._one is None:
            return runs_story(self._runs, self._now, self.tz)
        return run_story(self._runs, self._doc(0), self._now, self.tz)

    def _call(self) -> str:
        if self._is_row and self._client is None:
            return "arn.explore(row)"
        source = "runs" if self._one is None else self._source()
        return "run" if source == "run" else f"arn.explore({source})"

    def _line(self) -> str:
        if len(self._runs) == 1:
            return repr(self._run_at(0))
        statuses = self._runs["status"].astype("object")
        tallies = statuses.where(statuses.notna(), None).value_counts(dropna=False)
        names = [None if pd.isna(status) else str(status) for status in tallies.index]
        counts = dict(zip(names, tallies, strict=True))
        parts = []
        for status in painting_order(list(counts)):
            label = clip(look_of(status).label, 40)
            parts.append(f"{counts[status]:,} {visible(label)}")
        sentence = counted(len(self._runs), "run")
        if parts:
            sentence += f": {', '.join(parts)}"
        return f"<RunExplorer: {sentence}>"

    def __repr__(self) -> str:
        if not shows_html():
            return self._line()
        shown = counted(len(self._runs), "run") if self._one is None else f"run {self._one.id!r}"
        return f"<RunExplorer: {shown}, live while its kernel runs>"


def _contents(count: int, left_out: Sequence[str]) -> str:
    """What an exported file holds, in a sentence."""
    whole = " and ".join(name.replace("_", " ") for name in DOCUMENTS if name not in left_out)
    documents = f"with their {whole}" if whole else "without their documents"
    records = f"This file holds the records of {counted(count, 'run')} {documents}."
    return f"{records} It reads no output files."
