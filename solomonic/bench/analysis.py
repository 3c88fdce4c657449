"""A finished run as numbers: scores, pairs, outcomes, break-evens, curves.

Everything here is computed from `results.Run` alone, so that an old run can be analysed again, with another margin or by newer code.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..records import SCHEMA_VERSION, child_rng
from .break_even import BreakEven, break_even
from .champions import Contest, TaskOutcome, contest, find, task_outcome
from .curves import Curve, Reliability, Round, curves, reliability, rounds
from .pairs import Pair, all_pairs
from .results import Run, TaskMeta
from .scores import ScoreRow, score_rows
from .sheets import Sheet, sheets

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class Crossing:
    """The break-even of one inductive and one transductive learner on a task, or of champions that change from seed to seed."""

    suite: str
    task: str
    inductive: str
    transductive: str
    result: BreakEven


@dataclass(frozen=True, slots=True)
class TaskAnalysis:
    """All that is known of one task; rows hold every metric, all else the first one."""

    meta: TaskMeta
    kinds: dict[str, str]
    rows: tuple[ScoreRow, ...]
    pairs: tuple[Pair, ...]
    outcome: TaskOutcome
    crossings: tuple[Crossing, ...]
    curves: tuple[Curve, ...]
    rounds: tuple[Round, ...]
    reliability: tuple[Reliability, ...]
    notes: tuple[str, ...]

    @property
    def metric(self) -> str:
        """The metric that comparisons use."""
        return self.meta.metrics[0]

    def main_rows(self) -> tuple[ScoreRow, ...]:
        """Return the rows of the first metric, a learner each."""
        return tuple(row for row in self.rows if row.metric == self.metric)

    def row(self, learner: str, metric: str | None = None) -> ScoreRow | None:
        """Return the learner's row for a metric, the first where none is named."""
        wanted = learner, metric or self.metric
        return next((row for row in self.rows if (row.learner, row.metric) == wanted), None)

    def champions(self) -> tuple[str, ...]:
        """Return the learners that spoke, under some seed at least, for the two that were compared in the end."""
        return self.outcome.learners


@dataclass(frozen=True)
class Analysis:
    """All that is known of a run, a task at a time, in the run's order."""

    run: str
    margin: float
    tasks: tuple[TaskAnalysis, ...]
    failed: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[ScoreRow, ...]:
        """One row a (task, learner, metric)."""
        return tuple(row for task in self.tasks for row in task.rows)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All pairs of learners of all tasks, and of champions that change from seed to seed."""
        return tuple(pair for task in self.tasks for pair in task.pairs)

    @property
    def outcomes(self) -> tuple[TaskOutcome, ...]:
        """What each task says."""
        return tuple(task.outcome for task in self.tasks)

    @property
    def break_even(self) -> tuple[Crossing, ...]:
        """When studying pays, for the champions of each task."""
        return tuple(crossing for task in self.tasks for crossing in task.crossings)

    def task(self, name: str) -> TaskAnalysis:
        """Return the task of this name, or of this suite/name where two suites have one.

        Raises:
            InputError: there is none, or two.
        """
        found = [task for task in self.tasks if name in (task.meta.name, f"{task.meta.suite}/{task.meta.name}")]
        if len(found) != 1:
            known = ", ".join(f"{task.meta.suite}/{task.meta.name}" for task in self.tasks) or "none"
            raise InputError(f"{'no task is' if not found else 'several tasks are'} called {name!r}; give one of: {known}")
        return found[0]

    def frame(self) -> DataFrame:
        """Return the rows as a table, one a (task, learner, metric)."""
        import pandas as pd

        columns = [field.name for field in dataclasses.fields(ScoreRow)]
        return pd.DataFrame([dataclasses.asdict(row) for row in self.rows], columns=columns)

    def as_json(self) -> dict[str, Any]:
        """Return what `solomonic compare --json` prints of the analysis; numbers that are not finite are null."""
        from .verdict import verdict

        out = {
            "schema_version": SCHEMA_VERSION,
            "run": self.run,
            "verdict": verdict(self),
            "margin": self.margin,
            "outcomes": [_outcome_entry(outcome) for outcome in self.outcomes],
            "rows": [dataclasses.asdict(row) for row in self.rows],
            "pairs": [dataclasses.asdict(pair) | {"outcome": str(pair.outcome)} for pair in self.pairs],
            "break_even": [_crossing_entry(crossing) for crossing in self.break_even],
            "curves": [dataclasses.asdict(curve) for task in self.tasks for curve in task.curves],
            "rounds": [dataclasses.asdict(asking) for task in self.tasks for asking in task.rounds],
            "reliability": [dataclasses.asdict(diagram) for task in self.tasks for diagram in task.reliability],
            "failed": list(self.failed),
        }
        finite: dict[str, Any] = _finite(out)
        return finite

    def __repr__(self) -> str:
        return f"Analysis({len(self.tasks)} tasks, {len(self.pairs)} pairs, margin {self.margin:g})"


def check_margin(margin: float) -> None:
    """Refuse a margin that nothing could be compared with, before anything is played.

    Raises:
        InputError: the margin is not a finite number above zero.
    """
    if not (margin > 0.0 and math.isfinite(margin)):
        raise InputError(f"margin is {margin}; give a difference above 0 that would matter to you")


def analyse(run: Run, *, margin: float = 0.01) -> Analysis:
    """Return the analysis of a run; `margin`: a difference too small to matter, absolute for fractions, else relative to the floor.

    Raises:
        InputError: the margin is not above zero.
    """
    check_margin(margin)
    all_sheets = [sheet for sheet in sheets(run) if sheet.meta.metrics]
    rows = [row for sheet in all_sheets for row in score_rows(sheet)]
    contests = {(sheet.meta.suite, sheet.meta.name): contest(sheet) for sheet in all_sheets}
    sides = {key: ends.sides for key, ends in contests.items() if ends.sides}
    pairs = all_pairs(all_sheets, rows, margin=margin, contests=sides)
    tasks = tuple(_task(sheet, contests[sheet.meta.suite, sheet.meta.name], rows, pairs) for sheet in all_sheets)
    return Analysis(str(run.folder), margin, tasks, tuple(run.failed))


def _task(sheet: Sheet, ends: Contest, rows: Sequence[ScoreRow], pairs: Sequence[Pair]) -> TaskAnalysis:
    meta = sheet.meta
    mine = tuple(row for row in rows if (row.suite, row.task) == (meta.suite, meta.name))
    theirs = tuple(pair for pair in pairs if (pair.suite, pair.task) == (meta.suite, meta.name))
    notes = dict.fromkeys(f"{cell.learner}: {note}" for cell in sheet.cells for note in cell.notes)
    return TaskAnalysis(
        meta,
        {name: str(kind) for name, kind in sheet.kinds.items()},
        mine,
        theirs,
        task_outcome(sheet, ends, theirs),
        tuple(_crossings(sheet, ends, theirs)),
        tuple(curves(sheet)),
        tuple(rounds(sheet)),
        tuple(reliability(sheet)),
        tuple(notes),
    )


def _crossings(sheet: Sheet, ends: Contest, pairs: Sequence[Pair]) -> list[Crossing]:
    """Return the break-even of the champions; of every inductive with every transductive learner where none were chosen."""
    found = []
    for inductive, transductive in itertools.product(*ends.speakers(sheet)):
        names = inductive.label, transductive.label
        pair = find(pairs, sheet, *names)
        costs = [{cell.seed: cell.cost for cell in sheet.played(side)} for side in (inductive, transductive)]
        gain, margin = (pair.gain(inductive.label)[0], pair.margin) if pair else (math.nan, math.nan)
        rng = child_rng(0, "break-even", sheet.meta.suite, sheet.meta.name, *names)
        result = break_even(costs[0], costs[1], gain=gain, margin=margin, rng=rng)
        found.append(Crossing(sheet.meta.suite, sheet.meta.name, *names, result))
    return found


def _outcome_entry(outcome: TaskOutcome) -> dict[str, Any]:
    return {
        "suite": outcome.suite,
        "task": outcome.task,
        "outcome": str(outcome.outcome),
        "winner": outcome.winner,
        "winner_kind": outcome.winner_kind,
        "first": outcome.first,
        "second": outcome.second,
        "difference": outcome.difference,
        "low": outcome.low,
        "high": outcome.high,
        "how": outcome.how,
        "champions": [
            {
                "family": c.family, "learner": c.label, "by_seed": c.side.by_seed if c.side else {}, "how": c.how,
                "rehearsal": dict(c.candidates),
            }
            for c in outcome.champions
        ],
    }  # fmt: skip


def _crossing_entry(crossing: Crossing) -> dict[str, Any]:
    entry = dataclasses.asdict(crossing)
    return {
        **{key: entry[key] for key in ("suite", "task", "inductive", "transductive")},
        **entry["result"],
        "state": str(crossing.result.state),
    }


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
