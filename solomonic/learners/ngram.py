"""`Ngram`: the next symbol from counts after the last few symbols, the number of which is chosen as the sequence goes.

Interpolated estimates in the manner of Witten & Bell (1991): with c(s) the counts after a context of m symbols, n their sum and u the number
of different symbols among them,

    P_m(s) = (c(s) + u P_{m-1}(s)) / (n + u),      P_{-1}(s) = 1/a

where the context is shortened by its oldest symbol for P_{m-1}; a context never seen says what the shorter one says. Along a chain of contexts
that all had one successor a surprise would cost a factor n for each of them, so the estimate is smoothed like every learner's, after t symbols:
(t P + 1/a) / (t + 1). No answer then costs more than log(a (t + 1)) nats.

The order used at each step is the one with the smallest prequential loss so far (Dawid 1984) among Budget.candidates orders; the smaller of
equals. State grows with the number of distinct contexts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .sequence import Predictor, SequenceBase

HIGHEST_ORDER = 16


def candidate_orders(candidates: int, alphabet: int) -> tuple[int, ...]:
    """Return the orders tried: 1, 2, 4, 8, 16 for up to four symbols, 1, 2, 3, 4, ... for more (a symbol then says more)."""
    orders = (2**i if alphabet <= 4 else i + 1 for i in range(max(1, candidates)))
    return tuple(order for order in orders if order <= HIGHEST_ORDER)


class NGram:
    """Follows one sequence over `alphabet` symbols with several orders at once."""

    def __init__(self, alphabet: int, orders: Sequence[int]) -> None:
        self.alphabet = alphabet
        self.orders = tuple(sorted(orders))
        self.losses = dict.fromkeys(self.orders, 0.0)
        self.seen = 0
        self._counts: list[dict[int, list[int]]] = [{} for _ in range(self.orders[-1] + 1)]
        self._recent: list[int] = []
        self._chain: list[list[float]] | None = None

    def __repr__(self) -> str:
        return f"NGram(alphabet={self.alphabet}, orders={self.orders}, order={self.order})"

    @property
    def order(self) -> int:
        """The order in use: the smallest prequential loss so far."""
        return min(self.orders, key=lambda m: (self.losses[m], m))

    def predict(self) -> np.ndarray:
        """Return the log-probabilities (a,) of the next symbol."""
        estimate = self._estimates()[self.order]
        return np.array([math.log(self._smoothed(p)) for p in estimate])

    def update(self, symbol: int) -> None:
        """Charge every order for the symbol that came, and count it after each of the current contexts."""
        chain = self._estimates()
        for m in self.orders:
            self.losses[m] -= math.log(self._smoothed(chain[m][symbol]))
        for m, code in enumerate(self._contexts()):
            counts = self._counts[m].get(code)
            if counts is None:
                counts = self._counts[m][code] = [0] * self.alphabet
            counts[symbol] += 1
        self._recent = [symbol, *self._recent[: self.orders[-1] - 1]]
        self._chain = None
        self.seen += 1

    def curve(self, symbols: np.ndarray) -> np.ndarray:
        """Return the log-probabilities (t, a) before each symbol, going on from here."""
        rows = np.empty((len(symbols), self.alphabet))
        for t, symbol in enumerate(symbols.tolist()):
            rows[t] = self.predict()
            self.update(symbol)
        return rows

    def _smoothed(self, probability: float) -> float:
        return (self.seen * probability + 1.0 / self.alphabet) / (self.seen + 1.0)

    def _contexts(self) -> list[int]:
        """Return the current context of each order as a number; at the start there are only the shorter ones."""
        codes, code, place = [0], 0, 1
        for symbol in self._recent:
            code += symbol * place
            place *= self.alphabet
            codes.append(code)
        return codes

    def _estimates(self) -> list[list[float]]:
        """Return P_m(s) for m = 0 to the highest order, kept until the next symbol."""
        if self._chain is not None:
            return self._chain
        lower = [1.0 / self.alphabet] * self.alphabet
        chain = []
        contexts = self._contexts()
        for m in range(self.orders[-1] + 1):
            counts = self._counts[m].get(contexts[m]) if m < len(contexts) else None
            if counts is not None:
                different = self.alphabet - counts.count(0)
                total = sum(counts) + different
                lower = [(c + different * p) / total for c, p in zip(counts, lower, strict=True)]
            chain.append(lower)
        self._chain = chain
        return chain


class Ngram(SequenceBase):
    """Counts after the last few symbols; the order is chosen by prequential loss."""

    def _predictor(self) -> Predictor:
        return NGram(len(self.labels), candidate_orders(self.budget.candidates, len(self.labels)))
