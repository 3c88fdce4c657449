"""All pairs of learners, question by question, with three outcomes: differ, equivalent, cannot tell.

The difference is a - b in the metric itself; the winner, where there is one, is named by `winner`, so that nobody has to remember which way is better.
p-values are corrected by Holm over all pairs of one suite.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..tasks.metrics import metric as metric_named
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


def all_pairs(sheets: Sequence[Sheet], rows: Sequence[ScoreRow], *, margin: float) -> tuple[Pair, ...]:
    """Return every pair of learners of every task, two floors excepted, corrected over each suite."""
    pairs = [pair for sheet in sheets for pair in _task_pairs(sheet, rows, margin)]
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


def _task_pairs(sheet: Sheet, rows: Sequence[ScoreRow], margin: float) -> list[Pair]:
    meta = sheet.meta
    if not meta.metrics:
        return []
    name = meta.metrics[0]
    higher = metric_named(name).higher_is_better
    mine = [row for row in rows if (row.suite, row.task) == (meta.suite, meta.name)]
    scale = resolved_margin(mine, name, margin, y_type=meta.y_type)
    pairs = []
    for a, b in itertools.combinations(sheet.learners, 2):
        if sheet.kinds[a] == sheet.kinds[b] == "floor":
            continue
        difference = sheet.difference(a, b, name)
        if difference is None:
            continue
        nfr, pfr = sheet.flips(a, b) if meta.y_type == "class" else (None, None)
        value = difference.value if math.isfinite(difference.value) else math.nan
        pairs.append(
            Pair(
                meta.suite, meta.name, name, higher, a, b, value, difference.low, difference.high, difference.p, 1.0, Outcome.CANNOT_TELL,
                None, scale, nfr, pfr, difference.n, difference.units,
            )
        )  # fmt: skip
    return pairs
