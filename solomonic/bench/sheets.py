"""A task's answered questions as columns: the bridge from the rows of a run to the numbers that statistics works on.

Per seed the metric turns contributions into pseudo-values; a question's value is their mean over the seeds in which it was asked; questions are then
resampled in their unit. Question and unit ids become codes in the order in which they were first met, so sorted codes are in time order inside a stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..records import Kind
from ..tasks.events import Part
from ..tasks.metrics import metric as metric_named
from .contestants import Contestant, contestant
from .results import CellResult, Row, Run, TaskMeta
from .statistics import PAIR_PSEUDO, SCORE_PSEUDO, Estimate, estimate

SCORED: tuple[Part, ...] = ("exam", "opening")
RIGHT = "right"
"""Not a metric of the exam: 1.0 where the value answered is the truth."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which answers: of which parts, lesson size, round, and places (from, to) along a stream or a sequence."""

    parts: tuple[Part, ...] = SCORED
    fraction: float = 1.0
    round: int | None = None
    places: tuple[int, int] | None = None


SCORED_ANSWERS = Selection()
COMPARED_ANSWERS = Selection(parts=("exam",))


@dataclass(frozen=True, slots=True)
class Column:
    """A value a question under one seed; codes int64 (n,), values float64 (n,)."""

    seed: int
    codes: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, slots=True)
class _Table:
    """One cell's rows with what is needed to pick from them, all (n,)."""

    cell: CellResult
    codes: np.ndarray
    parts: np.ndarray
    rounds: np.ndarray
    places: np.ndarray


class Sheet:
    """All cells of one task."""

    def __init__(self, meta: TaskMeta, cells: Sequence[CellResult]) -> None:
        self.meta = meta
        self.cells = tuple(cells)
        self.learners = tuple(dict.fromkeys(cell.learner for cell in cells))
        self.kinds: dict[str, Kind] = {cell.learner: cell.kind for cell in cells}
        self._code: dict[str, int] = {}
        self._unit_code: dict[str, int] = {}
        self._unit_of: list[int] = []
        self._tables: dict[tuple[str, float], list[_Table]] = {}
        for cell in self.cells:
            self._tables.setdefault((cell.learner, cell.fraction), []).append(self._table(cell))
        self._cache: dict[tuple[str, str, Selection], tuple[Column, ...]] = {}

    def _table(self, cell: CellResult) -> _Table:
        blocks, along = self.meta.resample_by == "block", self.meta.exam == "sequence"
        codes = np.empty(len(cell.rows), dtype=np.int64)
        places = np.empty(len(cell.rows), dtype=np.int64)
        seen: dict[tuple[str, str], int] = {}
        for i, row in enumerate(cell.rows):
            code = self._code.setdefault(row.question, len(self._code))
            if code == len(self._unit_of):
                unit = f"seed {cell.seed}" if blocks else row.unit or row.question
                self._unit_of.append(self._unit_code.setdefault(unit, len(self._unit_code)))
            where = (row.unit if along else "", "rehearsal" if row.part == "rehearsal" else "")
            codes[i], places[i] = code, seen.get(where, 0)
            seen[where] = int(places[i]) + 1
        parts = np.array([row.part for row in cell.rows], dtype="U9")
        return _Table(cell, codes, parts, np.array([row.round for row in cell.rows], dtype=np.int64), places)

    def contestant(self, by_seed: Mapping[int, str]) -> Contestant:
        """Return the side for which these learners speak, each under its seeds."""
        return contestant(by_seed, {name: len(self.played(name)) for name in self.learners})

    def alone(self, learner: str) -> Contestant:
        """Return the side for which this learner speaks under all its seeds."""
        return Contestant(learner, {cell.seed: learner for cell in self.played(learner)}, (learner,))

    def played(self, who: str | Contestant, fraction: float = 1.0) -> list[CellResult]:
        """Return the cells of a learner, or of a side, with this lesson size, in plan order."""
        if isinstance(who, Contestant):
            return [cell for name in who.learners for cell in self.played(name, fraction) if who.by_seed.get(cell.seed) == name]
        return [table.cell for table in self._tables.get((who, fraction), [])]

    def fractions(self) -> list[float]:
        """Return the lesson sizes that were played, rising."""
        return sorted({fraction for _, fraction in self._tables})

    def rounds(self) -> int:
        """Return how many times the questions were asked."""
        return 1 + max((int(t.rounds.max()) for tables in self._tables.values() for t in tables if t.rounds.size), default=0)

    def length(self) -> int:
        """Return how many places a stream, or the longest sequence, has."""
        return 1 + max((int(t.places.max()) for tables in self._tables.values() for t in tables if t.places.size), default=-1)

    def columns(self, who: str | Contestant, metric: str, selection: Selection = SCORED_ANSWERS) -> tuple[Column, ...]:
        """Return pseudo-values of a learner, or of a side, a column a seed; none where the metric does not apply to some of a learner's answers."""
        if isinstance(who, Contestant):
            own = [(name, column) for name in who.learners for column in self.columns(name, metric, selection)]
            return tuple(column for name, column in own if who.by_seed.get(column.seed) == name)
        key = who, metric, selection
        if key not in self._cache:
            self._cache[key] = self._columns(who, metric, selection)
        return self._cache[key]

    def _columns(self, learner: str, metric: str, selection: Selection) -> tuple[Column, ...]:
        columns = []
        for table in self._tables.get((learner, selection.fraction), []):
            picked = np.isin(table.parts, selection.parts)
            if selection.round is not None:
                picked &= table.rounds == selection.round
            if selection.places is not None:
                picked &= (table.places >= selection.places[0]) & (table.places < selection.places[1])
            at = np.flatnonzero(picked)
            if not at.size:
                continue
            contributions = [_contribution(table.cell.rows[i], metric) for i in at]
            if any(contribution is None for contribution in contributions):
                return ()
            given = np.asarray(contributions, dtype=np.float64)
            columns.append(Column(table.cell.seed, table.codes[at], _pseudo_values(metric, given)))
        return tuple(columns)

    def score(self, learner: str, metric: str, selection: Selection = SCORED_ANSWERS) -> Estimate | None:
        """Return the learner's score with its interval, or None where the metric does not apply."""
        columns = self.columns(learner, metric, selection)
        if not columns:
            return None
        fraction = metric_named(metric).unit == "fraction"
        bounds = (0.0, 1.0) if fraction else (-np.inf, np.inf)
        return self._estimate(columns, SCORE_PSEUDO if fraction else (), bounds)

    def difference(self, a: str | Contestant, b: str | Contestant, metric: str, selection: Selection = COMPARED_ANSWERS) -> Estimate | None:
        """Return a - b over the questions and seeds that both have, paired by question; None where there are none."""
        columns = [Column(seed, codes, mine - other) for seed, codes, mine, other in self._paired(a, b, metric, selection)]
        if not any(column.codes.size for column in columns):
            return None
        fraction = metric == RIGHT or metric_named(metric).unit == "fraction"
        bounds = (-1.0, 1.0) if fraction else (-np.inf, np.inf)
        return self._estimate(columns, PAIR_PSEUDO if fraction else (), bounds)

    def flips(self, a: str | Contestant, b: str | Contestant) -> tuple[float, float]:
        """Return the share of questions that a has right and b wrong, and the share that b has right and a wrong."""
        lost, won = [], []
        for seed, codes, mine, other in self._paired(a, b, RIGHT, COMPARED_ANSWERS):
            lost.append(Column(seed, codes, mine * (1.0 - other)))
            won.append(Column(seed, codes, other * (1.0 - mine)))
        return float(np.mean(over_seeds(lost)[1])), float(np.mean(over_seeds(won)[1]))

    def _paired(
        self, a: str | Contestant, b: str | Contestant, metric: str, selection: Selection
    ) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
        """Yield for each seed that both have: the seed, the codes of the questions that both have, and the two's values."""
        theirs = {column.seed: _once(column) for column in self.columns(b, metric, selection)}
        for mine in self.columns(a, metric, selection):
            if mine.seed in theirs:
                mine, other = _once(mine), theirs[mine.seed]
                codes, i, j = np.intersect1d(mine.codes, other.codes, assume_unique=True, return_indices=True)
                yield mine.seed, codes, mine.values[i], other.values[j]

    def _estimate(self, columns: Sequence[Column], pseudo: Sequence[float], bounds: tuple[float, float]) -> Estimate:
        codes, values = over_seeds(columns)
        units = np.asarray(self._unit_of, dtype=np.int64)[codes]
        return estimate(values, units, blocks=self.meta.resample_by == "block", pseudo=pseudo, bounds=bounds)


def sheets(run: Run) -> list[Sheet]:
    """Return a sheet for each task of a run that has at least one cell, in the run's order."""
    cells: dict[tuple[str, str], list[CellResult]] = {}
    for cell in run.cells:
        cells.setdefault((cell.suite, cell.task), []).append(cell)
    return [Sheet(meta, cells[meta.suite, meta.name]) for meta in run.tasks if (meta.suite, meta.name) in cells]


def over_seeds(columns: Sequence[Column]) -> tuple[np.ndarray, np.ndarray]:
    """Return the questions' codes, rising, and each one's mean over the seeds in which it was asked."""
    codes = np.concatenate([column.codes for column in columns] or [np.zeros(0, dtype=np.int64)])
    values = np.concatenate([column.values for column in columns] or [np.zeros(0)])
    unique, where = np.unique(codes, return_inverse=True)
    return unique, np.bincount(where, weights=values) / np.maximum(np.bincount(where), 1)


def _pseudo_values(metric: str, contributions: np.ndarray) -> np.ndarray:
    """Return the pseudo-values (n,); nan where a contribution is not finite, since then nothing is known of the whole."""
    if metric == RIGHT:
        return contributions
    if not np.all(np.isfinite(contributions)):
        return np.full(len(contributions), np.nan)
    return np.asarray(metric_named(metric).pseudo_values(contributions), dtype=np.float64)


def _once(column: Column) -> Column:
    """Return the column with each question once."""
    return Column(column.seed, *over_seeds([column]))


def _contribution(row: Row, metric: str) -> Any:
    if metric != RIGHT:
        return row.scores.get(metric)
    accuracy = row.scores.get("accuracy")
    return float(row.prediction == row.truth) if accuracy is None else float(accuracy)
