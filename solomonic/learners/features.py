"""From what was seen to numbers: standardised coordinates, one-hot categories, TF-IDF texts; everything learned from one lesson.

Each source column counts about the same in a distance. A standardised number has variance 1, so two random ones are 2 apart on average
(squared); a one-hot category has variance 1 - sum p^2, so two random ones are at most that far apart, and exactly 2 where they differ;
a text is a vector of unit length, so two texts without a common word are 2 apart. No further scaling is needed.

TF-IDF follows Salton & Buckley (1988); its reduction to few dimensions is latent semantic analysis (Deerwester et al. 1990), computed with a
randomised range finder (Halko, Martinsson & Tropp 2011).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, Literal, Self, TypeAlias

import numpy as np

from ..errors import InputError, UnsupportedTask
from ..records import TaskInfo, stable_hash

Matrix: TypeAlias = Any
"""numpy.ndarray float64 (n, d), or scipy.sparse.csr_matrix (n, d) where texts were asked for as they are."""

Scale = Literal["each", "auto"]

VOCABULARY: Final = 20_000
TEXT_DIMENSIONS: Final = 100
LEVELS: Final = 100
X_TYPES: Final = ("vector", "record", "text")


class Features:
    """Turns the x of observations and questions into numbers, as learned from the lesson given to `fit`.

    dense: always return an ndarray; texts are then reduced to at most TEXT_DIMENSIONS dimensions.
    scale "each": every coordinate of a vector is divided by its own standard deviation. "auto": where the coordinates have comparable ranges
    (half of them span at least half of the widest range) they are taken to share one unit, as pixels and embeddings do, and all are divided by
    one pooled standard deviation; for learners that live on distances, in which rarely used coordinates would else weigh most.

    Raises:
        UnsupportedTask: the task's x_type is not a vector, a record or a text.
    """

    def __init__(self, info: TaskInfo, *, dense: bool, scale: Scale = "each") -> None:
        self._encoder: _Vector | _Record | _Text
        if info.x_type == "vector":
            self._encoder = _Vector(scale)
        elif info.x_type == "record":
            self._encoder = _Record(info, dense=dense)
        elif info.x_type == "text":
            self._encoder = _Text(dense=dense, alone=True)
        else:
            raise UnsupportedTask(f"task {info.name!r} has x of type {info.x_type!r}; features are made of {', '.join(X_TYPES)}")
        self.fitted = False

    @property
    def width(self) -> int:
        """The number of columns d; known once fitted."""
        return self._encoder.width

    def fit(self, xs: Sequence[Any]) -> Self:
        """Return itself, having learned scales, levels and vocabulary from a lesson of at least one item."""
        if not len(xs):
            raise InputError("features cannot be learned from an empty lesson; give at least one item")
        self._encoder.fit(xs)
        self.fitted = True
        return self

    def transform(self, xs: Sequence[Any]) -> Matrix:
        """Return the features (n, d) of n items; no item changes how another is encoded."""
        return self._encoder.transform(xs)


class _Vector:
    """Standardised coordinates; those that did not vary in the lesson become 0."""

    def __init__(self, scale: Scale) -> None:
        self.scale = scale
        self.width = 0
        self._mean = np.zeros(0)
        self._gain = np.zeros(0)

    def fit(self, xs: Sequence[Any]) -> None:
        values = np.asarray(xs, dtype=np.float64)
        self.width = values.shape[1]
        self._mean = values.mean(axis=0)
        spread = _spread(values, self._mean)
        if self.scale == "auto" and _share_a_unit(values):
            spread[spread > 0] = math.sqrt(float(np.mean(spread[spread > 0] ** 2)))
        self._gain = _inverse(spread)

    def transform(self, xs: Sequence[Any]) -> np.ndarray:
        # The path of one stream question: two array operations and nothing else.
        if not len(xs):
            return np.zeros((0, self.width))
        values = np.asarray(xs, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != self.width:
            raise InputError(
                f"vectors of shape {values.shape[1:]} were given, but the lesson had ({self.width},); use one length throughout"
            )
        centred: np.ndarray = values - self._mean
        centred *= self._gain
        return centred


def _spread(values: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return the standard deviation (d,) of each column, and exactly 0 where only rounding varies."""
    spread: np.ndarray = values.std(axis=0)
    spread[spread <= 1e-12 * np.maximum(np.abs(mean), 1e-300)] = 0.0
    return spread


def _inverse(spread: np.ndarray) -> np.ndarray:
    gain: np.ndarray = np.where(spread > 0, 1.0 / np.where(spread > 0, spread, 1.0), 0.0)
    return gain


def _share_a_unit(values: np.ndarray) -> bool:
    """Return whether half of the columns that vary span at least half of the widest range."""
    ranges = np.ptp(values, axis=0)
    ranges = ranges[ranges > 0]
    return bool(ranges.size > 1 and np.median(ranges) >= 0.5 * ranges.max())


class _Number:
    """A numeric column: median for what is missing, standardised, and an indicator where the lesson had missing values."""

    def __init__(self) -> None:
        self.width = 1
        self._median = self._mean = self._gain = 0.0

    def fit(self, values: Sequence[Any]) -> None:
        numbers = _floats(values)
        known = np.isfinite(numbers)
        self._median = float(np.median(numbers[known])) if known.any() else 0.0
        filled = np.where(known, numbers, self._median)
        self._mean = float(filled.mean())
        self._gain = float(_inverse(_spread(filled[:, None], np.array([self._mean])))[0])
        self.width = 1 if known.all() else 2

    def write(self, values: Sequence[Any], out: np.ndarray) -> None:
        if len(values) == 1:
            value = values[0]
            known_one = value is not None and math.isfinite(value)
            out[0, 0] = ((float(value) if known_one else self._median) - self._mean) * self._gain
            if self.width == 2:
                out[0, 1] = not known_one
            return
        numbers = _floats(values)
        known = np.isfinite(numbers)
        out[:, 0] = (np.where(known, numbers, self._median) - self._mean) * self._gain
        if self.width == 2:
            out[:, 1] = ~known


def _floats(values: Sequence[Any]) -> np.ndarray:
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


class _Category:
    """A category column, one-hot: levels seen often enough in the lesson, and one column shared by rare ones; missing is a level.

    A level is kept when it makes up half a percent of the lesson and is seen twice (once in a lesson of at most 20), the LEVELS most
    frequent at most. A level never seen goes to the shared column, or to none where the lesson had no rare level.
    """

    def __init__(self) -> None:
        self.width = 0
        self._place: dict[Any, int] = {}
        self._other: int | None = None

    def fit(self, values: Sequence[Any]) -> None:
        counts = Counter(values)
        least = 1 if len(values) <= 20 else max(2, math.ceil(len(values) / 200))
        kept = [level for level, count in counts.most_common(LEVELS) if count >= least]
        self._place = {level: place for place, level in enumerate(kept)}
        self._other = len(kept) if len(kept) < len(counts) else None
        self.width = len(kept) + (self._other is not None)

    def write(self, values: Sequence[Any], out: np.ndarray) -> None:
        for row, value in enumerate(values):
            place = self._place.get(value, self._other)
            if place is not None:
                out[row, place] = 1.0


class _Text:
    """TF-IDF of words and word pairs, rows of unit length; reduced to few dimensions where asked to be dense.

    alone: the text is all there is; dense rows then have length sqrt(d), so that coordinates have about unit size.
    """

    def __init__(self, *, dense: bool, alone: bool) -> None:
        self.dense, self.alone = dense, alone
        self.width = 0
        self._vectorizer: Any = None
        self._basis: np.ndarray | None = None

    def fit(self, xs: Sequence[Any]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        texts = ["" if x is None else str(x) for x in xs]
        self._vectorizer = TfidfVectorizer(
            ngram_range=(1, 2),
            sublinear_tf=True,
            max_features=VOCABULARY,
            token_pattern=r"(?u)\b\w+\b",
            min_df=1 if len(texts) < 1_000 else 2,
        )
        try:
            encoded = self._vectorizer.fit_transform(texts)
        except ValueError:  # no text has a word that counts
            self._vectorizer, self._basis, self.width = None, None, 1
            return
        self.width = encoded.shape[1]
        if self.dense:
            self._basis = _right_singular_vectors(encoded, TEXT_DIMENSIONS)
            self.width = self._basis.shape[1]

    def transform(self, xs: Sequence[Any]) -> Matrix:
        if self._vectorizer is None or not len(xs):
            empty = np.zeros((len(xs), self.width))
            return empty if self.dense else _csr(empty)
        encoded = self._vectorizer.transform(["" if x is None else str(x) for x in xs])
        if self._basis is None:
            return encoded
        reduced = np.asarray(encoded @ self._basis)
        length = np.linalg.norm(reduced, axis=1, keepdims=True)
        reduced /= np.where(length > 1e-12, length, 1.0)
        return reduced * math.sqrt(self.width) if self.alone else reduced


def _csr(dense: np.ndarray) -> Any:
    from scipy.sparse import csr_matrix

    return csr_matrix(dense)


def _right_singular_vectors(matrix: Any, dimensions: int, *, rounds: int = 4) -> np.ndarray:
    """Return the leading right singular vectors (m, k), k <= dimensions, of a sparse (n, m) matrix.

    Halko, Martinsson & Tropp (2011), algorithm 4.4: a random sketch, a few power iterations with re-orthogonalisation, a small exact problem.
    The sketch depends on nothing but the matrix's shape, so every learner sees the same features.
    """
    n, m = matrix.shape
    sketch = np.random.default_rng(stable_hash("sketch", n, m)).standard_normal((m, min(dimensions + 10, n, m)))
    range_ = np.linalg.qr(matrix @ sketch)[0]
    for _ in range(rounds):
        range_ = np.linalg.qr(matrix @ np.linalg.qr(matrix.T @ range_)[0])[0]
    _, values, vectors = np.linalg.svd((matrix.T @ range_).T, full_matrices=False)
    kept = max(1, int(np.sum(values[:dimensions] > 1e-9 * values[0])))
    return np.ascontiguousarray(vectors[:kept].T)


class _Record:
    """The columns of a record side by side; None is a missing value."""

    def __init__(self, info: TaskInfo, *, dense: bool) -> None:
        if not info.columns:
            raise UnsupportedTask(f"task {info.name!r} has records, but its TaskInfo names no columns; give columns=(Column(...), ...)")
        self._plain: list[tuple[int, _Number | _Category]] = []
        self._texts: list[tuple[int, _Text]] = []
        for place, column in enumerate(info.columns):
            if column.kind == "text":
                self._texts.append((place, _Text(dense=dense, alone=False)))
            else:
                self._plain.append((place, _Number() if column.kind == "number" else _Category()))
        self._dense = dense
        self._columns = len(info.columns)
        self.width = 0

    def fit(self, xs: Sequence[Any]) -> None:
        for place, encoder in (*self._plain, *self._texts):
            encoder.fit([x[place] for x in xs])
        self.width = sum(encoder.width for _, encoder in (*self._plain, *self._texts))

    def transform(self, xs: Sequence[Any]) -> Matrix:
        if len(xs) and len(xs[0]) != self._columns:
            raise InputError(
                f"a record of {len(xs[0])} values was given, but the task names {self._columns} columns; give one value a column"
            )
        plain = np.zeros((len(xs), sum(encoder.width for _, encoder in self._plain)))
        start = 0
        for place, encoder in self._plain:
            encoder.write([x[place] for x in xs], plain[:, start : start + encoder.width])
            start += encoder.width
        if not self._texts:
            return plain
        blocks = [encoder.transform([x[place] for x in xs]) for place, encoder in self._texts]
        if self._dense:
            return np.hstack([plain, *blocks])
        from scipy.sparse import hstack

        return hstack([_csr(plain), *blocks], format="csr")
