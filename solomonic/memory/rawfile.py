"""Reading the store's files as plain bytes without doing harm.

POSIX locks belong to a process, not to a handle: closing any handle on a file drops every lock that the process has on it, SQLite's too (sqlite.org,
"How To Corrupt An SQLite Database File", 2.2). So while a store is open in this process, a handle on its files is kept and used again, never closed.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

Key = tuple[int, int]

_lock = threading.Lock()
_users: dict[Key, int] = {}
_handles: dict[Key, int] = {}


def hold(path: Path) -> Key:
    """Say that SQLite has this file open in this process; return what `release` needs."""
    found = path.stat()
    key = found.st_dev, found.st_ino
    with _lock:
        _users[key] = _users.get(key, 0) + 1
    return key


def release(key: Key) -> None:
    """Say that SQLite has closed the file; the last to say so closes the handle that was kept."""
    with _lock:
        _users[key] -= 1
        if _users[key] == 0:
            del _users[key]
            if key in _handles:
                os.close(_handles.pop(key))


@contextlib.contextmanager
def reading(path: Path) -> Iterator[int]:
    """Give a handle for `os.pread`."""
    found = path.stat()
    key = found.st_dev, found.st_ino
    with _lock:
        kept = key in _users
        handle = _handles[key] if kept and key in _handles else os.open(path, os.O_RDONLY)
        if kept:
            _handles[key] = handle
    try:
        yield handle
    finally:
        if not kept:
            os.close(handle)


def chunks(handle: int, size: int, overlap: int) -> Iterator[bytes]:
    """Return a file's bytes in chunks, each beginning with the last `overlap` bytes of the one before."""
    place = 0
    while chunk := os.pread(handle, size + overlap, place):
        yield chunk
        place += size
