"""A neural network with one hidden layer, stopped early (Rumelhart, Hinton & Williams 1986; Adam: Kingma & Ba 2015), fitted by scikit-learn.

Inner validation chooses the penalty and the number of epochs together: the held-out loss after each epoch, averaged over the inner folds (three at
most, for time's sake), has its minimum somewhere, and the whole lesson is then learned for that long. A later study goes on from the last weights and
the optimiser's state, over the new block alone and for as many epochs as help on a held-out part of it, possibly none: what came earlier is not seen
again and may be forgotten.
"""

from __future__ import annotations

import copy
import math
from typing import Any, Final

import numpy as np

from ..records import Budget, TaskInfo
from .base import smooth, softmax
from .features import Features, Matrix
from .studying import Inductive, predictive_scale
from .tuning import inner_folds

# Two penalties two decades apart; early stopping does the rest of the regularisation, so a finer grid would cost more than it brings.
GRID: Final = (0.01, 1.0, 10.0, 0.0001)
DEFAULT_SETTINGS: Final = 2
HIDDEN: Final = 100
STEP: Final = 3e-3
UPDATES: Final = 600
FOLDS: Final = 3
EPOCHS: Final = 100
PATIENCE: Final = 5
WORTH: Final = 0.005


class Mlp(Inductive):
    """A multi-layer perceptron; answers with class probabilities, or with a normal predictive of the held-out error."""

    def __init__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> None:
        super().__init__(info, rng=rng, budget=budget)
        self._features = Features(info, dense=True, scale="auto")
        self.penalty = GRID[0]
        self.epochs = 0
        self._network: Any = None
        self._seed = int(rng.integers(2**31))
        self._offset, self._unit = 0.0, 1.0

    def _fit_classes(self, x: Matrix, codes: np.ndarray) -> None:
        self._learn(x, codes)

    def _fit_numbers(self, x: Matrix, y: np.ndarray) -> None:
        if self._network is None:
            self._offset, self._unit = float(y.mean()), float(y.std()) or 1.0
        loss = self._learn(x, (y - self._offset) / self._unit)
        self._scale = predictive_scale(loss * self._unit**2, y)

    def _learn(self, x: np.ndarray, targets: np.ndarray) -> float:
        """Fit to a block, from scratch at first, from the last state later; return the held-out loss an item, NaN where nothing was held out."""
        folds = inner_folds(targets, self.budget)[:FOLDS]
        if self._network is None:
            curves = {penalty: self._curve(x, targets, folds, penalty) for penalty in self._grid()}
            self.penalty = min(curves, key=lambda penalty: float(curves[penalty].min()))
            curve = curves[self.penalty]
            self.epochs = int(np.argmin(curve)) + 1
            self._network = self._new(self.penalty, len(targets))
            epochs = self.epochs
        else:
            curve = self._curve(x, targets, folds[:1], None)
            epochs = int(np.argmin(curve))
        for _ in range(epochs):
            self._epoch(self._network, x, targets)
        return float(curve.min())

    def _grid(self) -> tuple[float, ...]:
        return GRID[: max(1, min(self.budget.candidates, DEFAULT_SETTINGS))]

    def _curve(self, x: np.ndarray, targets: np.ndarray, folds: list[tuple[np.ndarray, np.ndarray]], penalty: float | None) -> np.ndarray:
        """Return the held-out loss an item after each epoch (epochs,), averaged over folds.

        penalty None: of the network as it stands, the first entry being its loss before any further epoch.
        """
        if not folds:
            return np.full(1, math.nan)
        longest = max(10, min(EPOCHS, round(UPDATES * batch_size(len(targets)) / len(targets))))
        curves = np.full((len(folds), longest + 1), math.inf)
        for curve, (train, validation) in zip(curves, folds, strict=True):
            network = copy.deepcopy(self._network) if penalty is None else self._new(penalty, train.size)
            best = 0
            if penalty is None:
                curve[0] = self._loss(network, x[validation], targets[validation], train.size)
            for epoch in range(1, longest + 1):
                self._epoch(network, x[train], targets[train])
                curve[epoch] = self._loss(network, x[validation], targets[validation], train.size)
                best = epoch if curve[epoch] < (1.0 - WORTH) * curve[best] else best
                if epoch - best >= PATIENCE:
                    curve[epoch + 1 :] = curve[epoch]
                    break
        mean: np.ndarray = curves.sum(axis=0) / sum(validation.size for _, validation in folds)
        return mean if penalty is None else mean[1:]

    def _new(self, penalty: float, n: int) -> Any:
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        kind = MLPClassifier if self.classifies else MLPRegressor
        return kind(hidden_layer_sizes=(HIDDEN,), alpha=penalty, learning_rate_init=STEP, batch_size=batch_size(n), random_state=self._seed)

    def _epoch(self, network: Any, x: np.ndarray, targets: np.ndarray) -> None:
        """Go once over the block in random batches."""
        network.batch_size = batch_size(len(targets))
        if self.classifies:
            network.partial_fit(x, targets, classes=np.arange(len(self.labels)))
        else:
            network.partial_fit(x, targets)

    def _loss(self, network: Any, x: np.ndarray, targets: np.ndarray, n: int) -> float:
        """Return the summed held-out loss: log-loss, or squared error in standardised units."""
        out = outputs(network, x)
        if not self.classifies:
            return float(np.sum((out[:, 0] - targets) ** 2))
        return float(-smooth(_as_probabilities(out), n)[np.arange(len(targets)), targets].sum())

    def _probabilities(self, x: Matrix) -> np.ndarray:
        return _as_probabilities(outputs(self._network, x))

    def _means(self, x: Matrix) -> np.ndarray:
        means: np.ndarray = outputs(self._network, x)[:, 0] * self._unit + self._offset
        return means


def batch_size(n: int) -> int:
    """Return how many of n items one step sees: small lessons take more steps an epoch."""
    return min(n, 32 if n < 500 else 64)


def outputs(network: Any, x: np.ndarray) -> np.ndarray:
    """Return the scores (q, a) before the last nonlinearity; scikit-learn's own call checks its input for longer than this takes."""
    hidden = np.maximum(x @ network.coefs_[0] + network.intercepts_[0], 0.0)
    scores: np.ndarray = hidden @ network.coefs_[1] + network.intercepts_[1]
    return scores


def _as_probabilities(scores: np.ndarray) -> np.ndarray:
    return softmax(np.hstack([np.zeros_like(scores), scores]) if scores.shape[1] == 1 else scores)
