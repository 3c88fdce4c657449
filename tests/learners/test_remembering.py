"""The memory keeps everything word for word, corrections take their place in the readout, and search is exact."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solomonic.learners.attention import Attention
from solomonic.learners.local import Local
from solomonic.learners.nearest import Nearest
from solomonic.learners.remembering import Growing, Transductive, nearest_rows
from solomonic.records import Budget, Observation, Query, TaskInfo

INFO = TaskInfo("task", "vector", "class", ("a", "b", "c"))
ALL = pytest.mark.parametrize("factory", [Nearest, Attention, Local])


def lesson(n: int = 40, seed: int = 0) -> list[Observation]:
    rng = np.random.default_rng(seed)
    return [Observation(f"{seed}/{i}", rng.normal("abc".index(y), 0.3, 2), y, float(i)) for i, y in enumerate(rng.choice(list("abc"), n))]


def made(factory: type[Transductive]) -> Transductive:
    return factory(INFO, rng=np.random.default_rng(0), budget=Budget())


@given(st.lists(st.integers(0, 20), max_size=12))
def test_a_growing_array_is_a_concatenation_and_its_pickle_has_no_spare_room(sizes: list[int]) -> None:
    growing, parts = Growing((2,), np.float32), [np.zeros((0, 2), np.float32)]
    for i, size in enumerate(sizes):
        parts.append(np.full((size, 2), float(i), np.float32))
        growing.extend(parts[-1])
    expected = np.concatenate(parts)
    np.testing.assert_array_equal(growing.array, expected)
    copy = pickle.loads(pickle.dumps(growing))
    copy.extend(np.ones((3, 2), np.float32))
    np.testing.assert_array_equal(copy.array[: len(expected)], expected)
    assert len(pickle.dumps(growing)) < expected.nbytes + 400


@ALL
def test_what_was_observed_is_kept_as_the_very_same_objects(factory: type[Transductive]) -> None:
    learner, seen = made(factory), [*lesson(), Observation("unlabelled", np.zeros(2))]
    learner.observe(seen[:20])
    learner.study()
    learner.observe(seen[20:])
    assert all(kept is given for kept, given in zip(learner.memory, seen, strict=True))


@ALL
def test_an_observation_counts_at_once_without_a_study(factory: type[Transductive]) -> None:
    learner = made(factory)
    learner.observe(lesson())
    learner.study()
    far = np.array([40.0, -40.0])
    query = Query("q", far)
    learner.observe([Observation(f"far{i}", far + 0.01 * i, "b") for i in range(60)])
    answer = learner.answer([query])[0]
    assert answer.value == "b"
    assert answer.evidence[0].record == "far0"


@ALL
def test_a_correction_takes_the_place_of_what_it_corrects_and_both_stay_in_memory(factory: type[Transductive]) -> None:
    learner, seen = made(factory), lesson()
    learner.observe(seen)
    learner.study()
    corrected = [Observation(f"{o.id}*", o.x, "c", o.at + 1.0, (o.id,)) for o in seen if o.y == "a"]
    learner.observe(corrected)
    assert len(learner.memory) == len(seen) + len(corrected)
    answers = learner.answer([Query("q", o.x) for o in corrected])
    assert [answer.value for answer in answers] == ["c"] * len(corrected)
    assert [answer.evidence[0].record for answer in answers] == [o.id for o in corrected]
    rows = {learner.memory[place].id for place in learner._source}
    assert rows.isdisjoint(o.id for o in seen if o.y == "a")


def test_a_correction_may_be_corrected_again_even_in_one_lesson() -> None:
    learner = made(Nearest)
    first = Observation("o", np.zeros(2), "a", 0.0)
    second = Observation("o*", np.zeros(2), "b", 1.0, ("o",))
    third = Observation("o**", np.zeros(2), "c", 2.0, ("o*",))
    learner.observe([first, second, third])
    assert [learner.memory[place].id for place in learner._source] == ["o**"]
    assert learner.answer([Query("q", np.zeros(2))])[0].value == "c"


@pytest.mark.parametrize(
    "other",
    [
        Observation("other", np.ones(2), "b", 5.0, ("o",)),  # a citation: another item
        Observation("other", np.zeros(2), "b", -1.0, ("o",)),  # an older word
        Observation("other", np.zeros(2), "b", 5.0, ("nobody",)),
        Observation("other", np.zeros(2), "b", 5.0),
    ],
)
def test_a_link_alone_corrects_nothing(other: Observation) -> None:
    learner = made(Nearest)
    learner.observe([Observation("o", np.zeros(2), "a", 0.0), other])
    assert [learner.memory[place].id for place in learner._source] == ["o", "other"]


@ALL
def test_studying_after_corrections_equals_a_lesson_that_was_right_from_the_start(factory: type[Transductive]) -> None:
    seen = lesson()
    wrong = [Observation(o.id, o.x, "c" if i % 4 == 0 else o.y, o.at) for i, o in enumerate(seen)]
    mended, right = made(factory), made(factory)
    mended.observe([*wrong, *(Observation(f"{o.id}*", o.x, o.y, 100.0 + o.at, (o.id,)) for i, o in enumerate(seen) if i % 4 == 0)])
    right.observe(seen)
    queries = [Query(o.id, o.x) for o in lesson(10, seed=1)]
    for learner in (mended, right):
        learner.study()
    for a, b in zip(mended.answer(queries), right.answer(queries), strict=True):
        np.testing.assert_array_equal(a.predictive.log_probs, b.predictive.log_probs)  # type: ignore[union-attr]


def test_distances_and_left_out_items_are_those_of_a_loop() -> None:
    learner = made(Nearest)
    learner.observe(lesson(30))
    learner.study()
    x = learner._x.array.astype(float)
    blocks = list(learner.left_out())
    rows = np.concatenate([rows for rows, _ in blocks])
    squared = np.concatenate([squared for _, squared in blocks])
    np.testing.assert_array_equal(rows, np.arange(30))
    for i in range(30):
        for j in range(30):
            expected = np.inf if i == j else float(np.sum((x[i] - x[j]) ** 2))
            assert squared[i, j] == pytest.approx(expected, abs=1e-5)


@given(st.integers(1, 6), st.integers(1, 30), st.data())
def test_nearest_rows_are_those_of_a_full_sort(q: int, n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, n))
    squared = np.random.default_rng(data.draw(st.integers(0, 1000))).permuted(np.tile(np.arange(float(n)), (q, 1)), axis=1)
    rows, near = nearest_rows(squared, k)
    np.testing.assert_array_equal(rows, np.argsort(squared, axis=1)[:, :k])
    np.testing.assert_array_equal(near, np.sort(squared, axis=1)[:, :k])


def test_a_study_waits_until_a_tenth_is_new() -> None:
    learner = made(Nearest)
    learner.observe(lesson(100))
    learner.study()
    learner.observe(lesson(5, seed=1))
    learner.study()
    assert learner._prepared == 100
    learner.observe(lesson(7, seed=2))
    learner.study()
    assert learner._prepared == 112


@ALL
def test_a_pickled_learner_goes_on_learning(factory: type[Transductive]) -> None:
    learner = made(factory)
    learner.observe(lesson())
    learner.study()
    copy = pickle.loads(pickle.dumps(learner))
    for each in (learner, copy):
        each.observe(lesson(30, seed=1))
        each.study()
    query = [Query("q", np.array([1.0, 1.2]))]
    np.testing.assert_array_equal(
        learner.answer(query)[0].predictive.log_probs,  # type: ignore[union-attr]
        copy.answer(query)[0].predictive.log_probs,
    )
