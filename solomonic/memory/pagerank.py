"""Personalised PageRank on a sparse graph: exact by power iteration, or locally by pushing, with a stated error.

With damping d, transition matrix P (rows sum to 1) and seeds s (sums to 1), the score is the one solution of  x = (1 - d) s + d P^T x.  A node
without out-edges jumps to the seeds. Page, Brin, Motwani & Winograd (1999); as networkx.pagerank with `personalization` has it.

The push method is that of Andersen, Chung & Lang (2006), with whole frontiers at a time and for any weighted, directed graph: of the mass r
that waits at a node, (1 - d) r becomes score and d r goes on to its neighbours. Score plus what waits is always the whole, and everything that
waits would become score in the end, so the waiting mass that is left is exactly the total (L1) error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from ..errors import InputError

DAMPING: Final = 0.85
TOLERANCE: Final = 1e-8


@dataclass(frozen=True, slots=True)
class Pushed:
    """Scores of the nodes that the push reached; the others have 0 here.

    nodes: int64 (m,), rising; scores: float64 (m,), each at most the true score. left: what all scores, here and elsewhere, are short of in total.
    """

    nodes: np.ndarray
    scores: np.ndarray
    left: float


class Walk:
    """A random walk on a weighted, directed graph in compressed sparse rows.

    indptr (n + 1,), indices (e,), weights (e,) as in scipy.sparse.csr_array: row i holds the out-edges of node i. Duplicates add up.

    Raises:
        InputError: the arrays do not make a graph, or a weight is negative or not finite.
    """

    def __init__(self, indptr: np.ndarray, indices: np.ndarray, weights: np.ndarray) -> None:
        self.indptr = np.asarray(indptr, dtype=np.int64)
        self.indices = np.asarray(indices)
        self.weights = np.asarray(weights)
        self.n = len(self.indptr) - 1
        if self.n < 0 or self.indptr[-1] != len(self.indices) or len(self.indices) != len(self.weights):
            raise InputError(
                f"indptr of {len(self.indptr)}, indices of {len(self.indices)} and weights of {len(self.weights)} are no graph"
            )
        if len(self.weights) and not (np.isfinite(self.weights).all() and self.weights.min() >= 0):
            raise InputError("the weights of a walk are finite and not negative; drop the edges, or take absolute values")

    @cached_property
    def strength(self) -> np.ndarray:
        """The sum of each node's out-weights, float64 (n,)."""
        rows = np.repeat(np.arange(self.n), np.diff(self.indptr))
        return np.bincount(rows, weights=self.weights, minlength=self.n).astype(np.float64)

    @cached_property
    def _incoming(self) -> Any:
        """P^T as a scipy.sparse.csr_array (n, n); rows of nodes without out-weight are 0."""
        from scipy.sparse import csr_array

        share = np.divide(1.0, self.strength, out=np.zeros(self.n), where=self.strength > 0)
        rows = csr_array((self.weights * np.repeat(share, np.diff(self.indptr)), self.indices, self.indptr), shape=(self.n, self.n))
        return rows.T.tocsr()

    def seeds(self, mass: np.ndarray) -> np.ndarray:
        """Return the seeds (n,) scaled to sum 1.

        Raises:
            InputError: another shape, a negative or infinite mass, or none at all.
        """
        given = np.asarray(mass, dtype=np.float64)
        if given.shape != (self.n,):
            raise InputError(f"seeds have the shape {given.shape}; the graph has {self.n} nodes")
        total = given.sum()
        if not (np.isfinite(total) and total > 0 and given.min() >= 0):
            raise InputError("seeds are masses that are not negative, finite, and not all 0; name a node to start from")
        scaled: np.ndarray = given / total
        return scaled

    def pagerank(self, seeds: np.ndarray, *, damping: float = DAMPING, tolerance: float = TOLERANCE) -> np.ndarray:
        """Return the score of every node (n,), sum 1, with a total error of at most `tolerance`.

        seeds: float (n,), not negative; only their proportions count.

        Raises:
            InputError: bad seeds, or a damping outside [0, 1).
        """
        _check(damping)
        start = self.seeds(seeds)
        incoming, stuck = self._incoming, np.flatnonzero(self.strength <= 0)
        score: np.ndarray = start.copy()
        # The map contracts by d, so this many rounds are always enough, and the distance to the fixed point is at most d / (1 - d) of a step.
        rounds = 1 if damping == 0 else math.ceil(math.log(max(tolerance, 1e-15) * (1.0 - damping) / (2.0 * damping)) / math.log(damping))
        for _ in range(max(1, rounds)):
            after = incoming @ score
            after *= damping
            after += start * (1.0 - damping + damping * float(score[stuck].sum()))
            error = float(np.abs(after - score).sum()) * damping / (1.0 - damping)
            score = after
            if error <= tolerance:
                break
        score /= score.sum()
        return score

    def push(self, nodes: np.ndarray, mass: np.ndarray, *, damping: float = DAMPING, epsilon: float = 1e-6) -> Pushed:
        """Return the scores near the seeds: no node keeps more than `epsilon` of waiting mass for each unit of its out-weight.

        nodes: int (m,); mass: float (m,), of which only the proportions count. On an undirected graph every score is short of the true one
        by at most epsilon times the node's strength (Andersen, Chung & Lang 2006, lemma 2). The work is at most in proportion to
        1 / (epsilon (1 - damping)), whatever the size of the graph, but for one array of n zeros.

        Raises:
            InputError: bad seeds, a damping outside [0, 1), or an epsilon that is not above 0.
        """
        _check(damping)
        if not epsilon > 0:
            raise InputError(f"epsilon={epsilon}; expected a bound above 0, say 1e-6")
        places, given = np.asarray(nodes, dtype=np.int64), np.asarray(mass, dtype=np.float64)
        if places.shape != given.shape or not len(given) or not np.isfinite(given.sum()) or given.min() < 0 or given.sum() <= 0:
            raise InputError("seeds are as many masses as nodes, not negative, finite, and not all 0")
        if places.min() < 0 or places.max() >= self.n:
            raise InputError(f"seeds name nodes from {places.min()} to {places.max()}; the graph has 0 to {self.n - 1}")
        return self._pushed(places, given / given.sum(), damping, epsilon)

    def _pushed(self, places: np.ndarray, given: np.ndarray, damping: float, epsilon: float) -> Pushed:
        waiting, score, seen = np.zeros(self.n), np.zeros(self.n), np.zeros(self.n, dtype=bool)
        strength, indptr = self.strength, self.indptr
        np.add.at(waiting, places, given)
        frontier = np.unique(places)
        touched = [frontier]
        seen[frontier] = True
        while True:
            out = strength[frontier]
            # A node without out-edges counts as of strength 1: its mass goes home to the seeds, and must stop some time.
            above = waiting[frontier] > epsilon * np.where(out > 0, out, 1.0)
            frontier, out = frontier[above], out[above]
            if not len(frontier):
                break
            moved = waiting[frontier]
            waiting[frontier] = 0.0
            score[frontier] += (1.0 - damping) * moved
            moved *= damping
            stuck = out <= 0
            home = float(moved[stuck].sum())
            if home > 0:
                np.add.at(waiting, places, given * home)
                frontier, moved, out = frontier[~stuck], moved[~stuck], out[~stuck]
            first, count = indptr[frontier], indptr[frontier + 1] - indptr[frontier]
            edges = np.repeat(first - np.cumsum(count) + count, count) + np.arange(int(count.sum()))
            reached = self.indices[edges]
            np.add.at(waiting, reached, np.repeat(moved / out, count) * self.weights[edges])
            frontier = np.unique(np.concatenate((reached, places)) if home > 0 else reached)
            fresh = frontier[~seen[frontier]]
            seen[fresh] = True
            touched.append(fresh)
        nodes = np.sort(np.concatenate(touched))
        return Pushed(nodes, score[nodes], float(waiting[nodes].sum()))


def _check(damping: float) -> None:
    if not 0 <= damping < 1:
        raise InputError(f"damping={damping}; expected a probability from 0 to below 1")
