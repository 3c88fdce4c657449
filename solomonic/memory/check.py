"""What may be wrong with the log, and where: pages by SQLite's own check, rows by their checksums, words by holding the index against every text."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from typing import Final

from ..errors import StoreDamaged
from . import facts, fulltext, rows, spaces
from .connections import Connections, reporting
from .salvage import places

BLOCK: Final = 500
MOST: Final = 100
MOST_LOST: Final = 100_000
WORDS: Final = "the full-text index"


def problems(connections: Connections) -> Iterator[str]:
    """Return what is wrong with the log, one line each; pages are read from disk anew, not from what this process has seen of them."""
    with reporting(connections.path), connections.fresh() as connection:
        yield from _pages(connection)
        unsound: dict[int, str] = {}
        yield from _guarded(connection, lambda c: records(c, unsound), "the records")
        where = {} if connections.memory or not unsound else dict(places(connections.path, set(unsound)))
        for seq, id in unsound.items():
            pages = f", page{'s' if len(where[seq]) > 1 else ''} {', '.join(map(str, where[seq][:5]))}" if seq in where else ""
            yield f"record {id} (seq {seq}{pages}): its bytes are not what was written"
        yield from _guarded(connection, spaces.problems, "the vectors")
        yield from _guarded(connection, facts.problems, "the facts")
        if not connections.readonly:
            wrong = fulltext.check(connection)
            if wrong:
                yield f"{WORDS} does not agree with the records ({wrong})"


def records(connection: sqlite3.Connection, unsound: dict[int, str]) -> Iterator[str]:
    """Put the records that are not what was written into `unsound`, seq -> id, and return what cannot be read at all.

    A damaged page is passed row by row, so that what lies beside it is still checked.
    """
    sql = f"SELECT {rows.COLUMNS} FROM record WHERE seq"
    after = 0
    lost: list[int] = []
    reason = ""
    while True:
        try:
            found = connection.execute(f"{sql} > ? ORDER BY seq LIMIT {BLOCK}", (after,)).fetchall()
            if not found:
                break
            after = facts.advanced(after, found[-1][0])
        except sqlite3.DatabaseError:
            found = []
            last = min(_last(connection), after + BLOCK)
            for seq in range(after + 1, last + 1):
                try:
                    found += connection.execute(f"{sql} = ?", (seq,)).fetchall()
                except sqlite3.DatabaseError as error:
                    lost.append(seq)
                    reason = str(error)
            after = last if last > after and len(lost) < MOST_LOST else -1
        unsound.update((row[0], row[1]) for row in found if not rows.sound(row))
        if after < 0:
            break
    for first, until in _runs(lost):
        yield f"record{f's seq {first} to {until}' if until > first else f' seq {first}'} cannot be read ({reason})"


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return found


def _last(connection: sqlite3.Connection) -> int:
    """Return the place of the last record: the least of what is said of it, for a damaged number may be of any size."""
    said = []
    for sql in ("SELECT max(seq) FROM record", "SELECT seq FROM sqlite_sequence WHERE name = 'record'"):
        with contextlib.suppress(sqlite3.DatabaseError):
            row = connection.execute(sql).fetchone()
            if row is not None and isinstance(row[0], int):
                said.append(row[0])
    return min(said, default=0)


def _pages(connection: sqlite3.Connection) -> Iterator[str]:
    try:
        yield from _integrity(connection, MOST)
        return
    except sqlite3.DatabaseError as error:
        reason = str(error)
    # A damaged page stops the check's later steps, and with them what it had found; stopped in time by a smaller number of findings, it names the page.
    found: list[str] = []
    with contextlib.suppress(sqlite3.DatabaseError):
        for power in range(6):
            found = _integrity(connection, 1 << power)
    yield from found
    yield f"the pages cannot be checked to the end ({reason})"


def _integrity(connection: sqlite3.Connection, most: int) -> list[str]:
    lines = (line for (text,) in connection.execute(f"PRAGMA integrity_check({most})").fetchall() for line in str(text).splitlines())
    return [line for line in lines if line != "ok" and not line.startswith("*** in database")]


def _guarded(connection: sqlite3.Connection, check: Callable[[sqlite3.Connection], Iterator[str]], what: str) -> Iterator[str]:
    try:
        yield from check(connection)
    except (
        sqlite3.DatabaseError,
        StoreDamaged,
        TypeError,
        ValueError,
    ) as error:  # pages that have changed places hold values of other types
        yield f"{what} cannot be read to the end ({error})"
