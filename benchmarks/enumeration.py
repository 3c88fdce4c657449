"""The walk of all programs: its speed, the table of known losses, and how well its prior agrees with an independent one.

    python benchmarks/enumeration.py              speed on one thread and two, ratio to the plain interpreter, 14 sequences at L = 33 in one pass
    python benchmarks/enumeration.py --length 27  the same with a shallower table
    python benchmarks/enumeration.py --ctm        rank correlation of A(x) over all strings of length 1 to 8 with SOLOMONIC_DATA/ctm

Run it as `python -P` where another file beside it has the name of a package. Wall seconds are for a machine with nothing else to do; CPU seconds are printed beside them for one that is shared.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np

from solomonic.prediction import ContextTree
from solomonic.solomonoff import Limits, Line, Trie, all_strings, decode, enumerate_programs, leaves, warm_up
from solomonic.tasks.generators import GENERATORS, coin

N = 256
NAMES = [
    "zeros", "alternating", "period_three", "period_five", "thue_morse", "fibonacci_word", "period_doubling", "paperfolding", "zero_k_one",
    "powers_of_two", "champernowne", "primes", "rule30_centre",
]  # fmt: skip


def sequences() -> dict[str, tuple[int, ...]]:
    """Return the fourteen sequences: thirteen by name, and a coin."""
    named = {name: GENERATORS[name](N) for name in NAMES}
    return named | {"coin": coin(N, rng=np.random.default_rng(0))}


def lines_of(targets: list[tuple[int, ...]], limits: Limits, threads: int) -> tuple[list[Line], float]:
    trie = Trie()
    paths = [trie.add(target, mark=True) for target in targets]
    cpu = time.process_time()
    walk = enumerate_programs(trie, limits, threads=threads)
    assert walk is not None
    return [Line(walk, target, path) for target, path in zip(targets, paths, strict=True)], time.process_time() - cpu


def speed() -> None:
    """Nodes a second on all strings of eight symbols and on the fourteen sequences; ratio to the plain interpreter."""
    for title, targets in (("256 targets of 8 symbols", all_strings(8)), ("14 targets of 256 symbols", list(sequences().values()))):
        for threads in (1, 2):
            lines, cpu = lines_of(targets, Limits(27), threads)
            walk = lines[0].walk
            print(
                f"{title}, L = 27, {threads} thread{'s' * (threads > 1)}: {walk.nodes:,} nodes, {walk.seconds:.2f} s wall "
                f"({walk.nodes / walk.seconds / 1e6:.0f} M nodes a second), {cpu:.2f} s CPU ({walk.nodes / cpu / 1e6:.0f} M a CPU second)"
            )
    target, length = (0, 1, 1, 0, 1, 0, 0, 1), 14
    cpu = time.process_time()
    ended = sum(1 for _ in leaves(target, length, steps=600))
    plain = ended / (time.process_time() - cpu)
    lines, cpu = lines_of([target], Limits(27, 600), 1)
    fast = lines[0].walk.nodes * 7 / 8 / cpu
    print(
        f"programs a CPU second: reference {plain:,.0f} (L = {length}), walk {fast:,.0f} (7 of 8 nodes are leaves), ratio {fast / plain:,.0f}"
    )


def table(length: int) -> None:
    """Loss of the mixture, shortest program and context-tree weighting for each sequence, from one pass."""
    named = sequences()
    lines, cpu = lines_of(list(named.values()), Limits(length), 2)
    walk = lines[0].walk
    print(f"14 sequences, n = {N}, L = {length}, 2 threads: {walk.nodes:,} nodes, {walk.seconds:.1f} s wall, {cpu:.1f} s CPU")
    print(f"{'sequence':16s} {'mixture':>8s} {'shortest':>8s} {'ctw':>8s}  program")
    for (name, target), line in zip(named.items(), lines, strict=True):
        programs = walk.programs(line.path[-1])
        logs = ContextTree(2, 16).curve(target)
        ctw = -logs[np.arange(N), list(target)].sum() / np.log(2)
        size = str(programs[0][0]) if programs else "-"
        text = decode(format(programs[0][1], f"0{programs[0][0]}b"), steps=200_000) if programs else ""
        print(f"{name:16s} {line.loss_bits():8.1f} {size:>8s} {ctw:8.1f}  {text}")


def ctm(length: int) -> None:
    """Spearman's rank correlation of A with the coding-theorem estimate from small Turing machines."""
    from scipy.stats import spearmanr

    folder = Path(os.environ["SOLOMONIC_DATA"]) / "ctm"
    reference = {text: value for group in json.loads((folder / "ctm-b2-len1-8.json").read_text()).values() for text, value in group.items()}
    trie = Trie()
    paths = {x: trie.add(x) for n in range(1, 9) for x in all_strings(n)}
    walk = enumerate_programs(trie, Limits(length))
    assert walk is not None

    def found(text: str) -> float | None:
        # The table merges a string with its complement and gives one of the two, or both; each is looked up as it stands.
        return reference.get(text, reference.get(text.translate(str.maketrans("01", "10"))))

    def mass(x: tuple[int, ...]) -> int:
        path = paths[x]
        return int(walk.masses[path[-2], x[-1]])

    chosen = [(x, value) for x in paths if (value := found("".join(map(str, x)))) is not None]
    print(f"rank correlation with 2^-CTM over {len(chosen)} strings of length 1 to 8, L = {length}: A(x); A(x) + A(complement of x)")
    for title, sizes in (("all lengths", range(1, 9)), *((f"length {n}", range(n, n + 1)) for n in range(3, 9))):
        some = [(x, -value) for x, value in chosen if len(x) in sizes]
        one = spearmanr([mass(x) for x, _ in some], [value for _, value in some]).statistic
        both = spearmanr([mass(x) + mass(tuple(1 - b for b in x)) for x, _ in some], [value for _, value in some]).statistic
        print(f"  {title:12s} {one:6.3f} {both:6.3f}  (n = {len(some)})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--length", type=int, default=None)
    parser.add_argument("--ctm", action="store_true")
    asked = parser.parse_args()
    warm_up()
    if asked.ctm:
        ctm(asked.length or 24)
        return
    speed()
    table(asked.length or 33)


if __name__ == "__main__":
    main()
