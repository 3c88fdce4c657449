"""What one answer contributes, and that estimates equal those of other people's code."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.errors import CellFailed, InputError, UnknownName
from solomonic.records import ABSTAIN, Answer, Categorical, Normal, Quantiles, Query, Ranking, categorical
from solomonic.tasks.metrics import check_metrics, default_metrics, metric

QUERY = Query("q", None)
relaxed = settings(deadline=None)
NAMES = ("accuracy", "log_loss", "log_loss_bits", "brier", "calibration_error", "f1")


def score(name: str, truth: Any, answer: Answer, choices: tuple[Any, ...] = ()) -> Any:
    return metric(name).contribution(QUERY, truth, answer, choices)


def answered(*probabilities: float, choices: tuple[Any, ...] = ("a", "b", "c")) -> Answer:
    with np.errstate(divide="ignore"):
        return categorical(np.log(np.array(probabilities)), choices)


def class_contributions(name: str, probabilities: np.ndarray, truths: np.ndarray) -> np.ndarray:
    choices = tuple(range(probabilities.shape[1]))
    with np.errstate(divide="ignore"):
        answers = [categorical(np.log(row), choices) for row in probabilities]
    return np.array([score(name, truth, answer, choices) for truth, answer in zip(truths.tolist(), answers, strict=True)])


@st.composite
def exams(draw: st.DrawFn, classes: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (n, a), coarse so that ties occur, and truths (n,)."""
    a = classes or draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(12, 60))
    weights = rng.integers(1, 8, size=(n, a)).astype(float)
    truths = rng.integers(a, size=n)
    truths[:2] = 0, 1
    return weights / weights.sum(axis=1, keepdims=True), truths


@relaxed
@given(exams())
def test_log_loss_accuracy_brier_and_f1_equal_those_of_scikit_learn(exam: tuple[np.ndarray, np.ndarray]) -> None:
    from sklearn import metrics

    probabilities, truths = exam
    labels = list(range(probabilities.shape[1]))
    predicted = probabilities.argmax(axis=1)
    theirs = {
        "accuracy": metrics.accuracy_score(truths, predicted),
        "log_loss": metrics.log_loss(truths, probabilities, labels=labels),
        "brier": 0.5 * np.mean(np.sum((probabilities - np.eye(len(labels))[truths]) ** 2, axis=1)),
        "f1": metrics.f1_score(truths, predicted, average="macro"),
    }
    for name, expected in theirs.items():
        assert metric(name).estimate(class_contributions(name, probabilities, truths)) == pytest.approx(expected), name


@relaxed
@given(exams(classes=2))
def test_roc_area_equals_that_of_scikit_learn(exam: tuple[np.ndarray, np.ndarray]) -> None:
    from sklearn.metrics import roc_auc_score

    probabilities, truths = exam
    contributions = class_contributions("roc_area", probabilities, truths)
    assert metric("roc_area").estimate(contributions) == pytest.approx(roc_auc_score(truths, contributions[:, 0]))


def test_the_spread_of_roc_area_is_that_of_delong() -> None:
    rng = np.random.default_rng(3)
    labels = np.arange(70) < 25
    scores = np.round(rng.normal(labels, 1.0), 1)
    pairs = np.array([[(x > y) + 0.5 * (x == y) for y in scores[~labels]] for x in scores[labels]])
    delong = pairs.mean(axis=1).var() / 25 + pairs.mean(axis=0).var() / 45
    pseudo = metric("roc_area").pseudo_values(np.column_stack([scores, labels]))
    assert pseudo.var() / 70 == pytest.approx(delong)


@relaxed
@given(exams())
def test_calibration_error_is_the_mean_gap_over_bins(exam: tuple[np.ndarray, np.ndarray]) -> None:
    contributions = class_contributions("calibration_error", *exam)
    total = 0.0
    for low in range(15):
        inside = [(c, r) for c, r in contributions if low <= c * 15 < low + 1 or (c == 1.0 and low == 14)]
        if inside:
            total += len(inside) / len(contributions) * abs(np.mean([c for c, _ in inside]) - np.mean([r for _, r in inside]))
    assert metric("calibration_error").estimate(contributions) == pytest.approx(total)


@relaxed
@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=1, max_size=30))
def test_rmse_and_mae_are_what_their_names_say(pairs: list[tuple[float, float]]) -> None:
    truths, guesses = map(np.array, zip(*pairs, strict=True))
    for name, expected in (("rmse", np.sqrt(np.mean((truths - guesses) ** 2))), ("mae", np.mean(np.abs(truths - guesses)))):
        contributions = np.array([score(name, truth, Answer(guess)) for truth, guess in pairs])
        assert metric(name).estimate(contributions) == pytest.approx(expected, abs=1e-12)


@relaxed
@given(exams(), st.sampled_from(NAMES))
def test_pseudo_values_average_to_the_estimate(exam: tuple[np.ndarray, np.ndarray], name: str) -> None:
    one = metric(name)
    contributions = class_contributions(name, *exam)
    pseudo = one.pseudo_values(contributions)
    assert pseudo.shape == (len(contributions),)
    assert pseudo.mean() == pytest.approx(one.estimate(contributions))


def delete_one(name: str, contributions: np.ndarray) -> np.ndarray:
    """The jackknife's pseudo-values n T - (n - 1) T_without_i."""
    one, n = metric(name), len(contributions)
    whole = one.estimate(contributions)
    return np.array([n * whole - (n - 1) * one.estimate(np.delete(contributions, i, axis=0)) for i in range(n)])


@pytest.mark.parametrize("name", ["accuracy", "rmse", "mae", "log_loss", "brier", "f1", "roc_area"])
def test_pseudo_values_agree_with_the_delete_one_jackknife(name: str) -> None:
    rng = np.random.default_rng(7)
    n = 400
    if name in ("rmse", "mae"):
        contributions = rng.gamma(2.0, size=n)
    else:
        truths = rng.integers(2 if name == "roc_area" else 3, size=n)
        logits = rng.normal(size=(n, truths.max() + 1)) + np.eye(truths.max() + 1)[truths]
        contributions = class_contributions(name, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), truths)
    pseudo, jackknife = metric(name).pseudo_values(contributions), delete_one(name, contributions)
    assert np.corrcoef(pseudo, jackknife)[0, 1] > 0.999
    assert pseudo.std() == pytest.approx(jackknife.std(), rel=0.02)
    assert pseudo.mean() == pytest.approx(jackknife.mean(), abs=3.0 / n)


def test_an_abstention_is_wrong_and_uniform() -> None:
    silent = Answer(ABSTAIN)
    choices = ("a", "b", "c", "d")
    assert score("accuracy", "a", silent, choices) == 0.0
    assert score("log_loss", "a", silent, choices) == pytest.approx(math.log(4))
    assert score("log_loss_bits", "a", silent, choices) == pytest.approx(2.0)
    assert score("brier", "a", silent, choices) == pytest.approx(0.5 * (0.75**2 + 3 * 0.25**2))
    assert score("calibration_error", "a", silent, choices) == [pytest.approx(0.25), 0.0]
    assert score("f1", "a", silent, choices) == [-1.0, 0.0]
    assert score("roc_area", "a", silent, ("a", "b")) == [0.0, 0.0]
    assert score("recall@3", ("x",), silent) == 0.0
    for name in ("rmse", "mae", "log_loss", "calibration_error"):
        with pytest.raises(CellFailed, match="abstains"):
            score(name, 1.5, silent)


def test_an_impossible_truth_costs_a_finite_price() -> None:
    assert score("log_loss", "c", answered(0.5, 0.5, 0.0), ("a", "b", "c")) == pytest.approx(27.631, abs=1e-3)
    assert score("log_loss", "d", answered(0.2, 0.3, 0.5), ("a", "b", "c")) == pytest.approx(27.631, abs=1e-3)
    assert score("log_loss", "a", Answer("a", Categorical(np.full(3, np.nan))), ("a", "b", "c")) == pytest.approx(27.631, abs=1e-3)
    assert score("brier", "d", answered(0.2, 0.3, 0.5), ("a", "b", "c")) <= 1.0


def test_a_class_without_probabilities_is_taken_at_its_word() -> None:
    choices = ("a", "b")
    assert score("log_loss", "a", Answer("a"), choices) == 0.0
    assert score("log_loss", "a", Answer("b"), choices) == pytest.approx(27.631, abs=1e-3)
    assert score("brier", "a", Answer("b"), choices) == 1.0
    assert score("calibration_error", "a", Answer("b"), choices) == [1.0, 0.0]
    assert score("roc_area", "b", Answer("b"), choices)[0] > 0 > score("roc_area", "b", Answer("a"), choices)[0]


def test_confidence_is_that_of_the_answer_given_not_of_the_likeliest() -> None:
    reluctant = Answer("b", answered(0.7, 0.2, 0.1).predictive)
    assert score("calibration_error", "b", reluctant, ("a", "b", "c")) == [pytest.approx(0.2), 1.0]


@pytest.mark.parametrize("name", NAMES)
def test_contributions_of_classes_can_be_written_as_json(name: str) -> None:
    answer = Answer(np.int64(1), Categorical(np.log(np.array([0.5, 0.5, 1e-300]))))
    json.dumps(score(name, 2, answer, (0, 1, 2)), allow_nan=False)


def test_log_odds_of_certainty_can_be_written_as_json() -> None:
    json.dumps(score("roc_area", "b", answered(1.0, 0.0, choices=("a", "b")), ("a", "b")), allow_nan=False)


def test_log_loss_of_a_number_is_minus_the_log_density() -> None:
    from scipy.stats import norm

    assert score("log_loss", 3.0, Answer(1.0, Normal(1.0, 2.0))) == pytest.approx(-norm.logpdf(3.0, 1.0, 2.0))
    assert score("calibration_error", 3.0, Answer(1.0, Normal(1.0, 2.0))) == pytest.approx(norm.cdf(3.0, 1.0, 2.0))


def test_calibration_of_numbers_is_small_for_the_true_distribution_and_large_for_a_narrow_one() -> None:
    truths = np.random.default_rng(0).normal(size=2_000)

    def error(scale: float) -> float:
        contributions = np.array([score("calibration_error", truth, Answer(0.0, Normal(0.0, scale))) for truth in truths])
        assert metric("calibration_error").pseudo_values(contributions).mean() == pytest.approx(
            metric("calibration_error").estimate(contributions)
        )
        return metric("calibration_error").estimate(contributions)

    assert error(1.0) < 0.02
    assert error(0.2) > 0.15


@pytest.mark.parametrize(
    "predictive", [None, Normal(0.0, 0.0), Normal(math.nan, 1.0), Normal(0.0, math.inf), Quantiles(np.array([0.5]), np.array([1.0]))]
)
def test_what_is_no_distribution_over_numbers_fails_the_cell(predictive: Any) -> None:
    with pytest.raises(CellFailed):
        score("log_loss", 1.0, Answer(0.0, predictive))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_an_answer_that_is_no_finite_number_fails_the_cell(value: float) -> None:
    with pytest.raises(CellFailed, match="finite"):
        score("rmse", 1.0, Answer(value))


def test_probabilities_of_the_wrong_length_fail_the_cell() -> None:
    with pytest.raises(CellFailed, match="2 choices"):
        score("log_loss", "a", answered(0.2, 0.3, 0.5), ("a", "b"))


def test_recall_counts_what_is_relevant_among_the_first_k() -> None:
    ranked = Answer(None, Ranking(("x", "y", "z", "w"), np.zeros(4)))
    assert score("recall@2", ("y", "z"), ranked) == 0.5
    assert score("recall@3", ("y", "z"), ranked) == 1.0
    assert score("recall@1", "x", Answer(("x", "y"))) == 1.0


@pytest.mark.parametrize("name", ["acuracy", "recall@0", "recall@", "recall@x", "Accuracy"])
def test_an_unknown_metric_is_refused(name: str) -> None:
    with pytest.raises(UnknownName, match="unknown metric"):
        metric(name)


def test_near_names_of_metrics_are_suggested() -> None:
    with pytest.raises(UnknownName, match="did you mean accuracy"):
        metric("acuracy")


def test_defaults_fit_their_kind_of_answer() -> None:
    assert default_metrics("class", (0, 1)) == ("accuracy", "log_loss", "calibration_error", "roc_area")
    assert default_metrics("class", (0, 1, 2)) == ("accuracy", "log_loss", "calibration_error")
    assert default_metrics("number")[:3] == ("rmse", "mae", "log_loss")
    assert default_metrics("symbol") == ("log_loss_bits", "accuracy")
    for y_type, choices in (("class", (0, 1)), ("number", ()), ("symbol", (0, 1)), ("ranking", ()), ("text", ())):
        check_metrics(default_metrics(y_type, choices), y_type, choices)


def test_metrics_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="rmse cannot score"):
        check_metrics(["rmse"], "class", (0, 1))
    with pytest.raises(InputError, match="two choices"):
        check_metrics(["roc_area"], "class", (0, 1, 2))


@pytest.mark.parametrize("name", [*NAMES, "roc_area", "rmse", "mae"])
def test_without_questions_there_is_no_estimate(name: str) -> None:
    assert math.isnan(metric(name).estimate(np.zeros(0)))
    assert metric(name).pseudo_values(np.zeros(0)).shape == (0,)


def test_roc_area_of_one_class_is_undefined() -> None:
    contributions = np.array([[0.1, 1.0], [0.2, 1.0]])
    assert math.isnan(metric("roc_area").estimate(contributions))
    assert np.isnan(metric("roc_area").pseudo_values(contributions)).all()
