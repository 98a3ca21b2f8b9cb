"""The fetch report of a table that comes in several frames, without all of them in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from agentrun_nb.core.schema import FETCH_CODES, NOTE_CODES, Table
from agentrun_nb.tables import remainder, report
from agentrun_nb.tables.remainder import Remainder
from agentrun_nb.tables.report import ATTRS, FetchReport

CHUNK = "chunk"
"""The reason by which a frame says that it is a part, and that the last one speaks for all."""


def report_of_parts(reports: Sequence[FetchReport]) -> FetchReport:
    """The report on a table of those on its parts, as far as it does not count their rows."""
    if not reports:
        return FetchReport()
    # The last chunk of a listing speaks for all.
    if all(part.truncated_by == CHUNK for part in reports[:-1]):
        return reports[-1]
    return report.join(reports)


class ChunkReports:
    """Combines the reports of the frames that a table is split into.

    Args:
        table: the table that the frames are of; None for any other than one of records.
    """

    def __init__(self, table: Table | None) -> None:
        self._table = table
        self._reports: list[FetchReport] = []
        self._remainders: list[Remainder] = []
        self._found: Counter[str] = Counter()
        self._digest = 0
        self._rows = 0
        self._have_reports = True

    def add(self, frame: pd.DataFrame) -> None:
        """Adds the next frame."""
        if self._table is None:
            return
        self._rows += len(frame)
        self._have_reports &= ATTRS in frame.attrs
        self._reports.append(report.fetch_report(frame))
        self._remainders.append(report.remainder_of(frame))
        self._digest += int(report.fingerprint(frame, self._table.name) or "0", 16)
        if "parse_notes" in frame.columns:
            self._found += Counter(report.count_oddities(frame))

    def attrs(self) -> dict[str, Any] | None:
        """The report on the whole table as it stands in `attrs`; None where there is none."""
        if not self._reports or not self._have_reports:
            return None
        if len(self._reports) == 1:
            made, remains = self._reports[0], self._remainders[0]
        elif all(part.truncated_by == CHUNK for part in self._reports[:-1]):
            made, remains = self._of_last(), self._remainders[-1]
        else:
            made, remains = report.join(self._reports), remainder.join(self._remainders)
        digest = f"{self._digest % 2**64:016x}"
        return report.to_attrs(replace(made, rows=self._rows), digest, remains)

    def _of_last(self) -> FetchReport:
        """The report of the last frame, which speaks for all, with the sums over all."""
        last = self._reports[-1]
        of_rows = {*NOTE_CODES, *FETCH_CODES, *self._found}
        of_answers = {code: n for code, n in last.oddities.items() if code not in of_rows}
        found = Counter(of_answers) + self._found
        got = sum(part.got for part in self._reports)
        return replace(last, got=got, oddities=dict(found.most_common()))
