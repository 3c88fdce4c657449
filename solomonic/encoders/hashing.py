"""Character n-grams hashed into a fixed number of dimensions: an encoder without weights.

Signed feature hashing (Weinberger et al. 2009) of the n-grams inside each word, as in fastText (Bojanowski et al. 2017), without learning anything.
It knows spelling and nothing of meaning: it stands in where no model may be installed and in tests that must be quick. It is used only
where it is named, never in place of another encoder.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from .protocol import fingerprint_of, unit, well_formed

SHORTEST: Final = 3
LONGEST: Final = 5
LONGEST_WORD: Final = 64
"""Characters of a word that are looked at; longer runs without a break are not words."""

_WORD: Final = re.compile(r"\w+")


class HashingEncoder:
    """The encoder `hashing`.

    dimensions: the length of every vector; more dimensions, fewer collisions.
    """

    name: Final = "hashing"

    def __init__(self, *, dimensions: int = 512) -> None:
        self.dimensions = dimensions
        self.fingerprint = fingerprint_of({"encoder": "hashing", "version": 1, "dimensions": dimensions, "ngrams": [SHORTEST, LONGEST]})

    def __repr__(self) -> str:
        return f"HashingEncoder({self.dimensions} dimensions, {self.fingerprint[:8]})"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 (n, d), each row of unit length; a text without a word is the first axis."""
        vectors = np.zeros((len(texts), self.dimensions))
        known: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for row, text in enumerate(texts):
            for word, count in Counter(_WORD.findall(_plain(text))).items():
                if word not in known:
                    known[word] = self._hashed(word)
                axes, signs = known[word]
                # A word said ten times is not ten times as telling, and a long word must not outweigh the others by its many n-grams.
                np.add.at(vectors[row], axes, signs * (1.0 + np.log(count)))
        return unit(vectors)

    def _hashed(self, word: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the axes (m,) and the signed weights (m,) of a word's n-grams, the weights of unit length together."""
        grams = _ngrams(word)
        hashes = np.array(
            [int.from_bytes(hashlib.blake2b(gram.encode(), digest_size=8).digest(), "little") for gram in grams], dtype=np.uint64
        )
        signs = np.where(hashes >> np.uint64(63), 1.0, -1.0)
        return (hashes % np.uint64(self.dimensions)).astype(np.int64), signs / np.sqrt(len(grams))


def _plain(text: str) -> str:
    """Return the text in lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", well_formed(text).casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _ngrams(word: str) -> list[str]:
    """Return the marked word itself and its n-grams."""
    marked = f"<{word[:LONGEST_WORD]}>"
    grams = [marked[start : start + size] for size in range(SHORTEST, LONGEST + 1) for start in range(len(marked) - size + 1)]
    return [f"={marked}", *grams]
