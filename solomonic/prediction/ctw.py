"""Context-tree weighting: the Bayes mixture over all tree sources of bounded depth, one symbol at a time.

Follows Willems, Shtarkov & Tjalkens (1995). A node s of the context tree holds the counts of the symbols that came after the context s;
with P_e the Krichevsky-Trofimov mass of those counts,

    P_w(s) = P_e(s)                                           at depth D
    P_w(s) = 1/2 P_e(s) + 1/2 prod_b P_w(b s)                 above it

so that a tree source with m inner nodes and k leaves above depth D has prior 2^-(m + k). The alphabet may have any small size `a`: KT over a
symbols at each node, a children a node; a = 2 is the classic.

Convention at the start: the past before the first symbol is an endless run of symbol 0, so every context has its full depth from the first
symbol on and a node at depth D is always a leaf. (Under this convention 256 zeros cost 4.8 bits at depth 16.)

The fast version keeps, instead of masses, the log-odds P_e / prod P_w(children) of each node; a prediction is then a convex combination
along the path of the current context, exactly normalised and free of underflow (section VI of the paper; Volf's beta). What has never been
seen takes no memory: a missing child predicts uniformly. Memory grows by at most D nodes a symbol, and ends at (a^(D+1) - 1) / (a - 1) nodes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit

from ..errors import InputError
from .kt import checked, kt_log_mass

CHUNK = 4096


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _play(
    children: np.ndarray,
    counts: np.ndarray,
    log_odds: np.ndarray,
    context: np.ndarray,
    size: int,
    symbols: np.ndarray,
    predicted: np.ndarray,
) -> int:
    """Write the log-probabilities before each symbol to `predicted` (n, a), learn the symbol where it is not -1, return the nodes in use.

    children int32 (m, a), -1 where there is none; counts int64 (m, a); log_odds float64 (m,); context int64 (D,), the newest symbol first.
    The arrays must have room for D more nodes a symbol.
    """
    depth = context.size
    a = counts.shape[1]
    path = np.zeros(depth + 1, dtype=np.int64)
    mixed = np.zeros((depth + 2, a))
    for t in range(symbols.size):
        reached = 0
        while reached < depth:
            child = children[path[reached], context[reached]]
            if child < 0:
                break
            reached += 1
            path[reached] = child
        symbol = symbols[t]
        if symbol >= 0:
            while reached < depth:
                children[path[reached], context[reached]] = size
                reached += 1
                path[reached] = size
                size += 1
        mixed[reached + 1, :] = 1.0 / a
        for d in range(reached, -1, -1):
            node = path[d]
            own = 1.0 if d == depth else 1.0 / (1.0 + math.exp(-log_odds[node]))
            rest = 0.0 if d == depth else 1.0 / (1.0 + math.exp(log_odds[node]))
            total = 0.5 * a
            for s in range(a):
                total += counts[node, s]
            for s in range(a):
                mixed[d, s] = own * (counts[node, s] + 0.5) / total + rest * mixed[d + 1, s]
            if symbol >= 0:
                log_odds[node] += math.log((counts[node, symbol] + 0.5) / total) - math.log(mixed[d + 1, symbol])
                counts[node, symbol] += 1
        for s in range(a):
            predicted[t, s] = math.log(mixed[0, s])
        if symbol >= 0:
            for d in range(depth - 1, 0, -1):
                context[d] = context[d - 1]
            if depth > 0:
                context[0] = symbol
    return size


class ContextTree:
    """The sequential predictor: `predict`, `update`, and `curve` for a whole string at once."""

    def __init__(self, alphabet: int = 2, depth: int = 16) -> None:
        if alphabet < 1 or depth < 0:
            raise InputError(
                f"context-tree weighting takes an alphabet of at least 1 and a depth of at least 0, not {alphabet} and {depth}"
            )
        self.alphabet = alphabet
        self.depth = depth
        self.reset()

    def __repr__(self) -> str:
        return f"ContextTree(alphabet={self.alphabet}, depth={self.depth}, n={self.seen}, nodes={self.size})"

    def reset(self) -> None:
        """Forget every symbol."""
        self.seen = 0
        self.size = 1
        self.context = np.zeros(self.depth, dtype=np.int64)
        self.children = np.full((1, self.alphabet), -1, dtype=np.int32)
        self.counts = np.zeros((1, self.alphabet), dtype=np.int64)
        self.log_odds = np.zeros(1)

    def predict(self) -> np.ndarray:
        """Return the log-probabilities (a,) of the next symbol."""
        predicted = np.empty((1, self.alphabet))
        _play(self.children, self.counts, self.log_odds, self.context, self.size, np.full(1, -1, dtype=np.int64), predicted)
        row: np.ndarray = predicted[0]
        return row

    def update(self, symbol: int) -> None:
        """Take in the symbol that came."""
        if not 0 <= symbol < self.alphabet:
            raise InputError(f"symbol {symbol} is not in 0..{self.alphabet - 1}")
        self._learn(np.full(1, symbol, dtype=np.int64), np.empty((1, self.alphabet)))

    def curve(self, symbols: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the log-probabilities (n, a) before each symbol, going on from here; the tree ends after the last."""
        array = checked(symbols, self.alphabet)
        predicted = np.empty((array.size, self.alphabet))
        for start in range(0, array.size, CHUNK):
            self._learn(array[start : start + CHUNK], predicted[start : start + CHUNK])
        return predicted

    def nbytes(self) -> int:
        """Return the bytes of the nodes in use."""
        return int(self.size * (self.children.itemsize + self.counts.itemsize) * self.alphabet + self.size * 8 + self.context.nbytes)

    def _learn(self, symbols: np.ndarray, predicted: np.ndarray) -> None:
        self._make_room(self.size + symbols.size * self.depth)
        self.size = int(_play(self.children, self.counts, self.log_odds, self.context, self.size, symbols, predicted))
        self.seen += symbols.size

    def _make_room(self, nodes: int) -> None:
        """Let the arrays hold this many nodes; they double, so that a symbol costs O(D) on average."""
        have = len(self.log_odds)
        if nodes <= have:
            return
        more = max(nodes, 2 * have) - have
        self.children = np.concatenate([self.children, np.full((more, self.alphabet), -1, dtype=np.int32)])
        self.counts = np.concatenate([self.counts, np.zeros((more, self.alphabet), dtype=np.int64)])
        self.log_odds = np.concatenate([self.log_odds, np.zeros(more)])

    def __getstate__(self) -> dict[str, Any]:
        used = {name: getattr(self, name)[: self.size].copy() for name in ("children", "counts", "log_odds")}
        return {**self.__dict__, **used}


def warm_up() -> None:
    """Compile the kernel, or load it from numba's cache, so that no later prediction waits for that."""
    ContextTree(2, 2).curve([0, 1])


def reference_log_mass(symbols: Sequence[int], alphabet: int = 2, depth: int = 16) -> float:
    """Return log P_w(symbols) by the defining recursion over whole strings: slow, obvious, and what the fast version is held to."""
    past = [0] * depth + list(symbols)

    def weighted(places: list[int], d: int) -> float:
        """Return log P_w of the node whose context the symbols at these places share to depth d."""
        if not places:
            return 0.0
        own = kt_log_mass([sum(past[i] == s for i in places) for s in range(alphabet)])
        if d == depth:
            return own
        split = sum(weighted([i for i in places if past[i - d - 1] == b], d + 1) for b in range(alphabet))
        high = max(own, split)
        return high + math.log(0.5 * math.exp(own - high) + 0.5 * math.exp(split - high))

    return weighted(list(range(depth, len(past))), 0)


def reference_curve(symbols: Sequence[int], alphabet: int = 2, depth: int = 16) -> np.ndarray:
    """Return the log-probabilities (n, a) before each symbol as ratios of whole-string masses; O(n^2 D a) or worse."""
    before = [list(symbols[:t]) for t in range(len(symbols))]
    rows = [
        [reference_log_mass([*x, s], alphabet, depth) - reference_log_mass(x, alphabet, depth) for s in range(alphabet)] for x in before
    ]
    return np.array(rows).reshape(len(rows), alphabet)
