"""Do the intervals keep what they promise? Coverage, false differences and false equivalences in simulation.

    python benchmarks/interval_coverage.py [--trials 500]

Each line draws data of known truth and counts how often the 95 % interval holds it, or how often equals are said to differ. `solomonic.bench.statistics` is
what the bench itself uses. A line outside its bar stays, with its mark.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from solomonic.bench.pairs import Outcome, decide
from solomonic.bench.statistics import PAIR_PSEUDO, SCORE_PSEUDO, estimate, holm
from solomonic.tasks.metrics import metric

Draw = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]
PAIR: dict[str, Any] = {"pseudo": PAIR_PSEUDO, "bounds": (-1.0, 1.0)}
SCORE: dict[str, Any] = {"pseudo": SCORE_PSEUDO, "bounds": (0.0, 1.0)}


@dataclass(frozen=True)
class Design:
    """A way of drawing values and their units, the true mean, and how the bench would estimate it."""

    name: str
    draw: Draw
    truth: float
    how: dict[str, Any] = field(default_factory=dict)
    held_to_bar: bool = True


def _threshold(p: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(p))


def right_wrong(n: int, p_a: float, p_b: float, shared: float, *, seeds: int = 1) -> Draw:
    """Right (1) or wrong (0) answers of two learners, correlated by the questions' difficulty; averaged over seeds, each with luck of its own."""
    low, high = _threshold(p_a), _threshold(p_b)

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        difficulty = math.sqrt(shared) * rng.standard_normal((n, 1))
        luck = math.sqrt(1.0 - shared) * rng.standard_normal((2, n, seeds))
        return np.asarray(((difficulty + luck[0] < low).astype(float) - (difficulty + luck[1] < high)).mean(axis=1)), np.arange(n)

    return draw


def t_losses(n: int, gap: float) -> Draw:
    """Differences of two losses with the tails of Student's t with 3 degrees of freedom: a finite variance and no fourth moment."""
    return lambda rng: (gap + rng.standard_t(3, n), np.arange(n))


def roots(n: int, spread_a: float, spread_b: float, shared: float) -> Draw:
    """Pseudo-values of the difference of two RMSE: normal errors of these spreads, correlated by the questions' difficulty."""
    rmse = metric("rmse").pseudo_values

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        errors = math.sqrt(shared) * rng.standard_normal(n) + math.sqrt(1.0 - shared) * rng.standard_normal((2, n))
        return np.asarray(rmse((spread_a * errors[0]) ** 2) - rmse((spread_b * errors[1]) ** 2)), np.arange(n)

    return draw


def ranks(n: int, apart_a: float, apart_b: float, shared: float) -> Draw:
    """Pseudo-values of the difference of two ROC areas: normal scores whose classes, equally many, are so many standard deviations apart."""
    area = metric("roc_area").pseudo_values

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        truth = rng.permutation(np.arange(n) % 2).astype(float)
        noise = math.sqrt(shared) * rng.standard_normal(n) + math.sqrt(1.0 - shared) * rng.standard_normal((2, n))
        a, b = (np.stack([apart * truth + own, truth], axis=1) for apart, own in zip((apart_a, apart_b), noise, strict=True))
        return np.asarray(area(a) - area(b)), np.arange(n)

    return draw


def roc_area(apart: float) -> float:
    """The true ROC area of normal scores so many standard deviations apart."""
    return 0.5 * math.erfc(-apart / 2.0)


def losses(n: int, gap: float, *, heavy: bool = False) -> Draw:
    """Differences of two losses; with `heavy`, skewed with a long tail, as log-losses are."""

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        shared, mine, theirs = rng.exponential(1.0, size=(3, n)) if heavy else rng.standard_normal((3, n))
        return gap + (mine - theirs) * (0.5 + 0.5 * shared if heavy else 1.0), np.arange(n)

    return draw


def clustered(n: int, groups: int, tie: float, *, unequal: bool = False, classes: bool = False) -> Draw:
    """Questions in groups with an intra-group correlation; differences of losses (mean 0.05) or of right answers (0.90 against 0.85)."""

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        shares = rng.dirichlet(np.full(groups, 2.0))
        units = np.concatenate([np.arange(groups), rng.choice(groups, n - groups, p=shares)]) if unequal else np.arange(n) % groups

        def latent() -> np.ndarray:
            return np.asarray(math.sqrt(tie) * rng.standard_normal(groups)[units] + math.sqrt(1.0 - tie) * rng.standard_normal(n))

        if classes:
            return (latent() < _threshold(0.90)).astype(float) - (latent() < _threshold(0.85)), units
        return 0.05 + latent(), units

    return draw


def streams(n: int, count: int, memory: float, *, classes: bool = False, gap: float = 0.05) -> Draw:
    """Streams with first-order dependence; differences of losses (mean `gap`) or of right answers (0.90 against 0.90 - `gap`)."""

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        from scipy.signal import lfilter

        def latent() -> np.ndarray:
            noise = rng.standard_normal((count, n + 100)) * math.sqrt(1.0 - memory**2)
            return np.asarray(lfilter([1.0], [1.0, -memory], noise, axis=1)[:, 100:].ravel())

        units = np.repeat(np.arange(count), n)
        if classes:
            return (latent() < _threshold(0.90)).astype(float) - (latent() < _threshold(0.90 - gap)), units
        return gap + latent(), units

    return draw


def scores(n: int, p: float) -> Draw:
    """Right (1) or wrong (0) answers of one learner."""
    return lambda rng: ((rng.random(n) < p).astype(float), np.arange(n))


BLOCKS: dict[str, Any] = {"blocks": True}
DESIGNS = (
    Design("right/wrong, 0.90 against 0.85, n = 80", right_wrong(80, 0.90, 0.85, 0.5), 0.05, PAIR),
    Design("right/wrong, 0.70 against 0.60, n = 80", right_wrong(80, 0.70, 0.60, 0.3), 0.10, PAIR),
    Design("right/wrong, mean of 3 seeds, n = 80", right_wrong(80, 0.85, 0.75, 0.5, seeds=3), 0.10, PAIR),
    Design("losses, normal, n = 80", losses(80, 0.2), 0.2),
    Design("losses, long tails, n = 80", losses(80, 0.2, heavy=True), 0.2),
    Design("losses, t with 3 degrees of freedom, n = 80", t_losses(80, 0.2), 0.2),
    Design("difference of RMSE, n = 80", roots(80, 1.1, 1.0, 0.5), 0.1),
    Design("difference of ROC area, n = 80", ranks(80, 1.5, 1.2, 0.5), roc_area(1.5) - roc_area(1.2), PAIR),
    Design("losses in 20 groups, tie 0.3, n = 80", clustered(80, 20, 0.3), 0.05),
    Design("losses in 20 unequal groups, tie 0.3, n = 80", clustered(80, 20, 0.3, unequal=True), 0.05),
    Design("losses in 8 sequences, tie 0.3, n = 2048", clustered(2048, 8, 0.3), 0.05),
    Design("right/wrong in 20 groups, tie 0.3, n = 80", clustered(80, 20, 0.3, classes=True), 0.05, PAIR),
    Design("right/wrong in 20 unequal groups, tie 0.3, n = 80", clustered(80, 20, 0.3, unequal=True, classes=True), 0.05, PAIR),
    Design("losses in 8 groups, tie 0.3, n = 80", clustered(80, 8, 0.3), 0.05),
    Design("losses in a stream, memory 0.3, n = 80", streams(80, 1, 0.3), 0.05, BLOCKS),
    Design("losses in a stream, memory 0.6, n = 80", streams(80, 1, 0.6), 0.05, BLOCKS),
    Design("losses in 3 streams of 80, memory 0.3", streams(80, 3, 0.3), 0.05, BLOCKS),
    Design("right/wrong in 3 streams of 80, memory 0.6", streams(80, 3, 0.6, classes=True), 0.05, PAIR | BLOCKS),
    Design("right/wrong in 3 streams of 1,000, memory 0.6", streams(1000, 3, 0.6, classes=True), 0.05, PAIR | BLOCKS),
    Design("one score, 0.90, n = 80", scores(80, 0.90), 0.90, SCORE),
    Design("one score, 0.60, n = 80", scores(80, 0.60), 0.60, SCORE),
    Design("few disagreements: 0.97 against 0.96, n = 80", right_wrong(80, 0.97, 0.96, 0.8), 0.01, PAIR, False),
    Design("one score, 0.99, n = 80", scores(80, 0.99), 0.99, SCORE, False),
    Design("right/wrong in 8 groups, tie 0.3, n = 80", clustered(80, 8, 0.3, classes=True), 0.05, PAIR, False),
    Design("right/wrong in 8 groups, tie 0.8, n = 80", clustered(80, 8, 0.8, classes=True), 0.05, PAIR, False),
    Design("losses in a stream, memory 0.8, n = 80", streams(80, 1, 0.8), 0.05, BLOCKS, False),
)
"""The designs; those not held to the bar show where the intervals are known to be too wide or too short."""


def coverage(design: Design, *, trials: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return the share of intervals that hold the truth, and their mean width."""
    held, width = 0, 0.0
    for _ in range(trials):
        found = estimate(*design.draw(rng), **design.how)
        held += found.low <= design.truth <= found.high
        width += found.high - found.low
    return held / trials, width / trials


def false_differences(
    *, trials: int, rng: np.random.Generator, n: int = 80, learners: int = 6, classes: bool = True, margin: float = 0.01
) -> float:
    """Return how often any of the pairs of equally good learners is said to differ, after Holm."""
    wrong = 0
    for _ in range(trials):
        difficulty = 0.7 * rng.standard_normal(n)
        latent = difficulty + 0.7 * rng.standard_normal((learners, n))
        answers = (latent < 1.0).astype(float) if classes else latent
        found = [
            estimate(answers[a] - answers[b], np.arange(n), **(PAIR if classes else {}))
            for a, b in itertools.combinations(range(learners), 2)
        ]
        corrected = holm([one.p for one in found])
        wrong += any(decide(one, p, margin) is Outcome.DIFFER for one, p in zip(found, corrected, strict=True))
    return wrong / trials


def false_differences_on_streams(
    *, trials: int, rng: np.random.Generator, n: int, classes: bool, memory: float = 0.6, margin: float = 0.01
) -> float:
    """Return how often two equally good learners are said to differ on one stream."""
    draw = streams(n, 1, memory, classes=classes, gap=0.0)
    how = BLOCKS | (PAIR if classes else {})
    found = [estimate(*draw(rng), **how) for _ in range(trials)]
    return sum(decide(one, one.p, margin) is Outcome.DIFFER for one in found) / trials


def champions(
    *,
    trials: int,
    rng: np.random.Generator,
    nested: bool,
    n: int = 500,
    members: int = 6,
    seeds: int = 3,
    folds: int = 5,
    margin: float = 0.01,
) -> tuple[float, float]:
    """Return by how much the champion of several equals seems better than a family of one, and how often the two are said to differ.

    Each seed asks one fold and rehearses on half of the rest, so that what one seed rehearses another asks. A learner's luck with an item is much the same under
    every seed. nested: each seed chooses for itself, as the bench does; else one champion is chosen for all, on the mean over the seeds.
    """
    gain, wrong = 0.0, 0
    for _ in range(trials):
        own = 0.5 * rng.standard_normal((1, n)) + 0.75 * rng.standard_normal((members + 1, n))
        right = (own + 0.43 * rng.standard_normal((seeds, members + 1, n)) < _threshold(0.85)).astype(float)
        fold = rng.permutation(np.arange(n) % folds)
        rehearsed = np.zeros((seeds, members))
        for seed in range(seeds):
            lesson = rng.permutation(np.flatnonzero(fold != seed))
            rehearsed[seed] = right[seed, :members, lesson[lesson.size // 2 :]].mean(axis=0)
        if not nested:
            rehearsed[:] = rehearsed.mean(axis=0)
        best = rehearsed.argmax(axis=1)
        values = np.concatenate([(right[s, best[s]] - right[s, members])[fold == s] for s in range(seeds)])
        found = estimate(values, np.arange(values.size), **PAIR)
        gain += found.value
        wrong += decide(found, found.p, margin) is Outcome.DIFFER
    return gain / trials, wrong / trials


def false_equivalence(*, trials: int, rng: np.random.Generator, n: int = 2000, margin: float = 0.02) -> float:
    """Return how often two learners whose accuracies differ by just the margin are called equivalent."""
    draw = right_wrong(n, 0.95, 0.95 - margin, 0.8)
    return sum(decide(estimate(*draw(rng), **PAIR), 1.0, margin) is Outcome.EQUIVALENT for _ in range(trials)) / trials


def main() -> None:
    parser = argparse.ArgumentParser(description="Coverage of the bench's intervals in simulation.")
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(f"{'design':<60}{'coverage':>10}{'width':>9}   bar 0.92 to 0.98")
    for design in DESIGNS:
        share, width = coverage(design, trials=given.trials, rng=np.random.default_rng(given.seed))
        bar = "kept" if 0.92 <= share <= 0.98 else "NOT KEPT" if design.held_to_bar else "known limit"
        print(f"{design.name:<60}{share:>10.3f}{width:>9.3f}   {bar}")
    for classes in (True, False):
        share = false_differences(trials=given.trials, rng=np.random.default_rng(given.seed), classes=classes)
        what = "right/wrong" if classes else "losses"
        _print_share(f"false differ, 6 equal learners, {what}, n = 80", share, 0.06)
    for n, classes in itertools.product((80, 1500), (True, False)):
        share = false_differences_on_streams(trials=given.trials, rng=np.random.default_rng(given.seed), n=n, classes=classes)
        _print_share(f"false differ, {'right/wrong' if classes else 'losses'} in a stream, memory 0.6, n = {n:,}", share, 0.06)
    for nested in (True, False):
        bias, share = champions(trials=4 * given.trials, rng=np.random.default_rng(given.seed), nested=nested)
        _print_share(f"false differ, champion of 6 against 1, {'own rehearsal' if nested else 'all rehearsals'}", share, 0.06, held=nested)
        bar = "not used" if not nested else "kept" if abs(bias) <= 0.001 else "NOT KEPT"
        print(f"{'  the same: bias of the difference':<60}{bias:>10.4f}{'':>9}   {bar} (at most 0.001)")
    share = false_equivalence(trials=given.trials, rng=np.random.default_rng(given.seed))
    _print_share("false equivalent, difference equal to the margin", share, 0.05)


def _print_share(name: str, share: float, most: float, *, held: bool = True) -> None:
    bar = "not used" if not held else "kept" if share <= most else "NOT KEPT"
    print(f"{name:<60}{share:>10.3f}{'':>9}   {bar} (at most {most})")


if __name__ == "__main__":
    main()
