"""The walk against the plain interpreter, and the laws that its integers obey."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from solomonic.errors import InputError
from solomonic.solomonoff import Fate, Limits, Trie, Walk, all_strings, deepen, encode, enumerate_programs, leaves, run
from solomonic.solomonoff.columns import DEAD, UL, US, UT
from solomonic.solomonoff.enumeration import PROOFS
from solomonic.solomonoff.machine import Machine, OutOfInput, OutOfWindow, Silent

TARGETS = [
    "0", "1", "00", "01", "10", "11", "0101", "0010", "00000000", "01101001", "0110100110010110", "110111001", "1" * 12, "010010100100101001010",
]  # fmt: skip
STEPS = 600
FEW = 60
FAR = 100 * FEW
"""What was called silent within FEW steps is watched for a hundred times as many."""


def bits(text: str) -> tuple[int, ...]:
    return tuple(map(int, text))


def walked(targets: Sequence[str], limits: Limits, **options: object) -> Walk:
    trie = Trie()
    for target in targets:
        trie.add(bits(target), mark=True)
    walk = enumerate_programs(trie, limits, **options)  # type: ignore[arg-type]
    assert walk is not None
    return walk


def by_class(walk: Walk, target: str) -> dict[tuple[Fate, int], int]:
    """The walk's masses in the reference's words."""
    x = bits(target)
    rows = walk.masses[walk.trie.add(x)]
    found = {(Fate.ACC, len(x)): int(rows[-2][x[-1]])}
    for k, b in enumerate(x):
        row = rows[k]
        found |= {
            (Fate.MIS, k): int(row[1 - b]),
            (Fate.DEAD, k): int(row[DEAD]),
            (Fate.UT, k): int(row[UT]),
            (Fate.UL, k): int(row[UL]),
            (Fate.US, k): int(row[US]),
        }
    return {key: mass for key, mass in found.items() if mass}


def prints_or_reads(leaf_bits: str, right: int, *, steps: int) -> bool:
    """Does the machine print once more, or need input beyond the leaf's, within so many steps on a wide tape?"""
    machine = Machine(leaf_bits, cells=[0] * (2 * FAR + 1), head=FAR)
    since = 0
    try:
        while since < steps:
            machine.step()
            if len(machine.output) > right:
                return True
            since += 1
    except OutOfInput:
        return True
    except (OutOfWindow, Silent):
        return False
    return False


@functools.cache
def reference_classes(target: str, length: int) -> tuple[dict[tuple[Fate, int], int], Counter[int]]:
    """Masses by the reference, and for each k the mass of its undecided leaves (time, space) that are seen to print or read later after all."""
    sums: Counter[tuple[Fate, int]] = Counter()
    later: Counter[int] = Counter()
    for leaf in leaves(bits(target), length, steps=FEW):
        mass = 1 << (length - len(leaf.bits))
        sums[leaf.fate, leaf.right] += mass
        if leaf.fate in (Fate.UT, Fate.US) and prints_or_reads(leaf.bits, leaf.right, steps=FAR):
            later[leaf.right] += mass
    return dict(sums), later


def against_reference(target: str, length: int) -> None:
    expected, later = reference_classes(target, length)
    found = by_class(walked([target], Limits(length, FEW)), target)
    assert sum(found.values()) == 1 << length
    for fate in (Fate.ACC, Fate.MIS, Fate.UL):
        assert {k: m for (f, k), m in found.items() if f is fate} == {k: m for (f, k), m in expected.items() if f is fate}
    for k in range(len(target)):
        assert found.get((Fate.DEAD, k), 0) >= expected.get((Fate.DEAD, k), 0)
        assert found.get((Fate.UT, k), 0) + found.get((Fate.US, k), 0) >= later[k], "a run that goes on to print was called silent"


@pytest.mark.parametrize("length", range(10))
def test_every_short_input_against_the_reference(length: int) -> None:
    for target in TARGETS:
        against_reference(target, length)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("length", [11, 12])
def test_every_input_against_the_reference(target: str, length: int) -> None:
    against_reference(target, length)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("length", [13, 14, 15])
def test_every_input_of_15_bits_against_the_reference(target: str, length: int) -> None:
    against_reference(target, length)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_every_input_of_18_bits_against_the_reference(target: str) -> None:
    against_reference(target, 18)


@pytest.mark.parametrize("length", [12, 21, 24])
def test_masses_sum_exactly(length: int) -> None:
    for target in TARGETS:
        assert sum(by_class(walked([target], Limits(length)), target).values()) == 1 << length


@pytest.mark.parametrize("off", [*[(name,) for name in PROOFS], PROOFS])
def test_a_proof_that_is_switched_off_changes_no_output(off: tuple[str, ...]) -> None:
    limits = Limits(21, STEPS)
    whole, less = walked(TARGETS, limits), walked(TARGETS, replace(limits, proofs=tuple(p for p in PROOFS if p not in off)))
    for column in (0, 1, UL):
        np.testing.assert_array_equal(whole.masses[:, column], less.masses[:, column])
    assert (whole.masses[:, DEAD] >= less.masses[:, DEAD]).all()
    np.testing.assert_array_equal(whole.shortest, less.shortest)


def test_targets_of_eight_symbols_are_decided_but_for_those_that_print_beyond_the_window() -> None:
    strings = ["".join(map(str, x)) for x in all_strings(8)]
    for length, time, space in ((15, 0, 0), (18, 0, 1), (21, 0, 33)):
        masses = walked(strings, Limits(length, STEPS)).masses
        assert masses[:, UT].sum() == time
        assert masses[:, US].sum() == space


@pytest.mark.parametrize("program", [">>>>.]", ">>>.?]", "<<.<<<]", "!>>>>.]"])
def test_what_is_left_by_space_does_print_again(program: str) -> None:
    # So no proof of silence can take these away: the window itself leaves them open.
    leaf = run(encode(program), [0] * 9 if "!" not in program else [0] * 7 + [1, 0])
    if leaf.fate is Fate.US:
        assert prints_or_reads(leaf.bits, leaf.right, steps=1000)


@pytest.mark.parametrize("length", [18, 22])
def test_integers_do_not_depend_on_threads_or_the_order_of_visits(length: int) -> None:
    limits = Limits(length)
    one = walked(TARGETS, limits, threads=1)
    for other in (walked(TARGETS, limits, threads=2), walked(TARGETS, limits, threads=1, order=[5, 3, 8, 1, 1, 9, 2])):
        np.testing.assert_array_equal(one.masses, other.masses)
        np.testing.assert_array_equal(one.shortest, other.shortest)
        assert one.nodes == other.nodes


def test_one_target_alone_or_among_many_is_the_same() -> None:
    together = walked(TARGETS, Limits(20))
    for target in TARGETS:
        alone = walked([target], Limits(20))
        assert by_class(alone, target) == by_class(together, target)
        assert alone.programs(alone.trie.add(bits(target))[-1]) == together.programs(together.trie.add(bits(target))[-1])


@pytest.mark.parametrize(("length", "space"), [(20, 64), (18, 12), (17, 2)])
def test_a_word_put_down_at_once_is_the_same_as_printed(length: int, space: int) -> None:
    targets = ["0" * 70, "01" * 35, "001" * 25, "00101" * 14, "0" * 31 + "1", "0" * 40 + "1", "1" * 80, "0110" * 12 + "1", "011010011" * 8]
    at_once, printed = (walked(targets, Limits(length, STEPS, space), speed=speed) for speed in (False, True))
    np.testing.assert_array_equal(at_once.masses[:, :6], printed.masses[:, :6])
    np.testing.assert_array_equal(at_once.shortest, printed.shortest)


def test_the_semimeasure_inequality() -> None:
    for length in (12, 20):
        walk = walked(["".join(map(str, x)) for x in all_strings(7)], Limits(length))
        for n in range(7):
            for x in all_strings(n):
                path = walk.trie.add(x)
                own = 1 << length if n == 0 else int(walk.masses[path[-2], x[-1]])
                assert own >= int(walk.masses[path[-1], 0] + walk.masses[path[-1], 1])


def test_a_coin_flipping_machine_prints_as_often_as_the_walk_says() -> None:
    rng = np.random.default_rng(0)
    draws, length = 3000, 21
    walk = walked(["00", "01", "10", "11"], Limits(length))
    inputs = ["".join(map(str, row)) for row in rng.integers(2, size=(draws, length))]
    for target in ("00", "01", "10", "11"):
        p = by_class(walk, target).get((Fate.ACC, 2), 0) / 2**length
        hits = sum(run(one, bits(target), steps=200).fate is Fate.ACC for one in inputs)
        assert abs(hits - draws * p) <= 4.5 * math.sqrt(draws * p * (1 - p)) + 1


@pytest.mark.parametrize("n", range(1, 7))
def test_a_program_that_copies_its_input_gives_every_string_its_mass(n: int) -> None:
    walk = walked(["".join(map(str, x)) for x in all_strings(n)], Limits(9 + n))
    for x in all_strings(n):
        assert by_class(walk, "".join(map(str, x)))[Fate.ACC, n] >= 1


def test_every_program_found_has_its_mass_and_prints_its_target() -> None:
    walk = walked(TARGETS, Limits(22))
    for target in TARGETS:
        programs = walk.programs(walk.trie.add(bits(target))[-1])
        assert programs == sorted(programs)
        for size, code in programs:
            assert run(format(code, f"0{size}b"), bits(target)).fate is Fate.ACC
            assert by_class(walk, target)[Fate.ACC, len(target)] >= 1 << (22 - size)


def test_deepening_ends_within_its_budget_and_begins_with_the_root() -> None:
    trie = Trie()
    trie.add((0, 1, 1), mark=True)
    lengths = [walk.limits.length for walk in deepen(trie, 0.2)]
    assert lengths[0] == 0
    assert lengths == sorted(set(lengths))
    assert [walk.limits.length for walk in deepen(trie, 0.0)] == [0]


def test_progress_ends_at_one_and_never_falls() -> None:
    seen: list[tuple[float, float]] = []
    walked(["0110"], Limits(21), threads=1, progress=lambda share, left: seen.append((share, left)))
    shares = [share for share, _ in seen]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    assert seen[-1][1] == pytest.approx(0.0, abs=1e-6)


def test_a_deadline_that_has_passed_gives_nothing() -> None:
    trie = Trie()
    trie.add((0, 1), mark=True)
    assert enumerate_programs(trie, Limits(24), deadline=0.0) is None


@pytest.mark.parametrize(
    "wrong", [{"length": 61}, {"length": -1}, {"steps": 0}, {"space": 66}, {"space": 5}, {"space": 0}, {"proofs": ("hope",)}]
)
def test_limits_out_of_range_are_one_clear_line(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"give|proofs"):
        Limits(**wrong)  # type: ignore[arg-type]
