from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solomonic.errors import UnknownName
from solomonic.memory.fusion import CHANNELS, WEIGHTS, Weights, fuse

scores = st.dictionaries(st.sampled_from(CHANNELS), st.lists(st.floats(-9, 9), min_size=4, max_size=4).map(np.array), min_size=1)


@given(scores)
def test_the_score_is_the_weighted_sum_of_the_channels(given_scores: dict[str, np.ndarray]) -> None:
    expected = sum(getattr(WEIGHTS, name) * values for name, values in given_scores.items())
    assert np.allclose(fuse(given_scores), expected)


@given(scores)
def test_the_order_of_the_channels_changes_no_bit(given_scores: dict[str, np.ndarray]) -> None:
    turned = dict(reversed(given_scores.items()))
    assert np.array_equal(fuse(given_scores), fuse(turned))


@given(scores, st.sampled_from(CHANNELS), st.integers(0, 3), st.floats(0, 5))
def test_more_of_a_channel_never_lowers_a_score(given_scores: dict[str, np.ndarray], name: str, place: int, more: float) -> None:
    base = given_scores | {name: given_scores.get(name, np.zeros(4))}
    raised = base[name].copy()
    raised[place] += more
    assert fuse(base | {name: raised})[place] >= fuse(base)[place]


def test_no_shipped_weight_is_negative() -> None:
    assert all(getattr(WEIGHTS, name) >= 0 for name in CHANNELS)


def test_weights_can_be_replaced_for_one_call() -> None:
    only = Weights(**dict.fromkeys(CHANNELS, 0.0))
    assert fuse({"dense": np.ones(2), "lexical": np.ones(2)}, replace(only, dense=2.0)).tolist() == [2.0, 2.0]


def test_an_unknown_channel_is_named_with_what_is_near() -> None:
    with pytest.raises(UnknownName, match="lexical"):
        fuse({"lexicall": np.zeros(1)})


def test_no_channel_is_no_score() -> None:
    assert fuse({}).shape == (0,)
