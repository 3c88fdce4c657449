"""How scores move: with the size of the lesson, along a stream or a sequence, from one asking to the next, and with confidence."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .sheets import RIGHT, SCORED, Selection, Sheet
from .statistics import SCORE_PSEUDO, estimate

WINDOWS = 12
BINS = 10


@dataclass(frozen=True, slots=True)
class Point:
    """x: observations in the lesson, or questions along the way; `fraction` of the lesson, None along the way."""

    x: float
    score: float
    low: float
    high: float
    fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """A learner's scores against the lesson's size, or along a stream or sequence (each point: the mean over a window that ends near x)."""

    suite: str
    task: str
    learner: str
    metric: str
    axis: Literal["lesson", "along"]
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """A learner's score on one asking of the same questions, from 0."""

    suite: str
    task: str
    learner: str
    metric: str
    round: int
    score: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of like confidence: their mean confidence, and how many of them were right, with the interval."""

    confidence: float
    accuracy: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """A learner's reliability diagram; bins hold equally many answers."""

    suite: str
    task: str
    learner: str
    bins: tuple[Bin, ...]


def curves(sheet: Sheet) -> list[Curve]:
    """Return a curve a learner on the first metric: over lesson sizes where several were played, else along the way where there is one."""
    if len(sheet.fractions()) > 1:
        return _lesson_curves(sheet)
    return _curves_along(sheet) if sheet.meta.exam in ("stream", "sequence") else []


def _lesson_curves(sheet: Sheet) -> list[Curve]:
    """Return learning curves; of an exam that asks again, the first asking alone, which every lesson size has."""
    metric = sheet.meta.metrics[0]
    found = []
    for learner in sheet.learners:
        points = []
        for fraction in sheet.fractions():
            score = sheet.score(learner, metric, Selection(SCORED, fraction, round=0))
            cells = sheet.played(learner, fraction)
            if score is not None and math.isfinite(score.value):
                sizes = [growth[0][0] if (growth := cell.growth) else cell.observed for cell in cells]
                points.append(Point(float(np.mean(sizes)), score.value, score.low, score.high, fraction))
        if points:
            found.append(Curve(sheet.meta.suite, sheet.meta.name, learner, metric, "lesson", tuple(points)))
    return found


def _curves_along(sheet: Sheet) -> list[Curve]:
    metric, length = sheet.meta.metrics[0], sheet.length()
    edges = np.unique(np.linspace(0, length, min(WINDOWS, max(1, length // 10)) + 1).astype(int))
    found = []
    for learner in sheet.learners:
        points = []
        for start, end in itertools.pairwise(edges):
            score = sheet.score(learner, metric, Selection(places=(int(start), int(end))))
            if score is not None and math.isfinite(score.value):
                points.append(Point(float(end), score.value, score.low, score.high))
        if len(points) > 1:
            found.append(Curve(sheet.meta.suite, sheet.meta.name, learner, metric, "along", tuple(points)))
    return found


def rounds(sheet: Sheet) -> list[Round]:
    """Return the score of each asking on the first metric, where questions came back; else nothing."""
    metric, count = sheet.meta.metrics[0], sheet.rounds()
    if count < 2:
        return []
    found = []
    for learner in sheet.learners:
        for number in range(count):
            score = sheet.score(learner, metric, Selection(round=number))
            if score is not None:
                found.append(Round(sheet.meta.suite, sheet.meta.name, learner, metric, number, score.value, score.low, score.high, score.n))
    return found


def reliability(sheet: Sheet) -> list[Reliability]:
    """Return a diagram for each learner that gave probabilities for all its answers (floors excepted), from one value a question and seed."""
    if sheet.meta.y_type not in ("class", "symbol"):
        return []
    found = []
    for learner in sheet.learners:
        if sheet.kinds[learner] == "floor":
            continue
        stated = [row.confidence for cell in sheet.played(learner) for row in cell.rows if row.part in SCORED]
        right = [column.values for column in sheet.columns(learner, RIGHT)]
        if not stated or any(confidence is None for confidence in stated):
            continue
        bins = _bins(np.asarray(stated, dtype=np.float64), np.concatenate(right))
        found.append(Reliability(sheet.meta.suite, sheet.meta.name, learner, bins))
    return found


def _bins(confidence: np.ndarray, right: np.ndarray) -> tuple[Bin, ...]:
    """Return at most BINS bins of nearly equal size, equal confidences in one; intervals take answers as independent."""
    edges = np.unique(np.quantile(confidence, np.linspace(0.0, 1.0, BINS + 1)[1:-1]))
    where = np.searchsorted(edges, confidence, side="left")
    bins = []
    for code in np.unique(where):
        mine = where == code
        share = estimate(right[mine], np.arange(int(mine.sum())), pseudo=SCORE_PSEUDO, bounds=(0.0, 1.0))
        bins.append(Bin(float(confidence[mine].mean()), share.value, share.low, share.high, share.n))
    return tuple(bins)
