"""Decodes the `outputs` arrays of manifests into cells of the OUTPUTS table.

As for records there are two readers: a strict one for many arrays that are just as documented, and
a tolerant one for arrays in which something is odd.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec.structs import astuple

from agentrun_nb.core import jsontext
from agentrun_nb.core.schema import OUTPUTS
from agentrun_nb.records.batch import Batch, to_batch
from agentrun_nb.records.cut import cut_array, cut_object, may_have_duplicate_keys
from agentrun_nb.records.tolerant import read_members

KEY = ("deployment_id", "run_id", "position")
"""The columns of OUTPUTS that an item of a manifest cannot set."""

AT_ONCE = 128
"""How many arrays are read in one go."""

_FEW = 16
"""How many arrays the tolerant reader gets at a time, where something is odd."""


class RunOutputs(NamedTuple):
    """The `outputs` array of one run.

    Attributes:
        deployment_id: the deployment of the run, a text or a missing value.
        run_id: the id of the run, likewise.
        text: the JSON text of the array.
    """

    deployment_id: Any
    run_id: Any
    text: bytes


def outputs_text(text: memoryview | None) -> bytes:
    """Finds the `outputs` array in the text of a manifest; empty where it has none."""
    if text is None:
        return b""
    try:
        found = bytes(_MANIFESTS.decode(text).outputs)
    except jsontext.NOT_STRICT:
        try:
            found = dict(cut_object(bytes(text))).get("outputs", b"")
        except jsontext.JSONTextError:
            found = b""
    return found if found.startswith(b"[") else b""


def output_batches(lists: list[RunOutputs]) -> Iterator[Batch]:
    """Decodes the arrays of several runs.

    The strict reader takes all of them at once. Where it finds something odd, the arrays are halved
    again and again, so that an odd array slows down only its neighbours.
    """
    strict = _strict_outputs(lists)
    if strict is not None:
        yield strict
    elif len(lists) > _FEW:
        middle = len(lists) // 2
        yield from output_batches(lists[:middle])
        yield from output_batches(lists[middle:])
    else:
        yield read_members(OUTPUTS, list(_tolerant_outputs(lists)))


_TEXTS = ("name", "path", "configured_path", "kind", "status")
_ACCESS_COLUMNS = {"sandbox_id": "sandbox_id", "path": "access_path"}
"""The columns of OUTPUTS that hold the members of an item's `access`."""

_Text = str | None | msgspec.UnsetType
_Size = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None | msgspec.UnsetType


def _struct(name: str, fields: dict[str, Any]) -> type[msgspec.Struct]:
    """The type of an object that has no keys but these, each of its type or absent."""
    members = [(key, kind, msgspec.UNSET) for key, kind in fields.items()]
    return msgspec.defstruct(name, members, forbid_unknown_fields=True, gc=False)


_Manifest = msgspec.defstruct("Manifest", [("outputs", msgspec.Raw, msgspec.Raw(b""))])
_Access: Any = _struct("Access", dict.fromkeys(_ACCESS_COLUMNS, _Text))
_ITEM_FIELDS = {
    **dict.fromkeys(_TEXTS, _Text),
    "size_bytes": _Size,
    "access": _Access | msgspec.UnsetType,
}
_Item = _struct("Item", _ITEM_FIELDS)
_ITEM_COLUMNS = (*_TEXTS, "size_bytes", *_ACCESS_COLUMNS.values())
_NO_ACCESS = _Access()
_MANIFESTS: Any = msgspec.json.Decoder(_Manifest)
_LISTS = msgspec.json.Decoder(list[list[_Item]])  # type: ignore[valid-type]


def _strict_outputs(lists: list[RunOutputs]) -> Batch | None:
    """Decodes arrays whose items are just as documented; None where one is not."""
    ids = [*(listed.deployment_id for listed in lists), *(listed.run_id for listed in lists)]
    if not all(type(identity) is str for identity in ids):
        return None
    text = b"[" + b",".join(listed.text for listed in lists) + b"]"
    try:
        items_of_runs = _LISTS.decode(text)
    except jsontext.NOT_STRICT:
        return None
    if may_have_duplicate_keys(text, items_of_runs):
        return None
    items = list(chain.from_iterable(items_of_runs))
    if not items:
        return to_batch(OUTPUTS, {}, 0)
    lengths = [len(items_of_run) for items_of_run in items_of_runs]
    cells = _item_cells(items)
    cells["deployment_id"] = _repeated([listed.deployment_id for listed in lists], lengths)
    cells["run_id"] = _repeated([listed.run_id for listed in lists], lengths)
    cells["position"] = [position for length in lengths for position in range(length)]
    return to_batch(OUTPUTS, cells, len(items))


def _item_cells(items: Sequence[Any]) -> dict[str, list[Any]]:
    """The cells that items set, by column."""
    # `zip` turns one tuple of values for each item into one tuple of cells for each column.
    *columns, accesses = zip(*map(astuple, items), strict=True)
    known = [_NO_ACCESS if access is msgspec.UNSET else access for access in accesses]
    columns += zip(*map(astuple, known), strict=True)
    cells = {}
    for name, values in zip(_ITEM_COLUMNS, columns, strict=True):
        cells[name] = [None if value is msgspec.UNSET else value for value in values]
    return cells


def _repeated(values: Sequence[Any], counts: Sequence[int]) -> list[Any]:
    """Each value as often as its count says, as `numpy.repeat` does."""
    result: list[Any] = []
    for value, count in zip(values, counts, strict=True):
        result += [value] * count
    return result


def _tolerant_outputs(lists: list[RunOutputs]) -> Iterator[list[tuple[str, bytes]]]:
    """Splits arrays into items, and each item into members, its key columns first."""
    for listed in lists:
        try:
            items = cut_array(listed.text)
        except jsontext.JSONTextError:
            continue
        owner = [_key_text(listed.deployment_id), _key_text(listed.run_id)]
        for position, item in enumerate(items):
            key = zip(KEY, [*owner, str(position).encode()], strict=True)
            yield [*key, *_output_members(item)]


def _key_text(value: Any) -> bytes:
    """An id as JSON text, null where it is missing."""
    return json.dumps(value if isinstance(value, str) else None).encode()


def _output_members(item: bytes) -> Iterator[tuple[str, bytes]]:
    """The members of an item, with those of its `access` under the names of their columns.

    An item that is not an object becomes the one member `value`.
    """
    if not item.startswith(b"{"):
        yield "value", item
        return
    for name, value in cut_object(item):
        if name == "access" and value.startswith(b"{"):
            for inner_name, inner_value in cut_object(value):
                yield _ACCESS_COLUMNS.get(inner_name, f"access.{inner_name}"), inner_value
        else:
            yield f"item.{name}" if name in KEY else name, value
