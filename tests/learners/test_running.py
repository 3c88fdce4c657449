"""Running features know, after each observation, what a lesson of everything so far would tell."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from solomonic.errors import UnsupportedTask
from solomonic.learners import running
from solomonic.learners.running import CLIP, RunningFeatures
from solomonic.records import Column, TaskInfo

VECTOR = TaskInfo("v", "vector", "class", (0, 1))
TEXT = TaskInfo("t", "text", "class", (0, 1))
RECORD = TaskInfo("r", "record", "class", (0, 1), columns=(Column("n", "number"), Column("c", "category"), Column("t", "text")))


def test_moments_are_those_of_everything_seen() -> None:
    x = np.random.default_rng(0).normal([5.0, -3.0], [2.0, 0.1], (400, 2))
    features = RunningFeatures(VECTOR)
    for row in x:
        features.learn(row)
    features._refresh_at = 0
    features.learn(x[0])
    seen = np.vstack([x, x[:1]])
    dense = features.dense(list(x[:5]))
    np.testing.assert_array_equal(dense[:, 0], 1.0)
    np.testing.assert_allclose(dense[:, 1:], np.clip((x[:5] - seen.mean(axis=0)) / seen.std(axis=0), -CLIP, CLIP))


def test_wild_values_are_cut_and_constant_ones_say_nothing() -> None:
    features = RunningFeatures(VECTOR)
    for i in range(20):
        features.learn(np.array([float(i), 7.0]))
    np.testing.assert_array_equal(features.dense([np.array([1e9, 8.0])])[0], [1.0, CLIP, 0.0])


def test_a_missing_number_is_average_and_does_not_move_the_mean() -> None:
    features = RunningFeatures(RECORD)
    for value in (1.0, 3.0, None, 5.0, float("nan")):
        features.learn((value, "a", None))
    assert features._mean[0] == pytest.approx(3.0)
    np.testing.assert_array_equal(features.dense([(None, "a", None)])[0], [1.0, 0.0])


def test_words_and_levels_get_rows_when_first_seen_and_no_others_do() -> None:
    features = RunningFeatures(RECORD)
    features.learn((1.0, "red", "one two"))
    assert features.names == 4  # the level, two words, one pair
    rows, values = features.named((1.0, "blue", "two three"))
    assert rows.size == 1
    assert values[0] == pytest.approx(1 / np.sqrt(3))
    assert features.names == 4


def test_a_text_has_unit_length() -> None:
    features = RunningFeatures(TEXT)
    features.learn("to be or not to be")
    _, values = features.named("to be or not to be")
    assert np.sum(values**2) == pytest.approx(1.0)


def test_past_the_limit_new_names_share_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MOST_NAMES", 10)
    features = RunningFeatures(TEXT)
    for i in range(30):
        features.learn(f"word{i}")
    assert features.names == 10
    rows, _ = features.named("a word never seen before")
    assert rows.size
    assert rows.max() < 10


def test_a_pickled_copy_encodes_alike() -> None:
    features = RunningFeatures(RECORD)
    for i in range(5):
        features.learn((float(i), "ab"[i % 2], f"w{i}"))
    copy = pickle.loads(pickle.dumps(features))
    x = (2.5, "b", "w1 w9")
    np.testing.assert_array_equal(copy.dense([x]), features.dense([x]))
    np.testing.assert_array_equal(copy.named(x)[0], features.named(x)[0])


def test_symbols_are_refused() -> None:
    with pytest.raises(UnsupportedTask, match="symbols"):
        RunningFeatures(TaskInfo("s", "symbols", "symbol", (0, 1)))
