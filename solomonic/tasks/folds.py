"""Stratified folds and nested lessons, from a seed and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def _codes(ys: Sequence[Any]) -> np.ndarray:
    """Return a float (n,) by which answers can be sorted: numbers as they are, labels by first appearance."""
    if all(isinstance(y, (int, float, np.integer, np.floating)) and not isinstance(y, bool) for y in ys):
        return np.asarray(ys, dtype=np.float64)
    seen: dict[Any, int] = {}
    return np.array([seen.setdefault(y, len(seen)) for y in ys], dtype=np.float64)


def stratified_folds(ys: Sequence[Any], folds: int, *, rng: np.random.Generator) -> np.ndarray:
    """Return the fold (n,) of each item, every fold with nearly the same answers.

    Items are sorted by answer (equal ones in random order) and dealt out in runs of `folds`, each run in random order: so classes are balanced
    within one item, and for numbers every fold covers the whole range.
    """
    n = len(ys)
    order = np.lexsort((rng.random(n), _codes(ys)))
    dealt = np.concatenate([rng.permutation(folds) for _ in range(-(-n // folds))] or [np.zeros(0, dtype=int)])[:n]
    fold = np.empty(n, dtype=np.int64)
    fold[order] = dealt
    return fold


def grouped_folds(groups: Sequence[Any], folds: int, *, rng: np.random.Generator) -> np.ndarray:
    """Return the fold (n,) of each item such that no group is split; the largest group goes to the emptiest fold first."""
    members: dict[Any, list[int]] = {}
    for i, group in enumerate(groups):
        members.setdefault(group, []).append(i)
    names = list(members)
    order = sorted(rng.permutation(len(names)), key=lambda j: -len(members[names[j]]))
    sizes = np.zeros(folds)
    fold = np.empty(len(groups), dtype=np.int64)
    for j in order:
        emptiest = int(np.argmin(sizes))
        fold[members[names[j]]] = emptiest
        sizes[emptiest] += len(members[names[j]])
    return fold


def nested_order(ys: Sequence[Any], *, stratify: bool, rng: np.random.Generator) -> np.ndarray:
    """Return an order (n,) whose every prefix is a fair sample; with `stratify`, one in which every class keeps its share."""
    n = len(ys)
    if not stratify:
        return rng.permutation(n)
    codes = _codes(ys)
    place = np.empty(n)
    for code in np.unique(codes):
        mine = rng.permutation(np.flatnonzero(codes == code))
        place[mine] = (np.arange(mine.size) + rng.random()) / mine.size
    return np.argsort(place, kind="stable")
