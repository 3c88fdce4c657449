"""The mixture: certified bounds on M(x) and on the next symbol, the completed predictor, and the loss of whole sequences.

With the leaves of one walk, in units of 2^-L (E_b(x): mass that printed x and then b; u(x): undecided mass that printed exactly x):

    A(xb) = E_b(x)                          mass that printed at least xb
    U(x)  = sum of u(y) over y that x begins with, x itself left out             A(x) <= 2^L M(x) <= A(x) + U(x)
    V(x)  = U(x) + u(x)                     what may still print a symbol after x
    P(b|x) lies in [E_b / (E_0 + E_1 + V), (E_b + V) / (E_0 + E_1 + V)]

The completed predictor lets each undecided leaf go on with fair coins:  C(x) = u(x) + C(x without its last symbol) / 2,

    P(b|x) = (E_b + C/2) / (E_0 + E_1 + C)

which lies in the interval and is never zero. Along a sequence its loss is at most -log2 A(x), and that at most the length of the shortest program
found (Solomonoff 1964; Li & Vitanyi 2008, ch. 5). Conditional probabilities need not converge monotonically, and nothing here says that they do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .columns import DEAD, SLOW, SPEED, SPEED_SCALE, UL, US, UT
from .enumeration import Walk
from .targets import Bits

LN2 = math.log(2.0)


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds that hold for certain; exact fractions, printed as floats rounded outwards."""

    low: Fraction
    high: Fraction

    def floats(self) -> tuple[float, float]:
        """Return the bounds as floats, rounded outwards."""
        return rounded(self.low, down=True), rounded(self.high, down=False)

    def __contains__(self, value: float | Fraction) -> bool:
        return self.low <= value <= self.high

    def __repr__(self) -> str:
        low, high = self.floats()
        return f"[{low:.6g}, {high:.6g}]"


def rounded(value: Fraction, *, down: bool) -> float:
    """Return the float next to a fraction that is not above it (down), or not below it."""
    near = float(value)
    if down and Fraction(near) > value:
        return math.nextafter(near, -math.inf)
    if not down and Fraction(near) < value:
        return math.nextafter(near, math.inf)
    return near


@dataclass(frozen=True, slots=True)
class Classes:
    """The leaves of one target by class, in units of 2^-length; they sum to 2^length."""

    acc: int
    mis: int
    dead: int
    ut: int
    ul: int
    us: int

    @property
    def undecided(self) -> int:
        """What the cut leaves open."""
        return self.ut + self.ul + self.us

    def as_dict(self) -> dict[str, int]:
        """Return class -> mass."""
        return {name: getattr(self, name) for name in ("acc", "mis", "dead", "ut", "ul", "us")}


class Line:
    """One target in a walk: all that is known along it.

    path: the nodes of the trie along the target. Arrays are Python integers in units of 2^-length, so that nothing is lost.
    """

    def __init__(self, walk: Walk, target: Bits, path: Sequence[int]) -> None:
        self.walk = walk
        self.target = target
        self.path = list(path)
        self.scale = 1 << walk.limits.length
        rows = walk.masses[self.path].tolist()
        self.printed: list[tuple[int, int]] = [(row[0], row[1]) for row in rows]
        self._ended: list[tuple[int, int, int, int]] = [(row[DEAD], row[UT], row[UL], row[US]) for row in rows]
        self._speed: list[tuple[int, int]] = [(row[SPEED], row[SLOW]) for row in rows]

    def __repr__(self) -> str:
        low, high = self.log2_mass()
        return f"Line(n={len(self.target)}, log2 M in [{'-inf' if low is None else f'{low:.2f}'}, {high:.2f}], loss {self.loss_bits():.2f} bits)"

    def accepted(self, n: int | None = None) -> int:
        """Return A of the first n symbols (all by default)."""
        n = len(self.target) if n is None else n
        return self.scale if n == 0 else self.printed[n - 1][self.target[n - 1]]

    def undecided(self, n: int | None = None) -> int:
        """Return U of the first n symbols: undecided mass that printed fewer, all of them right."""
        n = len(self.target) if n is None else n
        return sum(sum(row[1:]) for row in self._ended[:n])

    def mass(self, n: int | None = None) -> Interval:
        """Return bounds on M of the first n symbols."""
        return Interval(Fraction(self.accepted(n), self.scale), Fraction(self.accepted(n) + self.undecided(n), self.scale))

    def log2_mass(self) -> tuple[float | None, float]:
        """Return bounds on log2 M of the target; None where nothing was found that prints it."""
        bounds = self.mass()
        low = None if bounds.low == 0 else log2(bounds.low)
        return low, log2(bounds.high)

    def classes(self, n: int | None = None) -> Classes:
        """Return the leaves by class with the first n symbols as the target."""
        n = len(self.target) if n is None else n
        dead, ut, ul, us = (sum(row[i] for row in self._ended[:n]) for i in range(4))
        mis = sum(self.printed[k][1 - self.target[k]] for k in range(n))
        return Classes(self.accepted(n), mis, dead, ut, ul, us)

    def next(self, n: int | None = None) -> tuple[Interval, Interval]:
        """Return bounds on the probability of 0 and of 1 after the first n symbols; after the last one only where the walk went on there."""
        n = len(self.target) if n is None else n
        zero, one = self.printed[n]
        rest = self.undecided(n) + sum(self._ended[n][1:])
        total = zero + one + rest
        if total == 0:
            return Interval(Fraction(0), Fraction(1)), Interval(Fraction(0), Fraction(1))
        return tuple(Interval(Fraction(mass, total), Fraction(mass + rest, total)) for mass in (zero, one))  # type: ignore[return-value]

    def log_probs(self) -> np.ndarray:
        """Return the completed predictor's log-probabilities (n + 1, 2): before each symbol, and after the last (fair coins where not walked)."""
        rows = np.empty((len(self.target) + 1, 2))
        log_rest = -math.inf
        for k, (zero, one) in enumerate(self.printed):
            log_rest = _log_sum(_log(sum(self._ended[k][1:])), log_rest - LN2)
            total = _log_sum(_log(zero + one), log_rest)
            if total == -math.inf:
                rows[k] = -LN2
                continue
            for b, mass in enumerate((zero, one)):
                rows[k, b] = _log_sum(_log(mass), log_rest - LN2) - total
        return rows

    def intervals(self) -> np.ndarray:
        """Return the bounds (n, 2, 2) before each symbol: step, symbol, low and high."""
        return np.array([[bound.floats() for bound in self.next(k)] for k in range(len(self.target))]).reshape(-1, 2, 2)

    def losses_bits(self) -> np.ndarray:
        """Return the completed predictor's loss (n,) at each symbol, in bits."""
        logs = self.log_probs()[: len(self.target)]
        return np.asarray(-logs[np.arange(len(self.target)), list(self.target)] / LN2)

    def loss_bits(self) -> float:
        """Return the completed predictor's loss over the whole target, in bits."""
        return float(self.losses_bits().sum())

    def speed(self, n: int | None = None) -> Interval:
        """Return bounds on the speed prior of the first n symbols: the sum of 2^-|p| / t over programs p that print them after t steps.

        After Schmidhuber (2002), who lets each program have a share of the time that falls with its length. A program found counts exactly, up to
        rounding of 2^-62; a leaf left undecided after t steps counts nothing below, and at most its mass divided by t + 1 above.

        Raises:
            ValueError: the walk did not sum it (`speed=True`).
        """
        if not self.walk.speed:
            raise ValueError("this walk did not sum the speed prior; enumerate with speed=True")
        n = len(self.target) if n is None else n
        if n == 0:
            return Interval(Fraction(1), Fraction(1))
        scale = 1 << SPEED_SCALE
        low = self._speed[n][0]
        # Each program's share was rounded down by less than one unit; there are at most as many as leaves.
        high = low + min(self.walk.nodes, self.accepted(n)) + sum(row[1] for row in self._speed[:n])
        return Interval(Fraction(low, scale), Fraction(min(high, scale), scale))


def log2(value: Fraction) -> float:
    """Return the logarithm to base 2 of a fraction above zero, however large its parts."""
    return math.log2(value.numerator) - math.log2(value.denominator)


def half_and_half(one: np.ndarray, other: np.ndarray, symbols: Sequence[int]) -> np.ndarray:
    """Return the log-probabilities (n, a) of the Bayes mixture of two predictors with prior 1/2 each: at most one bit over the better of the two.

    one, other: (n, a), or (n + 1, a) with a last row for the symbol to come; symbols: places of what came (n,).
    """
    rows = np.empty_like(one)
    weights = [0.0, 0.0]
    for t in range(len(one)):
        total = _log_sum(weights[0], weights[1])
        for s in range(one.shape[1]):
            rows[t, s] = _log_sum(weights[0] + float(one[t, s]), weights[1] + float(other[t, s])) - total
        if t < len(symbols):
            weights = [weights[0] + float(one[t, symbols[t]]), weights[1] + float(other[t, symbols[t]])]
    return rows


def _log(mass: int) -> float:
    return math.log(mass) if mass > 0 else -math.inf


def _log_sum(a: float, b: float) -> float:
    high, low = max(a, b), min(a, b)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))
