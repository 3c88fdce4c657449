"""Floors: majority, uniform, no-change, mean."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solomonic.errors import InputError, UnsupportedTask
from solomonic.learners.floors import Floor, Majority, Mean, NoChange, Uniform
from solomonic.records import Budget, Categorical, Normal, Observation, Query, TaskInfo, XType, YType

QUERY = Query("q", np.zeros(2))


def made(floor: type[Floor], ys: Sequence[Any], *, y_type: YType = "class", x_type: XType = "vector", xs: Sequence[Any] = ()) -> Floor:
    info = TaskInfo("t", x_type, y_type, ("a", "b", "c") if y_type != "number" else ())
    learner = floor(info, rng=np.random.default_rng(0), budget=Budget())
    learner.observe([Observation(str(i), xs[i] if xs else np.zeros(2), y) for i, y in enumerate(ys)])
    return learner


def probabilities(learner: Floor, query: Query = QUERY) -> list[float]:
    predictive = learner.answer((query,))[0].predictive
    assert isinstance(predictive, Categorical)
    return [float(p) for p in np.exp(predictive.log_probs)]


def normal(learner: Floor) -> Normal:
    predictive = learner.answer((QUERY,))[0].predictive
    assert isinstance(predictive, Normal)
    return predictive


def test_majority_counts_with_one_observation_of_no_class_added() -> None:
    learner = made(Majority, "aab")
    assert probabilities(learner) == pytest.approx([(2 + 1 / 3) / 4, (1 + 1 / 3) / 4, (1 / 3) / 4])
    assert learner.answer((QUERY,))[0].value == "a"


def test_majority_follows_what_comes_later() -> None:
    learner = made(Majority, "a")
    assert learner.answer((QUERY,))[0].value == "a"
    learner.observe([Observation("x", None, "b"), Observation("y", None, "b")])
    assert learner.answer((QUERY,))[0].value == "b"


def test_uniform_learns_nothing() -> None:
    assert probabilities(made(Uniform, "aaaa")) == pytest.approx([1 / 3] * 3)


def test_no_change_answers_with_the_last_label_and_its_running_hit_rate() -> None:
    learner = made(NoChange, "aabbb")
    assert learner.answer((QUERY,))[0].value == "b"
    stays = (3 + 1 / 3) / 5
    assert probabilities(learner) == pytest.approx([(1 - stays) / 2, stays, (1 - stays) / 2])


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=40))
def test_no_change_hit_rate_is_the_share_of_repeats(ys: list[str]) -> None:
    repeats = sum(a == b for a, b in itertools.pairwise(ys))
    assert probabilities(made(NoChange, ys))["abc".index(ys[-1])] == pytest.approx((repeats + 1 / 3) / len(ys))


def test_no_change_predicts_the_last_number_with_the_size_of_changes() -> None:
    predictive = normal(made(NoChange, [1.0, 3.0, 2.0], y_type="number"))
    assert (predictive.mean, predictive.scale) == (2.0, pytest.approx(math.sqrt((4 + 1) / 2)))


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_mean_and_spread_are_those_of_the_lesson(ys: list[float]) -> None:
    predictive = normal(made(Mean, ys, y_type="number"))
    assert predictive.mean == pytest.approx(np.mean(ys), rel=1e-9, abs=1e-6)
    expected = np.std(ys, ddof=1) * math.sqrt(1 + 1 / len(ys))
    assert predictive.scale == pytest.approx(max(float(expected), 1e-6 * abs(predictive.mean)), rel=1e-6, abs=1e-5)


@pytest.mark.parametrize("floor", [Mean, NoChange])
def test_numbers_that_never_vary_leave_a_scale_above_zero(floor: type[Floor]) -> None:
    for ys in ([5.0], [5.0, 5.0, 5.0], [0.0]):
        assert normal(made(floor, ys, y_type="number")).scale > 0


@pytest.mark.parametrize("floor", [Majority, NoChange])
def test_a_new_sequence_starts_from_scratch(floor: type[Floor]) -> None:
    learner = made(floor, "aaab", y_type="symbol", x_type="symbols", xs=["s", "s", "s", "t"])
    alone = made(floor, "b", y_type="symbol", x_type="symbols", xs=["t"])
    assert probabilities(learner, Query("q", "t")) == probabilities(alone, Query("q", "t"))
    assert probabilities(learner, Query("q", "another")) == pytest.approx([1 / 3] * 3)


def test_unlabelled_observations_are_passed_over() -> None:
    assert probabilities(made(Majority, ["a", None, None])) == probabilities(made(Majority, ["a"]))


def test_a_label_that_is_no_choice_is_refused() -> None:
    with pytest.raises(InputError, match="none of the task's choices"):
        made(Majority, ["z"])


def test_floors_say_what_they_cannot_answer() -> None:
    with pytest.raises(UnsupportedTask, match="number"):
        made(Majority, [], y_type="number")
    with pytest.raises(UnsupportedTask, match="class"):
        made(Mean, [], y_type="class")


def test_the_answer_is_made_once_for_all_questions() -> None:
    learner = made(Majority, "ab")
    first, second = learner.answer((QUERY, Query("r", np.ones(2))))
    assert first is second
    assert learner.answer((QUERY,))[0] is first


def test_state_does_not_grow_with_what_was_seen() -> None:
    assert made(NoChange, "ab" * 500).state_bytes() < made(NoChange, "ab").state_bytes() + 16


@pytest.mark.parametrize("floor", [Mean, NoChange])
def test_the_unit_of_the_target_changes_no_floor(floor: type[Floor]) -> None:
    ys = [1.0, 3.0, 2.5]
    here, there = normal(made(floor, ys, y_type="number")), normal(made(floor, [1e-12 * y for y in ys], y_type="number"))
    assert there.scale == pytest.approx(1e-12 * here.scale)
