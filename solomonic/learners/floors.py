"""Floors: what no learner may fall below. They never look at x, and answer in microseconds.

`Majority` answers with the frequencies of the lesson, `Uniform` with all choices alike, `NoChange` with the last revealed answer (the baseline
that streams with runs of equal labels are so hard to beat by; Zliobaite et al. 2015), `Mean` with the mean and spread of the lesson's numbers.

They count as they observe; nothing waits for `study`. Along symbols, a new sequence starts from scratch, as it does for every learner.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..records import Answer, Budget, Categorical, Kind, Normal, Observation, Query, TaskInfo, XType, YType
from .base import Base, prior_answer

LEAST_SCALE = 1e-6
"""The smallest standard deviation, relative to the mean's size (to 1 where that is 0): a floor that has seen one value only must not be infinitely sure."""


class Floor(Base):
    """A learner that answers every question alike, from what it counted so far.

    A subclass counts in `_count` and makes its one answer in `_make`; the answer is made when it is asked for and kept until something new comes.
    """

    kind: ClassVar[Kind] = "floor"
    keeps_data: ClassVar[bool] = False
    x_types: ClassVar[tuple[XType, ...]] = ("vector", "text", "symbols", "record", "statement")
    y_types: ClassVar[tuple[YType, ...]] = ("class", "symbol")

    def __init__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> None:
        super().__init__(info, rng=rng, budget=budget)
        self._along = info.x_type == "symbols"
        self._sequence: Any = None
        self._ready: Answer | None = None
        self._n = 0
        self._reset()

    def observe(self, observations: Sequence[Observation]) -> None:
        """Count the answers; observations without one are passed over."""
        for observation in observations:
            if self._along and observation.x != self._sequence:
                self._sequence = observation.x
                self._n = 0
                self._reset()
            y = observation.y
            if y is not None:
                self._count(y)
                self._n += 1
                self._ready = None

    def _reset(self) -> None:
        """Forget what was counted."""

    def _count(self, y: Any) -> None:
        """Count one answer; `_n` still is the number of those before it."""

    def _make(self) -> Answer:
        """Return the answer to any question; asked only when something was counted."""
        raise NotImplementedError

    def _known(self) -> int:
        return self._n

    def _answer(self, queries: Sequence[Query]) -> list[Answer]:
        if self._ready is None:
            self._ready = self._make()
        if self._along:
            return [self._ready if query.x == self._sequence else prior_answer(query, self.info) for query in queries]
        return [self._ready] * len(queries)

    def state_bytes(self) -> int:
        """Return the pickled bytes of the counts; the kept answer is only a convenience."""
        self._ready = None
        return super().state_bytes()


class Majority(Floor):
    """The lesson's class frequencies, each count begun at 1/a; names the most frequent class."""

    def _reset(self) -> None:
        self._counts = np.zeros(len(self.labels), dtype=np.int64)

    def _count(self, y: Any) -> None:
        self._counts[self.labels.code(y)] += 1

    def _make(self) -> Answer:
        log_probs = np.log((self._counts + 1.0 / len(self._counts)) / (self._n + 1.0))
        return Answer(self.labels.choices[int(log_probs.argmax())], Categorical(log_probs))


class Uniform(Floor):
    """All choices alike, whatever was seen."""

    def _known(self) -> int:
        return 0


class NoChange(Floor):
    """The last revealed answer.

    Classes and symbols: its probability is the share of answers so far that equalled the one before, begun at one observation of no particular
    class; the other choices share the rest. The value is always the last answer, even where that rate has fallen below the others' share.
    Numbers: a normal around the last one with the root mean square of the changes so far (before any change: the last one's own size).
    """

    y_types: ClassVar[tuple[YType, ...]] = ("class", "symbol", "number")

    def _reset(self) -> None:
        self._last: Any = None
        self._hits = 0
        self._squares = 0.0

    def _count(self, y: Any) -> None:
        if not self.classifies:
            if self._n:
                self._squares += (float(y) - self._last) ** 2
            self._last = float(y)
            return
        code = self.labels.code(y)
        if self._n:
            self._hits += code == self._last
        self._last = code

    def _make(self) -> Answer:
        if not self.classifies:
            changes = math.sqrt(self._squares / (self._n - 1)) if self._n > 1 else abs(self._last)
            return Answer(self._last, Normal(self._last, _scale(changes, self._last)))
        a = len(self.labels)
        stays = (self._hits + 1.0 / a) / self._n
        log_probs = np.full(a, math.log((1.0 - stays) / (a - 1)) if a > 1 else 0.0)
        log_probs[self._last] = math.log(stays)
        return Answer(self.labels.choices[self._last], Categorical(log_probs))


class Mean(Floor):
    """The mean of the lesson's numbers, with the standard deviation of a new one (Welford 1962 for the running sums)."""

    y_types: ClassVar[tuple[YType, ...]] = ("number",)

    def _reset(self) -> None:
        self._mean = 0.0
        self._squares = 0.0

    def _count(self, y: Any) -> None:
        off = float(y) - self._mean
        self._mean += off / (self._n + 1)
        self._squares += off * (float(y) - self._mean)

    def _make(self) -> Answer:
        n = self._n
        spread = math.sqrt(self._squares / (n - 1) * (1.0 + 1.0 / n)) if n > 1 else abs(self._mean)
        return Answer(self._mean, Normal(self._mean, _scale(spread, self._mean)))


def _scale(spread: float, around: float) -> float:
    """Return the spread, or the least scale where values have hardly varied."""
    return max(spread, LEAST_SCALE * abs(around)) or LEAST_SCALE
