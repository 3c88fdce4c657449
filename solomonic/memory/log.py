"""The log: the one truth of a memory. Records, facts, vectors and full text in one SQLite file, each batch in one transaction.

What `add` has returned is on disk (WAL, synchronous=FULL). What `forget` has returned from is in no byte of the store's files (see `memory.erase`).
Everything else that a memory keeps (FAISS, the graph) is made from this and carries the position up to which it has read it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..errors import InputError, StoreError, UnknownRecord
from . import erase, fulltext, rows, spaces
from . import facts as fact_rows
from .connections import Connections, reporting
from .record import Fact, Ids, Position, Record, Stored, Time, Valid, interval, plain, seconds
from .rows import COLUMNS

BLOCK: Final = 1_000
VECTORS_STATE: Final = "vectors_state"


class Log:
    """One open store; the only writer of its SQLite file. Use as a context, or call `close`.

    Safe in many threads: each reads through a connection of its own, writes go one after another.
    """

    def __init__(self, connections: Connections) -> None:
        self.connections = connections
        self._ids = Ids()
        self.store_id: str = self._setting("store_id") or ""
        if not connections.readonly and self.erasing:
            with contextlib.suppress(StoreError):  # a disk too full to finish an erasure can still be read and written
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
        if "\0" in str(path):
            raise StoreError(f"{str(path)!r} is no path: it has a NUL in it")
        folder = None if str(path) == ":memory:" else Path(path)
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
        """Return how far the log goes: highest record, epoch, highest fact. Numbers of forgotten records are not used again."""
        sql = """SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'record'), (SELECT value FROM setting WHERE key = 'epoch'),
                        (SELECT seq FROM sqlite_sequence WHERE name = 'fact')"""
        with self._reading() as connection:
            return Position(*(int(number or 0) for number in connection.execute(sql).fetchone()))

    def vectors_state(self) -> str:
        """Return a name that changes whenever a vector that was already here is replaced or goes: "count-chance", the count rising by one each time.

        By chance no two histories of one store share a name, so that an index made before a backup was restored is known for what it is.
        """
        return self._setting(VECTORS_STATE) or "0-"

    def setting(self, key: str) -> str | None:
        """Return what was kept under a name by `keep`, or None."""
        return self._setting("user." + key)

    def keep(self, key: str, value: str | None) -> None:
        """Keep a short text under a name, durable like a record; None takes it away."""
        with self.connections.transaction() as connection:
            if value is None:
                connection.execute("DELETE FROM setting WHERE key = ?", ("user." + key,))
            else:
                _keep(connection, key, value)

    # Records

    def add(
        self,
        records: Sequence[Record],
        *,
        vectors: np.ndarray | None = None,
        fingerprint: str | None = None,
        recorded: Time | Sequence[float] | None = None,
        ids: Sequence[str] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> list[Stored]:
        """Store a batch in one transaction and return it as stored; when this returns, it is durable.

        vectors: float32 (n, d) of the encoder with that fingerprint. recorded: when it was learned (now), one time or one a record.
        ids: those of an export that is being restored; otherwise they are made. settings: what is kept (see `keep`) in the same transaction.

        Raises:
            InputError: not records, vectors of another shape or not finite, an id that is taken.
            StoreError: nothing of the batch is stored; the message says why.
        """
        batch = list(records)
        matrix = spaces.matrix_of(vectors, fingerprint, len(batch))
        moments = rows.times(recorded, len(batch))
        if ids is not None and len(ids) != len(batch):
            raise InputError(f"{len(ids)} ids were given for {len(batch)} records")
        if not batch:
            return []
        names = self._ids.take("r", len(batch)) if ids is None else [rows.checked_id(name) for name in ids]
        prepared = [rows.row_of(record, name, moment) for record, name, moment in zip(batch, names, moments, strict=True)]
        with self.connections.transaction() as connection:
            last = _last(connection, "record")
            rows.insert(connection, prepared, last)
            if matrix is not None and fingerprint is not None:
                spaces.put(connection, range(last + 1, last + 1 + len(batch)), matrix, fingerprint)
            fulltext.index(connection, last)
            for key, value in (settings or {}).items():
                _keep(connection, key, value)
        return [rows.unchecked((last + i, *row)) for i, row in enumerate(prepared, 1)]

    def get(self, id: str) -> Stored:
        """Return the record of an id.

        Raises:
            UnknownRecord: there is none.
        """
        with self._reading() as connection:
            row = connection.execute(f"SELECT {COLUMNS} FROM record WHERE id = ?", (plain(id, "id"),)).fetchone()
        if row is None:
            raise UnknownRecord(f"no record has the id {id!r}; it was forgotten, or belongs to another store")
        return rows.stored_of(row)

    def seqs(self, ids: Sequence[str]) -> list[int]:
        """Return the place of each id.

        Raises:
            UnknownRecord: one of them is not in the store.
        """
        sql = "SELECT id, seq FROM record WHERE id IN (SELECT value FROM json_each(?))"
        with self._reading() as connection:
            found = dict(connection.execute(sql, (json.dumps(list(ids)),)).fetchall())
        missing = [id for id in ids if id not in found]
        if missing:
            raise UnknownRecord(
                f"no record has the id {missing[0]!r}{f' (nor {len(missing) - 1} others)' if missing[1:] else ''}; nothing was done"
            )
        return [found[id] for id in ids]

    def by_seq(self, seqs: Sequence[int], *, checked: bool = True) -> list[Stored]:
        """Return the records at these places, in this order; places that hold none are left out.

        Raises:
            StoreDamaged: the bytes of one are not what was written (not where `checked` is False).
        """
        made = rows.stored_of if checked else rows.unchecked
        wanted = [int(seq) for seq in seqs]
        sql = f"SELECT {COLUMNS} FROM record WHERE seq IN (SELECT value FROM json_each(?))"
        with self._reading() as connection:
            found = {row[0]: made(row) for row in connection.execute(sql, (json.dumps(wanted),)).fetchall()}
        return [found[seq] for seq in wanted if seq in found]

    def records(self, after: int = 0, until: int | None = None) -> Iterator[Stored]:
        """Return the records with after < seq <= until in order; what is added meanwhile is left out.

        Raises:
            StoreDamaged: the bytes of one are not what was written.
        """
        return self._records(after, until, rows.stored_of)

    def _records(self, after: int, until: int | None, made: Callable[[Sequence[Any]], Stored]) -> Iterator[Stored]:
        until = self.position().seq if until is None else until
        sql = f"SELECT {COLUMNS} FROM record WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT {BLOCK}"
        while True:
            with self._reading() as connection:
                found = connection.execute(sql, (after, until)).fetchall()
            yield from map(made, found)
            if len(found) < BLOCK:
                return
            after = fact_rows.advanced(after, found[-1][0])

    def indexable(self, after: int = 0, until: int | None = None) -> Iterator[Stored]:
        """Return the records with after < seq <= until in order, as indexes take them: a damaged one with no bytes, so that all others can still be found."""
        for record in self._records(after, until, rows.unchecked):
            yield record if record.intact else dataclasses.replace(record, data=b"")

    def count(self) -> int:
        """Return how many records the store holds."""
        with self._reading() as connection:
            found: int = connection.execute("SELECT count(*) FROM record").fetchone()[0]
            return found

    # Vectors and words

    def spaces(self) -> dict[str, tuple[int, int]]:
        """Return fingerprint -> (dimensions, number of vectors) for every encoder whose vectors the store holds."""
        with self._reading() as connection:
            return {name: (d, spaces.count(connection, number)) for name, (number, d) in spaces.every(connection).items()}

    def vectors(
        self, fingerprint: str, after: int = 0, until: int | None = None, *, block: int = 4_096
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Return (seqs int64 (n,), vectors float32 (n, d)) in blocks of at most `block`, in order of seq; nothing for an unknown fingerprint."""
        until = self.position().seq if until is None else until
        with self._reading() as connection:
            space = spaces.find(connection, fingerprint)
        while space is not None:
            with self._reading() as connection:
                seqs, found = spaces.block(connection, space, after, until, block)
            if not len(seqs):
                return
            yield seqs, found
            after = fact_rows.advanced(after, int(seqs[-1]))

    def add_vectors(self, seqs: Sequence[int], vectors: np.ndarray, fingerprint: str) -> None:
        """Store vectors (n, d) for records that are already here, in one transaction; what they had in that space is replaced. The epoch rises.

        Raises:
            InputError: another shape, not finite, or a place that holds no record.
        """
        places = [int(seq) for seq in seqs]
        matrix = spaces.matrix_of(vectors, fingerprint, len(places))
        if matrix is None or not places:
            return
        with self.connections.transaction() as connection:
            sql = "SELECT count(*) FROM record WHERE seq IN (SELECT value FROM json_each(?))"
            known = connection.execute(sql, (json.dumps(places),)).fetchone()[0]
            if known != len(places):
                raise InputError(f"{len(places)} vectors were given for {known} records; give one for each record that is in the store")
            spaces.put(connection, places, matrix, fingerprint)
            _rise_vectors(connection)

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
        """Close a fact: it stays, and is no longer held from `recorded` (now) on. The epoch rises.

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
            moment = max(moment, fact.recorded)
            successor = None
            if ended is not None:
                when = interval((fact.valid[0], seconds(ended, "ended")))
                name = self._ids.take("f", 1)[0]
                successor = dataclasses.replace(fact, seq=_last(connection, "fact") + 1, id=name, valid=when, recorded=moment)
                fact_rows.insert(connection, [successor])
            fact_rows.close(connection, fact, moment)
            _rise(connection)
        return successor

    def facts(self, at: Time | None = None, known_at: Time | None = None, *, after: int = 0, history: bool = False) -> Iterator[Fact]:
        """Return the facts in order: those true at a time (None: at any), as held at a time (None: now); `history`: all there ever were."""
        when = None if at is None else seconds(at, "at")
        known = None if known_at is None else seconds(known_at, "known_at")
        until = self.position().facts
        while True:
            with self._reading() as connection:
                found = fact_rows.block(connection, after, until)
            if not found:
                return
            yield from (fact for fact in found if history or fact.holds(at=when, known_at=known))
            after = fact_rows.advanced(after, found[-1].seq)

    def restore_facts(self, facts: Sequence[Fact]) -> None:
        """Store the facts of an export as they were, ids and both times included, in one transaction.

        Raises:
            UnknownRecord: one of them rests on a record that is not in the store.
            InputError: an id is taken, or a span lies outside its record.
        """
        sql = "SELECT id, seq, length(data) FROM record WHERE id IN (SELECT value FROM json_each(?))"
        with self.connections.transaction() as connection:
            names = json.dumps([fact.record for fact in facts])
            places = {id: (seq, size) for id, seq, size in connection.execute(sql, (names,)).fetchall()}
            last = _last(connection, "fact")
            for fact in facts:
                if fact.record not in places:
                    raise UnknownRecord(f"the fact {fact.id!r} rests on the record {fact.record!r}, which is not in the store")
                if not 0 <= fact.span[0] <= fact.span[1] <= places[fact.record][1]:
                    raise InputError(f"the fact {fact.id!r} has the span {fact.span}, outside its record's {places[fact.record][1]} bytes")
            fact_rows.insert(
                connection, [dataclasses.replace(fact, seq=last + i, record_seq=places[fact.record][0]) for i, fact in enumerate(facts, 1)]
            )

    # Forgetting and checking

    def forget(self, seqs: Sequence[int]) -> None:
        """Take records out, with their facts, vectors and words, in one transaction; then erase their bytes from the files. The epoch rises.

        Where a reader still holds an old state, the bytes go when it is done: `erasing` says so, and `erase` tries again.
        """
        erase.forget(self.connections, [int(seq) for seq in seqs], _rise_vectors)

    @property
    def erasing(self) -> bool:
        """Whether bytes of forgotten records may still lie in the store's files."""
        return self._setting(erase.PENDING) is not None

    def erase(self) -> bool:
        """Finish an erasure; return whether no forgotten byte is left in the files."""
        return erase.erase(self.connections)

    def check(self) -> list[str]:
        """Return what is wrong with the log; empty where every byte is what was written."""
        from .check import problems

        return list(problems(self.connections))

    def rebuild_words(self) -> None:
        """Make the full-text index anew from the records."""
        with self.connections.transaction() as connection:
            fulltext.rebuild(connection)

    # Inside

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with reporting(self.path), self.connections.lock if self.connections.memory else contextlib.nullcontext():
            yield self.connections.reader()

    def _setting(self, key: str) -> str | None:
        with self._reading() as connection:
            row = connection.execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
            return None if row is None else str(row[0])


def _last(connection: sqlite3.Connection, table: str) -> int:
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return 0 if row is None else int(row[0])


def _keep(connection: sqlite3.Connection, key: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", ("user." + key, value))


def _rise(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE setting SET value = CAST(value AS INTEGER) + 1 WHERE key = 'epoch'")


def _rise_vectors(connection: sqlite3.Connection) -> None:
    _rise(connection)
    row = connection.execute("SELECT value FROM setting WHERE key = ?", (VECTORS_STATE,)).fetchone()
    count = int(row[0].partition("-")[0]) if row else 0
    connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (VECTORS_STATE, f"{count + 1}-{os.urandom(8).hex()}"))
