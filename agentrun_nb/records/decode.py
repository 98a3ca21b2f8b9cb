"""Decodes pages and records of the service into cells of a table.

Two readers give the same cells. The strict one (`records.strict`) reads in one pass what is exactly
as documented. Anything else is split into records and members, and the tolerant one
(`records.tolerant`) reads each value by itself: one that is odd costs its own cell and leaves a
note.
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

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_HINT = "A record or a page of the service is one JSON object: check where this comes from."


def decode_page(table: Table, body: bytes, key: str = "items", without: Iterable[str] = ()) -> Page:
    """Decodes an answer that holds a list of records.

    Args:
        table: the table of the records.
        body: the answer, a JSON object.
        key: the key under which the records stand.
        without: columns that are left empty.

    Raises:
        BadResponseError: the body is not such an answer; the message says why and where.
    """
    body = _stripped(body)
    page = decode_strict(table, body, key, without)
    if page is not None:
        return page
    try:
        return _decode_odd_page(table, body, key, without)
    except jsontext.JSONTextError as error:
        raise _not_json(error) from None


def _decode_odd_page(table: Table, body: bytes, key: str, without: Iterable[str]) -> Page:
    _check_object(body)
    members = list(cut_object(body))
    lists = [value for name, value in members if name == key]
    if not lists:
        raise BadResponseError(f"The answer has no {key!r}.", hint=_HINT)
    records = [record for text in lists for record in cut_array(text)]
    batch = decode_tolerant(table, records).without(without)
    envelope = {}
    for name, value in members:
        if name != key:
            envelope[name] = jsontext.parse(value.decode("utf-8", "replace"))
    return Page(batch, envelope, len(lists))


def cut_page(body: bytes, key: str = "items") -> list[bytes]:
    """Splits an answer into its records, each the bytes that stand in it.

    They come in the order of the rows that `decode_page` gives.

    Args:
        body: the answer, a JSON object.
        key: the key under which the records stand.

    Raises:
        BadResponseError: the body is not such an answer.

    Example:
        >>> cut_page(b'{"items": [{"id": 1.0}, {"id": 2}], "next_cursor": null}')
        [b'{"id": 1.0}', b'{"id": 2}']
    """
    body = _stripped(body)
    try:
        _check_object(body)
        lists = [value for name, value in cut_object(body) if name == key]
        return [record for text in lists for record in cut_array(text)]
    except jsontext.JSONTextError as error:
        raise _not_json(error) from None


def decode_records(table: Table, bodies: Sequence[bytes]) -> Batch:
    """Decodes records that came one by one, one row each.

    Raises:
        BadResponseError: a body is not a JSON object.
    """
    records = [_stripped(body) for body in bodies]
    # As one page all records are read at once. A body with a comma in the wrong place would make
    # more or fewer records of it, so they are counted.
    page = decode_strict(table, b'{"items":[' + b",".join(records) + b"]}", "items")
    if page is not None and len(page.batch) == len(bodies):
        return page.batch
    try:
        for record in records:
            _check_object(record)
        return decode_tolerant(table, records)
    except jsontext.JSONTextError as error:
        raise _not_json(error) from None


def decode_record(table: Table, body: bytes) -> Batch:
    """Decodes one record into a batch of one row.

    Raises:
        BadResponseError: the body is not a JSON object.
    """
    return decode_records(table, [body])


def _stripped(body: bytes) -> bytes:
    return body.removeprefix(_BYTE_ORDER_MARK).strip()


def _check_object(body: bytes) -> None:
    if body.startswith(b"{") and jsontext.value_end(body, 0) == len(body):
        return
    sentence = "The record is not one JSON object."
    if not body:
        sentence = "The record is empty, and so not one JSON object."
    raise BadResponseError(sentence, hint=_HINT)


def _not_json(error: jsontext.JSONTextError) -> BadResponseError:
    return BadResponseError(f"The answer is not the JSON that was expected: {error}.", hint=_HINT)
