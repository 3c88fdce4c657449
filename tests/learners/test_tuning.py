"""Inner validation: the same folds for all, no more settings than the budget allows, the best one chosen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solomonic.learners.tuning import choose, class_loss, inner_folds
from solomonic.records import Budget


@given(st.integers(2, 3_000), st.sampled_from([None, 1, 2, 4, 10]))
def test_folds_hold_out_each_item_at_most_once_and_never_train_on_it(n: int, folds: int | None) -> None:
    found = inner_folds(np.arange(n) % 3, Budget(folds=folds))
    held_out = np.concatenate([validation for _, validation in found])
    assert np.unique(held_out).size == held_out.size
    for train, validation in found:
        np.testing.assert_array_equal(np.sort(np.concatenate([train, validation])), np.arange(n))


@pytest.mark.parametrize(
    ("n", "folds", "share"), [(499, 5, 1.0), (500, 3, 1.0), (1_999, 3, 1.0), (2_000, 1, 0.2), (3, 3, 1.0), (1, 0, 0.0)]
)
def test_the_number_of_folds_follows_the_size_of_the_lesson(n: int, folds: int, share: float) -> None:
    found = inner_folds(np.arange(n) % 2, Budget())
    assert len(found) == folds
    assert sum(validation.size for _, validation in found) == round(share * n)


def test_folds_are_stratified_and_depend_on_the_lesson_alone() -> None:
    codes = np.repeat([0, 1], [400, 80])
    once, again = inner_folds(codes, Budget()), inner_folds(codes.copy(), Budget(candidates=1))
    for (_, a), (_, b) in zip(once, again, strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.sum(codes[a] == 1) == 16


def test_no_more_settings_are_tried_than_the_budget_allows_and_the_best_is_chosen() -> None:
    ys = np.arange(20) % 2
    tried: list[int] = []

    def loss(setting: int, train: np.ndarray, validation: np.ndarray) -> float:
        tried.append(setting)
        return abs(setting - 3) * validation.size

    choice = choose([1, 2, 4, 3], ys, Budget(candidates=3, folds=2), loss)
    assert set(tried) == {1, 2, 4}
    assert choice.setting == 2  # the first of equals
    assert choice.losses == (2.0, 1.0, 1.0)
    assert (choice.loss, choice.n) == (1.0, 20)


def test_a_lesson_of_one_is_not_validated() -> None:
    choice = choose([7, 8], np.zeros(1), Budget(), lambda *_: math.nan)
    assert (choice.setting, choice.n) == (7, 0)
    assert math.isnan(choice.loss)


def test_class_loss_is_the_smoothed_log_loss() -> None:
    p = np.array([[1.0, 0.0], [0.25, 0.75]])
    expected = -math.log((9 * 0.0 + 0.5) / 10) - math.log((9 * 0.75 + 0.5) / 10)
    assert class_loss(p, np.array([1, 1]), 9) == pytest.approx(expected)
