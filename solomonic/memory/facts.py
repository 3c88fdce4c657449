"""Facts in the log, bi-temporal: when a thing was true, and from when to when the log held it.

A fact is never changed. To end one is to close its row (that is what was believed until now) and to write a successor whose validity ends (that is what is
believed from now on); so a question as of an earlier knowledge is answered as it would have been then. Snodgrass & Ahn (1985) name the two times.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..errors import InputError, StoreDamaged
from .record import Fact, seal

BLOCK = 2_000
COLUMNS = "fact.seq, fact.id, subject, relation, object, record.id, fact.record, start, stop, fact.valid_from, fact.valid_to, fact.recorded, closed, fact.source, fact.seal"


def row_seal(fact: Fact) -> int:
    """Return the checksum of a fact's row."""
    return seal(
        fact.id, fact.record_seq, *fact.span, fact.subject, fact.relation, fact.object, *fact.valid, fact.recorded, fact.closed, fact.source
    )


def sound(fact: Fact, sealed: object) -> bool:
    """Return whether a fact is what was written."""
    try:
        return row_seal(fact) == sealed
    except (TypeError, ValueError):
        return False


def fact_of(row: Sequence[Any]) -> Fact:
    """Return the fact of a row of COLUMNS."""
    seq, id, subject, relation, object, record, record_seq, start, stop, since, until, recorded, closed, source, _ = row
    return Fact(seq, id, subject, relation, object, record, record_seq, (start, stop), (since, until), recorded, closed, source)


def insert(connection: sqlite3.Connection, facts: Iterable[Fact]) -> None:
    """Write facts as new rows, inside the caller's transaction.

    Raises:
        InputError: an id is taken.
    """
    rows = (
        (f.seq, f.id, f.record_seq, *f.span, f.subject, f.relation, f.object, *f.valid, f.recorded, f.closed, f.source, row_seal(f))
        for f in facts
    )
    try:
        connection.executemany("INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    except sqlite3.IntegrityError:
        raise InputError("a fact's id is already in the store, or twice among these; restore an export into an empty store") from None


def close(connection: sqlite3.Connection, fact: Fact, at: float) -> Fact:
    """Say that the log ceased to hold the fact at a time, inside the caller's transaction; return it as it now is."""
    closed = dataclasses.replace(fact, closed=at)
    connection.execute("UPDATE fact SET closed = ?, seal = ? WHERE seq = ?", (at, row_seal(closed), fact.seq))
    return closed


def one(connection: sqlite3.Connection, id: str) -> Fact | None:
    """Return the fact of an id."""
    row = connection.execute(f"SELECT {COLUMNS} FROM fact JOIN record ON record.seq = fact.record WHERE fact.id = ?", (id,)).fetchone()
    return None if row is None else fact_of(row)


def block(connection: sqlite3.Connection, after: int, until: int) -> list[Fact]:
    """Return the first facts with after < seq <= until, in order."""
    sql = f"SELECT {COLUMNS} FROM fact JOIN record ON record.seq = fact.record WHERE fact.seq > ? AND fact.seq <= ? ORDER BY fact.seq LIMIT {BLOCK}"
    return [fact_of(row) for row in connection.execute(sql, (after, until)).fetchall()]


def advanced(before: int, now: int) -> int:
    """Return the place behind which to read on.

    Raises:
        StoreDamaged: it does not lie behind the last one, so that reading on would never end; pages have changed places.
    """
    if not isinstance(now, int) or now <= before:
        raise StoreDamaged(
            f"rows are out of order (after place {before} comes {now!r}); `solomonic memory verify` says more, and what is intact can be salvaged"
        )
    return now


def problems(connection: sqlite3.Connection) -> Iterator[str]:
    """Return what is wrong with the facts: a changed row, a record that is not there, a span outside it."""
    sql = f"SELECT {COLUMNS}, length(data) FROM fact LEFT JOIN record ON record.seq = fact.record WHERE fact.seq > ? ORDER BY fact.seq LIMIT {BLOCK}"
    after = 0
    while rows := connection.execute(sql, (after,)).fetchall():
        for row in rows:
            fact, stored, size = fact_of(row[:-1]), row[-2], row[-1]
            if not sound(fact, stored):
                yield f"fact {fact.id} (seq {fact.seq}): its row is not what was written"
            elif size is None:
                yield f"fact {fact.id} (seq {fact.seq}): the record it rests on (seq {fact.record_seq}) is not there"
            elif not 0 <= fact.span[0] <= fact.span[1] <= size:
                yield f"fact {fact.id} (seq {fact.seq}): its span {fact.span} lies outside its record of {size} bytes"
        after = advanced(after, rows[-1][0])
