"""Vectors by row, in order of seq: a part mapped from a file, which cannot change, and a part in RAM, which grows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

_LEAST: Final = 256


class VectorRows:
    """n vectors (n, d) and the seq of each; seqs rise strictly.

    seqs int64 (m,), vectors float32 (m, d): the part that stands still; it is not copied. unit: whether all are known to be of unit length.
    """

    def __init__(self, seqs: np.ndarray, vectors: np.ndarray, *, unit: bool | None = None) -> None:
        self._seqs = seqs
        self._vectors = vectors
        self._new_seqs = np.empty(0, dtype=np.int64)
        self._new_vectors = np.empty((0, vectors.shape[1]), dtype=np.float32)
        self._new = 0
        self.unit = _unit(vectors) if unit is None else unit

    @classmethod
    def empty(cls, dimensions: int) -> VectorRows:
        """Return no rows of d dimensions."""
        return cls(np.empty(0, dtype=np.int64), np.empty((0, dimensions), dtype=np.float32))

    def __len__(self) -> int:
        return len(self._seqs) + self._new

    @property
    def dimensions(self) -> int:
        """The length d of every vector."""
        return int(self._vectors.shape[1])

    @property
    def grown(self) -> int:
        """How many rows are in RAM alone."""
        return self._new

    @property
    def last(self) -> int:
        """The highest seq, 0 where there is none."""
        if self._new:
            return int(self._new_seqs[self._new - 1])
        return int(self._seqs[-1]) if len(self._seqs) else 0

    def append(self, seqs: np.ndarray, vectors: np.ndarray) -> None:
        """Add rows behind the others; their seqs rise and are above all that are here."""
        needed = self._new + len(seqs)
        if needed > len(self._new_seqs):
            room = max(needed, 2 * len(self._new_seqs), _LEAST)
            self._new_seqs = np.concatenate([self._new_seqs[: self._new], np.empty(room - self._new, dtype=np.int64)])
            self._new_vectors = np.concatenate(
                [self._new_vectors[: self._new], np.empty((room - self._new, self.dimensions), dtype=np.float32)]
            )
        self._new_seqs[self._new : needed] = seqs
        self._new_vectors[self._new : needed] = vectors
        self._new = needed
        self.unit = self.unit and _unit(vectors)

    def parts(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return (seqs, vectors) of the still part and of the grown part, views both, empty ones left out."""
        both = [(self._seqs, self._vectors), (self._new_seqs[: self._new], self._new_vectors[: self._new])]
        return [(seqs, vectors) for seqs, vectors in both if len(seqs)]

    def spans(self, start: int) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (first row, vectors) for the rows from `start` on, as views."""
        first = 0
        for seqs, vectors in self.parts():
            if start < first + len(seqs):
                skip = max(0, start - first)
                yield first + skip, vectors[skip:]
            first += len(seqs)

    def seqs(self, rows: np.ndarray) -> np.ndarray:
        """Return the seqs of rows, of any shape."""
        old = len(self._seqs)
        if not self._new:
            return np.asarray(self._seqs[rows])
        found = np.empty(rows.shape, dtype=np.int64)
        behind = rows >= old
        found[behind] = self._new_seqs[rows[behind] - old]
        found[~behind] = self._seqs[rows[~behind]]
        return found

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return the vectors (r, d) of rows (r,), copied."""
        old = len(self._seqs)
        if not self._new:
            return np.asarray(self._vectors[rows])
        found = np.empty((len(rows), self.dimensions), dtype=np.float32)
        behind = rows >= old
        found[behind] = self._new_vectors[rows[behind] - old]
        found[~behind] = self._vectors[rows[~behind]]
        return found

    def rows_of(self, seqs: np.ndarray) -> np.ndarray:
        """Return the row of each seq, -1 where there is none."""
        rows = np.full(len(seqs), -1, dtype=np.int64)
        first = 0
        for have, _ in self.parts():
            at = np.minimum(np.searchsorted(have, seqs), len(have) - 1)
            rows = np.where(have[at] == seqs, at + first, rows)
            first += len(have)
        return rows

    def without(self, rows: np.ndarray) -> VectorRows:
        """Return these rows but for some; what stays is copied into RAM."""
        keep = np.ones(len(self), dtype=bool)
        keep[rows] = False
        left = VectorRows.empty(self.dimensions)
        first = 0
        for seqs, vectors in self.parts():
            part = keep[first : first + len(seqs)]
            left.append(seqs[part], vectors[part])
            first += len(seqs)
        return left


def _unit(vectors: np.ndarray, block: int = 16_384) -> bool:
    """Return whether all vectors are of unit length, to a thousandth."""
    for start in range(0, len(vectors), block):
        part = vectors[start : start + block]
        squares = np.einsum("nd,nd->n", part, part)
        if np.abs(squares - 1.0).max() > 2e-3:
            return False
    return True
