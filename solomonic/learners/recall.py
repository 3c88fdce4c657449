"""Learners that look records up: the memory's channels, one by one and together, as students of the same exams.

Each keeps every record word for word in a memory in RAM and ranks all of them for a question; nothing is fitted, so `study` only builds the indexes. The
answer's value is the best record's id, its predictive the ranking.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from ..records import Answer, Budget, Evidence, Kind, Observation, Query, Ranking, TaskInfo, XType, YType, child_rng
from .base import Base, pickled_bytes

if TYPE_CHECKING:
    from ..encoders import Encoder
    from ..memory import Record

RANKED: Final = 50
FIELDS: Final = ("speaker", "session", "source")


@functools.cache
def _minilm() -> Encoder:
    from ..encoders import encoder

    return encoder("minilm")


class Looker(Base):
    """What the lookers share; a subclass names its channels (None: all) and whether it needs vectors."""

    kind: ClassVar[Kind] = "transductive"
    keeps_data: ClassVar[bool] = True
    x_types: ClassVar[tuple[XType, ...]] = ("text", "record")
    y_types: ClassVar[tuple[YType, ...]] = ("ranking",)
    channels: ClassVar[tuple[str, ...] | None] = None
    dense: ClassVar[bool] = False

    def __init__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> None:
        super().__init__(info, rng=rng, budget=budget)
        self.memory: list[Observation] = []
        self._vectors: list[np.ndarray] = []
        self._index: _Index | None = None

    def observe(self, observations: Sequence[Observation]) -> None:
        """Keep the records, with their vectors where this learner uses them."""
        self.memory += observations
        if self.dense and observations:
            self._vectors.append(_minilm().encode([_record(o, self.info).data.decode("utf-8", "replace") for o in observations]))
        self._index = None

    def study(self) -> None:
        """Build the indexes; nothing is fitted."""
        self._indexed()

    def _known(self) -> int:
        return len(self.memory)

    def _indexed(self) -> _Index:
        if self._index is None:
            records = [_record(observation, self.info) for observation in self.memory]
            self._index = _Index(records, np.concatenate(self._vectors) if self._vectors else None)
        return self._index

    def _answer(self, queries: Sequence[Query]) -> list[Answer]:
        return [self._one(query) for query in queries]

    def _one(self, query: Query) -> Answer:
        found = self._indexed().ask(_text(query.x, self.info), self.channels)
        ids = tuple(self.memory[place].id for place, _ in found)
        ranking = Ranking(ids, np.array([score for _, score in found]))
        return Answer(ids[0] if ids else None, ranking, tuple(Evidence(id) for id in ids[:3]))

    def state_bytes(self) -> int:
        """Return the bytes of the records and their vectors; the indexes can be made again from them."""
        return pickled_bytes((self.memory, self._vectors))

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_index": None}


class _Index:
    """The records in a log in RAM, with the projections that recall reads."""

    def __init__(self, records: Sequence[Record], vectors: np.ndarray | None) -> None:
        from ..memory.graph import GraphIndex
        from ..memory.lexical import LexicalIndex
        from ..memory.log import Log
        from ..memory.vectors import VectorIndex

        self.log = Log.open(":memory:")
        self.encoder = None if vectors is None else _minilm()
        fingerprint = None if self.encoder is None else self.encoder.fingerprint
        stored = self.log.add(records, vectors=vectors, fingerprint=fingerprint)
        self.place = {record.id: place for place, record in enumerate(stored)}
        self.vectors = None if fingerprint is None else VectorIndex.load(None, self.log, fingerprint)
        self.lexical = LexicalIndex.load(None, self.log)
        self.graph = GraphIndex.load(None, self.log)

    def ask(self, question: str, channels: Sequence[str] | None) -> list[tuple[int, float]]:
        """Return (place, score) of the best records, best first."""
        from ..memory.recall import recall

        found = recall(self.log, self.vectors, self.lexical, self.graph, self.encoder, question, k=RANKED, channels=channels)
        return [(self.place[hit.id], hit.score) for hit in found.hits]


class RecallLexical(Looker):
    """The words that question and record share (BM25 with stems)."""

    channels = ("lexical",)


class RecallDense(Looker):
    """The nearness of meaning (MiniLM vectors)."""

    channels = ("dense",)
    dense = True


class RecallGraph(Looker):
    """What the question names, and what is connected with it (personalised PageRank over mentions)."""

    channels = ("graph", "hop")


class RecallHybrid(Looker):
    """All channels of the memory, fused."""

    dense = True


class RecallRandom(Base):
    """The records in an order drawn at random for each question: the floor of recall."""

    kind: ClassVar[Kind] = "floor"
    keeps_data: ClassVar[bool] = False
    x_types: ClassVar[tuple[XType, ...]] = ("text", "record")
    y_types: ClassVar[tuple[YType, ...]] = ("ranking",)

    def __init__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> None:
        super().__init__(info, rng=rng, budget=budget)
        self._ids: list[str] = []

    def observe(self, observations: Sequence[Observation]) -> None:
        """Keep the ids."""
        self._ids += [observation.id for observation in observations]

    def _known(self) -> int:
        return len(self._ids)

    def _answer(self, queries: Sequence[Query]) -> list[Answer]:
        answers = []
        for query in queries:
            order = child_rng(self._episodes, query.id).permutation(len(self._ids))[:RANKED]
            ids = tuple(self._ids[i] for i in order)
            answers.append(Answer(ids[0], Ranking(ids, -np.arange(len(ids), dtype=np.float64))))
        return answers


def _text(x: Any, info: TaskInfo) -> str:
    """Return the text of an observation's or a question's x: itself, or its first text column."""
    if info.x_type == "text":
        return str(x)
    place = next((i for i, column in enumerate(info.columns) if column.kind == "text"), 0)
    return str(x[place] or "")


def _record(observation: Observation, info: TaskInfo) -> Record:
    """Return the observation as the memory keeps it; columns named speaker, session and source become fields."""
    from ..memory import Record

    fields: dict[str, Any] = {}
    if info.x_type == "record":
        fields = {column.name: value for column, value in zip(info.columns, observation.x, strict=True) if column.name in FIELDS}
    return Record(_text(observation.x, info), at=observation.at or None, **fields)
