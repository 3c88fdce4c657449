"""From weighted votes to proper predictives: deleted interpolation for classes, a validated spread for numbers.

Votes are sharp where the nearest records agree, and then wrong with some frequency that only held-out items tell. Deleted interpolation
(Jelinek & Mercer 1980) mixes them with the class frequencies, p = (1 - e) votes + e frequencies, e fitted by EM to items left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from .studying import predictive_scale

FLOORS: Final = (1.0, 0.3, 0.1, 0.03)


def votes(codes: np.ndarray, weights: np.ndarray, choices: int) -> np.ndarray:
    """Return the normalised votes (q, a) of records with codes (q, k) and weights (q, k), not all zero in a row."""
    q = len(codes)
    places = codes + np.arange(q)[:, None] * choices
    summed = np.bincount(places.ravel(), weights.ravel(), minlength=q * choices).reshape(q, choices)
    shares: np.ndarray = summed / summed.sum(axis=1, keepdims=True)
    return shares


def interpolation_weight(model: np.ndarray, prior: np.ndarray, *, rounds: int = 40) -> float:
    """Return the e that maximises sum log((1 - e) model + e prior) for the probabilities (m,) given to the true answers.

    One imagined item that is half explained by the prior keeps e inside (0, 1); with no item at all e is 1/2.
    """
    e = 0.1
    for _ in range(rounds if model.size else 1):
        share = e * prior / np.maximum((1.0 - e) * model + e * prior, 1e-300)
        e = (float(share.sum()) + 0.5) / (model.size + 1.0)
    return e


def interpolated_loss(model: np.ndarray, prior: np.ndarray) -> tuple[float, float]:
    """Return the mean log-loss under the best interpolation of the true answers' probabilities (m,), and its weight e."""
    e = interpolation_weight(model, prior)
    return float(-np.log(np.maximum((1.0 - e) * model + e * prior, 1e-300)).mean()), e


@dataclass(frozen=True, slots=True)
class Spread:
    """How wide a normal predictive is: scale^2 = gain (local variance + floor).

    gain 0: the same everywhere, sqrt(floor).
    """

    gain: float
    floor: float

    def scales(self, variance: np.ndarray) -> np.ndarray:
        """Return standard deviations (q,) from the variances (q,) of the answers nearby."""
        if not self.gain:
            return np.full(len(variance), math.sqrt(self.floor))
        scales: np.ndarray = np.sqrt(self.gain * (variance + self.floor))
        return scales


def fit_spread(residuals: np.ndarray, variance: np.ndarray, y: np.ndarray) -> Spread:
    """Return the spread under which the left-out residuals (m,) are likeliest: one scale for all, or one that follows the local variance (m,).

    The local one is calibrated so that squared residuals over squared scales average 1. Its floor is a share of the mean variance, since a few
    neighbours may agree by chance. y: all remembered answers, for memories too small to leave anything out.
    """
    if not residuals.size:
        return Spread(0.0, predictive_scale(math.nan, y) ** 2)
    squares = residuals**2
    overall = predictive_scale(float(squares.mean()), y) ** 2
    best, least = Spread(0.0, overall), math.log(overall) + 1.0
    for share in FLOORS:
        floor = share * float(variance.mean())
        if floor <= 0.0:
            break
        gain = float(np.mean(squares / (variance + floor)))
        loss = float(np.mean(np.log(variance + floor))) + math.log(gain) + 1.0 if gain > 0.0 else math.inf
        if loss < least:
            best, least = Spread(gain, floor), loss
    return best
