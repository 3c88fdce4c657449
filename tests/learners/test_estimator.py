"""Scikit-learn estimators as learners."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from solomonic.errors import CellFailed, UnsupportedTask
from solomonic.learners import registry
from solomonic.learners.estimator import Estimator, EstimatorFactory
from solomonic.learners.features import Features
from solomonic.records import Answer, Budget, Categorical, Column, Normal, Observation, Query, TaskInfo
from solomonic.testing import check_learner, small_exam

CLASSES = small_exam("vector class", n=90)
NUMBERS = small_exam("vector number", n=90)


def taught(estimator: Any, *lessons: Sequence[Observation], info: TaskInfo = CLASSES.info, seed: int = 0) -> Estimator:
    learner = registry.factory(estimator)(info, rng=np.random.default_rng(seed), budget=Budget())
    assert isinstance(learner, Estimator)
    for lesson in lessons:
        learner.observe(lesson)
        learner.study()
    return learner


def values(answers: Sequence[Answer]) -> list[Any]:
    return [answer.value for answer in answers]


def log_probs(learner: Estimator, queries: Sequence[Query] = CLASSES.queries) -> np.ndarray:
    predictives = [answer.predictive for answer in learner.answer(queries)]
    return np.array([p.log_probs for p in predictives if isinstance(p, Categorical)])


@pytest.mark.parametrize(
    "estimator",
    [LogisticRegression(), SVC(), DecisionTreeClassifier(random_state=3), KNeighborsClassifier(), LinearSVC(), Perceptron(random_state=5)],
)
def test_answers_are_those_of_the_estimator_on_the_same_features(estimator: Any) -> None:
    """Ties and one-against-one votes apart, which none of these questions meets."""
    features = Features(CLASSES.info, dense=True, scale="auto").fit([o.x for o in CLASSES.lesson])
    own = clone(estimator).fit(features.transform([o.x for o in CLASSES.lesson]), [o.y for o in CLASSES.lesson])
    expected = own.predict(features.transform([q.x for q in CLASSES.queries])).tolist()
    assert values(taught(estimator, CLASSES.lesson).answer(CLASSES.queries)) == expected


@pytest.mark.parametrize("estimator", [SVC(), LinearSVC(), LogisticRegression()])
def test_probabilities_beat_the_class_frequencies(estimator: Any) -> None:
    exam = small_exam("vector class", n=300)
    learner = taught(estimator, exam.lesson[:200])
    asked = [Query(o.id, o.x) for o in exam.lesson[200:]]
    truths = [exam.info.choices.index(o.y) for o in exam.lesson[200:]]
    assert -log_probs(learner, asked)[np.arange(100), truths].mean() < 0.8 * np.log(3)


class Stubborn(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier that only predicts: the sign of the first coordinate."""

    def fit(self, x: np.ndarray, y: np.ndarray) -> Stubborn:
        self.classes_ = np.unique(y)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self.classes_[(x[:, 0] > 0).astype(int)])


def test_bare_predictions_get_the_accuracy_of_the_inner_folds() -> None:
    rng = np.random.default_rng(0)
    xs = rng.standard_normal((400, 2))
    right = rng.random(400) < 0.8
    lesson = [Observation(str(i), x, "ab"[int((x[0] > 0) == ok)]) for i, (x, ok) in enumerate(zip(xs, right, strict=True))]
    info = TaskInfo("t", "vector", "class", ("a", "b"))
    probabilities = np.exp(log_probs(taught(Stubborn(), lesson, info=info), [Query("q", np.array([3.0, 0.0]))]))
    assert probabilities.max() == pytest.approx(right.mean(), abs=0.02)


def test_a_regressor_answers_with_its_held_out_error() -> None:
    learner = taught(LinearRegression(), NUMBERS.lesson, info=NUMBERS.info)
    predictive = learner.answer(NUMBERS.queries)[0].predictive
    assert isinstance(predictive, Normal)
    assert predictive.scale == pytest.approx(1.0, rel=0.3)


@pytest.mark.parametrize(
    ("estimator", "keeps"),
    [
        (KNeighborsClassifier(), True),
        (make_pipeline(StandardScaler(), KNeighborsClassifier()), True),
        (SVC(), True),
        (GridSearchCV(SVC(), {"C": [1, 10]}), True),
        (BaggingClassifier(KNeighborsClassifier(), n_estimators=3), True),
        (GaussianProcessRegressor(), True),
        (KernelRidge(), True),
        (LogisticRegression(), False),
        (make_pipeline(StandardScaler(), LogisticRegression()), False),
        (RandomForestClassifier(5), False),
        (GaussianNB(), False),
        (Ridge(), False),
        (make_pipeline(TfidfVectorizer(), LogisticRegression()), False),
        (make_pipeline(TfidfVectorizer(), KNeighborsClassifier()), True),
    ],
    ids=lambda value: registry.label(value) if not isinstance(value, bool) else str(value),
)
def test_what_an_estimator_keeps_is_found_by_looking(estimator: Any, keeps: bool) -> None:
    made = registry.factory(estimator)
    assert made.keeps_data is keeps
    assert made.kind == ("transductive" if keeps else "inductive")


def test_told_to_remember_it_is_a_hybrid_that_fits_to_everything() -> None:
    made = EstimatorFactory(DecisionTreeClassifier(random_state=0), remember=True)
    assert (made.kind, made.keeps_data) == ("hybrid", True)
    in_pieces = taught(made, CLASSES.lesson[:40], CLASSES.lesson[40:])
    at_once = taught(made, CLASSES.lesson)
    np.testing.assert_array_equal(log_probs(in_pieces), log_probs(at_once))
    assert registry.parameters(made) != registry.parameters(EstimatorFactory(DecisionTreeClassifier(random_state=0)))


def test_an_inductive_one_goes_on_by_partial_fit() -> None:
    halves = taught(GaussianNB(), CLASSES.lesson[:45], CLASSES.lesson[45:])
    assert halves._fitted.class_count_.sum() == 90


def test_an_inductive_one_without_partial_fit_starts_again_from_the_new_block() -> None:
    tree = DecisionTreeClassifier(random_state=0)
    halves, second = taught(tree, CLASSES.lesson[:45], CLASSES.lesson[45:]), taught(tree, CLASSES.lesson[45:])
    assert values(halves.answer(CLASSES.queries)) == values(second.answer(CLASSES.queries))


def test_a_block_of_one_class_leaves_what_was_fitted() -> None:
    before = taught(DecisionTreeClassifier(random_state=0), CLASSES.lesson)
    same_class = [o for o in CLASSES.lesson if o.y == "a"][:5]
    after = taught(DecisionTreeClassifier(random_state=0), CLASSES.lesson, same_class)
    assert values(after.answer(CLASSES.queries)) == values(before.answer(CLASSES.queries))


def test_a_class_new_in_a_later_block_is_learned() -> None:
    first = [o for o in CLASSES.lesson[:60] if o.y != "c"]
    learner = taught(SGDClassifier(), first, CLASSES.lesson)
    assert "c" in values(learner.answer(CLASSES.queries))


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    x = CLASSES.lesson[0].x
    lesson = [Observation("first", x, "a"), Observation("second", -x, "b")]
    corrected = [Observation("first*", x, "c", 1.0, ("first",))]
    learner = taught(KNeighborsClassifier(1), lesson, corrected)
    assert learner.answer((Query("q", x),))[0].value == "c"
    assert learner._studied == 2


def test_open_random_states_come_from_the_generator_and_fixed_ones_stay() -> None:
    forest = RandomForestClassifier(5)
    first, again, other = (taught(forest, CLASSES.lesson, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(log_probs(first), log_probs(again))
    assert not np.array_equal(log_probs(first), log_probs(other))
    assert taught(RandomForestClassifier(5, random_state=7), CLASSES.lesson)._fitted.random_state == 7
    assert forest.random_state is None


def test_no_more_neighbours_are_asked_for_than_there_are() -> None:
    learner = taught(KNeighborsClassifier(50), CLASSES.lesson[:5])
    assert len(learner.answer(CLASSES.queries)) == len(CLASSES.queries)


def test_warnings_become_notes() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        learner = taught(LogisticRegression(max_iter=1), CLASSES.lesson)
        learner.answer(CLASSES.queries)
    assert learner.notes == ("ConvergenceWarning in fit",)


def test_a_failing_estimator_is_named_in_one_line() -> None:
    with pytest.raises(CellFailed, match=r"^MultinomialNB\(\) failed in fit: ValueError: Negative values") as caught:
        taught(MultinomialNB(), CLASSES.lesson)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("estimator", "info", "why"),
    [
        (KMeans(), CLASSES.info, "neither a classifier nor a regressor"),
        (Ridge(), CLASSES.info, "is a regressor; task 'small vector class' asks for a class"),
        (SVC(), NUMBERS.info, "is a classifier"),
        (SVC(), small_exam("symbols symbol").info, "takes x of type vector or record or text"),
        (make_pipeline(TfidfVectorizer(), SVC()), CLASSES.info, "text vectoriser"),
    ],
)
def test_refusals_say_why(estimator: Any, info: TaskInfo, why: str) -> None:
    made = registry.factory(estimator)
    assert why in (made.refuses(info) or "")
    with pytest.raises(UnsupportedTask):
        made(info, rng=np.random.default_rng(0), budget=Budget())


def test_records_with_missing_values_and_unseen_levels_are_encoded() -> None:
    info = TaskInfo("t", "record", "class", ("a", "b"), columns=(Column("n", "number", 1), Column("c", "category")))
    lesson = [Observation(str(i), (None if i == 3 else float(i), "red" if i % 2 else "blue"), "ab"[i % 2]) for i in range(20)]
    learner = taught(LogisticRegression(), lesson, info=info)
    assert values(learner.answer([Query("q", (None, "red")), Query("r", (2.0, "green"))]))[0] == "b"


@pytest.mark.parametrize(
    "estimator", [LogisticRegression(), KNeighborsClassifier(), Ridge(), make_pipeline(TfidfVectorizer(), LinearSVC())]
)
def test_adapted_estimators_pass_the_checks_of_any_learner(estimator: Any) -> None:
    assert check_learner(estimator)
