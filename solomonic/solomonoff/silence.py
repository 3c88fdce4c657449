"""Proofs that a closed run is silent for ever: it neither prints nor reads input again, on the unbounded tape.

A *closed run* is what the machine does between two reads: its store is fixed, and it ends when it prints, executes `,`, or needs a new opcode.
A run that never ends is silent, and its mass is DEAD. Each proof is one-sided: False means only that it did not succeed.

The kernel in `walk` tries two cheap proofs at every `]`, this file's `repeats`:

*Exact repetition.* At two moments of a closed run the same `]` is about to be executed with the same head, the same cells and the same
position of `?`. The machine is deterministic and reads nothing, so what happened between the moments happens again, for ever.

*Translated repetition.* At moments s < t the same `]` is about to be executed, with heads h and h + d, d > 0, and `?` at the same position, so
no `?` was executed between. Let `low` be the lowest cell visited from s to t, both included. Claim: if the tape at s from `low` on to the right,
read as an infinite word, equals the tape at t from `low + d` on, the run never ends. What the machine did from s to t depends on the cells from
`low` on alone. By the premise it finds the same word, moved by d, and therefore does the same steps, moved by d, reaching t' at h + 2d. The
cells from `low + d` on at t are a function of the cells from `low` on at s, and those from `low + 2d` on at t' are the same function of the same
word; so the premise holds again for t and t', and by induction for ever. Nothing was printed and no input was needed from s to t, so never.
The infinite words are compared in 64 bits: cells right of the window have never been visited (the walk stops where the head leaves it), so
they are blank, and a logical shift of the tape to the right fills with exactly these zeros. d < 0 is the mirror image, with the highest cell.

Where the steps or the window end without either, `silent` tries more:

*A longer look*: the run goes on, on the same window, with the same two proofs, for LOOK times the steps. This alone makes DEAD a superset of
what the plain interpreter finds: a configuration that repeats within T steps is met by Brent's search within 3 T.

*Closed sets of n-grams* (Marxen & Buntrock 1990 on busy beavers; "closed position set"). Abstract configurations (place in the store, w cells on
each side of the head, the head's cell), and a set of w-grams for either half of the tape, which between them contain the present configuration
and are closed under every step: whoever moves right leaves the w-gram on his left behind, into the left set, and finds as his new farthest
cell on the right any bit that makes a w-gram of the right set. A `?` may write either bit (or be the end, in silence). If no configuration of the
closed set prints, reads or needs an opcode, none that the machine can reach does. The halves are unbounded; blanks are in the sets from the start.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit

from .machine import Op

ONE: Final = np.uint64(1)
ZERO: Final = np.uint64(0)
LAST: Final = np.uint64(63)
RIGHT, LEFT, FLIP, OPEN, CLOSE, EMIT, READ, RECALL = (int(op) for op in Op)
FETCH: Final = 8
"""What stands in the store where no opcode has been read yet."""
LOOK: Final = 3
GRAMS: Final = 6
"""The longest w-gram tried."""
MOST: Final = 21
"""Opcodes in a store, at most: 60 bits hold 20, and one place for FETCH."""


@njit(cache=True, inline="always")  # type: ignore[untyped-decorator, unused-ignore]
def repeats(tape: Any, head: Any, old_tape: Any, old_head: Any, low: Any, high: Any, translated: bool) -> bool:
    """Return whether the configuration repeats an old one, exactly or moved; low and high are the lowest and highest cell visited since."""
    if head == old_head:
        return bool(tape == old_tape)
    if not translated:
        return False
    if head > old_head:
        return bool(old_tape >> low == tape >> (low + (head - old_head)))
    return bool(old_tape << (LAST - high) == tape << (LAST - (high - (old_head - head))))


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def longer_look(
    ops: np.ndarray,
    slots: np.ndarray,
    jumps: np.ndarray,
    out: np.ndarray,
    pc: int,
    head: Any,
    tape: Any,
    q: int,
    k: int,
    steps: int,
    edge: Any,
    space: Any,
    translated: bool,
) -> int:
    """Return 1 where the run from here is proved silent, -1 where it prints or needs input within these steps, 0 where neither shows."""
    old_pc, old_q, power, lam = -1, 0, 1, 0
    old_tape, old_head, low, high = tape, head, head, head
    for _ in range(steps):
        op = ops[pc]
        if op == RIGHT or op == LEFT:  # noqa: SIM109
            head = head + ONE if op == RIGHT else head - ONE
            if head - edge >= space:
                return 0
            low, high = min(low, head), max(high, head)
            pc += 1
        elif op == FLIP:
            tape ^= ONE << head
            pc += 1
        elif op == OPEN:
            to = slots[2 * pc + (0 if (tape >> head) & ONE else 1)]
            if to < 0:
                return -1
            pc = to
        elif op == CLOSE:
            if pc == old_pc and q == old_q and repeats(tape, head, old_tape, old_head, low, high, translated):
                return 1
            lam += 1
            if lam == power:
                old_pc, old_q, old_tape, old_head, low, high = pc, q, tape, head, head, head
                power *= 2
                lam = 0
            pc = jumps[pc]
        elif op == RECALL:
            if q >= k:
                return 1
            tape = (tape & ~(ONE << head)) | (np.uint64(out[q]) << head)
            q += 1
            pc += 1
        else:
            return -1
    return 0


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def closed_set(
    ops: np.ndarray,
    slots: np.ndarray,
    jumps: np.ndarray,
    pc: int,
    head: Any,
    tape: Any,
    w: int,
    seen: np.ndarray,
    queue: np.ndarray,
    lefts: np.ndarray,
    rights: np.ndarray,
) -> bool:
    """Return whether a closed set of configurations with w cells on each side contains the present one and none that prints or needs input.

    seen: uint8 (MOST << (2w + 1),); queue: int64 of the same length; lefts, rights: uint8 (2^w,). All are scratch.
    """
    mask = (1 << w) - 1
    n = 0
    while ops[n] != FETCH:
        n += 1
    seen[: n << (2 * w + 1)] = 0
    lefts[: mask + 1] = 0
    rights[: mask + 1] = 0
    # The tape to the left and to the right of the head, the nearest cell in bit 0.
    far_right = np.int64((tape >> head) >> ONE)
    far_left = np.int64(0)
    h = np.int64(head)
    for i in range(h):
        if (tape >> np.uint64(i)) & ONE:
            far_left |= np.int64(1) << (h - 1 - i)
    left, right = far_left & mask, far_right & mask
    while far_left != 0:
        far_left >>= 1
        lefts[far_left & mask] = 1
    while far_right != 0:
        far_right >>= 1
        rights[far_right & mask] = 1
    lefts[0] = 1
    rights[0] = 1
    cell = np.int64((tape >> head) & ONE)
    queue[0] = (((pc << w) | left) << w | right) << 1 | cell
    seen[queue[0]] = 1
    size, changed = 1, True
    while changed:
        changed = False
        i = 0
        while i < size:
            at = queue[i]
            i += 1
            cell = at & 1
            right = (at >> 1) & mask
            left = (at >> (1 + w)) & mask
            pc = at >> (1 + 2 * w)
            op = ops[pc]
            if op == EMIT or op == READ or op == FETCH:  # noqa: SIM109
                return False
            if op == RIGHT or op == LEFT:  # noqa: SIM109
                if op == LEFT:
                    left, right = right, left
                    leaves, finds = rights, lefts
                else:
                    leaves, finds = lefts, rights
                if not leaves[left]:
                    leaves[left] = 1
                    changed = True
                near = ((left << 1) | cell) & mask
                for bit in range(2):
                    far = (right >> 1) | (bit << (w - 1))
                    if finds[far]:
                        one, other = (far, near) if op == LEFT else (near, far)
                        new = ((((pc + 1) << w) | one) << w | other) << 1 | (right & 1)
                        if ops[pc + 1] == FETCH:
                            return False
                        if not seen[new]:
                            seen[new] = 1
                            queue[size] = new
                            size += 1
                continue
            first, last = cell, cell
            to = pc + 1
            if op == FLIP:
                first, last = 1 - cell, 1 - cell
            elif op == OPEN:
                to = slots[2 * pc + 1 - cell]
                if to < 0:
                    return False
            elif op == CLOSE:
                to = jumps[pc]
            else:
                first, last = 0, 1
            if ops[to] == FETCH:
                return False
            for bit in range(first, last + 1):
                new = (((to << w) | left) << w | right) << 1 | bit
                if not seen[new]:
                    seen[new] = 1
                    queue[size] = new
                    size += 1
    return True


def scratch() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return what `closed_set` needs to work in: seen, queue, lefts, rights."""
    most = MOST << (2 * GRAMS + 1)
    halves = np.zeros((2, 1 << GRAMS), dtype=np.uint8)
    return np.zeros(most, dtype=np.uint8), np.zeros(most, dtype=np.int64), halves[0], halves[1]
