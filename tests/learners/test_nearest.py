"""The vote of the nearest records equals plain loops and scikit-learn, and its settings those of an explicit leave-one-out."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from solomonic.learners.nearest import GRID, Nearest, vote_weights, weighted_moments
from solomonic.learners.readout import interpolated_loss
from solomonic.records import Budget, Categorical, Normal, Observation, Query, TaskInfo

INFO = TaskInfo("task", "vector", "class", ("a", "b", "c"))


def lesson(n: int = 60, seed: int = 0) -> list[Observation]:
    rng = np.random.default_rng(seed)
    return [Observation(f"{seed}/{i}", rng.normal("abc".index(y), 0.7, 3), y, float(i)) for i, y in enumerate(rng.choice(list("abc"), n))]


def taught(info: TaskInfo, observations: list[Observation], budget: Budget | None = None) -> Nearest:
    learner = Nearest(info, rng=np.random.default_rng(0), budget=budget or Budget())
    learner.observe(observations)
    learner.study()
    return learner


def test_left_out_losses_are_those_of_asking_a_memory_without_each_item() -> None:
    learner = taught(INFO, lesson())
    x, y = learner._x.array.astype(float), learner._targets.array
    frequencies = np.bincount(y, minlength=3) / len(y)
    for (k, weighting), loss in zip(GRID[:4], learner.losses, strict=True):
        truth_shares = []
        for i in range(len(y)):
            others = [j for j in range(len(y)) if j != i]
            distance = np.sqrt([np.sum((x[i] - x[j]) ** 2) for j in others])
            order = np.argsort(distance)
            used = min(k, len(others))
            farthest = distance[order[min(k, len(others) - 1)]]
            shares = np.zeros(3)
            for place in order[:used]:
                scaled = distance[place] / farthest
                weight = 1 / (scaled + 1e-6) if weighting == "inverse" else max(1 - scaled**3, 0.0) ** 3 + 1e-9
                shares[y[others[place]]] += weight
            truth_shares.append(shares[y[i]] / shares.sum())
        assert loss == pytest.approx(interpolated_loss(np.array(truth_shares), frequencies[y])[0], rel=1e-3)
    assert (learner.k, learner.weighting) == GRID[int(np.argmin(learner.losses))]


def test_inverse_weights_are_scikit_learns_distance_weights() -> None:
    observations, asked = lesson(80), lesson(30, seed=1)
    learner = taught(INFO, observations)
    learner.k, learner.weighting, learner._mixing = 7, "inverse", 0.0
    x = learner._x.array
    theirs = KNeighborsClassifier(7, weights="distance").fit(x, [o.y for o in observations])
    expected = theirs.predict_proba(learner._features.transform([o.x for o in asked]).astype(np.float32))
    for answer, row in zip(learner.answer([Query(o.id, o.x) for o in asked]), expected, strict=True):
        assert isinstance(answer.predictive, Categorical)
        np.testing.assert_allclose(np.exp(answer.predictive.log_probs), (80 * row + 1 / 3) / 81, atol=1e-4)


def test_regression_means_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 2))
    observations = [Observation(str(i), row, float(row[0] ** 2 + 0.1 * rng.normal())) for i, row in enumerate(x)]
    learner = taught(TaskInfo("square", "vector", "number"), observations)
    learner.k, learner.weighting = 5, "inverse"
    asked = rng.normal(size=(20, 2))
    theirs = KNeighborsRegressor(5, weights="distance").fit(learner._x.array, [o.y for o in observations])
    expected = theirs.predict(learner._features.transform(list(asked)).astype(np.float32))
    got = [answer.value for answer in learner.answer([Query(str(i), row) for i, row in enumerate(asked)])]
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4)


def test_tricube_weights_fall_to_nothing_at_the_first_record_left_out() -> None:
    weights = vote_weights(np.array([[0.0, 1.0, 2.0, 2.0]]), 3, "tricube")[0]
    np.testing.assert_allclose(weights, [1.0, (1 - 1 / 8) ** 3, 0.0], atol=1e-8)
    assert (weights > 0).all()


def test_weights_exist_even_where_all_records_coincide_or_are_few() -> None:
    for weighting in ("tricube", "inverse"):
        weights = vote_weights(np.zeros((1, 2)), 15, weighting)  # type: ignore[arg-type]
        np.testing.assert_allclose(weights / weights.sum(), [[0.5, 0.5]])


def test_moments_are_weighted() -> None:
    means, variance = weighted_moments(np.array([[1.0, 3.0]]), np.array([[3.0, 1.0]]))
    assert (means[0], variance[0]) == (1.5, 0.75)


def test_one_neighbour_is_not_infinitely_sure() -> None:
    learner = taught(INFO, lesson(80))
    rows, squared = next(learner.left_out())
    y = learner._targets.array
    near = squared.argmin(axis=1)
    loss, _ = interpolated_loss((y[near] == y[rows]).astype(float), learner._frequencies()[y[rows]])
    assert loss < np.log(3)
    asked = lesson(300, seed=2)
    learner.k, learner.weighting, learner._mixing = (
        1,
        "inverse",
        interpolated_loss((y[near] == y[rows]).astype(float), np.full(80, 1 / 3))[1],
    )
    losses = []
    for o, answer in zip(asked, learner.answer([Query(o.id, o.x) for o in asked]), strict=True):
        assert isinstance(answer.predictive, Categorical)
        losses.append(-answer.predictive.log_probs["abc".index(o.y)])
    assert np.mean(losses) < np.log(3)


def test_an_exact_match_decides_under_inverse_weights() -> None:
    observations = [*lesson(60), Observation("odd", np.array([1.0, 1.0, 1.0]), "c")]
    learner = taught(INFO, observations)
    learner.k, learner.weighting = 30, "inverse"
    answer = learner.answer([Query("q", np.array([1.0, 1.0, 1.0]))])[0]
    assert answer.value == "c"
    assert answer.evidence[0].record == "odd"


def test_the_budget_bounds_the_settings() -> None:
    assert len(taught(INFO, lesson(), Budget(candidates=2)).losses) == 2
    assert len(taught(INFO, lesson(), Budget(candidates=100)).losses) == len(GRID)


def test_numbers_get_a_wider_scale_where_neighbours_disagree() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (800, 1))
    observations = [Observation(str(i), row, float(rng.normal() * (5.0 if row[0] > 0 else 0.2))) for i, row in enumerate(x)]
    learner = taught(TaskInfo("noise", "vector", "number"), observations)
    quiet, loud = (learner.answer([Query("q", np.array([v]))])[0].predictive for v in (-0.5, 0.5))
    assert isinstance(quiet, Normal)
    assert isinstance(loud, Normal)
    assert loud.scale > 3 * quiet.scale
