"""Where the documents of two runs differ."""

from __future__ import annotations

import json
import re
from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import zip_longest
from secrets import token_hex
from typing import Any

import pandas as pd

from agentrun_nb.core import jsontext
from agentrun_nb.core.paths import Step, format_path, parse_path
from agentrun_nb.core.schema import DOCUMENTS
from agentrun_nb.documents.align import aligned
from agentrun_nb.documents.reading import BROKEN, read, type_name
from agentrun_nb.errors import PathNotFound, SchemaError
from agentrun_nb.tables.frames import Runs, runs_frame

Link = tuple[Any, Step] | None
"""A path as its last step after the link before it, so that a step costs the same at any depth."""

Place = tuple[Link, Any]
"""A path and the value there."""

TOO_DEEP = "(too deep to write here)"
"""Stands for a value whose nesting is deeper than `json` can write."""

_FEWEST = 2
"""With fewer elements in both lists there is nothing to align."""

CHANGES = ("added", "removed", "changed", "type changed", "equal")

_OUTPUTS: Link = ((None, "output_manifest"), "outputs")
_DECIMAL = token_hex(16)
"""Marks a number that `json` cannot write; nobody who writes a document can know it."""

_MARKED = re.compile(rf'"{_DECIMAL}([^"]*)"')


def diff(
    a: Runs | pd.Series,
    b: Runs | pd.Series,
    *,
    equal: bool = False,
    ignore: str | Sequence[str] = (),
) -> pd.DataFrame:
    """Compares the `input` and `output_manifest` of two runs, value by value.

    Outputs belong together by `configured_path`, then `path`, then `name`; elements of other lists
    so that few are added, removed or changed. What only changed its place is no difference: it
    shows in the two paths.

    Two values are equal when they are of one JSON type and are the same to the last digit: 1 and
    1.0 are not, being an integer and a number with a point, and 1.0 and 1.00 are; decimals are the
    nearest double, beyond a double's range exact. A number never equals a text. `compare` pairs
    inputs by the same rule.

    Args:
        a: the run before: a Run, a row of a frame, or a frame of one row.
        b: the run after.
        equal: also what is the same.
        ignore: paths whose values, and all within them, are not compared:
            `output_manifest.outputs[*].size_bytes`.

    Returns:
        One row per difference in the order of the documents: `path_a` and `path_b` (NA where that
        run has nothing there), `change` (added, removed, changed, type changed, equal), and the
        values `a` and `b` as JSON text. A document that is not JSON is compared as text.

    Raises:
        SchemaError: a or b is not just one run.
        PathNotFound: one of `ignore` is not a path into `input` or `output_manifest`.

    Example:
        >>> diff(before, after, ignore="output_manifest.usage")  # doctest: +SKIP
    """
    patterns = [_pattern(path) for path in ([ignore] if isinstance(ignore, str) else ignore)]
    rows = list(_differences(_documents(a), _documents(b), equal, patterns))
    frame = pd.DataFrame(rows, columns=["path_a", "path_b", "change", "a", "b"], dtype="str")
    return frame.astype({"change": pd.CategoricalDtype(CHANGES)})


def _pattern(path: Any) -> tuple[Step, ...]:
    steps = parse_path(path) if isinstance(path, str) else ()
    if not steps or steps[0] not in DOCUMENTS:
        raise PathNotFound(
            f"{path!r} leads nowhere that is compared.",
            hint="Begin it with input. or output_manifest. here.",
        )
    return steps


def written(value: Any, too_deep: str = TOO_DEEP) -> str:
    """A parsed document as compact JSON with sorted keys, the same for equal ones.

    Else what stands for a deep one.
    """
    try:
        text = json.dumps(
            value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_marked
        )
    except RecursionError:
        return too_deep
    return jsontext.whole(_MARKED.sub(r"\1", text) if _DECIMAL in text else text)


def _marked(number: Any) -> str:
    """A Decimal for `json`, which has no way to write one as a number: as a marked text, unmarked afterwards.

    Trailing zeros are moved into the exponent: 10e399 and 1e400 are one number. An integer stays in
    full.
    """
    if not isinstance(number, Decimal):
        return str(number)
    sign, digits, exponent = number.as_tuple()
    if exponent and isinstance(exponent, int):
        significant = "".join(map(str, digits)).rstrip("0")
        number = Decimal(
            (sign, tuple(map(int, significant)) or (0,), exponent + len(digits) - len(significant))
        )
    return f"{_DECIMAL}{number}"


def _documents(run: Any) -> dict[str, Any]:
    frame = runs_frame(run.to_frame().T if isinstance(run, pd.Series) else run)
    if len(frame) != 1:
        raise SchemaError(
            f"A difference is between two runs; here is a frame of {len(frame)}.",
            hint="Give one row.",
        )
    texts = {name: frame[name].iloc[0] for name in DOCUMENTS}
    return {name: parsed(text) for name, text in texts.items() if isinstance(text, str)}


def parsed(text: str) -> Any:
    """The document, or the text itself where it is not JSON."""
    value = read(text)
    return text if value is BROKEN else value


def _differences(
    a: Any, b: Any, equal: bool, ignore: Sequence[tuple[Step, ...]]
) -> Iterator[tuple[str | None, ...]]:
    stack: list[tuple[Place | None, Place | None]] = [((None, a), (None, b))]
    while stack:
        left, right = stack.pop()
        if ignore and any(
            place and _leads(place[0], pattern) for place in (left, right) for pattern in ignore
        ):
            continue
        kinds = {type(place[1]) if place else None for place in (left, right)}
        if left and right and (kinds == {dict} or kinds == {list}):
            steps = (
                _aligned(left, right, equal)
                if kinds == {list}
                else [(k, k) for k in {**left[1], **right[1]}]
            )
            stack += reversed(
                [(_inside(left, before), _inside(right, after)) for before, after in steps]
            )
        elif equal or left is None or right is None or _stand_in(left[1]) != _stand_in(right[1]):
            yield _row(left, right)


def _leads(link: Link, pattern: tuple[Step, ...]) -> bool:
    """Whether a path is one that the pattern stands for, read from their ends."""
    for expected in reversed(pattern):
        if link is None:
            return False
        link, step = link
        if step != expected and not (expected is None and isinstance(step, int)):
            return False
    return link is None


def _stand_in(value: Any) -> Hashable:
    """What is equal for equal values, and quick to compare."""
    kind = type(value)
    if kind in (str, int, bool):
        return kind, value
    # As a text, so that NaN equals itself.
    return (kind, repr(value)) if kind is float else written(value)


def _inside(place: Place, step: Step) -> Place | None:
    link, value = place
    there = step in value if isinstance(value, dict) else step is not None
    return ((link, step), value[step]) if there else None


def _path(link: Link) -> str:
    steps: list[Step] = []
    while link:
        link, step = link
        steps.append(step)
    return jsontext.whole(format_path(steps[::-1]))


def _row(left: Place | None, right: Place | None) -> tuple[str | None, ...]:
    places = (left, right)
    paths = [_path(place[0]) if place else None for place in places]
    texts = [written(place[1]) if place else None for place in places]
    if left is None or right is None:
        change = "added" if left is None else "removed"
    elif type_name(left[1]) != type_name(right[1]):
        change = "type changed"
    else:
        change = "equal" if texts[0] == texts[1] else "changed"
    return (*paths, change, *texts)


def _aligned(left: Place, right: Place, equal: bool) -> Iterable[tuple[int | None, int | None]]:
    """Which element of one list belongs to which of another; None: to none.

    Equal ones only where they are shown.
    """
    if left[0] == _OUTPUTS:
        return _by_name(left[1], right[1])
    if max(len(left[1]), len(right[1])) < _FEWEST:
        return zip_longest(range(len(left[1])), range(len(right[1])))
    # A number for each value, so that comparing two elements costs the same whatever they are.
    numbers: defaultdict[Hashable, int] = defaultdict(lambda: len(numbers))
    before, after = ([numbers[_stand_in(item)] for item in place[1]] for place in (left, right))
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


def _by_name(left: list[Any], right: list[Any]) -> list[tuple[int | None, int | None]]:
    partner: dict[int, int] = {}
    free = dict.fromkeys(range(len(right)))
    for name in ("configured_path", "path", "name"):
        waiting: defaultdict[str, deque[int]] = defaultdict(deque)
        for after in free:
            waiting[_label(right[after], name)].append(after)
        for before, item in enumerate(left):
            label = _label(item, name)
            if label and before not in partner and waiting[label]:
                partner[before] = waiting[label].popleft()
                del free[partner[before]]
    return [
        *((before, partner.get(before)) for before in range(len(left))),
        *((None, after) for after in free),
    ]


def _label(item: Any, name: str) -> str:
    label = item.get(name) if isinstance(item, dict) else None
    return label if isinstance(label, str) else ""
