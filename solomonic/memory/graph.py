"""The graph of a memory: records, what they mention, and how these hang together; a projection of the log.

Its table (`graphtable`) is caught up from where it stopped; the entities and the walker's graph are made from it when a question needs
them and something has changed. Records never change, so a rise of the log's epoch means either that records were forgotten (their number tells) or that
facts or vectors were rewritten (facts are read again). What cannot be accounted for is made anew, and `notices` says so.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..errors import StoreError
from .adjacency import Drawn, Weights, adjacency
from .coreference import settle
from .graphtable import CLASS, Table
from .log import Log
from .mentions import mentions
from .names import FUNCTION_WORDS
from .projection import Header, Projection, Unusable, load, save, sweep
from .record import Position, Stored

if TYPE_CHECKING:
    import networkx

FILE: Final = "graph.bin"
VERSION: Final = 1
FINGERPRINT: Final = "rules-1"
"""Names the rules by which texts are read; another one means that the graph is made anew."""

MARK: Final = f"saved {FILE}"
"""Kept in the log with the first save: a file that never was there is not missed."""
MANY: Final = 8_192
"""Records read at once after which the graph is saved without waiting for the end."""

DAMPING: Final = 0.85
EPSILON: Final = 1e-5
MOST_QUESTION: Final = 4_096
"""Characters of a question that are read for mentions."""
LONGEST_NAME: Final = 3
_words: Final = re.compile(r"\w+").findall


@dataclass(frozen=True, slots=True)
class Ranked:
    """Records by their score, best first: seqs int64 (k,), scores float64 (k,); left: what the scores are short of in total."""

    seqs: np.ndarray
    scores: np.ndarray
    left: float


class GraphIndex:
    """The graph of one store; safe in many threads. `notices`: what had to be made anew, and why."""

    def __init__(self, log: Log, folder: Path | None = None, *, weights: Weights | None = None) -> None:
        self.log = log
        self.path = None if folder is None else Path(folder) / FILE
        self.position = Position(0, 0)
        self.notices: list[str] = []
        self._weights = weights or Weights()
        self._table = Table()
        self._drawn: Drawn | None = None
        self._saved: Position | None = None
        self._saved_drawn = False
        self._file: Projection | None = None
        self._lock = threading.RLock()

    @classmethod
    def load(cls, folder: Path | None, log: Log, *, weights: Weights | None = None) -> GraphIndex:
        """Return the graph of the log, read from the folder and caught up; made from the log where the file is missing or no good.

        folder: where the projections lie, or None for a store in RAM.
        """
        index = cls(log, folder, weights=weights)
        with index._held():
            why = index._open() if index.path is not None else None
            if why is None:
                index.catch_up()
                if log.count() != len(index):
                    why = "does not have the records that the log has"
            if why is not None:
                index._clear()
                index.catch_up()
                index.notices.append(f"{FILE} {why}; made anew from the log ({len(index)} records)")
        return index

    def __len__(self) -> int:
        return len(self._table)

    def __repr__(self) -> str:
        return f"GraphIndex({len(self)} records, {len(self._table.keys)} forms of names, up to {self.position.seq})"

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Read one state of the log and keep other threads out; always in this order, for callers hold the log first too."""
        with self.log.read(), self._lock:
            yield

    def _open(self) -> str | None:
        """Take the file in; return why it cannot be used, None where it could or where it never was there."""
        assert self.path is not None
        if not self.log.readonly:
            sweep(self.path)
        found = self._load()
        if isinstance(found, Unusable):
            return None if found.missing and self.log.setting(MARK) is None else found.reason
        try:
            self._table = Table.of_arrays(found.arrays)
            self._drawn = Drawn.of_arrays(found.arrays, self._table) if self._weights == Weights() else None
        except (ValueError, KeyError, TypeError, IndexError):
            return "was written by another version"
        at, here = found.header.position, self.log.position()
        if found.header.anchor != self._anchor() or at.seq > here.seq or at.epoch > here.epoch or at.facts > here.facts:
            return "tells of another history than the log"
        self.position, self._saved, self._saved_drawn, self._file = at, at, self._drawn is not None, found
        return None

    def _load(self) -> Projection | Unusable:
        assert self.path is not None
        return load(self.path, kind="graph", version=VERSION, store_id=self.log.store_id, fingerprint=FINGERPRINT)

    def _anchor(self) -> str:
        """Return a name for the last record of the table as the log has it: another history has another one."""
        seqs = self._table.rows("records")["seq"]
        found = self.log.by_seq([int(seqs[-1])], checked=False) if len(seqs) else []
        return hashlib.sha256(found[0].id.encode()).hexdigest()[:32] if found else "-"

    def _clear(self) -> None:
        self._table, self.position, self._drawn, self._file = Table(), Position(0, -1), None, None

    def catch_up(self) -> None:
        """Read what the log has beyond this graph. A reader that holds an older state of the log changes nothing."""
        with self._held():
            position, mine = self.log.position(), self.position
            if position.seq < mine.seq or position.epoch < mine.epoch or position.facts < mine.facts or position == mine:
                return
            had = len(self._table)
            self._read(position)
            if position.epoch != mine.epoch and self.log.count() != len(self._table):
                self._clear()
                self._read(position)
                if mine.epoch >= 0:
                    self.notices.append(f"records were forgotten behind the graph; made anew from the log ({len(self)} records)")
            facts = len(self._table.rows("facts"))
            if position.epoch != mine.epoch:
                self._table.set_facts(self.log.facts())
            elif position.facts != mine.facts:
                self._table.add_facts(self.log.facts(after=mine.facts))
            self.position = position
            if len(self._table) != had or facts or len(self._table.rows("facts")) or mine.epoch < 0:
                self._drawn = None
            if len(self._table) - had > MANY:
                self._save_or_note()

    def _read(self, position: Position) -> None:
        for record in self.log.indexable(self.position.seq, position.seq):
            self._table.add(record)

    def rebuild(self) -> None:
        """Make the graph anew from the log, and save it where it has a file."""
        with self._held():
            self._clear()
            self.catch_up()
            self._saved = None
            self.save()

    def save(self) -> None:
        """Write the graph beside the log, in one stroke; nothing where it lives in RAM, is only read, or is already there.

        Raises:
            StoreError: it could not be written; what was there before is untouched.
        """
        with self._held():
            drawn = self._drawn is not None and self._weights == Weights()
            if self.path is None or self.log.readonly or (self._saved == self.position and self._saved_drawn >= drawn):
                return
            header = Header("graph", VERSION, self.log.store_id, FINGERPRINT, self.position, self._anchor())
            save(self.path, header, self._table.arrays() | (self._drawn.arrays() if self._drawn is not None and drawn else {}))
            self._saved, self._saved_drawn, self._file = self.position, drawn, None
            if self.log.setting(MARK) is None:
                self.log.keep(MARK, "yes")

    def _save_or_note(self) -> None:
        try:
            self.save()
        except StoreError as error:
            self.notices.append(str(error))

    # Forgetting and checking

    def erase(self, records: Sequence[Stored]) -> None:
        """Take records out that the log has forgotten, with every word that only they had, here and in the file.

        Raises:
            StoreError: the file could not be written; the old one is gone.
        """
        with self._held():
            position = self.log.position()
            self._table.remove(records)
            self._read(position)
            if len(self._table) != self.log.count():
                self._clear()
                self._read(position)
            self._table.set_facts(self.log.facts())
            self.position, self._drawn, self._saved, self._file = position, None, None, None
            try:
                self.save()
            except StoreError:
                if self.path is not None:
                    self.path.unlink(missing_ok=True)
                raise

    def probe(self, records: Sequence[Stored]) -> list[str]:
        """Return what the graph still knows of records that were forgotten; empty where it is nothing."""
        with self._held():
            here = set(self._table.rows("records")["seq"].tolist())
            found = [f"record {record.id} is still in the graph" for record in records if record.seq in here]
            left = self._table.unused()
            found += [f"{count} {name} that no record names are still in the graph" for name, count in left.items() if count]
            if self.path is not None and self.path.exists() and self._saved != self.position:
                found.append("the graph's file is older than the graph")
            return found

    def check(self) -> list[str]:
        """Return what is wrong with the graph: where it differs from one that is made anew from the log, and whether its file is whole."""
        with self._held():
            self.catch_up()
            fresh = GraphIndex(self.log, weights=self._weights)
            fresh.catch_up()
            wrong = [f"its {part} are not those of the log" for part in fresh._table.differs(self._table)]
            if not wrong and not fresh.drawn().graph.equals(self.drawn().graph):
                wrong.append("what questions are asked of is not what its records make")
            if self.path is not None and self._saved is not None and isinstance(found := self._load(), Unusable):
                wrong.append(f"its file {found.reason}")
            return wrong

    # Questions

    def drawn(self) -> Drawn:
        """Return the entities and the walker's graph of what the log holds now."""
        with self._held():
            if self._file is not None and self._file.touched():
                self._drawn, self._saved, self._file = None, None, None
                self.notices.append(f"{FILE} was changed while it was in use; what was read from it is made anew")
            self.catch_up()
            if self._drawn is None:
                entities = settle(self._table)
                self._drawn = Drawn(entities, adjacency(self._table, entities, self._weights), self._table.keys)
            return self._drawn

    def entities(self, text: str, *, at: float | None = None) -> dict[int, float]:
        """Return what a question names, as numbers for `shared`, with their weights (inverse document frequency, nats).

        at: when it is asked, for "last week" and the like. Where it names nothing as names are written, its words are tried as they stand.
        """
        drawn = self.drawn()
        return {int(drawn.entities.numbers[entity]): weight for entity, weight in self._named(drawn, text, at).items()}

    def _named(self, drawn: Drawn, text: str, at: float | None) -> dict[int, float]:
        """Return the entities that a question names, as the drawn graph numbers them."""
        text = text[:MOST_QUESTION]
        found = mentions(text, at=at, casing=self._table.casing)
        named = _known(drawn, [f"{CLASS[mention.kind]}:{mention.norm}" for mention in found])
        if named:
            return named
        words = _words(text.lower())
        runs = [words[i : i + n] for n in range(LONGEST_NAME, 0, -1) for i in range(len(words) - n + 1)]
        return _known(drawn, ["n:" + " ".join(run) for run in runs if not FUNCTION_WORDS.intersection((run[0], run[-1]))])

    def rank(
        self,
        text: str = "",
        *,
        k: int = 100,
        at: float | None = None,
        records: Mapping[int, float] | None = None,
        damping: float = DAMPING,
        epsilon: float = EPSILON,
    ) -> Ranked:
        """Return the k records nearest to what a question names, by personalised PageRank (`pagerank.Walk.push`, error and all).

        records: further places to start from, seq -> weight; their weights together count as much as those of the entities together.
        """
        drawn = self.drawn()
        graph, named = drawn.graph, self._named(drawn, text, at) if text else {}
        given = {int(seq): weight for seq, weight in (records or {}).items() if weight > 0}
        places = graph.nodes_of(np.fromiter(given, dtype=np.int64, count=len(given)))
        weights = np.fromiter(given.values(), dtype=np.float64, count=len(given))[places >= 0]
        starts = [(np.array(list(named), dtype=np.int64) + graph.records, np.array(list(named.values()))), (places[places >= 0], weights)]
        starts = [(nodes, mass / mass.sum()) for nodes, mass in starts if len(nodes) and mass.sum() > 0]
        if not starts:
            return Ranked(np.zeros(0, dtype=np.int64), np.zeros(0), 0.0)
        nodes, mass = np.concatenate([part[0] for part in starts]), np.concatenate([part[1] for part in starts])
        pushed = graph.walk.push(nodes, mass, damping=damping, epsilon=epsilon)
        reached = pushed.nodes < graph.records
        rows, scores = pushed.nodes[reached], pushed.scores[reached]
        best = np.lexsort((rows, -scores))[:k]
        best = best[scores[best] > 0]
        return Ranked(graph.seqs[rows[best]], scores[best], pushed.left)

    def shared(self, first: Sequence[int], candidates: Sequence[int], *, without: Mapping[int, float] | None = None) -> np.ndarray:
        """Return how much each candidate (n,) has in common with the first records: the weights of the entities they share, in nats.

        first, candidates: seqs. without: entities that do not count, those that the question itself names (`entities`). A record that is
        itself among the first counts what it shares with the others.
        """
        drawn = self.drawn()
        graph, names = drawn.graph, drawn.entities.numbers
        mentioned: dict[int, set[int]] = {}
        for node in graph.nodes_of(np.asarray(first, dtype=np.int64)).tolist():
            for entity in graph.entities_of(node).tolist() if node >= 0 else ():
                if int(names[entity]) not in (without or {}):
                    mentioned.setdefault(entity, set()).add(node)
        scores = np.zeros(len(candidates))
        for i, node in enumerate(graph.nodes_of(np.asarray(candidates, dtype=np.int64)).tolist()):
            near = [entity for entity in graph.entities_of(node).tolist() if mentioned.get(entity, set()) - {node}] if node >= 0 else []
            scores[i] = float(graph.frequency[near].sum())
        return scores

    def view(self, at: float | None = None, known_at: float | None = None) -> networkx.MultiDiGraph[Any]:
        """Return the whole graph for networkx, with the record, the bytes and the source that each edge rests on; see `graphview`."""
        from .graphview import view

        with self._held():
            entities = self.drawn().entities
            return view(self.log, self._table, entities, at=at, known_at=known_at)


def _known(drawn: Drawn, keys: Sequence[str]) -> dict[int, float]:
    """Return the entities that these keys name, with their weights."""
    found: dict[int, float] = {}
    for key in keys:
        number = drawn.keys.find(key)
        entity = int(drawn.entities.of_key[number]) if 0 <= number < len(drawn.entities.of_key) - 1 else -1
        if entity >= 0:
            found[entity] = float(drawn.graph.frequency[entity])
    return found
