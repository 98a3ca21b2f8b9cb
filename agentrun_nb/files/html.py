"""The table inside a page that a view has written, so that a shared page is a shared dataset.

It is a Parquet file inside the page's data, which nothing executes. The last line of the page has
the digest of everything before it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from pathlib import Path
from typing import BinaryIO, NoReturn

import msgspec
import pyarrow as pa

from agentrun_nb.core.schema import Table
from agentrun_nb.errors import DataError, SchemaError
from agentrun_nb.files.content import Content, Marks
from agentrun_nb.files.parquet import read_parquet

DATA = "arn-data"
"""The name of the block with the data of a page, JSON in which no `<` stands."""

_DATA = re.compile(rf'<script type="application/json" id="{DATA}">([^<]*)</script>'.encode())
_SEAL = re.compile(rb"<!-- agentrun_nb sha256 ([0-9a-f]{64}) -->\n\Z")


def seal(page: bytes) -> bytes:
    """Adds the digest of a page as its last line."""
    digest = hashlib.sha256(page).hexdigest()
    return page + f"<!-- agentrun_nb sha256 {digest} -->\n".encode()


def read_html(file: BinaryIO, path: Path) -> Content:
    """Reads the table of a page.

    Raises:
        SchemaError: no view has written it, or it holds no table.
        DataError: it was changed since.
    """
    page = file.read()
    found = _SEAL.search(page, max(0, len(page) - 200))
    if found is None:
        sentence = f"{path} does not end as a page that a view has written."
        raise SchemaError(sentence, hint="Was it made by to_html, and is it whole?")
    if hashlib.sha256(page[: found.start()]).hexdigest().encode() != found[1]:
        sentence = f"{path} was changed after a view had written it."
        raise DataError(sentence, hint="Ask for the file as it was written.")
    block = _DATA.search(page)
    try:
        data = msgspec.json.decode(block[1] if block else b"{}", type=PageData)
        body = base64.b64decode(data.table or "", validate=True)
    except (msgspec.MsgspecError, binascii.Error):
        body = b""
    if not body:
        raise SchemaError(f"{path} holds no table of runs.", hint="Was it made of a JSON document?")
    return read_parquet(pa.BufferReader(body), path)


class PageData(msgspec.Struct):
    """What is read of the data of a page.

    Attributes:
        table: a Parquet file in base64; None where the page has none.
    """

    table: str | None = None


def refuse_to_write(
    cells: pa.Table, table: Table | None, marks: Marks, file: BinaryIO, path: Path
) -> NoReturn:
    """Says how such a page is written.

    Raises:
        SchemaError: always.
    """
    hint = f"Write it with arn.explore(runs).to_html({path.name!r})."
    raise SchemaError("A page is written by a view, and not by save.", hint=hint)
