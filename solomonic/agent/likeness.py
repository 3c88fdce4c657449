"""How like a question a sentence and its stretches are, word by word: late interaction of the encoder's word vectors.

Every word of the question looks for the word of the sentence that means most nearly the same, and the rarer words count more (Khattab & Zaharia 2020, "ColBERT",
with weights by rarity). What no word of the question finds is what the sentence adds; an answer is such a stretch. No weights of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..encoders.cache import CachedEncoder
from .asking import Asked
from .candidates import Line, Span
from .sentences import Word, words

LAYERS: Final = 3
"""After how many of MiniLM's six layers words are compared: that finds more than the first or the last, on LoCoMo and MuSiQue, and costs half of the last."""

Features = dict[str, float]


@dataclass(frozen=True, slots=True)
class Likeness:
    """A sentence held against a question. met: how well each word is met by the question's (n,). vectors: of the words (n, d). meet: how well the question is met.

    whole: the question's mean vector (d,). sought: that of the words that say what sort of thing is asked for (d,), zero where none do. shares: the share of each
    word of the question (m,); hold, best: which word of the sentence meets it, and how well (m,).
    """

    met: np.ndarray
    vectors: np.ndarray
    meet: float
    whole: np.ndarray
    sought: np.ndarray
    hold: np.ndarray
    shares: np.ndarray
    best: np.ndarray

    def features(self, span: Span, kind: str) -> Features:
        """Return what speaks for a stretch."""
        first, last, n = span.first, max(span.last, span.first + 1), len(self.vectors)
        if n == 0:
            return {}
        inside = self.vectors[first:last]
        mean = _unit(inside.sum(axis=0))
        rest = self.vectors.sum(axis=0)
        whole = float(_unit(rest) @ self.whole)
        left = float(_unit(rest - inside.sum(axis=0)) @ self.whole) if last - first < n else 0.0
        lost = float(self.shares @ (self.best * ((self.hold >= first) & (self.hold < last))))
        found = {
            "met inside": float(self.met[first:last].mean()),
            "met most": float(self.met[first:last].max()),
            "met before": float(self.met[first - 1]) if first else 0.0,
            "met after": float(self.met[last]) if last < n else 0.0,
            "span like": float(mean @ self.whole),
            "without": left - whole,
            "lost": lost,
            "sort": float(mean @ self.sought),
            "sort best": float((inside @ self.sought).max()),
            "sort beside": float((self.vectors[max(0, first - 3) : last + 3] @ self.sought).max()),
        }
        return found | {f"{name} {kind}": value for name, value in found.items()}


def likenesses(encoder: CachedEncoder, asked: Asked, lines: Sequence[Line], layers: int = LAYERS) -> list[Likeness] | None:
    """Return how like the question each sentence is; None where the encoder has no vectors of words."""
    texts = [asked.text[:2_048], *(read.text[read.sentence.start : read.sentence.end] for read in lines)]
    made = encoder.tokens(texts, layers)
    if made is None:
        return None
    question = words(asked.text, 0, min(len(asked.text), 2_048))
    asking = _by_word(question, 0, *made[0])
    shares = np.array([_share(asked, word) for word in question])
    shares = shares / shares.sum() if shares.sum() else shares
    whole = _unit(asking.sum(axis=0))
    sort = np.array([bool(word.stem) and word.stem in asked.focus for word in question], dtype=np.float32)
    sought, none = _unit(sort @ asking), np.zeros(len(question))
    found = []
    for read, (vectors, places) in zip(lines, made[1:], strict=True):
        own = _by_word(read.words, read.sentence.start, vectors, places)
        cosines = asking @ own.T
        if not cosines.size:
            found.append(Likeness(np.zeros(len(own)), own, 0.0, whole, sought, none.astype(np.int64), shares, none))
            continue
        telling = np.array([bool(word.stem) for word in question])
        met = (cosines[telling] if telling.any() else cosines).max(axis=0)
        best = cosines.max(axis=1)
        found.append(Likeness(met, own, float(shares @ best), whole, sought, cosines.argmax(axis=1), shares, best))
    return found


def _share(asked: Asked, word: Word) -> float:
    """Return how much a word of the question counts: a word that the memory never says may be met by its meaning."""
    rarest = max(asked.weights.values(), default=1.0)
    return asked.weights.get(word.stem, rarest) if word.stem else 0.1 * rarest


def _by_word(said: Sequence[Word], start: int, vectors: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the vectors of words (n, d): the means of their pieces, of unit length; zero where the encoder did not read so far."""
    out = np.zeros((len(said), vectors.shape[1]), dtype=np.float32)
    if not len(vectors) or not said:
        return out
    begins = np.array([word.start - start for word in said])
    rows = np.clip(np.searchsorted(begins, places[:, 0], side="right") - 1, 0, len(said) - 1)
    ends = np.array([word.end - start for word in said])
    inside = places[:, 0] < ends[rows]
    np.add.at(out, rows[inside], vectors[inside])
    norms = np.linalg.norm(out, axis=1, keepdims=True)
    return out / np.where(norms > 0, norms, 1.0)


def _unit(vector: np.ndarray) -> np.ndarray:
    norm = float(np.linalg.norm(vector))
    return vector / norm if norm > 0 else vector
