"""What can still be reached from an object: how one finds out whether a learner has thrown its lesson away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

PLAIN = (str, bytes, int, float, complex, bool, type(None), np.generic)


def reachable(root: object) -> Iterator[object]:
    """Yield every object that can be reached from `root` through containers and attributes, itself included, each once; no classes or modules."""
    seen: set[int] = set()
    waiting: list[Any] = [root]
    alive: list[Any] = []  # attributes may be made on the fly; while they live, their ids stay their own
    while waiting:
        value = waiting.pop()
        if isinstance(value, PLAIN):
            yield value
            continue
        if id(value) in seen or isinstance(value, type) or type(value).__name__ == "module":
            continue
        seen.add(id(value))
        alive.append(value)
        yield value
        waiting.extend(_parts(value))


def _parts(value: Any) -> list[Any]:
    if isinstance(value, np.ndarray):
        return list(value.flat) if value.dtype == object else []
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, (list, tuple, set, frozenset)) or type(value).__name__ == "deque":
        return list(value)
    parts = list(getattr(value, "__dict__", {}).values())
    for owner in type(value).__mro__:
        names = owner.__dict__.get("__slots__", ())
        parts += [getattr(value, name) for name in ((names,) if isinstance(names, str) else names) if hasattr(value, name)]
    if hasattr(value, "__self__"):  # a bound method holds its object
        parts.append(value.__self__)
    if getattr(value, "__closure__", None):
        parts += [cell.cell_contents for cell in value.__closure__]
    return parts


def rows_kept(root: object, rows: np.ndarray) -> bool:
    """Return whether some array within reach of `root` holds rows of `rows` (n, d), up to rounding to single precision."""
    known = _keys(rows)
    width = rows.shape[1]
    for found in reachable(root):
        value = found.toarray() if hasattr(found, "toarray") else found
        if isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype.kind == "f" and value.shape[1] == width and len(value):
            held = _keys(value)
            if len(held & known) * 2 >= len(held):
                return True
    return False


def _keys(rows: np.ndarray) -> set[bytes]:
    return {row.tobytes() for row in np.ascontiguousarray(rows, dtype=np.float32)}
