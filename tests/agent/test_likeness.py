"""Word-by-word likeness: what its numbers mean, and what happens where an encoder has no words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from solomonic.agent import asking
from solomonic.agent.candidates import line, spans
from solomonic.agent.likeness import likenesses
from solomonic.agent.sentences import sentences
from solomonic.encoders import CachedEncoder, encoder


class Spelled:
    """An encoder whose words are alike where their letters are the same, and else not at all."""

    name, fingerprint, dimensions = "spelled", "0" * 32, 64

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.eye(1, 64, dtype=np.float32).repeat(len(texts), axis=0)

    def tokens(self, texts: Sequence[str], layers: int | None = None) -> list[tuple[np.ndarray, np.ndarray]]:
        found = []
        for text in texts:
            places, at = [], 0
            for word in text.split():
                at = text.index(word, at)
                places.append((at, at + len(word)))
                at += len(word)
            seen = [text[low:high].strip(".,?").lower() for low, high in places]
            vectors = np.zeros((len(seen), 64), dtype=np.float32)
            for row, word in enumerate(seen):
                vectors[row, sum(word.encode()) % 64] = 1.0
            found.append((vectors, np.array(places, dtype=np.int64).reshape(-1, 2)))
        return found


TEXT = "The boat reached Rotterdam. Nothing else happened that evening."


def test_the_sentence_that_says_the_question_meets_it_better() -> None:
    asked = asking.read("Where was the boat that evening?", {"boat": 2.0})
    lines = [line(TEXT, sentence) for sentence in sentences("The boat reached Rotterdam. Nothing else happened.")]
    found = likenesses(CachedEncoder(Spelled(), None), asked, lines)
    assert found is not None
    assert found[0].meet > found[1].meet


def test_every_stretch_of_any_sentence_has_finite_numbers() -> None:
    asked = asking.read("Where was the boat that evening?", {"boat": 2.0})
    lines = [line(TEXT, sentence) for sentence in sentences(TEXT)]
    found = likenesses(CachedEncoder(Spelled(), None), asked, lines)
    assert found is not None
    for read, like in zip(lines, found, strict=True):
        for span in spans(read, None):
            assert np.isfinite(list(like.features(span, asked.kind).values())).all()


def test_what_the_question_says_is_met_and_what_it_asks_for_is_not() -> None:
    asked = asking.read("What did the boat reach?", {"boat": 2.0})
    found = likenesses(CachedEncoder(Spelled(), None), asked, [line(TEXT, next(iter(sentences(TEXT))))])
    assert found is not None
    assert found[0].met[1] == pytest.approx(1.0)
    assert found[0].met[3] < 0.5


def test_an_encoder_without_words_says_nothing() -> None:
    asked = asking.read("What did the boat reach?", {"boat": 2.0})
    assert likenesses(CachedEncoder(encoder("hashing"), None), asked, [line(TEXT, next(iter(sentences(TEXT))))]) is None
