"""Bytes of the service to cells of a table: nothing lost, one odd value costs its own cell.

Two roads lead to the same cells. A page that is just what the contract says is read by msgspec in
one pass. Any other page is cut into records and each record into members; then each cell is read by
the tolerant reader of its kind, which may add a note.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agentrun_nb.core import jsontext
from agentrun_nb.core.schema import Table
from agentrun_nb.errors import BadResponseError
from agentrun_nb.records.batch import Batch, Page
from agentrun_nb.records.cut import cut_array, cut_object
from agentrun_nb.records.strict import decode_strict
from agentrun_nb.records.tolerant import decode_tolerant


def decode_page(table: Table, body: bytes, key: str = "items", without: Iterable[str] = ()) -> Page:
    """Reads an answer that holds records in an array under `key`, and keeps nothing of the columns in `without`.

    Raises:
        BadResponseError: the body is not such an answer; the message says why and where.
    """
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    fast = decode_strict(table, body, key, without)
    if fast is not None:
        return fast
    try:
        _check_object(body)
        members = list(cut_object(body))
        lists = [value for name, value in members if name == key]
        if not lists:
            raise BadResponseError(f"The answer has no {key!r}.")
        records = [record for text in lists for record in cut_array(text)]
        batch = decode_tolerant(table, records).without(without)
        others = {name: value for name, value in members if name != key}
        envelope = {
            name: jsontext.parse(value.decode("utf-8", "replace")) for name, value in others.items()
        }
        return Page(batch, envelope, len(lists))
    except jsontext.JSONTextError as error:
        raise BadResponseError(f"The answer is not the JSON that was expected: {error}.") from None


def decode_records(table: Table, bodies: Sequence[bytes]) -> Batch:
    """Reads records that came one by one; the batch has one row for each.

    Raises:
        BadResponseError: a body is not a JSON object.
    """
    stripped = [body.removeprefix(b"\xef\xbb\xbf").strip() for body in bodies]
    fast = decode_strict(table, b'{"items":[' + b",".join(stripped) + b"]}", "items")
    if fast is not None and len(fast.batch) == len(bodies):
        return fast.batch
    try:
        for body in stripped:
            _check_object(body)
        return decode_tolerant(table, stripped)
    except jsontext.JSONTextError as error:
        raise BadResponseError(f"The answer is not the JSON that was expected: {error}.") from None


def _check_object(body: bytes) -> None:
    if not body.startswith(b"{") or jsontext.value_end(body, 0) != len(body):
        told = "" if body else "empty, and so "
        hint = "A record or a page of the service is one JSON object."
        raise BadResponseError(f"The record is {told}not one JSON object.", hint=hint)


def decode_record(table: Table, body: bytes) -> Batch:
    """Reads one record: a batch of one row.

    Raises:
        BadResponseError: the body is not a JSON object.
    """
    return decode_records(table, [body])


# --- the strict road
# ---------------------------------------------------------------------------------------------


# --- the tolerant road
# -------------------------------------------------------------------------------------------
