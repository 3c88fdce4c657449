"""What a run leaves behind: cells with their costs, rows with their scores. Reading and writing them is in `bench.ledger`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..records import Column, Cost, Kind, ResampleBy, YType
from ..tasks.events import ExamKind, Part


@dataclass(frozen=True, slots=True)
class Row:
    """One answered question.

    scores: metric -> contribution (a number, or a list for metrics that are not means). unit: what it is resampled with.
    confidence: probability of the value that was answered, for reliability diagrams; None where no probabilities were given.
    """

    question: str
    part: Part
    round: int
    unit: str
    prediction: Any
    truth: Any
    scores: dict[str, Any]
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class TaskMeta:
    """What the analysis needs to know of a task once its data are gone."""

    suite: str
    name: str
    title: str
    exam: ExamKind
    y_type: YType
    metrics: tuple[str, ...]
    resample_by: ResampleBy
    choices: int = 0
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True)
class CellResult:
    """One (task, learner, seed) played to its end; `fraction` < 1 is a point of the learning curve.

    observed: observations seen in all. growth: (observations seen, state bytes) at moments of the exam.
    """

    key: str
    suite: str
    task: str
    learner: str
    kind: Kind
    keeps_data: bool
    sees_batch: bool
    seed: int
    fraction: float
    observed: int
    cost: Cost
    rows: tuple[Row, ...]
    growth: tuple[tuple[int, int], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """Everything that was played, in plan order. `failed`: "suite/task learner seed: reason" of cells that have no result."""

    folder: Path
    tasks: Sequence[TaskMeta]
    cells: Sequence[CellResult]
    info: dict[str, Any] = field(default_factory=dict)
    failed: Sequence[str] = ()

    def __repr__(self) -> str:
        done = sum(cell.fraction == 1.0 for cell in self.cells)
        return f"Run({self.folder.name}: {len(self.tasks)} tasks, {done} cells, {len(self.failed)} failed)"
