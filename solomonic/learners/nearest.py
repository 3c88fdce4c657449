"""The nearest remembered records vote (Fix & Hodges 1951; Cover & Hart 1967), their number and weights chosen by leave-one-out.

Two kinds of weights, both textbook: "tricube" (1 - (d/h)^3)^3, h the distance of the first record left out of the vote, zero at the border and so
without a jump (Cleveland 1979); "inverse" 1/d, under which an exact match decides (Shepard 1968).
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from ..records import Answer, Budget, TaskInfo
from .base import smooth
from .readout import Spread, fit_spread, interpolated_loss, votes
from .remembering import SHOWN, Transductive, nearest_rows

Weighting = Literal["tricube", "inverse"]

# A few neighbours where answers are nearly certain, many where they are noisy, in both weightings; tricube counts about half of its records.
GRID: Final[tuple[tuple[int, Weighting], ...]] = (
    (15, "tricube"),
    (30, "inverse"),
    (100, "tricube"),
    (5, "inverse"),
    (1, "inverse"),
    (200, "tricube"),
    (5, "tricube"),
    (100, "inverse"),
)


class Nearest(Transductive):
    """k nearest records; answers with interpolated votes, or with their weighted mean and spread."""

    def __init__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> None:
        super().__init__(info, rng=rng, budget=budget)
        self.k, self.weighting = GRID[0]
        self.losses: tuple[float, ...] = ()
        self._mixing = 0.5
        self._spread = Spread(0.0, 1.0)

    def _select(self) -> None:
        tried = GRID[: max(1, self.budget.candidates)]
        n = len(self._source)
        most = min(max(k for k, _ in tried) + 1, n - 1)
        targets = self._targets.array
        self.losses = ()
        if most < 1:
            self._mixing, self._spread = 0.5, fit_spread(np.zeros(0), np.zeros(0), targets)
            return
        found = [(rows, *nearest_rows(squared, most)) for rows, squared in self.left_out()]
        left = np.concatenate([rows for rows, _, _ in found])
        near = np.concatenate([rows for _, rows, _ in found])
        distances = np.sqrt(np.concatenate([squared for _, _, squared in found]))
        scored = [self._score(targets[left], targets[near], distances, k, weighting) for k, weighting in tried]
        self.losses = tuple(loss for loss, _ in scored)
        best = int(np.argmin(self.losses))
        self.k, self.weighting = tried[best]
        calibration = scored[best][1]
        if isinstance(calibration, Spread):
            self._spread = calibration
        else:
            self._mixing = calibration

    def _score(
        self, truth: np.ndarray, near: np.ndarray, distances: np.ndarray, k: int, weighting: Weighting
    ) -> tuple[float, float | Spread]:
        """Return the mean left-out loss of a setting and its calibration, from the answers (m, k') and distances (m, k') of the nearest."""
        weights = vote_weights(distances, k, weighting)
        near = near[:, : weights.shape[1]]
        if self.classifies:
            choices = len(self.labels)
            shares = votes(near, weights, choices)[np.arange(len(truth)), truth]
            return interpolated_loss(shares, self._frequencies()[truth])
        means, variance = weighted_moments(near, weights)
        residuals = truth - means
        return float(np.mean(residuals**2)), fit_spread(residuals, variance, self._targets.array)

    def _frequencies(self) -> np.ndarray:
        frequencies: np.ndarray = np.bincount(self._targets.array, minlength=len(self.labels)) / len(self._targets)
        return frequencies

    def _read(self, x: np.ndarray, squared: np.ndarray) -> list[Answer]:
        n = squared.shape[1]
        rows, near = nearest_rows(squared, min(self.k + 1, n))
        weights = vote_weights(np.sqrt(near), self.k, self.weighting)
        rows = rows[:, : weights.shape[1]]
        evidence = self.evidence(rows[:, :SHOWN])
        answers = self._targets.array[rows]
        if not self.classifies:
            means, variance = weighted_moments(answers, weights)
            return self._normal(means, self._spread.scales(variance), evidence=evidence)
        shares = votes(answers, weights, len(self.labels))
        mixed = (1.0 - self._mixing) * shares + self._mixing * self._frequencies()
        return self._categorical(smooth(mixed, n), evidence=evidence)


def vote_weights(distances: np.ndarray, k: int, weighting: Weighting) -> np.ndarray:
    """Return float64 weights (q, min(k, k')) of the nearest records from distances (q, k'), nearest first; none is zero."""
    near = distances[:, :k].astype(np.float64)
    farthest = np.maximum(distances[:, min(k, distances.shape[1] - 1)].astype(np.float64), 1e-9)[:, None]
    scaled = near / farthest
    if weighting == "inverse":
        inverse: np.ndarray = 1.0 / (scaled + 1e-6)
        return inverse
    tricube: np.ndarray = np.maximum(1.0 - np.minimum(scaled, 1.0) ** 3, 0.0) ** 3 + 1e-9
    return tricube


def weighted_moments(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted means and variances (q,) of values (q, k)."""
    total = weights.sum(axis=1)
    means = (weights * values).sum(axis=1) / total
    variance = (weights * (values - means[:, None]) ** 2).sum(axis=1) / total
    return means, variance
