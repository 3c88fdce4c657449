"""Maxent is scikit-learn's logistic regression at first, and the documented posterior mode at every later study."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from solomonic.learners.features import Features
from solomonic.learners.maxent import Maxent, fisher_diagonal, fit_logistic, probabilities
from solomonic.records import Budget, Categorical, Observation, Query, TaskInfo


def blobs(n: int, classes: int, *, seed: int = 0, d: int = 4) -> tuple[list[Observation], TaskInfo]:
    rng = np.random.default_rng(seed)
    ys = rng.integers(classes, size=n)
    centres = np.random.default_rng(99).normal(0.0, 1.0, (classes, d))
    xs = centres[ys] + rng.normal(0.0, 0.8, (n, d))
    observations = [Observation(f"{seed}/{i}", x, int(y)) for i, (x, y) in enumerate(zip(xs, ys, strict=True))]
    return observations, TaskInfo("blobs", "vector", "class", tuple(range(classes)))


def studied(info: TaskInfo, *blocks: list[Observation]) -> Maxent:
    learner = Maxent(info, rng=np.random.default_rng(0), budget=Budget())
    for block in blocks:
        learner.observe(block)
        learner.study()
    return learner


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("c", [0.01, 1.0, 100.0])
def test_the_fit_is_scikit_learns_at_the_same_penalty(classes: int, c: float) -> None:
    observations, _ = blobs(150, classes)
    x, y = np.array([o.x for o in observations]), np.array([o.y for o in observations])
    rows = 1 if classes == 2 else classes
    precision = np.full((rows, 5), 1.0 / c)
    precision[:, -1] = 0.0
    own = probabilities(x, fit_logistic(x, y, np.zeros((rows, 5)), precision))
    theirs = LogisticRegression(C=c, tol=1e-10, max_iter=10_000).fit(x, y).predict_proba(x)
    np.testing.assert_allclose(own, theirs, atol=2e-4)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_first_study_is_scikit_learns_on_the_same_features(classes: int) -> None:
    observations, info = blobs(120, classes)
    learner = studied(info, observations)
    features = Features(info, dense=True).fit([o.x for o in observations])
    theirs = LogisticRegression(C=learner.penalty_c, tol=1e-10, max_iter=10_000)
    theirs.fit(features.transform([o.x for o in observations]), [o.y for o in observations])
    asked, _ = blobs(20, classes, seed=1)
    expected = theirs.predict_proba(features.transform([o.x for o in asked]))
    got = np.array([np.exp(predictive(learner, o)) for o in asked])
    np.testing.assert_allclose(got, (120 * expected + 1 / classes) / 121, atol=2e-4)


def predictive(learner: Maxent, observation: Observation) -> np.ndarray:
    answer = learner.answer([Query("q", observation.x)])[0]
    assert isinstance(answer.predictive, Categorical)
    return answer.predictive.log_probs


def test_texts_are_fitted_as_they_are_without_reduction() -> None:
    info = TaskInfo("texts", "text", "class", ("sea", "land"))
    words: dict[str, list[str]] = {"sea": ["wave", "ship", "salt"], "land": ["road", "hill", "dust"]}
    rng = np.random.default_rng(0)
    lesson = [Observation(str(i), " ".join(rng.choice(words[y], 3)), y) for i, y in enumerate(rng.choice(["sea", "land"], 60))]
    learner = studied(info, lesson)
    assert learner.answer([Query("q", "a ship on a wave")])[0].value == "sea"
    assert learner.answer([Query("q", "dust of the road")])[0].value == "land"


@pytest.mark.parametrize("classes", [2, 3])
def test_a_later_study_minimises_the_block_loss_plus_the_pull_to_the_last_weights(classes: int) -> None:
    first, info = blobs(100, classes)
    second, _ = blobs(40, classes, seed=2)
    learner = studied(info, first)
    centre, precision = learner._weights.copy(), learner._precision.copy()
    x = learner._features.transform([o.x for o in second])
    y = np.array([o.y for o in second])

    def slow_objective(flat: np.ndarray) -> float:
        weights = flat.reshape(centre.shape)
        total = 0.5 * float(np.sum(precision * (weights - centre) ** 2))
        for row, label in zip(x, y, strict=True):
            scores = [float(w[:-1] @ row + w[-1]) for w in weights]
            scores = [0.0, scores[0]] if classes == 2 else scores
            total += np.log(np.sum(np.exp(scores))) - scores[label]
        return total

    learner.observe(second)
    learner.study()
    best = slow_objective(learner._weights.ravel())
    assert best <= slow_objective(centre.ravel())
    found: Any = minimize(slow_objective, learner._weights.ravel(), options={"maxiter": 20})
    assert best <= found.fun + 1e-4


@pytest.mark.parametrize("classes", [2, 3])
def test_the_precision_grows_by_the_diagonal_of_the_fisher_information(classes: int) -> None:
    observations, _ = blobs(30, classes)
    x = np.array([o.x for o in observations])
    rows = 1 if classes == 2 else classes
    weights = np.random.default_rng(3).normal(size=(rows, 5))
    p = probabilities(x, weights)
    expected = np.zeros((rows, 5))
    for i, row in enumerate(x):
        for a in range(rows):
            share = p[i, 1] if classes == 2 else p[i, a]
            expected[a] += share * (1 - share) * np.append(row, 1.0) ** 2
    np.testing.assert_allclose(fisher_diagonal(x, weights), expected)


def test_many_small_studies_come_close_to_one_large_one() -> None:
    observations, info = blobs(600, 3)
    asked, _ = blobs(300, 3, seed=5)
    pieces = [observations[start : start + 100] for start in range(0, 600, 100)]
    truths = [o.y for o in asked]
    scores = []
    for learner in (studied(info, observations), studied(info, *pieces), studied(info, pieces[0])):
        logs = [a.predictive.log_probs for a in learner.answer([Query(o.id, o.x) for o in asked])]  # type: ignore[union-attr]
        scores.append(float(np.mean([row[y] for row, y in zip(logs, truths, strict=True)])))
    whole, piecewise, one_piece = scores
    assert piecewise > one_piece
    assert piecewise > whole - 0.02


def test_a_class_that_first_appears_later_is_learned_later() -> None:
    observations, info = blobs(300, 4)
    learner = studied(info, [o for o in observations[:150] if o.y != 3], observations[150:])
    last = [o for o in observations[150:] if o.y == 3]
    answers = learner.answer([Query(o.id, o.x) for o in last])
    assert np.mean([a.value == 3 for a in answers]) > 0.6


def test_a_first_block_of_one_class_is_no_obstacle() -> None:
    observations, info = blobs(200, 2)
    learner = studied(info, [o for o in observations[:60] if o.y == 1], observations[60:])
    answers = learner.answer([Query(o.id, o.x) for o in observations[60:]])
    assert np.mean([a.value == o.y for a, o in zip(answers, observations[60:], strict=True)]) > 0.8
