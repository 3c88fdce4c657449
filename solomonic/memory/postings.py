"""Who says which word how often, by word; and BM25 (Robertson & Zaragoza 2009) over it.

Postings lie in one compressed matrix, word by word, which does not change; what came since lies behind it as loose (word, row, count) triples that are searched
whole, until there are enough of them to be sorted in. Weights are computed when a question is asked, so they always follow from what is held now.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from .stems import STOP, stem, words

K1: Final = 0.9
B: Final = 0.4
"""The setting of Trotman, Jia & Crane (2012) that Anserini uses; on dialogue turns it found more than 1.2 and 0.75 (docs/indexes.md)."""

LOOSE: Final = 1 << 16
"""Triples that are kept loose at the least; beyond an eighth of all they are sorted in."""

_BLOCK: Final = 4_096
_MOST_COUNT: Final = 255


def asked(text: str) -> list[str]:
    """Return the different stems that a question is searched by, in order; stop words only where there is nothing else."""
    said = words(text)
    telling = [word for word in said if word not in STOP] or said
    return list(dict.fromkeys(stem(word) for word in telling))


class Postings:
    """n texts by their words, as rows 0 to n - 1."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._known: dict[str, int] = {}
        self._starts = np.zeros(1, dtype=np.int64)
        self._rows = np.empty(0, dtype=np.int32)
        self._counts = np.empty(0, dtype=np.uint8)
        self._loose: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self.lengths = np.empty(0, dtype=np.int32)
        self._shortness: np.ndarray | None = None

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Postings:
        """Return the postings that `arrays` gave; the large arrays are used where they lie."""
        postings = cls()
        text = arrays["words"].tobytes().decode()
        postings._numbers = {word: number for number, word in enumerate(text.split("\n"))} if text else {}
        postings._starts, postings._rows, postings._counts = arrays["starts"], arrays["rows"], arrays["counts"]
        postings.lengths = arrays["lengths"]
        return postings

    def arrays(self) -> dict[str, np.ndarray]:
        """Return everything as arrays for a file, loose triples sorted in."""
        self.sort_in()
        text = "\n".join(self._numbers).encode()
        return {
            "words": np.frombuffer(text, dtype=np.uint8),
            "starts": self._starts,
            "rows": self._rows,
            "counts": self._counts,
            "lengths": self.lengths,
        }

    def __len__(self) -> int:
        return len(self.lengths)

    def add(self, texts: Sequence[str]) -> None:
        """Put texts behind the others."""
        for start in range(0, len(texts), _BLOCK):
            self._add_block([self._numbered(text) for text in texts[start : start + _BLOCK]])
        if self._loose_count() > max(LOOSE, len(self._rows) // 8):
            self.sort_in()

    def without(self, rows: np.ndarray) -> Postings:
        """Return the postings but for some rows; those behind them move up, and words that nobody says any more are gone."""
        self.sort_in()
        keep = np.ones(len(self), dtype=bool)
        keep[rows] = False
        place = np.cumsum(keep, dtype=np.int32) - 1
        kept = keep[self._rows]
        number_of = np.repeat(np.arange(len(self._starts) - 1), np.diff(self._starts))[kept]
        said, numbers = np.unique(number_of, return_inverse=True)
        left = Postings()
        names = list(self._numbers)
        left._numbers = {names[old]: new for new, old in enumerate(said)}
        left._starts = np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=len(said)))]).astype(np.int64)
        left._rows, left._counts = place[self._rows[kept]], self._counts[kept]
        left.lengths = self.lengths[keep]
        return left

    def scores(self, stems: Sequence[str]) -> np.ndarray:
        """Return BM25 float32 (n,) of every text for these stems; 0 where none of them is said."""
        total = np.zeros(len(self), dtype=np.float32)
        if self._shortness is None:
            average = max(float(self.lengths.mean()), 1.0) if len(self) else 1.0
            self._shortness = (K1 * (1.0 - B + B * self.lengths / average)).astype(np.float32)
        for name in stems:
            number = self._numbers.get(name)
            if number is None:
                continue
            parts = self._said(number)
            said_by = sum(len(rows) for rows, _ in parts)
            rarity = math.log1p((len(self) - said_by + 0.5) / (said_by + 0.5))
            for rows, counts in parts:
                often = counts.astype(np.float32)
                total[rows] += np.float32(rarity * (K1 + 1.0)) * (often / (often + self._shortness[rows]))
        return total

    def rarity(self, stems: Sequence[str]) -> dict[str, float]:
        """Return how telling each stem is, as BM25 weighs it: 0 where every text says it, highest where none does."""
        weights: dict[str, float] = {}
        for name in stems:
            number = self._numbers.get(name)
            said_by = 0 if number is None else sum(len(rows) for rows, _ in self._said(number))
            weights[name] = math.log1p((len(self) - said_by + 0.5) / (said_by + 0.5))
        return weights

    def sort_in(self) -> None:
        """Sort the loose triples into the matrix."""
        words_ = len(self._numbers)
        if not self._loose and len(self._starts) == words_ + 1:
            return
        old = np.repeat(np.arange(len(self._starts) - 1, dtype=np.int32), np.diff(self._starts))
        numbers = np.concatenate([old, *(part[0] for part in self._loose)])
        rows = np.concatenate([self._rows, *(part[1] for part in self._loose)])
        counts = np.concatenate([self._counts, *(part[2] for part in self._loose)])
        # Stable: within a word the rows stay in order, for loose rows all lie behind the others.
        order = np.argsort(numbers, kind="stable")
        self._rows, self._counts = rows[order], counts[order]
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=words_))]).astype(np.int64)
        self._loose = []

    def _said(self, number: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return (rows, counts) of a word: sorted in, and loose."""
        parts = []
        if number + 1 < len(self._starts):
            start, end = self._starts[number], self._starts[number + 1]
            parts.append((self._rows[start:end], self._counts[start:end]))
        for numbers, rows, counts in self._loose:
            found = np.flatnonzero(numbers == number)
            parts.append((rows[found], counts[found]))
        return [part for part in parts if len(part[0])]

    def _loose_count(self) -> int:
        return sum(len(numbers) for numbers, _, _ in self._loose)

    def _numbered(self, text: str) -> list[int]:
        known, numbers = self._known, []
        for word in words(text):
            number = known.get(word)
            if number is None:
                number = known[word] = self._numbers.setdefault(stem(word), len(self._numbers))
            numbers.append(number)
        return numbers

    def _add_block(self, texts: list[list[int]]) -> None:
        sizes = np.array([len(text) for text in texts], dtype=np.int32)
        rows = np.repeat(np.arange(len(texts), dtype=np.int64), sizes)
        numbers = np.array([number for text in texts for number in text], dtype=np.int64)
        pairs, counts = np.unique((numbers << 32) | rows, return_counts=True)
        first = len(self)
        self.lengths = np.concatenate([self.lengths, sizes])
        self._shortness = None
        triple = (
            (pairs >> 32).astype(np.int32),
            ((pairs & 0xFFFFFFFF) + first).astype(np.int32),
            np.minimum(counts, _MOST_COUNT).astype(np.uint8),
        )
        self._loose.append(triple)
        # Like sizes are put together, so that many small additions leave few parts.
        while len(self._loose) > 1 and 2 * len(self._loose[-1][0]) >= len(self._loose[-2][0]):
            last, before = self._loose.pop(), self._loose.pop()
            self._loose.append(
                (np.concatenate([before[0], last[0]]), np.concatenate([before[1], last[1]]), np.concatenate([before[2], last[2]]))
            )
