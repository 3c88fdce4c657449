"""A store of a set, opened: its log in RAM, its projections, and recall over them."""

from __future__ import annotations

from typing import Any

import numpy as np
from recall_sets import Store

from solomonic.encoders import Encoder
from solomonic.memory import Log
from solomonic.memory.graph import GraphIndex
from solomonic.memory.lexical import LexicalIndex
from solomonic.memory.question import NOBODY, Voices, read
from solomonic.memory.recall import Recall, recall
from solomonic.memory.vectors import VectorIndex


class Opened:
    """A store in RAM. `place`: seq -> place of the record in the set."""

    def __init__(self, store: Store, encoder: Encoder) -> None:
        self.name, self.questions, self.speakers, self.encoder = store.name, store.questions, store.speakers, encoder
        self.log = Log.open(":memory:")
        texts = [str(record.text) for record in store.records]
        vectors = encoder.encode(texts)
        added = self.log.add(store.records, vectors=vectors, fingerprint=encoder.fingerprint)
        self.place = {record.seq: i for i, record in enumerate(added)}
        self.voices = Voices(store.speakers) if store.speakers else NOBODY
        self.vectors = VectorIndex.load(None, self.log, encoder.fingerprint)
        self.lexical = LexicalIndex.load(None, self.log)
        self.graph = GraphIndex.load(None, self.log)

    def recall(self, question: str, **options: Any) -> Recall:
        return recall(self.log, self.vectors, self.lexical, self.graph, self.encoder, question, **options)

    def alone(self, index: str, question: str, k: int, *, voiced: bool = False) -> list[int]:
        """Return the places of the k best by one index; `voiced`: the question in the mouth of the speaker that it names."""
        if index == "lexical":
            seqs, _ = self.lexical.search(question, k)
        else:
            text = read(question, self.voices).voiced if voiced else question
            seqs = np.asarray(self.vectors.search(self.encoder.encode([text]), k).ids)[0]
        return [self.place[int(seq)] for seq in seqs]


def opened(store: Store, encoder: Encoder) -> Opened:
    return Opened(store, encoder)
