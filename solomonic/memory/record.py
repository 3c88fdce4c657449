"""What the memory keeps: records word for word, facts with their provenance, and the times of both.

Times are POSIX seconds inside; at the door they may be timezone-aware datetimes, ISO 8601 text (UTC where it names no offset) or numbers.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
import zlib
from base64 import b32hexencode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

from ..errors import InputError

Time = datetime | str | float | int
Interval = tuple[float | None, float | None]
"""Start and end in POSIX seconds; None is open. A thing is true from `start` up to, not including, `end`."""
Valid = Time | tuple[Time | None, Time | None]


@dataclass(frozen=True, slots=True)
class Record:
    """Something to remember; `text` comes back byte for byte, be it str or bytes.

    at: when it happened. valid: when what it says was true, (start, end) or a start alone. meta: JSON values by name.

    Raises:
        InputError: a field has a value that cannot be kept.
    """

    text: str | bytes
    source: str | None = None
    session: str | None = None
    speaker: str | None = None
    at: Time | None = None
    valid: Valid | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.text, (str, bytes)):
            raise InputError(f"a record's text is str or bytes, not {type(self.text).__name__}; decode or encode it first")
        for name in ("source", "session", "speaker"):
            plain(getattr(self, name), name)
        if self.at is not None:
            object.__setattr__(self, "at", seconds(self.at, "at"))
        if self.valid is not None:
            object.__setattr__(self, "valid", interval(self.valid, "valid"))
        if self.meta:
            meta_json(self.meta)

    @property
    def data(self) -> bytes:
        """The bytes that are kept: bytes as they are, str in UTF-8 (lone surrogates kept)."""
        return self.text if isinstance(self.text, bytes) else self.text.encode("utf-8", "surrogatepass")

    @property
    def at_s(self) -> float | None:
        """When it happened, in POSIX seconds."""
        return cast("float | None", self.at)

    @property
    def valid_s(self) -> Interval | None:
        """When it was true, in POSIX seconds."""
        return cast("Interval | None", self.valid)


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as the log holds it. `seq`: its place in the order of adding, never used twice; `recorded`: when it was learned."""

    seq: int
    id: str
    data: bytes
    sha256: str
    source: str | None
    session: str | None
    speaker: str | None
    at: float | None
    valid: Interval | None
    recorded: float
    meta: Mapping[str, Any]
    is_text: bool

    @property
    def text(self) -> str | bytes:
        """What went in: str where it was str, else bytes."""
        return self.data.decode("utf-8", "surrogatepass") if self.is_text else self.data

    @property
    def intact(self) -> bool:
        """Whether the bytes are those that went in, by their SHA-256."""
        return hashlib.sha256(self.data).hexdigest() == self.sha256

    @property
    def readable(self) -> str:
        """The text for indexes and for people: bytes that are not UTF-8 become U+FFFD."""
        return self.data.decode("utf-8", "replace")

    def __repr__(self) -> str:
        return f"Stored({self.id}, seq {self.seq}, {len(self.data)} bytes: {self.readable[:40]!r})"


@dataclass(frozen=True, slots=True)
class Fact:
    """What a record says: subject, relation, object, and where it says so.

    record, span: the record's id and the byte span in it. valid: when it was true. recorded: when it was learned.
    closed: when the log ceased to hold it, or None. source: who extracted it ("user", "pattern", an extractor's name).
    """

    seq: int
    id: str
    subject: str
    relation: str
    object: str
    record: str
    record_seq: int
    span: tuple[int, int]
    valid: Interval
    recorded: float
    closed: float | None
    source: str

    def holds(self, *, at: float | None = None, known_at: float | None = None) -> bool:
        """Return whether it was true at a time, as known at a time (None: at any time; as known now)."""
        known = self.closed is None if known_at is None else self.recorded <= known_at and (self.closed is None or known_at < self.closed)
        start, end = self.valid
        return known and (at is None or ((start is None or start <= at) and (end is None or at < end)))


class Position(NamedTuple):
    """How far a projection has read: highest record, highest fact, and the epoch, which rises when anything older changed."""

    seq: int
    epoch: int
    facts: int = 0


def seconds(value: Time, name: str = "time") -> float:
    """Return a time as POSIX seconds.

    Raises:
        InputError: no time, a datetime without a timezone, or a number that is not finite.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise InputError(f"{name}={value!r} is no ISO 8601 time; write it like 2023-05-08T13:56:00+00:00") from None
        if value.tzinfo is None:
            value = value.replace(tzinfo=UTC)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InputError(f"{name}={value!r} has no timezone; add one: value.replace(tzinfo=datetime.UTC)")
        return value.timestamp() + 0.0
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"{name} is a {type(value).__name__}; expected a datetime with timezone, ISO 8601 text or POSIX seconds")
    try:
        number = float(value) + 0.0
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InputError(f"{name}={value!r} is not finite; leave it out where the time is unknown")
    return number


def interval(value: Valid | None, name: str = "valid") -> Interval:
    """Return (start, end) in POSIX seconds from a pair, a start alone, or None.

    Raises:
        InputError: not a time, or it ends before it starts.
    """
    if value is None:
        return None, None
    if not isinstance(value, (tuple, list)):
        return seconds(value, name), None
    if len(value) != 2:
        raise InputError(f"{name} has {len(value)} times; expected (start, end), either of them None where open")
    start, end = (None if bound is None else seconds(bound, name) for bound in value)
    if start is not None and end is not None and end < start:
        raise InputError(f"{name} ends at {end} before it starts at {start}")
    return start, end


def plain(value: str | None, name: str) -> str | None:
    """Return the value where a text column can hold it.

    Raises:
        InputError: it is no str, or has lone surrogates.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise InputError(f"{name} is a {type(value).__name__}; expected str or None")
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise InputError(f"{name}={value!r} has a lone surrogate; only a record's text may hold one") from None
    return value


def meta_json(meta: Mapping[str, Any]) -> str | None:
    """Return meta as JSON text, None where it is empty.

    Raises:
        InputError: not a mapping by name, or a value that JSON has no word for.
    """
    if not isinstance(meta, Mapping):
        raise InputError(f"meta is a {type(meta).__name__}; expected a dict of JSON values by name")
    if not meta:
        return None
    if not all(isinstance(name, str) for name in meta):
        raise InputError(f"meta has names that are not str: {[name for name in meta if not isinstance(name, str)][:3]!r}")
    try:
        return json.dumps(dict(meta), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"meta cannot be kept as JSON: {error}") from None


def seal(*columns: object) -> int:
    """Return a checksum of a row's columns (text, numbers, None) that is the same in every version of Python."""
    return zlib.crc32(
        "\x1f".join([column if isinstance(column, str) else repr(column) for column in columns]).encode("utf-8", "surrogatepass")
    )


class Ids:
    """Ids from the clock and chance, rising within a process; they say nothing about content."""

    def __init__(self) -> None:
        self._last = 0

    def take(self, letter: str, n: int) -> list[str]:
        """Return n new ids: a letter and 80 bits in base32 whose text order is their order."""
        start = (time.time_ns() // 1_000_000 << 36) | int.from_bytes(os.urandom(5), "big") >> 5
        start = max(start, self._last + 1)
        self._last = start + n
        numbers = b"".join((number & (1 << 80) - 1).to_bytes(10, "big") for number in range(start, start + n))
        encoded = b32hexencode(numbers).decode().lower()
        return [letter + encoded[i : i + 16] for i in range(0, 16 * n, 16)]
