"""Play a plan: what is finished is kept, what is not is played, one result at a time."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import cloudpickle

from ..errors import CellFailed, InputError
from ..tasks.task import Task
from .ledger import Ledger, read_run
from .plan import Cell, Plan, code_version
from .results import CellResult, Run
from .worker import Failure, Order
from .workers import play_all

VERSIONED = ("solomonic", "numpy", "scipy", "scikit-learn", "numba", "pandas")


def iter_run(
    plan: Plan, folder: Path, *, jobs: int | None = None, columns: Mapping[str, Any] | None = None
) -> Iterator[CellResult | Failed]:
    """Yield every cell that had to be played, as it ends; the folder holds the run, and the same call continues it.

    columns: what was guessed of a user's own table, to be kept with the run.

    Raises:
        RunError: the folder cannot be used.
    """
    jobs = os.cpu_count() or 1 if jobs is None else jobs
    if jobs < 1:
        raise InputError(f"jobs is {jobs}; give 1 or more")
    with Ledger(folder) as ledger:
        ledger.write_info({**run_info(plan), "columns": columns}, plan.metas())
        todo, _, _ = plan.sort(ledger.finished)
        by_key = {cell.key: cell for cell in todo}
        with ledger.scratch() as scratch:
            with ledger.reporting():
                orders = _orders(todo, plan, scratch)
            with contextlib.closing(play_all(orders, jobs=jobs)) as results:
                for order, result in results:
                    cell = by_key[order.key]
                    if isinstance(result, Failure):
                        ledger.append_failure(cell.coordinates, result.reason, result.trace)
                        yield Failed(cell, result.reason)
                    else:
                        ledger.append(result)
                        yield result
        ledger.seal([cell.coordinates for cell in plan.cells])


class Failed(CellFailed):
    """A cell whose learner raised or died; an item of the iteration, not raised by it."""

    def __init__(self, cell: Cell, reason: str) -> None:
        self.cell = cell
        part = "" if cell.fraction == 1.0 else f" with {cell.fraction:g} of the lesson"
        super().__init__(f"{cell.task.suite}/{cell.task.name} {cell.name} seed {cell.seed}{part}: {reason}")


def load(plan: Plan, folder: Path, failed: list[str]) -> Run:
    """Return the plan's part of the run in a folder, in plan order; cells of other plans, and stale ones, stay out."""
    run = read_run(folder)
    cells = {cell.key: cell for cell in run.cells}
    names = [(task.suite, task.name) for task in plan.tasks]
    tasks = sorted((t for t in run.tasks if (t.suite, t.name) in names), key=lambda t: names.index((t.suite, t.name)))
    return Run(folder, tasks, [cells[cell.key] for cell in plan.cells if cell.key in cells], run.info, tuple(failed))


def run_info(plan: Plan) -> dict[str, Any]:
    """Return what a reader needs to repeat the run: versions, machine, seeds, budget."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "code": code_version(),
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in VERSIONED},
        "machine": {"system": platform.platform(), "processor": _processor(), "cores": os.cpu_count()},
        "seeds": max((cell.seed for cell in plan.cells), default=0) + 1,
        "tuning": {"candidates": plan.budget.candidates, "folds": plan.budget.folds},
    }


def _processor() -> str:
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as handle:
        for line in handle:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def _orders(todo: list[Cell], plan: Plan, scratch: Path) -> list[Order]:
    """Return the orders for the workers, each task written once where they can read it."""
    paths: dict[int, Path] = {}
    learners: dict[int, str | bytes] = {}
    for cell in todo:
        if id(cell.task) not in paths:
            paths[id(cell.task)] = _written(cell.task, scratch / f"{len(paths)}.task")
        if id(cell.learner) not in learners:
            learners[id(cell.learner)] = cell.learner if isinstance(cell.learner, str) else cloudpickle.dumps(cell.learner)
    return [
        Order(paths[id(cell.task)], learners[id(cell.learner)], cell.name, cell.seed, cell.fraction, plan.budget, cell.key) for cell in todo
    ]


def _written(task: Task, path: Path) -> Path:
    with open(path, "wb") as handle:
        cloudpickle.dump(task, handle)
    return path
