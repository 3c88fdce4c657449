"""The memory as its users meet it: one object over the log, its projections and an encoder.

    memory = Memory.open("notes", encoder="minilm")
    ids = memory.add([Record("I painted that lake sunrise last year.", speaker="Melanie", at="2023-05-08")])
    memory.recall("What did Melanie paint?").hits[0].text

The log is the truth; everything else here is made from it, caught up when it is behind, and made anew when it is damaged. `notices` says what was.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..encoders import CachedEncoder, Encoder, encoder
from ..errors import InputError, StoreError
from .export import restore
from .forget import Eraser, Receipt, forget
from .graph import GraphIndex
from .lexical import LexicalIndex
from .log import Log
from .outline import Where
from .recall import Recall, asks_vectors, recall
from .record import Fact, Record, Stored, Time, Valid
from .spaces import matrix_of
from .vectors import VectorIndex
from .verify import Report, Watch, verify

if TYPE_CHECKING:
    import networkx

DEFAULT_ENCODER: Final = "minilm"
PROJECTIONS: Final = "projections"
BATCH: Final = 1_000
WORTH_INDEXING: Final = 1_000
"""Records added after which `close` makes the indexes."""
OWN: Final = "own"
"""The encoder's name of a store whose vectors come from its user."""


class Memory:
    """A verbatim long-term memory. Make it with `open`; close it, or use it as a context; usable from several threads.

    notices: what was found damaged or missing and was made anew, as sentences; whoever shows them takes them out.
    """

    def __init__(self, log: Log, name: str | None) -> None:
        self.log = log
        self.notices: list[str] = []
        self._kept: str | None = None
        self._wanted = name or DEFAULT_ENCODER
        self._bare: Encoder | None = None
        self._encoder: CachedEncoder | None = None
        self._vectors: VectorIndex | None = None
        self._lexical: LexicalIndex | None = None
        self._graph: GraphIndex | None = None
        self._added = 0
        self._lock = threading.RLock()

    @classmethod
    def open(cls, path: str | Path, *, encoder: str | None = None, readonly: bool = False) -> Memory:
        """Return the memory in a folder, created where there is none; ":memory:" keeps it in RAM.

        encoder: that of a new store (`minilm` where None; `hashing` needs no weights); an old store has its own.
        readonly: for one reader of many beside a writer.

        Raises:
            InputError: the store has another encoder than the one that is asked for.
            StoreBusy, StoreForeign, StoreError: it cannot be opened; the message says why and what to do.
        """
        log = Log.open(path, readonly=readonly)
        kept = log.setting("encoder")
        if encoder is not None and kept is not None and encoder != kept:
            log.close()
            raise InputError(f"the store in {path} has the encoder {kept!r}, not {encoder!r}; leave --encoder out, or make a new store")
        return cls(log, encoder)

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return self.log.count()

    def __repr__(self) -> str:
        try:
            return f"Memory({self.log.path}, {len(self)} records, encoder {self.encoder_name})"
        except StoreError:  # closed, or too damaged to be counted
            return f"Memory({self.log.path}, not open)"

    def close(self) -> None:
        """Save what would take long to make again, and let the store go; may be called twice."""
        with self._lock:
            if self._added >= WORTH_INDEXING and self.log.folder is not None:
                # Made now, by the writer, so that the next one to open the store need not wait for it.
                self.vectors(), self.lexical(), self.graph_index().drawn()
            for projection in (self._vectors, self._lexical):
                if projection is not None:
                    projection.close()
            if self._graph is not None and not self.log.readonly:
                self._graph.save()
            if self._encoder is not None:
                self._encoder.close()
            self._vectors = self._lexical = self._graph = self._encoder = None
            self.log.close()

    # What goes in

    def add(self, records: Sequence[Record], *, vectors: np.ndarray | None = None) -> list[str]:
        """Store a batch and return its ids, in order; when this returns, it is durable: text, vector and words, in one transaction.

        vectors: float32 (n, d) of your own, for every record of the store or for none.

        Raises:
            InputError: not records; vectors of another shape, not finite, or given to a store that makes its own.
            StoreError: nothing of the batch is stored.
        """
        if isinstance(records, (str, bytes, Record)):
            raise InputError(f"add takes a list of records, not one {type(records).__name__}; write [Record(...)]")
        batch = list(records)
        for record in batch:
            if not isinstance(record, Record):
                raise InputError(f"expected a Record, not {type(record).__name__}; write Record({str(record)[:40]!r})")
        if not batch:
            return []
        if vectors is None:
            if self.encoder_name == OWN:
                raise InputError("this store's vectors are your own; give vectors=, float32 (n, d), with every batch")
            name, fingerprint = self.encoder_name, self.encoder().fingerprint
            matrix = self._encoded([_readable(record) for record in batch])
        else:
            name, (matrix, fingerprint) = OWN, self._own(vectors, len(batch))
        stored = self.log.add(batch, vectors=matrix, fingerprint=fingerprint, settings=self._settings(name, fingerprint))
        self._added += len(stored)
        return [record.id for record in stored]

    def _own(self, vectors: np.ndarray, n: int) -> tuple[np.ndarray, str]:
        """Return the user's vectors as float32 (n, d) and the name of their space."""
        matrix = matrix_of(vectors, OWN, n)
        assert matrix is not None
        fingerprint, kept = f"{OWN}-{matrix.shape[1]}", self.log.setting("fingerprint")
        if kept is not None and kept != fingerprint:
            if self.encoder_name != OWN:
                raise InputError(
                    f"this store's vectors are made by {self.encoder_name!r}; leave vectors= out, or start a new store with your own"
                )
            raise InputError(f"vectors have d={matrix.shape[1]}, but the store's have d={kept.removeprefix(f'{OWN}-')}; nothing was stored")
        return matrix, fingerprint

    def _settings(self, name: str, fingerprint: str | None) -> dict[str, str]:
        """Return what the log is to keep of the encoder with the first vectors, in one transaction with them; nothing later."""
        if self.log.setting("fingerprint") is not None:
            return {}
        return {"encoder": name} | ({} if fingerprint is None else {"fingerprint": fingerprint})

    def assert_fact(
        self,
        subject: str,
        relation: str,
        object: str,
        *,
        record: str,
        span: tuple[int, int] | None = None,
        valid: Valid | None = None,
        source: str = "user",
    ) -> Fact:
        """Store what a record says, with the bytes that say it and the time for which it is true; see `Log.assert_fact`."""
        return self.log.assert_fact(subject, relation, object, record=record, span=span, valid=valid, source=source)

    def close_fact(self, id: str, *, ended: Time | None = None) -> Fact | None:
        """Close a fact, which stays in the history; see `Log.close_fact`."""
        return self.log.close_fact(id, ended=ended)

    def facts(self, at: Time | None = None, known_at: Time | None = None, *, history: bool = False) -> Iterator[Fact]:
        """Return the facts true at a time, as held at a time; see `Log.facts`."""
        return self.log.facts(at, known_at, history=history)

    # What comes out

    def get(self, id: str) -> Stored:
        """Return a record; `.text` is byte for byte what went in.

        Raises:
            UnknownRecord: no record of that id.
        """
        return self.log.get(id)

    def records(self) -> Iterator[Stored]:
        """Return all records in the order in which they were added."""
        return self.log.records()

    def recall(
        self,
        question: str,
        *,
        k: int = 10,
        vector: np.ndarray | None = None,
        at: Time | None = None,
        known_at: Time | None = None,
        where: Where | None = None,
        channels: Collection[str] | None = None,
    ) -> Recall:
        """Return the k records that answer best, each with what every channel measured, and the probability that there is an answer.

        at, known_at: as of then. where: field -> value, or a predicate. channels: those that count. See `memory.recall`.
        """
        own = self.encoder_name == OWN
        dense = None if not asks_vectors(channels) or (own and vector is None) else self.vectors()
        made = None if own or vector is not None or dense is None or not len(dense) else self.encoder()
        return recall(
            self.log, dense, self.lexical(), self.graph_index(), made, question,
            k=k, vector=vector, at=at, known_at=known_at, where=where, channels=channels,
        )  # fmt: skip

    def graph(self, at: Time | None = None, known_at: Time | None = None) -> networkx.MultiDiGraph[Any]:
        """Return records, entities and facts as a graph, with provenance on every edge; as of a time where one is given."""
        from .record import seconds

        return self.graph_index().view(
            None if at is None else seconds(at, "at"), None if known_at is None else seconds(known_at, "known_at")
        )

    def stats(self) -> dict[str, Any]:
        """Return what `solomonic memory stats` shows: counts, bytes, encoder."""
        folder = self.log.folder
        files = (
            {} if folder is None else {p.relative_to(folder).as_posix(): p.stat().st_size for p in sorted(folder.rglob("*")) if p.is_file()}
        )
        return {
            "store": str(self.log.path),
            "records": len(self),
            "facts": sum(1 for _ in self.log.facts()),
            "encoder": self.encoder_name,
            "vectors": {fingerprint: {"dimensions": d, "count": n} for fingerprint, (d, n) in self.log.spaces().items()},
            "bytes": sum(files.values()),
            "files": files,
        }

    def newest(self, count: int) -> list[Stored]:
        """Return the last records that were added, newest first; a damaged one comes without its bytes and is not `intact`."""
        found: list[Stored] = []
        until, step = self.log.position().seq, count
        while len(found) < count and until > 0:
            found += reversed(list(self.log.indexable(max(0, until - step), until)))
            until, step = until - step, 4 * step
        return found[:count]

    def restore(self, lines: Iterable[str]) -> tuple[int, int]:
        """Put what `export` wrote into this store and return how many records and facts came in; records without a vector get one.

        Raises:
            InputError: a line is not an export's; what came before it stays, and the message says so.
        """

        def settings(spaces: Sequence[str]) -> dict[str, str]:
            if self.encoder_name == OWN:
                return self._settings(OWN, next((name for name in spaces if name.startswith(f"{OWN}-")), None))
            return self._settings(self.encoder_name, self.encoder().fingerprint)

        try:
            return restore(self.log, lines, settings)
        finally:
            # Also where a line was refused: what came before it stays, and is to be found like all else.
            self._complete()

    def _complete(self) -> None:
        """Give every record that has no vector of this store's encoder one."""
        missing = self._without_vectors()
        for start in range(0, len(missing), BATCH):
            part = self.log.by_seq(missing[start : start + BATCH])
            vectors = self._encoded([record.readable for record in part])
            self.log.add_vectors([record.seq for record in part], vectors, self.encoder().fingerprint)

    def _without_vectors(self) -> list[int]:
        """Return the records that have no vector of this store's encoder."""
        fingerprint = self.log.setting("fingerprint")
        if self.encoder_name == OWN or fingerprint is None or self.log.spaces().get(fingerprint, (0, 0))[1] == len(self):
            return []
        have: set[int] = set()
        for seqs, _ in self.log.vectors(fingerprint):
            have.update(seqs.tolist())
        return [record.seq for record in self.log.records() if record.seq not in have]

    def _encoded(self, texts: Sequence[str]) -> np.ndarray:
        """Return a vector (n, d) a text; equal texts are encoded once."""
        once = list(dict.fromkeys(texts))
        place = {text: i for i, text in enumerate(once)}
        self.encoder()
        assert self._bare is not None
        vectors: np.ndarray = self._bare.encode(once)
        return vectors[[place[text] for text in texts]]

    # What must not be there, and what must

    def forget(self, ids: Sequence[str]) -> Receipt:
        """Erase records from every place, probe all of them, and return the receipt; see `memory.forget`."""
        return forget(self.log, ids, self._erasers())

    def verify(self) -> Report:
        """Check every record against its hash and every projection against the log; what can be made anew, is, and stands under `rebuilt`."""
        said = len(self.notices)
        watches = [
            Watch("encodings", self._unencoded, self._complete),
            Watch("vectors", self.vectors().check, self.vectors().rebuild),
            Watch("lexical", self.lexical().check, self.lexical().rebuild),
            Watch("graph", self.graph_index().check, self.graph_index().rebuild),
        ]
        report = verify(self.log, watches)
        # A damaged file is already made anew when its projection is opened, here for the first time perhaps.
        opened, self.notices[said:] = self.notices[said:], []
        return replace(report, rebuilt=(*opened, *report.rebuilt))

    def _unencoded(self) -> list[str]:
        missing = len(self._without_vectors())
        return [f"{missing} records have no vector"] if missing else []

    # Parts, opened when first needed

    @property
    def encoder_name(self) -> str:
        """The encoder's name; "own" where the vectors are the user's."""
        if self._kept is None:
            self._kept = self.log.setting("encoder")  # a writer may have settled it after this reader was opened
        return self._kept or self._wanted

    def encoder(self) -> Encoder:
        """Return the store's encoder; the vectors of questions are cached while the memory is open, those of records lie in the log.

        Raises:
            MissingExtra: its weights are not on this machine.
            InputError: this machine's encoder of that name does not make the vectors that the store holds.
        """
        with self._lock:
            if self._encoder is None:
                kept = self.log.setting("fingerprint")
                made = encoder(self.encoder_name, fingerprint=kept)
                if kept is not None and made.fingerprint != kept:
                    raise InputError(
                        f"the store's vectors were made by another version of {self.encoder_name!r} ({kept[:8]}, here {made.fingerprint[:8]}); "
                        "export the records and add them to a new store"
                    )
                self._bare, self._encoder = made, CachedEncoder(made, None)
            return self._encoder

    def vectors(self) -> VectorIndex:
        """Return the vector index of the store's own space."""
        with self._lock:
            if self._vectors is None:
                fingerprint = self.log.setting("fingerprint")
                if fingerprint is None:
                    return VectorIndex.load(None, self.log, "0" * 32)
                self._vectors = VectorIndex.load(self._folder(), self.log, fingerprint, notices=self.notices)
            return self._vectors

    def lexical(self) -> LexicalIndex:
        """Return the word index."""
        with self._lock:
            if self._lexical is None:
                self._lexical = LexicalIndex.load(self._folder(), self.log, notices=self.notices)
            return self._lexical

    def graph_index(self) -> GraphIndex:
        """Return the sparse graph."""
        with self._lock:
            if self._graph is None:
                self._graph = GraphIndex.load(self._folder(), self.log)
            self.notices += self._graph.notices
            self._graph.notices.clear()
            return self._graph

    def _folder(self) -> Path | None:
        """Return where the projections lie, made where it is not there and may be written."""
        if self.log.folder is None:
            return None
        folder = self.log.folder / PROJECTIONS
        if not self.log.readonly:
            folder.mkdir(exist_ok=True)
        return folder

    def _erasers(self) -> list[Eraser]:
        """Return how each place outside the log forgets."""
        graph, cache = self.graph_index(), self._encoder

        def texts(records: Sequence[Stored]) -> list[str]:
            return [record.readable for record in records]

        def erase_cache(records: Sequence[Stored]) -> None:
            if cache is not None:
                cache.erase(texts(records))

        def probe_cache(records: Sequence[Stored]) -> list[str]:
            kept = [] if cache is None else cache.probe(texts(records))
            return [f"the text of record {record.id} is still there" for record, there in zip(records, kept, strict=False) if there]

        return [
            _eraser("vectors", self.vectors()),
            _eraser("text", self.lexical()),
            Eraser("graph", graph.erase, graph.probe),
            Eraser("caches", erase_cache, probe_cache),
        ]


def _eraser(place: str, index: VectorIndex | LexicalIndex) -> Eraser:
    """Return how an index forgets; what it holds beyond the log is what it has not forgotten."""

    def erase(records: Sequence[Stored]) -> None:
        index.remove([record.seq for record in records])

    return Eraser(place, erase, lambda records: index.check())


def _readable(record: Record) -> str:
    return record.data.decode("utf-8", "replace")
