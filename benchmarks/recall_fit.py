"""Fits the weights of the channels: a conditional logit over the candidates of each question, no weight below zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from recall_sets import Asked
from scipy.optimize import minimize

from solomonic.memory.fusion import Weights
from solomonic.records import stable_hash

RIDGE = 1.0
FOLDS = 5


@dataclass(frozen=True)
class Table:
    """The candidates of one question: places (n,), channels (n, c), which are evidence (n,)."""

    store: str
    asked: Asked
    places: np.ndarray
    parts: np.ndarray
    right: np.ndarray
    evidence: tuple[int, ...]

    @property
    def fold(self) -> str:
        """What is left out together: a whole dialogue, or a fifth of the passages' questions."""
        return self.store if self.store.startswith("conv") else f"{self.store} {stable_hash(self.asked.text) % FOLDS}"


def vector_of(weights: Weights) -> np.ndarray:
    return np.array(astuple(weights))


def fit(tables: Sequence[Table], *, keep: np.ndarray | None = None) -> np.ndarray:
    """Weights (c,) that make the evidence most probable, mean over questions; `keep` (c,): channels that may count."""
    usable = [table for table in tables if table.right.any()]
    c = usable[0].parts.shape[1]
    sizes = np.array([len(table.right) for table in usable])
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    parts = np.concatenate([table.parts for table in usable])
    target = np.concatenate([table.right / table.right.sum() for table in usable])
    goal = target @ parts

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        scores = parts @ weights
        scores -= np.repeat(np.maximum.reduceat(scores, starts), sizes)
        grown = np.exp(scores)
        totals = np.add.reduceat(grown, starts)
        value = np.log(totals).sum() - target @ scores + RIDGE * weights @ weights
        return value / len(usable), (grown / np.repeat(totals, sizes)) @ parts / len(usable) - goal / len(
            usable
        ) + 2 * RIDGE * weights / len(usable)

    bounds = [(0.0, None if keep is None or keep[i] else 0.0) for i in range(c)]
    return np.asarray(minimize(loss, np.zeros(c), jac=True, method="L-BFGS-B", bounds=bounds).x)
