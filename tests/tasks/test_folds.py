"""Folds are balanced, groups stay whole, prefixes of a lesson are fair."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.tasks.folds import grouped_folds, nested_order, stratified_folds

relaxed = settings(deadline=None)

labels = st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=0, max_size=60)
numbers = st.lists(st.integers(0, 30).map(float), min_size=0, max_size=60)
seeds = st.integers(0, 2**32)
fold_counts = st.integers(2, 7)


@relaxed
@given(st.one_of(labels, numbers), fold_counts, seeds)
def test_every_class_and_the_whole_are_balanced_within_one_item(ys: list[Any], folds: int, seed: int) -> None:
    fold = stratified_folds(ys, folds, rng=np.random.default_rng(seed))
    assert fold.shape == (len(ys),)
    sizes = np.bincount(fold, minlength=folds)
    assert sizes.size == folds
    assert sizes.max() - sizes.min() <= 1
    for y in set(ys):
        of_class = np.bincount(fold[[one == y for one in ys]], minlength=folds)
        assert of_class.max() - of_class.min() <= 1


def test_every_fold_of_numbers_covers_the_range() -> None:
    ys = np.random.default_rng(0).normal(size=500)
    fold = stratified_folds(ys.tolist(), 5, rng=np.random.default_rng(1))
    means = [ys[fold == k].mean() for k in range(5)]
    assert max(means) - min(means) < 0.05
    assert all(ys[fold == k].max() > np.sort(ys)[-6] for k in range(5))


def test_an_item_may_land_in_any_fold() -> None:
    ys = ["a"] * 7 + ["b"] * 6
    landed = Counter(int(stratified_folds(ys, 4, rng=np.random.default_rng(seed))[0]) for seed in range(400))
    assert set(landed) == {0, 1, 2, 3}
    assert min(landed.values()) > 60


@relaxed
@given(st.lists(st.integers(0, 12), min_size=1, max_size=60), fold_counts, seeds)
def test_no_group_is_ever_split(groups: list[int], folds: int, seed: int) -> None:
    fold = grouped_folds(groups, folds, rng=np.random.default_rng(seed))
    for group in set(groups):
        assert len(set(fold[[one == group for one in groups]])) == 1


@relaxed
@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), fold_counts, seeds)
def test_groups_are_spread_as_evenly_as_the_largest_allows(groups: list[int], folds: int, seed: int) -> None:
    sizes = np.bincount(grouped_folds(groups, folds, rng=np.random.default_rng(seed)), minlength=folds)
    assert sizes.max() - sizes.min() <= max(Counter(groups).values())


@relaxed
@given(st.one_of(labels, numbers), st.booleans(), seeds)
def test_a_nested_order_is_a_permutation(ys: list[Any], stratify: bool, seed: int) -> None:
    order = nested_order(ys, stratify=stratify, rng=np.random.default_rng(seed))
    assert sorted(order.tolist()) == list(range(len(ys)))


@relaxed
@given(labels, seeds)
def test_every_prefix_holds_each_class_in_its_share(ys: list[str], seed: int) -> None:
    order = nested_order(ys, stratify=True, rng=np.random.default_rng(seed))
    totals = Counter(ys)
    for size in range(len(ys) + 1):
        held = Counter(ys[i] for i in order[:size])
        for y, total in totals.items():
            assert abs(held[y] - size * total / len(ys)) <= 1 + len(totals) * total / len(ys)


@relaxed
@given(seeds)
def test_the_same_generator_gives_the_same_folds(seed: int) -> None:
    ys = ["a", "b", "b", "a", "c"] * 5
    one, other = (stratified_folds(ys, 5, rng=np.random.default_rng(seed)) for _ in range(2))
    assert np.array_equal(one, other)
