"""The walk of the lazy input tree: depth first, with exact integer masses, for many target strings at once.

The state between two reads is a dozen numbers and a short store, so a choice (which opcode, which bit) is a frame on a stack of arrays, and going
back restores the numbers; nothing is copied. A store is shared by a whole subtree: what a choice wrote beyond its own place is never read again,
and the one entry point of a `[` that a choice may have opened is closed when its frame ends.

A run that comes back to the same place, head and cells at a `.`, and in which `?` will find the same again, prints one word for ever. It is not run
to its end: its mass is put down once, at the node and for the word, and `spread` lets it flow down the trie after the walk. Where it comes back moved, as
many rounds as end within the window are printed at once. (Not where the speed prior is summed, which needs each step.)

The last opcode that fits in L bits is not executed one by one: seven of the eight, in any state, can only be undecided by length, print one
symbol, leave the window or fall silent, which is seen without running; only `]` runs.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from .columns import COLUMNS, DEAD, SLOW, SPEED, SPEED_SCALE, UL, US, UT
from .endless import endless_word, follow, moved_on, print_on, remember
from .machine import OPCODE_BITS, START
from .silence import CLOSE, EMIT, FETCH, FLIP, GRAMS, LEFT, LOOK, MOST, ONE, OPEN, READ, RIGHT, closed_set, longer_look, repeats

REGISTERS: Final = 13
TAPE, HEAD, NODE, K, Q, PC, STEPS, TOP, BITS, BASE, CODE, N, NEED = range(REGISTERS)
"""A state that needs input: place of the next opcode, opcodes in the store (N), and whether it needs an opcode (FETCH) or a bit (READ)."""
EXACT, TRANSLATED, LOOKING, CLOSED = 1, 2, 4, 8
ALL_PROOFS: Final = EXACT | TRANSLATED | LOOKING | CLOSED
NOTHING: Final = -1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def slow_share(bits: int, steps: int) -> int:
    """Return 2^-bits / steps, rounded up, in units of 2^-SPEED_SCALE: at most so much can the speed prior still get from a leaf of so many steps."""
    return int(((np.int64(1) << (SPEED_SCALE - bits)) + steps - 1) // steps)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def prove(ops, slots, jumps, out, pc, head, tape, q, k, T, edge, space, by_time, proofs, seen, queue, lefts, rights) -> bool:  # type: ignore[no-untyped-def]
    """Return whether a run that met the end of its steps or of its window is silent for ever."""
    if proofs & LOOKING and by_time:
        found = longer_look(ops, slots, jumps, out, pc, head, tape, q, k, LOOK * T, edge, space, proofs & TRANSLATED != 0)
        if found != 0:
            return found == 1
    if proofs & CLOSED:
        for w in range(1, GRAMS + 1):
            if closed_set(ops, slots, jumps, pc, head, tape, w, seen, queue, lefts, rights):
                return True
    return False


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def walk(  # type: ignore[no-untyped-def]
    regs,
    ops,
    slots,
    jumps,
    ups,
    out,
    L,
    T,
    space,
    proofs,
    speed,
    children,
    marks,
    reach,
    longest,
    acc,
    endless,
    best,
    cut,
    job_regs,
    job_store,
    job_out,
    seen,
    queue,
    lefts,
    rights,
) -> tuple[int, int, int]:
    """Walk the subtree below a state that needs an opcode; add its masses to `acc`; return the nodes, how many states were left for others, and their longest output.

    regs int64 (REGISTERS,); ops, jumps, ups int64 (MOST + 1,); slots int64 (2 * MOST + 2,); out uint8 (longest target,).
    children int64 (nodes, 2), -1: no target goes there; marks int64 (nodes,): the row of `best`, or -1; reach, longest: see `reachable`.
    acc int64 (nodes, COLUMNS); endless int64 (nodes, words): what `spread` has to add to it.
    seen, queue, lefts, rights: see `closed_set`.
    cut: states with at least so many bits read are not walked but written to the job arrays, as far as these have room.
    """
    tape = np.uint64(regs[TAPE])
    head = np.uint64(regs[HEAD])
    node, k, q, pc, steps = regs[NODE], regs[K], regs[Q], regs[PC], regs[STEPS]
    top, bits, base, code = regs[TOP], regs[BITS], regs[BASE], regs[CODE]
    edge = np.uint64(START - space // 2)
    width = np.uint64(space)
    translated = proofs & TRANSLATED != 0
    exact = proofs & EXACT != 0
    high_water = L + 2
    f_tape = np.zeros(high_water, dtype=np.uint64)
    f_head = np.zeros(high_water, dtype=np.uint64)
    f = np.zeros((high_water, 13), dtype=np.int64)
    depth = 0
    nodes = 0
    made = 0
    old_tape, old_head, low, high = tape, head, head, head
    dot_tape, dot_head, dot_low, dot_high = tape, head, head, head
    word = np.int64(0)
    n = regs[N]
    opened = -1
    need = regs[NEED]
    longest_out = np.int64(0)
    while True:
        # Here the machine needs input: an opcode at place n == pc (perhaps a branch of a `[` just opened there), or a bit for `,`.
        pushed = False
        given = False
        if need == FETCH:
            left = L - bits - OPCODE_BITS
            if left < 0:
                acc[node, UL] += np.int64(1) << (L - bits)
                if speed:
                    acc[node, SLOW] += slow_share(bits, base + steps + 1)
            else:
                if opened >= 0:
                    slots[opened] = n
                    if opened & 1 == 0:
                        ups[opened >> 1] = top
                        top = opened >> 1
                first, last = 0, 8
                if bits >= cut:
                    given = True
                elif left < OPCODE_BITS and steps < T:
                    # The last opcode: all but `]` are decided where they stand.
                    mass = np.int64(1) << left
                    after = base + steps + 1
                    long = 3
                    if head + ONE - edge < width:
                        long += 1
                    if head - ONE - edge < width:
                        long += 1
                    acc[node, US] += (5 - long) * mass
                    if q < k:
                        long += 1
                    else:
                        acc[node, DEAD] += mass
                    acc[node, UL] += long * mass
                    symbol = np.int64((tape >> head) & ONE)
                    acc[node, symbol] += mass
                    to = children[node, symbol]
                    nodes += 7
                    if left > 0:
                        nodes += 2
                    if speed:
                        share = slow_share(L - left, after + 1)
                        acc[node, SLOW] += (6 if q < k else 5) * share
                    if to >= 0:
                        if speed:
                            acc[to, SPEED] += (np.int64(1) << (SPEED_SCALE - (L - left))) // after
                        if marks[to] >= 0:
                            remember(best, marks[to], bits + OPCODE_BITS, code << OPCODE_BITS | EMIT)
                        if children[to, 0] >= 0 or children[to, 1] >= 0:
                            acc[to, UL] += mass
                            if speed:
                                acc[to, SLOW] += slow_share(L - left, after + 1)
                    first, last = CLOSE, CLOSE + 1
                pushed = True
                f[depth, 0], f[depth, 1] = first, last
        elif need == READ:
            given = bits >= cut
            pushed = True
            f[depth, 0], f[depth, 1] = 0, 2
            opened = -1
        if given:
            longest_out = max(longest_out, k)
            if made < len(job_regs):
                job_regs[made, TAPE], job_regs[made, HEAD] = np.int64(tape), np.int64(head)
                job_regs[made, NODE], job_regs[made, K], job_regs[made, Q], job_regs[made, PC] = node, k, q, pc
                job_regs[made, STEPS], job_regs[made, TOP], job_regs[made, BITS] = steps, top, bits
                job_regs[made, BASE], job_regs[made, CODE], job_regs[made, N], job_regs[made, NEED] = base, code, n, need
                job_store[made, 0, : MOST + 1] = ops
                job_store[made, 1, : MOST + 1] = jumps
                job_store[made, 2, : MOST + 1] = ups
                job_store[made, 3] = slots
                job_out[made, :k] = out[:k]
            made += 1
            pushed = False
            if opened >= 0:
                slots[opened] = -1
        if pushed:
            f_tape[depth], f_head[depth] = tape, head
            f[depth, 2], f[depth, 3], f[depth, 4], f[depth, 5], f[depth, 6] = node, k, q, pc, steps
            f[depth, 7], f[depth, 8], f[depth, 9], f[depth, 10], f[depth, 11] = top, bits, base, code, opened
            f[depth, 12] = n if need == READ else -1
            depth += 1
        # Go to the next child of the deepest choice that has one.
        while depth > 0 and f[depth - 1, 0] == f[depth - 1, 1]:
            depth -= 1
            if f[depth, 11] >= 0:
                slots[f[depth, 11]] = -1
        if depth == 0:
            return nodes, made, int(longest_out)
        top_frame = depth - 1
        child = f[top_frame, 0]
        f[top_frame, 0] = child + 1
        nodes += 1
        tape, head = f_tape[top_frame], f_head[top_frame]
        node, k, q, pc, steps = f[top_frame, 2], f[top_frame, 3], f[top_frame, 4], f[top_frame, 5], f[top_frame, 6]
        top, bits, base, code = f[top_frame, 7], f[top_frame, 8], f[top_frame, 9], f[top_frame, 10]
        if f[top_frame, 12] < 0:
            bits += OPCODE_BITS
            code = code << OPCODE_BITS | child
            ops[pc] = child
            n = pc + 1
            ops[n] = FETCH
            if child == OPEN:
                slots[2 * pc] = -1
                slots[2 * pc + 1] = -1
            elif child == CLOSE:
                if top >= 0:
                    jumps[pc] = top
                    top = ups[top]
                else:
                    jumps[pc] = 0
        else:
            bits += 1
            code = code << 1 | child
            n = f[top_frame, 12]
            ops[n] = FETCH
            tape = (tape & ~(ONE << head)) | (np.uint64(child) << head)
            pc += 1
            steps += 1
        # Run until input is needed or the run ends.
        opened = -1
        old_pc, old_q, power, lam = -1, 0, 1, 0
        dot_pc, dot_q, dot_k, dot_power, dots = -1, 0, 0, 1, 0
        end = -1
        while True:
            op = ops[pc]
            if op == FETCH:
                need = FETCH
                break
            if op == READ and bits >= L:
                end = UL
                break
            if steps >= T:
                end = UT
                break
            if op == RIGHT:
                steps += 1
                head += ONE
                if head - edge >= width:
                    end = US
                    break
                if head > high:
                    high = head
                if head > dot_high:
                    dot_high = head
                pc += 1
            elif op == LEFT:
                steps += 1
                head -= ONE
                if head - edge >= width:
                    end = US
                    break
                if head < low:
                    low = head
                if head < dot_low:
                    dot_low = head
                pc += 1
            elif op == FLIP:
                steps += 1
                tape ^= ONE << head
                pc += 1
            elif op == OPEN:
                steps += 1
                slot = 2 * pc + 1 - np.int64((tape >> head) & ONE)
                to = slots[slot]
                if to < 0:
                    opened = slot
                    pc = n
                    need = FETCH
                    break
                pc = to
            elif op == CLOSE:
                if pc == old_pc and q == old_q and exact and repeats(tape, head, old_tape, old_head, low, high, translated):
                    end = DEAD
                    break
                steps += 1
                lam += 1
                if lam == power:
                    old_pc, old_q, old_tape, old_head, low, high = pc, q, tape, head, head, head
                    power *= 2
                    lam = 0
                pc = jumps[pc]
            elif op == EMIT:
                steps += 1
                symbol = np.int64((tape >> head) & ONE)
                acc[node, symbol] += np.int64(1) << (L - bits)
                node = children[node, symbol]
                if node < 0:
                    end = EMIT + COLUMNS
                    break
                base += steps
                steps = 0
                if speed:
                    acc[node, SPEED] += (np.int64(1) << (SPEED_SCALE - bits)) // base
                if marks[node] >= 0:
                    remember(best, marks[node], bits, code)
                if children[node, 0] < 0 and children[node, 1] < 0:
                    end = EMIT + COLUMNS
                    break
                out[k] = symbol
                k += 1
                old_pc, power, lam = -1, 1, 0
                if pc == dot_pc and head == dot_head and tape == dot_tape and endless_word(out, q, k, dot_q, dot_k):
                    size = k - dot_k
                    row = -2
                    if size <= longest:
                        word = np.int64(0)
                        for i in range(dot_k, k):
                            word = word << 1 | np.int64(out[i])
                        row = reach[node, (1 << size) - 2 + word]
                    if row == -2:
                        follow(out, dot_k, k, node, children, marks, acc, best, np.int64(1) << (L - bits), bits, code)
                    else:
                        endless[node, (1 << size) - 2 + word] += np.int64(1) << (L - bits)
                        if row >= 0:
                            remember(best, row, bits, code)
                    end = EMIT + COLUMNS
                    break
                if (
                    pc == dot_pc
                    and head != dot_head
                    and repeats(tape, head, dot_tape, dot_head, dot_low, dot_high, True)
                    and endless_word(out, q, k, dot_q, dot_k)
                ):
                    tape, rounds = moved_on(tape, head, dot_head, dot_low, dot_high, edge, width)
                    size = k - dot_k
                    node = print_on(out, dot_k, k, rounds * size, node, children, marks, acc, best, np.int64(1) << (L - bits), bits, code)
                    if node < 0:
                        end = EMIT + COLUMNS
                        break
                    step = head - dot_head
                    head += np.uint64(rounds) * step
                    q += rounds * (q - dot_q)
                    k += rounds * size
                    dot_pc, dots, dot_power = -1, 0, 1 << 40
                dots += 1
                if dots == dot_power and not speed:
                    dot_pc, dot_q, dot_k, dot_tape, dot_head, dot_low, dot_high = pc, q, k, tape, head, head, head
                    dot_power *= 2
                    dots = 0
                pc += 1
            elif op == READ:
                need = READ
                break
            else:
                steps += 1
                if q >= k:
                    end = DEAD
                    break
                tape = (tape & ~(ONE << head)) | (np.uint64(out[q]) << head)
                q += 1
                pc += 1
        if end < 0:
            continue
        # The run is over: nothing is needed here, so the next turn only goes to the next child.
        if end < COLUMNS:
            if end == UT or end == US:  # noqa: SIM109
                if end == US:
                    steps -= 1
                    head = head - ONE if op == RIGHT else head + ONE
                if proofs > 3 and prove(
                    ops, slots, jumps, out, pc, head, tape, q, k, T, edge, width, end == UT, proofs, seen, queue, lefts, rights
                ):
                    end = DEAD
            acc[node, end] += np.int64(1) << (L - bits)
            if speed and end != DEAD:
                acc[node, SLOW] += slow_share(bits, base + steps + 1)
        need = NOTHING
