"""What transductive learners share: every observation kept word for word, its features beside it, and exact search among them.

An observation joins the memory, and every later answer, as soon as it is observed. Studying learns scales and the few numbers that say how to read
the memory, each by leaving items out; the memory itself is never thinned.

A correction is an observation with the same x, a later time, and a link to the id that it corrects. It takes that one's place in the readout; both
stay in `memory`. A link to another item (a citation, a reply) is not a correction.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final

import numpy as np

from ..records import Answer, Budget, Evidence, Kind, Observation, Query, TaskInfo
from .base import Base
from .features import Features
from .tuning import lesson_rng

LEFT_OUT: Final = 2_000
PAIRS: Final = 8_000_000
BLOCK: Final = 4_000_000
SHOWN: Final = 3


class Growing:
    """An array that grows at its end; `array` is what it holds. Its room doubles, so that n appends cost O(n); a pickle holds no spare room."""

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self._room = np.empty((16, *shape), dtype=dtype)
        self.array = self._room[:0]

    def __len__(self) -> int:
        return len(self.array)

    def extend(self, values: np.ndarray) -> None:
        """Append values (m, ...)."""
        start, end = len(self.array), len(self.array) + len(values)
        if end > len(self._room):
            room = np.empty((max(end, 2 * len(self._room)), *self._room.shape[1:]), dtype=self._room.dtype)
            room[:start] = self.array
            self._room = room
        self._room[start:end] = values
        self.array = self._room[:end]

    def __getstate__(self) -> np.ndarray:
        return self.array.copy()

    def __setstate__(self, array: np.ndarray) -> None:
        self._room = self.array = array


class Transductive(Base):
    """A learner that keeps every observation and reasons when asked.

    memory: all observations, in the order in which they came. A subclass reads answers off the squared distances (`_read`) and chooses its settings
    (`_select`). Distances are float32 and exact: no index, no approximation.
    """

    kind: ClassVar[Kind] = "transductive"
    keeps_data: ClassVar[bool] = True

    def __init__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> None:
        super().__init__(info, rng=rng, budget=budget)
        self.memory: list[Observation] = []
        self._features = Features(info, dense=True, scale="auto")
        self._row: dict[str, int] = {}
        self._source: list[int] = []
        self._targets = Growing((), np.int64 if self.classifies else np.float64)
        self._x = Growing((0,), np.float32)
        self._norms = Growing((), np.float32)
        self._changes = 0
        self._studied = False
        self._prepared = 0

    def _known(self) -> int:
        return len(self._source)

    def observe(self, observations: Sequence[Observation]) -> None:
        """Remember the observations; those with an answer join the readout at once, corrections in place of what they correct."""
        fresh: list[Any] = []
        targets: list[Any] = []
        for observation in observations:
            self.memory.append(observation)
            if observation.y is None:
                continue
            target = self.labels.code(observation.y) if self.classifies else float(observation.y)
            row = self._corrects(observation)
            if row is None:
                row = len(self._source)
                self._source.append(len(self.memory) - 1)
                fresh.append(observation.x)
                targets.append(target)
            else:
                self._source[row] = len(self.memory) - 1
                if row < len(self._targets):
                    self._targets.array[row] = target
                else:
                    targets[row - len(self._targets)] = target
            self._row[observation.id] = row
            self._changes += 1
        if fresh:
            self._targets.extend(np.array(targets))
            if self._features.fitted:
                self._encode(fresh)

    def _corrects(self, observation: Observation) -> int | None:
        """Return the row whose observation this one corrects, or None."""
        for link in observation.links:
            row = self._row.get(link)
            if row is not None:
                earlier = self.memory[self._source[row]]
                if observation.at > earlier.at and _same(observation.x, earlier.x):
                    return row
        return None

    def _encode(self, xs: Sequence[Any]) -> None:
        encoded = self._features.transform(xs).astype(np.float32)
        self._x.extend(encoded)
        self._norms.extend(np.einsum("nd,nd->n", encoded, encoded))

    def study(self) -> None:
        """Learn scales and settings from the memory, at first and then whenever a tenth of it is new since the last time."""
        n = len(self._source)
        if n and (not self._studied or 10 * self._changes >= n):
            self._studied = True
            self._prepare()

    def _prepare(self) -> None:
        """Fit the features to everything remembered, encode it anew, and choose the settings."""
        xs = [self.memory[place].x for place in self._source]
        self._features.fit(xs)
        self._x = Growing((self._features.width,), np.float32)
        self._norms = Growing((), np.float32)
        self._encode(xs)
        self._changes = 0
        self._prepared = len(xs)
        self._select()

    def _answer(self, queries: Sequence[Query]) -> list[Answer]:
        if not self._studied and len(self._source) >= 2 * self._prepared:
            self._prepare()  # asked before any study: prepare at 1, 2, 4, 8, ... observations
        encoded = self._features.transform([query.x for query in queries]).astype(np.float32)
        block = max(1, BLOCK // len(self._source))
        answers: list[Answer] = []
        for start in range(0, len(encoded), block):
            part = encoded[start : start + block]
            answers.extend(self._read(part, self.squared_distances(part)))
        return answers

    @abstractmethod
    def _read(self, x: np.ndarray, squared: np.ndarray) -> list[Answer]:
        """Return answers to questions with features (q, d) float32 and squared distances (q, n) to what is remembered."""

    @abstractmethod
    def _select(self) -> None:
        """Choose the settings by leaving items out."""

    def squared_distances(self, x: np.ndarray) -> np.ndarray:
        """Return the squared distances (q, n) float32 of questions (q, d) to the rows of the memory."""
        squared: np.ndarray = x @ self._x.array.T
        squared *= -2.0
        squared += self._norms.array
        squared += np.einsum("qd,qd->q", x, x)[:, None]
        np.maximum(squared, 0.0, out=squared)
        return squared

    def left_out(self, most: int = LEFT_OUT) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield rows (b,) and their squared distances (b, n) to all rows, infinite to themselves: leave-one-out, block by block.

        At most `most` rows are left out, fewer where the memory is large, drawn by a generator that depends on the answers alone.
        """
        n = len(self._source)
        count = min(n, most, max(250, PAIRS // n))
        rows = np.arange(n)
        if count < n:
            rows = np.sort(lesson_rng(self._targets.array, "left out").choice(n, count, replace=False))
        block = max(1, BLOCK // n)
        for start in range(0, count, block):
            part = rows[start : start + block]
            squared = self.squared_distances(self._x.array[part])
            squared[np.arange(part.size), part] = np.inf
            yield part, squared

    def evidence(self, rows: np.ndarray) -> list[tuple[Evidence, ...]]:
        """Return the records behind rows (q, k) of the readout."""
        memory, source = self.memory, self._source
        return [tuple(Evidence(memory[source[row]].id) for row in line) for line in rows.tolist()]


def _same(a: Any, b: Any) -> bool:
    return bool(np.array_equal(a, b)) if isinstance(a, np.ndarray) or isinstance(b, np.ndarray) else bool(a == b)


def nearest_rows(squared: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k nearest rows (q, k), nearest first, and their squared distances, from all squared distances (q, n), k <= n."""
    if k < squared.shape[1]:
        rows = np.argpartition(squared, k - 1, axis=1)[:, :k]
        near = np.take_along_axis(squared, rows, axis=1)
    else:
        rows = np.broadcast_to(np.arange(squared.shape[1]), squared.shape)
        near = squared
    order = np.argsort(near, axis=1, kind="stable")
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(near, order, axis=1)
