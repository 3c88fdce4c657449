"""Bounds, the completed predictor, the half-and-half mixture, and the speed prior."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.errors import InputError
from solomonic.prediction import ContextTree
from solomonic.solomonoff import Interval, Limits, Line, Trie, conditional, half_and_half, leaves, loss_curves, predict_after
from solomonic.solomonoff.enumeration import enumerate_programs
from solomonic.solomonoff.prediction import ahead
from solomonic.tasks.generators import GENERATORS

targets = st.lists(st.integers(0, 1), min_size=1, max_size=40).map(tuple)
TABLE_27 = {
    "zeros": 6,
    "alternating": 9,
    "period_three": 18,
    "fibonacci_word": 24,
    "period_doubling": 21,
    "paperfolding": 21,
    "zero_k_one": 27,
}


def line_of(target: tuple[int, ...], limits: Limits, **options: object) -> Line:
    trie, path = ahead(target)
    walk = enumerate_programs(trie, limits, **options)  # type: ignore[arg-type]
    assert walk is not None
    return Line(walk, target, path)


def test_the_first_bit_lies_where_the_specification_says() -> None:
    low, high = loss_curves(["0"], Limits(9))[0].mass().floats()
    assert (round(low, 4), round(high, 4)) == (0.2031, 0.5176)
    by_repetition = loss_curves(["0"], Limits(21, proofs=("exact", "translated")))[0].mass()
    low, high = by_repetition.floats()
    assert (round(low, 4), round(high, 4)) == (0.2573, 0.3735)
    whole = loss_curves(["0"], Limits(21))[0].mass()
    assert (whole.low, whole.high) == (by_repetition.low, by_repetition.high - Fraction(8, 1 << 21))


@given(targets)
@settings(deadline=None, max_examples=25)
def test_classes_sum_to_the_scale_at_every_prefix(target: tuple[int, ...]) -> None:
    line = line_of(target, Limits(15))
    for n in range(len(target) + 1):
        assert sum(line.classes(n).as_dict().values()) == line.scale


@given(targets)
@settings(deadline=None, max_examples=15)
def test_bounds_are_nested_when_a_limit_grows(target: tuple[int, ...]) -> None:
    ladders = (
        [Limits(length) for length in (0, 3, 7, 12, 16, 18)],
        [Limits(15, steps) for steps in (1, 2, 5, 20, 100, 1000)],
        [Limits(15, space=space) for space in (2, 4, 8, 30, 64)],
    )
    for ladder in ladders:
        lines = [line_of(target, limits) for limits in ladder]
        for n in range(len(target) + 1):
            for loose, tight in itertools.pairwise(lines):
                assert loose.mass(n).low <= tight.mass(n).low <= tight.mass(n).high <= loose.mass(n).high
                for bit in (0, 1):
                    wide, narrow = loose.next(n)[bit], tight.next(n)[bit]
                    assert wide.low <= narrow.low <= narrow.high <= wide.high


@given(targets)
@settings(deadline=None, max_examples=25)
def test_the_predictor_lies_in_its_interval_and_is_never_zero(target: tuple[int, ...]) -> None:
    line = line_of(target, Limits(15))
    probs = np.exp(line.log_probs())
    np.testing.assert_allclose(probs.sum(axis=1), 1.0, atol=1e-12)
    assert (probs > 0).all()
    for n in range(len(target) + 1):
        for bit, bound in enumerate(line.next(n)):
            low, high = bound.floats()
            assert low - 1e-12 <= probs[n, bit] <= high + 1e-12


def test_loss_is_at_most_the_shortest_program_and_so_are_the_errors() -> None:
    for name, shortest in TABLE_27.items():
        line = loss_curves([GENERATORS[name](256)], Limits(27 if shortest > 24 else 24), threads=1)[0]
        assert line.walk.programs(line.path[-1])[0][0] == shortest
        low, _ = line.log2_mass()
        assert low is not None
        assert line.loss_bits() <= -low + 1e-9
        assert -low <= shortest
        errors = int((line.losses_bits() > 1.0).sum())
        assert errors <= -low


def test_a_line_of_thousands_of_symbols_does_not_underflow() -> None:
    target = tuple(np.random.default_rng(0).integers(2, size=3000).tolist())
    logs = line_of(target, Limits(12)).log_probs()
    assert np.isfinite(logs).all()
    np.testing.assert_allclose(np.exp(logs[2000:]), 0.5, atol=1e-9)


@given(targets)
@settings(deadline=None, max_examples=10)
def test_half_and_half_loses_at_most_one_bit_more_than_the_better(target: tuple[int, ...]) -> None:
    line = line_of(target, Limits(12))
    one, other = line.log_probs(), np.vstack([(tree := ContextTree(2, 16)).curve(target), tree.predict()])
    mixed = half_and_half(one, other, target)
    np.testing.assert_allclose(np.exp(mixed).sum(axis=1), 1.0, atol=1e-12)
    losses = [-rows[np.arange(len(target)), list(target)].sum() / math.log(2) for rows in (one, other, mixed)]
    assert losses[2] <= min(losses[:2]) + 1.0 + 1e-9


def test_the_speed_prior_is_what_the_reference_sums_between_its_bounds() -> None:
    for text in ("0", "01", "0010", "1111"):
        target = tuple(map(int, text))
        line = line_of(target, Limits(12), speed=True)
        found = sum(
            (Fraction(1, 2 ** len(leaf.bits) * leaf.steps) for leaf in leaves(target, 12) if leaf.right == len(target)), Fraction(0)
        )
        bound = line.speed()
        assert bound.low <= found <= bound.high
        assert abs(bound.low - found) < Fraction(1, 2**40)


def test_the_speed_prior_is_nested_and_below_the_mass() -> None:
    before = Interval(Fraction(0), Fraction(1))
    for length in (6, 12, 18):
        line = line_of((0, 1, 0, 1), Limits(length), speed=True)
        assert before.low <= line.speed().low <= line.speed().high <= before.high + Fraction(1, 2**30)
        assert line.speed().low <= line.mass().low
        before = line.speed()


def test_the_speed_prior_must_be_asked_for() -> None:
    with pytest.raises(ValueError, match="speed=True"):
        line_of((0,), Limits(6)).speed()


def test_a_question_after_a_prefix_is_a_ratio_of_masses() -> None:
    line = line_of((0, 1, 0, 1, 0, 1), Limits(18))
    bound = conditional(line, 4)
    low, high = line.mass(6), line.mass(4)
    assert bound.low == Fraction(line.accepted(6), line.accepted(4) + line.undecided(4))
    assert low.low / high.high <= bound.high
    assert predict_after("0101", "01", Limits(18)).low == bound.low
    assert conditional(line, 6).high == 1
    with pytest.raises(InputError, match="prefix"):
        conditional(line, 7)


def test_floats_are_rounded_outwards() -> None:
    third = Fraction(1, 3)
    low, high = Interval(third, third).floats()
    assert Fraction(low) < third < Fraction(high)
    assert third in Interval(third, third)


def test_an_empty_target_is_the_root() -> None:
    line = line_of((), Limits(9))
    assert line.classes().acc == 512
    assert line.loss_bits() == 0.0
    trie = Trie()
    assert trie.height() == 0
