"""Vectors in the log: one row a record and space, a space being what one encoder makes (named by its fingerprint)."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from ..errors import InputError, StoreDamaged
from .facts import advanced
from .record import plain
from .schema import SPACE_SHIFT


def matrix_of(vectors: np.ndarray | None, fingerprint: str | None, n: int) -> np.ndarray | None:
    """Return vectors as little-endian float32 (n, d), or None where none were given.

    Raises:
        InputError: no fingerprint, not numbers, another shape, or not finite in float32.
    """
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


def put(connection: sqlite3.Connection, seqs: Sequence[int], matrix: np.ndarray, fingerprint: str) -> None:
    """Write one vector a place, inside the caller's transaction; what was there in that space is replaced.

    Raises:
        InputError: the space's vectors have another number of dimensions.
    """
    space = find(connection, fingerprint)
    if space is None:
        connection.execute("INSERT INTO space (fingerprint, dimensions) VALUES (?, ?)", (fingerprint, matrix.shape[1]))
        space = find(connection, fingerprint)
        assert space is not None
    number, dimensions = space
    if dimensions != matrix.shape[1]:
        raise InputError(
            f"vectors have d={matrix.shape[1]}, but the store's vectors of encoder {fingerprint!r} have d={dimensions}; nothing was stored"
        )
    base, size = number << SPACE_SHIFT, 4 * dimensions
    data = matrix.data.cast("B")
    parts = (data[i * size : (i + 1) * size] for i in range(len(seqs)))
    rows = ((base + seq, zlib.crc32(part), part) for seq, part in zip(seqs, parts, strict=True))
    connection.executemany("INSERT OR REPLACE INTO vector VALUES (?, ?, ?)", rows)


def find(connection: sqlite3.Connection, fingerprint: str) -> tuple[int, int] | None:
    """Return (number, dimensions) of the space of a fingerprint, or None."""
    row: tuple[int, int] | None = connection.execute(
        "SELECT number, dimensions FROM space WHERE fingerprint = ?", (fingerprint,)
    ).fetchone()
    return row


def every(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Return fingerprint -> (number, dimensions) of every space.

    Raises:
        StoreDamaged: the table of spaces holds something else.
    """
    rows = connection.execute("SELECT fingerprint, number, dimensions FROM space ORDER BY number").fetchall()
    if not all(isinstance(name, str) and isinstance(d, int) for name, _, d in rows):
        raise StoreDamaged("the table of encoders is not what was written; records and facts can be salvaged")
    return {name: (number, d) for name, number, d in rows}


def block(connection: sqlite3.Connection, space: tuple[int, int], after: int, until: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (seqs int64 (n,), vectors float32 (n, d)) of the first `most` vectors with after < seq <= until.

    Raises:
        StoreDamaged: a vector has another size than its space.
    """
    base, dimensions = space[0] << SPACE_SHIFT, space[1]
    sql = "SELECT key, data FROM vector WHERE key > ? AND key <= ? ORDER BY key LIMIT ?"
    rows = connection.execute(sql, (base + after, base + until, most)).fetchall()
    seqs = np.array([key - base for key, _ in rows], dtype=np.int64)
    if any(len(data) != 4 * dimensions for _, data in rows):
        raise StoreDamaged(
            f"a vector between seq {seqs[0]} and {seqs[-1]} does not have {dimensions} dimensions; `solomonic memory verify` names it"
        )
    flat = np.frombuffer(b"".join(data for _, data in rows), dtype="<f4")
    return seqs, flat.reshape(len(rows), dimensions).astype(np.float32, copy=False)


def count(connection: sqlite3.Connection, number: int) -> int:
    """Return how many vectors a space holds."""
    sql = "SELECT count(*) FROM vector WHERE key >= ? AND key < ?"
    found: int = connection.execute(sql, (number << SPACE_SHIFT, number + 1 << SPACE_SHIFT)).fetchone()[0]
    return found


def forget(connection: sqlite3.Connection, seqs: Sequence[int]) -> None:
    """Delete the vectors of records in every space, inside the caller's transaction."""
    for number, _ in every(connection).values():
        connection.executemany("DELETE FROM vector WHERE key = ?", [((number << SPACE_SHIFT) + seq,) for seq in seqs])


def problems(connection: sqlite3.Connection) -> Iterator[str]:
    """Return what is wrong with the vectors: a wrong size, changed bytes, a record that is not there."""
    known = {number: (name, d) for name, (number, d) in every(connection).items()}
    sql = """SELECT key, vector.seal, vector.data, record.seq FROM vector LEFT JOIN record ON record.seq = key & ? WHERE key > ? ORDER BY key LIMIT 2000"""
    mask, after = (1 << SPACE_SHIFT) - 1, -1
    while rows := connection.execute(sql, (mask, after)).fetchall():
        for key, sealed, data, record in rows:
            number, seq = key >> SPACE_SHIFT, key & mask
            name, d = known.get(number, (None, 0))
            where = f"the vector of record seq {seq} (encoder {name!r})"
            if name is None:
                yield f"{where}: its space {number} is not known"
            elif not isinstance(data, bytes) or len(data) != 4 * d:
                yield f"{where}: it does not have {4 * d} bytes"
            elif zlib.crc32(data) != sealed:
                yield f"{where}: its bytes are not what was written"
            elif record is None:
                yield f"{where}: the record is not there"
        after = advanced(after, rows[-1][0])
