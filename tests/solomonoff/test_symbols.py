"""Any finite alphabet, coded in bits."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.errors import InputError
from solomonic.solomonoff import Coding, Limits, Line, Trie, symbol_intervals, symbol_log_probs, text_bits
from solomonic.solomonoff.enumeration import enumerate_programs
from solomonic.solomonoff.prediction import ahead


@given(st.integers(2, 300), st.data())
def test_codewords_are_of_one_width_and_differ(size: int, data: st.DataObject) -> None:
    coding = Coding(size)
    a, b = (data.draw(st.integers(0, size - 1)) for _ in range(2))
    assert len(coding.bits([a])) == coding.width
    assert (coding.bits([a]) == coding.bits([b])) == (a == b)


def test_text_is_its_bytes() -> None:
    assert "".join(map(str, text_bits("Aé"))) == "010000011100001110101001"


@given(st.lists(st.integers(0, 1), max_size=12))
@settings(deadline=None, max_examples=15)
def test_two_symbols_are_bits(symbols: list[int]) -> None:
    coding, trie = Coding(2), Trie()
    nodes = coding.grow(trie, symbols)
    walk = enumerate_programs(trie, Limits(12))
    assert walk is not None
    other, path = ahead(tuple(symbols))
    plain = enumerate_programs(other, Limits(12))
    assert plain is not None
    line = Line(plain, tuple(symbols), path)
    np.testing.assert_allclose(symbol_log_probs(walk, coding, nodes, symbols), line.log_probs(), atol=1e-12)
    bounds = symbol_intervals(walk, coding, nodes[-1], line.undecided())
    assert bounds == list(line.next())


@pytest.mark.parametrize("size", [2, 3, 4, 5, 8, 27])
def test_bounds_hold_the_prediction_and_tighten(size: int) -> None:
    coding = Coding(size)
    symbols = [1, 0, 1, 0, 1, 0]
    before = [(Fraction(0), Fraction(1))] * size
    for length in (9, 15, 18):
        trie = Trie()
        nodes = coding.grow(trie, symbols)
        walk = enumerate_programs(trie, Limits(length))
        assert walk is not None
        rows = np.exp(symbol_log_probs(walk, coding, nodes, symbols))
        np.testing.assert_allclose(rows.sum(axis=1), 1.0, atol=1e-12)
        whole = Line(walk, coding.bits(symbols), trie.add(coding.bits(symbols)))
        bounds = symbol_intervals(walk, coding, nodes[-1], whole.undecided())
        for s, bound in enumerate(bounds):
            assert before[s][0] <= bound.low <= bound.high <= before[s][1]
            assert float(bound.low) - 1e-12 <= rows[-1, s] <= float(bound.high) + 1e-12
        before = [(bound.low, bound.high) for bound in bounds]


def test_a_periodic_word_over_four_symbols_is_learned() -> None:
    coding, trie = Coding(4), Trie()
    symbols = [1] * 40
    nodes = coding.grow(trie, symbols)
    walk = enumerate_programs(trie, Limits(15))
    assert walk is not None
    assert symbol_log_probs(walk, coding, nodes, symbols)[-1, 1] > np.log(0.9)


@pytest.mark.parametrize("size", [0, 1, 1 << 17])
def test_an_alphabet_that_cannot_be_coded_is_one_clear_line(size: int) -> None:
    with pytest.raises(InputError, match="alphabet"):
        Coding(size)


def test_a_symbol_beyond_the_alphabet_is_one_clear_line() -> None:
    with pytest.raises(InputError, match="place 1"):
        Coding(3).bits([0, 3])
