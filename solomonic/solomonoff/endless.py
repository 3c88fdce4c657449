"""Words that a run prints again and again, put down at once instead of symbol by symbol; and the shortest programs that print a target.

Each shortcut changes no integer: what it adds is what the run, played to its end, would have added. A test plays both.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .silence import LAST, ONE


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def remember(best: np.ndarray, row: int, bits: int, code: int) -> None:
    """Insert a program into the row of shortest programs: int64 (m, K, 2), bits and input, ascending; -1 where there is none."""
    size = best.shape[1]
    i = size - 1
    if best[row, i, 0] >= 0 and (best[row, i, 0] < bits or (best[row, i, 0] == bits and best[row, i, 1] <= code)):
        return
    while i > 0 and (best[row, i - 1, 0] < 0 or best[row, i - 1, 0] > bits or (best[row, i - 1, 0] == bits and best[row, i - 1, 1] > code)):
        best[row, i, 0], best[row, i, 1] = best[row, i - 1, 0], best[row, i - 1, 1]
        i -= 1
    best[row, i, 0], best[row, i, 1] = bits, code


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def turned(word: int, size: int) -> int:
    """Return the place in the table of words of the word that is left after this one's first symbol, which goes to its end."""
    first = word >> (size - 1)
    return (1 << size) - 2 + (((word << 1) & ((1 << size) - 1)) | first)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def reachable(children: np.ndarray, marks: np.ndarray, longest: int) -> np.ndarray:
    """Return, for each node and word of 1 to `longest` symbols, the row of the one marked node on the endless word's path; int64 (nodes, words).

    -1: there is none; -2: there are several. The words of p symbols stand from 2^p - 2 on. A node's children have higher numbers than it has.
    """
    rows = np.full((len(children), (2 << longest) - 2), -1, dtype=np.int64)
    for node in range(len(children) - 1, -1, -1):
        for size in range(1, longest + 1):
            for word in range(1 << size):
                child = children[node, word >> (size - 1)]
                if child >= 0:
                    row = rows[child, turned(word, size)]
                    if marks[child] >= 0:
                        row = marks[child] if row == -1 else -2
                    rows[node, (1 << size) - 2 + word] = row
    return rows


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def spread(children: np.ndarray, endless: np.ndarray, longest: int, acc: np.ndarray) -> None:
    """Add the masses of endless words, int64 (nodes, words), to every symbol that they print on their way down the trie."""
    for node in range(len(children)):
        if children[node, 0] < 0 and children[node, 1] < 0:
            continue
        for size in range(1, longest + 1):
            for word in range(1 << size):
                mass = endless[node, (1 << size) - 2 + word]
                if mass > 0:
                    symbol = word >> (size - 1)
                    acc[node, symbol] += mass
                    if children[node, symbol] >= 0:
                        endless[children[node, symbol], turned(word, size)] += mass


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def endless_word(out: np.ndarray, q: int, k: int, old_q: int, old_k: int) -> bool:
    """Return whether a run that came back to the same place, head and cells, printing out[old_k:k] between, prints that word for ever.

    It does if `?`, from now on, finds again and again what it found between. Let the output go on with the word w = out[old_k:k] for ever. The
    machine's next round reads the positions from q on where the last one read those from old_q on, and so forth by q - old_q; so if this endless
    output has the period q - old_q from old_q on, each round reads and therefore prints the same. From old_k on the output has the period |w|, so
    it is enough to look at the positions up to k. `?` never overtakes the output as long as it advances by no more than |w| a round.
    """
    lag = q - old_q
    if lag == 0:
        return True
    size = k - old_k
    if lag > size:
        return False
    for i in range(old_q, k):
        later = i + lag
        if later >= k:
            later = old_k + (later - old_k) % size
        if out[later] != out[i]:
            return False
    return True


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def follow(out, begin, end, node, children, marks, acc, best, mass, bits, code) -> None:  # type: ignore[no-untyped-def]
    """Add the mass of a program that prints out[begin:end] for ever to the nodes on its way, and the program to those that are marked."""
    i = begin
    while node >= 0 and (children[node, 0] >= 0 or children[node, 1] >= 0):
        symbol = np.int64(out[i])
        acc[node, symbol] += mass
        node = children[node, symbol]
        if node >= 0 and marks[node] >= 0:
            remember(best, marks[node], bits, code)
        i = i + 1 if i + 1 < end else begin


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def moved_on(tape, head, old_head, low, high, edge, width) -> tuple:  # type: ignore[no-untyped-def, type-arg]
    """Return the tape after as many further rounds of a translated repetition as end within the window, and their number.

    Only cells that later rounds may visit are right; those left behind are blank on the tape returned, and never visited before the window ends.
    """
    if head > old_head:
        step = head - old_head
        rounds = np.int64((edge + width - ONE - high) // step) - 1 if edge + width > high else np.int64(0)
        if rounds <= 0:
            return tape, 0
        first = low + step
        moved = np.uint64(rounds) * step
        return ((tape >> first) << first) << moved, rounds
    step = old_head - head
    rounds = np.int64((low - edge) // step) - 1
    if rounds <= 0:
        return tape, 0
    last = LAST - (high - step)
    moved = np.uint64(rounds) * step
    return ((tape << last) >> last) >> moved, rounds


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def print_on(out, begin, end, count, node, children, marks, acc, best, mass, bits, code) -> int:  # type: ignore[no-untyped-def]
    """Print `count` symbols of the word out[begin:end] again and again from `end` on; return the node after them, or -1 where the run is over."""
    size = end - begin
    for i in range(count):
        symbol = np.int64(out[begin + i % size])
        acc[node, symbol] += mass
        node = children[node, symbol]
        if node < 0:
            return -1
        if marks[node] >= 0:
            remember(best, marks[node], bits, code)
        if children[node, 0] < 0 and children[node, 1] < 0:
            return -1
        out[end + i] = symbol
    return int(node)
