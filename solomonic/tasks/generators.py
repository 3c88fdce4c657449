"""Binary sequences, each with its formula; bit t is counted from t = 0."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from ..errors import InputError, UnknownName

Bits = tuple[int, ...]


def zeros(length: int) -> Bits:
    """Return 0000..: x_t = 0."""
    return (0,) * length


def alternating(length: int) -> Bits:
    """Return 0101..: x_t = t mod 2."""
    return tuple(t % 2 for t in range(length))


def period_three(length: int) -> Bits:
    """Return 001001..: x_t = 1 where t mod 3 = 2."""
    return tuple(int(t % 3 == 2) for t in range(length))


def period_five(length: int) -> Bits:
    """Return 0010100101..: x_t = 1 where t mod 5 is 2 or 4."""
    return tuple(int(t % 5 in (2, 4)) for t in range(length))


def thue_morse(length: int) -> Bits:
    """Return 01101001..: x_t = the number of ones in t, mod 2."""
    return tuple(t.bit_count() % 2 for t in range(length))


def fibonacci_word(length: int) -> Bits:
    """Return 0100101..: the limit of S_0 = 0, S_1 = 01, S_k = S_{k-1} S_{k-2}."""
    before, word = [0], [0, 1]
    while len(word) < length:
        before, word = word, word + before
    return tuple(word[:length])


def period_doubling(length: int) -> Bits:
    """Return 0100010..: x_t = how often 2 divides t + 1, mod 2."""
    return tuple(_twos(t + 1) % 2 for t in range(length))


def paperfolding(length: int) -> Bits:
    """Return 1101100..: x_t = 1 where the odd part of t + 1 is 1 mod 4."""
    return tuple(int(((t + 1) >> _twos(t + 1)) % 4 == 1) for t in range(length))


def zero_k_one(length: int) -> Bits:
    """Return 1 01 001 0001..: k zeros and a one, for k = 0, 1, 2, ...; x_t = 1 where t + 1 is k (k + 1) / 2 for some k >= 1."""
    return tuple(int(math.isqrt(8 * (t + 1) + 1) ** 2 == 8 * (t + 1) + 1) for t in range(length))


def powers_of_two(length: int) -> Bits:
    """Return 01101000 1..: x_t = 1 where t is a power of two."""
    return tuple(int(t.bit_count() == 1) for t in range(length))


def champernowne(length: int) -> Bits:
    """Return 0 1 10 11 100..: the binary digits of 0, 1, 2, 3, ... one after the other (OEIS A030190)."""
    bits: list[int] = []
    number = 0
    while len(bits) < length:
        bits += [int(digit) for digit in f"{number:b}"]
        number += 1
    return tuple(bits[:length])


def primes(length: int) -> Bits:
    """Return 00110101..: x_t = 1 where t is prime."""
    return tuple(int(t > 1 and all(t % d for d in range(2, math.isqrt(t) + 1))) for t in range(length))


def rule30_centre(length: int) -> Bits:
    """Return 1101110..: the centre column of rule 30 from a single one; each cell becomes left xor (itself or right) (Wolfram 1983)."""
    row, bits = 1, []
    for t in range(length):
        bits.append((row >> t) & 1)
        # The row after t steps is a whole number whose bit t is the centre; one step makes it two bits longer.
        row = row ^ ((row << 1) | (row << 2))
    return tuple(bits)


def markov(length: int, *, order: int, p: Sequence[float], rng: np.random.Generator) -> Bits:
    """Return a draw of a Markov source: P(x_t = 1 | the last `order` bits) = p[c], c those bits as a number, the oldest bit first.

    p: (2^order,) probabilities. The first `order` bits are fair coins.

    Raises:
        InputError: p has another length, or something in it is no probability.
    """
    if order < 0 or len(p) != 2**order or not all(0.0 <= one <= 1.0 for one in p):
        raise InputError(f"markov of order {order} has p = {list(p)}; give 2^order probabilities, one for each context from 0...0 to 1...1")
    bits: list[int] = []
    context = 0
    for t, u in enumerate(rng.random(length).tolist()):
        bit = int(u < (p[context] if t >= order else 0.5))
        bits.append(bit)
        context = (2 * context + bit) % 2**order
    return tuple(bits)


def coin(length: int, *, rng: np.random.Generator) -> Bits:
    """Return fair coin flips."""
    return tuple(rng.integers(2, size=length).tolist())


def _twos(number: int) -> int:
    """Return how often 2 divides a number above 0."""
    return (number & -number).bit_length() - 1


GENERATORS: Final[dict[str, Callable[..., Bits]]] = {
    one.__name__: one
    for one in (
        alternating, champernowne, coin, fibonacci_word, markov, paperfolding, period_doubling, period_five, period_three, powers_of_two, primes,
        rule30_centre, thue_morse, zero_k_one, zeros,
    )
}  # fmt: skip
"""Every generator by its name."""

RANDOM: Final = ("coin", "markov")
"""Those that take an rng."""


def generate(name: str, length: int, *, rng: np.random.Generator, **parameters: Any) -> Bits:
    """Return `length` bits of a generator by its name; rng is used by the random ones only.

    Raises:
        UnknownName: there is no such generator.
        InputError: the length is negative, or a parameter is missing or not known.
    """
    if name not in GENERATORS:
        raise UnknownName("generator", name, GENERATORS)
    if length < 1:
        raise InputError(f"a sequence of length {length} asks nothing; give 1 or more")
    wanted = {"order", "p"} if name == "markov" else set()
    if set(parameters) != wanted:
        given = ", ".join(sorted(parameters)) or "nothing"
        raise InputError(f"generator {name} takes {', '.join(sorted(wanted)) or 'no parameter'} and was given {given}")
    return GENERATORS[name](length, **parameters, **({"rng": rng} if name in RANDOM else {}))
