"""The vector index: the records nearest to a vector, as a projection of the log.

Small stores are compared exactly by FAISS. Larger ones are scanned through codes of two bits a coordinate, and the best are compared exactly with their vectors, which lie
mapped in the projection's file (see `codes` and `nearest`; docs/indexes.md says what was measured before this was chosen). Either way the scores are
true inner products, equal vectors come in the order in which they were added, and an answer does not depend on how the index came about: grown, loaded
or made anew.

The index is never ahead of the log for long and never wrong about it: every search first compares positions, reads what was added by anyone, and drops
what was forgotten by anyone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ..errors import InputError, StoreError
from . import projection
from .codes import Codes
from .log import Log
from .nearest import nearest, products
from .projection import Header, Projection, Unusable
from .record import Position
from .vectorrows import VectorRows

VERSION: Final = 1
KIND: Final = "vectors"

EXACT_BYTES: Final = 32 << 20
"""Vectors that are scanned exactly at the most: 21,845 of 384 dimensions, some two milliseconds."""

_UNCODED: Final = 1_024
_UNSAVED: Final = 1_024
_FEW: Final = 8_192


@dataclass(frozen=True, slots=True)
class Hits:
    """The nearest records: ids int64 (q, k) are seqs, -1 where there are fewer than k; scores float32 (q, k), -inf there."""

    ids: np.ndarray
    scores: np.ndarray


class VectorIndex:
    """All vectors of one encoder in a log. Make it with `load`; usable from several threads.

    notices: what was found wrong with the file and made anew, as sentences; whoever shows them takes them out.
    """

    def __init__(self, folder: Path | None, log: Log, fingerprint: str, notices: list[str] | None = None) -> None:
        self.fingerprint = fingerprint
        self.notices: list[str] = [] if notices is None else notices
        self._log = log
        self._path = None if folder is None else folder / f"vectors-{fingerprint[:8]}.faiss"
        self._lock = threading.RLock()
        self._file: Projection | None = None
        self._rows = VectorRows.empty(0)
        self._codes: Codes | None = None
        self._seq = 0
        self._state = ""
        self._saved_state = ""

    @classmethod
    def load(cls, folder: Path | None, log: Log, fingerprint: str, *, notices: list[str] | None = None) -> VectorIndex:
        """Return the index of an encoder's vectors, caught up with the log, or made anew where its file cannot be used.

        folder: where its file lies; None keeps everything in RAM. What was made anew, or had to be cleaned of what the log has forgotten, is saved at once.
        """
        index = cls(folder, log, fingerprint, notices)
        with index._held():
            index._open()
        return index

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        how = "exact" if self._codes is None else f"{len(self._codes)} in codes"
        return f"VectorIndex({len(self)} vectors, {self.dimensions} dimensions, {how})"

    @property
    def dimensions(self) -> int:
        """The length d of every vector; 0 where there is none yet."""
        return self._rows.dimensions

    def search(self, queries: np.ndarray, k: int) -> Hits:
        """Return the k records nearest to each query by inner product, best first.

        queries: float32 (q, d). Hits.ids: int64 (q, k), -1 where fewer than k exist; Hits.scores: float32 (q, k), -inf there.

        Raises:
            InputError: queries of another shape than (q, d), or not finite.
        """
        with self._held():
            self._refresh()
            queries = self._checked(queries)
            if k < 1:
                raise InputError(f"k is {k}; ask for at least one record")
            if not len(self._rows):
                return Hits(np.full((len(queries), k), -1, dtype=np.int64), np.full((len(queries), k), -np.inf, dtype=np.float32))
            most = min(k, len(self._rows))
            rows, scores = nearest(self._rows, self._codes, queries, most)
            ids = np.where(rows >= 0, self._rows.seqs(np.maximum(rows, 0)), -1)
        if most < k:
            ids = np.pad(ids, ((0, 0), (0, k - most)), constant_values=-1)
            scores = np.pad(scores, ((0, 0), (0, k - most)), constant_values=-np.inf)
        return Hits(ids, scores)

    def scores(self, queries: np.ndarray, seqs: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the inner products float32 (q, m) of the queries with the records' vectors; nan where a record has none."""
        with self._held():
            self._refresh()
            queries = self._checked(queries)
            rows = self._rows.rows_of(np.asarray(seqs, dtype=np.int64))
            found = np.full((len(queries), len(rows)), np.nan, dtype=np.float32)
            here = np.flatnonzero(rows >= 0)
            for i, query in enumerate(queries):
                found[i, here] = products(self._rows, query, rows[here])
        return found

    def add(self, seqs: Sequence[int] | np.ndarray, vectors: np.ndarray) -> None:
        """Take in what was just stored, so that the next search need not read it from the log.

        Vectors that are not the very next of the log are left to that search.
        """
        seqs = np.asarray(seqs, dtype=np.int64)
        vectors = np.asarray(vectors, dtype=np.float32)
        with self._held():
            if not len(seqs) or int(seqs[0]) != self._seq + 1 or (np.diff(seqs) != 1).any():
                return
            if self.dimensions and vectors.shape != (len(seqs), self.dimensions):
                raise InputError(f"vectors have shape {vectors.shape}, expected ({len(seqs)}, {self.dimensions})")
            self._append(seqs, vectors)
            self._seq = int(seqs[-1])
            self._save_if_due()

    def remove(self, seqs: Sequence[int] | np.ndarray) -> int:
        """Drop what was just forgotten, from the file's bytes too; return how many vectors were dropped. Call it once after each `Log.forget`.

        Raises:
            StoreError: the file could not be written anew; it is removed then, for it must not keep what was forgotten.
        """
        with self._held():
            rows = self._rows.rows_of(np.unique(np.asarray(seqs, dtype=np.int64)))
            rows = rows[rows >= 0]
            state = self._log.vectors_state()
            if _changes(state) == _changes(self._state) + 1:
                self._state = state
            self._drop(rows)
            if len(rows) or self._file is not None:
                self._rewrite()
        return len(rows)

    def save(self) -> None:
        """Write the file anew, in one stroke, and map it; nothing where the index lives in RAM or the log may only be read.

        Raises:
            StoreError: it could not be written; the old file is untouched.
        """
        with self._held():
            if self._path is None or self._log.readonly:
                return
            parts = self._rows.parts()
            arrays = {"seqs": [seqs for seqs, _ in parts] or [np.empty(0, dtype=np.int64)]}
            arrays["vectors"] = [vectors for _, vectors in parts] or [np.empty((0, self.dimensions), dtype=np.float32)]
            if self._codes is not None:
                arrays |= {"codes": [self._codes.packed()], "rotation": [self._codes.rotation]}
            header = Header(
                kind=KIND,
                version=VERSION,
                store_id=self._log.store_id,
                fingerprint=self.fingerprint,
                position=Position(self._seq, 0),
                # Where something was forgotten that this index has not been told of, the next opening compares.
                anchor=projection.anchor(self._log, self._seq) if self._log.vectors_state() == self._state else "",
                extra={"unit": self._rows.unit},
            )
            projection.save(self._path, header, arrays)
            found = self._read(prove=False)
            if isinstance(found, Projection):
                self._adopt(found)
            self._saved_state = self._state

    def close(self) -> None:
        """Save what would take long to read again, and let go of the file."""
        with self._held():
            if self._path is not None and not self._log.readonly and self._worth_saving():
                self._code(least=1)
                self._save_or_note()
            self._rows, self._codes, self._file = VectorRows.empty(0), None, None
            self._seq, self._state = 0, ""

    def check(self) -> list[str]:
        """Return what is wrong with the index when every vector is held against the log; empty where nothing is."""
        with self._held():
            wrong = []
            if self._file is not None and isinstance(found := self._read(), Unusable):
                wrong.append(f"its file {found.reason}")
            self._refresh()
            dead, changed = self._differences()
            if len(dead):
                wrong.append(f"{len(dead)} vectors are not in the log")
            if changed:
                wrong.append("vectors are missing or other than in the log")
        return wrong

    def rebuild(self) -> None:
        """Make the index anew from the log, and save it."""
        with self._held():
            self._remake()
            self._code(least=1)
            self.save()

    # Inside

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Read one state of the log and keep other threads out; always in this order, for callers hold the log first too."""
        with self._log.read(), self._lock:
            yield

    def _read(self, *, prove: bool = True) -> Projection | Unusable:
        if self._path is None:
            return Unusable("lives in RAM", missing=True)
        return projection.load(
            self._path, kind=KIND, version=VERSION, store_id=self._log.store_id, fingerprint=self.fingerprint, prove=prove
        )

    def _open(self) -> None:
        if self._path is not None and not self._log.readonly:
            projection.sweep(self._path)
        found = self._read()
        if isinstance(found, Unusable):
            self._remake()
            if len(self) and self._path is not None:
                self._code(least=1)
                self.notices.append(f"{self._path.name} {found.reason}; made anew from the log ({len(self)} vectors)")
                self._save_or_note()
            return
        self._adopt(found)
        codes = found.arrays.get("codes")
        if codes is not None:
            self._codes = Codes(self.dimensions, packed=codes, rotation=found.arrays["rotation"])
        self._seq = found.header.position.seq
        if found.header.anchor == projection.anchor(self._log, self._seq):
            self._state = self._saved_state = self._log.vectors_state()
            self._refresh()
        else:
            self._cleaned()

    def _adopt(self, found: Projection) -> None:
        self._file = found
        unit = bool((found.header.extra or {}).get("unit"))
        self._rows = VectorRows(found.arrays["seqs"], found.arrays["vectors"], unit=unit)

    def _refresh(self) -> None:
        """Bring the index to where the log is."""
        if self._file is not None and self._file.touched():
            name, self._file = self._file.path.name, None
            self._remake()
            self.notices.append(f"{name} was changed while it was in use; made anew from the log ({len(self)} vectors)")
            self._save_or_note()
        seq, state = self._log.position().seq, self._log.vectors_state()
        # Inside a snapshot the log may be older than what this process has already taken in; that is no reason to go back.
        if state != self._state and _changes(state) >= _changes(self._state):
            self._cleaned()
        elif seq > self._seq:
            self._catch_up(seq)
        self._code()

    def _catch_up(self, until: int) -> None:
        for seqs, vectors in self._log.vectors(self.fingerprint, self._seq, until):
            self._append(seqs, vectors)
        self._seq = until
        self._save_if_due()

    def _append(self, seqs: np.ndarray, vectors: np.ndarray) -> None:
        if not self.dimensions:
            self._rows = VectorRows.empty(vectors.shape[1])
        self._rows.append(seqs, vectors)

    def _code(self, *, least: int = _UNCODED) -> None:
        """Extend the codes over the rows that have none, where there are enough of them."""
        if not self._rows.unit or 4 * len(self._rows) * self.dimensions <= EXACT_BYTES:
            self._codes = None
            return
        covered = 0 if self._codes is None else len(self._codes)
        if len(self._rows) - covered < least:
            return
        if self._codes is None:
            self._codes = Codes(self.dimensions)
        for _, vectors in self._rows.spans(covered):
            self._codes.add(vectors)

    def _remake(self) -> None:
        self._rows = VectorRows.empty(0)
        self._codes = None
        self._seq = 0
        self._state = self._log.vectors_state()
        for seqs, vectors in self._log.vectors(self.fingerprint):
            self._append(seqs, vectors)
        self._seq = self._log.position().seq

    def _cleaned(self) -> None:
        """Hold every row against the log, take over what it says, and write the file anew if it holds anything that the log does not."""
        state = self._log.vectors_state()
        dead, changed = self._differences()
        if changed:
            self._remake()
        else:
            self._drop(dead)
            self._state = state
            # A log that was restored from a backup may be shorter than what this index has read.
            until = self._log.position().seq
            self._seq = min(self._seq, until)
            self._catch_up(until)
        if changed or len(dead):
            try:
                self._rewrite()
            except StoreError as error:
                self.notices.append(str(error))

    def _differences(self) -> tuple[np.ndarray, bool]:
        """Return the rows that the log does not hold, and whether any vector up to this index's position is missing here or other than in the log."""
        alive = np.zeros(len(self._rows), dtype=bool)
        for seqs, vectors in self._log.vectors(self.fingerprint, 0, self._seq):
            rows = self._rows.rows_of(seqs)
            if (rows < 0).any() or vectors.shape[1] != self.dimensions or not np.array_equal(self._rows.take(rows), vectors):
                return np.empty(0, dtype=np.int64), True
            alive[rows] = True
        return np.flatnonzero(~alive), False

    def _drop(self, rows: np.ndarray) -> None:
        if not len(rows):
            return
        if self._codes is not None:
            self._codes.remove(rows[rows < len(self._codes)])
        self._rows = self._rows.without(rows)

    def _rewrite(self) -> None:
        """Save what was dropped out of the file; where that fails, at least the old file must not stay."""
        try:
            self.save()
        except StoreError:
            if self._path is not None:
                self._path.unlink(missing_ok=True)
            raise

    def _save_or_note(self) -> None:
        try:
            self.save()
        except StoreError as error:
            self.notices.append(str(error))

    def _save_if_due(self) -> None:
        """Save when as much is new as is saved: all saves together then write each vector about twice."""
        if self._path is not None and not self._log.readonly and self._rows.grown > max(_FEW, len(self._rows) // 2):
            self._save_or_note()

    def _worth_saving(self) -> bool:
        if self._file is None:
            return len(self._rows) > 0
        return self._state != self._saved_state or self._rows.grown >= max(_UNSAVED, len(self._rows) // 16)

    def _checked(self, queries: np.ndarray) -> np.ndarray:
        queries = np.asarray(queries)
        if queries.dtype.kind not in "fiu" or queries.ndim != 2 or (self.dimensions and queries.shape[1] != self.dimensions):
            raise InputError(f"queries have shape {queries.shape}; expected (q, {self.dimensions or 'd'}) numbers, one row a query")
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        if not np.isfinite(queries).all():
            raise InputError("a query vector is not finite")
        return queries


def _changes(state: str) -> int:
    """Return how often the vectors of a log have changed, by the name of its state."""
    count = state.partition("-")[0]
    return int(count) if count else -1
