"""All pairs of learners, question by question, with three outcomes: differ, equivalent, cannot tell.

The difference is a - b in the metric itself; the winner, where there is one, is named by `winner`, so that nobody has to remember which way is better.
p-values are corrected by Holm over all pairs of one suite. Where a task's champions change from seed to seed, their comparison is one more pair.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..tasks.metrics import metric as metric_named
from .contestants import Contestant
from .scores import ScoreRow, resolved_margin
from .sheets import Sheet
from .statistics import Estimate, holm

SIGNIFICANCE = 0.05


class Outcome(StrEnum):
    """What a paired comparison says; there is no fourth."""

    DIFFER = "differ"
    EQUIVALENT = "equivalent"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Pair:
    """Learner a against learner b on a task's first metric; `difference` is a - b, `winner` is set where they differ.

    a, b: learners' names; of champions that change from seed to seed, the label of `contestants.Contestant`.
    margin: on the metric's scale. nfr: share of questions that a has right and b wrong, the negative flip rate of going from a to b; pfr: the reverse;
    None except where answers are classes. n: questions; n_units: what varies independently.
    """

    suite: str
    task: str
    metric: str
    higher_is_better: bool
    a: str
    b: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    outcome: Outcome
    winner: str | None
    margin: float
    nfr: float | None
    pfr: float | None
    n: int
    n_units: int

    def gain(self, learner: str) -> tuple[float, float, float]:
        """Return by how much this learner is better than the other (below 0: worse), with the interval."""
        values = self.difference, self.low, self.high
        if (learner == self.a) == self.higher_is_better:
            return values
        return -values[0], -values[2], -values[1]


def all_pairs(
    sheets: Sequence[Sheet],
    rows: Sequence[ScoreRow],
    *,
    margin: float,
    contests: Mapping[tuple[str, str], tuple[Contestant, Contestant]] | None = None,
) -> tuple[Pair, ...]:
    """Return every pair of learners of every task, two floors excepted, corrected over each suite.

    contests: (suite, task) -> the two that are compared in the end; a pair more where one of them is not a single learner.
    """
    ends = contests or {}
    pairs = [pair for sheet in sheets for pair in _task_pairs(sheet, rows, margin, ends.get((sheet.meta.suite, sheet.meta.name)))]
    corrected: dict[int, float] = {}
    for suite in dict.fromkeys(pair.suite for pair in pairs):
        mine = [i for i, pair in enumerate(pairs) if pair.suite == suite]
        corrected.update(zip(mine, holm([pairs[i].p for i in mine]), strict=True))
    return tuple(_decided(pair, corrected[i]) for i, pair in enumerate(pairs))


def decide(difference: Estimate | Pair, p_holm: float, margin: float) -> Outcome:
    """Return the outcome: equivalent where the interval lies within the margin, else differ where p says so, else cannot tell."""
    if -margin <= difference.low and difference.high <= margin:
        return Outcome.EQUIVALENT
    return Outcome.DIFFER if p_holm < SIGNIFICANCE else Outcome.CANNOT_TELL


def _decided(pair: Pair, p_holm: float) -> Pair:
    outcome = decide(pair, p_holm, pair.margin)
    winner = None
    if outcome is Outcome.DIFFER:
        winner = pair.a if (pair.difference > 0) == pair.higher_is_better else pair.b
    return dataclasses.replace(pair, p_holm=p_holm, outcome=outcome, winner=winner)


def _task_pairs(sheet: Sheet, rows: Sequence[ScoreRow], margin: float, contest: tuple[Contestant, Contestant] | None) -> list[Pair]:
    meta = sheet.meta
    if not meta.metrics:
        return []
    name = meta.metrics[0]
    mine = [row for row in rows if (row.suite, row.task) == (meta.suite, meta.name)]
    scale = resolved_margin(mine, name, margin, y_type=meta.y_type)
    names = [(a, b) for a, b in itertools.combinations(sheet.learners, 2) if not sheet.kinds[a] == sheet.kinds[b] == "floor"]
    sides = [(sheet.alone(a), sheet.alone(b)) for a, b in names]
    if contest is not None and not (contest[0].single and contest[1].single):
        sides.append(contest)
    pairs = [_pair(sheet, a, b, name, scale) for a, b in sides]
    return [pair for pair in pairs if pair is not None]


def _pair(sheet: Sheet, a: Contestant, b: Contestant, metric: str, margin: float) -> Pair | None:
    """Return the comparison before correction, or None where the two have no question in common."""
    meta = sheet.meta
    difference = sheet.difference(a, b, metric)
    if difference is None:
        return None
    nfr, pfr = sheet.flips(a, b) if meta.y_type == "class" else (None, None)
    value = difference.value if math.isfinite(difference.value) else math.nan
    return Pair(
        meta.suite, meta.name, metric, metric_named(metric).higher_is_better, a.label, b.label, value, difference.low, difference.high,
        difference.p, 1.0, Outcome.CANNOT_TELL, None, margin, nfr, pfr, difference.n, difference.units,
    )  # fmt: skip
