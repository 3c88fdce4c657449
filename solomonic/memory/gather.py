"""Candidates for a question: what the indexes bring, what stands beside it, and how near all of them are to the question.

The indexes bring only their best. A candidate that came by another way is measured exactly: its vector is read from the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np

from . import channels, spaces
from .log import Log
from .outline import Outline
from .schema import SPACE_SHIFT

SAMPLE_BLOCKS: Final = 16
SAMPLE_BLOCK: Final = 32


class Dense(Protocol):
    """A vector index; its answer has `ids` (seqs, -1 where there are fewer than k) and `scores`, both (q, k)."""

    def search(self, queries: np.ndarray, k: int) -> Any: ...


class Lexical(Protocol):
    """A word index; returns the seqs (m,) and BM25 scores (m,) of at most k records, best first."""

    def search(self, text: str, k: int) -> tuple[np.ndarray, np.ndarray]: ...


@dataclass(frozen=True, slots=True)
class Background:
    """Vectors of records spread over the store (n, d): what a record is like that nobody asked for."""

    vectors: np.ndarray

    @classmethod
    def of(cls, log: Log, fingerprint: str, outline: Outline) -> Background:
        """Return at most SAMPLE_BLOCKS * SAMPLE_BLOCK vectors, in evenly spaced runs; the same for the same store."""
        n = len(outline)
        if n <= SAMPLE_BLOCKS * SAMPLE_BLOCK:
            spans = [(0, n)] if n else []
        else:
            starts = np.linspace(0, n - SAMPLE_BLOCK, SAMPLE_BLOCKS).astype(int)
            spans = [(int(start), int(start) + SAMPLE_BLOCK) for start in starts]
        blocks = [
            vectors
            for start, end in spans
            for _, vectors in log.vectors(fingerprint, after=int(outline.seqs[start]) - 1, until=int(outline.seqs[end - 1]))
        ]
        return cls(np.concatenate(blocks) if blocks else np.zeros((0, 0), dtype=np.float32))

    def standardise(self, query: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Return inner products (n,) with the query in standard deviations above those of the background."""
        if self.vectors.shape[1:] != query.shape or len(self.vectors) < 2:
            return np.zeros(len(scores))
        usual = self.vectors @ query
        return channels.standardised(scores, float(usual.mean()), float(usual.std()))


@dataclass(slots=True)
class Pool:
    """Candidates by their rows in the outline (n,), each once and rising; dense and lexical scores of the same length."""

    rows: np.ndarray
    dense: np.ndarray
    lexical: np.ndarray
    best_lexical: float = 0.0

    @property
    def contents(self) -> np.ndarray:
        """The content of each candidate (n,)."""
        return channels.content(self.dense, self.lexical)


@dataclass(slots=True)
class Gatherer:
    """Finds and measures candidates for one question. `allowed`: bool by row of the outline, or None where all are."""

    log: Log
    outline: Outline
    allowed: np.ndarray | None
    query: np.ndarray | None
    fingerprint: str
    background: Background | None

    def permitted(self, seqs: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the (rows, scores) of the seqs that the store holds and the filter lets through."""
        rows = self.outline.rows_of(seqs)
        keep = rows >= 0
        if self.allowed is not None:
            keep &= self.allowed[rows]
        return rows[keep], np.asarray(scores, dtype=np.float64)[keep]

    def dense(self, index: Dense, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (rows, cosines) of the k nearest records that may answer; more are asked for until the filter leaves k."""
        assert self.query is not None
        n = len(self.outline)
        ask = min(k, n)
        while ask:
            hits = index.search(self.query[None, :], ask)
            rows, scores = self.permitted(np.asarray(hits.ids)[0], np.asarray(hits.scores)[0])
            if len(rows) >= k or ask >= n:
                return rows[:k], scores[:k]
            ask = min(ask * 8, n)
        return np.zeros(0, dtype=np.int64), np.zeros(0)

    def lexical(self, index: Lexical, text: str, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (rows, BM25) of the k best records that may answer; more are asked for until the filter leaves k or there are no more."""
        n = len(self.outline)
        ask = min(k, n)
        while ask:
            seqs, scores = index.search(text, ask)
            rows, kept = self.permitted(np.asarray(seqs, dtype=np.int64), scores)
            if len(rows) >= k or len(seqs) < ask or ask >= n:
                return rows[:k], kept[:k]
            ask = min(ask * 8, n)
        return np.zeros(0, dtype=np.int64), np.zeros(0)

    def pool(self, dense: tuple[np.ndarray, np.ndarray] | None, lexical: tuple[np.ndarray, np.ndarray] | None) -> Pool:
        """Return the candidates of both lists, each measured by both."""
        lists = [found for found in (dense, lexical) if found is not None]
        rows = np.unique(np.concatenate([found[0] for found in lists])) if lists else np.zeros(0, dtype=np.int64)
        pool = Pool(rows, np.zeros(len(rows)), np.zeros(len(rows)))
        if lexical is not None and len(lexical[0]):
            pool.best_lexical = float(lexical[1].max())
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
        dense = self._measured(new, np.full(len(new), np.nan)) if self.query is not None else np.zeros(len(new))
        both = np.concatenate([pool.rows, new])
        order = np.argsort(both, kind="stable")
        return Pool(
            both[order],
            np.concatenate([pool.dense, dense])[order],
            np.concatenate([pool.lexical, np.zeros(len(new))])[order],
            pool.best_lexical,
        )

    def beside(self, pool: Pool, most: int) -> Pool:
        """Return the pool with the neighbouring turns of its `most` best records."""
        best = pool.rows[np.argsort(-pool.contents, kind="stable")[:most]]
        near = np.unique(self.outline.neighbours(best, channels.REACH))
        return self.widened(pool, near[near >= 0])

    def _measured(self, rows: np.ndarray, cosines: np.ndarray) -> np.ndarray:
        """Return standardised cosines; nan ones are measured first. A record with no vector is as near as the usual one: 0."""
        assert self.query is not None
        unknown = np.flatnonzero(np.isnan(cosines))
        if len(unknown):
            seqs, vectors = vectors_of(self.log, self.fingerprint, self.outline.seqs[rows[unknown]])
            found = np.searchsorted(self.outline.seqs[rows[unknown]], seqs)
            if vectors.shape[1:] == self.query.shape:
                cosines[unknown[found]] = vectors @ self.query
        missing = np.isnan(cosines)
        scores = self.background.standardise(self.query, cosines) if self.background is not None else cosines
        return np.where(missing, 0.0, scores)


def vectors_of(log: Log, fingerprint: str, seqs: Sequence[int] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (seqs int64 (n,) rising, vectors float32 (n, d)) of those records that have a vector in the space of the fingerprint."""
    nothing = np.zeros(0, dtype=np.int64), np.zeros((0, 0), dtype=np.float32)
    with log._reading() as connection:
        space = spaces.find(connection, fingerprint)
        if space is None:
            return nothing
        base, size = space[0] << SPACE_SHIFT, 4 * space[1]
        rows = []
        wanted = sorted(base + int(seq) for seq in seqs)
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ",".join("?" * len(part))
            rows += connection.execute(f"SELECT key, data FROM vector WHERE key IN ({marks})", part).fetchall()
    rows = sorted((key - base, data) for key, data in rows if len(data) == size)
    if not rows:
        return nothing
    flat = np.frombuffer(b"".join(data for _, data in rows), dtype="<f4").reshape(len(rows), space[1])
    return np.array([seq for seq, _ in rows], dtype=np.int64), flat.astype(np.float32, copy=False)
