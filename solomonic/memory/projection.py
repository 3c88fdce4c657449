"""What every projection's file has in common: who it belongs to, how far it goes, a checksum, and a write that is all or nothing.

A projection is made from the log and can be made again, so its file is never trusted: it is either proven whole, of this store and of this version, or
there is a reason why it is not used. Layout, little-endian:

    8 magic | u32 format | u32 length of the header | u64 length of the file | 32 SHA-256 of all that follows | header, JSON | arrays, each at a multiple of 64

Writing goes to a temporary file beside it, which is flushed to the disk and then renamed over the old one; whatever fails, the old
file or the new one is there whole. Reading maps the file into memory; the checksum is taken once, at opening.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import mmap
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..errors import StoreError
from .log import Log
from .record import Position

FORMAT: Final = 1
_MAGIC: Final = b"SOLPROJ\n"
_PREFIX: Final = struct.Struct("<8sIIQ32s")
_ALIGNED: Final = 64
_CHUNK: Final = 1 << 24
_MOST_HEADER: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Header:
    """Whose file it is and how far it goes.

    kind: "vectors", "lexical", "graph". version: of that kind's arrays. fingerprint: of what made it, the encoder or the settings.
    anchor: what `anchor` says of the log at that position. extra: numbers and names of the kind's own.
    """

    kind: str
    version: int
    store_id: str
    fingerprint: str
    position: Position
    anchor: str = ""
    extra: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Projection:
    """A file that has been proven whole, mapped into memory; the arrays are views that cannot be written to."""

    path: Path
    header: Header
    arrays: Mapping[str, np.ndarray]
    stamp: tuple[int, int, int]

    def touched(self) -> bool:
        """Return whether somebody wrote into the mapped file since it was proven whole; a file renamed over it or removed does no harm."""
        with contextlib.suppress(OSError):
            now = _stamp(os.stat(self.path))
            return now[0] == self.stamp[0] and now != self.stamp
        return False


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why a file is not used, as the end of a sentence that begins with its name. missing: there is none."""

    reason: str
    missing: bool = False


def anchor(log: Log, seq: int) -> str:
    """Return a name for the log's history up to a position: equal only where no vector or record up to there was changed, replaced or forgotten.

    A backup of the same store that was restored and then went another way has another anchor, though its numbers may be the same.
    """
    found = log.by_seq([seq], checked=False) if seq else []
    text = f"{log.vectors_state()} {found[0].id if found else '-'}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def save(path: Path, header: Header, arrays: Mapping[str, Sequence[np.ndarray]]) -> None:
    """Write a projection in one stroke; each array is given as parts to be put one behind the other along the first axis.

    Raises:
        StoreError: it could not be written; what was there before is untouched.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(temporary, "wb") as handle:
                _write(handle, header, arrays)
                handle.flush()
                os.fsync(handle.fileno())
            os.replace(temporary, path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise StoreError(
            f"{path} could not be saved ({error.strerror or error}); the memory itself is safe, free some space and try again"
        ) from None


def load(path: Path, *, kind: str, version: int, store_id: str, fingerprint: str, prove: bool = True) -> Projection | Unusable:
    """Return the file, proven whole and ours, or why it is not used. prove: False only for what this process has just written."""
    try:
        with open(path, "rb") as handle:
            stamp = _stamp(os.fstat(handle.fileno()))
            if stamp[1] < _PREFIX.size:
                return Unusable("is truncated")
            mapped = mmap.mmap(handle.fileno(), 0, prot=mmap.PROT_READ)
    except FileNotFoundError:
        return Unusable("is missing", missing=True)
    except OSError as error:
        return Unusable(f"cannot be read ({error.strerror or error})")
    found = _parsed(mapped, prove)
    if isinstance(found, Unusable):
        return found
    header, arrays = found
    if header.kind != kind or header.version != version:
        return Unusable("was written by another version")
    if header.store_id != store_id:
        return Unusable("belongs to another store")
    if header.fingerprint != fingerprint:
        return Unusable("was made by another encoder or with other settings")
    return Projection(path, header, arrays, stamp)


def sweep(path: Path) -> None:
    """Remove what a save that was cut off has left beside a projection; for the one process that may write it."""
    with contextlib.suppress(OSError):
        os.unlink(path.with_name(path.name + ".tmp"))


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _layout(arrays: Mapping[str, Sequence[np.ndarray]]) -> list[dict[str, Any]]:
    sections = []
    for name, parts in arrays.items():
        first = parts[0]
        if any(part.dtype != first.dtype or part.shape[1:] != first.shape[1:] for part in parts):
            raise ValueError(f"the parts of {name!r} differ in type or shape")
        shape = [sum(len(part) for part in parts), *first.shape[1:]]
        sections.append({"name": name, "dtype": first.dtype.newbyteorder("<").str, "shape": shape})
    return sections


def _padding(length: int) -> bytes:
    return b"\0" * (-length % _ALIGNED)


def _header_bytes(header: Header, sections: list[dict[str, Any]]) -> bytes:
    text = json.dumps(
        {
            "kind": header.kind,
            "version": header.version,
            "store_id": header.store_id,
            "fingerprint": header.fingerprint,
            "position": list(header.position),
            "anchor": header.anchor,
            "extra": dict(header.extra or {}),
            "arrays": sections,
        }
    ).encode()
    return text + b" " * (-(len(text) + _PREFIX.size) % _ALIGNED)


def _chunks(arrays: Mapping[str, Sequence[np.ndarray]], sections: list[dict[str, Any]]) -> Iterator[memoryview | bytes]:
    for section in sections:
        written = 0
        for part in arrays[section["name"]]:
            rows = max(1, _CHUNK // max(1, part[:1].nbytes))
            for start in range(0, len(part), rows):
                chunk = np.ascontiguousarray(part[start : start + rows], dtype=section["dtype"])
                written += chunk.nbytes
                if chunk.nbytes:
                    yield chunk.reshape(-1).view(np.uint8).data
        yield _padding(written)


def _write(handle: Any, header: Header, arrays: Mapping[str, Sequence[np.ndarray]]) -> None:
    sections = _layout(arrays)
    head = _header_bytes(header, sections)
    digest = hashlib.sha256(head)
    handle.write(_PREFIX.pack(_MAGIC, FORMAT, len(head), 0, b"\0" * 32))
    handle.write(head)
    length = _PREFIX.size + len(head)
    for chunk in _chunks(arrays, sections):
        digest.update(chunk)
        handle.write(chunk)
        length += len(chunk)
    handle.seek(0)
    handle.write(_PREFIX.pack(_MAGIC, FORMAT, len(head), length, digest.digest()))


def _parsed(mapped: mmap.mmap, prove: bool) -> tuple[Header, dict[str, np.ndarray]] | Unusable:
    magic, number, head, length, digest = _PREFIX.unpack_from(mapped)
    if magic != _MAGIC:
        return Unusable("is damaged: it does not begin as a projection does")
    if number != FORMAT:
        return Unusable("was written by another version")
    if length != len(mapped) or not 0 < head <= min(_MOST_HEADER, length - _PREFIX.size):
        return Unusable("is truncated")
    body = memoryview(mapped)[_PREFIX.size :]
    if prove and hashlib.sha256(body).digest() != digest:
        return Unusable("is damaged: its checksum is wrong")
    try:
        fields = json.loads(bytes(body[:head]))
        sections = fields.pop("arrays")
        header = Header(**{**fields, "position": Position(*fields["position"])})
    except (ValueError, TypeError, KeyError):
        return Unusable("was written by another version")
    arrays = {}
    at = head
    for section in sections:
        dtype, shape = np.dtype(section["dtype"]), tuple(section["shape"])
        count = int(np.prod(shape, dtype=np.int64))
        found = np.frombuffer(body, dtype=dtype, count=count, offset=at) if count else np.empty(0, dtype=dtype)
        arrays[section["name"]] = found.reshape(shape)
        at += count * dtype.itemsize
        at += len(_padding(count * dtype.itemsize))
    return header, arrays


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
