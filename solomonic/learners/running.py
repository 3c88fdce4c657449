"""Features that need no lesson: running moments for numbers, a growing vocabulary for categories and words.

Nothing is fitted in advance and nothing seen is kept: means and variances are updated one observation at a time (Welford 1962), and each category or
word gets a row of its own when it first appears; past MOST_NAMES rows, new ones share rows by hash (Weinberger et al. 2009).
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from ..errors import UnsupportedTask
from ..records import TaskInfo

MOST_NAMES: Final = 2**16
CLIP: Final = 5.0
_WORD = re.compile(r"\w+")


class RunningFeatures:
    """Turns x into a dense part, standardised by what was seen so far, and a sparse part of named rows.

    The dense part has a 1 in front, for the bias. A number that is missing is taken to be average; standardised numbers are cut at CLIP standard
    deviations, since the first few observations say little of the spread.

    Raises:
        UnsupportedTask: the task's x_type is not a vector, a record or a text.
    """

    def __init__(self, info: TaskInfo) -> None:
        if info.x_type not in ("vector", "record", "text"):
            raise UnsupportedTask(f"task {info.name!r} has x of type {info.x_type!r}; running features take vectors, records and texts")
        self._type = info.x_type
        kinds = [column.kind for column in info.columns]
        self._numbers = [place for place, kind in enumerate(kinds) if kind == "number"]
        self._categories = [place for place, kind in enumerate(kinds) if kind == "category"]
        self._texts = [place for place, kind in enumerate(kinds) if kind == "text"]
        self._rows: dict[str, int] = {}
        self._seen = 0
        self._refresh_at = 0
        self._known: np.ndarray | float = 0.0
        self._mean = np.zeros(0)
        self._squares = np.zeros(0)
        self._gain = np.zeros(0)

    @property
    def sparse(self) -> bool:
        """Whether there is a sparse part."""
        return self._type == "text" or bool(self._categories or self._texts)

    @property
    def names(self) -> int:
        """How many rows the sparse part uses so far."""
        return len(self._rows)

    def learn(self, x: Any) -> None:
        """Update the moments with one more x, and give new categories and words their rows."""
        numbers = self._raw(x)
        if not self._seen:
            self._mean, self._squares, self._gain = np.zeros(numbers.size), np.zeros(numbers.size), np.zeros(numbers.size)
        self._seen += 1
        away = numbers - self._mean
        if self._type == "record":
            missing = np.isnan(away)
            away[missing] = 0.0
            numbers = self._mean + away
            self._known = self._known + ~missing
        else:
            self._known = float(self._seen)
        self._mean += away / np.maximum(self._known, 1.0)
        away *= numbers - self._mean
        self._squares += away
        if self._seen >= self._refresh_at:  # the spread changes slowly: a new square root whenever the count has grown by a hundredth
            self._refresh_at = self._seen + 1 + self._seen // 100
            spread = np.sqrt(self._squares / np.maximum(self._known, 1.0))
            self._gain = np.where(spread > 1e-12 * np.abs(self._mean), 1.0 / np.where(spread > 0, spread, 1.0), 0.0)
        if self.sparse:
            for name in self._named(x):
                if name not in self._rows and len(self._rows) < MOST_NAMES:
                    self._rows[name] = len(self._rows)

    def dense(self, xs: Sequence[Any]) -> np.ndarray:
        """Return the dense part (n, 1 + d) under what was seen so far."""
        out = np.ones((len(xs), 1 + self._mean.size))
        if self._type == "vector" and len(xs):
            raw = np.asarray(xs, dtype=np.float64)
        else:
            raw = np.array([self._raw(x) for x in xs]).reshape(len(xs), self._mean.size)
        scaled = (raw - self._mean) * self._gain
        if self._type == "record":
            scaled[np.isnan(scaled)] = 0.0
        np.maximum(np.minimum(scaled, CLIP, out=scaled), -CLIP, out=out[:, 1:])
        return out

    def named(self, x: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows (m,) and values (m,) of the sparse part; what was never seen is left out, or shares a row once all are taken."""
        values: dict[int, float] = {}
        full = len(self._rows) >= MOST_NAMES
        for name, value in self._named(x).items():
            row = self._rows.get(name, zlib.crc32(name.encode("utf-8", "surrogatepass")) % MOST_NAMES if full else -1)
            if row >= 0:
                values[row] = values.get(row, 0.0) + value
        return np.fromiter(values.keys(), np.int64, len(values)), np.fromiter(values.values(), np.float64, len(values))

    def _raw(self, x: Any) -> np.ndarray:
        if self._type == "vector":
            return np.asarray(x, dtype=np.float64)
        if self._type == "text":
            return np.zeros(0)
        return np.array([_number(x[place]) for place in self._numbers], dtype=np.float64)

    def _named(self, x: Any) -> dict[str, float]:
        """Return name -> value: 1 for a category, and for a text its words and word pairs, damped and of unit length together."""
        if self._type == "text":
            return _words("", x)
        names = {f"{place}={x[place]!r}": 1.0 for place in self._categories}
        for place in self._texts:
            names.update(_words(f"{place}:", x[place]))
        return names


def _number(value: Any) -> float:
    return float(value) if value is not None and math.isfinite(value) else math.nan


def _words(prefix: str, text: Any) -> dict[str, float]:
    words = _WORD.findall(str(text).lower()) if text is not None else []
    counts = Counter(words)
    counts.update(f"{a} {b}" for a, b in pairwise(words))
    damped = {prefix + name: 1.0 + math.log(count) for name, count in counts.items()}
    length = math.sqrt(sum(value * value for value in damped.values())) or 1.0
    return {name: value / length for name, value in damped.items()}
