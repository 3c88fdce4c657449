"""The Krichevsky-Trofimov estimator."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solomonic.errors import InputError
from solomonic.prediction import KrichevskyTrofimov, kt_log_mass, kt_log_probs

ALPHABETS = st.integers(1, 5)


@st.composite
def strings(draw: st.DrawFn) -> tuple[int, list[int]]:
    alphabet = draw(ALPHABETS)
    return alphabet, draw(st.lists(st.integers(0, alphabet - 1), max_size=30))


@given(strings())
def test_steps_multiply_to_the_closed_form(drawn: tuple[int, list[int]]) -> None:
    alphabet, symbols = drawn
    curve = KrichevskyTrofimov(alphabet).curve(symbols)
    total = sum(curve[t, s] for t, s in enumerate(symbols))
    assert total == pytest.approx(kt_log_mass(np.bincount(symbols, minlength=alphabet) if symbols else [0] * alphabet), abs=1e-9)


@given(strings())
def test_curve_equals_predict_and_update(drawn: tuple[int, list[int]]) -> None:
    alphabet, symbols = drawn
    curve, kt = KrichevskyTrofimov(alphabet).curve(symbols), KrichevskyTrofimov(alphabet)
    for t, symbol in enumerate(symbols):
        np.testing.assert_array_equal(curve[t], kt.predict())
        kt.update(symbol)


@given(st.lists(st.integers(0, 40), min_size=2, max_size=6))
def test_probabilities_sum_to_one(counts: list[int]) -> None:
    assert np.exp(kt_log_probs(np.array(counts))).sum() == pytest.approx(1.0, abs=1e-12)


def test_first_symbols_follow_the_textbook() -> None:
    """P(0) = 1/2, P(0 | 0) = 3/4, P(0 | 00) = 5/6."""
    assert np.exp(KrichevskyTrofimov().curve([0, 0, 0])[:, 0]).tolist() == pytest.approx([1 / 2, 3 / 4, 5 / 6])


@given(st.lists(st.integers(0, 1), min_size=1, max_size=200))
def test_redundancy_is_at_most_half_log_n_and_one_bit(symbols: list[int]) -> None:
    n, ones = len(symbols), sum(symbols)
    best = sum(c * math.log2(c / n) for c in (ones, n - ones) if c)
    assert -kt_log_mass([n - ones, ones]) / math.log(2) <= -best + 0.5 * math.log2(n) + 1 + 1e-9


def test_a_curve_goes_on_from_where_the_last_ended() -> None:
    symbols = [0, 1, 1, 0, 1]
    kt = KrichevskyTrofimov()
    halves = np.vstack([kt.curve(symbols[:2]), kt.curve(symbols[2:])])
    np.testing.assert_array_equal(halves, KrichevskyTrofimov().curve(symbols))


@pytest.mark.parametrize("symbols", [[0, 2], [-1], [0.5], [[0, 1]], ["a"]])
def test_symbols_outside_the_alphabet_are_refused(symbols: list[object]) -> None:
    with pytest.raises(InputError):
        KrichevskyTrofimov(2).curve(symbols)  # type: ignore[arg-type]


def test_one_symbol_is_certain() -> None:
    assert KrichevskyTrofimov(1).predict().tolist() == [0.0]
