"""Multinomial logistic regression, studied once or again and again (Berger, Della Pietra & Della Pietra 1996 call it maximum entropy).

    minimise  sum_i -log softmax(W x_i + b)[y_i] + 1/2 sum (W - W0)^2 P,        P = 1/C at first, W0 = 0, the bias b not penalised

At a later study the earlier lessons are gone. Their trace is a Gaussian around the last weights whose precision grows by the diagonal of the
Fisher information of each block, P <- P + sum_i p_i (1 - p_i) x_i^2 (online Laplace: Kirkpatrick et al. 2017, Ritter et al. 2018). C is chosen
at the first study. With two classes one row of weights is fitted, so the penalty means the same as in the binary model.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

import numpy as np

from ..records import Budget, TaskInfo, YType
from .base import softmax
from .features import Matrix
from .studying import Inductive
from .tuning import choose, class_loss

# C = 1 is the default of most libraries; a factor of ten to each side is where a change can be felt at all. Unit-length texts have coordinates
# ten times smaller than standardised numbers, so there the same penalties mean a C a hundred times as large.
GRID: Final = (1.0, 0.1, 10.0, 0.01, 100.0, 0.001)
TEXT_GRID: Final = (10.0, 100.0, 1.0, 1_000.0, 0.1)


class Maxent(Inductive):
    """Multinomial logistic regression with a Gaussian prior; answers with class probabilities."""

    y_types: ClassVar[tuple[YType, ...]] = ("class",)
    dense: ClassVar[bool] = False

    def __init__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> None:
        super().__init__(info, rng=rng, budget=budget)
        self.penalty_c: float | None = None
        self._weights = np.zeros((0, 0))
        self._precision = np.zeros((0, 0))

    def _fit_classes(self, x: Matrix, codes: np.ndarray) -> None:
        rows = 1 if len(self.labels) == 2 else len(self.labels)
        shape = (rows, x.shape[1] + 1)
        if self.penalty_c is None:
            self.penalty_c = self._choose(x, codes)
            self._weights = np.zeros(shape)
            self._precision = np.full(shape, 1.0 / self.penalty_c)
            self._precision[:, -1] = 0.0
        active = self._active()
        self._weights[active] = fit_logistic(x, self._places(codes), self._weights[active], self._precision[active])
        self._precision[active] += fisher_diagonal(x, self._weights[active])

    def _active(self) -> np.ndarray:
        """Return the rows of the weights that take part: those of the classes seen so far, or the one row of a two-class task."""
        return np.array([0]) if len(self.labels) == 2 else np.flatnonzero(self._counts)

    def _places(self, codes: np.ndarray) -> np.ndarray:
        return codes if len(self.labels) == 2 else np.searchsorted(np.flatnonzero(self._counts), codes)

    def _choose(self, x: Matrix, codes: np.ndarray) -> float:
        """Return C by inner validation; each fold goes from strong to weak penalties, each fit starting from the last."""
        grid = (TEXT_GRID if self.info.x_type == "text" else GRID)[: max(1, self.budget.candidates)]
        active, places = self._active(), self._places(codes)
        started: dict[int, np.ndarray] = {}

        def loss(c: float, train: np.ndarray, validation: np.ndarray) -> float:
            start = started.get(int(validation[0]), np.zeros((active.size, x.shape[1] + 1)))
            prior = np.full(start.shape, 1.0 / c)
            prior[:, -1] = 0.0
            fitted = fit_logistic(x[train], places[train], np.zeros_like(start), prior, start=start, rough=True)
            started[int(validation[0])] = fitted
            return class_loss(probabilities(x[validation], fitted), places[validation], train.size)

        return choose(sorted(grid), codes, self.budget, loss).setting

    def _probabilities(self, x: Matrix) -> np.ndarray:
        active = self._active()
        if len(self.labels) == 2 or active.size == len(self.labels):
            return probabilities(x, self._weights)
        out = np.zeros((x.shape[0], len(self.labels)))
        out[:, active] = probabilities(x, self._weights[active])
        return out


def probabilities(x: Matrix, weights: np.ndarray) -> np.ndarray:
    """Return class probabilities (q, a) under weights (a, d + 1), or (1, d + 1) for two classes; the bias is the last column."""
    scores = x @ weights[:, :-1].T + weights[:, -1]
    return softmax(np.hstack([np.zeros_like(scores), scores]) if len(weights) == 1 else scores)


def fisher_diagonal(x: Matrix, weights: np.ndarray) -> np.ndarray:
    """Return sum_i p_i (1 - p_i) x_i^2 for each weight, the bias seeing x = 1."""
    p = probabilities(x, weights)[:, -len(weights) :]
    spread = p * (1.0 - p)
    squared = x.power(2) if hasattr(x, "power") else x**2
    return np.hstack([np.asarray(squared.T @ spread).T, spread.sum(axis=0)[:, None]])


def fit_logistic(
    x: Matrix, codes: np.ndarray, centre: np.ndarray, precision: np.ndarray, *, start: np.ndarray | None = None, rough: bool = False
) -> np.ndarray:
    """Return the weights (a, d + 1) that minimise the log-loss of codes (n,) plus the Gaussian penalty around `centre`.

    rough: stop at a gradient that decides between settings; otherwise go on to one that no longer changes an answer.
    """
    from scipy.optimize import minimize

    n, shape = len(codes), centre.shape
    rows = np.arange(n)
    transposed: Any = x.T

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(shape)
        scores = x @ weights[:, :-1].T + weights[:, -1]
        if shape[0] == 1:
            scores = np.hstack([np.zeros_like(scores), scores])
        scores -= scores.max(axis=1, keepdims=True)
        truth = scores[rows, codes].sum()
        np.exp(scores, out=scores)
        sums = scores.sum(axis=1, keepdims=True)
        away = weights - centre
        pulled = precision * away
        value = float(np.log(sums).sum() - truth + 0.5 * np.vdot(away, pulled))
        scores /= sums
        scores[rows, codes] -= 1.0
        errors = scores[:, -shape[0] :]
        gradient = pulled
        gradient[:, :-1] += np.asarray(transposed @ errors).T
        gradient[:, -1] += errors.sum(axis=0)
        return value / n, gradient.ravel() / n

    options = (
        {"maxiter": 200, "gtol": 1e-4, "ftol": 1e-9, "maxcor": 10}
        if rough
        else {"maxiter": 1_000, "gtol": 1e-7, "ftol": 1e-13, "maxcor": 20}
    )
    found = minimize(objective, (centre if start is None else start).ravel(), jac=True, method="L-BFGS-B", options=options)
    return np.asarray(found.x).reshape(shape)
