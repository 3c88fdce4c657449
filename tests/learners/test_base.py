"""What all learners share: smoothing, episodes, own choices, the answer before anything was seen."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solomonic.errors import InputError, UnsupportedTask
from solomonic.learners.base import Labels, pickled_bytes, prior_answer, restrict, smooth, softmax
from solomonic.learners.maxent import Maxent
from solomonic.learners.nearest import Nearest
from solomonic.records import Budget, Categorical, Normal, Observation, Query, TaskInfo, categorical

INFO = TaskInfo("task", "vector", "class", ("a", "b", "c"))


def lesson(n: int = 30, seed: int = 0) -> list[Observation]:
    rng = np.random.default_rng(seed)
    return [Observation(f"o{i}", rng.normal("abc".index(y), 0.3, 2), y) for i, y in enumerate(rng.choice(list("abc"), n))]


@given(st.integers(1, 6), st.integers(1, 10**6), st.integers(0, 2**31))
def test_smoothed_probabilities_sum_to_one_and_bound_the_loss(choices: int, n: int, seed: int) -> None:
    p = np.random.default_rng(seed).dirichlet(np.full(choices, 0.05), size=3)
    logs = smooth(p, n)
    np.testing.assert_allclose(np.exp(logs).sum(axis=1), 1.0, rtol=1e-12)
    assert -logs.min() <= math.log(choices * (n + 1)) + 1e-9


def test_softmax_survives_large_scores() -> None:
    np.testing.assert_allclose(softmax(np.array([[1e4, 1e4, -1e4]])), [[0.5, 0.5, 0.0]])


def test_a_class_never_seen_keeps_a_small_share() -> None:
    learner = Maxent(INFO, rng=np.random.default_rng(0), budget=Budget())
    learner.observe([o for o in lesson() if o.y != "c"])
    learner.study()
    predictive = learner.answer([Query("q", np.zeros(2))])[0].predictive
    assert isinstance(predictive, Categorical)
    n = sum(o.y != "c" for o in lesson())
    assert predictive.log_probs[2] == pytest.approx(-math.log(3 * (n + 1)))


def test_before_anything_was_seen_all_choices_are_alike() -> None:
    answer = Nearest(INFO, rng=np.random.default_rng(0), budget=Budget()).answer([Query("q", np.zeros(2))])[0]
    assert isinstance(answer.predictive, Categorical)
    np.testing.assert_allclose(answer.predictive.log_probs, -math.log(3))
    assert prior_answer(Query("q", None), replace(INFO, y_type="number", choices=())).predictive == Normal(0.0, 1.0)
    with pytest.raises(UnsupportedTask, match="name no choices"):
        prior_answer(Query("q", None), replace(INFO, choices=()))


@pytest.mark.parametrize("factory", [Maxent, Nearest])
def test_an_episode_is_answered_by_a_fresh_learner_taught_by_its_context_alone(factory: type[Maxent] | type[Nearest]) -> None:
    context = tuple(o for o in lesson(12, seed=1) if o.y != "b")
    query = Query("q", np.full(2, 1.7), context=context, choices=("a", "c"))
    learner = factory(INFO, rng=np.random.default_rng(0), budget=Budget())
    learner.observe(lesson())
    learner.study()
    pupil = factory(replace(INFO, choices=("a", "c")), rng=np.random.default_rng(5), budget=Budget())
    pupil.observe(context)
    pupil.study()
    expected = pupil.answer([Query("q", query.x)])[0]
    answer = learner.answer([query])[0]
    assert answer.value == expected.value
    assert isinstance(answer.predictive, Categorical)
    assert isinstance(expected.predictive, Categorical)
    np.testing.assert_array_equal(answer.predictive.log_probs, expected.predictive.log_probs)


def test_episodes_and_plain_questions_may_be_mixed_in_any_order() -> None:
    learner = Nearest(INFO, rng=np.random.default_rng(0), budget=Budget())
    learner.observe(lesson())
    learner.study()
    plain = [Query(f"p{i}", np.full(2, float(i))) for i in range(3)]
    episodes = [Query(f"e{i}", np.full(2, float(i)), context=tuple(lesson(9, seed=i)), choices=("c", "b", "a")) for i in range(3)]
    queries = [plain[0], episodes[0], episodes[1], plain[1], episodes[2], plain[2]]
    together = learner.answer(queries)
    for query, answer in zip(queries, together, strict=True):
        alone = learner.answer([query])[0]
        assert answer.value == alone.value


def test_own_choices_restrict_and_renormalise() -> None:
    answer = categorical(np.log(np.array([0.2, 0.5, 0.3])), INFO.choices)
    own = restrict(answer, Query("q", None, choices=("c", "a")), INFO)
    assert own.value == "c"
    assert isinstance(own.predictive, Categorical)
    np.testing.assert_allclose(np.exp(own.predictive.log_probs), [0.6, 0.4])
    unknown = restrict(answer, Query("q", None, choices=("a", "z")), INFO)
    assert isinstance(unknown.predictive, Categorical)
    np.testing.assert_allclose(np.exp(unknown.predictive.log_probs), [0.5, 0.5])


def test_an_answer_outside_the_choices_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"'z'.*'a', 'b'"):
        Labels(("a", "b")).code("z")


def test_counted_bytes_are_those_of_the_pickle() -> None:
    for value in (np.arange(1000.0), {"a": [1, 2, "text"], "b": np.ones((3, 4), dtype=np.float32)}, "x" * 70_000):
        assert pickled_bytes(value) == len(pickle.dumps(value, protocol=5))


def test_a_class_that_only_this_process_knows_has_a_size_too() -> None:
    class Notes:
        def __init__(self, n: int) -> None:
            self.values = np.zeros(n)

    assert 7_000 < pickled_bytes(Notes(2_000)) - pickled_bytes(Notes(1_000)) < 9_000
