"""Finds the runs that a filter lets through."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from agentrun_nb.analysis.failures import failures
from agentrun_nb.analysis.filter_rules import Rules, with_moments
from agentrun_nb.core.jsontext import NOT_STRICT
from agentrun_nb.core.paths import find, parse_path
from agentrun_nb.documents.reading import ABSENT, Gap, read, texts
from agentrun_nb.documents.shapes import Path, shape

Mask = NDArray[np.bool_]
"""One boolean for each run."""

IDENTITIES = ("status", "deployment_id", "version_id", "mode")
"""The columns of which a filter names values."""


def filter_rows(
    runs: pd.DataFrame,
    rules: Rules | None,
    newest: datetime | None = None,
    names: Mapping[str, str] | None = None,
    groups: pd.Series[Any] | None = None,
) -> Mask:
    """Finds the runs that a filter lets through.

    Args:
        runs: a RUNS table.
        rules: what `read_filter` gave.
        newest: the moment from which ages such as `since="1h"` count back; None: now.
        names: of deployments and versions by their ids, in which `text` is searched too.
        groups: what `failures` gives for each of these runs, where it is known already.

    Returns:
        One boolean for each run, true where all rules hold. A run without a readable created_at
        is in every window of time, as in a listing.

    Example:
        >>> set(runs[filter_rows(runs, {"status": "failed"})]["status"])
        {'failed'}
    """
    mask = np.ones(len(runs), dtype=bool)
    if not rules:
        return mask
    moments = with_moments(rules, newest)
    for column in IDENTITIES:
        if column in rules:
            mask &= _is_one_of(runs[column], rules[column])
    if "since" in moments:
        mask &= ~_is_true(runs["created_at"] < pd.Timestamp(moments["since"]))
    if "until" in moments:
        mask &= ~_is_true(runs["created_at"] >= pd.Timestamp(moments["until"]))
    if rules.get("text"):
        mask &= _has_text(runs, rules["text"], names or {})
    if "failure" in rules:
        found = failures(runs, each=True) if groups is None else groups
        mask &= _is_true(found == rules["failure"])
    if "has_outputs" in rules:
        mask &= _has_outputs(runs) == rules["has_outputs"]
    for document, tests in _tests_of_documents(rules.get("where", [])).items():
        mask &= _passes(runs[document], tests)
    return mask


def _is_true(column: pd.Series[Any]) -> Mask:
    """Whether each value is true; a missing one is not."""
    return np.asarray(column.to_numpy(dtype=bool, na_value=False))


def _is_one_of(column: pd.Series[Any], value: str | Sequence[str | None]) -> Mask:
    sought = [value] if isinstance(value, str) else value
    texts_sought = [text for text in sought if text is not None]
    mask = _is_true(column.isin(texts_sought))
    return mask | _is_true(column.isna()) if None in sought else mask


def _has_text(runs: pd.DataFrame, text: str, names: Mapping[str, str]) -> Mask:
    """Whether a text stands in the id, name, version or reason of a run, in whatever case."""
    mask = contains_text(runs["id"].array, text) | contains_text(runs["failure_reason"].array, text)
    for column in ("deployment_id", "version_id"):
        # Few of them stand in many rows, so each is searched once.
        codes, different = pd.factorize(runs[column])
        ids = different.to_numpy(dtype="object")
        found = contains_text(ids, text) | contains_text([names.get(key) for key in ids], text)
        # The code of a missing value is -1, which takes the last.
        mask |= np.append(found, False)[codes]
    return mask


def contains_text(words: Any, text: str) -> Mask:
    """Whether each of some words contains a text, in whatever case; None contains none."""
    column = pa.array(words, pa.large_string())
    found = pc.match_substring(column, text, ignore_case=True).fill_null(False)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def _has_outputs(runs: pd.DataFrame) -> Mask:
    """Whether the manifest of a run lists an output.

    An output itself is not read: that there is one is seen by the first character after the
    bracket of the list.
    """
    has_some = []
    for manifest in _documents(runs["output_manifest"], [("outputs",)], msgspec.Raw):
        outputs = manifest.get("outputs") if isinstance(manifest, dict) else None
        if isinstance(outputs, msgspec.Raw):
            has_some.append(_NOT_EMPTY.match(outputs) is not None)
        else:
            has_some.append(isinstance(outputs, list) and len(outputs) > 0)
    return np.array(has_some, dtype=bool)


_NOT_EMPTY = re.compile(rb"\[[ \t\n\r]*[^\] \t\n\r]")
"""The beginning of a JSON array that has an element, where the array is known to be sound."""


class _Test:
    """One rule about a place in a document."""

    def __init__(self, steps: Path, sign: str, value: Any) -> None:
        self.steps = steps
        self.sign = sign
        self.value = value
        self._key = steps[0] if len(steps) == 1 and isinstance(steps[0], str) else None

    def passes(self, document: Any) -> bool:
        """Whether a document passes; of several values at the path one is enough."""
        values = self._values(document)
        if self.sign == "exists":
            return bool(values) is self.value
        holds = _SIGNS[self.sign]
        for value in values:  # noqa: SIM110 - a generator would take as long as all the rest
            if holds(value, self.value):
                return True
        return False

    def _values(self, document: Any) -> list[Any]:
        """What stands at the path."""
        if self._key is None:
            return [] if isinstance(document, Gap) else find(document, self.steps)
        # Most rules are about a member of the document itself.
        has_key = isinstance(document, dict) and self._key in document
        return [document[self._key]] if has_key else []


def _tests_of_documents(where: Sequence[Sequence[Any]]) -> dict[str, list[_Test]]:
    """The rules by the document that they are about, so that each is read once."""
    tests: dict[str, list[_Test]] = {}
    for path, sign, value in where:
        document, *steps = parse_path(path)
        tests.setdefault(str(document), []).append(_Test(tuple(steps), sign, value))
    return tests


def _passes(column: pd.Series[Any], tests: Sequence[_Test]) -> Mask:
    # Where nothing but the presence of values matters, they are not read.
    leaf = msgspec.Raw if all(test.sign == "exists" for test in tests) else Any
    paths = list(dict.fromkeys(test.steps for test in tests))
    documents = _documents(column, paths, leaf)
    passed: Iterable[bool]
    if len(tests) == 1:
        passed = map(tests[0].passes, documents)
    else:
        passed = (all(test.passes(document) for test in tests) for document in documents)
    return np.fromiter(passed, dtype=bool, count=len(column))


def _documents(column: pd.Series[Any], paths: Sequence[Path], leaf: Any) -> Iterator[Any]:
    """Reads documents as far as they lie on some paths, and wholly where they are of another shape.

    Args:
        column: their texts.
        paths: what is looked for in them.
        leaf: the type in which it is read where a document has the shape of the paths.
    """
    decode = msgspec.json.Decoder(shape(paths, leaf)).decode
    for part in texts(column):
        for text in part:
            try:
                yield ABSENT if text is None else decode(text)
            except NOT_STRICT:
                yield read(text)


def _kind(value: Any) -> str:
    """The kind of a value: only values of one kind are compared."""
    if value is None or isinstance(value, bool):
        return type(value).__name__
    if isinstance(value, int | float | Decimal):
        return "number"
    return type(value).__name__


def _equals(value: Any, sought: Any) -> bool:
    if _kind(value) != _kind(sought):
        return False
    return bool(value == sought)


_PLAIN_NUMBERS = (float, int)


def _in_order(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Makes a comparison such as `<` false for values that have no order: of two kinds, or NaN."""

    def holds(value: Any, sought: Any) -> bool:
        if type(value) in _PLAIN_NUMBERS and type(sought) in _PLAIN_NUMBERS:
            return compare(value, sought)
        kind = _kind(value)
        # NaN is in no order, and the Decimal of it raises an error when it is compared.
        comparable = kind in ("number", "str") and kind == _kind(sought) and bool(value == value)
        return comparable and compare(value, sought)

    return holds


def _contains(value: Any, sought: Any) -> bool:
    if isinstance(value, str):
        return isinstance(sought, str) and sought in value
    return isinstance(value, list) and any(_equals(item, sought) for item in value)


_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "==": _equals,
    "!=": lambda value, sought: not _equals(value, sought),
    "<": _in_order(operator.lt),
    "<=": _in_order(operator.le),
    ">": _in_order(operator.gt),
    ">=": _in_order(operator.ge),
    "contains": _contains,
}
"""The operators but `exists`, each with whether it holds between a value and the one sought."""
