"""Unit vectors in two bits a coordinate, scanned whole, with a known error: which rows can be among the nearest.

After a random rotation the coordinates of any unit vector are close to normal with variance 1/d, whatever the data; so one fixed quantiser, the
four levels of Max (1960), suits them all, and nothing is trained. That matters here more than the last bit of accuracy: a code depends on its own vector
alone, so codes do not go stale when the data drift, are the same after a rebuild, and keep no trace of a forgotten vector, as trained centroids would.
FAISS scans such codes with SIMD table look-ups (Andre et al. 2015; Jegou et al. 2011), two coordinates to a table.

The error of an estimated inner product is close to normal with a standard deviation that depends on the number of coordinates alone (`sigma`); a caller
who keeps every row within three and a half of them of the worst exact hit misses a neighbour with a chance of one in four thousand at the most.
"""

from __future__ import annotations

import math
from typing import Any, Final

import faiss
import numpy as np

LEVELS: Final = (-1.5104, -0.4528, 0.4528, 1.5104)
"""The best four levels for a standard normal variable (Max 1960, table I)."""

DISTORTION: Final = 0.1175
"""Mean squared error of these levels; a quantised vector is shorter by this share."""

LEAST_COORDINATES: Final = 256
"""Shorter vectors are turned into this many coordinates: the error falls with the number of coordinates, not with that of dimensions."""

LEAST_DIMENSIONS: Final = 64
"""Below this the errors of one vector's coordinates are no longer like independent ones, and codes are not to be used."""

_SEED: Final = 20_240_607
_BLOCK: Final = 16_384


class Codes:
    """The codes of n unit vectors (n, d), by row.

    index: FAISS's, as `packed` gave it; rotation: float32 (d, c). Both None for an empty one.
    """

    def __init__(self, dimensions: int, *, packed: np.ndarray | None = None, rotation: np.ndarray | None = None) -> None:
        self.dimensions = dimensions
        coordinates = max(LEAST_COORDINATES, dimensions + dimensions % 2)
        self.sigma = math.sqrt(DISTORTION / (1.0 - DISTORTION) / coordinates)
        self.rotation = _rotation(dimensions, coordinates) if rotation is None else rotation
        self._index: Any = _empty(coordinates) if packed is None else faiss.deserialize_index(np.array(packed))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, vectors: np.ndarray) -> None:
        """Put the codes of further rows (n, d) behind the others."""
        for start in range(0, len(vectors), _BLOCK):
            self._index.add(np.ascontiguousarray(vectors[start : start + _BLOCK] @ self.rotation))

    def remove(self, rows: np.ndarray) -> None:
        """Take rows out; those behind them move up, and no bit of what was taken out stays behind."""
        if not len(rows):
            return
        self._index.remove_ids(np.ascontiguousarray(rows, dtype=np.int64))
        # FAISS leaves old codes in the unused part of the last block. What is live there is taken out and put back, which writes the block anew;
        # a decoded code is its own nearest level, so it comes back the same.
        live = len(self) % self._index.bbs
        if live:
            first = len(self) - live
            decoded = self._index.reconstruct_n(first, live)
            self._index.remove_ids(np.arange(first, first + live))
            self._index.add(decoded)

    def scan(self, queries: np.ndarray, r: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (rows int64 (q, r), estimated inner products (q, r)) of the r best rows, best first; r is at most the number of rows."""
        scores, rows = self._index.search(np.ascontiguousarray(queries @ self.rotation), r)
        return rows, scores / (1.0 - DISTORTION)

    def packed(self) -> np.ndarray:
        """Return the codes as bytes (b,) for a file."""
        return np.asarray(faiss.serialize_index(self._index))


def _rotation(dimensions: int, coordinates: int) -> np.ndarray:
    """Return float32 (d, c) with orthonormal rows: a random rotation, seen from d of its axes. Always the same one."""
    q, _ = np.linalg.qr(np.random.default_rng(_SEED).standard_normal((coordinates, dimensions)))
    return np.ascontiguousarray(q.T, dtype=np.float32)


def _empty(coordinates: int) -> Any:
    index = faiss.IndexPQFastScan(coordinates, coordinates // 2, 4, faiss.METRIC_INNER_PRODUCT)
    pairs = np.array([(a, b) for a in LEVELS for b in LEVELS], dtype=np.float32) / math.sqrt(coordinates)
    faiss.copy_array_to_vector(np.tile(pairs, (coordinates // 2, 1)).ravel().astype(np.float32), index.pq.centroids)
    index.is_trained = True
    return index
