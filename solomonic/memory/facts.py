"""Facts in the log, bi-temporal: when a thing was true, and from when to when the log held it.

A fact is never changed. To end one is to close its row (that is what was believed until now) and to write a successor whose validity ends (that is what is
believed from now on); so a question as of an earlier knowledge is answered as it would have been then. Snodgrass & Ahn (1985) name the two times.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .record import Fact, Interval, seal

BLOCK = 2_000
COLUMNS = "fact.seq, fact.id, subject, relation, object, record.id, fact.record, start, stop, fact.valid_from, fact.valid_to, fact.recorded, closed, fact.source, fact.seal"


def row_seal(fact: Fact) -> int:
    """Return the checksum of a fact's row."""
    return seal(
        fact.id, fact.record_seq, *fact.span, fact.subject, fact.relation, fact.object, *fact.valid, fact.recorded, fact.closed, fact.source
    )


def fact_of(row: Sequence[Any]) -> Fact:
    """Return the fact of a row of COLUMNS."""
    seq, id, subject, relation, object, record, record_seq, start, stop, since, until, recorded, closed, source, _ = row
    return Fact(seq, id, subject, relation, object, record, record_seq, (start, stop), (since, until), recorded, closed, source)


def insert(connection: sqlite3.Connection, facts: Iterable[Fact]) -> None:
    """Write facts as new rows, inside the caller's transaction."""
    rows = (
        (f.seq, f.id, f.record_seq, *f.span, f.subject, f.relation, f.object, *f.valid, f.recorded, f.closed, f.source, row_seal(f))
        for f in facts
    )
    connection.executemany("INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def close(connection: sqlite3.Connection, fact: Fact, at: float) -> Fact:
    """Say that the log ceased to hold the fact at a time, inside the caller's transaction; return it as it now is."""
    closed = replaced(fact, closed=at)
    connection.execute("UPDATE fact SET closed = ?, seal = ? WHERE seq = ?", (at, row_seal(closed), fact.seq))
    return closed


def replaced(
    fact: Fact,
    *,
    closed: float | None = None,
    seq: int | None = None,
    id: str | None = None,
    valid: Interval | None = None,
    recorded: float | None = None,
) -> Fact:
    """Return the fact with some columns changed."""
    return Fact(
        fact.seq if seq is None else seq,
        fact.id if id is None else id,
        fact.subject,
        fact.relation,
        fact.object,
        fact.record,
        fact.record_seq,
        fact.span,
        fact.valid if valid is None else valid,
        fact.recorded if recorded is None else recorded,
        closed,
        fact.source,
    )


def one(connection: sqlite3.Connection, id: str) -> Fact | None:
    """Return the fact of an id."""
    row = connection.execute(f"SELECT {COLUMNS} FROM fact JOIN record ON record.seq = fact.record WHERE fact.id = ?", (id,)).fetchone()
    return None if row is None else fact_of(row)


def block(connection: sqlite3.Connection, after: int, until: int) -> Iterator[list[Fact]]:
    """Return all facts with after < seq <= until, in order, in blocks."""
    sql = f"SELECT {COLUMNS} FROM fact JOIN record ON record.seq = fact.record WHERE fact.seq > ? AND fact.seq <= ? ORDER BY fact.seq LIMIT {BLOCK}"
    while rows := connection.execute(sql, (after, until)).fetchall():
        yield [fact_of(row) for row in rows]
        after = rows[-1][0]


def problems(connection: sqlite3.Connection) -> Iterator[str]:
    """Return what is wrong with the facts: a changed row, a record that is not there, a span outside it."""
    sql = f"SELECT {COLUMNS}, length(data) FROM fact LEFT JOIN record ON record.seq = fact.record WHERE fact.seq > ? ORDER BY fact.seq LIMIT {BLOCK}"
    after = 0
    while rows := connection.execute(sql, (after,)).fetchall():
        for row in rows:
            fact, stored, size = fact_of(row[:-1]), row[-2], row[-1]
            try:
                sealed = row_seal(fact)
            except (TypeError, ValueError):
                sealed = -1
            if sealed != stored:
                yield f"fact {fact.id} (seq {fact.seq}): its row is not what was written"
            elif size is None:
                yield f"fact {fact.id} (seq {fact.seq}): the record it rests on (seq {fact.record_seq}) is not there"
            elif not 0 <= fact.span[0] <= fact.span[1] <= size:
                yield f"fact {fact.id} (seq {fact.seq}): its span {fact.span} lies outside its record of {size} bytes"
        after = rows[-1][0]
