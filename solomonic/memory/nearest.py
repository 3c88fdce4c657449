"""The k nearest rows to a query: exactly, or through codes with an exact end.

Through codes: scan all codes for the r best estimates, compute the true inner products of the best of them, and stop when no row behind the
r-th can reach the k-th true one, the error of the codes allowed for; else scan again for more. So r follows from the question and the data, and nothing is tuned:
a question with a clear answer ends after the first 128 rows, and where the codes cannot tell the rows apart (many equal vectors) it
ends with an exact scan. What comes back are true inner products in either case.
"""

from __future__ import annotations

from typing import Any, Final

import faiss
import numpy as np

from .codes import Codes
from .vectorrows import VectorRows

FIRST_LOOK: Final = 128
SIGMAS: Final = 4.0
"""How many standard deviations of the codes' error are allowed for."""

_WIDER: Final = 8
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
        for i, candidates in enumerate(_candidates(rows, codes, block, k)):
            best, true = _best(rows, block[i], candidates, k)
            found[start + i, : len(best)] = best
            scores[start + i, : len(best)] = true
    return found, scores


def products(rows: VectorRows, query: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the inner products float32 (r,) of a query with rows (r,); the same for the same pair whatever else is asked."""
    # einsum adds up every row alike; a matrix product does not, and equal vectors would no longer be equally near.
    return np.asarray(np.einsum("rd,d->r", rows.take(wanted), query))


def _best(rows: VectorRows, query: np.ndarray, candidates: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    true = products(rows, query, candidates)
    order = np.lexsort((candidates, -true))[:k]
    return candidates[order], true[order]


def _candidates(rows: VectorRows, codes: Codes | None, queries: np.ndarray, k: int) -> list[np.ndarray]:
    """Return, for each query, rows among which its k nearest are."""
    covered = 0 if codes is None else len(codes)
    # A few more than k, so that the order among rows which the scan finds equal is decided by the true products.
    exact = _exact(rows, queries, k + _TIES, covered)
    if codes is None or not covered:
        return exact
    r = min(max(FIRST_LOOK, 4 * k), covered)
    open_ = np.arange(len(queries))
    while len(open_):
        if r * _WIDER > covered and r < covered:
            for i, found in zip(open_, _exact(rows, queries[open_], k + _TIES, 0), strict=True):
                exact[i] = found
            break
        near, estimates = codes.scan(queries[open_], r)
        left = []
        for at, i in enumerate(open_):
            merged, done = _refined(rows, queries[i], exact[i], near[at], estimates[at], k, codes.sigma)
            if done or r >= covered:
                exact[i] = merged
            else:
                left.append(i)
        open_, r = np.array(left, dtype=np.int64), min(r * _WIDER, covered)
    return exact


def _refined(
    rows: VectorRows, query: np.ndarray, others: np.ndarray, near: np.ndarray, estimates: np.ndarray, k: int, sigma: float
) -> tuple[np.ndarray, bool]:
    """Return the rows that can be among the k nearest, and whether none behind the last estimate can.

    near (r,): rows by their estimates (r,), best first. others: rows outside the codes.
    """
    margin = SIGMAS * sigma * float(np.linalg.norm(query))
    sure = np.concatenate([others, near[: 2 * k]])
    true = products(rows, query, sure)
    worst = float(np.partition(true, len(true) - k)[len(true) - k]) if len(true) >= k else -np.inf
    enough = estimates >= worst - margin
    return np.concatenate([others, near[enough]]), not bool(enough[-1])


def _exact(rows: VectorRows, queries: np.ndarray, k: int, start: int) -> list[np.ndarray]:
    """Return, for each query, the k nearest of the rows from `start` on."""
    found: list[list[np.ndarray]] = [[] for _ in queries]
    for first, vectors in rows.spans(start):
        near: Any = faiss.knn(queries, vectors, min(k, len(vectors)), metric=faiss.METRIC_INNER_PRODUCT)[1]
        for i, part in enumerate(near):
            found[i].append(part[part >= 0] + first)
    nothing = np.empty(0, dtype=np.int64)
    return [np.concatenate(parts) if parts else nothing for parts in found]
