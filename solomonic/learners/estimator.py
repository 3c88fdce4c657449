"""Any scikit-learn classifier or regressor as a learner.

Features are those that every learner gets (`learners.features`, dense); a pipeline that begins with a text vectoriser is given the texts
themselves. The estimator is cloned for each learner, a `random_state` that the user left open is drawn from the learner's generator, and an
`n_neighbors` above the number of items is lowered to it. Its own settings are not tuned: what was given is what sits the exam (give a
GridSearchCV to have it tuned).

Probabilities, in this order, smoothed as everywhere: `predict_proba`; softmax(t s) of the decision function s, its temperature t fitted on inner
folds (Platt 1999; Guo et al. 2017), which never changes the most probable class; else the predicted class with the accuracy of the inner folds.
A regressor's predictive is normal, its scale the root mean squared error of the inner folds.

Does it keep data? That is found by looking: a clone is fitted to a few made-up rows, and its attributes are searched for them (nearest
neighbours, Gaussian processes and support vector machines keep theirs). One that keeps data is transductive: all observations are kept and each
study fits to all of them. Any other is inductive: a study fits to what came since the last one and drops it, by `partial_fit` from the second
study on where the estimator has it and the block brings no new class, otherwise from scratch; a block of one class alone leaves it as it is.
`EstimatorFactory(estimator, remember=True)` keeps every observation for an estimator that would not, and is declared a hybrid.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import CellFailed, InputError, UnsupportedTask
from ..records import Answer, Budget, Kind, Observation, Query, TaskInfo
from . import registry
from .base import Base, smooth, softmax
from .features import X_TYPES, Features
from .probing import fixed_global_state, keeps_rows, reads_text, role
from .studying import predictive_scale
from .tuning import inner_folds


class EstimatorFactory:
    """Makes learners of one scikit-learn estimator; declares what the estimator was found to keep."""

    sees_batch = False

    def __init__(self, estimator: Any, *, remember: bool = False) -> None:
        self.estimator = estimator
        self.remember = remember

    def __repr__(self) -> str:
        return registry.label(self.estimator)

    @property
    def kind(self) -> Kind:
        """Transductive where the estimator itself keeps data, hybrid where it was told to remember, else inductive."""
        return "transductive" if keeps_rows(self.estimator) else "hybrid" if self.remember else "inductive"

    @property
    def keeps_data(self) -> bool:
        """Whether raw observations are still reachable after a study."""
        return self.remember or keeps_rows(self.estimator)

    def refuses(self, info: TaskInfo) -> str | None:
        """Return why this estimator cannot sit the exam, or None where it can."""
        name = registry.label(self.estimator)
        if info.x_type not in X_TYPES:
            return f"{name} takes x of type {' or '.join(X_TYPES)}; task {info.name!r} has {info.x_type!r}"
        what = role(self.estimator)
        if what is None:
            return f"{name} is neither a classifier nor a regressor"
        if info.y_type not in ("class", "number"):
            return f"{name} gives answers of type class or number; task {info.name!r} asks for {info.y_type!r}"
        if what != ("regressor" if info.y_type == "number" else "classifier"):
            return f"{name} is a {what}; task {info.name!r} asks for a {info.y_type}"
        if info.x_type != "text" and reads_text(self.estimator):
            return f"{name} begins with a text vectoriser; task {info.name!r} has x of type {info.x_type!r}"
        return None

    def __call__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> Estimator:
        """Return a fresh learner around a clone.

        Raises:
            UnsupportedTask: it cannot sit this exam.
        """
        reason = self.refuses(info)
        if reason is not None:
            raise UnsupportedTask(reason)
        return Estimator(info, rng=rng, budget=budget, estimator=self.estimator, keep=self.keeps_data)

    def warm_up(self) -> None:
        """Import scikit-learn and look at what the estimator keeps."""
        keeps_rows(self.estimator)


class Estimator(Base):
    """A scikit-learn estimator at an exam. keep: every observation is kept, and each study fits to all of them."""

    kind = "inductive"
    keeps_data = False

    def __init__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget, estimator: Any, keep: bool) -> None:
        super().__init__(info, rng=rng, budget=budget)
        self._template = estimator
        self._keep = keep
        self._random_state = int(rng.integers(2**31))
        self._pending: list[Observation] = []
        self._lesson: list[Observation] = []
        self._row: dict[str, int] = {}
        self._features: Features | None = None
        self._fitted: Any = None
        self._studied = 0
        self._basis = 0
        self._counts = np.zeros(len(self.labels), dtype=np.int64)
        self._seen = np.zeros(0, dtype=np.int64)
        self._temperature = 1.0
        self._accuracy = 0.0
        self._errors = np.zeros(2)
        self._scale = 1.0
        self._warned: dict[str, None] = {}

    def __repr__(self) -> str:
        return f"Estimator({registry.label(self._template)}, {self.info.name}, {self._studied} observations)"

    @property
    def notes(self) -> tuple[str, ...]:
        """What the estimator warned of; the bench shows it beside the results."""
        return tuple(self._warned)

    def fresh(self, info: TaskInfo, *, rng: np.random.Generator) -> Estimator:
        """Return a learner around the same estimator that has seen nothing."""
        return Estimator(info, rng=rng, budget=self.budget, estimator=self._template, keep=self._keep)

    def _known(self) -> int:
        return self._studied

    def observe(self, observations: Sequence[Observation]) -> None:
        """Hold labelled observations until the next study."""
        self._pending.extend(observation for observation in observations if observation.y is not None)

    def study(self) -> None:
        """Fit to everything that is kept, or to what came since the last study.

        Raises:
            CellFailed: the estimator failed; the message names it and gives its reason.
        """
        if not self._pending:
            return
        block, self._pending = self._pending, []
        if self._keep:
            self._remember(block)
            block = self._lesson
            self._counts[:] = 0
            self._studied = 0
        xs, ys = [observation.x for observation in block], [observation.y for observation in block]
        self._studied += len(xs)
        with self._watched("fit"), fixed_global_state(self._random_state):
            if self.classifies:
                codes = self.labels.codes(ys)
                self._counts += np.bincount(codes, minlength=len(self.labels))
                self._study_classes(xs, codes)
            else:
                self._study_numbers(xs, np.array(ys, dtype=np.float64))

    def _remember(self, block: Sequence[Observation]) -> None:
        """Keep a block; a correction (a later observation of the same x, linked to an earlier one) takes that one's place."""
        for observation in block:
            rows = [self._row[link] for link in observation.links if link in self._row]
            corrected = [row for row in rows if _corrects(observation, self._lesson[row])]
            row = corrected[0] if corrected else len(self._lesson)
            self._lesson[row : row + 1] = [observation]
            self._row[observation.id] = row

    def _study_classes(self, xs: list[Any], codes: np.ndarray) -> None:
        if self._goes_on() and np.isin(codes, self._seen).all():
            self._fitted.partial_fit(self._encode(xs), np.searchsorted(self._seen, codes))
            self._basis += len(xs)
            return
        seen = np.unique(codes)
        if seen.size == 1 and self._fitted is not None and not self._keep:
            return
        self._seen, self._basis, self._fitted = seen, len(xs), None
        encoded = self._encode_anew(xs)
        if seen.size == 1:
            return
        places = np.searchsorted(seen, codes)
        self._fitted = self._fit(encoded, places)
        if not hasattr(self._fitted, "predict_proba"):
            self._calibrate(encoded, places)

    def _study_numbers(self, xs: list[Any], y: np.ndarray) -> None:
        if self._goes_on():
            encoded = self._encode(xs)
            self._errors += np.sum((self._predict(encoded) - y) ** 2), len(y)
            self._fitted.partial_fit(encoded, y)
        else:
            encoded = self._encode_anew(xs)
            self._errors = np.zeros(2)
            for train, held_out in inner_folds(y, self.budget):
                fitted = self._fit(_take(encoded, train), y[train])
                self._errors += np.sum((_numbers(fitted, _take(encoded, held_out)) - y[held_out]) ** 2), held_out.size
            self._fitted = self._fit(encoded, y)
        squared, n = self._errors
        self._scale = predictive_scale(squared / n if n else math.nan, y)

    def _answer(self, queries: Sequence[Query]) -> list[Answer]:
        with self._watched("predict"):
            encoded = self._encode([query.x for query in queries])
            if not self.classifies:
                return self._normal(self._predict(encoded), np.full(len(queries), self._scale))
            frequencies = self._counts / self._counts.sum()
            probabilities = np.tile(frequencies, (len(queries), 1))
            if self._fitted is not None:
                found = np.zeros_like(probabilities)
                found[:, self._seen] = self._probabilities(self._fitted, encoded)
                probabilities = np.where(np.isfinite(found).all(axis=1, keepdims=True), found, probabilities)
        return self._categorical(smooth(probabilities, self._basis))

    def _probabilities(self, fitted: Any, encoded: Any) -> np.ndarray:
        """Return probabilities (q, seen classes)."""
        if hasattr(fitted, "predict_proba"):
            given = np.clip(np.asarray(fitted.predict_proba(encoded), dtype=np.float64), 0.0, None)
            shares: np.ndarray = given / given.sum(axis=1, keepdims=True)
            return shares
        scores = _scores(fitted, encoded, self._seen.size)
        if scores is not None:
            return softmax(self._temperature * scores)
        predicted = np.asarray(fitted.predict(encoded)).astype(np.int64)
        shares = np.full((len(predicted), self._seen.size), (1.0 - self._accuracy) / (self._seen.size - 1))
        shares[np.arange(len(predicted)), predicted] = self._accuracy
        return shares

    def _calibrate(self, encoded: Any, places: np.ndarray) -> None:
        """Set the temperature of the decision function, or the accuracy of bare predictions, on the inner folds."""
        k = self._seen.size
        scores: list[np.ndarray] = []
        truths: list[np.ndarray] = []
        right = held = 0
        for train, held_out in inner_folds(places, self.budget):
            if np.unique(places[train]).size < k:
                continue
            fitted = self._fit(_take(encoded, train), places[train])
            tested = _take(encoded, held_out)
            found = _scores(fitted, tested, k)
            if found is None:
                right += int(np.sum(np.asarray(fitted.predict(tested)) == places[held_out]))
                held += held_out.size
            else:
                scores.append(found)
                truths.append(places[held_out])
        self._accuracy = max((right + 1.0) / (held + 2.0), 1.0 / k)
        self._temperature = _best_temperature(np.concatenate(scores), np.concatenate(truths)) if scores else 1.0

    def _goes_on(self) -> bool:
        return not self._keep and self._fitted is not None and hasattr(self._fitted, "partial_fit")

    def _fit(self, encoded: Any, y: np.ndarray) -> Any:
        """Return a fitted copy; open random states are set, and no more neighbours are asked for than there are."""
        from sklearn.base import clone

        copy = clone(self._template)
        settings: dict[str, int] = {}
        for path, value in copy.get_params().items():
            name, whole = path.split("__")[-1], isinstance(value, (int, np.integer))
            if name == "random_state" and not whole:
                settings[path] = self._random_state
            elif name == "n_neighbors" and whole and value > len(y):
                settings[path] = len(y)
        return copy.set_params(**settings).fit(encoded, y)

    def _encode_anew(self, xs: list[Any]) -> Any:
        if not reads_text(self._template):
            self._features = Features(self.info, dense=True, scale="auto").fit(xs)
        return self._encode(xs)

    def _encode(self, xs: list[Any]) -> Any:
        return self._features.transform(xs) if self._features is not None else ["" if x is None else str(x) for x in xs]

    def _predict(self, encoded: Any) -> np.ndarray:
        return _numbers(self._fitted, encoded)

    @contextmanager
    def _watched(self, doing: str) -> Iterator[None]:
        """Note warnings instead of showing them, and turn a failure of the estimator into one line."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                yield
            except (InputError, UnsupportedTask):
                raise
            except Exception as error:
                reason = " ".join(f"{type(error).__name__}: {error}".split())
                raise CellFailed(f"{registry.label(self._template)} failed in {doing}: {reason[:300]}") from error
        self._warned.update(dict.fromkeys(f"{warning.category.__name__} in {doing}" for warning in caught))


def _corrects(later: Observation, earlier: Observation) -> bool:
    return later.at > earlier.at and bool(np.all(np.asarray(later.x == earlier.x)))


def _take(encoded: Any, indices: np.ndarray) -> Any:
    return [encoded[i] for i in indices] if isinstance(encoded, list) else encoded[indices]


def _numbers(fitted: Any, encoded: Any) -> np.ndarray:
    return np.asarray(fitted.predict(encoded), dtype=np.float64).reshape(len(encoded), -1)[:, 0]


def _scores(fitted: Any, encoded: Any, k: int) -> np.ndarray | None:
    """Return decision scores (q, k), or None where the estimator has none of that shape."""
    decide: Callable[[Any], Any] | None = getattr(fitted, "decision_function", None)
    if decide is None:
        return None
    scores = np.asarray(decide(encoded), dtype=np.float64)
    if scores.ndim == 1 and k == 2:
        return np.column_stack([np.zeros_like(scores), scores])
    return scores if scores.shape == (len(encoded), k) else None


def _best_temperature(scores: np.ndarray, truths: np.ndarray) -> float:
    """Return the factor t that minimises the log-loss of softmax(t scores) (m, k) for truths (m,)."""
    from scipy.optimize import minimize_scalar

    spread = float(np.std(scores)) or 1.0
    rows = np.arange(len(truths))

    def loss(log_t: float) -> float:
        return float(-smooth(softmax(math.exp(log_t) / spread * scores), len(truths))[rows, truths].sum())

    return math.exp(float(minimize_scalar(loss, bounds=(-6.0, 6.0), method="bounded").x)) / spread
