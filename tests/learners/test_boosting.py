"""Boosting is scikit-learn's, with size and rounds chosen on the inner folds; later studies regrow."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from solomonic.learners.base import smooth
from solomonic.learners.boosting import STEP, Boosting
from solomonic.learners.tuning import inner_folds
from solomonic.records import Budget, Categorical, Normal, Observation, Query, TaskInfo

INFO = TaskInfo("chess", "vector", "class", ("black", "white"))
FRUGAL = Budget(candidates=1, folds=1)


def chess(n: int, seed: int = 0) -> list[Observation]:
    x = np.random.default_rng(seed).uniform(0, 2, (n, 2))
    return [Observation(f"{seed}/{i}", row, ("black", "white")[int(row.sum() // 1 % 2)]) for i, row in enumerate(x)]


def studied(*blocks: list[Observation], info: TaskInfo = INFO) -> Boosting:
    learner = Boosting(info, rng=np.random.default_rng(0), budget=FRUGAL)
    for block in blocks:
        learner.observe(block)
        learner.study()
    return learner


def test_answers_are_those_of_scikit_learn_with_the_chosen_settings() -> None:
    lesson, asked = chess(300), chess(50, seed=1)
    learner = studied(lesson)
    encode = learner._features.transform
    theirs = HistGradientBoostingClassifier(
        learning_rate=STEP, max_iter=learner.rounds, max_leaf_nodes=learner.leaves, early_stopping=False, min_samples_leaf=20
    ).fit(encode([o.x for o in lesson]), [o.y for o in lesson])
    expected = smooth(theirs.predict_proba(encode([o.x for o in asked])), 300)
    for answer, row in zip(learner.answer([Query(o.id, o.x) for o in asked]), expected, strict=True):
        assert isinstance(answer.predictive, Categorical)
        np.testing.assert_allclose(answer.predictive.log_probs, row, rtol=1e-9)


def test_the_rounds_are_those_of_the_least_held_out_loss() -> None:
    lesson = chess(250)
    learner = studied(lesson)
    x = learner._features.transform([o.x for o in lesson])
    codes = learner.labels.codes([o.y for o in lesson])
    ((train, held),) = inner_folds(codes, FRUGAL)
    losses = []
    for rounds in range(1, learner.rounds + 3):
        trees = learner._new(learner.leaves, train.size).set_params(max_iter=rounds).fit(x[train], codes[train])
        losses.append(float(-smooth(trees.predict_proba(x[held]), train.size)[np.arange(held.size), codes[held]].sum()))
    assert int(np.argmin(losses)) + 1 == learner.rounds


def test_a_later_study_forgets_the_earlier_blocks() -> None:
    swapped = [Observation(o.id, o.x, {"black": "white", "white": "black"}[o.y]) for o in chess(300, seed=2)]
    learner = studied(chess(300), swapped)
    answers = learner.answer([Query(o.id, o.x) for o in swapped])
    assert np.mean([a.value == o.y for a, o in zip(answers, swapped, strict=True)]) > 0.9


def test_a_block_of_one_class_leaves_the_trees_as_they_are() -> None:
    learner = studied(chess(300))
    asked = [Query(o.id, o.x) for o in chess(30, seed=1)]
    before = [answer.value for answer in learner.answer(asked)]
    learner.observe([o for o in chess(100, seed=3) if o.y == "black"])
    learner.study()
    assert [answer.value for answer in learner.answer(asked)] == before


def test_blocks_of_one_class_each_give_the_frequencies() -> None:
    blocks = [[o for o in chess(40) if o.y == y] for y in ("black", "white")]
    learner = studied(*blocks)
    predictive = learner.answer([Query("q", np.zeros(2))])[0].predictive
    assert isinstance(predictive, Categorical)
    share = len(blocks[0]) / 40
    np.testing.assert_allclose(np.exp(predictive.log_probs), [(40 * p + 0.5) / 41 for p in (share, 1 - share)])


@pytest.mark.parametrize("studies", [1, 2])
def test_the_scale_of_numbers_is_an_honest_error(studies: int) -> None:
    rng = np.random.default_rng(0)
    blocks = []
    for _ in range(studies):
        x = rng.uniform(-2, 2, (400, 1))
        y = np.sign(x[:, 0]) + 0.3 * rng.normal(size=400)
        blocks.append([Observation(str(i), a, float(b)) for i, (a, b) in enumerate(zip(x, y, strict=True))])
    learner = studied(*blocks, info=TaskInfo("step", "vector", "number"))
    predictive = learner.answer([Query("q", np.array([1.0]))])[0].predictive
    assert isinstance(predictive, Normal)
    assert predictive.mean == pytest.approx(1.0, abs=0.25)
    assert 0.27 < predictive.scale < 0.45
