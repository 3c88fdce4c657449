"""A task's fingerprint is the same everywhere, and different for any other data."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.records import Observation, TaskInfo
from solomonic.tasks.exams import Sequences, Split, Stream
from solomonic.tasks.task import Task

MAKE = """
import numpy as np
from solomonic.records import Column, Observation, TaskInfo
from solomonic.tasks.exams import Split
from solomonic.tasks.task import Task
items = [Observation(f"i{i}", (i / 3, "text" if i % 2 else None), "ab"[i % 2]) for i in range(20)]
items += [Observation(f"v{i}", np.arange(3.0) * i, "a") for i in range(5)]
info = TaskInfo("t", "record", "class", ("a", "b"), ("accuracy",), columns=(Column("n", "number"), Column("c", "category", 3)))
print(Task(info, Split(tuple(items))).fingerprint())
"""


def vectors(values: list[float]) -> Task:
    items = tuple(Observation(str(i), np.array([value, 1.0]), i % 2) for i, value in enumerate(values))
    return Task(TaskInfo("t", "vector", "class", (0, 1)), Split(items))


def test_other_processes_with_other_hash_seeds_agree() -> None:
    prints = {
        subprocess.run(
            [sys.executable, "-c", MAKE],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(prints) == 1
    assert len(prints.pop().strip()) == 32


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=10, max_size=20), st.data())
def test_any_other_number_changes_it(values: list[float], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(values) - 1))
    changed = list(values)
    changed[place] = float(np.nextafter(changed[place], np.inf))
    assert vectors(values).fingerprint() == vectors(list(values)).fingerprint()
    assert vectors(values).fingerprint() != vectors(changed).fingerprint()


def test_any_other_datum_or_setting_changes_it() -> None:
    task = vectors([float(i) for i in range(20)])
    exam = task.exam
    assert isinstance(exam, Split)
    first, *others = exam.observations
    tasks = [task]
    for field, value in (("id", "z"), ("y", 1), ("at", 1.0), ("links", ("3",)), ("x", np.array([0.0, 1.0], dtype=np.float32))):
        changed = dataclasses.replace(first, **{field: value})
        tasks.append(dataclasses.replace(task, exam=dataclasses.replace(exam, observations=(changed, *others))))
    tasks.append(dataclasses.replace(task, exam=dataclasses.replace(exam, folds=4)))
    tasks.append(dataclasses.replace(task, exam=dataclasses.replace(exam, observations=tuple(others))))
    tasks.append(dataclasses.replace(task, exam=dataclasses.replace(exam, observations=(*others, first))))
    tasks.append(dataclasses.replace(task, exam=Stream(exam.observations)))
    tasks.append(dataclasses.replace(task, info=dataclasses.replace(task.info, choices=(1, 0))))
    tasks.append(dataclasses.replace(task, info=dataclasses.replace(task.info, choices=("0", "1"))))
    assert len({one.fingerprint() for one in tasks}) == len(tasks)


def test_who_sits_it_and_how_often_do_not_change_it() -> None:
    task = vectors([float(i) for i in range(20)])
    other = dataclasses.replace(task, learners=("maxent",), seeds=9, title="another", suite="elsewhere")
    assert task.fingerprint() == other.fingerprint()


def test_symbols_cannot_move_from_one_sequence_to_the_next_unseen() -> None:
    info = TaskInfo("t", "symbols", "symbol", (0, 1))
    prints = {
        Task(info, Sequences(sequences, rehearsal)).fingerprint()
        for sequences, rehearsal in (
            ({"a": (0, 1), "b": (1,)}, {}), ({"a": (0,), "b": (1, 1)}, {}), ({"b": (1,), "a": (0, 1)}, {}), ({"a": (0, 1)}, {"b": (1,)}),
        )
    }  # fmt: skip
    assert len(prints) == 4
