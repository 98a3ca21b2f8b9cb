"""Types of msgspec by which only what lies on some paths of a document is read.

The rest is skipped, and yet checked: a document that is not strict JSON is refused as ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, TypedDict

from agentrun_nb.core.paths import Step

Path: TypeAlias = tuple[Step, ...]
"""A path inside a document."""

_DEEPEST = 30
"""More steps are not followed by types, which are nested as deep as the path."""


def has_shape(path: Path) -> bool:
    """Whether `shape` gives a type for just what lies on this path."""
    keys = [step for step in path if isinstance(step, str)]
    return len(path) <= _DEEPEST and all(key.isascii() for key in keys)


def shape(paths: Sequence[Path], leaf: Any = Any) -> Any:
    """The type that reads just what lies on the paths, or `leaf` where that is everything.

    Everything is read where a path ends and another goes on, where a path has very many steps, and
    where a key is not ASCII: msgspec 0.22 does not find such keys of a TypedDict.

    Args:
        paths: inside the document.
        leaf: the type of what lies at the end of each path; `msgspec.Raw` gives it to the letter.
    """
    if () in paths:
        return leaf if len(paths) == 1 else Any
    if max(map(len, paths)) > _DEEPEST:
        return Any
    # The rest of the paths by their first key, None standing for any element of a list.
    inside: dict[str | None, list[Path]] = {}
    for head, *rest in paths:
        key = head if isinstance(head, str) else None
        inside.setdefault(key, []).append(tuple(rest))
    if not all(key is None or key.isascii() for key in inside):
        return Any
    shapes = {key: shape(rest, leaf) for key, rest in inside.items()}
    elements = shapes.pop(None, None)
    members: Any = TypedDict("Members", shapes, total=False) if shapes else None  # type: ignore[operator]
    if elements:
        return members | list[elements] | None  # type: ignore[valid-type]
    return members | None
