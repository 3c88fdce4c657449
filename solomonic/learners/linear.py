"""Ridge regression from sufficient statistics alone: one pass, and any number of studies, are exactly the batch (Hoerl & Kennard 1970).

    (sum x x' + alpha I) w = sum x y,   the bias not penalised

Each inner fold keeps its own sums. So alpha and the predictive scale are validated again at every study, over everything ever seen, though no
observation is kept: the fold's squared error under weights w is y'y - 2 w'X'y + w'X'X w. Texts are reduced to few dimensions first.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar, Final

import numpy as np

from ..records import Budget, TaskInfo, YType
from .features import Matrix
from .studying import Inductive, predictive_scale
from .tuning import dealt

# Features have unit variance, so alpha counts observations: it weighs the prior like so many of them along each coordinate.
GRID: Final = (1.0, 10.0, 100.0, 0.1, 1_000.0, 0.01)


class Linear(Inductive):
    """Ridge regression; answers with a normal predictive whose scale is the held-out error."""

    y_types: ClassVar[tuple[YType, ...]] = ("number",)

    def __init__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> None:
        super().__init__(info, rng=rng, budget=budget)
        self.alpha = GRID[0]
        self.losses: tuple[float, ...] = ()
        self._centre = 0.0
        self._sums = np.zeros((0, 0, 0))
        self._held_out = 0
        self._weights = np.zeros(0)

    def _fit_numbers(self, x: Matrix, y: np.ndarray) -> None:
        if not self._sums.size:
            part, self._held_out = dealt(y, self.budget)
            self._centre = float(y.mean())
            self._sums = np.zeros((int(part.max()) + 1, x.shape[1] + 2, x.shape[1] + 2))
        else:
            part, _ = dealt(y, replace(self.budget, folds=len(self._sums)))
        joined = np.column_stack([x, np.ones(len(y)), y - self._centre])
        for place in range(len(self._sums)):
            mine = joined[part == place]
            self._sums[place] += mine.T @ mine
        total = self._sums.sum(axis=0)
        self._select(total)
        self._weights = solve(total, self.alpha)
        self._scale = predictive_scale(min(self.losses, default=math.nan), y)

    def _select(self, total: np.ndarray) -> None:
        """Choose alpha by the held-out squared errors, all of them computed from sums."""
        tried = GRID[: max(1, self.budget.candidates)]
        parts = self._sums[: self._held_out]
        count = sum(sums[-2, -2] for sums in parts)
        if not count:
            return
        errors = [sum(squared_error(sums, solve(total - sums, alpha)) for sums in parts) / count for alpha in tried]
        self.losses = tuple(errors)
        self.alpha = tried[int(np.argmin(errors))]

    def _means(self, x: Matrix) -> np.ndarray:
        means: np.ndarray = x @ self._weights[:-1] + (self._weights[-1] + self._centre)
        return means


def solve(sums: np.ndarray, alpha: float) -> np.ndarray:
    """Return the ridge weights (d + 1,), bias last, from the sums (d + 2, d + 2) of products of (x, 1, y)."""
    left = sums[:-1, :-1].copy()
    inner = np.arange(len(left) - 1)
    left[inner, inner] += alpha
    if not left[-1, -1]:  # nothing summed: no bias to be had
        left[-1, -1] = 1.0
    weights: np.ndarray = np.linalg.solve(left, sums[:-1, -1])
    return weights


def squared_error(sums: np.ndarray, weights: np.ndarray) -> float:
    """Return the summed squared error of weights (d + 1,) on the observations that were summed."""
    signed = np.append(-weights, 1.0)
    return max(0.0, float(signed @ sums @ signed))
