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

    Equal answers, in random order, are dealt round by round; what is left of a last round goes to the folds that hold least so far, ties at random.
    So each class, and the whole, is balanced within one item. Numbers are dealt from the smallest to the largest: every fold covers the range.
    """
    n = len(ys)
    codes = _codes(ys)
    order = np.lexsort((rng.random(n), codes))
    counts = np.unique(codes, return_counts=True)[1]
    sizes = np.zeros(folds, dtype=np.int64)
    fold = np.empty(n, dtype=np.int64)
    for end, count in zip(np.cumsum(counts), counts, strict=True):
        emptiest_first = np.lexsort((rng.random(folds), sizes))
        dealt = np.resize(emptiest_first, count)
        fold[order[end - count : end]] = dealt
        sizes += np.bincount(dealt, minlength=folds)
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
    _, code, sizes = np.unique(_codes(ys), return_inverse=True, return_counts=True)
    order = np.lexsort((rng.random(n), code))
    rank = np.arange(n) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    place = np.empty(n)
    place[order] = (rank + np.repeat(rng.random(sizes.size), sizes)) / np.repeat(sizes, sizes)
    return np.argsort(place, kind="stable")
