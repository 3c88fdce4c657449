"""The graph as a walker sees it: one weighted, undirected graph over records and entities, in compressed sparse rows.

    record - entity    the record mentions it: the entity's inverse document frequency, times 1 + log(how often)
    record - record    the next of the same session: `Weights.follow`
    entity - entity    named within NEAR_BYTES of each other, or tied by a pattern's relation or a fact: `near`, `relation`, `fact`, times the
                       geometric mean of both frequencies and 1 + log(how often)

The inverse document frequency is that of BM25 (Robertson & Sparck Jones 1976, as made positive by Lucene): log(1 + (N - n + 1/2) / (n + 1/2)) for
an entity that n of N records mention.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from .coreference import Entities
from .graphtable import KINDS, Strings, Table
from .pagerank import Walk

NEAR_BYTES: Final = 100
NEXT: Final = 2
"""How many mentions after each one may count as near it."""
_GRAPH: Final = ("frequency", "indptr", "indices", "weights")
_ENTITIES: Final = ("of_mention", "start", "of_key", "numbers", "subjects", "objects")
_SPEAKER: Final = KINDS.index("speaker")


@dataclass(frozen=True, slots=True)
class Weights:
    """How strongly each kind of edge ties its ends, against 1 for a mention."""

    follow: float = 1.0
    near: float = 0.25
    relation: float = 0.5
    fact: float = 1.0


@dataclass(frozen=True)
class Adjacency:
    """Nodes 0 to records - 1 are the records in order of seq; the entities follow, in the order of `Entities`.

    seqs: int64 (records,). frequency: float64 (entities,), inverse document frequencies in nats.
    indptr int64 (n + 1,), indices int32 (e,), weights float32 (e,): every edge stands in both rows; parallel ones add up.
    """

    seqs: np.ndarray
    frequency: np.ndarray
    indptr: np.ndarray
    indices: np.ndarray
    weights: np.ndarray

    @property
    def records(self) -> int:
        """How many nodes are records."""
        return len(self.seqs)

    @cached_property
    def walk(self) -> Walk:
        """The random walk on the graph."""
        return Walk(self.indptr, self.indices, self.weights)

    def nodes_of(self, seqs: np.ndarray) -> np.ndarray:
        """Return the node of each record, -1 where it is not in the graph."""
        wanted = np.asarray(seqs, dtype=np.int64)
        if not self.records:
            return np.full(len(wanted), -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(self.seqs, wanted), self.records - 1)
        return np.where(self.seqs[places] == wanted, places, -1)

    def equals(self, other: Adjacency) -> bool:
        """Return whether both graphs are the same to the last bit."""
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in ("seqs", *_GRAPH))

    def entities_of(self, node: int) -> np.ndarray:
        """Return the entity numbers that a record mentions, rising."""
        row = self.indices[self.indptr[node] : self.indptr[node + 1]]
        return np.unique(row[row >= self.records]) - self.records


class Drawn(NamedTuple):
    """What questions are asked of: fixed, while the table behind it may go on. keys: the texts by which entities are found."""

    entities: Entities
    graph: Adjacency
    keys: Strings

    def arrays(self) -> dict[str, list[np.ndarray]]:
        """Return everything as arrays by name, each in one part, so that opening need not draw again."""
        parts = {f"drawn.{name}": getattr(self.graph, name) for name in _GRAPH} | {
            f"drawn.{name}": getattr(self.entities, name) for name in _ENTITIES
        }
        return {name: [part] for name, part in parts.items()}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray], table: Table) -> Drawn | None:
        """Return what was drawn of the table, or None where it was not."""
        if "drawn.numbers" not in arrays:
            return None
        entities = {name: arrays[f"drawn.{name}"] for name in _ENTITIES}
        keys = [table.keys.texts[number] for number in entities["numbers"].tolist()]
        graph = Adjacency(table.rows("records")["seq"].copy(), **{name: arrays[f"drawn.{name}"] for name in _GRAPH})
        return cls(Entities(keys=keys, **entities), graph, table.keys)


def adjacency(table: Table, entities: Entities, weights: Weights | None = None) -> Adjacency:
    """Return the graph of a table whose entities are settled."""
    weights = weights or Weights()
    records, mentions = table.rows("records"), table.rows("mentions")
    n, m = len(records), len(entities)
    named = entities.of_mention >= 0
    record, entity, often = _counted(mentions["record"][named], entities.of_mention[named], m)
    facts = table.rows("facts")
    ends = np.stack((entities.of_key[facts["subject"]], entities.of_key[facts["object"]]), axis=1).reshape(-1, 2)
    documents = np.bincount(entity, minlength=m)
    if len(facts):
        documents = np.bincount(
            _counted(np.append(record, np.repeat(facts["record"], 2)), np.append(entity, ends.ravel()), m)[1], minlength=m
        )
    frequency = np.log1p((n - documents + 0.5) / (documents + 0.5))
    parts = [(record, n + entity, frequency[entity] * (1.0 + np.log(often)))]
    parts.append((np.repeat(facts["record"], 2), n + ends.ravel(), frequency[ends.ravel()]))
    parts.append(_following(records["session"], weights.follow))
    for first, second, weight in (
        (*_near(mentions, entities), weights.near),
        (entities.subjects, entities.objects, weights.relation),
        (ends[:, 0], ends[:, 1], weights.fact),
    ):
        parts.append(_tied(first, second, weight, n, frequency))
    return _rows(records["seq"].copy(), frequency, parts)


def _counted(first: np.ndarray, second: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distinct pairs and how often each stands there."""
    code, often = np.unique(first.astype(np.int64) * max(size, 1) + second, return_counts=True)
    return code // max(size, 1), code % max(size, 1), often


def _following(session: np.ndarray, weight: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the edges from each record of a session to the next."""
    order = np.argsort(session, kind="stable")
    there = session[order]
    ahead = np.flatnonzero((there[1:] == there[:-1]) & (there[1:] >= 0)) if len(order) else np.zeros(0, dtype=np.int64)
    return order[ahead], order[ahead + 1] if len(order) else ahead, np.full(len(ahead), weight)


def _near(mentions: np.ndarray, entities: Entities) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of entities that are named near each other in a record."""
    kept = np.flatnonzero((entities.of_mention >= 0) & (mentions["kind"] != _SPEAKER))
    record, start, end, entity = mentions["record"][kept], entities.start[kept], mentions["end"][kept], entities.of_mention[kept]
    first, second = [], []
    for ahead in range(1, NEXT + 1):
        near = (record[ahead:] == record[:-ahead]) & (start[ahead:] - end[:-ahead] <= NEAR_BYTES)
        first.append(entity[:-ahead][near])
        second.append(entity[ahead:][near])
    return np.concatenate(first), np.concatenate(second)


def _tied(first: np.ndarray, second: np.ndarray, weight: float, n: int, frequency: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the edges between two entities each, the smaller number first; an entity is not tied to itself."""
    apart = (first >= 0) & (second >= 0) & (first != second)
    low, high = np.minimum(first[apart], second[apart]), np.maximum(first[apart], second[apart])
    low, high, often = _counted(low, high, len(frequency))
    return n + low, n + high, weight * np.sqrt(frequency[low] * frequency[high]) * (1.0 + np.log(often))


def _rows(seqs: np.ndarray, frequency: np.ndarray, parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Adjacency:
    """Return undirected edges as compressed sparse rows."""
    n = len(seqs) + len(frequency)
    first = np.concatenate([part[0] for part in parts])
    second = np.concatenate([part[1] for part in parts])
    weight = np.concatenate([part[2] for part in parts]).astype(np.float32)
    source, target = np.append(first, second).astype(np.int64), np.append(second, first).astype(np.int32)
    # Sorting numbers that end in their place is several times faster than asking for the order that sorts them.
    size = max(len(source), 1)
    order = np.sort(source * size + np.arange(len(source))) % size
    indptr = np.concatenate(([0], np.cumsum(np.bincount(source, minlength=n)))).astype(np.int64)
    return Adjacency(seqs, frequency, indptr, target[order], np.append(weight, weight)[order])
