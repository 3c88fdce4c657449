"""What a column of a user's table holds: numbers, categories, text, times, labels; guessed by rules that can be read here.

Missing: None, NaN, NaT, and the strings in MISSING. Infinities are treated as missing, and counted apart.

A column holds numbers where its type says so, or where every string that is not missing reads as a number and none has a leading zero, as codes do.
Booleans are the numbers 0 and 1; dates, and strings that are all ISO 8601 dates, are seconds since 1970. Other strings are text where they have three words or more on average and over half
of them differ; they are text, too, where more than 50 and over half differ; else they are categories.

Dropped: columns that are empty or constant, strings without a space that are all different, and whole numbers that are all different and
either without gaps (row numbers) or under a name such as "id" (at least 20 rows for either).
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from ..errors import InputError

Values: TypeAlias = Any
"""A pandas.Series."""

MISSING: Final = frozenset({"", "?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NaT", "NULL", "null"})
LEAST_ROWS_OF_IDS: Final = 20
MOST_CATEGORIES: Final = 50
TEXT_WORDS: Final = 3.0
NEARLY_ALL_NUMBERS: Final = 0.9
MOST_CODES: Final = 20

_CODE = re.compile(r"[+-]?0\d")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?")
_ID_NAME = re.compile(r"(.*[_ .-])?(id|ids|uuid|guid|idx|index|rownames|unnamed: ?\d+)|row([_ ]?(number|id))?", re.IGNORECASE)

Kind = Literal["number", "category", "text"]


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of one column, cleaned: numbers float64 (n,) with NaN where missing, or strings with None where missing.

    missing: how many are missing, those that were infinite included. infinite: how many were infinite. dates: the numbers were dates.
    """

    name: str
    numbers: np.ndarray | None
    strings: list[str | None] | None
    missing: int
    infinite: int = 0
    dates: bool = False

    def __len__(self) -> int:
        return len(self.numbers) if self.numbers is not None else len(self.strings or ())

    def present(self) -> np.ndarray:
        """Return which cells are there, bool (n,)."""
        if self.numbers is not None:
            there: np.ndarray = ~np.isnan(self.numbers)
            return there
        return np.array([value is not None for value in self.strings or ()], dtype=bool)

    def values(self) -> list[Any]:
        """Return the cells as floats or strings, None where missing."""
        if self.numbers is None:
            return list(self.strings or ())
        if not self.missing:
            return list(self.numbers.tolist())
        return [None if math.isnan(value) else value for value in self.numbers.tolist()]


def clean(series: Values, name: str, *, as_text: bool = False) -> Cells:
    """Return the cleaned cells of a column; `as_text`: leave strings as they are even where all read as numbers.

    Raises:
        InputError: the column holds lists, complex numbers or other things that are neither number nor text, or numbers and a few words.
    """
    import pandas as pd
    from pandas.api import types

    dtype = series.dtype
    if types.is_complex_dtype(dtype):
        raise InputError(f"column {name!r} holds complex numbers; give real numbers, such as its magnitude and angle")
    if not as_text and (types.is_datetime64_any_dtype(dtype) or types.is_timedelta64_dtype(dtype)):
        return _seconds(series, name)
    if not as_text and types.is_numeric_dtype(dtype):
        return numbers(series.to_numpy(dtype=np.float64, na_value=np.nan), name)
    # Who makes a pandas category of numbers means names, not amounts.
    return _strings(series, name, as_text=as_text or isinstance(dtype, pd.CategoricalDtype))


def numbers(values: np.ndarray, name: str) -> Cells:
    """Return numbers (n,) as cells, infinities as missing."""
    infinite = np.isinf(values)
    count = int(infinite.sum())
    cleaned = np.where(infinite, np.nan, values).astype(np.float64) if count else values.astype(np.float64)
    return Cells(name, cleaned, None, int(np.isnan(cleaned).sum()), count)


def _seconds(series: Values, name: str) -> Cells:
    """Return dates as seconds since 1970, durations as seconds."""
    import pandas as pd

    unknown = pd.isna(series).to_numpy()
    plain: Any = series
    if getattr(series.dtype, "tz", None) is not None:
        plain = plain.dt.tz_convert("UTC").dt.tz_localize(None)
    unit = "timedelta64[us]" if str(series.dtype).startswith("timedelta") else "datetime64[us]"
    seconds = plain.to_numpy(dtype=unit).astype(np.int64) / 1e6
    return dataclasses.replace(numbers(np.where(unknown, np.nan, seconds), name), dates=True)


def _strings(series: Values, name: str, *, as_text: bool) -> Cells:
    import pandas as pd

    unknown = pd.isna(series).to_numpy(dtype=bool)
    cells = [None if gone else _string(value, name) for value, gone in zip(series.tolist(), unknown, strict=True)]
    cells = [None if cell in MISSING else cell for cell in cells]
    present = [cell for cell in cells if cell is not None]
    if not as_text and present and all(_DATE.fullmatch(cell) for cell in present):
        read_dates = pd.to_datetime(pd.Series(cells, dtype=object), errors="coerce", utc=True, format="ISO8601")
        if read_dates.notna().sum() == len(present):
            return _seconds(read_dates, name)
    if not as_text and present and not any(_CODE.match(cell) for cell in present):
        read = pd.to_numeric(pd.Series(present, dtype=object), errors="coerce").to_numpy(dtype=np.float64)
        failed = np.isnan(read)
        if not failed.any():
            whole = np.full(len(cells), np.nan)
            whole[[cell is not None for cell in cells]] = read
            return numbers(whole, name)
        _refuse_mixture(name, present, failed)
    return Cells(name, None, cells, len(cells) - len(present))


def _string(value: Any, name: str) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (bool, int, float, Decimal, np.generic)) or hasattr(value, "isoformat"):
        return str(value)
    if isinstance(value, bytes):
        raise InputError(f"column {name!r} holds bytes; decode them to text first")
    raise InputError(f"column {name!r} holds a {type(value).__name__}; give numbers, texts, booleans or dates")


def _refuse_mixture(name: str, present: Sequence[str], failed: np.ndarray) -> None:
    """Refuse a column of numbers among which a few words stand: to read it as categories would lose the numbers, to drop the words would hide them."""
    if failed.mean() <= 1.0 - NEARLY_ALL_NUMBERS and len(set(present)) > MOST_CODES:
        example = present[int(np.flatnonzero(failed)[0])]
        raise InputError(
            f"column {name!r} holds numbers, but {int(failed.sum())} of {len(present)} values are not, such as {example[:40]!r}; "
            "mend them, or leave them empty, which means missing"
        )


def kind_of(cells: Cells) -> tuple[Kind, str | None]:
    """Return what a column holds, and why it should be dropped, or None where it should be kept."""
    if cells.numbers is not None:
        return "number", _useless_numbers(cells.name, cells.numbers[cells.present()])
    present = [cell for cell in cells.strings or () if cell is not None]
    different = len(set(present))
    if different <= 1:
        return "category", "constant" if present else "empty"
    words = sum(len(cell.split()) for cell in present) / len(present)
    mostly_different = different > 0.5 * len(present)
    if words >= TEXT_WORDS and mostly_different:
        return "text", None
    if different == len(present) >= LEAST_ROWS_OF_IDS and words == 1.0:
        return "category", "all different"
    return ("text" if mostly_different and different > MOST_CATEGORIES else "category"), None


def _useless_numbers(name: str, values: np.ndarray) -> str | None:
    if not values.size:
        return "empty"
    low, high = values.min(), values.max()
    if low == high:
        return "constant"
    if values.size < LEAST_ROWS_OF_IDS or np.any(values != np.floor(values)) or np.unique(values).size < values.size:
        return None
    if high - low == values.size - 1:
        return "all different, like row numbers"
    return "all different, under the name of an id" if _ID_NAME.fullmatch(name) else None


def times(series: Values, name: str) -> np.ndarray:
    """Return the time of each row, float64 (n,): numbers as they are, dates as seconds since 1970.

    Raises:
        InputError: a row has no time, or one that is neither a number nor a date.
    """
    import pandas as pd

    if not len(series):
        return np.zeros(0)
    cells = _seconds(series, name) if pd.api.types.is_datetime64_any_dtype(series.dtype) else clean(series, name)
    if cells.numbers is None:
        assert cells.strings is not None
        read = pd.to_datetime(pd.Series(cells.strings, dtype=object), errors="coerce", utc=True, format="ISO8601")
        if read.isna().sum() > cells.missing:
            read = pd.to_datetime(pd.Series(cells.strings, dtype=object), errors="coerce", utc=True, format="mixed")
        failed = np.flatnonzero(read.isna().to_numpy() & cells.present())
        if failed.size:
            example = cells.strings[failed[0]]
            raise InputError(f"time column {name!r} holds {example!r}, neither a number nor a date; write dates as 2024-12-31")
        cells = _seconds(read, name)
    assert cells.numbers is not None
    if cells.missing:
        raise InputError(f"time column {name!r} has no value in {cells.missing} of {len(cells)} rows; fill or drop them")
    return cells.numbers
