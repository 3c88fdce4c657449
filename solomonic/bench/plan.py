"""Which cells a run needs, which of them are done, and which are stale."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError, UnsupportedTask
from ..learners import registry
from ..records import Budget
from ..tasks.exams import REHEARSAL_FRACTION
from ..tasks.task import Task
from .ledger import Coordinates
from .results import TaskMeta

LearnerSpec = Any
"""A registry name, an import path, a factory, or a scikit-learn estimator."""


@dataclass(frozen=True)
class Cell:
    """One (task, learner, seed, fraction) to be played; its key hashes all that its rows may depend on."""

    task: Task
    learner: LearnerSpec
    name: str
    seed: int
    fraction: float
    key: str

    @property
    def coordinates(self) -> Coordinates:
        """Where the cell stands in a run."""
        return self.task.suite, self.task.name, self.name, self.seed, self.fraction


@dataclass(frozen=True)
class Plan:
    """All cells in order; `skipped`: (task, learner, why) for those that cannot sit an exam."""

    tasks: Sequence[Task]
    cells: Sequence[Cell]
    budget: Budget
    skipped: Sequence[tuple[str, str, str]] = ()

    def metas(self) -> list[TaskMeta]:
        """Return what the analysis needs to know of each task."""
        return [
            TaskMeta(
                t.suite, t.name, t.title, t.exam.kind, t.info.y_type, t.info.metrics, t.info.resample_by, len(t.info.choices), t.info.columns
            )
            for t in self.tasks
        ]  # fmt: skip

    def sort(self, finished: dict[Coordinates, str]) -> tuple[list[Cell], int, int]:
        """Return the cells still to play, how many are done, and how many finished ones are stale."""
        todo = [cell for cell in self.cells if finished.get(cell.coordinates) != cell.key]
        stale = sum(cell.coordinates in finished for cell in todo)
        return todo, len(self.cells) - len(todo), stale


def make_plan(
    tasks: Sequence[Task], *, learners: Sequence[LearnerSpec] | None = None, seeds: int | None = None, budget: Budget | None = None
) -> Plan:
    """Return the plan for these tasks; `learners` and `seeds` replace each task's own, but a task keeps its floor: no score stands without one.

    Raises:
        UnknownName: there is no such learner.
        UnsupportedTask: a learner that was asked for can sit none of the exams, or an exam has no learner left.
    """
    if seeds is not None and (not isinstance(seeds, int) or seeds < 1):
        raise InputError(f"seeds is {seeds!r}; give a whole number, 1 or more")
    budget = budget or Budget()
    cells: list[Cell] = []
    skipped: list[tuple[str, str, str]] = []
    able: set[str] = set()
    asked = [(spec, registry.label(spec)) for spec in learners or ()]
    for task in tasks:
        print_of_task = task.fingerprint()
        for spec, name in _distinct([*_floors(task, asked), *asked]) if asked else [(spec, spec) for spec in task.learners]:
            why = registry.factory(spec).refuses(task.info)
            if why is not None:
                skipped.append((task.name, name, why))
                continue
            able.add(name)
            what = hashlib.blake2b(digest_size=12)
            what.update("\x1f".join((task.suite, print_of_task, code_version(), registry.parameters(spec), repr(budget), name)).encode())
            for seed in range(task.seeds if seeds is None else seeds):
                for fraction in _fractions(task, seed):
                    key = hashlib.blake2b(what.digest() + f"{seed}/{fraction}".encode(), digest_size=8).hexdigest()
                    cells.append(Cell(task, spec, name, seed, fraction, key))
    unable = [name for _, name in asked if name not in able]
    if unable:
        raise UnsupportedTask(f"{unable[0]} can sit none of these exams ({next(why for _, name, why in skipped if name == unable[0])})")
    return Plan(tuple(tasks), tuple(cells), budget, tuple(skipped))


def _fractions(task: Task, seed: int) -> tuple[float, ...]:
    """Return the lesson sizes that are played under a seed: all under the first; under the others those that scores and champions rest on.

    The smallest lessons serve the learning curve alone, and cost some learners nearly as much as the whole.
    """
    return task.exam.fractions if seed == 0 else tuple(f for f in task.exam.fractions if f >= REHEARSAL_FRACTION)


def _floors(task: Task, asked: Sequence[tuple[LearnerSpec, str]]) -> list[tuple[LearnerSpec, str]]:
    """Return the task's own floors, where none of those who were asked for is a floor that can sit it."""
    if any(made.kind == "floor" and made.refuses(task.info) is None for made in (registry.factory(spec) for spec, _ in asked)):
        return []
    return [(spec, spec) for spec in task.learners if registry.factory(spec).kind == "floor"]


def _distinct(asked: Sequence[tuple[LearnerSpec, str]]) -> list[tuple[LearnerSpec, str]]:
    """Return each learner once; two different ones that are called the same are told apart by number."""
    kept: dict[str, tuple[LearnerSpec, str]] = {}
    for spec, name in asked:
        if name in kept:
            if registry.parameters(kept[name][0]) == registry.parameters(spec):
                continue
            name = next(f"{name} ({i})" for i in range(2, len(asked) + 2) if f"{name} ({i})" not in kept)
        kept[name] = (spec, name)
    return list(kept.values())


@functools.cache
def code_version() -> str:
    """Return a hash of the code on which a cell's rows depend."""
    package = Path(__file__).parent.parent
    files = sorted([package / "records.py", package / "bench" / "play.py"])
    for room in ("tasks", "prediction", "learners"):
        files += sorted((package / room).rglob("*.py"))
    digest = hashlib.blake2b(digest_size=8)
    for file in files:
        digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
