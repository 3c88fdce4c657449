"""The full-text index inside the log: words in, words out, nothing left behind.

FTS5 has no way to overwrite a posting where it stands (secure-delete came with SQLite 3.42, after what many systems carry). A deletion is written as a
further entry that names the word; only merging all segments into one drops both. So `forget` merges, and the erasure of free pages does the rest.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

MOST_TOKENS = 1_000


def index(connection: sqlite3.Connection, after: int) -> None:
    """Put every record behind `after` into the index, inside the caller's transaction."""
    connection.execute("INSERT INTO words (rowid, text) SELECT seq, text FROM record_text WHERE seq > ?", (after,))


def forget(connection: sqlite3.Connection, seqs: Iterable[int]) -> None:
    """Take records out of the index, inside the caller's transaction and before their rows are gone."""
    for seq in seqs:
        connection.execute("INSERT INTO words (words, rowid, text) SELECT 'delete', seq, text FROM record_text WHERE seq = ?", (seq,))


def merge(connection: sqlite3.Connection) -> None:
    """Merge all segments into one, which drops the words of deleted records."""
    connection.execute("INSERT INTO words (words) VALUES ('optimize')")


def rebuild(connection: sqlite3.Connection) -> None:
    """Make the index anew from the records."""
    connection.execute("INSERT INTO words (words) VALUES ('rebuild')")


def check(connection: sqlite3.Connection) -> str | None:
    """Return what is wrong with the index when held against every record's text, or None."""
    try:
        connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        return str(error)
    return None


def expression(tokens: Sequence[str]) -> str:
    """Return an FTS5 expression that matches any of the tokens; each is quoted, so none is ever syntax."""
    clean = dict.fromkeys(token.encode("utf-8", "replace").decode().replace("\0", " ") for token in tokens)
    return " OR ".join('"' + token.replace('"', '""') + '"' for token in list(clean)[:MOST_TOKENS] if token.strip())


def match(connection: sqlite3.Connection, tokens: Sequence[str], k: int) -> list[tuple[int, float]]:
    """Return (seq, score) of the k best records that hold any of the tokens, by BM25 (greater is better), ties in order of seq."""
    wanted = expression(tokens)
    if not wanted or k <= 0:
        return []
    rows = connection.execute("SELECT rowid, bm25(words) FROM words WHERE words MATCH ? ORDER BY 2, 1 LIMIT ?", (wanted, k))
    return [(seq, -score) for seq, score in rows.fetchall()]


def finds(connection: sqlite3.Connection, tokens: Sequence[str], seq: int) -> bool:
    """Return whether the index knows of this record, by any of these tokens or by its length."""
    if connection.execute("SELECT 1 FROM words_docsize WHERE id = ?", (seq,)).fetchone():
        return True
    for start in range(0, len(tokens), MOST_TOKENS):
        wanted = expression(tokens[start : start + MOST_TOKENS])
        if wanted and connection.execute("SELECT 1 FROM words WHERE words MATCH ? AND rowid = ? LIMIT 1", (wanted, seq)).fetchone():
            return True
    return False
