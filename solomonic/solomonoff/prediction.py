"""What the limit says of one target: bounds on its mass and on the next symbol, a prediction, and the shortest programs that print it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..errors import InputError
from ..records import SCHEMA_VERSION
from .enumeration import Limits, Progress, deepen, enumerate_programs
from .machine import bits_of
from .mixture import Classes, Interval, Line
from .reference import decode, output
from .targets import Bits, Trie, checked_bits

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SECONDS: Final = 1.2
"""What a walk may take by default: with the start of Python and the loading of the kernel, `solomonic predict` ends within 2 s."""
MOST_SYMBOLS: Final = 1 << 16
LONGEST_RERUN: Final = 20_000
"""Targets up to this length have their programs run once more in plain Python, to see what these print next."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that prints the target: its text, the bits that it read, and what it prints next without reading more (None: it would read)."""

    text: str
    bits: int
    next: int | None


@dataclass(frozen=True, slots=True)
class Prediction:
    """Everything that one walk says of a target."""

    line: Line
    seconds: float

    @property
    def limits(self) -> Limits:
        """Where the sum over programs was cut."""
        return self.line.walk.limits

    @property
    def target(self) -> str:
        """The target as 0 and 1."""
        return "".join(map(str, self.line.target))

    @property
    def classes(self) -> Classes:
        """The leaves by class, in units of 2^-length."""
        return self.line.classes()

    @property
    def next(self) -> tuple[Interval, Interval]:
        """Certified bounds on the probability that 0, and that 1, comes next."""
        return self.line.next()

    @property
    def prediction(self) -> tuple[float, float]:
        """The completed predictor's probabilities of 0 and 1."""
        zero, one = np.exp(self.line.log_probs()[-1]).tolist()
        return zero, one

    @property
    def programs(self) -> list[Program]:
        """The shortest programs found, the shortest first."""
        n = len(self.line.target)
        if n == 0:
            return []
        programs = []
        for bits, code in self.line.walk.programs(self.line.path[-1]):
            text = format(code, f"0{bits}b")
            after = output(text, n + 1, steps=self.limits.steps)[n:] if n <= LONGEST_RERUN else ()
            programs.append(Program(decode(text, steps=(n + 1) * self.limits.steps), bits, after[0] if after else None))
        return programs

    def as_json(self) -> dict[str, Any]:
        """Return the JSON contract of `solomonic predict`."""
        low, high = self.line.log2_mass()
        zero, one = self.next
        p = self.prediction
        return {
            "schema_version": SCHEMA_VERSION,
            "target": self.target,
            "length": self.limits.length,
            "steps": self.limits.steps,
            "space": self.limits.space,
            "scale": str(self.line.scale),
            "mass": {name: str(mass) for name, mass in self.classes.as_dict().items()},
            "mass_resummed": None,
            "log2_mass": [low, high],
            "next": {"0": list(zero.floats()), "1": list(one.floats())},
            "prediction": {"0": p[0], "1": p[1]},
            "loss_bits": self.line.loss_bits(),
            "programs": [{"program": one.text, "bits": one.bits, "next": one.next} for one in self.programs],
            "nodes": self.line.walk.nodes,
            "seconds": self.seconds,
        }

    def __repr__(self) -> str:
        zero, one = self.prediction
        return f"Prediction(n={len(self.line.target)}, P(0) {zero:.4f} in {self.next[0]}, P(1) {one:.4f} in {self.next[1]}, length {self.limits.length})"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the loss along the target, with the certified bounds on the probability of each symbol that came; return the axes."""
        from .pictures import draw_line

        return draw_line(self.line, ax)


def predict(
    target: str | Sequence[int],
    *,
    length: int | None = None,
    seconds: float | None = None,
    steps: int | None = None,
    space: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Prediction:
    """Return what the limit says of a target, a string of 0 and 1 or a sequence of them.

    length: input bits, L; or seconds: what can be walked in that time (SECONDS by default; 0 walks nothing and says so by the root interval).

    Raises:
        InputError: something in the target is no bit, it is too long, or a limit is out of range.
    """
    ladder = iter_predictions(target, length=length, seconds=seconds, steps=steps, space=space, threads=threads, progress=progress)
    return deque(ladder, maxlen=1)[0]


def iter_predictions(
    target: str | Sequence[int],
    *,
    length: int | None = None,
    seconds: float | None = None,
    steps: int | None = None,
    space: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Prediction]:
    """Yield ever tighter predictions; each is certified, and its bounds lie within those of the one before. Arguments as for `predict`."""
    if length is not None and seconds is not None:
        raise InputError(f"length {length} and seconds {seconds} were both given; give one: how deep, or for how long")
    bits = bits_of(target) if isinstance(target, str) else target
    checked = checked_bits(bits, MOST_SYMBOLS)
    defaults = Limits()
    limits = Limits(length or 0, defaults.steps if steps is None else steps, defaults.space if space is None else space)
    trie, path = ahead(checked)
    start = time.perf_counter()
    if length is not None:
        walk = enumerate_programs(trie, limits, threads=threads, progress=progress)
        assert walk is not None
        yield Prediction(Line(walk, checked, path), time.perf_counter() - start)
        return
    budget = SECONDS if seconds is None else seconds
    for walk in deepen(trie, budget, limits, threads=threads, progress=progress):
        yield Prediction(Line(walk, checked, path), time.perf_counter() - start)


def ahead(target: Bits) -> tuple[Trie, list[int]]:
    """Return a trie of the target with one symbol more, either one, and the nodes along the target."""
    trie = Trie()
    path = trie.add(target, mark=bool(target))
    for bit in (0, 1):
        trie.add((bit,), start=path[-1])
    return trie, path


def loss_curves(targets: Sequence[str | Sequence[int]], limits: Limits, **options: Any) -> list[Line]:
    """Return the line of each target from one pass over all programs; `options` as for `enumerate_programs`.

    Raises:
        InputError: something in a target is no bit, or they are too long.
    """
    trie = Trie()
    checked = [checked_bits(bits_of(one) if isinstance(one, str) else one, MOST_SYMBOLS) for one in targets]
    paths = [trie.add(one, mark=bool(one)) for one in checked]
    walk = enumerate_programs(trie, limits, **options)
    assert walk is not None
    return [Line(walk, one, path) for one, path in zip(checked, paths, strict=True)]


def conditional(line: Line, prefix: int) -> Interval:
    """Return bounds on M(xy) / M(x), the probability of what follows the first `prefix` symbols x of a line to its end y.

    The undecided mass of x is added to both where the ratio is bounded from above, and to M(x) alone where it is from below. (This is not
    normalised: M(x0) + M(x1) <= M(x). `Line.next` is.)

    Raises:
        InputError: the line has fewer symbols.
    """
    from fractions import Fraction

    n = len(line.target)
    if not 0 <= prefix <= n:
        raise InputError(f"the prefix has {prefix} symbols but the target {n}; give 0 to {n}")
    whole = line.accepted(prefix) + line.undecided(prefix)
    if whole == 0:
        return Interval(Fraction(0), Fraction(1))
    return Interval(Fraction(line.accepted(), whole), Fraction(min(whole, line.accepted() + line.undecided()), whole))


def predict_after(prefix: str | Sequence[int], question: str | Sequence[int], limits: Limits, **options: Any) -> Interval:
    """Return bounds on the probability of a question y after a prefix x, M(xy) / M(x); both as bits, or as text coded by `text_bits` first."""
    x, y = (checked_bits(bits_of(one) if isinstance(one, str) else one, MOST_SYMBOLS) for one in (prefix, question))
    return conditional(loss_curves([x + y], limits, **options)[0], len(x))
