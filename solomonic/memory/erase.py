"""Erasure: after it, no byte of a forgotten record lies in any file of the store.

Deleting rows is not enough, even with `secure_delete`: SQLite copies cells when it balances pages, and the copy left behind in a page's unused space is not
overwritten when the row is deleted later. So after the deletion (1) the full-text segments are merged into one, (2) VACUUM writes every page anew from live
rows alone, (3) a truncating checkpoint puts these pages over the old ones and cuts the write-ahead log to nothing. That it is still to be done is itself
written in the deleting transaction, so an erasure that is cut off is finished when the store is next opened.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from . import fulltext, rows, spaces
from .connections import Connections, reporting

PENDING = "erasing"
TEMPORARY_FILE_PAGES = 65_536


def forget(connections: Connections, seqs: Sequence[int], rise: Callable[[sqlite3.Connection], None]) -> None:
    """Delete records and all that rests on them in one transaction, then erase."""
    wanted = sorted(set(seqs))
    with connections.transaction() as connection:
        connection.execute("SAVEPOINT words")
        try:
            fulltext.forget(connection, wanted)
            fulltext.merge(connection)
            sound = all(
                map(rows.sound, _rows(connection, wanted))
            )  # the index is asked to forget the words of a text: it must be the text it was given
        except sqlite3.DatabaseError:
            connection.execute("ROLLBACK TO words")  # a damaged index must not keep a record from being forgotten
            sound = False
        connection.execute("RELEASE words")
        spaces.forget(connection, wanted)
        connection.executemany("DELETE FROM fact WHERE record = ?", [(seq,) for seq in wanted])
        connection.executemany("DELETE FROM record WHERE seq = ?", [(seq,) for seq in wanted])
        if not sound:
            fulltext.rebuild(connection)
        connection.execute("INSERT OR REPLACE INTO setting VALUES (?, '1')", (PENDING,))
        rise(connection)
    erase(connections)


def _rows(connection: sqlite3.Connection, seqs: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    for seq in seqs:
        yield from connection.execute(f"SELECT {rows.COLUMNS} FROM record WHERE seq = ?", (seq,)).fetchall()


def erase(connections: Connections) -> bool:
    """Write the file anew from what is live and empty the write-ahead log; return whether that is done."""
    with connections.lock, reporting(connections.path):
        connection = connections.writer()
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        if not connections.memory and pages > TEMPORARY_FILE_PAGES:
            connection.execute("PRAGMA temp_store = FILE")  # holds live rows only, and is unlinked as soon as it is open
        try:
            connection.execute("VACUUM")
        finally:
            connection.execute("PRAGMA temp_store = MEMORY")
        if not _emptied(connection):
            return False
        connection.execute("DELETE FROM setting WHERE key = ?", (PENDING,))
        with contextlib.suppress(sqlite3.OperationalError):
            _emptied(connection)
        return True


def _emptied(connection: sqlite3.Connection) -> bool:
    """Move the write-ahead log into the file and cut it to nothing; False where a reader holds an old state."""
    busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy
