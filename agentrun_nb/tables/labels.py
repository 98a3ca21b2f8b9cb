"""Puts the names of deployments and versions where their ids stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import pandas as pd

from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.jsontext import valid_unicode
from agentrun_nb.core.text import kind_of
from agentrun_nb.errors import SettingsError

Names: TypeAlias = "Mapping[str, str] | None"
"""Names by the ids of deployments and versions, as from `client.names()`."""

_SHORT = 8
"""So many characters of an id tell most runs apart."""
LABELLED = ("deployment_id", "version_id")
"""The columns whose ids have names."""


def read_names(names: Any) -> dict[str, str]:
    """Checks what was given as `names=`; None is no names.

    Raises:
        SettingsError: it is no mapping of texts to texts.
    """
    if names is None:
        return {}
    hint = "Give a mapping of ids to names, such as client.names()."
    if not isinstance(names, Mapping):
        kind = kind_of(names)
        raise SettingsError(f"names= takes a mapping, and not {kind}.", hint=hint)
    for text in (*names.keys(), *names.values()):
        if not isinstance(text, str):
            kind = kind_of(text)
            raise SettingsError(f"names= maps texts to texts, and has {kind}.", hint=hint)
    return {key: valid_unicode(name) for key, name in names.items()}


def labels_of(ids: Iterable[Any], names: Mapping[str, str]) -> dict[Any, str]:
    """Gives each id its label: its name, and the id itself where it has none.

    A name that several of them share is followed by the id, so that groups stay apart.
    """
    labels = {key: names.get(key, key) for key in ids}
    uses = Counter(labels.values())
    for key, label in labels.items():
        is_shared = uses[label] > 1
        if is_shared and label != key:
            labels[key] = f"{label} ({key})"
    return labels


def names_of_runs(runs: pd.DataFrame, names: Mapping[str, str]) -> list[str]:
    """What each run is called: as its version, else as its deployment, empty without a name."""
    found: list[str] = []
    for version, deployment in zip(runs["version_id"], runs["deployment_id"], strict=True):
        name = names.get(version) or names.get(deployment)
        found.append(name or "")
    return found


def short_id(text: str) -> str:
    """The beginning of what is its own in an id: `88f539cd` of `adrun_88f539cd508b`."""
    own = text.partition("_")[2]
    return (own or text)[:_SHORT]


def with_labels(runs: pd.DataFrame, names: Any, columns: Iterable[str] = LABELLED) -> pd.DataFrame:
    """Puts names where the ids of deployments and versions stand; what has no name stays.

    Args:
        runs: a table with columns of ids.
        names: labels for the ids; None: none.
        columns: those that may be changed; of others than these two nothing is.

    Raises:
        SettingsError: `names` is no mapping of texts to texts.
    """
    by_id = read_names(names)
    if not by_id:
        return runs
    changed = {}
    for column in set(columns).intersection(LABELLED):
        ids = runs[column].astype("object")
        known = ids.dropna().unique()
        if by_id.keys().isdisjoint(known):
            continue
        changed[column] = ids.map(labels_of(known, by_id)).astype(TEXT)
    return runs.assign(**changed)
