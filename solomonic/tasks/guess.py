"""What was guessed of the columns of a user's table, to be shown before anything is believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..records import Column
from .targets import TargetKind

NAMES_SHOWN: Final = 8
PLURAL: Final = {"number": "numbers", "category": "categories", "text": "texts"}


@dataclass(frozen=True, slots=True)
class Dropped:
    """A column that was left out, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Guess:
    """What each column was taken for. dates: numbers that are seconds since 1970. infinite: column -> how many of its missing values were infinite. rows: kept, all with an answer."""

    target: str
    target_kind: TargetKind
    choices: tuple[Any, ...]
    columns: tuple[Column, ...]
    infinite: Mapping[str, int]
    dropped: tuple[Dropped, ...]
    rows: int
    rows_without_answer: int
    time: str | None = None
    group: str | None = None
    dates: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the object under the key "columns" of `solomonic compare --json`."""
        return {
            "target": {"name": self.target, "kind": self.target_kind, "classes": len(self.choices)},
            "features": [
                {"name": column.name, "kind": column.kind, "missing": column.missing, "infinite": self.infinite.get(column.name, 0)}
                for column in self.columns
            ],
            "dropped": [{"name": one.name, "reason": one.reason} for one in self.dropped],
            "dates": list(self.dates),
            "time": self.time,
            "group": self.group,
            "rows": self.rows,
            "rows_without_answer": self.rows_without_answer,
        }

    def __str__(self) -> str:
        """Return the guess in a line: `target: income (class, 2 values); numbers: age; dropped: id (all different)`."""
        of_kind = f"class, {len(self.choices)} values" if self.target_kind == "class" else "number"
        parts = [f"target: {self.target} ({of_kind})"]
        for kind, plural in PLURAL.items():
            names = [column.name for column in self.columns if column.kind == kind and column.name not in self.dates]
            if names:
                parts.append(f"{plural}: {_shown(names)}")
        if self.dates:
            hint = "" if self.time else ", as numbers (named as time, one makes the exam a stream)"
            parts.append(f"dates: {_shown(self.dates)}{hint}")
        for what, name in (("time", self.time), ("group", self.group)):
            if name is not None:
                parts.append(f"{what}: {name}")
        if self.dropped:
            parts.append("dropped: " + _shown([f"{one.name} ({one.reason})" for one in self.dropped]))
        missing = [_counted(column, self.infinite.get(column.name, 0)) for column in self.columns if column.missing]
        if missing:
            parts.append("missing: " + _shown(missing))
        if self.rows_without_answer:
            parts.append(f"{self.rows_without_answer} rows without an answer left out")
        return "; ".join(parts)


def _counted(column: Column, infinite: int) -> str:
    return f"{column.name} {column.missing}" + (f" ({infinite} infinite)" if infinite else "")


def _shown(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
