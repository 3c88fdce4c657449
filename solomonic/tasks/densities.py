"""The density and the distribution function of what a learner predicts for a number.

A Normal is what it is. Quantiles are read as a piecewise uniform density between their values, with exponential tails that continue the density of
the outermost piece and hold the mass beyond it; so the whole is a proper density. A piece narrower than a millionth of the whole span counts as
that wide, so that no atom earns an unbounded density.
"""

from __future__ import annotations

import math

import numpy as np

from ..errors import CellFailed
from ..records import Normal, Predictive, Quantiles

NARROWEST = 1e-6


def log_density(predictive: Predictive | None, y: float) -> float:
    """Return the log-density at y, in nats.

    Raises:
        CellFailed: there is no distribution over numbers, or it is not a proper one.
    """
    if isinstance(predictive, Normal):
        _check(predictive)
        return predictive.log_density(y)
    return _piece(predictive, y)[0]


def distribution(predictive: Predictive | None, y: float) -> float:
    """Return the predicted probability of at most y (the probability integral transform of the truth).

    Raises:
        CellFailed: there is no distribution over numbers, or it is not a proper one.
    """
    if isinstance(predictive, Normal):
        _check(predictive)
        return 0.5 * math.erfc((predictive.mean - y) / (predictive.scale * math.sqrt(2.0)))
    return _piece(predictive, y)[1]


def _check(normal: Normal) -> None:
    if not (math.isfinite(normal.mean) and 0.0 < normal.scale < math.inf):
        raise CellFailed(
            f"a Normal of mean {normal.mean} and scale {normal.scale} is not a distribution; the scale must be finite and above 0"
        )


def _piece(predictive: Predictive | None, y: float) -> tuple[float, float]:
    """Return log-density and distribution function of quantiles at y."""
    if not isinstance(predictive, Quantiles):
        kind = "no distribution" if predictive is None else type(predictive).__name__
        raise CellFailed(
            f"log-loss and calibration of a number need a Normal or Quantiles, and the answer has {kind}; leave these metrics out"
        )
    levels = np.asarray(predictive.levels, dtype=np.float64)
    values = np.asarray(predictive.values, dtype=np.float64)
    span = float(values[-1] - values[0]) if values.size else 0.0
    proper = levels.shape == values.shape and 0.0 < levels[0] < levels[-1] < 1.0 if levels.size > 1 else False
    if not (proper and 0.0 < span < math.inf and np.all(np.diff(levels) > 0) and np.all(np.diff(values) >= 0)):
        raise CellFailed("quantiles are not a distribution; give two or more, at rising levels inside (0, 1), with values that do not fall")
    mass = np.diff(levels)
    edges = values[0] + np.concatenate(([0.0], np.cumsum(np.maximum(np.diff(values), NARROWEST * span))))
    density = mass / np.diff(edges)
    if y < edges[0]:
        rate = density[0] / levels[0]
        tail = float((y - edges[0]) * rate)
        return math.log(density[0]) + tail, float(levels[0]) * math.exp(tail)
    if y >= edges[-1]:
        rest = 1.0 - levels[-1]
        tail = float((edges[-1] - y) * density[-1] / rest)
        return math.log(density[-1]) + tail, 1.0 - float(rest) * math.exp(tail)
    i = int(np.searchsorted(edges, y, side="right")) - 1
    return math.log(density[i]), float(levels[i] + (y - edges[i]) * density[i])
