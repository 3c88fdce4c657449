"""The vector index: the records nearest to a vector, as a projection of the log.

Small stores are compared exactly by FAISS. Larger ones are scanned through codes of two bits a coordinate, and the best are compared exactly with their vectors, which lie
mapped in the projection's file (see `codes` and `nearest`; docs/indexes.md says what was measured before this was chosen). Either way the scores are
true inner products, equal vectors come in the order in which they were added, and an answer does not depend on how the index came about: grown, loaded
or made anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..errors import InputError
from .codes import LEAST_DIMENSIONS, Codes
from .follower import Follower
from .log import Log
from .nearest import nearest, products
from .projection import Projection
from .vectorrows import VectorRows

EXACT_BYTES: Final = 24 << 20
"""Vectors that are scanned exactly at the most: 16,384 of 384 dimensions, about a millisecond."""

_UNCODED: Final = 1_024


@dataclass(frozen=True, slots=True)
class Hits:
    """The nearest records: ids int64 (q, k) are seqs, -1 where there are fewer than k; scores float32 (q, k), -inf there."""

    ids: np.ndarray
    scores: np.ndarray


class VectorIndex(Follower):
    """All vectors of one encoder in a log. Make it with `load`; usable from several threads.

    notices: what was found wrong with the file and made anew, as sentences; whoever shows them takes them out.
    """

    kind = "vectors"
    version = 1

    def __init__(self, folder: Path | None, log: Log, fingerprint: str, notices: list[str] | None = None) -> None:
        super().__init__(folder, f"vectors-{fingerprint[:8]}.faiss", log, fingerprint, notices)
        self._rows = VectorRows.empty(0)
        self._codes: Codes | None = None

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
            InputError: queries of another shape than (q, d), or not finite; k below 1.
        """
        with self._current():
            queries = self._checked(queries)
            if k < 1:
                raise InputError(f"k is {k}; ask for at least one record")
            ids = np.full((len(queries), k), -1, dtype=np.int64)
            scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
            most = min(k, len(self._rows))
            if most:
                self._code()
                rows, scores[:, :most] = nearest(self._rows, self._codes, queries, most)
                ids[:, :most] = self._rows.seqs(rows)
        return Hits(ids, scores)

    def scores(self, queries: np.ndarray, seqs: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the inner products float32 (q, m) of the queries with the records' vectors; nan where a record has none.

        Raises:
            InputError: queries of another shape than (q, d), or not finite.
        """
        with self._current():
            queries = self._checked(queries)
            rows = self._rows_of(np.asarray(seqs, dtype=np.int64))
            found = np.full((len(queries), len(rows)), np.nan, dtype=np.float32)
            here = np.flatnonzero(rows >= 0)
            for i, query in enumerate(queries if len(here) else []):
                found[i, here] = products(self._rows, query, rows[here])
        return found

    def add(self, seqs: Sequence[int] | np.ndarray, vectors: np.ndarray) -> None:
        """Take in what was just stored, so that the next search need not read it from the log.

        Vectors that are not the very next of the log are left to that search.

        Raises:
            InputError: vectors of another shape than (n, d).
        """
        seqs = np.asarray(seqs, dtype=np.int64)
        vectors = np.asarray(vectors, dtype=np.float32)
        with self._held():
            if not len(seqs) or int(seqs[0]) != self._seq + 1 or (np.diff(seqs) != 1).any():
                return
            if vectors.ndim != 2 or len(vectors) != len(seqs) or (self.dimensions and vectors.shape[1] != self.dimensions):
                raise InputError(f"vectors have shape {vectors.shape}; expected ({len(seqs)}, {self.dimensions or 'd'})")
            self._append(seqs, vectors)
            self._seq = int(seqs[-1])
            self._save_if_due()

    def remove(self, seqs: Sequence[int] | np.ndarray) -> int:
        """Drop what was just forgotten, from the file's bytes too; return how many vectors were dropped. Call it once after each `Log.forget`.

        Raises:
            StoreError: the file could not be written anew; it is removed then, for it must not keep what was forgotten.
        """
        return self._remove(seqs)

    # Inside

    def _clear(self) -> None:
        self._rows, self._codes = VectorRows.empty(0), None

    def _take_in(self, after: int, until: int) -> None:
        for seqs, vectors in self._log.vectors(self.fingerprint, after, until):
            self._append(seqs, vectors)

    def _append(self, seqs: np.ndarray, vectors: np.ndarray) -> None:
        if not self.dimensions:
            self._rows = VectorRows.empty(vectors.shape[1])
        self._rows.append(seqs, vectors)

    def _code(self, least: int = _UNCODED) -> None:
        """Extend the codes over the rows that have none, where there are that many of them."""
        if not self._rows.unit or self.dimensions < LEAST_DIMENSIONS or 4 * len(self._rows) * self.dimensions <= EXACT_BYTES:
            self._codes = None
            return
        covered = 0 if self._codes is None else len(self._codes)
        if len(self._rows) - covered < least:
            return
        if self._codes is None:
            self._codes = Codes(self.dimensions)
        for _, vectors in self._rows.spans(covered):
            self._codes.add(vectors)

    def _settle(self) -> None:
        self._code(least=1)

    def _differences(self) -> tuple[np.ndarray, bool]:
        alive = np.zeros(len(self._rows), dtype=bool)
        for seqs, vectors in self._log.vectors(self.fingerprint, 0, self._seq):
            rows = self._rows.rows_of(seqs)
            if (rows < 0).any() or vectors.shape[1] != self.dimensions or not np.array_equal(self._rows.take(rows), vectors):
                return np.empty(0, dtype=np.int64), True
            alive[rows] = True
        return np.flatnonzero(~alive), False

    def _rows_of(self, seqs: np.ndarray) -> np.ndarray:
        return self._rows.rows_of(seqs)

    def _drop(self, rows: np.ndarray) -> None:
        if not len(rows):
            return
        if self._codes is not None:
            self._codes.remove(rows[rows < len(self._codes)])
        self._rows = self._rows.without(rows)

    def _contents(self) -> tuple[Mapping[str, Sequence[np.ndarray]], Mapping[str, Any]]:
        parts = self._rows.parts()
        arrays = {
            "seqs": [seqs for seqs, _ in parts] or [np.empty(0, dtype=np.int64)],
            "vectors": [vectors for _, vectors in parts] or [np.empty((0, self.dimensions), dtype=np.float32)],
        }
        if self._codes is not None:
            arrays |= {"codes": [self._codes.packed()], "rotation": [self._codes.rotation]}
        return arrays, {"unit": self._rows.unit}

    def _adopt(self, found: Projection, *, ours: bool) -> None:
        self._rows = VectorRows(found.arrays["seqs"], found.arrays["vectors"], unit=bool((found.header.extra or {}).get("unit")))
        if not ours and "codes" in found.arrays:
            # Another version of FAISS may not read these; they are made again from the vectors then.
            with suppress(RuntimeError):
                self._codes = Codes(self.dimensions, packed=found.arrays["codes"], rotation=found.arrays["rotation"])

    @property
    def _grown(self) -> int:
        return self._rows.grown

    def _checked(self, queries: np.ndarray) -> np.ndarray:
        queries = np.asarray(queries)
        if queries.dtype.kind not in "fiu" or queries.ndim != 2 or (self.dimensions and queries.shape[1] != self.dimensions):
            raise InputError(f"queries have shape {queries.shape}; expected (q, {self.dimensions or 'd'}) numbers, one row a query")
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        if not np.isfinite(queries).all():
            raise InputError("a query vector is not finite")
        return queries
