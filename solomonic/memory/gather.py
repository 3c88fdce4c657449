"""Candidates for a question: what the indexes bring, what stands beside it, and how near all of them are to the question.

The indexes bring only their best. A candidate that came by another way is measured by the index too, so the dense
score of every candidate is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    """A word index."""

    def search(self, text: str, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the seqs (m,) and BM25 scores (m,) of at most k records, best first."""
        ...

    def scores(self, text: str, seqs: np.ndarray) -> np.ndarray:
        """Return the BM25 score of these records (m,); nan where there is no such record."""
        ...


class Graph(Protocol):
    """What hangs together, by what the records mention."""

    def entities(self, text: str, *, at: float | None = None) -> dict[int, float]:
        """Return the entities that a text names, with their weights."""
        ...

    def rank(self, text: str, *, k: int, at: float | None = None) -> Any:
        """Return the k records nearest to what a text names, as `seqs` and `scores`."""
        ...

    def shared(self, first: Sequence[int], candidates: Sequence[int], *, without: Mapping[int, float] | None = None) -> np.ndarray:
        """Return the weight in nats of what each candidate mentions in common with the first records."""
        ...


@dataclass(slots=True)
class Pool:
    """Candidates by their rows in the outline (n,), each once and rising; dense and lexical scores of the same length.

    best: the BM25 of which lexical scores are shares.
    """

    rows: np.ndarray
    dense: np.ndarray
    lexical: np.ndarray
    best: float

    @property
    def contents(self) -> np.ndarray:
        """The content of each candidate (n,)."""
        return channels.content(self.dense, self.lexical)


class Gatherer:
    """Finds and measures candidates for one question.

    allowed: bool by row of the outline, or None where all are. index, query: the vector index and the question's vector (d,), or None.
    words, text: the word index, or None, and the question as it is looked up there.
    """

    def __init__(
        self, outline: Outline, allowed: np.ndarray | None, index: Dense | None, query: np.ndarray | None, words: Lexical | None, text: str
    ) -> None:
        self.outline, self.allowed = outline, allowed
        self.index = None if query is None else index
        self.query = np.zeros((1, 0), dtype=np.float32) if query is None else query[None, :]
        self.words, self.text = words, text
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

    def lexical(self, k: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Return (rows, BM25) of the k best records that may answer; more are asked for until the filter leaves k or there are no more."""
        if self.words is None:
            return None
        n = len(self.outline)
        ask = min(k, n)
        rows, scores = np.zeros(0, dtype=np.int64), np.zeros(0)
        while ask:
            seqs, found = self.words.search(self.text, ask)
            rows, scores = self.permitted(np.asarray(seqs, dtype=np.int64), found)
            if len(rows) >= k or len(seqs) < ask or ask >= n:
                break
            ask = min(ask * 8, n)
        return rows[:k], scores[:k]

    def pool(
        self, dense: tuple[np.ndarray, np.ndarray] | None, lexical: tuple[np.ndarray, np.ndarray] | None, named: np.ndarray | None = None
    ) -> Pool:
        """Return the candidates of all lists, each measured by vectors and by words. named: the rows that the graph brought."""
        best = 0.0 if lexical is None or not len(lexical[1]) else float(lexical[1].max())
        pool = Pool(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), best)
        lists = [found[0] for found in (dense, lexical) if found is not None]
        return self.widened(pool, np.concatenate([*lists, pool.rows if named is None else named]))

    def widened(self, pool: Pool, rows: np.ndarray) -> Pool:
        """Return the pool with further rows in it, those of them that may answer."""
        new = np.setdiff1d(rows, pool.rows)
        if self.allowed is not None:
            new = new[self.allowed[new]]
        if not len(new):
            return pool
        both = np.concatenate([pool.rows, new])
        order = np.argsort(both, kind="stable")
        dense, lexical = self._measured(new, pool.best)
        return Pool(both[order], np.concatenate([pool.dense, dense])[order], np.concatenate([pool.lexical, lexical])[order], pool.best)

    def beside(self, pool: Pool, most: int) -> Pool:
        """Return the pool with the neighbouring turns of its `most` best records."""
        best = pool.rows[np.argsort(-pool.contents, kind="stable")[:most]]
        near = np.unique(self.outline.neighbours(best, channels.REACH))
        return self.widened(pool, near[near >= 0])

    def named(self, graph: Graph, text: str, k: int, at: float | None) -> tuple[np.ndarray, np.ndarray]:
        """Return (rows, PageRank) of the records that may answer among the k nearest to what the question names."""
        ranked = graph.rank(text, k=k, at=at)
        return self.permitted(np.asarray(ranked.seqs, dtype=np.int64), ranked.scores)

    def _measured(self, rows: np.ndarray, best: float) -> tuple[np.ndarray, np.ndarray]:
        """Return standardised cosines and shares of the best BM25 (n,); a record with no vector is as near as the usual one: 0."""
        seqs = self.outline.seqs[rows]
        dense, lexical = np.zeros(len(rows)), np.zeros(len(rows))
        if self.index is not None:
            dense = np.nan_to_num(channels.standardised(self.index.scores(self.query, seqs)[0], *self.usual), nan=0.0)
        if self.words is not None and best > 0.0:
            lexical = np.nan_to_num(np.asarray(self.words.scores(self.text, seqs), dtype=np.float64), nan=0.0) / best
        return dense, lexical
