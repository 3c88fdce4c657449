"""What is to be predicted: labels or numbers, guessed from the column.

Strings, booleans and pandas categories are classes. Whole numbers are classes where there are two, or where there are at most 20 and each comes three
times on average; every other column of numbers is a number. Class labels stay what they are: strings, booleans, or ints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from ..errors import InputError
from .columns import MOST_CODES, Values, clean

ROWS_A_CLASS: Final = 3
MOST_CLASSES: Final = 1_000
LARGEST: Final = 1e140

TargetKind = Literal["class", "number"]


@dataclass(frozen=True, slots=True)
class Target:
    """The answers, aligned with the rows; None where a row has none. choices: the classes in order, empty for numbers."""

    name: str
    kind: TargetKind
    values: list[Any]
    choices: tuple[Any, ...]
    missing: int


def read_target(series: Values, name: str, kind: TargetKind | None = None) -> Target:
    """Return the answers of a column; `kind` overrules the guess.

    Raises:
        InputError: there is one value only, over 1,000 classes, hardly two rows of one class, or numbers were asked for and are not there.
    """
    import pandas as pd

    amounts = kind == "number"
    if isinstance(series.dtype, pd.CategoricalDtype) and amounts:
        series = series.astype(object)
    named = pd.api.types.is_bool_dtype(series.dtype) or isinstance(series.dtype, pd.CategoricalDtype)
    kind, values = ("class", _as_they_are(series)) if named and not amounts else _cells(series, name, kind)
    known = [value for value in values if value is not None]
    different = set(known)
    if not known:
        raise InputError(f"target {name!r} has no value in any row; name another column")
    if len(different) == 1:
        raise InputError(f"target {name!r} is {known[0]!r} in every row; there is nothing to predict: give two or more values")
    if kind == "class":
        _refuse_too_many(name, len(different), len(known), numeric=not isinstance(known[0], str))
    return Target(name, kind, values, tuple(sorted(different, key=_place)) if kind == "class" else (), len(values) - len(known))


def _as_they_are(series: Values) -> list[Any]:
    """Return booleans and categories as Python values, None where missing."""
    there = series.notna().to_numpy(dtype=bool)
    return [
        value.item() if isinstance(value, np.generic) else value if known else None
        for value, known in zip(series.tolist(), there, strict=True)
    ]


def _cells(series: Values, name: str, kind: TargetKind | None) -> tuple[TargetKind, list[Any]]:
    """Return the kind, guessed where it is not given, and the answers."""
    cells = clean(series, name)
    values = cells.values()
    if cells.numbers is None:
        if kind == "number":
            example = next((value for value in values if value is not None), None)
            raise InputError(f"target {name!r} was to be a number and has {example!r}; give numbers, or let it be a class")
        return "class", values
    if (kind or _guess(cells.numbers)) == "number":
        _refuse_scale(name, cells.numbers)
        return "number", values
    return "class", [int(value) if value is not None and value.is_integer() else value for value in values]


def _refuse_scale(name: str, numbers: np.ndarray) -> None:
    """Refuse numbers whose squared errors could not be told from zero or infinity."""
    known = numbers[~np.isnan(numbers)]
    largest, span = (float(np.abs(known).max()), float(np.ptp(known))) if known.size else (0.0, 0.0)
    if largest > LARGEST or 0.0 < span < 1.0 / LARGEST:
        raise InputError(f"target {name!r} reaches {largest:.3g} and spans {span:.3g}, which cannot be squared; give it in another unit")


def _guess(numbers: np.ndarray) -> TargetKind:
    known = numbers[~np.isnan(numbers)]
    different = np.unique(known).size
    whole = bool(np.all(known == np.floor(known)))
    return "class" if whole and (different <= 2 or (different <= MOST_CODES and known.size >= ROWS_A_CLASS * different)) else "number"


def _place(label: Any) -> tuple[bool, Any]:
    """Return a key that sorts labels: numbers first, then strings."""
    return isinstance(label, str), label


def _refuse_too_many(name: str, classes: int, rows: int, *, numeric: bool) -> None:
    remedy = "let it be a number" if numeric else "give numbers as numbers"
    if classes > MOST_CLASSES:
        raise InputError(f"target {name!r} has {classes:,} classes and the most is {MOST_CLASSES:,}; group the rare ones, or {remedy}")
    if classes > max(2, rows // 2):
        raise InputError(
            f"target {name!r} has {classes:,} classes in {rows:,} rows, hardly two rows of each; group the rare ones, or {remedy}"
        )
