"""What lies inside `input` and `output_manifest`: values, outputs, and the catalogue of their paths."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from agentrun_nb import jsontext
from agentrun_nb.errors import PathNotFound
from agentrun_nb.frames import runs_frame, table_frame
from agentrun_nb.paths import Step, find, format_path, parse_path
from agentrun_nb.records import cut_array, cut_object, read_members
from agentrun_nb.schema import OUTPUTS

if TYPE_CHECKING:
    from agentrun_nb.run import Run

DEEPEST = 512
"""How many steps a path of the catalogue has at most."""

KEY = ("deployment_id", "run_id", "position")
"""The columns of OUTPUTS that an item of a manifest cannot set."""

DOCUMENTS = ("input", "output_manifest")
"""The columns of RUNS that hold a document of their own."""


def parse(column: pd.Series[Any]) -> pd.Series[Any]:
    """Reads a column of JSON texts into Python objects.

    Args:
        column: JSON texts, such as `runs["output_manifest"]`.

    Returns:
        An object column under the same index: integers exact, of duplicate keys the last one. JSON null is None;
        an absent or broken document is NA, and its text still stands in the column it came from.
    """
    values = [_parsed(text) for text in column.astype("object")]
    result = pd.Series([None] * len(values), index=column.index, name=column.name, dtype="object")
    result[:] = values
    return result


def _parsed(text: Any) -> Any:
    if not isinstance(text, str):
        return pd.NA
    try:
        return jsontext.parse(text)
    except jsontext.JSONTextError:
        return pd.NA


def outputs(runs: Run | pd.DataFrame | Iterable[Any]) -> pd.DataFrame:
    """The outputs that the manifests list, one row each.

    Args:
        runs: anything that `runs_frame` takes.

    Returns:
        The OUTPUTS table in the order of the runs and of their manifests. A manifest without an `outputs` array gives
        no rows; an item that is no object is a row with a note.
    """
    runs = runs_frame(runs)
    rows: list[list[tuple[str, bytes]] | bytes] = []
    for deployment, run, text in zip(runs["deployment_id"], runs["id"], runs["output_manifest"], strict=True):
        key = [("deployment_id", _written(deployment)), ("run_id", _written(run))]
        for position, item in enumerate(_output_items(text)):
            rows.append([*key, ("position", str(position).encode()), *_output_members(item)])
    return table_frame(OUTPUTS, [read_members(OUTPUTS, rows)])


def _written(text: Any) -> bytes:
    return json.dumps(text if isinstance(text, str) else None).encode()


def _output_items(text: Any) -> list[bytes]:
    if not isinstance(text, str):
        return []
    try:
        found = dict(cut_object(text.encode()))
        return cut_array(found["outputs"]) if found.get("outputs", b"").startswith(b"[") else []
    except jsontext.JSONTextError:
        return []


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


def value_at(run: Run, path: str) -> Any:
    """The value of a run at a path that begins with `input`, `output_manifest` or `extra`.

    Raises:
        PathNotFound: nothing is there.
    """
    steps = parse_path(path)
    if not steps or steps[0] not in (*DOCUMENTS, "extra"):
        raise PathNotFound(f"{path!r} leads nowhere.", hint="A path begins with input. or output_manifest. here.")
    found = find(getattr(run, str(steps[0])), steps[1:])
    if not found:
        raise PathNotFound(f"This run has nothing at {path!r}.", hint="arn.json_paths(runs) lists what there is.")
    return found if None in steps else found[0]


def json_paths(runs: Run | pd.DataFrame | Iterable[Any], column: str = "output_manifest") -> pd.DataFrame:
    """The catalogue of the places in a column of documents.

    Args:
        runs: anything that `runs_frame` takes.
        column: `input`, `output_manifest` or another column of JSON texts.

    Returns:
        One row per path, in order of first appearance: `path` (to be given to `extract` after the column's name; lists
        as `[*]`), `types` (the JSON types seen, the most frequent first), `runs` (how many have it), `values` (how many
        values there are) and `example` (JSON text of the first, at most 80 characters). What lies deeper than 512 steps
        is not catalogued; the object or list there is.
    """
    runs = runs_frame(runs)
    found: dict[tuple[Step, ...], _Place] = {}
    for number, document in enumerate(parse(runs[column])):
        for steps, value in _leaves(document):
            found.setdefault(steps, _Place(value)).see(number, value)
    return pd.DataFrame(
        {
            "path": pd.Series([format_path(steps) for steps in found], dtype="str"),
            "types": pd.Series([place.types for place in found.values()], dtype="str"),
            "runs": pd.Series([place.runs for place in found.values()], dtype="Int64"),
            "values": pd.Series([place.values for place in found.values()], dtype="Int64"),
            "example": pd.Series([place.example for place in found.values()], dtype="str"),
        }
    )


class _Place:
    """What was seen at one path."""

    def __init__(self, first: Any) -> None:
        self.example = _example(first)
        self.runs = self.values = 0
        self._types: Counter[str] = Counter()
        self._last = -1

    def see(self, number: int, value: Any) -> None:
        self.values += 1
        self.runs += number != self._last
        self._last = number
        self._types[type_name(value)] += 1

    @property
    def types(self) -> str:
        return ", ".join(name for name, _ in self._types.most_common())


def _example(value: Any) -> str:
    if isinstance(value, dict | list):
        return ("{…}" if value else "{}") if isinstance(value, dict) else ("[…]" if value else "[]")
    text = str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)
    return jsontext.whole(text)[:80]


def type_name(value: Any) -> str:
    """The JSON type of a parsed value."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "integer", float: "number", Decimal: "number", str: "string", dict: "object"}
    return names.get(type(value), "array")


def _leaves(document: Any) -> Iterator[tuple[tuple[Step, ...], Any]]:
    """The scalars and empty containers of a document with their paths, and what is too deep to have one."""
    if document is pd.NA:
        return
    stack: list[tuple[tuple[Step, ...], Any]] = [((), document)]
    while stack:
        steps, value = stack.pop()
        if not isinstance(value, dict | list) or not value or len(steps) == DEEPEST:
            yield steps, value
        elif isinstance(value, dict):
            stack.extend(((*steps, key), inner) for key, inner in reversed(value.items()))
        else:
            stack.extend(((*steps, None), inner) for inner in reversed(value))
