"""A small model fitted to the retrieved neighbourhood when a question arrives (Bottou & Vapnik 1992; Atkeson, Moore & Schaal 1997).

Around each question a multinomial logistic regression (for numbers: a ridge regression) is fitted to its k nearest records and read at the question;
`neighbourhood` says how. In the language of today this is test-time training. Where all k records agree there is nothing to fit. k and the penalty
are chosen by leave-one-out, which fits the same small models around remembered items.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ..records import Answer, Budget, TaskInfo
from .base import smooth
from .neighbourhood import logistic_at_origin, neighbourhoods, ridge_at_origin
from .readout import Spread, fit_spread, interpolated_loss
from .remembering import SHOWN, Transductive, nearest_rows

# From clean boundaries, which few records and a weak penalty follow best, to noisy answers, which need many records and a strong one.
GRID: Final = ((20, 30.0), (60, 3.0), (60, 30.0), (60, 1.0), (20, 3.0), (10, 100.0), (200, 1.0))
LEFT_OUT: Final = 200
BLOCK: Final = 1_000_000


class Local(Transductive):
    """A logistic or ridge regression around each question; answers with interpolated probabilities, or a normal predictive."""

    def __init__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> None:
        super().__init__(info, rng=rng, budget=budget)
        self.k, self.c = GRID[0]
        self.losses: tuple[float, ...] = ()
        self._mixing = (0.5, 0.5)
        self._spread = Spread(0.0, 1.0)

    def _select(self) -> None:
        tried = GRID[: max(1, self.budget.candidates)]
        n = len(self._source)
        targets = self._targets.array
        most = min(max(k for k, _ in tried), n - 1)
        self.losses = ()
        if most < 1:
            self._mixing, self._spread = (0.5, 0.5), fit_spread(np.zeros(0), np.zeros(0), targets)
            return
        found = [(rows, nearest_rows(squared, most)[0]) for rows, squared in self.left_out(LEFT_OUT)]
        left = np.concatenate([rows for rows, _ in found])
        near = np.concatenate([rows for _, rows in found])
        scored = [self._score(left, near[:, :k], c) for k, c in tried]
        self.losses = tuple(loss for loss, _ in scored)
        best = int(np.argmin(self.losses))
        self.k, self.c = tried[best]
        calibration = scored[best][1]
        if isinstance(calibration, Spread):
            self._spread = calibration
        else:
            self._mixing = calibration

    def _score(self, left: np.ndarray, near: np.ndarray, c: float) -> tuple[float, tuple[float, float] | Spread]:
        """Return the mean left-out loss of a setting and its calibration; classes have one mixing weight where records agree, one where not."""
        targets = self._targets.array
        if not self.classifies:
            means, variance = self._fit_numbers(self._x.array[left], near, c)
            residuals = targets[left] - means
            return float(np.mean(residuals**2)), fit_spread(residuals, variance, targets)
        probabilities, agreed = self._fit_classes(self._x.array[left], near, c)
        model = probabilities[np.arange(left.size), targets[left]]
        prior = self._frequencies()[targets[left]]
        total, mixing = 0.0, [0.5, 0.5]
        for place, group in enumerate((agreed, ~agreed)):
            if group.any():
                loss, mixing[place] = interpolated_loss(model[group], prior[group])
                total += loss * int(group.sum())
        return total / left.size, (mixing[0], mixing[1])

    def _frequencies(self) -> np.ndarray:
        frequencies: np.ndarray = np.bincount(self._targets.array, minlength=len(self.labels)) / len(self._targets)
        return frequencies

    def _read(self, x: np.ndarray, squared: np.ndarray) -> list[Answer]:
        near, _ = nearest_rows(squared, min(self.k, squared.shape[1]))
        evidence = self.evidence(near[:, :SHOWN])
        if not self.classifies:
            means, variance = self._fit_numbers(x, near, self.c)
            return self._normal(means, self._spread.scales(variance), evidence=evidence)
        probabilities, agreed = self._fit_classes(x, near, self.c)
        mixing = np.where(agreed, *self._mixing)[:, None]
        mixed = (1.0 - mixing) * probabilities + mixing * self._frequencies()
        return self._categorical(smooth(mixed, len(self._targets)), evidence=evidence)

    def _fit_classes(self, x: np.ndarray, near: np.ndarray, c: float) -> tuple[np.ndarray, np.ndarray]:
        """Return class probabilities (q, a) at questions (q, d) with neighbours (q, k), and whether all neighbours agreed (q,)."""
        codes = self._targets.array[near]
        agreed: np.ndarray = (codes == codes[:, :1]).all(axis=1)
        out = np.zeros((len(x), len(self.labels)))
        out[agreed, codes[agreed, 0]] = 1.0
        for part in self._blocks(np.flatnonzero(~agreed), near.shape[1], x.shape[1]):
            around = neighbourhoods(x[part], self._x.array[near[part]])
            out[part] = logistic_at_origin(around, codes[part], len(self.labels), c)
        return out, agreed

    def _fit_numbers(self, x: np.ndarray, near: np.ndarray, c: float) -> tuple[np.ndarray, np.ndarray]:
        """Return predicted numbers (q,) at questions (q, d) with neighbours (q, k), and the mean squared residuals (q,) of the fits."""
        means, variance = np.empty(len(x)), np.empty(len(x))
        targets = self._targets.array
        for part in self._blocks(np.arange(len(x)), near.shape[1], x.shape[1]):
            around = neighbourhoods(x[part], self._x.array[near[part]])
            means[part], variance[part] = ridge_at_origin(around, targets[near[part]], 1.0 / c)
        return means, variance

    @staticmethod
    def _blocks(rows: np.ndarray, k: int, d: int) -> list[np.ndarray]:
        """Return the rows in pieces whose matrices (q, k, max(k, d)) fit the cache."""
        size = max(1, BLOCK // (k * max(k, d)))
        return [rows[start : start + size] for start in range(0, rows.size, size)]
