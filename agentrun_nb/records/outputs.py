"""The items of the `outputs` arrays of manifests, as cells of OUTPUTS.

Two roads lead to the same cells, as for records: what is just as documented is read in one go, the
rest with patience.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Any

import msgspec
import pyarrow as pa
from msgspec.structs import astuple

from agentrun_nb.core import jsontext
from agentrun_nb.core.schema import OUTPUTS
from agentrun_nb.records.batch import Batch, to_batch
from agentrun_nb.records.cut import cut_array, cut_object
from agentrun_nb.records.tolerant import read_members

KEY = ("deployment_id", "run_id", "position")
"""The columns of OUTPUTS that an item of a manifest cannot set."""

Listed = tuple[Any, Any, bytes]
"""The deployment and id of a run, and the text of its array of outputs."""

AT_ONCE, _FEW = 128, 16
"""So many runs are read at once; where something is odd, so many with patience."""


def outputs_text(text: memoryview | None) -> bytes:
    """The array of outputs as it stands in the manifest; nothing where there is none."""
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


def output_batches(lists: list[Listed]) -> Iterator[Batch]:
    """Reads all in one go, or where something is odd in halves, so that it slows down its neighbours only."""
    strict = _strict_outputs(lists)
    if strict is not None:
        yield strict
    elif len(lists) > _FEW:
        yield from output_batches(lists[: len(lists) // 2])
        yield from output_batches(lists[len(lists) // 2 :])
    else:
        yield read_members(OUTPUTS, list(_tolerant_outputs(lists)))


def joined(batches: list[Batch]) -> Batch:
    """Batches as one, in one piece each column."""
    cells = {
        name: pa.concat_arrays([batch.cells[name] for batch in batches])
        for name in OUTPUTS.names
        if batches
    }
    return to_batch(OUTPUTS, cells, 0)


_TEXTS = ("name", "path", "configured_path", "kind", "status")
_Text = str | None | msgspec.UnsetType
_Size = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None | msgspec.UnsetType
_Manifest = msgspec.defstruct("Manifest", [("outputs", msgspec.Raw, msgspec.Raw(b""))])


def _struct(name: str, fields: dict[str, Any]) -> type[msgspec.Struct]:
    """An object that has no key but these, each once and of its type."""
    members = [(key, kind, msgspec.UNSET) for key, kind in fields.items()]
    return msgspec.defstruct(name, members, forbid_unknown_fields=True, gc=False)


_PLACES = {"sandbox_id": "sandbox_id", "path": "access_path"}
_Access: Any = _struct("Access", dict.fromkeys(_PLACES, _Text))
_Item = _struct(
    "Item",
    {**dict.fromkeys(_TEXTS, _Text), "size_bytes": _Size, "access": _Access | msgspec.UnsetType},
)
_COLUMNS = (*_TEXTS, "size_bytes", *_PLACES.values())
_NOWHERE = _Access()
_MANIFESTS: Any = msgspec.json.Decoder(_Manifest)
_LISTS = msgspec.json.Decoder(list[list[_Item]])  # type: ignore[valid-type]


def _strict_outputs(lists: list[Listed]) -> Batch | None:
    text = b"[" + b",".join(text for _, _, text in lists) + b"]"
    try:
        found = _LISTS.decode(text)
    except jsontext.NOT_STRICT:
        return None
    # Of two equal keys msgspec keeps one: what it has read is shorter then.
    size = len(msgspec.json.encode(found))
    if size != len(text) and size != len(msgspec.json.format(text, indent=-1)):
        return None
    deployments, runs, _ = zip(*lists, strict=True)
    if not all(type(word) is str for word in deployments + runs):
        return None
    items = list(chain.from_iterable(found))
    if not items:
        return to_batch(OUTPUTS, {}, 0)
    *columns, places = zip(*map(astuple, items), strict=True)
    columns += zip(
        *(astuple(_NOWHERE if place is msgspec.UNSET else place) for place in places), strict=True
    )
    cells = {
        name: [None if value is msgspec.UNSET else value for value in values]
        for name, values in zip(_COLUMNS, columns, strict=True)
    }
    for name, words in zip(KEY, (deployments, runs), strict=False):
        cells[name] = [word for word, inside in zip(words, found, strict=True) for _ in inside]
    cells["position"] = [position for inside in found for position in range(len(inside))]
    return to_batch(OUTPUTS, cells, len(items))


def _tolerant_outputs(lists: list[Listed]) -> Iterator[list[tuple[str, bytes]]]:
    for *owner, text in lists:
        words = [json.dumps(word if isinstance(word, str) else None).encode() for word in owner]
        try:
            items = cut_array(text)
        except jsontext.JSONTextError:
            continue
        for position, item in enumerate(items):
            key = zip(KEY, (*words, str(position).encode()), strict=True)
            yield [*key, *(_output_members(item) if item.startswith(b"{") else [("value", item)])]


def _output_members(item: bytes) -> Iterator[tuple[str, bytes]]:
    """The members of an item; those of its `access` under the names of their columns."""
    for name, value in cut_object(item):
        if name == "access" and value.startswith(b"{"):
            for inner, place in cut_object(value):
                yield _PLACES.get(inner, f"access.{inner}"), place
        else:
            yield f"item.{name}" if name in KEY else name, value
