"""Where a task's data come from: scikit-learn's bundled sets, the folder of public data sets, files beside a suite.

sklearn:digits           digits, breast_cancer, iris, wine (classes), diabetes (a number)
data:tables/glass.csv    a file below the folder that SOLOMONIC_DATA names
file:mine.csv            a file beside the suite.toml that names it
"""

from __future__ import annotations

import dataclasses
import functools
import os
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..errors import DataMissing, InputError, UnknownName
from ..records import Column, Observation
from .guess import Guess
from .limits import fair_sample
from .reading import read_table
from .tables import Table, read_frame
from .targets import TargetKind

SKLEARN: Final = ("breast_cancer", "diabetes", "digits", "iris", "wine")
FILE_OPTIONS: Final = ("header", "quote", "target", "target_kind", "drop", "time", "group", "text", "id")


def source_table(source: str, *, folder: Path | None = None, limit: int | None = None, **options: Any) -> Table:
    """Return the table that a source names; `folder` is where "file:" starts; options are those of FILE_OPTIONS, for files.

    limit: at most so many rows, every answer keeping its share; of rows in time order the first.

    Raises:
        InputError: the source is of no known kind, or the file cannot be used.
        DataMissing: the data set is not on this machine.
    """
    kind, _, where = source.partition(":")
    if kind == "sklearn":
        if options:
            raise InputError(f"{source} is complete in itself and takes no {next(iter(options))!r}; leave it out")
        table = sklearn_table(where)
    elif kind in ("data", "file") and where:
        table = _file_table(data_file(where) if kind == "data" else (folder or Path()) / where, **options)
    else:
        raise InputError(f"source {source!r} is of no known kind; give sklearn:NAME, data:PATH or file:PATH")
    return table if limit is None else _fewer(table, limit, timed="time" in options)


def data_file(path: str) -> Path:
    """Return a file or folder below the one that SOLOMONIC_DATA names.

    Raises:
        DataMissing: the variable is not set, or the folder has no such file.
    """
    named = os.environ.get("SOLOMONIC_DATA")
    if not named:
        raise DataMissing(f"{path} is a public data set and SOLOMONIC_DATA is not set; set SOLOMONIC_DATA to the folder that holds {path}")
    file = Path(named) / path
    if not file.exists():
        raise DataMissing(
            f"{path} is not in {named}, the folder that SOLOMONIC_DATA names; put it there, or set SOLOMONIC_DATA to another folder"
        )
    return file


def _file_table(file: Path, *, header: bool = True, quote: str = '"', target: str | int | None = None, **options: Any) -> Table:
    if target is None:
        raise InputError(f"{file.name} needs a target; name the column to predict, or its number (-1 is the last)")
    return read_frame(read_table(file, header, quote=quote), target, **options)


def _fewer(table: Table, limit: int, *, timed: bool) -> Table:
    if limit < 1:
        raise InputError(f"limit is {limit}; give 1 or more")
    rows = range(min(limit, len(table.observations))) if timed else fair_sample([o.y for o in table.observations], limit).tolist()
    observations = tuple(table.observations[i] for i in rows)
    columns = table.columns
    if table.x_type == "record":
        columns = tuple(
            dataclasses.replace(column, missing=sum(one.x[place] is None for one in observations))
            for place, column in enumerate(table.columns)
        )
    groups = tuple(table.groups[i] for i in rows) if table.groups else ()
    guess = dataclasses.replace(table.guess, columns=columns, infinite={}, rows=len(rows))
    return dataclasses.replace(table, observations=observations, columns=columns, groups=groups, guess=guess)


@functools.cache
def sklearn_table(name: str) -> Table:
    """Return one of scikit-learn's bundled real data sets; digits keep ints as labels, the others their names.

    Raises:
        UnknownName: it is none of SKLEARN.
    """
    if name not in SKLEARN:
        raise UnknownName("scikit-learn set", name, SKLEARN)
    from sklearn import datasets

    bunch = datasets.load_diabetes(scaled=False) if name == "diabetes" else getattr(datasets, f"load_{name}")()
    matrix = np.ascontiguousarray(bunch.data, dtype=np.float64)
    matrix.setflags(write=False)
    choices: tuple[Any, ...]
    if name == "diabetes":
        answers, choices = bunch.target.astype(np.float64).tolist(), ()
    elif name == "digits":
        answers, choices = bunch.target.tolist(), tuple(range(10))
    else:
        choices = tuple(str(label) for label in bunch.target_names)
        answers = [choices[code] for code in bunch.target]
    columns = tuple(Column(str(column), "number") for column in bunch.feature_names)
    observations = tuple(Observation(str(i), x, y) for i, (x, y) in enumerate(zip(matrix, answers, strict=True)))
    kind: TargetKind = "class" if choices else "number"
    guess = Guess(name, kind, choices, columns, {}, (), len(observations), 0)
    return Table(observations, "vector", kind, choices, columns, (), guess)
