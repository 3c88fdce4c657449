"""What is intact in a damaged store, and where a damaged row lies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import StoreError
from . import facts, rows
from .connections import DATABASE, reporting
from .pagefile import PageFile
from .record import Fact, Stored

REALS = (6, 7, 8, 9)
FACT_REALS = (8, 9, 10, 11)
FACT_WIDTH = 14


def salvage(folder: Path) -> tuple[list[Stored], list[Fact]]:
    """Return every record and fact of a store that is byte for byte what was written, in order, whatever else is damaged.

    Rows are found in the raw pages, so a lost root page or header hides none; each proves itself by its checksums. Vectors are not salvaged.

    Raises:
        StoreError: there is no store.
    """
    path = folder / DATABASE
    if not path.is_file():
        raise StoreError(f"there is no store in {folder}; name another folder with --store")
    records: dict[int, Stored] = {}
    found: list[tuple[int, list[Any]]] = []
    with reporting(path), PageFile(path) as pages:
        for rowid, columns, _ in pages.rows():
            if len(columns) == rows.WIDTH:
                record = (rowid, *_real(columns, REALS)[1:])
                if rows.sound(record):
                    records[rowid] = rows.unchecked(record)
                else:
                    found.append((rowid, _real(columns, FACT_REALS)))
    return [records[seq] for seq in sorted(records)], sorted(_facts(found, records), key=lambda fact: fact.seq)


def _facts(found: list[tuple[int, list[Any]]], records: dict[int, Stored]) -> Iterator[Fact]:
    for seq, (_, id, record, start, stop, subject, relation, object, since, until, recorded, closed, source, sealed) in found:
        if record in records:
            fact = Fact(
                seq, id, subject, relation, object, records[record].id, record, (start, stop), (since, until), recorded, closed, source
            )
            if facts.sound(fact, sealed):
                yield fact


def _real(columns: tuple[Any, ...], places: tuple[int, ...]) -> list[Any]:
    """Return the columns with whole numbers in REAL columns, which SQLite writes as integers, made floats again."""
    return [float(value) if i in places and isinstance(value, int) else value for i, value in enumerate(columns)]


def places(path: Path, seqs: set[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Return (seq, pages) of those rows of records that can still be found."""
    with PageFile(path) as pages:
        for rowid, columns, numbers in pages.rows():
            if rowid in seqs and len(columns) == rows.WIDTH and isinstance(columns[-1], bytes) and isinstance(columns[2], int):
                yield rowid, numbers
