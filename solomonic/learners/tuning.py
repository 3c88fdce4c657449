"""Inner validation: how a learner chooses its own settings from the lesson alone, on the same inner folds and with the same budget for all.

A learner lists its settings in order of prior plausibility and tries the first `Budget.candidates` of them. Inductive ones are scored on inner
folds, transductive ones by leaving each remembered item out, which for them costs no more than asking. The score is the log-loss for classes and
the squared error for numbers. Folds are drawn from a generator that depends on the lesson alone, so they are the same for every learner.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import numpy as np

from ..records import Budget, stable_hash
from ..tasks.folds import stratified_folds
from .base import smooth

Setting = TypeVar("Setting")

FIVE_BELOW: Final = 500
THREE_BELOW: Final = 2_000


@dataclass(frozen=True, slots=True)
class Choice(Generic[Setting]):
    """What inner validation chose. losses: each tried setting's mean loss; `loss`: that of the chosen one (nats, or squared units of y).

    n: observations that were predicted while held out; 0 where the lesson was too small to hold any out.
    """

    setting: Setting
    losses: tuple[float, ...]
    n: int

    @property
    def loss(self) -> float:
        """The chosen setting's mean loss."""
        return min(self.losses) if self.losses else math.nan


def lesson_rng(ys: Sequence[Any] | np.ndarray, *parts: object) -> np.random.Generator:
    """Return a generator that depends on nothing but the lesson's answers and the given words."""
    values = np.asarray(ys)
    digest = stable_hash(values.tobytes().hex()) if values.dtype != object else stable_hash(*values.tolist())
    return np.random.default_rng([stable_hash("lesson", len(values), *parts), digest])


def dealt(ys: np.ndarray, budget: Budget) -> tuple[np.ndarray, int]:
    """Return the part (n,) of each item of a lesson with answers (n,), and how many of the parts are held out in turn, parts 0, 1, ...

    Five stratified parts, each held out, under 500 observations; three under 2,000; above, five of which only the first is held out (80/20).
    `budget.folds` overrules (1: one split 80/20). No part is held out where there are fewer than two observations.
    """
    n = len(ys)
    folds = budget.folds or (5 if n < FIVE_BELOW else 3 if n < THREE_BELOW else 1)
    if n < 2:
        return np.zeros(n, dtype=np.int64), 0
    parts = min(folds if folds > 1 else 5, n)
    return stratified_folds(ys.tolist(), parts, rng=lesson_rng(ys, "inner")), min(folds, parts)


def inner_folds(ys: np.ndarray, budget: Budget) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (train, validation) indices of each inner fold of a lesson with answers (n,): codes of classes, or numbers."""
    part, held_out = dealt(ys, budget)
    return [(np.flatnonzero(part != f), np.flatnonzero(part == f)) for f in range(held_out)]


def class_loss(probabilities: np.ndarray, codes: np.ndarray, n: int) -> float:
    """Return the summed log-loss of probabilities (m, a) for true codes (m,), smoothed as an answer of n observations would be."""
    return float(-smooth(probabilities, n)[np.arange(len(codes)), codes].sum())


def choose(
    settings: Sequence[Setting],
    ys: np.ndarray,
    budget: Budget,
    loss: Callable[[Setting, np.ndarray, np.ndarray], float],
    *,
    always: bool = False,
) -> Choice[Setting]:
    """Return the best of the first `budget.candidates` settings on the inner folds; the first of equals.

    loss: (setting, train, validation indices) -> summed loss over the validation items. Each fold is held out for every setting in turn, in the
    order given, so a learner may warm-start one setting from the last. always: measure the loss even of a single setting.
    """
    tried = settings[: max(1, budget.candidates)]
    folds = inner_folds(ys, budget)
    held_out = sum(validation.size for _, validation in folds)
    if not held_out or (len(tried) == 1 and not always):
        return Choice(tried[0], (), 0)
    totals = np.zeros(len(tried))
    for train, validation in folds:
        for place, setting in enumerate(tried):
            totals[place] += loss(setting, train, validation)
    losses = totals / held_out
    return Choice(tried[int(np.nanargmin(losses))], tuple(losses.tolist()), held_out)
