"""Between a record and its row in the log, with the two checksums by which a row proves itself."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ..errors import InputError, StoreDamaged
from .record import Record, Stored, Time, meta_json, seal, seconds

COLUMNS: Final = "seq, id, is_text, source, session, speaker, at, valid_from, valid_to, recorded, meta, sha256, seal, data"
WIDTH: Final = 14


def row_of(record: Record, id: str, recorded: float) -> tuple[Any, ...]:
    """Return a record's row without its seq.

    Raises:
        InputError: it is no Record.
    """
    if not isinstance(record, Record):
        raise InputError(f"expected a Record, not {type(record).__name__}; write Record({str(record)[:40]!r})")
    data = record.data
    digest = hashlib.sha256(data)
    start, end = record.valid_s or (None, None)
    meta = meta_json(record.meta) if record.meta else None
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
        meta,
    )
    return (*columns, digest.digest(), seal(*columns, digest.hexdigest()), data)


def stored_of(row: Sequence[Any]) -> Stored:
    """Return the record of a row of COLUMNS, its bytes checked by their SHA-256.

    Raises:
        StoreDamaged: they are not what was written.
    """
    digest, data = row[11], row[13]
    if not isinstance(data, bytes) or hashlib.sha256(data).digest() != digest:
        raise StoreDamaged(
            f"record {row[1]} (seq {row[0]}) is not what was written; `solomonic memory verify` says more, all others can still be read"
        )
    return unchecked(row)


def unchecked(row: Sequence[Any]) -> Stored:
    """Return the record of a row of COLUMNS as it is."""
    seq, id, is_text, source, session, speaker, at, start, end, recorded, meta, digest, _, data = row
    valid = None if start is None and end is None else (start, end)
    return Stored(
        seq, id, data, digest.hex(), source, session, speaker, at, valid, recorded, {} if meta is None else json.loads(meta), bool(is_text)
    )


def sound(row: Sequence[Any]) -> bool:
    """Return whether a row of COLUMNS is what was written: its bytes by SHA-256, the rest by its seal."""
    *columns, digest, sealed, data = row[1:]
    try:
        return bool(hashlib.sha256(data).digest() == digest and seal(*columns, digest.hex()) == sealed)
    except (TypeError, ValueError, AttributeError):
        return False


def insert(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]], after: int) -> None:
    """Write rows behind the place `after`, inside the caller's transaction.

    Raises:
        InputError: an id is taken.
    """
    try:
        connection.executemany(
            f"INSERT INTO record VALUES ({', '.join('?' * WIDTH)})", ((after + i, *row) for i, row in enumerate(rows, 1))
        )
    except sqlite3.IntegrityError:
        raise InputError(
            "an id of this batch is already in the store, or twice in the batch; restore an export into an empty store"
        ) from None


def times(recorded: Time | Sequence[float] | None, n: int) -> list[float]:
    """Return n times of recording from one time, one a record, or None (now).

    Raises:
        InputError: not n of them, or not a time.
    """
    if recorded is None:
        return [time.time()] * n
    if isinstance(recorded, (list, tuple, np.ndarray)):
        if len(recorded) != n:
            raise InputError(f"{len(recorded)} times of recording were given for {n} records")
        return [seconds(float(moment), "recorded") for moment in recorded]
    return [seconds(recorded, "recorded")] * n  # type: ignore[arg-type]


def checked_id(name: object) -> str:
    """Return an id that an export gave.

    Raises:
        InputError: it is none.
    """
    if not isinstance(name, str) or not name.isascii() or not name.isalnum() or len(name) > 64:
        raise InputError(f"{name!r} is no id; ids are up to 64 letters and digits, as an export gives them")
    return name
