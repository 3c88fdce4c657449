"""The records' small columns in RAM, in the order of the log: who spoke, in which session, when; and who stands beside whom.

Eight numbers a record, read from the log without its texts; extended when records were added, read anew when any were forgotten or rewritten. Recall
needs them for what no inverted list or vector index knows: neighbouring turns, sessions, speakers, times, and filters.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np

from ..errors import InputError
from .log import Log
from .question import Voices
from .record import Position, Stored

Where = Mapping[str, Any] | Callable[[Stored], bool]
"""Which records may answer: field -> value (session, speaker, source; anything else is a key of meta), or a predicate of the record."""

_COLUMNS: Final = "seq, session, speaker, source, at, valid_from, valid_to, recorded"
_CODED: Final = ("session", "speaker", "source")


class Outline:
    """Arrays of one row a record, in order of seq. `before`, `after`: the row of the neighbour in the same session, or -1."""

    def __init__(self) -> None:
        self.position = Position(0, 0)
        self.seqs = np.zeros(0, dtype=np.int64)
        self.codes = {name: np.zeros(0, dtype=np.int32) for name in _CODED}
        self.names: dict[str, dict[str, int]] = {name: {} for name in _CODED}
        self.at = np.zeros(0)
        self.valid_from = np.zeros(0)
        self.valid_to = np.zeros(0)
        self.recorded = np.zeros(0)
        self.before = np.zeros(0, dtype=np.int64)
        self.after = np.zeros(0, dtype=np.int64)
        self.voices = Voices(())
        self._last: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.seqs)

    def __repr__(self) -> str:
        return f"Outline({len(self)} records, {len(self.names['session'])} sessions, {len(self.names['speaker'])} speakers)"

    def caught_up(self, log: Log) -> Outline:
        """Return the outline of what the log holds now: this one, this one with more behind it, or a new one where the log was changed before its end.

        An outline that was returned never changes, so whoever computes with it may do so while others catch up.
        """
        position = log.position()
        if position.epoch < self.position.epoch or (position.epoch == self.position.epoch and position.seq <= self.position.seq):
            return self
        fresh = self._copied() if position.epoch == self.position.epoch else Outline()
        with log._reading() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM record WHERE seq > ? AND seq <= ? ORDER BY seq", (fresh.position.seq, position.seq)
            ).fetchall()
        if rows:
            fresh._append(rows)
        fresh.position = position
        return fresh

    def _copied(self) -> Outline:
        other = copy.copy(self)
        other.codes, other.names = dict(self.codes), {name: dict(table) for name, table in self.names.items()}
        other._last = dict(self._last)
        return other

    def _append(self, rows: list[tuple[Any, ...]]) -> None:
        first = len(self)
        seqs, *coded, at, valid_from, valid_to, recorded = zip(*rows, strict=True)
        self.seqs = np.concatenate([self.seqs, np.array(seqs, dtype=np.int64)])
        for name, values in zip(_CODED, coded, strict=True):
            self.codes[name] = np.concatenate([self.codes[name], self._coded(name, values)])
        self.at = np.concatenate([self.at, _floats(at, math.nan)])
        self.valid_from = np.concatenate([self.valid_from, _floats(valid_from, -math.inf)])
        self.valid_to = np.concatenate([self.valid_to, _floats(valid_to, math.inf)])
        self.recorded = np.concatenate([self.recorded, _floats(recorded, math.nan)])
        before = np.full(len(rows), -1, dtype=np.int64)
        self.after = np.concatenate([self.after, np.full(len(rows), -1, dtype=np.int64)])
        for i, session in enumerate(self.codes["session"][first:].tolist()):
            if session >= 0:
                last = self._last.get(session, -1)
                before[i] = last
                if last >= 0:
                    self.after[last] = first + i
                self._last[session] = first + i
        self.before = np.concatenate([self.before, before])
        if len(self.names["speaker"]) != self.voices.count:
            self.voices = Voices(self.names["speaker"])

    def _coded(self, name: str, values: Iterable[str | None]) -> np.ndarray:
        table = self.names[name]
        return np.fromiter((-1 if value is None else table.setdefault(value, len(table)) for value in values), dtype=np.int32)

    def rows_of(self, seqs: np.ndarray) -> np.ndarray:
        """Return the row of each seq, -1 where the outline has none."""
        seqs = np.asarray(seqs, dtype=np.int64)
        if not len(self):
            return np.full(len(seqs), -1, dtype=np.int64)
        rows = np.minimum(np.searchsorted(self.seqs, seqs), len(self) - 1)
        return np.where(self.seqs[rows] == seqs, rows, -1)

    def neighbours(self, rows: np.ndarray, reach: int) -> np.ndarray:
        """Return the rows (n, 2 * reach) of the neighbours in the same session: 1, -1, 2, -2, ... places away; -1 where there is none."""
        columns = []
        ahead, behind = np.asarray(rows), np.asarray(rows)
        for _ in range(reach):
            ahead = np.where(ahead >= 0, self.after[ahead], -1)
            behind = np.where(behind >= 0, self.before[behind], -1)
            columns += [ahead, behind]
        return np.stack(columns, axis=1)

    def allowed(self, log: Log, where: Where | None, at: float | None, known_at: float | None) -> np.ndarray | None:
        """Return which rows may answer (bool), or None where all may.

        at: only what had happened and was true then. known_at: only what had been learned by then.

        Raises:
            InputError: `where` is neither a mapping nor a predicate.
        """
        mask = np.ones(len(self), dtype=bool)
        if at is not None:
            mask &= ~(self.at > at) & (self.valid_from <= at) & (at < self.valid_to)
        if known_at is not None:
            mask &= self.recorded <= known_at
        if where is not None and not callable(where) and not isinstance(where, Mapping):
            raise InputError(
                f"where is a {type(where).__name__}; expected field -> value, like {{'speaker': 'Ada'}}, or a function of the record"
            )
        rest: dict[str, Any] = {}
        if isinstance(where, Mapping):
            for name, value in where.items():
                if name in self.codes:
                    mask &= self.codes[name] == (-1 if value is None else self.names[name].get(value, -2))
                else:
                    rest[name] = value
        if rest or callable(where):
            keep = where if callable(where) else (lambda record: all(record.meta.get(name) == value for name, value in rest.items()))
            for record in log.records(until=self.position.seq):
                row = int(self.rows_of(np.array([record.seq]))[0])
                if row >= 0 and mask[row]:
                    mask[row] = bool(keep(record))
        return None if mask.all() else mask


def _floats(values: Iterable[float | None], missing: float) -> np.ndarray:
    return np.array([missing if value is None else value for value in values], dtype=np.float64)
