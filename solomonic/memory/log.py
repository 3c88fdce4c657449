"""The log: the one truth of a memory. Records, facts, vectors and full text in one SQLite file, each batch in one transaction.

What `add` has returned is on disk (WAL, synchronous=FULL). What `forget` has returned from is in no byte of the store's files (see `memory.erase`).
Everything else that a memory keeps (FAISS, the graph) is made from this and carries the position up to which it has read it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..errors import InputError, UnknownRecord
from . import erase, fulltext
from . import facts as fact_rows
from .connections import Connections, reporting
from .record import Fact, Ids, Position, Record, Stored, Time, Valid, interval, meta_json, plain, seal, seconds
from .schema import SPACE_SHIFT

BLOCK: Final = 1_000
COLUMNS: Final = "seq, id, is_text, source, session, speaker, at, valid_from, valid_to, recorded, meta, sha256, seal, data"


class Log:
    """One open store; the only writer of its SQLite file. Use as a context, or call `close`.

    Safe in many threads: each reads through a connection of its own, writes go one after another.
    """

    def __init__(self, connections: Connections) -> None:
        self.connections = connections
        self._ids = Ids()
        with reporting(self.path):
            self.store_id: str = self._setting("store_id") or ""
        if not connections.readonly and self.erasing:
            self.erase()

    @classmethod
    def open(cls, path: str | Path, *, readonly: bool = False) -> Log:
        """Return the store in a folder, created where there is none; ":memory:" is a store in RAM.

        An erasure that was cut off is finished first.

        Raises:
            StoreBusy: another process (or another Log of this one) is writing it.
            StoreForeign: another program's database, or a newer version's store.
            StoreError: a file, a folder that cannot be written, or readonly and not there.
        """
        folder = None if str(path) == ":memory:" else Path(path)
        with reporting(str(path)):
            connections = Connections(folder, readonly=readonly and folder is not None)
        try:
            return cls(connections)
        except BaseException:
            connections.close()
            raise

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Log({self.path}, {self.count()} records)"

    def close(self) -> None:
        """Let the store go; may be called twice."""
        self.connections.close()

    @property
    def path(self) -> Path:
        """The SQLite file, or ":memory:"."""
        return self.connections.path

    @property
    def folder(self) -> Path | None:
        """The store's folder, or None where it lives in RAM."""
        return self.connections.folder

    @property
    def readonly(self) -> bool:
        """Whether this Log may only read."""
        return self.connections.readonly

    @contextlib.contextmanager
    def read(self) -> Iterator[None]:
        """Make every read of this thread inside the block see one and the same state of the store."""
        with reporting(self.path), self.connections.snapshot():
            yield

    def position(self) -> Position:
        """Return how far the log goes: highest record, highest fact, epoch. Numbers of forgotten records are not used again."""
        with self._reading() as connection:
            last = dict(connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
            return Position(last.get("record", 0), int(self._setting("epoch") or 0), last.get("fact", 0))

    def setting(self, key: str) -> str | None:
        """Return what was kept under a name by `keep`, or None."""
        with reporting(self.path):
            return self._setting("user." + key)

    def keep(self, key: str, value: str | None) -> None:
        """Keep a short text under a name, durable like a record; None takes it away."""
        with self.connections.transaction() as connection:
            _set(connection, "user." + key, value)

    # Records

    def add(
        self,
        records: Sequence[Record],
        *,
        vectors: np.ndarray | None = None,
        fingerprint: str | None = None,
        recorded: Time | Sequence[float] | None = None,
        ids: Sequence[str] | None = None,
    ) -> list[Stored]:
        """Store a batch in one transaction and return it as stored; when this returns, it is durable.

        vectors: float32 (n, d) of the encoder with that fingerprint. recorded: when it was learned (now), one time or one a record.
        ids: those of an export that is being restored; otherwise they are made.

        Raises:
            InputError: not records, vectors of another shape or not finite, an id that is taken.
            StoreError: nothing of the batch is stored; the message says why.
        """
        batch = list(records)
        matrix = _matrix(vectors, fingerprint, len(batch))
        times = _times(recorded, len(batch))
        if not batch:
            return []
        names = self._names(ids, len(batch))
        prepared = [_row(record, name, moment) for record, name, moment in zip(batch, names, times, strict=True)]
        with self.connections.transaction() as connection:
            last = _last(connection, "record")
            stored = [_stored((last + i, *row)) for i, row in enumerate(prepared, 1)]
            try:
                connection.executemany(
                    "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    ((last + i, *row) for i, row in enumerate(prepared, 1)),
                )
            except sqlite3.IntegrityError:
                raise InputError(
                    "an id of this batch is already in the store, or twice in the batch; restore an export into an empty store"
                ) from None
            if matrix is not None and fingerprint is not None:
                _put_vectors(connection, range(last + 1, last + 1 + len(batch)), matrix, fingerprint)
            fulltext.index(connection, last)
        return stored

    def get(self, id: str) -> Stored:
        """Return the record of an id.

        Raises:
            UnknownRecord: there is none.
        """
        with self._reading() as connection:
            row = connection.execute(f"SELECT {COLUMNS} FROM record WHERE id = ?", (plain(id, "id"),)).fetchone()
        if row is None:
            raise UnknownRecord(f"no record has the id {id!r}; it was forgotten, or belongs to another store")
        return _stored(row)

    def seqs(self, ids: Sequence[str]) -> list[int]:
        """Return the place of each id.

        Raises:
            UnknownRecord: one of them is not in the store.
        """
        with self._reading() as connection:
            found = dict(
                connection.execute(
                    "SELECT id, seq FROM record WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
                ).fetchall()
            )
        missing = [id for id in ids if id not in found]
        if missing:
            raise UnknownRecord(
                f"no record has the id {missing[0]!r}{f' (nor {len(missing) - 1} more)' if missing[1:] else ''}; nothing was done"
            )
        return [found[id] for id in ids]

    def by_seq(self, seqs: Sequence[int]) -> list[Stored]:
        """Return the records at these places, in this order; places that hold none are left out."""
        wanted = [int(seq) for seq in seqs]
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT {COLUMNS} FROM record WHERE seq IN (SELECT value FROM json_each(?))", (json.dumps(wanted),)
            ).fetchall()
        found = {row[0]: _stored(row) for row in rows}
        return [found[seq] for seq in wanted if seq in found]

    def records(self, after: int = 0, until: int | None = None) -> Iterator[Stored]:
        """Return the records with after < seq <= until in order; what is added meanwhile is left out."""
        until = self.position().seq if until is None else until
        while True:
            with self._reading() as connection:
                rows = connection.execute(
                    f"SELECT {COLUMNS} FROM record WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT {BLOCK}", (after, until)
                ).fetchall()
            yield from map(_stored, rows)
            if len(rows) < BLOCK:
                return
            after = rows[-1][0]

    def count(self) -> int:
        """Return how many records the store holds."""
        with self._reading() as connection:
            found: int = connection.execute("SELECT count(*) FROM record").fetchone()[0]
            return found

    # Vectors and words

    def spaces(self) -> dict[str, tuple[int, int]]:
        """Return fingerprint -> (dimensions, number of vectors) for every encoder whose vectors the store holds."""
        with self._reading() as connection:
            rows = connection.execute("SELECT number, fingerprint, dimensions FROM space ORDER BY number").fetchall()
            sizes = "SELECT count(*) FROM vector WHERE key >= ? AND key < ?"
            return {name: (d, connection.execute(sizes, (n << SPACE_SHIFT, n + 1 << SPACE_SHIFT)).fetchone()[0]) for n, name, d in rows}

    def vectors(
        self, fingerprint: str, after: int = 0, until: int | None = None, *, block: int = 4_096
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Return (seqs int64 (n,), vectors float32 (n, d)) in blocks of at most `block`, in order of seq; nothing for an unknown fingerprint."""
        until = self.position().seq if until is None else until
        with self._reading() as connection:
            space = connection.execute("SELECT number, dimensions FROM space WHERE fingerprint = ?", (fingerprint,)).fetchone()
        if space is None:
            return
        base, dimensions = space[0] << SPACE_SHIFT, space[1]
        while True:
            with self._reading() as connection:
                rows = connection.execute(
                    "SELECT key, data FROM vector WHERE key > ? AND key <= ? ORDER BY key LIMIT ?", (base + after, base + until, block)
                ).fetchall()
            if not rows:
                return
            seqs = np.array([key - base for key, _ in rows], dtype=np.int64)
            yield (
                seqs,
                np.frombuffer(b"".join(data for _, data in rows), dtype="<f4")
                .reshape(len(rows), dimensions)
                .astype(np.float32, copy=False),
            )
            after = int(seqs[-1])

    def add_vectors(self, seqs: Sequence[int], vectors: np.ndarray, fingerprint: str) -> None:
        """Store vectors (n, d) for records that are already here, in one transaction; what they had in that space is replaced. The epoch rises.

        Raises:
            InputError: another shape, not finite, or a place that holds no record.
        """
        places = [int(seq) for seq in seqs]
        matrix = _matrix(vectors, fingerprint, len(places))
        if matrix is None or not places:
            return
        with self.connections.transaction() as connection:
            known = connection.execute(
                "SELECT count(*) FROM record WHERE seq IN (SELECT value FROM json_each(?))", (json.dumps(places),)
            ).fetchone()[0]
            if known != len(set(places)) or len(set(places)) != len(places):
                raise InputError(f"{len(places)} vectors were given for {known} records; give one for each record that is in the store")
            _put_vectors(connection, places, matrix, fingerprint)
            _rise(connection)

    def match(self, tokens: Sequence[str], k: int) -> list[tuple[int, float]]:
        """Return (seq, BM25 score, greater is better) of the k best records with any of these tokens; tokens are words, never syntax."""
        with self._reading() as connection:
            return fulltext.match(connection, tokens, k)

    # Facts

    def assert_fact(
        self,
        subject: str,
        relation: str,
        object: str,
        *,
        record: str,
        span: tuple[int, int] | None = None,
        valid: Valid | None = None,
        recorded: Time | None = None,
        source: str = "user",
    ) -> Fact:
        """Store what a record says, and return it; `span` is the bytes that say so (the whole record), `valid` when it is true (the record's).

        Raises:
            InputError: not text, a span outside the record, a time that is none.
            UnknownRecord: no record of that id.
        """
        for name, value in (("subject", subject), ("relation", relation), ("object", object), ("source", source)):
            if plain(value, name) is None:
                raise InputError(f"a fact's {name} is text, not None")
        moment = time.time() if recorded is None else seconds(recorded, "recorded")
        with self.connections.transaction() as connection:
            row = connection.execute(
                "SELECT seq, length(data), valid_from, valid_to FROM record WHERE id = ?", (plain(record, "record"),)
            ).fetchone()
            if row is None:
                raise UnknownRecord(f"no record has the id {record!r}; a fact rests on a record that is in the store")
            start, stop = (0, row[1]) if span is None else (int(span[0]), int(span[1]))
            if not 0 <= start <= stop <= row[1]:
                raise InputError(f"the span ({start}, {stop}) lies outside the record's {row[1]} bytes")
            when = (row[2], row[3]) if valid is None else interval(valid)
            seq = _last(connection, "fact") + 1
            fact = Fact(
                seq, self._ids.take("f", 1)[0], subject, relation, object, record, row[0], (start, stop), when, moment, None, source
            )
            fact_rows.insert(connection, [fact])
        return fact

    def close_fact(self, id: str, *, ended: Time | None = None, recorded: Time | None = None) -> Fact | None:
        """Close a fact: it stays, and is no longer held from `recorded` (now) on.

        ended: the time from which it was no longer true; a successor that is valid up to it is stored and returned. None: it never was true; None is returned.

        Raises:
            UnknownRecord: no fact of that id.
            InputError: already closed, or it would end before it starts.
        """
        moment = time.time() if recorded is None else seconds(recorded, "recorded")
        with self.connections.transaction() as connection:
            fact = fact_rows.one(connection, id)
            if fact is None:
                raise UnknownRecord(f"no fact has the id {id!r}")
            if fact.closed is not None:
                raise InputError(f"the fact {id!r} is already closed; close its successor, or assert it again")
            successor = None
            if ended is not None:
                when = interval((fact.valid[0], seconds(ended, "ended")))
                successor = fact_rows.replaced(
                    fact, seq=_last(connection, "fact") + 1, id=self._ids.take("f", 1)[0], valid=when, recorded=moment
                )
                fact_rows.insert(connection, [successor])
            fact_rows.close(connection, fact, max(moment, fact.recorded))
            _rise(connection)
        return successor

    def facts(self, at: Time | None = None, known_at: Time | None = None, *, after: int = 0, history: bool = False) -> Iterator[Fact]:
        """Return the facts in order: those true at a time (None: at any), as held at a time (None: now); `history`: closed ones too."""
        when = None if at is None else seconds(at, "at")
        known = None if known_at is None else seconds(known_at, "known_at")
        until = self.position().facts
        with self.connections.snapshot() if self.connections.memory else contextlib.nullcontext():
            for block in fact_rows.block(self.connections.reader(), after, until):
                yield from (fact for fact in block if history or fact.holds(at=when, known_at=known))

    # Forgetting and checking

    def forget(self, seqs: Sequence[int]) -> None:
        """Take records out, with their facts, vectors and words, in one transaction; then erase their bytes from the files. The epoch rises.

        Where a reader still holds an old state, the bytes go when it is done: `erasing` says so, and `erase` tries again.
        """
        erase.forget(self.connections, [int(seq) for seq in seqs], _rise)

    @property
    def erasing(self) -> bool:
        """Whether bytes of forgotten records may still lie in the store's files."""
        with reporting(self.path):
            return self._setting(erase.PENDING) is not None

    def erase(self) -> bool:
        """Finish an erasure; return whether no forgotten byte is left in the files."""
        return erase.erase(self.connections)

    def check(self) -> list[str]:
        """Return what is wrong with the log; empty where every byte is what was written."""
        from .check import problems

        return list(problems(self))

    # Inside

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with reporting(self.path):
            if self.connections.memory:
                with self.connections.lock:
                    yield self.connections.reader()
            else:
                yield self.connections.reader()

    def _setting(self, key: str) -> str | None:
        with self._reading() as connection:
            row = connection.execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
            return None if row is None else str(row[0])

    def _names(self, ids: Sequence[str] | None, n: int) -> list[str]:
        if ids is None:
            return self._ids.take("r", n)
        if len(ids) != n:
            raise InputError(f"{len(ids)} ids were given for {n} records")
        return [_id(name) for name in ids]


def _id(name: object) -> str:
    if not isinstance(name, str) or not name.isascii() or not name.isalnum() or len(name) > 64:
        raise InputError(f"{name!r} is no id; ids are up to 64 letters and digits, as an export gives them")
    return name


def _row(record: Record, id: str, recorded: float) -> tuple[Any, ...]:
    if not isinstance(record, Record):
        raise InputError(f"expected a Record, not {type(record).__name__}; write Record({str(record)[:40]!r})")
    data = record.data
    digest = hashlib.sha256(data).digest()
    start, end = record.valid_s or (None, None)
    columns = (
        id,
        int(not isinstance(record.text, bytes)),
        record.source,
        record.session,
        record.speaker,
        record.at_s,
        start,
        end,
        recorded,
    )
    meta = meta_json(record.meta)
    return (*columns, meta, digest, seal(*columns, meta, digest.hex()), data)


def _stored(row: Sequence[Any]) -> Stored:
    seq, id, is_text, source, session, speaker, at, start, end, recorded, meta, digest, _, data = row
    valid = None if start is None and end is None else (start, end)
    return Stored(
        seq, id, data, digest.hex(), source, session, speaker, at, valid, recorded, {} if meta is None else json.loads(meta), bool(is_text)
    )


def row_is_sound(row: Sequence[Any]) -> bool:
    """Return whether a row of COLUMNS is what was written: bytes by SHA-256, the rest by its seal."""
    *columns, digest, sealed, data = row[1:]
    try:
        return bool(hashlib.sha256(data).digest() == digest and seal(*columns, digest.hex()) == sealed)
    except (TypeError, ValueError, AttributeError):
        return False


def _times(recorded: Time | Sequence[float] | None, n: int) -> list[float]:
    if recorded is None:
        return [time.time()] * n
    if isinstance(recorded, (list, tuple, np.ndarray)):
        if len(recorded) != n:
            raise InputError(f"{len(recorded)} times of recording were given for {n} records")
        return [seconds(float(moment), "recorded") for moment in recorded]
    return [seconds(recorded, "recorded")] * n  # type: ignore[arg-type]


def _matrix(vectors: np.ndarray | None, fingerprint: str | None, n: int) -> np.ndarray | None:
    if vectors is None:
        return None
    if not fingerprint or plain(fingerprint, "fingerprint") is None:
        raise InputError("vectors came without the fingerprint of the encoder that made them; give fingerprint=encoder.fingerprint")
    try:
        matrix = np.asarray(vectors)
        if matrix.dtype.kind not in "fiu":
            raise TypeError
        with np.errstate(over="ignore"):
            matrix = np.ascontiguousarray(matrix, dtype="<f4")
    except (TypeError, ValueError):
        raise InputError("vectors are no array of numbers; expected float32 (n, d)") from None
    if matrix.ndim != 2 or matrix.shape[0] != n or (n and not matrix.shape[1]):
        raise InputError(f"vectors have shape {matrix.shape}; expected ({n}, d), one row a record")
    if not np.isfinite(matrix).all():
        row = int(np.flatnonzero(~np.isfinite(matrix).all(axis=1))[0])
        raise InputError(f"the vector of record {row} of this batch is not finite in float32; nothing was stored")
    return matrix


def _put_vectors(connection: sqlite3.Connection, seqs: Sequence[int], matrix: np.ndarray, fingerprint: str) -> None:
    row = connection.execute("SELECT number, dimensions FROM space WHERE fingerprint = ?", (fingerprint,)).fetchone()
    if row is None:
        connection.execute("INSERT INTO space (fingerprint, dimensions) VALUES (?, ?)", (fingerprint, matrix.shape[1]))
        row = connection.execute("SELECT number, dimensions FROM space WHERE fingerprint = ?", (fingerprint,)).fetchone()
    if row[1] != matrix.shape[1]:
        raise InputError(
            f"vectors have d={matrix.shape[1]}, but the store's vectors of encoder {fingerprint!r} have d={row[1]}; nothing was stored"
        )
    base, size = row[0] << SPACE_SHIFT, 4 * matrix.shape[1]
    data = matrix.data.cast("B")
    parts = (data[i * size : (i + 1) * size] for i in range(len(seqs)))
    rows = ((base + seq, zlib.crc32(part), part) for seq, part in zip(seqs, parts, strict=True))
    connection.executemany("INSERT OR REPLACE INTO vector VALUES (?, ?, ?)", rows)


def _last(connection: sqlite3.Connection, table: str) -> int:
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return 0 if row is None else int(row[0])


def _set(connection: sqlite3.Connection, key: str, value: str | None) -> None:
    if value is None:
        connection.execute("DELETE FROM setting WHERE key = ?", (key,))
    else:
        connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (key, value))


def _rise(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE setting SET value = CAST(value AS INTEGER) + 1 WHERE key = 'epoch'")
