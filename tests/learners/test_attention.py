"""Attention equals a softmax written out, its temperatures attend to as many records as they say, its choice is leave-one-out's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from solomonic.learners.attention import Attention, attention_weights, kernel_moments, mean_log_perplexity, sharpness_at
from solomonic.learners.readout import interpolated_loss
from solomonic.records import Budget, Categorical, Normal, Observation, Query, TaskInfo

INFO = TaskInfo("task", "vector", "class", ("a", "b", "c"))


def lesson(n: int = 50, seed: int = 0) -> list[Observation]:
    rng = np.random.default_rng(seed)
    return [Observation(f"{seed}/{i}", rng.normal("abc".index(y), 0.7, 3), y, float(i)) for i, y in enumerate(rng.choice(list("abc"), n))]


def taught(info: TaskInfo, observations: list[Observation]) -> Attention:
    learner = Attention(info, rng=np.random.default_rng(0), budget=Budget())
    learner.observe(observations)
    learner.study()
    return learner


def test_answers_are_those_of_a_softmax_written_out() -> None:
    observations = lesson()
    learner = taught(INFO, observations)
    frequencies = np.array([sum(o.y == y for o in observations) / 50 for y in "abc"])
    for asked in lesson(10, seed=1):
        q = learner._features.transform([asked.x])[0]
        scores = [-learner._sharpness * float(np.sum((q - x) ** 2)) for x in learner._x.array.astype(float)]
        weights = [math.exp(score - max(scores)) for score in scores]
        shares = np.array([sum(w for w, o in zip(weights, observations, strict=True) if o.y == y) for y in "abc"]) / sum(weights)
        mixed = (1 - learner._mixing) * shares + learner._mixing * frequencies
        answer = learner.answer([Query("q", asked.x)])[0]
        assert isinstance(answer.predictive, Categorical)
        np.testing.assert_allclose(np.exp(answer.predictive.log_probs), (50 * mixed + 1 / 3) / 51, rtol=1e-4)
        assert answer.evidence[0].record == observations[int(np.argmax(weights))].id


def test_each_temperature_attends_to_as_many_records_as_it_says() -> None:
    squared = np.random.default_rng(0).chisquare(5, (40, 400)).astype(np.float32)
    squared[np.arange(40), np.arange(40)] = np.inf
    targets = [4.0, 12.0, 40.0, 120.0]
    found = sharpness_at(squared, targets, rounds=20)
    assert found == sorted(found, reverse=True)
    for target, sharpness in zip(targets, found, strict=True):
        assert math.exp(mean_log_perplexity(squared, sharpness)) == pytest.approx(target, rel=0.02)


def test_equal_distances_are_attended_to_alike_and_infinite_ones_not_at_all() -> None:
    weights = attention_weights(np.array([[1.0, 1.0, np.inf]], dtype=np.float32), 3.0)
    np.testing.assert_allclose(weights, [[0.5, 0.5, 0.0]])
    assert math.exp(mean_log_perplexity(np.array([[1.0, 1.0, np.inf]], dtype=np.float32), 3.0)) == pytest.approx(2.0)


def test_left_out_losses_are_those_of_a_loop() -> None:
    learner = taught(INFO, lesson())
    x, y = learner._x.array.astype(float), learner._targets.array
    frequencies = np.bincount(y, minlength=3) / len(y)
    shares = []
    for i in range(len(y)):
        weights = np.array([0.0 if i == j else math.exp(-learner._sharpness * float(np.sum((x[i] - x[j]) ** 2))) for j in range(len(y))])
        shares.append(weights[y == y[i]].sum() / weights.sum())
    assert min(learner.losses) == pytest.approx(interpolated_loss(np.array(shares), frequencies[y])[0], rel=1e-3)


def test_kernel_moments_are_exact_far_from_zero() -> None:
    rng = np.random.default_rng(0)
    targets = 1e6 + rng.normal(size=30)
    weights = rng.dirichlet(np.ones(30), size=4)
    means, variance = kernel_moments(weights, targets)
    for row, mean, var in zip(weights, means, variance, strict=True):
        assert mean == pytest.approx(float(row @ targets), abs=1e-6)
        assert var == pytest.approx(float(row @ (targets - row @ targets) ** 2), rel=1e-6)


def test_numbers_follow_the_kernel_regression() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, (500, 1))
    observations = [Observation(str(i), row, float(np.sin(2 * row[0]) + 0.1 * rng.normal())) for i, row in enumerate(x)]
    learner = taught(TaskInfo("sine", "vector", "number"), observations)
    answer = learner.answer([Query("q", np.array([0.8]))])[0]
    assert isinstance(answer.predictive, Normal)
    assert answer.value == pytest.approx(math.sin(1.6), abs=0.1)
    assert 0.05 < answer.predictive.scale < 0.2


def test_memories_smaller_than_any_target_still_answer() -> None:
    for n in (1, 2, 3, 5):
        answer = taught(INFO, lesson(n)).answer([Query("q", np.zeros(3))])[0]
        assert isinstance(answer.predictive, Categorical)
        assert np.exp(answer.predictive.log_probs).sum() == pytest.approx(1.0)
