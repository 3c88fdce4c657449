"""What a scikit-learn estimator is, what it reads and what it keeps, found by looking."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np

from . import registry
from .reachable import reachable, rows_kept

PROBE_ROWS: Final = 31
PROBE_WIDTH: Final = 7


@contextmanager
def fixed_global_state(seed: int) -> Iterator[None]:
    """Let estimators that draw from numpy's global state find the same one each time, and put back the one that was there."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


def role(estimator: Any) -> str | None:
    """Return "classifier", "regressor", or None for any other estimator."""
    from sklearn.base import is_classifier, is_regressor

    try:
        return "classifier" if is_classifier(estimator) else "regressor" if is_regressor(estimator) else None
    except AttributeError:  # an estimator in all but its ancestry
        declared = getattr(estimator, "_estimator_type", None)
        return declared if declared in ("classifier", "regressor") else None


def reads_text(estimator: Any) -> bool:
    """Return whether the estimator begins with a text vectoriser, and so wants texts, not features."""
    steps = getattr(estimator, "steps", None)
    inner = getattr(estimator, "estimator", None)
    if isinstance(steps, list) and steps:
        return hasattr(steps[0][1], "build_analyzer") or reads_text(steps[0][1])
    return inner is not None and not isinstance(inner, str) and reads_text(inner)


_KEEPS: dict[str, bool] = {}


def keeps_rows(estimator: Any) -> bool:
    """Return whether a fitted copy still holds rows that it was fitted to; False where it cannot be fitted to made-up rows."""
    key = registry.parameters(estimator)
    if key not in _KEEPS:
        _KEEPS[key] = _probe(estimator)
    return _KEEPS[key]


def _probe(estimator: Any) -> bool:
    from sklearn.base import clone

    rng = np.random.default_rng(0)
    rows = np.abs(rng.standard_normal((PROBE_ROWS, PROBE_WIDTH)))
    places = np.arange(PROBE_ROWS) % 3
    rows[:, 0] += places
    x: Any = [" ".join(f"w{round(10 * value)}" for value in row) for row in rows] if reads_text(estimator) else rows
    y = places if role(estimator) == "classifier" else rows[:, 0] + 1.0
    with warnings.catch_warnings(), fixed_global_state(0):
        warnings.simplefilter("ignore")
        try:
            fitted = clone(estimator).fit(x, y)
        except Exception:
            return False
        return any(rows_kept(fitted, seen) for seen in _representations(fitted, x))


def _representations(fitted: Any, x: Any) -> Iterator[np.ndarray]:
    """Yield the rows as given, and as each pipeline within reach passes them on."""
    if isinstance(x, np.ndarray):
        yield x
    for part in reachable(fitted):
        steps = getattr(part, "steps", None)
        if not isinstance(steps, list) or not hasattr(part, "predict"):
            continue
        passed = x
        for _, step in steps[:-1]:
            if step in (None, "passthrough"):
                continue
            try:
                passed = step.transform(passed)
            except Exception:
                break
            dense = passed.toarray() if hasattr(passed, "toarray") else np.asarray(passed)
            if dense.ndim == 2 and dense.dtype.kind == "f":
                yield dense
