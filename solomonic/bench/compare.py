"""The one call: compare learners on a suite, on a table or on arrays, and say which one wins, how surely, at what cost.

result = compare("core")                                       a suite
result = compare(X, y, learners=["maxent", "nearest", SVC()])   arrays
result = compare(frame, target="y", time="date")               a table, or the path of one
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..records import SCHEMA_VERSION
from ..tasks.task import Task
from .ledger import finished
from .plan import LearnerSpec, Plan, make_plan
from .results import CellResult, Run
from .run import Failed, iter_run, load

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from ..tasks.frames import Own
    from .analysis import Analysis


@dataclass(frozen=True)
class Comparison:
    """What a comparison found. In a notebook it shows itself as a table."""

    run: Run
    analysis: Analysis
    columns: dict[str, Any] | None = None

    @property
    def verdict(self) -> str:
        """The answer in a sentence, or a few."""
        from .verdict import verdict

        return verdict(self.analysis)

    def frame(self) -> DataFrame:
        """Return one row a (task, learner, metric): score, interval, floor, costs, bytes."""
        return self.analysis.frame()

    def as_json(self) -> dict[str, Any]:
        """Return the object that `solomonic compare --json` prints."""
        out = {"schema_version": SCHEMA_VERSION, "run": str(self.run.folder), "verdict": self.verdict, **self.analysis.as_json()}
        out["drift"] = out.get("drift", [])
        out["failed"] = list(self.run.failed)
        if self.columns is not None:
            out["columns"] = self.columns
        return out

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write the one-file HTML report and return its path."""
        from .report import write_report

        write_report(self.run, self.analysis, Path(path))
        return Path(path)

    def plot_cost(self, task: str | None = None, ax: Axes | None = None) -> Axes:
        """Return the picture of score against cost."""
        from .figures import score_against_cost

        return score_against_cost(self.analysis, self._task(task), ax=ax)

    def plot_curve(self, task: str | None = None, ax: Axes | None = None) -> Axes:
        """Return the learning curves."""
        from .figures import learning_curves

        return learning_curves(self.analysis, self._task(task), ax=ax)

    def plot_break_even(self, task: str | None = None, ax: Axes | None = None) -> Axes:
        """Return cumulative cost against questions asked, with the break-even."""
        from .figures import cumulative_cost

        return cumulative_cost(self.analysis, self._task(task), ax=ax)

    def plot_reliability(self, task: str | None = None, ax: Axes | None = None) -> Axes:
        """Return the reliability diagram: how often answers of a given confidence are right."""
        from .figures import reliability

        return reliability(self.analysis, self._task(task), ax=ax)

    def _task(self, name: str | None) -> str:
        names = [task.name for task in self.run.tasks]
        if name is None and len(names) == 1:
            return names[0]
        if name not in names:
            raise InputError(f"task is {name!r}; this comparison has {', '.join(names)}: name one of them")
        return name

    def __repr__(self) -> str:
        return f"Comparison({', '.join(task.name for task in self.run.tasks)}: {self.verdict.splitlines()[0]})"

    def _repr_html_(self) -> str:
        from .report import summary_html

        return summary_html(self.run, self.analysis)


@dataclass(frozen=True)
class Asked:
    """Tasks to be compared, where their run goes (None: it is not kept), and what was guessed of a user's own table."""

    tasks: Sequence[Task]
    folder: Path | None
    columns: dict[str, Any] | None = None

    def plan(self, learners: Sequence[LearnerSpec] | None, seeds: int | None) -> Plan:
        """Return the plan for these tasks."""
        return make_plan(self.tasks, learners=learners, seeds=seeds)


def asked_suites(
    names: Sequence[str],
    *,
    suite_path: Sequence[str | os.PathLike[str]] = (),
    limit: int | None = None,
    out: str | os.PathLike[str] | None = None,
) -> Asked:
    """Return the tasks of some suites; their run goes to `out`, or to .solomonic/runs/NAMES."""
    from ..tasks.suites import load_suite

    if limit is not None and limit < 1:
        raise InputError(f"limit is {limit}; give 1 or more")
    names = list(dict.fromkeys(names))
    for name in names:
        if Path(name).is_file():
            raise InputError(
                f"{name} is a file, not a suite; name the column to predict, by --data {name} --target COLUMN, or target= in Python"
            )
    tasks = [task for name in names for task in load_suite(name, suite_path=suite_path).tasks(limit=limit)]
    label = "+".join(names) + (f"-limit{limit}" if limit else "")
    return Asked(tasks, Path(out) if out else Path(".solomonic") / "runs" / label)


def asked_own(own: Own, *, out: str | os.PathLike[str] | None = None) -> Asked:
    """Return a task made of a user's own data; its run goes to `out`, and is not kept where there is none."""
    return Asked([own.task], Path(out) if out else None, own.columns)


def finish(plan: Plan, asked: Asked, folder: Path, failed: list[str], *, margin: float = 0.01) -> Comparison:
    """Return the comparison once the plan has been played."""
    from .analysis import analyse

    run = load(plan, folder, failed)
    return Comparison(run, analyse(run, margin=margin), asked.columns)


def compare(
    what: Any,
    y: Any = None,
    *,
    target: str | None = None,
    time: Any = None,
    group: Any = None,
    text: Sequence[str] = (),
    learners: str | Sequence[LearnerSpec] | None = None,
    seeds: int | None = None,
    margin: float = 0.01,
    limit: int | None = None,
    suite_path: Sequence[str | os.PathLike[str]] = (),
    jobs: int | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: Callable[[CellResult | Failed, int, int], None] | None = None,
) -> Comparison:
    """Return which learners win on this data, how surely, and at what cost.

    what: a suite's name (or several); a table (DataFrame, or the path of a CSV, Parquet or JSONL file) with `target`; or X with y: floats (n, d), or n texts.
    time: column name, or values (n,): the exam is then a stream in that order. group: column name, or values (n,): groups are never split.
    learners: registry names, import paths, scikit-learn estimators or factories; the task's own where None. seeds: 3 for own data where None.
    margin: differences smaller than this do not matter to you (absolute for accuracy; relative to the floor for errors and losses).
    out: the run's folder; the same call continues it. For own data without `out` the folder goes with the result. progress: called with each result, how many are done, and how many there are.

    Raises:
        InputError: the data or an option cannot be used; the message says which and what to do.
    """
    from .analysis import check_margin

    check_margin(margin)
    asked = _asked(what, y, target=target, time=time, group=group, text=text, limit=limit, suite_path=suite_path, out=out)
    plan = asked.plan([learners] if isinstance(learners, str) else learners, seeds)
    if asked.folder is not None:
        return _played(plan, asked, asked.folder, jobs, progress, margin)
    folder = Path(tempfile.mkdtemp(prefix="solomonic-run-"))
    try:
        comparison = _played(plan, asked, folder, jobs, progress, margin)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(comparison, shutil.rmtree, folder, ignore_errors=True)
    return comparison


def _played(
    plan: Plan,
    asked: Asked,
    folder: Path,
    jobs: int | None,
    progress: Callable[[CellResult | Failed, int, int], None] | None,
    margin: float,
) -> Comparison:
    _, done_before, _ = plan.sort(finished(folder))
    failed: list[str] = []
    for done, result in enumerate(iter_run(plan, folder, jobs=jobs, columns=asked.columns), start=done_before + 1):
        if isinstance(result, Failed):
            failed.append(str(result))
        if progress is not None:
            progress(result, done, len(plan.cells))
    return finish(plan, asked, folder, failed, margin=margin)


def _asked(
    what: Any,
    y: Any,
    *,
    target: str | None,
    time: Any,
    group: Any,
    text: Sequence[str],
    limit: int | None,
    suite_path: Sequence[Any],
    out: Any,
) -> Asked:
    from ..tasks.frames import own_arrays, own_task, read_table

    if isinstance(y, str):
        raise InputError(f"y is the text {y!r}; to predict a column of a table, give target={y!r}")
    if y is not None:
        return asked_own(own_arrays(what, y, time=time, group=group, text=text, limit=limit), out=out)
    if target is not None:
        frame = read_table(what) if isinstance(what, (str, os.PathLike)) else what
        return asked_own(own_task(frame, target, time=time, group=group, text=text, limit=limit), out=out)
    names = [what] if isinstance(what, str) else what
    if isinstance(names, (list, tuple)) and names and all(isinstance(name, str) for name in names):
        return asked_suites(names, suite_path=suite_path, limit=limit, out=out)
    raise InputError("give a suite's name, a table with target=, or X with y")
