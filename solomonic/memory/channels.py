"""What each channel measures of a candidate record, as numbers that mean the same in a store of any size and with any encoder.

    dense     cosine to the question, in standard deviations above the store's own mean (a sample of it); the question in the speaker's mouth
    lexical   BM25, as a share of the best record's
    context   the content of the neighbouring turns, halved with each step away
    session   the mean content of the session's three best records
    graph     personalised PageRank from the entities that the question names, as a share of the best record's, on a log scale
    hop       what the best record so far mentions and the question does not: the weight of those entities that the record shares
    time      how near the record's time is to a time that the question names, 1 inside, exp(-days / 7) outside
    speaker   1 where the question names the record's speaker
    cue       1 where the question asks for a time or a number and the record holds one
    form      the share of the record's sentences that state rather than ask

Content is dense / 4 + lexical: for the best record of a typical question both are near 1 (four standard deviations; the best share).
Where a channel has nothing to say (no session, no date) it is 0. All are functions of arrays; nothing here reads a store.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from .periods import DAY_S, Period
from .question import Cue

REACH: Final = 3
"""How many turns away a neighbour counts."""

FADE: Final = 0.5
TOP: Final = 3
DEPTH: Final = 100.0
NEAR_S: Final = 7.0 * DAY_S
MOST_CHARACTERS: Final = 4_096
"""How much of a record is read for its form and its cues."""

_asks: Final = re.compile(r"\?+(?=\s|$|[\"”’)\]])").findall
_ends: Final = re.compile(r"[.!?…]+(?=\s|$|[\"”’)\]])").findall
_time_words: Final = re.compile(
    r"\b(?:yesterday|today|tomorrow|tonight|last|next|ago|recently|since|week(?:end)?s?|months?|years?|decades?|century|"
    r"this (?:morning|afternoon|evening|spring|summer|fall|autumn|winter)|(?:mon|tues|wednes|thurs|fri|satur|sun)day|"
    r"january|february|march|april|june|july|august|september|october|november|december|in may|\d{1,2} may|may \d{1,4}|1[5-9]\d\d|20\d\d)\b",
    re.IGNORECASE,
).search
_number_words: Final = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|once|twice|couple|few|several|many|"
    r"every|daily|weekly|monthly|yearly)\b",
    re.IGNORECASE,
).search


def standardised(scores: np.ndarray, mean: float, deviation: float) -> np.ndarray:
    """Return scores (n,) in standard deviations above the mean; 0 where the deviation is none."""
    values = np.asarray(scores, dtype=np.float64)
    return np.asarray((values - mean) / deviation) if deviation > 1e-9 else np.zeros(len(values))


def share(scores: np.ndarray) -> np.ndarray:
    """Return scores (n,) >= 0 as a share of the best one; all 0 where that is 0."""
    values = np.asarray(scores, dtype=np.float64)
    best = float(values.max(initial=0.0))
    return np.asarray(values / best) if best > 0.0 else np.zeros(len(values))


def content(dense: np.ndarray, lexical: np.ndarray) -> np.ndarray:
    """Return how much a record says of what the question asks, from what it says alone; near 1 for the best, never below 0."""
    return np.asarray(np.maximum(np.asarray(dense) / 4.0 + np.asarray(lexical), 0.0))


def context(contents: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """Return the contents of each candidate's neighbours, summed, halved with each step away (n,).

    contents: (n,) of the candidates. neighbours: int (n, 2 * reach) places among the candidates in steps 1, -1, 2, -2, ...; -1 where there is none.
    """
    padded = np.append(contents, 0.0)
    fades = FADE ** (np.arange(neighbours.shape[1]) // 2)
    return np.asarray(padded[neighbours] @ fades)


def session(contents: np.ndarray, sessions: np.ndarray) -> np.ndarray:
    """Return for each candidate the mean of the TOP best contents in its session (n,); 0 where it has none (session -1)."""
    contents, sessions = np.asarray(contents, dtype=np.float64), np.asarray(sessions)
    if not len(contents):
        return np.zeros(0)
    order = np.lexsort((-contents, sessions))
    first = np.append(True, sessions[order][1:] != sessions[order][:-1])
    group = np.cumsum(first) - 1
    place = np.arange(len(order)) - np.flatnonzero(first)[group]
    means = np.bincount(group, weights=np.where(place < TOP, contents[order], 0.0)) / TOP
    out = np.zeros(len(contents))
    out[order] = means[group]
    return np.where(sessions >= 0, out, 0.0)


def time(at: np.ndarray, periods: Sequence[Period]) -> np.ndarray:
    """Return how near each record's time (n,) in POSIX seconds, nan where unknown, is to the nearest of the periods."""
    best = np.zeros(len(at))
    for period in periods:
        gap = np.maximum(np.maximum(period.start - at, at - period.end), 0.0)
        best = np.maximum(best, np.nan_to_num(np.exp(-gap / NEAR_S), nan=0.0))
    return best


def speaker(codes: np.ndarray, named: Iterable[int]) -> np.ndarray:
    """Return 1.0 where the speaker's code (n,) is among those that the question names."""
    return np.isin(codes, list(named)).astype(np.float64)


def cue(texts: Sequence[str], asked: Cue | None) -> np.ndarray:
    """Return 1.0 where a text (n,) holds the kind of thing that is asked for, found by the words of the calendar and of counting."""
    if asked is None:
        return np.zeros(len(texts))
    search = _time_words if asked == "time" else _number_words
    return np.array([1.0 if search(text[:MOST_CHARACTERS]) else 0.0 for text in texts])


def form(texts: Sequence[str]) -> np.ndarray:
    """Return the share (n,) of each text's sentences that state rather than ask; 1 for a text with no sentence end."""
    return np.array([_stating(text[:MOST_CHARACTERS]) for text in texts])


def _stating(text: str) -> float:
    asked = len(_asks(text)) if "?" in text else 0
    return 1.0 - asked / max(len(_ends(text)), asked, 1)


def reached(rows: np.ndarray, found: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """Return log(1 + 100 share) / log(101) of the ranks that a walk gave to the rows that it found; 0 for the other rows (n,).

    PageRank falls by about an order of magnitude with each step away from what the question names; on a log scale a step is a step.
    """
    out = np.zeros(len(rows))
    if len(found):
        order = np.argsort(found)
        places = np.minimum(np.searchsorted(found[order], rows), len(found) - 1)
        here = found[order][places] == rows
        out[here] = np.log1p(DEPTH * share(ranks)[order][places[here]]) / np.log1p(DEPTH)
    return out


def hop(shared: np.ndarray) -> np.ndarray:
    """Return the weight (n,) of what a record shares with a first hit, in nats of rarity, brought into [0, 1): w / (5 + w)."""
    shared = np.asarray(shared, dtype=np.float64)
    return shared / (5.0 + shared)
