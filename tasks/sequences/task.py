"""Two more automatic words, and the parities of integer sequences of the OEIS file where SOLOMONIC_DATA is named."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from solomonic.records import TaskInfo, child_rng
from solomonic.tasks import Task, generate
from solomonic.tasks.exams import Sequences

LENGTH = 256
LEARNERS = ("uniform", "kt", "ngram", "ctw", "solomonoff", "solomonoff+ctw")
PARITIES = 40
TERMS = 28


def rudin_shapiro(length: int) -> tuple[int, ...]:
    """Return 00010010..: how often 11 occurs in the binary digits of t, mod 2 (Rudin 1959; Shapiro 1952)."""
    return tuple((t & t >> 1).bit_count() % 2 for t in range(length))


def tribonacci_word(length: int) -> tuple[int, ...]:
    """Return whether each letter of the tribonacci word 0102010.. (0 -> 01, 1 -> 02, 2 -> 0) is the letter 0: 1010101.. begins it."""
    word = [0]
    while len(word) < length:
        word = [letter for old in word for letter in ((0, 1), (0, 2), (0,))[old]]
    return tuple(int(letter == 0) for letter in word[:length])


def parities(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return the parities of the first terms of integer sequences, each 50th of the file, constant ones left out."""
    found = {}
    with (folder / "oeis" / "give.txt").open(encoding="ascii") as lines:
        for number, line in enumerate(lines):
            name, _, rest = line.strip().partition(" ")
            terms = [int(term) for term in rest.strip(",").split(",")][:TERMS]
            bits = tuple(term % 2 for term in terms)
            if number % 50 == 0 and len(bits) == TERMS and len(set(bits)) == 2:
                found[name] = bits
    return dict(list(found.items())[:PARITIES])


def entropy_rate(order: int, p: Sequence[float]) -> float:
    """Return the entropy rate in bits a symbol of a Markov source, p as for `generators.markov`: the least that anyone can lose on it in the long run."""
    contexts = 1 << order
    shares = np.full(contexts, 1.0 / contexts)
    for _ in range(10_000):
        after = np.zeros(contexts)
        for context, share in enumerate(shares):
            after[2 * context % contexts] += share * (1.0 - p[context])
            after[(2 * context + 1) % contexts] += share * p[context]
        shares = (shares + after) / 2.0
    rates = [-(q * np.log2(q) if q else 0.0) - ((1 - q) * np.log2(1 - q) if q < 1 else 0.0) for q in p]
    return float(shares @ np.array(rates))


def task(name: str, title: str, sequences: dict[str, tuple[int, ...]]) -> Task:
    """Return the exam of these sequences."""
    info = TaskInfo(name, "symbols", "symbol", (0, 1), ("log_loss", "accuracy"), resample_by="sequence")
    return Task(info, Sequences(sequences, rehearsal()), "sequences", LEARNERS, 1, title)


def rehearsal() -> dict[str, tuple[int, ...]]:
    """Return the sequence on which the best of a family is chosen, the one that suite.toml has for its exams."""
    draws = generate("markov", LENGTH, rng=child_rng(1, "generator", "markov"), order=2, p=[0.3, 0.8, 0.1, 0.6])
    return {"markov_rehearsal": draws}


def tasks() -> Iterable[Task]:
    """Yield the exams that a suite.toml cannot describe."""
    words = {"rudin_shapiro": rudin_shapiro(LENGTH), "tribonacci": tribonacci_word(LENGTH)}
    yield task("automatic", "Rudin-Shapiro and tribonacci words", words)
    named = os.environ.get("SOLOMONIC_DATA")
    if named and (Path(named) / "oeis" / "give.txt").is_file():
        yield task("parities", "Odd or even: the first terms of integer sequences", parities(Path(named)))
