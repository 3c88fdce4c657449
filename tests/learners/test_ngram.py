"""The n-gram learner: interpolated counts, and the order that has lost least."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.learners.ngram import HIGHEST_ORDER, NGram, candidate_orders


def plain_estimate(symbols: list[int], alphabet: int, order: int) -> list[float]:
    """The module's formula by counting the whole past anew."""
    estimate = [1.0 / alphabet] * alphabet
    for m in range(min(order, len(symbols)) + 1):
        context = symbols[len(symbols) - m :]
        after = Counter(symbols[i] for i in range(m, len(symbols)) if symbols[i - m : i] == context)
        if after:
            total, different = sum(after.values()), len(after)
            estimate = [(after[s] + different * p) / (total + different) for s, p in enumerate(estimate)]
    t = len(symbols)
    return [(t * p + 1 / alphabet) / (t + 1) for p in estimate]


@given(st.integers(1, 4), st.data())
@settings(deadline=None)
def test_predictions_equal_the_plain_formula_at_the_best_order(alphabet: int, data: st.DataObject) -> None:
    symbols = data.draw(st.lists(st.integers(0, alphabet - 1), max_size=25))
    orders = (1, 2, 4)
    model = NGram(alphabet, orders)
    losses = dict.fromkeys(orders, 0.0)
    for t, symbol in enumerate(symbols):
        best = min(model.losses.values())
        assert math.isclose(losses[model.order], best, abs_tol=1e-9)
        np.testing.assert_allclose(np.exp(model.predict()), plain_estimate(symbols[:t], alphabet, model.order), atol=1e-12)
        for order in orders:
            losses[order] -= math.log(plain_estimate(symbols[:t], alphabet, order)[symbol])
        model.update(symbol)


@given(st.lists(st.integers(0, 1), max_size=60))
def test_no_symbol_costs_more_than_log_a_times_n_plus_one(symbols: list[int]) -> None:
    curve = NGram(2, (1, 2, 4, 8, 16)).curve(np.array(symbols, dtype=np.int64))
    for t in range(len(symbols)):
        assert curve[t].min() >= -math.log(2 * (t + 1)) - 1e-9


def test_a_long_run_is_followed_and_its_end_is_affordable() -> None:
    curve = NGram(2, (1, 2, 4, 8)).curve(np.array([0] * 1_000 + [1]))
    assert -curve[:1_000, 0].sum() / math.log(2) < 8
    assert -curve[1_000, 1] / math.log(2) < 13


def test_the_longer_context_is_chosen_where_it_pays() -> None:
    word = [0, 0, 1, 0, 1, 1, 1, 0]
    model = NGram(2, (1, 2, 4))
    model.curve(np.array(word * 20))
    assert model.order == 4
    shuffled = NGram(2, (1, 2, 4))
    shuffled.curve(np.random.default_rng(0).integers(0, 2, 400))
    assert shuffled.order == 1


@pytest.mark.parametrize("alphabet", [2, 27])
def test_orders_obey_the_budget(alphabet: int) -> None:
    assert [len(candidate_orders(c, alphabet)) for c in (1, 2, 4)] == [1, 2, 4]
    assert max(candidate_orders(100, alphabet)) == HIGHEST_ORDER
