"""The items of the `outputs` arrays of manifests, as cells of OUTPUTS.

Two roads lead to the same cells, as for records: what is just as documented is read in one go, the rest with patience.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Any

import msgspec
import pyarrow as pa
from msgspec.structs import astuple

from agentrun_nb import jsontext
from agentrun_nb.documents import NOT_STRICT
from agentrun_nb.records import Batch, cut_array, cut_object, read_members, to_batch
from agentrun_nb.schema import OUTPUTS

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
    except NOT_STRICT:
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
    cells = {name: pa.concat_arrays([batch.cells[name] for batch in batches]) for name in OUTPUTS.names if batches}
    return to_batch(OUTPUTS, cells, 0)


class _Manifest(msgspec.Struct):
    outputs: msgspec.Raw = msgspec.Raw(b"")


_Text = str | None | msgspec.UnsetType
_Size = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None | msgspec.UnsetType


class _Access(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    sandbox_id: _Text = msgspec.UNSET
    path: _Text = msgspec.UNSET


class _Item(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An output that has no key but the documented ones, each once and of its type."""

    name: _Text = msgspec.UNSET
    path: _Text = msgspec.UNSET
    configured_path: _Text = msgspec.UNSET
    kind: _Text = msgspec.UNSET
    status: _Text = msgspec.UNSET
    size_bytes: _Size = msgspec.UNSET
    access: _Access | msgspec.UnsetType = msgspec.UNSET


_COLUMNS = (*_Item.__struct_fields__[:-1], "sandbox_id", "access_path")
_NOWHERE = _Access()
_MANIFESTS = msgspec.json.Decoder(_Manifest)
_LISTS = msgspec.json.Decoder(list[list[_Item]])


def _strict_outputs(lists: list[Listed]) -> Batch | None:
    text = b"[" + b",".join(text for _, _, text in lists) + b"]"
    try:
        found = _LISTS.decode(text)
    except NOT_STRICT:
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
    columns += zip(*(astuple(_NOWHERE if place is msgspec.UNSET else place) for place in places), strict=True)
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
        key = [(name, _written(word)) for name, word in zip(KEY, owner, strict=False)]
        try:
            items = cut_array(text)
        except jsontext.JSONTextError:
            continue
        for position, item in enumerate(items):
            yield [*key, ("position", str(position).encode()), *_output_members(item)]


def _written(text: Any) -> bytes:
    return json.dumps(text if isinstance(text, str) else None).encode()


def _output_members(item: bytes) -> Iterator[tuple[str, bytes]]:
    """The members of an item; those of its `access` under the names of their columns."""
    if not item.startswith(b"{"):
        yield "value", item
        return
    for name, value in cut_object(item):
        if name in KEY:
            yield f"item.{name}", value
        elif name == "access" and value.startswith(b"{"):
            for inner, place in cut_object(value):
                yield {"path": "access_path"}.get(inner, inner if inner == "sandbox_id" else f"access.{inner}"), place
        else:
            yield name, value
