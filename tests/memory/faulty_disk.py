"""A disk under SQLite that fails, tears, or loses its power at a chosen operation; deterministic and in process.

A VFS of SQLite's own (sqlite.org/vfs.html), put together with ctypes: a copy of the default one whose open, write, truncate, sync and delete pass through
here. Syncs are counted and modelled, not done, so that a test is quick; what a power cut may lose is exactly what was not synced.
"""

from __future__ import annotations

import contextlib
import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path
from typing import Any

import numpy as np

OK, FULL, IOERR = 0, 13, 10
WRITE, FSYNC, TRUNCATE, DELETE = IOERR | 3 << 8, IOERR | 4 << 8, IOERR | 6 << 8, IOERR | 10 << 8
CANTOPEN = 14

XWRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
XTRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
XSYNC = CFUNCTYPE(c_int, c_void_p, c_int)
# Names pass as addresses: SQLite keeps the pointer, so it must be its own.
XOPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, POINTER(c_int))
XDELETE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)


class Methods(Structure):
    _fields_ = [
        ("version", c_int),
        ("xClose", c_void_p),
        ("xRead", c_void_p),
        ("xWrite", c_void_p),
        ("xTruncate", c_void_p),
        ("xSync", c_void_p),
        *[(f"rest{i}", c_void_p) for i in range(13)],
    ]


class Vfs(Structure):
    _fields_ = [
        ("version", c_int),
        ("size", c_int),
        ("longest", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("xOpen", c_void_p),
        ("xDelete", c_void_p),
        *[(f"rest{i}", c_void_p) for i in range(14)],
    ]


class File(Structure):
    _fields_ = [("methods", POINTER(Methods))]


def library() -> ctypes.CDLL | None:
    """The very SQLite that Python's sqlite3 uses, or None where it is built in and out of reach."""
    import sqlite3

    sqlite3.connect(":memory:").close()
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/maps").read_text().splitlines():
            if "libsqlite3" in line:
                found = ctypes.CDLL(line.split()[-1])
                found.sqlite3_vfs_find.restype = POINTER(Vfs)
                found.sqlite3_vfs_find.argtypes = [c_char_p]
                found.sqlite3_vfs_register.argtypes = [POINTER(Vfs), c_int]
                found.sqlite3_vfs_unregister.argtypes = [POINTER(Vfs)]
                found.sqlite3_libversion.restype = c_char_p
                return found if found.sqlite3_libversion().decode() == sqlite3.sqlite_version else None
    return None


class FaultyDisk:
    """Use as a context; every database that is opened inside lies on it.

    fail_at: the operation (from 1) that goes wrong. how: "error" (that one fails), "full" (from there on nothing may grow), "dead" (half of it is written, and
    nothing after), or None.
    """

    def __init__(self, sqlite: ctypes.CDLL, *, fail_at: int = 0, how: str | None = None) -> None:
        self._sqlite = sqlite
        self.fail_at = fail_at
        self.how = how
        self.count = 0
        self.kinds: list[str] = []
        self.dead = False
        self._paths: dict[int, str] = {}
        self._patched: dict[int, Any] = {}
        self._kept: list[Any] = []
        self.durable: dict[str, bytearray] = {}
        self.pending: dict[str, list[tuple[str, int, bytes]]] = {}

    def __enter__(self) -> FaultyDisk:
        self._default = self._sqlite.sqlite3_vfs_find(None)
        original = self._default.contents
        self._vfs = Vfs.from_buffer_copy(original)
        self._vfs.name = b"faulty"
        self._vfs.next = None
        self._open_original = XOPEN(original.xOpen)
        self._delete_original = XDELETE(original.xDelete)
        self._keep("xOpen", XOPEN(self._open))
        self._keep("xDelete", XDELETE(self._delete))
        assert self._sqlite.sqlite3_vfs_register(ctypes.byref(self._vfs), 1) == OK
        return self

    def __exit__(self, *_: object) -> None:
        self._sqlite.sqlite3_vfs_register(self._default, 1)
        self._sqlite.sqlite3_vfs_unregister(ctypes.byref(self._vfs))

    def after_power_cut(self, rng: np.random.Generator) -> dict[str, bytes]:
        """What may lie on the disk when the power comes back: all that was synced, and any part of what was not."""
        images = {}
        for path in self.durable | dict.fromkeys(self.pending):
            image = bytearray(self.durable.get(path, b""))
            for operation in self.pending.get(path, []):
                if rng.random() < 0.5:
                    _apply(image, operation)
            images[path] = bytes(image)
        return images

    def _keep(self, field: str, callback: Any) -> None:
        self._kept.append(callback)
        setattr(self._vfs, field, ctypes.cast(callback, c_void_p))

    def _step(self, kind: str, failure: int) -> int:
        """Count an operation; return what it must answer, OK where it goes through."""
        if self.dead:
            return failure
        self.count += 1
        self.kinds.append(kind)
        if self.how == "full" and self.fail_at and self.count >= self.fail_at and kind == "write":
            return FULL
        if self.count != self.fail_at or self.how is None:
            return OK
        self.dead = self.how == "dead"
        return failure

    def _open(self, vfs: int, name: int | None, file: int, flags: int, out: Any) -> int:
        answer = self._open_original(vfs, name, file, flags, out)
        opened = File.from_address(file)
        if answer != OK or not name or not opened.methods:
            return answer
        address = ctypes.addressof(opened.methods.contents)
        if address not in self._patched:
            methods = Methods.from_buffer_copy(opened.methods.contents)
            originals = XWRITE(methods.xWrite), XTRUNCATE(methods.xTruncate), XSYNC(methods.xSync)
            callbacks = (
                XWRITE(lambda f, data, n, at, o=originals: self._write(o[0], f, data, n, at)),
                XTRUNCATE(lambda f, size, o=originals: self._truncate(o[1], f, size)),
                XSYNC(lambda f, kind: self._sync(f)),
            )
            self._kept += [originals, callbacks]
            for field, callback in zip(("xWrite", "xTruncate", "xSync"), callbacks, strict=True):
                setattr(methods, field, ctypes.cast(callback, c_void_p))
            self._patched[address] = methods
        opened.methods = ctypes.pointer(self._patched[address])
        self._paths[file] = _name(name)
        return OK

    def _write(self, original: Any, file: int, data: int, size: int, at: int) -> int:
        answer = self._step("write", WRITE)
        if answer == OK or (self.dead and self.count == self.fail_at and self.kinds[-1:] == ["write"]):
            part = size if answer == OK else size // 2
            if answer != OK:
                self.fail_at = 0  # torn once
            self.pending.setdefault(self._paths[file], []).append(("write", at, ctypes.string_at(data, part)))
            done = original(file, data, part, at)
            return answer or int(done)
        return answer

    def _truncate(self, original: Any, file: int, size: int) -> int:
        answer = self._step("truncate", TRUNCATE)
        if answer == OK:
            self.pending.setdefault(self._paths[file], []).append(("truncate", size, b""))
            return int(original(file, size))
        return answer

    def _sync(self, file: int) -> int:
        answer = self._step("sync", FSYNC)
        if answer == OK:
            path = self._paths[file]
            image = self.durable.setdefault(path, bytearray())
            for operation in self.pending.pop(path, []):
                _apply(image, operation)
        return answer

    def _delete(self, vfs: int, name: int, sync: int) -> int:
        answer = self._step("delete", DELETE)
        if answer == OK:
            self.durable.pop(_name(name), None)
            self.pending.pop(_name(name), None)
            return int(self._delete_original(vfs, name, sync))
        return answer


def _name(address: int) -> str:
    return Path(ctypes.string_at(address).decode()).name


def _apply(image: bytearray, operation: tuple[str, int, bytes]) -> None:
    kind, at, data = operation
    if kind == "truncate":
        del image[at:]
        return
    if len(image) < at + len(data):
        image.extend(bytes(at + len(data) - len(image)))
    image[at : at + len(data)] = data
