"""A task: what the learner is told, the exam it sits, and who sits it by default."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..records import TaskInfo
from .events import Exam


@dataclass(frozen=True)
class Task:
    """One exam of a suite; `learners`: registry names or import paths; `seeds`: how many seeds by default."""

    info: TaskInfo
    exam: Exam
    suite: str = "own"
    learners: tuple[str, ...] = ()
    seeds: int = 3
    title: str = ""

    @property
    def name(self) -> str:
        """The task's name inside its suite."""
        return self.info.name

    def fingerprint(self) -> str:
        """Return a hash of everything that a learner's answers may depend on: the data, the exam and what is told."""
        digest = hashlib.blake2b(digest_size=16)
        _feed(digest.update, (self.info, type(self.exam).__name__, self.exam))
        return digest.hexdigest()


_PLAIN = frozenset({str, int, float, bool, type(None)})


@functools.cache
def _fields(kind: type) -> tuple[str, ...]:
    """Return the names of a dataclass's fields, none for other types."""
    return tuple(field.name for field in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else ()


def _feed(update: Callable[[bytes], None], value: Any) -> None:
    """Feed a value's content to a hash, the same in every process (a pickle's bytes are not)."""
    kind = type(value)
    if kind is tuple and _PLAIN.issuperset(map(type, value)):
        # A record: its text says all of it, and there may be very many.
        text = repr(value).encode("utf-8", "surrogatepass")
        update(f"R{len(text)}".encode() + text)
    elif dataclasses.is_dataclass(kind):
        update(b"D" + kind.__name__.encode())
        for name in _fields(kind):
            _feed(update, getattr(value, name))
    elif isinstance(value, np.ndarray):
        if value.dtype == object:
            _feed(update, value.tolist())
            return
        update(f"A{value.dtype.str}{value.shape}".encode())
        update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Mapping):
        update(f"M{len(value)}".encode())
        for key, item in value.items():
            _feed(update, key)
            _feed(update, item)
    elif isinstance(value, (tuple, list)):
        update(f"T{len(value)}".encode())
        for item in value:
            _feed(update, item)
    elif isinstance(value, bytes):
        update(f"B{len(value)}".encode() + value)
    else:
        text = repr(value.item() if isinstance(value, np.generic) else value).encode("utf-8", "surrogatepass")
        update(f"V{len(text)}".encode() + text)
