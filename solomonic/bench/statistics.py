"""Intervals for means of dependent answers: clusters, moving blocks, pseudo-observations, and Holm's correction.

A mean over n questions, some of which belong together, gets a t interval whose variance is that of the unit totals: the linearised ratio estimator
with the small-sample correction and the degrees of freedom of Bell & McCaffrey (2002) for an intercept alone. Streams take overlapping blocks instead
(Kuensch 1989; Liu & Singh 1992; Meketon & Schmeiser 1984) of the length of Lazarus, Lewis, Stock & Watson (2018), never across two streams.
Fractions get pseudo-observations (Agresti & Coull 1998; Bonett & Price 2012), so that agreement on few questions is never taken for certainty.

The interval is over questions: it leaves out what another lesson, another seed or another data set would have changed (docs/statistics.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
TIE = 0.1
"""Correlation assumed between two questions of one unit for as long as the data cannot tell."""

SCORE_PSEUDO = (1.0, 1.0, 0.0, 0.0)
"""Two right and two wrong answers (Agresti & Coull 1998): for a single score."""

PAIR_PSEUDO = (1.0, -1.0)
"""One question that only a has right and one that only b has right (Bonett & Price 2012): for a paired difference."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its interval; `p`: two-sided p-value of a true mean of zero, from the same t statistic.

    value: the plain mean. low, high: infinite (or the bounds given) where nothing is known. n: questions. units: what varies independently:
    questions, groups, sequences or blocks. df: degrees of freedom; se: standard error behind the interval.
    """

    value: float
    low: float
    high: float
    n: int
    units: int
    df: float
    se: float
    p: float


def estimate(
    values: np.ndarray,
    units: np.ndarray,
    *,
    blocks: bool = False,
    pseudo: Sequence[float] = (),
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> Estimate:
    """Return the mean of the values with its 95 % interval.

    values: float (n,). units: int (n,), what each value belongs to; with `blocks` the stream it comes from, and the values stand in time order.
    pseudo: values of pseudo-questions; they move and widen the interval, never the mean. bounds: of the scale (0 and 1 for a fraction).
    """
    n = len(values)
    mean = float(np.mean(values)) if n else math.nan
    parts = _Blocks(values, units) if blocks else _Clusters(values, units)
    if not math.isfinite(mean) or not np.all(np.isfinite(values)) or parts.df <= 0.0:
        return Estimate(mean, bounds[0], bounds[1], n, parts.units, 0.0, math.inf, 1.0)
    extra = np.asarray(pseudo, dtype=np.float64)
    weight = _pseudo_weight(values, mean, parts, extra)
    total = n + weight * extra.size
    centre = (n * mean + weight * float(extra.sum())) / total
    added = weight**2 * float(np.sum((extra - centre) ** 2)) / (1.0 - weight / total)
    variance = (parts.sum_of_squares(centre, total) + added) / total**2
    se = math.sqrt(max(variance, 0.0))
    half = t_quantile(parts.df) * se
    low, high = min(mean, max(bounds[0], centre - half)), max(mean, min(bounds[1], centre + half))
    return Estimate(mean, low, high, n, parts.units, parts.df, se, p_value(centre, se, parts.df))


def _pseudo_weight(values: np.ndarray, mean: float, parts: _Clusters | _Blocks, extra: np.ndarray) -> float:
    """Return how many questions a pseudo-question stands for: the design effect (Kish 1965), shrunk towards that of a tie of 0.1.

    With questions that stand alone it is 1 and the textbook's pseudo-observations result. The shrinkage weighs as much as the pseudo-questions do,
    so a handful of disagreements overrules it; without any, nothing is known of the dependence inside a unit, and the assumption stands.
    """
    if not extra.size:
        return 0.0
    assumed = 1.0 + TIE * (parts.unit_size - 1.0)
    prior = float(np.sum((extra - mean) ** 2))
    spread = float(np.sum((values - mean) ** 2))
    measured = parts.sum_of_squares(mean, float(len(values)))
    return min(max(1.0, (measured + prior * assumed) / (spread + prior)), max(1.0, parts.unit_size))


class _Clusters:
    """Unit totals, for units that vary independently of each other."""

    def __init__(self, values: np.ndarray, units: np.ndarray) -> None:
        _, codes = np.unique(units, return_inverse=True)
        self.sizes = np.bincount(codes).astype(np.float64)
        self.totals = np.bincount(codes, weights=values)
        self.units = self.sizes.size
        self.unit_size = len(values) / self.units if self.units else 1.0
        self.df = bell_mccaffrey_df(self.sizes)

    def sum_of_squares(self, centre: float, n: float) -> float:
        """Return the estimate of the variance of the sum of all values, centred, as part of n questions in all."""
        residuals = self.totals - centre * self.sizes
        return float(np.sum(residuals**2 / (1.0 - self.sizes / n)))


class _Blocks:
    """Overlapping blocks inside each stream."""

    def __init__(self, values: np.ndarray, streams: np.ndarray) -> None:
        names = np.unique(streams)
        self.streams = [values[streams == name] for name in names]
        self.n = len(values)
        longest = max((len(stream) for stream in self.streams), default=0)
        self.length = block_length(longest)
        self.units = sum(len(stream) // self.length for stream in self.streams)
        self.unit_size = float(self.length)
        self.df = float(max(self.units - 1, 0))

    def sum_of_squares(self, centre: float, n: float) -> float:
        """Return the estimate of the variance of the sum of all values: the mean squared block sum, scaled up to all questions."""
        squares, count = 0.0, 0
        for stream in self.streams:
            if len(stream) < self.length:
                continue
            sums = np.concatenate(([0.0], np.cumsum(stream - centre)))
            block_sums = sums[self.length :] - sums[: -self.length]
            squares += float(block_sums @ block_sums)
            count += block_sums.size
        return squares / count * self.n / self.length / (1.0 - self.length / n) if count else 0.0


def block_length(n: int) -> int:
    """Return the block length for a stream of n questions: 1.3 sqrt(n), at most n (Lazarus, Lewis, Stock & Watson 2018).

    Longer than the n^(1/3) that is best for the variance alone, since it is the interval's coverage that counts.
    """
    return max(1, min(n, math.ceil(1.3 * math.sqrt(n))))


def bell_mccaffrey_df(sizes: np.ndarray) -> float:
    """Return the degrees of freedom of a mean over units of these sizes (g,): g - 1 when they are equal, fewer when some dominate.

    Satterthwaite's approximation under independence (Bell & McCaffrey 2002; Imbens & Kolesar 2016), in closed form for an intercept alone.
    """
    if sizes.size < 2:
        return 0.0
    share = sizes / sizes.sum()
    pull = share**2 / (1.0 - share)
    return float(1.0 / (np.sum(share**2) + np.sum(pull) ** 2 - np.sum(pull**2)))


def t_quantile(df: float, confidence: float = CONFIDENCE) -> float:
    """Return the two-sided quantile of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.5 + 0.5 * confidence))


def p_value(centre: float, se: float, df: float) -> float:
    """Return the two-sided p-value of a true mean of zero."""
    from scipy.special import stdtr

    if se == 0.0:
        return 1.0 if centre == 0.0 else 0.0
    return float(2.0 * stdtr(df, -abs(centre / se)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the adjusted p-values of Holm (1979), in the order given; below 0.05 means rejected at a family-wise 0.05."""
    m = len(p_values)
    adjusted = [1.0] * m
    running = 0.0
    for rank, i in enumerate(sorted(range(m), key=lambda i: p_values[i])):
        running = max(running, min(1.0, (m - rank) * p_values[i]))
        adjusted[i] = running
    return adjusted
