"""A table becomes observations, and the guess that was made of every column can be read.

Rows without an answer are dropped and counted. Missing values stay missing (None in a record): a learner fills them from
its own lesson, never from the exam. Numbers alone, none missing, make vectors; one text column alone makes texts; everything else makes records.
Time and group columns are not among the features.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ..errors import InputError, UnknownName
from ..records import Column, Observation, ResampleBy, TaskInfo, XType, YType
from .columns import MISSING, Cells, clean, kind_of, times
from .guess import Dropped, Guess
from .metrics import check_metrics, default_metrics
from .targets import TargetKind, read_target

Frame: TypeAlias = Any
"""A pandas.DataFrame."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table turned into observations, in time order where it has times; `groups` is empty where it has none."""

    observations: tuple[Observation, ...]
    x_type: XType
    y_type: YType
    choices: tuple[Any, ...]
    columns: tuple[Column, ...]
    groups: tuple[str, ...]
    guess: Guess

    def info(self, name: str, *, metrics: Sequence[str] = (), resample_by: ResampleBy = "question", together: bool = False) -> TaskInfo:
        """Return what a learner is told.

        Raises:
            InputError: a metric cannot score these answers.
        """
        names = tuple(metrics) or default_metrics(self.y_type, self.choices)
        check_metrics(names, self.y_type, self.choices)
        return TaskInfo(
            name, self.x_type, self.y_type, self.choices, names, together=together, resample_by=resample_by, columns=self.columns
        )  # fmt: skip


def read_frame(
    frame: Frame,
    target: str | int,
    *,
    time: str | int | None = None,
    group: str | int | None = None,
    text: Sequence[str | int] = (),
    drop: Sequence[str | int] = (),
    id: str | int | None = None,
    target_kind: TargetKind | None = None,
    keep_all: bool = False,
) -> Table:
    """Return the observations of a table, and what was guessed of its columns; arguments as in `own_task`.

    keep_all: leave no column out, whatever it looks like.

    Raises:
        InputError: a column is not there, or cannot be used.
    """
    labels = _labels(frame)
    place = {
        what: _find(labels, column, what)
        for what, column in (("target", target), ("time", time), ("group", group), ("id", id))
        if column is not None
    }
    texts = {_find(labels, column, "text") for column in text}
    _refuse_double_use([*place.items(), *(("text", i) for i in texts)], labels)
    left_out = {_find(labels, column, "drop") for column in drop} | set(place.values())

    answers = read_target(frame.iloc[:, place["target"]], labels[place["target"]], target_kind)
    rows = np.flatnonzero([value is not None for value in answers.values])
    if "time" in place:
        moments = times(frame.iloc[rows, place["time"]].reset_index(drop=True), labels[place["time"]])
        order = np.argsort(moments, kind="stable")
        rows, moments = rows[order], moments[order]
    else:
        moments = np.zeros(rows.size)
    kept_rows = frame.iloc[rows]
    cells, columns, dropped = _features(kept_rows, labels, left_out, texts, keep_all)
    x_type, xs = _xs(cells, columns)
    ids = _marks(kept_rows, place["id"], labels) if "id" in place else [str(row) for row in rows]
    groups = tuple(_marks(kept_rows, place["group"], labels)) if "group" in place else ()
    if groups and len(set(groups)) < 2:
        raise InputError(f"group column {labels[place['group']]!r} holds one group only; give two or more, or leave it out")
    observations = tuple(
        Observation(ids[i], xs[i], answers.values[row], moment)
        for i, (row, moment) in enumerate(zip(rows.tolist(), moments.tolist(), strict=True))
    )
    guess = Guess(
        answers.name, answers.kind, answers.choices, columns, {c.name: c.infinite for c in cells if c.infinite}, tuple(dropped), len(observations),
        answers.missing, labels[place["time"]] if "time" in place else None, labels[place["group"]] if "group" in place else None,
        tuple(c.name for c in cells if c.dates),
    )  # fmt: skip
    return Table(observations, x_type, answers.kind, answers.choices, columns, groups, guess)


def _features(
    frame: Frame, labels: Sequence[str], left_out: set[int], texts: set[int], keep_all: bool
) -> tuple[list[Cells], tuple[Column, ...], list[Dropped]]:
    """Return the cells and columns that are kept, and what was dropped."""
    kept: list[tuple[Cells, Column]] = []
    dropped: list[tuple[Cells, Column, Dropped]] = []
    for i, label in enumerate(labels):
        if i in left_out:
            continue
        cells = clean(frame.iloc[:, i], label, as_text=i in texts)
        kind, reason = ("text", None) if i in texts else kind_of(cells)
        column = Column(label, kind, cells.missing)
        if reason is None or keep_all:
            kept.append((cells, column))
        else:
            dropped.append((cells, column, Dropped(label, reason)))
    if not kept:
        # A lone counter may be all there is to learn from; what is empty or constant never is.
        kept = [(cells, column) for cells, column, drop in dropped if column.kind == "number" and drop.reason.startswith("all different")]
        dropped = [entry for entry in dropped if entry[1] not in [column for _, column in kept]]
    if not kept:
        reasons = ", ".join(f"{drop.name} ({drop.reason})" for _, _, drop in dropped)
        raise InputError(f"no column is left to predict from{f'; dropped: {reasons}' if reasons else ''}: give one that varies")
    return [cells for cells, _ in kept], tuple(column for _, column in kept), [drop for _, _, drop in dropped]


def _xs(cells: Sequence[Cells], columns: Sequence[Column]) -> tuple[XType, Sequence[Any]]:
    """Return the kind of x, and one x a row."""
    if all(column.kind == "number" and column.missing == 0 for column in columns):
        matrix = np.column_stack([cell.numbers for cell in cells if cell.numbers is not None])
        matrix.setflags(write=False)
        return "vector", list(matrix)
    if len(columns) == 1 and columns[0].kind == "text":
        return "text", ["" if value is None else value for value in cells[0].values()]
    return "record", list(zip(*(cell.values() for cell in cells), strict=True))


def _labels(frame: Frame) -> list[str]:
    """Return the names of the columns as strings."""
    if not hasattr(frame, "iloc") or getattr(frame, "ndim", 0) != 2:
        raise InputError(
            f"a {type(frame).__name__} was given where a pandas DataFrame was expected; read a file with read_table, or give X and y"
        )
    labels = [str(label) for label in frame.columns]
    twice = [label for label, count in Counter(labels).items() if count > 1]
    if twice:
        raise InputError(f"two columns are called {twice[0]!r}; rename one")
    if not len(frame):
        raise InputError("the table has no rows; give one with data")
    return labels


def _find(labels: Sequence[str], column: str | int, what: str) -> int:
    """Return the place of a column given by name, or by number where columns have no names."""
    if str(column) in labels:
        return labels.index(str(column))
    nameless = list(labels) == [f"c{i}" for i in range(len(labels))]
    if isinstance(column, int) or (nameless and column.lstrip("-").isdecimal()):
        number = int(column)
        if -len(labels) <= number < len(labels):
            return number % len(labels)
        raise InputError(f"{what} is column {number}, but there are {len(labels)}; give 0 to {len(labels) - 1}, or -1 for the last")
    raise UnknownName("column", column, labels)


def _refuse_double_use(uses: Sequence[tuple[str, int]], labels: Sequence[str]) -> None:
    used: dict[int, str] = {}
    for what, i in uses:
        if i in used:
            raise InputError(f"column {labels[i]!r} is both the {used[i]} and the {what}; name two different columns")
        used[i] = what


def _marks(frame: Frame, place: int, labels: Sequence[str]) -> list[str]:
    """Return the cells of an id or group column as strings.

    Raises:
        InputError: one is missing.
    """
    series = frame.iloc[:, place]
    marks = [str(value).strip() for value in series.tolist()]
    missing = int(np.sum(series.isna().to_numpy(dtype=bool) | np.array([mark in MISSING for mark in marks], dtype=bool)))
    if missing:
        raise InputError(f"column {labels[place]!r} has no value in {missing} of {len(marks)} rows; fill or drop them")
    return marks
