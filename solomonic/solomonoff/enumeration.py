"""The enumeration of every program up to L bits against many targets in one pass: on all cores, within a budget, with exact integers.

The tree is split where CUT bits have been read; the subtrees are jobs. Masses are sums of integers, so neither the order of the jobs nor the
number of threads can change them. A budget in seconds is met by iterative deepening: L rises while the next walk still fits, and the deepest
finished one is the result, so a certified answer stands at any moment. The estimate of progress weighs each job by the nodes that it has with
LOOKAHEAD bits fewer, which is measured, not assumed.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from ..errors import InputError
from .columns import COLUMNS
from .machine import SPACE, START
from .targets import Trie

MOST_LENGTH: Final = 60
CUT: Final = 12
LOOKAHEAD: Final = 6
PROGRAMS: Final = 16
"""Shortest programs kept for each target."""
WORDS: Final = 4
"""Endless words of up to so many symbols are put down at once; longer ones are followed down the trie."""
WORDS_UP_TO: Final = 50_000
"""Nodes of a trie for which there is a table of words; above it only of single symbols."""
GROWTH: Final = 8.0
"""Nodes grow at most so many times an opcode (measured: 7.2 to 7.6)."""
STEPS: Final = 4_000
PROOFS: Final = ("exact", "translated", "looking", "closed")

Progress = Callable[[float, float], None]
"""Called with the share of the work that is done and the seconds that are left, by estimate."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where the sum over programs is cut.

    length: input bits read, L. steps: between two symbols, T. space: cells of the window, S, even, the head in its middle at the start.
    proofs: which proofs of silence are tried, of PROOFS; fewer leave more undecided and change nothing else.

    Raises:
        InputError: a number is out of its range, or there is no such proof.
    """

    length: int = 24
    steps: int = STEPS
    space: int = SPACE
    proofs: tuple[str, ...] = PROOFS

    def __post_init__(self) -> None:
        if not 0 <= self.length <= MOST_LENGTH:
            raise InputError(
                f"length is {self.length}; give 0 to {MOST_LENGTH} input bits, since masses are 64-bit integers in units of 2^-length"
            )
        if not 1 <= self.steps <= 10_000_000:
            raise InputError(f"steps is {self.steps}; give 1 to 10,000,000 steps between two symbols (printing takes one)")
        if not 2 <= self.space <= SPACE or self.space % 2:
            raise InputError(f"space is {self.space}; give an even number of cells from 2 to {SPACE}")
        strange = [name for name in self.proofs if name not in PROOFS]
        if strange:
            raise InputError(f"unknown proof {strange[0]!r}; the proofs of silence are {', '.join(PROOFS)}")

    @property
    def proof_bits(self) -> int:
        """The proofs as the kernel takes them."""
        return sum(1 << i for i, name in enumerate(PROOFS) if name in self.proofs)


@dataclass(frozen=True, slots=True)
class Walk:
    """What one pass found: masses int64 (nodes of the trie, 8) in units of 2^-length (columns as in `walk`), and the shortest programs."""

    limits: Limits
    trie: Trie
    masses: np.ndarray
    shortest: np.ndarray
    nodes: int
    seconds: float
    threads: int
    speed: bool = False

    def __repr__(self) -> str:
        rate = self.nodes / max(self.seconds, 1e-9) / 1e6
        return f"Walk(length={self.limits.length}, targets={len(self.trie.marked)}, nodes={self.nodes:,}, {self.seconds:.2f} s, {rate:.0f} M nodes a second)"

    def programs(self, node: int) -> list[tuple[int, int]]:
        """Return (bits, input) of the shortest programs that print a marked string, the shortest first."""
        row = self.shortest[self.trie.marked[node]]
        return [(int(bits), int(code)) for bits, code in row if bits >= 0]


class _Stopped(Exception):
    """The deadline has passed."""


@dataclass(slots=True)
class _Jobs:
    """States that need an opcode, as arrays; `kernel` walks one of them."""

    regs: np.ndarray
    store: np.ndarray
    out: np.ndarray
    nodes: int = 0


@dataclass(slots=True)
class _Found:
    """What a walk adds up: masses, those of endless words, and the shortest programs."""

    masses: np.ndarray
    endless: np.ndarray
    best: np.ndarray
    scratch: tuple[np.ndarray, ...]
    nodes: int = 0

    def add(self, other: _Found) -> None:
        from .endless import remember

        self.masses += other.masses
        self.endless += other.endless
        self.nodes += other.nodes
        for row in range(len(self.best)):
            for bits, code in other.best[row]:
                if bits >= 0:
                    remember(self.best, row, bits, code)


@dataclass(slots=True)
class _Pass:
    """One walk at one length: the trie as arrays, the kernel's other arguments, and what threads have summed so far."""

    trie: Trie
    limits: Limits
    speed: bool
    children: np.ndarray = field(init=False)
    marks: np.ndarray = field(init=False)
    height: int = field(init=False)
    longest: int = field(init=False)
    reach: np.ndarray = field(init=False)
    lock: Any = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.children, self.marks = self.trie.arrays()
        self.height = self.trie.height()
        self.longest = WORDS if len(self.trie) <= WORDS_UP_TO else 1
        from .endless import reachable

        self.reach = reachable(self.children, self.marks, self.longest)

    def empty(self) -> _Found:
        from .silence import scratch

        masses = np.zeros((len(self.trie), COLUMNS), dtype=np.int64)
        best = np.full((max(1, len(self.trie.marked)), PROGRAMS, 2), -1, dtype=np.int64)
        return _Found(masses, np.zeros(self.reach.shape, dtype=np.int64), best, scratch())

    def room(self, jobs: int, output: int = 0) -> _Jobs:
        """Return arrays for so many states, which have printed at most so many symbols."""
        from .silence import MOST
        from .walk import REGISTERS

        return _Jobs(
            np.zeros((jobs, REGISTERS), dtype=np.int64),
            np.zeros((jobs, 4, 2 * MOST + 2), dtype=np.int64),
            np.zeros((jobs, output), dtype=np.uint8),
        )

    def root(self) -> _Jobs:
        """Return the state before any input."""
        from .silence import FETCH
        from .walk import HEAD, NEED, TOP

        root = self.room(1)
        root.regs[0, HEAD], root.regs[0, TOP] = START, -1
        root.regs[0, NEED] = FETCH
        root.store[0, 0], root.store[0, 3] = FETCH, -1
        return root

    def kernel(self, jobs: _Jobs, i: int, length: int, found: _Found, cut: int, made: _Jobs) -> tuple[int, int]:
        """Walk below one state, add to what was found; return how many states were left for others in `made`, and their longest output."""
        from .silence import MOST
        from .walk import walk

        ops, jumps, ups = (jobs.store[i, row, : MOST + 1].copy() for row in range(3))
        out = np.zeros(self.height + 1, dtype=np.uint8)
        out[: jobs.out.shape[1]] = jobs.out[i]
        nodes, count, longest = walk(
            jobs.regs[i], ops, jobs.store[i, 3].copy(), jumps, ups, out, length, self.limits.steps, self.limits.space,
            self.limits.proof_bits, self.speed, self.children, self.marks, self.reach, self.longest, found.masses, found.endless, found.best,
            cut, made.regs, made.store, made.out, *found.scratch,
        )  # fmt: skip
        found.nodes += int(nodes)
        return int(count), int(longest)

    def finished(self, found: _Found, seconds: float, threads: int) -> Walk:
        from .endless import spread

        spread(self.children, found.endless, self.longest, found.masses)
        return Walk(self.limits, self.trie, found.masses, found.best, found.nodes, seconds, threads, self.speed)


def enumerate_programs(
    trie: Trie,
    limits: Limits,
    *,
    threads: int | None = None,
    speed: bool = False,
    order: Sequence[int] | None = None,
    deadline: float | None = None,
    progress: Progress | None = None,
) -> Walk | None:
    """Return the walk of every program up to `limits.length` bits, or None where the deadline (of `time.perf_counter`) came first.

    threads: all cores by default. speed: also sum the speed prior (slower: every program runs to its end). order: numbers by which the jobs are
    sorted, repeated as needed; the result does not depend on it.
    """
    start = time.perf_counter()
    this = _Pass(trie, limits, speed)
    threads = threads or os.cpu_count() or 1
    found = this.empty()
    whole = threads == 1 and deadline is None and progress is None and order is None
    if whole or limits.length < CUT + LOOKAHEAD:
        this.kernel(this.root(), 0, limits.length, found, MOST_LENGTH + 1, this.room(0))
        return this.finished(found, time.perf_counter() - start, 1)
    count, longest = this.kernel(this.root(), 0, limits.length, this.empty(), CUT, this.room(0))
    jobs = this.room(count, longest)
    this.kernel(this.root(), 0, limits.length, found, CUT, jobs)
    queue = list(range(count)) if order is None else sorted(range(count), key=lambda i: (order[i % len(order)], i))
    weights = _weigh(this, jobs, count) if progress is not None else None
    try:
        _play(this, jobs, queue, found, threads, deadline, progress, weights)
    except _Stopped:
        return None
    return this.finished(found, time.perf_counter() - start, threads)


def _weigh(this: _Pass, jobs: _Jobs, count: int) -> np.ndarray:
    """Return the nodes (count,) of each job in a tree of LOOKAHEAD bits fewer."""
    none = this.room(0)
    weights = np.ones(count)
    found = this.empty()
    for i in range(count):
        before = found.nodes
        this.kernel(jobs, i, this.limits.length - LOOKAHEAD, found, MOST_LENGTH + 1, none)
        weights[i] += found.nodes - before
    return weights


def _play(
    this: _Pass,
    jobs: _Jobs,
    queue: list[int],
    found: _Found,
    threads: int,
    deadline: float | None,
    progress: Progress | None,
    weights: np.ndarray | None,
) -> None:
    """Walk the jobs and add what they find.

    Raises:
        _Stopped: the deadline came first.
    """
    waiting: Iterator[int] = iter(queue)
    begun = time.perf_counter()
    stopped = threading.Event()
    done = 0.0

    def work() -> _Found:
        nonlocal done
        mine, none = this.empty(), this.room(0)
        while not stopped.is_set():
            with this.lock:
                i = next(waiting, None)
            if i is None:
                break
            if deadline is not None and time.perf_counter() > deadline:
                stopped.set()
                break
            this.kernel(jobs, i, this.limits.length, mine, MOST_LENGTH + 1, none)
            if progress is not None and weights is not None:
                with this.lock:
                    done += float(weights[i])
                    share = done / float(weights.sum())
                    progress(share, (time.perf_counter() - begun) * (1.0 - share) / share)
        return mine

    if threads == 1:
        results = [work()]
    else:
        with ThreadPoolExecutor(threads) as pool:
            running = [pool.submit(work) for _ in range(threads)]
            try:
                results = [one.result() for one in running]
            except BaseException:
                stopped.set()
                raise
    if stopped.is_set():
        raise _Stopped
    for mine in results:
        found.add(mine)


def deepen(
    trie: Trie,
    seconds: float,
    limits: Limits | None = None,
    *,
    threads: int | None = None,
    speed: bool = False,
    progress: Progress | None = None,
) -> Iterator[Walk]:
    """Yield ever deeper walks, the first one (length 0, which says nothing) at once, as long as the next is expected to end within the budget.

    Lengths rise by an opcode, then by single bits where only that still fits. A walk that overruns the budget is given up.

    Raises:
        InputError: the seconds are negative or no number.
    """
    if not 0 <= seconds < float("inf"):
        raise InputError(f"seconds is {seconds}; give 0 or more (0 means: no program at all, only the root interval)")
    deadline = time.perf_counter() + seconds
    limits = limits or Limits()
    last = enumerate_programs(trie, replace(limits, length=0), threads=1, speed=speed)
    assert last is not None
    yield last
    while last.limits.length < MOST_LENGTH:
        length = last.limits.length
        rise = 9 if length == 0 else next((bits for bits in (3, 2, 1) if _expected(last, bits) < deadline - time.perf_counter()), 0)
        if rise == 0 or time.perf_counter() >= deadline:
            return
        found = enumerate_programs(
            trie,
            replace(limits, length=min(length + rise, MOST_LENGTH)),
            threads=threads,
            speed=speed,
            deadline=deadline,
            progress=progress,
        )
        if found is None:
            return
        last = found
        yield last


def _expected(walk: Walk, more: int) -> float:
    """Return the seconds that a walk of so many more bits is expected to take; GROWTH an opcode, and a start-up cost."""
    return 0.01 + walk.seconds * float(GROWTH ** (more / 3))


def warm_up() -> None:
    """Compile the kernel, or load it from numba's cache."""
    trie = Trie()
    trie.add((0, 1), mark=True)
    enumerate_programs(trie, Limits(length=6, steps=20), threads=1)
