"""Features are learned from the lesson alone, each column counts about the same, and one item is encoded as it is among many."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.errors import InputError, UnsupportedTask
from solomonic.learners.features import TEXT_DIMENSIONS, Features
from solomonic.records import Column, TaskInfo

VECTOR = TaskInfo("vectors", "vector", "class", (0, 1))
TEXT = TaskInfo("texts", "text", "class", (0, 1))
RECORD = TaskInfo("records", "record", "class", (0, 1), columns=(Column("n", "number"), Column("c", "category")))
MIXED = TaskInfo("mixed", "record", "class", (0, 1), columns=(Column("n", "number"), Column("c", "category"), Column("t", "text")))


def texts(n: int, rng: np.random.Generator) -> list[str]:
    return [" ".join(rng.choice([f"word{i}" for i in range(60)], 8)) for _ in range(n)]


def test_coordinates_have_mean_zero_and_variance_one_in_the_lesson() -> None:
    x = np.random.default_rng(0).normal([3.0, -1e6], [1e-3, 50.0], (200, 2))
    encoded = Features(VECTOR, dense=True).fit(list(x)).transform(list(x))
    np.testing.assert_allclose(encoded.mean(axis=0), 0.0, atol=1e-9)
    np.testing.assert_allclose(encoded.std(axis=0), 1.0, rtol=1e-9)


def test_a_coordinate_that_never_varied_says_nothing_later() -> None:
    lesson = [np.array([0.1 * i, 0.1 + 0.2]) for i in range(10)]
    features = Features(VECTOR, dense=True).fit(lesson)
    assert features.transform([np.array([0.0, 99.0])])[0, 1] == 0.0


def test_auto_keeps_the_relative_spread_of_coordinates_that_share_a_unit() -> None:
    rng = np.random.default_rng(0)
    pixels = np.where(rng.random((300, 6)) < [0.5, 0.5, 0.5, 0.5, 0.02, 0.02], 16.0, 0.0)
    spread = Features(VECTOR, dense=True, scale="auto").fit(list(pixels)).transform(list(pixels)).std(axis=0)
    np.testing.assert_allclose(spread / spread[0], pixels.std(axis=0) / pixels[:, 0].std(), rtol=1e-9)
    np.testing.assert_allclose(np.mean(spread**2), 1.0)


def test_auto_standardises_coordinates_of_different_units() -> None:
    x = np.random.default_rng(0).normal(0.0, [1.0, 1.0, 1.0, 1000.0], (300, 4))
    each = Features(VECTOR, dense=True).fit(list(x)).transform(list(x))
    shared = Features(VECTOR, dense=True, scale="auto").fit(list(x)).transform(list(x))
    assert not np.allclose(each[:, 0], 1.0)
    # three of four ranges are small: half of the ranges do not reach half of the widest
    np.testing.assert_array_equal(each, shared)


def test_missing_numbers_get_the_median_and_an_indicator_only_if_the_lesson_had_some() -> None:
    without = Features(RECORD, dense=True).fit([(1.0, "a"), (2.0, "b"), (9.0, "a")])
    assert without.width == 3
    median, missing = without.transform([(2.0, "a"), (None, "a")])
    np.testing.assert_array_equal(median, missing)
    having = Features(RECORD, dense=True).fit([(1.0, "a"), (None, "b"), (2.0, "a"), (9.0, "a")])
    assert having.width == 4
    median, missing = having.transform([(2.0, "a"), (float("nan"), "a")])
    assert (median[0], median[1], missing[1]) == (missing[0], 0.0, 1.0)


def test_rare_and_unseen_levels_share_a_column() -> None:
    lesson = [(0.0, "often")] * 300 + [(0.0, "rare"), (0.0, "seldom")]
    features = Features(RECORD, dense=True).fit(lesson)
    rare, seldom, unseen, often = features.transform([(0.0, level) for level in ("rare", "seldom", "never", "often")])
    np.testing.assert_array_equal(rare, seldom)
    np.testing.assert_array_equal(rare, unseen)
    assert np.any(rare != often)


def test_missing_is_a_level_of_its_own() -> None:
    features = Features(RECORD, dense=True).fit([(0.0, "a"), (0.0, None), (0.0, "b"), (0.0, None)])
    a, none = features.transform([(0.0, "a"), (0.0, None)])
    assert np.sum((a - none) ** 2) == 2.0


def test_a_number_and_a_category_weigh_about_the_same_in_a_distance() -> None:
    rng = np.random.default_rng(0)
    lesson = [(float(rng.normal()), str(rng.integers(20))) for _ in range(2_000)]
    encoded = Features(RECORD, dense=True).fit(lesson).transform(lesson)
    apart = (encoded[:1000] - encoded[1000:]) ** 2
    assert apart[:, 0].mean() == pytest.approx(2.0, rel=0.1)
    assert apart[:, 1:].sum(axis=1).mean() == pytest.approx(2.0 * (1 - 1 / 20), rel=0.05)
    assert set(np.round(apart[:, 1:].sum(axis=1), 9)) == {0.0, 2.0}


def test_texts_have_unit_length_and_those_without_a_common_word_are_two_apart() -> None:
    encoded = Features(TEXT, dense=False).fit(["one two", "three four", "two one"]).transform(["one two", "three four"]).toarray()
    np.testing.assert_allclose((encoded**2).sum(axis=1), 1.0)
    assert np.sum((encoded[0] - encoded[1]) ** 2) == pytest.approx(2.0)


def test_reduced_texts_keep_the_directions_of_the_exact_decomposition() -> None:
    rng = np.random.default_rng(1)
    lesson = texts(300, rng)
    sparse = Features(TEXT, dense=False).fit(lesson).transform(lesson).toarray()
    features = Features(TEXT, dense=True).fit(lesson)
    dense = features.transform(lesson)
    assert dense.shape == (300, TEXT_DIMENSIONS)
    basis = np.linalg.svd(sparse, full_matrices=False)[2][:10]  # the leading ones are well separated from the rest
    kept = features._encoder._basis  # type: ignore[union-attr]
    assert kept is not None
    np.testing.assert_allclose(np.linalg.norm(basis @ kept, axis=1), 1.0, atol=1e-3)


def test_texts_without_a_word_are_encoded_as_nothing() -> None:
    for dense in (True, False):
        features = Features(TEXT, dense=dense).fit(["", "?!", None])
        assert features.transform(["anything"]).shape == (1, features.width) == (1, 1)


@pytest.mark.parametrize("info", [VECTOR, RECORD, TEXT, MIXED], ids=lambda info: info.name)
@pytest.mark.parametrize("dense", [True, False])
def test_one_item_is_encoded_as_it_is_among_many_and_after_pickling(info: TaskInfo, dense: bool) -> None:
    rng = np.random.default_rng(2)
    words = texts(40, rng)
    items: dict[str, list[Any]] = {
        "vectors": list(rng.normal(size=(40, 3))),
        "records": [(None if i % 7 == 0 else float(i), "abc"[i % 3]) for i in range(40)],
        "texts": words,
        "mixed": [(float(i), "abc"[i % 3], words[i]) for i in range(40)],
    }
    lesson = items[info.name]
    features = Features(info, dense=dense).fit(lesson[:30])
    together = _array(features.transform(lesson))
    assert together.shape == (40, features.width)
    copy = pickle.loads(pickle.dumps(features))
    for i in (0, 7, 35):
        np.testing.assert_allclose(_array(copy.transform(lesson[i : i + 1]))[0], together[i], rtol=0, atol=1e-12)
    assert features.transform([]).shape == (0, features.width)


def _array(encoded: Any) -> np.ndarray:
    return encoded.toarray() if hasattr(encoded, "toarray") else np.asarray(encoded)


@given(st.lists(st.tuples(st.none() | st.floats(-1e6, 1e6), st.none() | st.sampled_from("abcd")), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_record_is_encoded_to_finite_numbers(lesson: list[tuple[float | None, str | None]]) -> None:
    encoded = Features(RECORD, dense=True).fit(lesson).transform([*lesson, (None, "unseen"), (1e9, None)])
    assert np.isfinite(encoded).all()


def test_misfits_are_refused_with_what_was_expected() -> None:
    features = Features(VECTOR, dense=True).fit([np.zeros(3), np.ones(3)])
    with pytest.raises(InputError, match=r"\(4,\).*\(3,\)"):
        features.transform([np.zeros(4)])
    with pytest.raises(InputError, match=r"3 values.*2 columns"):
        Features(RECORD, dense=True).fit([(1.0, "a")]).transform([(1.0, "a", "b")])
    with pytest.raises(InputError, match="empty lesson"):
        Features(VECTOR, dense=True).fit([])
    with pytest.raises(UnsupportedTask, match="symbols"):
        Features(TaskInfo("s", "symbols", "symbol", (0, 1)), dense=True)
