"""Many small models at once, each fitted around its own question and read there.

    minimise  sum_j v_j loss(y_j, b + W z_j) + 1/(2C) |W|^2,      z_j = (x_j - q) / root mean square distance of the k records

The weights v_j fall with distance, 1/(d/h + 0.03) scaled to mean 1, h the largest distance (after Shepard 1968): a record that coincides with the
question counts for some thirty at the border, enough to be heard and too little to be alone where answers are noisy. The bias b is not penalised
and z = 0 at the question, so b is the answer: as C falls to 0 the weighted vote of the k records, as C rises a locally linear model.

All is solved in the dual, of size k, whatever the dimension: with G = Z Z', V = diag(v) and M = (G + m V^-1)^-1, a ridge fit of y has b = w'y,
w = M 1 / 1'M 1, and residuals m V^-1 M (y - b). The logistic fit is a sequence of such ridge fits to working responses, by the fixed curvature bound 1/2
(Boehning 1992), accelerated (Beck & Teboulle 2009) with restarts (O'Donoghue & Candes 2015).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .base import softmax

ROUNDS: Final = 200
TOLERANCE: Final = 2e-3
NEAREST: Final = 0.03


@dataclass(frozen=True)
class Neighbourhoods:
    """Neighbourhoods of k records: gram Z Z' (q, k, k), mean diagonal 1 (0 where all records coincide with the question), and weights v (q, k)."""

    gram: np.ndarray
    weights: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> Neighbourhoods:
        return Neighbourhoods(self.gram[rows], self.weights[rows])


def neighbourhoods(x: np.ndarray, neighbours: np.ndarray) -> Neighbourhoods:
    """Return the neighbourhoods of questions (q, d) with neighbours (q, k, d), in float64."""
    z = neighbours - x[:, None, :]
    gram = (z @ z.transpose(0, 2, 1)).astype(np.float64)
    squared = np.einsum("qkk->qk", gram)
    size = squared.mean(axis=1)
    gram /= np.where(size > 0, size, 1.0)[:, None, None]
    distance = np.sqrt(np.maximum(squared, 0.0))  # a view of the scaled gram's diagonal
    farthest = distance.max(axis=1, keepdims=True)
    weights = 1.0 / (distance / np.where(farthest > 0, farthest, 1.0) + NEAREST)
    return Neighbourhoods(gram, weights / weights.mean(axis=1, keepdims=True))


def ridge_at_origin(near: Neighbourhoods, y: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the bias (q,) of ridge fits to answers (q, k), and the weighted mean squared residual (q,) of each fit."""
    shrink = penalty / near.weights
    inverse, adding = _parts(near.gram, shrink)
    centre = y.mean(axis=1, keepdims=True)
    bias = np.einsum("qk,qk->q", adding, y - centre)[:, None] + centre
    residuals = shrink * np.einsum("qkl,ql->qk", inverse, y - bias)
    return bias[:, 0], np.mean(near.weights * residuals**2, axis=1)


def logistic_at_origin(near: Neighbourhoods, codes: np.ndarray, choices: int, c: float) -> np.ndarray:
    """Return class probabilities (q, choices) of logistic fits to neighbours with codes (q, k); a class a neighbourhood lacks gets 0.

    Neighbourhoods with the same number of classes are fitted together.
    """
    out = np.zeros((len(codes), choices))
    own, names, counts = own_codes(codes)
    for count in np.unique(counts):
        same = np.flatnonzero(counts == count)
        biases = _logistic(near[same], own[same], int(count), 2.0 / c)
        out[same[:, None], names[same, :count]] = softmax(biases)
    return out


def own_codes(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return codes (q, k) renumbered from 0 within each row, the names (q, k) of the new numbers, and how many there are (q,)."""
    order = np.argsort(codes, axis=1, kind="stable")
    ranked = np.take_along_axis(codes, order, axis=1)
    steps = np.zeros_like(ranked)
    steps[:, 1:] = np.cumsum(ranked[:, 1:] != ranked[:, :-1], axis=1)
    own = np.empty_like(codes)
    np.put_along_axis(own, order, steps, axis=1)
    names = np.zeros_like(codes)
    np.put_along_axis(names, steps, ranked, axis=1)
    return own, names, steps[:, -1] + 1


def _parts(gram: np.ndarray, shrink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return M = (G + diag(shrink))^-1 (q, k, k) and the weights (q, k) with which answers add up to the bias."""
    inverse = np.linalg.inv(gram + shrink[:, :, None] * np.eye(gram.shape[1]))
    adding = inverse.sum(axis=2)
    return inverse, adding / adding.sum(axis=1, keepdims=True)


def _logistic(near: Neighbourhoods, codes: np.ndarray, classes: int, penalty: float) -> np.ndarray:
    """Return the biases (q, a) of multinomial logistic fits; penalty = 2/C, since the curvature bound is 1/2.

    The inverse is taken in float64, the steps in float32. Each fit's answer is taken in the round in which it settles, whatever company it is in; once
    a quarter have settled, they step aside. Scores are (q, a, k): numpy sums fastest over an axis that is not the last.
    """
    truth = np.ascontiguousarray(np.eye(classes, dtype=np.float32)[codes].transpose(0, 2, 1))
    shrink = penalty / near.weights
    exact, exact_adding = _parts(near.gram, shrink)
    pull, adding = (exact * shrink[:, None, :]).astype(np.float32), exact_adding.astype(np.float32)[:, :, None]
    bias = np.log(truth.mean(axis=2, keepdims=True))
    scores = np.repeat(bias, codes.shape[1], axis=2)
    ahead = scores
    momentum = np.ones(len(codes), dtype=np.float32)
    out = np.zeros((len(codes), classes))
    running = np.arange(len(codes))
    unsettled = np.ones(len(codes), dtype=bool)
    for _ in range(ROUNDS):
        p = np.exp(ahead - ahead.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        response = ahead + 2.0 * (truth - p)
        before, bias = bias, response @ adding
        fitted = response - (response - bias) @ pull
        # Where the last step points against the one before, that row's momentum starts anew.
        step = fitted - scores
        against = np.einsum("qak,qak->q", ahead - fitted, step) > 0
        momentum[against] = 1.0
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        ahead = fitted + ((momentum - 1.0) / following)[:, None, None] * step
        scores, momentum = fitted, following
        settles = unsettled & (np.abs(bias - before).max(axis=(1, 2)) < TOLERANCE)
        out[running[settles]] = bias[settles, :, 0]
        unsettled &= ~settles
        if 4 * np.count_nonzero(unsettled) < 3 * unsettled.size:
            running, truth, pull, adding = running[unsettled], truth[unsettled], pull[unsettled], adding[unsettled]
            bias, scores, ahead, momentum = bias[unsettled], scores[unsettled], ahead[unsettled], momentum[unsettled]
            unsettled = np.ones(running.size, dtype=bool)
            if not running.size:
                return out
    out[running[unsettled]] = bias[unsettled, :, 0]
    return out
