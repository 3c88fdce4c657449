"""What every learner shares: labels and smoothing, episodes, the answer before anything was seen, and the size of the state.

`Base` serves any learner, floors included; `learners.studying` adds a lesson that is thrown away after `study()`, `learners.remembering` a
memory that is kept.

Probabilities are smoothed in one way everywhere: (n p + 1/a) / (n + 1) for n labelled observations and a choices, as if one observation of
no particular class had been added. So a class that the lesson never showed keeps a small share, and no answer costs more than log(a (n + 1)) nats.
"""

from __future__ import annotations

import math
import pickle
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import cloudpickle
import numpy as np

from ..errors import InputError, UnsupportedTask
from ..records import Answer, Budget, Categorical, Evidence, Kind, Normal, Observation, Query, Ranking, TaskInfo, XType, YType, child_rng


def smooth(probabilities: np.ndarray, n: int) -> np.ndarray:
    """Return log((n p + 1/a) / (n + 1)) for probabilities (q, a) that rest on n labelled observations."""
    logs: np.ndarray = np.log((n * probabilities + 1.0 / probabilities.shape[-1]) / (n + 1.0))
    return logs


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return the softmax of scores (q, a) along their last axis."""
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights: np.ndarray = shifted / shifted.sum(axis=-1, keepdims=True)
    return weights


class Labels:
    """The task's choices and their places; `codes` turns answers into places."""

    def __init__(self, choices: Sequence[Any]) -> None:
        self.choices = tuple(choices)
        self._place = {choice: place for place, choice in enumerate(self.choices)}

    def __len__(self) -> int:
        return len(self.choices)

    def code(self, y: Any) -> int:
        """Return the place of an answer.

        Raises:
            InputError: it is not one of the task's choices.
        """
        place = self._place.get(y)
        if place is None:
            shown = ", ".join(repr(choice) for choice in self.choices[:8]) + (", ..." if len(self.choices) > 8 else "")
            raise InputError(f"the answer {y!r} is none of the task's choices ({shown}); name it in TaskInfo.choices")
        return place

    def codes(self, ys: Sequence[Any]) -> np.ndarray:
        """Return the places (n,) of answers."""
        return np.fromiter((self.code(y) for y in ys), dtype=np.int64, count=len(ys))


def pickled_bytes(value: object) -> int:
    """Return the length of the value's pickle without holding that pickle in memory; of a class from a notebook or script, its code included."""
    counter = _Counter()
    try:
        pickle.Pickler(counter, protocol=5).dump(value)
    except (pickle.PicklingError, AttributeError, TypeError):
        counter = _Counter()
        cloudpickle.Pickler(counter, protocol=5).dump(value)
    return counter.count


class _Counter:
    """A file that only counts what is written to it."""

    def __init__(self) -> None:
        self.count = 0

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        self.count += size
        return size


class Base(ABC):
    """A learner's shell: it checks the task, deals with questions that bring their own context or choices, and answers before anything was seen.

    A subclass says in `_known` how many labelled observations its answers rest on, and answers the other questions in `_answer`.

    Raises:
        UnsupportedTask: the learner cannot sit this exam; `refuses` says why.
    """

    kind: ClassVar[Kind]
    keeps_data: ClassVar[bool]
    sees_batch: ClassVar[bool] = False
    x_types: ClassVar[tuple[XType, ...]] = ("vector", "record", "text")
    y_types: ClassVar[tuple[YType, ...]] = ("class", "number")

    def __init__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> None:
        reason = self.refuses(info)
        if reason is not None:
            raise UnsupportedTask(reason)
        self.info = info
        self.rng = rng
        self.budget = budget
        self.labels = Labels(info.choices)
        self._episodes = int(rng.integers(2**62))

    @classmethod
    def refuses(cls, info: TaskInfo) -> str | None:
        """Return why this learner cannot sit the exam, or None where it can."""
        name = cls.__name__.lower()
        if info.x_type not in cls.x_types:
            return f"{name} takes x of type {' or '.join(cls.x_types)}; task {info.name!r} has {info.x_type!r}"
        if info.y_type not in cls.y_types:
            return f"{name} gives answers of type {' or '.join(cls.y_types)}; task {info.name!r} asks for {info.y_type!r}"
        return None

    @property
    def classifies(self) -> bool:
        """Whether answers are choices, not numbers."""
        return self.info.y_type != "number"

    @abstractmethod
    def observe(self, observations: Sequence[Observation]) -> None:
        """Take in observations, in time order."""

    def study(self) -> None:
        """Fit what is fitted to the lesson as a whole: by default nothing."""
        return None

    @abstractmethod
    def _known(self) -> int:
        """Return how many labelled observations an answer would rest on now."""

    @abstractmethod
    def _answer(self, queries: Sequence[Query]) -> list[Answer]:
        """Return answers over the task's choices to questions without a context; asked only when `_known()` is positive."""

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        """Return one answer a query; one that brings a context is answered by a fresh learner of the same kind, taught by that context alone."""
        if len(queries) == 1 and not queries[0].context and queries[0].choices is None:
            return self._answer(queries) if self._known() else [prior_answer(queries[0], self.info)]
        plain = [query for query in queries if not query.context]
        known = self._known() > 0
        answered = iter(self._answer(plain) if plain and known else [prior_answer(query, self.info) for query in plain])
        return [
            episode_answer(self, query, seed=self._episodes) if query.context else restrict(next(answered), query, self.info)
            for query in queries
        ]

    def fresh(self, info: TaskInfo, *, rng: np.random.Generator) -> Self:
        """Return a learner of the same kind that has seen nothing; override where the constructor takes more."""
        return type(self)(info, rng=rng, budget=self.budget)

    def _categorical(
        self, log_probs: np.ndarray, *, evidence: Sequence[tuple[Evidence, ...]] = (), route: str | None = None
    ) -> list[Answer]:
        """Return answers from log-probabilities (q, a) over the task's choices."""
        best = log_probs.argmax(axis=1)
        choices = self.labels.choices
        return [
            Answer(choices[best[i]], Categorical(log_probs[i]), evidence[i] if evidence else (), None, route) for i in range(len(log_probs))
        ]

    def _normal(
        self, means: np.ndarray, scales: np.ndarray, *, evidence: Sequence[tuple[Evidence, ...]] = (), route: str | None = None
    ) -> list[Answer]:
        """Return answers from means and standard deviations (q,)."""
        return [
            Answer(float(mean), Normal(float(mean), float(scale)), evidence[i] if evidence else (), None, route)
            for i, (mean, scale) in enumerate(zip(means, scales, strict=True))
        ]

    def state_bytes(self) -> int:
        """Return the pickled bytes of everything kept but the task's description and the generator."""
        apart = ("info", "rng", "budget", "labels", "_episodes")
        return pickled_bytes({name: value for name, value in vars(self).items() if name not in apart})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.info.name}, {self._known()} observations)"


def prior_answer(query: Query, info: TaskInfo) -> Answer:
    """Return the answer of a learner that has seen nothing: all choices alike, a standard normal number, or a ranking of nothing.

    Raises:
        UnsupportedTask: neither the task nor the question names any choices.
    """
    if info.y_type == "number":
        return Answer(0.0, Normal(0.0, 1.0))
    if info.y_type == "ranking":
        return Answer(None, Ranking((), np.empty(0)))
    choices = info.choices if query.choices is None else query.choices
    if not choices:
        raise UnsupportedTask(f"task {info.name!r} and its question {query.id!r} name no choices; give TaskInfo.choices or Query.choices")
    return Answer(choices[0], Categorical(np.full(len(choices), -math.log(len(choices)))))


def restrict(answer: Answer, query: Query, info: TaskInfo) -> Answer:
    """Return the answer over the question's own choices, renormalised; a choice that the task does not name gets the smallest share."""
    if query.choices is None or query.choices == info.choices or not isinstance(answer.predictive, Categorical):
        return answer
    log_probs = answer.predictive.log_probs
    if len(log_probs) == len(query.choices) and not info.choices:
        return answer
    place = {choice: i for i, choice in enumerate(info.choices)}
    least = float(log_probs.min())
    own = np.array([log_probs[place[choice]] if choice in place else least for choice in query.choices])
    own -= own.max()
    own -= math.log(float(np.exp(own).sum()))
    return replace(answer, value=query.choices[int(np.argmax(own))], predictive=Categorical(own))


def episode_answer(learner: Base, query: Query, *, seed: int) -> Answer:
    """Return the answer of a fresh learner of the same kind that observes the question's context, studies, and is asked.

    Its generator belongs to the question, so neither the order of questions nor what else is asked changes the answer.
    """
    choices = learner.info.choices if query.choices is None else query.choices
    info = replace(learner.info, choices=tuple(choices))
    pupil = learner.fresh(info, rng=child_rng(seed, query.id))
    pupil.observe(query.context)
    pupil.study()
    return pupil.answer([replace(query, context=(), choices=None)])[0]
