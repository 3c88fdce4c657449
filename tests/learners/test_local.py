"""Local models equal scikit-learn's fits around each question; agreement needs no fit; company changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, Ridge

from solomonic.learners.local import GRID, Local
from solomonic.learners.neighbourhood import NEAREST, logistic_at_origin, neighbourhoods, own_codes, ridge_at_origin
from solomonic.learners.remembering import nearest_rows
from solomonic.records import Budget, Categorical, Normal, Observation, Query, TaskInfo

INFO = TaskInfo("task", "vector", "class", ("a", "b", "c"))


def around(seed: int, k: int = 30, d: int = 4, q: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return questions (q, d), neighbours (q, k, d), and codes (q, k) that depend on them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(q, d))
    z = rng.normal(size=(q, k, d))
    codes = np.digitize(z[:, :, 0] - z[:, :, 1] + 0.5 * rng.normal(size=(q, k)), [-0.5, 0.8])
    return x, x[:, None, :] + z, codes


def scaled(x: np.ndarray, near: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the centred, scaled neighbours (k, d) and weights (k,) of one question, written out."""
    z = near - x
    distance = np.sqrt((z**2).sum(axis=1))
    weights = 1.0 / (distance / distance.max() + NEAREST)
    return z / np.sqrt(np.mean(distance**2)), weights / weights.mean()


@pytest.mark.parametrize("c", [0.3, 3.0, 30.0])
@pytest.mark.parametrize("classes", [2, 3])
def test_the_logistic_fit_is_scikit_learns(c: float, classes: int) -> None:
    x, near, codes = around(classes)
    codes = np.minimum(codes, classes - 1)
    got = logistic_at_origin(neighbourhoods(x, near), codes, 3, c)
    for i in range(len(x)):
        z, weights = scaled(x[i], near[i])
        # two rows of weights share the penalty between them, so scikit-learn's single row is penalised half as much
        theirs = LogisticRegression(C=c * (2.0 if classes == 2 else 1.0), tol=1e-9, max_iter=5_000).fit(z, codes[i], sample_weight=weights)
        np.testing.assert_allclose(got[i, :classes], theirs.predict_proba(np.zeros((1, z.shape[1])))[0], atol=0.01)
        np.testing.assert_array_equal(got[i, classes:], 0.0)


@pytest.mark.parametrize("penalty", [0.03, 1.0])
def test_the_ridge_fit_is_scikit_learns(penalty: float) -> None:
    x, near, codes = around(7)
    y = codes + near[:, :, 2] + 1_000.0
    bias, squared = ridge_at_origin(neighbourhoods(x, near), y, penalty)
    for i in range(len(x)):
        z, weights = scaled(x[i], near[i])
        theirs = Ridge(alpha=penalty).fit(z, y[i], sample_weight=weights)
        assert bias[i] == pytest.approx(theirs.intercept_, rel=1e-9)
        assert squared[i] == pytest.approx(np.mean(weights * (theirs.predict(z) - y[i]) ** 2), rel=1e-6)


def test_a_weak_c_is_the_weighted_vote() -> None:
    x, near, codes = around(3)
    got = logistic_at_origin(neighbourhoods(x, near), codes, 3, 1e-6)
    for i in range(len(x)):
        _, weights = scaled(x[i], near[i])
        np.testing.assert_allclose(got[i], [weights[codes[i] == a].sum() / weights.sum() for a in range(3)], atol=2e-3)


def test_fits_do_not_depend_on_the_company_they_are_in() -> None:
    x, near, codes = around(5, q=40)
    together = logistic_at_origin(neighbourhoods(x, near), codes, 3, 30.0)
    for i in range(40):
        alone = logistic_at_origin(neighbourhoods(x[i : i + 1], near[i : i + 1]), codes[i : i + 1], 3, 30.0)
        np.testing.assert_allclose(alone[0], together[i], atol=1e-5)


@given(st.integers(1, 5), st.integers(1, 12), st.integers(0, 10**6))
def test_own_codes_renumber_within_each_row(q: int, k: int, seed: int) -> None:
    codes = np.random.default_rng(seed).integers(0, 6, (q, k))
    own, names, counts = own_codes(codes)
    for i in range(q):
        assert counts[i] == np.unique(codes[i]).size
        np.testing.assert_array_equal(names[i][own[i]], codes[i])
        assert own[i].max() == counts[i] - 1


def lesson(n: int = 120, seed: int = 0, spread: float = 0.5) -> list[Observation]:
    rng = np.random.default_rng(seed)
    return [Observation(f"{seed}/{i}", rng.normal(2 * "abc".index(y), spread, 2), y) for i, y in enumerate(rng.choice(list("abc"), n))]


def taught(info: TaskInfo, observations: list[Observation]) -> Local:
    learner = Local(info, rng=np.random.default_rng(0), budget=Budget())
    learner.observe(observations)
    learner.study()
    return learner


def test_where_all_records_agree_the_fast_path_is_the_full_fit() -> None:
    learner = taught(INFO, lesson())
    x = learner._features.transform([np.zeros(2), np.full(2, 2.0)]).astype(np.float32)
    near, _ = nearest_rows(learner.squared_distances(x), 5)
    fast, agreed = learner._fit_classes(x, near, 3.0)
    assert agreed.all()
    full = logistic_at_origin(neighbourhoods(x, learner._x.array[near]), learner._targets.array[near], 3, 3.0)
    np.testing.assert_allclose(fast, full, atol=1e-6)


def test_left_out_losses_are_those_of_models_fitted_without_each_item() -> None:
    learner = taught(INFO, lesson(50, spread=1.0))
    x, y = learner._x.array, learner._targets.array
    k, c = GRID[0]
    probabilities, agreed = [], []
    for i in range(50):
        others = np.delete(np.arange(50), i)
        order = others[np.argsort([float(np.sum((x[i] - x[j]) ** 2)) for j in others])][:k]
        agreed.append(len(set(y[order])) == 1)
        probabilities.append(logistic_at_origin(neighbourhoods(x[i : i + 1], x[order][None]), y[order][None], 3, c)[0, y[i]])
    from solomonic.learners.readout import interpolated_loss

    prior = learner._frequencies()[y]
    groups = [np.array(agreed), ~np.array(agreed)]
    total = sum(interpolated_loss(np.array(probabilities)[g], prior[g])[0] * g.sum() for g in groups if g.any())
    assert learner.losses[0] == pytest.approx(total / 50, rel=1e-3)


def test_a_boundary_across_the_neighbourhood_is_followed() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (600, 2))
    observations = [Observation(str(i), row, "a" if row[0] + row[1] > 0 else "b") for i, row in enumerate(x)]
    learner = taught(INFO, observations)
    asked = rng.uniform(-1, 1, (300, 2))
    answers = learner.answer([Query(str(i), row) for i, row in enumerate(asked)])
    right = np.mean([(a.value == "a") == (row[0] + row[1] > 0) for a, row in zip(answers, asked, strict=True)])
    assert right > 0.97
    assert all(isinstance(a.predictive, Categorical) for a in answers)


def test_numbers_follow_a_slope_to_the_border_where_a_vote_would_lag() -> None:
    x = np.linspace(0, 1, 200)[:, None]
    learner = taught(TaskInfo("line", "vector", "number"), [Observation(str(i), row, float(10 * row[0])) for i, row in enumerate(x)])
    answer = learner.answer([Query("q", np.array([1.0]))])[0]
    assert isinstance(answer.predictive, Normal)
    assert answer.value == pytest.approx(10.0, abs=0.05)


def test_records_that_all_coincide_are_no_obstacle() -> None:
    observations = [Observation(str(i), np.zeros(2), "abc"[i % 3]) for i in range(30)]
    answer = taught(INFO, observations).answer([Query("q", np.zeros(2))])[0]
    assert isinstance(answer.predictive, Categorical)
    np.testing.assert_allclose(np.exp(answer.predictive.log_probs), 1 / 3, atol=0.02)
