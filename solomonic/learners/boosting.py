"""Gradient-boosted trees over histograms (Friedman 2001; Ke et al. 2017), fitted by scikit-learn, the number of rounds chosen on inner folds.

Each inner fold (three at most, for time's sake) boosts in steps of a few rounds and stops when a step brought no better held-out loss; the rounds that
are best on average are then run on the whole lesson. Trees cannot be continued on data they were not grown for, so a later study grows new ones from
the block since the last study alone, of the size and number chosen at the first: what came earlier is forgotten. A block in which only one class occurs
leaves the trees as they are.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from ..records import Budget, TaskInfo
from .base import smooth
from .features import Matrix
from .studying import Inductive, predictive_scale
from .tuning import inner_folds

# The leaves of a tree: enough that it joins about four features, and few enough that it joins two or three; the larger ones pay on large lessons
# only. The number of rounds is chosen besides, so two sizes are what the budget of time allows by default.
GRID: Final = (15, 6, 31, 63)
DEFAULT_SETTINGS: Final = 2
STEP: Final = 0.2
ROUNDS: Final = 80
TREES: Final = 400
STRIDE: Final = 20
FOLDS: Final = 3


class Boosting(Inductive):
    """Histogram gradient boosting; answers with class probabilities, or with a normal predictive of the held-out error."""

    def __init__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> None:
        super().__init__(info, rng=rng, budget=budget)
        self.leaves = GRID[0]
        self.rounds = 0
        self._trees: Any = None
        self._grown_on = 0
        self._seen = np.zeros(0, dtype=np.int64)
        self._seed = int(rng.integers(2**31))

    def _fit_classes(self, x: Matrix, codes: np.ndarray) -> None:
        seen = np.unique(codes)
        if seen.size > 1:
            self._seen = seen
            self._learn(x, codes)
            self._grown_on = len(codes)
        self._basis = self._grown_on or self._studied

    def _fit_numbers(self, x: Matrix, y: np.ndarray) -> None:
        # Later blocks are held out from the trees that stand, so the error of those says how wide the next predictions must be.
        before = None if self._trees is None else float(np.mean((self._means(x) - y) ** 2))
        chosen = self._learn(x, y)
        self._scale = predictive_scale(chosen if before is None else before, y)

    def _learn(self, x: np.ndarray, targets: np.ndarray) -> float:
        """Grow trees on a block; at the first one choose their size and number, and return their held-out loss an item (NaN otherwise)."""
        loss = math.nan
        if self._trees is None:
            folds = inner_folds(targets, self.budget)[:FOLDS]
            tried = GRID[: max(1, min(self.budget.candidates, DEFAULT_SETTINGS))]
            curves = {leaves: self._curve(x, targets, folds, leaves) for leaves in tried}
            self.leaves = min(curves, key=lambda leaves: float(curves[leaves].min()))
            self.rounds = int(np.argmin(curves[self.leaves])) + 1
            loss = float(curves[self.leaves].min())
        self._trees = self._new(self.leaves, len(targets)).set_params(max_iter=self.rounds).fit(x, targets)
        return loss

    def _curve(self, x: np.ndarray, targets: np.ndarray, folds: list[tuple[np.ndarray, np.ndarray]], leaves: int) -> np.ndarray:
        """Return the held-out loss an item after each round (rounds,), averaged over folds."""
        longest = self._longest()
        curves = np.zeros((len(folds), longest))
        for curve, (train, validation) in zip(curves, folds, strict=True):
            if self.classifies and np.unique(targets[train]).size < 2:
                continue
            trees = self._new(leaves, train.size)
            done = 0
            while done < longest and (done < 2 * STRIDE or int(np.argmin(curve[:done])) >= done - STRIDE):
                trees.set_params(max_iter=done + STRIDE, warm_start=True).fit(x[train], targets[train])
                curve[:] = self._staged_losses(trees, x[validation], targets[validation], train.size, done + STRIDE)
                done += STRIDE
        held_out = sum(validation.size for _, validation in folds)
        return curves.sum(axis=0) / held_out if held_out else np.full(1, math.nan)

    def _staged_losses(self, trees: Any, x: np.ndarray, targets: np.ndarray, n: int, done: int) -> np.ndarray:
        """Return the summed held-out loss after each of the first `done` rounds, the last one repeated up to the longest run."""
        if self.classifies:
            losses = [self._class_loss(trees, p, targets, n) for p in trees.staged_predict_proba(x)]
        else:
            losses = [float(np.sum((means - targets) ** 2)) for means in trees.staged_predict(x)]
        return np.array(losses + [losses[-1]] * (self._longest() - done))

    def _class_loss(self, trees: Any, p: np.ndarray, codes: np.ndarray, n: int) -> float:
        full = np.zeros((len(codes), len(self.labels)))
        full[:, trees.classes_] = p
        return float(-smooth(full, n)[np.arange(len(codes)), codes].sum())

    def _longest(self) -> int:
        """Return the most rounds that are tried: a round grows one tree a class, so tasks with many classes get fewer rounds."""
        return min(ROUNDS, max(2 * STRIDE, TREES // max(1, self._seen.size) // STRIDE * STRIDE))

    def _new(self, leaves: int, n: int) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        kind = HistGradientBoostingClassifier if self.classifies else HistGradientBoostingRegressor
        return kind(
            learning_rate=STEP,
            max_leaf_nodes=leaves,
            min_samples_leaf=min(20, max(2, n // 10)),
            early_stopping=False,
            random_state=self._seed,
        )

    def _probabilities(self, x: Matrix) -> np.ndarray:
        if self._trees is None:  # every block so far had one class, though not always the same
            return np.tile(self._counts / self._studied, (len(x), 1))
        out = np.zeros((len(x), len(self.labels)))
        out[:, self._seen] = self._trees.predict_proba(x)
        return out

    def _means(self, x: Matrix) -> np.ndarray:
        means: np.ndarray = self._trees.predict(x)
        return means
