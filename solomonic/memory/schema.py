"""The shape of the one SQLite file: tables, numbered migrations, and what is refused.

    setting      store_id, epoch, and what the layers above choose to keep (the encoder's name, say)
    record       one row a record, its bytes last so that the small columns are read without them
    record_text  the bytes as text: what the full-text index is made from, and can be rebuilt from
    words        FTS5 over record_text; keeps no second copy of the text
    space        one row an encoder's fingerprint: how many dimensions its vectors have
    vector       one row a record and space; key = space << 40 | seq, so that a space is read in order of seq
    fact         subject, relation, object; where a record says so; true from..to; known from..to

`seal` columns are checksums of the other columns: with the SHA-256 of the bytes, no row can change unnoticed.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import StoreError, StoreForeign

APPLICATION_ID = 0x534F4C4D  # "SOLM"
PAGE_BYTES = 8192
SPACE_SHIFT = 40

Step = str | Callable[[sqlite3.Connection], None]


def _new_store(connection: sqlite3.Connection) -> None:
    connection.executemany("INSERT INTO setting VALUES (?, ?)", [("store_id", uuid.uuid4().hex), ("epoch", "0")])


MIGRATIONS: Sequence[Sequence[Step]] = (
    (
        "CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE record (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, is_text INTEGER NOT NULL, source TEXT, session TEXT, speaker TEXT,
            at REAL, valid_from REAL, valid_to REAL, recorded REAL NOT NULL, meta TEXT, sha256 BLOB NOT NULL, seal INTEGER NOT NULL, data BLOB NOT NULL)""",
        "CREATE UNIQUE INDEX record_id ON record (id)",
        "CREATE VIEW record_text AS SELECT seq, CAST(data AS TEXT) AS text FROM record",
        "CREATE VIRTUAL TABLE words USING fts5(text, content='record_text', content_rowid='seq', tokenize='porter unicode61 remove_diacritics 2')",
        "CREATE TABLE space (number INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, dimensions INTEGER NOT NULL)",
        "CREATE TABLE vector (key INTEGER PRIMARY KEY, seal INTEGER NOT NULL, data BLOB NOT NULL)",
        """CREATE TABLE fact (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, record INTEGER NOT NULL REFERENCES record (seq), start INTEGER NOT NULL,
            stop INTEGER NOT NULL, subject TEXT NOT NULL, relation TEXT NOT NULL, object TEXT NOT NULL, valid_from REAL, valid_to REAL,
            recorded REAL NOT NULL, closed REAL, source TEXT NOT NULL, seal INTEGER NOT NULL)""",
        "CREATE INDEX fact_record ON fact (record)",
        _new_store,
    ),
)
"""Migration n (from 1) brings a store from version n - 1 to n; a published one is never edited."""

VERSION = len(MIGRATIONS)


def version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the store's schema version, 0 where the file is still empty.

    Raises:
        StoreForeign: another program's database, or a newer version's store.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application == 0 and found == 0 and tables == 0:
        return 0
    if application != APPLICATION_ID:
        raise StoreForeign(f"{path} is another program's SQLite file (application id {application:#x}); name another folder with --store")
    if found > VERSION:
        raise StoreForeign(f"{path} has schema version {found}, but this solomonic reads up to {VERSION}; upgrade solomonic")
    return found


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the store to this version, each migration in a transaction of its own; an empty file becomes a store.

    Raises:
        StoreForeign: another program's database, or a newer version's store.
        StoreError: the disk does not allow a write-ahead log.
    """
    found = version(connection, path)
    if found == 0:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA encoding = 'UTF-8'")
        connection.execute("PRAGMA auto_vacuum = NONE")
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode not in ("wal", "memory"):  # where files cannot share memory, SQLite answers with the old mode and no error
        raise StoreError(
            f"{path} cannot be given a write-ahead log (it stays in mode {mode!r}); check the disk, or use one that is not on a network"
        )
    for number in range(found + 1, VERSION + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for step in MIGRATIONS[number - 1]:
                if callable(step):
                    step(connection)
                else:
                    connection.execute(step)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
