"""Fewer questions, for a quick look."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from ..records import child_rng
from .exams import Episodic, Repeat, Sequences, Shifted, Split, Stream
from .folds import nested_order
from .task import Task


def fair_sample(ys: Sequence[Any], size: int) -> np.ndarray:
    """Return the places (at most `size`,) of a sample in which every answer keeps its share, in rising order; always the same one."""
    if size >= len(ys):
        return np.arange(len(ys))
    return np.sort(nested_order(ys, stratify=True, rng=child_rng(0, "limit"))[:size])


def limited(task: Task, limit: int | None) -> Task:
    """Return the task with at most `limit` observations (questions, where they are episodes).

    A split, a repeat or a shuffled stream keeps a sample with the same share of each answer; a stream its beginning; sequences as much of each
    beginning as fits, at least two symbols; episodes their first. Choices stay what they were.

    Raises:
        InputError: so few are left that the exam cannot be held.
    """
    if limit is None:
        return task
    if limit < 1:
        raise InputError(f"limit is {limit}; give 1 or more")
    exam: Any = task.exam
    if isinstance(exam, (Split, Repeat, Shifted)):
        kept = fair_sample([observation.y for observation in exam.observations], limit).tolist()
        changed: dict[str, Any] = {"observations": tuple(exam.observations[i] for i in kept)}
        if isinstance(exam, Split) and exam.groups:
            changed["groups"] = tuple(exam.groups[i] for i in kept)
    elif isinstance(exam, Stream):
        changed = {"observations": exam.observations[:limit], "groups": exam.groups[:limit]}
    elif isinstance(exam, Episodic):
        changed = {"episodes": min(exam.episodes, limit)}
    elif isinstance(exam, Sequences):
        length = max(2, limit // len(exam.sequences))
        changed = {
            "sequences": {name: symbols[:length] for name, symbols in exam.sequences.items()},
            "rehearsal": {name: symbols[:length] for name, symbols in exam.rehearsal.items()},
        }
    else:
        return task
    try:
        return dataclasses.replace(task, exam=dataclasses.replace(exam, **changed))
    except InputError as error:
        raise InputError(f"with limit {limit}, task {task.name!r} is too small ({error})") from None
