"""One pass of stochastic gradient descent: every observation changes the weights once, when it is seen, and is forgotten (Robbins & Monro 1951).

    w <- w - eta g / max(E|z|^2, |z|^2),     g the gradient of the log-loss (or of half the squared error) at features z

Dividing by the squared length makes eta a pure number (normalised LMS: Nagumo & Noda 1967): the log-loss has curvature at most |z|^2 / 2, so steps
above 4 overshoot, and the squared error, curvature |z|^2, above 2. The steps do not fall with time, so the learner follows a changing world. A few
learners with different steps run side by side; the one with the lowest fading prequential loss (Gama, Sebastiao & Rodrigues 2013) answers.

There is no study: what others do then, this learner has done already.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np

from ..records import Answer, Budget, Kind, Observation, Query, TaskInfo
from .base import Base, smooth, softmax
from .running import RunningFeatures

# From just under the largest stable step down by factors of four: fast and noisy to slow and exact.
GRID: Final = (0.8, 3.2, 0.2, 0.05, 1.6, 0.4)
NUMBER_GRID: Final = (0.2, 0.8, 0.05, 0.0125, 0.4, 0.1)
FADING: Final = 0.998


class Online(Base):
    """Stochastic gradient descent on the fly; answers with class probabilities, or with a normal predictive of the recent error."""

    kind: ClassVar[Kind] = "inductive"
    keeps_data: ClassVar[bool] = False

    def __init__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> None:
        super().__init__(info, rng=rng, budget=budget)
        self.steps = np.array((GRID if self.classifies else NUMBER_GRID)[: max(1, budget.candidates)])
        self.losses = np.zeros(self.steps.size)
        self._features = RunningFeatures(info)
        self._outputs = len(self.labels) if self.classifies else 1
        self._dense = np.zeros((0, 0))
        self._sparse = np.zeros((0, self.steps.size * self._outputs))
        self._length = 0.0
        self._weight = 0.0
        self._seen = 0
        self._mean = self._square = 0.0

    def _known(self) -> int:
        return self._seen

    def observe(self, observations: Sequence[Observation]) -> None:
        """Take one step for each labelled observation."""
        for observation in observations:
            if observation.y is not None:
                self._learn(observation)

    def _learn(self, observation: Observation) -> None:
        x = observation.x
        self._features.learn(x)
        z = self._features.dense([x])[0]
        if not self._seen:
            self._dense = np.zeros((z.size, self.steps.size * self._outputs))
        rows, values = self._named(x)
        scores = z @ self._dense
        length = float(z @ z)
        if rows.size:
            scores += values @ self._sparse[rows]
            length += float(values @ values)
        self._seen += 1
        self._length += (length - self._length) / self._seen
        self._weight = FADING * self._weight + 1.0
        gradient = self._class_gradient(scores, observation.y) if self.classifies else self._number_gradient(scores, float(observation.y))
        gradient = ((self.steps / max(self._length, length))[:, None] * gradient).ravel()
        self._dense -= z[:, None] * gradient
        if rows.size:
            self._sparse[rows] -= values[:, None] * gradient

    def _class_gradient(self, scores: np.ndarray, y: object) -> np.ndarray:
        """Return the gradient (steps, a) at the scores, having charged each learner its log-loss."""
        code = self.labels.code(y)
        probabilities = softmax(scores.reshape(self.steps.size, self._outputs))
        n = self._seen - 1
        self.losses *= FADING
        self.losses -= np.log((n * probabilities[:, code] + 1.0 / self._outputs) / (n + 1.0))
        probabilities[:, code] -= 1.0
        return probabilities

    def _number_gradient(self, scores: np.ndarray, y: float) -> np.ndarray:
        """Return the gradient (steps, 1) in standardised units, having charged each learner its squared error."""
        spread = self._spread()
        residual = np.clip(scores - (y - self._mean) / spread, -10.0, 10.0)
        if self._seen > 1:
            self.losses = FADING * self.losses + (residual * spread) ** 2
        away = y - self._mean
        self._mean += away / self._seen
        self._square += away * (y - self._mean)
        return residual[:, None]

    def _spread(self) -> float:
        """Return the standard deviation of the numbers seen so far; 1 where they did not vary."""
        return math.sqrt(self._square / self._seen) if self._square > 0 else 1.0

    def _named(self, x: object) -> tuple[np.ndarray, np.ndarray]:
        """Return rows and values of the sparse part, having made room for new rows."""
        if not self._features.sparse:
            return _NOTHING
        if self._features.names > len(self._sparse):
            room = np.zeros((max(64, 2 * self._features.names), self._sparse.shape[1]))
            room[: len(self._sparse)] = self._sparse
            self._sparse = room
        return self._features.named(x)

    def _answer(self, queries: Sequence[Query]) -> list[Answer]:
        best = int(np.argmin(self.losses))
        mine = slice(best * self._outputs, (best + 1) * self._outputs)
        xs = [query.x for query in queries]
        scores = self._features.dense(xs) @ self._dense[:, mine]
        if self._features.sparse:
            for score, x in zip(scores, xs, strict=True):
                rows, values = self._named(x)
                score += values @ self._sparse[rows, mine]
        if self.classifies:
            return self._categorical(smooth(softmax(scores), self._seen))
        means = scores[:, 0] * self._spread() + self._mean
        error = self.losses[best] / max(self._weight - 1.0, 1.0) if self._seen > 1 else 0.0
        return self._normal(means, np.full(len(queries), math.sqrt(error) if error > 0 else self._spread()))


_NOTHING: Final = (np.zeros(0, dtype=np.int64), np.zeros(0))
