"""The Krichevsky-Trofimov estimator: symbol counts, each begun at one half.

    P(next = s | counts) = (counts[s] + 1/2) / (n + a/2)

over an alphabet of `a` symbols, written 0 to a-1. Follows Krichevsky & Trofimov (1981): it is the Bayes mixture of all memoryless sources
under Dirichlet(1/2, ..., 1/2), and over n symbols loses at most (a-1)/2 log n + O(1) nats against the best of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..errors import InputError


def kt_log_probs(counts: np.ndarray) -> np.ndarray:
    """Return the log-probabilities of the next symbol; counts and result are (..., a)."""
    counts = np.asarray(counts, dtype=np.float64)
    total = counts.sum(axis=-1, keepdims=True) + 0.5 * counts.shape[-1]
    return np.asarray(np.log(counts + 0.5) - np.log(total))


def kt_log_mass(counts: Sequence[int] | np.ndarray) -> float:
    """Return the log-probability of any one string with these counts (a,); the order of its symbols does not matter."""
    a, n = len(counts), float(sum(counts))
    blocks = sum(math.lgamma(float(c) + 0.5) - math.lgamma(0.5) for c in counts)
    return blocks - (math.lgamma(n + 0.5 * a) - math.lgamma(0.5 * a))


def checked(symbols: Sequence[int] | np.ndarray, alphabet: int) -> np.ndarray:
    """Return the symbols as int64 (n,).

    Raises:
        InputError: a symbol is not a whole number from 0 to alphabet - 1.
    """
    array = np.asarray(symbols)
    if array.size == 0:
        return np.zeros(0, dtype=np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iub":
        raise InputError(f"symbols must be a sequence of whole numbers, not an array of {array.dtype} with shape {array.shape}")
    array = array.astype(np.int64)
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= alphabet:
        raise InputError(f"symbols lie in {low}..{high}, but an alphabet of {alphabet} is written 0..{alphabet - 1}; renumber them")
    return array


class KrichevskyTrofimov:
    """The sequential estimator over an alphabet of `alphabet` symbols."""

    def __init__(self, alphabet: int = 2) -> None:
        if alphabet < 1:
            raise InputError(f"an alphabet has at least one symbol, not {alphabet}")
        self.alphabet = alphabet
        self.counts = np.zeros(alphabet, dtype=np.int64)

    def __repr__(self) -> str:
        return f"KrichevskyTrofimov(alphabet={self.alphabet}, n={int(self.counts.sum())})"

    def reset(self) -> None:
        """Forget every symbol."""
        self.counts[:] = 0

    def predict(self) -> np.ndarray:
        """Return the log-probabilities (a,) of the next symbol."""
        return kt_log_probs(self.counts)

    def update(self, symbol: int) -> None:
        """Take in the symbol that came."""
        if not 0 <= symbol < self.alphabet:
            raise InputError(f"symbol {symbol} is not in 0..{self.alphabet - 1}")
        self.counts[symbol] += 1

    def curve(self, symbols: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the log-probabilities (n, a) before each symbol, going on from here; the counts end after the last."""
        array = checked(symbols, self.alphabet)
        came = np.zeros((array.size + 1, self.alphabet), dtype=np.int64)
        came[np.arange(1, array.size + 1), array] = 1
        before = self.counts + np.cumsum(came, axis=0)
        self.counts = before[-1]
        return kt_log_probs(before[:-1])
