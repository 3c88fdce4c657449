"""What inductive learners share: a lesson that is held until `study()`, compressed there, and thrown away.

The features are learned at the first study and then frozen: later weights would mean nothing under other scales. Between two studies the new
observations wait and change no answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..records import Answer, Budget, Kind, Observation, Query, TaskInfo
from .base import Base, smooth
from .features import Features, Matrix


class Inductive(Base):
    """A learner that compresses its lesson at each study and keeps no observation after it.

    A subclass fits (`_fit_classes`, `_fit_numbers`) and predicts (`_probabilities`, `_means`). It is asked to fit classes only once two of them
    have been seen; until then the one class is the answer.
    """

    kind: ClassVar[Kind] = "inductive"
    keeps_data: ClassVar[bool] = False
    dense: ClassVar[bool] = True

    def __init__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> None:
        super().__init__(info, rng=rng, budget=budget)
        self._pending: list[tuple[Any, Any]] = []
        self._features = Features(info, dense=self.dense)
        self._studied = 0
        self._basis = 0
        self._counts = np.zeros(len(self.labels), dtype=np.int64)
        self._fitted = False
        self._scale = 1.0

    def _known(self) -> int:
        return self._studied

    def observe(self, observations: Sequence[Observation]) -> None:
        """Hold labelled observations until the next study."""
        self._pending.extend((observation.x, observation.y) for observation in observations if observation.y is not None)

    def study(self) -> None:
        """Fit to what came since the last study, and drop it."""
        if not self._pending:
            return
        xs, ys = [x for x, _ in self._pending], [y for _, y in self._pending]
        targets = self.labels.codes(ys) if self.classifies else np.array(ys, dtype=np.float64)
        self._pending = []
        if not self._features.fitted:
            self._features.fit(xs)
        encoded = self._features.transform(xs)
        self._studied += len(xs)
        self._basis = self._studied
        if not self.classifies:
            self._fit_numbers(encoded, targets)
            self._fitted = True
            return
        self._counts += np.bincount(targets, minlength=len(self.labels))
        if np.count_nonzero(self._counts) > 1:
            self._fit_classes(encoded, targets)
            self._fitted = True

    def _answer(self, queries: Sequence[Query]) -> list[Answer]:
        encoded = self._features.transform([query.x for query in queries])
        if not self.classifies:
            return self._normal(self._means(encoded), np.full(len(queries), self._scale))
        frequencies = self._counts / self._studied
        probabilities = self._probabilities(encoded) if self._fitted else np.tile(frequencies, (len(queries), 1))
        return self._categorical(smooth(probabilities, self._basis))

    def _fit_classes(self, x: Matrix, codes: np.ndarray) -> None:
        """Fit to the features (n, d) and class codes (n,) of a new block; codes are places in the task's choices.

        Where the answers will rest on less than all that was studied, set `_basis`, the number of observations that smoothing counts.
        """
        raise NotImplementedError

    def _fit_numbers(self, x: Matrix, y: np.ndarray) -> None:
        """Fit to the features (n, d) and numbers (n,) of a new block, and set `_scale`."""
        raise NotImplementedError

    def _probabilities(self, x: Matrix) -> np.ndarray:
        """Return class probabilities (q, a) over the task's choices."""
        raise NotImplementedError

    def _means(self, x: Matrix) -> np.ndarray:
        """Return predicted numbers (q,)."""
        raise NotImplementedError


def predictive_scale(squared_error: float, y: np.ndarray) -> float:
    """Return the standard deviation of a prediction whose mean squared error was measured on held-out items; never zero.

    Where nothing could be held out (NaN) it is the spread of the answers (n,), or 1 where they do not vary.
    """
    spread = float(np.std(y)) if len(y) else 0.0
    if math.isnan(squared_error):
        return spread or max(1.0, abs(float(y[0])) if len(y) else 1.0)
    return max(math.sqrt(squared_error), 1e-6 * spread) or 1e-9
