"""From what a suite.toml says of a task to the task."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import DataMissing, InputError, SuiteError
from ..records import ResampleBy, TaskInfo, child_rng
from .defaults import default_learners
from .events import Exam
from .exams import Episodic, Repeat, Sequences, Shifted, Split, Stream
from .frames import FOLDS, study_every
from .generators import Bits, generate
from .metrics import check_metrics, default_metrics
from .sources import FILE_OPTIONS, source_table
from .tables import Table
from .task import Task


def build_task(settings: Mapping[str, Any], *, suite: str, folder: Path, seeds: int) -> Task:
    """Return the task that a [[task]] describes; `seeds`: the suite's own number.

    Raises:
        SuiteError: it cannot be made; the message says which task and why.
        DataMissing: its data are not on this machine.
    """
    try:
        info, exam = _sequences(settings) if settings["exam"] == "sequence" else _table(settings, folder)
    except DataMissing:
        raise
    except InputError as error:
        raise SuiteError(f"{settings['where']}: {error}") from None
    learners = tuple(settings.get("learners", ())) or default_learners(exam.kind, info.y_type)
    return Task(info, exam, suite, learners, settings.get("seeds", seeds), settings.get("title", ""))


def _table(settings: Mapping[str, Any], folder: Path) -> tuple[TaskInfo, Exam]:
    options = {key: settings[key] for key in FILE_OPTIONS if key in settings}
    table = source_table(settings["source"], folder=folder, limit=settings.get("limit"), **options)
    exam = _exam(settings["exam"], table, settings.get("exam_options", {}))
    resample_by: ResampleBy = "group" if table.groups else "question"
    if exam.kind == "repeat":
        resample_by = "group"  # the askings of one question belong together
    elif exam.kind == "stream" and not table.groups:
        resample_by = "block"
    metrics = settings.get("metrics", ())
    return table.info(settings["name"], metrics=metrics, resample_by=resample_by, together=settings.get("together", False)), exam


def _exam(kind: str, table: Table, options: Mapping[str, Any]) -> Exam:
    """Return the exam of that kind over a table."""
    given = dict(options)
    observations = table.observations
    if kind == "split":
        given.setdefault("folds", min(FOLDS, len(set(table.groups)) or FOLDS))
        return Split(observations, groups=table.groups, **given)
    if kind == "stream":
        given.setdefault("study_every", study_every(len(observations)))
        if given.pop("shift_labels", False):
            return Shifted(observations, groups=table.groups, choices=table.choices, **given)
        return Stream(observations, groups=table.groups, **given)
    if table.groups:
        raise InputError(f"a {kind} exam has no groups; leave group out, or make it a split")
    if table.y_type != "class":
        raise InputError(f"a {kind} exam asks for classes, and the target is a number; make it a split or a stream")
    if kind == "episodic":
        return Episodic(observations, **given)
    if "swap" in given:
        given["swap"] = tuple(given["swap"])
    return Repeat(observations, **given)


def _sequences(settings: Mapping[str, Any]) -> tuple[TaskInfo, Exam]:
    exam = Sequences(_named(settings["generator"], settings["length"]), _named(settings.get("rehearsal", []), settings["length"]))
    metrics = tuple(settings.get("metrics", ())) or default_metrics("symbol", (0, 1))
    check_metrics(metrics, "symbol", (0, 1))
    return TaskInfo(settings["name"], "symbols", "symbol", (0, 1), metrics, resample_by="sequence"), exam


def _named(generators: Any, length: int) -> dict[str, Bits]:
    """Return name -> sequence for generators given by name, or by a table {generator, name, seed, ...parameters}."""
    made: dict[str, Bits] = {}
    for one in generators if isinstance(generators, list) else [generators]:
        parameters = dict(one) if isinstance(one, dict) else {"generator": one}
        generator = parameters.pop("generator", None)
        if not isinstance(generator, str):
            raise InputError(f"{one!r} is no generator; give its name, or {{ generator = NAME, ... }}")
        name, seed = str(parameters.pop("name", generator)), parameters.pop("seed", 0)
        if name in made:
            raise InputError(f"two sequences are called {name!r}; give one of them another name")
        if not isinstance(seed, int) or seed < 0:
            raise InputError(f"seed of {name!r} is {seed!r}; give a whole number, 0 or more")
        made[name] = generate(generator, length, rng=child_rng(seed, "generator", generator), **parameters)
    return made
