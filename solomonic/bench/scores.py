"""One row a (task, learner, metric): the score with its interval beside the floor, and what it cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..records import Kind, YType
from ..tasks.metrics import metric as metric_named
from .results import CellResult
from .sheets import Sheet


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A learner's score on a task, and its costs; `None` where it is not known.

    floor: the best floor's score. n: questions. n_units: what varies independently. Costs are means over the seeds, percentiles over all timed
    questions. state_growth: exponent of the state's bytes against the observations seen.
    """

    suite: str
    task: str
    learner: str
    kind: Kind
    keeps_data: bool
    sees_batch: bool
    metric: str
    higher_is_better: bool
    score: float
    low: float
    high: float
    floor: float | None
    under_floor: bool
    n: int
    n_units: int
    seeds: int
    study_cpu_s: float | None
    study_wall_s: float | None
    answer_mean_s: float | None
    answer_p50_s: float | None
    answer_p95_s: float | None
    answer_batch_s: float | None
    state_bytes: int | None
    peak_bytes: int | None
    state_growth: float | None


def score_rows(sheet: Sheet) -> list[ScoreRow]:
    """Return the rows of one task: a metric at a time, learners in plan order."""
    rows: list[ScoreRow] = []
    for name in sheet.meta.metrics:
        floor = best_floor(sheet, name)
        rows += [row for learner in sheet.learners if (row := _row(sheet, learner, name, floor[1] if floor else None)) is not None]
    return rows


def best_floor(sheet: Sheet, metric: str) -> tuple[str, float] | None:
    """Return the floor that scores best on the exam itself, which is hardest on the learners, with its score."""
    higher = metric_named(metric).higher_is_better
    floors = [(learner, sheet.score(learner, metric)) for learner in sheet.learners if sheet.kinds[learner] == "floor"]
    scored = [(learner, estimate.value) for learner, estimate in floors if estimate is not None and math.isfinite(estimate.value)]
    return max(scored, key=lambda pair: pair[1] if higher else -pair[1]) if scored else None


def resolved_margin(rows: Sequence[ScoreRow], metric: str, margin: float, *, y_type: YType) -> float:
    """Return the margin on the metric's own scale.

    For fractions the margin is absolute, and for log-densities of numbers, whose zero depends on the unit of the target. Elsewhere it is relative:
    to the best floor's score, or, where there is no floor, to the mean score of all.
    """
    unit = metric_named(metric).unit
    if unit == "fraction" or (y_type == "number" and unit in ("nats", "bits")):
        return margin
    mine = [row for row in rows if row.metric == metric]
    floor = next((row.floor for row in mine if row.floor is not None), None)
    scores = [row.score for row in mine if math.isfinite(row.score)]
    return margin * abs(floor if floor is not None else float(np.mean(scores)) if scores else math.nan)


def _row(sheet: Sheet, learner: str, metric: str, floor: float | None) -> ScoreRow | None:
    estimate = sheet.score(learner, metric)
    cells = sheet.played(learner)
    if estimate is None or not cells:
        return None
    higher = metric_named(metric).higher_is_better
    # A floor that always says the base rate is perfectly calibrated, and no worse a floor for that.
    judged = sheet.kinds[learner] != "floor" and metric != "calibration_error"
    under = judged and floor is not None and (estimate.value < floor if higher else estimate.value > floor)
    timed = np.array([second for cell in cells for second in cell.cost.answer_s])
    return ScoreRow(
        suite=sheet.meta.suite,
        task=sheet.meta.name,
        learner=learner,
        kind=sheet.kinds[learner],
        keeps_data=cells[0].keeps_data,
        sees_batch=cells[0].sees_batch,
        metric=metric,
        higher_is_better=higher,
        score=estimate.value,
        low=estimate.low,
        high=estimate.high,
        floor=floor,
        under_floor=bool(under),
        n=estimate.n,
        n_units=estimate.units,
        seeds=len({cell.seed for cell in cells}),
        study_cpu_s=_mean([cell.cost.study_cpu_s for cell in cells]),
        study_wall_s=_mean([cell.cost.study_wall_s for cell in cells]),
        answer_mean_s=_mean([float(np.mean(cell.cost.answer_cpu_s)) for cell in cells if cell.cost.answer_cpu_s]),
        answer_p50_s=float(np.percentile(timed, 50)) if timed.size else None,
        answer_p95_s=float(np.percentile(timed, 95)) if timed.size else None,
        answer_batch_s=_mean([cell.cost.answer_batch_s for cell in cells]),
        state_bytes=_whole(_mean([cell.cost.state_bytes for cell in cells])),
        peak_bytes=_whole(_mean([cell.cost.peak_bytes for cell in cells])),
        state_growth=state_growth([cell for cell in sheet.cells if cell.learner == learner]),
    )


def state_growth(cells: Sequence[CellResult]) -> float | None:
    """Return the least-squares slope of log state bytes on log observations seen, or None where only one size was seen.

    Points: the moments noted during the exams, and the end of every cell, those of the learning curve included.
    """
    points = [point for cell in cells for point in (*cell.growth, (cell.observed, cell.cost.state_bytes))]
    pairs = np.array([(seen, size) for seen, size in points if seen > 0 and size > 0], dtype=np.float64)
    if not pairs.size or np.unique(pairs[:, 0]).size < 2:
        return None
    x, y = np.log(pairs).T
    x = x - x.mean()
    return round(float(x @ (y - y.mean()) / (x @ x)), 6)


def _mean(values: Sequence[float]) -> float | None:
    finite = [value for value in values if value is not None and math.isfinite(value)]
    return float(np.mean(finite)) if finite else None


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
