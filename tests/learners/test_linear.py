"""Ridge from sums: exactly the batch fit, in any number of studies, validated without the data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from solomonic.learners.linear import Linear, solve, squared_error
from solomonic.learners.tuning import inner_folds
from solomonic.records import Budget, Normal, Observation, Query, TaskInfo

INFO = TaskInfo("plane", "vector", "number")


def plane(n: int, seed: int = 0, noise: float = 0.5) -> list[Observation]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5))
    y = 1e4 + x @ [3.0, -2.0, 0.0, 1.0, 0.5] + noise * rng.normal(size=n)
    return [Observation(f"{seed}/{i}", row, float(value)) for i, (row, value) in enumerate(zip(x, y, strict=True))]


def studied(*blocks: list[Observation]) -> Linear:
    learner = Linear(INFO, rng=np.random.default_rng(0), budget=Budget())
    for block in blocks:
        learner.observe(block)
        learner.study()
    return learner


def means(learner: Linear, observations: list[Observation]) -> np.ndarray:
    return np.array([answer.value for answer in learner.answer([Query(o.id, o.x) for o in observations])])


def test_one_study_is_scikit_learns_ridge() -> None:
    lesson, asked = plane(80), plane(20, seed=1)
    learner = studied(lesson)
    encode = learner._features.transform
    ridge = Ridge(alpha=learner.alpha).fit(encode([o.x for o in lesson]), [o.y for o in lesson])
    np.testing.assert_allclose(means(learner, asked), ridge.predict(encode([o.x for o in asked])), rtol=1e-9)


@given(st.lists(st.integers(3, 40), min_size=2, max_size=5))
@settings(max_examples=20, deadline=None)
def test_studies_piece_by_piece_are_exactly_the_batch(sizes: list[int]) -> None:
    observations = plane(sum(sizes))
    ends = np.cumsum(sizes)
    learner = studied(*[observations[end - size : end] for size, end in zip(sizes, ends, strict=True)])
    encode = learner._features.transform  # scales are those of the first block; the rest is the batch's
    ridge = Ridge(alpha=learner.alpha).fit(encode([o.x for o in observations]), [o.y for o in observations])
    np.testing.assert_allclose(means(learner, observations), ridge.predict(encode([o.x for o in observations])), rtol=1e-8)


def test_the_loss_from_sums_is_that_of_refitting_without_each_fold() -> None:
    lesson = plane(60)
    learner = studied(lesson)
    x = learner._features.transform([o.x for o in lesson])
    y = np.array([o.y for o in lesson])
    for alpha, loss in zip((1.0, 10.0, 100.0, 0.1), learner.losses, strict=True):
        errors = [
            float(np.sum((Ridge(alpha=alpha).fit(x[train], y[train]).predict(x[held]) - y[held]) ** 2))
            for train, held in inner_folds(y, Budget())
        ]
        assert loss == pytest.approx(sum(errors) / 60, rel=1e-6)


def test_the_error_of_weights_is_computed_from_sums() -> None:
    x = np.random.default_rng(0).normal(size=(20, 3))
    y = np.random.default_rng(1).normal(size=20)
    joined = np.column_stack([x, np.ones(20), y])
    weights = solve(joined.T @ joined, 2.0)
    assert squared_error(joined.T @ joined, weights) == pytest.approx(float(np.sum((x @ weights[:-1] + weights[-1] - y) ** 2)))


def test_the_scale_is_that_of_the_noise() -> None:
    learner = studied(plane(400, noise=0.5), plane(400, seed=1, noise=0.5))
    predictive = learner.answer([Query("q", np.zeros(5))])[0].predictive
    assert isinstance(predictive, Normal)
    assert predictive.scale == pytest.approx(0.5, rel=0.1)


def test_the_state_does_not_grow_with_what_was_studied() -> None:
    small, large = studied(plane(600)).state_bytes(), studied(*[plane(600, seed=s) for s in range(4)]).state_bytes()
    assert abs(large - small) < 64
