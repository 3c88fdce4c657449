"""Your own data: a table or arrays become a task.

A time column makes a stream in time order; a group column a split that never parts a group; both, a stream whose questions are resampled by group.
Otherwise it is a split. `tables` says how rows and columns are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..records import ResampleBy
from .defaults import default_learners
from .events import Exam
from .exams import Split, Stream
from .limits import limited
from .reading import read_table as read_table
from .tables import Frame, Table, read_frame
from .targets import TargetKind
from .task import Task

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Own:
    """A task made of a user's own data, with what was guessed of its columns: as JSON has it, and as a few lines to read."""

    task: Task
    columns: dict[str, Any]
    text: str


def own_task(
    frame: Frame,
    target: str | int,
    *,
    time: str | int | None = None,
    group: str | int | None = None,
    text: Sequence[str | int] = (),
    drop: Sequence[str | int] = (),
    id: str | int | None = None,
    target_kind: TargetKind | None = None,
    limit: int | None = None,
    name: str = "own",
) -> Own:
    """Return the task of predicting `target` from the other columns of a table.

    A column is given by its name, or by its place where there is no header (-1 is the last). text: columns to be read as text whatever they look
    like. id: a column with an id for each row. target_kind: "class" or "number", instead of the guess.

    Raises:
        InputError: a column is not there, or cannot be used; the message says which and why.
    """
    return make_own(
        read_frame(frame, target, time=time, group=group, text=text, drop=drop, id=id, target_kind=target_kind),
        name,
        limit,
        timed=time is not None,
    )


def own_arrays(
    X: Any,
    y: Any,
    *,
    time: Any = None,
    group: Any = None,
    ids: Sequence[Any] | None = None,
    text: Sequence[str | int] = (),
    target_kind: TargetKind | None = None,
    limit: int | None = None,
    name: str = "own",
) -> Own:
    """Return the task of predicting y (n,) from X: numbers (n, d) or (n,), n texts, or a DataFrame.

    time, group, ids: values (n,). Numbers in an array are all kept; columns of a DataFrame, and of an array of objects, are guessed as those of a
    table are (so words in an array of objects become categories or text).

    Raises:
        InputError: lengths differ, X has another shape, or a column cannot be used.
    """
    import pandas as pd

    if y is None:
        raise InputError("y is None; give one answer a row")
    frame, texts, numeric = _as_frame(X)
    used: dict[str, str] = {}
    beside: dict[str, Any] = {}
    for what, values in (("target", y), ("time", time), ("group", group), ("id", ids)):
        if values is not None:
            used[what] = _free(_name_of(values, "y" if what == "target" else what), [*frame.columns, *beside])
            beside[used[what]] = _one_column(values, what, len(frame))
    frame = pd.concat([frame, pd.DataFrame(beside)], axis=1)
    table = read_frame(
        frame, used["target"], time=used.get("time"), group=used.get("group"), id=used.get("id"), text=[*texts, *text], target_kind=target_kind,
        keep_all=numeric,
    )  # fmt: skip
    return make_own(table, name, limit, timed=time is not None)


def make_own(table: Table, name: str, limit: int | None, *, timed: bool) -> Own:
    """Return the task that is made of a table, with default metrics and learners."""
    n = len(table.observations)
    exam: Exam
    if timed:
        exam = Stream(table.observations, study_every=study_every(n), groups=table.groups)
    else:
        exam = Split(table.observations, folds=min(FOLDS, len(set(table.groups)) or FOLDS), groups=table.groups)
    resample_by: ResampleBy = "group" if table.groups else "block" if timed else "question"
    info = table.info(name, resample_by=resample_by)
    task = Task(info, exam, learners=default_learners(exam.kind, table.y_type), title=f"{table.guess.target} of {name}")
    return Own(limited(task, limit), table.guess.as_json(), str(table.guess))


def study_every(n: int) -> int:
    """Return how many answers a stream of n reveals between two studies: fifty studies in all, but none after fewer than 50 answers."""
    return max(50, n // 50)


def _as_frame(X: Any) -> tuple[Frame, list[str], bool]:
    """Return X as a table of its own, its columns that are texts, and whether it was an array of numbers."""
    import pandas as pd

    if isinstance(X, pd.DataFrame):
        return X.set_axis([str(column) for column in X.columns], axis=1).reset_index(drop=True), [], False
    if hasattr(X, "toarray"):  # scipy.sparse
        raise InputError(f"X is a sparse matrix {X.shape}; give X.toarray() if it fits in memory, or the texts it was made of")
    if isinstance(X, (str, Mapping)) or not hasattr(X, "__len__"):
        raise InputError(f"X is a {type(X).__name__}; give numbers (n, d), a list of texts, or a DataFrame")
    if isinstance(X, pd.Series) or (len(X) and all(isinstance(x, str) for x in X)):
        name = _name_of(X, "x0")
        texts = [name] if all(isinstance(x, str) for x in X) else []
        return pd.DataFrame({name: list(X) if texts else X.reset_index(drop=True)}), texts, False
    try:
        array = np.asarray(X)
    except ValueError:
        raise InputError("X has rows of different lengths; give numbers (n, d), a list of texts, or a DataFrame") from None
    if not array.size:
        raise InputError(f"X has shape {array.shape}, so there is nothing to learn from; give rows (n, d)")
    if array.ndim not in (1, 2):
        raise InputError(f"X has shape {array.shape}; give (n, d): X.reshape(len(X), -1) makes rows of images")
    table = array.reshape(len(array), -1)
    numeric = table.dtype.kind in "biuf"
    frame = pd.DataFrame(table if numeric else table.astype(object), columns=[f"x{i}" for i in range(table.shape[1])])
    return frame if numeric else frame.infer_objects(), [], numeric


def _one_column(values: Any, what: str, n: int) -> Any:
    """Return values (n,) as they can be put into a table, row by row."""
    import pandas as pd

    if not isinstance(values, pd.Series):
        values = pd.Series(np.ravel(values) if hasattr(values, "__array__") else list(values))
    if len(values) != n:
        raise InputError(f"X has {n} rows and the {what} {len(values)} values; give one a row")
    return values.array


def _name_of(values: Any, otherwise: str) -> str:
    name = getattr(values, "name", None)
    return otherwise if name is None else str(name)


def _free(name: str, taken: Sequence[str]) -> str:
    """Return the name, with underscores after it where a column has it already."""
    while name in taken:
        name += "_"
    return name
