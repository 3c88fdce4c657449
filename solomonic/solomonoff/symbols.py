"""Sequences over any finite alphabet, coded in bits so that the machine, which prints bits, can print them; the bounds stay certified.

A symbol is a codeword of ceil(log2 a) bits, the first symbol all zeros; text is bytes. Where a is no power of two some codewords mean nothing,
and the predictor is normalised over those that do. With A_s the mass that printed x and the codeword of s, and undecided mass at the nodes of the
code tree below x, the bounds are the best that follow: all that may still print s, and nothing else, for the upper one; all that may print
another codeword, and nothing more for s, for the lower one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..errors import InputError
from .columns import UL, US, UT
from .enumeration import Walk
from .mixture import LN2, Interval
from .targets import Bits, Trie


@dataclass(frozen=True, slots=True)
class Coding:
    """Symbols 0 to size - 1 as codewords of equal width.

    Raises:
        InputError: there are fewer than two symbols, or more than 65,536.
    """

    size: int

    def __post_init__(self) -> None:
        if not 2 <= self.size <= 1 << 16:
            raise InputError(f"an alphabet of {self.size} cannot be coded; give 2 to 65,536 symbols")

    @property
    def width(self) -> int:
        """Bits a symbol."""
        return (self.size - 1).bit_length()

    def bits(self, symbols: Sequence[int]) -> Bits:
        """Return the codewords one after the other.

        Raises:
            InputError: something is not a symbol of the alphabet.
        """
        for place, symbol in enumerate(symbols):
            if not 0 <= symbol < self.size:
                raise InputError(f"symbol {symbol!r} at place {place} is not in 0..{self.size - 1}")
        return tuple(int(symbol) >> i & 1 for symbol in symbols for i in reversed(range(self.width)))

    def grow(self, trie: Trie, symbols: Sequence[int], *, ahead: bool = True) -> list[int]:
        """Add a sequence, and at each step every symbol that might have come; return the node before each step.

        ahead: after the last symbol too, so that the list has one node more than there are symbols.
        """
        path = trie.add(self.bits(symbols), mark=True)[:: self.width]
        steps = path if ahead else path[:-1]
        for node in steps:
            self._fan(trie, node)
        return steps

    def _fan(self, trie: Trie, node: int) -> None:
        level = [(node, 0)]
        for depth in range(self.width):
            following = []
            for at, prefix in level:
                for bit in (0, 1):
                    code = prefix << 1 | bit
                    if code << (self.width - depth - 1) < self.size:
                        following.append((trie.add((bit,), start=at)[1], code))
            level = following


def text_bits(text: str) -> Bits:
    """Return a text's UTF-8 bytes as bits, the most significant first."""
    return Coding(256).bits(list(text.encode("utf-8", "surrogatepass")))


def symbol_log_probs(walk: Walk, coding: Coding, nodes: Sequence[int], symbols: Sequence[int]) -> np.ndarray:
    """Return the completed predictor's log-probabilities (len(nodes), a) at the nodes that `Coding.grow` gave for these symbols."""
    rows = np.empty((len(nodes), coding.size))
    log_rest = -math.inf
    for t, node in enumerate(nodes):
        masses: dict[int, float] = {}
        came = symbols[t] if t < len(symbols) else -1
        log_rest = _descend(walk, coding, node, 0, 0, log_rest, masses, came)
        row = np.array([masses[s] for s in range(coding.size)])
        high = row.max()
        rows[t] = row - (high + math.log(np.exp(row - high).sum())) if high > -math.inf else -math.log(coding.size)
    return rows


def _descend(walk: Walk, coding: Coding, node: int, depth: int, prefix: int, log_rest: float, masses: dict[int, float], came: int) -> float:
    """Write log of the completed mass of each codeword below a node; return what is left of undecided mass where the symbol that came ends."""
    row = walk.masses[node]
    log_rest = np.logaddexp(_log(int(row[UT] + row[UL] + row[US])), log_rest) - LN2
    left = -math.inf
    for bit in (0, 1):
        code = prefix << 1 | bit
        if code << (coding.width - depth - 1) >= coding.size:
            continue
        if depth + 1 == coding.width:
            masses[code] = float(np.logaddexp(_log(int(row[bit])), log_rest))
            if code == came:
                left = float(log_rest)
        else:
            found = _descend(walk, coding, walk.trie.children[node][bit], depth + 1, code, float(log_rest), masses, came)
            left = max(left, found)
    return left


def symbol_intervals(walk: Walk, coding: Coding, node: int, undecided_before: int) -> list[Interval]:
    """Return certified bounds on the probability of each symbol at a node; undecided_before: U, the undecided mass that printed less."""
    accepted: dict[int, int] = {}
    path: dict[int, int] = {}
    exclusive: dict[int, int] = {}
    pool = _gather(walk, coding, node, 0, 0, undecided_before, accepted, path, exclusive) + undecided_before
    found = sum(accepted.values())
    bounds = []
    for s in range(coding.size):
        others = pool - exclusive.get(s, 0)
        low_total, high_total = found + others, found + path[s]
        low = Fraction(accepted[s], low_total) if low_total else Fraction(0)
        high = Fraction(accepted[s] + path[s], high_total) if high_total else Fraction(1)
        bounds.append(Interval(low, high))
    return bounds


def _gather(
    walk: Walk,
    coding: Coding,
    node: int,
    depth: int,
    prefix: int,
    above: int,
    accepted: dict[int, int],
    path: dict[int, int],
    exclusive: dict[int, int],
) -> int:
    """Fill in, for each codeword below, the mass that printed it, the undecided mass on its way, and that which can print no other; return the pool."""
    row = walk.masses[node]
    here = int(row[UT] + row[UL] + row[US])
    left = coding.width - depth
    first, last = prefix << left, min((prefix + 1) << left, coding.size) - 1
    if first == last:
        exclusive[first] = exclusive.get(first, 0) + here
    pool = here
    for bit in (0, 1):
        code = prefix << 1 | bit
        if code << (left - 1) >= coding.size:
            continue
        if left == 1:
            accepted[code], path[code] = int(row[bit]), above + here
        else:
            pool += _gather(walk, coding, walk.trie.children[node][bit], depth + 1, code, above + here, accepted, path, exclusive)
    return pool


def _log(mass: int) -> float:
    return math.log(mass) if mass > 0 else -math.inf
