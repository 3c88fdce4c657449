"""Every sequence begins as the encyclopedia says, and follows another definition than the one in the code."""

from __future__ import annotations

import numpy as np
import pytest

from solomonic.errors import InputError, UnknownName
from solomonic.tasks import generators
from solomonic.tasks.generators import GENERATORS, RANDOM, generate, markov

N = 300

BEGINNINGS = {
    "zeros": "00000000",
    "alternating": "01010101",
    "period_three": "001001001",
    "period_five": "0010100101",
    "thue_morse": "0110100110010110",
    "fibonacci_word": "0100101001001",
    "period_doubling": "0100010101000100",
    "paperfolding": "1101100111001001",
    "zero_k_one": "101001000100001",
    "powers_of_two": "01101000100000001",
    "champernowne": "011011100101110111",
    "primes": "001101010001010001010001",
    "rule30_centre": "11011100110001011001",
}


def bits(text: str) -> tuple[int, ...]:
    return tuple(map(int, text[:N]))


def morphism(zero: str, one: str, start: str) -> tuple[int, ...]:
    word = start
    while len(word) < N:
        word = "".join(zero if letter == "0" else one for letter in word)
    return bits(word)


def rule30() -> tuple[int, ...]:
    row = np.zeros(2 * N + 1, dtype=int)
    row[N] = 1
    centre = []
    for _ in range(N):
        centre.append(int(row[N]))
        row = np.roll(row, 1) ^ (row | np.roll(row, -1))
    return tuple(centre)


def folded() -> tuple[int, ...]:
    word = "1"
    while len(word) < N:
        word = word + "1" + "".join("10"[int(letter)] for letter in reversed(word))
    return bits(word)


SIEVE = {t for t in range(2, N) if not any(t % d == 0 for d in range(2, t))}

REFERENCES = {
    "thue_morse": lambda: morphism("01", "10", "0"),
    "fibonacci_word": lambda: morphism("01", "0", "0"),
    "period_doubling": lambda: morphism("01", "00", "0"),
    "paperfolding": folded,
    "zero_k_one": lambda: bits("".join("0" * k + "1" for k in range(N))),
    "powers_of_two": lambda: tuple(int(t in {2**k for k in range(20)}) for t in range(N)),
    "champernowne": lambda: bits("".join(f"{k:b}" for k in range(N))),
    "primes": lambda: tuple(int(t in SIEVE) for t in range(N)),
    "rule30_centre": rule30,
    "period_three": lambda: bits("001" * N),
    "period_five": lambda: bits("00101" * N),
}


@pytest.mark.parametrize("name", BEGINNINGS)
def test_a_sequence_begins_as_it_should(name: str) -> None:
    assert "".join(map(str, getattr(generators, name)(len(BEGINNINGS[name])))) == BEGINNINGS[name]


@pytest.mark.parametrize("name", REFERENCES)
def test_a_sequence_follows_its_other_definition(name: str) -> None:
    assert getattr(generators, name)(N) == REFERENCES[name]()


@pytest.mark.parametrize("name", GENERATORS)
def test_a_longer_draw_begins_with_the_shorter_one(name: str) -> None:
    parameters = {"order": 1, "p": [0.2, 0.7]} if name == "markov" else {}
    short, long = (generate(name, length, rng=np.random.default_rng(5), **parameters) for length in (1, 100))
    assert len(long) == 100
    assert long[:1] == short
    assert all(type(bit) is int and bit in (0, 1) for bit in long)


def test_every_generator_is_covered_by_a_test() -> None:
    assert set(BEGINNINGS) | set(RANDOM) == set(GENERATORS)


def test_a_markov_source_has_the_transition_probabilities_it_was_given() -> None:
    p = [0.9, 0.2, 0.7, 0.1]
    drawn = markov(40_000, order=2, p=p, rng=np.random.default_rng(0))
    for context in range(4):
        after = [drawn[t] for t in range(2, len(drawn)) if 2 * drawn[t - 2] + drawn[t - 1] == context]
        assert np.mean(after) == pytest.approx(p[context], abs=0.02)


@pytest.mark.parametrize(("order", "p"), [(1, [0.5]), (-1, [0.5]), (1, [0.5, 1.5]), (0, [float("nan")])])
def test_probabilities_that_are_none_are_refused(order: int, p: list[float]) -> None:
    with pytest.raises(InputError, match="markov"):
        markov(10, order=order, p=p, rng=np.random.default_rng(0))


def test_wrong_names_lengths_and_parameters_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(UnknownName, match="thue_morse"):
        generate("thue_mors", 8, rng=rng)
    with pytest.raises(InputError, match="length 0"):
        generate("zeros", 0, rng=rng)
    with pytest.raises(InputError, match="takes no parameter"):
        generate("zeros", 8, rng=rng, order=2)
    with pytest.raises(InputError, match="takes order, p"):
        generate("markov", 8, rng=rng)
