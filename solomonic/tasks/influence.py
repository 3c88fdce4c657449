"""Statistics of many contributions, each with its influence function.

A statistic maps contributions to its estimate and to the influence (n,) of each question, whose mean is 0: the derivative of the estimate in the
weight of that question (the infinitesimal jackknife; Efron & Tibshirani 1993, ch. 21). Estimate plus influence are the pseudo-values of `metrics`.
Without a question, and where a statistic is undefined, both are nan.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np

Statistic = Callable[[np.ndarray], tuple[float, np.ndarray]]

BINS: Final = 15
"""Equal-width bins of confidence."""

LEVELS: Final = np.linspace(0.05, 0.95, 19)
"""Nominal levels at which the coverage of predicted distributions is checked."""


def mean(contributions: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean of contributions (n,)."""
    if not len(contributions):
        return _undefined(0)
    estimate = float(contributions.mean())
    return estimate, contributions - estimate


def root_mean(contributions: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the square root of the mean of contributions (n,): sqrt(s) has influence (s_i - s) / (2 sqrt(s))."""
    if not len(contributions):
        return _undefined(0)
    inner = float(contributions.mean())
    estimate = math.sqrt(inner)
    return estimate, (contributions - inner) / (2.0 * estimate) if estimate else np.zeros(len(contributions))


def expected_calibration_error(contributions: np.ndarray) -> tuple[float, np.ndarray]:
    """Return how far stated probabilities are from what came true.

    contributions (n, 2), confidence and rightness (0 or 1): sum over bins b of |sum_{i in b} (confidence_i - right_i)| / n
    (Naeini, Cooper & Hauskrecht 2015). It is biased upwards on few questions.
    contributions (n,), the predicted distribution at the truth: the mean over levels of |share at or below the level - level|
    (Kuleshov, Fenner & Ermon 2018).
    """
    n = len(contributions)
    if not n:
        return _undefined(0)
    if contributions.ndim == 1:
        below = contributions[:, None] <= LEVELS
        share = below.mean(axis=0)
        influence = (np.sign(share - LEVELS) * (below - share)).mean(axis=1)
        return float(np.abs(share - LEVELS).mean()), influence
    gap = contributions[:, 0] - contributions[:, 1]
    place = np.minimum((contributions[:, 0] * BINS).astype(np.int64), BINS - 1)
    total = np.bincount(place, weights=gap, minlength=BINS)
    estimate = float(np.abs(total).sum() / n)
    return estimate, np.sign(total)[place] * gap - estimate


def roc_area(contributions: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the area under the ROC curve of contributions (n, 2): score, and whether the second choice was true (0 or 1).

    It is the share of (true, false) pairs that are in the right order, ties counting half. A question's component is its own share of such pairs
    (DeLong, DeLong & Clarke-Pearson 1988, via mid-ranks: Sun & Xu 2014), weighted by one over the share of its class. Undefined with one class only.
    """
    n = len(contributions)
    positive = contributions[:, 1] > 0.5 if n else np.zeros(0, dtype=bool)
    m = int(positive.sum())
    if m in (0, n):
        return _undefined(n)
    score = contributions[:, 0]
    component = np.empty(n)
    overall = _midranks(score)
    component[positive] = (overall[positive] - _midranks(score[positive])) / (n - m)
    component[~positive] = 1.0 - (overall[~positive] - _midranks(score[~positive])) / m
    estimate = float(component[positive].mean())
    return estimate, (component - estimate) * np.where(positive, n / m, n / (n - m))


def macro_f1(contributions: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean F1 over the classes that were answered or true; contributions (n, 2): places of prediction and truth, -1 for an abstention.

    F_c = 2 a / b with a the share of questions rightly answered c, and b the share answered c plus the share truly c;
    its influence is (2 a_i - F_c b_i) / b (delta method).
    """
    n = len(contributions)
    if not n:
        return _undefined(0)
    places = contributions.astype(np.int64)
    seen = np.unique(places[places >= 0])
    estimate, influence = 0.0, np.zeros(n)
    for c in seen:
        answered, true = places[:, 0] == c, places[:, 1] == c
        right = answered & true
        size = answered.astype(np.float64) + true
        b = float(size.mean())
        f1 = 2.0 * float(right.mean()) / b
        estimate += f1 / seen.size
        influence += (2.0 * right - f1 * size) / b / seen.size
    return estimate, influence


def _midranks(values: np.ndarray) -> np.ndarray:
    """Return the ranks (n,) from 1, equal values sharing the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: np.ndarray = (np.cumsum(counts) - (counts - 1) / 2.0)[place]
    return ranks


def _undefined(n: int) -> tuple[float, np.ndarray]:
    return math.nan, np.full(n, math.nan)
