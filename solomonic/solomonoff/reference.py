"""The plain interpreter: one input at a time. Obvious and slow, and the judge of everything else in this room.

`run` plays one input against one target and says how it ends; `leaves` does so for every input of L bits (an input of which only the first b
bits were read stands for all 2^(L-b) inputs that begin so); `trace` shows each step; `decode` writes input bits as a program.

Silence is proved here in two ways only: `?` with nothing left to read, and a configuration at a `]` that repeats with no input read and no
output between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ..errors import InputError
from .machine import Machine, Op, OutOfInput, OutOfWindow, Silent

STEPS: Final = 600


class Fate(Enum):
    """How a path through the input tree ends."""

    ACC = "acc"
    MIS = "mis"
    DEAD = "dead"
    UT = "ut"
    UL = "ul"
    US = "us"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One end of the input tree: what became of it, after how many right symbols, on which input bits, with which program and after how many steps."""

    fate: Fate
    right: int
    bits: str
    program: str
    steps: int


def run(bits: str, target: Sequence[int], *, steps: int = STEPS) -> Leaf:
    """Return how the machine ends on this input when it should print the target; `steps` is T, the steps between two symbols at most."""
    machine = Machine(bits)
    executed = since = 0
    seen: set[tuple[int, int, tuple[int, ...], int]] = set()

    def leaf(fate: Fate, right: int) -> Leaf:
        return Leaf(fate, right, bits[: machine.used], machine.text, executed)

    if not target:
        return leaf(Fate.ACC, 0)
    while True:
        right, before = len(machine.output), machine.used
        try:
            op = machine.need()
        except OutOfInput:
            return leaf(Fate.UL, right)
        if since == steps:
            return leaf(Fate.UT, right)
        if machine.used != before:
            seen = set()
        if op is Op.CLOSE:
            configuration = (machine.counter, machine.head, tuple(machine.cells), machine.recalled)
            if configuration in seen:
                return leaf(Fate.DEAD, right)
            seen.add(configuration)
        since, executed = since + 1, executed + 1
        try:
            machine.step()
        except OutOfWindow:
            return leaf(Fate.US, right)
        except Silent:
            return leaf(Fate.DEAD, right)
        if op is Op.EMIT:
            if machine.output[-1] != target[right]:
                return leaf(Fate.MIS, right)
            if right + 1 == len(target):
                return leaf(Fate.ACC, right + 1)
            since, seen = 0, set()


def leaves(target: Sequence[int], length: int, *, steps: int = STEPS) -> Iterator[Leaf]:
    """Yield the leaves of the input tree cut at `length` bits, in the order of the inputs; their masses 2^-len(bits) sum to one."""
    value = 0
    while value < 1 << length:
        leaf = run(format(value, f"0{length}b") if length else "", target, steps=steps)
        yield leaf
        value += 1 << (length - len(leaf.bits))


def masses(target: Sequence[int], length: int, *, steps: int = STEPS) -> dict[tuple[Fate, int], int]:
    """Return, for each class and number of right symbols, the mass of its leaves in units of 2^-length."""
    sums: dict[tuple[Fate, int], int] = {}
    for leaf in leaves(target, length, steps=steps):
        key = (leaf.fate, leaf.right)
        sums[key] = sums.get(key, 0) + (1 << (length - len(leaf.bits)))
    return sums


@dataclass(frozen=True, slots=True)
class Step:
    """One executed opcode and the machine right after it; `read` are the input bits that it took, `cells` the window as it then stands."""

    number: int
    op: str
    counter: int
    read: str
    head: int
    cells: tuple[int, ...]
    output: str

    def __str__(self) -> str:
        cells = "".join(f"({c})" if i == self.head else str(c) for i, c in enumerate(self.cells) if abs(i - self.head) <= 8)
        return f"{self.number:5d}  {self.op}  {self.read:>4}  {cells}  {self.output}"


def trace(program: str, *, steps: int = 100) -> Iterator[Step]:
    """Yield the steps of a program, given as text or as input bits, until it needs more input, leaves the window or falls silent at a `?`.

    Raises:
        InputError: a letter is none of the machine's.
    """
    machine = Machine(_input(program))
    for number in range(1, steps + 1):
        before, place = machine.used, machine.counter
        try:
            op = machine.step()
        except (OutOfInput, OutOfWindow, Silent):
            return
        yield Step(
            number,
            str("><![].,?"[op]),
            place,
            machine.bits[before : machine.used],
            machine.head,
            tuple(machine.cells),
            "".join(map(str, machine.output)),
        )


def output(program: str, count: int, *, steps: int = STEPS) -> tuple[int, ...]:
    """Return what a program, given as text or as input bits, prints without further input: at most `count` symbols, `steps` steps for each."""
    machine = Machine(_input(program))
    since = 0
    while len(machine.output) < count and since < steps:
        try:
            op = machine.step()
        except (OutOfInput, OutOfWindow, Silent):
            break
        since = 0 if op is Op.EMIT else since + 1
    return tuple(machine.output[:count])


def decode(bits: str, *, steps: int = 100_000) -> str:
    """Return the program that input bits spell, with the bits that `,` read as 0 and 1; `encode` is its inverse.

    Which bits are opcodes shows only when the machine runs, so it runs until it has read them all.

    Raises:
        InputError: the machine does not read them all within so many steps, or stops within an opcode.
    """
    machine = Machine(bits)
    for _ in range(steps):
        if machine.used == len(bits):
            return machine.text
        try:
            machine.need()
            if machine.used < len(bits):
                machine.step()
        except (OutOfInput, OutOfWindow, Silent):
            break
    if machine.used == len(bits):
        return machine.text
    raise InputError(f"the machine reads {machine.used} of the {len(bits)} bits {bits!r} and no more; give the bits of one program")


def _input(program: str) -> str:
    from .machine import encode

    return encode(program)
