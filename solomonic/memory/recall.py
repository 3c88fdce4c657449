"""Recall: which records answer a question, how surely, and why each was chosen.

In three steps, so that the cost hardly grows with the store. *Gather*: the best of the vector index, of the word index and of the graph, with the
turns beside the best of them. *Score*: every channel for each of these candidates (`channels`), summed by `fusion`. *Read*: the texts of
the best, for what only the text can tell. Nothing is learned at question time and no language model is asked.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, overload

import numpy as np

from ..encoders.protocol import Encoder
from ..errors import InputError, UnknownName
from . import answerable
from . import channels as measures
from .fusion import CHANNELS, WEIGHTS, Weights, fuse
from .gather import Dense, Gatherer, Graph, Lexical, Pool
from .log import Log
from .outline import Outline, Where
from .question import Question, read
from .record import Stored, Time, seconds

POOL: Final = 50
"""How many candidates the vector index brings; the word index brings twice as many, which cost less."""

BESIDE: Final = 30
"""Of how many of them the neighbouring turns are candidates too."""

TEXTS: Final = 60
"""How many candidates are read."""

REACHED: Final = 4_096
"""How many records a walk over the graph may score; the first POOL of them are candidates."""

HOPS: Final = 50
"""How many candidates are held against the best one."""

_CONTENT: Final = frozenset(("dense", "lexical"))


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that answers. channels: what each channel measured (see `channels`); the score is their weighted sum.

    span: the bytes of the record that count.
    """

    id: str
    text: str | bytes
    score: float
    channels: dict[str, float]
    span: tuple[int, int]
    seq: int


@dataclass(frozen=True, slots=True)
class Recall(Sequence[Hit]):
    """A sequence of hits, best first, and the probability that the memory holds an answer at all, with the signs that it rests on.

    The probability is calibrated for recall with all channels; with some left out it only orders questions. signs: None where there is no hit.
    """

    hits: list[Hit]
    signs: answerable.Signs | None
    answerable: float

    def __len__(self) -> int:
        return len(self.hits)

    @overload
    def __getitem__(self, place: int) -> Hit: ...

    @overload
    def __getitem__(self, place: slice) -> list[Hit]: ...

    def __getitem__(self, place: int | slice) -> Hit | list[Hit]:
        return self.hits[place]


def recall(
    log: Log,
    vectors: Dense | None,
    lexical: Lexical | None,
    graph: Graph | None,
    encoder: Encoder | None,
    question: str,
    *,
    k: int = 10,
    vector: np.ndarray | None = None,
    at: Time | None = None,
    known_at: Time | None = None,
    where: Where | None = None,
    channels: Collection[str] | None = None,
    weights: Weights = WEIGHTS,
) -> Recall:
    """Return the k records that answer a question best.

    vectors, lexical, graph: projections of the log; a channel whose projection is None is silent. vector: the question's own vector (d,); the
    encoder is not asked then. at, known_at: only what had happened and was true, and had been learned, by then. where: see `outline.Where`.
    channels: those that count; all where None.

    Raises:
        InputError: k below 1, or a vector that is not finite or of another length than the store's.
        UnknownName: no channel of that name.
    """
    if k < 1:
        raise InputError(f"k={k}; ask for at least one record")
    used = frozenset(CHANNELS if channels is None else channels)
    if used - set(CHANNELS):
        raise UnknownName("channel", min(used - set(CHANNELS)), CHANNELS)
    then = None if at is None else seconds(at, "at")
    with log.read():
        outline = _outline(log)
        allowed = outline.allowed(log, where, then, None if known_at is None else seconds(known_at, "known_at"))
        asked = read(question, outline.voices, now=then)
        content = _content(used)
        query = _query(encoder, asked, vector) if vectors is not None and "dense" in content else None
        words = lexical if "lexical" in content else None
        gatherer = Gatherer(outline, allowed, vectors, query, words, asked.nameless)
        walked = None if graph is None or "graph" not in used else gatherer.named(graph, question, max(REACHED, k), then)
        most = max(POOL, k)
        pool = gatherer.pool(gatherer.dense(most), gatherer.lexical(2 * most), None if walked is None else walked[0][:most])
        if used & {"context", "session"}:
            pool = gatherer.beside(pool, max(BESIDE, k))
        if not len(pool.rows):
            return Recall([], None, 0.0)
        scores = scored(outline, asked, pool, used)
        if walked is not None:
            scores["graph"] = measures.reached(pool.rows, *walked)
        if graph is not None and "hop" in used:
            scores["hop"] = _hop(graph, outline, pool, fuse(scores, weights) if scores else pool.contents, question, then)
        return _ranked(log, outline, asked, pool, scores, used, weights, k)


def asks_vectors(channels: Collection[str] | None) -> bool:
    """Return whether recall by these channels compares vectors."""
    return channels is None or "dense" in _content(channels)


def _content(channels: Collection[str]) -> frozenset[str]:
    """Return the channels that bring candidates by their content; those made of others need both, unless the caller left one of them out."""
    return _CONTENT & frozenset(channels) or _CONTENT


def _hop(graph: Graph, outline: Outline, pool: Pool, before: np.ndarray, question: str, at: float | None) -> np.ndarray:
    """Return the hop channel (n,): what each candidate shares with the best one so far, beyond what the question names."""
    out = np.zeros(len(pool.rows))
    likely = np.argsort(-before, kind="stable")[:HOPS]
    seqs = outline.seqs[pool.rows[likely]].tolist()
    out[likely] = measures.hop(graph.shared(seqs[:1], seqs, without=graph.entities(question, at=at)))
    return out


def scored(outline: Outline, asked: Question, pool: Pool, used: frozenset[str]) -> dict[str, np.ndarray]:
    """Return channel -> score (n,) of every candidate, for the channels that need no text."""
    rows, contents = pool.rows, pool.contents
    scores = {"dense": pool.dense, "lexical": pool.lexical}
    if "context" in used:
        places = outline.neighbours(rows, measures.REACH)
        found = np.minimum(np.searchsorted(rows, places), len(rows) - 1)
        scores["context"] = measures.context(contents, np.where((places >= 0) & (rows[found] == places), found, -1))
    if "session" in used:
        scores["session"] = measures.session(contents, outline.codes["session"][rows])
    if "time" in used:
        scores["time"] = measures.time(outline.at[rows], asked.periods)
    if "speaker" in used:
        codes = outline.names["speaker"]
        scores["speaker"] = measures.speaker(outline.codes["speaker"][rows], [codes[name] for name in asked.speakers])
    return {name: values for name, values in scores.items() if name in used}


def _ranked(
    log: Log,
    outline: Outline,
    asked: Question,
    pool: Pool,
    scores: dict[str, np.ndarray],
    used: frozenset[str],
    weights: Weights,
    k: int,
) -> Recall:
    before = fuse(scores, weights) if scores else np.zeros(len(pool.rows))
    best = np.argsort(-before, kind="stable")[: max(TEXTS, k)]
    seqs = outline.seqs[pool.rows]
    # A damaged record is no answer, and keeps no other from being one.
    records = {record.seq: record for record in log.by_seq(seqs[best].tolist(), checked=False) if record.intact}
    best = np.array([i for i in best if int(seqs[i]) in records], dtype=np.int64)
    texts = [records[int(seqs[i])].readable for i in best]
    scores = {name: values[best] for name, values in scores.items()}
    if "cue" in used:
        scores["cue"] = measures.cue(texts, asked.cue)
    if "form" in used:
        scores["form"] = measures.form(texts)
    total = fuse(scores, weights) if scores else np.zeros(len(best))
    order = np.argsort(-total, kind="stable")
    hits = [
        _hit(records[int(seqs[best[i]])], float(total[i]), {name: float(values[i]) for name, values in scores.items()}) for i in order[:k]
    ]
    found = answerable.signs(total, scores.get("speaker"), weights.speaker)
    return Recall(hits, found, answerable.probability(found))


def _hit(record: Stored, score: float, parts: dict[str, float]) -> Hit:
    return Hit(record.id, record.text, score, parts, (0, len(record.data)), record.seq)


def _query(encoder: Encoder | None, asked: Question, vector: np.ndarray | None) -> np.ndarray | None:
    """Return the question's unit vector (d,), or None where there is neither a vector nor an encoder."""
    if vector is None:
        return None if encoder is None else np.asarray(encoder.encode([asked.voiced])[0], dtype=np.float32)
    given = np.asarray(vector, dtype=np.float32).reshape(-1)
    norm = float(np.linalg.norm(given))
    if not np.isfinite(norm):
        raise InputError("the question's vector is not finite")
    return given / norm if norm > 0.0 else given


_outlines: Final[weakref.WeakKeyDictionary[Log, Outline]] = weakref.WeakKeyDictionary()
_lock: Final = threading.Lock()
_EMPTY: Final = Outline()


def _outline(log: Log) -> Outline:
    """Return the outline of an open store, caught up; it lives as long as the Log does."""
    with _lock:
        outline = _outlines.get(log, _EMPTY).caught_up(log)
        _outlines[log] = outline
        return outline
