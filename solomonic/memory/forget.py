"""Verified forgetting: records are erased from everywhere, every place is then asked whether anything is left, and a receipt says so.

The log goes first, for it is the truth: should the process die in between, a projection finds at its next opening that the log's epoch has risen, and is made
anew. What was trained on a record outside the store, or copied out of it, is out of reach; the receipt says that too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..errors import InputError
from ..records import SCHEMA_VERSION
from . import fulltext, rawfile
from .log import Log
from .record import Stored

PLACES: Final = ("log", "pages", "vectors", "text", "graph", "caches")
NOT_COVERED: Final = (
    "models trained on these records outside the store, copies and backups made of it, and blocks that the file system has freed"
)
FRAGMENT_BYTES: Final = 24
SHORTEST_BYTES: Final = 8
MOST_FRAGMENTS: Final = 64
MOST_WORDS: Final = 2_000
CHUNK_BYTES: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class Eraser:
    """How one place outside the log forgets: a projection, a cache.

    place: one of PLACES. erase: take these records out, on disk too. probe: say what is still found of them; empty where nothing is.
    """

    place: str
    erase: Callable[[Sequence[Stored]], None]
    probe: Callable[[Sequence[Stored]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was forgotten, and what each place says of it: True where nothing is left. `found`: what still is, and where."""

    forgotten: tuple[str, ...]
    probes: dict[str, bool]
    found: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is left anywhere."""
        return all(self.probes.values())

    def json(self) -> dict[str, Any]:
        """Return the receipt as the JSON contract has it."""
        return {
            "schema_version": SCHEMA_VERSION,
            "forgotten": list(self.forgotten),
            "probes": dict(self.probes),
            "ok": self.ok,
            "found": list(self.found),
            "not_covered": NOT_COVERED,
        }

    def __repr__(self) -> str:
        left = [place for place, clean in self.probes.items() if not clean]
        return f"Receipt({len(self.forgotten)} forgotten, {'nothing left' if self.ok else 'something left in ' + ', '.join(left)})"


def forget(log: Log, ids: Sequence[str], erasers: Sequence[Eraser] = ()) -> Receipt:
    """Erase records from the log and from every eraser's place, probe all of them, and return the receipt.

    Raises:
        UnknownRecord: an id is not in the store; nothing was forgotten.
        StoreError: the store cannot be written; nothing was forgotten.
    """
    for eraser in erasers:
        if eraser.place not in PLACES:
            raise InputError(f"an eraser names the place {eraser.place!r}; places are {', '.join(PLACES)}")
    if isinstance(ids, str):
        raise InputError(f"forget takes a list of ids, not one text; write [{ids!r}]")
    names = tuple(dict.fromkeys(ids))
    records = log.by_seq(log.seqs(names), checked=False)
    traces = list(fragments(log, records))
    if records:
        log.forget([record.seq for record in records])
    for eraser in erasers:
        eraser.erase(records)
    found = {place: list(probe) for place, probe in _own_probes(log, records, traces)} | {"graph": [], "caches": []}
    for eraser in erasers:
        found[eraser.place] += eraser.probe(records)
    lines = tuple(f"{place}: {line}" for place in PLACES for line in found[place])
    return Receipt(names, {place: not found[place] for place in PLACES}, lines)


def _own_probes(log: Log, records: Sequence[Stored], traces: Sequence[tuple[str, bytes]]) -> Iterator[tuple[str, Iterator[str]]]:
    yield "log", _in_log(log, records)
    yield "pages", _in_pages(log, traces)
    yield "vectors", _in_vectors(log, records)
    yield "text", _in_text(log, records)


def _in_log(log: Log, records: Sequence[Stored]) -> Iterator[str]:
    yield from (f"record {record.id} is still there" for record in log.by_seq([record.seq for record in records], checked=False))
    with log.read():
        for record in records:
            left = log.connections.reader().execute("SELECT count(*) FROM fact WHERE record = ?", (record.seq,)).fetchone()[0]
            if left:
                yield f"{left} facts rest on the forgotten record {record.id}"


def _in_vectors(log: Log, records: Sequence[Stored]) -> Iterator[str]:
    for fingerprint in log.spaces():
        for record in records:
            if any(len(seqs) for seqs, _ in log.vectors(fingerprint, record.seq - 1, record.seq)):
                yield f"the vector of record {record.id} (encoder {fingerprint}) is still there"


def _in_text(log: Log, records: Sequence[Stored]) -> Iterator[str]:
    with log.read():
        connection = log.connections.reader()
        for record in records:
            words = list(dict.fromkeys(re.findall(r"\w+", record.readable)))[:MOST_WORDS]
            if fulltext.finds(connection, words, record.seq):
                yield f"words of record {record.id} still lead to it"


def fragments(log: Log, records: Sequence[Stored]) -> Iterator[tuple[str, bytes]]:
    """Return (what it is, bytes) for a sample of what must not be found in any file: ids, pieces of the texts and of the vectors, facts.

    At most MOST_FRAGMENTS in all: certainty comes from how erasure is done (`memory.erase`), the probe is there to catch it failing.
    """
    if not records:
        return
    step = max(1, len(records) * 4 // MOST_FRAGMENTS)
    sample = list(records)[::step]
    for record in sample:
        yield f"the id of record {record.id}", record.id.encode()
        size = len(record.data)
        if size >= SHORTEST_BYTES:
            yield f"bytes of record {record.id}", record.data[:FRAGMENT_BYTES]
            yield f"bytes of record {record.id}", record.data[max(0, size - FRAGMENT_BYTES) :]
    for fingerprint in log.spaces():
        for record in sample[: MOST_FRAGMENTS // 4]:
            for _, vectors in log.vectors(fingerprint, record.seq - 1, record.seq):
                yield f"the vector of record {record.id}", np.ascontiguousarray(vectors[0], dtype="<f4").tobytes()[:FRAGMENT_BYTES]


def _in_pages(log: Log, traces: Sequence[tuple[str, bytes]]) -> Iterator[str]:
    """Return which traces lie in a file of the store without belonging to anything that is still remembered."""
    if log.folder is None:
        return
    if log.erasing:
        yield "a reader holds an old state of the store, which keeps the bytes in the write-ahead log; close it, then open the store again"
        return
    for path in sorted(path for path in log.folder.rglob("*") if path.is_file()):
        for name in sorted({name for name, fragment in _search(path, traces) if not _lives(log, fragment)}):
            yield f"{name} in {path.relative_to(log.folder)}"


def _search(path: Path, traces: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    left = list(traces)
    found: list[tuple[str, bytes]] = []
    overlap = max((len(fragment) for _, fragment in traces), default=1)
    with rawfile.reading(path) as handle:
        for chunk in rawfile.chunks(handle, CHUNK_BYTES, overlap):
            hits = [trace for trace in left if trace[1] in chunk]
            found += hits
            left = [trace for trace in left if trace not in hits]
    return found


def _lives(log: Log, fragment: bytes) -> bool:
    """Return whether something still remembered holds the same bytes."""
    with log.read():
        connection = log.connections.reader()
        tests = (
            "SELECT 1 FROM record WHERE instr(data, ?)",
            "SELECT 1 FROM vector WHERE instr(data, ?)",
            "SELECT 1 FROM record WHERE instr(CAST(ifnull(source, '') || ' ' || ifnull(session, '') || ' ' || ifnull(speaker, '') || ' ' || ifnull(meta, '') AS BLOB), ?)",
            "SELECT 1 FROM fact WHERE instr(CAST(subject || ' ' || relation || ' ' || object || ' ' || source AS BLOB), ?)",
            "SELECT 1 FROM setting WHERE instr(CAST(value AS BLOB), ?)",
        )
        return any(connection.execute(f"{test} LIMIT 1", (fragment,)).fetchone() for test in tests)
