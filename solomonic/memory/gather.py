"""Candidates for a question: what the indexes bring, what stands beside it, and how near all of them are to the question.

The indexes bring only their best. A candidate that came by another way is measured by the index too, so the dense
score of every candidate is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np

from . import channels
from .outline import Outline

SAMPLE: Final = 512
"""How many records, evenly spread over the store, say what the usual cosine to a question is."""


class Dense(Protocol):
    """A vector index; its answers to q queries are of shape (q, k) and (q, m)."""

    def search(self, queries: np.ndarray, k: int) -> Any:
        """Return the k nearest: `ids` (seqs, -1 where there are fewer than k) and `scores`."""
        ...

    def scores(self, queries: np.ndarray, seqs: np.ndarray) -> np.ndarray:
        """Return the inner products with these records; nan where a record has no vector."""
        ...


class Lexical(Protocol):
    """A word index; returns the seqs (m,) and BM25 scores (m,) of at most k records, best first."""

    def search(self, text: str, k: int) -> tuple[np.ndarray, np.ndarray]: ...


@dataclass(slots=True)
class Pool:
    """Candidates by their rows in the outline (n,), each once and rising; dense and lexical scores of the same length."""

    rows: np.ndarray
    dense: np.ndarray
    lexical: np.ndarray

    @property
    def contents(self) -> np.ndarray:
        """The content of each candidate (n,)."""
        return channels.content(self.dense, self.lexical)


class Gatherer:
    """Finds and measures candidates for one question.

    allowed: bool by row of the outline, or None where all are. index, query: the vector index and the question's vector (d,), or None.
    """

    def __init__(self, outline: Outline, allowed: np.ndarray | None, index: Dense | None, query: np.ndarray | None) -> None:
        self.outline, self.allowed = outline, allowed
        self.index = None if query is None else index
        self.query = np.zeros((1, 0), dtype=np.float32) if query is None else query[None, :]
        self.usual = self._usual()

    def _usual(self) -> tuple[float, float]:
        """Return mean and standard deviation of the cosine between the question and a record that nobody asked for."""
        n = len(self.outline)
        if self.index is None or n < 2:
            return 0.0, 0.0
        spread = self.outline.seqs if n <= SAMPLE else self.outline.seqs[np.linspace(0, n - 1, SAMPLE).astype(np.int64)]
        cosines = self.index.scores(self.query, spread)[0]
        cosines = cosines[~np.isnan(cosines)].astype(np.float64)
        return (float(cosines.mean()), float(cosines.std())) if len(cosines) > 1 else (0.0, 0.0)

    def permitted(self, seqs: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the (rows, scores) of the seqs that the store holds and the filter lets through."""
        rows = self.outline.rows_of(seqs)
        keep = rows >= 0
        if self.allowed is not None:
            keep &= self.allowed[rows]
        return rows[keep], np.asarray(scores, dtype=np.float64)[keep]

    def dense(self, k: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Return (rows, cosines) of the k nearest records that may answer; more are asked for until the filter leaves k."""
        if self.index is None:
            return None
        n = len(self.outline)
        ask = min(k, n)
        rows, scores = np.zeros(0, dtype=np.int64), np.zeros(0)
        while ask:
            hits = self.index.search(self.query, ask)
            rows, scores = self.permitted(np.asarray(hits.ids)[0], np.asarray(hits.scores)[0])
            if len(rows) >= k or ask >= n:
                break
            ask = min(ask * 8, n)
        return rows[:k], scores[:k]

    def lexical(self, index: Lexical, text: str, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (rows, BM25) of the k best records that may answer; more are asked for until the filter leaves k or there are no more."""
        n = len(self.outline)
        ask = min(k, n)
        rows, scores = np.zeros(0, dtype=np.int64), np.zeros(0)
        while ask:
            seqs, found = index.search(text, ask)
            rows, scores = self.permitted(np.asarray(seqs, dtype=np.int64), found)
            if len(rows) >= k or len(seqs) < ask or ask >= n:
                break
            ask = min(ask * 8, n)
        return rows[:k], scores[:k]

    def pool(self, dense: tuple[np.ndarray, np.ndarray] | None, lexical: tuple[np.ndarray, np.ndarray] | None) -> Pool:
        """Return the candidates of both lists, each measured by both."""
        lists = [found for found in (dense, lexical) if found is not None]
        rows = np.unique(np.concatenate([found[0] for found in lists])) if lists else np.zeros(0, dtype=np.int64)
        pool = Pool(rows, np.zeros(len(rows)), np.zeros(len(rows)))
        if lexical is not None and len(lexical[0]):
            pool.lexical[np.searchsorted(rows, lexical[0])] = channels.share(lexical[1])
        if dense is not None:
            cosines = np.full(len(rows), np.nan)
            cosines[np.searchsorted(rows, dense[0])] = dense[1]
            pool.dense = self._measured(rows, cosines)
        return pool

    def widened(self, pool: Pool, rows: np.ndarray) -> Pool:
        """Return the pool with further rows in it; what no word list brought has no lexical score."""
        rows = np.asarray(rows, dtype=np.int64)
        if self.allowed is not None:
            rows = rows[self.allowed[rows]]
        new = np.setdiff1d(rows, pool.rows)
        if not len(new):
            return pool
        dense = self._measured(new, np.full(len(new), np.nan)) if self.index is not None else np.zeros(len(new))
        both = np.concatenate([pool.rows, new])
        order = np.argsort(both, kind="stable")
        return Pool(
            both[order],
            np.concatenate([pool.dense, dense])[order],
            np.concatenate([pool.lexical, np.zeros(len(new))])[order],
        )

    def beside(self, pool: Pool, most: int) -> Pool:
        """Return the pool with the neighbouring turns of its `most` best records."""
        best = pool.rows[np.argsort(-pool.contents, kind="stable")[:most]]
        near = np.unique(self.outline.neighbours(best, channels.REACH))
        return self.widened(pool, near[near >= 0])

    def _measured(self, rows: np.ndarray, cosines: np.ndarray) -> np.ndarray:
        """Return standardised cosines; nan ones are measured first. A record with no vector is as near as the usual one: 0."""
        assert self.index is not None
        unknown = np.flatnonzero(np.isnan(cosines))
        if len(unknown):
            cosines[unknown] = self.index.scores(self.query, self.outline.seqs[rows[unknown]])[0]
        return np.nan_to_num(channels.standardised(cosines, *self.usual), nan=0.0)
