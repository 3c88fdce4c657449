"""The lexical channel: the records whose words are those of the question, by BM25, as a projection of the log.

The full-text index in the log answers the same question (`Log.match`) and needs no projection, but it scores one posting after the other while it sorts:
for a question of natural length over 100,000 records that takes longer than all else in a recall together. Here each word's postings are two arrays,
and a question is a few array operations (docs/indexes.md has the figures). A question is never syntax: whatever is in it is letters and digits, or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..errors import InputError
from .follower import Follower
from .log import Log
from .postings import Postings, asked
from .projection import Projection
from .record import Stored

SETTINGS: Final = "porter-unicode"
MOST_CHARACTERS: Final = 1 << 20
"""Characters of a record that are searched; the bytes behind them are kept, but no word of them is found."""

_BATCH: Final = 4_096


class LexicalIndex(Follower):
    """The words of all records in a log. Make it with `load`; usable from several threads.

    notices: what was found wrong with the file and made anew, as sentences; whoever shows them takes them out.
    """

    kind = "lexical"
    version = 1

    def __init__(self, folder: Path | None, log: Log, notices: list[str] | None = None) -> None:
        super().__init__(folder, "lexical.npz", log, SETTINGS, notices)
        self._postings = Postings()
        self._seqs = np.empty(0, dtype=np.int64)
        self._settled_rows = 0

    @classmethod
    def load(cls, folder: Path | None, log: Log, *, notices: list[str] | None = None) -> LexicalIndex:
        """Return the index of the records' words, caught up with the log, or made anew where its file cannot be used.

        folder: where its file lies; None keeps everything in RAM. What was made anew, or had to be cleaned of what the log has forgotten, is saved at once.
        """
        index = cls(folder, log, notices)
        with index._held():
            index._open()
        return index

    def __len__(self) -> int:
        return len(self._seqs)

    def __repr__(self) -> str:
        return f"LexicalIndex({len(self)} records)"

    def search(self, text: str, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (seqs int64 (m,), BM25 scores float32 (m,)) of at most k records that hold a word of the text, best first; of equals the oldest first.

        Raises:
            InputError: k below 1.
        """
        if k < 1:
            raise InputError(f"k is {k}; ask for at least one record")
        with self._current():
            scores = self._postings.scores(asked(text))
            rows = _best(scores, k)
            return self._seqs[rows], scores[rows]

    def scores(self, text: str, seqs: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return BM25 float32 (m,) of these records for a text; 0 where a record holds no word of it, nan where there is no such record."""
        with self._current():
            scores = self._postings.scores(asked(text))
            rows = self._rows_of(np.asarray(seqs, dtype=np.int64))
            found = np.full(len(rows), np.nan, dtype=np.float32)
            found[rows >= 0] = scores[rows[rows >= 0]]
        return found

    def rarity(self, text: str) -> dict[str, float]:
        """Return stem -> how telling it is in this store, for the words that a search for the text compares; see `Postings.rarity`."""
        with self._held():
            self._refresh()
            return self._postings.rarity(asked(text))

    def add(self, records: Sequence[Stored]) -> None:
        """Take in what was just stored, so that the next search need not read it from the log.

        Records that are not the very next of the log are left to that search.
        """
        with self._held():
            seqs = np.array([record.seq for record in records], dtype=np.int64)
            if not len(seqs) or int(seqs[0]) != self._seq + 1 or (np.diff(seqs) != 1).any():
                return
            self._append(records)
            self._seq = int(seqs[-1])
            self._save_if_due()

    def remove(self, seqs: Sequence[int] | np.ndarray) -> int:
        """Drop what was just forgotten, its words from the file's bytes too; return how many records were dropped. Call it once after each `Log.forget`.

        Raises:
            StoreError: the file could not be written anew; it is removed then, for it must not keep what was forgotten.
        """
        return self._remove(seqs)

    # Inside

    def _clear(self) -> None:
        self._postings, self._seqs, self._settled_rows = Postings(), np.empty(0, dtype=np.int64), 0

    def _take_in(self, after: int, until: int) -> None:
        batch: list[Stored] = []
        for record in self._log.indexable(after, until):
            batch.append(record)
            if len(batch) == _BATCH:
                self._append(batch)
                batch = []
        self._append(batch)

    def _append(self, records: Sequence[Stored]) -> None:
        if records:
            self._seqs = np.concatenate([self._seqs, np.array([record.seq for record in records], dtype=np.int64)])
            self._postings.add([record.readable[:MOST_CHARACTERS] for record in records])

    def _settle(self) -> None:
        self._postings.sort_in()

    def _differences(self) -> tuple[np.ndarray, bool]:
        if not self._state:
            # A file whose history is not the log's: its words cannot be told from the log's without reading them all.
            return np.empty(0, dtype=np.int64), True
        with self._log._reading() as connection:
            found = connection.execute("SELECT seq FROM record WHERE seq <= ? ORDER BY seq", (self._seq,)).fetchall()
        alive = np.array([row[0] for row in found], dtype=np.int64)
        rows = self._rows_of(alive)
        dead = np.ones(len(self), dtype=bool)
        dead[rows[rows >= 0]] = False
        return np.flatnonzero(dead), bool((rows < 0).any())

    def _rows_of(self, seqs: np.ndarray) -> np.ndarray:
        if not len(self):
            return np.full(len(seqs), -1, dtype=np.int64)
        rows = np.minimum(np.searchsorted(self._seqs, seqs), len(self) - 1)
        return np.where(self._seqs[rows] == seqs, rows, -1)

    def _drop(self, rows: np.ndarray) -> None:
        if len(rows):
            self._postings = self._postings.without(rows)
            self._seqs = np.delete(self._seqs, rows)
            self._settled_rows = min(self._settled_rows, len(self))

    def _contents(self) -> tuple[Mapping[str, Sequence[np.ndarray]], Mapping[str, Any]]:
        return {"seqs": [self._seqs], **{name: [array] for name, array in self._postings.arrays().items()}}, {}

    def _adopt(self, found: Projection, *, ours: bool) -> None:
        self._settled_rows = len(found.arrays["seqs"])
        if not ours:
            self._seqs = found.arrays["seqs"]
            self._postings = Postings.from_arrays(found.arrays)

    @property
    def _grown(self) -> int:
        return len(self) - self._settled_rows


def _best(scores: np.ndarray, k: int) -> np.ndarray:
    """Return the rows of the k highest scores above 0, best first and of equals the lowest row first."""
    rows = np.flatnonzero(scores)
    if len(rows) > k:
        found = scores[rows]
        least = np.partition(found, len(found) - k)[len(found) - k]
        rows = rows[found >= least]
    order = np.lexsort((rows, -scores[rows]))[:k]
    return np.asarray(rows[order])
