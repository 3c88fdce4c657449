from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from solomonic.memory.answerable import MODEL, Signs, probability, signs

floats = st.floats(-1e6, 1e6)


@given(floats, floats, floats)
def test_a_probability_lies_between_nought_and_one(score: float, named: float, foreign: float) -> None:
    assert 0.0 <= probability(Signs(score, named, foreign)) <= 1.0


def test_nothing_found_answers_nothing() -> None:
    assert probability(None) == 0.0


def test_a_better_hit_makes_an_answer_likelier_and_a_better_foreign_one_less() -> None:
    assert MODEL.score > 0 > MODEL.foreign
    assert probability(Signs(12.0, 1.0, 0.0)) > probability(Signs(6.0, 1.0, 0.0)) > probability(Signs(6.0, 1.0, 3.0))


def test_foreign_compares_the_best_of_both_sides_without_the_speaker_channel() -> None:
    found = signs(np.array([5.0, 4.5, 3.0]), np.array([1.0, 0.0, 1.0]), weight=2.0)
    assert found == Signs(5.0, 1.0, 4.5 - 3.0)


def test_no_speaker_named_is_no_sign() -> None:
    assert signs(np.array([5.0]), np.array([0.0]), 2.0) == Signs(5.0, 0.0, 0.0)
    assert signs(np.array([5.0]), np.array([1.0]), 2.0) == Signs(5.0, 0.0, 0.0)
    assert signs(np.array([5.0]), None, 2.0) == Signs(5.0, 0.0, 0.0)
