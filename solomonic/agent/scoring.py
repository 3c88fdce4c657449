"""Which stretch of which sentence answers best: a log-linear model over `features`, and the probability that it is an answer at all.

score(candidate) = sum of weight * feature. The weights are in `weights.py`, fitted by `benchmarks/ask_quality.py --choose` on LoCoMo's dialogues and on
the single steps of MuSiQue's questions; the textbook had no part in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ..memory.recall import Recall
from ..memory.record import Stored
from .asking import Asked, Kind, stemmed
from .candidates import Line, Span, line, spans
from .features import Features, Place, Surroundings, of_place, of_span
from .sentences import Sentence, decoded, sentences
from .weights import ANSWERABLE, WEIGHTS

SENTENCES: Final = 8
"""Sentences whose stretches are weighed; more cost time and bring little."""

RECORDS: Final = 10
"""Records that are read."""

READ: Final = 4_096
"""Bytes of a record that are read for how it writes its words."""

_word: Final = re.compile(r"[^\W_]+").findall
_small: Final = re.compile(r"(?<![\w'’])[a-z][^\W_]*").findall
_capital: Final = re.compile(r"(?<=[a-z,;] )[A-Z][^\W_]*").findall


class Candidate(NamedTuple):
    """A stretch of a record, with what speaks for it; `place` is shared by all of one sentence."""

    record: Stored
    text: str
    read: Line
    span: Span
    place: Place
    features: Features


@dataclass(frozen=True, slots=True)
class Weighed:
    """A candidate and its score."""

    score: float
    candidate: Candidate


def candidates(asked: Asked, found: Recall, records: Mapping[int, Stored]) -> list[Candidate]:
    """Return the candidates of the best sentences of the records that recall found, best records first.

    records: seq -> record, of the hits and of those added just before and after them.
    """
    everything: list[Candidate] = []
    around = surroundings([records[hit.seq] for hit in found.hits if hit.seq in records])
    for record, text, read, place in _sentences(asked, found, records):
        shared = of_place(place, read)
        taken = spans(read, record.at)
        if asked.kind == "when" and record.at is not None:
            taken.append(Span(read.sentence.start, read.sentence.end, "told", 0, len(read.words)))
        for span in fitting(asked.kind, [span for span in taken if not _repeats(asked, read, span)]):
            everything.append(Candidate(record, text, read, span, place, shared | of_span(asked, read, span, around)))
    return everything


def _repeats(asked: Asked, read: Line, span: Span) -> bool:
    """Does a short stretch say nothing that the question does not say itself?"""
    stems = {word.stem for word in read.words[span.first : span.last]} - {""}
    return span.kind not in ("sentence", "told", "date", "duration") and stems <= asked.weights.keys()


def fitting(kind: Kind, taken: list[Span]) -> list[Span]:
    """Return the stretches that can answer a kind of question; all where the kind does not say.

    What was asked with yes or no is told by a sentence, how and why by a clause; when, by a time; how many, by what holds a number.
    """
    match kind:
        case "when":
            return [span for span in taken if span.kind in ("date", "told")] or [span for span in taken if span.kind == "duration"]
        case "yes-no":
            return [span for span in taken if span.kind == "sentence"]
        case "how" | "why":
            return [span for span in taken if span.last - span.first >= 3]
        case "number" | "duration":
            exact = [span for span in taken if span.kind in ("number", "duration")]
            return [span for span in taken if any(span.start <= one.start and one.end <= span.end for one in exact)] or taken
    return taken


def surroundings(records: Sequence[Stored]) -> Surroundings:
    """Return how the records write their words, and who speaks."""
    small: set[str] = set()
    capital: set[str] = set()
    for record in records:
        text = decoded(record.data[:READ])
        small.update(_small(text))
        capital.update(word.lower() for word in _capital(text))
    speakers = {word for record in records for word in (record.speaker or "").lower().split()}
    return Surroundings(frozenset(small), frozenset(capital), frozenset(speakers))


def _sentences(asked: Asked, found: Recall, known: Mapping[int, Stored]) -> list[tuple[Stored, str, Line, Place]]:
    """Return the SENTENCES sentences that say most of the question, in the best records."""
    top = found.hits[0].score if found.hits else 0.0
    likest = max((hit.channels.get("dense", 0.0) for hit in found.hits), default=0.0)
    rows: list[tuple[float, int, tuple[Stored, str, Line, Place]]] = []
    for rank, hit in enumerate(found.hits[:RECORDS]):
        record = known.get(hit.seq)
        if record is None:
            continue
        text = decoded(record.data)
        dense = hit.channels.get("dense", 0.0)
        split = _likely(asked, text)
        mode = "spoken" if record.speaker else "alone" if len(split) == 1 else "part"
        lines = [line(text, sentence) for sentence in split]
        said = [{word.stem for word in read.words} & asked.weights.keys() for read in lines]
        about = _said(asked, f"{record.session or ''} {record.source or ''} {record.speaker or ''}")
        beside = [
            other
            for step in (-1, 1)
            if (other := known.get(hit.seq + step)) and other.session is not None and other.session == record.session
        ]
        before, after = ([_said(asked, decoded(other.data[:READ])) for other in beside if other.seq - hit.seq == step] for step in (-1, 1))
        whole = _share(asked, about.union(*said, *before, *after))
        said = [*(before or [set()]), *said, *(after or [set()])]
        for i, read in enumerate(lines):
            if read.words:
                near = about.union(*said[i : i + 3])
                place = Place(_share(asked, said[i + 1]), whole, _share(asked, near), hit.score - top, rank, dense, likest, mode)
                prior = (
                    place.cover
                    + 0.5 * place.near
                    + 0.5 * place.record
                    + 0.25 * place.score
                    + 0.5 * (dense - likest)
                    - 0.3 * (text[read.sentence.end - 1] == "?")
                )
                rows.append((-prior, len(rows), (record, text, read, place)))
    return [row[2] for row in sorted(rows)[:SENTENCES]]


def _said(asked: Asked, text: str) -> set[str]:
    """Return which of the question's stems a text says."""
    return {stemmed(word) for word in set(_word(text.lower()))} & asked.weights.keys()


def _share(asked: Asked, stems: set[str]) -> float:
    return sum(asked.weights[stem] for stem in stems) / asked.total


def _likely(asked: Asked, text: str, most: int = 60) -> list[Sentence]:
    """Return the sentences of a record; of a long one those that hold most of the question's stems as letters, in the order of the text."""
    split = list(sentences(text))
    if len(split) <= most:
        return split
    counts = []
    for i, sentence in enumerate(split):
        small = text[sentence.start : sentence.end].lower()
        counts.append((-sum(weight for stem, weight in asked.weights.items() if stem in small), i))
    return [split[i] for i in sorted(i for _, i in sorted(counts)[:most])]


def weigh(options: Sequence[Candidate], weights: Mapping[str, float] = WEIGHTS) -> list[Weighed]:
    """Return the candidates, best first; of equals the one of the better record, then the earlier and shorter one."""
    get = weights.get
    scored = [Weighed(sum(get(name, 0.0) * value for name, value in option.features.items()), option) for option in options]
    scored.sort(key=lambda one: (-one.score, one.candidate.place.rank, one.candidate.span.start, one.candidate.span.end))
    return scored


def signs(asked: Asked, found: Recall, ranked: Sequence[Weighed]) -> Features:
    """Return what tells a question with an answer from one without.

    recall: logit of recall's own probability. cover, record: of the best candidate's place. unmet: share of the question's capitalised words that the best
    record and its speaker do not say. margin: by how much the best candidate beats the best one of another record.
    """
    best = ranked[0].candidate
    said = f"{best.text} {best.record.speaker or ''} {best.record.source or ''}".lower()
    unmet = sum(name not in said for name in asked.names) / max(len(asked.names), 1)
    other = next((one.score for one in ranked if one.candidate.record.seq != best.record.seq), ranked[0].score - 2.0)
    p = min(max(found.answerable, 1e-6), 1 - 1e-6)
    return {
        "recall": math.log(p / (1 - p)),
        "dense": best.place.dense,
        "score": ranked[0].score,
        "cover": best.place.cover,
        "record": best.place.record,
        "unmet": unmet,
        "margin": min(max(ranked[0].score - other, -2.0), 2.0),
    }


def probability(found: Features, weights: Mapping[str, float] = ANSWERABLE) -> float:
    """Return the probability in [0, 1] that there is an answer; see `signs`."""
    logit = weights.get("bias", 0.0) + sum(weights.get(name, 0.0) * value for name, value in found.items())
    return 1.0 / (1.0 + math.exp(-min(max(logit, -500.0), 500.0)))
