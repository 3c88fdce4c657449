"""Votes become proper predictives: the interpolation is the likeliest one, the spread is calibrated."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solomonic.learners.readout import fit_spread, interpolated_loss, interpolation_weight, votes


def test_votes_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(0)
    codes, weights = rng.integers(4, size=(5, 7)), rng.random((5, 7))
    expected = np.zeros((5, 4))
    for i in range(5):
        for code, weight in zip(codes[i], weights[i], strict=True):
            expected[i, code] += weight / weights[i].sum()
    np.testing.assert_allclose(votes(codes, weights, 4), expected)


@given(st.integers(0, 1000), st.floats(0.05, 0.95))
def test_the_interpolation_weight_is_the_likeliest(seed: int, wrong: float) -> None:
    rng = np.random.default_rng(seed)
    model = np.where(rng.random(400) < wrong, 0.0, rng.uniform(0.3, 1.0, 400))
    prior = rng.uniform(0.05, 0.3, 400)
    e = interpolation_weight(model, prior, rounds=500)
    # one imagined item, half explained by the prior, stands beside the 400
    grid = np.linspace(0.001, 0.999, 999)
    likelihood = [np.log((1 - g) * model + g * prior).sum() + 0.5 * math.log(g) + 0.5 * math.log(1 - g) for g in grid]
    assert e == pytest.approx(grid[int(np.argmax(likelihood))], abs=2e-3)


def test_a_vote_that_is_always_right_is_hardly_mixed_and_one_always_wrong_not_believed() -> None:
    assert interpolation_weight(np.ones(1_000), np.full(1_000, 0.1)) < 0.002
    assert interpolation_weight(np.zeros(1_000), np.full(1_000, 0.1)) > 0.999
    assert interpolation_weight(np.zeros(0), np.zeros(0)) == 0.5


def test_the_loss_stays_finite_where_the_vote_gave_the_truth_nothing() -> None:
    loss, e = interpolated_loss(np.array([1.0, 1.0, 1.0, 0.0]), np.full(4, 0.25))
    assert 0 < e < 1
    assert loss < -math.log(0.25)


def test_the_local_spread_is_calibrated_and_preferred_where_noise_varies() -> None:
    rng = np.random.default_rng(0)
    variance = rng.choice([0.1, 10.0], 2_000)
    residuals = rng.normal(size=2_000) * np.sqrt(variance)
    spread = fit_spread(residuals, variance * rng.uniform(0.7, 1.3, 2_000), residuals)
    assert spread.gain > 0
    assert np.mean((residuals / spread.scales(variance)) ** 2) == pytest.approx(1.0, rel=0.1)
    low, high = spread.scales(np.array([0.1, 10.0]))
    assert low < high


def test_one_scale_serves_all_where_the_local_variance_says_nothing() -> None:
    rng = np.random.default_rng(1)
    residuals = rng.normal(0, 3.0, 2_000)
    spread = fit_spread(residuals, rng.exponential(9.0, 2_000) * 20, residuals)
    assert spread.gain == 0.0
    np.testing.assert_allclose(spread.scales(np.array([0.0, 5.0])), 3.0, rtol=0.1)


def test_scales_are_positive_even_where_nothing_varies() -> None:
    for residuals in (np.zeros(0), np.zeros(5)):
        spread = fit_spread(residuals, np.zeros(residuals.size), np.full(3, 2.0))
        assert spread.scales(np.zeros(1))[0] > 0
