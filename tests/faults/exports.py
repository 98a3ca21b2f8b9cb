"""G: tables as files, and files with names of others.

Each control does the same with pandas, or with a plain path.
"""

from __future__ import annotations

import csv
import io
import json
import time
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow.parquet

import agentrun_nb as arn
from agentrun_nb.core import jsontext
from agentrun_nb.errors import SchemaError
from tests.archive import plain, work
from tests.archive.book import DEP, Book, served
from tests.archive.pressure import Crew, received

from .archives import folder
from .lab import Got, Lab, fault, timed
from .replies import record, text_record

FORMULAS = ["=1+1", "+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0"]
"""Texts that a program for tables takes for formulas, or comes to by leaving out what is blank."""

FIRST = ("=", "+", "-", "@", "\t", "\r", "\n")


def with_formulas() -> pd.DataFrame:
    """Runs with a formula in every place of text, also in names of columns."""
    texts = [record(f"run_{n}", failure_reason=text) for n, text in enumerate(FORMULAS)]
    runs = arn.runs_frame([json.dumps(text).encode() for text in texts])
    runs["exit_code"] = pd.array([None] * len(runs), "Int64")
    return runs.assign(**dict.fromkeys(FORMULAS, "text"))


# --- 122 to 124: what a file makes of a value ----------------------------------------------------


def live_cells(content: str) -> list[str]:
    """The cells of a CSV file that are formulas."""
    rows = csv.reader(io.StringIO(content, newline=""))
    return [cell for row in rows for cell in row if cell.startswith(FIRST)]


def csv_of_pandas(lab: Lab) -> int:
    """The control."""
    found = live_cells(with_formulas().to_csv(index=False))
    assert not found, f"{len(found)} live cells"
    return 0


@fault(
    122,
    "formulas in cells and names of columns, after tab, CR, LF",
    "no cell of a CSV file begins so; the same texts come back",
    plain=csv_of_pandas,
)
def _(lab: Lab) -> str:
    runs = with_formulas()
    with folder() as place:
        path = arn.save(runs, place / "runs.csv")
        found = live_cells(path.read_bytes().decode())
        back = arn.load(path)
    assert not found, found
    pd.testing.assert_frame_equal(back, runs)
    return f"0 live cells of {len(FORMULAS)} texts, all come back"


def live_in_sheet(path: Path) -> int:
    """How many cells of a workbook are formulas."""
    sheet = openpyxl.load_workbook(path).worksheets[0]
    return sum(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)


def sheet_of_pandas(lab: Lab) -> int:
    """The control."""
    with folder() as place:
        path = place / "runs.xlsx"
        pd.DataFrame({"text": FORMULAS}).to_excel(path, index=False)
        assert live_in_sheet(path) == 0, f"{live_in_sheet(path)} live cells"
    return 0


@fault(
    123, "the same in a workbook", "each is text; the same texts come back", plain=sheet_of_pandas
)
def _(lab: Lab) -> str:
    runs = with_formulas()
    with folder() as place:
        path = arn.save(runs, place / "runs.xlsx")
        assert live_in_sheet(path) == 0, live_in_sheet(path)
        assert b"<f>" not in zipfile.ZipFile(path).read("xl/worksheets/sheet1.xml")
        back = arn.load(path)
    pd.testing.assert_frame_equal(back, runs)
    return "0 live cells, all come back"


DOCUMENTS = ["{}", "[]", '{"a":{}}', '{"a":[1,"x",null]}', '{"a":18446744073709551616}', '"text"']
"""Documents of many shapes in one column: empty, mixed, with an integer of 2^64."""


def parquet_of_pandas(lab: Lab) -> int:
    """The control: the documents as objects."""
    frame = pd.DataFrame({"input": [json.loads(text) for text in DOCUMENTS]})
    frame.to_parquet(io.BytesIO())
    return len(frame)


@fault(
    124,
    "documents that are empty, mixed, with 2^64, in Parquet",
    "JSON text to the letter, which other programs read; objects are refused by name",
    plain=parquet_of_pandas,
)
def _(lab: Lab) -> list[object]:
    runs = arn.runs_frame([text_record(id=f'"run_{n}"', input=t) for n, t in enumerate(DOCUMENTS)])
    with folder() as place:
        path = arn.save(runs, place / "runs.parquet")
        back = arn.load(path)
        read_by_arrow = pyarrow.parquet.read_table(path)["input"].to_pylist()
        objects = runs.assign(odd=runs["input"].map(jsontext.parse))
        refused = timed(lambda: arn.save(objects, path))
        assert arn.load(path).equals(back)
    pd.testing.assert_frame_equal(back, runs)
    assert read_by_arrow == DOCUMENTS, read_by_arrow
    assert type(refused.error) is SchemaError, refused
    assert "odd" in refused.error.message, refused
    return [f"{len(DOCUMENTS)} documents to the letter", refused]


# --- 125: a save that is cut off -----------------------------------------------------------------

ENDINGS = (".csv", ".parquet", ".xlsx", "")
"""The kinds of files; no ending is a dataset."""


def plain_csv_is_killed(lab: Lab) -> str:
    """The control: a file that is written in its place."""
    with folder() as place:
        path = place / "runs.json"
        path.write_text("[1, 2, 3]")
        with Crew() as crew:
            received(crew.start(plain.save_half, path))
            crew.kill()
        return f"the old file: {json.loads(path.read_text())}"


@fault(
    125,
    "kill -9 while a file or a dataset is saved over another",
    "what is there is one of the two, whole; nothing else is in its way",
    plain=plain_csv_is_killed,
)
def _(lab: Lab) -> str:
    counts = []
    with folder() as place:
        for ending in ENDINGS:
            path = place / f"runs{ending}"
            for number in range(3):
                with Crew() as crew:
                    saved = received(crew.start(work.save_for_ever, path))
                    time.sleep(0.07 * number)
                    crew.kill()
                counts.append(saved_rows(path))
                assert counts[-1] >= saved, (ending, counts, saved)
            table = arn.load(path)
            arn.save(table if ending else [table], path)
    return f"{len(counts)} kills: each file whole"


def saved_rows(path: Path) -> int:
    """How many runs a file has; they are those that were saved together."""
    runs = arn.load(path)
    assert runs["id"].tolist() == [f"run_{n}" for n in range(len(runs))]
    return len(runs)


# --- 126: names of files -------------------------------------------------------------------------

NAMES = [
    "../../escaped",
    "/etc/passwd",
    "C:\\boot.ini",
    "a\0b",
    "x" * 300,
    "..",
    "",
    "con",
    "link/../../escaped",
]


def plain_names(lab: Lab) -> int:
    """The control: the name joined to the folder."""
    with folder() as place:
        target = place / "one" / "two"
        target.mkdir(parents=True)
        for name in NAMES[:1]:
            (target / name).write_bytes(b"x")
        outside = [
            path for path in place.rglob("*") if path.is_file() and target not in path.parents
        ]
        assert not outside, "a file lies outside of the folder"
    return 0


@fault(
    126,
    "outputs called ../../x, /etc/passwd, C:\\x, with NUL, of 300 bytes; links",
    "each lies in the folder, whole; a link there is not followed",
    plain=plain_names,
)
def _(lab: Lab) -> list[object]:
    book = Book()
    outputs = [{"name": name, "path": f"/out/{n}"} for n, name in enumerate(NAMES)]
    book.put(1, sandbox_id="sbx", output_manifest={"outputs": outputs})
    for number in range(len(NAMES)):
        book.files["sbx", f"/out/{number}"] = b"%d" % number
    with folder() as place, served(book) as (client, _):
        target = place / "outputs"
        saved = client.save_outputs((DEP, "run_1"), target)
        inside = target / DEP / "run_1"
        written = [path for path in place.rglob("*") if path.is_file()]
        assert {path.parent for path in written} == {inside}, written
        contents = [Path(where).read_bytes() for where in saved["where"]]
        assert contents == [b"%d" % number for number in range(len(NAMES))], contents
        refused = into_a_link(client, place / "linked")
        assert not (place / "elsewhere" / "run_1").exists()
    return [f"{len(NAMES)} files inside", refused]


def into_a_link(client: arn.Client, target: Path) -> Got:
    """Saves into a folder in which a folder is a link to another one."""
    elsewhere = target.with_name("elsewhere")
    elsewhere.mkdir()
    target.mkdir()
    (target / DEP).symlink_to(elsewhere)
    got = timed(lambda: client.save_outputs((DEP, "run_1"), target))
    assert got.error is not None, got
    assert "link" in got.error.message, got
    return got
