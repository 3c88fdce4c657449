"""What the bench itself costs: 45,000 stream questions answered by the no-change floor, from the plan to the rows on disk.

    python benchmarks/overhead.py

Prints seconds and, in the same run, the ratio to the bare loop (the learner alone, without bench, scores or disk).
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from solomonic.bench.plan import make_plan
from solomonic.bench.run import iter_run, load
from solomonic.learners.registry import factory
from solomonic.records import Budget, Observation, Query, TaskInfo
from solomonic.tasks.exams import Stream
from solomonic.tasks.task import Task

QUESTIONS = 45_000


def stream_task() -> Task:
    """A stream of six numbers and two classes that come in runs, as long as the electricity stream."""
    rng = np.random.default_rng(0)
    labels = np.cumsum(rng.random(QUESTIONS) < 0.15) % 2
    xs = rng.normal(size=(QUESTIONS, 6))
    items = tuple(Observation(f"r{i}", xs[i], int(labels[i]), float(i)) for i in range(QUESTIONS))
    info = TaskInfo("stream", "vector", "class", (0, 1), ("accuracy", "log_loss"), resample_by="block")
    return Task(info, Stream(items, study_every=900), "overhead", ("no-change",), 1)


def bare_loop(task: Task) -> float:
    """Return the seconds of asking and telling the learner alone."""
    learner: Any = factory("no-change")(task.info, rng=np.random.default_rng(0), budget=Budget())
    items = task.exam.observations  # type: ignore[attr-defined]
    start = time.perf_counter()
    for item in items:
        learner.answer((Query(item.id, item.x, item.at),))
        learner.observe((item,))
    return time.perf_counter() - start


def main() -> None:
    task = stream_task()
    bare = bare_loop(task)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        plan = make_plan([task])
        list(iter_run(plan, Path(folder), jobs=1))
        run = load(plan, Path(folder), [])
        took = time.perf_counter() - start
    assert len(run.cells[0].rows) == QUESTIONS
    print(f"{QUESTIONS:,} stream questions, no-change floor: {took:.2f} s in all ({took / QUESTIONS * 1e6:.0f} us a question)")
    print(f"bare loop {bare:.2f} s, ratio {took / bare:.1f}")


if __name__ == "__main__":
    main()
