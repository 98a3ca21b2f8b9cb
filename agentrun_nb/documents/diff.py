"""Where the documents of two runs differ."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

import pandas as pd

from agentrun_nb.core import jsontext
from agentrun_nb.core.paths import Step, format_path
from agentrun_nb.core.schema import DOCUMENTS
from agentrun_nb.documents.reading import BROKEN, read, type_name
from agentrun_nb.errors import SchemaError
from agentrun_nb.tables.frames import Runs, runs_frame

Link = tuple[Any, Step] | None
"""A path as its last step after the link before it, so that a step costs the same at any depth."""

Place = tuple[Link, Any]
"""A path and the value there."""

CHANGES = ("added", "removed", "changed", "type changed", "equal")

_OUTPUTS: Link = ((None, "output_manifest"), "outputs")
_LONGEST = 500
"""Up to so many elements, what moved in a list is looked for; longer lists are compared place by place."""


def diff(a: Runs | pd.Series, b: Runs | pd.Series, *, equal: bool = False) -> pd.DataFrame:
    """Compares the `input` and `output_manifest` of two runs, value by value.

    Outputs belong together by `configured_path`, then `path`, then `name`; elements of other lists by the longest runs
    of equal ones. What only changed its place is no difference: it shows in the two paths.

    Args:
        a: the run before: a Run, a row of a frame, or a frame of one row.
        b: the run after.
        equal: also what is the same.

    Returns:
        One row per difference in the order of the documents: `path_a` and `path_b` (NA where that run has nothing
        there), `change` (added, removed, changed, type changed, equal), and the values `a` and `b` as JSON text. A
        document that is not JSON is compared as text.

    Raises:
        SchemaError: a or b is not just one run.
    """
    rows = [row for row in _differences(_documents(a), _documents(b)) if equal or row[2] != "equal"]
    frame = pd.DataFrame(rows, columns=["path_a", "path_b", "change", "a", "b"], dtype="str")
    return frame.astype({"change": pd.CategoricalDtype(CHANGES)})


def written(value: Any, too_deep: str = "(too deep to write here)") -> str:
    """A parsed document as compact JSON with sorted keys, the same for equal ones; else what stands for a deep one."""
    try:
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    except RecursionError:
        return too_deep
    return jsontext.whole(text)


def _documents(run: Any) -> dict[str, Any]:
    frame = runs_frame(run.to_frame().T if isinstance(run, pd.Series) else run)
    if len(frame) != 1:
        raise SchemaError(f"A difference is between two runs; here is a frame of {len(frame)}.", hint="Give one row.")
    texts = {name: frame[name].iloc[0] for name in DOCUMENTS}
    return {name: parsed(text) for name, text in texts.items() if isinstance(text, str)}


def parsed(text: str) -> Any:
    """The document, or the text itself where it is not JSON."""
    value = read(text)
    return text if value is BROKEN else value


def _differences(a: Any, b: Any) -> Iterator[tuple[str | None, ...]]:
    stack: list[tuple[Place | None, Place | None]] = [((None, a), (None, b))]
    while stack:
        left, right = stack.pop()
        kinds = {type(place[1]) if place else None for place in (left, right)}
        if left and right and (kinds == {dict} or kinds == {list}):
            steps = _aligned(left, right) if kinds == {list} else [(k, k) for k in {**left[1], **right[1]}]
            stack += reversed([(_inside(left, before), _inside(right, after)) for before, after in steps])
        else:
            yield _row(left, right)


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


def _aligned(left: Place, right: Place) -> Iterable[tuple[int | None, int | None]]:
    """Which element of one list belongs to which of another; None: to none."""
    if left[0] == _OUTPUTS:
        return _by_name(left[1], right[1])
    if not 1 < max(len(left[1]), len(right[1])) <= _LONGEST:
        return zip_longest(range(len(left[1])), range(len(right[1])))
    before, after = ([written(item) for item in place[1]] for place in (left, right))
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return [pair for _, i, j, k, m in blocks for pair in zip_longest(range(i, j), range(k, m))]


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
    return [*((before, partner.get(before)) for before in range(len(left))), *((None, after) for after in free)]


def _label(item: Any, name: str) -> str:
    label = item.get(name) if isinstance(item, dict) else None
    return label if isinstance(label, str) else ""
