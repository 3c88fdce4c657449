"""The monotone machine: its opcodes, and its state with one step of it, in plain Python.

The machine reads its next opcode from a one-way input of fair coin bits only when it needs one, works on a tape of binary cells, and writes
one-way output. So the inputs on which it prints a given string form a tree, and the sum over that tree is Solomonoff's mixture for this machine
(Solomonoff 1964; Li & Vitanyi 2008, ch. 4 and 5). The specification is docs/machine.md; it is frozen, since every figure changes with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from ..errors import InputError

SPACE: Final = 64
"""Cells of the window: 0 to SPACE - 1."""
START: Final = 32
"""The cell under the head at the start."""
OPCODE_BITS: Final = 3
LETTERS: Final = "><![].,?"
"""The opcodes 0 to 7 as they are written."""


class Op(IntEnum):
    """The eight opcodes, three bits each, most significant bit first."""

    RIGHT = 0
    LEFT = 1
    FLIP = 2
    OPEN = 3
    CLOSE = 4
    EMIT = 5
    READ = 6
    RECALL = 7


class OutOfInput(Exception):
    """The machine needs bits that the input does not have."""


class OutOfWindow(Exception):
    """The head has left the window."""


class Silent(Exception):
    """`?` has no output bit left to read: the machine never prints again."""


@dataclass(slots=True)
class Machine:
    """A machine on a finite input of 0 and 1; `need` fetches what the next step takes from the input, `step` executes it.

    `store` holds the opcodes in the order in which they were first needed; `body` and `past` say where the two branches of a `[` begin, once
    they have been taken; `closes` says which `[` a `]` goes back to (None: the start of the program, the outer loop). `text` is the program as
    it was read, with the bits that `,` read as 0 and 1.
    """

    bits: str
    used: int = 0
    cells: list[int] = field(default_factory=lambda: [0] * SPACE)
    head: int = START
    output: list[int] = field(default_factory=list)
    recalled: int = 0
    store: list[Op] = field(default_factory=list)
    counter: int = 0
    body: dict[int, int] = field(default_factory=dict)
    past: dict[int, int] = field(default_factory=dict)
    closes: dict[int, int | None] = field(default_factory=dict)
    open_loops: list[int] = field(default_factory=list)
    text: str = ""
    _bit: int | None = None

    def need(self) -> Op:
        """Return the opcode of the next step, reading it, and the bit of a `,`, from the input where that is needed.

        Raises:
            OutOfInput: the input has too few bits left.
        """
        if self.counter == len(self.store):
            op = Op(int(self._take(OPCODE_BITS), 2))
            if op is Op.CLOSE:
                self.closes[self.counter] = self.open_loops.pop() if self.open_loops else None
            self.store.append(op)
            self.text += LETTERS[op]
        op = self.store[self.counter]
        if op is Op.READ and self._bit is None:
            self._bit = int(self._take(1))
            self.text += str(self._bit)
        return op

    def step(self) -> Op:
        """Execute one opcode and return it.

        Raises:
            OutOfInput: the input has too few bits left.
            OutOfWindow: the head has left the window.
            Silent: `?` has nothing left to read.
        """
        op = self.need()
        if op is Op.OPEN:
            self._branch()
            return op
        if op is Op.CLOSE:
            self.counter = self.closes[self.counter] or 0
            return op
        if op in (Op.RIGHT, Op.LEFT):
            self.head += 1 if op is Op.RIGHT else -1
            if not 0 <= self.head < len(self.cells):
                raise OutOfWindow
        elif op is Op.FLIP:
            self.cells[self.head] ^= 1
        elif op is Op.EMIT:
            self.output.append(self.cells[self.head])
        elif op is Op.READ:
            self.cells[self.head] = self._bit or 0
            self._bit = None
        else:
            if self.recalled == len(self.output):
                raise Silent
            self.cells[self.head] = self.output[self.recalled]
            self.recalled += 1
        self.counter += 1
        return op

    def _branch(self) -> None:
        """Go into the body of the `[` under the counter where its cell is 1, or past it; open that branch where it was never taken."""
        here = self.counter
        if self.cells[self.head]:
            if here not in self.body:
                self.body[here] = len(self.store)
                self.open_loops.append(here)
            self.counter = self.body[here]
        else:
            self.counter = self.past.setdefault(here, len(self.store))

    def _take(self, count: int) -> str:
        if self.used + count > len(self.bits):
            raise OutOfInput
        taken = self.bits[self.used : self.used + count]
        self.used += count
        return taken


def encode(program: str) -> str:
    """Return a program's text as input bits; 0 and 1 in it stand for the bits that a `,` before them reads.

    Raises:
        InputError: a letter is none of ><![].,? and no bit.
    """
    bits = []
    for place, letter in enumerate(program):
        if letter in "01":
            bits.append(letter)
        elif letter in LETTERS:
            bits.append(format(LETTERS.index(letter), "03b"))
        else:
            raise InputError(
                f"program {program!r} has {letter!r} at place {place}; programs are written with {LETTERS} and the bits that a comma reads"
            )
    return "".join(bits)


def bits_of(text: str) -> tuple[int, ...]:
    """Return a string of 0 and 1 as bits.

    Raises:
        InputError: there is a letter that is neither.
    """
    for place, letter in enumerate(text):
        if letter not in "01":
            raise InputError(f"{letter!r} at place {place} is not a bit; give a string of 0 and 1, such as 010101")
    return tuple(int(letter) for letter in text)
