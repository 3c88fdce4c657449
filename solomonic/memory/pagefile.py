"""The rows in a SQLite file's table leaves, read from the raw pages: for what SQLite itself can no longer reach.

The file format is public (sqlite.org/fileformat2.html). Nothing is believed: a page that is not what it should be gives no rows, and the caller holds each
row against its own checksum. Committed pages that still lie in the write-ahead log come before those of the file.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from . import rawfile
from .schema import PAGE_BYTES

TABLE_LEAF: Final = 0x0D
WAL_MAGIC: Final = (0x377F0682, 0x377F0683)
SIZES: Final = {512 << i for i in range(8)}


class Row(NamedTuple):
    """One row: its rowid, its columns, and the pages that hold it."""

    rowid: int
    columns: tuple[Any, ...]
    pages: tuple[int, ...]


class PageFile:
    """The pages of a database file and its write-ahead log; use as a context."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> PageFile:
        self._file = self._stack.enter_context(rawfile.reading(self._path))
        self.page_bytes = self._page_bytes()
        self.count = os.fstat(self._file).st_size // self.page_bytes
        self._usable = self.page_bytes - self._reserved()
        self._newer: dict[int, int] = {}
        wal = self._path.with_name(self._path.name + "-wal")
        if wal.exists():
            self._wal = self._stack.enter_context(rawfile.reading(wal))
            self._newer = self._frames()
            self.count = max([self.count, *self._newer])
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def page(self, number: int) -> bytes:
        """Return a page, counted from 1; fewer bytes (or none) where the file ends."""
        if number in self._newer:
            return os.pread(self._wal, self.page_bytes, self._newer[number])
        return os.pread(self._file, self.page_bytes, (number - 1) * self.page_bytes)

    def rows(self) -> Iterator[Row]:
        """Return every row of every table leaf, page by page, as far as it can be decoded."""
        for number in range(1, self.count + 1):
            page = self.page(number)
            start = 100 if number == 1 else 0
            if len(page) < self.page_bytes or page[start] != TABLE_LEAF:
                continue
            (cells,) = struct.unpack_from(">H", page, start + 3)
            for i in range(min(cells, (self._usable - start - 8) // 2)):
                (place,) = struct.unpack_from(">H", page, start + 8 + 2 * i)
                with contextlib.suppress(IndexError, ValueError, struct.error, UnicodeDecodeError):
                    yield self._row(number, page, place)

    def _row(self, number: int, page: bytes, place: int) -> Row:
        size, place = _varint(page, place)
        rowid, place = _varint(page, place)
        if size > 1 << 30:
            raise ValueError("no row is that long")
        most = self._usable - 35
        local = size
        if size > most:
            least = (self._usable - 12) * 32 // 255 - 23
            local = least + (size - least) % (self._usable - 4)
            local = local if local <= most else least
        payload = page[place : place + local]
        pages = [number]
        if size > local:
            (following,) = struct.unpack_from(">I", page, place + local)
            parts = [payload]
            left = size - local
            while left > 0:
                if not 0 < following <= self.count:
                    raise ValueError("an overflow page is missing")
                pages.append(following)
                overflow = self.page(following)
                parts.append(overflow[4 : 4 + min(left, self._usable - 4)])
                left -= self._usable - 4
                (following,) = struct.unpack_from(">I", overflow, 0)
            payload = b"".join(parts)
        if len(payload) != size:
            raise ValueError("the row is cut off")
        return Row(rowid - (1 << 64) if rowid >> 63 else rowid, tuple(_columns(payload)), tuple(pages))

    def _page_bytes(self) -> int:
        header = os.pread(self._file, 20, 0)
        if len(header) == 20:
            size = 65_536 if header[16:18] == b"\0\1" else int.from_bytes(header[16:18], "big")
            if size in SIZES:
                return size
        return PAGE_BYTES

    def _reserved(self) -> int:
        header = os.pread(self._file, 24, 0)
        # Bytes 21 to 23 are constants of the format; where they are not as they should be, the header is damaged and our own stores reserve nothing.
        return header[20] if header[21:24] == b"\x40\x20\x20" else 0

    def _frames(self) -> dict[int, int]:
        """Return page -> place in the write-ahead log of its newest committed frame."""
        header = os.pread(self._wal, 32, 0)
        if len(header) < 32 or int.from_bytes(header[:4], "big") not in WAL_MAGIC or int.from_bytes(header[8:12], "big") != self.page_bytes:
            return {}
        found: dict[int, int] = {}
        waiting: dict[int, int] = {}
        place = 32
        while len(frame := os.pread(self._wal, 24, place)) == 24 and frame[8:16] == header[16:24]:
            waiting[int.from_bytes(frame[:4], "big")] = place + 24
            if int.from_bytes(frame[4:8], "big"):
                found.update(waiting)
                waiting = {}
            place += 24 + self.page_bytes
        return found


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for i in range(8):
        byte = data[place + i]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + i + 1
    return value << 8 | data[place + 8], place + 9


def _columns(payload: bytes) -> Iterator[Any]:
    end, place = _varint(payload, 0)
    kinds = []
    while place < end:
        kind, place = _varint(payload, place)
        kinds.append(kind)
    place = end
    for kind in kinds:
        value, place = _value(payload, place, kind)
        yield value
    if place != len(payload):
        raise ValueError("the row's columns do not fill it")


def _value(payload: bytes, place: int, kind: int) -> tuple[Any, int]:
    if kind == 0:
        return None, place
    if kind in (8, 9):
        return kind - 8, place
    if kind in (10, 11):
        raise ValueError("a reserved type")
    if kind == 7:
        return struct.unpack_from(">d", payload, place)[0], place + 8
    size = (1, 2, 3, 4, 6, 8)[kind - 1] if kind < 7 else (kind - 12) // 2
    part = payload[place : place + size]
    if kind < 7:
        return int.from_bytes(part, "big", signed=True), place + size
    return part if kind % 2 == 0 else part.decode(), place + size
