"""The k nearest rows to a query: exactly, or through codes with an exact end.

Through codes: scan all codes for the r best estimates, compute the true inner products of the best of them, and stop when no row behind the
r-th can reach the k-th true one, the error of the codes allowed for; else scan again for more. So r follows from the question and the data, and nothing is tuned:
a question with a clear answer ends after the first look, and where the codes cannot tell the rows apart (many equal vectors) it
ends with an exact scan. What comes back are true inner products in either case.
"""

from __future__ import annotations

import math
from typing import Any, Final

import faiss
import numpy as np

from .codes import Codes
from .vectorrows import VectorRows

FIRST_LOOK: Final = 64
LOOK: Final = 10
"""Estimates that are looked at first, for each neighbour that is wanted and in all at the least; one look then nearly always suffices."""

SIGMAS: Final = 3.5
"""How many standard deviations of the codes' error are allowed for."""

_DEAREST: Final = 8
"""When more than one in so many rows would have to be looked at closely, comparing all is cheaper."""

_TIES: Final = 16
_QUERIES: Final = 64


def nearest(rows: VectorRows, codes: Codes | None, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (rows int64 (q, k), inner products float32 (q, k)), best first and of equals the lowest row first; -1 and -inf where there are fewer.

    queries: float32 (q, d). codes: of the first rows, or None; rows behind them are compared exactly.
    """
    found = np.full((len(queries), k), -1, dtype=np.int64)
    scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
    for start in range(0, len(queries), _QUERIES):
        block = queries[start : start + _QUERIES]
        for i, (near, true) in enumerate(_measured(rows, codes, block, k), start):
            order = np.lexsort((near, -true))[:k]
            found[i, : len(order)] = near[order]
            scores[i, : len(order)] = true[order]
    return found, scores


def products(rows: VectorRows, query: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the inner products float32 (r,) of a query with rows (r,); the same for the same pair whatever else is asked."""
    # einsum adds up every row alike; a matrix product does not, and equal vectors would no longer be equally near.
    return np.asarray(np.einsum("rd,d->r", rows.take(wanted), query))


_Measured = tuple[np.ndarray, np.ndarray]
"""Rows (r,) and their inner products with a query (r,)."""

_NOTHING: Final[_Measured] = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)


def _measured(rows: VectorRows, codes: Codes | None, queries: np.ndarray, k: int) -> list[_Measured]:
    """Return, for each query, rows among which its k nearest are, in no order."""
    if k * _DEAREST > len(rows):
        return [_all(rows, query) for query in queries]
    covered = 0 if codes is None else len(codes)
    others = _exact(rows, queries, k, covered) if covered < len(rows) else [_NOTHING] * len(queries)
    if codes is None or not covered:
        return others
    measured = list(others)
    open_ = np.arange(len(queries))
    r = min(max(FIRST_LOOK, LOOK * k), covered)
    while len(open_):
        if r > covered // _DEAREST and r < covered:
            for i, found in zip(open_, _exact(rows, queries[open_], k, 0), strict=True):
                measured[i] = found
            break
        near, estimates = codes.scan(queries[open_], r)
        left, needed = [], r
        for at, i in enumerate(open_):
            measured[i], least = _refined(rows, queries[i], others[i], near[at], estimates[at], k, codes.sigma)
            if estimates[at, -1] >= least and r < covered:
                left.append(i)
                needed = max(needed, _depth(estimates[at], least))
        open_, r = np.array(left, dtype=np.int64), min(needed, covered)
    return measured


def _refined(
    rows: VectorRows, query: np.ndarray, others: _Measured, near: np.ndarray, estimates: np.ndarray, k: int, sigma: float
) -> tuple[_Measured, float]:
    """Return the rows that can be among the k nearest, measured, and the least estimate that such a row has.

    near (r,): rows by their estimates (r,), best first. others: rows outside the codes.
    """
    first = 2 * k
    true = products(rows, query, near[:first])
    if len(others[0]):
        true = np.concatenate([others[1], true])
    worst = float(np.partition(true, len(true) - k)[len(true) - k]) if len(true) >= k else -np.inf
    least = worst - SIGMAS * sigma * math.sqrt(float(query @ query))
    # Estimates fall, so those that may hold a neighbour are the first ones.
    end = int(np.searchsorted(-estimates, -least, side="right"))
    if end > first:
        true = np.concatenate([true, products(rows, query, near[first:end])])
    return (np.concatenate([others[0], near[: max(first, end)]]), true), least


def _depth(estimates: np.ndarray, least: float) -> int:
    """Return how many rows probably have an estimate of at least `least`, going on as the estimates (r,) have fallen so far."""
    r = len(estimates)
    fallen = float(estimates[r // 4] - estimates[-1])
    still = float(estimates[-1]) - least
    if fallen <= 0.0 or still > 3.0 * fallen:
        return 64 * r
    return int(r * max(2.0, 1.25 * 4.0 ** (still / fallen)))


def _all(rows: VectorRows, query: np.ndarray) -> _Measured:
    """Return every row."""
    parts = [np.einsum("rd,d->r", vectors, query) for _, vectors in rows.spans(0)]
    return np.arange(len(rows)), np.concatenate(parts) if parts else _NOTHING[1]


def _exact(rows: VectorRows, queries: np.ndarray, k: int, start: int) -> list[_Measured]:
    """Return, for each query, the k nearest of the rows from `start` on, and a few more.

    FAISS adds up in another order than `products`, so what it finds equal to the last bits is measured again.
    """
    found: list[list[np.ndarray]] = [[] for _ in queries]
    for first, vectors in rows.spans(start):
        near: Any = faiss.knn(queries, vectors, min(k + _TIES, len(vectors)), metric=faiss.METRIC_INNER_PRODUCT)[1]
        for i, part in enumerate(near):
            found[i].append(part[part >= 0] + first)
    joined = [np.concatenate(parts) if parts else None for parts in found]
    return [_NOTHING if near is None else (near, products(rows, query, near)) for near, query in zip(joined, queries, strict=True)]
