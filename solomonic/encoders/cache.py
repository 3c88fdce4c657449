"""Vectors kept by the hash of their text, so that no text is encoded twice; and erased when a text is to be forgotten.

One SQLite file beside the log, or wherever it is wanted. It is a cache and not truth: what is damaged in it is thrown away and made anew. It does hold
traces of texts, though (a hash that betrays a guessed text, a vector that betrays its meaning), so `erase` removes them
from the bytes of the file: freed cells are overwritten, the journal is emptied, and the file is compacted.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import numpy as np

from ..errors import InputError
from .protocol import Encoder

APPLICATION_ID: Final = 0x534F4C45  # "SOLE"
VERSION: Final = 1
_BUSY_S: Final = 10.0
_PARAMETERS: Final = 500


def text_key(text: str) -> bytes:
    """Return the 32 bytes under which a text's vectors are kept: its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


class CachedEncoder:
    """An encoder that remembers what it encoded.

    path: the cache's file, made when first needed; None keeps everything in memory. Encoders of different fingerprints may share a file.
    Usable from several threads and processes.

    Raises:
        InputError: the path cannot be written, or is somebody else's database.
    """

    def __init__(self, encoder: Encoder, path: Path | None) -> None:
        self._encoder = encoder
        self._path = path
        self._lock = threading.Lock()
        self._database = self._opened()

    @property
    def name(self) -> str:
        """The name of the encoder inside."""
        return self._encoder.name

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the encoder inside: a cache changes no vector."""
        return self._encoder.fingerprint

    @property
    def dimensions(self) -> int:
        """The length of every vector."""
        return self._encoder.dimensions

    def __repr__(self) -> str:
        return f"CachedEncoder({self._encoder!r}, {'memory' if self._path is None else str(self._path)})"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 (n, d), each row of unit length; each different text is encoded once, ever."""
        keys = [text_key(text) for text in texts]
        known = self._read(keys)
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if fresh:
            vectors = self._encoder.encode(list(fresh.values()))
            new = dict(zip(fresh, vectors, strict=True))
            self._write(new)
            known |= new
        if not keys:
            return np.empty((0, self.dimensions), dtype=np.float32)
        return np.stack([known[key] for key in keys])

    def erase(self, texts: Sequence[str]) -> int:
        """Forget the texts under every fingerprint, down to the bytes of the file; return how many vectors were removed.

        Raises:
            InputError: another process holds the cache and does not let go.
        """
        keys = [(text_key(text),) for text in set(texts)]
        removed = 0
        with self._lock, self._held():
            before = self._database.total_changes
            with self._database:
                self._database.executemany("DELETE FROM vectors WHERE text = ?", keys)
            removed = self._database.total_changes - before
            if removed:
                # secure_delete overwrote the cells; VACUUM also drops what balancing of the tree may have left in pages it abandoned.
                self._database.execute("VACUUM")
        return removed

    def probe(self, texts: Sequence[str]) -> list[bool]:
        """Return, for each text, whether any vector of it is still kept."""
        kept: list[bool] = []
        with self._lock, self._held():
            query = "SELECT 1 FROM vectors WHERE text = ? LIMIT 1"
            kept = [self._database.execute(query, (text_key(text),)).fetchone() is not None for text in texts]
        return kept or [False] * len(texts)

    def __len__(self) -> int:
        """Return how many vectors are kept, under all fingerprints."""
        with self._lock:
            return int(self._database.execute("SELECT count(*) FROM vectors").fetchone()[0])

    def close(self) -> None:
        """Close the file; the encoder inside stays usable."""
        with self._lock:
            self._database.close()

    def _read(self, keys: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        wanted, found = list(dict.fromkeys(keys)), {}
        with self._lock, self._renewing():
            for start in range(0, len(wanted), _PARAMETERS):
                part = wanted[start : start + _PARAMETERS]
                query = f"SELECT text, vector FROM vectors WHERE fingerprint = ? AND text IN ({','.join('?' * len(part))})"
                for key, blob in self._database.execute(query, (self.fingerprint, *part)):
                    vector = np.frombuffer(blob, dtype="<f4")
                    if len(vector) == self.dimensions:
                        found[bytes(key)] = vector
        return found

    def _write(self, vectors: dict[bytes, np.ndarray]) -> None:
        rows = [(key, self.fingerprint, np.ascontiguousarray(vector, dtype="<f4").tobytes()) for key, vector in vectors.items()]
        with self._lock, self._renewing(), self._database:
            self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    @contextmanager
    def _renewing(self) -> Iterator[None]:
        """Do without the cache where it is locked, and throw it away where it is damaged."""
        try:
            yield
        except sqlite3.OperationalError:
            pass
        except sqlite3.DatabaseError:
            self._renew()

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Say in our words that the cache could not be had; a damaged one holds nothing that could be read, and is removed."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise InputError(
                f"the cache {self._path} cannot be changed ({error}); close the other program that uses it and try again"
            ) from None
        except sqlite3.DatabaseError:
            self._renew()

    def _renew(self) -> None:
        self._database.close()
        self._removed()
        self._database = self._opened()

    def _opened(self) -> sqlite3.Connection:
        try:
            return _connected(self._path)
        except sqlite3.OperationalError as error:
            raise InputError(f"the cache {self._path} cannot be opened: {error}") from None
        except sqlite3.DatabaseError:
            # Not a database, or a torn one: nothing in it is worth keeping.
            self._removed()
            return _connected(self._path)

    def _removed(self) -> None:
        if self._path is not None:
            for suffix in ("", "-journal", "-wal", "-shm"):
                Path(f"{self._path}{suffix}").unlink(missing_ok=True)


def _connected(path: Path | None) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:" if path is None else path, timeout=_BUSY_S, check_same_thread=False)
    try:
        database.execute("PRAGMA secure_delete = ON")
        # TRUNCATE leaves no old page in a journal; a cache may lose its last entries in a power cut, and a torn one is thrown away.
        database.execute("PRAGMA journal_mode = TRUNCATE")
        database.execute("PRAGMA synchronous = OFF")
        with closing(database.execute("PRAGMA application_id")) as cursor:
            found = cursor.fetchone()[0]
        tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if found != APPLICATION_ID and tables:
            raise InputError(f"{path} is a database of another program, not a cache of vectors; choose another path")
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if tables and version != VERSION:
            raise sqlite3.DatabaseError("a cache of another version")
        if not tables:
            database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            database.execute(f"PRAGMA user_version = {VERSION}")
            with database:
                database.execute(
                    "CREATE TABLE IF NOT EXISTS vectors (text BLOB NOT NULL, fingerprint TEXT NOT NULL, vector BLOB NOT NULL, "
                    "PRIMARY KEY (text, fingerprint)) WITHOUT ROWID"
                )
    except BaseException:
        database.close()
        raise
    return database
