"""A softmax over everything remembered: kernel regression (Nadaraya 1964; Watson 1964), which is attention, and one step of a modern Hopfield
network (Ramsauer et al. 2021).

    weights = softmax(-b |q - x_i|^2),   answer = sum_i weights_i y_i

The inverse temperature b is global. Its candidates are given by how many records they attend to: b such that the weights' perplexity, exp(entropy),
is 4, 12, 40 or 120 on geometric average over left-out items (as in t-SNE: Hinton & Roweis 2002): that means the same in any dimension and unit.
Leave-one-out log-loss, or squared error, picks one.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from ..records import Answer, Budget, TaskInfo
from .base import smooth
from .readout import Spread, fit_spread, interpolated_loss
from .remembering import SHOWN, Transductive, nearest_rows

# Fewer than about four records make too noisy a vote; the factor of about three between targets is as fine as the loss is flat around its minimum.
GRID: Final = (12.0, 40.0, 4.0, 120.0, 400.0, 2.0, 7.0, 22.0)
SAMPLED_PAIRS: Final = 200_000


class Attention(Transductive):
    """A softmax-kernel readout; answers with interpolated class weights, or with their weighted mean and spread."""

    def __init__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> None:
        super().__init__(info, rng=rng, budget=budget)
        self.perplexity = GRID[0]
        self.losses: tuple[float, ...] = ()
        self._sharpness = 1.0
        self._mixing = 0.5
        self._spread = Spread(0.0, 1.0)

    def _select(self) -> None:
        n = len(self._source)
        targets = self._targets.array
        tried = [target for target in GRID[: max(1, self.budget.candidates)] if target < n - 1] or [max(1.0, (n - 1) / 2)]
        self.losses = ()
        if n < 2:
            self._sharpness, self._mixing, self._spread = 1.0, 0.5, fit_spread(np.zeros(0), np.zeros(0), targets)
            return
        _, squared = next(self.left_out(max(16, min(64, SAMPLED_PAIRS // n))))
        sharpness = sharpness_at(squared, tried)
        parts = [[self._readout(squared, rows, b) for b in sharpness] for rows, squared in self.left_out()]
        scored = [self._score(np.concatenate(part, axis=1)) for part in zip(*parts, strict=True)]
        self.losses = tuple(loss for loss, _ in scored)
        best = int(np.argmin(self.losses))
        self.perplexity, self._sharpness = tried[best], sharpness[best]
        calibration = scored[best][1]
        if isinstance(calibration, Spread):
            self._spread = calibration
        else:
            self._mixing = calibration

    def _readout(self, squared: np.ndarray, rows: np.ndarray, sharpness: float) -> np.ndarray:
        """Return what scoring left-out rows (b,) needs: the true class's weight and frequency (2, b), or residual and variance (2, b)."""
        weights = attention_weights(squared, sharpness)
        targets = self._targets.array
        if self.classifies:
            agree = targets[rows][:, None] == targets[None, :]
            return np.stack([np.einsum("bn,bn->b", weights, agree), self._frequencies()[targets[rows]]])
        means, variance = kernel_moments(weights, targets)
        return np.stack([targets[rows] - means, variance])

    def _score(self, readout: np.ndarray) -> tuple[float, float | Spread]:
        if self.classifies:
            return interpolated_loss(readout[0], readout[1])
        return float(np.mean(readout[0] ** 2)), fit_spread(readout[0], readout[1], self._targets.array)

    def _frequencies(self) -> np.ndarray:
        frequencies: np.ndarray = np.bincount(self._targets.array, minlength=len(self.labels)) / len(self._targets)
        return frequencies

    def _read(self, x: np.ndarray, squared: np.ndarray) -> list[Answer]:
        rows, _ = nearest_rows(squared, min(SHOWN, squared.shape[1]))
        evidence = self.evidence(rows)
        weights = attention_weights(squared, self._sharpness)
        targets = self._targets.array
        if not self.classifies:
            means, variance = kernel_moments(weights, targets)
            return self._normal(means, self._spread.scales(variance), evidence=evidence)
        shares = np.array([np.bincount(targets, line, minlength=len(self.labels)) for line in weights])
        shares /= shares.sum(axis=1, keepdims=True)  # single-precision weights sum to one only to seven digits
        mixed = (1.0 - self._mixing) * shares + self._mixing * self._frequencies()
        return self._categorical(smooth(mixed, len(targets)), evidence=evidence)


def attention_weights(squared: np.ndarray, sharpness: float) -> np.ndarray:
    """Return softmax(-sharpness squared) (q, n) float32; an infinite distance gets weight 0."""
    scores = (squared.min(axis=1, keepdims=True) - squared) * np.float32(sharpness)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    weights: np.ndarray = scores
    return weights


def kernel_moments(weights: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted means and variances (q,) of targets (n,) under weights (q, n) that sum to one."""
    weights = weights.astype(np.float64)
    centre = targets.mean()
    offset = weights @ (targets - centre)
    variance = np.maximum(weights @ (targets - centre) ** 2 - offset**2, 0.0)
    return centre + offset, variance


def mean_log_perplexity(squared: np.ndarray, sharpness: float) -> float:
    """Return the mean entropy in nats of the attention weights over squared distances (q, n)."""
    weights = attention_weights(squared, sharpness)
    logs = np.log(np.maximum(weights, 1e-30))
    return float(-np.einsum("qn,qn->q", weights, logs).mean())


def sharpness_at(squared: np.ndarray, perplexities: list[float], *, rounds: int = 12) -> list[float]:
    """Return the inverse temperatures whose mean log-perplexity over squared distances (q, n) is that of each target, by bisection.

    Entropy falls with sharpness, so one bisection each in log-sharpness suffices; records at infinite distance take no part.
    """
    finite = squared[np.isfinite(squared)]
    unit = float(np.median(finite)) or 1.0
    found = []
    for target in perplexities:
        low, high = math.log(1e-3 / unit), math.log(1e5 / unit)
        for _ in range(rounds):
            middle = 0.5 * (low + high)
            if mean_log_perplexity(squared, math.exp(middle)) > math.log(target):
                low = middle
            else:
                high = middle
        found.append(math.exp(0.5 * (low + high)))
    return found
