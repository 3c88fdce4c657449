"""What a learner is, and what its factory declares.

Two axes that the field often confuses, declared apart:
`keeps_data`: are the raw observations still reachable after `study()`? (Soatto's sense of transduction.)
`sees_batch`: does an answer depend on which other questions are asked with it? (Vapnik's sense.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from ..records import Answer, Budget, Kind, Observation, Query, TaskInfo


@runtime_checkable
class Learner(Protocol):
    """Observes, studies when told to, and answers."""

    def observe(self, observations: Sequence[Observation]) -> None:
        """Take in observations; may come again and again, in time order."""
        ...

    def study(self) -> None:
        """Fit whatever is fitted to the lesson as a whole; the exam says when."""
        ...

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        """Return one answer a query; only work for these questions is done here."""
        ...

    def state_bytes(self) -> int:
        """Return the bytes that the learner must keep to answer; the bench holds it against the pickled size."""
        ...


class SequenceLearner(Learner, Protocol):
    """A learner that can also predict whole sequences at once, equal to its step-by-step answers."""

    def curves(self, sequences: Sequence[Sequence[object]]) -> list[np.ndarray]:
        """Return, a sequence, the log-probabilities (t, a) of the next symbol before each step, each sequence from scratch."""
        ...


class Factory(Protocol):
    """Makes a learner for a task, and declares what kind of learner that is."""

    kind: Kind
    keeps_data: bool
    sees_batch: bool

    def __call__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> Learner:
        """Return a fresh learner.

        Raises:
            UnsupportedTask: it cannot sit this exam.
        """
        ...

    def refuses(self, info: TaskInfo) -> str | None:
        """Return why this learner cannot sit the exam, or None where it can."""
        ...
