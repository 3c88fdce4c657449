"""Learners of sequences: kt, ctw, and the shell they share with ngram."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.errors import InputError, UnsupportedTask
from solomonic.learners.ngram import Ngram
from solomonic.learners.sequence import CTW_ALPHABET, Ctw, Kt, SequenceBase, ctw_depth
from solomonic.prediction import ContextTree, KrichevskyTrofimov
from solomonic.records import Budget, Categorical, Observation, Query, TaskInfo

LEARNERS = [Kt, Ctw, Ngram]


def made(learner: type[SequenceBase], choices: Sequence[Any] = ("x", "y")) -> SequenceBase:
    info = TaskInfo("t", "symbols", "symbol", tuple(choices), resample_by="sequence")
    return learner(info, rng=np.random.default_rng(0), budget=Budget())


def log_probs(learner: SequenceBase, name: str) -> np.ndarray:
    predictive = learner.answer((Query("q", name),))[0].predictive
    assert isinstance(predictive, Categorical)
    return predictive.log_probs


def step_by_step(learner: SequenceBase, name: str, symbols: Sequence[Any]) -> np.ndarray:
    rows = []
    for t, symbol in enumerate(symbols):
        rows.append(log_probs(learner, name))
        learner.observe((Observation(f"{name}:{t}", name, symbol),))
    return np.array(rows).reshape(len(symbols), len(learner.labels))


@pytest.mark.parametrize("learner", LEARNERS)
@given(st.lists(st.lists(st.sampled_from("xyz"), min_size=1, max_size=25), min_size=1, max_size=4))
@settings(deadline=None, max_examples=30)
def test_curves_equal_the_step_by_step_loop(learner: type[SequenceBase], sequences: list[list[str]]) -> None:
    looping = made(learner, "xyz")
    for i, curve in enumerate(made(learner, "xyz").curves(sequences)):
        np.testing.assert_allclose(step_by_step(looping, f"s{i}", sequences[i]), curve, rtol=0, atol=1e-12)


@pytest.mark.parametrize("learner", LEARNERS)
def test_curves_leave_the_learner_as_it_was(learner: type[SequenceBase]) -> None:
    following = made(learner)
    step_by_step(following, "s", "xxyxxy")
    before = log_probs(following, "s")
    following.curves(["yyyy"])
    np.testing.assert_array_equal(log_probs(following, "s"), before)


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_question_about_another_sequence_is_about_its_first_symbol(learner: type[SequenceBase]) -> None:
    following = made(learner)
    step_by_step(following, "s", "xxxxxxx")
    np.testing.assert_allclose(np.exp(log_probs(following, "t")), [0.5, 0.5])
    assert np.exp(log_probs(following, "s"))[0] > 0.8


@pytest.mark.parametrize("learner", LEARNERS)
def test_probabilities_sum_to_one_and_none_is_zero(learner: type[SequenceBase]) -> None:
    curve = made(learner).curves(["x" * 2_000 + "y"])[0]
    assert np.isfinite(curve).all()
    np.testing.assert_allclose(np.exp(curve).sum(axis=1), 1.0, atol=1e-12)


@pytest.mark.parametrize("learner", LEARNERS)
def test_an_alphabet_of_one_symbol_is_certain(learner: type[SequenceBase]) -> None:
    np.testing.assert_allclose(made(learner, ("x",)).curves(["xxx"])[0], 0.0, atol=1e-12)


def test_kt_and_ctw_are_the_predictors_of_the_room_below() -> None:
    symbols = np.random.default_rng(0).integers(0, 2, 200)
    text = ["xy"[s] for s in symbols]
    np.testing.assert_array_equal(made(Kt).curves([text])[0], KrichevskyTrofimov(2).curve(symbols))
    np.testing.assert_array_equal(made(Ctw).curves([text])[0], ContextTree(2, 16).curve(symbols))


def test_ctw_looks_back_less_far_over_more_symbols() -> None:
    depths = [ctw_depth(a) for a in (1, 2, 3, 4, 8, 27, 64)]
    assert depths == sorted(depths, reverse=True)
    assert depths[1] == 16
    assert depths[-1] >= 3


def test_what_cannot_be_followed_is_refused() -> None:
    assert made(Ctw, range(CTW_ALPHABET))
    with pytest.raises(UnsupportedTask, match="at most 64 symbols"):
        made(Ctw, range(CTW_ALPHABET + 1))
    with pytest.raises(UnsupportedTask, match="names no choices"):
        made(Kt, ())
    with pytest.raises(InputError, match="none of the task's choices"):
        made(Kt).curves(["xz"])


def test_state_of_kt_is_fixed_and_that_of_ctw_is_its_contexts() -> None:
    sizes = {}
    for learner in (Kt, Ctw):
        for n in (100, 400):
            following = made(learner)
            step_by_step(following, "s", "xxyxy" * (n // 5))
            sizes[learner, n] = following.state_bytes()
    assert sizes[Kt, 400] - sizes[Kt, 100] < 8
    assert sizes[Ctw, 400] - sizes[Ctw, 100] < 64
