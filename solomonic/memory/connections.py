"""Who holds the store's file: one writer, found by a lock; any number of readers, one connection a thread.

A lock file beside the database keeps a second writer out, in this process or another, from the moment a store is opened for writing until it is closed.
SQLite's own locks keep each reader on a whole number of transactions.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

from ..errors import StoreBusy, StoreDamaged, StoreError, StoreForeign
from . import rawfile, schema

DATABASE: Final = "memory.db"
LOCK: Final = "writer.lock"
BUSY_S: Final = 10.0
CHECKPOINT_PAGES: Final = 2_000
WAL_KEPT_BYTES: Final = 64 << 20


@contextlib.contextmanager
def reporting(path: Path | str) -> Iterator[None]:
    """Turn what SQLite and the operating system raise into members of the error tree.

    Raises:
        StoreBusy, StoreDamaged, StoreForeign, StoreError: by what SQLite said.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreBusy(f"{path} is being used by another process ({error}); try again when it is done") from error
        if primary == sqlite3.SQLITE_NOTADB:
            raise StoreForeign(f"{path} is not a SQLite file; name another folder with --store, or restore it from a copy") from error
        if primary == sqlite3.SQLITE_CORRUPT:
            raise StoreDamaged(
                f"{path} is damaged ({error}); `solomonic memory verify` names the place, and what is intact can be salvaged"
            ) from error
        if primary == sqlite3.SQLITE_FULL:
            raise StoreError(
                f"{path} cannot grow: the disk is full; nothing of this batch was stored; free some space and add it again"
            ) from error
        if primary == sqlite3.SQLITE_READONLY:
            raise StoreError(f"{path} is read-only; nothing was stored; open it with readonly=True, or make it writable") from error
        if primary in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
            raise StoreError(f"{path} cannot be read or written ({error}); check the disk and the folder's permissions") from error
        if primary == sqlite3.SQLITE_TOOBIG:
            raise StoreError(f"{path}: a value is too large for one row ({error}); split the record") from error
        raise
    except OSError as error:
        raise StoreError(f"{path} cannot be read or written: {error.strerror or error}") from error


class _Reader:
    """A thread's connection for reading; closed when the thread has ended."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.process = os.getpid()
        self.depth = 0
        self.commits = 0

    def close(self) -> None:
        if os.getpid() == self.process:
            with contextlib.suppress(sqlite3.Error):
                self.connection.close()

    __del__ = close


class Connections:
    """The connections of one open store; `memory` where it lives in RAM and all threads share one connection."""

    def __init__(self, folder: Path | None, *, readonly: bool) -> None:
        self.folder = folder
        self.readonly = readonly
        self.lock = threading.RLock()
        self._local = threading.local()
        self._readers: weakref.WeakSet[_Reader] = weakref.WeakSet()
        self._process = os.getpid()
        self._closed = False
        self._commits = 0
        self._immutable = False
        self._writer: sqlite3.Connection | None = None
        self._guard: int | None = None
        self._held: list[rawfile.Key] = []
        with contextlib.ExitStack() as stack, reporting(self.path):
            stack.callback(self.close)
            self._open()
            stack.pop_all()

    @property
    def path(self) -> Path:
        """The database file."""
        return Path(":memory:") if self.folder is None else self.folder / DATABASE

    @property
    def memory(self) -> bool:
        """Whether the store lives in RAM alone."""
        return self.folder is None

    def writer(self) -> sqlite3.Connection:
        """Return the one connection that writes; hold `lock` while using it.

        Raises:
            StoreError: closed, opened for reading, or opened by another process than this one (after a fork).
        """
        self._check_open()
        if self._writer is None:
            raise StoreError(f"{self.path} was opened for reading; open it again without readonly to write")
        if os.getpid() != self._process:
            raise StoreBusy(f"{self.path} was opened for writing by process {self._process}; a forked process may only read")
        return self._writer

    def reader(self) -> sqlite3.Connection:
        """Return this thread's connection for reading.

        Raises:
            StoreError: closed.
        """
        self._check_open()
        if self.memory:
            assert self._writer is not None
            return self._writer
        return self._reader().connection

    def _reader(self) -> _Reader:
        found: _Reader | None = getattr(self._local, "reader", None)
        if found is None or found.process != os.getpid():
            found = self._local.reader = _Reader(self._connect("ro"))
            with self.lock:
                self._readers.add(found)
        return found

    @contextlib.contextmanager
    def fresh(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that has seen nothing yet, so that every page comes from the file; writes wait meanwhile."""
        with self.lock:
            self._check_open()
            if self.memory:
                yield self.writer()
                return
            with contextlib.closing(self._connect("ro" if self.readonly else "rw")) as connection:
                yield connection

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Read one state of the store, whatever is written meanwhile; may be nested."""
        if self.memory:
            with self.lock:
                yield self.reader()
            return
        self._check_open()
        reader = self._reader()
        connection = reader.connection
        if reader.depth == 0:
            reader.commits = self._commits  # before BEGIN: what is counted here is seen
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        reader.depth += 1
        try:
            yield connection
        finally:
            reader.depth -= 1
            if reader.depth == 0 and not self._closed and connection.in_transaction:
                connection.execute("COMMIT")

    def commits_seen(self) -> int | None:
        """Return how many transactions of this store this thread surely sees; None where another process may write it, and only the file knows."""
        if self.readonly or os.getpid() != self._process:
            return None
        reader: _Reader | None = getattr(self._local, "reader", None)
        return reader.commits if reader is not None and reader.depth else self._commits

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all of it or nothing; durable when the block has ended.

        Raises:
            StoreError: what was written is not stored; the message says why.
        """
        with self.lock, reporting(self.path):
            connection = self.writer()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
                self._commits += 1
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close every connection and let the next writer in; may be called twice."""
        with self.lock:
            self._closed = True
            if os.getpid() == self._process:
                for reader in list(self._readers):
                    reader.close()
                if self._writer is not None:
                    with contextlib.suppress(sqlite3.Error):
                        self._writer.close()
                if self._guard is not None:
                    fcntl.flock(self._guard, fcntl.LOCK_UN)  # a forked process may still hold the handle
            self._readers, self._writer = weakref.WeakSet(), None
            while self._held:
                rawfile.release(self._held.pop())
            if self._guard is not None:
                os.close(self._guard)
                self._guard = None

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError(f"{self.path} has been closed; open it again")

    def _open(self) -> None:
        if self.folder is None:
            self._writer = self._connect("memory")
            schema.migrate(self._writer, self.path)
        elif self.readonly:
            self._open_for_reading(self.folder)
        else:
            self._make_folder(self.folder)
            self._take_guard(self.folder)
            self._writer = self._connect("rwc")
            self._hold()
            schema.migrate(self._writer, self.path)

    def _make_folder(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise StoreError(f"{folder} is a file; a store is a folder: name another with --store")
        missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        for made in missing:  # the entry of a new folder is as durable as what will lie in it
            handle = os.open(made.parent, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def _take_guard(self, folder: Path) -> None:
        try:
            self._guard = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
            fcntl.flock(self._guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held = self._guard
            who = os.pread(held, 32, 0).decode("ascii", "replace").strip() if held is not None else ""
            raise StoreBusy(
                f"{folder} is being written by process {who or 'unknown'}; wait until it is done, or open it with readonly=True"
            ) from None
        except OSError as error:
            raise StoreError(
                f"{folder} cannot be written ({error.strerror}); open it with readonly=True, or name another folder with --store"
            ) from None
        os.ftruncate(self._guard, 0)
        os.pwrite(self._guard, f"{os.getpid()}\n".encode(), 0)

    def _open_for_reading(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise StoreError(f"{folder} is a file; a store is a folder: name another with --store")
        if not self.path.exists():
            raise StoreError(f"there is no store in {folder}; create one by opening it for writing, or name another with --store")
        self._hold()
        try:
            found = schema.version(self.reader(), self.path)
        except sqlite3.OperationalError:
            wal = self.path.with_name(DATABASE + "-wal")
            if (os.access(folder, os.W_OK) and not _on_readonly_disk(folder)) or (wal.exists() and wal.stat().st_size):
                raise
            # SQLite wants to create files beside the database; where nobody can write, nobody can change it either.
            self._immutable = True
            self._local = threading.local()
            found = schema.version(self.reader(), self.path)
        if found < schema.VERSION:
            raise StoreError(
                f"{self.path} has schema version {found}, older than {schema.VERSION}; open it once for writing to bring it up to date"
            )

    def _hold(self) -> None:
        self._held.append(rawfile.hold(self.path))

    def _connect(self, mode: str) -> sqlite3.Connection:
        where = (
            ":memory:"
            if mode == "memory"
            else f"file:{quote(str(self.path.absolute()))}?mode={mode}{'&immutable=1' if self._immutable else ''}"
        )
        connection = sqlite3.connect(where, timeout=BUSY_S, isolation_level=None, check_same_thread=False, uri=mode != "memory")
        try:
            _set_up(connection, mode)
        except BaseException:
            connection.close()
            raise
        return connection


def _set_up(connection: sqlite3.Connection, mode: str) -> None:
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA temp_store = MEMORY")  # nothing of a record may lie in a temporary file
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
    if mode == "ro":
        connection.execute("PRAGMA query_only = ON")


def _on_readonly_disk(folder: Path) -> bool:
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
