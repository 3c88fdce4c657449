"""Predicted distributions over numbers are proper ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from solomonic.errors import CellFailed
from solomonic.records import Categorical, Quantiles
from solomonic.tasks.densities import distribution, log_density

relaxed = settings(deadline=None)


@st.composite
def quantiles(draw: st.DrawFn) -> Quantiles:
    m = draw(st.integers(2, 6))
    levels = np.sort(draw(st.lists(st.integers(1, 99), min_size=m, max_size=m, unique=True))) / 100.0
    steps = np.array(draw(st.lists(st.floats(0.1, 5.0), min_size=m, max_size=m)))
    return Quantiles(levels, draw(st.floats(-10, 10)) + np.cumsum(steps))


@relaxed
@given(quantiles(), st.floats(-60, 60))
def test_the_density_is_the_slope_of_the_distribution(predicted: Quantiles, y: float) -> None:
    step = 1e-5
    assume(np.abs(predicted.values - y).min() > 2 * step)
    slope = (distribution(predicted, y + step) - distribution(predicted, y - step)) / (2 * step)
    assert math.exp(log_density(predicted, y)) == pytest.approx(slope, rel=1e-4, abs=1e-9)


@relaxed
@given(quantiles(), st.floats(-60, 60), st.floats(0, 20))
def test_the_distribution_rises_from_zero_to_one_and_passes_through_its_quantiles(predicted: Quantiles, y: float, step: float) -> None:
    assert 0.0 <= distribution(predicted, y) <= distribution(predicted, y + step) + 1e-12 <= 1.0 + 1e-9
    assert distribution(predicted, -1e6) < 1e-9
    assert distribution(predicted, 1e6) > 1.0 - 1e-9
    for level, value in zip(predicted.levels, predicted.values, strict=True):
        assert distribution(predicted, float(value)) == pytest.approx(level, abs=1e-9)


def test_equal_quantiles_do_not_earn_an_unbounded_density() -> None:
    predicted = Quantiles(np.array([0.1, 0.4, 0.6, 0.9]), np.array([0.0, 1.0, 1.0, 2.0]))
    assert log_density(predicted, 1.0) < 13.0


@pytest.mark.parametrize(
    ("levels", "values"),
    [([0.1, 0.9], [1.0, 1.0]), ([0.9, 0.1], [0.0, 1.0]), ([0.0, 0.5], [0.0, 1.0]), ([0.1, 0.9], [1.0, 0.0]), ([0.1, 0.5, 0.9], [0.0, 1.0])],
)
def test_quantiles_that_are_no_distribution_are_refused(levels: list[float], values: list[float]) -> None:
    with pytest.raises(CellFailed, match="quantiles"):
        log_density(Quantiles(np.array(levels), np.array(values)), 0.5)


def test_probabilities_of_classes_say_nothing_about_numbers() -> None:
    with pytest.raises(CellFailed, match="Categorical"):
        log_density(Categorical(np.zeros(1)), 0.0)
