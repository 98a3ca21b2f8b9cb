"""Compares the documents of two runs, value by value."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple, TypeAlias

import pandas as pd

from agentrun_nb.core import jsontext
from agentrun_nb.core.arguments import read_flag, read_texts
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.paths import Step, format_path, parse_path
from agentrun_nb.core.schema import DOCUMENTS
from agentrun_nb.documents.align import aligned
from agentrun_nb.documents.canonical import TOO_DEEP, canonical_text, parse_or_text
from agentrun_nb.documents.reading import type_name
from agentrun_nb.errors import PathNotFound, SchemaError, SettingsError
from agentrun_nb.tables.frames import Runs, runs_frame

Link: TypeAlias = tuple[Any, Step] | None
"""A path as a linked list: the link before the last step, and that step. None is the empty path.

That way a path of one more step is made at the same cost at any depth.
"""


class Place(NamedTuple):
    """A path in one of the two runs, and the value there."""

    path: Link
    value: Any


Pairs: TypeAlias = Iterable[tuple[Any, Any]]
"""Which keys or positions of two values belong together; None: to none."""

_FEWEST = 2
"""With fewer elements in both lists there is nothing to align."""

_COLUMNS = ["path_a", "path_b", "change", "a", "b"]
CHANGES = ("added", "removed", "changed", "type changed", "equal")

_OUTPUTS: Link = ((None, "output_manifest"), "outputs")
_OUTPUT_NAMES = ("configured_path", "path", "name")
"""The members of an output by which it is found again in the other run, the best first."""


def diff(
    a: Runs | pd.Series,
    b: Runs | pd.Series,
    *,
    equal: bool = False,
    ignore: str | Sequence[str] = (),
) -> pd.DataFrame:
    """Compares the `input` and `output_manifest` of two runs, value by value.

    Outputs are paired by `configured_path`, then `path`, then `name`; elements of other lists so
    that few are added, removed or changed. A value that only changed its place is no difference;
    its two paths show that it moved.

    Two values are equal when they have the same JSON type and the same digits: 1 (an integer) and
    1.0 differ, 1.0 and 1.00 are equal. Decimals are compared as the nearest double, and exactly
    beyond a double's range. A number never equals a text. `compare` pairs inputs by the same rule.

    Args:
        a: the run before: a Run, a row of a frame, or a frame of one row.
        b: the run after.
        equal: whether equal values are listed too.
        ignore: paths that are not compared, with all that lies within them, such as
            `output_manifest.outputs[*].size_bytes`.

    Returns:
        One row per difference in the order of the documents: `path_a` and `path_b` (NA where that
        run has no value), `change` (added, removed, changed, type changed, equal), and the values
        `a` and `b` as JSON text. A document that is not JSON is compared as text.

    Raises:
        SchemaError: a or b is not just one run.
        PathNotFound: one of `ignore` is not a path into `input` or `output_manifest`.

    Example:
        >>> before, after = runs.iloc[-2], runs.iloc[-1]
        >>> table = arn.diff(before, after, ignore="output_manifest.outputs[*].size_bytes")
        >>> table[["path_b", "change"]].head(2)
                path_b   change
        0  input.topic  changed
        1  input.batch  changed
    """
    equal = read_flag("equal", equal)
    try:
        paths = read_texts("ignore", ignore, "Give paths such as output_manifest.usage.")
    except SettingsError as error:
        raise PathNotFound(error.message, hint=error.hint) from None
    patterns = [_pattern(path) for path in paths]
    pairs = _compared(Place(None, _documents(a)), Place(None, _documents(b)), equal, patterns)
    rows = [_row(left, right) for left, right in pairs]
    frame = pd.DataFrame(rows, columns=_COLUMNS, dtype=TEXT)
    return frame.astype({"change": pd.CategoricalDtype(CHANGES)})


def _pattern(path: Any) -> tuple[Step, ...]:
    """The steps of a path in `ignore`."""
    steps = parse_path(path) if isinstance(path, str) else ()
    if not steps or steps[0] not in DOCUMENTS:
        sentence = f"{path!r} leads nowhere that is compared."
        raise PathNotFound(sentence, hint="Begin it with input. or output_manifest. here.")
    return steps


def _documents(run: Any) -> dict[str, Any]:
    """The parsed documents of one run."""
    frame = runs_frame(run.to_frame().T if isinstance(run, pd.Series) else run)
    if len(frame) != 1:
        sentence = f"A difference is between two runs; here is a frame of {len(frame)}."
        raise SchemaError(sentence, hint="Give one row.")
    texts = {name: frame[name].iloc[0] for name in DOCUMENTS}
    return {name: parse_or_text(text) for name, text in texts.items() if isinstance(text, str)}


def _compared(
    a: Place, b: Place, equal: bool, ignore: Sequence[tuple[Step, ...]]
) -> Iterator[tuple[Place | None, Place | None]]:
    """Yields the places that differ, and with `equal` also the places that do not.

    Values within objects and lists are compared instead of these. None stands for a place that one
    of the two does not have.
    """
    stack: list[tuple[Place | None, Place | None]] = [(a, b)]
    while stack:
        left, right = stack.pop()
        if _is_ignored(left, ignore) or _is_ignored(right, ignore):
            continue
        if left and right and _are_both(dict, left, right):
            steps: Pairs = ((key, key) for key in {**left.value, **right.value})
        elif left and right and _are_both(list, left, right):
            steps = _aligned(left, right, equal)
        else:
            if equal or left is None or right is None or not _are_equal(left, right):
                yield left, right
            continue
        inner = [(_inside(left, step), _inside(right, other)) for step, other in steps]
        # The last one on the stack is taken first.
        stack += reversed(inner)


def _are_both(kind: type, left: Place, right: Place) -> bool:
    kinds = {type(left.value), type(right.value)}
    return kinds == {kind}


def _is_ignored(place: Place | None, patterns: Sequence[tuple[Step, ...]]) -> bool:
    if place is None:
        return False
    return any(_matches(place.path, pattern) for pattern in patterns)


def _matches(path: Link, pattern: tuple[Step, ...]) -> bool:
    """Whether a path is one that the pattern stands for; both are read from their ends."""
    for expected in reversed(pattern):
        if path is None:
            return False
        path, step = path
        is_any_element = expected is None and isinstance(step, int)
        if step != expected and not is_any_element:
            return False
    return path is None


def _are_equal(left: Place, right: Place) -> bool:
    return _comparison_key(left.value) == _comparison_key(right.value)


def _comparison_key(value: Any) -> Hashable:
    """A key that is the same for equal values and for no others, and quick to compare."""
    kind = type(value)
    if kind in (str, int, bool):
        return kind, value
    if kind is float:
        # As text, so that NaN equals itself.
        return kind, repr(value)
    return canonical_text(value)


def _inside(place: Place, step: Step) -> Place | None:
    """The place one step further, None where there is none."""
    value = place.value
    exists = step in value if isinstance(value, dict) else step is not None
    return Place((place.path, step), value[step]) if exists else None


def _path_text(path: Link) -> str:
    steps: list[Step] = []
    while path:
        path, step = path
        steps.append(step)
    return jsontext.valid_unicode(format_path(steps[::-1]))


def _row(left: Place | None, right: Place | None) -> dict[str, str | None]:
    """The row of the table for a pair of places."""
    path_a, text_a = _texts(left)
    path_b, text_b = _texts(right)
    if left is None:
        change = "added"
    elif right is None:
        change = "removed"
    elif type_name(left.value) != type_name(right.value):
        change = "type changed"
    else:
        change = "equal" if text_a == text_b else "changed"
    return {"path_a": path_a, "path_b": path_b, "change": change, "a": text_a, "b": text_b}


def _texts(place: Place | None) -> tuple[str | None, str | None]:
    """The path of a place and its value, as texts; None for both where there is no place."""
    if place is None:
        return None, None
    return _path_text(place.path), canonical_text(place.value)


def _aligned(left: Place, right: Place, equal: bool) -> Pairs:
    """Pairs the positions of two lists; equal elements only where they are listed."""
    if left.path == _OUTPUTS:
        return _by_name(left.value, right.value)
    lengths = len(left.value), len(right.value)
    if max(lengths) < _FEWEST:
        return zip_longest(range(lengths[0]), range(lengths[1]))
    # A number for each value, so that two elements are compared at the same cost whatever they are.
    numbers: defaultdict[Hashable, int] = defaultdict(lambda: len(numbers))
    before = [numbers[_comparison_key(item)] for item in left.value]
    after = [numbers[_comparison_key(item)] for item in right.value]
    pairs = aligned(before, after)
    if equal:
        return pairs
    # What is too deep to write may differ further down.
    deep = numbers[TOO_DEEP]
    return [
        (i, k)
        for i, k in pairs
        if i is None or k is None or before[i] != after[k] or before[i] == deep
    ]


def _by_name(left: list[Any], right: list[Any]) -> Pairs:
    """Pairs the positions of two lists of outputs by the names of these."""
    partners: dict[int, int] = {}
    # The positions on the right without a partner, in their order.
    free = dict.fromkeys(range(len(right)))
    for name in _OUTPUT_NAMES:
        waiting: defaultdict[str, deque[int]] = defaultdict(deque)
        for position in free:
            waiting[_label(right[position], name)].append(position)
        for position, item in enumerate(left):
            label = _label(item, name)
            if label and position not in partners and waiting[label]:
                partner = waiting[label].popleft()
                partners[position] = partner
                del free[partner]
    paired = [(position, partners.get(position)) for position in range(len(left))]
    return [*paired, *((None, position) for position in free)]


def _label(item: Any, name: str) -> str:
    """A name of an output, empty where it has none."""
    label = item.get(name) if isinstance(item, dict) else None
    return label if isinstance(label, str) else ""
