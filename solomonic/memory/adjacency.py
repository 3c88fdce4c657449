"""The graph as a walker sees it: one weighted, undirected graph over records and entities, in compressed sparse rows.

    record - entity    the record mentions it: the entity's inverse document frequency, times 1 + log(how often)
    record - record    the next of the same session: `Weights.follow`
    entity - entity    named within NEAR_BYTES of each other, or tied by a pattern's relation or a fact: `near`, `relation`, `fact`, times the
                       geometric mean of both frequencies and 1 + log(how often)

The inverse document frequency is that of BM25 (Robertson & Sparck Jones 1976, as made positive by Lucene): log(1 + (N - n + 1/2) / (n + 1/2)) for
an entity that n of N records mention.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from .coreference import Entities
from .graphtable import KINDS, Table
from .pagerank import Walk

NEAR_BYTES: Final = 100
NEXT: Final = 2
"""How many mentions after each one may count as near it."""
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
    indptr int64 (n + 1,), indices int32 (e,), weights float32 (e,): every edge stands in both rows; parallel edges add up.
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

    def entities_of(self, node: int) -> np.ndarray:
        """Return the entity numbers that a record mentions, rising."""
        row = self.indices[self.indptr[node] : self.indptr[node + 1]]
        return np.unique(row[row >= self.records]) - self.records


def adjacency(table: Table, entities: Entities, weights: Weights | None = None) -> Adjacency:
    """Return the graph of a table whose entities are settled."""
    weights = weights or Weights()
    records, mentions = table.rows("records"), table.rows("mentions")
    n, m = len(records), len(entities)
    named = entities.of_mention >= 0
    record, entity, often = _counted(mentions["record"][named], entities.of_mention[named], m)
    facts = table.rows("facts")
    ends = np.stack((entities.of_key[facts["subject"]], entities.of_key[facts["object"]]), axis=1).reshape(-1, 2)
    documents = np.bincount(
        _pairs(np.append(record, np.repeat(facts["record"], 2)), np.append(entity, ends.ravel()), m) % max(m, 1), minlength=m
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


def _pairs(first: np.ndarray, second: np.ndarray, size: int) -> np.ndarray:
    """Return the distinct pairs as codes first * size + second."""
    return np.unique(first.astype(np.int64) * size + second)


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
    first = np.concatenate([part[0] for part in parts]).astype(np.int32)
    second = np.concatenate([part[1] for part in parts]).astype(np.int32)
    weight = np.concatenate([part[2] for part in parts]).astype(np.float32)
    source, target = np.append(first, second), np.append(second, first)
    order = np.argsort(source, kind="stable")
    indptr = np.concatenate(([0], np.cumsum(np.bincount(source, minlength=n)))).astype(np.int64)
    return Adjacency(seqs, frequency, indptr, target[order], np.append(weight, weight)[order])
